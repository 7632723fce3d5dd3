"""What a run has published, as those who load it elsewhere read it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from keyapi.export._errors import ExportError
from keyapi.export._folder import Folder
from keyapi.export._lineage import LINEAGE
from keyapi.export._manifest import manifest_name
from keyapi.export._reader import JournalReader
from keyapi.export._records import FileRecord, State
from keyapi.export._target import Target, target
from keyapi.export._verify import verify

_BATCH_ROWS = 20_000


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The published rows of a run.

    Attributes:
        as_of: The run's day.
        run: The run's name.
        operation: Name of the operation whose rows they are.
        key: Columns that name a row within a day; None where none surely do.
        complete: Whether every id was asked for to its end.
        files: Its files, in the order of their pages.
        schema: Its columns; the day is a date.
        lineage: The columns that say where a row comes from, by the names they usually have.
    """

    as_of: str
    run: str
    operation: str
    key: tuple[str, ...] | None
    complete: bool
    files: tuple[FileRecord, ...]
    schema: Any
    lineage: dict[str, str]
    _place: Target

    @property
    def rows(self) -> int:
        """How many rows the files have."""
        return sum(file.rows for file in self.files)

    @property
    def sha256(self) -> str:
        """SHA-256, in hexadecimal, of the list of files: a line `SHA-256  name` for each."""
        lines = [f"{file.sha256}  {file.name}\n" for file in self.files]
        return sha256("".join(lines).encode()).hexdigest()

    def batches(self) -> Iterator[Any]:
        """Read the rows, some thousand at a time.

        Yields:
            Record batches of `schema`.

        Raises:
            ExportError: A file cannot be read.
        """
        place = self.schema.names.index(self.lineage["_as_of"])
        day = pa.scalar(date.fromisoformat(self.as_of), pa.date32())
        for file in self.files:
            try:
                with self._place.open(file.name) as opened:
                    for batch in pq.ParquetFile(opened).iter_batches(_BATCH_ROWS):
                        columns = batch.columns
                        columns[place] = pa.repeat(day, len(batch))
                        yield pa.record_batch(columns, schema=self.schema)
            except (OSError, pa.ArrowException) as error:
                path = self._place.path(file.name)
                raise ExportError(f"{path} cannot be read: {error}") from error


def dataset(folder: str | os.PathLike[str], *, as_of: str | None, partial: bool) -> Dataset:
    """Find a run and prove its files.

    Args:
        folder: The folder of the journal.
        as_of: The run's day; the newest run by default.
        partial: Whether what is published of a run that is not finished will do.

    Raises:
        ConfigurationError: There is no such run.
        ExportError: It is not finished, or its files do not fit the journal.
    """
    found = Folder(folder)
    day = found.day(as_of)
    with closing(JournalReader(found.journal(day))) as journal:
        totals = journal.totals()
        left = totals.states[State.TODO] + totals.states[State.FAILED]
        complete = not left and totals.published == totals.rows
        if not complete and not partial:
            raise ExportError(_unfinished(found, day, left, sum(totals.states.values())))
        files = tuple(journal.files())
        place = target(journal.fact("out") or folder, found.path)
        key = journal.fact("key")
        facts: dict[str, Any] = {
            "as_of": day,
            "run": journal.fact("run"),
            "operation": journal.fact("plan")["operation"],
            "key": None if key is None else tuple(key),
            "complete": complete,
            "files": files,
        }
    _check(folder, day, complete)
    schema = _schema(place, files)
    names = dict(zip(LINEAGE.names, schema.names[-len(LINEAGE.names) :], strict=True))
    where = schema.names.index(names["_as_of"])
    schema = schema.set(where, pa.field(names["_as_of"], pa.date32(), nullable=False))
    return Dataset(**facts, schema=schema, lineage=names, _place=place)


def _check(folder: str | os.PathLike[str], day: str, complete: bool) -> None:
    """Prove the files; a run that is not finished may have no manifest, or an old one."""
    problems = verify(folder, as_of=day).problems
    if not complete:
        problems = [problem for problem in problems if manifest_name(day) not in problem]
    if problems:
        raise ExportError(f"Nothing was loaded: {problems[0]}")


def _schema(place: Target, files: tuple[FileRecord, ...]) -> Any:
    """The columns of the files; only those of lineage where there are none, as no id has rows."""
    if not files:
        return LINEAGE
    with place.open(files[0].name) as opened:
        return pq.ParquetFile(opened).schema_arrow


def _unfinished(folder: Folder, day: str, left: int, ids: int) -> str:
    what = f"{left:,} of {ids:,} ids are open" if left else "its last rows are in no file"
    return (
        f"The run of {day} in {folder.path} is not finished: {what}. Run the same export again to "
        "finish it, or load what is there with --partial (partial=True)"
    )
