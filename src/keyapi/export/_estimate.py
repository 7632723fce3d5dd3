"""What an export will cost, and how long it will take: nothing is sent."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

from keyapi._config import RateText
from keyapi._paging import PageNumbers
from keyapi.export._folder import Folder, checked_day, is_resumed
from keyapi.export._ids import Ids
from keyapi.export._plan import Plan
from keyapi.export._reader import JournalReader
from keyapi.export._records import Known
from keyapi.export._target import is_uri

_AT_ONCE = 500  # ids that are looked up at a time


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What an export will cost.

    Attributes:
        ids: How many ids the list has, duplicates included.
        blank: How many blank lines it has.
        resumes: The day of the run that would be resumed; None where a new one would begin.
        ended: How many of the ids that run has asked for to the end; they cost nothing more.
        least: Credits if each id that is left has one page, or one more.
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
    resumes: str | None
    ended: int
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
    as_of: str | None = None,
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
        as_of: See `export`.
        journal: See `export`.

    Raises:
        ConfigurationError: An argument cannot be used.
        BadRequest: The client would refuse an argument of the method.
    """
    plan = Plan.of(method, arguments or {}, id_parameter=id_parameter, max_pages=max_pages)
    listed = Ids(ids, plan.names)
    place = journal if journal is not None else out
    folder = None if is_uri(place) else Folder(place)
    resumes = None if folder is None else _resumed(folder, plan, as_of)
    count, known = _counted(folder, resumes, listed)
    left = count - known.ended
    cost = plan.operation.credits
    based_on, pages = (None, None) if folder is None else _pages_of_last_run(folder)
    bound = _most_pages(plan)
    least = left * cost
    return Estimate(
        ids=count,
        blank=listed.blank,
        resumes=resumes,
        ended=known.ended,
        least=least,
        likely=None if pages is None else max(round(left * pages - known.pages) * cost, least),
        most=None if bound is None else max((left * bound - known.pages) * cost, least),
        based_on=based_on,
        pages=pages,
        credits=cost,
        rate=_rate(plan),
    )


def _resumed(folder: Folder, plan: Plan, as_of: str | None) -> str | None:
    """The day of the run that `export` would resume, if that is a run like this one."""
    runs = folder.runs
    day = checked_day(as_of) if as_of is not None else runs[-1] if runs else None
    if day not in runs:
        return None
    with closing(JournalReader(folder.journal(day))) as journal:
        states = journal.totals().states
        is_same = journal.fact("plan") == plan.to_document()
    is_next = is_resumed(day, states, wanted=as_of is not None)
    return day if is_same and is_next else None


def _counted(folder: Folder | None, resumes: str | None, ids: Iterable[str]) -> tuple[int, Known]:
    """How many ids a list has, and what a run knows of them."""
    if folder is None or resumes is None:
        return sum(1 for _ in ids), Known(0, 0)
    count = ended = pages = 0
    every = iter(ids)
    with closing(JournalReader(folder.journal(resumes))) as journal:
        while batch := list(islice(every, _AT_ONCE)):
            known = journal.known(batch)
            count, ended, pages = count + len(batch), ended + known.ended, pages + known.pages
    return count, Known(ended, pages)


def _pages_of_last_run(folder: Folder) -> tuple[str | None, float | None]:
    for day in reversed(folder.runs):
        with closing(JournalReader(folder.journal(day))) as journal:
            pages = journal.pages_of_an_id()
        if pages is not None:
            return day, pages
    return None, None


def _most_pages(plan: Plan) -> int | None:
    paging = plan.operation.paging
    last = paging.last if isinstance(paging, PageNumbers) else None
    bounds = [bound for bound in (plan.max_pages, last) if bound is not None]
    return min(bounds, default=None)


def _rate(plan: Plan) -> float | None:
    rate = plan.client._settings.rate
    return rate.limit / rate.interval * 1000 if isinstance(rate, RateText) else None
