"""Commits in the journal of a run what workers have committed in the logs of its shards."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

from keyapi.export._errors import ExportError
from keyapi.export._journal import SHARDS, Journal
from keyapi.export._records import State
from keyapi.export._segments.log import LogReader
from keyapi.export._segments.segment import Segment
from keyapi.export._segments.store import Store, store

NONE: dict[str, Any] = {"last": 0, "ends": [], "open": [], "place": None}
"""The value of the fact `SHARDS` at first."""


class Taking:
    """Takes over segments, each in one transaction with its place in the log.

    Args:
        journal: The journal.
        moved: Called with states before and after of ids, and how many there were.
        committed: Called with each page's number of rows.
    """

    def __init__(
        self,
        journal: Journal,
        moved: Callable[[State, State, int], None],
        committed: Callable[[int], None],
    ) -> None:
        self._journal = journal
        self._moved = moved
        self._committed = committed
        self._lock = threading.Lock()
        self._abandoned = False

    def abandon(self) -> None:
        """Take nothing more: the journal may be closed."""
        with self._lock:
            self._abandoned = True

    def take(self, name: str, log: LogReader, segment: Segment) -> None:
        """Commit one segment that was just read.

        Args:
            name: The shard's name.
            log: Its log.
            segment: The segment.
        """
        position = log.number, log.token
        with self._lock:
            if self._abandoned:
                raise ExportError("The run was given up")
            taken = self._journal.take(segment.pages, segment.settled, _log(name), position)
        for (before, after), count in taken.result().items():
            self._moved(before, after, count)
        for page in segment.pages:
            self._committed(page.rows)

    def seal(self, place: Store, log: LogReader, name: str) -> None:
        """Commit the rest of a log, after which nobody can write it, and remove it.

        Args:
            place: Where it lies.
            log: The log.
            name: The shard's name.
        """
        log.claim(uuid4().hex, partial(self.take, name, log), sealed=True)
        place.remove(name)

    def end_earlier(self) -> None:
        """Take over what workers of an earlier process wrote, and let them write no more."""
        shards: dict[str, Any] = self._journal.fact(SHARDS) or NONE
        if not shards["open"]:
            return
        place = store(shards["place"])
        for end in shards["ends"]:
            place.put(end, b"")
        for name in shards["open"]:
            number, token = self._journal.fact(_log(name)) or (0, 0)
            self.seal(place, LogReader(place, name, number, token), name)
        self._journal.set_fact(SHARDS, {**shards, "open": []}).result()


def _log(name: str) -> str:
    """The fact that says how far a log is taken over."""
    return f"log of {name}"
