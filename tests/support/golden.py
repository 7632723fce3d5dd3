"""What KeyAPI is sent and answers, by hand from its page and from what users report; not derived.

Specification, sandbox and client come from one source, so they could agree and all be wrong. These
cases stand outside. They state facts of one published page on purpose: when it changes them, a
person decides.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from keyapi import BadRequest
from keyapi.sandbox import Sandbox

PATH = "/v1/tiktok/influencer/products/analytics"
USER = "6813855719982466054"
KEY = "sk_golden"
SORTS = {
    1: "total_sale_cnt",
    2: "total_sale_gmv_amt",
    3: "spu_avg_price",
    4: "total_video_sale_cnt",
    5: "total_video_sale_gmv_amt",
}

Ask = Callable[..., httpx.Response]
Case = Callable[[Callable[..., Ask]], None]
CASES: list[Case] = []


def golden(case: Case) -> Case:
    CASES.append(case)
    return case


def rows(answer: httpx.Response) -> Any:
    assert (answer.status_code, answer.json()["code"]) == (200, 0)
    return answer.json()["data"]


def walk(ask: Ask, **parameters: Any) -> list[Any]:
    found: list[Any] = []
    for number in range(1, 60):
        page = rows(ask(page_num=number, **parameters))
        found += page
        if len(page) < parameters.get("page_size", 10):
            return found
    raise AssertionError("the list does not end")


@golden
def the_documented_product_comes_first(server: Callable[..., Ask]) -> None:
    first = rows(server()())[0]
    cover = first.pop("cover_url")
    assert first == {
        "category_id": "601450",
        "product_id": "1729383941730701675",
        "product_name": "Unbrush Detangling Hair Brush by FHI Heat",
        "spu_avg_price": 14.98,
        "total_live_cnt": 0,
        "total_live_sale_cnt": 0,
        "total_live_sale_gmv_amt": 0,
        "total_sale_cnt": 943075,
        "total_sale_gmv_amt": 9604137.31,
        "total_video_cnt": 1,
        "total_video_sale_cnt": 0,
        "total_video_sale_gmv_amt": 0,
        "user_id": "6813855719982466054",
    }
    assert [image["index"] for image in json.loads(cover)] == [1, 0, 6, 3, 4, 5, 2]


@golden
def covers_are_a_list_in_text_and_not_sorted(server: Callable[..., Ask]) -> None:
    indices = [[one["index"] for one in json.loads(row["cover_url"])] for row in walk(server())]
    assert len(indices) > 10
    assert any(found != sorted(found) for found in indices[1:])
    assert all(sorted(found) == list(range(len(found))) for found in indices)


@golden
def the_envelope_has_no_total(server: Callable[..., Ask]) -> None:
    ask = server()
    answers = [ask(page_num=number).json() for number in (1, 2)]
    assert all(answer.keys() == {"code", "message", "data", "requestId"} for answer in answers)
    assert answers[0]["requestId"] != answers[1]["requestId"]


@golden
def all_pages_are_full_but_the_last(server: Callable[..., Ask]) -> None:
    ask = server()
    found = walk(ask, page_size=3)
    pages = [rows(ask(page_num=n, page_size=3)) for n in range(1, len(found) // 3 + 3)]
    assert [len(page) for page in pages[:-2]] == [3] * (len(found) // 3)
    assert len(pages[-2]) == len(found) % 3
    assert pages[-1] == []
    assert [row for page in pages for row in page] == found == walk(ask, page_size=10)
    assert len({row["product_id"] for row in found}) == len(found) > 10


@golden
def past_the_end_is_empty_and_no_error(server: Callable[..., Ask]) -> None:
    assert rows(server()(page_num=100_000)) == []


@golden
def a_creator_has_products_of_their_own(server: Callable[..., Ask]) -> None:
    ask = server()
    ids = {user: [row["product_id"] for row in walk(ask, user_id=user)] for user in "12345"}
    assert len({json.dumps(found) for found in ids.values()}) == 5
    for user, found in ids.items():
        again = walk(ask, user_id=user)
        assert [row["product_id"] for row in again] == found
        assert {row["user_id"] for row in again} <= {user}


@golden
def rows_are_sorted_as_asked(server: Callable[..., Ask]) -> None:
    ask = server()
    for number, column in SORTS.items():
        for direction in (0, 1):
            found = walk(ask, influencer_product_sort_field=number, sort_type=direction)
            values = [row[column] for row in found]
            assert values == sorted(values, reverse=direction == 1)
            assert len(set(values)) > 3


@golden
def equal_rows_stay_in_showcase_order(server: Callable[..., Ask]) -> None:
    ask = server()
    order = [row["product_id"] for row in walk(ask)]
    for direction in (0, 1):
        found = walk(ask, influencer_product_sort_field=4, sort_type=direction)
        tied = [row["product_id"] for row in found if row["total_video_sale_cnt"] == 0]
        assert len(tied) > 1
        assert tied == [one for one in order if one in tied]


@golden
def a_category_filters(server: Callable[..., Ask]) -> None:
    ask = server()
    everything = walk(ask)
    assert len(everything) > 10
    category = everything[1]["category_id"]
    found = walk(ask, category_id=category)
    assert found == [row for row in everything if row["category_id"] == category]
    assert 0 < len(found) < len(everything)
    assert walk(ask, category_id="0") == []


@golden
def figures_go_together(server: Callable[..., Ask]) -> None:
    found = walk(server())
    assert len(found) > 10
    for row in found:
        for metric in ("sale_cnt", "sale_gmv_amt"):
            live, video = row[f"total_live_{metric}"], row[f"total_video_{metric}"]
            assert 0 <= live + video <= row[f"total_{metric}"] + 0.02
        assert row["total_live_cnt"] or not row["total_live_sale_cnt"]


@golden
def ids_are_text_beyond_53_bits(server: Callable[..., Ask]) -> None:
    ids = [row["product_id"] for row in walk(server())]
    assert len(ids) > 10
    assert all(isinstance(one, str) and len(one) == 19 and int(one) > 2**53 for one in ids)


@golden
def every_bad_parameter_is_named(server: Callable[..., Ask]) -> None:
    ask = server()
    for bad in (
        {"page_num": 0},
        {"page_num": 100_001},
        {"page_num": "one"},
        {"page_size": 0},
        {"page_size": 11},
        {"sort_type": 2},
        {"influencer_product_sort_field": 6, "sort_type": "desc"},
        {"user_id": None},
        {"user_id": "", "page_num": None},
    ):
        answer = ask(**bad)
        body = answer.json()
        assert (answer.status_code, body["code"], body["data"]) == (400, 400, None)
        assert all(name in body["message"] for name in bad), (bad, body)


@golden
def a_misspelt_parameter_does_nothing(server: Callable[..., Ask]) -> None:
    ask = server()
    plain = walk(ask)
    assert walk(ask, sort_field=2, order="desc", category="601450") == plain
    assert len(plain) > 10


@golden
def a_missing_key_is_refused_first(server: Callable[..., Ask]) -> None:
    ask = server(credits=0)
    body = {"code": 401, "data": None, "message": "apiKey is null"}
    answer = ask(key=None, page_num=0)
    assert (answer.status_code, answer.json()) == (401, body)
    answer = ask(key="sk_other")
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (401, 401, None)


@golden
def used_up_credits_are_402(server: Callable[..., Ask]) -> None:
    ask = server(credits=2, qps=1)
    assert ask(page_num=0).status_code == 400
    assert rows(ask())
    answer = ask()
    body = {"code": 429, "data": None, "message": "qps limit exceeded"}
    assert (answer.status_code, answer.json()) == (429, body)
    ask = server(credits=1)
    assert rows(ask())
    answer = ask()
    body = {"code": 402, "data": None, "message": "apiKey quota is not enough"}
    assert (answer.status_code, answer.json()) == (402, body)


def on(app: Callable[..., Any], runner: asyncio.Runner) -> Callable[..., Ask]:
    """Ask servers that are made with options, all in the event loop of one runner."""

    def server(**options: Any) -> Ask:
        transport = httpx.ASGITransport(app(**options))

        async def get(query: Any, headers: Any) -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://golden") as client:
                return await client.get(PATH, params=query, headers=headers)

        def ask(*, key: str | None = KEY, **parameters: Any) -> httpx.Response:
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            query = {"user_id": USER, "page_num": 1, "page_size": 10, **parameters}
            sent = {name: value for name, value in query.items() if value is not None}
            return runner.run(get(sent, headers))

        return ask

    return server


# --- What the client sends, and makes of an answer --------------------------------------------

ADDRESS = f"https://api.keyapi.ai{PATH}"
ROW = {
    "category_id": "601450",
    "cover_url": '[{"url":"https://x.test/b.webp","index":1},{"url":"https://x.test/a.webp","index":0}]',
    "product_id": "1729383941730701675",
    "product_name": "Unbrush Detangling Hair Brush by FHI Heat",
    "spu_avg_price": 14.98,
    "total_live_cnt": 1,
    "total_live_sale_cnt": 2,
    "total_live_sale_gmv_amt": 3.25,
    "total_sale_cnt": 943075,
    "total_sale_gmv_amt": 9604137.31,
    "total_video_cnt": 4,
    "total_video_sale_cnt": 5,
    "total_video_sale_gmv_amt": 6.5,
    "user_id": USER,
}
ANSWER = {"code": 0, "message": "success", "data": [ROW], "requestId": "b6a5f64d"}
Calls = Callable[..., tuple[Any, httpx.Request]]
ClientCase = Callable[[Any, Calls], None]
CLIENT_CASES: list[ClientCase] = []


def golden_client(case: ClientCase) -> ClientCase:
    CLIENT_CASES.append(case)
    return case


@golden_client
def a_call_is_a_get_with_the_key_and_the_first_page_of_ten(package: Any, call: Calls) -> None:
    _, request = call()
    assert str(request.url) == f"{ADDRESS}?user_id={USER}&page_num=1&page_size=10"
    assert (request.method, request.content) == ("GET", b"")
    assert request.headers["authorization"] == f"Bearer {KEY}"


@golden_client
def each_member_is_sent_as_the_number_of_its_column(package: Any, call: Calls) -> None:
    for number, column in SORTS.items():
        for direction, name in enumerate(("ASC", "DESC")):
            _, request = call(
                influencer_product_sort_field=package.InfluencerProductSortField[column.upper()],
                sort_type=package.SortType[name],
            )
            sent = dict(request.url.params)
            assert sent["influencer_product_sort_field"] == str(number)
            assert sent["sort_type"] == str(direction)


@golden_client
def whatever_is_given_is_sent_by_its_own_name(package: Any, call: Calls) -> None:
    _, request = call(category_id="601450", page_num=100_000, page_size=3)
    expected = {"user_id": USER, "category_id": "601450", "page_num": "100000", "page_size": "3"}
    assert dict(request.url.params) == expected


@golden_client
def pages_out_of_bounds_are_not_sent(package: Any, call: Calls) -> None:
    for bad in ({"page_num": 0}, {"page_num": 100_001}, {"page_size": 0}, {"page_size": 11}):
        with pytest.raises(BadRequest):
            call(**bad)


@golden_client
def each_attribute_reads_its_own_key(package: Any, call: Calls) -> None:
    page, _ = call()
    (product,) = page
    assert type(product) is package.InfluencerProduct
    assert {name: getattr(product, name) for name in ROW} == ROW
    assert [cover.index for cover in product.covers] == [0, 1]
    assert [cover.url for cover in product.covers] == [
        *("https://x.test/a.webp", "https://x.test/b.webp"),
    ]


@golden_client
def a_page_costs_one_credit(package: Any, call: Calls) -> None:
    page, _ = call()
    assert page.request_id == "b6a5f64d"
    assert page.credits == 1


def calling(client: type[Any]) -> Calls:
    """Call the one operation of a generated client, and give the result and what was sent."""

    def call(**arguments: Any) -> tuple[Any, httpx.Request]:
        sent: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return httpx.Response(200, json=ANSWER)

        with client(KEY, transport=httpx.MockTransport(answer)) as tiktok:
            result = tiktok.influencer.products_analytics(user_id=USER, **arguments)
        (request,) = sent
        return result, request

    return call


def found_by_golden_cases(spec: Mapping[str, Any]) -> str:
    """Say which golden case of the sandbox fails on another effective specification.

    Args:
        spec: The specification that the sandbox serves.

    Returns:
        The first case that fails, and how; empty where all pass.
    """
    with asyncio.Runner() as runner:
        for case in CASES:
            try:
                case(on(lambda **options: Sandbox(key=KEY, spec=spec, **options), runner))
            except Exception as error:
                return f"{case.__name__}: {type(error).__name__}: {error}"
    return ""
