"""A specification that no page has: each thing that one may say of an answer, once.

What contracts and specifications are read by is held to it with expectations written by hand. The
committed pages use a few of these things only, and those of tomorrow others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LISTED, NOTED, OPEN = "made_up_list", "made_up_note", "made_up_open"
"""Names of its operations: rows with all that they may promise, a note, and what says little."""

_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer"}


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    needed = {"required": [*required]} if required else {}
    return {"type": "object", **needed, "properties": properties}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(schema: Mapping[str, Any], *kinds: str) -> dict[str, Any]:
    content = {kind: {"schema": schema} for kind in kinds or ("application/json",)}
    return {"description": "An answer", "content": content}


def _argument(name: str, place: str = "query", **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": _TEXT, **more}


_PARTS = {"type": "array", "items": _reference("Part")}
_ROW = _object(
    "id",
    id={"type": "string", "pattern": "^.{1,8}$"},
    price={"type": "number", "minimum": 0, "nullable": True, "example": {"$ref": "#/nowhere"}},
    kind={"type": "string", "enum": ["a", "b"], "x-enum-varnames": ["first", "second"]},
    level={"type": "integer", "enum": [1, 2], "nullable": True},
    owner=_TEXT,
    open={"type": "boolean"},
    tags={"type": "array", "maxItems": 3, "items": _TEXT},
    words={"type": "object", "additionalProperties": {**_TEXT, "nullable": True}},
    free={"type": "object", "additionalProperties": True},
    part={"anyOf": [_reference("Part"), {"enum": [None]}]},
    both={"allOf": [_reference("Base"), _object(extra=_WHOLE)], "nullable": True},
    open_too={"allOf": [_reference("Base")], "properties": {"own": _WHOLE}},
    either={"oneOf": [_TEXT, _WHOLE]},
    never={"not": {"type": "string"}},
    texts={**_TEXT, "x-keyapi": {"json": True, "decoded": _PARTS}},
    anything={**_TEXT, "x-keyapi": {"json": True}},
    shape=_object(enum=_object(x=_WHOLE), properties=_object(x=_WHOLE), required=_object(x=_WHOLE)),
    # Data that is called as keywords are.
    format={**_TEXT, "format": "date", "default": 7, "title": "7", "description": "7"},
    **{"a/b~": _WHOLE, "x-y": _WHOLE},
)
_LIST = {
    "operationId": LISTED,
    "tags": ["made", "up"],
    "security": [{"key": []}],
    "parameters": [
        _argument("id", "path"),
        _argument("page", schema=_WHOLE),
        _argument("size", schema=_WHOLE),
        _argument("sort", schema={**_WHOLE, "enum": [1, 2], "x-enum-varnames": ["price", "id"]}),
        _argument("way", schema=_reference("Way")),
        _argument("kind"),
        _argument("open", schema={"type": "boolean"}),
        _argument("owner", required=True),
        _argument("ids", schema={"type": "array", "items": _TEXT}, explode=False),
        _argument("piped", schema={"type": "array", "items": _WHOLE}, style="pipeDelimited"),
        _argument("spaced", schema={"type": "array", "items": _WHOLE}, style="spaceDelimited"),
        _argument("several", schema={"type": "array", "items": {"type": "number"}}),
        _argument("bare", schema={"type": "array"}),
        _argument("X-Team", "header"),
    ],
    "responses": {
        "200": _answer(
            _object(
                "code",
                code={"type": "integer", "maximum": 0},
                message=_TEXT,
                data=_object(rows={"type": "array", "items": _reference("Row")}, total=_WHOLE),
            )
        ),
        "400": _answer(_object("message", code=_WHOLE, message=_TEXT)),
        "404": {"description": "Nothing is told of it"},
        "4XX": _answer(_reference("Error")),
        "503": _answer(_TEXT, "text/html", "text/plain"),
    },
    "x-keyapi": {
        "credits": 5,
        "items": "/data/rows",
        "paging": {"kind": "page", "page": "page", "size": "size", "max": 4},
        "sort": {"field": "sort", "direction": "way"},
        "filters": {"kind": "kind", "open": "open"},
        "echoes": ["owner"],
        "ids": {"ids": "id"},
        "identity": "id",
    },
}
_NOTE = {
    "operationId": NOTED,
    "requestBody": {"required": True, **_answer(_reference("Note"))},
    "responses": {
        "201": _answer(_reference("Note")),
        "204": {"description": "Done"},
        "default": _answer(_reference("Error")),
    },
}
_OPEN = {"operationId": OPEN, "security": [], "responses": {"2XX": _answer({}), "5xx": _answer({})}}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Made up", "version": "1"},
    "security": [{"key": []}],
    "paths": {
        "/v1/{id}/list": {"summary": "Not an operation", "get": _LIST, "head": {"responses": {}}},
        "/v1/note": {"parameters": [], "post": _NOTE, "delete": _OPEN},
    },
    "components": {
        "schemas": {
            "Row": _ROW,
            "Part": _object("number", number=_WHOLE, inner=_reference("Part")),
            "Base": _object("base", base=_TEXT),
            "Way": {**_WHOLE, "enum": [0, 1, 2], "x-enum-varnames": ["ASC", "Descending", "any"]},
            "Error": _reference("Refusal"),
            "Refusal": _object("code", code=_WHOLE, message=_TEXT),
            "Note": _object("text", text=_TEXT, id=_WHOLE, parts=_PARTS),
        },
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    },
}
"""The specification."""
