"""Details asked for by a list of ids: understood, answered and checked as such."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from conformance.clients import client_files, loaded
from keyapi import ContractViolation
from keyapi._client import SyncClient
from keyapi.conformance.cases import cases
from keyapi.contract import Contract
from keyapi.sandbox import Sandbox, SandboxRequest
from keyapi.sandbox._values import Chance, value
from keyapi.specification import Specification
from support.page_shapes import specification
from support.pages import page, paged, query, rows

WORDS = "Separated by English commas, at most 10"
ROWS = rows(shop_id="string", name="string", sale_cnt="integer")
EXAMPLE = [{"shop_id": "77", "name": "Documented", "sale_cnt": 3}]


def _page(path: str, name: str = "shop_ids", **options: Any) -> str:
    parameters = [query(name, WORDS, required=options.pop("required", True))]
    parameters += options.pop("parameters", [])
    given = {"data_schema": ROWS, "example": EXAMPLE, **options}
    return page(f"/v1/tiktok/{path}", parameters=parameters, **given)


PAGES = {
    "details.md": _page("shop/details"),
    "optional.md": _page("shop/optional", required=False),
    "paged.md": _page("shop/paged", parameters=paged()),
    "camel.md": _page(
        "shop/camel", "shopIds", data_schema=rows(shopId="string"), example=[{"shopId": "77"}]
    ),
    "listed.md": _page("shop/listed", "shop_id_list"),
    "short.md": _page("shop/short", data_schema=rows(id="integer"), example=[{"id": 77}]),
    "other.md": _page("shop/other", "video_ids"),
}
IDS = {
    "shop_details": {"shop_ids": "shop_id"},
    "shop_optional": {"shop_ids": "shop_id"},
    "shop_paged": {"shop_ids": "shop_id"},
    "shop_camel": {"shopIds": "shopId"},
    "shop_listed": {"shop_id_list": "shop_id"},
    "shop_short": {"shop_ids": "id"},
    "shop_other": {},
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return specification(PAGES)


@pytest.fixture(scope="module")
def client(document: dict[str, Any]) -> Iterator[type[SyncClient]]:
    with loaded(client_files(document)) as generated:
        yield generated


@pytest.mark.parametrize("name", IDS)
def test_a_list_of_ids_and_the_property_it_chooses_by_are_a_fact(
    document: dict[str, Any], name: str
) -> None:
    assert Specification(document).operations[name].ids == IDS[name]


def test_the_sandbox_answers_the_ids_that_are_asked_for(client: type[SyncClient]) -> None:
    with Sandbox(client).client(contract="raise") as calling:
        for method in (calling.shop.details, calling.shop.optional):
            found = method(shop_ids=["9", "77", "123"])
            assert [row.shop_id for row in found] == ["9", "77", "123"]
            assert found[1].name == "Documented"
            assert method(shop_ids=["123"]) == found[2:]
        assert [row.shop_id for row in calling.shop.listed(shop_id_list=["9"])] == ["9"]
        assert [row.id for row in calling.shop.short(shop_ids=["9", "none"])] == [9]
        assert len(calling.shop.optional()) > 1
        pages = list(calling.shop.iter_paged(shop_ids=["9", "77"]))
        assert {row.shop_id for row in pages} == {"9", "77"}
        assert len({json.dumps(row.to_dict()) for row in pages}) == len(pages)


@pytest.mark.parametrize("ids", [["9"], ["9", "10"]])
def test_a_row_that_was_not_asked_for_breaks_the_contract(
    client: type[SyncClient], ids: list[str]
) -> None:
    body = {"code": 0, "message": "success", "data": EXAMPLE, "requestId": "1"}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=body))
    with client("key", transport=transport, contract="raise") as calling:
        assert calling.shop.details(shop_ids=["9", "77"])[0].shop_id == "77"
        with pytest.raises(ContractViolation, match=r"/data/0/shop_id.* as shop_ids asks"):
            calling.shop.details(shop_ids=ids)


@pytest.mark.parametrize("name", IDS)
def test_the_suite_asks_for_the_documented_ids(document: dict[str, Any], name: str) -> None:
    operation = Specification(document).operations[name]
    for argument in operation.ids:
        assert any(case.arguments.get(argument) == ["77"] for case in cases(operation))


def test_foreign_rows_are_served_as_a_fault(
    client: type[SyncClient], document: dict[str, Any]
) -> None:
    with Sandbox(client, faults=["foreign-rows@1"]).client() as calling:
        found = calling.shop.details(shop_ids=["9", "77"])
    assert found[1].shop_id not in ("9", "77")
    content = json.dumps({"code": 0, "data": [row.to_dict() for row in found]}).encode()
    broken = Contract(document).violations(
        "shop_details", 200, content, arguments={"shop_ids": ["9", "77"]}
    )
    assert "ids" in {violation.rule for violation in broken}


def test_of_two_lists_of_ids_rows_have_one_of_each() -> None:
    both = rows(shop_id="string", owner_id="string")
    text = _page(
        "shop/both", parameters=[query("owner_ids", WORDS)], data_schema=both, example=None
    )
    sandbox = Sandbox(spec=specification({"both.md": text}))
    request = SandboxRequest(
        "GET",
        "/v1/tiktok/shop/both",
        "shop_ids=1,2&owner_ids=none",
        {"authorization": f"Bearer {sandbox.key}"},
    )
    assert sandbox.respond(request).json["data"] == []
    assert len(sandbox.respond(replace(request, query="shop_ids=1,2")).json["data"]) == 2


def test_an_id_has_the_row_that_the_list_without_ids_has(client: type[SyncClient]) -> None:
    with Sandbox(client).client(contract="raise") as calling:
        listed = calling.shop.optional()
        asked = [listed[2].shop_id, listed[1].shop_id]
        assert calling.shop.optional(shop_ids=asked) == [listed[2], listed[1]]


@pytest.mark.parametrize(("schema", "bits"), [({}, 64), ({"format": "int32"}, 32)])
def test_integer_ids_tell_rows_apart_and_fit_their_format(
    document: dict[str, Any], schema: dict[str, str], bits: int
) -> None:
    spec, whole = Specification(document), {"type": "integer", **schema}

    ids = [value(spec, whole, "music_id", 77, Chance(0, number)) for number in range(500)]

    assert len(set(ids)) == len(ids)
    assert all(0 < each < 2 ** (bits - 1) for each in ids)
