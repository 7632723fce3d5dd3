"""Commits the pages of an event loop together, and tells each worker when the disk has its page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from keyapi.export._records import Claim, CommittedPage, FetchedPage, State

SECONDS = 0.005
"""How long a page waits for others to be committed with: a transaction costs as much for one."""


class Ledger(Protocol):
    """What knows the ids, and commits their pages, a `Journal` or the log of a shard."""

    def claims(self, state: State, after: int, most: int) -> list[Claim]:
        """The next ids of a state; see `JournalReader`."""
        ...

    def commit(self, pages: Sequence[FetchedPage]) -> Future[int]:
        """Commit pages; see `Journal`."""
        ...

    def settle(self, n: int, state: State, error: str | None) -> Future[None]:
        """Write what is known of an id of which no page came."""
        ...


class Committed(Protocol):
    """Is told which pages are committed."""

    def __call__(self, rows: int, pages: Sequence[CommittedPage] = ()) -> None:
        """Take note of committed pages, in their order.

        Args:
            rows: How many rows they have.
            pages: The pages with their rows, where they are at hand.
        """
        ...


class _Waiting(NamedTuple):
    page: FetchedPage
    id: str
    received: list[Any]
    future: asyncio.Future[None]

    def committed(self, seq: int) -> CommittedPage:
        page = self.page
        return CommittedPage(
            seq, self.id, page.page, page.rows, page.request_id, page.fetched_at, self.received
        )


class Commits:
    """Commits pages as soon as all workers wait for it, or a few milliseconds after the first one.

    Args:
        ledger: Where they are committed.
        workers: Gives how many workers there are that may yet have a page.
        committed: Called where pages are committed.
    """

    def __init__(
        self,
        ledger: Ledger,
        workers: Callable[[], int],
        committed: Committed,
    ) -> None:
        self._ledger = ledger
        self._workers = workers
        self._committed = committed
        self._waiting: list[_Waiting] = []
        self._timer: asyncio.TimerHandle | None = None

    async def commit(self, page: FetchedPage, id_: str, received: list[Any]) -> None:
        """Commit a page, and wait until the disk has it.

        Args:
            page: The page.
            id_: Its id.
            received: Its rows as received.

        Raises:
            ExportError: The journal cannot be written.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append(_Waiting(page, id_, received, future))
        if len(self._waiting) >= self._workers():
            self._write(loop)
        elif self._timer is None:
            self._timer = loop.call_later(SECONDS, self._write, loop)
        await future

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []

        def written(future: Future[int]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._written, batch, future)

        self._ledger.commit([each.page for each in batch]).add_done_callback(written)

    def _written(self, batch: list[_Waiting], future: Future[int]) -> None:
        error = future.exception()
        for each in batch:
            if each.future.done():  # its worker was cancelled
                continue
            if error is None:
                each.future.set_result(None)
            else:
                each.future.set_exception(error)
        if error is None:
            self._committed(
                sum(each.page.rows for each in batch),
                [each.committed(seq) for seq, each in enumerate(batch, future.result())],
            )
