"""Pages, and walks over them: no row lost, no page too many, no error read as the end."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import httpx
import pytest

from client.conftest import (
    EXAMPLE,
    KEY,
    REQUEST_ID,
    USER_ID,
    Mode,
    Server,
    fresh,
    pickled,
    product,
    refusal,
    success,
)
from keyapi import (
    BadRequest,
    InsufficientCredits,
    InvalidResponse,
    KeyAPIError,
    NotFound,
    Page,
    PaginationError,
    ServerError,
    TransportError,
)
from keyapi._display import table
from keyapi._operation import PagedOperation
from keyapi._paging import Cursor, PageNumbers
from keyapi_example import InfluencerProduct, TikTok

SHORT = PagedOperation(
    name="short",
    method="GET",
    path="/v1/short",
    credits=2,
    model=lambda: InfluencerProduct,
    paging=PageNumbers(parameter="page_num", size="page_size", last=3),
)
"""Its last page is the third."""

UNSIZED = PagedOperation(
    name="unsized",
    method="GET",
    path="/v1/unsized",
    model=lambda: InfluencerProduct,
    paging=PageNumbers(parameter="p"),
)
"""The server decides how many rows a page has."""

FEED = PagedOperation(
    name="feed",
    method="GET",
    path="/v1/feed",
    model=lambda: InfluencerProduct,
    items=("data", "list"),
    paging=Cursor(
        parameter="offset", next=("data", "max_cursor"), type=str, size="count", largest=20
    ),
)
"""Pages by cursor."""


def _ids(numbers: range) -> list[str]:
    return [product(number)["product_id"] for number in numbers]


# --- A page -----------------------------------------------------------------------------------


@pytest.fixture
def page(mode: Mode, server: Server) -> Page[InfluencerProduct]:
    """The second page, of three rows, of a list that goes on."""
    server.holds(7)
    found: Page[InfluencerProduct] = mode.page(page_num=2, page_size=3)
    return found


def test_a_page_is_a_sequence_of_its_rows(page: Page[InfluencerProduct]) -> None:
    expected = [InfluencerProduct.from_dict(product(number)) for number in (3, 4, 5)]
    assert isinstance(page, Collection)
    assert len(page) == 3
    assert list(page) == page.items == expected
    assert (page[0], page[-1]) == (expected[0], expected[-1])
    assert page[1:] == expected[1:]
    assert list(reversed(page)) == expected[::-1]
    assert expected[1] in page
    assert (page.index(expected[1]), page.count(expected[1]), page.count("text")) == (1, 1, 0)
    with pytest.raises(ValueError, match="is not in list"):
        page.index(expected[1], 2)


def test_a_page_has_no_row_past_its_end(page: Page[InfluencerProduct]) -> None:
    with pytest.raises(IndexError):
        page[3]


def test_a_page_gives_the_same_row_each_time(page: Page[InfluencerProduct]) -> None:
    assert page[0] is page.items[0]


def test_a_page_says_where_it_stands(page: Page[InfluencerProduct]) -> None:
    assert (page.page_num, page.page_size, page.next, page.has_more) == (2, 3, 3, True)


def test_a_page_carries_request_id_cost_and_response(page: Page[InfluencerProduct]) -> None:
    assert (page.request_id, page.credits) == (REQUEST_ID, 1)
    assert page.response is not None
    assert page.response.json()["data"] == [row.to_dict() for row in page]


def test_the_repr_of_a_page_is_short(page: Page[InfluencerProduct]) -> None:
    assert repr(page) == "<Page page_num=2, 3 items, has_more=True>"


def test_the_documented_example_is_a_page(mode: Mode) -> None:
    page = mode.page()
    assert [row.to_dict() for row in page] == EXAMPLE["data"]
    assert (page.page_num, page.page_size) == (1, 10)


@pytest.mark.parametrize(
    ("held", "number", "follows"),
    [(0, 1, None), (2, 1, None), (3, 1, 2), (3, 2, None), (4, 1, 2), (4, 2, None)],
)
def test_another_page_may_follow_a_full_one_only(
    mode: Mode, server: Server, held: int, number: int, follows: int | None
) -> None:
    server.holds(held)
    page = mode.page(page_num=number, page_size=3)
    assert page.next == follows
    assert page.has_more is (follows is not None)


def test_an_empty_page_is_falsy_and_empty(mode: Mode, server: Server) -> None:
    server.holds(0)
    page = mode.page()
    assert not page
    assert list(page) == []


def test_no_page_follows_the_last_the_operation_allows(mode: Mode, server: Server) -> None:
    server.holds(100)
    page = mode.call(lambda client: client._page(SHORT, {"page_num": 3, "page_size": 3}))
    assert (len(page), page.next, page.credits) == (3, None, 2)


@pytest.mark.parametrize("read_first", [True, False])
def test_a_pickled_page_leaves_the_response_out(
    page: Page[InfluencerProduct], read_first: bool
) -> None:
    if read_first:
        assert page.items
    same = pickled(page)
    assert same.response is None
    assert KEY.encode() not in pickle.dumps(page)
    assert list(same) == list(page)
    for name in ("page_num", "page_size", "next", "has_more", "request_id", "credits"):
        assert getattr(same, name) == getattr(page, name)


# --- Walks: which pages are fetched, and which rows handed out ----------------------------------


@pytest.mark.parametrize("size", [1, 3, 10])
@pytest.mark.parametrize("held", [0, 1, 2, 3, 4, 9, 10, 11, 20])
def test_a_walk_hands_out_every_row_in_the_fewest_requests(
    mode: Mode, server: Server, held: int, size: int
) -> None:
    server.holds(held)
    walked = mode.products(page_size=size)
    assert walked.error is None
    assert walked.ids == _ids(range(held))
    assert server.pages == list(range(1, held // size + 2))


BOUNDED: list[tuple[dict[str, int], range, list[int]]] = [
    # of 25 rows, ten a page
    ({"limit": 0}, range(0), []),
    ({"limit": 1}, range(1), [1]),
    ({"limit": 9}, range(9), [1]),
    ({"limit": 10}, range(10), [1]),
    ({"limit": 11}, range(11), [1, 2]),
    ({"limit": 20}, range(20), [1, 2]),
    ({"limit": 25}, range(25), [1, 2, 3]),
    ({"limit": 1000}, range(25), [1, 2, 3]),
    ({"max_pages": 0}, range(0), []),
    ({"max_pages": 1}, range(10), [1]),
    ({"max_pages": 2}, range(20), [1, 2]),
    ({"max_pages": 99}, range(25), [1, 2, 3]),
    ({"max_pages": 1, "limit": 15}, range(10), [1]),
    ({"max_pages": 2, "limit": 15}, range(15), [1, 2]),
    ({"start_page": 2}, range(10, 25), [2, 3]),
    ({"start_page": 3}, range(20, 25), [3]),
    ({"start_page": 4}, range(0), [4]),
    ({"start_page": 2, "limit": 5}, range(10, 15), [2]),
    ({"start_page": 2, "max_pages": 1}, range(10, 20), [2]),
]


@pytest.mark.parametrize(
    ("arguments", "rows", "pages"), BOUNDED, ids=[str(case[0]) for case in BOUNDED]
)
def test_a_bounded_walk_spends_exactly_the_pages_it_needs(
    mode: Mode, server: Server, arguments: dict[str, int], rows: range, pages: list[int]
) -> None:
    server.holds(25)
    walked = mode.products(**arguments)
    assert walked.error is None
    assert walked.ids == _ids(rows)
    assert server.pages == pages


def test_a_walk_ends_at_the_last_page_the_operation_allows(mode: Mode, server: Server) -> None:
    server.holds(100)
    walked = mode.walk(
        lambda client: client._iterate(
            SHORT, {"page_num": 1, "page_size": 10}, limit=None, max_pages=None
        )
    )
    assert (len(walked.rows), walked.error) == (30, None)
    assert server.pages == [1, 2, 3]


def test_a_walk_whose_page_size_the_server_decides_ends_on_an_empty_page(
    mode: Mode, server: Server
) -> None:
    sizes = {"1": range(4), "2": range(4, 6), "3": range(0)}
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        return success([product(number) for number in sizes[request.url.params["p"]]])

    mode.server = answer
    walked = mode.walk(
        lambda client: client._iterate(UNSIZED, {"p": 1}, limit=None, max_pages=None)
    )
    assert walked.ids == _ids(range(6))
    assert asked == [{"p": "1"}, {"p": "2"}, {"p": "3"}]


@pytest.mark.parametrize(("taken", "pages"), [(1, [1]), (10, [1]), (11, [1, 2])])
def test_a_page_is_fetched_when_its_first_row_is_needed(
    mode: Mode, server: Server, taken: int, pages: list[int]
) -> None:
    server.holds(25)
    assert len(mode.products(take=taken).rows) == taken
    assert server.pages == pages


def test_a_walk_that_nobody_walks_sends_nothing(server: Server, mode: Mode) -> None:
    client = mode.open()
    client.influencer.iter_products_analytics(user_id=USER_ID)
    client.influencer.iter_products_analytics(user_id=USER_ID).pages()
    mode.close(client)
    assert server.requests == []


def test_every_request_of_a_walk_carries_its_arguments(mode: Mode, server: Server) -> None:
    server.holds(5)
    mode.products(page_size=2, category_id="601450", sort_type=0)
    assert [dict(request.url.params) for request in server.requests] == [
        {
            "user_id": USER_ID,
            "category_id": "601450",
            "sort_type": "0",
            "page_num": str(number),
            "page_size": "2",
        }
        for number in (1, 2, 3)
    ]


# --- Walks over whole pages -------------------------------------------------------------------


def test_a_walk_over_pages_yields_each_page(mode: Mode, server: Server) -> None:
    server.holds(25)
    pages = mode.product_pages().rows
    assert [(page.page_num, len(page), page.has_more) for page in pages] == [
        (1, 10, True),
        (2, 10, True),
        (3, 5, False),
    ]


@pytest.mark.parametrize(
    ("arguments", "pages"),
    [
        ({"limit": 0}, []),
        ({"limit": 10}, [1]),
        ({"limit": 11}, [1, 2]),
        ({"max_pages": 2}, [1, 2]),
        ({"start_page": 2}, [2, 3]),
    ],
)
def test_a_bounded_walk_over_pages_gives_them_whole(
    mode: Mode, server: Server, arguments: dict[str, int], pages: list[int]
) -> None:
    server.holds(25)
    walked = mode.product_pages(**arguments)
    assert [page.page_num for page in walked.rows] == server.pages == pages
    assert [len(page) for page in walked.rows] == [5 if number == 3 else 10 for number in pages]


def test_rows_and_pages_of_one_walk_are_handed_out_once(server: Server) -> None:
    server.holds(25)
    with TikTok(KEY, transport=httpx.MockTransport(server)) as client:
        walk = client.influencer.iter_products_analytics(user_id=USER_ID)
        first = next(walk)
        assert [page.page_num for page in walk.pages()] == [2, 3]
        assert [row.product_id for row in (first, *walk)] == _ids(range(10))


def test_an_error_ends_a_walk_over_pages(mode: Mode, server: Server) -> None:
    server.holds(25)
    server.answers[3] = refusal(500)
    walked = mode.product_pages()
    assert [page.page_num for page in walked.rows] == [1, 2]
    assert isinstance(walked.error, ServerError)
    assert walked.error.next_page == 3


# --- Errors in the middle ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(refusal(500), ServerError, id="500"),
        pytest.param(refusal(200, 404), NotFound, id="404 under 200"),
        pytest.param(refusal(402), InsufficientCredits, id="402"),
        pytest.param(httpx.Response(502, text="<html>"), ServerError, id="HTML"),
        pytest.param(success(None), InvalidResponse, id="null rows"),
        pytest.param(success([None]), InvalidResponse, id="a null row"),
        pytest.param(httpx.ReadTimeout("slow"), TransportError, id="time-out"),
    ],
)
@pytest.mark.parametrize(("number", "yielded"), [(1, 0), (3, 20)])
def test_an_error_is_raised_with_what_is_needed_to_resume(
    mode: Mode,
    server: Server,
    number: int,
    yielded: int,
    answer: httpx.Response | Exception,
    expected: type[KeyAPIError],
) -> None:
    server.holds(40)
    server.answers[number] = answer
    walked = mode.products()
    assert walked.ids == _ids(range(yielded))
    error = walked.error
    assert type(error) is expected
    assert (error.next_page, error.page_size, error.rows_yielded) == (number, 10, yielded)
    assert f"resume at page {number}" in str(error)


def test_a_walk_resumed_from_its_error_loses_and_repeats_nothing(
    mode: Mode, server: Server
) -> None:
    server.holds(25)
    server.answers[2] = refusal(500)
    broken = mode.products()
    assert broken.error is not None
    server.answers.clear()
    resumed = mode.products(
        start_page=broken.error.next_page, page_size=broken.error.page_size or 0
    )
    assert broken.ids + resumed.ids == _ids(range(25))


@pytest.mark.parametrize(
    "part", [lambda walk: walk, lambda walk: walk.pages()], ids=["rows", "pages"]
)
def test_an_iterator_that_failed_does_not_claim_the_end(
    mode: Mode, server: Server, part: Callable[[Any], Any]
) -> None:
    server.holds(25)
    server.answers[2] = refusal(500)
    with pytest.raises(ServerError):
        mode.after_error(
            lambda client: part(client.influencer.iter_products_analytics(user_id=USER_ID))
        )


def test_a_page_that_repeats_the_last_one_is_an_error(mode: Mode, server: Server) -> None:
    server.always = success([product(0), product(1)])
    walked = mode.products(page_size=2)
    assert walked.ids == _ids(range(2))
    error = walked.error
    assert isinstance(error, PaginationError)
    assert (error.next_page, error.page_size, error.rows_yielded) == (2, 2, 2)
    assert server.pages == [1, 2]


def test_a_stub_that_always_answers_the_documented_row_is_found_out(
    mode: Mode, server: Server
) -> None:
    server.always = success(EXAMPLE["data"])
    assert isinstance(mode.products(page_size=1).error, PaginationError)


SIGNED = '[{"url": "https://img.example/1_%d.jpeg?x-expires=%d&x-signature=%d", "index": 1}]'


@pytest.mark.parametrize(
    ("change", "repeats"),
    [
        (lambda n: {"cover_url": SIGNED % (0, n, n)}, True),
        (lambda n: {"cover_url": f"https://img.example/0?X-Tos-Date=1&X-Tos-Signature={n}"}, True),
        (lambda n: {"covers": {"urls": [f"https://img.example/0?x-expires={n}"]}}, True),
        (lambda n: {"covers": {"urls": [f"https://img.example/{n}?x-expires={n}"]}}, False),
        (lambda n: {"cover_url": SIGNED % (n, n, n)}, False),
        (lambda n: {"cover_url": f"https://shop.example/view?id={n}"}, False),
        (lambda n: {"total_sale_cnt": n}, False),
        (lambda n: {f"new_{n}": "a"}, False),
    ],
)
def test_a_repeated_page_whose_urls_are_signed_anew_is_found(
    mode: Mode, server: Server, change: Callable[[int], dict[str, Any]], repeats: bool
) -> None:
    server.answers = {
        number: success([{**product(0), **change(number)}, {**product(1), **change(number)}])
        for number in (1, 2)
    }
    error = mode.products(page_size=2).error
    assert isinstance(error, PaginationError) == repeats
    assert server.pages == [1, 2] if repeats else [1, 2, 3]


def test_a_walk_over_pages_finds_a_repeated_page(mode: Mode, server: Server) -> None:
    server.always = success([product(0)])
    walked = mode.product_pages(page_size=1)
    assert (len(walked.rows), type(walked.error)) == (1, PaginationError)


def test_pages_of_rows_that_may_be_null_are_compared_too(mode: Mode, server: Server) -> None:
    gaps = replace(SHORT, null_rows=True)

    def walked(*pages: list[Any]) -> Any:
        server.answers = {number: success(rows) for number, rows in enumerate(pages, 1)}
        arguments = {**dict.fromkeys(SHORT.required, "1"), "page_num": 1, "page_size": 2}
        return mode.walk(lambda c: c._iterate(gaps, arguments, limit=None, max_pages=None))

    found = walked([product(0), None], [None, product(0)], [None])
    assert [row is None for row in found.rows] == [False, True, True, False, True]
    assert found.error is None
    assert isinstance(walked([None, None], [None, None]).error, PaginationError)


# --- Walks by cursor --------------------------------------------------------------------------


class Feed:
    """Answers by cursor: each has so many rows, and names the next cursor."""

    def __init__(self, answers: dict[str | None, Any]) -> None:
        self.answers = answers
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(dict(request.url.params))
        answer = self.answers[request.url.params.get("offset")]
        if isinstance(answer, httpx.Response):
            return fresh(answer)
        numbers, following = answer
        data = {"list": [product(number) for number in numbers]}
        return success(data if following == "absent" else {**data, "max_cursor": following})


@pytest.fixture
def feed(mode: Mode) -> Callable[[dict[str | None, Any]], Feed]:
    """Puts a feed in the server's place."""

    def serve(answers: dict[str | None, Any]) -> Feed:
        feed = Feed(answers)
        mode.server = feed
        return feed

    return serve


Serve = Callable[[dict[str | None, Any]], Feed]


def _feed_rows(client: Any, **bounds: Any) -> Any:
    params = {"offset": bounds.pop("start", None), "count": 2}
    return client._iterate(FEED, params, **{"limit": None, "max_pages": None, **bounds})


@pytest.mark.parametrize("end", [None, "", 0, "absent"])
def test_a_walk_by_cursor_ends_where_no_cursor_follows(mode: Mode, feed: Serve, end: Any) -> None:
    served = feed({None: (range(2), 20), "20": (range(2, 4), "a=="), "a==": (range(4, 5), end)})
    walked = mode.walk(_feed_rows)
    assert walked.error is None
    assert walked.ids == _ids(range(5))
    assert served.asked == [
        {"count": "2"},
        {"offset": "20", "count": "2"},
        {"offset": "a==", "count": "2"},
    ]


@pytest.mark.parametrize("cursor", [{"at": 1}, [1], True, 1.5])
def test_a_cursor_that_is_neither_number_nor_text_is_an_error(
    mode: Mode, feed: Serve, cursor: Any
) -> None:
    feed({None: ([1], cursor)})
    error = mode.walk(_feed_rows).error
    assert isinstance(error, InvalidResponse)
    assert "/data/max_cursor" in error.message
    assert (error.operation, error.status, error.rows_yielded) == (FEED.name, 200, 0)


# --- Flags that say whether more pages follow ---------------------------------------------------


def _flagged(paging: Any) -> PagedOperation[Any]:
    return replace(FEED, paging=replace(paging, more=("data", "has_more")))


FLAGGED = _flagged(FEED.paging)
NUMBERED = _flagged(PageNumbers(parameter="offset", size="count", first=0))


def _flagged_walk(
    mode: Mode, operation: PagedOperation[Any], answers: list[Any], *, numbered: bool = False
) -> tuple[Any, ...]:
    """Walk over so many rows with such a flag and cursor each; gives rows, pages and error."""
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        rows, flag, cursor = answers[len(asked)] if len(asked) < len(answers) else answers[-1]
        listed = (
            rows
            if not isinstance(rows, int)
            else [product(len(asked) * 10 + n) for n in range(rows)]
        )
        asked.append(request.url.params.get("offset"))
        data = {"list": listed, "has_more": flag, "max_cursor": cursor}
        return success({name: value for name, value in data.items() if value != "absent"})

    mode.server = answer
    first = 0 if numbered or operation is NUMBERED else None
    walked = mode.walk(
        lambda client: client._iterate(
            operation, {"offset": first, "count": 2}, limit=None, max_pages=None
        )
    )
    return len(walked.rows), asked, walked.error


@pytest.mark.parametrize(
    ("yes", "no"),
    [(True, False), (1, 0), ("1", "0"), ("true", "false"), ("True", ""), ("Y", "N")],
)
@pytest.mark.parametrize("rows", [2, 1, 0, None])
def test_a_flag_decides_whether_a_walk_goes_on(mode: Mode, yes: Any, no: Any, rows: Any) -> None:
    """Whatever an answer's rows and cursor suggest; a list that is null is an empty one."""
    answers = [(2, yes, 7), (rows, yes, 8), (2, no, 9)]
    found = 4 + (rows or 0)
    assert _flagged_walk(mode, FLAGGED, answers) == (found, [None, "7", "8"], None)
    assert _flagged_walk(mode, NUMBERED, answers) == (found, ["0", "1", "2"], None)
    answers = [(2, no, 7), (rows, no, 8), (2, yes, 9)]
    cursor, number = (
        replace(operation, paging=replace(operation.paging, says="last"))
        for operation in (FLAGGED, NUMBERED)
    )
    assert _flagged_walk(mode, cursor, answers) == (found, [None, "7", "8"], None)
    assert _flagged_walk(mode, number, answers, numbered=True) == (found, ["0", "1", "2"], None)


@pytest.mark.parametrize("end", [None, "absent", 0, "0", -1, "", False])
def test_the_number_of_the_next_page_decides_whether_a_walk_goes_on(mode: Mode, end: Any) -> None:
    paging = replace(NUMBERED.paging, more=("data", "max_cursor"), says="next")
    answers = [(2, "absent", 2), (0, "absent", "3"), (2, "absent", end)]
    found = _flagged_walk(mode, replace(FEED, paging=paging), answers, numbered=True)
    assert found == (4, ["0", "1", "2"], None)


@pytest.mark.parametrize("flag", [None, "absent", "perhaps", [], {}])
def test_without_a_readable_flag_rows_and_cursor_decide(mode: Mode, flag: Any) -> None:
    answers = [(2, flag, 7), (1, flag, 8), (0, flag, 9)]
    assert _flagged_walk(mode, FLAGGED, answers) == (3, [None, "7", "8"], None)
    assert _flagged_walk(mode, NUMBERED, answers) == (3, ["0", "1"], None)


@pytest.mark.parametrize("cursor", [None, "", "absent"])
def test_more_without_a_cursor_is_an_error_not_the_end(mode: Mode, cursor: Any) -> None:
    rows, asked, error = _flagged_walk(mode, FLAGGED, [(2, 1, 7), (2, 1, cursor)])
    assert (rows, asked, error.next_page) == (4, [None, "7"], "7")
    assert isinstance(error, PaginationError)
    assert "/data/max_cursor names no next page, although /data/has_more says" in error.message
    page = mode.call(lambda client: client._page(FLAGGED, {"offset": None, "count": 2}))
    assert (len(page), page.next, page.has_more) == (2, None, True)


@pytest.mark.parametrize("rows", ["absent", None])
def test_a_list_that_is_missing_is_no_empty_one(mode: Mode, rows: Any) -> None:
    flag = 0 if rows == "absent" else "absent"
    found, _, error = _flagged_walk(mode, FLAGGED, [(2, 1, 7), (rows, flag, 8)])
    assert found == 2
    assert isinstance(error, InvalidResponse)


@pytest.mark.parametrize("operation", [FLAGGED, NUMBERED], ids=["cursor", "number"])
def test_pages_without_rows_do_not_follow_for_ever(mode: Mode, operation: Any) -> None:
    rows, asked, error = _flagged_walk(mode, operation, [(2, 1, 7), (0, 1, 8)])
    assert (rows, len(asked)) == (2, 11)
    assert isinstance(error, PaginationError)
    assert "10 pages in a row are empty" in error.message


@pytest.mark.parametrize(
    ("kind", "cursor", "expected"),
    [
        (str, 20, "20"),
        (str, 20.0, "20"),
        (int, "20", 20),
        (int, 20, 20),
        (list, [1, "a"], [1, "a"]),
        (list[str], [1, "a", None, 1.5], ["1", "a", None, "1.5"]),
    ],
)
def test_a_cursor_goes_back_in_the_type_that_the_argument_asks_for(
    mode: Mode, feed: Serve, kind: Any, cursor: Any, expected: Any
) -> None:
    feed({None: (range(2), cursor)})
    of = {"type": list, "items": str} if kind == list[str] else {"type": kind}
    operation = replace(FEED, paging=Cursor(parameter="offset", next=("data", "max_cursor"), **of))
    page = mode.call(lambda client: client._page(operation, {"offset": None}))
    assert page.next == expected
    assert type(page.next) is type(expected)


def test_a_walk_by_cursor_goes_on_after_a_short_page(mode: Mode, feed: Serve) -> None:
    feed({None: (range(1), 20), "20": (range(1, 3), None)})
    assert mode.walk(_feed_rows).ids == _ids(range(3))


@pytest.mark.parametrize("cursor", [-1, "-1", 0, "0", "", None, "no_more", "NULL"])
def test_a_walk_by_cursor_ends_where_none_is_named(mode: Mode, feed: Serve, cursor: Any) -> None:
    served = feed({None: (range(2), 20), "20": (range(2, 4), cursor)})
    assert mode.walk(_feed_rows).ids == _ids(range(4))
    assert len(served.asked) == 2


def test_a_walk_by_cursor_ends_on_an_empty_page(mode: Mode, feed: Serve) -> None:
    served = feed({None: (range(2), 20), "20": (range(0), 40)})
    assert mode.walk(_feed_rows).ids == _ids(range(2))
    assert len(served.asked) == 2


@pytest.mark.parametrize(
    ("bounds", "rows", "requests"),
    [
        ({"limit": 1}, range(1), 1),
        ({"limit": 2}, range(2), 1),
        ({"limit": 3}, range(3), 2),
        ({"max_pages": 1}, range(2), 1),
        ({"start": "20"}, range(2, 4), 1),
    ],
)
def test_a_walk_by_cursor_keeps_its_bounds(
    mode: Mode, feed: Serve, bounds: dict[str, Any], rows: range, requests: int
) -> None:
    served = feed({None: (range(2), 20), "20": (range(2, 4), None)})
    assert mode.walk(lambda client: _feed_rows(client, **bounds)).ids == _ids(rows)
    assert len(served.asked) == requests


def test_an_error_of_a_walk_by_cursor_carries_the_cursor(mode: Mode, feed: Serve) -> None:
    feed({None: (range(2), "a=="), "a==": refusal(500)})
    error = mode.walk(_feed_rows).error
    assert isinstance(error, ServerError)
    assert (error.next_page, error.page_size, error.rows_yielded) == ("a==", 2, 2)


def test_a_cursor_that_leads_to_the_same_rows_is_an_error(mode: Mode, feed: Serve) -> None:
    feed({None: (range(2), 20), "20": (range(2), 20)})
    walked = mode.walk(_feed_rows)
    assert walked.ids == _ids(range(2))
    assert isinstance(walked.error, PaginationError)


def test_a_page_by_cursor_has_a_next_and_no_number(mode: Mode, feed: Serve) -> None:
    feed({None: (range(2), 20)})
    page = mode.call(lambda client: client._page(FEED, {"offset": None, "count": 2}))
    assert (page.page_num, page.page_size, page.next, page.has_more) == (None, 2, "20", True)
    assert repr(page) == "<Page 2 items, has_more=True>"


@pytest.mark.parametrize("count", [0, 21, "x"])
def test_a_page_by_cursor_has_a_size_that_the_operation_has(
    mode: Mode, feed: Serve, count: Any
) -> None:
    served = feed({None: (range(2), 20)})
    with pytest.raises(BadRequest, match="count must be"):
        mode.call(lambda client: client._page(FEED, {"offset": None, "count": count}))
    assert served.asked == []


@pytest.mark.parametrize("taken", range(1, 6))
def test_a_walk_by_cursor_that_is_left_anywhere_resumes(
    mode: Mode, feed: Serve, taken: int
) -> None:
    """Its first page has no cursor, so `next_page` alone does not tell it from the end."""
    feed({None: (range(2), 20), "20": (range(2, 4), None)})
    iterators: list[Any] = []

    def use(client: Any, **more: Any) -> Any:
        iterators.append(_feed_rows(client, **more))
        return iterators[-1]

    first = mode.walk(use, take=taken)
    rows = iterators[0]
    rest: list[str] = []
    if rows.has_more:
        rest = mode.walk(lambda client: use(client, start=rows.next_page)).ids[rows.skip :]
    assert first.ids + rest == _ids(range(4))
    assert rows.has_more == (len(first.ids) < 4)


def test_rows_are_found_below_data(mode: Mode, server: Server) -> None:
    server.always = success({"list": "none"})
    with pytest.raises(InvalidResponse, match="/data/list is str, not a list"):
        mode.call(lambda client: client._page(FEED, {"count": 2}))


def test_a_walk_hands_out_models(mode: Mode, server: Server) -> None:
    assert {type(row) for row in mode.products().rows} == {InfluencerProduct}


# --- Where a walk stands ----------------------------------------------------------------------


def _place(rows: Any) -> tuple[Any, ...]:
    return rows.pages_fetched, rows.rows_yielded, rows.next_page, rows.skip


@pytest.mark.parametrize("stopped", range(26))
@pytest.mark.parametrize("arguments", [{}, {"limit": 24}, {"max_pages": 3}], ids=str)
def test_a_walk_that_is_left_anywhere_resumes_without_losing_or_doubling_a_row(
    mode: Mode, server: Server, stopped: int, arguments: dict[str, int]
) -> None:
    server.holds(25)
    iterators: list[Any] = []

    def use(client: Any, **more: Any) -> Any:
        iterators.append(
            client.influencer.iter_products_analytics(user_id=USER_ID, page_size=10, **more)
        )
        return iterators[-1]

    first = mode.walk(lambda client: use(client, **arguments), take=stopped or None)
    (rows,) = iterators
    assert rows.rows_yielded == len(first.ids)
    rest: list[str] = []
    if rows.next_page is not None:
        again = mode.walk(lambda client: use(client, start_page=rows.next_page))
        rest = again.ids[rows.skip :]
    assert first.ids + rest == [row["product_id"] for row in server.rows]


def test_a_walk_stands_at_its_start_before_the_first_row(mode: Mode) -> None:
    rows = mode.client(KEY).influencer.iter_products_analytics(user_id=USER_ID, start_page=7)
    assert _place(rows) == (0, 0, 7, 0)


def test_a_walk_stands_at_the_page_that_failed(mode: Mode, server: Server) -> None:
    server.holds(30)
    server.answers[2] = refusal(404)
    iterators: list[Any] = []

    def use(client: Any) -> Any:
        iterators.append(client.influencer.iter_products_analytics(user_id=USER_ID))
        return iterators[-1]

    mode.walk(use)
    assert _place(iterators[0]) == (1, 10, 2, 0)


def test_a_closed_walk_still_says_where_it_stands(server: Server) -> None:
    server.holds(30)
    with TikTok(KEY, transport=httpx.MockTransport(server)) as client:
        rows = client.influencer.iter_products_analytics(user_id=USER_ID)
        for _ in range(13):
            next(rows)
        rows.close()
    assert _place(rows) == (2, 13, 2, 3)
    assert next(rows, None) is None


def test_whole_pages_are_handed_out_when_they_are_given(mode: Mode, server: Server) -> None:
    server.holds(30)
    iterators: list[Any] = []

    def use(client: Any) -> Any:
        iterators.append(client.influencer.iter_products_analytics(user_id=USER_ID))
        return iterators[-1].pages()

    mode.walk(use, take=2)
    assert _place(iterators[0]) == (2, 20, 3, 0)


def test_an_error_of_a_page_counts_the_rows_before_it_that_were_handed_out(server: Server) -> None:
    server.holds(30)
    server.answers[2] = refusal(404)
    with TikTok(KEY, transport=httpx.MockTransport(server)) as client:
        rows = client.influencer.iter_products_analytics(user_id=USER_ID)
        taken = [next(rows) for _ in range(3)]
        with pytest.raises(NotFound) as raised:
            next(rows.pages())
        assert (raised.value.next_page, raised.value.rows_yielded) == (2, len(taken))
        assert _place(rows) == (1, 3, 1, 3)


# --- People's own tools -----------------------------------------------------------------------


def test_a_page_gives_its_rows_as_received(mode: Mode, server: Server) -> None:
    server.holds(3)
    page = mode.page()
    assert json.loads(json.dumps(page.to_dicts())) == server.rows
    page.to_dicts()[0].clear()
    assert page.to_dicts() == pickle.loads(pickle.dumps(page)).to_dicts() == server.rows


def test_a_notebook_shows_a_page(mode: Mode, server: Server) -> None:
    server.holds(30)
    shown = mode.page(page_size=10)._repr_html_()
    assert shown.count("<tr>") == 11
    assert "Page page_num=1" in shown
    assert "more rows" not in shown


def test_a_notebook_shows_twenty_rows_of_a_long_page() -> None:
    shown = table([{"a": None, "b": [number]} for number in range(25)], "many")
    assert shown.count("<tr>") == 21
    assert "5 more rows" in shown
