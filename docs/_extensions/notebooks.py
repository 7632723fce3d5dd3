"""Notebooks as pages of the site, run when it is built.

Each `notebooks/NAME.ipynb` is committed without outputs, and run in a kernel of its own in an empty
folder; the page with what it shows, `notebooks/NAME.md`, is not committed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from sphinx.application import Sphinx
from sphinx.errors import SphinxError

from pipeline.document.text import fenced

FOLDER = "notebooks"
_SECONDS = 60  # for one cell


class NotebookError(SphinxError):
    """A cell of a notebook failed."""

    category = "Notebook error"


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages as soon as a build begins."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def run(path: Path) -> Any:
    """Run a notebook.

    Raises:
        NotebookError: A cell failed.
    """
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # it has no types
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=_SECONDS, resources=resources)
        client.extra_arguments = ["--log-level=ERROR"]
        try:
            client.execute()
        except CellExecutionError as error:
            place = f"{path.parent.name}/{path.name}"
            raise NotebookError(f"{place}: {error.ename}: {error.evalue}") from error
    return notebook


def markdown(notebook: Any) -> Iterator[str]:
    """Write a notebook that was run as Markdown, part by part."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield cell.source
            continue
        yield fenced(cell.source, "python", "```")
        for output in cell.outputs:
            data = output.get("data", {})
            if "text/html" in data:
                yield fenced(data["text/html"], "{raw} html", "```")
            elif text := data.get("text/plain") or output.get("text"):
                yield fenced(text, "text", "```")


def _write(app: Sphinx) -> None:
    for path in sorted((Path(app.srcdir) / FOLDER).glob("*.ipynb")):
        text = "\n\n".join(markdown(run(path))) + "\n"
        page = path.with_suffix(".md")
        if not page.is_file() or page.read_text("utf-8") != text:
            page.write_text(text, "utf-8")
