"""An API of the judge's own, with operations of every shape: what a sandbox is asked to serve.

No page has it. What a sandbox makes of schemas, bodies, cursors and the like is looked at here,
whatever the pages of the day happen to have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyapi.specification import Schema, Specification

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}

VALUES: Mapping[str, Schema] = {
    # Formats.
    "uuid": {"type": "string", "format": "uuid"},
    "mail": {"type": "string", "format": "email"},
    "page": {"type": "string", "format": "uri"},
    "host": {"type": "string", "format": "hostname"},
    "v4": {"type": "string", "format": "ipv4"},
    "v6": {"type": "string", "format": "ipv6"},
    "bytes": {"type": "string", "format": "byte"},
    "born": {"type": "string", "format": "date"},
    "seen": {"type": "string", "format": "date-time"},
    # Patterns and lengths.
    "code": {"type": "string", "pattern": r"^[A-Z]{3}-\d{2,4}$"},
    "either": {"type": "string", "pattern": "^(?:one|two|three)+$"},
    "classes": {"type": "string", "pattern": r"^\w\s\d\W\S\D.[^a-z1][^\d_][\dA-F]$"},
    "lazy": {"type": "string", "pattern": "^a+?b*?[^a]c{2}$"},
    "long": {"type": "string", "minLength": 30, "maxLength": 32},
    "short": {"type": "string", "maxLength": 2},
    "five": {"type": "string", "pattern": "^[0-9]+$", "minLength": 5, "maxLength": 5},
    # Numbers.
    "rank": {"type": "integer", "minimum": 1, "maximum": 5},
    "above": {"type": "integer", "minimum": 3, "exclusiveMinimum": True, "maximum": 4},
    "below": {"type": "number", "minimum": 0, "maximum": 1, "exclusiveMaximum": True},
    "steps": {"type": "integer", "minimum": 5, "maximum": 1000, "multipleOf": 20},
    "negative": {"type": "number", "maximum": -2.5},
    "small_id": {"type": "integer", "format": "int32"},
    "large_id": {"type": "integer"},
    # Names that say what a value is.
    "parent_id": {"type": "string"},
    "avatar_url": {"type": "string"},
    "launch_date": {"type": "string"},
    "create_time": {"type": "integer"},
    "update_time": {"type": "string"},
    "stat_day": {"type": "integer"},
    "click_rate": {"type": "number"},
    "unit_price": {"type": "number"},
    "fee_amount": {"type": "integer"},
    "region": {"type": "string"},
    "shop_name": {"type": "string"},
    "remark": {"type": "string"},
    "total_sale_cnt": {"type": "integer", "minimum": 0},
    "total_video_sale_cnt": {"type": "integer", "minimum": 0},
    "total_live_sale_cnt": {"type": "integer", "minimum": 0},
    "total_sale_amt": {"type": "number"},
    "total_live_cnt": {"type": "integer"},
    # The rest of what schemas have.
    "on": {"type": "boolean"},
    "state": {"type": "string", "enum": ["a", None, "b"], "nullable": True},
    "first": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    "only": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
    "all": {
        "allOf": [
            {"type": "object", "properties": {"x": _WHOLE}},
            {"type": "object", "properties": {"y": _TEXT}},
        ]
    },
    "narrow": {"allOf": [{"type": "string", "maxLength": 9}]},
    "tags": {"type": "array", "items": _TEXT, "minItems": 2, "maxItems": 4},
    "members": {
        "type": "array",
        "items": {"type": "string", "enum": ["r", "g", "b"]},
        "uniqueItems": True,
        "minItems": 3,
    },
    "numbers": {
        "type": "array",
        "items": {"type": "integer", "minimum": 7, "maximum": 9},
        "uniqueItems": True,
        "minItems": 3,
        "maxItems": 3,
    },
    "map": {"type": "object", "additionalProperties": _WHOLE, "minProperties": 2},
    "secret": {"type": "string", "writeOnly": True},
    "within": {"$ref": "#/components/schemas/Node"},
    "text": {"type": "string", "x-keyapi": {"json": True}},
    "images": {
        "type": "string",
        "x-keyapi": {
            "json": True,
            "accessor": "image_list",
            "decoded": {
                "type": "array",
                "items": {"type": "object", "properties": {"index": _WHOLE, "alt": _TEXT}},
            },
            "order": "index",
        },
    },
}
"""Properties of an object, by name: each another thing that a schema, or a name, may ask for."""

KNOWN = [
    {"thing_id": 71, "area": "north", "likes": 3},
    {"thing_id": 72, "area": "north", "likes": 5},
]
"""The rows that the page of `shape_known` would show."""
ONE = {"code": "c1", "n": 17}
"""What the page of `shape_one` would show."""
_ENVELOPE = {"code": 0, "message": "success"}


def shapes() -> Specification:
    """The specification."""
    listed = {"owner": _TEXT, "thing_id": _TEXT, "kind": _TEXT, "likes": _WHOLE, "rank": _WHOLE}
    thing = _object({"thing_id": _TEXT, "likes": _WHOLE})
    node = _object({"depth": _WHOLE, "inner": {"$ref": "#/components/schemas/Node"}})
    error = _object({"code": _WHOLE, "message": _TEXT, "data": {"nullable": True}, "hint": _TEXT})
    plain = {"type": "integer", "minimum": 1}
    paths = {
        "/shapes/list": _operation(
            "get",
            "shape_list",
            _rows("things", _object(listed)),
            {
                "items": "/data/things",
                "paging": {"kind": "page", "page": "page", "size": "size", "max": 5},
                "sort": {"field": "sort_by", "direction": "direction"},
                "filters": {"kind": "kind"},
                "echoes": ["owner"],
                "identity": "thing_id",
            },
            _in("query", "owner", _TEXT, required=True),
            _in("query", "kind", {"type": "string", "minLength": 1}),
            _in("query", "sort_by", _enum(likes=1, rank=2)),
            _in("query", "direction", _enum(asc=0, desc=1)),
            _in("query", "page", {**plain, "maximum": 100_000}, required=True),
            _in("query", "size", {**plain, "maximum": 5}, required=True),
        ),
        "/shapes/search": _operation(
            "post",
            "shape_search",
            _rows("things", thing, next_cursor=_TEXT, has_more={"type": "boolean"}),
            {
                "credits": 2,
                "items": "/data/things",
                "paging": {
                    "kind": "cursor",
                    "cursor": "cursor",
                    "next": "/data/next_cursor",
                    "more": "/data/has_more",
                    "size": "size",
                    "max": 20,
                },
                "identity": "thing_id",
            },
            _in("query", "lang", _TEXT),
            body={
                "type": "object",
                "required": ["keyword"],
                "properties": {
                    "keyword": {"type": "string", "minLength": 1, "pattern": "^[a-z ]+$"},
                    "cursor": _TEXT,
                    "size": {**plain, "maximum": 20},
                    "tags": {"type": "array", "items": _TEXT, "uniqueItems": True, "maxItems": 3},
                    "price": {"type": "number", "minimum": 0.5},
                    "live": {"type": "boolean"},
                    "lang": _WHOLE,
                    "options": {"type": "object"},
                },
            },
        ),
        "/shapes/{shape_id}/detail": {
            **_operation(
                "get",
                "shape_detail",
                _object({"code": _WHOLE, "message": _TEXT, "data": _object(dict(VALUES))}),
                {},
                _in(
                    "path", "shape_id", {"type": "string", "pattern": "^[0-9a-f]+$"}, required=True
                ),
                _in("header", "X-Region", {"type": "string", "enum": ["US", "GB"]}),
            ),
            **_operation(
                "delete",
                "shape_removal",
                None,
                {},
                _in("path", "shape_id", _TEXT, required=True),
                status="204",
            ),
        },
        "/shapes/details": _operation(
            "get",
            "shape_details",
            _rows("things", thing),
            {"items": "/data/things", "ids": {"ids": "thing_id"}, "identity": "thing_id"},
            {
                **_in("query", "ids", {"type": "array", "items": _TEXT}, required=True),
                "explode": False,
            },
        ),
        "/shapes/feed": _operation(
            "get",
            "shape_feed",
            _rows("things", thing, offset=_WHOLE, is_end=_WHOLE),
            {
                "items": "/data/things",
                "paging": {
                    "kind": "cursor",
                    "cursor": "offset",
                    "first": "*",
                    "next": "/data/offset",
                    "more": "/data/is_end",
                    "says": "last",
                },
                "identity": "thing_id",
            },
            _in("query", "offset", _TEXT, required=True),
            open_to_all=True,
        ),
        "/shapes/scroll": _operation(
            "get",
            "shape_scroll",
            _rows("things", thing, after={"type": "array", "items": _TEXT}),
            {
                "items": "/data/things",
                "paging": {"kind": "cursor", "cursor": "after", "next": "/data/after"},
                "identity": "thing_id",
            },
            _in("query", "after", {"type": "array", "items": _TEXT}),
        ),
        "/shapes/pages": _operation(
            "get",
            "shape_pages",
            _rows("things", thing, next_page={"type": "string", "nullable": True}),
            {
                "items": "/data/things",
                "paging": {
                    "kind": "page",
                    "page": "page",
                    "first": 0,
                    "more": "/data/next_page",
                    "says": "next",
                },
                "identity": "thing_id",
            },
            _in("query", "page", {"type": "integer", "minimum": 0}),
            _in("query", "ids", {"type": "array", "items": _WHOLE}),
        ),
        "/shapes/names": _operation(  # whose rows nothing tells apart but their text
            "get",
            "shape_names",
            _rows("things", _object({"size": {"type": "string", "enum": ["S"]}, "title": _TEXT})),
            {"items": "/data/things", "echoes": []},
            _in("query", "of", _TEXT, required=True),
        ),
        "/shapes/known": _operation(  # whose page shows some rows
            "get",
            "shape_known",
            _rows("things", _object({"thing_id": _WHOLE, "area": _TEXT, "likes": _WHOLE})),
            {
                "items": "/data/things",
                "ids": {"ids": "thing_id"},
                "echoes": ["area"],
                "filters": {"likes": "likes"},
                "identity": "thing_id",
            },
            _in("query", "area", _TEXT, required=True),
            _in("query", "likes", _WHOLE),
            _in("query", "ids", {"type": "array", "items": _TEXT}),
            example={**_ENVELOPE, "data": {"things": KNOWN}, "requestId": "7"},
        ),
        "/shapes/note": _operation(  # whose body may be left out
            "post",
            "shape_note",
            _object({"code": _WHOLE, "message": _TEXT, "data": {"nullable": True}}),
            {},
            body={"type": "object", "required": ["note"], "properties": {"note": _TEXT}},
            body_required=False,
        ),
        "/shapes/done": _operation("post", "shape_done", None, {}, status="202"),
        "/shapes/one": _operation(
            "get",
            "shape_one",
            _object(
                {"code": _WHOLE, "message": _TEXT, "data": _object({"code": _TEXT, "n": _WHOLE})}
            ),
            {"credits": 0},
            _in("query", "code", _TEXT, required=True),
            example={**_ENVELOPE, "data": ONE},
        ),
    }
    return Specification(
        {
            "openapi": "3.0.3",
            "info": {"title": "Shapes", "version": "1"},
            "servers": [{"url": "https://shapes.example"}],
            "security": [{"Key": []}],
            "paths": paths,
            "components": {
                "schemas": {"Node": node, "Error": error},
                "securitySchemes": {"Key": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _object(properties: Mapping[str, Schema]) -> dict[str, Any]:
    required = [name for name, schema in properties.items() if not schema.get("writeOnly")]
    own = [name for name in required if "$ref" not in properties[name]]
    return {"type": "object", "properties": dict(properties), "required": own}


def _rows(name: str, row: Schema, **beside: Schema) -> dict[str, Any]:
    data = _object({name: {"type": "array", "items": row}, **beside})
    return _object({"code": _WHOLE, "message": _TEXT, "data": data, "requestId": _TEXT})


def _enum(**members: int) -> dict[str, Any]:
    return {"type": "integer", "enum": [*members.values()], "x-enum-varnames": [*members]}


def _in(place: str, name: str, schema: Schema, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required, "schema": dict(schema)}


def _operation(
    method: str,
    name: str,
    answer: Schema | None,
    facts: Mapping[str, Any],
    *parameters: Mapping[str, Any],
    body: Schema | None = None,
    body_required: bool = True,
    open_to_all: bool = False,
    example: Any = None,
    status: str = "200",
) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    refusals = {status: {"description": "No", "content": error} for status in ("4XX", "429")}
    success: dict[str, Any] = {"description": "Yes"}
    if answer is not None:
        shown = {} if example is None else {"example": example}
        success["content"] = {"application/json": {"schema": answer, **shown}}
    node: dict[str, Any] = {
        "operationId": name,
        "tags": ["shape"],
        "parameters": [*parameters],
        "responses": {status: success, **refusals},
        "x-keyapi": {"credits": 1, **facts},
    }
    if body is not None:
        json_body = {"application/json": {"schema": body}}
        node["requestBody"] = {"required": body_required, "content": json_body}
    if open_to_all:
        node["security"] = []
    return {method: node}
