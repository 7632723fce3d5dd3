"""Small documentation pages, written like KeyAPI's: a credit badge, then one specification block.

    page("/v1/tiktok/video/detail", parameters=[query("video_id", required=True)], credits=2)

Whatever the arguments do not cover is merged into the document with `extra`, or written as YAML by
hand and wrapped with `markdown`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
REAL_NAME = "en/tiktok/influencer/products-analytics.md"
REAL_PAGE = ROOT / "openapi" / "pages" / REAL_NAME
"""The page that KeyAPI published: only for tests marked `published`."""
EXAMPLE = ROOT / "tests/support/example"
"""A project of its own, made of pages of every shape; `keyapi_example` is its client."""
LISTING_NAME = "en/tiktok/influencer/products-analytics.md"
LISTING_PAGE = EXAMPLE / "openapi/pages" / LISTING_NAME
"""The example's page with most facts: pages, a sort, a filter, an echo, JSON text."""

SPEC_FILE = "en/tiktok.openapi.json"
SPEC = "openapi/tiktok.openapi.yaml"
OVERLAY = "openapi/tiktok.overlay.yaml"
SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "API key for authentication. Format: `sk_live_xxxxxxxxxxxxx`\n"
    "Get your API key from the [Dashboard](http://keyapi.ai/app/dashboard).",
}
"""The security scheme as every page has it."""

_HEADER = """\
> ## Documentation Index
> Fetch the complete documentation index at: https://docs.keyapi.ai/llms.txt

# {title}
"""
_BADGE = """
<div className="inline-flex items-center gap-2 px-4 py-2 bg-yellow-50 rounded-lg">
  <span className="text-base">🪙</span>
  <span className="text-sm font-medium text-yellow-900"><span className="font-semibold">{cost}\
</span><span className="text-yellow-700 ml-1">per request</span></span>
</div>
"""
_ERRORS = {400: "Bad Request", 401: "Unauthorized", 402: "Payment Required"}


def page(
    path: str,
    *,
    method: str = "get",
    parameters: list[dict[str, Any]] | None = None,
    data_schema: dict[str, Any] | None = None,
    example: Any = None,
    credits: int | None = 1,  # noqa: A002 - the page's own word
    body: dict[str, Any] | None = None,
    operation: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
    title: str = "A page",
) -> str:
    """Write a page that documents one operation.

    Args:
        path: URL path, such as `/v1/tiktok/video/detail`.
        method: HTTP method, in lower case.
        parameters: Parameter objects; see `query`.
        data_schema: Schema of the success envelope's `data`; empty by default.
        example: The `data` of the published example; None for no example.
        credits: What the header's badge says; None for no badge.
        body: Schema of the JSON request body; None for no body.
        operation: Merged into the operation object; a value of None drops the field.
        extra: Merged into the whole document; a value of None drops the field.
        title: The page's heading.
    """
    block = document(
        path,
        method=method,
        parameters=parameters,
        data_schema=data_schema,
        example=example,
        body=body,
        operation=operation,
        extra=extra,
    )
    return markdown(
        written(block),
        info=f"yaml {SPEC_FILE} {method.upper()} {path}",
        credits=credits,
        title=title,
    )


def written(block: Any) -> str:
    """The YAML of a specification block; libyaml writes it five times as fast as Python."""
    return yaml.dump(block, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)


def document(
    path: str,
    *,
    method: str = "get",
    parameters: list[dict[str, Any]] | None = None,
    data_schema: dict[str, Any] | None = None,
    example: Any = None,
    body: dict[str, Any] | None = None,
    operation: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The OpenAPI document in the block of the page that `page` writes."""
    node: dict[str, Any] = {
        "tags": ["TikTok"],
        "summary": "An operation",
        "operationId": "get_api_v3_anything",
        "parameters": parameters or [],
        "responses": {
            "200": _answer("Success", envelope(data_schema or {}, example)),
            **{
                str(status): _answer(
                    text,
                    {
                        "type": "object",
                        "example": {"code": status, "data": None, "message": text},
                    },
                )
                for status, text in _ERRORS.items()
            },
        },
        "security": [{"JWT Bearer": []}],
    }
    if body is not None:
        node["requestBody"] = {"content": {"application/json": {"schema": body}}}
    block: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": {"title": "TikTok API", "version": "1.0.0"},
        "servers": [{"url": "https://api.keyapi.ai"}],
        "security": [],
        "tags": [{"name": "TikTok"}],
        "paths": {path: {method: merged(node, operation or {})}},
        "components": {"securitySchemes": {"JWT Bearer": SCHEME}},
    }
    return merged(block, extra or {})


def envelope(data_schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    """Schema of a success answer around its `data`, with the example inside as KeyAPI has it."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "code": {"type": "integer"},
            "message": {"type": "string"},
            "data": data_schema,
            "requestId": {"type": "string"},
        },
        "required": ["code", "message", "data", "requestId"],
    }
    if example is not None:
        schema["example"] = {
            "code": 0,
            "message": "success",
            "data": example,
            "requestId": "b6a5f64d-d987-43a2-82c7-baad9131b17a",
        }
    return schema


def query(
    name: str, description: str = "", kind: str = "string", *, required: bool = False, **schema: Any
) -> dict[str, Any]:
    """A query parameter of type `kind`; further arguments go into its schema."""
    parameter: dict[str, Any] = {"name": name, "in": "query", "required": required}
    if description:
        parameter["description"] = description
    return {**parameter, "schema": {"type": kind, **schema}}


def paged() -> list[dict[str, Any]]:
    """The paging parameters of most pages."""
    return [
        query("page_num", "Page numbers start from 1.", "integer", required=True),
        query("page_size", "At most 10.", "integer", required=True),
    ]


def rows(**properties: str) -> dict[str, Any]:
    """Schema of a list of objects, from property names to types: `rows(video_id="string")`."""
    return {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {name: {"type": kind} for name, kind in properties.items()},
        },
    }


def markdown(
    block: str,
    *,
    info: str = f"yaml {SPEC_FILE} GET /v1/tiktok/video/detail",
    credits: int | None = 1,  # noqa: A002 - the page's own word
    title: str = "A page",
    fence: str = "````",
) -> str:
    """Write a page around the YAML text of a specification block."""
    badge = ""
    if credits is not None:
        badge = _BADGE.format(cost=f"{credits} credit{'' if credits == 1 else 's'}")
    return f"{_HEADER.format(title=title)}{badge}\n## OpenAPI\n\n{fence}{info}\n{block}\n{fence}\n"


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Merge objects recursively; a new value of None drops the field."""
    result = {key: value for key, value in old.items() if new.get(key, key) is not None}
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            result[key] = merged(old[key], value)
        elif value is not None:
            result[key] = value
    return result


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
