"""Vendor pages into a project, and report what changed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError
from pipeline.project import PAGES, Project, generator_version, read_pages
from pipeline.shape import Shaped
from pipeline.transaction import replace
from pipeline.vendor.collect import Fetch, PageSet, Selection, collect
from pipeline.vendor.merge import Vendored, merge

# Fields of a lock entry that say how the page got here, not what is on it.
_PROVENANCE = {"source", "etag", "added", "differs"}
_LISTED = 3  # how many pages an error names


@dataclass(frozen=True)
class Prepared:
    """What vendoring comes to, with nothing written yet.

    Attributes:
        pages: All pages.
        vendored: The merged specification and the lock.
        effective: The effective specification; None where the overlay does not fit, and need not.
        notes: What to fix in the overlay.
    """

    pages: PageSet
    vendored: Vendored
    effective: Shaped | None
    notes: tuple[str, ...]


def prepare(
    project: Project,
    selection: Selection,
    fetch: Fetch | None = None,
    *,
    overlay_later: bool = False,
) -> Prepared:
    """Collect, merge and check pages; write nothing.

    Args:
        project: The project to vendor into.
        selection: What to vendor besides the pages already there.
        fetch: Fetches pages, if not `vendor.fetch.fetch`.
        overlay_later: Whether the overlay may be corrected once the pages are in place.

    Raises:
        PipelineError: A page cannot be used, or the overlay does not fit what is published now.
    """
    pages = collect(project, selection, fetch)
    read = read_pages(pages.contents, pages.read)
    vendored = merge(read, project.lock(), generator_version(), pages.origins)
    project.require_own(vendored)
    try:
        corrected = project.corrected(vendored)
    except PipelineError as error:
        if not overlay_later:
            raise _with_pages(error, project, pages) from None
        details = f"\n\n{error.details.rstrip()}" if error.details else ""
        note = f"regenerate.py will refuse this: {error}{details}"
        return Prepared(pages, vendored, None, (note,))
    shaped = project.shaped(corrected, vendored)
    project.require_parsed(vendored, shaped.spec)
    return Prepared(pages, vendored, shaped, corrected.redundant)


def vendor(
    root: Path, selection: Selection, *, dry_run: bool = False, overlay_later: bool = False
) -> int:
    """Vendor pages: copy, merge, and record them in the lock.

    Args:
        root: The project's top folder.
        selection: What to vendor besides the pages already there.
        dry_run: Report what would change, and write nothing.
        overlay_later: Write pages that the overlay does not fit, too.

    Returns:
        Exit code 0.

    Raises:
        PipelineError: A page cannot be used, or the overlay does not fit what is published now;
            nothing was written.
    """
    project = Project(root)
    lock, old = project.lock(), project.page_contents()
    prepared = prepare(project, selection, overlay_later=overlay_later)
    pages, vendored = prepared.pages, prepared.vendored
    new = pages.contents
    files: dict[str, bytes | None] = {
        f"{PAGES}/{name}": new.get(name)
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    }
    if not dry_run:
        replace(root, {**files, **project.vendored_files(vendored)})
    for line in _report(lock.get("pages", {}), vendored.lock["pages"], old, pages):
        print(line)
    for note in (*vendored.notes, *prepared.notes):
        print(f"note: {note}", file=sys.stderr)
    if dry_run:
        print("nothing was written (--dry-run)", file=sys.stderr)
    return 0


def _with_pages(error: PipelineError, project: Project, pages: PageSet) -> PipelineError:
    """An error about the overlay that also names the pages which are to be written."""
    old = project.page_contents()
    changed = sorted(name for name, text in pages.contents.items() if old.get(name) != text)
    listed = ", ".join(_in_place(name, pages, old) for name in changed[:_LISTED])
    if len(changed) > _LISTED:
        listed = f"{listed} and {len(changed) - _LISTED} more"
    more = f" Vendored now: {listed}; --overlay-later writes it all the same." if changed else ""
    return PipelineError(
        error.problem,
        where=error.where,
        pointer=error.pointer,
        remedy=f"{error.remedy}{more}",
        details=error.details,
    )


def _in_place(name: str, pages: PageSet, old: dict[str, bytes]) -> str:
    """A page to be written, with where it is from, and whether it replaces another one."""
    origin = pages.origins.get(name)
    source = origin.source if origin else pages.files.get(name, "")
    verb = "in place of" if name in old else "as"
    return f"{source} {verb} {name}" if source and not name.endswith(source) else name


def _report(
    before: dict[str, Any], after: dict[str, Any], old: dict[str, bytes], pages: PageSet
) -> Iterator[str]:
    for name, entry in after.items():
        state, details = _change(before.get(name), entry)
        if state == "changed" and name in old:
            details += _lines_changed(old[name], pages.contents[name])
        yield f"{state:>9}  {name}: {entry['operation']}{details}"
        if entry["credits"] is None:
            yield f"{'note':>9}  {name}: the page's header names no cost of a request"
    for name in sorted(before.keys() - after.keys()):
        yield f"{'dropped':>9}  {name}: {before[name]['operation']}"
    for name in pages.vanished:
        if name in after:
            yield f"{'vanished':>9}  {name}: the index does not list it; --prune drops it"
    for name in pages.skipped:
        yield f"{'skipped':>9}  {name}: the page documents no operation"


def _change(before: dict[str, Any] | None, after: dict[str, Any]) -> tuple[str, str]:
    """A page's state, and what its lock entry says about the change."""
    if before is None:
        return "added", ""
    if all(before.get(key) == after.get(key) for key in {*before, *after} - _PROVENANCE):
        return "unchanged", ""
    details = [
        f", {key} {before[key]} -> {after[key]}".replace("None", "unknown")
        for key in ("operation", "credits")
        if before[key] != after[key]
    ]
    return "changed", "".join(details)


def _lines_changed(old: bytes, new: bytes) -> str:
    # Counted, not aligned: aligning takes time quadratic in a hostile page's lines.
    before, after = Counter(old.splitlines()), Counter(new.splitlines())
    removed, added = before - after, after - before
    return f" (lines: +{added.total()} -{removed.total()})" if removed or added else ""
