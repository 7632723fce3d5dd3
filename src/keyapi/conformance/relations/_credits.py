"""Credits: how often a call is sent, when, at what cost, and what it is refused for unsent.

What is expected is worded after `docs/errors.md`, `docs/options.md` and `docs/costs.md`, so that
the client's own table is not its judge.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, pairwise
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from keyapi._clients import Method
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import Caller, Inexpressible
from keyapi.conformance.drivers._scripted import Reply, Scripted, envelope
from keyapi.conformance.judge import JSON
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._failures import FAILURES, RETRY_AFTER, Failing
from keyapi.conformance.relations._shared import put, success_answer, violation
from keyapi.contract import Violation
from keyapi.specification import OperationSpec, value_at


@dataclass(frozen=True)
class Desk:
    """What scenarios are played with: an operation, and clients to call it.

    Attributes:
        operation: The operation.
        caller: Calls the client.
        arguments: Arguments of a good call.
        runner: Runs the async client; None for the sync one.
    """

    operation: OperationSpec
    caller: Caller
    arguments: dict[str, Any]
    runner: asyncio.Runner | None

    @property
    def method(self) -> Method:
        """The method that calls the operation."""
        return self.caller.methods[self.operation.name, False]

    @property
    def verb(self) -> str:
        """Its HTTP method."""
        return self.operation.method

    @property
    def price(self) -> int:
        """What one request costs, in credits."""
        return self.operation.credits

    @property
    def good(self) -> Reply:
        """A success."""
        answer = success_answer(self.operation)
        return Reply(answer.status, answer.content, answer.headers)

    def open(self, *script: Any, **options: Any) -> Scripted:
        """A client before a server that follows a script."""
        return Scripted(self.caller, self.method, self.arguments, script, self.runner, **options)

    def broken(self, rule: str, expected: object, found: object) -> Iterator[Violation]:
        """A violation where two things differ."""
        if expected != found:
            yield violation(self.operation, rule, expected, found)

    def played(
        self,
        client: Scripted,
        requests: int,
        waits: list[float] | None = None,
        *,
        unsent: int = 0,
    ) -> Iterator[Violation]:
        """Compare what came of all calls so far with what had to.

        Args:
            client: The client.
            requests: How many requests had to be sent.
            waits: How long the client had to wait before each retry, in seconds, if that is known.
            unsent: How many of them cannot have arrived, and so cost nothing.
        """
        yield from self.broken("requests", requests, len(client.requests))
        yield from self.broken("credits", (requests - unsent) * self.price, client.spent)
        if waits is not None:
            found = [round(wait, 6) for wait in client.clock.waits]
            yield from self.broken("waits", [round(wait, 6) for wait in waits], found)


Scenario = Callable[[Desk], Iterator[Violation]]


@relation("credits", short="crd", position=9)
def credits_counted(operation: OperationSpec, caller: Caller) -> Iterator[Finding]:
    """Requests are sent as often as documented, when documented, and each is counted.

    Args:
        operation: The operation, as the one who judges knows it.
        caller: The client.
    """
    if (operation.name, False) not in caller.methods:
        return  # which "client -> spec" finds
    first = next(iter(cases(operation))).arguments
    try:
        arguments = caller.arguments(operation.name, first)
    except Inexpressible:
        return  # which "client -> spec" finds, too
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
    error = client.call()
    client.close()
    retries = failing.retries(desk.verb, max_retries)
    waits = failing.waits.expected(retries, luck) if failing.waits else []
    unsent = 0 if failing.left else 1 + retries
    for broken in desk.played(client, 1 + retries, waits=waits, unsent=unsent):
        yield broken._replace(expected=f"{broken.expected} after {failing.name}")
    expected = (failing.raised, 1 + retries, failing.reply.status or None, desk.operation.name)
    names = ("attempts", "status", "operation")
    found = (type(error).__name__, *(getattr(error, name, "none") for name in names))
    yield from desk.broken(f"raised after {failing.name}", expected, found)


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


def deadlines(desk: Desk) -> Iterator[Violation]:
    """No request is sent again after the deadline, nor waited for."""
    for deadline, requests in ((7.0, 1), (7.5, 2)):
        limited = envelope(429, Retry_After="7")
        client = desk.open(limited, desk.good, deadline=deadline)
        client.call()
        client.close()
        yield from desk.played(client, requests, waits=[7.0] * (requests - 1))


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
    error = client.call()
    yield from desk.played(client, 2, waits=[1.0])
    yield from desk.broken("raised", "RateLimited", type(error).__name__)
    reason = f"not sent again: it costs {price} credits, and {2 * price} of"
    if reason not in str(error):
        yield violation(desk.operation, "raised", reason, error)
    more = client.client.with_options(max_credits=3 * price, max_retries=0)
    client.call(more)
    yield from desk.played(client, 3)
    yield from desk.broken("shared", 3 * price, more.credits_spent)
    yield from _exceeded(desk, client.call(more), 3, 3 * price)
    client.close()


def _exceeded(desk: Desk, error: Any, requests: int, allowed: int) -> Iterator[Violation]:
    names = ("asked", "spent", "allowed", "operation")
    found = (type(error).__name__, *(getattr(error, name, None) for name in names))
    price, name = desk.price, desk.operation.name
    yield from desk.broken(
        "budget", ("BudgetExceeded", price, requests * price, allowed, name), found
    )


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
    """After an exhausted quota nothing is sent for `quota_cooldown` seconds."""
    for cooldown, status in ((60.0, 402), (60.0, 200), (5.0, 402)):
        client = desk.open(envelope(402, status), desk.good, quota_cooldown=cooldown)
        client.call()
        client.clock.time += cooldown - 0.5
        error = client.call()
        yield from desk.played(client, 1)
        yield from desk.broken("raised", "InsufficientCredits", type(error).__name__)
        client.clock.time += 0.5
        client.call()
        yield from desk.played(client, 2)
        client.close()
    client = desk.open(envelope(402), desk.good, quota_cooldown=0)
    client.call()
    client.call()
    client.close()
    yield from desk.played(client, 2)


def cached(desk: Desk) -> Iterator[Violation]:
    """An answer that is kept costs nothing; a failure is never kept."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = desk.open(envelope(404), desk.good, cache=folder, max_credits=2 * desk.price)
        client.call()
        expected = client.call()
        yield from desk.played(client, 2)
        found = client.call()
        yield from desk.played(client, 2)
        yield from desk.broken("cached", str(expected), str(found))
        if hasattr(found, "from_cache"):
            counted = (expected.from_cache, found.from_cache, found.credits, found.attempts)
            yield from desk.broken("cached", (False, True, 0, 0), counted)
        for changed in list(_other_arguments(desk))[:1]:
            client.call(client.client.with_options(max_credits=None), **changed)
            yield from desk.played(client, 3)
        client.close()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = desk.open(desk.good, cache={"path": folder, "ttl": 1e-6})
        client.call()
        client.call()
        client.close()
        yield from desk.played(client, 2)


def _other_arguments(desk: Desk) -> Iterator[dict[str, Any]]:
    """Arguments of another good call."""
    base = next(iter(cases(desk.operation))).arguments
    for case in cases(desk.operation):
        if case.status == desk.operation.success_status and case.arguments != base:
            try:
                yield desk.caller.arguments(desk.operation.name, case.arguments)
            except Inexpressible:
                continue


def paced(desk: Desk) -> Iterator[Violation]:
    """No more requests leave in an interval than `rate` allows, and no fewer than it does."""
    for limit, seconds in ((2, 1), (3, 4)):
        client = desk.open(desk.good, rate=f"{limit}/{seconds}s")
        calls = 3 * limit
        for _ in range(calls):
            client.call()
        client.close()
        yield from desk.played(client, calls)
        times = client.requests
        if len(times) < calls:
            continue  # which is found already; there is no pace to judge
        least = min(
            (later - sooner for sooner, later in zip(times, times[limit:], strict=False)), default=0
        )
        if least < seconds - 0.002:
            yield violation(desk.operation, "rate", f"{limit} requests in {seconds} s", least)
        if times[-1] - times[0] > seconds * calls / limit or times[limit - 1] != times[0]:
            found = [round(time - times[0], 3) for time in times]
            yield violation(desk.operation, "rate", f"{limit} at once, then evenly", found)
        gaps = {round(later - sooner, 2) for sooner, later in pairwise(times[limit:])}
        yield from desk.broken("rate", {round(seconds / limit, 2)}, gaps)


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
    operation, paging = desk.operation, desk.operation.paging
    body = json.loads(desk.good.content)
    row = (value_at(body, operation.items or ()) or [{}])[0]
    rows = [{**row, "n": number * size + position} for position in range(size)]
    put(body, operation.items or (), rows)
    if paging is not None and paging.more:
        put(body, paging.more, True)
    if paging is not None and paging.next:
        cursor = number + 1
        takes_list = operation.arguments[paging.position].schema.get("type") == "array"
        put(body, paging.next, [cursor] if takes_list else cursor)
    return httpx.Response(200, headers=dict(JSON), content=json.dumps(body).encode())


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__.replace("_", " "): scenario
    for scenario in (
        failures,
        long_waits,
        recoveries,
        mixed,
        retry_after,
        deadlines,
        budgets,
        unsent,
        quota,
        cached,
        paced,
        walks,
    )
}
"""What is played, by name."""
