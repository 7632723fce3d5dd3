"""Clients that wait by a clock of the test's own."""

from __future__ import annotations

from typing import TypeVar

from keyapi._client import AsyncClient, SyncClient
from keyapi._sending.clock import Clock

C = TypeVar("C", bound=SyncClient | AsyncClient)


class FakeClock(Clock):
    """A clock whose waits take no time, and are kept.

    Attributes:
        time: What it shows, in seconds.
        waits: How long it was asked to wait, in order.
        luck: What chance gives.
    """

    def __init__(self) -> None:
        self.time = 1000.0
        self.waits: list[float] = []
        self.luck = 0.0

    def now(self) -> float:
        return self.time

    def chance(self) -> float:
        return self.luck

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


def clocked(client: C, clock: Clock) -> C:
    """The client, which waits by this clock from now on, as do those made from it."""
    client._session = client._new_session(clock)
    return client
