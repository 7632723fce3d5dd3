"""Time, waiting and chance."""

from __future__ import annotations

import random
import time

# What is left of a deadline that has passed, in seconds: 0 would mean "do not block" to sockets.
_NO_TIME = 0.001


class Clock:
    """What a client tells time and waits by; tests put another in its place."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    def until(self, moment: float | None) -> float:
        """Tell how long it is until a moment.

        Args:
            moment: The moment, by `now`; None for "never".

        Returns:
            Seconds; never less than a millisecond, and infinite for None.
        """
        return float("inf") if moment is None else max(moment - self.now(), _NO_TIME)

    def chance(self) -> float:
        """A random number from 0 to 1."""
        return random.random()  # noqa: S311 - it spreads retries

    def sleep(self, seconds: float) -> None:
        """Wait, blocking the thread."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait, letting other tasks run."""
        import asyncio

        await asyncio.sleep(seconds)
