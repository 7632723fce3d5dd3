"""What an export raises, beside the errors of the client."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from keyapi._errors import ConfigurationError, KeyAPIError

if TYPE_CHECKING:
    from keyapi.export._report import Report

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class ExportError(KeyAPIError):
    """An export cannot continue; what was committed is kept, and the same call resumes.

    Its message names the file, and says what to do.
    """


class ExportStopped(ExportError):
    """An export ended before every id was asked for: by budget, quota, key, or a failing server.

    The error that ended it is its `__cause__`. The same call resumes.

    Args:
        message: Why it ended.
        report: What was done until then.
    """

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


class DayChanged(ConfigurationError):
    """A run that is not finished began on an earlier day, and nobody said what to do about it."""


def unwritable(path: Path | str, error: Exception) -> ExportError:
    """Explain why a file could not be written.

    Args:
        path: The file.
        error: What the operating system, SQLite or pyarrow raised.
    """
    full = isinstance(error, OSError) and error.errno in _FULL
    if full or (isinstance(error, sqlite3.Error) and "full" in str(error)):
        return ExportError(
            f"Cannot write {path}: the disk is full. Free some space, then run the same command "
            "again: it resumes, and what was committed is kept"
        )
    reason = str(getattr(error, "strerror", None) or error).rstrip(".")
    return ExportError(
        f"Cannot write {path}: {reason}. Fix that, then run the same command again: it resumes, "
        "and what was committed is kept"
    )


def damaged(path: Path | str, reason: object) -> ExportError:
    """Explain that a journal cannot be read.

    Args:
        path: The journal.
        reason: What is wrong with it.
    """
    line = " ".join(str(reason).replace("*** in database main ***", "").split())
    return ExportError(
        f"The journal {path} is damaged: {line}. Restore it from a backup; or, to pay for this "
        "run again, remove it together with the run's folder under data/"
    )
