"""Google-style docstrings for autodoc, as this project writes them.

A colon does not cut an attribute's docstring in two, and an indented block is code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring

# napoleon reads `text: more text` of these as `type: description`. Here the annotation has the
# type, and the docstring is prose in which a colon is a colon.
_PROSE = frozenset({"attribute", "data", "property"})
_CONFIG = Config(
    napoleon_use_rtype=False, napoleon_custom_sections=[("Attributes", "params_style")]
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Read docstrings in this extension instead of `sphinx.ext.napoleon`."""
    app.connect("autodoc-process-docstring", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _read(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    kind = "method" if what in _PROSE else what
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
