"""A run from its beginning, or from where it ended, to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from keyapi._errors import BudgetExceeded, ConfigurationError, KeyAPIError
from keyapi.export._budget import RunBudget
from keyapi.export._engine import Engine
from keyapi.export._errors import ExportStopped
from keyapi.export._folder import Folder
from keyapi.export._ids import Ids
from keyapi.export._journal import SHARDS, Journal
from keyapi.export._manifest import manifest, manifest_name
from keyapi.export._plan import Plan
from keyapi.export._records import State
from keyapi.export._report import Counts, Report
from keyapi.export._settings import Settings, chosen_run
from keyapi.export._target import target

if TYPE_CHECKING:
    from keyapi._budget import Budget

_TICK = 0.5  # seconds between two looks at the progress


class Listener:
    """What is told how a run goes; does nothing."""

    def progress(self, report: Report) -> None:
        """Called twice a second with how far the run is."""

    def interrupted(self, in_flight: int) -> None:
        """Called when the run is to end early, with how many ids are being asked for."""


class Working(Protocol):
    """What asks for the ids of a journal: an `Engine`, or what has others ask.

    Attributes:
        stopped: What ended the run before its end; None where nothing did.
    """

    stopped: BaseException | None

    @property
    def in_flight(self) -> int:
        """How many ids are being asked for."""
        ...

    def stop(self, error: BaseException) -> None:
        """End the run: what is in flight is committed, and nothing else is sent."""
        ...

    async def run(self) -> None:
        """Ask for all ids."""
        ...


MakeWorking = Callable[..., Working]
"""Makes it; takes the arguments of `Engine`."""


class Run:
    """A run whose journal is open and whose folder is locked.

    Args:
        plan: What is asked for each id.
        ids: The list; None for the ids that the journal has.
        settings: How it is carried out.
        put_back: States whose ids are to do again.
        working: Makes what asks for the ids.

    Attributes:
        as_of: Its day.

    Raises:
        ConfigurationError: The folder holds another export, or the day has changed, or the list
            cannot be read.
        ExportError: Another export is running in the folder, or the journal is damaged.
    """

    def __init__(
        self,
        plan: Plan,
        ids: Ids | None,
        settings: Settings,
        put_back: tuple[State, ...] = (),
        working: MakeWorking = Engine,
    ) -> None:
        check_concurrency(settings.concurrency)
        shared = shared_budget(plan)
        self._plan = plan
        self._began = time.monotonic()
        self._stack = ExitStack()
        folder = settings.folder()
        self._target = target(settings.out, folder.path)
        try:
            self._stack.enter_context(folder.locked())
            self.as_of = chosen_run(folder, plan, settings)
            self._journal = self._opened(folder, settings)
            self._stack.callback(self._journal.close)
            before = sum(self._journal.totals().states.values())
            listed = 0 if ids is None else self._journal.add(ids)
            _end_earlier(self._journal)
            if put_back:
                self._journal.put_back(*put_back)
            self._counts = Counts(self._journal.totals())
            self._list = {
                "listed": listed,
                "added": sum(self._counts.states.values()) - before,
                "blank": 0 if ids is None else ids.blank,
            }
            self._limit = self._raised(settings.max_credits)
            self._budget = RunBudget(
                self._journal,
                self._limit,
                settings.concurrency * plan.operation.credits,
                shared,
            )
            from keyapi.arrow import RowSchema
            from keyapi.export._files import Publisher

            self._publisher = Publisher(
                self._journal,
                self._target,
                RowSchema.of(plan.spec),
                as_of=self.as_of,
                run=self._journal.fact("run"),
            )
            self._engine = working(
                plan,
                self._journal,
                self._budget,
                concurrency=settings.concurrency,
                counts=self._counts,
                committed=self._publisher.committed,
            )
            if isinstance(self._engine, Engine):
                engine, cost = self._engine, plan.operation.credits
                self._budget.unanswered = lambda: engine.unanswered * cost
        except BaseException:
            self._stack.close()
            raise

    def close(self) -> None:
        """Close the journal, and let another export have the folder."""
        self._stack.close()

    def report(self) -> Report:
        """How far it is."""
        return self._counts.report(
            folder=self._target.name,
            as_of=self.as_of,
            credits=self._budget.spent,
            max_credits=self._limit,
            files=self._counts.files + self._publisher.files,
            published=self._counts.published + self._publisher.rows,
            seconds=time.monotonic() - self._began,
            **self._list,
        )

    async def __call__(self, listener: Listener) -> Report:
        """Ask for what is to do, and publish it.

        Args:
            listener: Is told how it goes.

        Raises:
            ExportStopped: It ended before every id was asked for.
            ExportError: A file or the journal could not be written.
        """
        self._publisher.start()
        fetching = asyncio.ensure_future(self._engine.run())
        watching = asyncio.ensure_future(self._watch(listener))
        cancelled: asyncio.CancelledError | None = None
        try:
            try:
                await asyncio.shield(fetching)
            except asyncio.CancelledError as error:
                cancelled = error
                self._engine.stop(error)
                listener.interrupted(self._engine.in_flight)
                await fetching
            await asyncio.to_thread(self._publisher.finish)
        except BaseException:
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)
            await asyncio.shield(asyncio.to_thread(self._publisher.abandon))
            raise
        finally:
            watching.cancel()
        report = await asyncio.to_thread(self._finished)
        listener.progress(report)
        if cancelled is not None:
            raise cancelled
        if self._engine.stopped is not None:
            raise _explained(self._engine.stopped, report)
        return report

    def _finished(self) -> Report:
        from keyapi.export._files import write_json, write_results

        self._budget.settle()
        report = self.report()
        results = write_results(self._target, self._journal, self.as_of)
        document = manifest(self._journal, report, results)
        write_json(self._target, manifest_name(self.as_of), document)
        return report

    async def _watch(self, listener: Listener) -> None:
        while True:
            try:
                listener.progress(self.report())
            except Exception as error:  # of the program's own function
                self._engine.stop(error)
                return
            if self._publisher.error is not None:
                self._engine.stop(self._publisher.error)
            await asyncio.sleep(_TICK)

    def _opened(self, folder: Folder, settings: Settings) -> Journal:
        path = folder.journal(self.as_of)
        if path.exists():
            journal = Journal(path)
            if (kept := journal.fact("out")) != settings.place():
                journal.close()
                raise ConfigurationError(
                    f"The files of the run of {self.as_of} are in {kept or folder.path}, not in "
                    f"{settings.out}; name the same place, or another journal"
                )
            return journal
        facts = {
            "plan": self._plan.to_document(),
            "as_of": self.as_of,
            "run": uuid4().hex,
            "out": settings.place(),
            "client": type(self._plan.client).__name__.removeprefix("Async"),
            "resource": self._plan.method.resource,
            "method": self._plan.method.name,
            "specification": self._plan.sha256,
            "key": self._plan.key,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        return Journal.new(path, facts)

    def _raised(self, max_credits: int | None) -> int | None:
        """What the run may spend in all: what this call says, or else the one before."""
        if max_credits is None:
            limit: int | None = self._journal.fact("max_credits")
            return limit
        self._journal.set_fact("max_credits", max_credits).result()
        return max_credits


def _end_earlier(journal: Journal) -> None:
    """Take over what workers of a run wrote whose scheduling process was killed."""
    if journal.fact(SHARDS) is not None:
        from keyapi.export._segments.taking import Taking

        Taking(journal, lambda *moved: None, lambda rows: None).end_earlier()


def _explained(error: BaseException, report: Report) -> BaseException:
    """What to raise for what ended a run."""
    if not isinstance(error, KeyAPIError):
        return error
    left = f"{report.todo + report.failed:,} of {report.ids:,} ids are open"
    if isinstance(error, BudgetExceeded):
        why = (
            f"The budget is used up: {report.credits:,} of max_credits={report.max_credits} are "
            f"spent, and {left}. Pass a larger max_credits=... to resume"
        )
    else:
        why = f"{left}: {error} The same call resumes"
    stopped = ExportStopped(why, report)
    stopped.__cause__ = error
    return stopped


def shared_budget(plan: Plan) -> Budget | None:
    """A budget of the client's own that the run spends from, too.

    Raises:
        ConfigurationError: It is a number, which says nothing of earlier runs.
    """
    limit: Any = plan.client._settings.max_credits
    if isinstance(limit, int):
        raise ConfigurationError(
            f"The client has max_credits={limit}, which counts what this process spends; give "
            "max_credits to the export instead, where it counts all resumes of the run"
        )
    shared: Budget | None = limit
    return shared


def check_concurrency(value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1000:
        raise ConfigurationError(f"concurrency must be from 1 to 1000, got {value!r}")
