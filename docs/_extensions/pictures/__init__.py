"""The directive `picture`: a drawing, made when the site is built and put into the page itself.

    ```{picture} pipeline
    ```

Its argument is one of the names in `DRAWINGS`. Nothing is loaded from elsewhere, and the
colours are the page's, in light and dark.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils.nodes import raw  # type: ignore[import-untyped]  # docutils has no types
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pictures.drawn import DRAWINGS


class Picture(SphinxDirective):
    """Stands for the SVG of one drawing."""

    required_arguments = 1

    def run(self) -> list[Any]:
        """Draw it."""
        readme = Path(self.env.srcdir).parent / "README.md"
        self.env.note_dependency(str(readme))
        drawing = DRAWINGS[self.arguments[0]](readme.read_text("utf-8"))
        return [raw("", str(drawing), format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
