"""Proves the files of a run against its journal and its manifest."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import file_digest
from itertools import groupby
from typing import Any

import pyarrow.parquet as pq

from keyapi.export._folder import Folder
from keyapi.export._lineage import LINEAGE
from keyapi.export._manifest import manifest_name
from keyapi.export._newer import newer_manifest, older
from keyapi.export._reader import JournalReader
from keyapi.export._records import FileRecord
from keyapi.export._target import Target, target

_WHERE = ("_id", "_page", "_row")


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What the comparison of files, journal and manifest gave.

    Attributes:
        as_of: The run's day.
        files: How many files were read.
        rows: How many rows they have.
        problems: What does not fit, each with the file and what to do; empty where all fits.
    """

    as_of: str
    files: int
    rows: int
    problems: list[str]


def verify(
    folder: str | os.PathLike[str],
    *,
    as_of: str | None = None,
    out: str | os.PathLike[str] | None = None,
) -> Verification:
    """Compare the files of a run with its journal and manifest.

    Each file must have the bytes that were written (SHA-256), and the rows of each page that is
    published, once each and in their order.

    Args:
        folder: The folder of the journal.
        as_of: The run's day; the newest run by default.
        out: Where the files are, if they were moved.

    Raises:
        ConfigurationError: There is no such run.
        ExportError: The journal is damaged.
    """
    found = Folder(folder)
    day = found.day(as_of)
    with closing(JournalReader(found.journal(day))) as journal:
        journal.check(published=True)
        place = target(out or journal.fact("out") or folder, found.path)
        files = journal.files()
        problems = list(_manifest_problems(place, day, journal, files))
        changed = [_file_problem(place, file) for file in files]
        problems += filter(None, changed)
        if not any(changed):
            problems += _row_problems(place, journal, files)
        return Verification(
            as_of=day, files=len(files), rows=sum(file.rows for file in files), problems=problems
        )


_LOST = "restore it from a backup, or export to another folder to pay for its rows again"


def _file_problem(place: Target, file: FileRecord, remedy: str = _LOST) -> str | None:
    """Whether a file has the bytes that were written."""
    path = place.path(file.name)
    try:
        with place.open(file.name) as opened:
            digest = file_digest(opened, "sha256").hexdigest()
    except FileNotFoundError:
        return f"{path} is missing: {remedy}"
    except OSError as error:
        return f"{path} cannot be read: {error}"
    if digest != file.sha256:
        return f"{path} was changed: its SHA-256 is {digest}, not {file.sha256}; {remedy}"
    return None


def _row_problems(place: Target, journal: JournalReader, files: list[FileRecord]) -> Iterator[str]:
    """Whether the files have the rows of each published page, once each and in order."""
    pages = (page for page in journal.pages() if page[2])
    for file in files:
        path = place.path(file.name)
        total = 0
        with place.open(file.name) as opened:
            for (id_, page), rows in _pages(opened):
                total += len(rows)
                expected = next(pages, None)
                if (
                    expected is None
                    or (id_, page, len(rows)) != expected
                    or rows != list(range(len(rows)))
                ):
                    wanted = "nothing" if expected is None else "page {1} of {0}, {2} rows"
                    yield (
                        f"{path} has page {page} of {id_} with {len(rows)} rows where the journal "
                        f"has {wanted.format(*expected or ())}: export to another folder"
                    )
                    return
        if total != file.rows:
            yield f"{path} has {total} rows, and the journal says {file.rows}"
    if (lost := next(pages, None)) is not None:
        yield f"Page {lost[1]} of {lost[0]} is in no file, although the journal says so"


def _pages(opened: Any) -> Iterator[tuple[tuple[str, int], list[int]]]:
    """The pages in a file, each with the places of its rows."""
    file = pq.ParquetFile(opened)
    names = file.schema_arrow.names[-len(LINEAGE.names) :]
    columns = [names[LINEAGE.names.index(name)] for name in _WHERE]

    def rows() -> Iterator[tuple[str, int, int]]:
        for batch in file.iter_batches(columns=columns):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    for key, group in groupby(rows(), key=lambda row: row[:2]):
        yield key, [row[2] for row in group]


def _manifest_problems(
    place: Target, day: str, journal: JournalReader, files: list[FileRecord]
) -> Iterator[str]:
    """Whether the manifest lists the files that the journal has."""
    name = manifest_name(day)
    path = place.path(name)
    remedy = "run the export again: it is written anew"
    try:
        with place.open(name) as opened:
            manifest = json.loads(opened.read())
        listed = [(file["name"], file["rows"], file["sha256"]) for file in manifest["files"]]
        results = FileRecord(first=0, last=0, **manifest["results"])
        is_newer = newer_manifest(journal, manifest)
    except FileNotFoundError:
        yield f"{path} is missing: {remedy}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield f"{path} cannot be read: {error!r}; {remedy}"
    else:
        if is_newer:
            yield older(journal, place, [name])
        elif listed != [(file.name, file.rows, file.sha256) for file in files]:
            yield f"{path} lists other files than the journal: {remedy}"
        if problem := _file_problem(place, results, remedy):
            yield problem
