"""Committed pages become Parquet files, each of which is there as a whole or not at all."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from keyapi.arrow import RowSchema
from keyapi.export._errors import ExportError, unwritable
from keyapi.export._journal import Journal
from keyapi.export._lineage import with_lineage
from keyapi.export._newer import check_newest
from keyapi.export._reader import JournalReader
from keyapi.export._ready import Block, Ready, size
from keyapi.export._records import CommittedPage, FileRecord
from keyapi.export._target import Target

GROUP_ROWS = 20_000
"""Rows of a row group, about."""
AT_ONCE = 256
"""Rows that become columns at a time."""
_LOTS = 16
"""How many times as many wait in memory, as columns, at most."""
FILE_GROUPS = 10
"""Row groups of a file at most."""
_PART = re.compile(r"\.?part-(\d{6})\.parquet(?:\.tmp)?")

RESULTS = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("state", pa.string()),
        pa.field("pages", pa.int32()),
        pa.field("rows", pa.int64()),
        pa.field("credits", pa.int64()),
        pa.field("error", pa.string()),
    ]
)
"""What came of each id: its state is `done`, `empty`, `dead`, `failed` or `todo`."""


def data_folder(as_of: str) -> str:
    """Where the files of a run are, below the folder of the export."""
    return f"data/_as_of={as_of}"


class Publisher(threading.Thread):
    """Writes files while pages are fetched, in the order of their commits.

    Args:
        journal: The journal.
        target: Where the files go.
        schema: The columns of the rows.
        as_of: The run's day.
        run: The run's name.

    Attributes:
        error: What ended it before its end; None where nothing did.
        files: How many files it has published.
        rows: How many rows they have.
    """

    def __init__(
        self, journal: Journal, target: Target, schema: RowSchema, *, as_of: str, run: str
    ) -> None:
        super().__init__(name="keyapi-publisher", daemon=True)
        self.error: Exception | None = None
        self.files = self.rows = 0
        self._journal = journal
        self._target = target
        self._schema = schema
        self._as_of = as_of
        self._run = run
        self._waiting = 0  # rows that can be published and are in no group
        self._at_once = min(AT_ONCE, GROUP_ROWS)
        self._ready = Ready(schema, self._at_once, _LOTS * self._at_once)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ends = self._abandoned = False
        self._after = journal.last_published()
        self._first = self._after + 1
        target.create(data_folder(as_of))  # before anything is paid for
        self._number = self._clean()

    def committed(self, rows: int, pages: Sequence[CommittedPage] = ()) -> None:
        """Take note of committed pages, in their order; what is not at hand is in the journal.

        Args:
            rows: How many rows they have.
            pages: The pages with their rows, which become columns here and now.
        """
        if pages:
            rows = self._ready.add(pages)
        elif not rows:
            rows = 1
        with self._lock:
            self._waiting += rows
        if self._waiting >= self._at_once:
            self._wake.set()

    def finish(self) -> None:
        """Publish all that is committed, and wait for it.

        Raises:
            ExportError: It could not be published.
        """
        self._ready.add((), last=True)
        self._ends = True
        self._wake.set()
        self.join()
        if self.error is not None:
            raise self.error

    def abandon(self) -> None:
        """Publish nothing more; the next run does."""
        self._abandoned = True
        self._wake.set()
        self.join()

    def run(self) -> None:
        """Publish as pages are committed, until it is to end."""
        try:
            reader = JournalReader(self._journal.path)
            try:
                at_end = False
                while not (self._abandoned or at_end):
                    self._publish(reader)
                    at_end = self._ends and self._after >= reader.last_page()
            finally:
                reader.close()
        except Exception as error:
            self.error = error

    def _publish(self, reader: JournalReader) -> None:
        """Write one file, of several groups; none where no page has a row."""
        name = f"{data_folder(self._as_of)}/part-{self._number:06}.parquet"
        scratch = self._target.scratch(name)
        writer: pq.ParquetWriter | None = None
        rows, groups = 0, 0
        try:
            while groups < FILE_GROUPS and (table := self._group(reader)) is not None:
                if len(table):
                    writer = writer or pq.ParquetWriter(scratch, table.schema, compression="zstd")
                    writer.write_table(table, row_group_size=len(table))
                    rows, groups = rows + len(table), groups + 1
                del table  # or it is in memory beside the next one
            if writer is not None:
                writer.close()
        except OSError as error:
            raise unwritable(self._target.path(name), error) from error
        if writer is not None and not self._abandoned:
            self._put(scratch, name, self._after, rows)

    def _group(self, reader: JournalReader) -> pa.Table | None:
        """The next row group, as soon as there is enough for one; None at the end."""
        blocks: list[Block] = []
        rows = 0
        while rows < GROUP_ROWS and (block := self._next(reader)) is not None:
            self._after = block.pages[-1].seq
            rows += len(block.table)
            blocks.append(block)
        if not blocks:
            return None
        pages = [page for block in blocks for page in block.pages]
        table = pa.concat_tables([block.table for block in blocks])
        return with_lineage(table, pages, self._as_of, self._run)

    def _put(self, scratch: Path, name: str, last: int, rows: int) -> None:
        file = put(self._target, scratch, name, rows)._replace(first=self._first, last=last)
        self._journal.publish(file)
        self.files += 1
        self.rows += rows
        self._first = last + 1
        self._number += 1

    def _next(self, reader: JournalReader) -> Block | None:
        """The next pages, as soon as there are enough or the end has come."""
        while not (self._ends or self._abandoned or self._waiting >= self._at_once):
            self._wake.wait()
            self._wake.clear()
        if self._abandoned:
            return None
        block, before = self._ready.take(self._after)
        if block is None:
            pages = reader.unpublished(self._after, self._at_once, before)
            if not pages:
                return None
            block = Block(pages, self._table(pages))
        with self._lock:
            self._waiting = max(self._waiting - size(block.pages), 0)
        return block

    def _table(self, pages: Sequence[CommittedPage]) -> pa.Table:
        """The rows of some pages from the journal."""
        rows: list[Any] = []
        for page in pages:
            assert isinstance(page.received, bytes)  # noqa: S101 - the journal keeps whole answers
            found = self._schema.rows(page.received)
            if len(found) != page.rows:
                raise ExportError(
                    f"The journal {self._journal.path} says that page {page.page} of {page.id} "
                    f"has {page.rows} rows, and its answer has {len(found)}"
                )
            rows += found
        return self._schema.table(rows)

    def _clean(self) -> int:
        """Remove files that the journal does not know; give the number of the next one."""
        kept = {file.name for file in self._journal.files()}
        folder = data_folder(self._as_of)
        listed = [
            f"{folder}/{name}" for name in self._target.listed(folder) if _PART.fullmatch(name)
        ]
        unknown = [name for name in listed if name not in kept]
        whole = [name for name in unknown if name.endswith(".parquet")]
        check_newest(self._journal, self._target, self._as_of, whole)
        last = 0
        for name in unknown:
            self._target.remove(name)
        for name in kept:
            last = max(last, int(name[-14:-8]))
        return last + 1


def put(target: Target, scratch: Path, name: str, rows: int) -> FileRecord:
    """Let a finished file appear under a name; give what is known of it but its pages."""
    with open(scratch, "rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    size = scratch.stat().st_size
    target.put(scratch, name)
    return FileRecord(name, 0, 0, rows, size, digest)


def write_results(target: Target, journal: JournalReader, as_of: str) -> FileRecord:
    """Write a file with a row for each id: what came of it, so that empty differs from missing."""
    name = f"ids/_as_of={as_of}/ids.parquet"
    scratch = target.scratch(name)
    every = journal.results()
    count = 0
    try:
        with pq.ParquetWriter(scratch, RESULTS, compression="zstd") as writer:
            while batch := list(islice(every, GROUP_ROWS)):
                count += len(batch)
                columns = zip(*batch, strict=True)
                values = [list(column) for column in columns]
                values[1] = [state.name.lower() for state in values[1]]
                writer.write_table(pa.table(values, schema=RESULTS))
    except OSError as error:
        raise unwritable(target.path(name), error) from error
    return put(target, scratch, name, count)


def write_json(target: Target, name: str, document: Any) -> None:
    """Write a JSON file, which is there as a whole or not at all."""
    scratch = target.scratch(name)
    try:
        scratch.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise unwritable(target.path(name), error) from error
    target.put(scratch, name)
