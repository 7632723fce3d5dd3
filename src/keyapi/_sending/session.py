"""What a client shares with those made from it by `with_options`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import httpx

from keyapi._isolation import Lock, renew_in_children
from keyapi._sending.limits import Limits

if TYPE_CHECKING:
    from keyapi._config import CacheOptions, Rate
    from keyapi._sending.cache import Cache
    from keyapi._sending.clock import Clock
    from keyapi._sending.monitor import ContractMonitor
    from keyapi._sending.pace import Pace

HTTP = TypeVar("HTTP", bound=httpx.Client | httpx.AsyncClient)


class Session(Generic[HTTP]):
    """One connection to a server, with the limits, paces and caches of the clients that use it.

    Threads may share it. A forked process has connections, limits and paces of its own. What an
    option needs is imported and made when it is first used.

    Args:
        connect: Makes the httpx client.
        package: Name of the generated package, whose `openapi.json` describes the responses.
        clock: What everything in the session tells time and waits by.

    Attributes:
        http: The httpx client, or None before it is first needed.
        closed: Whether the session is closed; nothing can be sent then.
        clock: The clock.
        limits: The quota breaker and the budget.
    """

    def __init__(self, connect: Callable[[], HTTP], package: str, clock: Clock) -> None:
        self.http: HTTP | None = None
        self.closed = False
        self.clock = clock
        self.limits = Limits(clock)
        self._connect = connect
        self._package = package
        self._lock = Lock()  # held while something is made or closed: there is one of each
        self._paces: dict[Any, Pace] = {}
        self._caches: dict[CacheOptions, Cache] = {}
        self._monitor: ContractMonitor | None = None
        renew_in_children(self)

    def renew(self) -> None:
        """Begin anew in a forked child; only what was spent so far stays.

        Paces may hold locks of pyrate-limiter's, caches a database of the parent's.
        """
        self._paces = {}
        self._caches = {}

    def connected(self) -> HTTP | None:
        """Give the httpx client, made if need be; None where the session is closed."""
        with self._lock:  # threads that make the first requests share one connection pool
            if self.closed:
                return None
            if self.http is None:
                self.http = self._connect()
            return self.http

    def close(self) -> HTTP | None:
        """Close everything but the httpx client, and give that one, to be closed next."""
        with self._lock:
            self.closed = True
            for cache in self._caches.values():
                cache.close()
            return self.http

    def pace(self, rate: Rate) -> Pace:
        """Give what lets requests through at a rate."""
        pace = self._paces.get(rate)
        if pace is None:
            from keyapi._sending.pace import Pace

            with self._lock:
                pace = self._paces.get(rate) or self._paces.setdefault(rate, Pace(rate, self.clock))
        return pace

    def cache(self, options: CacheOptions) -> Cache:
        """Give the cache in a folder."""
        cache = self._caches.get(options)
        if cache is None:
            from keyapi._sending.cache import Cache

            with self._lock:
                cache = self._caches.get(options)
                cache = cache or self._caches.setdefault(options, Cache(options))
        return cache

    def monitor(self) -> ContractMonitor:
        """Give what checks responses against the package's specification."""
        if self._monitor is None:
            from keyapi._sending.monitor import ContractMonitor
            from keyapi.contract import Contract

            contract = Contract.of_package(self._package)
            with self._lock:
                self._monitor = self._monitor or ContractMonitor(contract)
        return self._monitor
