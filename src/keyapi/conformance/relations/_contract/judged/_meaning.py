"""Answers whose rows are not those that were asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from keyapi.conformance.relations._contract.judged._case import Found, Judged, row, rows, typed


def _asked(
    name: str, given: list[Any], asked: Mapping[str, Any], *found: Found, before: Any = None
) -> Judged:
    """Rows as an answer to arguments."""
    page = None if before is None else json.dumps(before).encode()
    return Judged(name, rows(*given), found, given={"arguments": asked, "before": page})


def _priced(*prices: Any) -> list[Any]:
    return [row(number, price=price) for number, price in enumerate(prices)]


def _kinds(*kinds: Any) -> list[Any]:
    return [row(number, kind=kind) for number, kind in enumerate(kinds)]


def _at(place: str, rule: str, expected: str, found: str) -> Found:
    return f"/data/rows/{place}", rule, expected, found


_DOWN, _UP = {"sort": 1, "way": 1}, {"sort": 1, "way": 0}
_MANY = [f"{number:04}" for number in range(1, 2001)]
_ROWS = ("/data/rows", "page-size")
_NO_PAGES: tuple[Any, ...] = ([], {"data": {"rows": 5}}, {"data": None})
MEANING = (
    _asked("as many as asked for", _priced(1, 2), {"size": 2}),
    _asked(
        "more than asked for", _priced(1, 2, 3), {"size": 2}, (*_ROWS, "at most 2 rows", "3 rows")
    ),
    _asked("the most there may be", _priced(1, 2, 3, 4), {}),
    _asked(
        "more than there may be", _priced(1, 2, 3, 4, 5), {}, (*_ROWS, "at most 4 rows", "5 rows")
    ),
    _asked("down", _priced(3, 3, None, 1), _DOWN),
    _asked(
        "not down",
        _priced(3, 1, None, 2),
        _DOWN,
        _at("3/price", "order", "at most 1, as in the row before", "2"),
    ),
    _asked("up", _priced(1, None, 1, 3.5), _UP),
    _asked(
        "not up",
        _priced(1, 3, 2, 0),
        _UP,
        _at("2/price", "order", "at least 3, as in the row before", "2"),
    ),
    _asked(
        "ids up",
        [row("a"), row("c"), row("b")],
        {"sort": 2, "way": 0},
        _at("2/id", "order", "at least c, as in the row before", "b"),
    ),
    *(
        _asked(f"no order, {asked}", _priced(1, 3, 2), asked)
        for asked in (
            {"sort": 1},
            {"way": 0},
            {"sort": 1, "way": 2},
            {"sort": 9, "way": 0},
            {"sort": 1, "way": 9},
            {"sort": 1, "way": None},
        )
    ),
    _asked(
        "what cannot be compared",
        _priced("x", 3, 4),
        _UP,
        typed("0/price", '["number", "null"]', "x"),
    ),
    _asked("a filter", _kinds("a", "a"), {"kind": "a"}),
    _asked("no filter", _kinds("a", "b"), {"kind": None}),
    _asked("a filter of several", _kinds("a", "b"), {"kind": ["b", "a"]}),
    _asked(
        "filtered otherwise",
        [row(), *_kinds("a", "b", "b")],
        {"kind": "a"},
        _at("2/kind", "filter", "a, as kind asks", "b"),
    ),
    _asked("a flag", [row(open=True), row(2)], {"open": True}),
    *(_asked(f"a flag as {flag!r}", [row(open=True)], {"open": flag}) for flag in ("1", "true", 1)),
    _asked(
        "another flag",
        [row(open=False), row(2, open=True)],
        {"open": False},
        _at("1/open", "filter", "False, as open asks", "true"),
    ),
    _asked("an echo", [row(owner="o"), row(2)], {"owner": "o"}),
    _asked(
        "another echo",
        [row(owner="o"), row(2, owner="p"), row(3, owner="")],
        {"owner": "o"},
        _at("1/owner", "echo", "o, as owner asks", "p"),
    ),
    _asked("ids", [row(2), row(1)], {"ids": ["1", "2", "3"]}),
    _asked("no ids", [row(2)], {"ids": []}),
    _asked(
        "another id",
        [row(1), row(4)],
        {"ids": ["2", "1"]},
        _at("1/id", "ids", "1 or 2, as ids asks", "4"),
    ),
    _asked(
        "many ids",
        [row(1)],
        {"ids": _MANY},
        _at("0/id", "ids", " or ".join([*_MANY[:7], "1,993 more, as ids asks"]), "1"),
    ),
    _asked(
        "a long id",
        [row(1)],
        {"ids": ["x" * 99]},
        _at("0/id", "ids", "x" * 66 + "…, as ids asks", "1"),
    ),
    _asked(
        "long ids",
        [row(1)],
        {"ids": ["x" * 99, "y"]},
        _at("0/id", "ids", "x" * 56 + "… or 1 more, as ids asks", "1"),
    ),
    _asked(
        "an id of controls",
        [row(1)],
        {"ids": ["\x1b"]},
        _at("0/id", "ids", "\\x1b, as ids asks", "1"),
    ),
    _asked(
        "a row twice",
        [row(1, kind="a"), row(2), {"kind": "a", "id": "1"}, row(2)],
        {},
        _at("2", "repeated-row", "each row once", "row 0 once more"),
    ),
    _asked(
        "a row of the page before",
        [row(1), row(2, kind="a", price=1)],
        {},
        _at("1", "overlap", "no row of the page before", "2, a"),
        before=rows(row(2, price=1, kind="a")),
    ),
    _asked("rows of another page", [row(1)], {}, before=rows(row(1, kind="a"), row(2))),
    *(_asked(f"before, {before}", [row(1)], {}, before=before) for before in _NO_PAGES),
    _asked(
        "among rows that are not objects",
        [5, *_kinds("a", "b"), 5],
        {"kind": "a"},
        typed("0", "object", "5"),
        typed("3", "object", "5"),
        _at("2/kind", "filter", "a, as kind asks", "b"),
    ),
    Judged("no page before", rows(row()), given={"before": b"<html>"}),
    Judged(
        "rows of a refusal",
        {"code": 404, "data": {"rows": _priced(1, 2, 3, 4, 5)}},
        given={"arguments": {"size": 1}},
    ),
)
