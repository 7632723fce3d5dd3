"""What a client should do, in plain Python: the documentation of errors, pages and costs as code.

Nothing here is imported from the client but the classes of its errors.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from keyapi import (
    AuthenticationError,
    BadRequest,
    BudgetExceeded,
    ConfigurationError,
    InsufficientCredits,
    InvalidResponse,
    KeyAPIError,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServerError,
    TransportError,
)
from support.stateful.server import OPERATIONS, rows_of


class Rule(NamedTuple):
    """What a fault comes to.

    Attributes:
        error: The class of the error that it is raised as.
        waits: The waits before a first, second, third and fourth attempt more, in seconds; none
            where it is never sent again.
        post: Whether a POST is sent again, too.
        times: How many attempts more may follow this fault at most.
        charged: Whether the request counts as charged: it may have arrived.
    """

    error: type[KeyAPIError]
    waits: tuple[float, ...] = ()
    post: bool = False
    times: int = 99
    charged: bool = True


_SOON, _PACED = (0.5, 1.0, 2.0, 4.0), (1.0, 2.0, 4.0, 8.0)
_STATUSES = {
    400: Rule(BadRequest),
    401: Rule(AuthenticationError),
    402: Rule(InsufficientCredits),
    403: Rule(PermissionDenied),
    404: Rule(NotFound),
    429: Rule(RateLimited, _PACED, post=True),
    500: Rule(ServerError, (2.0, 3.0, 3.0, 3.0), times=1),
    501: Rule(ServerError),
    502: Rule(ServerError, _SOON),
    503: Rule(ServerError, _SOON, post=True),
    504: Rule(ServerError, _SOON),
    522: Rule(ServerError, _SOON),
}
FAULTS = {
    **{str(status): rule for status, rule in _STATUSES.items()},
    **{f"code {status}": rule for status, rule in _STATUSES.items()},
    "429 after 7": Rule(RateLimited, (7.0, 7.0, 7.0, 7.0), post=True),
    "429 after 0": Rule(RateLimited, (1.0, 1.0, 1.0, 1.0), post=True),
    "429 after 120": Rule(RateLimited),
    "code 1234": Rule(KeyAPIError),
    **dict.fromkeys(("html", "half", "empty"), Rule(InvalidResponse, _SOON)),
    **dict.fromkeys(("text", "nan", "no code", "null"), Rule(InvalidResponse)),
    **dict.fromkeys(("reset", "timeout", "cut"), Rule(TransportError, _SOON)),
    **dict.fromkeys(
        ("refused", "no connection in time"),
        Rule(TransportError, _SOON, post=True, charged=False),
    ),
}
"""What each fault of the server comes to, by its name."""


class Fetch(NamedTuple):
    """A request for one page: the operation, the subject, the position, and the page size."""

    operation: str
    subject: int
    position: int | None
    size: int | None

    @property
    def rows(self) -> list[str]:
        """The ids of the rows on the page."""
        size = OPERATIONS[self.operation].size or self.size or 0
        return rows_of(self.subject)[self._start(size) : self._start(size) + size]

    @property
    def following(self) -> int | None:
        """The position of the next page; None where this is the last."""
        served = OPERATIONS[self.operation]
        size = served.size or self.size or 0
        end = self._start(size) + size
        more = end < self.subject if served.flag else len(self.rows) == size
        if not more:
            return None
        return end if served.size else (self.position or 0) + 1

    def _start(self, size: int) -> int:
        fixed = OPERATIONS[self.operation].size
        return self.position or 0 if fixed else ((self.position or 0) - 1) * size


class Outcome(NamedTuple):
    """What a call comes to: how it failed, if it did, and what it took."""

    error: type[KeyAPIError] | None
    attempts: int = 0
    credits: int = 0
    from_cache: bool = False


@dataclass
class Account:
    """What clients that were made from one another share."""

    spent: int = 0
    exhausted: float = -math.inf
    closed: bool = False


@dataclass(frozen=True)
class Options:
    """The options of a client."""

    max_retries: int = 3
    max_credits: int | None = None
    quota_cooldown: float = 60.0
    deadline: float | None = None
    cache: bool = False


@dataclass
class World:
    """What all clients share: the time, the server's faults to come, and the cache's folder."""

    now: float = 1000.0
    faults: deque[str] = field(default_factory=deque)
    kept: set[Fetch] = field(default_factory=set)
    waits: list[float] = field(default_factory=list)

    def call(self, account: Account, options: Options, fetch: Fetch) -> Outcome:
        """Make a call with all its attempts."""
        if account.closed:
            return Outcome(ConfigurationError)
        if options.cache and fetch in self.kept:
            return Outcome(None, from_cache=True)
        served = OPERATIONS[fetch.operation]
        ends = None if options.deadline is None else self.now + options.deadline
        attempts = charged = 0
        met: list[str] = []
        while True:
            if self.now < account.exhausted + options.quota_cooldown:
                return Outcome(InsufficientCredits, attempts, charged)
            if _is_over(account, options, served.credits):
                return Outcome(BudgetExceeded, attempts, charged)
            attempts += 1
            fault = self.faults.popleft() if self.faults else ""
            rule = FAULTS.get(fault)
            if rule is None or rule.charged:
                account.spent += served.credits
                charged += served.credits
            if rule is None:
                if options.cache:
                    self.kept.add(fetch)
                return Outcome(None, attempts, charged)
            if rule.error is InsufficientCredits:
                account.exhausted = self.now
            again = rule.waits and (rule.post or served.method != "POST")
            same = sum(_kind(each) == _kind(fault) for each in met)
            if not again or attempts > options.max_retries or same >= rule.times:
                return Outcome(rule.error, attempts, charged)
            wait = rule.waits[attempts - 1]
            late = ends is not None and self.now + wait >= ends
            if late or _is_over(account, options, served.credits):
                return Outcome(rule.error, attempts, charged)
            met.append(fault)
            self.waits.append(wait)
            self.now += wait


def _is_over(account: Account, options: Options, cost: int) -> bool:
    return options.max_credits is not None and account.spent + cost > options.max_credits


def _kind(fault: str) -> str:
    """A status and a code count as the same fault."""
    return fault.removeprefix("code ")


class Failed(Exception):
    """A walk met an error."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


class Walk:
    """A walk: rows are handed out one by one, or by whole pages.

    Attributes:
        following: The position of the page to be fetched next.
        left: Rows that were fetched and not handed out.
        page: The position of the page that `left` is from.
        taken: How many of its rows were handed out.
        cut: Whether the walk ended before all of them were.
        pages: How many pages were fetched.
        yielded: How many rows were handed out.
    """

    def __init__(self, first: Fetch, limit: int | None, max_pages: int | None) -> None:
        self._first = first
        self._limit = limit
        self._max_pages = max_pages
        self.following = self.page = first.position
        self.left: list[str] = []
        self.taken = self.pages = self.yielded = 0
        self.cut = False
        self.done = limit == 0 or max_pages == 0

    def row(self, world: World, account: Account, options: Options) -> str | None:
        """Hand out a row; None at the end."""
        while not self.left:
            if self.done:
                return None
            fetch, room = self._fetched(world, account, options)
            self.left = fetch.rows[:room]
            self.page, self.taken = fetch.position, 0
            self.cut = len(self.left) < len(fetch.rows)
        self.taken += 1
        self.yielded += 1
        return self.left.pop(0)

    def whole(self, world: World, account: Account, options: Options) -> list[str] | None:
        """Hand out a page; None at the end."""
        if self.done:
            return None
        fetch, _ = self._fetched(world, account, options)
        self.yielded += len(fetch.rows)
        if not self.left:
            self.page, self.cut = fetch.position, False
        return fetch.rows

    def close(self) -> None:
        """End the walk."""
        self.cut = self.cut or bool(self.left)
        self.left, self.done = [], True

    @property
    def next_page(self) -> int | None:
        """The page with the first row that was not handed out."""
        return self.page if self.left or self.cut else self.following

    @property
    def has_more(self) -> bool:
        """Whether a row may be left."""
        return self.pages == 0 or self.next_page is not None or bool(self.left) or self.cut

    @property
    def skip(self) -> int:
        """How many of its rows were."""
        return self.taken if self.left or self.cut else 0

    def _fetched(
        self, world: World, account: Account, options: Options
    ) -> tuple[Fetch, int | None]:
        fetch = self._first._replace(position=self.following)
        outcome = world.call(account, options, fetch)
        if outcome.error is not None:
            raise Failed(outcome)
        room = None if self._limit is None else self._limit - self.yielded - len(self.left)
        self.pages += 1
        self.following = fetch.following
        full = room is not None and len(fetch.rows) >= room
        self.done = full or self.pages == self._max_pages or fetch.following is None
        return fetch, room
