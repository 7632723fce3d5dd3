"""How Sphinx builds the site; `nox -s docs` runs it, and warnings are errors."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path

from sphinx.application import Sphinx

_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE / "_extensions"), str(_HERE.parent / "scripts")]

project = "keyapi-tiktok"
author = "keyapi-tiktok maintainers"
version = release = installed(project)

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "docstrings",
    "generated_client",
    "markdown_pages",
    "navigation",
    "notebooks",
    "operation_pages",
    "pictures",
    "python_names",
]
exclude_patterns = ["_build"]

# Nothing is fetched: no intersphinx inventory, and furo brings its fonts and scripts along.
html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

# Texts of pages and docstrings are shown as written; to look for quotes takes a tenth of the time.
smartquotes = False

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

# Docstrings put code into single backticks; those that name something documented become links.
default_role = "py:obj"
add_module_names = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
autodoc_member_order = "bysource"
autodoc_default_options = {
    "members": True,
    "undoc-members": True,
    # The value of a model's field is the descriptor that reads it.
    "no-value": True,
}


def setup(app: Sphinx) -> None:
    """Let pages link to the documents of the top folder, which the site has beside them."""
    app.connect("source-read", _find_included)


def _find_included(app: Sphinx, page: str, source: list[str]) -> None:
    if "/" not in page:
        source[0] = source[0].replace("](../", "](")
