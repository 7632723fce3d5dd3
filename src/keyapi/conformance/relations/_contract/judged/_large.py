"""Answers that are looked through in parts."""

from __future__ import annotations

from typing import Any

from keyapi.conformance.relations._contract.judged._case import (
    Found,
    Judged,
    lacking,
    row,
    rows,
    typed,
)
from keyapi.conformance.relations._contract.judged._document import NOTED


def _large(name: str, given: list[Any], *found: Found, **more: Any) -> Judged:
    """More values than are looked at in one part, in more rows than a page has."""
    size = ("/data/rows", "page-size", "at most 4 rows", f"{len(given)} rows")
    return Judged(
        name,
        rows(*given, **more.pop("top", {})),
        (*found, *([size] if len(given) > 4 else [])),
        **more,
    )


_REST = "json", "the rest of a long list or object as the schema says", "something else"
_HERE = (0, 1, 99, 100, 101, 1500, 2999)
_WIDE = {f"w{number}": "" for number in range(2500)}
LARGE = (
    _large("many rows", [row(n) for n in range(3000)]),
    _large(
        "many empty rows",
        [{}] * 3000,
        *(lacking(f"{n}/id") for n in range(10)),
        more={"required": 990},
    ),
    _large(
        "some of many",
        [{} if n in _HERE else row(n) for n in range(3000)],
        *(lacking(f"{n}/id") for n in _HERE),
    ),
    _large(
        "wide rows",
        [row(n, owner=7, free=dict.fromkeys(map(str, range(25)))) for n in range(300)],
        *(typed(f"{n}/owner", "string", "7") for n in range(10)),
        more={"type": 290},
    ),
    _large(
        "something around many",
        [row(n) for n in range(3000)],
        ("/message", "type", "type string", "5"),
        top={"message": 5},
    ),
    _large("half a pair in each", [row(f"a{n}\ud800") for n in range(3000)]),
    _large("a wide map", [row(words=_WIDE, free=_WIDE)]),
    _large(
        "the first of a wide map",
        [row(words={**_WIDE, "w0": 1})],
        typed("0/words/w0", '["string", "null"]', "1"),
    ),
    _large("the last of a wide map", [row(words={**_WIDE, "w2499": 1})], ("/data/rows/0", *_REST)),
    _large(
        "in a later row", [row(), row(2, words={**_WIDE, "w2499": 1})], ("/data/rows/1", *_REST)
    ),
    _large("a long list", [row(tags=[*_WIDE])], ("/data/rows/0", *_REST)),
    _large(
        "cut, and not lacking",
        [row(owner=7, both={**_WIDE, "base": ""})],
        typed("0/owner", "string", "7"),
    ),
    _large(
        "cut, and lacking",
        [{"owner": 7, "words": _WIDE}],
        typed("0/owner", "string", "7"),
        lacking("0/id"),
    ),
    Judged(
        "no rows to cut",
        {"text": 1, "parts": [{"number": 1}] * 3000},
        (("/text", "type", "type string", "1"),),
        NOTED,
        201,
    ),
    Judged(
        "an item of many",
        {"text": "", "parts": [{}, *[{"number": 1}] * 3000]},
        (("/parts/0/number", "required", "a value", "nothing"),),
        NOTED,
        201,
    ),
    Judged(
        "the last of many",
        {"text": "", "parts": [*[{"number": 1}] * 3000, {}]},
        (("", *_REST),),
        NOTED,
        201,
    ),
)
