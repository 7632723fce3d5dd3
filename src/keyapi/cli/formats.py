"""The output formats: each writes rows as they arrive, and completes its output at the end."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Literal, Protocol

from keyapi._models import Model
from keyapi.cli.columns import Column, Columns, as_mapping, found_in
from keyapi.cli.destination import Destination
from keyapi.cli.messages import CommandError, UsageError
from keyapi.cli.text import clean, escaped, to_json
from keyapi.specification import OperationSpec

Kind = Literal["parquet", "arrow"]

_BY_SUFFIX = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".txt": "table",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    "": "jsonl",
}
ADDED_TO = ("jsonl", "csv")
"""The formats that a file can be added to: those without an end."""


BINARY = ("parquet", "arrow")
"""The formats that need the extra `arrow`, and that a terminal cannot show."""


class Writer(Protocol):
    """Writes rows in one format.

    Attributes:
        notes: What to tell the user after the output.
    """

    notes: list[str]

    def rows(self, rows: Sequence[Any]) -> None:
        """Write rows, as models or decoded JSON."""

    def end(self) -> None:
        """Write the rest of the output."""


class Layout:
    """What to show of the rows.

    Args:
        spec: The operation.
        columns: The columns of the operation's rows.
        chosen: The requested columns; None for the default.
        single: Whether the answer is one object instead of rows.
        sorted_by: Name of the property that the rows are sorted by; None if unsorted.
    """

    def __init__(
        self,
        spec: OperationSpec,
        columns: Columns,
        chosen: Sequence[Column] | None,
        *,
        single: bool,
        sorted_by: str | None = None,
    ) -> None:
        self.spec = spec
        self.columns = columns
        self.chosen = chosen
        self.single = single
        self.sorted_by = sorted_by

    def plain(self, row: Any) -> Any:
        """Return a row for JSON: exactly as received, or the chosen columns."""
        if self.chosen is not None:
            return {column.name: column.value(row) for column in self.chosen}
        return row.to_dict() if isinstance(row, Model) else row


def writer(kind: str, out: Destination, layout: Layout) -> Writer:
    """Make the writer of a format."""
    writers: dict[str, type[_Writer]] = {
        "jsonl": _Lines,
        "json": _Json,
        "csv": _Csv,
        "table": _Table,
        "parquet": _Parquet,
        "arrow": _Arrow,
    }
    return writers[kind](out, layout)


def require_binary(kind: str, *, terminal: bool) -> None:
    """Make sure that a binary format can be written.

    Args:
        kind: The format; any other is fine.
        terminal: Whether it goes to one.

    Raises:
        UsageError: The extra `arrow` is not installed, or a terminal would show it.
    """
    if kind not in BINARY:
        return
    if terminal:
        raise UsageError(
            f"--format {kind} is binary, which a terminal cannot show; add --output FILE"
        )
    if find_spec("pyarrow") is None:
        raise UsageError(f"{kind} needs more packages: pip install 'keyapi-tiktok[arrow]'")


def chosen_format(name: str | None, suffix: str | None, out: Destination) -> str:
    """The format: by name, else by the file's suffix, else by whether a person reads it.

    Raises:
        UsageError: The suffix is that of no format.
    """
    if name is not None:
        return name
    if suffix is not None:
        found = _BY_SUFFIX.get(suffix.lower())
        if found is None:
            endings = ", ".join(filter(None, _BY_SUFFIX))
            raise UsageError(
                f"--output: {suffix!r} is the ending of no format; use {endings}, or add --format"
            )
        return found
    return "table" if out.terminal else "jsonl"


class _Writer(ABC):
    def __init__(self, out: Destination, layout: Layout) -> None:
        self._out = out
        self._layout = layout
        self.notes: list[str] = []

    def _json(self, value: Any, indent: int | None = None) -> str:
        try:
            return to_json(value, indent)
        except ValueError:
            raise CommandError(
                "A row contains a number that JSON cannot represent; --raw writes it as received"
            ) from None

    def _write(self, text: str) -> None:
        self._out.write(text.encode())

    @abstractmethod
    def rows(self, rows: Sequence[Any]) -> None:
        """Write rows."""

    def end(self) -> None:
        """Write the rest of the output."""
        self._out.flush()


class _Lines(_Writer):
    """JSON lines: one row each, written as it arrives."""

    def rows(self, rows: Sequence[Any]) -> None:
        for row in rows:
            self._write(self._json(self._layout.plain(row)) + "\n")
        self._out.flush()


class _Json(_Writer):
    """One JSON array of all rows, or the one object."""

    _count = 0

    def rows(self, rows: Sequence[Any]) -> None:
        for row in rows:
            text = self._json(self._layout.plain(row), indent=2)
            if not self._layout.single:
                text = "  " + text.replace("\n", "\n  ")
                text = (",\n" if self._count else "[\n") + text
            self._write(text)
            self._count += 1

    def end(self) -> None:
        if self._layout.single:
            self._write("\n")
        else:
            self._write("\n]\n" if self._count else "[]\n")


class _Csv(_Writer):
    """CSV with a header; nested values are written as JSON.

    Values are exact, even if a spreadsheet would read one as a formula.
    """

    def __init__(self, out: Destination, layout: Layout) -> None:
        super().__init__(out, layout)
        self._header: list[Column] | None = None
        if out.held:
            self._header = self._as_held(_cells(out.held))

    def rows(self, rows: Sequence[Any]) -> None:
        if self._header is None:
            self._header = self._columns(rows)
            self._line([self._text(column.name) for column in self._header])
        sources = {column.source for column in self._header}
        for row in rows:
            self._line([self._text(column.value(row)) for column in self._header])
            if self._layout.chosen is None and (more := as_mapping(row).keys() - sources):
                self._note(more)
        self._out.flush()

    def end(self) -> None:
        if self._header is None:
            self.rows([])

    def _columns(self, rows: Sequence[Any]) -> list[Column]:
        if self._layout.chosen is not None:
            return list(self._layout.chosen)
        described = self._layout.columns.named("all")
        names = {column.name for column in described}
        # Of what the page does not describe, only the first rows show what there is.
        return described + [column for column in found_in(rows) if column.name not in names]

    def _as_held(self, names: list[str]) -> list[Column]:
        """The columns in the order of the header that the file has.

        Raises:
            UsageError: It lacks one.
        """
        columns = {column.name: column for column in self._columns([])}
        if lacking := [name for name in columns if name not in names]:
            raise UsageError(
                f"--append: the file has no column {lacking[0]}; its columns are "
                f"{', '.join(names)}. Choose them with --columns, or write to another file"
            )
        return [columns.get(name) or Column(name, name, "text") for name in names]

    def _text(self, value: Any) -> str:
        text = value if isinstance(value, str) else "" if value is None else self._json(value)
        return clean(text) if self._out.terminal else text

    def _line(self, cells: list[str]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        self._out.write(line.getvalue().encode("utf-8", "backslashreplace"))

    def _note(self, names: Any) -> None:
        note = f"Not in the CSV, whose header was already written: {', '.join(sorted(names))}"
        if note not in self.notes:
            self.notes.append(note)


def _cells(line: bytes) -> list[str]:
    return next(csv.reader([line.decode("utf-8", "replace").rstrip("\r\n")]), [])


class _Parquet(_Writer):
    """A Parquet file with the columns of `page.to_arrow()`."""

    kind: Kind = "parquet"

    def __init__(self, out: Destination, layout: Layout) -> None:
        from keyapi.cli.binary import TableFile

        super().__init__(out, layout)
        self._file = TableFile(self.kind, layout.spec, layout.chosen, out)

    def rows(self, rows: Sequence[Any]) -> None:
        self._file.add(rows)

    def end(self) -> None:
        self._file.end()
        super().end()


class _Arrow(_Parquet):
    """The same as an Arrow IPC file."""

    kind = "arrow"


class _Table(_Writer):
    """A table of all rows, for people."""

    def __init__(self, out: Destination, layout: Layout) -> None:
        super().__init__(out, layout)
        self._rows: list[Any] = []

    def rows(self, rows: Sequence[Any]) -> None:
        self._rows.extend(rows)

    def end(self) -> None:
        if not self._rows:
            return
        from keyapi.cli.table import print_records, print_table
        from keyapi.cli.terminal import console_to

        layout = self._layout
        columns = layout.chosen or layout.columns.by_weight(layout.sorted_by)
        columns = columns or found_in(self._rows)
        with console_to(self._out) as console:
            if layout.single:
                print_records(console, columns, self._rows)
                return
            left_out = print_table(
                console, columns, self._rows, all_of_them=layout.chosen is not None
            )
        if left_out:
            more = f"{left_out} more column{'s' if left_out > 1 else ''}"
            self.notes.append(f"{more} not shown: use --columns all, or --format json")


def raw(out: Destination, body: bytes) -> bytes:
    """An answer's body as received; for a terminal, control characters are escaped."""
    return escaped(body.decode("utf-8", "replace")).encode() if out.terminal else body
