"""The budget of a run, over all its resumes: credits are in the journal before they are spent."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from keyapi.export._journal import ELSEWHERE, RESERVED, Journal, write_fact

if TYPE_CHECKING:
    from keyapi._budget import Budget

UNLIMITED = sys.maxsize


class RunBudget:
    """A `keyapi.Budget` whose reserved credits outlive the process.

    Credits are in the journal before the requests that they pay are sent. Each commit of pages
    takes those along that may be sent before the next one, so that requests seldom wait for it.
    After a crash, all of these count as spent: nobody knows which requests were sent.

    Args:
        journal: The journal of the run.
        allowed: What the run may spend in all, in credits; None for no limit.
        lot: What may be sent before the next commit, in credits.
        shared: Another budget that the credits must be in, too.

    Attributes:
        allowed: What the run may spend in all, in credits.
        counted: What earlier resumes spent, in credits, as far as the journal was told.
        spent: What was reserved for requests and not refunded, in credits.
        closed: Whether nothing more may be sent.
        reserved: Called when the cost of a request is reserved: it leaves at once.
        unanswered: Gives how much of the lot has left and is not answered, in credits.
    """

    def __init__(
        self, journal: Journal, allowed: int | None, lot: int, shared: Budget | None = None
    ) -> None:
        self.allowed = UNLIMITED if allowed is None else allowed
        self.counted: int = journal.fact(RESERVED) or 0
        self.spent = max(self.counted, journal.fact(ELSEWHERE) or 0)
        self.closed = False
        self.reserved: Callable[[], None] = lambda: None
        self.unanswered: Callable[[], int] = lambda: 0
        self._journal = journal
        self._lot = lot
        self._shared = shared
        if (ready := getattr(shared, "ready", None)) is not None:
            self.ready = ready  # see `keyapi.Budget`
        self._lock = threading.Lock()
        self._reserved = self.spent  # what the disk says; only the journal's thread writes it
        self._needed = 0
        journal.at_each_commit(self._reserve)

    def reserve(self, cost: int) -> bool:
        """Reserve the cost of a request that is about to be sent.

        Args:
            cost: In credits.

        Returns:
            Whether it may be sent.

        Raises:
            ExportError: The journal cannot be written.
        """
        with self._lock:
            if self.closed or self.spent + cost > self.allowed:
                return False
            if self._shared is not None and not self._shared.reserve(cost):
                return False
            if self.spent + cost > self._reserved:
                self._needed = self.spent + cost
                self._journal.flush().result()
            self.spent += cost
        self.reserved()
        return True

    def refund(self, cost: int) -> None:
        """Take back the cost of a request that never left, in credits."""
        with self._lock:
            self.spent -= cost
        if self._shared is not None:
            self._shared.refund(cost)

    def close(self) -> None:
        """Reserve nothing more; whoever does so now has finished when this returns."""
        with self._lock:
            self.closed = True

    def settle(self) -> None:
        """Give back what was reserved and not spent, at the end of a run without a crash."""
        self.closed = True
        self._journal.at_each_commit(None)
        self._journal.set_fact(RESERVED, self.spent).result()

    def _reserve(self, connection: sqlite3.Connection) -> Callable[[], None] | None:
        """Write what may be sent next, within a transaction; it counts once the disk has it."""
        ahead = max(self._lot - self.unanswered(), 0)
        wanted = min(max(self._needed, self.spent + ahead), self.allowed)
        if wanted <= self._reserved:
            return None
        write_fact(connection, RESERVED, wanted)
        return partial(self._written, wanted)

    def _written(self, reserved: int) -> None:
        self._reserved = reserved
