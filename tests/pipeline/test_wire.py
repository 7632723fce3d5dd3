"""What a client made of a page sends: every request is looked at on its way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import httpx

from conformance.clients import client_files, loaded
from keyapi._clients import async_twin
from support.page_shapes import specification
from support.pages import page, query

PATH = "/v1/tiktok/shop/detail"
TEXT = {"type": "string"}
OBJECT = {"type": "object", "properties": {"a": TEXT}}


@contextmanager
def client(*texts: str) -> Iterator[tuple[Any, type, list[httpx.Request]]]:
    """A client made of pages, its class, and the requests it has sent."""
    sent: list[httpx.Request] = []

    def server(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        answer = {"code": 0, "message": "success", "data": {"a": "x"}, "requestId": "1"}
        return httpx.Response(200, json=answer)

    document = specification({f"page-{number}.md": text for number, text in enumerate(texts)})
    with loaded(client_files(document)) as kind:
        transport = httpx.MockTransport(server)
        with kind("sk_wire", transport=transport, base_url="https://wire.test") as made:
            yield made, kind, sent


def test_no_key_is_sent_where_the_page_names_no_security() -> None:
    keyless = page(PATH, data_schema=OBJECT, operation={"security": []})
    other = page("/v1/tiktok/shop/list", data_schema=OBJECT)
    with client(keyless, other) as (made, kind, sent):
        made.shop.detail()
        made.shop.list()
        made.shop.detail()
        module(kind, "api.shop.shop_detail").sync(client=made)
        asyncio.run(_call_async(kind, sent))

    keys = [(request.url.path, request.headers.get("authorization")) for request in sent]
    assert keys == [
        (PATH, None),
        ("/v1/tiktok/shop/list", "Bearer sk_wire"),
        *[(PATH, None)] * 3,
    ]


async def _call_async(kind: Any, sent: list[httpx.Request]) -> None:
    def server(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"code": 0, "message": "", "data": {}, "requestId": "1"})

    transport = httpx.MockTransport(server)
    async with async_twin(kind)("sk_wire", transport=transport) as made:
        await made.shop.detail()


def module(kind: type, name: str) -> Any:
    """A module of the package that a client's class is from."""
    return import_module(f"{kind.__module__.rpartition('.')[0]}.{name}")


def test_a_page_says_for_all_its_operations_what_they_need() -> None:
    """Only one page's words for all operations can be the specification's."""
    first = page("/v1/tiktok/shop/list", data_schema=OBJECT)
    secured = page(
        PATH,
        data_schema=OBJECT,
        operation={"security": None},
        extra={"security": [{"JWT Bearer": []}]},
    )
    with client(first, secured) as (made, _, sent):
        made.shop.detail()
    assert sent[0].headers["authorization"] == "Bearer sk_wire"


def test_a_body_of_several_parts_is_sent_as_one_object_without_what_is_only_received() -> None:
    base = {
        "type": "object",
        "required": ["id", "keyword"],
        "properties": {"id": {**TEXT, "readOnly": True}, "keyword": TEXT},
    }
    body = {"allOf": [base, {"type": "object", "properties": {"count": {"type": "integer"}}}]}
    text = page(PATH, method="post", body=body, data_schema=OBJECT)
    with client(text.replace("application/json:", "application/json; charset=utf-8:")) as (
        made,
        _,
        sent,
    ):
        made.shop.detail(keyword="hat", count=3)
    assert json.loads(sent[0].content) == {"keyword": "hat", "count": 3}
    assert sent[0].headers["content-type"] == "application/json"


def test_lists_are_joined_as_the_page_says() -> None:
    lists = {"type": "array", "items": TEXT}
    styles: dict[str, dict[str, Any]] = {
        "form_list": {},
        "commas": {"explode": False},
        "pipes": {"style": "pipeDelimited"},
        "class": {"style": "spaceDelimited", "explode": False},
        "exploded": {"style": "pipeDelimited", "explode": True},
    }
    parameters = [{"name": n, "in": "query", "schema": lists, **s} for n, s in styles.items()]
    text = page(PATH, parameters=parameters, data_schema=OBJECT)
    arguments = {name: ["x", "y z"] for name in ("form_list", "commas", "pipes", "exploded")}
    with client(text) as (made, kind, sent):
        made.shop.detail(**arguments, class_=["x", "y z"])
        module(kind, "api.shop.shop_detail").sync(client=made, **arguments, class_=["x", "y z"])
    for request in sent:
        assert sorted(request.url.params.multi_items()) == [
            ("class", "x y z"),
            ("commas", "x,y z"),
            ("exploded", "x"),
            ("exploded", "y z"),
            ("form_list", "x"),
            ("form_list", "y z"),
            ("pipes", "x|y z"),
        ]


def test_members_are_sent_as_they_are_whatever_their_names() -> None:
    unit_and_operator = [query("unit", enum=["txt", "TXT"]), query("op", enum=["<", ">="])]
    text = page(PATH, parameters=unit_and_operator, data_schema=OBJECT)
    with client(text) as (made, kind, sent):
        made.shop.detail(op=module(kind, "models").Op.LT)
        unit = module(kind, "models").Unit
        made.shop.detail(unit=unit.TXT)
        made.shop.detail(unit=unit.TXT_2)
    assert sent[0].url.params["op"] == "<"
    assert [request.url.params["unit"] for request in sent[1:]] == ["txt", "TXT"]
