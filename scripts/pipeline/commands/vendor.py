"""Vendor pages into a project, and report what changed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError
from pipeline.project import PAGES, Project, generator_version, read_pages, vendored_files
from pipeline.shape import Shaped, shape
from pipeline.transaction import replace
from pipeline.vendor.collect import Fetch, PageSet, Selection, collect
from pipeline.vendor.merge import Vendored, merge

# Fields of a lock entry that say how the page got here, not what is on it.
_PROVENANCE = {"source", "etag", "added", "differs"}


@dataclass(frozen=True)
class Prepared:
    """What vendoring comes to, with nothing written yet.

    Attributes:
        pages: All pages.
        vendored: The merged specification and the lock.
        effective: The effective specification, or None where the overlay must be fixed first.
        notes: What to fix in the overlay.
    """

    pages: PageSet
    vendored: Vendored
    effective: Shaped | None
    notes: tuple[str, ...]


def prepare(project: Project, selection: Selection, fetch: Fetch | None = None) -> Prepared:
    """Collect, merge and check pages; write nothing.

    Args:
        project: The project to vendor into.
        selection: What to vendor besides the pages already there.
        fetch: Fetches pages, if not `vendor.fetch.fetch`.

    Raises:
        PipelineError: A page cannot be used.
    """
    pages = collect(project, selection, fetch)
    contents = read_pages(pages.contents)
    vendored = merge(contents, project.lock(), generator_version(), pages.origins)
    project.require_servers(vendored)
    return Prepared(pages, vendored, *_check(project, vendored))


def vendor(root: Path, selection: Selection, *, dry_run: bool = False) -> int:
    """Vendor pages: copy, merge, and record them in the lock.

    Args:
        root: The project's top folder.
        selection: What to vendor besides the pages already there.
        dry_run: Report what would change, and write nothing.

    Returns:
        Exit code 0.

    Raises:
        PipelineError: A page cannot be used; nothing was written.
    """
    project = Project(root)
    lock, old = project.lock(), project.page_contents()
    prepared = prepare(project, selection)
    pages, vendored = prepared.pages, prepared.vendored
    new = pages.contents
    files: dict[str, bytes | None] = {
        f"{PAGES}/{name}": new.get(name)
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    }
    if not dry_run:
        replace(root, {**files, **vendored_files(vendored)})
    for line in _report(lock.get("pages", {}), vendored.lock["pages"], old, pages):
        print(line)
    for note in (*vendored.notes, *prepared.notes):
        print(f"note: {note}", file=sys.stderr)
    if dry_run:
        print("nothing was written (--dry-run)", file=sys.stderr)
    return 0


def _check(project: Project, vendored: Vendored) -> tuple[Shaped | None, tuple[str, ...]]:
    """Refuse pages that regenerate would refuse; give what is effective, and notes on the overlay.

    The overlay can only be fixed once the new pages are in place, so its errors do not keep them
    out.
    """
    try:
        corrected = project.corrected(vendored)
    except PipelineError as error:
        details = f"\n\n{error.details.rstrip()}" if error.details else ""
        return None, (f"regenerate.py will refuse this: {error}{details}",)
    shaped = shape(corrected.spec, vendored.lock)
    project.require_parsed(vendored, shaped.spec)
    return shaped, corrected.redundant


def _report(
    before: dict[str, Any], after: dict[str, Any], old: dict[str, bytes], pages: PageSet
) -> Iterator[str]:
    for name, entry in after.items():
        state, details = _change(before.get(name), entry)
        if state == "changed" and name in old:
            details += _lines_changed(old[name], pages.contents[name])
        yield f"{state:>9}  {name}: {entry['operation']}{details}"
        if entry["credits"] is None:
            yield f"{'note':>9}  {name}: the page does not say what a request costs"
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
