"""Reads the journal of a run, also while another process writes it."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keyapi._errors import ConfigurationError
from keyapi.export._bodies import unpacked
from keyapi.export._checksums import CHANGED, RIGHT, add_function, first_changed
from keyapi.export._errors import ExportError, damaged, unwritable
from keyapi.export._records import Claim, CommittedPage, FileRecord, IdResult, Known, State, Totals

FORMAT = 3
"""Version of a journal's tables; one of another version is refused."""
APPLICATION = 0x4B455941  # "KEYA", by which SQLite's tools tell the file
_LAST = (1 << 63) - 1
"""More than any number of a page."""
_ELSEWHERE = ("readonly", "full", "unable to open", "disk I/O error", "locked")
"""What SQLite says where the disk or the folder is at fault, not the file."""
_RESULT = "id, state, pages, rows, credits, error"


class JournalReader:
    """Reads a journal, also while another process writes it.

    Args:
        path: The file.

    Raises:
        ConfigurationError: There is none, or it is of another version.
        ExportError: It is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise ConfigurationError(f"There is no journal {path}; name the folder of an export")
        self._connection = self._connect(path)
        try:
            with self._reading():
                _check_version(self._connection, path)
        except BaseException:
            self._connection.close()
            raise

    def _connect(self, path: Path) -> sqlite3.Connection:
        # Whoever only reads takes part in the writer's locks where it can, and else reads a copy.
        writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
        return connect(path, "rw" if writable else "ro")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection
        except (sqlite3.Error, ValueError) as error:  # ValueError: undecodable
            raise _explained(self.path, error) from error

    def check(self, *, published: bool) -> None:
        """Look at the whole file.

        Args:
            published: Whether what is known of pages that are in files is looked at, too.

        Raises:
            ExportError: It is damaged.
        """
        with self._reading() as connection:
            # Not `quick_check`, which lets an id differ from what the index has.
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            wrong = found if found != "ok" else first_changed(connection, published=published)
        if wrong is not None:
            raise damaged(self.path, wrong)

    def fact(self, name: str) -> Any:
        """A fact about the run; None where there is none of this name."""
        with self._reading() as connection:
            query = f"SELECT value, {RIGHT['facts']} FROM facts WHERE name = ?"  # noqa: S608
            value, right = connection.execute(query, (name,)).fetchone() or ("null", True)
            if not right:
                raise damaged(self.path, CHANGED.format("facts"))
            return json.loads(value)

    def claims(self, state: State, after: int, most: int) -> list[Claim]:
        """The next ids of a state, in the order of the list.

        Args:
            state: The state.
            after: The number of the last id that was claimed; 0 at first.
            most: How many.
        """
        query = (
            "SELECT n, id, pages, rows, next FROM ids WHERE state = ? AND n > ? ORDER BY n LIMIT ?"
        )
        with self._reading() as connection:
            rows = connection.execute(query, (state, after, most)).fetchall()
        return list(map(Claim._make, rows))

    def unpublished(self, after: int, rows: int, before: int | None = None) -> list[CommittedPage]:
        """Pages that are in no file, in the order of their commits.

        Args:
            after: The last page that is not asked for.
            rows: About how many rows they have together: the page that reaches it is the last.
            before: The next page that is not asked for; None for all.
        """
        end = _LAST if before is None else before
        found: list[CommittedPage] = []
        with self._reading() as connection:
            query = (
                f"SELECT first, last, pages, packed, {RIGHT['bodies']} FROM bodies WHERE last > ?"  # noqa: S608
                " ORDER BY first"
            )
            blocks = connection.execute(query, (after,))
            for first, last, facts, content, right in blocks:
                if not right:
                    raise damaged(self.path, CHANGED.format("bodies"))
                for page in self._block(first, last, json.loads(facts), content):
                    if page.seq >= end or rows <= 0:
                        blocks.close()
                        return found
                    if page.seq > after:
                        found.append(page)
                        rows -= max(page.rows, 1)  # empty ones take memory, too
        return found

    def _block(
        self, first: int, last: int, facts: list[tuple[str | None, int, int]], content: bytes
    ) -> Iterator[CommittedPage]:
        """The pages that were committed together."""
        query = (
            "SELECT seq, id, page, p.rows, p.crc = checksum(seq, n, page, p.rows, p.credits)"
            " FROM pages p JOIN ids USING (n) WHERE seq BETWEEN ? AND ? ORDER BY seq"
        )
        try:
            bodies = list(unpacked(content, [size for _, _, size in facts]))
            rows = self._connection.execute(query, (first, last)).fetchall()
            for row, (request_id, fetched_at, _), body in zip(rows, facts, bodies, strict=True):
                seq, id_, page, count, right = row
                if not right:
                    raise damaged(self.path, CHANGED.format("pages"))
                yield CommittedPage(seq, id_, page, count, request_id, fetched_at, body)
        except (OSError, ValueError) as error:
            raise damaged(self.path, error) from error

    def last_page(self) -> int:
        """The last page in the order of commits; 0 for none."""
        with self._reading() as connection:
            (last,) = connection.execute("SELECT max(seq) FROM pages").fetchone()
        return last or 0

    def last_published(self) -> int:
        """The last page that is in a file; 0 for none."""
        with self._reading() as connection:
            (last,) = connection.execute("SELECT max(last) FROM files").fetchone()
        return last or 0

    def files(self) -> list[FileRecord]:
        """The published files, in the order of their pages."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT name, first, last, rows, bytes, sha256 FROM files ORDER BY first"
            ).fetchall()
        return [FileRecord._make(row) for row in rows]

    def pages(self) -> Iterator[tuple[str, int, int]]:
        """Id, number and rows of each page that is in a file, in the order of commits."""
        query = (
            "SELECT id, page, pages.rows FROM pages JOIN ids USING (n)"
            " WHERE seq <= (SELECT max(last) FROM files) ORDER BY seq"
        )
        with self._reading() as connection:
            yield from connection.execute(query)

    def pages_of(self, id_: str) -> int:
        """How many pages of an id are committed; 0 for an id that is not there."""
        with self._reading() as connection:
            row = connection.execute("SELECT pages FROM ids WHERE id = ?", (id_,)).fetchone()
        return 0 if row is None else int(row[0])

    def pages_of_an_id(self) -> float | None:
        """How many pages an id has, on average of those that have all; None where none has."""
        with self._reading() as connection:
            query = "SELECT avg(pages) FROM ids WHERE state IN (?, ?)"
            (found,) = connection.execute(query, (State.DONE, State.EMPTY)).fetchone()
        return None if found is None else float(found)

    def known(self, ids: Sequence[str]) -> Known:
        """What is known of some ids, at most 900."""
        query = (
            "SELECT count(*) FILTER (WHERE state NOT IN (?, ?)), "  # noqa: S608 - marks
            "coalesce(sum(pages) FILTER (WHERE state IN (?, ?)), 0) FROM ids"
            f" WHERE id IN ({', '.join('?' * len(ids))})"
        )
        open_ = (State.TODO, State.FAILED)
        with self._reading() as connection:
            return Known(*connection.execute(query, (*open_, *open_, *ids)).fetchone())

    def results(self, *states: State, most: int = -1) -> Iterator[IdResult]:
        """What is known of the ids of some states, in the order of the list.

        Args:
            states: The states; all where none is named.
            most: How many; -1 for all.
        """
        listed = ", ".join(str(int(state)) for state in states or State)
        query = f"SELECT {_RESULT} FROM ids WHERE state IN ({listed}) ORDER BY n LIMIT ?"  # noqa: S608 - numbers
        with self._reading() as connection:
            for id_, state, pages, rows, credits_, error in connection.execute(query, (most,)):
                yield IdResult(id_, State(state), pages, rows, credits_, error)

    def totals(self) -> Totals:
        """Sums over the journal."""
        with self._reading() as connection:
            states = connection.execute("SELECT state, count(*) FROM ids GROUP BY state").fetchall()
            pages, rows = connection.execute("SELECT sum(pages), sum(rows) FROM ids").fetchone()
            files, published = connection.execute(
                "SELECT count(*), sum(rows) FROM files"
            ).fetchone()
            counted = {State(state): count for state, count in states}
        return Totals(
            {state: counted.get(state, 0) for state in State},
            pages or 0,
            rows or 0,
            files,
            published or 0,
        )


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Connect to a journal.

    Args:
        path: The file.
        mode: "rw", or "ro" where it cannot be written, as in a copy on a read-only disk.

    Raises:
        ExportError: It is damaged, or cannot be written.
    """
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=30,
    )
    add_function(connection)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        if mode == "rw":
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except (sqlite3.Error, UnicodeError) as error:  # its words may repeat what is damaged
        connection.close()
        raise _explained(path, error) from error
    return connection


def _explained(path: Path, error: sqlite3.Error | ValueError) -> ExportError:
    """What to raise for an error of SQLite's, or of what it read."""
    if "user-defined function" in str(error):  # it was not called: `checksum` fails for nothing
        return damaged(path, "a text in it is not valid UTF-8")
    elsewhere = any(reason in str(error) for reason in _ELSEWHERE)
    return unwritable(path, error) if elsewhere else damaged(path, error)


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise damaged(path, "it is not the journal of an export")
    if version != FORMAT:
        raise ConfigurationError(
            f"The journal {path} has format {version}, and this version of keyapi reads format "
            f"{FORMAT}: finish the run with the version that began it, or use another folder"
        )
