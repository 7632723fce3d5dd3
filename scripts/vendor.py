"""Vendor documentation pages: copy them, merge their specifications, record where they are from.

    python scripts/vendor.py PAGE.md ...    add or update these pages
    python scripts/vendor.py                merge again the pages that are in openapi/pages

Writes openapi/pages, openapi/tiktok.openapi.yaml and openapi/vendor.lock, together or not at all.
Then run scripts/regenerate.py. Exit code 2: a page cannot be used, and nothing was written.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.cli import parser, run
from pipeline.errors import PipelineError
from pipeline.pages import page_name, read_page
from pipeline.transaction import replace
from pipeline.vendored import merge
from pipeline.workspace import (
    PAGES,
    Workspace,
    generator_version,
    read_bounded,
    read_pages,
    vendored_files,
)


def vendor(root: Path, paths: list[Path]) -> int:
    """Vendor page files into a project; see the module's docstring."""
    workspace = Workspace(root)
    before = workspace.lock()
    contents = workspace.page_contents()
    files: dict[str, bytes | None] = {}
    given: dict[str, Path] = {}
    for path in paths:
        try:
            content = read_bounded(path)
        except OSError as error:
            raise PipelineError(
                f"it cannot be read: {error.strerror}",
                where=path.name,
                remedy="Give the path of a page's .md file.",
            ) from None
        page = read_page(content, path.name)
        name = page_name(path, root / PAGES, page)
        recorded = before.get("pages", {}).get(name, {}).get("operation", page.operation)
        if recorded != page.operation:
            raise PipelineError(
                f"its place is {PAGES}/{name}, which is the page of {recorded}",
                where=path.name,
                remedy=f"Put it into {PAGES} under a name of its own, and vendor it from there.",
            )
        if name in given:
            raise PipelineError(
                f"{given[name].name} is the same page",
                where=path.name,
                remedy="Give one of the two, or keep them below folders called pages.",
            )
        given[name] = path
        if contents.get(name) != content:
            contents[name] = content
            files[f"{PAGES}/{name}"] = content
    vendored = merge(read_pages(contents), before, generator_version())
    files.update(vendored_files(vendored))
    replace(root, files)
    _report(before.get("pages", {}), vendored.lock["pages"])
    return 0


def _report(before: dict[str, dict[str, object]], after: dict[str, dict[str, object]]) -> None:
    for name, entry in after.items():
        old = before.get(name)
        state = "added" if old is None else "unchanged" if old == entry else "changed"
        print(f"{state:>9}  {name}: {entry['operation']}")
        if entry["credits"] is None:
            print(f"{'note':>9}  {name}: the page does not say what a request costs")
    for name in before.keys() - after.keys():
        print(f"{'dropped':>9}  {name}")


def main() -> int:
    """Parse the command line and vendor."""
    options = parser(__doc__)
    options.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="a page's .md file")
    arguments = options.parse_args()
    return run(lambda: vendor(arguments.root, arguments.pages), arguments.root)


if __name__ == "__main__":
    sys.exit(main())
