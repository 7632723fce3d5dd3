"""A slice of the list, which any worker may start, restart or take over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from keyapi._client import AsyncClient, SyncClient
from keyapi._errors import ConfigurationError
from keyapi.export._api import completed
from keyapi.export._engine import Engine
from keyapi.export._errors import ExportError
from keyapi.export._plan import planned
from keyapi.export._records import Claim, State, Totals
from keyapi.export._report import Counts
from keyapi.export._run import check_concurrency, shared_budget
from keyapi.export._segments.log import LogReader, ShardLog, ids_document, ids_of
from keyapi.export._segments.store import Store, store
from keyapi.export._settings import CONCURRENCY
from keyapi.export._shards.budget import ShardBudget
from keyapi.export._shards.lease import Grants

FLUSH_PAGES = 100
"""Committed pages that may be in a worker's memory alone: a crash pays them again."""
FLUSH_SECONDS = 5.0
"""How long they may be."""
LOTS = 2
"""Credits that are taken ahead, in requests for each id in flight."""
FORMAT = 1
"""Version of a shard's description; one of another version is refused."""


@dataclass(frozen=True, kw_only=True)
class ShardReport:
    """What came of a worker's attempt at a shard.

    Attributes:
        shard: The shard's name.
        todo: How many of its ids are not asked for to the end: the run was ended before.
        done: How many have all their pages.
        empty: How many were asked for and have no rows.
        dead: How many will fail again.
        failed: How many failed, and may not fail another time.
        credits: What this attempt spent, in credits.
    """

    shard: str
    todo: int
    done: int
    empty: int
    dead: int
    failed: int
    credits: int


@dataclass(frozen=True)
class Shard:
    """A slice of the ids of a run; `export_on` makes shards. It can be pickled.

    Whichever worker runs it, and how often, a page that is in its log is never asked for again.
    One worker at a time has it: others wait until it is finished, or has not been heard of for as
    long as a lease is valid. They then take it over, and the one that was thought dead, if it comes
    back, asks for nothing more and publishes nothing.

    A crash pays at most `concurrency` plus `flush_pages` pages again.

    Args:
        place: The folder or URI of the segments.
        name: The shard's folder there.
        end: Name of the file there that ends the run.
    """

    place: str
    name: str
    end: str

    def run(
        self,
        client: SyncClient | AsyncClient,
        grants: Grants,
        *,
        concurrency: int = CONCURRENCY,
        flush_pages: int = FLUSH_PAGES,
        flush_seconds: float = FLUSH_SECONDS,
    ) -> ShardReport:
        """Wait for the shard, ask for what is to do in it, and write it into its log.

        Args:
            client: A client of the class that the run was begun with, sync or async.
            grants: What grants the shard and its credits; the same for all workers of the run.
            concurrency: How many ids are asked for at once.
            flush_pages: How many committed pages may be in memory alone.
            flush_seconds: How long they may be.

        Returns:
            What came of it.

        Raises:
            KeyAPIError: What ended it early: the budget, the key, a failing server, another worker
                that took it over, or a place that cannot be written.
        """
        work = self.arun(
            client,
            grants,
            concurrency=concurrency,
            flush_pages=flush_pages,
            flush_seconds=flush_seconds,
        )
        return completed(work)

    async def arun(
        self,
        client: SyncClient | AsyncClient,
        grants: Grants,
        *,
        concurrency: int = CONCURRENCY,
        flush_pages: int = FLUSH_PAGES,
        flush_seconds: float = FLUSH_SECONDS,
    ) -> ShardReport:
        """Run it from within an event loop; see `run`.

        Cancelling it commits what is in flight first; cancelling it again does not wait for that.
        """
        check_concurrency(concurrency)
        lies = store(self.place)
        described = await asyncio.to_thread(Described.read, lies, self)
        plan = planned(client, described)
        owner = uuid4().hex
        lot = LOTS * concurrency * plan.operation.credits
        budget = ShardBudget(grants, self.name, owner, lot, shared_budget(plan))
        attempt = _Attempt(self, lies, asyncio.get_running_loop())
        log = ShardLog(
            LogReader(lies, self.name),
            described.ids,
            owner=owner,
            flush_pages=flush_pages,
            flush_seconds=flush_seconds,
            failed=attempt.failed,
        )
        ended = await asyncio.to_thread(attempt.is_ended)
        if not ended and await asyncio.to_thread(budget.acquire, attempt.is_ended):
            try:
                await asyncio.to_thread(log.begin)
                budget.failed = attempt.failed
                counts = Counts(Totals(log.states(), 0, 0, 0, 0))
                attempt.engine = Engine(
                    plan,
                    log,
                    budget,
                    concurrency=concurrency,
                    counts=counts,
                    committed=lambda rows, pages=(): None,
                )
                await attempt.run(log)
            finally:
                await asyncio.shield(asyncio.to_thread(budget.release))
        states = {state.name.lower(): number for state, number in log.states().items()}
        return ShardReport(shard=self.name, credits=budget.spent, **states)


class _Attempt:
    """One owner's work on a shard, and what ends it from other threads."""

    def __init__(self, shard: Shard, lies: Store, loop: asyncio.AbstractEventLoop) -> None:
        self.engine: Engine | None = None
        self._shard = shard
        self._store = lies
        self._loop = loop
        self._ended = False
        self._error: BaseException | None = None

    def is_ended(self) -> bool:
        """Look whether the run ends."""
        if not self._ended and self._store.get(self._shard.end) is not None:
            self._ended = True
            self._stop(_Ended())
        return self._ended

    def failed(self, error: ExportError) -> None:
        """Take note of what failed in another thread."""
        self._stop(error)

    def _stop(self, error: BaseException) -> None:
        self._error = error
        self._loop.call_soon_threadsafe(self._stop_engine)

    def _stop_engine(self) -> None:
        if self.engine is not None and self._error is not None:
            self.engine.stop(self._error)

    async def run(self, log: ShardLog) -> None:
        """Ask for all that is to do, and write it."""
        engine = self.engine
        assert engine is not None  # noqa: S101 - made just before
        self._stop_engine()
        fetching = asyncio.ensure_future(engine.run())
        cancelled: asyncio.CancelledError | None = None
        try:
            await asyncio.shield(fetching)
        except asyncio.CancelledError as error:
            cancelled = error
            engine.stop(error)
            try:
                await fetching
            except BaseException:
                fetching.cancel()
                raise
        await asyncio.to_thread(log.end)
        if cancelled is not None:
            raise cancelled
        if engine.stopped is not None and not isinstance(engine.stopped, _Ended):
            raise engine.stopped


class _Ended(Exception):
    """The run ends."""


@dataclass(frozen=True)
class Described:
    """What a shard's description says.

    Attributes:
        path: Where it is.
        facts: What is asked for, as the journal of the run has it.
        ids: The ids, with what was known of them.
    """

    path: str
    facts: Mapping[str, Any]
    ids: list[tuple[Claim, State]]

    def fact(self, name: str) -> Any:
        """A fact about the run."""
        return self.facts.get(name)

    def write(self, lies: Store, shard: Shard) -> None:
        """Write it; where it is there already, it is the same."""
        document = {"format": FORMAT, "facts": dict(self.facts), "ids": ids_document(self.ids)}
        lies.put(_description(shard), json.dumps(document).encode())

    @classmethod
    def read(cls, lies: Store, shard: Shard) -> Described:
        """Read it.

        Raises:
            ConfigurationError: It does not exist, or it is of another version.
        """
        name = _description(shard)
        path = f"{shard.place}/{name}"
        data = lies.get(name)
        if data is None:
            raise ConfigurationError(
                f"There is no shard {path}: its run is finished or was begun again, or this "
                "machine does not reach the folder of the segments"
            )
        document = json.loads(data)
        if document.get("format") != FORMAT:
            raise ConfigurationError(
                f"The shard {path} has format {document.get('format')}, and this version of "
                f"keyapi reads format {FORMAT}: use the same version on all machines"
            )
        return cls(path, document["facts"], ids_of(document["ids"]))


def _description(shard: Shard) -> str:
    return f"{shard.name}/shard.json"
