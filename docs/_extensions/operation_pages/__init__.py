"""A page for each operation, and a table of them all, made from the vendored pages.

They are written to `operations/` before Sphinx reads, and are not committed: a page that is
vendored documents itself. `vendored_root` names another project than this one, whose client must
then be the one that is imported.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from sphinx.application import Sphinx

from keyapi._client import SyncClient
from keyapi.conformance.drivers import Caller
from operation_pages.example import Example
from operation_pages.facts import read_pages
from operation_pages.writing import operation_page, table

FOLDER = "operations"


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages as soon as a build begins."""
    app.add_config_value("vendored_root", str(Path(__file__).parents[3]), "env")
    app.add_config_value("vendored_client", "keyapi_tiktok:TikTok", "env")
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def written(root: Path, client: type[SyncClient]) -> dict[str, str]:
    """Make the pages of a project.

    Args:
        root: The project's top folder.
        client: The sync client that was made from its pages.

    Returns:
        Markdown by name below the site's source, such as `operations/index.md`.

    Raises:
        PipelineError: Pages, lock and overlay do not fit together.
    """
    specification, pages = read_pages(root, client)
    caller = Caller(client)
    files = {f"{FOLDER}/index.md": table(pages)}
    for page in pages:
        example = Example(specification, page.command, caller)
        printed = example.run() if example.code else ""
        files[f"{page.document}.md"] = operation_page(page, example, printed)
    return files


def _write(app: Sphinx) -> None:
    """Write what is new, and drop what is there of other pages."""
    module, _, name = app.config.vendored_client.partition(":")
    client: type[SyncClient] = getattr(import_module(module), name)
    source = Path(app.srcdir)
    files = written(Path(app.config.vendored_root), client)
    (source / FOLDER).mkdir(exist_ok=True)
    for path in (source / FOLDER).glob("*.md"):
        if path.relative_to(source).as_posix() not in files:
            path.unlink()
    for file, text in files.items():
        path = source / file
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
