"""The directive `generated-client`: documents what a generated package has, whatever its pages.

    ```{generated-client} models
    ```

Its argument is one of the names in `_PARTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

_PACKAGE = "keyapi_tiktok"
_LONGEST, _NEXT = "reference/models", "reference/operations"


def _names(base: type) -> Iterator[str]:
    """The names that the package exports of classes with this base."""
    package = import_module(_PACKAGE)
    for name in package.__all__:
        value = getattr(package, name)
        if isinstance(value, type) and issubclass(value, base):
            yield name


def _models() -> Iterator[str]:
    from keyapi import Model

    return (f"{_PACKAGE}.{name}" for name in _names(Model))


def _enums() -> Iterator[str]:
    return (f"{_PACKAGE}.{name}" for name in _names(Enum))


def _enum_names() -> Iterator[str]:
    """What arguments take for the members of each enum."""
    return (f"{name}Name" for name in _enums())


def _errors() -> Iterator[str]:
    """Every error, the base first."""
    from keyapi import KeyAPIError

    return (f"keyapi.{name}" for name in sorted(_names(KeyAPIError), key="KeyAPIError".__ne__))


def _resources() -> Iterator[str]:
    """The sync resource of each tag; the async one has the same methods."""
    api = import_module(f"{_PACKAGE}.api")
    for tag in sorted(module.name for module in iter_modules(api.__path__)):
        for name, value in vars(import_module(f"{api.__name__}.{tag}")).items():
            sync = isinstance(value, type) and not name.startswith(("_", "Async"))
            if sync and name.endswith("Resource"):
                yield f"{api.__name__}.{tag}.{name}"


_PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "enum-names": _enum_names,
    "enums": _enums,
    "errors": _errors,
    "models": _models,
    "resources": _resources,
}


_DIRECTIVES = {
    "enum-names": ("autodata:: {}", ""),
    # They are caught, not made; and what is not documented of one is its base's business.
    "errors": ("autoexception:: {}()", "   :no-undoc-members:"),
}


class GeneratedClient(SphinxDirective):
    """Stands for one `autoclass` for each class of a part."""

    required_arguments = 1

    def run(self) -> list[Any]:
        """Give the documentation of the part's classes."""
        part = self.arguments[0]
        directive, options = _DIRECTIVES.get(part, ("autoclass:: {}", ""))
        text = "\n".join(f".. {directive.format(name)}\n{options}\n" for name in _PARTS[part]())
        return self.parse_text_to_nodes(f"```{{eval-rst}}\n{text}\n```")


def _spread(app: Sphinx, env: BuildEnvironment, pages: list[str]) -> None:
    """Read the longest page first, and the next one with others, so that no core waits for both."""
    for page, place in ((_LONGEST, 0), (_NEXT, len(pages) // 2)):
        if page in pages:
            pages.remove(page)
            pages.insert(place, page)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("generated-client", GeneratedClient)
    app.connect("env-before-read-docs", _spread)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
