"""Loads in processes of their own, slow enough to be killed: forked from one that has all imports.

Reads a line of JSON for each: the arguments of `work`; see `support.forking`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
import pandas  # noqa: F401 - DuckDB would import it in each child
from dlt.destinations.impl.duckdb import sql_client

from keyapi.export import load
from keyapi.export._loading import dataset, to_dlt, to_duckdb
from support.forking import fork_for_each_line

STEP = 0.01
"""Seconds that a load waits before each statement."""


class Slow:
    """A connection that waits before each statement.

    Args:
        connection: The connection.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, *arguments: Any) -> Any:
        """Wait, then execute a statement."""
        time.sleep(STEP)
        return self._connection.execute(*arguments)


def work(folder: str, to: str, begun: str) -> None:
    """Load what is published.

    Args:
        folder: The folder of the export.
        to: The destination.
        begun: A file that says that the load has begun, and is removed once it has ended.
    """
    connected, batches = to_duckdb.connected, dataset.Dataset.batches
    execute, extract = sql_client.DuckDbSqlClient.execute_query, to_dlt.TablesPlace.extract

    @contextmanager
    def connected_slowly(path: str) -> Iterator[Any]:
        with connected(path) as connection:
            Path(begun).touch()
            yield Slow(connection)

    def extracted(self: Any, *arguments: Any) -> None:
        Path(begun).touch()
        extract(self, *arguments)

    def executed(self: Any, *arguments: Any, **options: Any) -> Any:
        time.sleep(STEP)
        return execute(self, *arguments, **options)

    def batches_slowly(self: Any) -> Iterator[Any]:
        for batch in batches(self):
            yield batch
            time.sleep(STEP)

    to_duckdb.connected = connected_slowly  # only in this child, as all that follows
    to_dlt.TablesPlace.extract = extracted  # type: ignore[method-assign]
    sql_client.DuckDbSqlClient.execute_query = executed  # type: ignore[method-assign]
    dataset.Dataset.batches = batches_slowly  # type: ignore[method-assign]
    dataset._check = lambda *_: None  # it takes most of the time
    load(folder, to, partial=True)
    Path(begun).unlink()


def main() -> None:
    """Fork a process for each line."""
    assert dlt.__version__
    fork_for_each_line(work)


if __name__ == "__main__":
    main()
