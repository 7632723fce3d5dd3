"""Loads again and again, each time in a child that is killed at the next statement.

python load_program.py FOLDER FILE

Prints, for each kill, the statement before which it hit, or "batch" within one, and how many rows
the table has afterwards.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pandas  # noqa: F401 - DuckDB would import it in each child

from keyapi.export import load
from keyapi.export._loading import dataset, to_duckdb
from keyapi.export._loading.dataset import Dataset

TABLE = "influencer_products_analytics"


class Deadly:
    """A connection whose process is killed before a statement.

    Args:
        connection: The connection.
        left: How many statements and batches come before.
    """

    def __init__(self, connection: Any, left: int) -> None:
        self._connection = connection
        self._left = left

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, text: str, *arguments: Any) -> Any:
        """Execute a statement, unless it is the one."""
        self.step(text.split()[0])
        return self._connection.execute(text, *arguments)

    def step(self, name: str) -> None:
        """Be killed, or go on."""
        if self._left == 0:
            os.write(1, f"{name} ".encode())
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


def main(folder: str, file: str) -> None:
    """Kill at one statement after the other, until a load comes to its end."""
    number = 0
    while os.WIFSIGNALED(_in_child(_load, folder, file, number)):
        _in_child(_count, file)
        number += 1


def _in_child(work: Any, *arguments: Any) -> int:
    child = os.fork()
    if not child:
        work(*arguments)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def _count(file: str) -> None:
    with duckdb.connect(file) as connection:
        ((rows,),) = connection.execute(f"SELECT count(*) FROM {TABLE}").fetchall()
    os.write(1, f"{rows}\n".encode())


def _load(folder: str, file: str, number: int) -> None:
    made: list[Deadly] = []
    connected, batches = to_duckdb.connected, Dataset.batches

    @contextmanager
    def deadly(path: str) -> Iterator[Any]:
        with connected(path) as connection:
            made.append(Deadly(connection, number))
            yield made[0]

    def watched(self: Dataset) -> Iterator[Any]:
        for batch in batches(self):
            yield batch
            made[0].step("batch")

    to_duckdb.connected = deadly  # only in this child
    Dataset.batches = watched  # type: ignore[method-assign] # likewise
    dataset._check = lambda *_: None  # it takes most of the time
    load(folder, f"duckdb:{file}", replace=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
