"""Carrying out an export on the command line: progress, Ctrl-C, statistics, exit code."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from keyapi._errors import AuthenticationError, KeyAPIError
from keyapi.cli.export_text import statistics
from keyapi.cli.messages import (
    FAILED,
    INTERRUPTED,
    OK,
    USAGE,
    counted,
    exit_code,
    explain,
    logged,
    say,
)
from keyapi.cli.progress import Shown, shown
from keyapi.export import ExportStopped, State
from keyapi.export._api import carried_out
from keyapi.export._engine import Engine
from keyapi.export._errors import DayChanged
from keyapi.export._ids import Ids
from keyapi.export._plan import Plan
from keyapi.export._run import Listener, MakeWorking
from keyapi.export._settings import Settings

if TYPE_CHECKING:
    from keyapi._client import AsyncClient
    from keyapi.export import Report


class _Shows(Listener):
    """Shows the progress, and keeps the last report.

    Args:
        shows: What shows it.
    """

    def __init__(self, shows: Shown) -> None:
        self.report: Report | None = None
        self._shows = shows

    def progress(self, report: Report) -> None:
        self.report = report
        self._shows.show(report)

    def interrupted(self, in_flight: int) -> None:
        say(
            f"Interrupted: finishing {counted(in_flight, 'request')} in flight; press Ctrl-C again "
            "to stop at once."
        )


def run(
    client: AsyncClient,
    plan: Plan,
    ids: Ids | None,
    settings: Settings,
    *,
    quiet: bool,
    put_back: tuple[State, ...] = (),
    working: MakeWorking = Engine,
) -> int:
    """Carry out an export, say what came of it, and return the exit code.

    Args:
        client: The client, which is closed at the end.
        plan: What is asked for each id.
        ids: The list; None for that of the journal.
        settings: How it is carried out.
        quiet: Whether only warnings and errors are printed.
        put_back: States whose ids are to do again.
        working: Makes what asks for the ids.
    """
    shows = shown(quiet=quiet)
    listener = _Shows(shows)
    folder = settings.folder().path

    async def main() -> Report | BaseException:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this is one
        if os.name != "nt":  # pragma: no branch
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        async with client:
            try:
                return await _resumed(plan, ids, settings, listener, put_back, working)
            except (ExportStopped, asyncio.CancelledError) as error:
                return error

    ended: Report | BaseException = KeyboardInterrupt()  # the second one, which does not wait
    with logged(logging.WARNING if quiet else logging.INFO):
        try:
            with suppress(KeyboardInterrupt):
                ended = asyncio.run(main())
        finally:
            shows.end()
    return _told(ended, listener.report, folder, quiet=quiet)


async def _resumed(
    plan: Plan,
    ids: Ids | None,
    settings: Settings,
    listener: _Shows,
    put_back: tuple[State, ...],
    working: MakeWorking,
) -> Report:
    """Carry out a run, having asked about another day where somebody can answer."""
    try:
        return await carried_out(plan, ids, settings, listener, put_back, working)
    except DayChanged as error:
        if settings.on_new_day is not None or not _continued(error):
            raise
    changed = replace(settings, on_new_day="continue")
    return await carried_out(plan, ids, changed, listener, put_back, working)


def _told(
    ended: Report | BaseException, report: Report | None, folder: Path, *, quiet: bool
) -> int:
    """Say what came of a run, and return the exit code."""
    if isinstance(ended, ExportStopped):
        _say(statistics(ended.report))
        say(explain(ended))
        return _stopped_code(ended.__cause__)
    if isinstance(ended, BaseException):
        _say([] if report is None else statistics(report))
        say(f"Interrupted. The same command resumes; `keyapi export status {folder}` says where.")
        return INTERRUPTED
    if not quiet:
        _say(statistics(ended))
    if ended.dead or ended.failed:
        say(_again(ended, folder))
        return FAILED
    return OK


def _again(report: Report, folder: Path) -> str:
    """Say how ids that are dead or failed are listed, and asked for again."""
    retry = f"`keyapi export retry {folder}`"
    if not report.failed:
        again = f"`keyapi export retry {folder} --dead` asks again"
    elif report.dead:
        again = f"{retry} asks again for what failed, and with --dead for all"
    else:
        again = f"{retry} asks again"
    numbers = {"dead": report.dead, "failed": report.failed}
    listed = ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number)
    return f"{listed}: `keyapi export status {folder}` lists them; {again}."


def _continued(error: DayChanged) -> bool:
    """Ask, on a terminal, whether a run of an earlier day is to be finished; nowhere else."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    say(explain(error))
    sys.stderr.write("Finish it all the same? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _stopped_code(cause: BaseException | None) -> int:
    """The exit code for what ended a run early."""
    if isinstance(cause, AuthenticationError):
        return USAGE
    return exit_code(cause) if isinstance(cause, KeyAPIError) else FAILED


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        say(line)
