"""Credits: what `max_credits` lets through, as a number and as a budget that clients share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import httpx

from keyapi.conformance.drivers._scripted import Reply, envelope
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._shared import violation
from keyapi.contract import Violation

_HASTE = 0.01
"""Seconds of a deadline that passes while a budget is not ready."""
_AGES = 1.0
"""Seconds that such a budget takes."""


class _Shared:
    """A budget that several clients share, and what it was asked.

    Args:
        allowed: What may be spent in all, in credits.

    Attributes:
        spent: What is reserved, in credits.
        asked: What it was asked, in order.
    """

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.spent = 0
        self.asked: list[str] = []

    def reserve(self, cost: int) -> bool:
        self.asked.append(f"reserve {cost}")
        is_left = self.spent + cost <= self.allowed
        self.spent += cost if is_left else 0
        return is_left

    def refund(self, cost: int) -> None:
        self.asked.append(f"refund {cost}")
        self.spent -= cost


class _Slow(_Shared):
    """A budget that async clients wait for.

    Args:
        allowed: As of `_Shared`.
        seconds: How long it takes to be ready.

    Attributes:
        meanwhile: What happens until it is ready the next time.
    """

    def __init__(self, allowed: int, seconds: float = 0.0) -> None:
        super().__init__(allowed)
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None
        self._seconds = seconds

    async def ready(self, cost: int) -> None:
        self.asked.append(f"ready {cost}")
        await asyncio.sleep(self._seconds)
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            await happens()


def budgets(desk: Desk) -> Iterator[Violation]:
    """The request that would exceed `max_credits` is not sent; clients share what is spent."""
    price = desk.price
    if not price:
        return
    for allowed, calls, requests in ((price, 2, 1), (price - 1, 1, 0), (3 * price - 1, 4, 2)):
        client = desk.open(desk.good, max_credits=allowed)
        error = [client.call() for _ in range(calls)][-1]
        yield from desk.played(client, requests)
        yield from _exceeded(desk, error, requests, allowed)
        client.close()
    client = desk.open(envelope(429), max_credits=2 * price)
    yield from _spent_on_retries(desk, client, client.call())
    more = client.client.with_options(max_credits=3 * price, max_retries=0)
    client.call(more)
    yield from desk.played(client, 3)
    yield from desk.broken("shared", 3 * price, more.credits_spent)
    yield from _exceeded(desk, client.call(more), 3, 3 * price)
    client.close()


def shared_budgets(desk: Desk) -> Iterator[Violation]:
    """A `Budget` is asked before each request, and gets back what never left.

    Async clients wait until it is ready; clients that share nothing else share what it has left.
    """
    price = desk.price
    if not price:
        return
    ready = [] if desk.runner is None else [f"ready {price}"]
    refunded = [*ready, f"reserve {price}", f"refund {price}"]
    for options in ({}, {"rate": "100/s"}):
        budget = _Slow(3 * price)
        unsent = Reply(error=httpx.ConnectError)
        client = desk.open(unsent, envelope(503), desk.good, max_credits=budget, **options)
        client.call()
        client.close()
        yield from desk.played(client, 3, unsent=1)
        expected = [*refunded, *2 * [*ready, f"reserve {price}"]]
        yield from desk.broken("budget asked", expected, budget.asked)
        yield from desk.broken("budget spent", 2 * price, budget.spent)
    shared = _Shared(2 * price)
    first, second = (desk.open(desk.good, max_credits=shared) for _ in range(2))
    first.call()
    second.call()
    for client in (first, second):
        yield from _exceeded(desk, client.call(), 2, 2 * price)
        yield from desk.played(client, 1)
        client.close()
    client = desk.open(envelope(429), max_credits=_Shared(2 * price))
    yield from _spent_on_retries(desk, client, client.call())
    client.close()
    if desk.runner is not None:
        budget = _Slow(price, _AGES)
        client = desk.open(desk.good, max_credits=budget, deadline=_HASTE)
        error = client.call()
        client.close()
        yield from desk.played(client, 0)
        found = (type(error).__name__, budget.spent)
        yield from desk.broken("budget not ready", ("TransportError", 0), found)
        for options in ({}, {"rate": "100/s"}):
            budget = _Slow(3 * price)
            client = desk.open(envelope(402), desk.good, max_credits=budget, **options)
            budget.meanwhile = partial(client.outcome, client.client.with_options(rate=None))
            error = client.call()
            client.close()
            yield from desk.played(client, 1)
            found = (type(error).__name__, budget.spent)
            yield from desk.broken("waiting for the budget", ("InsufficientCredits", price), found)


def _spent_on_retries(desk: Desk, client: Any, error: Any) -> Iterator[Violation]:
    """Without credits for another attempt, the last failure is raised and says why."""
    price = desk.price
    yield from desk.played(client, 2, waits=[1.0])
    yield from desk.broken("raised", "RateLimited", type(error).__name__)
    reason = f"not sent again: it costs {price} credits, and {2 * price} of"
    if reason not in str(error):
        yield violation(desk.operation, "raised", reason, error)


def _exceeded(desk: Desk, error: Any, requests: int, allowed: int) -> Iterator[Violation]:
    names = ("asked", "spent", "allowed", "operation")
    found = (type(error).__name__, *(getattr(error, name, None) for name in names))
    price, name = desk.price, desk.operation.name
    yield from desk.broken(
        "budget", ("BudgetExceeded", price, requests * price, allowed, name), found
    )
    stand = f"it costs {price} credits, and {requests * price} of max_credits={allowed} are spent"
    if stand not in str(error):
        yield violation(desk.operation, "budget", stand, error)
