"""A page: a sequence of rows with facts, which can be copied, pickled and shown.

What is expected is worded after the docstring of `Page`, `docs/pages.md` and `docs/responses.md`.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Sequence
from typing import Any

import httpx

from keyapi import Page
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, Caller
from keyapi.conformance.relations._answers.notebook import ROWS, shown
from keyapi.conformance.relations._shared import Compared, attempt, page_of, success_answer
from keyapi.specification import OperationSpec, value_at

_FACTS = (
    *("next", "has_more", "page_num", "page_size", "request_id", "attempts", "credits"),
    "from_cache",
)


def as_pages(operation: OperationSpec, caller: Caller) -> Compared:
    """What a page of four rows promises, the first and the third of which are alike.

    Args:
        operation: A paged operation.
        caller: The client.
    """
    row = (value_at(success_answer(operation).envelope, operation.items or ()) or [{}])[0]
    rows = [{**row, "n": n, "nested": {"list": [n]}} for n in (0, 1, 0, 2)]
    page = page_of(operation, caller, rows)
    if not isinstance(page, Page):
        yield "kind", "a page", repr(page)
        return
    model = caller.methods[operation.name, False].operation.model()
    views = [row if model is dict else model.from_dict(row) for row in rows]
    yield from _facts(operation, page)
    for rule, (expected, read) in _sequence(page, views).items():
        found = attempt(read)
        yield rule, expected, type(found) if isinstance(found, Exception) else found
    yield "rows", {model}, {type(row) for row in (*page, *page.items, page[0])}
    if model is not dict:
        page[0].to_dict()["nested"]["list"].append("changed")
    page.to_dicts()[1]["nested"]["list"].append("changed")
    yield "copies", rows, page.to_dicts()
    yield from _pickled(page_of(operation, caller, rows), rows, views)
    yield from _pickled(page, rows, views)
    numbered = [{**each, "n": n} for n, each in enumerate(ROWS)]
    yield from shown(page_of(operation, caller, numbered), "Page")


def _facts(operation: OperationSpec, page: Page[Any, Any]) -> Compared:
    """What a page says of itself, and of the response behind it."""
    paging, answer = operation.paging, success_answer(operation)
    number = paging.start if paging and paging.kind == "page" else None
    size = None
    if paging and paging.size:
        given = next(iter(cases(operation))).arguments
        size = min(4, paging.largest or 4) if paging.size in given else None
    expected: dict[str, Any] = {
        "has_more": True,
        "page_num": None if number is None else int(number),
        "page_size": size if size is not None else page.page_size,
        "request_id": answer.envelope.get("requestId"),
        "attempts": 1,
        "credits": operation.credits,
        "from_cache": False,
    }
    for name, value in expected.items():
        yield name, value, getattr(page, name)
    response = page.response
    if not isinstance(response, httpx.Response):
        yield "response", "an httpx.Response", repr(response)
        return
    carries = KEY in response.request.headers.get("authorization", "")
    found = response.status_code, response.json().get("requestId"), carries
    yield "response", (answer.status, expected["request_id"], operation.secured), found


def _sequence(
    page: Page[Any, Any], views: list[Any]
) -> dict[str, tuple[Any, Callable[[], object]]]:
    """What a sequence does: expected, and what gives it."""
    first, second, third, last = views
    anything: Any = page
    return {
        "page[index]": ([first, last, last], lambda: [page[0], page[3], page[-1]]),
        "page[slice]": (
            [[second, third, last], [last, third, second, first], []],
            lambda: [page[1:], page[::-1], page[4:]],
        ),
        "page[4]": (IndexError, lambda: page[4]),
        "iteration": ([views, views], lambda: [[*page], page.items]),
        "reversed()": ([last, third, second, first], lambda: [*reversed(page)]),
        "in": ([True, True, False], lambda: [each in page for each in (first, last, "none")]),
        "index()": (
            [0, 1, 2, 3, 0],
            lambda: [
                *(page.index(first), page.index(second), page.index(third, 1)),
                *(page.index(last, -1), page.index(first, 0, 1)),
            ],
        ),
        "index() of none": (ValueError, lambda: page.index("none")),
        "index() between": (ValueError, lambda: page.index(first, 1, 2)),
        "count()": ([2, 1, 0], lambda: [page.count(each) for each in (first, second, "none")]),
        "len()": ((4, True), lambda: (len(page), bool(page))),
        # To polars, a sequence would be a column of objects.
        "isinstance()": (
            (True, False),
            lambda: (isinstance(anything, Collection), isinstance(anything, Sequence)),
        ),
        "repr()": (True, lambda: all(part in repr(page) for part in ("4 items", "has_more=True"))),
    }


def _pickled(page: Page[Any, Any], rows: list[Any], views: list[Any]) -> Compared:
    """A pickled page keeps rows and facts, and leaves out the response, whose request has the key.

    Args:
        page: The page, whose rows were read before or not.
        rows: Its rows as received.
        views: Its rows as models.
    """
    pickled = pickle.dumps(page)
    restored = pickle.loads(pickled)  # noqa: S301 - made here
    for fact in _FACTS:
        yield f"pickled, {fact}", getattr(page, fact), getattr(restored, fact, "nothing")
    yield "pickled", (rows, repr(page)), (restored.to_dicts(), repr(restored))
    yield "pickled rows", views, [*restored]
    yield "pickled, response", None, restored.response
    yield "pickled, key", False, KEY.encode() in pickled
    yield "pickled, the page itself", True, isinstance(page.response, httpx.Response)
