"""Loads a run into a table of a DuckDB file, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import duckdb
import pyarrow as pa

from keyapi.export._errors import ExportError
from keyapi.export._loading.dataset import Dataset
from keyapi.export._loading.differences import Difference, differences, refused
from keyapi.export._loading.duckdb_file import connected, quoted, row
from keyapi.export._loading.loads import LOADS, first_line, other_run

_LOADS_COLUMNS = (
    "load BIGINT, table_name VARCHAR, as_of DATE, run VARCHAR, complete BOOLEAN, files BIGINT,"
    ' "rows" BIGINT, files_sha256 VARCHAR, loaded_at TIMESTAMPTZ, version VARCHAR'
)
_ROWS, _COLUMNS = "keyapi_rows", "keyapi_columns"  # what DuckDB reads from Arrow, by name
_EXACT = 2**53  # below it, each whole number is a double
_ANOTHER = "Load into another table: --table"


class DuckDBLoad:
    """A load into a table.

    Args:
        path: The DuckDB file; made where there is none.
        table: The table; made where there is none.
        dataset: The rows.

    Attributes:
        added: Columns that the table had not.
    """

    def __init__(self, path: str, table: str, dataset: Dataset) -> None:
        self.added: list[str] = []
        self._path = path
        self._name = table
        self._table = quoted(table)
        self._dataset = dataset
        self._rounded: list[Difference] = []  # columns of whole numbers that become doubles
        self._failure: ExportError | None = None

    def __call__(self, *, evolve: bool, replace: bool) -> bool:
        """Let the run's rows take the place of the day's, or leave everything as it was.

        Args:
            evolve: Whether the table may get new columns and wider types.
            replace: Whether rows of the same day that came from another run may go.

        Returns:
            Whether rows were loaded; False where the table has these very rows.

        Raises:
            ConfigurationError: Another process has the file open, or it is not a DuckDB file.
            ExportError: The columns differ, the day's rows are another run's, a file cannot be
                read, or DuckDB fails.
        """
        with connected(self._path) as connection:
            try:
                connection.execute("BEGIN")
                loaded = self._load(connection, evolve=evolve, replace=replace)
                connection.execute("COMMIT")
            except duckdb.Error as error:
                if self._failure is not None:
                    raise self._failure from error
                raise ExportError(
                    f"DuckDB cannot load into {self._path}: {first_line(error)}. Nothing was loaded"
                ) from error
        return loaded

    def _load(self, connection: Any, *, evolve: bool, replace: bool) -> bool:
        dataset = self._dataset
        connection.execute(f"CREATE TABLE IF NOT EXISTS {LOADS} ({_LOADS_COLUMNS})")
        if self._is_loaded(connection):
            return False
        if dataset.files:
            connection.register(_COLUMNS, dataset.schema.empty_table())
            if self._exists(connection):
                self._check_run(connection, replace)
                self._change_columns(connection, evolve)
            else:
                connection.execute(f"CREATE TABLE {self._table} AS FROM {_COLUMNS}")
            self._insert(connection)
            connection.execute(self._newest())
        facts = [self._name, dataset.as_of, dataset.run, dataset.complete, len(dataset.files)]
        facts += [dataset.rows, dataset.sha256, version("keyapi-tiktok")]
        connection.execute(
            f"INSERT INTO {LOADS} SELECT 1 + coalesce(max(load), 0), ?, ?, ?, ?, ?, ?, ?, now(), ?"
            f" FROM {LOADS}",
            facts,
        )
        return True

    def _exists(self, connection: Any) -> bool:
        query = "SELECT count(*) FROM duckdb_tables() WHERE table_name = ? AND NOT internal"
        return bool(row(connection, query, self._name)[0])

    def _is_loaded(self, connection: Any) -> bool:
        """Whether the last load of the day was this one, and its rows are there."""
        query = (
            f"SELECT files_sha256 FROM {LOADS} WHERE table_name = ? AND as_of = ?"
            " ORDER BY load DESC LIMIT 1"
        )
        if row(connection, query, self._name, self._dataset.as_of) != (self._dataset.sha256,):
            return False
        if not self._dataset.files:
            return True
        return self._exists(connection) and self._rows_of_day(connection) == self._dataset.rows

    def _rows_of_day(self, connection: Any) -> int:
        query = f"SELECT count(*) FROM {self._table} WHERE {self._day} = ?"
        count: int = row(connection, query, self._dataset.as_of)[0]
        return count

    @property
    def _day(self) -> str:
        return quoted(self._dataset.lineage["_as_of"])

    def _check_run(self, connection: Any, replace: bool) -> None:
        """Refuse to remove the day's rows of another run, such as that of another list."""
        run = quoted(self._dataset.lineage["_run"])
        query = f"SELECT any_value({run}) FROM {self._table} WHERE {self._day} = ? AND {run} <> ?"
        (other,) = row(connection, query, self._dataset.as_of, self._dataset.run)
        if other is not None and not replace:
            raise other_run(self._name, self._dataset, other)

    def _change_columns(self, connection: Any, evolve: bool) -> None:
        table, run = _types(connection, self._table), _types(connection, _COLUMNS)
        found = differences(
            {name: str(type_) for name, type_ in table.items()},
            {name: str(type_) for name, type_ in run.items()},
        )
        if found and not evolve:
            raise refused(self._name, found, "--schema evolve would change the table")
        wrong = []
        self._rounded = [each for each in found if (each.table, each.run) == ("DOUBLE", "BIGINT")]
        for each in found:
            name = quoted(each.column)
            if each.table is None:
                connection.execute(f"ALTER TABLE {self._table} ADD COLUMN {name} {each.run}")
                self.added.append(each.column)
            elif each.run is not None:
                wider = self._wider(connection, each, table[each.column], run[each.column])
                if wider is None:
                    wrong.append(each)
                elif str(wider) != each.table:
                    connection.execute(f"ALTER TABLE {self._table} ALTER {name} TYPE {wider}")
        if wrong:
            raise refused(self._name, wrong, _ANOTHER)

    def _wider(self, connection: Any, each: Difference, table: Any, run: Any) -> Any:
        """The type that holds the values of both; None where none surely does."""
        if {each.table, each.run} != {"BIGINT", "DOUBLE"}:
            return _merged(table, run)
        is_exact = each.table == "DOUBLE" or self._is_exact(connection, each.column)
        return "DOUBLE" if is_exact else None

    def _is_exact(self, connection: Any, column: str, condition: str = "true") -> bool:
        """Whether a double holds each whole number of a column."""
        query = (
            f"SELECT count(*) FROM {self._table}"
            f" WHERE abs({quoted(column)}) >= {_EXACT} AND {condition}"
        )
        return not row(connection, query)[0]

    def _insert(self, connection: Any) -> None:
        connection.execute(
            f"DELETE FROM {self._table} WHERE {self._day} = ?",
            [self._dataset.as_of],
        )
        reader = pa.RecordBatchReader.from_batches(self._dataset.schema, self._batches())
        connection.register(_ROWS, reader)
        connection.execute(f"INSERT INTO {self._table} BY NAME FROM {_ROWS}")
        connection.unregister(_ROWS)
        day = f"{self._day} = DATE '{self._dataset.as_of}'"
        wrong = [e for e in self._rounded if not self._is_exact(connection, e.column, day)]
        if wrong:
            raise refused(self._name, wrong, _ANOTHER)

    def _batches(self) -> Iterator[Any]:
        """The rows; DuckDB makes another error of what is raised here."""
        try:
            yield from self._dataset.batches()
        except ExportError as error:
            self._failure = error
            raise

    def _newest(self) -> str:
        """The statement that makes the view of the newest rows."""
        dataset = self._dataset
        day, id_, fetched, page, row = (
            quoted(dataset.lineage[name])
            for name in ("_as_of", "_id", "_fetched_at", "_page", "_row")
        )
        if dataset.key is None:  # the newest day of each id has its rows
            chosen = f"{day} = max({day}) OVER (PARTITION BY {id_})"
        else:
            key = ", ".join(map(quoted, dataset.key))
            order = f"{day} DESC, {fetched} DESC, {page}, {row}"
            chosen = f"row_number() OVER (PARTITION BY {key} ORDER BY {order}) = 1"
        view = quoted(f"{self._name}_newest")
        return f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {self._table} QUALIFY {chosen}"


def _types(connection: Any, table: str) -> dict[str, Any]:
    """The types of a table's columns, by name."""
    relation = connection.sql(f"FROM {table}")
    return dict(zip(relation.columns, relation.types, strict=True))


def _merged(table: Any, run: Any) -> Any:
    """The type that has the fields of two, at any depth; None where a field has two types."""
    if str(table) == str(run):
        return table
    if table.id != run.id or table.id not in ("struct", "list"):
        return None
    old, new = dict(table.children), dict(run.children)
    fields = {
        name: _merged(old[name], new[name]) if name in old and name in new else (old | new)[name]
        for name in {**old, **new}
    }
    if None in fields.values():
        return None
    return duckdb.list_type(fields["child"]) if table.id == "list" else duckdb.struct_type(fields)
