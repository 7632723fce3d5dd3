"""Credits: which failures are sent again, how often, after which waits, and what is raised.

What is expected is worded after `docs/errors.md`, so that the client's own table is not its judge.
"""

from __future__ import annotations

from collections.abc import Iterator

from keyapi.conformance.drivers._scripted import envelope
from keyapi.conformance.relations._credits.failures import FAILURES, RETRY_AFTER, Failing
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._shared import (
    violation,
)
from keyapi.contract import Violation

_COOLDOWN = 60.0
"""Seconds for which nothing is sent after an exhausted quota, unless another time is asked for."""


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
