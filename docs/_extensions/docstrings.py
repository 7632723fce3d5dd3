"""Google-style docstrings for autodoc, as this project writes them.

A colon does not cut an attribute's docstring in two, and an indented block is code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config
from sphinx.ext.napoleon.docstring import GoogleDocstring

# napoleon reads `text: more text` of these as `type: description`. Here the annotation has the
# type, and the docstring is prose in which a colon is a colon.
_PROSE = frozenset({"attribute", "data", "property"})
_CONFIG: Any = Config(
    napoleon_use_rtype=False, napoleon_custom_sections=[("Attributes", "params_style")]
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Read docstrings in this extension instead of `sphinx.ext.napoleon`."""
    app.connect("autodoc-process-docstring", _read)
    app.connect("autodoc-skip-member", _is_explained_already)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _is_explained_already(
    app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any
) -> bool | None:
    """Skip a named tuple's fields, which say "Alias for field number 0": `Attributes` has them."""
    return True if type(obj).__name__ == "_tuplegetter" else None


def _read(app: Sphinx, what: Any, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    kind: Any = "method" if what in _PROSE else what
    text = list(_with_code_marked(lines))
    lines[:] = GoogleDocstring(text, _CONFIG, app, kind, name, obj, options).lines()


def _with_code_marked(lines: list[str]) -> Iterator[str]:
    """Mark each indented block that follows a blank line as code, as Markdown has it."""
    before, inside = "", False
    for line in lines:
        indented = line.startswith("    ")
        if indented and not inside and not before and lines[0]:
            inside = True
            yield from (".. code-block:: python", "")
        elif line and not indented:
            inside = False
        yield line
        before = line
