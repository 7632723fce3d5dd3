"""Cells by hand: what a column holds of each kind of value, and what it leaves to the last one.

All of it stands here after `docs/data-frames.md`, for every type that it lists, whether or not an
operation of the client has it. Nothing is derived from a specification.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

_ASIDE = object()
"""Stands for a value that its column does not hold."""


class Cell(NamedTuple):
    """A value, and what becomes of it.

    Attributes:
        received: The value.
        held: What the column holds.
        aside: What the last column has, by the place below the property; empty where nothing.
    """

    received: Any
    held: Any
    aside: Mapping[str, Any]


def _aside(*values: Any) -> list[Any]:
    """Values that their column does not hold, for `_cells`."""
    return [(value, _ASIDE) for value in values]


def _cells(*values: Any) -> list[Cell]:
    """Cells of values that are held as they are; of pairs, of which the second is what is held."""
    found = []
    for value in values:
        received, held, *aside = value if isinstance(value, tuple) else (value, value)
        if held is _ASIDE:
            held, aside = None, [{"": received}]
        found.append(Cell(received, held, *(aside or [{}])))
    return found


SCALARS = {
    "string": _cells(
        *("text", "", "é漢😀", "12k", "\x00"),
        *_aside(7, 1.5, True, [], {}, "\ud800"),
    ),
    "integer": _cells(
        *(7, 0, -1, 2**53 + 1, 2**63 - 1, -(2**63), (7.0, 7), (-0.0, 0)),
        *_aside(2**63, -(2**63) - 1, 7.5, True, False, "7", [1], {}, 1e300),
    ),
    "number": _cells(
        *(1.5, 0.0, -1e300, (7, 7.0), (2**53, 2.0**53), (2**60, 2.0**60)),
        *_aside(2**53 + 1, -(2**53) - 1, 10**400, True, "1.5", [], {}),
    ),
    "boolean": _cells(True, False, *_aside(1, 0, 1.0, "true", [], {})),
}
"""Cells by the type of a property."""
_ANYTHING = [{"a": [1, "é", None]}, [], "text", "7", 7, 1.5, True, {"b": {"c": 2**70}}]
_JSON = [
    Cell(value, json.dumps(value, separators=(",", ":"), ensure_ascii=False), {})
    for value in _ANYTHING
]
_INTEGER, _TEXT = {"type": "integer"}, {"type": "string"}
TREE = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "below": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    },
}
"""A schema that contains itself."""
_PERSON = {"type": "object", "properties": {"age": _INTEGER, "a/b~c": _TEXT}}
COVER = {
    "type": "object",
    "properties": {"url": _TEXT, "index": _INTEGER, "size": {"type": "number"}},
}
_NOBODY = {"age": None, "a/b~c": None}


def marked(schema: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """Schema of a text that holds JSON of a schema, with facts of it."""
    return {**_TEXT, "x-keyapi": {"json": True, "decoded": schema, **facts}}


MARKED = marked({"type": "array", "items": COVER}, accessor="covers", order="index", text="url")
COLUMNS: dict[str, tuple[dict[str, Any], str, list[Cell]]] = {
    "text": (_TEXT, "string", SCALARS["string"]),
    "whole": (_INTEGER, "int64", SCALARS["integer"]),
    "level": ({**_INTEGER, "enum": [1, 2]}, "int64", _cells(1, 9, ("1", _ASIDE))),
    "state": ({**_TEXT, "enum": ["a"], "nullable": True}, "string", _cells("a", "b", (1, _ASIDE))),
    "number": ({"type": "number"}, "double", SCALARS["number"]),
    "flag": ({"type": "boolean"}, "bool", SCALARS["boolean"]),
    "person": (
        _PERSON,
        'struct<age: int64, "a/b~c": string>',
        _cells(
            {"age": 7, "a/b~c": "x"},
            ({}, _NOBODY),
            ({"age": None}, _NOBODY),
            ({"age": 7.0}, {**_NOBODY, "age": 7}),
            ({"age": "12k", "a/b~c": "x"}, {**_NOBODY, "a/b~c": "x"}, {"/age": "12k"}),
            ({"age": True, "a/b~c": 1}, _NOBODY, {"/age": True, "/a~1b~0c": 1}),
            ({"new/~": [1], "age": 1, "": 2}, {**_NOBODY, "age": 1}, {"/new~1~0": [1], "/": 2}),
            *(([], _ASIDE), ("text", _ASIDE), (7, _ASIDE)),
        ),
    ),
    "people": (
        {"type": "array", "items": _PERSON},
        'list<struct<age: int64, "a/b~c": string>>',
        _cells(
            *(
                [],
                [{"age": 7, "a/b~c": "x"}, {"age": 8, "a/b~c": None}],
                ([None, {}], [None, _NOBODY]),
            ),
            ([{"age": 1}, 2, []], [{**_NOBODY, "age": 1}, None, None], {"/1": 2, "/2": []}),
            ([{}, {"age": "x", "new": 1}], [_NOBODY] * 2, {"/1/age": "x", "/1/new": 1}),
            *(({}, _ASIDE), ("text", _ASIDE)),
        ),
    ),
    "lists": (
        {"type": "array", "items": {"type": "array", "items": _INTEGER}},
        "list<list<int64>>",
        _cells(
            [[1, None], []],
            ([[1, "x"], None, 7], [[1, None], None, None], {"/0/1": "x", "/2": 7}),
        ),
    ),
    "names": (
        {"type": "object", "additionalProperties": _INTEGER},
        "map<string, int64>",
        _cells(
            ({}, []),
            ({"b": 1, "a": None}, [("b", 1), ("a", None)]),
            ({"x": 1, "y/z": []}, [("x", 1), ("y/z", None)], {"/y~1z": []}),
            ({"\ud800": 1, "é": 2}, [("é", 2)], {"/\ud800": 1}),
            *(([], _ASIDE), (7, _ASIDE)),
        ),
    ),
    "anything": ({}, "string", _JSON),
    "object": ({"type": "object"}, "string", _JSON),
    "either": ({"oneOf": [_TEXT, _INTEGER]}, "string", _JSON),
    "kind": ({"enum": [1, None, 2]}, "int64", _cells(1, ("1", _ASIDE))),
    "code": ({"enum": ["a", 1]}, "string", _JSON),
    "nullable": ({"type": ["null", "integer"]}, "int64", _cells(7, ("7", _ASIDE))),
    "items": ({"items": _INTEGER}, "list<int64>", _cells([7], ({}, _ASIDE))),
    "list": ({"type": "array"}, "string", _JSON),
    "union": (
        {"anyOf": [_PERSON, {"properties": {"age": _TEXT, "new": _TEXT}}]},
        'struct<age: string, "a/b~c": string, new: string>',
        [Cell({"age": 7, "new": "x"}, {"age": "7", "a/b~c": None, "new": "x"}, {})],
    ),
    "mixture": ({"anyOf": [_PERSON, _TEXT]}, "string", _JSON),
    "maps": ({"type": "object", "additionalProperties": True}, "string", _JSON),
    "tree": (
        {"$ref": "#/components/schemas/Tree"},
        "struct<name: string, below: string>",
        [
            Cell({"name": "a"}, {"name": "a", "below": None}, {}),
            Cell({"below": [{"name": "b"}]}, {"name": None, "below": '[{"name":"b"}]'}, {}),
        ],
    ),
    "/slash": (_INTEGER, "int64", _cells(1)),
    "_extra": (_TEXT, "string", _cells("own")),
    "page": (
        {"type": "object", "properties": {"cover_url": MARKED}},
        "struct<cover_url: string, covers: list<struct<url: string, index: int64, size: double>>>",
        _cells(
            ({"cover_url": None}, {"cover_url": None, "covers": None}),
            (
                {"cover_url": '[{"url":"b","index":2},{"url":"a","index":1,"new":0}]'},
                {
                    "cover_url": '[{"url":"b","index":2},{"url":"a","index":1,"new":0}]',
                    "covers": [
                        {"url": "a", "index": 1, "size": None},
                        {"url": "b", "index": 2, "size": None},
                    ],
                },
            ),
            ({"cover_url": 7}, {"cover_url": None, "covers": []}, {"/cover_url": 7}),
        ),
    ),
}
"""Properties: schema, type of the column, and what the column holds."""
EXTRA = "_extra_"
"""Name of the last column where a property has its usual name."""


def cover(url: Any, index: Any, size: Any = None) -> dict[str, Any]:
    return {"url": url, "index": index, "size": size}


_BOTH = [cover("a", 1), cover("b", 2)]
COVERS: list[tuple[Any, Any]] = [
    ('[{"url":"b","index":2},{"url":"a","index":1}]', _BOTH),
    (None, None),
    ("", []),
    ("[]", []),
    ("null", []),
    ('[{"url":"b","index":2},\n\r\n{"url":"a","index":1}]', _BOTH),
    (
        '[{"url":"b","index":9},{"url":"a","index":9},{"url":"c","index":-1}]',
        [cover("c", -1), cover("b", 9), cover("a", 9)],
    ),
    ('[{"url":"a","index":"2"},{"url":"b","index":1}]', [cover("b", 1), cover("a", None)]),
    ('[{"url":"a"},{"url":"b","index":1}]', [cover("b", 1), cover("a", None)]),
    ('[{"url":"a","index":1.0,"size":2}]', [cover("a", 1, 2.0)]),
    (f'[{{"url":"a","index":1,"size":{2**53 + 1}}}]', [cover("a", 1)]),
    (
        f'[{{"url":"a","index":{2**63}}},{{"url":"b","index":{2**62}}}]',
        [cover("b", 2**62), cover("a", None)],
    ),
    ('[{"index":1}]', [cover(None, 1)]),
    ('[{"url":"a","index":2},null]', [cover("a", 2)]),
    ('[{"url":7,"index":true}]', [cover(None, None)]),
    ('{"url":"a","index":2}', [cover("a", 2)]),
    ('[[{"url":"a","index":2}]]', []),
    ('[{"url":"a","index":2}],"w":[1]', []),
    ('[{"url":"a","index":2}],[]', []),
    ('[{"url":"a","index":2}]]} {"v":[[]', []),
    ('[{"url":"\\ud800","index":1}]', [cover(None, 1)]),
    ('[{"url":"\ud800","index":1}]', [cover(None, 1)]),
    ("https://x/1, https://x/2", [cover("https://x/1", None), cover("https://x/2", None)]),
    ("[" * 20_000, []),
    ('[{"url":"a","new":[[[]]],"index":3}]', [cover("a", 3)]),
]
"""Texts that hold covers, and what their column has."""
