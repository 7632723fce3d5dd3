"""How far a run is, read from its journal, also while it is going."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from keyapi.export._folder import Folder
from keyapi.export._journal import RESERVED
from keyapi.export._reader import JournalReader
from keyapi.export._records import IdResult, State
from keyapi.export._report import Counts, Report


@dataclass(frozen=True, kw_only=True)
class Status:
    """How far a run is.

    Attributes:
        report: Its counts.
        running: Whether an export is running in the folder now.
        runs: The days of all runs in the folder, oldest first.
        problems: Ids that are dead or failed, with the reason, in the order of the list.
        plan: What is asked for: operation, id parameter, arguments, and pages at most.
    """

    report: Report
    running: bool
    runs: list[str]
    problems: list[IdResult]
    plan: dict[str, Any]


def status(
    folder: str | os.PathLike[str], *, as_of: str | None = None, most: int | None = None
) -> Status:
    """Tell how far a run is; nothing is sent.

    Args:
        folder: The folder of its journal.
        as_of: Its day; the newest run by default.
        most: How many problems are listed at most; None for all.

    Raises:
        ConfigurationError: There is no such run.
        ExportError: The journal is damaged.
    """
    found = Folder(folder)
    day = found.day(as_of)
    journal = JournalReader(found.journal(day))
    try:
        totals = journal.totals()
        report = Counts(totals).report(
            folder=journal.fact("out") or str(folder),
            as_of=day,
            credits=journal.fact(RESERVED) or 0,
            max_credits=journal.fact("max_credits"),
            files=totals.files,
            published=totals.published,
        )
        wanted = -1 if most is None else most
        return Status(
            report=report,
            running=found.is_locked(),
            runs=found.runs,
            problems=list(journal.results(State.DEAD, State.FAILED, most=wanted)),
            plan=journal.fact("plan"),
        )
    finally:
        journal.close()
