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


def test_members_that_differ_in_case_are_sent_as_they_are() -> None:
    text = page(PATH, parameters=[query("unit", enum=["txt", "TXT"])], data_schema=OBJECT)
    with client(text) as (made, kind, sent):
        unit = module(kind, "models").Unit
        made.shop.detail(unit=unit.TXT)
        made.shop.detail(unit=unit.TXT_2)
    assert [request.url.params["unit"] for request in sent] == ["txt", "TXT"]
