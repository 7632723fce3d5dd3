"""Effective specifications to try things on: the committed one, the example's, and others."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pipeline.shape import shape
from pipeline.vendor.merge import merge
from pipeline.vendor.pages import read_page
from support.pages import EXAMPLE, ROOT, page, paged, query, rows

_NAMED = re.compile(r'"#/components/schemas/([^"/]+)"')
_PAGES = (
    page(
        "/v1/tiktok/shop/list",
        method="post",
        parameters=[
            query("region", "Region code", required=True, enum=["US", "GB"]),
            query("shop_ids", "Shop ids, comma-separated, at most 10"),
            query("currency", "Currency", default="USD", minLength=3, maxLength=3),
        ],
        body={
            "type": "object",
            "required": ["keyword"],
            "properties": {
                "keyword": {"type": "string", "minLength": 1},
                "offset": {"type": "integer", "description": "Cursor"},
                "order_by": {"type": "integer", "description": "1: newest, 2: oldest"},
                "min_price": {"type": "number", "minimum": 0, "default": 0},
            },
        },
        data_schema={
            "type": "object",
            "properties": {
                "max_cursor": {"type": "integer"},
                "shops": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "shop_id": {"type": "string"},
                            "rating": {"type": "number", "minimum": 0, "maximum": 5},
                            "state": {"type": "string", "enum": ["open", "closed"]},
                            "tags": {"type": "array", "items": {"type": "string"}},
                            "owner": {
                                "type": "object",
                                "title": "Owner",
                                "nullable": True,
                                "properties": {"name": {"type": "string"}},
                            },
                        },
                    },
                },
            },
        },
        credits=2,
    ),
    page(
        "/v1/tiktok/shop/products",
        parameters=[*paged(), query("shop_id", "Shop id", required=True), query("state")],
        data_schema=rows(shop_id="string", state="string", price_amt="number"),
        example=[{"shop_id": "1", "state": "on", "price_amt": 1.5}],
    ),
    page(
        "/v1/tiktok/video/{video_id}/detail",
        parameters=[{**query("video_id", required=True), "in": "path"}],
        data_schema={"type": "object", "properties": {"video_id": {"type": "string"}}},
        example={"video_id": "1", "stats": '{"plays": 3}'},
    ),
)


LISTING = "/v1/tiktok/influencer/products/analytics"
"""Path of the example's operation with most facts: pages, a sort, a filter, an echo, JSON text."""


def committed() -> dict[str, Any]:
    """The effective specification that the shipped client was made from."""
    return _read(ROOT / "generated/keyapi_tiktok/openapi.json")


def listing() -> dict[str, Any]:
    """The example's specification, cut to one operation: see `LISTING`."""
    spec = _read(EXAMPLE / "generated/keyapi_example/openapi.json")
    paths = {LISTING: spec["paths"][LISTING]}
    schemas = spec["components"]["schemas"]
    used: dict[str, Any] = {}
    left = [paths]
    while left:
        for name in _NAMED.findall(json.dumps(left.pop())):
            if name not in used:
                used[name] = schemas[name]
                left.append(schemas[name])
    kept = {name: schema for name, schema in schemas.items() if name in used}
    return {**spec, "paths": paths, "components": {**spec["components"], "schemas": kept}}


def _read(path: Path) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return spec


def synthetic() -> dict[str, Any]:
    """Three pages through the pipeline: a POST with a body, cursor paging, enums, defaults."""
    return effective(*_PAGES)


def feed() -> dict[str, Any]:
    """One page through the pipeline: a text cursor with a flag, a size, a total, two filters."""
    return effective(
        page(
            "/v1/tiktok/video/feed",
            parameters=[
                query("author", "Author", required=True),
                query("region", "Region"),
                query("state", "State"),
                query("cursor", "Cursor"),
                query("count", "At most 20 rows", "integer"),
            ],
            data_schema={
                "type": "object",
                "properties": {
                    "total": {"type": "integer"},
                    "has_more": {"type": "boolean"},
                    "cursor": {"type": "string"},
                    "videos": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "video_id": {"type": "string"},
                                "author": {"type": "string"},
                                "region": {"type": "string"},
                                "state": {"type": "string"},
                                "play_cnt": {"type": "integer", "minimum": 0},
                            },
                        },
                    },
                },
            },
            example={
                "total": 3,
                "has_more": True,
                "cursor": "10",
                "videos": [
                    {
                        "video_id": "7000000000000000001",
                        "author": "a",
                        "region": "US",
                        "state": "on",
                        "play_cnt": 3,
                    }
                ],
            },
        )
    )


def effective(*pages: str) -> dict[str, Any]:
    """The effective specification of pages, without corrections."""
    lock: dict[str, Any] = {}
    read = [read_page(text.encode(), f"en/{index}.md") for index, text in enumerate(pages)]
    vendored = merge(read, lock, "generator 1.0")
    return shape(vendored.spec, vendored.lock).spec
