"""How a long command shows how far it is: a bar on a terminal, one line a minute elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

from keyapi.cli.messages import counted, say

if TYPE_CHECKING:
    from keyapi.export import Report

_MINUTE = 60.0  # seconds between two lines


class Shown(Protocol):
    """What shows the progress."""

    def show(self, report: Report) -> None:
        """Show how far a run is."""
        ...

    def end(self) -> None:
        """Show nothing more."""
        ...


def shown(*, quiet: bool) -> Shown:
    """Choose how the progress is shown.

    Args:
        quiet: Whether it is not.
    """
    if quiet:
        return _Nothing()
    return _Bar() if sys.stderr.isatty() else _Lines()


def described(report: Report) -> str:
    """How far a run is, in one line."""
    ended = report.ids - report.todo
    return (
        f"{ended:,} of {counted(report.ids, 'id')}, {counted(report.pages, 'page')}, "
        f"{counted(report.rows, 'row')}, {counted(report.credits, 'credit')}"
    )


class _Nothing:
    def show(self, report: Report) -> None:
        pass

    def end(self) -> None:
        pass


class _Lines:
    """One line a minute, for logs."""

    def __init__(self) -> None:
        self._due = time.monotonic() + _MINUTE

    def show(self, report: Report) -> None:
        now = time.monotonic()
        if now >= self._due:
            self._due = now + _MINUTE
            say(f"{described(report)}, {report.seconds / 60:.0f} min")

    def end(self) -> None:
        pass


class _Bar:
    """A bar on stderr."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns: tuple[Any, ...] = (
            BarColumn(bar_width=None),
            TextColumn("{task.description}"),
            TimeRemainingColumn(compact=True),
        )
        self._progress = Progress(
            *columns, console=Console(stderr=True, highlight=False), transient=True, expand=True
        )
        self._task = self._progress.add_task("starting", total=None)
        self._progress.start()

    def show(self, report: Report) -> None:
        self._progress.update(
            self._task,
            total=report.ids,
            completed=report.ids - report.todo,
            description=described(report),
        )

    def end(self) -> None:
        self._progress.stop()
