"""Pages of a live run are judged beside all others, and the last page is found despite holes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyapi.conformance.cases import Case
from keyapi.conformance.judge import JSON, ServerAnswer
from keyapi.conformance.live.comparing import KnownPages
from keyapi.conformance.live.page_rules import RULES
from keyapi.conformance.live.searching import last_page
from keyapi.specification import OperationSpec, Specification
from support.pages import page, query, rows
from support.specs import effective, listing

PRODUCTS = Specification(listing()).operations["influencer_products_analytics"]
USER = "6813855719982466054"
BASE = {"user_id": USER, "page_num": 1, "page_size": 10}
FIRST = {"influencer_product_sort_field": 1, "sort_type": 0}
LAST = {"influencer_product_sort_field": 1, "sort_type": 1}


def product(number: int, **columns: Any) -> dict[str, Any]:
    made = {"product_id": f"p{number}", "user_id": USER, "total_sale_cnt": number}
    return {**made, "category_id": str(number % 2), "shown": True, **columns}


def products(*numbers: int) -> list[dict[str, Any]]:
    return [product(number) for number in numbers]


Pages = list[tuple[dict[str, Any], list[Any]]]
FULL = products(*range(10))
SECOND = {**BASE, "page_num": 2}


def judged(pages: Pages, operation: OperationSpec = PRODUCTS) -> list[str]:
    """The rules that the last of some pages breaks; those before break none."""
    known = KnownPages(operation, RULES)
    found: list[str] = []
    for number, (arguments, data) in enumerate(pages):
        assert found == []
        body = {"code": 0, "message": "", "data": data, "requestId": f"r{number}"}
        answer = ServerAnswer(200, JSON, json.dumps(body).encode())
        violations = known.add(Case(f"case {number}", arguments), answer)
        assert all(violation.operation == operation.name for violation in violations)
        found = [violation.rule for violation in violations]
    return found


BROKEN: dict[str, Pages] = {
    "overlap": [(BASE, FULL), (SECOND, products(9, 10))],
    "figures": [
        (BASE, FULL),
        (
            {**BASE, "category_id": "1"},
            [product(n, total_sale_cnt=n + (n == 9)) for n in (1, 3, 5, 7, 9)],
        ),
    ],
    "extremes": [(BASE, FULL), ({**BASE, **LAST}, products(*range(29, 20, -1), 3))],
    "same-rows": [(BASE, FULL), ({**BASE, **FIRST}, products(*range(9)))],
    "filtered": [(BASE, FULL), ({**BASE, "category_id": "1"}, products(1, 3, 5, 7))],
    "hole": [(BASE, FULL), (SECOND, products(10)), ({**BASE, "page_num": 3}, products(11))],
}


@pytest.mark.parametrize("name", RULES)
def test_each_rule_is_broken_by_what_no_other_finds(name: str) -> None:
    assert judged(BROKEN[name]) == [name]


def test_a_list_that_fits_on_one_page_has_the_same_rows_in_each_order() -> None:
    assert judged([(BASE, products(1, 2)), ({**BASE, **FIRST}, products(1, 3))]) == ["same-rows"]


FINE: dict[str, Pages] = {
    "pages in order": [(BASE, FULL), (SECOND, products(10, 11)), ({**BASE, "page_num": 3}, [])],
    "a page of another size": [(BASE, FULL), ({**BASE, "page_size": 3}, products(0, 1, 2))],
    "ascending and descending": [
        (BASE, FULL),
        ({**BASE, **FIRST}, products(*range(10))),
        ({**BASE, **LAST}, products(*range(29, 19, -1))),
        ({**BASE, "category_id": "0"}, products(0, 2, 4, 6, 8, 20, 22, 24, 26, 28)),
    ],
    "a list that fits on one page": [
        (BASE, products(3, 1)),
        ({**BASE, **FIRST}, products(1, 3)),
        ({**BASE, **LAST}, products(3, 1)),
    ],
    "ties and what is no number": [
        (BASE, [product(n, total_sale_cnt=None if n < 5 else 5) for n in range(10)]),
        ({**BASE, **LAST}, [product(n, total_sale_cnt=5) for n in range(5, 15)]),
        (SECOND, [product(20, total_sale_cnt=None)]),
    ],
    "a sorted page without numbers": [
        (BASE, FULL),
        ({**BASE, **FIRST}, [product(n, total_sale_cnt=None) for n in range(10, 20)]),
    ],
    "sorted by half": [(BASE, FULL), ({**BASE, "sort_type": 1}, products(*range(9, -1, -1)))],
    "a filter that fills its page": [
        (BASE, FULL),
        ({**BASE, "category_id": "0"}, [product(n, category_id="0") for n in range(20, 30)]),
    ],
    "another owner": [(BASE, FULL), ({**BASE, "user_id": "7"}, [product(1, total_sale_cnt=99)])],
    "filtered, sorted and further on": [
        (BASE, FULL),
        ({**SECOND, "category_id": "0"}, []),
        ({**BASE, "category_id": "0", "other": "x"}, []),
    ],
    "rows that nothing tells apart": [
        (BASE, [{"total_sale_cnt": 1, "product_id": None}]),
        ({**BASE, **FIRST}, [{"total_sale_cnt": 2, "product_id": None}]),
    ],
    "no rows at all": [(BASE, []), ({**BASE, **FIRST}, []), (SECOND, ["text"])],
}


@pytest.mark.parametrize("name", FINE)
def test_what_pages_may_have(name: str) -> None:
    assert judged(FINE[name]) == []


def test_rows_that_nothing_tells_apart_overlap_as_a_whole() -> None:
    row = {"total_sale_cnt": 1}
    assert judged([(BASE, [row] * 1), (SECOND, [row])]) == ["overlap", "hole"]


def test_a_request_id_is_used_once_even_by_refusals() -> None:
    known = KnownPages(PRODUCTS, RULES)
    refused = ServerAnswer(400, JSON, b'{"code": 400, "message": "", "requestId": "r"}')
    assert known.add(Case("one", BASE, 400), refused) == []
    (violation,) = known.add(Case("other", BASE, 400), refused)
    assert (violation.rule, violation.found) == ("request-id", "r")


def test_pages_without_numbers_and_without_paging_are_compared_as_far_as_they_go() -> None:
    plain = page("/v1/tiktok/shop/all", data_schema=rows(shop_id="string", sale_cnt="integer"))
    cursor = page(
        "/v1/tiktok/shop/feed",
        parameters=[query("cursor", "For the next page use next_cursor")],
        data_schema={
            "type": "object",
            "properties": {
                "next_cursor": {"type": "string"},
                "list": rows(shop_id="string", sale_cnt="integer"),
            },
        },
    )
    for text in (plain, cursor):
        (operation,) = Specification(effective(text))
        known = KnownPages(operation, RULES)
        found = []
        for count in (1, 2):
            data: Any = [{"shop_id": "s", "sale_cnt": count}]
            data = {"list": data, "next_cursor": "c"} if text is cursor else data
            body = json.dumps({"code": 0, "message": "", "data": data, "requestId": str(count)})
            found = known.add(Case("a case", {}), ServerAnswer(200, JSON, body.encode()))
        assert [violation.rule for violation in found] == ["figures"]
        assert known.first is None


# --- The last page ----------------------------------------------------------------------------


class Server:
    """Pages of ten, of which some may be empty; it counts those that are asked for."""

    def __init__(self, rows: int, holes: tuple[int, ...] = ()) -> None:
        self.rows = rows
        self.holes = holes
        self.asked: list[int] = []

    def __call__(self, number: int) -> int:
        self.asked.append(number)
        return 0 if number in self.holes else max(0, min(10, self.rows - 10 * (number - 1)))


def before(rows: int, bound: int) -> int:
    """How many pages doubling and bisection ask for that know nothing."""
    server = Server(rows)
    full, beyond = 1, bound + 1
    asked = {1}

    def found(number: int) -> int:
        asked.add(number)
        return server(number)

    while found(full) >= 10 and beyond - full > 1:
        middle = min(full * 2, bound) if beyond > bound else (full + beyond) // 2
        full, beyond = (middle, beyond) if found(middle) else (full, middle)
    if full < bound:
        found(full + 1)
    return len(asked)


@pytest.mark.parametrize("bound", [1, 2, 7, 100_000])
@pytest.mark.parametrize("known", [0, 0.4, 1])
def test_the_last_page_costs_no_more_than_it_did(bound: int, known: float) -> None:
    for count in (1, 10, 11, 20, 29, 30, 31, 45, 99, 100, 640, 1234):
        server = Server(count)
        at_least = max(1, -(-int(count * known) // 10))
        found = last_page(server, 10, bound, at_least)
        assert found == min(bound, -(-count // 10))
        assert len(server.asked) == len({*server.asked}) <= before(count, bound)


def test_rows_that_are_known_lead_past_a_hole() -> None:
    server = Server(45, (3,))
    assert last_page(server, 10, 100_000, 5) == 5


def test_what_is_saved_is_spent_behind_the_end_and_on_pages_before_it() -> None:
    server = Server(85, (7,))
    last_page(server, 10, 100_000, 9)
    assert server.asked[:5] == [1, 2, 9, 10, 11]
    assert {8, 7} & {*server.asked}


@pytest.mark.parametrize("hole", [2, 4, 6, 8])
def test_a_hole_is_looked_into_or_jumped_over(hole: int) -> None:
    assert last_page(Server(85, (hole,)), 10, 100_000, 1) in (hole - 1, 9)
