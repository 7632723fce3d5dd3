"""How a run is carried out, and which run of a folder a call means."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from keyapi._errors import ConfigurationError
from keyapi.export._errors import DayChanged
from keyapi.export._folder import Folder, checked_beginning, checked_day, is_resumed, today
from keyapi.export._plan import Plan, check_same
from keyapi.export._reader import JournalReader
from keyapi.export._records import State
from keyapi.export._target import is_uri

CONCURRENCY = 16
"""Ids that are asked for at once, unless another number is given."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a run is carried out; the arguments of `keyapi.export.export`."""

    out: str | os.PathLike[str]
    journal: str | os.PathLike[str] | None = None
    as_of: str | None = None
    on_new_day: Literal["stop", "continue"] | None = None
    max_credits: int | None = None
    concurrency: int = CONCURRENCY

    def folder(self) -> Folder:
        """The folder of the journal.

        Raises:
            ConfigurationError: There is none, as the files go elsewhere.
        """
        if self.journal is None and is_uri(self.out):
            raise ConfigurationError(
                f"{self.out} is not a local folder, and the journal needs one: name it with "
                "journal=..., on a disk that outlives this machine's restarts"
            )
        return Folder(self.out if self.journal is None else self.journal)

    def place(self) -> str | None:
        """Where the files go, if not into the folder of the journal."""
        if is_uri(self.out):
            return str(self.out).rstrip("/")
        path = os.path.realpath(self.out)
        beside = self.journal is None or path == os.path.realpath(self.journal)
        return None if beside else path


def chosen_run(folder: Folder, plan: Plan, settings: Settings) -> str:
    """The day of the run that is begun or resumed.

    Raises:
        ConfigurationError: The folder holds another export, or the day has changed, or is in the
            future.
    """
    runs = folder.runs
    wanted = None if settings.as_of is None else checked_day(settings.as_of)
    if wanted is not None and wanted not in runs:
        checked_beginning(wanted)
    if not runs:
        return wanted or today()
    newest = wanted if wanted in runs else runs[-1]
    journal = JournalReader(folder.journal(newest))
    try:
        check_same(journal.fact("plan"), plan, folder.path)
        states = journal.totals().states
        started = str(journal.fact("started"))[:10]
    finally:
        journal.close()
    if wanted is not None and wanted not in runs:
        return wanted
    if not is_resumed(newest, states, wanted=wanted is not None):
        return today()
    open_ids = states[State.TODO] + states[State.FAILED]
    if open_ids and started < today() and settings.on_new_day != "continue":
        total = sum(states.values())
        raise DayChanged(
            f"The run of {newest} in {folder.path} began on {started} and is not finished: "
            f"{open_ids:,} of {total:,} ids are open. The data may have changed since. Pass "
            f'on_new_day="continue" to finish it, with rows of several days, or as_of="{today()}" '
            "to begin a new run"
        )
    return newest
