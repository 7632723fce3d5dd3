"""Credits: what a forked child has of its own, and what it shares (`docs/async.md`)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Any

from keyapi._isolation import _renew
from keyapi.conformance.drivers import KEY
from keyapi.conformance.drivers._forks import forked, has_forks
from keyapi.conformance.drivers._loopback import Parts, answer, loopback
from keyapi.conformance.drivers._scripted import Scripted
from keyapi.conformance.relations._desk import Desk
from keyapi.contract import Violation

_PATIENCE = 20.0
"""Seconds for what another thread does: longer than on any busy machine."""


def in_children(desk: Desk) -> Iterator[Violation]:
    """A child goes on from what its parent had spent, and spends nothing of its parent's."""
    price = desk.price
    if not price or not has_forks():
        return
    client = desk.open(desk.good, max_credits=3 * price)
    client.call()
    found = forked(lambda: _spent_by_child(client, 3))
    expected = ["BudgetExceeded"], 3, 3 * price
    yield from desk.broken("of a child: raised, requests, credits", expected, found)
    yield from desk.played(client, 1)
    found = _spent(client, 3)
    yield from desk.broken("of its parent: raised, requests, credits", expected, found)
    client.close()


def _spent(client: Scripted, calls: int) -> tuple[list[str], int, int]:
    """Call so often, and tell what was raised, how many requests were sent, and what they cost."""
    results = [client.call() for _ in range(calls)]
    raised = [type(error).__name__ for error in results if isinstance(error, Exception)]
    return raised, len(client.requests), client.spent


def _spent_by_child(client: Scripted, calls: int) -> tuple[list[str], int, int]:
    """As `_spent`, in a child, which needs an event loop of its own."""
    if client._runner is not None:
        client._runner = asyncio.Runner()
    return _spent(client, calls)


def kept_in_children(desk: Desk) -> Iterator[Violation]:
    """A folder of answers is shared: each finds what the other has kept."""
    if desk.runner is not None or not has_forks():
        return
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = desk.open(desk.good, cache=folder)
        client.call()
        yield from desk.broken(
            "requests of a child", 1, forked(lambda: _spent_by_child(client, 1)[1])
        )
        client.close()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = desk.open(desk.good, cache=folder)
        yield from desk.broken(
            "requests of a child", 1, forked(lambda: _spent_by_child(client, 2)[1])
        )
        client.call()
        yield from desk.broken("requests of its parent", 0, len(client.requests))
        client.close()


def paced_in_children(desk: Desk) -> Iterator[Violation]:
    """A child has a rate of its own, whoever of its parent's threads waits for theirs."""
    if desk.runner is not None or not has_forks():
        return
    client = desk.open(desk.good, rate="1/h")
    waiting, over = threading.Event(), threading.Event()

    def wait(seconds: float) -> None:
        waiting.set()
        over.wait(_PATIENCE)
        client.clock.time += 3600

    client.clock.sleep = wait  # type: ignore[method-assign]  # where a thread waits meanwhile
    client.call()
    thread = threading.Thread(target=client.call)
    thread.start()
    waiting.wait(_PATIENCE)
    expected = 2, client.clock.time
    found = forked(lambda: (_spent_by_child(client, 1)[1], client.clock.time))
    over.set()
    thread.join(_PATIENCE)
    yield from desk.broken("requests of parent and child, and when", expected, found)
    yield from desk.played(client, 2)
    client.close()


def connected_in_children(desk: Desk) -> Iterator[Violation]:
    """A child has connections of its own, and its parent keeps the ones that it has."""
    if desk.runner is not None or not has_forks():
        return
    content = answer(desk.good.content, status=desk.good.status)
    with loopback(lambda number: Parts([content])) as server:
        client = desk.caller.client(KEY, base_url=server.url)
        call: Any = desk.method.on(client)
        expected = str(call(**desk.arguments))
        found = forked(lambda: [str(call(**desk.arguments)) for _ in range(2)])
        found = [*(found or []), str(call(**desk.arguments))]
        yield from desk.broken("results of parent and child", [expected] * 3, found)
        counts = len(server.requests), server.connections
        yield from desk.broken("requests and connections", (4, 2), counts)
        client.close()


def as_in_children(desk: Desk) -> Iterator[Violation]:
    """Also where nothing forks: a child has a pace of its own, and spends what was left."""
    client = desk.open(desk.good, rate="1/m", max_credits=2 * desk.price)
    client.call()
    _renew()
    client.call()
    yield from desk.played(client, 2, waits=[])
    error = client.call()
    expected = "BudgetExceeded" if desk.price else type(error).__name__
    yield from desk.broken("raised in a child", expected, type(error).__name__)
    client.close()
    if desk.runner is not None:
        return
    budget = _Forks()
    client = desk.open(desk.good, max_credits=budget)
    budget.call = client.call
    client.call()
    client.close()
    yield from desk.broken("a lock that is held at a fork, in the child", "free", budget.found)


class _Forks:
    """A budget during whose first question the process is forked, and another call is made.

    Attributes:
        call: Makes the call.
        found: What came of that call.
    """

    allowed, spent = 2**31, 0

    def __init__(self) -> None:
        self.call: Any = None
        self.found = "not asked"
        self._asked = 0

    def reserve(self, cost: int) -> bool:
        self._asked += 1
        if self._asked == 1:
            _renew()
            other = threading.Thread(target=self.call, daemon=True)
            other.start()
            other.join(_PATIENCE)
            self.found = "held" if other.is_alive() else "free"
        return True

    def refund(self, cost: int) -> None:
        """Nothing is counted."""
