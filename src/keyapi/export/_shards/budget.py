"""What a worker may spend on a shard, for as long as the shard is its own."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from keyapi._budget import Budget
from keyapi.export._errors import ExportError
from keyapi.export._segments.log import ShardLost
from keyapi.export._shards import lease
from keyapi.export._shards.lease import Grants

_LOOK = 1.0
"""Seconds between two looks at whether the run is to end, or the shard has become free."""
_BEATS = 3
"""Heartbeats within the time that a lease is valid."""


class ShardBudget:
    """A `keyapi.Budget` of one owner of a shard: nothing is sent without lease and credits.

    Credits are taken ahead in lots, in a thread, so that requests seldom wait for one. The same
    thread keeps the lease. Whether it is still valid is checked for each request, by this process's
    clock: one that was stopped for longer than that first asks whether the shard is still its own.

    Args:
        grants: What grants both.
        shard: The shard's name.
        owner: Who works on it.
        lot: How many credits are taken at a time.
        shared: Another budget that the credits must be in, too.

    Attributes:
        spent: What was reserved for requests and not refunded, in credits.
        closed: Whether nothing more may be sent.
        reserved: Called when the cost of a request is reserved: it leaves at once.
        failed: Called with what means that nothing more can be sent.
    """

    def __init__(
        self, grants: Grants, shard: str, owner: str, lot: int, shared: Budget | None = None
    ) -> None:
        self.spent = 0
        self.closed = False
        self.reserved: Callable[[], None] = lambda: None
        self.failed: Callable[[ExportError], None] = lambda error: None
        self._grants = grants
        self._shard = shard
        self._owner = owner
        self._lot = lot
        self._shared = shared
        if (ready := getattr(shared, "ready", None)) is not None:
            self.ready = ready  # see `keyapi.Budget`
        self._credits = 0  # granted and not spent
        self._used_up = False
        self._end = 0.0  # of the lease, by `lease.now`
        self._beat = 0.0  # seconds between heartbeats
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ends = False
        self._ended: Callable[[], bool] = lambda: False
        self._thread = threading.Thread(target=self._run, name="keyapi-lease", daemon=True)

    @property
    def allowed(self) -> int:
        """What may be spent, as far as is known here, in credits."""
        return self.spent + self._credits if self._used_up else sys.maxsize

    def acquire(self, ended: Callable[[], bool]) -> bool:
        """Wait for the shard, and keep it from then on.

        Args:
            ended: Is asked each second, while waiting and after that, whether the run ends.

        Returns:
            Whether it is this owner's.

        Raises:
            ExportError: What grants it cannot be reached.
        """
        asked = lease.now()
        while (seconds := self._grants.acquire(self._shard, self._owner)) is None:
            if ended():
                return False
            time.sleep(_LOOK)
            asked = lease.now()
        self._ended = ended
        self._end = asked + seconds
        self._beat = seconds / _BEATS
        self._thread.start()
        return True

    def release(self) -> None:
        """Give the shard back, with what was not spent."""
        self.closed = self._ends = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._grants.release(self._shard, self._owner, self._credits)

    def reserve(self, cost: int) -> bool:
        """Reserve the cost of a request that is about to be sent.

        Args:
            cost: In credits.

        Returns:
            Whether it may be sent.

        Raises:
            ShardLost: Another worker has the shard.
            ExportError: What grants credits cannot be reached.
        """
        with self._lock:
            if self.closed:
                return False
            if self._credits < cost:
                self._credits += self._granted(cost + self._lot)
            if self._credits < cost:
                self._used_up = True
                return False
            if self._shared is not None and not self._shared.reserve(cost):
                return False
            if lease.now() >= self._end:
                self._renew()
            self._credits -= cost
            self.spent += cost
            if self._credits < self._lot:
                self._wake.set()
        self.reserved()
        return True

    def refund(self, cost: int) -> None:
        """Take back the cost of a request that never left, in credits."""
        with self._lock:
            self.spent -= cost
            self._credits += cost
        if self._shared is not None:
            self._shared.refund(cost)

    def _granted(self, want: int) -> int:
        granted = self._grants.reserve(self._shard, self._owner, want)
        if granted is None:
            raise self._lost()
        return granted

    def _renew(self) -> None:
        asked = lease.now()
        seconds = self._grants.renew(self._shard, self._owner)
        if seconds is None:
            raise self._lost()
        self._end = asked + seconds

    def _lost(self) -> ShardLost:
        self.closed = True
        return ShardLost(f"Another worker has taken {self._shard} over, as its lease ran out here")

    def _run(self) -> None:
        try:
            renewed = looked = lease.now()
            while True:
                self._wake.wait(min(_LOOK, self._beat))
                self._wake.clear()
                if self._ends:
                    return
                self._take_ahead()
                if lease.now() - renewed >= self._beat:
                    renewed = lease.now()
                    self._renew()
                if lease.now() - looked >= _LOOK:
                    looked = lease.now()
                    self._ended()
        except ExportError as error:
            self.closed = True
            self.failed(error)

    def _take_ahead(self) -> None:
        """Have the next lot before it is needed."""
        if self.closed or self._used_up or self._credits >= self._lot:
            return
        granted = self._granted(self._lot)
        with self._lock:
            self._credits += granted
            self._used_up = granted == 0
