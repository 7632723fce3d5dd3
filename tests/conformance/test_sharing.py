"""What threads and tasks share, and a walk that is closed: what breaks a promise is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keyapi._pages import AsyncPageIterator, PageIterator
from keyapi._sending.limits import Limits
from keyapi._walk import Walk
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import shared_as_documented
from keyapi.specification import Specification
from keyapi_example import TikTok

Patch = pytest.MonkeyPatch
OPERATIONS = Specification.of_package("keyapi_example").operations
CALLER = Caller(TikTok)


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_is_told_of_what_is_shared_as_documented(name: str) -> None:
    assert [str(found) for found in shared_as_documented(OPERATIONS[name], CALLER)] == []


def test_nothing_is_told_of_what_the_client_does_not_have() -> None:
    lacking = Caller(TikTok)
    lacking.methods = {}

    assert list(shared_as_documented(OPERATIONS["shop_list"], lacking)) == []


def pages_after_one_another(patch: Patch) -> None:
    async def fetch(self: Any, rows: Any) -> None:
        async with self._locks.get():
            if await self._next_page(whole=False) is None:
                raise StopAsyncIteration

    patch.setattr(AsyncPageIterator, "_fetch_after", fetch)


def pages_after_one_another_by_threads(patch: Patch) -> None:
    def fetch(self: Any, rows: Any) -> None:
        with self._lock:
            if self._next_page(whole=False) is None:
                raise StopIteration

    patch.setattr(PageIterator, "_fetch_after", fetch)


def two_pages_at_once(patch: Patch) -> None:
    def page(self: Any) -> Any:
        return self._next_page(whole=True)

    patch.setattr(PageIterator, "_locked_page", page)


def a_budget_counted_late(patch: Patch) -> None:
    charge = Limits.charge

    def late(self: Limits, cost: int, most: int | None) -> None:
        charge(self, cost, None)

    patch.setattr(Limits, "charge", late)


def a_closed_walk_that_goes_on(patch: Patch) -> None:
    patch.setattr(Walk, "close", lambda self: None)


TOLD = {
    pages_after_one_another: ("tasks share an iterator, row by row", "rows"),
    pages_after_one_another_by_threads: ("threads share an iterator, row by row", "rows"),
    two_pages_at_once: ("threads share an iterator, page by page", "rows"),
    a_budget_counted_late: ("tasks share a client", "budget"),
    a_closed_walk_that_goes_on: ("a closed walk, async", "rows"),
}


@pytest.mark.parametrize("fault", TOLD, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("name", ["shop_list", "feed_list"])
def test_a_client_whose_workers_disturb_each_other_is_found_out(
    fault: Callable[[Patch], None], name: str, monkeypatch: Patch
) -> None:
    fault(monkeypatch)

    found = list(shared_as_documented(OPERATIONS[name], CALLER))

    assert TOLD[fault] in {(one.case, one.violation.rule) for one in found}
