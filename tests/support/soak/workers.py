"""Tasks and threads that walk lists, with the same client, until the time is up."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from keyapi import KeyAPIError
from keyapi._sending.clock import Clock
from support.stateful.server import FEED_ROWS, OPERATIONS, rows_of

TASKS, THREADS = 32, 8
_SUBJECTS = (0, 1, 9, 10, 30, 75)
_PATIENCE = 60  # errors that a walk survives; more, one after the other, mean that it is stuck


class HastyClock(Clock):
    """A clock whose waits between attempts take a fiftieth of their time."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / 50)

    async def sleep_async(self, seconds: float) -> None:
        await super().sleep_async(seconds / 50)


@dataclass
class Tally:
    """What workers counted; each has its own, added up at the end.

    Attributes:
        walks: How many walks came to their end.
        expected: How many rows these should have handed out.
        rows: How many they did.
        wrong: What was wrong with a walk's rows.
        errors: The errors on the way, by class.
        cancelled: The cost of the calls that were cancelled on the way, in credits.
    """

    walks: int = 0
    expected: int = 0
    rows: int = 0
    wrong: list[str] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    cancelled: int = 0

    def add(self, other: Tally) -> None:
        """Add what another worker counted."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


class _Walk:
    """One walk over a list: what is asked for, and the rows so far."""

    def __init__(self, chance: random.Random) -> None:
        self.operation = chance.choice(sorted(OPERATIONS))
        self.subject = chance.choice(_SUBJECTS)
        self.size = chance.choice([3, 10])
        self.by_page = chance.random() < 0.3
        self.rows: list[str] = []
        self.start: Any = None
        self.skip = 0

    def iterator(self, client: Any) -> Any:
        """A walk by a client, from where the one before it stopped."""
        resource, _, name = self.operation.partition("_")
        iterate = getattr(getattr(client, resource), f"iter_{name}")
        if self.operation == "feed_list":
            self.subject = FEED_ROWS
            return iterate(start_page=self.start)
        asked: dict[str, dict[str, Any]] = {
            "shop_list": {"region": str(self.subject)},
            "video_search": {"video_ids": ["1"], "keyword": str(self.subject)},
            "influencer_products_analytics": {"user_id": str(self.subject)},
        }
        return iterate(**asked[self.operation], page_size=self.size, start_page=self.start or 1)

    def take(self, items: Any) -> None:
        """Take a row, or the rows of a page, but for those that are there already."""
        for row in items if self.by_page else [items]:
            if self.skip:
                self.skip -= 1
            else:
                self.rows.append(row.to_dict()["id"])

    def stopped(self, walk: Any, error: KeyAPIError | None) -> None:
        """Note where to resume: by what the error says, or else the iterator.

        Rows that were still to be passed over then are passed over after that.
        """
        if error is not None:
            self.start = error.next_page
        else:
            self.start, self.skip = walk.next_page, walk.skip + self.skip

    def finish(self, tally: Tally) -> None:
        """Compare the rows with those that there are."""
        expected = rows_of(self.subject)
        tally.walks += 1
        tally.expected += len(expected)
        tally.rows += len(self.rows)
        if self.rows != expected:
            found = f"{len(self.rows)} of {len(expected)} rows"
            order = "" if len(self.rows) != len(expected) else ", in another order"
            tally.wrong.append(f"{self.operation} of {self.subject}: {found}{order}")


def threads(client: Any, seconds: float, seed: int) -> Tally:
    """Walk with threads that share a client."""
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(THREADS) as pool:
        seeds = range(seed, seed + THREADS)
        return _added(pool.map(lambda each: _thread(client, end, each), seeds))


def _thread(client: Any, end: float, seed: int) -> Tally:
    tally, chance = Tally(), random.Random(seed)  # noqa: S311 - it chooses walks
    variants = [client, client.with_options(deadline=20), client.with_options(max_retries=0)]
    while time.monotonic() < end:
        walk, chosen = _Walk(chance), chance.choice(variants)
        for _ in range(_PATIENCE):
            iterator = walk.iterator(chosen)
            try:
                for items in iterator.pages() if walk.by_page else iterator:
                    walk.take(items)
                    if chance.random() < 0.01:  # leave the loop, and resume
                        break
                else:
                    break
            except KeyAPIError as error:
                tally.errors[type(error).__name__] += 1
                walk.stopped(iterator, error)
            else:
                walk.stopped(iterator, None)
                if not iterator.has_more:
                    break
        walk.finish(tally)
    return tally


async def tasks(client: Any, seconds: float, seed: int) -> Tally:
    """Walk with tasks that share a client."""
    end = time.monotonic() + seconds
    seeds = range(seed, seed + TASKS)
    return _added(await asyncio.gather(*(_task(client, end, each) for each in seeds)))


async def _task(client: Any, end: float, seed: int) -> Tally:
    tally, chance = Tally(), random.Random(seed)  # noqa: S311 - it chooses walks
    variants = [client, client.with_options(max_retries=0)]
    while time.monotonic() < end:
        walk, chosen = _Walk(chance), chance.choice(variants)
        for _ in range(_PATIENCE):
            iterator = walk.iterator(chosen)
            patience = chance.uniform(0.001, 0.05) if chance.random() < 0.02 else None
            try:
                async with asyncio.timeout(patience):
                    async for items in iterator.pages() if walk.by_page else iterator:
                        walk.take(items)
                break
            except KeyAPIError as error:
                tally.errors[type(error).__name__] += 1
                walk.stopped(iterator, error)
            except TimeoutError:
                tally.errors["(cancelled)"] += 1
                tally.cancelled += OPERATIONS[walk.operation].credits
                walk.stopped(iterator, None)
                if not iterator.has_more:
                    break
        walk.finish(tally)
    return tally


def _added(tallies: Iterator[Tally] | list[Tally]) -> Tally:
    total = Tally()
    for each in tallies:
        total.add(each)
    return total
