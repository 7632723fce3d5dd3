"""Exports against a server that counts, crashes anywhere, and what must hold after each."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from keyapi import KeyAPIError
from keyapi.export import ExportStopped, Report, State, aexport, status, verify
from keyapi.export._journal import write_fact
from keyapi.export._reader import connect
from keyapi.export._target import LocalTarget
from keyapi.export._writer import Writer
from keyapi_example import AsyncTikTok
from support.creators import Creators, refusal
from support.machines import REPEATABLE

KEY = "sk_live_c4nary"
DAY = "2024-11-27"
CONCURRENCY = 3

SETTINGS = settings(REPEATABLE, max_examples=10, stateful_step_count=6)
"""Few examples, as each step is a run with all its files; `nox -s soak` makes more."""


class Crash(OSError):
    """Stands for the end of the process: nothing has an effect after it."""


class World:
    """What has effects that outlive a process: the server, the journal, the files.

    Args:
        creators: The server.
    """

    def __init__(self, creators: Creators) -> None:
        self.creators = creators
        self.left: int | None = None  # effects until the crash
        self.crashes = 0

    def effect(self) -> None:
        """Take note of an effect, or crash instead of it, and instead of each one after that."""
        if self.left is None:
            return
        if self.left <= 0:
            raise Crash(5, "the process is gone")
        self.left -= 1

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Have each effect pass here, once before it and once after it."""

        def around(function: Callable[..., Any]) -> Callable[..., Any]:
            def watched(*arguments: Any) -> Any:
                self.effect()
                result = function(*arguments)
                self.effect()
                return result

            return watched

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Writer, "_committed", around(Writer._committed))
            patch.setattr(LocalTarget, "put", around(LocalTarget.put))
            patch.setattr(self.creators, "answer", around(self.creators.answer))
            yield


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder in memory, where that can be had: each commit waits for the disk."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as path:
        yield Path(path)


def exported(
    creators: Creators, ids: Any, out: Path, *, client: dict[str, Any] | None = None, **options: Any
) -> Report:
    """Export by an asyncio client; what is left out is as in all tests."""
    options = {"as_of": DAY, "on_new_day": "continue", "concurrency": CONCURRENCY, **options}
    made = {"transport": creators.transport(), "max_retries": 0, **(client or {})}

    async def main() -> Report:
        async with AsyncTikTok(KEY, **made) as tiktok:
            return await aexport(tiktok.influencer.iter_products_analytics, ids, out, **options)

    return asyncio.run(main())


def rows_of(out: Path, as_of: str = DAY) -> list[tuple[str, int, int, str]]:
    """Id, page, place and product of each published row, sorted."""
    found: list[tuple[str, int, int, str]] = []
    for path in sorted((out / "data" / f"_as_of={as_of}").glob("*.parquet")):
        table = pq.ParquetFile(path).read(["_id", "_page", "_row", "product_id"])
        found += zip(*(column.to_pylist() for column in table.columns), strict=True)
    return sorted(found)


def expected(creators: Creators, pages: set[tuple[str, int]]) -> list[tuple[str, int, int, str]]:
    """The same for pages that are all there."""
    return sorted(
        (creator, page, row, product["product_id"])
        for creator, page in pages
        for row, product in enumerate(creators.products(creator, page))
    )


def committed(out: Path, as_of: str = DAY) -> set[tuple[str, int]]:
    """Id and number of each page that the journal has."""
    path = out / f"journal-{as_of}.sqlite"
    if not path.exists():
        return set()
    connection = sqlite3.connect(path)
    try:
        return set(connection.execute("SELECT id, page FROM pages JOIN ids USING (n)"))
    finally:
        connection.close()


def set_fact(out: Path, name: str, value: Any, as_of: str = DAY) -> None:
    """Let a journal say something else of its run."""
    with closing(connect(out / f"journal-{as_of}.sqlite")) as connection:
        write_fact(connection, name, value)


class ExportMachine(RuleBasedStateMachine):
    """Runs, crashes, faults and longer lists, in any order; afterwards everything adds up."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.out = self.stack.enter_context(scratch()) / "out"
        sizes = [0, 4, 10, 23, 31]
        self.creators = Creators({str(n): sizes[n % len(sizes)] for n in range(1, 13)})
        self.world = World(self.creators)
        self.ids = [str(n) for n in range(1, 6)]
        self.allowed = 0
        self.crashes = 0

    def teardown(self) -> None:
        self.creators.faults.clear()
        try:
            self._run(credits_=1000, crash=None, ids=13)
            self.everything_is_there()
        finally:
            self.stack.close()

    @rule(
        credits_=st.sampled_from([0, 3, 20]),
        crash=st.none() | st.integers(0, 80),
        ids=st.integers(5, 13),
    )
    def run(self, credits_: int, crash: int | None, ids: int) -> None:
        """Run with a larger budget and a longer list, up to the end or to a crash."""
        self._run(credits_, crash, ids)

    def _run(self, credits_: int, crash: int | None, ids: int) -> None:
        self.allowed += credits_
        self.ids = [str(n) for n in range(1, max(ids, len(self.ids)))]
        before = committed(self.out)
        asked = Counter(self.creators.asked)
        self.world.left = crash
        with self.world.watched():
            try:
                report = exported(self.creators, self.ids, self.out, max_credits=self.allowed)
                assert report.todo == 0
            except ExportStopped as error:
                assert error.report.credits <= self.allowed  # noqa: PT017 - others are fine, too
            except (KeyAPIError, OSError):
                assert crash is not None
        self.crashes += self.world.left == 0
        self.world.left = None
        again = {page for page in before if self.creators.asked[page] != asked[page]}
        assert not again, "committed pages were asked for again"

    @rule(creator=st.integers(1, 12), page=st.integers(1, 3), status=st.sampled_from([404, 500, 0]))
    def fail(self, creator: int, page: int, status: int) -> None:
        """Have a page fail: for good, for now, or without an answer, which is paid all the same."""

        def unanswered() -> Exception:
            self.creators.unanswered += 1
            return httpx.ReadError("reset")

        fault = unanswered if status == 0 else lambda: refusal(status)
        self.creators.faults[str(creator), page] = fault

    @rule()
    def mend(self) -> None:
        """Have nothing fail any more."""
        self.creators.faults.clear()

    @invariant()
    def no_more_is_spent_than_was_allowed(self) -> None:
        assert self.creators.charged <= self.allowed

    @invariant()
    def a_crash_pays_at_most_as_many_pages_again_as_are_in_flight(self) -> None:
        again = self.creators.paid.total() - len(self.creators.paid)
        assert again <= self.crashes * CONCURRENCY

    @invariant()
    def what_is_published_was_committed_and_is_there_once(self) -> None:
        published = rows_of(self.out)
        assert len(set(published)) == len(published)
        assert set(published) <= set(expected(self.creators, committed(self.out)))

    def everything_is_there(self) -> None:
        assert verify(self.out).problems == []
        assert rows_of(self.out) == expected(self.creators, committed(self.out))
        found = status(self.out)
        dead = {problem.id for problem in found.problems if problem.state is State.DEAD}
        assert found.report.todo == found.report.failed == 0
        wanted = {page for page in self.creators.pages if page[0] in {*self.ids} - dead}
        assert wanted <= committed(self.out)
