"""Answers that a schema or a status says something of."""

from __future__ import annotations

from keyapi.conformance.relations._contract.judged._case import (
    ADDED,
    ENUM,
    Judged,
    lacking,
    new,
    row,
    rows,
    typed,
    unreadable,
)
from keyapi.conformance.relations._contract.judged._document import NOTED, OPEN

_MEMBERS = 'enum ["a", "b"]'
_PART = 'anyOf [{"$ref": "#/components/schemas/Part"}, {"enum": [null]}]'
_BOTH = 'anyOf [{"allOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "properti…'
SCHEMAS = (
    Judged("nothing but what must be there", rows(row())),
    Judged(
        "all there may be",
        rows(
            row(
                price=None,
                kind="b",
                level=None,
                owner="",
                open=True,
                tags=["1", "2", "3"],
                part=None,
                words={"a": None, "b": ""},
                free={"any": [1]},
                both=None,
                either=1,
                never=0,
                format="",
                texts='[{"number": 1, "inner": {"number": 2}}]',
                anything="7",
                shape={"enum": {"x": 1}, "properties": {}, "required": {"x": 2}},
                **{"a/b~": 1, "x-y": 2},
            ),
            message="",
        ),
    ),
    Judged("empty texts", rows(row(texts="", anything=""))),
    Judged("what is lacking", rows({}, {"price": 1}), (lacking("0/id"), lacking("1/id"))),
    Judged(
        "a new property in a row",
        rows(row(new={"b": [1, "x"]})),
        (new("0/new", '{"b": [1, "x"]}'),),
    ),
    Judged(
        "a new property of the whole",
        rows(new=None),
        (("/new", ADDED, "no such property", "null"),),
    ),
    Judged(
        "data called like keywords",
        rows(
            row(shape={"enum": {"y": 1}, "properties": {"y": 2}, "required": {"y": 3}, "allOf": 4})
        ),
        (
            new("0/shape/enum/y", "1"),
            new("0/shape/properties/y", "2"),
            new("0/shape/required/y", "3"),
            new("0/shape/allOf", "4"),
        ),
    ),
    Judged(
        "types",
        rows(
            row(
                owner=None,
                open=1,
                format=7,
                words={"a": 1},
                tags=[True],
                price="1",
                free=[],
                **{"a/b~": 1.5},
            )
        ),
        (
            typed("0/owner", "string", "null"),
            typed("0/open", "boolean", "1"),
            typed("0/format", "string", "7"),
            typed("0/words/a", '["string", "null"]', "1"),
            typed("0/tags/0", "string", "true"),
            typed("0/price", '["number", "null"]', "1"),
            typed("0/free", "object", "[]"),
            typed("0/a~1b~0", "integer", "1.5"),
        ),
    ),
    Judged(
        "rows that are not objects",
        rows(row(), 5, [1]),
        (typed("1", "object", "5"), typed("2", "object", "[1]")),
    ),
    Judged(
        "no list of rows",
        {"code": 0, "data": {"rows": {"id": "1"}}},
        (("/data/rows", "type", "type array", '{"id": "1"}'),),
    ),
    Judged("no data", {"code": 0, "data": None}, (("/data", "type", "type object", "null"),)),
    Judged("no object", ["code"], (("", "type", "type object", '["code"]'),)),
    Judged(
        "enums",
        rows(row(kind="c", level=3)),
        (
            ("/data/rows/0/kind", ENUM, _MEMBERS, "c"),
            ("/data/rows/0/level", ENUM, "enum [1, 2, null]", "3"),
        ),
    ),
    Judged(
        "bounds",
        rows(row(price=-0.5, tags=[*"abcd"]), row("123456789")),
        (
            ("/data/rows/0/price", "minimum", "minimum 0", "-0.5"),
            ("/data/rows/0/tags", "maxItems", "maxItems 3", '["a", "b", "c", "d"]'),
            ("/data/rows/1/id", "pattern", "pattern ^.{1,8}$", "123456789"),
        ),
    ),
    Judged(
        "choices",
        rows(row(part={}, both={"base": 1}, either=1.5, never="x")),
        (
            ("/data/rows/0/part", "anyOf", _PART, "{}"),
            ("/data/rows/0/both", "anyOf", _BOTH, '{"base": 1}'),
            (
                "/data/rows/0/either",
                "oneOf",
                'oneOf [{"type": "string"}, {"type": "integer"}]',
                "1.5",
            ),
            ("/data/rows/0/never", "not", 'not {"type": "string"}', "x"),
        ),
    ),
    Judged("parts of a whole stay open", rows(row(both={"base": "", "new": 1, "extra": 2}))),
    Judged("and what is made of one", rows(row(open_too={"base": "", "own": 1, "new": 2}))),
    Judged(
        "JSON in texts",
        rows(
            row(texts="[{", anything="nothing"),
            row(2, texts='[{"number": "x", "new": 1}]', anything="[" * 400 + "]" * 400),
        ),
        (
            ("/data/rows/0/texts", "json-text", "JSON in the text", "[{"),
            ("/data/rows/0/anything", "json-text", "JSON in the text", "nothing"),
            typed("1/texts/0/number", "integer", "x"),
            new("1/texts/0/new", "1"),
            ("/data/rows/1/anything", "json-text", "JSON in the text", "[" * 79 + "…"),
        ),
    ),
    Judged(
        "a note",
        {"text": "", "parts": [{"number": 1}, {"number": 1, "inner": {}}]},
        (("/parts/1/inner/number", "required", "a value", "nothing"),),
        NOTED,
        201,
    ),
    Judged("anything at all", [{"any": 1}], (), OPEN, 299),
)
STATUSES = (
    Judged("a code in the place of zero", {"code": 404, "message": "x"}),
    Judged(
        "a refusal under 200",
        {"code": 401, "message": 7},
        (("/message", "type", "type string", "7"),),
    ),
    Judged(
        "a bare refusal under 200", {"code": 400}, (("/message", "required", "a value", "nothing"),)
    ),
    Judged(
        "a refusal under 200 that none documents",
        {"code": 7, "new": 1},
        (("/new", ADDED, "no such property", "1"), ("/message", "required", "a value", "nothing")),
    ),
    Judged(
        "a code that is true",
        {"code": True, "message": "x"},
        (("/code", "type", "type integer", "true"),),
    ),
    Judged("a negative code", {"code": -1}, (("/message", "required", "a value", "nothing"),)),
    Judged(
        "a refusal as its status has it",
        {"code": 400},
        (("/message", "required", "a value", "nothing"),),
        status=400,
    ),
    Judged(
        "a refusal as its range has it",
        {},
        (("/code", "required", "a value", "nothing"),),
        status=499,
    ),
    Judged("a status that tells nothing", b"whatever", (), status=404),
    Judged(
        "a status of no range",
        {"code": 0},
        (("", "status", "one of 200, 400, 404, 4XX, 503", "201"),),
        status=201,
    ),
    Judged(
        "a status of another range",
        {"code": 500, "message": ""},
        (("", "status", "one of 200, 400, 404, 4XX, 503", "500"),),
        status=500,
    ),
    Judged("any other status", {}, (("/code", "required", "a value", "nothing"),), NOTED, 418),
    Judged("a range in small letters", 7, (), OPEN, 502),
    Judged("a status without content", b"", (), NOTED, 204),
    Judged("nothing where there should be something", b"", (unreadable(""),)),
    Judged("nothing that is documented as something", b"", (unreadable(""),), NOTED, 205),
)
