"""The one thread that writes a journal: what is handed in meanwhile is committed together."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from keyapi.export._errors import ExportError, unwritable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]

_MOST = 500  # pieces of work that are committed together


class _Item(NamedTuple):
    work: Work
    future: Future[Any]


class Writer:
    """Does pieces of work on a database in the order in which they are handed in.

    Those that wait while a transaction is written to the disk share the next one: each is done
    when the disk has it. After the first failure, nothing else is written.

    Args:
        connection: The database; nobody else uses it from now on.
        path: Its file, for messages.

    Attributes:
        at_end: Work that every transaction ends with, or None; what it returns, if anything, is
            called once the disk has the transaction.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.at_end: Callable[[sqlite3.Connection], Callable[[], None] | None] | None = None
        self._connection = connection
        self._path = path
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._failure: ExportError | None = None
        self._thread = threading.Thread(target=self._run, name="keyapi-journal", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Hand in a piece of work.

        Args:
            work: Is given the connection, in a transaction.

        Returns:
            A future that is done when the disk has it, or raises `ExportError`.
        """
        future: Future[T] = Future()
        self._queue.put(_Item(work, future))
        return future

    def close(self) -> None:
        """Write what was handed in, and close the database."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        ends = False
        while not ends:
            items = [self._queue.get()]
            while len(items) < _MOST and items[-1] is not None:
                try:
                    items.append(self._queue.get_nowait())
                except Empty:
                    break
            if items[-1] is None:
                ends = True
                items.pop()
            # `close` puts the last item, so that nothing that was handed in comes after it.
            self._write([item for item in items if item is not None])
        self._connection.close()

    def _write(self, items: list[_Item]) -> None:
        if not items:
            return
        try:
            if self._failure is not None:
                raise self._failure
            results = self._committed(items)
        except (sqlite3.Error, OSError) as error:
            self._failure = unwritable(self._path, error)
            self._failure.__cause__ = error
            self._fail(items)
        except ExportError:
            self._fail(items)
        except Exception as error:  # of the work itself; whoever waits for it is to know
            for item in items:
                item.future.set_exception(error)
        else:
            for item, result in zip(items, results, strict=True):
                item.future.set_result(result)

    def _committed(self, items: list[_Item]) -> list[Any]:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            results = [item.work(connection) for item in items]
            written = self.at_end(connection) if self.at_end is not None else None
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        if written is not None:
            written()
        return results

    def _fail(self, items: list[_Item]) -> None:
        failure = self._failure
        assert failure is not None  # noqa: S101 - that is why they fail
        for item in items:
            error = ExportError(failure.message)  # one each: a call adds to it what it was
            error.__cause__ = failure.__cause__
            item.future.set_exception(error)
