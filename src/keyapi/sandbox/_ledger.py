"""The sandbox's accounts: credits, the rate limit, and the latest requests."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, NamedTuple

from keyapi._isolation import Lock
from keyapi.sandbox._exchange import SandboxRequest

_KEPT = 10_000  # requests in the log; older ones are dropped to bound its memory
_COUNTED = 100_000  # different requests whose charges are counted, to bound their memory
_LONGEST = 4_000  # characters of a path or query in it


class Entry(NamedTuple):
    """One request in the log.

    Attributes:
        number: Position in the order of arrival, from 1.
        time: When it arrived, in seconds since the sandbox started.
        method: HTTP method.
        path: URL path, at most 4,000 characters of it.
        query: The query string, at most 4,000 characters of it.
        status: HTTP status of the answer.
        charged: Credits charged for it.
        fault: The fault that was served, as it was scheduled, or None.
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
    """The accounts of a sandbox, shared by all threads that serve it.

    Args:
        credits: Credits that can be spent; None for unlimited.
        qps: Requests answered per second; None for unlimited.
        clock: Returns the time in seconds.

    Attributes:
        charged: Credits charged so far.
        requests: The latest requests, oldest first.
        charges: How often each request was charged, by its path and query: what was paid twice
            shows here. It counts 100,000 different ones.
        count: Number of requests so far.
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
            self.charges: Counter[str] = Counter()

    @property
    def credits_left(self) -> int | None:
        """Credits that can still be spent; None for unlimited."""
        return None if self._credits is None else self._credits - self.charged

    def admit(self, cost: int) -> int | None:
        """Charge for an answer, or return the status of the refusal: 402 or 429."""
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
        """Count a request, and return its number, from 1."""
        with self._lock:
            self.count += 1
            return self.count

    def record(
        self, number: int, request: SandboxRequest, status: int, charged: int, fault: str | None
    ) -> None:
        """Add a request to the log."""
        now = round(self._clock() - self._started, 4)
        method, path, query = request.method, _kept(request.path), _kept(request.query)
        entry = Entry(number, now, method, path, query, status, charged, fault)
        self.requests.append(entry)
        if charged:
            target = f"{path}?{query}" if query else path
            with self._lock:
                if target in self.charges or len(self.charges) < _COUNTED:
                    self.charges[target] += 1

    def refund(self, cost: int) -> None:
        """Take back a charge: a failed request costs nothing."""
        with self._lock:
            self.charged -= cost

    def as_dict(self) -> dict[str, Any]:
        """The accounts, as the control routes serve them."""
        return {
            "charged": self.charged,
            "credits_left": self.credits_left,
            "requests": self.count,
        }


def _kept(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
