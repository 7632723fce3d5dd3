"""Credits: a cache that is damaged, full or of another day costs a request (`docs/cache.md`)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from keyapi import ConfigurationError
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._heard import heard
from keyapi.conformance.relations._shared import error_of
from keyapi.contract import Violation

_FULL = "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(FAIL, 'full'); END"
_LONGER = (
    "UPDATE streams SET chunk_data = CAST(chunk_data || ' ' AS BLOB) WHERE length(chunk_data) > 2"
)
_TTL = 80
_TIMES = ((90, 1), (0, 2), (60, 2), (95, 3), (60, 3))
"""When a call is made, in seconds, and how many requests were sent by then."""


def _sql(*statements: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()

    return damage


def _overwritten(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)


_DAMAGES: tuple[tuple[str, Callable[[Path], None], bool, str], ...] = (
    ("another body", _sql(_LONGER), True, ""),
    ("no body", _sql("DELETE FROM streams"), True, ""),
    ("no table of bodies", _sql("DROP TABLE streams"), True, ""),
    ("a file that is not a database", _overwritten, False, "cache miss"),
    ("a full disk", _sql(_FULL, "DELETE FROM entries"), False, "uncached"),
)
"""What happens to a file; whether answers are kept in it afterwards, and what is logged."""


def damaged(desk: Desk) -> Iterator[Violation]:
    """What cannot be read is requested again, and what cannot be kept is returned all the same."""
    if desk.runner is not None or not desk.good.content:
        return  # files are the same in an event loop, and take longest
    for name, damage, is_kept, said in _DAMAGES:
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            first = desk.open(desk.good, cache=folder)
            expected = str(first.call())
            first.close()
            (path,) = Path(folder).glob("*.db")
            damage(path)
            with heard("keyapi.cache") as records, heard("hishel") as others:
                client = desk.open(desk.good, cache=folder)
                found = [str(client.call()) for _ in range(2)]
                client.close()
            yield from desk.broken(f"result with {name}", [expected] * 2, found)
            yield from desk.played(client, 1 if is_kept else 2)
            if records is None or others is None:
                continue
            messages = [record.getMessage() for record in (*records, *others)]
            if said and not any(said in text for text in messages):
                yield from desk.broken(f"logged of {name}", said, messages)


def of_the_future(desk: Desk) -> Iterator[Violation]:
    """What was kept while a clock was wrong is requested again, and never used later."""
    started = time.time()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = desk.open(desk.good, cache={"path": folder, "ttl": _TTL})
        for seconds, requests in _TIMES:
            with patch.object(time, "time", return_value=started + seconds):
                client.call()
            yield from desk.played(client, requests)
        client.close()


def too_large(desk: Desk) -> Iterator[Violation]:
    """What was kept by a client that takes larger answers is not used by one that does not."""
    size = len(desk.good.content)
    if size < 2:
        return
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = desk.open(desk.good, cache=folder)
        client.call()
        for most, requests in ((size, 1), (size - 1, 2), (size, 2)):
            client.call(client.client.with_options(max_response_bytes=most))
            yield from desk.broken("requests", requests, len(client.requests))
        client.close()


def no_folder(desk: Desk) -> Iterator[Violation]:
    """A folder that nothing can be kept in is an error when the client is made."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "file"
        file.write_text("no folder")
        for place in (file, file / "below"):
            yield from _refused(desk, place, "folder cannot be written to")
        options: tuple[Any, ...] = (
            {},
            {"path": folder, "age": 1},
            {"ttl": 5},
            {"path": folder, "ttl": 0},
        )
        for cache in ("", 5, *options):
            yield from _refused(desk, cache, "cache")
        deep = Path(folder) / "new" / "deep"
        client = desk.open(desk.good, cache=str(deep))
        client.call()
        client.close()
        yield from desk.broken("folder that is made", True, deep.is_dir())


def _refused(desk: Desk, cache: Any, said: str) -> Iterator[Violation]:
    error = error_of(lambda: desk.open(desk.good, cache=cache).close())
    if not isinstance(error, ConfigurationError) or said not in str(error):
        yield from desk.broken(f"raised for cache={cache!r}", said, error)
