"""Pages of every shape that KeyAPI's are known to have, and the specification they give."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pipeline.project import Project
from pipeline.vendor.merge import merge
from pipeline.vendor.pages import read_page
from support.pages import LISTING_NAME, LISTING_PAGE, markdown, page, paged, query, rows
from support.specs import EXAMPLE

# One page for each shape that KeyAPI's other pages are known to have.
ZOO = {
    "shop-list.md": page(
        "/v1/tiktok/shop/list",
        method="post",
        parameters=[
            query("region", "Region code", required=True),
            query("shop_ids", "Shop ids, comma-separated, at most 10"),
            query("from", "A Python keyword"),
        ],
        body={
            "type": "object",
            "required": ["keyword"],
            "properties": {
                "keyword": {"type": "string"},
                "offset": {"type": "integer", "description": "Cursor"},
                "order_by": {"type": "integer", "description": "1: newest, 2: oldest"},
                "class": {"type": "string"},
                "region": {"type": "string", "description": "As in the query"},
            },
        },
        data_schema={
            "type": "object",
            "properties": {
                "max_cursor": {"type": "integer"},
                "shops": {"$ref": "#/components/schemas/商店列表"},
            },
        },
        extra={
            "components": {
                "schemas": {
                    "商店列表": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "shop_id": {"type": "string"},
                                "class": {"type": "string"},
                                "to_dict": {"type": "boolean"},
                                "field": {"type": "string"},
                                "名称": {"type": "string"},
                                "shop/pdp/(product_name_slug$)/(product_id)/page": {
                                    "type": "integer"
                                },
                                "nothing": {"type": "null"},
                                "owner": {
                                    "type": "object",
                                    "title": "The owner, with punctuation.",
                                    "properties": {"name": {"type": "string"}},
                                },
                            },
                        },
                    },
                    "Orphan": {"type": "object", "properties": {"x": {"type": "string"}}},
                }
            }
        },
    ),
    "shop-many.md": page(
        "/v1/tiktok/shop/many",
        data_schema=rows(shop_id="string"),
        example=[{"shop_id": "1", "extra_amt": 1.5}],
    ),
    "video-feed.md": page(
        "/v1/tiktok/video/feed",
        parameters=[query("page", "Page"), query("limit", "At most 20 rows")],
        data_schema={},
        example={
            "total": 3,
            "videos": [
                {"video_id": "1", "stats": '{"plays": 3}', "tags": ["a"]},
                {"video_id": "2", "stats": "{}", "tags": []},
            ],
        },
        operation={"operationId": None},
        extra={"info": {"title": ""}},
    ),
    "typed.md": page(
        "/v1/tiktok/video/typed",
        data_schema={
            "type": "object",
            "properties": {
                "state": {"type": "string", "enum": ["on", "off"]},
                "level": {"type": "integer", "enum": [1, 2], "nullable": True},
                "states": {"type": "array", "items": {"type": "string", "enum": ["on", "off"]}},
                "author": {
                    "type": "object",
                    "nullable": True,
                    "properties": {"name": {"type": "string"}},
                },
                "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            },
        },
        example={
            "state": "on",
            "level": 1,
            "author": None,
            'x"""; raise SystemExit(3) #': 1,
            "json": '{"\\"\\"\\"}; raise SystemExit(4) #": {"a": 1}}',
        },
    ),
    "close.md": page(
        "/v1/tiktok/close/list", parameters=[query("params"), query("client"), query("import")]
    ),
    "search.md": page(
        "/v1/tiktok/search",
        parameters=[query("q", "Words", required=True), query("self", "A name Python uses")],
        data_schema={"type": "object", "properties": {}},
        example={"hits": 3, "best": {"title": "x"}},
    ),
    "analytics-post.md": page(
        "/v1/tiktok/influencer/products/analytics",
        method="post",
        parameters=paged(),
        data_schema=rows(product_id="string"),
    ),
    "anchored.md": markdown(
        """
openapi: 3.0.1
info: {title: x, version: 1.0.0}
servers: [{url: https://api.keyapi.ai}]
paths:
  /v1/tiktok/product/{product_id}/detail:
    get:
      parameters:
        - {name: product_id, in: path, required: true, schema: &text {type: string}}
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema:
                type: object
                properties:
                  code: {type: integer}
                  data: {type: object, properties: {product_id: *text, name: *text}}
""",
        info="yaml en/tiktok.openapi.json GET /v1/tiktok/product/{product_id}/detail",
    ),
}


@cache
def zoo_specification() -> dict[str, Any]:
    """The effective specification of the example's list of products and all these."""
    return specification(ZOO)


def specification(texts: Mapping[str, str]) -> dict[str, Any]:
    """The effective specification of the example's list of products and others, by file name."""
    named = {f"en/tiktok/{name}": text.encode() for name, text in texts.items()}
    contents = {LISTING_NAME: LISTING_PAGE.read_bytes(), **named}
    pages = [read_page(content, name) for name, content in contents.items()]
    return Project(EXAMPLE).effective(merge(pages, {}, "generator 1.0")).spec
