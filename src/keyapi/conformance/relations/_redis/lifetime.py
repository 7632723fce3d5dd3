"""Credits: what a process gives back to a budget in Redis, and what of it outlives the process."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from keyapi import RedisBudget
from keyapi._redis import account
from keyapi.conformance.drivers._forks import forked
from keyapi.conformance.drivers._redis import RedisProcess
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._redis.spending import taken
from keyapi.contract import Violation

_ALLOWED, _LOT = 40, 5
_MINUTE = 60
_PATIENCE = 10.0
"""Seconds that what another thread does at once may take on a busy machine."""


class _Clock:
    """What the threads of budgets wait by: it stands, but for `go_on`."""

    def __init__(self) -> None:
        self._now = 0
        self._changed = threading.Condition()
        self._waiting: dict[_Event, float] = {}

    def wait(self, event: _Event, seconds: float) -> None:
        """Wait until an event is set, or so much later."""
        with self._changed:
            end = self._now + seconds
            self._waiting[event] = end
            self._changed.notify_all()
            self._changed.wait_for(lambda: event.is_set or self._now >= end)
            del self._waiting[event]

    def set(self, event: _Event) -> None:
        """Let go whoever waits for an event."""
        with self._changed:
            event.is_set = True
            self._changed.notify_all()

    def go_on(self, seconds: int) -> None:
        """Go on, second by second; what falls due in one is done before the next begins."""
        for _ in range(seconds):
            self._settle()
            with self._changed:
                self._now += 1
                self._changed.notify_all()
        self._settle()

    def _settle(self) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: all(end > self._now for end in self._waiting.values()) and self._waiting,
                _PATIENCE,
            )


class _Event:
    """As `threading.Event`, by that clock."""

    def __init__(self, clock: _Clock) -> None:
        self.is_set = False
        self._clock = clock

    def set(self) -> None:
        self._clock.set(self)

    def clear(self) -> None:
        self.is_set = False

    def wait(self, seconds: float) -> None:
        self._clock.wait(self, seconds)


@contextmanager
def _clock() -> Iterator[_Clock]:
    """Have budgets that are made in this wait by a clock that is moved by hand."""
    clock = _Clock()
    threads = SimpleNamespace(Event=lambda: _Event(clock), Thread=threading.Thread)
    with patch.object(account, "threading", threads):
        yield clock


def unused(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """A minute without requests gives back what is left of a lot; until then it is kept."""
    with _clock() as clock, RedisBudget(server.url, "unused", _ALLOWED, lot=_LOT) as budget:
        for requests in (1, 2):
            budget.reserve(1)
            held = requests - 1 + _LOT
            clock.go_on(_MINUTE // 5)
            yield from desk.broken("taken within a minute", held, taken(server, "unused"))
            clock.go_on(_MINUTE)
            found = taken(server, "unused"), budget.spent
            yield from desk.broken("taken after a minute", (requests, requests), found)


def ended(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """The end of the program gives back the rest, and so does a budget that nobody has any more."""
    at_end: list[Callable[[], Any]] = []
    over: list[Callable[[], Any]] = []
    with (
        patch.object(atexit, "register", at_end.append),
        patch.object(atexit, "unregister", over.append),
    ):
        budget = RedisBudget(server.url, "ended", _ALLOWED, lot=_LOT)
        budget.reserve(1)
        for call in at_end:
            call()
    yield from desk.broken(
        "calls at the end that are left out then", [True], [call in over for call in at_end]
    )
    yield from desk.broken("taken at the end", 1, taken(server, "ended"))
    client = desk.open(desk.good, max_credits=budget)
    error = client.call()
    yield from desk.played(client, 0)
    yield from desk.broken("raised once closed", "ConfigurationError", type(error).__name__)
    client.close()
    budget.refund(1)
    budget.close()
    yield from desk.broken("spent once closed", 1, budget.spent)
    dropped = RedisBudget(server.url, "dropped", _ALLOWED, lot=_LOT)
    dropped.reserve(1)
    del dropped
    end = monotonic() + _PATIENCE  # its own thread closes it
    while (left := taken(server, "dropped")) > 1 and monotonic() < end:
        sleep(0.01)
    yield from desk.broken("taken by a budget that is dropped", 1, left)


def stopped(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """A process that was stopped goes on with what it had taken, which nobody else got."""
    with (
        _clock(),
        patch.object(account, "HOLDER_SECONDS", 0.02),
        RedisBudget(server.url, "stopped", _ALLOWED, lot=_LOT) as first,
    ):
        first.reserve(1)
        sleep(0.05)
        with RedisBudget(server.url, "stopped", _ALLOWED, lot=_LOT) as second:
            others = sum(second.reserve(1) for _ in range(_ALLOWED))
            own = sum(first.reserve(1) for _ in range(_LOT))
        yield from desk.broken("reserved", (_ALLOWED - _LOT, _LOT - 1), (others, own))
    yield from desk.broken("taken", _ALLOWED, taken(server, "stopped"))


def by_children(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """A forked child has a lot of its own; one that ends without a word has spent it."""
    with RedisBudget(server.url, "forked", _ALLOWED, lot=_LOT) as budget:
        budget.reserve(1)
        found = forked(lambda: (budget.reserve(1), budget.spent))
        yield from desk.broken("reserved and spent in a child", (True, _LOT + 1), found)
        yield from desk.broken("taken by two", 2 * _LOT, taken(server, "forked"))
        rest = [budget.reserve(1) for _ in range(_LOT - 1)]
        found = all(rest), taken(server, "forked")
        yield from desk.broken("reserved and taken", (True, 2 * _LOT), found)

        def within() -> int:
            with budget:
                budget.reserve(1)
            return 1

        forked(within)
        found = taken(server, "forked")
        yield from desk.broken("taken by a child that closes", 2 * _LOT + 1, found)
