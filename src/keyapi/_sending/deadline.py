"""A deadline that holds for every read and write: time-outs that end with it, down to the socket.

httpx and httpcore bound each wait by itself, so that a server which sends a byte now and then keeps
a call for as long as it likes. A `TimeLeft` passes through them as the time-out that it is, and
tells the network how much of it is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from keyapi._sending.clock import Clock


class TimeLeft(float):
    """A time-out, in seconds, that ends with a deadline, whenever it begins.

    Args:
        seconds: How long it is at most.
        clock: What tells the time.
        ends: When the deadline passes, by the clock.
    """

    _clock: Clock
    _ends: float

    def __new__(cls, seconds: float, clock: Clock, ends: float) -> Self:
        """Make one: a float cannot be changed later."""
        self = super().__new__(cls, seconds)
        self._clock = clock
        self._ends = ends
        return self

    def now(self, late: type[Exception]) -> float:
        """The time-out of a wait that begins now, in seconds.

        Args:
            late: What to raise where the deadline has passed.
        """
        left = self._ends - self._clock.now()
        if left <= 0:
            raise late("the deadline passed")
        return min(float(self), left)


class TimeOuts(dict[str, float | None]):
    """Time-outs that shrink as a deadline approaches: httpx asks when each phase starts.

    Args:
        timeouts: That of each phase, in seconds; None for no limit.
        clock: What tells the time.
        ends: When the deadline passes, by the clock.
    """

    def __init__(self, timeouts: Mapping[str, float | None], clock: Clock, ends: float) -> None:
        super().__init__(timeouts)
        self._clock = clock
        self._ends = ends

    def get(self, key: str, default: Any = None) -> Any:
        """The time-out of a phase that starts now."""
        bound, left = super().get(key, default), self._clock.until(self._ends)
        return TimeLeft(left if bound is None else min(bound, left), self._clock, self._ends)
