"""Server -> spec: a sandbox's pages lead to the next one in each form that answers have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from keyapi._client import SyncClient
from keyapi.conformance.drivers import KEY, wire
from keyapi.conformance.relations._shared import Compared
from keyapi.sandbox import Sandbox
from keyapi.specification import OperationSpec, Specification

_SEEDS, _PAGES, _LAST = 30, 3, 60
_USUAL = 10
"""Rows of a page where nothing says how many."""


class _Way(NamedTuple):
    """How an operation is walked.

    Attributes:
        base: Arguments of each request.
        position: The argument that takes the position.
        first: What it is for the first page; None for nothing.
        leads: From an answer's data to whether more follow, and where the next page starts.
        told: What the data must say beside their rows, by the rows so far, whether more follow, and
            the number of the page.
        size: Rows of a page.
    """

    base: Mapping[str, Any]
    position: str
    first: Any
    leads: Callable[[Any], tuple[bool, Any]]
    told: Callable[[int, bool, int], dict[str, Any]]
    size: int = _USUAL


_WAYS = {
    "shape_search": _Way(
        {"keyword": "a", "size": 7},
        "cursor",
        None,
        lambda data: (data["has_more"], data["next_cursor"]),
        lambda rows, more, _: {"has_more": more, "next_cursor": str(rows)},
        size=7,
    ),
    "shape_feed": _Way(
        {},
        "offset",
        "*",
        lambda data: (data["is_end"] == 0, str(data["offset"])),
        lambda rows, more, _: {"is_end": int(not more), "offset": rows},
    ),
    "shape_scroll": _Way(
        {},
        "after",
        None,
        lambda data: (bool(data["after"]), data["after"]),
        lambda rows, more, _: {"after": [str(rows)] if more else []},
    ),
    "shape_pages": _Way(
        {},
        "page",
        0,
        lambda data: (data["next_page"] is not None, data["next_page"]),
        lambda _, more, page: {"next_page": str(page + 1) if more else None},
    ),
}


def pages(specification: Specification, client: type[SyncClient]) -> Compared:
    """Each page says whether more follow and where; together they have each row once."""
    for name, way in _WAYS.items():
        operation = specification.operations[name]
        for seed in range(_SEEDS):
            sandbox = Sandbox(client, key=KEY, seed=seed, spec=specification.document)
            walked = list(_walked(sandbox, operation, way))
            if len(walked) >= _PAGES:
                break
        yield f"{name}: a list of several pages", True, len(walked) >= _PAGES
        rows: list[str] = []
        for number, data in enumerate(walked):
            rows += [row["thing_id"] for row in data["things"]]
            more = number + 1 < len(walked)
            yield (
                f"{name}: rows of page {number}",
                True,
                len(data["things"]) == way.size or not more,
            )
            told = {key: value for key, value in data.items() if key != "things"}
            # Where a flag says that no page follows, a cursor is there all the same.
            yield f"{name}: what page {number} says", way.told(len(rows), more, number), told
        yield f"{name}: rows of all pages", len(rows), len({*rows})
        yield f"{name}: pages", True, len(walked) < _LAST
        beyond = {**way.base, way.position: _like(way.first, str(10**9))}
        data = sandbox.respond(wire(operation, beyond)).json.get("data")
        yield f"{name}: rows beyond the end", [], data and data["things"]


def _walked(sandbox: Sandbox, operation: OperationSpec, way: _Way) -> Iterator[Any]:
    position = way.first
    for _ in range(_LAST):
        at = {} if position is None else {way.position: position}
        reply = sandbox.respond(wire(operation, {**way.base, **at}))
        data = reply.json.get("data")
        if not isinstance(data, dict):
            yield {"things": [], "status": reply.status}
            return
        yield data
        try:
            more, position = way.leads(data)
        except LookupError:  # which shows in what the page says
            return
        if not more:
            return


def _like(first: Any, text: str) -> Any:
    return int(text) if isinstance(first, int) else text
