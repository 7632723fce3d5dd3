"""Credits: how often a call is sent, when, at what cost, and what it is refused for unsent.

What is expected is worded after `docs/errors.md`, `docs/options.md` and `docs/costs.md`, so that
the client's own table is not its judge.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx

from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import Caller, Inexpressible
from keyapi.conformance.drivers._scripted import envelope
from keyapi.conformance.judge import JSON
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._credits import forking, keeping_trouble, shared_rates
from keyapi.conformance.relations._credits.budgets import budgets, shared_budgets
from keyapi.conformance.relations._credits.failures import FAILURES, RETRY_AFTER, Failing
from keyapi.conformance.relations._credits.keeping import (
    cached,
    kept_by_server,
    kept_for,
    kept_for_others,
    low_level,
    never_the_key,
)
from keyapi.conformance.relations._credits.limiters import (
    failing_limiters,
    limiters,
    unlimited_redis,
)
from keyapi.conformance.relations._credits.logging import hostile_words, logged
from keyapi.conformance.relations._credits.made import (
    found_once,
    functions,
    remade,
    sizes,
    uncopied,
    unfit,
)
from keyapi.conformance.relations._credits.pacing import (
    deadlines,
    exhausted_meanwhile,
    late_by_the_pace,
    paced,
    shared_pace,
    slow_bodies,
    units,
)
from keyapi.conformance.relations._credits.packing import packed
from keyapi.conformance.relations._credits.statuses import statuses
from keyapi.conformance.relations._desk import Desk, Scenario
from keyapi.conformance.relations._shared import (
    good_arguments,
    put,
    put_cursor,
    put_more,
    violation,
)
from keyapi.contract import Violation
from keyapi.specification import OperationSpec, value_at

_COOLDOWN = 60.0
"""Seconds for which nothing is sent after an exhausted quota, unless another time is asked for."""


@relation("credits", short="crd", position=9)
def credits_counted(operation: OperationSpec, caller: Caller) -> Iterator[Finding]:
    """Requests are sent as often as documented, when documented, and each is counted.

    Args:
        operation: The operation, as the one who judges knows it.
        caller: The client.
    """
    arguments = good_arguments(operation, caller)
    if arguments is None:
        return
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        for name, scenario in SCENARIOS.items():
            for way, chosen in (("sync", None), ("async", runner)):
                for broken in scenario(Desk(operation, caller, arguments, chosen)):
                    yield Finding("credits", f"{name}, {way}", broken)


def failures(desk: Desk) -> Iterator[Violation]:
    """Each failure, again and again: how often it is sent, and what is raised."""
    for failing in FAILURES:
        for max_retries in (0, 3) if failing.waits else (3,):
            yield from _failed(desk, failing, max_retries)


def _failed(
    desk: Desk, failing: Failing, max_retries: int, luck: float = 0.0
) -> Iterator[Violation]:
    client = desk.open(failing.reply, max_retries=max_retries, luck=luck)
    retries = failing.retries(desk.verb, max_retries)
    waits = failing.waits.expected(retries, luck) if failing.waits else []
    expected = (failing.raised, 1 + retries, failing.reply.status or None, desk.operation.name)
    names = ("attempts", "status", "operation")
    for calls in (1, 2):  # what a client remembers of one call changes nothing in the next
        error = client.call()
        requests = calls * (1 + retries)
        unsent = 0 if failing.left else requests
        for broken in desk.played(client, requests, waits=calls * waits, unsent=unsent):
            yield broken._replace(expected=f"{broken.expected} after {failing.name}")
        found = (type(error).__name__, *(getattr(error, name, "none") for name in names))
        yield from desk.broken(f"raised after {failing.name}", expected, found)
        if retries and f"{1 + retries} attempts" not in str(error):
            yield violation(desk.operation, "raised", f"{1 + retries} attempts", error)
        client.clock.time += _COOLDOWN
    client.close()


def long_waits(desk: Desk) -> Iterator[Violation]:
    """Waits double up to the longest, and chance adds a share."""
    for name, max_retries, luck in (("429", 8, 0.0), ("503", 8, 1.0), ("429", 2, 1.0)):
        failing = next(one for one in FAILURES if one.name == name)
        yield from _failed(desk, failing, max_retries, luck)
    yield from _failed(desk, next(one for one in FAILURES if one.name == "500"), 3, 1.0)


def recoveries(desk: Desk) -> Iterator[Violation]:
    """A failure, then a success: the same as without the failure, and its requests counted."""
    plain = desk.open(desk.good)
    expected = plain.call()
    plain.close()
    yield from desk.played(plain, 1, waits=[])
    for failing in FAILURES:
        if not failing.retries(desk.verb, 1):
            continue
        client = desk.open(failing.reply, desk.good)
        found = client.call()
        client.close()
        charged = 2 if failing.left else 1
        yield from desk.played(client, 2, unsent=2 - charged)
        yield from desk.broken(f"result after {failing.name}", str(expected), str(found))
        if hasattr(found, "attempts"):
            counted = found.attempts, getattr(found, "credits", charged * desk.price)
            yield from desk.broken("attempts", (2, charged * desk.price), counted)


def mixed(desk: Desk) -> Iterator[Violation]:
    """`max_retries` is for the whole call, and "once" for one kind of failure."""
    retried = desk.verb != "POST"
    client = desk.open(envelope(500), envelope(503), envelope(500), desk.good)
    client.call()
    client.close()
    yield from desk.played(client, 3 if retried else 1, waits=[2.0, 1.0] if retried else [])
    client = desk.open(envelope(429), envelope(503), envelope(429), desk.good, max_retries=2)
    error = client.call()
    client.close()
    yield from desk.played(client, 3, waits=[1.0, 1.0])
    yield from desk.broken("raised", "RateLimited", type(error).__name__)


def retry_after(desk: Desk) -> Iterator[Violation]:
    """`Retry-After` is obeyed up to a minute; beyond it the error is raised, and says so."""
    for text, date, wait in RETRY_AFTER:
        headers = {"Retry_After": text, **({"Date": date} if date else {})}
        for status in (429, 200):
            client = desk.open(envelope(429, status, **headers), desk.good)
            found = client.call()
            client.close()
            if wait is not None:
                yield from desk.played(client, 2, waits=[wait])
                continue
            yield from desk.played(client, 1, waits=[])
            told = type(found).__name__, getattr(found, "retry_after", None)
            yield from desk.broken("raised", ("RateLimited", float(text)), told)
            if f" {text} seconds" not in str(found):
                yield violation(desk.operation, "raised", f"{text} seconds", found)
    client = desk.open(envelope(503, Retry_After="7"), desk.good)
    client.call()
    client.close()
    yield from desk.played(client, 2, waits=[0.5])


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


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__.replace("_", " "): scenario
    for scenario in (
        failures,
        statuses,
        long_waits,
        recoveries,
        mixed,
        retry_after,
        deadlines,
        slow_bodies,
        late_by_the_pace,
        budgets,
        shared_budgets,
        unsent,
        closed,
        quota,
        cached,
        kept_by_server,
        kept_for,
        low_level,
        kept_for_others,
        never_the_key,
        keeping_trouble.damaged,
        keeping_trouble.of_the_future,
        keeping_trouble.too_large,
        keeping_trouble.no_folder,
        shared_rates.shared_rates,
        shared_rates.asked_less_often,
        shared_rates.without_answer,
        forking.as_in_children,
        forking.in_children,
        forking.kept_in_children,
        forking.paced_in_children,
        forking.connected_in_children,
        paced,
        units,
        shared_pace,
        exhausted_meanwhile,
        limiters,
        failing_limiters,
        unlimited_redis,
        remade,
        found_once,
        uncopied,
        unfit,
        functions,
        sizes,
        packed,
        logged,
        hostile_words,
        walks,
    )
}
"""What is played, by name."""
