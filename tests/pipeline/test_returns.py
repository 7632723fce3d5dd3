"""What the methods of a generated client return: the type that the page documents, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from conformance.clients import client_files, loaded
from keyapi import InvalidResponse, KeyAPIError
from keyapi._client import SyncClient
from keyapi._clients import Method, methods
from keyapi.sandbox import Sandbox
from pipeline.cli import ROOT
from pipeline.generate.package import verify
from support.page_shapes import specification
from support.pages import page, paged, query, rows

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
ROW = rows(title="string", sale_cnt="integer")["items"]
MAP = {"type": "object", "additionalProperties": ROW}
# By path, the schema and example of the data, and what the method returns.
DATA: dict[str, tuple[dict[str, Any], Any, str]] = {
    "scalar/text": (TEXT, None, "str"),
    "scalar/shown": ({}, "US", "str"),
    "scalar/whole": (WHOLE, 7, "int"),
    "scalar/decimal": ({"type": "number"}, 1.5, "float"),
    "scalar/yes": ({"type": "boolean"}, True, "bool"),
    "scalar/maybe": ({**TEXT, "nullable": True}, None, "str | None"),
    "lists/texts": ({"type": "array", "items": TEXT}, ["a"], "list[str]"),
    "lists/shown": ({}, [[1, 2], [3]], "list[list[int]]"),
    "lists/nested": ({"type": "array", "items": {"type": "array", "items": ROW}}, None,
                     "list[list[ListsNestedItem]]"),
    "lists/maybe": ({"type": "array", "items": ROW, "nullable": True}, None,
                    "list[ListsMaybeItem] | None"),
    "lists/gaps": ({"type": "array", "items": {**ROW, "nullable": True}}, None,
                   "list[ListsGapsItem | None]"),
    "named/list": ({"type": "array", "items": TEXT}, ["a"], "builtins.list[str]"),
    "maps/rows": (MAP, {"a": {"title": "x", "sale_cnt": 1}}, "dict[str, MapsRowsItem]"),
    "maps/shown": ({}, {"1729": {"title": "x"}}, "dict[str, MapsShownItem]"),
    "maps/numbers": ({}, {"US": 1, "GB": 2}, "dict[str, int]"),
    "maps/lists": ({"type": "object", "additionalProperties": {"type": "array", "items": ROW}},
                   None, "dict[str, list[MapsListsItem]]"),
    "maps/maps": ({"type": "object", "additionalProperties": MAP}, None,
                  "dict[str, dict[str, MapsMapsItem]]"),
    "maps/maybe": ({**MAP, "nullable": True}, None, "dict[str, MapsMaybeItem] | None"),
    "one/object": (ROW, None, "OneObjectData"),
    "one/maybe": ({**ROW, "nullable": True}, None, "OneMaybeData | None"),
    "one/either": ({"anyOf": [ROW, rows(other="string")["items"]]}, None, "Any"),
    "one/kind": ({"oneOf": [ROW, TEXT]}, None, "Any"),
    "one/unknown": ({}, None, "Any"),
    "inner/maps": ({"type": "object", "properties": {
        "shops": MAP,
        "counts": {"type": "object", "additionalProperties": WHOLE},
        "lists": {"type": "array", "items": MAP},
        "maybe": {**MAP, "nullable": True},
    }}, None, "InnerMapsData"),
}  # fmt: skip
PAGES = {
    **{
        f"{path.replace('/', '-')}.md": page(
            f"/v1/tiktok/{path}", parameters=[query("data")], data_schema=schema, example=example
        )
        for path, (schema, example, _) in DATA.items()
    },
    "pages-maybe.md": page(
        "/v1/tiktok/pages/maybe",
        parameters=paged(),
        data_schema={"type": "array", "items": ROW, "nullable": True},
    ),
    "pages-gaps.md": page(
        "/v1/tiktok/pages/gaps",
        parameters=paged(),
        data_schema={"type": "array", "items": {**ROW, "nullable": True}},
    ),
    "gone.md": page(
        "/v1/tiktok/gone/all",
        method="delete",
        operation={"responses": {"200": None, "204": {"description": "Deleted"}}},
    ),
    "range.md": page("/v1/tiktok/range/all", data_schema=TEXT, example="a").replace(
        "'200':", "2XX:"
    ),
}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return client_files(specification(PAGES))


@pytest.fixture(scope="module")
def client(files: dict[str, bytes]) -> Iterator[type[SyncClient]]:
    with loaded(files) as generated:
        yield generated


def _method(client: type[SyncClient], path: str) -> Method:
    name = path.replace("/", "_")
    return next(m for m in methods(client) if m.operation.name == name and m.kind != "iterate")


def _call(client: type[SyncClient], path: str, data: Any, *, contract: Any = "raise") -> Any:
    body = {"code": 0, "message": "success", "data": data, "requestId": "1"}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=body))
    with client("key", transport=transport, contract=contract, max_retries=0) as calling:
        return _method(client, path).on(calling)()


@pytest.mark.parametrize("path", DATA)
def test_a_method_returns_what_the_page_documents(client: type[SyncClient], path: str) -> None:
    assert _method(client, path).function.__annotations__["return"] == DATA[path][2]


def test_a_row_that_may_be_null_is_none(client: type[SyncClient]) -> None:
    found = _call(client, "lists/gaps", [ONE, None])
    assert (found[0].to_dict(), found[1]) == (ONE, None)
    with pytest.raises(InvalidResponse, match="/data/1 is NoneType, not a row"):
        _call(client, "lists/maybe", [ONE, None], contract="off")

    page_method = _method(client, "pages/gaps").function
    assert page_method.__annotations__["return"] == "Page[PagesGapsItem | None, int]"
    bodies = iter([[ONE, *[None] * 9], [None] * 10, [None, ONE]])
    transport = httpx.MockTransport(
        lambda request: httpx.Response(
            200, json={"code": 0, "message": "", "data": next(bodies), "requestId": "1"}
        )
    )
    with client("key", transport=transport, contract="raise") as calling:
        iterate = next(m for m in methods(client) if m.name == "iter_gaps")
        rows = list(iterate.on(calling)())
    assert [row and row.to_dict() for row in rows] == [ONE, *[None] * 20, ONE]


def test_all_of_it_passes_mypy(files: dict[str, bytes]) -> None:
    verify({f"keyapi_returns/{name}": content for name, content in files.items()}, ROOT / "src")


def test_a_map_has_no_class_of_its_own(files: dict[str, bytes]) -> None:
    models = {name for name in files if name.startswith("models/")}
    assert "models/inner_maps_shop.py" in models
    assert not {name for name in models if "1729" in name or "shops" in name or "counts" in name}


@pytest.mark.parametrize("path", DATA)
def test_the_sandbox_and_the_pages_own_example_are_taken(
    client: type[SyncClient], path: str
) -> None:
    if DATA[path][1] is not None:
        _call(client, path, DATA[path][1])
    with Sandbox(client).client(contract="raise") as calling:
        _method(client, path).on(calling)()


ONE = {"title": "x", "sale_cnt": 1}


def test_objects_in_lists_and_maps_are_of_their_class(client: type[SyncClient]) -> None:
    assert _call(client, "maps/rows", {"a": ONE})["a"].sale_cnt == 1
    assert _call(client, "maps/lists", {"a": [ONE]})["a"][0].title == "x"
    assert _call(client, "maps/maps", {"a": {"b": ONE}})["a"]["b"].title == "x"
    assert _call(client, "lists/nested", [[ONE], []])[0][0].title == "x"
    inner = {"shops": {"a": ONE}, "lists": [{"b": ONE}], "counts": {"c": 1}, "maybe": None}
    found = _call(client, "inner/maps", inner)
    assert found.shops["a"].title == found.lists[0]["b"].title == "x"
    assert (found.counts, found.maybe) == ({"c": 1}, None)
    assert found.to_dict() == inner


@pytest.mark.parametrize(
    "path", ["scalar/maybe", "lists/maybe", "maps/maybe", "one/maybe", "one/either"]
)
def test_data_that_may_be_null_is_none(client: type[SyncClient], path: str) -> None:
    assert _call(client, path, None, contract="off") is None


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("scalar/text", None),
        ("scalar/text", 7),
        ("scalar/whole", True),
        ("scalar/whole", "7"),
        ("scalar/yes", 1),
        ("scalar/maybe", {}),
        ("lists/texts", None),
        ("lists/texts", {}),
        ("lists/maybe", {}),
        ("lists/maybe", [None]),
        ("maps/rows", []),
        ("one/maybe", []),
        ("pages/maybe", {}),
    ],
)
def test_data_of_another_type_is_an_error(client: type[SyncClient], path: str, data: Any) -> None:
    with pytest.raises(InvalidResponse, match="/data"):
        _call(client, path, data, contract="off")


def test_a_null_list_that_is_documented_is_an_empty_page(client: type[SyncClient]) -> None:
    found = _call(client, "pages/maybe", None)
    assert (list(found), found.next) == ([], None)


@pytest.mark.parametrize("path", ["lists/maybe", "one/maybe", "pages/maybe", "scalar/maybe"])
def test_missing_data_is_no_null(client: type[SyncClient], path: str) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"code": 0}))
    with (
        client("key", transport=transport, max_retries=0) as calling,
        pytest.raises(InvalidResponse, match="/data"),
    ):
        _method(client, path).on(calling)()


def test_a_response_without_content_returns_none(client: type[SyncClient]) -> None:
    method = _method(client, "gone/all")
    assert method.function.__annotations__["return"] == "None"
    transport = httpx.MockTransport(lambda request: httpx.Response(204))
    for options in ({}, {"transport": transport}):
        with Sandbox(client).client(contract="raise", **options) as calling:
            assert method.on(calling)() is None
    empty = httpx.MockTransport(lambda request: httpx.Response(200))
    with client("key", transport=empty, max_retries=0) as calling, pytest.raises(KeyAPIError):
        method.on(calling)()
    with client("key", transport=transport, max_retries=0) as calling, pytest.raises(KeyAPIError):
        _method(client, "scalar/text").on(calling)()


def test_a_range_of_statuses_documents_each(client: type[SyncClient]) -> None:
    assert _call(client, "range/all", "a") == "a"
    with pytest.raises(KeyAPIError, match="breaks the specification"):
        _call(client, "range/all", 1)
