"""Credits: what a limiter of the program's own lets through, and what follows where it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from math import inf, nan
from types import SimpleNamespace
from typing import Any

from keyapi import ConfigurationError
from keyapi.conformance.drivers._scripted import envelope
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._shared import error_of, violation
from keyapi.contract import Violation

_PATIENCE = 10.0
"""Seconds of a deadline, by a clock that waits move."""
_MOST_ASKED = 300
"""How often a limiter may be asked in that time, though it says to wait for nothing."""
_HASTE = 0.02
"""Seconds of a deadline that passes in an event loop."""
_NO_WAITS: tuple[Any, ...] = (nan, inf, None, "5", [])


class StubLimiter:
    """What a client asks of a limiter.

    Args:
        says: For each question the milliseconds to wait, 0 to let the request pass, an error that
            is raised, or None for no answer at all; the last is repeated.
        asynchronous: Whether it is awaited.

    Attributes:
        asked: How often it was asked.
    """

    def __init__(self, says: Iterable[Any], *, asynchronous: bool = False) -> None:
        self._says = list(says)
        self._is_async = asynchronous
        self.asked = 0
        self.bucket_factory = self

    def try_acquire(self, name: str, *, blocking: bool) -> Any:
        self.asked += 1
        self._now = self._says.pop(0) if len(self._says) > 1 else self._says[0]
        if self._is_async:
            return self._later()
        if isinstance(self._now, Exception):
            raise self._now
        return self._now == 0

    async def _later(self) -> bool:
        if self._now is None:
            await asyncio.Event().wait()
        return bool(self._now == 0)

    def wrap_item(self, name: str, weight: int) -> str:
        return name

    def get(self, item: str) -> StubLimiter:
        return self

    def waiting(self, item: str) -> Any:
        return self._now


def limiters(desk: Desk) -> Iterator[Violation]:
    """A limiter is asked for each attempt, and again after a second at the latest."""
    for asynchronous in (False, True):
        limiter = StubLimiter([1500, 400, 0], asynchronous=asynchronous)
        client = desk.open(envelope(429), desk.good, rate=limiter)
        error = client.call()
        client.close()
        if asynchronous and desk.runner is None:
            yield from desk.played(client, 0)
            raised = type(error).__name__
            yield from desk.broken("an async limiter", "ConfigurationError", raised)
            continue
        yield from desk.played(client, 2, waits=[1.0, 0.4, 1.0])
        yield from desk.broken("limiter asked", 4, limiter.asked)


def failing_limiters(desk: Desk) -> Iterator[Violation]:
    """Where a limiter cannot be asked, nothing is sent, and the error says why."""
    gone = ConnectionError("nobody is there")
    says: dict[str, Any] = {"nobody is there": gone, **{repr(wait): wait for wait in _NO_WAITS}}
    for words, said in says.items():
        client = desk.open(desk.good, rate=StubLimiter([said]))
        error = client.call()
        client.close()
        yield from desk.played(client, 0, waits=[])
        yield from desk.broken("a failing limiter", "ConfigurationError", type(error).__name__)
        if words not in str(error):
            yield violation(desk.operation, "a failing limiter", words, error)
    for wait in (1e-6, -1.0, 1e15):
        limiter = StubLimiter([wait])
        client = desk.open(desk.good, rate=limiter, deadline=_PATIENCE)
        error = client.call()
        client.close()
        yield from desk.played(client, 0)
        yield from desk.broken("a deaf limiter", "TransportError", type(error).__name__)
        least, waited = int(_PATIENCE) - 1, sum(client.clock.waits)
        if not least <= limiter.asked <= _MOST_ASKED or not least <= waited <= _PATIENCE:
            found = f"asked {limiter.asked} times in {waited:g} s"
            yield violation(desk.operation, "a deaf limiter", f"{least} to {_MOST_ASKED}", found)
    if desk.runner is not None:
        limiter = StubLimiter([None], asynchronous=True)
        client = desk.open(desk.good, rate=limiter, deadline=_HASTE)
        error = client.call()
        client.close()
        yield from desk.played(client, 0)
        yield from desk.broken("a silent limiter", "TransportError", type(error).__name__)


def unlimited_redis(desk: Desk) -> Iterator[Violation]:
    """A limiter whose Redis may take any time to answer is refused when the client is made."""
    for options, is_refused in (({"socket_timeout": None}, True), ({"socket_timeout": 5}, False)):
        limiter = StubLimiter([0])
        pool = SimpleNamespace(connection_kwargs=options)
        bucket = SimpleNamespace(redis=SimpleNamespace(connection_pool=pool))
        limiter.bucket_factory = SimpleNamespace(bucket=bucket)  # type: ignore[assignment]  # a stub
        error = error_of(lambda made: desk.open(desk.good, rate=made).close(), limiter)
        refused = isinstance(error, ConfigurationError) and "socket_timeout" in str(error)
        yield from desk.broken(f"a Redis with {options}", is_refused, refused)
