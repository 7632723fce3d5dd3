"""What belongs to one process, or to one event loop, alone: locks and connections.

A forked child has copies of its parent's locks, held or not, and of its sockets, whose answers both
would read. So whatever holds one registers here, and is renewed in the child before anything else
runs there. What `os.register_at_fork` registers stays, so that is done once, when the module is
imported.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from keyapi._errors import ConfigurationError

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


class Renewable(Protocol):
    """Something that a forked child must have one of its own of."""

    def renew(self) -> None:
        """Begin anew, without touching what the parent has."""


_RENEWABLE: WeakSet[Renewable] = WeakSet()


def renew_in_children(renewable: Renewable) -> None:
    """Have something renewed in each process that is forked from this one.

    Args:
        renewable: It; kept alive by others.
    """
    _RENEWABLE.add(renewable)


def _renew() -> None:
    for renewable in list(_RENEWABLE):
        renewable.renew()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no forks
    os.register_at_fork(after_in_child=_renew)


class Lock:
    """A `threading.Lock` that is free in a forked child, whoever holds it in the parent."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        renew_in_children(self)

    def renew(self) -> None:
        """Be free."""
        self._lock = threading.Lock()

    def acquire(self, timeout: float = -1) -> bool:
        """Wait for the lock and tell whether it is held.

        Args:
            timeout: How long to wait at most, in seconds; -1 for no limit.
        """
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        """Let the next one have it."""
        self._lock.release()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()


class OfLoop(Generic[T]):
    """One of something for each event loop, forgotten with the loop.

    Args:
        make: Makes one.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()
        renew_in_children(self)

    def renew(self) -> None:
        """Forget them all."""
        self._made = WeakKeyDictionary()

    def get(self) -> T:
        """Give that of the running loop.

        Raises:
            ConfigurationError: There is none.
        """
        loop = running_loop()
        found = self._made.get(loop)
        return self._made.setdefault(loop, self._make()) if found is None else found


def running_loop() -> asyncio.AbstractEventLoop:
    """Give the running event loop.

    Raises:
        ConfigurationError: No event loop of asyncio is running.
    """
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "Not sent: no event loop of asyncio is running. Async clients need one; trio's do not "
            "serve: use the sync client in a thread (trio.to_thread.run_sync)"
        ) from None
