"""Merge the blocks of all pages into one specification, and record where each part is from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keyapi._json import pointer
from pipeline.document.yaml import copied
from pipeline.errors import PipelineError
from pipeline.vendor.components import Settled, settle
from pipeline.vendor.pages import Page, Server

_MERGED = ("paths", "components")
_ORIGIN = ("source", "etag")
_NEW = float("inf")  # the number of a page that is not in the lock
FILE = "file"
"""The source of a page that was given as a file."""


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


# What later steps rely on in each entry of the lock.
_ENTRY: dict[str, Callable[[Any], bool]] = {
    "added": lambda value: type(value) is int and value > 0,
    "source": _matches(r"file|https?://\S+"),
    "etag": lambda value: value is None or _matches(r"[\x21-\x7e]{1,300}")(value),
    "sha256": _matches(r"[0-9a-f]{64}"),
    "operation": _matches(r"[A-Z]+ /\S*"),
    "components": lambda value: isinstance(value, list),
    "credits": lambda value: value is None or (type(value) is int and value >= 0),
}


@dataclass(frozen=True)
class Origin:
    """Where a page was fetched from.

    Attributes:
        source: Its URL.
        etag: The `ETag` it had there, or None.
    """

    source: str
    etag: str | None


@dataclass(frozen=True)
class Vendored:
    """What `vendor` writes.

    Attributes:
        spec: The merged specification: equal to the pages' blocks, nothing added or lost.
        lock: For each page its source, sha256, what it contributed and its cost in credits.
        servers: The servers that the pages name.
        notes: What pages do not agree on, a line each.
    """

    spec: dict[str, Any]
    lock: dict[str, Any]
    servers: tuple[Server, ...] = ()
    notes: tuple[str, ...] = ()


def merge(
    pages: Iterable[Page],
    lock: dict[str, Any],
    generator: str,
    origins: Mapping[str, Origin] | None = None,
) -> Vendored:
    """Merge pages into one specification.

    Args:
        pages: All pages, in any order.
        lock: The lock of the last run, or an empty mapping: it says in which order pages were
            added, so that a name once given never changes because of a page added later.
        generator: Name and version of the generator, to record.
        origins: Where pages were fetched from, by name. Any other page has its source from the
            lock as long as it is the same page, and else is from a file.

    Raises:
        PipelineError: Two pages give one operation different content.
    """
    ordered = sorted(pages, key=lambda page: page.name)
    if not ordered:
        raise PipelineError(
            "there is no page",
            where="openapi/pages",
            remedy="Vendor one: python scripts/vendor.py PAGE.",
        )
    # info, tags and the like cannot be merged: the page's that was added first are taken.
    before = lock.get("pages") or {}

    def age(page: Page) -> float:
        return float(before.get(page.name, {}).get("added", _NEW))

    oldest = min(ordered, key=age)
    shared = {key: value for key, value in oldest.block.items() if key not in _MERGED}
    spec: dict[str, Any] = {**shared, "paths": {}, "components": {}}
    settled = settle(sorted(ordered, key=age))
    entries = {}
    notes: list[str] = []
    documented: dict[str, str] = {}
    owners: dict[str, str] = {}  # of paths
    for page in ordered:
        first = documented.setdefault(page.operation, page.name)
        if first != page.name:
            raise PipelineError(
                f"it documents {page.operation}, as {first} does",
                where=page.name,
                pointer=pointer("paths", page.path, page.method),
                remedy="Keep only one of the two.",
            )
        own = settled[page.name]
        _add_path(spec, page, own, owners)
        for section, members in own.block.get("components", {}).items():
            _add_section(spec["components"], section, members)
        entries[page.name] = _lock_entry(page, own, shared)
        notes += _notes(page, own)
    if not any("components" in page.block for page in ordered):
        del spec["components"]
    _number(entries, before)
    _attribute(entries, before, origins or {})
    servers = tuple(server for page in ordered for server in page.servers)
    new = {"version": 1, "generator": generator, "pages": entries}
    return Vendored(copied(spec), new, servers, tuple(notes))


def _add_path(spec: dict[str, Any], page: Page, own: Settled, owners: dict[str, str]) -> None:
    """Add a page's path; what several pages say of one path must be the same.

    Raises:
        PipelineError: It is not.
    """
    item = spec["paths"].setdefault(page.path, {})
    owners.setdefault(page.path, page.name)
    published = own.block["paths"][page.path]
    method = _with_security(published[page.method], own.block, spec)
    for key, value in {**published, page.method: method}.items():
        if item.setdefault(key, value) != value:
            raise PipelineError(
                f"its content differs from what {owners[page.path]} gives",
                where=page.name,
                pointer=pointer("paths", page.path, key),
                remedy="One of the two pages is out of date; fetch both again, or vendor only one.",
            )


def _with_security(node: dict[str, Any], block: dict[str, Any], spec: dict[str, Any]) -> Any:
    """Keep, on an operation without security of its own, what its page says of all operations.

    The specification has one security for all, which is that of the oldest page.
    """
    if "security" in node or block.get("security") == spec.get("security"):
        return node
    return {**node, "security": block.get("security") or []}


def _add_section(components: dict[str, Any], section: str, members: Any) -> None:
    if isinstance(members, dict):
        components.setdefault(section, {}).update(members)
    else:
        components.setdefault(section, members)  # an extension


def _notes(page: Page, own: Settled) -> Iterator[str]:
    for name in own.reworded:
        yield f"{page.name}: {name} differs in words alone from an older page's, which is taken."
    for name in own.left_out:
        yield f"{page.name}: {name}, which its operation does not use, is another page's."
    for name, new in own.renamed.items():
        yield f"{page.name}: its {name} differs from an older page's and is called {new}."


def _lock_entry(page: Page, settled: Settled, shared: dict[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in page.block.items() if key not in _MERGED}
    differs = sorted(key for key in {*own, *shared} if own.get(key) != shared.get(key))
    entry: dict[str, Any] = {
        "source": FILE,
        "sha256": page.sha256,
        "operation": page.operation,
        "components": [
            f"{section}/{name}"
            for section, members in settled.block.get("components", {}).items()
            if isinstance(members, dict)
            for name in members
        ],
        "credits": page.credits,
    }
    if settled.renamed:
        entry["renamed"] = settled.renamed
    if settled.left_out:
        entry["left_out"] = settled.left_out
    if differs:
        entry["differs"] = differs  # from the oldest page, whose values the specification has
    return entry


def _number(entries: dict[str, Any], before: dict[str, Any]) -> None:
    """Number pages in the order they were added; pages new together, in the order of names."""
    numbers = {name: entry["added"] for name, entry in before.items()}
    last = max(numbers.values(), default=0)
    numbers |= {name: before[old]["added"] for name, old in _renamed(entries, before).items()}
    for name in entries:
        if name not in numbers:
            last += 1
            numbers[name] = last
        entries[name] = {"added": numbers[name], **entries[name]}


def _attribute(
    entries: dict[str, Any], before: dict[str, Any], origins: Mapping[str, Origin]
) -> None:
    """Say where each page is from."""
    renamed = _renamed(entries, before)
    for name, entry in entries.items():
        old = before.get(renamed.get(name, name), {})
        if name in origins:
            entry["source"] = origins[name].source
            if origins[name].etag is not None:
                entry["etag"] = origins[name].etag
        elif old.get("sha256") == entry["sha256"]:
            entry.update({key: old[key] for key in _ORIGIN if key in old})


def _renamed(entries: dict[str, Any], before: dict[str, Any]) -> dict[str, str]:
    """Pages with another name than before, with that name: an operation has one page."""
    gone = {entry["operation"]: name for name, entry in before.items() if name not in entries}
    return {
        name: gone[entry["operation"]]
        for name, entry in entries.items()
        if name not in before and entry["operation"] in gone
    }


def require_lock(data: Any, where: str, remedy: str) -> None:
    """Check that a lock has the form this module gives it.

    Args:
        data: The lock, as JSON data.
        where: Name of its file, for errors.
        remedy: What to do when it is damaged.

    Raises:
        PipelineError: It is damaged; the error has a pointer to the place.
    """

    def refuse(*at: str) -> None:
        raise PipelineError("the lock is damaged", where=where, pointer=pointer(*at), remedy=remedy)

    if not isinstance(data, dict) or not isinstance(data.get("pages"), dict):
        refuse()
    added = set()
    for name, entry in data["pages"].items():
        if not isinstance(entry, dict):
            refuse("pages", name)
        for key, fits in _ENTRY.items():
            if not fits(entry.get(key)):
                refuse("pages", name, key)
        if entry["added"] in added:
            refuse("pages", name, "added")
        added.add(entry["added"])


def operations_in_order(lock: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the lock's entries, with their `page`, by operation (`GET /v1/…`), oldest first."""
    entries = [{**entry, "page": name} for name, entry in lock["pages"].items()]
    return {
        entry["operation"]: entry for entry in sorted(entries, key=lambda entry: entry["added"])
    }
