"""Credits: how processes that share a budget through Redis spend it (`docs/costs.md`)."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import httpx

from keyapi import RedisBudget
from keyapi.conformance.drivers._redis import RedisProcess
from keyapi.conformance.drivers._scripted import Reply
from keyapi.conformance.relations._desk import Desk
from keyapi.contract import Violation

KEY = "keyapi:budget:{}"
"""Where Redis has a budget, by its name."""
_PLENTY = 1000
_LOTS: tuple[tuple[dict[str, Any], int], ...] = (({}, 20), ({"lot": 3}, 3), ({"lot": 1}, 1))
"""Options of a budget, and how many credits are taken at a time then."""
_DAY = 86_400.0
_SOON = 60.0
"""Seconds that tests have on a busy machine."""


def taken(server: RedisProcess, name: str) -> int:
    """What all processes have taken of a budget, in credits, as another one is told."""
    with RedisBudget(server.url, name, _PLENTY) as other:
        return other.spent


def shared_by_name(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """Clients with budgets of one name spend the same credits, exactly; another name has others."""
    price = desk.price
    allowed = 6 * price - 1 if price > 1 else 5
    with (
        RedisBudget(server.url, "one", allowed, lot=1) as first,
        RedisBudget(server.url, "one", allowed, lot=1) as second,
        RedisBudget(server.url, "two", allowed, lot=1) as apart,
    ):
        clients = [desk.open(desk.good, max_credits=budget) for budget in (first, second)]
        errors = [clients[number % 2].call() for number in range(8)]
        requests = sum(len(client.requests) for client in clients)
        yield from desk.broken("requests on one budget", 5, requests)
        names = ("asked", "spent", "allowed", "operation")
        for error in errors[5:]:
            found = type(error).__name__, *(getattr(error, name, None) for name in names)
            expected = "BudgetExceeded", price, 5 * price, allowed, desk.operation.name
            yield from desk.broken("budget", expected, found)
        yield from desk.broken("spent of another", 0, apart.spent)
        other = desk.open(desk.good, max_credits=apart)
        other.call()
        yield from desk.played(other, 1)
        for client in (*clients, other):
            client.close()
    with server.connected() as connection:
        fields = [connection.hlen(KEY.format(name)) for name in ("one", "two")]
    yield from desk.broken("fields of what two processes had", fields[1], fields[0])


def in_lots(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """Credits come in lots, one question each; what is left goes back when the budget is closed."""
    for options, lot in _LOTS:
        name = f"in lots of {lot}"
        with RedisBudget(server.url, name, _PLENTY, **options) as budget:
            budget.reserve(1)
            found = taken(server, name), budget.spent
            yield from desk.broken(f"taken and spent, lots of {lot}", (lot, 1), found)
            before = server.asked()
            rest = [budget.reserve(1) for _ in range(2 * lot)]
            yield from desk.broken("reserved", [True] * (2 * lot), rest)
            yield from desk.broken(f"asked of Redis, lots of {lot}", 2, server.asked() - before)
            budget.refund(2)
            yield from desk.broken("spent", 2 * lot - 1, budget.spent)
        found = taken(server, name), budget.spent
        yield from desk.broken("taken by a budget that is closed", (2 * lot - 1,) * 2, found)
    before = server.asked()
    RedisBudget(server.url, "unused", _PLENTY).close()
    yield from desk.broken("asked for a budget that is not used", 0, server.asked() - before)
    with (
        RedisBudget(server.url, "the last lots", 41) as first,
        RedisBudget(server.url, "the last lots", 41) as second,
    ):
        for reserved in range(41):
            if not (first, second)[reserved % 2].reserve(1):
                (second, first)[reserved % 2].reserve(1)
        left = first.reserve(1), second.reserve(1)
        yield from desk.broken("the last lots", (41, False, False), (first.spent, *left))


def refunded(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """A request that never left gives back what it cost."""
    with RedisBudget(server.url, "refunded", 2 * desk.price, lot=1) as budget:
        unsent = Reply(error=httpx.ConnectError)
        client = desk.open(unsent, desk.good, max_credits=budget, max_retries=1)
        client.call()
        yield from desk.played(client, 2, unsent=1)
        yield from desk.broken("budget spent", desk.price, budget.spent)
        client.close()


def by_number(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """Each keeps to the number that it was given; a larger one goes on."""
    with (
        RedisBudget(server.url, "by number", 10) as small,
        RedisBudget(server.url, "by number", 20) as large,
    ):
        steps = (
            *((large, True),) * 10,
            (small, False),
            *((large, True),) * 10,
            (large, False),
        )
        found = [budget.reserve(1) for budget, _ in steps]
        yield from desk.broken("reserved", [reserved for _, reserved in steps], found)
        counts = (small.allowed, large.allowed, large.spent)
        yield from desk.broken("allowed, allowed and spent", (10, 20, 20), counts)
        large.refund(1)
        small.refund(0)
        found = [small.reserve(1), large.reserve(1)]
        yield from desk.broken("reserved of a refund", [False, True], found)


def remembered(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """Redis remembers for ever, or as long as it is told; a key that is deleted is forgotten."""
    key = KEY.format("remembered")
    with server.connected() as connection:
        for expires in (_DAY, 120.0, None):
            with RedisBudget(server.url, "remembered", _PLENTY, expires=expires) as budget:
                budget.reserve(1)
                held = connection.pttl(key)
            for left in (held, connection.pttl(key)):
                seconds = left / 1000
                kept = left == -1 if expires is None else expires - _SOON < seconds <= expires
                found = "as asked" if kept else f"{seconds} s"
                yield from desk.broken(f"remembered, expires={expires}", "as asked", found)
        yield from desk.broken("spent", 3, taken(server, "remembered"))
        connection.delete(key)
        yield from desk.broken("spent of a key that is deleted", 0, taken(server, "remembered"))


def copied(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """A budget of a URL can be pickled: the copy has its name, number, lot and time."""
    name = "copied"
    made = RedisBudget(server.url, name, _PLENTY, lot=3, expires=_DAY)
    with made, pickle.loads(pickle.dumps(made)) as copy:  # noqa: S301 - it is our own
        yield from desk.broken("copy", [repr(made), name], [repr(copy), copy.name])
        yield from desk.broken("repr", f"<RedisBudget {name!r}: 1,000 credits>", repr(made))
        copy.reserve(1)
        yield from desk.broken("taken by a copy", 3, taken(server, name))
        copy.reserve(1)
        made.reserve(1)
        with server.connected() as connection:
            seconds = connection.ttl(KEY.format(name))
        found = "as asked" if _DAY - _SOON < seconds <= _DAY else f"{seconds} s"
        yield from desk.broken("remembered of a copy", "as asked", found)
    yield from desk.broken("taken", 3, taken(server, name))


def by_own_client(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """A `redis.Redis` of the program's own serves, stays open, and cannot be pickled."""
    from redis import Redis

    for decodes in (False, True):
        name = f"own client {decodes}"
        with Redis(port=server.port, socket_timeout=5, decode_responses=decodes) as own:
            with RedisBudget(own, name, _PLENTY) as budget:
                client = desk.open(desk.good, max_credits=budget)
                client.call()
                yield from desk.played(client, 1)
                client.close()
                try:
                    pickled = str(pickle.dumps(budget))
                except TypeError:
                    pickled = "TypeError"
                yield from desk.broken("pickle of a budget", "TypeError", pickled)
                with patch.object(own, "close") as closed:
                    budget.close()
            yield from desk.broken("own client", (True, 0), (own.ping(), closed.call_count))
        yield from desk.broken("taken", desk.price, taken(server, name))
