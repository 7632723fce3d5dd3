"""An event loop whose time passes at once, and how the real pace behaves in it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from functools import cache
from random import Random
from typing import Any, NamedTuple

from pyrate_limiter import Limiter, Rate

from keyapi._sending.clock import Clock
from keyapi._sending.pace import Pace, _Bucket

_WARM, _SECONDS = 1.0, 5.0
"""Seconds before anything is counted, and in which it is."""
_ROUND_TRIP = 0.0005
"""Seconds from a question to Redis to its answer, on average, within a data centre."""
_CPU = 0.002
"""Seconds of a worker's CPU for a page, one after the other: what `bench.py export` finds."""


class Loop(asyncio.SelectorEventLoop):
    """Jumps to the next moment at which something is due; nothing may come from outside."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Simulated seconds."""
        return self._now

    def jump(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop: Loop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found and timeout:
            self._loop.jump(timeout)
        return found


class _SimulatedClock(Clock):
    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def now(self) -> float:
        return self._loop.time()


class Passing(NamedTuple):
    """What comes of one rate that several workers share.

    Attributes:
        pages: Requests that pass in a second.
        asks: How often the limiter is asked in a second.
        busiest: The most requests that passed in any one second.
    """

    pages: float
    asks: float
    busiest: int


class _Remote:
    """A limiter as workers see one on Redis, each over a connection of its own.

    Attributes:
        asks: How often it was asked.
    """

    def __init__(self, limiter: Limiter, chance: Random) -> None:
        self.asks = 0
        self.bucket_factory = limiter.bucket_factory
        self._limiter = limiter
        self._chance = chance

    async def try_acquire(self, name: str, *, blocking: bool) -> bool:
        """Ask, and wait for the answer."""
        self.asks += 1
        await asyncio.sleep(self._chance.expovariate(2 / _ROUND_TRIP))
        passed = bool(self._limiter.try_acquire(name, blocking=blocking))
        await asyncio.sleep(self._chance.expovariate(2 / _ROUND_TRIP))
        return passed


@cache
def passing(limit: int, workers: int, concurrency: int, latency: float) -> Passing:
    """Have workers share a rate for some simulated time, each by a `Pace` of its own.

    Args:
        limit: Requests in a second.
        workers: How many there are.
        concurrency: Requests that each has at once.
        latency: Seconds that the server takes for an answer.
    """

    async def main() -> Passing:
        clock, chance = _SimulatedClock(loop), Random(20)  # noqa: S311 - no secret
        limiter = Limiter(_Bucket(Rate(limit, 1000), clock))
        for _ in range(limit):  # a run of hours comes to this: each request at a time of its own
            limiter.try_acquire("before", blocking=False)
            await asyncio.sleep(chance.expovariate(limit))
        remote = _Remote(limiter, chance)
        passed: list[float] = []

        async def ask(pace: Pace, cpu: asyncio.Lock) -> None:
            while True:
                await pace.wait_async(lambda: None, None)
                passed.append(clock.now())
                async with cpu:
                    await asyncio.sleep(_CPU / 2)
                await asyncio.sleep(latency)
                async with cpu:
                    await asyncio.sleep(_CPU / 2)

        each = [(Pace(remote, clock), asyncio.Lock()) for _ in range(workers)]
        tasks = [asyncio.ensure_future(ask(*worker)) for worker in each for _ in range(concurrency)]
        await asyncio.sleep(_WARM)
        asks, before = remote.asks, len(passed)
        await asyncio.sleep(_SECONDS)
        counted = passed[before:]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        busiest = max(
            sum(1 for at in counted[i : i + 2 * limit] if at < first + 1)
            for i, first in enumerate(counted)
        )
        return Passing(len(counted) / _SECONDS, (remote.asks - asks) / _SECONDS, busiest)

    loop = Loop()
    return _run(loop, main())


def _run(loop: Loop, work: Coroutine[Any, Any, Passing]) -> Passing:
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
