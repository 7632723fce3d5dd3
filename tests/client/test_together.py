"""Pace, budget, cache, contract and retries at once, on a server that fails now and then."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from inspect import isawaitable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from client.conftest import EXAMPLE, USER_ID, FakeClock, Mode, product, refusal
from keyapi import BudgetExceeded, KeyAPIError
from keyapi.contract import Violation
from support.loopback import Loopback

DROPPED = None
FAULTS: dict[str, tuple[int, bytes] | None] = {
    "503": (503, b""),
    "dropped": DROPPED,
    "HTML": (200, b"<html>502 Bad Gateway</html>"),
    "429 under 200": (200, refusal(200, 429).content),
}


class Faulty(Loopback):
    """Holds 45 products, some of them not as promised, and fails once for pages told.

    Attributes:
        faults: By page number, what is answered the next time instead of its rows.
        moments: When the requests arrived, by the client's clock.
    """

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.rows = [product(number) for number in range(45)]
        self.rows[25] = {**self.rows[25], "total_sale_cnt": "many"}
        self.rows[44] = {**self.rows[44], "new": 1}
        self.faults: dict[int, tuple[int, bytes] | None] = {}
        self.moments: list[float] = []
        self._clock = clock

    def answer(self, asked: dict[str, str]) -> tuple[int, bytes] | None:
        self.moments.append(self._clock.time)
        number, size = int(asked["page_num"]), int(asked["page_size"])
        if number in self.faults:
            return self.faults.pop(number)
        rows = self.rows[(number - 1) * size : number * size]
        return 200, json.dumps({**EXAMPLE, "data": rows}).encode()

    @property
    def pages(self) -> list[int]:
        """The page numbers that were asked for, in order."""
        return [int(parse_qs(urlsplit(target).query)["page_num"][0]) for target in self.targets]


@pytest.fixture
def faulty(mode: Mode) -> Iterator[Faulty]:
    with Faulty(mode.clock) as server:
        yield server


async def walked(client: Any) -> tuple[list[Any], KeyAPIError | None]:
    """The pages that a client's walk gives, and the error that ends it."""
    pages: list[Any] = []
    walk = client.influencer.iter_products_analytics(user_id=USER_ID).pages()
    try:
        if hasattr(walk, "__aiter__"):
            async for page in walk:
                pages.append(page)  # noqa: PERF401 - an error must not lose those before it
        else:
            for page in walk:
                pages.append(page)  # noqa: PERF402 - likewise
    except KeyAPIError as error:
        return pages, error
    return pages, None


def test_a_walk_with_everything_accounts_for_each_request(
    mode: Mode, faulty: Faulty, tmp_path: Path
) -> None:
    found: list[Violation] = []

    async def scenario() -> None:
        client = mode.open(
            base_url=faulty.url,
            transport=None,
            rate="2/s",
            max_credits=9,
            max_retries=2,
            cache=tmp_path,
            contract=found.append,
        )

        # Five pages and four faults, just within the budget.
        faulty.faults = dict(enumerate(FAULTS.values(), 1))
        pages, error = await walked(client)
        assert error is None
        assert [row.to_dict() for page in pages for row in page] == faulty.rows
        assert [page.attempts for page in pages] == [2, 2, 2, 2, 1]
        assert faulty.pages == [1, 1, 2, 2, 3, 3, 4, 4, 5]
        assert sum(page.credits for page in pages) == client.credits_spent == 9

        # Once more: nothing is left of the budget, and nothing is needed.
        again, error = await walked(client)
        assert error is None
        assert [page.from_cache for page in again] == [True] * 5
        assert [list(page) for page in again] == [list(page) for page in pages]
        assert (len(faulty.targets), client.credits_spent) == (9, 9)

        # Without the cache, each of three credits more is spent, also on a retry; then it ends.
        faulty.faults = {2: FAULTS["503"]}
        pages, error = await walked(client.with_options(cache=None, max_credits=12))
        assert isinstance(error, BudgetExceeded)
        assert (error.asked, error.spent, error.allowed, error.attempts) == (1, 12, 12, 0)
        assert (error.next_page, error.rows_yielded) == (3, 20)
        assert [page.attempts for page in pages] == [1, 2]
        assert faulty.pages[9:] == [1, 2, 2]
        assert client.credits_spent == len(faulty.targets) == 12

        if isawaitable(closing := client.close()):
            await closing

    asyncio.run(scenario())
    kinds = Counter((one.pointer, one.rule, one.additive) for one in found)
    assert kinds == {
        ("", "content-type", False): 1,  # of the empty 503 and the HTML
        ("", "json", False): 1,
        ("/data/5/total_sale_cnt", "type", False): 1,
        ("/data/4/new", "additionalProperties", True): 1,
    }
    for first, third in zip(faulty.moments, faulty.moments[2:], strict=False):
        assert third - first >= 1 - 0.002  # the limiter counts in milliseconds
