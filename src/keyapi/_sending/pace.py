"""Requests at a pace, by pyrate-limiter; imported where a rate is given."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from pyrate_limiter import BucketFactory, InMemoryBucket, Limiter, RateItem
from pyrate_limiter import Rate as LimiterRate

from keyapi._config import RateText
from keyapi._errors import ConfigurationError, KeyAPIError, TransportError
from keyapi._isolation import Lock, OfLoop

if TYPE_CHECKING:
    from keyapi._config import Rate
    from keyapi._sending.clock import Clock

_NAME = "keyapi"  # under which a limiter counts this client's requests
# The longest single wait, in seconds; after it, whether to keep waiting is checked again.
_LONGEST_WAIT = 1.0
_SHORTEST_WAIT = 0.001
_LONGEST_PAUSE = 0.05  # between two questions, where a limiter does not say how long to wait
# How long an async limiter may take to answer, in seconds; redis tries again for about as long.
# What a sync one waits for nothing can end: `check_rate` asks for a time limit of its own.
_LONGEST_ASK = 60.0


class Pace:
    """Waits until a limiter lets the next request pass; one request waits, the others queue.

    After a pause, a rate that was given as text allows a burst. Waiting requests are then released
    at even intervals: bursts could catch up with one another on the way, and the server would see
    more than the limit in one interval.

    Args:
        rate: The client's `rate`, checked.
        clock: What it waits by.
    """

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._clock = clock
        self._limiter: Any = rate
        self._gap = 0.0  # between requests that waited, in seconds
        self._due = float("-inf")  # before which no request passes, by the clock
        if isinstance(rate, RateText):
            self._limiter = Limiter(_Bucket(LimiterRate(rate.limit, rate.interval), clock))
            self._gap = rate.interval / rate.limit / 1000
        self._turn = Lock()
        self._turns = OfLoop(asyncio.Lock)

    def wait(self, check: Callable[[], None], deadline: float | None) -> None:
        """Wait until the next request may be sent.

        Args:
            check: Called before and after each wait; raises where waiting has become useless.
            deadline: When the wait must be over, by the clock; None for no deadline.

        Raises:
            TransportError: The deadline comes first.
            ConfigurationError: The limiter failed.
        """
        if not self._turn.acquire(timeout=-1 if deadline is None else self._clock.until(deadline)):
            raise _too_late()
        try:
            check()
            asked = 0
            while wait := self._held() or self._ask(asked):
                self._clock.sleep(self._in_time(wait, deadline))
                asked += 1
                check()
            self._passed(asked > 0)
        finally:
            self._turn.release()

    async def wait_async(
        self,
        check: Callable[[], None],
        deadline: float | None,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """As `wait`, letting other tasks run.

        Args:
            check: As of `wait`.
            deadline: As of `wait`.
            ready: Called before the request leaves; those that queue wait for it, too, so that
                they do not leave at once afterwards.
        """
        turn = self._turns.get()
        try:
            async with asyncio.timeout(None if deadline is None else self._clock.until(deadline)):
                await turn.acquire()
        except TimeoutError:
            raise _too_late() from None
        try:
            check()
            asked = 0
            while wait := self._held() or await self._ask_in_time(asked, deadline):
                await self._clock.sleep_async(self._in_time(wait, deadline))
                asked += 1
                check()
            self._passed(asked > 0)
            if ready is not None:
                await ready()
        finally:
            turn.release()

    def turn(self, asked: int) -> float:
        """Ask once whether the next request may be sent, for one that waits elsewhere.

        Args:
            asked: How often that was asked for this request before.

        Returns:
            0 where it may, else how long to wait before asking again, in seconds.

        Raises:
            ConfigurationError: The limiter failed.
        """
        with self._turn:
            wait = min(self._held() or self._ask(asked), _LONGEST_WAIT)
            if not wait:
                self._passed(asked > 0)
            return wait

    def _held(self) -> float:
        """How long the request before delays this one, in seconds."""
        return max(self._due - self._clock.now(), 0.0)

    def _in_time(self, wait: float, deadline: float | None) -> float:
        wait = min(wait, _LONGEST_WAIT)
        if wait >= self._clock.until(deadline):
            raise _too_late()
        return wait

    def _passed(self, waited: bool) -> None:
        now = self._clock.now()
        if now - self._due < self._gap:
            self._due += self._gap  # not from now: a wait that took too long delays no other
        elif waited:
            self._due = now + self._gap

    def _ask(self, asked: int) -> float:
        """0 where a request may be sent, else how long to wait before asking again, in seconds."""
        with _explained():
            passed = self._limiter.try_acquire(_NAME, blocking=False)
            if isawaitable(passed):
                passed.close()  # type: ignore[attr-defined]  # a coroutine, never to be awaited
                raise TypeError("an async bucket cannot serve a sync client")
            if passed:
                return 0.0
            factory = self._limiter.bucket_factory
            item = factory.wrap_item(_NAME, 1)
            return _seconds(factory.get(item).waiting(item), asked)

    async def _ask_in_time(self, asked: int, deadline: float | None) -> float:
        left = self._clock.until(deadline)
        try:
            async with asyncio.timeout(min(left, _LONGEST_ASK)):
                return await self._ask_async(asked)
        except TimeoutError:
            if left < _LONGEST_ASK:
                raise _too_late() from None
            raise ConfigurationError(
                f"Not sent: the rate limiter did not answer within {_LONGEST_ASK:g} s"
            ) from None

    async def _ask_async(self, asked: int) -> float:
        with _explained():
            if await _settled(self._limiter.try_acquire(_NAME, blocking=False)):
                return 0.0
            factory = self._limiter.bucket_factory
            item = await _settled(factory.wrap_item(_NAME, 1))
            bucket = await _settled(factory.get(item))
            return _seconds(await _settled(bucket.waiting(item)), asked)


class _Bucket(BucketFactory):
    """One bucket in memory, by the client's clock and without pyrate-limiter's own thread."""

    def __init__(self, rate: LimiterRate, clock: Clock) -> None:
        self._bucket = InMemoryBucket([rate])
        self._clock = clock

    def wrap_item(self, name: str, weight: int = 1) -> RateItem:
        now = int(self._clock.now() * 1000)
        self._bucket.leak(now)
        return RateItem(name, now, weight=weight)

    def get(self, item: RateItem) -> InMemoryBucket:
        return self._bucket


async def _settled(value: Any) -> Any:
    return await value if isawaitable(value) else value


def _seconds(milliseconds: Any, asked: int) -> float:
    """How long to wait before asking once more.

    Args:
        milliseconds: What the limiter says.
        asked: How often it has said so of this request; a limiter that says 0 each time is asked
            less and less often.
    """
    if not isinstance(milliseconds, int | float) or not math.isfinite(milliseconds):
        raise TypeError(f"it says to wait {milliseconds!r} ms")
    wait: float = milliseconds / 1000
    return wait if wait >= _SHORTEST_WAIT else min(_SHORTEST_WAIT * 2**asked, _LONGEST_PAUSE)


def _too_late() -> KeyAPIError:
    return TransportError("Not sent: the deadline passes before the rate limit allows the request")


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        problem = f"Not sent: the rate limiter failed: {type(error).__name__}: {error}"
        raise ConfigurationError(problem) from error
