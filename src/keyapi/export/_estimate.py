"""What an export will cost, and how long it will take: nothing is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from keyapi._config import RateText
from keyapi._paging import PageNumbers
from keyapi.export._folder import Folder
from keyapi.export._ids import Ids
from keyapi.export._plan import Plan
from keyapi.export._reader import JournalReader
from keyapi.export._records import State
from keyapi.export._target import is_uri


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What an export will cost.

    Attributes:
        ids: How many ids the list has.
        blank: How many blank lines it has.
        least: Credits if each id has one page.
        likely: Credits if ids have as many pages as in the run `based_on`; None without one.
        most: Credits if each id has as many pages as are asked for or documented; None where there
            is no bound.
        based_on: The day of the last run in the folder, if it has finished ids.
        pages: Pages of an id in that run, on average.
        credits: What one page costs, in credits.
        rate: Requests a second that the client's rate allows; None where it has none, or a limiter
            of the program's own.
    """

    ids: int
    blank: int
    least: int
    likely: int | None
    most: int | None
    based_on: str | None
    pages: float | None
    credits: int
    rate: float | None

    def seconds(self, credits_: int) -> float | None:
        """How long it takes to spend so many credits at the client's rate; None without one."""
        if self.rate is None:
            return None
        return credits_ / max(self.credits, 1) / self.rate


def dry_run(
    method: Any,
    ids: Any,
    out: str | os.PathLike[str],
    *,
    arguments: Mapping[str, Any] | None = None,
    id_parameter: str | None = None,
    max_pages: int | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Estimate:
    """Estimate what `export` with the same arguments will cost; nothing is sent or written.

    Args:
        method: See `export`.
        ids: See `export`.
        out: See `export`; its last run says how many pages an id has.
        arguments: See `export`.
        id_parameter: See `export`.
        max_pages: See `export`.
        journal: See `export`.

    Raises:
        ConfigurationError: An argument cannot be used.
        BadRequest: The client would refuse an argument of the method.
    """
    plan = Plan.of(method, arguments or {}, id_parameter=id_parameter, max_pages=max_pages)
    listed = Ids(ids, plan.names)
    count = sum(1 for _ in listed)
    cost = plan.operation.credits
    based_on, pages = _pages_of_last_run(journal if journal is not None else out)
    bound = _most_pages(plan)
    return Estimate(
        ids=count,
        blank=listed.blank,
        least=count * cost,
        likely=None if pages is None else round(count * pages * cost),
        most=None if bound is None else count * bound * cost,
        based_on=based_on,
        pages=pages,
        credits=cost,
        rate=_rate(plan),
    )


def _pages_of_last_run(folder: str | os.PathLike[str]) -> tuple[str | None, float | None]:
    runs = [] if is_uri(folder) else Folder(folder).runs
    for day in reversed(runs):
        with closing(JournalReader(Folder(folder).journal(day))) as journal:
            totals = journal.totals()
        ended = totals.states[State.DONE] + totals.states[State.EMPTY]
        if ended:
            return day, totals.pages / ended
    return None, None


def _most_pages(plan: Plan) -> int | None:
    paging = plan.operation.paging
    last = paging.last if isinstance(paging, PageNumbers) else None
    bounds = [bound for bound in (plan.max_pages, last) if bound is not None]
    return min(bounds, default=None)


def _rate(plan: Plan) -> float | None:
    rate = plan.client._settings.rate
    return rate.limit / rate.interval * 1000 if isinstance(rate, RateText) else None
