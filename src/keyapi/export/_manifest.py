"""The manifest of a run: what was asked, what came of it, and each file with its checksum."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from keyapi.export._reader import JournalReader
from keyapi.export._records import FileRecord
from keyapi.export._report import Report

VERSION = 1
"""Version of the manifest's form."""
_COUNTS = ("ids", "todo", "done", "empty", "dead", "failed", "pages", "rows", "credits")


def manifest_name(as_of: str) -> str:
    """The manifest's file, below the folder of the export."""
    return f"manifest-{as_of}.json"


def manifest(journal: JournalReader, report: Report, results: FileRecord) -> dict[str, Any]:
    """Make the manifest of a run.

    Args:
        journal: Its journal.
        report: How far it is.
        results: The file with a row for each id.
    """
    plan = journal.fact("plan")
    facts = asdict(report)
    return {
        "manifest": VERSION,
        "as_of": report.as_of,
        "run": journal.fact("run"),
        "complete": report.complete,
        "client": journal.fact("client"),
        **plan,
        "key": journal.fact("key"),
        "specification_sha256": journal.fact("specification"),
        "started": journal.fact("started"),
        **{name: facts[name] for name in _COUNTS},
        "max_credits": report.max_credits,
        "files": [_file(file) for file in journal.files()],
        "results": _file(results),
    }


def _file(file: FileRecord) -> dict[str, Any]:
    return {
        "name": file.name,
        "rows": file.rows,
        "bytes": file.bytes,
        "sha256": file.sha256,
    }
