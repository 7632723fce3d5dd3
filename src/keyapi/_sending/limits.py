"""What stands before every request: the quota breaker, the pace, and the budget."""

from __future__ import annotations

import random
import time
from threading import Lock
from typing import TYPE_CHECKING, Any

from keyapi._errors import BudgetExceeded, InsufficientCredits

if TYPE_CHECKING:
    from keyapi._config import CacheOptions, Rate
    from keyapi._sending.cache import Cache
    from keyapi._sending.call import Call
    from keyapi._sending.monitor import ContractMonitor
    from keyapi._sending.pace import Pace


class Clock:
    """Time, waiting and chance; tests put another in its place."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def chance(self) -> float:
        """A random number from 0 to 1."""
        return random.random()  # noqa: S311 - it spreads retries

    def sleep(self, seconds: float) -> None:
        """Wait, keeping the thread."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait, letting other tasks run."""
        import asyncio

        await asyncio.sleep(seconds)


class Limits:
    """Lets requests pass, or refuses them unsent; one for all clients that share a key.

    Args:
        package: Name of the generated package, for what its `openapi.json` promises.

    Attributes:
        clock: What is waited by.
        spent: What the requests that passed cost, in credits.
    """

    def __init__(self, package: str) -> None:
        self.clock = Clock()
        self.spent = 0
        self._package = package
        self._monitor: ContractMonitor | None = None
        self._caches: dict[CacheOptions, Cache] = {}
        self._lock = Lock()
        self._exhausted: tuple[float, str] | None = None
        self._paces: dict[Any, Pace] = {}

    def admit(self, call: Call) -> None:
        """Let the next request of a call pass, after the wait its pace asks for.

        Raises:
            InsufficientCredits: Credits were found to be used up a short while ago.
            BudgetExceeded: The request would cost more than is left of `max_credits`.
            TransportError: The call's deadline would pass in the wait.
            ConfigurationError: The rate limiter failed.
        """
        if self._exhausted is not None:
            self.check_quota(call)
        if call.settings.rate is not None:
            self._pace(call.settings.rate).wait(call, self.check_quota)
        self._charge(call)

    async def admit_async(self, call: Call) -> None:
        """As `admit`, letting other tasks run in the wait."""
        if self._exhausted is not None:
            self.check_quota(call)
        if call.settings.rate is not None:
            await self._pace(call.settings.rate).wait_async(call, self.check_quota)
        self._charge(call)

    def exhausted(self, message: str) -> None:
        """Take note that the server said that credits are used up."""
        self._exhausted = (self.clock.now(), message)

    def check_quota(self, call: Call) -> None:
        """Refuse a call in the `quota_cooldown` after credits were found to be used up."""
        if self._exhausted is None:
            return
        since, message = self._exhausted
        cooldown = call.settings.quota_cooldown
        left = since + cooldown - self.clock.now()
        if left > 0:
            raise InsufficientCredits(
                f"Not sent: the server said {message!r} less than {cooldown:g} s ago; requests are "
                f"sent again in {left:.0f} s"
            )

    def cache(self, call: Call) -> Cache | None:
        """The cache of a call, if it has one; requests made by hand have none.

        Raises:
            ConfigurationError: Nothing can be written in its folder.
        """
        options = call.settings.cache
        if options is None or call.operation is None:
            return None
        cache = self._caches.get(options)
        if cache is None:
            from keyapi._sending.cache import Cache

            cache = self._caches.setdefault(options, Cache(options))
        return cache

    def monitor(self) -> ContractMonitor:
        """What judges answers by the specification."""
        if self._monitor is None:
            from keyapi._sending.monitor import ContractMonitor

            self._monitor = ContractMonitor(self._package)
        return self._monitor

    def close(self) -> None:
        """Close the caches' files."""
        for cache in self._caches.values():
            cache.close()

    def _charge(self, call: Call) -> None:
        allowed = call.settings.max_credits
        with self._lock:
            if allowed is not None and self.spent + call.cost > allowed:
                raise BudgetExceeded(
                    f"Not sent: it costs {call.cost} of {allowed} credits allowed, and "
                    f"{self.spent} are spent",
                    asked=call.cost,
                    spent=self.spent,
                    allowed=allowed,
                )
            self.spent += call.cost
        call.attempts += 1

    def _pace(self, rate: Rate) -> Pace:
        pace = self._paces.get(rate)
        if pace is None:
            from keyapi._sending.pace import Pace

            pace = self._paces.setdefault(rate, Pace(rate, self.clock))
        return pace
