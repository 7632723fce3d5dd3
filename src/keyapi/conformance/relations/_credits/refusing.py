"""Credits: what is refused unsent, by bad arguments, closed clients, spent quotas and budgets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx

from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import Inexpressible
from keyapi.conformance.drivers._scripted import envelope
from keyapi.conformance.judge import JSON
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._shared import (
    put,
    put_cursor,
    put_more,
)
from keyapi.contract import Violation
from keyapi.specification import value_at


def unsent(desk: Desk) -> Iterator[Violation]:
    """What the client itself refuses costs nothing."""
    for changed in _bad_arguments(desk):
        client = desk.open(desk.good, max_credits=10 * desk.price)
        error = client.call(**changed)
        client.close()
        yield from desk.played(client, 0, waits=[])
        yield from desk.broken("raised", "BadRequest", type(error).__name__)
    client = desk.open(desk.good)
    client.close()
    error = client.call()
    yield from desk.played(client, 0, waits=[])
    yield from desk.broken("raised", "ConfigurationError", type(error).__name__)


def closed(desk: Desk) -> Iterator[Violation]:
    """After its `with` block, however that ended, a client sends nothing; the error is its own."""
    for error in (None, KeyError("of the program")):
        client = desk.open(desk.good)
        yield from desk.broken("raised by with", error, client.within(error))
        found = client.call()
        yield from desk.played(client, 0)
        yield from desk.broken("raised", "ConfigurationError", type(found).__name__)


def _bad_arguments(desk: Desk) -> Iterator[dict[str, Any]]:
    """Arguments that no request can carry, each with the name that Python has for it."""
    python = {wire_name: name for name, wire_name in desk.method.wire.items()}
    operation, paging = desk.operation, desk.operation.paging
    if paging is not None and paging.size and paging.size in python and paging.largest:
        yield {python[paging.size]: 0}
        yield {python[paging.size]: paging.largest + 1}
    for argument in operation.arguments.values():
        if argument.place == "path" and argument.name in python:
            yield {python[argument.name]: ""}
            yield {python[argument.name]: ".."}


def quota(desk: Desk) -> Iterator[Violation]:
    """After an exhausted quota nothing is sent for `quota_cooldown` seconds, every time."""
    for cooldown, status in ((60.0, 402), (60.0, 200), (5.0, 402)):
        exhausted = envelope(402, status)
        script = (exhausted, desk.good, exhausted, exhausted, desk.good)
        client = desk.open(*script, quota_cooldown=cooldown)
        for requests, step in enumerate(script, start=1):
            client.call()
            yield from desk.played(client, requests)
            if step is exhausted:
                client.clock.time += cooldown - 0.5
                error = client.call()
                yield from desk.played(client, requests)
                yield from desk.broken("raised", "InsufficientCredits", type(error).__name__)
                client.clock.time += 0.5
        client.close()
    client = desk.open(envelope(402), desk.good, quota_cooldown=0)
    client.call()
    client.call()
    client.close()
    yield from desk.played(client, 2)


def walks(desk: Desk) -> Iterator[Violation]:
    """A walk whose budget ends in the middle gives its rows, and then raises."""
    paging = desk.operation.paging
    method = desk.caller.methods.get((desk.operation.name, True))
    if paging is None or method is None or not desk.price:
        return
    base = next(iter(cases(desk.operation))).arguments
    size = int(base.get(paging.size or "") or 1)
    chosen = {name: value for name, value in base.items() if name != paging.position}
    try:
        arguments = desk.caller.arguments(desk.operation.name, chosen, walk=True)
    except Inexpressible:
        return  # which "client -> spec" finds
    numbers = count()
    client = desk.open(lambda _: _full_page(desk, size, next(numbers)), max_credits=2 * desk.price)
    walked = client.walk(method, **arguments)
    client.close()
    yield from desk.played(client, 2)
    yield from desk.broken("rows", 2 * size, walked.rows)
    found = (type(walked.error).__name__, getattr(walked.error, "rows_yielded", None))
    yield from desk.broken("walk", ("BudgetExceeded", 2 * size), found)


def _full_page(desk: Desk, size: int, number: int) -> httpx.Response:
    """A page that says that more follow, with rows that no other page has."""
    operation = desk.operation
    body = json.loads(desk.good.content)
    row = (value_at(body, operation.items or ()) or [{}])[0]
    rows = [{**row, "n": number * size + position} for position in range(size)]
    put(body, operation.items or (), rows)
    put_more(operation, body, more=True)
    put_cursor(operation, body, number + 1)
    return httpx.Response(200, headers=dict(JSON), content=json.dumps(body).encode())
