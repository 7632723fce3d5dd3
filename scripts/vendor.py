"""Vendor documentation pages: copy, merge, and record where each part is from.

    python scripts/vendor.py PAGE ...     add or update these pages, each the
                                          path or the URL of an .md file
    python scripts/vendor.py --index URL  add or update the pages that an
                                          llms.txt links to; --match narrows it
    python scripts/vendor.py              merge what is in openapi/pages again

Writes openapi/pages, openapi/tiktok.openapi.yaml and openapi/vendor.lock,
together or not at all; then run scripts/regenerate.py. Exit code 2: a page
cannot be used, and nothing was written.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.cli import parser, run
from pipeline.errors import PipelineError
from pipeline.project import PAGES, Workspace, generator_version, read_pages, vendored_files
from pipeline.shape import shape
from pipeline.transaction import replace
from pipeline.vendor.gather import Gathered, Request, gather
from pipeline.vendor.merge import Vendored, merge

# What an entry of the lock says of how the page came here, not of the page.
_NOT_THE_PAGE = {"source", "etag", "added", "differs"}


def vendor(root: Path, request: Request, *, dry_run: bool = False) -> int:
    """Vendor pages into a project; see the module's docstring."""
    workspace = Workspace(root)
    lock, old = workspace.lock(), workspace.page_contents()
    gathered = gather(workspace, request)
    vendored = merge(read_pages(gathered.contents), lock, generator_version(), gathered.origins)
    notes = _checked(workspace, vendored)
    new = gathered.contents
    files: dict[str, bytes | None] = {
        f"{PAGES}/{name}": new.get(name)
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    }
    if not dry_run:
        replace(root, {**files, **vendored_files(vendored)})
    for line in _report(lock.get("pages", {}), vendored.lock["pages"], old, gathered):
        print(line)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    if dry_run:
        print("nothing was written (--dry-run)", file=sys.stderr)
    return 0


def _checked(workspace: Workspace, vendored: Vendored) -> tuple[str, ...]:
    """Refuse pages that regenerate would refuse; note what is to be mended in the overlay.

    The overlay can only be mended with the new pages in sight: its faults do not keep them out.
    """
    try:
        corrected = workspace.corrected(vendored)
    except PipelineError as error:
        return (f"regenerate.py will refuse this: {error}",)
    shaped = shape(corrected.spec, vendored.lock)
    workspace.require_parsed(vendored, shaped.spec)
    return corrected.redundant


def _report(
    before: dict[str, Any], after: dict[str, Any], old: dict[str, bytes], gathered: Gathered
) -> Iterator[str]:
    for name, entry in after.items():
        state, more = _change(before.get(name), entry)
        if state == "changed" and name in old:
            more += _lines_changed(old[name], gathered.contents[name])
        yield f"{state:>9}  {name}: {entry['operation']}{more}"
        if entry["credits"] is None:
            yield f"{'note':>9}  {name}: the page does not say what a request costs"
    for name in sorted(before.keys() - after.keys()):
        yield f"{'dropped':>9}  {name}: {before[name]['operation']}"
    for name in gathered.vanished:
        if name in after:
            yield f"{'vanished':>9}  {name}: the index does not list it; --prune drops it"
    for name in gathered.skipped:
        yield f"{'skipped':>9}  {name}: the page documents no operation"


def _change(before: dict[str, Any] | None, after: dict[str, Any]) -> tuple[str, str]:
    """A page's state, and what its entry in the lock tells of the change."""
    if before is None:
        return "added", ""
    if all(before.get(key) == after.get(key) for key in {*before, *after} - _NOT_THE_PAGE):
        return "unchanged", ""
    told = [
        f", {key} {before[key]} -> {after[key]}".replace("None", "unknown")
        for key in ("operation", "credits")
        if before[key] != after[key]
    ]
    return "changed", "".join(told)


def _lines_changed(old: bytes, new: bytes) -> str:
    # Counted, not aligned: aligning takes a hostile page's square of lines.
    gone, come = (
        Counter(one.splitlines()) - Counter(other.splitlines())
        for one, other in ((old, new), (new, old))
    )
    return f" (lines: +{come.total()} -{gone.total()})" if gone or come else ""


def main() -> int:
    """Parse the command line and vendor."""
    options = parser(__doc__)
    options.add_argument("pages", nargs="*", metavar="PAGE", help="path or URL of an .md file")
    options.add_argument("--index", metavar="URL", help="URL of an llms.txt that links to pages")
    options.add_argument(
        "--match",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only pages of the index whose path matches, such as 'en/tiktok/*'; repeatable",
    )
    options.add_argument(
        "--prune", action="store_true", help="drop vendored pages that the index no longer lists"
    )
    options.add_argument(
        "--dry-run", action="store_true", help="write nothing; report what would change"
    )
    arguments = options.parse_args()
    if arguments.index is None and (arguments.match or arguments.prune):
        options.error("--match and --prune need an --index")
    request = Request(
        files=tuple(Path(page) for page in arguments.pages if "://" not in page),
        urls=tuple(page for page in arguments.pages if "://" in page),
        index=arguments.index,
        match=tuple(arguments.match),
        prune=arguments.prune,
    )
    return run(lambda: vendor(arguments.root, request, dry_run=arguments.dry_run), arguments.root)


if __name__ == "__main__":
    sys.exit(main())
