"""Opens DuckDB files, and writes names and reads rows as SQL has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from keyapi._errors import ConfigurationError
from keyapi.export._loading.loads import first_line

_MAGIC, _MAGIC_AT = b"DUCK", 8  # what a database has after its first checksum
_HOLDER = re.compile(r"\(PID (\d+)\)")


@contextmanager
def connected(path: str) -> Iterator[Any]:
    """Open a DuckDB file.

    Raises:
        ConfigurationError: It cannot be opened.
    """
    if not _may_be_database(path):
        raise ConfigurationError(f"{path} is not a DuckDB file; name another, or remove it")
    try:
        connection = duckdb.connect(path)
    except duckdb.Error as error:
        raise ConfigurationError(_unopened(path, error)) from error
    with connection:
        yield connection


def _may_be_database(path: str) -> bool:
    """Whether a file begins as a database does, or is not there; DuckDB overwrites short files."""
    try:
        with open(path, "rb") as file:
            head = file.read(_MAGIC_AT + len(_MAGIC))
    except OSError:  # DuckDB says why
        return True
    return not head or head[_MAGIC_AT:] == _MAGIC


def _unopened(path: str, error: Exception) -> str:
    text = str(error)
    if "lock" in text or isinstance(error, duckdb.ConnectionException):
        holder = _HOLDER.search(text)
        who = f"the process {holder[1]}" if holder else "another connection"
        return f"{path} is in use by {who}: close it there, then load again. Nothing was loaded"
    return f"Cannot open {path}: {first_line(error)}"


def row(connection: Any, query: str, *parameters: Any) -> tuple[Any, ...]:
    """The only row of a query; none is empty."""
    rows = connection.execute(query, parameters).fetchall()
    return tuple(rows[0]) if rows else ()


def quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
