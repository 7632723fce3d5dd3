"""Credits: a Redis that is gone, empty or damaged lets nothing through that it did not grant."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from keyapi import RedisBudget
from keyapi._redis import server as servers
from keyapi.conformance.drivers._redis import RedisProcess
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._redis.spending import KEY
from keyapi.contract import Violation

_ALLOWED, _LOT = 100, 3
_TICKS = 5
_SPENT = {"id": "a", "granted": "5", "returned": "0"}
_DAMAGED: tuple[str | dict[str, str], ...] = (
    "a text",
    {"granted": "1", "returned": "0"},
    *({**_SPENT, "granted": text} for text in ("9" * 400, "1e9", "-5", "nan", "")),
    {**_SPENT, "returned": "6"},
    {**_SPENT, "h:x": "what"},
    {**_SPENT, "h:x": f"1 0 {10**20}"},
    {str(number): "1" for number in range(10_001)},
)
"""What is not a budget: a text, and hashes that lack a field, or hold a wrong one, or too many."""


class _Time:
    """The time by which a server is tried again: it stands but for waits.

    Args:
        waited: Called after each wait.

    Attributes:
        waits: How long each was, in seconds.
    """

    def __init__(self, waited: Callable[[], None]) -> None:
        self.waits: list[float] = []
        self._waited = waited

    def monotonic(self) -> float:
        return sum(self.waits)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._waited()


@contextmanager
def _time(waited: Callable[[], None] = lambda: None) -> Iterator[_Time]:
    time = _Time(waited)
    names = SimpleNamespace(monotonic=time.monotonic, sleep=time.sleep)
    with patch.object(servers, "time", names):
        yield time


def gone(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """Without Redis what was taken is spent; then it is tried for as long as is said, and again."""
    lot = _LOT * desk.price
    for patience, options in ((10.0, {}), (3.0, {"patience": 3}), (0.0, {"patience": 0})):
        made = RedisBudget(server.url, f"gone {patience}", 100 * lot, lot=lot, **options)
        copy = pickle.loads(pickle.dumps(made))  # noqa: S301 - it is our own
        made.close()
        with copy as budget:
            client = desk.open(desk.good, max_credits=budget)
            client.call()
            server.kill()
            with _time() as time:
                for _ in range(_LOT - 1):
                    client.call()
                yield from desk.broken("waits for what was taken", [], time.waits)
                error = client.call()
            yield from desk.played(client, _LOT)
            yield from unsent(desk, error, f"did not answer for {patience:.1f} s")
            waited = round(sum(time.waits), 6)
            yield from desk.broken("seconds in which Redis is tried", patience, waited)
            server.start()
            yield from unsent(desk, client.call(), "has lost what the budget")
            yield from desk.played(client, _LOT)
            client.close()


def back(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """A request waits for a Redis that is away, and is sent once it is there."""
    server.kill()
    waited = iter(range(100))

    def again() -> None:
        if next(waited) == 2:
            server.start()

    with _time(again) as time, RedisBudget(server.url, "back", 10 * desk.price) as budget:
        client = desk.open(desk.good, max_credits=budget)
        client.call()
        yield from desk.played(client, 1)
        yield from desk.broken("how often Redis is waited for", 3, len(time.waits))
        client.close()
    if next(waited) < 3:
        server.start()


def lost(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """A budget that is gone, another one, or older than it was, is noticed by whoever spent."""
    key, price = KEY.format("lost"), desk.price

    def older(connection: Any, dump: bytes) -> None:
        connection.restore(key, 0, dump, replace=True)

    def emptied(connection: Any, dump: bytes) -> None:
        connection.delete(key)

    def another(connection: Any, dump: bytes) -> None:
        connection.delete(key)
        with RedisBudget(server.url, "lost", _ALLOWED) as other:
            other.reserve(1)

    def overtaken(connection: Any, dump: bytes) -> None:
        older(connection, dump)
        with RedisBudget(server.url, "lost", _ALLOWED * price, lot=1) as other:
            other.reserve(price)

    losses = ((older, "before"), (overtaken, "before"), (emptied, "gone"), (another, "another one"))
    for loss, words in losses:
        with (
            server.connected() as connection,
            RedisBudget(server.url, "lost", 10 * price, lot=1) as budget,
        ):
            connection.delete(key)
            client = desk.open(desk.good, max_credits=budget)
            client.call()
            dump = connection.dump(key)
            client.call()
            loss(connection, dump)
            error = client.call()
            yield from desk.played(client, 2)
            yield from unsent(desk, error, "has lost what the budget 'lost' had spent", words)
            client.close()


def seen(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """A process notices, too, that Redis has lost what others had spent when it last asked."""
    key = KEY.format("seen")
    with (
        server.connected() as connection,
        RedisBudget(server.url, "seen", 1, lot=1) as small,
        RedisBudget(server.url, "seen", 2, lot=1) as large,
    ):
        small.reserve(1)
        dump = connection.dump(key)
        found = large.reserve(1), small.reserve(1)
        yield from desk.broken("reserved", (True, False), found)
        connection.restore(key, 0, dump, replace=True)
        client = desk.open(desk.good, max_credits=small)
        yield from unsent(desk, client.call(), "has lost what the budget 'seen' had spent")
        yield from desk.played(client, 0)
        client.close()


def damaged(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """What is not a budget is left as it is, and the error names the key."""
    key = KEY.format("odd")
    with server.connected() as connection:
        for content in _DAMAGED:
            connection.delete(key)
            if isinstance(content, str):
                connection.set(key, content)
            else:
                connection.hset(key, mapping=content)
            before = connection.dump(key)
            with RedisBudget(server.url, "odd", _ALLOWED * desk.price) as budget:
                client = desk.open(desk.good, max_credits=budget)
                error = client.call()
                yield from desk.played(client, 0)
                yield from unsent(desk, error, repr(key), "damaged", "delete the key")
                client.close()
            shown = str(content)[:40]
            yield from desk.broken(f"kept of {shown}", before, connection.dump(key))


def paused(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """While Redis does not answer, the other tasks of an event loop go on."""
    if desk.runner is None:
        return
    with RedisBudget(server.url, "paused", _ALLOWED * desk.price, lot=1) as budget:
        client = desk.open(desk.good, max_credits=budget)

        async def ticks() -> bool:
            server.pause()
            asked = asyncio.ensure_future(desk.method.on(client.client)(**desk.arguments))
            try:
                for _ in range(_TICKS):
                    await asyncio.sleep(0.001)
                return not asked.done()
            finally:
                server.resume()
                await asyncio.wait([asked])

        yield from desk.broken("other tasks go on", True, desk.runner.run(ticks()))
        yield from desk.played(client, 1)
        client.close()


def unsent(desk: Desk, error: Any, *words: str) -> Iterator[Violation]:
    """Judge what a call raises of which nothing is sent, for want of its budget.

    Args:
        desk: What was called with.
        error: What was raised.
        *words: What it must say.
    """
    yield from desk.broken("raised", "ConfigurationError", type(error).__name__)
    if any(word not in str(error) for word in words):
        yield from desk.broken("said", words, str(error))
