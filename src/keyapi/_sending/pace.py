"""Requests at a pace, by pyrate-limiter; imported where a rate is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import isawaitable
from threading import Lock
from typing import TYPE_CHECKING, Any

from pyrate_limiter import BucketFactory, InMemoryBucket, Limiter, RateItem
from pyrate_limiter import Rate as LimiterRate

from keyapi._config import RateText
from keyapi._errors import ConfigurationError, KeyAPIError, TransportError

if TYPE_CHECKING:
    from keyapi._config import Rate
    from keyapi._sending.call import Call
    from keyapi._sending.limits import Clock

_NAME = "keyapi"  # under which a limiter counts this client's requests
# How long one wait lasts at most, in seconds: then it is looked anew whether to go on waiting.
_LONGEST_WAIT = 1.0
_SHORTEST_WAIT = 0.001


class Pace:
    """Waits until a limiter lets the next request pass; one waits at a time, the others queue.

    A rate that was given as text may be used up at once after a pause. Those who have to wait then
    pass one by one, evenly spaced: bunches would run into one another on their way, so that the
    server might see more than the limit in one interval.

    Args:
        rate: What was given as the client's `rate`, checked.
        clock: What is waited by.
    """

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._clock = clock
        self._limiter: Any = rate
        self._gap = 0.0  # between those who waited, in seconds
        self._due = float("-inf")  # before which nobody passes, by the clock
        if isinstance(rate, RateText):
            self._limiter = Limiter(_Bucket(LimiterRate(rate.limit, rate.interval), clock))
            self._gap = rate.interval / rate.limit / 1000
        self._turn = Lock()
        self._turn_async = asyncio.Lock()

    def wait(self, call: Call, check: Callable[[Call], None]) -> None:
        """Wait until a call's next request may be sent.

        Args:
            call: The call.
            check: Raises where the wait has become useless.

        Raises:
            TransportError: The call's deadline comes first.
            ConfigurationError: The limiter failed.
        """
        if not self._turn.acquire(timeout=-1 if call.ends is None else call.remaining()):
            raise _late()
        try:
            check(call)
            waited = False
            while wait := self._held() or self._ask():
                self._clock.sleep(_in_time(wait, call))
                waited = True
                check(call)
            self._passed(waited)
        finally:
            self._turn.release()

    async def wait_async(self, call: Call, check: Callable[[Call], None]) -> None:
        """As `wait`, letting other tasks run."""
        try:
            async with asyncio.timeout(None if call.ends is None else call.remaining()):
                await self._turn_async.acquire()
        except TimeoutError:
            raise _late() from None
        try:
            check(call)
            waited = False
            while wait := self._held() or await self._ask_async():
                await self._clock.sleep_async(_in_time(wait, call))
                waited = True
                check(call)
            self._passed(waited)
        finally:
            self._turn_async.release()

    def _held(self) -> float:
        """How long the one before holds this one up, in seconds."""
        return max(self._due - self._clock.now(), 0.0)

    def _passed(self, waited: bool) -> None:
        now = self._clock.now()
        if now - self._due < self._gap:
            self._due += self._gap  # not from now: who oversleeps a little delays no other
        elif waited:
            self._due = now + self._gap

    def _ask(self) -> float:
        """0 where a request may be sent, else how long to wait before asking anew, in seconds."""
        with _explained():
            passed = self._limiter.try_acquire(_NAME, blocking=False)
            if isawaitable(passed):
                passed.close()  # type: ignore[attr-defined]  # a coroutine, never to be awaited
                raise TypeError("an async bucket cannot serve a sync client")
            if passed:
                return 0.0
            factory = self._limiter.bucket_factory
            item = factory.wrap_item(_NAME, 1)
            return _seconds(factory.get(item).waiting(item))

    async def _ask_async(self) -> float:
        with _explained():
            if await _settled(self._limiter.try_acquire(_NAME, blocking=False)):
                return 0.0
            factory = self._limiter.bucket_factory
            item = await _settled(factory.wrap_item(_NAME, 1))
            bucket = await _settled(factory.get(item))
            return _seconds(await _settled(bucket.waiting(item)))


class _Bucket(BucketFactory):
    """One bucket in memory, by the client's clock, and without pyrate-limiter's own thread."""

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


def _seconds(milliseconds: int) -> float:
    return max(milliseconds / 1000, _SHORTEST_WAIT)


def _in_time(wait: float, call: Call) -> float:
    wait = min(wait, _LONGEST_WAIT)
    if wait >= call.remaining():
        raise _late()
    return wait


def _late() -> KeyAPIError:
    return TransportError("Not sent: the deadline comes before the rate limit lets it pass")


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        problem = f"Not sent: the rate limiter failed: {type(error).__name__}: {error}"
        raise ConfigurationError(problem) from error
