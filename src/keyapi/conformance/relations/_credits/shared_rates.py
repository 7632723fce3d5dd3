"""Credits: a limiter that clients share, one that says nothing, and one that does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from pyrate_limiter import InMemoryBucket, Limiter, Rate

from keyapi.conformance.relations._credits.limiters import StubLimiter
from keyapi.conformance.relations._desk import Desk
from keyapi.contract import Violation

_MINUTE = 60_000
_LONGEST = 60.0
"""Seconds in which a limiter must answer."""
_LONG, _MOMENT = 10.0, 0.01
"""Seconds that nothing waits for here, and that it waits instead."""
_ASKED = 12
_EARLY, _LATE = 0.001, 0.05
"""The shortest and the longest pause where a limiter does not say how long, in seconds."""


def shared_rates(desk: Desk) -> Iterator[Violation]:
    """Clients that share a limiter keep one rate together, and ask again after a second."""
    limiter = Limiter(InMemoryBucket([Rate(2, _MINUTE)]))
    try:
        clients = [desk.open(desk.good, rate=limiter, deadline=3.5) for _ in range(2)]
        errors = [clients[number % 2].call() for number in range(4)]
        for client, error in zip(clients, errors[2:], strict=True):
            yield from desk.played(client, 1, waits=[1.0, 1.0, 1.0])
            yield from desk.broken("raised", "TransportError", type(error).__name__)
            client.close()
    finally:
        limiter.close()


def asked_less_often(desk: Desk) -> Iterator[Violation]:
    """A limiter that lets nothing pass, and does not say for how long, is asked ever less often."""
    client = desk.open(desk.good, rate=StubLimiter([*[-1] * _ASKED, 0]))
    client.call()
    client.close()
    yield from desk.played(client, 1)
    waits = client.clock.waits
    yield from desk.broken("how often it waits", _ASKED, len(waits))
    found = waits == sorted(waits), waits[:1], waits[-1:]
    yield from desk.broken("waits that grow", (True, [_EARLY], [_LATE]), found)


def without_answer(desk: Desk) -> Iterator[Violation]:
    """A limiter of an event loop that does not answer for a minute is a limiter that failed."""
    if desk.runner is None:
        return
    with _impatience() as asked:
        client = desk.open(desk.good, rate=StubLimiter([None], asynchronous=True))
        error = client.call()
        client.close()
    yield from desk.played(client, 0)
    yield from desk.broken("raised", "ConfigurationError", type(error).__name__)
    said = "did not answer within 60 s" in str(error)
    yield from desk.broken("seconds for an answer", ([_LONGEST], True), (asked, said))


@contextmanager
def _impatience() -> Iterator[list[float]]:
    """Have what may take long take a moment; what was allowed, in seconds, is kept."""
    asked: list[float] = []
    within = asyncio.timeout

    def hurried(delay: float | None) -> Any:
        if delay is None or not _LONG < delay < float("inf"):
            return within(delay)
        asked.append(delay)
        return within(_MOMENT)

    with patch.object(asyncio, "timeout", hurried):
        yield asked
