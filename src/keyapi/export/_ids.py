"""The list of ids, read in batches from whatever holds it."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

from keyapi._errors import ConfigurationError

# How spreadsheets and tables write whole numbers that they took for fractions: digits are lost.
_FLOAT = re.compile(r"[+-]?\d+(?:\.\d+)?[eE]\+?\d+|\d+\.0+")
_TABLES = {".csv": ",", ".tsv": "\t"}
_LINES = {".jsonl", ".ndjson"}
_PARQUET = {".parquet", ".pq"}
_ROWS = 10_000  # of a table that are read at once
_LONGEST_LINE = 1_000_000  # characters, so that a file without lines is not read whole
_LONGEST_ID = 1_000  # characters, far more than any has: an id stands in a URL
_LISTED = 20  # columns that an error names


Cells = Generator[tuple[str, Any], None, None]
"""Values of the list, each with where it stands."""


class Ids:
    """An iterator of ids as text, in the order of the list; duplicates are the journal's matter.

    Args:
        source: A file's path, which may name a column after a colon; `-` for stdin; anything with
            `__arrow_c_stream__`, such as a DataFrame; or an iterable of texts and whole numbers.
        names: The column to take, where the source names none and has several: the first of these.

    Attributes:
        blank: How many blank lines and cells were skipped so far.

    Raises:
        ConfigurationError: There is no such file or column, or an id is a fraction; on iteration,
            too.
    """

    def __init__(self, source: Any, names: Iterable[str] = ()) -> None:
        self.blank = 0
        self._names = tuple(names)
        self._cells = self._opened(source)
        # A column that is not there is refused here, before a folder or a journal is made.
        self._first = list(islice(self._cells, 1))

    def __iter__(self) -> Iterator[str]:
        with closing(self._cells) as cells:
            for where, cell in chain(self._first, cells):
                text = _text(where, cell)
                if text:
                    yield text
                else:
                    self.blank += 1

    def _opened(self, source: Any) -> Cells:
        if isinstance(source, str | Path):
            return self._file(str(source))
        if hasattr(source, "__arrow_c_stream__"):
            return self._arrow(source)
        if isinstance(source, Mapping | bytes) or not isinstance(source, Iterable):
            raise ConfigurationError(
                "ids must be a file's path, a table with one column of ids, or an iterable of "
                f"texts, got {type(source).__name__}"
            )
        return ((f"ids[{number}]", value) for number, value in enumerate(source))

    def _file(self, text: str) -> Cells:
        path, column = _split(text)
        if path == "-":
            return self._plain(path) if column is None else self._csv(path, column, ",")
        suffix = Path(path).suffix.lower()
        if suffix in _PARQUET:
            return self._parquet(path, column)
        with _read(path):
            pass  # a file that cannot be opened is refused before anything else is done
        if suffix in _LINES:
            return self._jsonl(path, column)
        if suffix in _TABLES or column is not None:
            return self._csv(path, column, _TABLES.get(suffix, ","))
        return self._plain(path)

    @staticmethod
    def _plain(path: str) -> Cells:
        with _read(path) as file:
            for number, line in enumerate(_lines(file, path), 1):
                yield f"{path}, line {number}", line

    def _csv(self, path: str, column: str | None, delimiter: str) -> Cells:
        with _read(path) as file:
            rows = csv.reader(_lines(file, path), delimiter=delimiter)
            header = next(rows, [])
            if column is None and len(header) == 1 and header[0].strip().isdigit():
                place = 0  # a list of ids without a header
                yield f"{path}, line 1", header[0]
            else:
                place = self._place(path, [name.strip() for name in header], column)
            for row in rows:
                yield f"{path}, line {rows.line_num}", row[place] if place < len(row) else ""

    def _jsonl(self, path: str, column: str | None) -> Cells:
        name = column
        with _read(path) as file:
            for number, line in enumerate(_lines(file, path), 1):
                where = f"{path}, line {number}"
                if not line.strip():
                    yield where, ""
                    continue
                try:
                    value = json.loads(line)
                except RecursionError:
                    raise ConfigurationError(f"{where} is nested too deep") from None
                except ValueError as error:
                    raise ConfigurationError(f"{where} is not valid JSON: {error}") from None
                if isinstance(value, dict):
                    if name is None:
                        name = list(value)[self._place(where, list(value), None)]
                    value = value.get(name)
                yield where, value

    def _parquet(self, path: str, column: str | None) -> Cells:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise ConfigurationError(f"Cannot read the ids in {path}: {error}") from error
        names = file.schema_arrow.names
        name = names[self._place(path, names, column)]
        batches = file.iter_batches(_ROWS, columns=[name])
        return _column(path, name, file.schema_arrow.field(name).type, batches)

    def _arrow(self, source: Any) -> Cells:
        import pyarrow as pa

        batches = pa.RecordBatchReader.from_stream(source)
        names = batches.schema.names
        name = names[self._place("The table of ids", names, None)]
        selected = (batch.select([name]) for batch in batches)
        return _column("The table of ids", name, batches.schema.field(name).type, selected)

    def _place(self, where: str, columns: list[str], column: str | None) -> int:
        """Where the column of ids stands."""
        wanted = (column,) if column is not None else self._names
        for name in wanted:
            if name in columns:
                return columns.index(name)
        if column is None and len(columns) == 1:
            return 0
        listed = ", ".join(columns[:_LISTED]) or "none"
        if len(columns) > _LISTED:
            listed += f" and {len(columns) - _LISTED:,} more"
        if column is not None:
            raise ConfigurationError(f"{where} has no column {column!r}; its columns: {listed}")
        raise ConfigurationError(
            f"Which column of {where} has the ids? Name it, as in FILE:COLUMN; its columns: "
            f"{listed}"
        )


def _split(text: str) -> tuple[str, str | None]:
    """Split FILE:COLUMN; a file whose name has a colon is taken as it is."""
    path, colon, column = text.rpartition(":")
    if not colon or Path(text).is_file() or not column or "/" in column or "\\" in column:
        return text, None
    return path, column


def _text(where: str, cell: Any) -> str:
    """An id as text; empty for a blank cell."""
    if cell is None:
        return ""
    if isinstance(cell, bool) or not isinstance(cell, str | int):
        raise ConfigurationError(
            f"{where}: {cell!r} cannot be an id; ids are texts or whole numbers, and a fraction "
            "has lost digits"
        )
    text = str(cell).strip()
    if len(text) > _LONGEST_ID:
        raise ConfigurationError(
            f"{where}: an id of {len(text):,} characters; ids have at most {_LONGEST_ID:,}, one on "
            "a line"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(f"{where}: {text!r} is not valid Unicode") from None
    if _FLOAT.fullmatch(text):
        raise ConfigurationError(
            f"{where}: {text} is a fraction, so digits of the id may be lost; store the column of "
            "ids as text"
        )
    return text


def _lines(file: TextIO, path: str) -> Iterator[str]:
    """The lines of a text file; one that may have no end is refused."""
    number = 0
    while line := file.readline(_LONGEST_LINE + 1):
        number += 1
        if len(line) > _LONGEST_LINE:
            raise ConfigurationError(
                f"{path}, line {number} has more than {_LONGEST_LINE:,} characters; give a file "
                "with one id on a line, or a table"
            )
        yield line


def _column(where: str, name: str, kind: Any, batches: Iterable[Any]) -> Cells:
    """The cells of a column, batch by batch."""
    import pyarrow.types as types

    if types.is_floating(kind) or types.is_decimal(kind):
        raise ConfigurationError(
            f"{where}: the column {name} holds fractions ({kind}), so digits of the ids may be "
            "lost; store it as text or int64"
        )
    return (
        (f"{where}, row {number}", value)
        for number, value in enumerate(
            (value for batch in batches for value in batch.column(0).to_pylist()), 1
        )
    )


@contextmanager
def _read(path: str) -> Iterator[TextIO]:
    """Open a text file, or stdin, and explain what cannot be read."""
    try:
        if path == "-":
            yield sys.stdin
            return
        with open(path, encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not text in UTF-8: {error}") from error
    except csv.Error as error:
        raise ConfigurationError(f"{path} is not valid CSV: {error}") from error
    except OSError as error:
        raise ConfigurationError(f"Cannot read the ids in {path}: {error.strerror}") from error
