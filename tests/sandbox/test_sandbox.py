"""The sandbox beyond the golden cases: accounts, data, faults, another page, and a real port."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from keyapi import (
    ConfigurationError,
    InsufficientCredits,
    InvalidResponse,
    KeyAPIError,
    RateLimited,
    ServerError,
    TransportError,
)
from keyapi.contract import Contract
from keyapi.sandbox import FAULTS, Sandbox, SandboxRequest
from keyapi.sandbox._schedule import scheduled
from keyapi.sandbox.faults import Exchange
from support.clocks import FakeClock, clocked
from support.page_shapes import ZOO, specification, zoo_specification
from support.pages import page, paged, query, rows

PATH = "/v1/tiktok/influencer/products/analytics"
USER = "6813855719982466054"
FEW = "8"  # has fewer products than a page
QUERY = f"user_id={USER}&page_num=1&page_size=10"
HEADERS = {"authorization": "Bearer sk_sandbox_0000"}


def asked(query: str = QUERY, **other: Any) -> SandboxRequest:
    return SandboxRequest(
        **{"method": "GET", "path": PATH, "query": query, "headers": HEADERS, **other}
    )


# --- Keys -------------------------------------------------------------------------------------


def test_a_key_is_asked_for_only_where_the_specification_does() -> None:
    spec = json.loads(json.dumps(dict(Sandbox().spec.document)))
    path = spec["paths"][PATH]
    statuses = []
    for security in (path["get"].pop("security"), None, []):
        spec["security"] = security
        statuses.append(Sandbox(spec=spec).respond(asked(headers={})).status)
    assert statuses == [401, 200, 200]


# --- Accounts ---------------------------------------------------------------------------------


def test_only_answers_are_charged() -> None:
    sandbox = Sandbox(credits=2, faults=["html-502@6"])
    for request in (
        asked(headers={}),
        asked("page_num=0"),
        asked(method="POST"),
        asked(path="/v1/tiktok/nothing"),
        asked(),
        asked(),
        asked(),
        asked(),
    ):
        sandbox.respond(request)
    entries = [(entry.status, entry.charged) for entry in sandbox.ledger.requests]
    refused = [(401, 0), (400, 0), (405, 0), (404, 0)]
    assert entries == [*refused, (200, 1), (502, 0), (200, 1), (402, 0)]
    assert sandbox.ledger.as_dict() == {"charged": 2, "credits_left": 0, "requests": 8}


def test_requests_come_again_once_a_second_has_passed() -> None:
    times = iter((0.0, 0.0, 0.0, 0.5, 0.5, 0.9, 0.9, 1.0, 1.0, 1.2, 1.2, 1.5, 1.5))
    sandbox = Sandbox(qps=2, retry_after=7, clock=lambda: next(times))
    statuses = []
    for _ in range(6):
        reply = sandbox.respond(asked())
        statuses.append(reply.status)
        assert reply.headers.get("retry-after") == ("7" if reply.status == 429 else None)
    assert statuses == [200, 200, 429, 200, 429, 200]
    assert sandbox.ledger.charged == 4


def test_threads_are_charged_exactly() -> None:
    sandbox = Sandbox(credits=50)
    with ThreadPoolExecutor(20) as threads:
        statuses = Counter(threads.map(lambda _: sandbox.respond(asked()).status, range(200)))
    assert statuses == {200: 50, 402: 150}
    assert sandbox.ledger.charged == 50


def test_strict_refuses_what_the_api_ignores() -> None:
    assert Sandbox().respond(asked(f"{QUERY}&order=desc")).status == 200
    reply = Sandbox(strict=True).respond(asked(f"{QUERY}&order=desc"))
    assert (reply.status, reply.json["message"]) == (400, "Unknown parameter: order")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (f"{QUERY}&page_num=2", "Repeated parameter: page_num"),
        (f"{QUERY}&category_id=", "Empty parameter: category_id"),
        ("user_id=&page_num=1&page_size=10", "Empty required parameter: user_id"),
        (f"{QUERY}&sort_type=1.0", "Invalid parameter: sort_type ('1.0': "),
        (f"{QUERY}&sort_type={'9' * 5000}", f"Invalid parameter: sort_type ('{'9' * 40}…': "),
    ],
)
def test_a_bad_parameter_is_named(query: str, message: str) -> None:
    reply = Sandbox().respond(asked(query))
    assert reply.status == 400
    assert reply.json["message"].startswith(message)


# --- Data -------------------------------------------------------------------------------------


def test_a_seed_gives_the_same_data_everywhere() -> None:
    def digest(**options: Any) -> str:
        sandbox = Sandbox(**options)
        bodies = [
            sandbox.respond(asked(f"user_id={user}&page_num={number}&page_size=10")).body
            for user in ("1", USER)
            for number in (1, 2, 3)
        ]
        return hashlib.sha256(b"".join(bodies)).hexdigest()[:16]

    assert digest() == digest(seed=0) == "4217709ebb1d2e7a"
    assert digest(seed=1) != digest()


def test_creators_have_none_to_several_hundred_products() -> None:
    catalogue = Sandbox()._service.catalogue
    counts = [catalogue._count("influencer_products_analytics", (str(n),)) for n in range(500)]
    assert min(counts) == 0
    assert 300 < max(counts) <= 400
    assert 50 < sorted(counts)[250] < 150
    (row,) = Sandbox().respond(asked("user_id=8&page_num=1&page_size=1")).json["data"]
    assert row["user_id"] == "8"


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from keyapi.sandbox import _catalogue, _ledger

    monkeypatch.setattr(_catalogue, "_SUBJECTS_KEPT", 2)
    monkeypatch.setattr(_catalogue, "_VIEWS_KEPT", 2)
    monkeypatch.setattr(_ledger, "_KEPT", 2)
    sandbox = Sandbox()
    for user in range(5):
        sandbox.respond(asked(f"user_id={user}&page_num=1&page_size=1"))
    catalogue = sandbox._service.catalogue
    for cache in (catalogue._view, catalogue._subject_rows, catalogue._subject_envelope):
        assert cache.cache_info().currsize == 2
    assert [entry.number for entry in sandbox.ledger.requests] == [4, 5]
    assert sandbox.ledger.count == sandbox.ledger.charged == 5


SCHEMAS = {
    "on": {"type": "boolean"},
    "state": {"type": "string", "enum": ["a", None, "b"], "nullable": True},
    "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    "both": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}}},
            {"type": "object", "properties": {"b": {"type": "string"}}},
        ]
    },
    "narrow": {"allOf": [{"type": "string"}]},
    "create_time": {"type": "integer"},
    "data_date": {"type": "integer"},
    "day": {"type": "string"},
    "updated": {"type": "string", "format": "date-time"},
    "growth_rate": {"type": "number"},
    "price_amt": {"type": "integer"},
    "plays": {"type": "number"},
    "rank": {"type": "integer", "minimum": 1, "maximum": 5},
    "region": {"type": "string"},
    "shop_id": {"type": "string"},
    "avatar": {"type": "string"},
    "remark": {"type": "string"},
    "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
    "text": {"type": "string", "x-keyapi": {"json": True}},
    "images": {
        "type": "string",
        "x-keyapi": {
            "json": True,
            "decoded": {
                "type": "array",
                "items": {"type": "object", "properties": {"index": {"type": "integer"}}},
            },
            "order": "index",
        },
    },
    "parent": {"$ref": "#/components/schemas/Node"},
    "anything": {},
}


def test_values_fit_their_schema_and_name() -> None:
    import re

    import jsonschema_rs

    from keyapi.contract import json_schema
    from keyapi.sandbox._values import Chance, value
    from keyapi.specification import Specification

    node = {"type": "object", "properties": SCHEMAS, "required": ["parent", "on"]}
    node["required"] = ["on"]
    document = {"paths": {}, "components": {"schemas": {"Node": node}}}
    spec = Specification(document)
    validator = jsonschema_rs.Draft4Validator(json_schema(document, node))
    rows = [value(spec, node, "node", None, Chance(n)) for n in range(50)]
    for row in rows:
        validator.validate(row)
        assert re.fullmatch("[0-9]{19}", row["shop_id"])
        assert re.fullmatch("20[0-9]{2}-[0-9]{2}-[0-9]{2}", row["day"])
        assert 20250101 < row["data_date"] < 20260201
        assert len(row["tags"]) >= 2
        indices = [image["index"] for image in json.loads(row["images"])]
        assert sorted(indices) == list(range(len(indices)))
        assert 0 <= row["growth_rate"] <= 1
        assert row["both"].keys() == {"a", "b"}
    assert {row["state"] for row in rows} == {"a", "b"}
    assert {row["on"] for row in rows} == {True, False}


# --- Faults -----------------------------------------------------------------------------------


def outcome(fault: str, **arguments: Any) -> Any:
    """What a client without retries gets where every answer has a fault."""
    with Sandbox(faults=[fault]).client(max_retries=0) as tiktok:
        try:
            return tiktok.influencer.products_analytics(user_id=USER, **arguments)
        except KeyAPIError as error:
            return type(error)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("html-502", ServerError),
        ("rate-limited", RateLimited),
        ("rate-limited-wait", RateLimited),
        ("quota-402", InsufficientCredits),
        ("quota-500", InsufficientCredits),
        ("error-envelope", ServerError),
        ("error-code", ServerError),
        ("undocumented-status", KeyAPIError),
        ("dropped", TransportError),
        ("truncated", InvalidResponse),
        ("wrapped", InvalidResponse),
        ("bare-list", InvalidResponse),
        ("integer-as-text/code", InvalidResponse),
        ("list-as-null", InvalidResponse),
        ("list-as-object", InvalidResponse),
    ],
)
def test_a_fault_reaches_the_client_as_its_error(fault: str, error: type[KeyAPIError]) -> None:
    assert outcome(fault) is error


DESC = {"influencer_product_sort_field": 2, "sort_type": 1}


@pytest.mark.parametrize(
    ("fault", "arguments", "seen"),
    [
        ("missing-required/data/0/user_id", {}, lambda p: p[0].user_id is None),
        ("renamed/data/0/user_id", {}, lambda p: p[0].to_dict()["user_id_v2"] == USER),
        ("extra-property/data/0/undocumented", {}, lambda p: p[0].to_dict()["undocumented"] == 1),
        ("integer-as-float/data/0/total_sale_cnt", {}, lambda p: p[0].total_sale_cnt == 943075.0),
        ("number-as-text/data/0/spu_avg_price", {}, lambda p: p[0].spu_avg_price == "14.98"),
        ("text-as-integer/data/0/product_id", {}, lambda p: type(p[0].product_id) is int),
        ("null/data/0/product_id", {}, lambda p: p[0].product_id is None),
        ("empty-list/data", {}, lambda p: len(p) == 0),
        ("empty-object/data/0", {}, lambda p: p[0].to_dict() == {}),
        ("negative-count/data/0/total_sale_cnt", {}, lambda p: p[0].total_sale_cnt == -1),
        ("huge-integer/data/0/total_sale_cnt", {}, lambda p: p[0].total_sale_cnt == 2**70 + 1),
        ("duplicate-key/data/0", {}, lambda p: p.response.text.count('"category_id"') == 11),
        ("damaged-json-text", {}, lambda p: p[0].covers == [] and p[0].cover_url),
        ("too-many-rows", {"page_size": 3}, lambda p: len(p) == 4),
        ("duplicate-rows", {}, lambda p: p[0] == p[1]),
        ("foreign-rows", {}, lambda p: p[-1].user_id != USER),
        ("filter-ignored", {"category_id": "601450"}, lambda p: p[-1].category_id == "6014501"),
        ("filter-ignored", {}, lambda p: p[-1].product_name),
        ("wrong-order", {**DESC, "page_size": 1}, lambda p: p[0].product_name),
        ("wrong-order", DESC, lambda p: p[0].total_sale_gmv_amt < p[9].total_sale_gmv_amt),
        ("html-type", {}, lambda p: p.response.headers["content-type"] == "text/html"),
        ("no-type", {}, lambda p: "content-type" not in p.response.headers),
    ],
)
def test_a_fault_is_in_its_place(fault: str, arguments: dict[str, Any], seen: Any) -> None:
    assert seen(outcome(fault, **arguments))


@pytest.mark.parametrize(("fault", "same"), [("repeated-page", 3), ("page-overlap", 1)])
def test_pages_can_overlap(fault: str, same: int) -> None:
    with Sandbox(faults=[f"{fault}@2"]).client() as tiktok:
        first, second = (
            [
                product.product_id
                for product in tiktok.influencer.products_analytics(
                    user_id=USER, page_num=number, page_size=3
                )
            ]
            for number in (1, 2)
        )
    assert len(set(first) & set(second)) == same


def test_every_fault_spoils_something_and_says_what() -> None:
    sandbox = Sandbox()
    rows = sandbox._service.catalogue.rows(
        sandbox.spec.operations["influencer_products_analytics"], {"user_id": USER}
    )
    ((category, count),) = Counter(row["category_id"] for row in rows).most_common(1)
    assert count > 4
    page_2 = f"user_id={USER}&page_num=2&page_size=2&category_id={category}&"
    page_2 += "influencer_product_sort_field=2&sort_type=1"
    good = sandbox.respond(asked(page_2))
    assert len(good.json["data"]) == 2
    harmless = {"missing-optional"}  # everything in this operation's answer is promised
    for name, fault in FAULTS.items():
        assert fault.description, name
        sandbox.faults = [name]
        spoilt = sandbox.respond(asked(page_2))
        same = (spoilt.status, spoilt.headers, spoilt.delivery) == (200, good.headers, "whole")
        assert (same and without_id(spoilt) == without_id(good)) == (name in harmless), name


def test_faults_find_every_point_in_every_operation() -> None:
    sandbox = Sandbox(spec=zoo_specification())
    for operation in sandbox.spec:
        reply = sandbox.respond(good_request(operation))
        exchange = Exchange(sandbox.spec, operation, {}, reply)
        for fault in FAULTS.values():
            mutants = list(fault.mutants(exchange))
            assert len({mutant.pointer for mutant in mutants}) == len(mutants)
            assert reply not in [mutant.reply for mutant in mutants], fault.name
        nulls = list(FAULTS["null"].mutants(exchange))
        assert {"/code"} <= {mutant.pointer for mutant in nulls}


def without_id(reply: Any) -> bytes:
    return re.sub(rb'"requestId":"[^"]*"', b"", reply.body)


def test_faults_follow_a_schedule() -> None:
    sandbox = Sandbox(faults=["html-502@2,4-5", "null/data/0/user_id@7-"])
    seen = []
    for _ in range(8):
        reply = sandbox.respond(asked())
        seen.append(reply.status if reply.status != 200 else reply.json["data"][0]["user_id"])
    assert seen == [USER, 502, USER, 502, 502, USER, None, None]
    assert sandbox.ledger.requests[1].fault == "html-502@2,4-5"
    sandbox.reset()
    assert (sandbox.faults, sandbox.ledger.count, sandbox.credits_left) == ([], 0, None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("html502", "did you mean 'html-502'"),
        ("meteor", "--list-faults lists them"),
        ("NULL", "There is no fault 'NULL'; did you mean 'null'"),
        ("", "There is no fault ''; keyapi sandbox --list-faults lists them"),
        ("html502@x", "did you mean 'html-502'"),
        ("html-502@x", "'html-502@x', 'x' is not a request number; write html-502@3, html-502@2,5"),
        ("null@", "a request number is missing; write null@3"),
        ("null@1,,2", "a request number is missing; write null@3"),
        ("null@2@3", "'2@3' is not a request number"),
        ("null/data@1,", "a request number is missing; write null/data@3"),
        ("null@0", "requests are counted from 1, not 0"),
        ("null@7-5", "7-5 ends before it starts; write null@5-7"),
    ],
)
def test_a_bad_fault_is_refused_for_what_is_wrong_with_it(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Sandbox(faults=[text])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"qps": 0}, "qps must be a whole number from 1 to 1000000000, got 0"),
        ({"latency": -0.1}, "latency must be from 0 to 300 seconds, got -0.1"),
    ],
)
def test_settings_that_no_request_survives_are_refused(
    options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        Sandbox(**options)


def test_a_client_comes_through_the_faults() -> None:
    sandbox = Sandbox(faults=["html-502@2", "truncated@4", "dropped@6"])
    with clocked(sandbox.client(), FakeClock()) as tiktok:
        found = list(tiktok.influencer.iter_products_analytics(user_id=USER, page_size=3, limit=12))
        assert tiktok.credits_spent == sandbox.ledger.count == 7
    assert len({product.product_id for product in found}) == 12


# --- Another page -----------------------------------------------------------------------------


def test_an_operation_vendored_later_is_served_with_no_code() -> None:
    sandbox = Sandbox(spec=zoo_specification())
    contract = Contract(zoo_specification())
    assert len(sandbox.spec.operations) == len(ZOO) + 1
    for operation in sandbox.spec:
        request = good_request(operation)
        reply = sandbox.respond(request)
        assert reply.status == 200, (request, reply.body)
        assert contract.violations(operation.name, 200, reply.body) == []
        keyless = sandbox.respond(replace(request, headers={}))
        assert keyless.status == (401 if operation.secured else 200)


def test_a_cursor_leads_to_the_end() -> None:
    sandbox = Sandbox(spec=zoo_specification())
    found: list[str] = []
    offset = 0
    while True:
        body = json.dumps({"keyword": "hat", "offset": offset}).encode()
        reply = sandbox.respond(
            asked("region=US", method="POST", path="/v1/tiktok/shop/list", body=body)
        )
        data = reply.json["data"]
        found += [shop["shop_id"] for shop in data["shops"]]
        offset = data["max_cursor"]
        if not offset:
            break
        assert len(data["shops"]) == 10
    assert len(set(found)) == len(found) > 10


def test_a_cursor_before_the_first_row_is_answered_with_the_first_page() -> None:
    sandbox = Sandbox(spec=zoo_specification())
    answers = []
    for offset in (0, -10, -(10**19)):
        body = json.dumps({"keyword": "hat", "offset": offset}).encode()
        request = asked("region=US", method="POST", path="/v1/tiktok/shop/list", body=body)
        answers.append(sandbox.respond(request).json["data"])
    assert answers[1] == answers[2] == answers[0]


def repeated(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A schema of rows that say that a column repeats what was asked for."""
    schema["items"]["properties"][name]["description"] = "As requested"
    return schema


def test_rows_are_not_asked_to_repeat_an_integer_that_none_holds() -> None:
    text = page(
        "/v1/tiktok/shop/sold",
        parameters=[query("sold", "Sold", "integer", required=True)],
        data_schema=repeated("sold", rows(sold="integer", shop_id="string")),
    )
    sandbox = Sandbox(spec=specification({"shop/sold.md": text}))
    replies = [
        sandbox.respond(asked(f"sold={number}", path="/v1/tiktok/shop/sold"))
        for number in (2**63 - 1, 2**63)
    ]
    assert [reply.status for reply in replies] == [200, 400]
    assert "integers of 64 bits" in replies[1].json["message"]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"body": b"[]"}, "The body is not a JSON object"),
        ({"body": b"{"}, "The body is not a JSON object"),
        ({"body": b'{"offset": NaN}'}, "The body is not a JSON object"),
        ({"body": b'{"offset": 1e999}'}, "The body is not a JSON object"),
        (
            {"body": b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}"},
            "The body is nested more than 100 levels deep",
        ),
        ({"body": b'{"keyword": 1}'}, "Invalid parameter: keyword ('1': "),
        ({"body": b'{"keyword": ""}', "query": ""}, "Missing required parameter: region"),
    ],
)
def test_a_bad_body_is_refused(other: dict[str, Any], says: str) -> None:
    sandbox = Sandbox(spec=zoo_specification())
    request = asked("region=US", method="POST", path="/v1/tiktok/shop/list")
    reply = sandbox.respond(replace(request, **other))
    assert reply.status == 400
    assert reply.json["message"].startswith(says)


KINDS = page(
    "/v1/tiktok/shop/ranking",
    parameters=[
        query("live", "Only live", "boolean"),
        query("least", "Least price", "number"),
        query("shop_ids", "Shop ids, comma-separated"),
        {**query("tag", "Tags", "array", items={"type": "string"}), "explode": True},
        query("order_by", "1=total_sale_cnt 2=spu_avg_price", "integer"),
        query("level", "Level", "integer", required=True),
        *paged(),
    ],
    data_schema=repeated(
        "level", rows(level="integer", total_sale_cnt="integer", spu_avg_price="number")
    ),
)


def test_arguments_of_every_kind_are_read() -> None:
    sandbox = Sandbox(spec=specification({"ranking.md": KINDS}))
    good = "level=3&page_num=1&page_size=10&live=true&least=1.5e0&shop_ids=1,2&tag=a&tag=b"
    request = asked(f"{good}&order_by=1", path="/v1/tiktok/shop/ranking")
    found = sandbox.respond(request).json["data"]
    sold = [row["total_sale_cnt"] for row in found]
    assert sold == sorted(sold, reverse=True)
    assert {row["level"] for row in found} == {3}
    sandbox.faults = ["foreign-rows"]
    assert sandbox.respond(request).json["data"][-1]["level"] == 4
    bad = good.replace("true", "yes").replace("1.5e0", "1e999").replace("level=3", "level=x")
    problem = sandbox.respond(replace(request, query=bad)).json["message"]
    assert [name in problem for name in ("live", "least", "level", "tag")] == [
        True,
        True,
        True,
        False,
    ]


FEED = page(
    "/v1/tiktok/shop/feed",
    parameters=[query("cursor", "Cursor")],
    data_schema={
        "type": "object",
        "properties": {"next_cursor": {"type": "string"}, "shops": rows(shop_id="string")},
    },
)


def test_a_cursor_in_text_stays_text() -> None:
    sandbox = Sandbox(spec=specification({"feed.md": FEED}), seed=3)
    request = asked("", path="/v1/tiktok/shop/feed")
    data = sandbox.respond(request).json["data"]
    assert (len(data["shops"]), data["next_cursor"]) == (10, "10")
    refused = sandbox.respond(replace(request, query="cursor=next"))
    assert (refused.status, "'next'" in refused.json["message"]) == (400, True)


def test_the_first_page_is_asked_for_as_the_page_says() -> None:
    text = page(
        "/v1/tiktok/shop/feed",
        parameters=[query("cursor", "Pass * for the first page", required=True)],
        data_schema={
            "type": "object",
            "properties": {"next_cursor": {"type": "string"}, "shops": rows(shop_id="string")},
        },
    )
    sandbox = Sandbox(spec=specification({"feed.md": text}), seed=3)
    answer = sandbox.respond(asked("cursor=*", path="/v1/tiktok/shop/feed"))
    assert (answer.status, answer.json["data"]["next_cursor"]) == (200, "10")


def test_a_cursor_of_several_texts_is_one_and_empty_at_the_end() -> None:
    texts = {"type": "array", "items": {"type": "string"}}
    scroll = query("scroll", "Sort values of the last row")
    scroll["schema"] = texts
    data = {"type": "object", "properties": {"next_scroll": texts, "shops": rows(shop_id="string")}}
    text = page("/v1/tiktok/shop/feed", parameters=[scroll], data_schema=data)
    sandbox = Sandbox(spec=specification({"feed.md": text}), seed=3)
    cursors: list[list[str]] = [["0"]]
    while cursors[-1]:
        request = asked(f"scroll={cursors[-1][0]}", path="/v1/tiktok/shop/feed")
        cursors.append(sandbox.respond(request).json["data"]["next_scroll"])
    assert cursors[:2] == [["0"], ["10"]]


def test_an_error_comes_in_the_media_type_that_its_page_documents() -> None:
    html = {"description": "Too fast", "content": {"text/html": {"schema": {"type": "string"}}}}
    text = page("/v1/tiktok/shop/feed", operation={"responses": {"429": html}})
    sandbox = Sandbox(spec=specification({"feed.md": text}), seed=3, qps=1)
    replies = [sandbox.respond(asked("", path="/v1/tiktok/shop/feed")) for _ in range(3)]
    kinds = {reply.status: reply.headers["content-type"] for reply in replies}
    assert kinds == {200: "application/json", 429: "text/html"}


@pytest.mark.parametrize(
    ("name", "flag", "more", "end"),
    [
        ("has_more", {"type": "integer"}, 1, 0),
        ("has_more", {"type": "boolean"}, True, False),
        ("has_more", {"type": "string"}, "1", "0"),
        ("has_more", {}, True, False),
        ("is_end", {"type": "integer"}, 0, 1),
        ("no_more", {"type": "string"}, "0", "1"),
        ("last", {"type": "boolean"}, False, True),
    ],
)
@pytest.mark.parametrize(
    ("cursor", "kind"), [("integer", int), ("string", str), ("array", list), (None, str)]
)
def test_a_flag_says_whether_more_follow_and_a_cursor_where(
    name: str, flag: dict[str, Any], more: Any, end: Any, cursor: str | None, kind: type
) -> None:
    """A cursor that no answer types has the argument's type; at the end there is one, too."""
    asked_for = {"type": "array", "items": {"type": "integer"}} if cursor == "array" else {}
    following = asked_for or ({"type": cursor} if cursor else {})
    offset = query("offset", "Use mark for the next page", required=True)
    offset["schema"].update(asked_for)
    paging = {"type": "object", "properties": {"mark": following, name: flag}}
    data = {"type": "object", "properties": {"paging": paging, "shops": rows(shop_id="string")}}
    text = page("/v1/tiktok/shop/feed", parameters=[offset], data_schema=data)
    sandbox = Sandbox(spec=specification({"feed.md": text}), seed=3)
    found: list[str] = []
    position: Any = "0" if cursor == "array" else ""
    while True:
        request = asked(f"offset={position}", path="/v1/tiktok/shop/feed")
        body = sandbox.respond(request).json["data"]
        found += [shop["shop_id"] for shop in body["shops"]]
        assert isinstance(body["paging"]["mark"], kind)
        position = body["paging"]["mark"][0] if cursor == "array" else body["paging"]["mark"]
        assert body["paging"][name] in (more, end)
        assert len(found) < 1000
        if body["paging"][name] == end:
            break
    assert len(set(found)) == len(found) > 10
    assert int(position) == len(found)


@pytest.mark.parametrize("first", [0, 1])
def test_pages_are_counted_from_the_first(first: int) -> None:
    text = page(
        "/v1/tiktok/shop/pages",
        parameters=[query("page", f"Pages start from {first}", "integer"), query("limit", "max 5")],
        data_schema=rows(shop_id="string"),
    )
    sandbox = Sandbox(spec=specification({"pages.md": text}), seed=3)

    def ids(query: str) -> list[str]:
        data = sandbox.respond(asked(query, path="/v1/tiktok/shop/pages")).json["data"]
        return [str(row["shop_id"]) for row in data]

    assert ids("limit=5") == ids(f"limit=5&page={first}")
    assert not {*ids(f"limit=5&page={first}")} & {*ids(f"limit=5&page={first + 1}")}
    below = sandbox.respond(asked(f"page={first - 1}&limit=5", path="/v1/tiktok/shop/pages"))
    assert below.status == 400


def test_a_property_of_the_body_is_checked_beside_a_parameter_of_its_name() -> None:
    body = {"type": "object", "properties": {"kind": {"type": "integer"}}, "required": ["kind"]}
    text = page(
        "/v1/tiktok/shop/twins", method="post", parameters=[query("kind", "Kind")], body=body
    )
    sandbox = Sandbox(spec=specification({"twins.md": text}))
    good = asked("kind=a", method="POST", path="/v1/tiktok/shop/twins", body=b'{"kind": 1}')
    assert sandbox.respond(good).status == 200
    for wrong in (b'{"kind": "a"}', b"{}"):
        refused = sandbox.respond(replace(good, body=wrong))
        assert (refused.status, "kind" in refused.json["message"]) == (400, True)


def test_a_page_with_more_rows_than_there_are_is_made_up() -> None:
    with Sandbox(faults=["too-many-rows@1"]).client() as tiktok:
        page = tiktok.influencer.products_analytics(user_id=FEW)
    rows = {json.dumps(product.to_dict()) for product in page}
    assert len(rows) == len(page) == 11


def test_a_page_number_in_text_is_a_number() -> None:
    sandbox = Sandbox(spec=zoo_specification())
    request = asked("page=two&limit=3", path="/v1/tiktok/video/feed")
    assert "page ('two'" in sandbox.respond(request).json["message"]
    first, second = (
        sandbox.respond(replace(request, query=f"page={n}&limit=3")).json["data"]["videos"]
        for n in (1, 2)
    )
    assert len(first) == 3
    assert first != second


def good_request(operation: Any) -> SandboxRequest:
    """A request with each required argument, of any value that fits."""
    from urllib.parse import urlencode

    places: dict[str, dict[str, Any]] = {"query": {}, "path": {}, "body": {}, "header": {}}
    for one in operation.arguments.values():
        if one.required:
            fitting = {"string": "1", "integer": 1, "number": 1, "boolean": True, "array": ["1"]}
            value = next(iter(one.members.values()), fitting[one.schema["type"]])
            places[one.place][one.name] = value
    return SandboxRequest(
        operation.method,
        operation.path.format(**places["path"]),
        urlencode(places["query"], doseq=True),
        HEADERS,
        json.dumps(places["body"]).encode(),
    )


def test_a_fault_can_be_for_requests_with_some_arguments_which_it_counts() -> None:
    faults = ["html-502?user_id=7@2-3", "error-envelope?user_id=8&page_num=2"]
    sandbox = Sandbox("tiktok", faults=faults)
    with sandbox.client(max_retries=0) as tiktok:

        def status(user_id: str, page_num: int = 1) -> int | None:
            try:
                tiktok.influencer.products_analytics(user_id=user_id, page_num=page_num)
            except KeyAPIError as error:
                return error.status
            return None

        assert [status("7"), status("9"), status("7"), status("9")] == [None, None, 502, None]
        assert [status("7"), status("7"), status("8")] == [502, None, None]
        assert status("8", 2) == 200  # an error's envelope
        sandbox.faults = list(sandbox.faults)
        assert [status("7"), status("7")] == [None, 502]


def test_an_argument_of_a_fault_is_written_as_in_a_query() -> None:
    fault = scheduled("slow?keyword=a%40b&live=true&empty=@4")
    assert (fault.fault.name, fault.spans) == ("slow", ((4, 4),))
    assert fault.concerns({"keyword": "a@b", "live": True, "empty": ""})
    assert not fault.concerns({"keyword": "a@b", "live": False, "empty": ""})
    with pytest.raises(ConfigurationError, match="There is no fault 'slowly'"):
        scheduled("slowly?user_id=7")


def test_the_ledger_counts_how_often_each_request_was_charged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("keyapi.sandbox._ledger._COUNTED", 2)
    sandbox = Sandbox("tiktok", faults=["html-502?user_id=3"])
    with sandbox.client(max_retries=0) as tiktok, suppress(KeyAPIError):
        for user_id in ("1", "2", "1", "4", "3"):
            tiktok.influencer.products_analytics(user_id=user_id)
    counts = {target.partition("user_id=")[2][0]: n for target, n in sandbox.ledger.charges.items()}
    assert counts == {"1": 2, "2": 1}
    sandbox.reset()
    assert not sandbox.ledger.charges
