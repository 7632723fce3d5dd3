"""Who may work on a shard, and what it may spend: the protocol, and its form within a process."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from keyapi._budget import Budget

SECONDS = 30.0
"""How long a lease is valid after each heartbeat, unless another time is given."""


def now() -> float:
    """Seconds that pass also while the process is stopped, and where it can be had, the machine."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()  # pragma: no cover - Linux has the other


class Grants(Protocol):
    """Grants the shards of one run to workers, one each at a time, and credits of one budget.

    An owner is one attempt of one worker at one shard, by a name that is never used again. It stays
    the owner until another one acquires the shard, also when its lease has run out meanwhile.
    Whatever an owner was granted and has not given back counts as spent: nobody knows how much of
    it a worker had spent that was killed. Owners therefore take credits in small lots.

    An implementation can be pickled, so that workers get it; threads call it at the same time. It
    tries again by itself for as long as that may help. A call whose answer was lost may have had
    its effect: credits are then counted twice, never too little.

    All calls raise `ExportError` where the one that grants cannot be reached any more.
    """

    def open(self, allowed: int | None, spent: int) -> None:
        """Begin or resume the run; whoever places the shards calls it first.

        Args:
            allowed: What the run may spend in all, in credits; None for no limit.
            spent: What it spent before, in credits; what is counted already stays, if it is more.
        """
        ...

    def spent(self) -> int:
        """What all shards were granted and have not given back, since the run began, in credits."""
        ...

    def acquire(self, shard: str, owner: str) -> float | None:
        """Take a shard that nobody has, or whose lease has run out; answers at once.

        Args:
            shard: The shard's name.
            owner: Who takes it.

        Returns:
            For how many seconds from the call it is the owner's; None where another one has it.
        """
        ...

    def renew(self, shard: str, owner: str) -> float | None:
        """Keep a shard, also where its lease has run out and nobody took it.

        Returns:
            For how many seconds from the call it is the owner's; None where it was lost.
        """
        ...

    def reserve(self, shard: str, owner: str, want: int) -> int | None:
        """Take credits; who still owns the shard is checked in the same step.

        Args:
            shard: The shard's name.
            owner: Who asks.
            want: How many credits.

        Returns:
            How many are granted: as many as are left, at most `want`; None where the shard was
            lost.
        """
        ...

    def release(self, shard: str, owner: str, unspent: int) -> None:
        """Give a shard back; nothing happens where it was lost.

        Args:
            shard: The shard's name.
            owner: Who had it.
            unspent: What it was granted and did not spend, in credits.
        """
        ...


class LocalGrants:
    """Grants within one process, from a budget that outlives it.

    Args:
        budget: What is granted comes from it.
        seconds: How long a lease is valid.
    """

    def __init__(self, budget: Budget, seconds: float = SECONDS) -> None:
        self._budget = budget
        self._seconds = seconds
        self._leases: dict[str, tuple[str, float]] = {}  # owner and end, by shard
        self._lock = threading.Lock()

    def open(self, allowed: int | None, spent: int) -> None:
        """Nothing: the budget knows both."""

    def spent(self) -> int:
        """What was granted and not given back, in credits."""
        return self._budget.spent

    def acquire(self, shard: str, owner: str) -> float | None:
        """Take a shard that nobody has; see `Grants`."""
        with self._lock:
            holder, end = self._leases.get(shard, (owner, 0.0))
            if holder != owner and now() < end:
                return None
            self._leases[shard] = owner, now() + self._seconds
            return self._seconds

    def renew(self, shard: str, owner: str) -> float | None:
        """Keep a shard; see `Grants`."""
        with self._lock:
            if not self._owns(shard, owner):
                return None
            self._leases[shard] = owner, now() + self._seconds
            return self._seconds

    def reserve(self, shard: str, owner: str, want: int) -> int | None:
        """Take credits; see `Grants`."""
        with self._lock:
            if not self._owns(shard, owner):
                return None
            granted = max(min(want, self._budget.allowed - self._budget.spent), 0)
            return granted if granted and self._budget.reserve(granted) else 0

    def release(self, shard: str, owner: str, unspent: int) -> None:
        """Give a shard back; see `Grants`."""
        with self._lock:
            if self._owns(shard, owner):
                del self._leases[shard]
                self._budget.refund(unspent)

    def _owns(self, shard: str, owner: str) -> bool:
        return self._leases.get(shard, ("", 0.0))[0] == owner
