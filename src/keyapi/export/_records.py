"""What a journal holds, as records."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple


class State(IntEnum):
    """What is known of an id.

    Attributes:
        TODO: It has not been asked for, or not to the end.
        DONE: All of its pages are there.
        EMPTY: It was asked for, and has no rows.
        DEAD: It will fail again: the server does not know it, or refuses it.
        FAILED: It failed, and may not fail another time.
    """

    TODO = 0
    DONE = 1
    EMPTY = 2
    DEAD = 3
    FAILED = 4


class Claim(NamedTuple):
    """An id to ask for.

    Attributes:
        n: Its number in the list, from 1.
        id: The id.
        pages: How many of its pages are committed.
        rows: How many rows they have.
        next: The number or cursor of the next one, as JSON; None for the first.
    """

    n: int
    id: str
    pages: int = 0
    rows: int = 0
    next: str | None = None


class FetchedPage(NamedTuple):
    """A page as it was fetched, to be committed.

    Attributes:
        n: The number of its id.
        page: Its number among the pages of the id, from 1.
        rows: How many rows it has.
        credits: What it cost, in credits.
        request_id: The envelope's `requestId`.
        fetched_at: When it arrived, in microseconds since 1970, UTC.
        body: The answer as received.
        next: The number or cursor of the next page; None at the end.
        state: What is known of the id with this page.
        error: Why the id is dead, if it is.
    """

    n: int
    page: int
    rows: int
    credits: int
    request_id: str | None
    fetched_at: int
    body: bytes
    next: Any
    state: State
    error: str | None = None


class Settled(NamedTuple):
    """What is known of an id of which no page came.

    Attributes:
        n: Its number in the list.
        state: Its state.
        error: Why it is dead or failed.
    """

    n: int
    state: State
    error: str | None


class CommittedPage(NamedTuple):
    """A committed page that is in no file yet.

    Attributes:
        seq: Its place in the order of commits.
        id: Its id.
        page: Its number among the pages of the id, from 1.
        rows: How many rows it has.
        request_id: The envelope's `requestId`.
        fetched_at: When it arrived, in microseconds since 1970, UTC.
        received: Its rows as received; from the journal, the whole answer.
    """

    seq: int
    id: str
    page: int
    rows: int
    request_id: str | None
    fetched_at: int
    received: list[Any] | bytes


class FileRecord(NamedTuple):
    """A published file.

    Attributes:
        name: Its path below the folder, with `/`.
        first: The first page in it, in the order of commits.
        last: The last one.
        rows: How many rows it has.
        bytes: Its size.
        sha256: Its SHA-256, in hexadecimal.
    """

    name: str
    first: int
    last: int
    rows: int
    bytes: int
    sha256: str


class IdResult(NamedTuple):
    """What is known of an id.

    Attributes:
        id: The id.
        state: Its state.
        pages: How many of its pages are committed.
        rows: How many rows they have.
        credits: What they cost, in credits.
        error: Why it is dead or failed, if it is.
    """

    id: str
    state: State
    pages: int
    rows: int
    credits: int
    error: str | None


class Known(NamedTuple):
    """What a journal knows of some ids.

    Attributes:
        ended: How many were asked for to the end.
        pages: How many pages of the others are committed.
    """

    ended: int
    pages: int


class Totals(NamedTuple):
    """Sums over a journal.

    Attributes:
        states: How many ids there are of each state.
        pages: How many pages are committed.
        rows: How many rows they have.
        files: How many files are published.
        published: How many rows they have.
    """

    states: dict[State, int]
    pages: int
    rows: int
    files: int
    published: int
