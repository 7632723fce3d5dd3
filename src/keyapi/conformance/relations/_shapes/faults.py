"""Server -> spec: each fault of a sandbox is what its description says, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from keyapi._client import SyncClient
from keyapi.conformance.drivers import KEY, wire
from keyapi.conformance.relations._shared import Compared
from keyapi.sandbox import FAULTS, Reply, Sandbox, SandboxRequest
from keyapi.specification import Specification

_MISSING: Any = type("Missing", (), {"__repr__": lambda self: "nothing"})()
_BITS = 2**64
_PAGE = {"page": 2, "size": 3, "sort_by": 1, "direction": 1}
_OWNERS = "abcdefghijklmnopqrstuvwxyz"


class _Change(NamedTuple):
    """A value that a fault changed.

    Attributes:
        place: JSON pointer to it.
        old: What it was.
        new: What it is.
    """

    place: str
    old: Any
    new: Any


class _Spoilt(NamedTuple):
    """An answer without and with a fault.

    Attributes:
        good: The answer without it.
        bad: The answer with it.
        changes: What differs in their JSON.
    """

    good: Reply
    bad: Reply
    changes: list[_Change]

    @property
    def only(self) -> _Change:
        """The only change; of another number, one that no fault makes."""
        return self.changes[0] if len(self.changes) == 1 else _Change("", _MISSING, _MISSING)

    @property
    def json(self) -> Any:
        """The JSON of the answer with the fault; None for something else."""
        try:
            return self.bad.json
        except ValueError:
            return None


def faults(specification: Specification, client: type[SyncClient]) -> Compared:
    """Every fault changes what it names, where it is told to, and leaves the rest as it is."""
    yield "faults", sorted({*_ANSWERS, *_VALUES, *_ROWS}), sorted(FAULTS)
    document = specification.document
    detail = wire(specification.operations["shape_detail"], {"shape_id": "0f"})

    def answered(request: SandboxRequest, *scheduled: str) -> Reply:
        sandbox = Sandbox(client, key=KEY, spec=document, faults=scheduled)
        return sandbox.respond(request)

    good = answered(detail)
    for name, is_right in {**_ANSWERS, **_VALUES}.items():
        yield from _judged(name, is_right, good, answered(detail, name))
    for name, pointer in _PLACES:
        bad = answered(detail, f"{name}{pointer}")
        yield from _judged(name, _VALUES[name], good, bad)
        places = {change.place.removesuffix("_v2") for change in _changes(good.json, bad.json)}
        yield f"place of {name}{pointer}", {pointer}, places
    yield "a fault of no such place", good.body, answered(detail, "null/data/no-such").body
    operation = specification.operations["shape_list"]

    def listed_of(**arguments: Any) -> SandboxRequest:
        return wire(operation, {**_PAGE, **arguments})

    def rows_of(request: SandboxRequest, *scheduled: str) -> _Rows:
        found: _Rows = answered(request, *scheduled).json["data"]["things"]
        return found

    owner = next(o for o in _OWNERS if rows_of(listed_of(owner=o, page=4)))
    listed = listed_of(owner=owner)
    before, rows = rows_of(listed_of(owner=owner, page=1)), rows_of(listed)
    for name, row_is_right in _ROWS.items():
        asked = listed
        if name == "filter-ignored":
            yield f"{name} without a filter", rows, rows_of(listed, name)
            asked = listed_of(owner=owner, page=1, kind=rows[0]["kind"])
            rows_asked = rows_of(asked)
        else:
            rows_asked = rows
        found = rows_of(asked, name)
        yield f"fault {name}", True, row_is_right(before, rows_asked, found) or found


def _judged(name: str, is_right: Callable[[_Spoilt], object], good: Reply, bad: Reply) -> Compared:
    spoilt = _Spoilt(good, bad, [])
    if spoilt.json is not None:
        spoilt = spoilt._replace(changes=[*_changes(good.json, spoilt.json)])
    described = f"{bad.status} {bad.headers.get('content-type')} {spoilt.changes}"
    yield f"fault {name}", True, bool(is_right(spoilt)) or described
    if name not in _ANSWERS:
        same = replace(bad, body=good.body)
        yield f"fault {name}, beside the body", good, same


def _changes(old: Any, new: Any, place: str = "") -> list[_Change]:
    """What differs in two values, by the outermost value that does."""
    if isinstance(old, dict) and isinstance(new, dict) and old and new:
        both = {**old, **new}
        pairs = [(key, old.get(key, _MISSING), new.get(key, _MISSING)) for key in both]
        return [c for key, was, is_now in pairs for c in _changes(was, is_now, f"{place}/{key}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            change
            for number, two in enumerate(zip(old, new, strict=True))
            for change in _changes(two[0], two[1], f"{place}/{number}")
        ]
    same = type(old) is type(new) and old == new
    return [] if same else [_Change(place, old, new)]


def _is_envelope(spoilt: _Spoilt, status: int, code: int) -> bool:
    body = spoilt.json
    return spoilt.bad.status == status and (body["code"], body["data"]) == (code, None)


def _is_renamed(spoilt: _Spoilt) -> bool:
    if len(spoilt.changes) != 2:
        return False
    gone, new = sorted(spoilt.changes, key=lambda change: change.new is not _MISSING)
    return (gone.new, new.old, new.new) == (_MISSING, _MISSING, gone.old)


def _pairs_twice(spoilt: _Spoilt) -> bool:
    twice: list[list[str]] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in found]
        twice.extend([[name for name in {*names} if names.count(name) > 1]])
        return dict(found)

    json.loads(spoilt.bad.body, object_pairs_hook=pairs)
    return sum(map(len, twice)) == 1 and not spoilt.changes


_ANSWERS: Mapping[str, Callable[[_Spoilt], object]] = {
    "html-502": lambda s: s.bad.status == 502 and s.bad.body.startswith(b"<html"),
    "rate-limited": lambda s: _is_envelope(s, 429, 429) and "retry-after" not in s.bad.headers,
    "rate-limited-wait": lambda s: (
        _is_envelope(s, 429, 429) and s.bad.headers["retry-after"] == "1"
    ),
    "quota-500": lambda s: _is_envelope(s, 500, 500) and "Limit Exceeded" in s.json["message"],
    "quota-402": lambda s: _is_envelope(s, 402, 402) and "quota" in s.json["message"],
    "error-envelope": lambda s: _is_envelope(s, 200, 500),
    "undocumented-status": lambda s: replace(s.bad, status=200) == s.good and s.bad.status == 418,
    "slow": lambda s: replace(s.bad, delivery="whole") == s.good and s.bad.delivery == "slow",
    "dropped": lambda s: replace(s.bad, delivery="whole") == s.good and s.bad.delivery == "dropped",
    "truncated": lambda s: (
        replace(s.bad, body=s.good.body) == s.good
        and s.good.body.startswith(s.bad.body)
        and abs(len(s.good.body) - 2 * len(s.bad.body)) < 2
    ),
    "html-type": lambda s: (
        replace(s.bad, headers=s.good.headers) == s.good
        and s.bad.headers["content-type"] == "text/html"
    ),
    "no-type": lambda s: replace(s.bad, headers=s.good.headers) == s.good and not s.bad.headers,
}
"""What an answer as a whole must be."""
_VALUES: Mapping[str, Callable[[_Spoilt], object]] = {
    "error-code": lambda s: s.only == ("/code", 0, 500),
    "wrapped": lambda s: s.json == {"result": s.good.json},
    "bare-list": lambda s: s.json == s.good.json["data"],
    "missing-required": lambda s: s.only.old is not _MISSING and s.only.new is _MISSING,
    # Of what is answered, only these are not required.
    "missing-optional": lambda s: (
        s.only.place.startswith(("/data/all/", "/data/within")) and s.only.new is _MISSING
    ),
    "empty-object": lambda s: isinstance(s.only.old, dict) and s.only.new == {},
    "renamed": _is_renamed,
    "extra-property": lambda s: (
        s.only[1:] == (_MISSING, 1) and s.only.place.endswith("/undocumented")
    ),
    "integer-as-text": lambda s: type(s.only.old) is int and s.only.new == str(s.only.old),
    "integer-as-float": lambda s: (
        (type(s.only.old), type(s.only.new)) == (int, float) and s.only.old == s.only.new
    ),
    "number-as-text": lambda s: type(s.only.old) is float and s.only.new == str(s.only.old),
    "text-as-integer": lambda s: (
        type(s.only.old) is str
        and s.only.new == (int(s.only.old) if s.only.old.isdecimal() else 7)
        and type(s.only.new) is int
    ),
    "null": lambda s: not isinstance(s.only.old, dict | list | type(None)) and s.only.new is None,
    "list-as-null": lambda s: isinstance(s.only.old, list) and s.only.new is None,
    "list-as-object": lambda s: (
        isinstance(s.only.old, list)
        and s.only.new == {str(number): item for number, item in enumerate(s.only.old)}
    ),
    "empty-list": lambda s: isinstance(s.only.old, list) and s.only.old and s.only.new == [],
    "negative-count": lambda s: s.only.new == -1 and type(s.only.old) is int,
    "huge-integer": lambda s: type(s.only.old) is int and s.only.new > _BITS,
    "duplicate-key": _pairs_twice,
    "damaged-json-text": lambda s: s.only.new == s.only.old[:-1] and json.loads(s.only.old) == [],
}
"""What a value, or the envelope, must be."""
_PLACES = (
    ("missing-required", "/data/rank"),
    ("missing-required", "/data"),
    ("missing-optional", "/data/within"),
    ("empty-object", "/data/all"),
    ("renamed", "/data/tags"),
    ("integer-as-text", "/data/large_id"),
    ("integer-as-float", "/data/within/depth"),
    ("number-as-text", "/data/unit_price"),
    ("text-as-integer", "/data/five"),
    ("null", "/data/tags/0"),
    ("list-as-null", "/data/numbers"),
    ("list-as-object", "/data/members"),
    ("empty-list", "/data/tags"),
    ("negative-count", "/data/total_live_sale_cnt"),
    ("huge-integer", "/data/rank"),
    ("damaged-json-text", "/data/text"),
)
"""Faults, and where they are told to be."""
_Rows = list[Any]
_ROWS: Mapping[str, Callable[[_Rows, _Rows, _Rows], bool]] = {
    "too-many-rows": lambda before, rows, found: found[:3] == rows and len(found) == 4,
    "duplicate-rows": lambda before, rows, found: found == [rows[0], *rows[:-1]],
    "foreign-rows": lambda before, rows, found: (
        found[:-1] == rows[:-1]
        and [change.place for change in _changes(rows[-1], found[-1])] == ["/owner"]
    ),
    "filter-ignored": lambda before, rows, found: (
        found[:-1] == rows[:-1]
        and [change.place for change in _changes(rows[-1], found[-1])] == ["/kind"]
    ),
    "wrong-order": lambda before, rows, found: found == rows[::-1],
    "page-overlap": lambda before, rows, found: found == [before[-1], *rows[1:]],
    "repeated-page": lambda before, rows, found: found == before,
}
"""What rows must be, by those of the page before and those without the fault."""
