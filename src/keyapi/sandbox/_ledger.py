"""What the sandbox keeps of what was asked: credits, the pace, and the last requests."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

_KEPT = 10_000  # requests in the log; the oldest are dropped, so that memory stays flat


class Entry(NamedTuple):
    """One request in the log.

    Attributes:
        number: Its place in the order of arrival, from 1.
        time: When it arrived, in seconds since the sandbox started.
        method: HTTP method.
        path: URL path.
        query: The query string.
        status: What it was answered with; 0 where the connection was dropped.
        charged: What it cost, in credits.
        fault: Name of the fault that was served, or None.
    """

    number: int
    time: float
    method: str
    path: str
    query: str
    status: int
    charged: int
    fault: str | None


class Ledger:
    """The accounts of a sandbox; shared by all threads that serve it.

    Args:
        credits: What may be spent; None for no bound.
        qps: How many requests are answered in any second; None for no bound.
        clock: Tells the time, in seconds.

    Attributes:
        charged: What was spent, in credits.
        requests: The last requests, oldest first.
        count: How many requests there were.
    """

    def __init__(
        self,
        credits: int | None,  # noqa: A002 - the API's own word
        qps: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credits = credits
        self._qps = qps
        self._clock = clock
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Forget all requests and charges."""
        with self._lock:
            self._started = self._clock()
            self._answered: deque[float] = deque()
            self.charged = 0
            self.count = 0
            self.requests: deque[Entry] = deque(maxlen=_KEPT)

    @property
    def credits_left(self) -> int | None:
        """What may still be spent, in credits; None for no bound."""
        return None if self._credits is None else self._credits - self.charged

    def admit(self, cost: int) -> int | None:
        """Charge for an answer, or give the status of the refusal: 402, 429."""
        with self._lock:
            left = self.credits_left
            if left is not None and cost > left:
                return 402
            now = self._clock()
            if self._qps is not None:
                while self._answered and now - self._answered[0] >= max(1.0, 1 / self._qps):
                    self._answered.popleft()
                if len(self._answered) >= max(1, self._qps):
                    return 429
                self._answered.append(now)
            self.charged += cost
            return None

    def arrived(self) -> int:
        """Count a request; gives its number, from 1."""
        with self._lock:
            self.count += 1
            return self.count

    def record(self, number: int, asked: Any, status: int, charged: int, fault: str | None) -> None:
        """Write a request into the log."""
        now = round(self._clock() - self._started, 4)
        method, path, query = asked.method, asked.path, asked.query
        entry = Entry(number, now, method, path, query, status, charged, fault)
        self.requests.append(entry)

    def refund(self, cost: int) -> None:
        """Take back a charge: what failed is not charged."""
        with self._lock:
            self.charged -= cost

    def as_dict(self) -> dict[str, Any]:
        """The accounts, for the control over HTTP."""
        return {
            "charged": self.charged,
            "credits_left": self.credits_left,
            "requests": self.count,
        }
