"""What an export did, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keyapi.export._records import State, Totals


@dataclass(frozen=True, kw_only=True)
class Report:
    """How far a run is.

    Attributes:
        folder: The folder of its files, or their URI.
        as_of: Its day.
        complete: Whether every id was asked for to its end, so that none is to do or failed.
        ids: How many ids its list has.
        todo: How many of them are not asked for to the end.
        done: How many have all their pages there.
        empty: How many were asked for and have no rows.
        dead: How many will fail again; `problems` of `status` has the reasons.
        failed: How many failed, and may not fail another time.
        pages: How many pages are committed.
        rows: How many rows they have.
        credits: What the run spent in all, in credits: at most that much was charged. Where workers
            share a budget by Redis, and Redis is gone at the end, what it said last.
        max_credits: What it may spend in all, in credits; None for no limit.
        files: How many files are published.
        published: How many rows they have.
        seconds: How long this call took.
        listed: How many entries the list of this call had, without blank ones.
        added: How many of them the run did not have before.
        blank: How many blank entries were skipped.
    """

    folder: str
    as_of: str
    complete: bool
    ids: int
    todo: int
    done: int
    empty: int
    dead: int
    failed: int
    pages: int
    rows: int
    credits: int
    max_credits: int | None
    files: int
    published: int
    seconds: float = 0.0
    listed: int = 0
    added: int = 0
    blank: int = 0


class Counts:
    """Counts that move as pages are committed, so that nobody asks the journal meanwhile.

    Args:
        totals: What the journal has at first.

    Attributes:
        states: How many ids there are of each state.
        pages: How many pages are committed.
        rows: How many rows they have.
        files: How many files there were at first.
        published: How many rows they have.
    """

    def __init__(self, totals: Totals) -> None:
        self.states, self.pages, self.rows, self.files, self.published = totals

    def committed(self, rows: int) -> None:
        """Take note of a page of so many rows."""
        self.pages += 1
        self.rows += rows

    def moved(self, before: State, after: State, count: int = 1) -> None:
        """Take note that an id, or so many of them, have another state."""
        self.states[before] -= count
        self.states[after] += count

    def report(self, **facts: Any) -> Report:
        """Make a report of them.

        Args:
            facts: What else is in it.
        """
        states = self.states
        counted: dict[str, Any] = {state.name.lower(): states[state] for state in State}
        return Report(
            ids=sum(states.values()),
            complete=states[State.TODO] == states[State.FAILED] == 0,
            **counted,
            pages=self.pages,
            rows=self.rows,
            **facts,
        )
