"""The calls of a program: `export`, `aexport` and `retry`."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any, Literal, TypeVar

from keyapi._client import AsyncClient, SyncClient
from keyapi.export._engine import Engine
from keyapi.export._folder import Folder
from keyapi.export._ids import Ids
from keyapi.export._plan import Plan, planned
from keyapi.export._reader import JournalReader
from keyapi.export._records import State
from keyapi.export._report import Report
from keyapi.export._run import Listener, MakeWorking, Run
from keyapi.export._settings import CONCURRENCY, Settings

Progress = Callable[[Report], object]
T = TypeVar("T")


class ToldProgress(Listener):
    """Tells a program's own function how far a run is.

    Args:
        progress: The function, or None.
    """

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress

    def progress(self, report: Report) -> None:
        """Tell it."""
        if self._progress is not None:
            self._progress(report)


def export(
    method: Any,
    ids: Any,
    out: str | os.PathLike[str],
    *,
    arguments: Mapping[str, Any] | None = None,
    id_parameter: str | None = None,
    max_credits: int | None = None,
    max_pages: int | None = None,
    concurrency: int = CONCURRENCY,
    as_of: str | None = None,
    on_new_day: Literal["stop", "continue"] = "stop",
    journal: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Export all rows of many ids as Parquet files; the same call again resumes.

    Args:
        method: A method that walks pages, bound to a client, such as
            `client.influencer.iter_products_analytics`. The client's rate, retries, cache and
            transport apply. A sync client works in threads; an async one takes less time.
        ids: The list: a file's path (CSV, TSV, Parquet, JSON lines or text), which may name a
            column as `FILE:COLUMN`; anything with `__arrow_c_stream__`, such as a DataFrame; or an
            iterable of texts. Ids that are new since the last call are added.
        out: Folder of the files, or a URI that `pyarrow.fs` knows, such as `s3://bucket/folder`.
        arguments: Other arguments of the method, by name.
        id_parameter: The argument that takes the id; needed where more than one is required.
        max_credits: What the run may spend in all, over all its resumes, in credits. None leaves
            what an earlier call said; without one there is no limit.
        max_pages: How many pages of an id are asked for at most; None for all.
        concurrency: How many ids are asked for at once.
        as_of: The run's day, such as `2026-11-27`; a new run's is today at the latest, in the time
            zone that is furthest ahead. By default the newest run is resumed, and where that is
            finished, a new one begins today (UTC).
        on_new_day: What to do where a run that is not finished began on an earlier day: "stop"
            raises; "continue" finishes it, and its rows mix the data of several days.
        journal: Local folder of the journal; by default `out`.
        progress: Called twice a second with how far the run is.

    Returns:
        What was done. Ids that are dead or failed are counted there; `status` has the reasons.

    Raises:
        ConfigurationError: An argument cannot be used, or does not fit the run in the folder.
        BadRequest: The client would refuse an argument of the method.
        ExportStopped: It ended early, by budget, quota, key, or a failing server.
        ExportError: A file cannot be written, the journal is damaged, or another export is running
            in the folder.
    """
    run = aexport(
        method,
        ids,
        out,
        arguments=arguments,
        id_parameter=id_parameter,
        max_credits=max_credits,
        max_pages=max_pages,
        concurrency=concurrency,
        as_of=as_of,
        on_new_day=on_new_day,
        journal=journal,
        progress=progress,
    )
    return completed(run)


async def aexport(
    method: Any,
    ids: Any,
    out: str | os.PathLike[str],
    *,
    arguments: Mapping[str, Any] | None = None,
    id_parameter: str | None = None,
    max_credits: int | None = None,
    max_pages: int | None = None,
    concurrency: int = CONCURRENCY,
    as_of: str | None = None,
    on_new_day: Literal["stop", "continue"] = "stop",
    journal: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Export from within an event loop of asyncio; arguments, result and errors as of `export`.

    Cancelling it commits and publishes what is in flight first; cancelling it again does not wait
    for that.
    """
    plan = Plan.of(method, arguments or {}, id_parameter=id_parameter, max_pages=max_pages)
    settings = Settings(
        out=out,
        journal=journal,
        as_of=as_of,
        on_new_day=on_new_day,
        max_credits=max_credits,
        concurrency=concurrency,
    )
    return await carried_out(plan, Ids(ids, plan.names), settings, ToldProgress(progress))


def retry(
    client: SyncClient | AsyncClient,
    folder: str | os.PathLike[str],
    *,
    dead: bool = False,
    as_of: str | None = None,
    max_credits: int | None = None,
    concurrency: int = CONCURRENCY,
    on_new_day: Literal["stop", "continue"] = "stop",
    progress: Progress | None = None,
) -> Report:
    """Ask again for the ids of a run that failed, and finish it.

    Args:
        client: A client of the kind that the run was begun with.
        folder: The folder of its journal.
        dead: Whether dead ids are asked for again, too.
        as_of: The run's day; the newest run by default.
        max_credits: See `export`.
        concurrency: See `export`.
        on_new_day: See `export`.
        progress: See `export`.

    Returns:
        What was done.

    Raises:
        KeyAPIError: As of `export`.
    """
    plan, settings = begun(client, folder, as_of)
    settings = replace(
        settings, on_new_day=on_new_day, max_credits=max_credits, concurrency=concurrency
    )
    states = (State.FAILED, State.DEAD) if dead else (State.FAILED,)
    return completed(carried_out(plan, None, settings, ToldProgress(progress), states))


def begun(
    client: SyncClient | AsyncClient, folder: str | os.PathLike[str], as_of: str | None
) -> tuple[Plan, Settings]:
    """Plan and settings of a run, from its journal.

    Args:
        client: A client.
        folder: The folder of the journal.
        as_of: The run's day; None for the newest.

    Raises:
        ConfigurationError: There is no such run, or the client cannot call its operation.
    """
    found = Folder(folder)
    day = found.day(as_of)
    with closing(JournalReader(found.journal(day))) as journal:
        settings = Settings(out=journal.fact("out") or folder, journal=folder, as_of=day)
        return planned(client, journal), settings


def client_name(folder: str | os.PathLike[str], as_of: str | None) -> str:
    """Name of the class of the client that a run was begun with; arguments as of `begun`."""
    found = Folder(folder)
    day = found.day(as_of)
    with closing(JournalReader(found.journal(day))) as journal:
        return str(journal.fact("client"))


async def carried_out(
    plan: Plan,
    ids: Ids | None,
    settings: Settings,
    listener: Listener,
    put_back: tuple[State, ...] = (),
    working: MakeWorking = Engine,
) -> Report:
    """Carry out a run; arguments as of `Run`."""
    run = await asyncio.to_thread(Run, plan, ids, settings, put_back, working)
    try:
        return await run(listener)
    finally:
        await asyncio.shield(asyncio.to_thread(run.close))


def completed(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, also where an event loop is running in this thread, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    outcome: list[tuple[T | None, BaseException | None]] = []

    def run() -> None:
        try:
            outcome.append((asyncio.run(work), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=run, name="keyapi-export")
    thread.start()
    thread.join()
    result, failure = outcome[0]
    if failure is not None:
        raise failure
    return result  # type: ignore[return-value]  # None only where the work gives None
