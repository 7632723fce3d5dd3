"""Options of the clients: what the template writes of those that `keyapi` declares."""

from __future__ import annotations

import re
from dataclasses import dataclass

from keyapi._options import OPTIONS, Option
from pipeline.generate.render.docstrings import docstring

# The name of a class with its module, such as `collections.abc.Mapping`.
_IN_FULL = re.compile(r"(?<![\w.])([a-z]\w*(?:\.[a-z_]\w*+)*+)\.([A-Z]\w*)")
_PREFIXES = ("", "Async")
_WITH_OPTIONS = """Make a client with some options changed.

It shares this client's connections, credits spent, pace and quota breaker, and closing either \
closes the connections of both. A client whose {connection} changed shares nothing, and must be \
closed separately.

The arguments are those of the constructor; what is not given stays as it is.

Returns:
    The new client; this one does not change.

Raises:
    ConfigurationError: An option cannot be used."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a client's constructor.

    Attributes:
        name: Its name.
        type: Its Python type, in names that the module imports.
        default: Its default, as a Python literal.
    """

    name: str
    type: str
    default: str


def parameters(prefix: str) -> list[Parameter]:
    """The parameters of a client's constructor.

    Args:
        prefix: What the client's name begins with: "Async", or nothing.
    """
    return [
        Parameter(name, _IN_FULL.sub(r"\2", _type(option, prefix)), repr(option.default))
        for name, option in OPTIONS.items()
    ]


def imports() -> list[str]:
    """The imports that the types of all parameters need."""
    types = " ".join(_type(option, prefix) for option in OPTIONS.values() for prefix in _PREFIXES)
    return sorted({f"from {module} import {name}" for module, name in _IN_FULL.findall(types)})


def constructor_doc(summary: str, base_url: str) -> str:
    """The docstring of a client class, which documents its constructor."""
    lines = [summary, "", "Args:"]
    for name, option in OPTIONS.items():
        doc = option.doc.replace("default_base_url", base_url)
        if option.requires is not None:
            doc = f"{doc} Needs the extra `{name}`."
        lines.append(f"    {name}: {doc}")
    problem = "There is no API key, or an option cannot be used."
    return docstring([*lines, "", "Raises:", f"    ConfigurationError: {problem}"], 4)


def with_options_doc() -> str:
    """The docstring of `with_options`."""
    *names, last = (f"`{name}`" for name, option in OPTIONS.items() if option.connection)
    text = _WITH_OPTIONS.format(connection=f"{', '.join(names)} or {last}")
    return docstring(text.split("\n"), 8)


def _type(option: Option, prefix: str) -> str:
    return option.type.replace("{Async}", prefix)
