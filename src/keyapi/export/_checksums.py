"""Checksums of a journal's rows: SQLite itself does not notice a byte that changed within one."""

from __future__ import annotations

import sqlite3
from zlib import crc32

_UNPUBLISHED = "seq > (SELECT coalesce(max(last), 0) FROM files)"
_FRESH = "(state, pages, rows, credits) = (0, 0, 0, 0) AND next IS NULL AND error IS NULL"
"""An id that was not asked for has no checksum, so that a list of millions is added fast; its text
is in the index, too, with which SQLite compares it."""

CHANGED = "a row of the table {} has changed since it was written"
RIGHT = {
    "facts": "crc = checksum(name, value)",
    "ids": (
        f"id NOT NULL AND CASE crc WHEN 0 THEN {_FRESH}"
        " ELSE crc = checksum(n, state, pages, rows, credits, next, error) END"
    ),
    "pages": "crc = checksum(seq, n, page, rows, credits)",
    "bodies": "crc = checksum(first, last, pages, packed)",
    "files": "crc = checksum(name, first, last, rows, bytes, sha256)",
}
"""For each table, the condition that its rows are as they were written."""


def checksum(*values: object) -> int:
    """The checksum of a row's values, from 1 to 2**31 - 1: CRC-32 without its last bit.

    Args:
        values: Texts, integers and None; the last may be bytes.
    """
    *others, last = values
    if isinstance(last, bytes):
        crc = crc32("\x1f".join(map(str, others)).encode(), crc32(last))
    else:
        crc = crc32("\x1f".join(map(str, values)).encode())
    return crc >> 1 or 1


def add_function(connection: sqlite3.Connection) -> None:
    """Let the statements of a connection call `checksum`."""
    connection.create_function("checksum", -1, checksum, deterministic=True)


def first_changed(connection: sqlite3.Connection, *, published: bool) -> str | None:
    """Look at the rows of a journal.

    Args:
        connection: Its connection.
        published: Whether pages that are in files are looked at, too; all else always is.

    Returns:
        What is wrong with the first row that is not as it was written; None where all are.
    """
    for table, right in RIGHT.items():
        some = _UNPUBLISHED if table == "pages" and not published else "true"
        query = f"SELECT 1 FROM {table} WHERE {some} AND ({right}) IS NOT TRUE LIMIT 1"  # noqa: S608
        if connection.execute(query).fetchone() is not None:
            return CHANGED.format(table)
    return None
