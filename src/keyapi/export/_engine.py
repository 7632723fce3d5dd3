"""Asks for the pages of many ids at once, each committed before the next one is asked for."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

from keyapi._budget import Budget
from keyapi._client import SyncClient
from keyapi._errors import KeyAPIError
from keyapi._page import Page
from keyapi.export._commits import Commits, Committed, Ledger
from keyapi.export._outcomes import Outcome, outcome
from keyapi.export._plan import Plan
from keyapi.export._records import Claim, FetchedPage, State
from keyapi.export._report import Counts

CLAIMED = 1000
"""Ids that are read from the journal at a time."""
_IN_A_ROW = 50
"""Ids that fail one after the other, with no answer in between, before an export ends: the server
is down, and each further attempt may cost credits. At least three for each id in flight."""

NextPage = Callable[[], Awaitable[Page[Any, Any]]]


class Paying(Budget, Protocol):
    """A budget that the engine closes at its end, and that says when requests leave."""

    closed: bool
    reserved: Callable[[], None]


class Engine:
    """Works through the ids of a journal.

    Args:
        plan: What is asked for each id.
        journal: What knows the ids.
        budget: What the client's requests are paid from.
        concurrency: How many ids are asked for at once.
        counts: What it counts in.
        committed: Called where pages are committed.

    Attributes:
        stopped: What ended the run before its end; None where nothing did.
        in_flight: How many ids are being asked for.
    """

    def __init__(
        self,
        plan: Plan,
        journal: Ledger,
        budget: Paying,
        *,
        concurrency: int,
        counts: Counts,
        committed: Committed,
    ) -> None:
        self.stopped: BaseException | None = None
        self.in_flight = 0
        self._plan = plan
        self._journal = journal
        self._budget = budget
        self._concurrency = concurrency
        self._commits = Commits(journal, lambda: self.in_flight, committed)
        self._counts = counts
        self._unsent: set[asyncio.Task[Any]] = set()
        self._sent: set[object] = set()  # workers, or their threads, that wait for an answer
        budget.reserved = self._leaves
        self._client = plan.client._with_options(max_credits=budget)
        self._walk = plan.method.on(self._client)
        self._threads: ThreadPoolExecutor | None = None
        self._claims: deque[Claim] = deque()
        self._after = 0
        self._failing = 0

    @property
    def unanswered(self) -> int:
        """How many requests have left, and have no answer yet."""
        return len(self._sent)

    def stop(self, error: BaseException) -> None:
        """End the run: what is in flight is committed, and nothing else is sent.

        Args:
            error: Why.
        """
        if self.stopped is None:
            self.stopped = error
            self._budget.closed = True
            for worker in self._unsent:
                worker.cancel()  # it waits for its turn, and would be refused

    async def run(self) -> None:
        """Ask for all ids that are to do, then once more for those that failed."""
        if isinstance(self._client, SyncClient):
            self._threads = ThreadPoolExecutor(self._concurrency, "keyapi-export")
        try:
            for state in (State.TODO, State.FAILED):
                self._claims.clear()
                self._after = self._failing = 0
                workers = [
                    asyncio.ensure_future(self._work(state)) for _ in range(self._concurrency)
                ]
                try:
                    await asyncio.gather(*workers, return_exceptions=True)
                except BaseException:
                    for worker in workers:
                        worker.cancel()
                    raise
        finally:
            if self._threads is not None:
                self._threads.shutdown(wait=False, cancel_futures=True)

    async def _work(self, state: State) -> None:
        while self.stopped is None and (claim := self._claimed(state)) is not None:
            self.in_flight += 1
            try:
                await self._ask(claim, state)
            except Exception as error:  # of the program's own hooks, or of ours
                self.stop(error)
            finally:
                self.in_flight -= 1

    def _claimed(self, state: State) -> Claim | None:
        if not self._claims:
            self._claims.extend(self._journal.claims(state, self._after, CLAIMED))
            if not self._claims:
                return None
            self._after = self._claims[-1].n
        return self._claims.popleft()

    async def _ask(self, claim: Claim, state: State) -> None:
        """Ask for the pages of an id from the first that is not committed."""
        try:
            next_page = self._pages(claim)
            rows, number = claim.rows, claim.pages
            while self.stopped is None:
                page = await self._next(next_page)
                self._failing = 0
                number += 1
                rows += len(page)
                fetched = _fetched(claim.n, number, page, rows, self._plan.max_pages)
                await self._commits.commit(fetched, claim.id, page._rows)
                self._counts.committed(fetched.rows)
                self._counts.moved(state, fetched.state)
                state = fetched.state
                if state is not State.TODO:
                    return
        except KeyAPIError as error:
            await self._take(claim, state, error)

    async def _next(self, next_page: NextPage) -> Page[Any, Any]:
        """Ask for a page; a worker whose request has not left can be cancelled meanwhile."""
        if self._threads is not None:
            return await next_page()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a worker is a task
        self._unsent.add(task)
        try:
            return await next_page()
        finally:
            self._unsent.discard(task)
            self._sent.discard(task)

    def _next_in_thread(self, pages: Iterator[Page[Any, Any]]) -> Page[Any, Any]:
        try:
            return next(pages)
        finally:
            self._sent.discard(threading.get_ident())

    def _leaves(self) -> None:
        """Take note that the request of the running worker leaves now."""
        if self._threads is not None:
            self._sent.add(threading.get_ident())
            return
        worker = asyncio.current_task()
        assert worker is not None  # noqa: S101 - a worker is a task
        self._sent.add(worker)
        self._unsent.discard(worker)

    async def _take(self, claim: Claim, before: State, error: KeyAPIError) -> None:
        follows = outcome(error)
        if follows is Outcome.STOP:
            self.stop(error)
            return
        state = State.DEAD if follows is Outcome.DEAD else State.FAILED
        await asyncio.wrap_future(self._journal.settle(claim.n, state, str(error)))
        self._counts.moved(before, state)
        self._failing = 0 if follows is Outcome.DEAD else self._failing + 1
        if self._failing >= max(_IN_A_ROW, 3 * self._concurrency):
            self.stop(error)

    def _pages(self, claim: Claim) -> NextPage:
        """What gives one page after another."""
        plan = self._plan
        arguments: dict[str, Any] = {plan.id_parameter: plan.value(claim.id), **plan.arguments}
        if claim.next is not None:
            arguments["start_page"] = json.loads(claim.next)
        pages = self._walk(**arguments).pages()
        threads = self._threads
        if threads is None:
            return partial(anext, pages)
        loop = asyncio.get_running_loop()
        return lambda: loop.run_in_executor(threads, self._next_in_thread, pages)


def _fetched(
    n: int, number: int, page: Page[Any, Any], rows: int, max_pages: int | None
) -> FetchedPage:
    """What is committed with a page."""
    error = None
    if page.next is None and page.has_more:
        state, error = State.DEAD, page._lost
    elif page.next is None or number == max_pages:
        state = State.DONE if rows else State.EMPTY
    else:
        state = State.TODO
    response: Any = page._response  # not `page.response`, which makes an httpx.Response
    return FetchedPage(
        n=n,
        page=number,
        rows=len(page),
        credits=page.credits,
        request_id=page.request_id,
        fetched_at=time.time_ns() // 1000,
        body=response.content,
        next=page.next,
        state=state,
        error=error,
    )
