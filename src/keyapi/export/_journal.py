"""The journal of a run: a SQLite database that knows each id, page and file.

Whatever an export may rely on after a crash is here, and was on the disk before it was relied on.
Other processes may read it meanwhile.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from keyapi.export._bodies import packed
from keyapi.export._checksums import checksum
from keyapi.export._errors import unwritable
from keyapi.export._reader import APPLICATION, FORMAT, JournalReader, connect
from keyapi.export._records import FetchedPage, FileRecord, Settled, State
from keyapi.export._target import synchronised
from keyapi.export._writer import Writer

SHARDS = "shards"
"""The fact that says which shards of the run may have segments, where, and how many there were."""
RESERVED = "reserved"
"""The fact that says what may have been spent, in credits; at least what was."""
ELSEWHERE = "granted elsewhere"
"""The fact that says how much Redis may have granted, in credits, until it is asked once more."""
_IDS_AT_ONCE = 10_000

_TABLES = f"""
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {FORMAT};
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    crc INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE ids (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state INTEGER NOT NULL DEFAULT 0,
    pages INTEGER NOT NULL DEFAULT 0,
    rows INTEGER NOT NULL DEFAULT 0,
    credits INTEGER NOT NULL DEFAULT 0,
    next TEXT,
    error TEXT,
    crc INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE pages (
    seq INTEGER PRIMARY KEY,
    n INTEGER NOT NULL,
    page INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    credits INTEGER NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE bodies (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    pages TEXT NOT NULL,
    packed BLOB NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE files (
    name TEXT PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    crc INTEGER NOT NULL
) WITHOUT ROWID;
"""


class Journal(JournalReader):
    """A journal that is written; there is one at a time.

    Args:
        path: The file, which exists.

    Raises:
        ConfigurationError: There is none, or it is of another version, or cannot be written.
        ExportError: It is damaged.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self.check(published=False)
            connection = connect(path)
        except BaseException:
            self._connection.close()
            raise
        self._writer = Writer(connection, path)

    @classmethod
    def new(cls, path: Path, facts: dict[str, Any]) -> Journal:
        """Make a journal, which is there as a whole or not at all.

        Args:
            path: The file, which does not exist.
            facts: Facts about the run, by name; each can be written as JSON.
        """
        scratch = path.with_name(path.name + ".new")
        try:
            for old in (scratch, scratch.with_name(scratch.name + "-journal")):
                old.unlink(missing_ok=True)
            with closing(sqlite3.connect(scratch, isolation_level=None)) as connection:
                connection.executescript(_TABLES)
                connection.executemany(
                    "INSERT INTO facts VALUES (?, ?, ?)",
                    [_fact(name, value) for name, value in facts.items()],
                )
            scratch.replace(path)
            synchronised(path.parent)
        except (sqlite3.Error, OSError) as error:
            raise unwritable(path, error) from error
        return cls(path)

    def close(self) -> None:
        """Write what was handed in, and close the file."""
        self._writer.close()
        super().close()

    def at_each_commit(
        self, work: Callable[[sqlite3.Connection], Callable[[], None] | None] | None
    ) -> None:
        """Have something done at the end of each transaction; None for nothing any more.

        Args:
            work: Is given the connection; what it returns, if anything, is called once the disk
                has the transaction.
        """
        self._writer.at_end = work

    def flush(self) -> Future[None]:
        """Write a transaction, even if it only holds what is done in each."""
        return self._writer.submit(lambda connection: None)

    def set_fact(self, name: str, value: Any) -> Future[None]:
        """Write a fact about the run."""
        return self._writer.submit(lambda connection: write_fact(connection, name, value))

    def add(self, ids: Iterable[str]) -> int:
        """Add ids that are not there yet.

        Returns:
            How many there were, those already there included.
        """
        count = 0
        every = iter(ids)
        while batch := [(each,) for each in islice(every, _IDS_AT_ONCE)]:
            count += len(batch)
            self._writer.submit(_inserted(batch)).result()
        return count

    def commit(self, pages: Sequence[FetchedPage]) -> Future[int]:
        """Commit pages with all that follows from them, in one transaction.

        Args:
            pages: The pages: of each id, the ones that come next.

        Returns:
            The place of the first in the order of commits; the others follow it.
        """
        return self._writer.submit(lambda connection: insert(connection, pages))

    def settle(self, n: int, state: State, error: str | None) -> Future[None]:
        """Write what is known of an id of which no page came."""
        return self._writer.submit(lambda connection: _settle(connection, n, state, error))

    def take(
        self, pages: Sequence[FetchedPage], settled: Iterable[Settled], fact: str, value: Any
    ) -> Future[Counter[tuple[State, State]]]:
        """Commit what a worker has committed elsewhere, in one transaction with a fact.

        Args:
            pages: Its pages, in their order.
            settled: What else became of ids, after that.
            fact: The name of the fact.
            value: Its value.

        Returns:
            How many ids moved from one state to another.
        """

        def work(connection: sqlite3.Connection) -> Counter[tuple[State, State]]:
            moved: Counter[tuple[State, State]] = Counter()
            states: dict[int, State] = {}
            for page in pages:
                before = states.get(page.n)
                moved[_state(connection, page.n) if before is None else before, page.state] += 1
                states[page.n] = page.state
            if pages:
                insert(connection, pages)
            for n, state, error in settled:
                moved[_state(connection, n), state] += 1
                _settle(connection, n, state, error)
            write_fact(connection, fact, value)
            return moved

        return self._writer.submit(work)

    def put_back(self, *states: State) -> int:
        """Make the ids of some states ids to do, from the page at which they ended.

        Returns:
            How many there were.
        """
        listed = ", ".join(str(int(state)) for state in states)
        # Where an answer named no next page, although more follow, there is none to go on from.
        query = (
            "UPDATE ids SET state = 0, error = NULL,"  # noqa: S608 - numbers
            " crc = checksum(n, 0, pages, rows, credits, next, NULL)"
            f" WHERE state IN ({listed})"
            " AND (pages = 0 OR next IS NOT NULL)"
        )
        return self._writer.submit(lambda connection: connection.execute(query).rowcount).result()

    def publish(self, file: FileRecord) -> None:
        """Take note that a file holds pages, whose bodies are not needed any more."""

        def work(connection: sqlite3.Connection) -> None:
            values = (*file, checksum(*file))
            connection.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            connection.execute("DELETE FROM bodies WHERE first <= ?1 AND last <= ?1", (file.last,))

        self._writer.submit(work).result()


def write_fact(connection: sqlite3.Connection, name: str, value: Any) -> None:
    """Write a fact about a run, within a transaction."""
    connection.execute(
        "INSERT INTO facts VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value, crc = excluded.crc",
        _fact(name, value),
    )


def _fact(name: str, value: Any) -> tuple[str, str, int]:
    text = json.dumps(value)
    return name, text, checksum(name, text)


def _inserted(batch: list[tuple[str]]) -> Callable[[sqlite3.Connection], None]:
    def work(connection: sqlite3.Connection) -> None:
        connection.executemany("INSERT OR IGNORE INTO ids (id) VALUES (?)", batch)

    return work


def _state(connection: sqlite3.Connection, n: int) -> State:
    (state,) = connection.execute("SELECT state FROM ids WHERE n = ?", (n,)).fetchone()
    return State(state)


def _settle(connection: sqlite3.Connection, n: int, state: State, error: str | None) -> None:
    connection.execute(
        "UPDATE ids SET state = ?1, error = ?2,"
        " crc = checksum(n, ?1, pages, rows, credits, next, ?2) WHERE n = ?3",
        (int(state), error, n),
    )


def insert(connection: sqlite3.Connection, pages: Sequence[FetchedPage]) -> int:
    """Write pages, within a transaction; give the place of the first in the order of commits.

    Raises:
        sqlite3.IntegrityError: A page is there already, or does not follow the last one of its id.
    """
    (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM pages").fetchone()
    first: int = last + 1
    connection.executemany(
        "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?)",
        [(seq, *page[:4], checksum(seq, *page[:4])) for seq, page in enumerate(pages, first)],
    )
    changed = connection.executemany(
        "UPDATE ids SET state = ?1, pages = ?2, rows = rows + ?3, credits = credits + ?4,"
        " next = ?5, error = ?6,"
        " crc = checksum(n, ?1, ?2, rows + ?3, credits + ?4, ?5, ?6)"
        " WHERE n = ?7 AND pages = ?2 - 1",
        [
            (
                int(page.state),
                page.page,
                page.rows,
                page.credits,
                None if page.next is None else json.dumps(page.next),
                page.error,
                page.n,
            )
            for page in pages
        ],
    ).rowcount
    if changed != len(pages):
        raise sqlite3.IntegrityError(
            f"{len(pages) - changed} of {len(pages)} pages do not follow the last one of their id"
        )
    block = (
        first,
        last + len(pages),
        json.dumps([(page.request_id, page.fetched_at, len(page.body)) for page in pages]),
        packed([page.body for page in pages]),
    )
    connection.execute("INSERT INTO bodies VALUES (?, ?, ?, ?, ?)", (*block, checksum(*block)))
    return first
