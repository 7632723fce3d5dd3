"""Any number of pages, seeded, in turn of every shape that KeyAPI's pages are known to have.

The shapes are those of pages that were not vendored yet, as reported: see each function. All else
(resources, columns, costs, examples) varies from page to page, as it does on the real site.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from support.pages import markdown, page, paged, query

RESOURCES = ("creator", "video", "product", "shop", "live")
Shape = Callable[[str, str, Random], str]

_SUBJECTS = (
    "sale",
    "live_sale",
    "video_sale",
    "view",
    "order",
    "fan",
    "comment",
    "share",
    "refund",
)
_MEASURES = {"cnt": "integer", "amt": "number", "rate": "number", "name": "string", "url": "string"}
_EXAMPLES: dict[str, Any] = {
    "integer": 1204,
    "number": 963.5,
    "string": "Cozy Mug",
    "boolean": True,
}


def many_pages(count: int, seed: int = 0) -> dict[str, str]:
    """Give pages by name below the site's root; the first ones of more pages are the same.

    Args:
        count: How many.
        seed: Another seed gives other columns and costs.
    """
    made = {}
    for number in range(count):
        name, shape = list(SHAPES.items())[number % len(SHAPES)]
        round_ = number // len(SHAPES)
        resource = RESOURCES[(number + round_) % len(RESOURCES)]  # each shape in each resource
        path = f"/v1/tiktok/{resource}/{name}/list{round_}"
        text = shape(path, resource, Random(f"{seed} {number}"))  # noqa: S311 - it makes up pages
        made[f"en/tiktok/{resource}/{name}-list{round_}.md"] = text
    return made


def joined(path: str, resource: str, chance: Random) -> str:
    """Ids joined by commas, at most ten of them; the numbered names of columns to sort by."""
    columns = _columns(chance, 12)
    numeric = [name for name, kind in columns.items() if kind != "string"]
    numbered = " ".join(f"{number}={name}" for number, name in enumerate(numeric, start=1))
    return page(
        path,
        parameters=[
            query(f"{resource}_id", f"Id of the {resource}", required=True),
            query("item_ids", "Ids, separated by commas, at most 10", example="17294,17295"),
            *paged(),
            query(f"{resource}_sort_field", numbered, "integer"),
            query("sort_type", "0=asc 1=desc", "integer"),
        ],
        data_schema=_list({f"{resource}_id": "string", **columns}),
        example=[{f"{resource}_id": "6813855719982466054", **_example(columns)}],
        credits=chance.choice((1, 2)),
    )


def dated(path: str, resource: str, chance: Random) -> str:
    """Days as text, `yyyy-MM-dd`, and as integers, `yyyyMMdd`."""
    columns = {"date": "string", "day": "integer", **_columns(chance, 5)}
    return page(
        path,
        parameters=[
            query(f"{resource}_id", required=True),
            query("start_date", "yyyy-MM-dd", required=True, example="2026-01-01"),
            query("end_date", "yyyy-MM-dd", format="date"),
            query("day", "yyyyMMdd", "integer", required=True, example=20260131),
        ],
        data_schema=_list(columns),
        example=[{**_example(columns), "date": "2026-01-31", "day": 20260131}],
    )


def posted(path: str, _resource: str, chance: Random) -> str:
    """A POST with both a query and a JSON body, the page number in the body."""
    columns = _columns(chance, 6)
    return page(
        path,
        method="post",
        parameters=[query("region", "Region code", required=True, enum=["US", "GB", "ID"])],
        body={
            "type": "object",
            "required": ["keyword", "page_num"],
            "properties": {
                "keyword": {"type": "string"},
                "page_num": {"type": "integer", "description": "From 1, at most 100."},
                "page_size": {"type": "integer", "description": "At most 10."},
                "order_by": {"type": "integer", "description": "1: newest, 2: oldest"},
                "region": {"type": "string", "description": "As in the query"},
                "class": {"type": "string"},
                "price": {"type": "object", "properties": {"min": {"type": "number"}}},
            },
        },
        data_schema={"type": "object", "properties": {"list": _list(columns)}},
        example={"list": [_example(columns)]},
        credits=2,
    )


def feed(path: str, resource: str, chance: Random) -> str:
    """A cursor: `offset` goes in, `max_cursor` comes out."""
    return _by_cursor(path, resource, chance, "offset", "max_cursor")


def timeline(path: str, resource: str, chance: Random) -> str:
    """A cursor: `cursor` goes in, `min_time` comes out."""
    return _by_cursor(path, resource, chance, "cursor", "min_time")


def ranked(path: str, _resource: str, chance: Random) -> str:
    """A page and a limit that are typed as text."""
    columns = _columns(chance, 8)
    return page(
        path,
        parameters=[
            query("page", "Page number, from 1", required=True, example="1"),
            query("limit", "Rows of a page, at most 20", required=True, default="20"),
            query("region"),
        ],
        data_schema=_list({"region": "string", **columns}),
        example=[{"region": "US", **_example(columns)}, {"region": "GB", **_example(columns)}],
    )


def wide(path: str, resource: str, chance: Random) -> str:
    """38 parameters, and more than a hundred properties."""
    figures = [f"{subject}_{measure}" for subject in _SUBJECTS for measure in ("cnt", "amt")]
    names = [f"{end}_{figure}" for end in ("min", "max") for figure in figures[:16]]
    columns = _columns(chance, 40)
    nested = {f"{period}_day": _columns(chance, 20) for period in ("one", "seven", "thirty", "all")}
    properties = {
        **_typed({f"{resource}_id": "string", "region": "string", **columns}),
        **{name: {"type": "object", "properties": _typed(kinds)} for name, kinds in nested.items()},
    }
    row = {name: _example(kinds) for name, kinds in nested.items()}
    shown = {f"{resource}_id": "6813855719982466054", "region": "US", **_example(columns), **row}
    return page(
        path,
        parameters=[
            *paged(),
            query(f"{resource}_id"),
            query("region"),
            query("keyword", "Words to look for"),
            query("is_new", "Only new ones", "boolean"),
            *(query(name, "Between 0 and 100,000", "number", minimum=0) for name in names),
        ],
        data_schema={"type": "array", "items": {"type": "object", "properties": properties}},
        example=[shown],
        credits=5,
    )


def undescribed(path: str, _resource: str, chance: Random) -> str:
    """A schema without properties beside a full example."""
    return page(
        path,
        parameters=[query("keyword", required=True)],
        data_schema={"type": "object", "properties": {}},
        example={
            "total": 3,
            "best": _example(_columns(chance, 4)),
            "list": [_example(_columns(chance, 6))],
            "empty": [],
        },
    )


def nulls(path: str, _resource: str, chance: Random) -> str:
    """`type: 'null'`, lists of types, `nullable` without a type, and null in the example."""
    columns = _columns(chance, 4)
    properties = {
        **_typed(columns),
        "nothing": {"type": "null"},
        "either": {"type": ["string", "null"]},
        "anything": {"nullable": True},
        "owner": {
            "anyOf": [
                {"type": "null"},
                {"type": "object", "properties": {"name": {"type": "string"}}},
            ]
        },
    }
    example = {**_example(columns), "nothing": None, "either": None, "anything": 3, "owner": None}
    return page(
        path,
        parameters=paged(),
        data_schema={"type": "array", "items": {"type": "object", "properties": properties}},
        example=[example, {**example, "either": "x", "owner": {"name": "x"}}],
    )


def anchored(path: str, resource: str, chance: Random) -> str:
    """Anchors and aliases of YAML, and a parameter in the path."""
    properties = ", ".join(f"{name}: *{kind}" for name, kind in _columns(chance, 8).items())
    path = f"{path}/{{{resource}_id}}"
    return markdown(
        f"""
openapi: 3.0.1
info: {{title: x, version: 1.0.0}}
servers: [{{url: https://api.keyapi.ai}}]
x-kinds: [&string {{type: string}}, &integer {{type: integer}}, &number {{type: number}}]
paths:
  {path}:
    get:
      parameters:
        - {{name: {resource}_id, in: path, required: true, schema: *string}}
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema:
                type: object
                properties:
                  code: *integer
                  data: {{type: object, properties: {{{resource}_id: *string, {properties}}}}}
""",
        info=f"yaml en/tiktok.openapi.json GET {path}",
    )


def nameless(path: str, _resource: str, chance: Random) -> str:
    """No `operationId`, an empty `info.title`, no cost."""
    columns = _columns(chance, 5)
    return page(
        path,
        parameters=paged(),
        data_schema=_list(columns),
        example=[_example(columns)],
        operation={"operationId": None},
        extra={"info": {"title": ""}},
        credits=None,
    )


def titled(path: str, _resource: str, chance: Random) -> str:
    """Sentences as titles, and names of properties that no language has."""
    columns = _columns(chance, 3)
    properties = {
        **_typed(columns),
        "shop/pdp/(product_name_slug$)/(product_id)/page": {"type": "integer"},
        "名称": {"type": "string", "title": "The name, as the shop has it; may be empty."},
        "class": {"type": "string"},
        "to_dict": {"type": "boolean"},
        "7d-growth": {"type": "number"},
        "_id": {"type": "string"},
        "owner": {
            "type": "object",
            "title": "Who owns it, with name, and (maybe) more!",
            "properties": {"name": {"type": "string", "title": "Their name. Not an id."}},
        },
    }
    return page(
        path,
        parameters=[query("from", "A word of Python's"), query("self"), query("filter[region]")],
        data_schema={
            "type": "object",
            "title": "All there is.",
            "properties": properties,
        },
        example={name: _shown(schema) for name, schema in properties.items()},
    )


def chinese(path: str, _resource: str, chance: Random) -> str:
    """Chinese names of components, one that none uses, one for the publisher's tools alone."""
    schemas = {
        "商店列表": _list({"shop_id": "string", **_columns(chance, 4)}),
        "数据": {
            "type": "object",
            "properties": {"list": {"$ref": "#/components/schemas/商店列表"}},
            "x-apifox-refs": {"01": {"$ref": "#/components/schemas/Hidden"}},
        },
        "Hidden": {"type": "object", "properties": {"x": {"type": "string"}}},
        "Orphan": {"type": "object", "properties": {"x": {"type": "null"}}},
    }
    # Components of all pages are one set: one name cannot mean two things.
    suffix = "".join(chr(ord("一") + int(digit)) for digit in path.rpartition("list")[2])
    named = {f"{name}{suffix}": schema for name, schema in schemas.items()}
    named[f"数据{suffix}"]["properties"]["list"]["$ref"] += suffix
    named[f"数据{suffix}"]["x-apifox-refs"]["01"]["$ref"] += suffix
    return page(
        path,
        parameters=paged(),
        data_schema={"$ref": f"#/components/schemas/数据{suffix}"},
        extra={"components": {"schemas": named}},
    )


def texts(path: str, _resource: str, chance: Random) -> str:
    """Numbers and booleans as strings."""
    columns = dict.fromkeys(_columns(chance, 6), "string")
    return page(
        path,
        parameters=[query("is_new", "true or false"), query("min_price", "A number"), *paged()],
        data_schema=_list({"is_new": "string", **columns}),
        example=[{"is_new": "true", **dict.fromkeys(columns, "12.50")}],
    )


def unsaid(path: str, _resource: str, chance: Random) -> str:
    """Fields in the example that the schema lacks, an integer with decimals, JSON in a string."""
    columns = _columns(chance, 5)
    shown = {"cover_url": '[{"url": "https://x.example/1.jpeg", "index": 1}]', "total_amt": 1.5}
    return page(
        path,
        parameters=paged(),
        data_schema=_list({"total_amt": "integer", "cover_url": "string"}),
        example=[{**shown, **_example(columns), "tags": ["a"], "shop": {"shop_id": "1"}}],
    )


SHAPES: dict[str, Shape] = {
    shape.__name__: shape
    for shape in (
        *(joined, dated, posted, feed, timeline, ranked, wide, undescribed),
        *(nulls, anchored, nameless, titled, chinese, texts, unsaid),
    )
}
"""What a page can be like, by name."""


def _by_cursor(path: str, resource: str, chance: Random, given: str, following: str) -> str:
    columns = _columns(chance, 7)
    data = {following: {"type": "integer"}, "list": _list({f"{resource}_id": "string", **columns})}
    rows = [{f"{resource}_id": "6813855719982466054", **_example(columns)}]
    return page(
        path,
        parameters=[
            query(f"{resource}_id", required=True),
            query(given, "Where to go on; 0 at first", "integer"),
            query("count", "At most 20", "integer"),
        ],
        data_schema={"type": "object", "properties": data},
        example={following: 20, "list": rows},
    )


def _columns(chance: Random, count: int) -> dict[str, str]:
    """So many columns of a row: types by name."""
    names = [f"{subject}_{measure}" for subject in _SUBJECTS for measure in _MEASURES]
    chosen = chance.sample(names, count)
    return {name: _MEASURES[name.rpartition("_")[2]] for name in chosen}


def _typed(kinds: dict[str, str]) -> dict[str, Any]:
    return {name: {"type": kind} for name, kind in kinds.items()}


def _list(kinds: dict[str, str]) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "properties": _typed(kinds)}}


def _example(kinds: dict[str, str]) -> dict[str, Any]:
    return {name: _EXAMPLES[kind] for name, kind in kinds.items()}


def _shown(schema: dict[str, Any]) -> Any:
    if "properties" in schema:
        return {name: _shown(child) for name, child in schema["properties"].items()}
    return _EXAMPLES[schema["type"]]
