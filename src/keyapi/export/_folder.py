"""The folder of an export: what is where, and the lock that keeps a second export out."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from keyapi._errors import ConfigurationError
from keyapi.export._errors import ExportError
from keyapi.export._records import State

_JOURNAL = re.compile(r"journal-(\d{4}-\d\d-\d\d)\.sqlite")
_LOCK = "export.lock"
_AHEAD = timedelta(hours=14)
_LISTED = 5  # runs that an error names
_PATIENCE = 0.2  # seconds that another's look at the lock may take


def today() -> str:
    """The day, in UTC, as a run is named by."""
    return datetime.now(UTC).date().isoformat()


def checked_day(text: str) -> str:
    """Check the day of a run.

    Raises:
        ConfigurationError: It is not a date such as 2026-11-27.
    """
    try:
        return date.fromisoformat(text).isoformat()
    except (TypeError, ValueError):
        raise ConfigurationError(f"as_of must be a date like 2026-11-27, got {text!r}") from None


def checked_beginning(day: str) -> str:
    """Check the day of a run that is to begin: today at the latest, anywhere on Earth.

    Where clocks are furthest ahead, at UTC+14, the date changes 14 hours before that of UTC.

    Raises:
        ConfigurationError: It is in the future.
    """
    if day > (datetime.now(UTC) + _AHEAD).date().isoformat():
        raise ConfigurationError(
            f"as_of={day} is in the future: today is {today()} (UTC), and no later data exists. "
            f'Pass as_of="{today()}", or leave it out'
        )
    return day


def is_resumed(day: str, states: Mapping[State, int], *, wanted: bool) -> bool:
    """Whether a run is resumed, and no new one begun today.

    Args:
        day: Its day.
        states: How many ids it has of each state.
        wanted: Whether its day was asked for.
    """
    return wanted or states[State.TODO] + states[State.FAILED] > 0 or day >= today()


class Folder:
    """A folder with one journal for each run, on a local disk.

    Args:
        path: The folder; made when the first run begins.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def journal(self, as_of: str) -> Path:
        """The journal of a run."""
        return self.path / f"journal-{as_of}.sqlite"

    @property
    def runs(self) -> list[str]:
        """The days of its runs, oldest first."""
        try:
            names = os.listdir(self.path)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ConfigurationError(f"Cannot read {self.path}: {error.strerror}") from error
        return sorted(found[1] for found in map(_JOURNAL.fullmatch, names) if found)

    def day(self, as_of: str | None) -> str:
        """The day of a run that is there.

        Args:
            as_of: The day; None for the newest run's.

        Raises:
            ConfigurationError: It is not a date, or the folder has no such run.
        """
        newest = self.latest()
        if as_of is None:
            return newest
        day = checked_day(as_of)
        if day not in self.runs:
            listed = ", ".join(self.runs[-_LISTED:])
            raise ConfigurationError(f"No run for {day} in {self.path}; its newest runs: {listed}")
        return day

    def latest(self) -> str:
        """The day of its newest run.

        Raises:
            ConfigurationError: There is none.
        """
        runs = self.runs
        if not runs:
            raise ConfigurationError(
                f"No export found in {self.path}: it has no journal-DATE.sqlite; pass the folder "
                "given as --out, or as --journal"
            )
        return runs[-1]

    def make(self) -> None:
        """Make the folder.

        Raises:
            ConfigurationError: It cannot be made, or nothing can be written in it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder's lock; it ends with the process, however that ends.

        Raises:
            ExportError: Another export holds it.
            ConfigurationError: Nothing can be written in the folder.
        """
        self.make()
        with closing(self._lock()):
            yield

    def _lock(self) -> sqlite3.Connection:
        lock: sqlite3.Connection | None = None
        try:
            lock = sqlite3.connect(self.path / _LOCK, timeout=_PATIENCE, check_same_thread=False)
            lock.execute("PRAGMA journal_mode = MEMORY")
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if lock is not None:
                lock.close()
            if "locked" not in str(error):
                raise self._unwritable(error) from error
            raise ExportError(
                f"Another export is running in {self.path}: wait for it, or stop it. "
                f"`keyapi export status {self.path}` says how far it is"
            ) from None
        return lock

    def is_locked(self) -> bool:
        """Whether an export is running."""
        path = self.path / _LOCK
        if not path.exists():
            return False
        try:
            uri = f"{path.resolve().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=0)) as lock:
                lock.execute("SELECT * FROM sqlite_schema").fetchall()
        except sqlite3.Error as error:
            return "locked" in str(error)
        return False

    def _unwritable(self, error: Exception) -> ConfigurationError:
        reason = getattr(error, "strerror", None) or str(error)
        return ConfigurationError(
            f"Cannot write in the folder {self.path}: {reason}; choose another, or change its "
            "permissions"
        )
