"""Parquet and Arrow files; imported where one is written, since it brings pyarrow."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Literal

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from keyapi._models import Model, plain
from keyapi.arrow import RowSchema
from keyapi.cli.columns import Column
from keyapi.cli.destination import Destination
from keyapi.cli.messages import UsageError
from keyapi.specification import OperationSpec

Kind = Literal["parquet", "arrow"]
_CONVERTED = 2048  # rows that are made a table of at once; as Python objects they take most memory
_WRITTEN = 8 * _CONVERTED  # rows of a Parquet file's row group, or a batch of an Arrow file


class TableFile:
    """Writes rows as a Parquet or Arrow IPC file, some thousands at a time.

    Args:
        kind: Which of the two.
        spec: The operation that the rows are of.
        chosen: The requested columns; None for all.
        out: What is written to.

    Raises:
        UsageError: There is no such column.
    """

    def __init__(
        self, kind: Kind, spec: OperationSpec, chosen: Sequence[Column] | None, out: Destination
    ) -> None:
        self._schema = RowSchema.of(spec)
        self._names = self._schema.schema.names
        if chosen is not None:
            self._names = [self._name(column, kind) for column in chosen]
        self._kind = kind
        self._sink = _Sink(out)
        self._writer: Any = None
        self._rows: list[Any] = []
        self._tables: list[pa.Table] = []

    def _name(self, column: Column, kind: Kind) -> str:
        decoded = column.kind == "decoded"
        for field in self._schema.columns.fields:
            if field.source == column.source if decoded else field.name == column.name:
                return field.name
        columns = ", ".join(self._schema.schema.names)
        raise UsageError(f"--columns: {kind} has no column {column.name!r}; choose from {columns}")

    def add(self, rows: Sequence[Any]) -> None:
        """Add rows, as models or decoded JSON."""
        self._rows += [row._row if isinstance(row, Model) else plain(row) for row in rows]
        if len(self._rows) >= _CONVERTED:
            self._convert()
        if len(self._tables) * _CONVERTED >= _WRITTEN:
            self._write()

    def end(self) -> None:
        """Write the rest, and what completes the file."""
        self._convert()
        self._write()
        self._writer.close()
        self._sink.check()

    def _convert(self) -> None:
        self._tables.append(self._schema.table(self._rows).select(self._names))
        self._rows = []

    def _write(self) -> None:
        table = pa.concat_tables(self._tables).combine_chunks()
        self._tables = []
        if self._writer is None:  # until now, nothing was written
            if self._kind == "parquet":
                self._writer = pq.ParquetWriter(self._sink, table.schema, compression="zstd")
            else:
                self._writer = pa.ipc.new_file(self._sink, table.schema)
        self._writer.write_table(table)
        self._sink.check()


class _Sink(io.RawIOBase):
    """What pyarrow writes to. It never fails in pyarrow's hands: `check` raises what happened."""

    def __init__(self, out: Destination) -> None:
        self._out = out
        self._error: BaseException | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self._error is None:
            try:
                self._out.write(bytes(data))
            except BaseException as error:
                self._error = error
        return len(data)

    def check(self) -> None:
        """Raise what happened while something was written."""
        if self._error is not None:
            raise self._error
