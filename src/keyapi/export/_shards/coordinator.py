"""Places the shards of a run on workers, and commits what they write; there is one at a time."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from keyapi._errors import BudgetExceeded, KeyAPIError
from keyapi.export._budget import RunBudget
from keyapi.export._errors import ExportError
from keyapi.export._journal import ELSEWHERE, RESERVED, SHARDS, Journal
from keyapi.export._plan import Plan
from keyapi.export._records import Claim, State
from keyapi.export._report import Counts
from keyapi.export._segments.log import LogReader, ShardLost
from keyapi.export._segments.store import Store, store
from keyapi.export._segments.taking import NONE, Taking
from keyapi.export._shards.lease import Grants, LocalGrants
from keyapi.export._shards.shard import Described, Shard, ShardReport

Outcome = ShardReport | KeyAPIError
Submit = Callable[[Callable[[Shard], Outcome], Shard], "Future[Outcome]"]
"""Has a worker call a function with a shard; gives a future of what it returns."""

_OPEN = (State.TODO, State.FAILED)
"""States whose ids are asked for."""
FACTS = ("plan", "client", "resource", "method", "specification")
"""Facts about the run that a shard is described with."""
_LARGEST = 10_000
"""Ids of a shard at most."""
_FOR_EACH = 4
"""Shards for each worker, so that none is busy for long after all others have ended."""
_AT_ONCE = 4
"""Ids of a shard at least, for each id that a worker asks for at once."""
_AHEAD = 2
"""Shards that are handed out for each worker, so that none waits for the next one."""
_TICK = 0.5  # seconds between two looks at the logs
_ATTEMPTS = 5
"""Workers that may die over a shard without a page before the run ends."""


@dataclass(frozen=True, kw_only=True)
class Placing:
    """How the shards of a run are placed.

    Attributes:
        submit: Has a worker call a function.
        work: The function, given what workers reach that by.
        grants: Makes what grants shards and credits, and that access, from the budget of the run.
        place: Folder or URI of the segments.
        workers: How many workers there are, about.
        shard_ids: How many ids a shard has; None for as many as suit the list.
    """

    submit: Submit
    work: Callable[[Any], Callable[[Shard], Outcome]]
    grants: Callable[[RunBudget, Journal], tuple[Grants, Any]]
    place: str
    workers: int
    shard_ids: int | None = None


class Coordinator:
    """Has workers ask for the ids of a journal; takes the place of an `Engine`.

    Args:
        placing: How.
        plan: What is asked for each id.
        journal: The journal.
        budget: What the run may spend.
        concurrency: How many ids each worker asks for at once.
        counts: What it counts in.
        committed: Called with each committed page's number of rows.

    Attributes:
        stopped: What ended the run before its end; None where nothing did.
    """

    def __init__(
        self,
        placing: Placing,
        plan: Plan,
        journal: Journal,
        budget: RunBudget,
        *,
        concurrency: int,
        counts: Counts,
        committed: Callable[[int], None],
    ) -> None:
        self.stopped: BaseException | None = None
        self._placing = placing
        self._plan = plan
        self._journal = journal
        self._budget = budget
        self._concurrency = concurrency
        self._counts = counts
        self._committed = committed
        self._run = str(journal.fact("run"))
        self._store: Store = store(placing.place)
        self._logs: dict[Shard, LogReader] = {}
        self._waiting: deque[Shard] = deque()
        self._running: dict[Future[Outcome], Shard] = {}
        self._starved: list[tuple[Shard, BudgetExceeded]] = []
        self._fed = -1  # pages that were committed when starved shards went on
        self._deaths: dict[Shard, int] = {}
        self._ended: set[Shard] = set()  # which nobody works on any more
        self._taking = Taking(journal, counts.moved, self._took)
        self._lost_sight = False  # whether a worker may still be at work that nobody hears of
        self._ending: asyncio.Future[Any] | None = None
        self._earlier: dict[str, Any] = journal.fact(SHARDS) or NONE
        self._end = f"{self._run}/end-{self._earlier['last']:05}"

    @property
    def in_flight(self) -> int:
        """How many ids are being asked for, at most."""
        return min(len(self._running), self._placing.workers) * self._concurrency

    def stop(self, error: BaseException) -> None:
        """End the run: what is in flight is committed, and nothing else is sent.

        Args:
            error: Why.
        """
        if self.stopped is None:
            self.stopped = error
            self._budget.closed = True
            self._waiting.clear()
            loop = asyncio.get_running_loop()
            self._ending = loop.run_in_executor(None, self._store.put, self._end, b"")

    async def run(self) -> None:
        """Have all ids asked for that are to do or failed."""
        self._waiting.extend(await asyncio.to_thread(self._begin))
        grants, access = await asyncio.to_thread(self._placing.grants, self._budget, self._journal)
        work = self._placing.work(access)
        submit = partial(self._placing.submit, work)
        try:
            while self._waiting or self._running:
                while self._waiting and len(self._running) < self._placing.workers * _AHEAD:
                    shard = self._waiting.popleft()
                    self._running[submit(shard)] = shard
                await asyncio.to_thread(self._wait)
                self._look()
                await asyncio.to_thread(self._ingest, grants)
                self._feed()
        except ExportError as error:
            self.stop(error)
            await asyncio.to_thread(self._drain)
        except asyncio.CancelledError:
            self._taking.abandon()
            raise
        finally:
            # The journal may be closed from here on, and workers may still ask.
            await asyncio.shield(asyncio.to_thread(self._budget.close))
            if self._ending is not None:
                await self._ending
        await asyncio.to_thread(self._finish, grants)

    def _took(self, rows: int) -> None:
        self._counts.committed(rows)
        self._committed(rows)

    def _wait(self) -> None:
        wait(list(self._running), timeout=_TICK, return_when=FIRST_COMPLETED)

    def _drain(self) -> None:
        while self._running:
            self._wait()
            for future in [future for future in self._running if future.done()]:
                del self._running[future]

    def _look(self) -> None:
        """See what has ended, and place again what did not come to its end."""
        for future in [future for future in self._running if future.done()]:
            shard = self._running.pop(future)
            try:
                outcome = future.result()
            except Exception as error:
                self._died(shard, error)
            else:
                if isinstance(outcome, ShardReport):
                    self._ended.add(shard)
                    continue
                if isinstance(outcome, BudgetExceeded):
                    self._starved.append((shard, outcome))
                    continue
                if not isinstance(outcome, ShardLost):
                    self.stop(outcome)
            if self.stopped is None:
                self._waiting.append(shard)

    def _feed(self) -> None:
        """Go on with shards that got no credits, where others have given some back since."""
        if not self._starved or self._running or self._waiting:
            return
        (_, error), pages = self._starved[0], self._counts.pages
        if pages == self._fed or self._budget.spent >= self._budget.allowed:
            self.stop(error)
        else:
            self._fed = pages
            self._waiting.extend(shard for shard, _ in self._starved)
        self._starved.clear()

    def _died(self, shard: Shard, error: Exception) -> None:
        self._lost_sight = True
        self._deaths[shard] = self._deaths.get(shard, 0) + 1
        if self._deaths[shard] >= _ATTEMPTS:
            lines = str(error).strip().splitlines() or [""]
            died = ExportError(
                f"Workers died over {shard.name} {_ATTEMPTS} times, lastly with "
                f"{type(error).__name__}: {lines[-1]}. Their logs may say more."
            )
            died.__cause__ = error
            self.stop(died)

    def _begin(self) -> list[Shard]:
        """Cut what is to do into shards, one of which is in memory at a time."""
        first = self._earlier["last"] + 1
        size = self._size()
        count = sum(math.ceil(self._counts.states[state] / size) for state in _OPEN)
        shards = [
            Shard(self._placing.place, f"{self._run}/shard-{number:05}", self._end)
            for number in range(first, first + count)
        ]
        self._journal.set_fact(
            SHARDS,
            {
                "last": first + count - 1,
                "ends": [*self._earlier["ends"], self._end],
                "open": [shard.name for shard in shards],
                "place": self._placing.place,
            },
        ).result()
        facts = {name: self._journal.fact(name) for name in FACTS}
        for shard, ids in zip(shards, self._slices(size), strict=True):
            Described(shard.name, facts, ids).write(self._store, shard)
            self._logs[shard] = LogReader(self._store, shard.name)
        return shards

    def _size(self) -> int:
        ids = sum(self._counts.states[state] for state in _OPEN)
        return self._placing.shard_ids or shard_size(ids, self._placing.workers, self._concurrency)

    def _slices(self, size: int) -> Iterator[list[tuple[Claim, State]]]:
        for state in _OPEN:
            after = 0
            while claims := self._journal.claims(state, after, size):
                after = claims[-1].n
                yield [(claim, state) for claim in claims]

    def _ingest(self, grants: Grants) -> None:
        """Commit what workers have written since, to shards that were handed out."""
        written = {*self._running.values(), *self._ended}
        for shard, log in [item for item in self._logs.items() if item[0] in written]:
            for segment in log:
                self._taking.take(shard.name, log, segment)
                self._deaths.pop(shard, None)
            if shard in self._ended:
                self._taking.seal(self._store, log, shard.name)
                del self._logs[shard]
        if not isinstance(grants, LocalGrants):
            self._budget.spent = grants.spent()

    def _finish(self, grants: Grants) -> None:
        """Remove the logs, all of which are committed, and take note of what was spent."""
        for shard, log in self._logs.items():
            self._taking.seal(self._store, log, shard.name)
        kept = self._journal.fact(SHARDS)
        ends = kept["ends"]
        if self._lost_sight:
            self._store.put(self._end, b"")
        elif len(ends) == 1:
            self._store.remove(self._run)
            ends = []
        self._journal.set_fact(SHARDS, {**kept, "open": [], "ends": ends}).result()
        if not isinstance(grants, LocalGrants):
            with suppress(ExportError):  # then whatever may have been granted counts as spent
                self._budget.spent = grants.spent()
                self._journal.set_fact(RESERVED, self._budget.spent).result()
                if not self._lost_sight:
                    self._journal.set_fact(ELSEWHERE, None).result()


def shard_size(ids: int, workers: int, concurrency: int) -> int:
    """How many ids a shard has, unless that is given.

    Args:
        ids: Ids of the list.
        workers: How many workers there are, about.
        concurrency: How many ids each asks for at once.
    """
    return min(max(math.ceil(ids / (workers * _FOR_EACH)), concurrency * _AT_ONCE), _LARGEST)
