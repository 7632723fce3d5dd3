"""Credits: when requests leave, by rate and deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import httpx

from keyapi.conformance.drivers._scripted import Reply, ScriptedClock, envelope
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._shared import violation
from keyapi.contract import Violation

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
"""Seconds of each unit of `rate`."""
_PATIENCE = 5.0
"""Seconds of a deadline in which no interval of a rate ends."""

_SLOW = 0.02
"""Seconds before each piece of a slow body, in an event loop: its deadlines go by the real time."""
_PIECES = 20


class _SlowBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, each a second after the other by the client's clock."""

    def __init__(self, content: bytes, clock: ScriptedClock) -> None:
        size = len(content) // _PIECES + 1
        self._pieces = [content[n : n + size] for n in range(0, len(content), size)]
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._clock.time += 1.0
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            await asyncio.sleep(_SLOW)
            yield piece


def slow_bodies(desk: Desk) -> Iterator[Violation]:
    """No body is read on after the deadline, though each piece is in time; no attempt has more."""
    good = desk.good
    if len(good.content) < _PIECES:
        return
    short = 4.5 if desk.runner is None else 4.5 * _SLOW

    def slow(request: httpx.Request) -> httpx.Response:
        body = _SlowBody(good.content, client.clock)
        return httpx.Response(good.status, headers=dict(good.headers), stream=body)

    for waits in ([], [7.0]):
        limited = [envelope(429, Retry_After=f"{wait:g}") for wait in waits]
        client = desk.open(*limited, slow, deadline=sum(waits) + short)
        error = client.call()
        client.close()
        yield from desk.played(client, 1 + len(waits), waits=waits)
        yield from desk.broken("raised", "TransportError", type(error).__name__)
        if desk.runner is None:
            seconds = client.clock.time - client.requests[-1]
            yield from desk.broken("seconds", 5.0, seconds)


def deadlines(desk: Desk) -> Iterator[Violation]:
    """No request is sent again after the deadline, nor waited for; each call has its own."""
    limited = envelope(429, Retry_After="7")
    for deadline, script in ((7.0, [limited]), (7.5, [limited, desk.good])):
        client = desk.open(*script, *script, deadline=deadline)
        waits = [7.0] * (len(script) - 1)
        for calls in (1, 2):
            client.call()
            yield from desk.played(client, calls * len(script), waits=calls * waits)
        client.close()


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


def units(desk: Desk) -> Iterator[Violation]:
    """A rate names its interval in seconds, minutes, hours or days, one or several."""
    for times in (1, 3):
        for unit, seconds in _UNITS.items():
            rate = f"1/{times if times > 1 else ''}{unit}"
            client = desk.open(desk.good, rate=rate, deadline=_PATIENCE)
            client.call()
            client.clock.time += times * seconds - 0.5
            client.call()
            client.close()
            yield from desk.played(client, 2)
            yield from desk.broken(
                f"rate={rate!r}", [float(times * seconds)], _gaps(client.requests)
            )


def late_by_the_pace(desk: Desk) -> Iterator[Violation]:
    """A call whose deadline passes before the rate allows it is not sent, and costs nothing."""
    client = desk.open(desk.good, rate="1/m", deadline=_PATIENCE)
    client.call()
    error = client.call()
    client.close()
    yield from desk.played(client, 1)
    yield from desk.broken("raised", "TransportError", type(error).__name__)
    waited = sum(client.clock.waits)
    if waited > _PATIENCE:
        yield violation(desk.operation, "deadline", f"{_PATIENCE} s", f"{waited} s")


def shared_pace(desk: Desk) -> Iterator[Violation]:
    """A rate paces all that a client sends: retries, changed clients, and tasks at once.

    After a pause the whole allowance may be used at once.
    """
    client = desk.open(envelope(429), desk.good, rate="1/m")
    client.call()
    client.call(client.client.with_options(max_retries=0))
    client.close()
    yield from desk.broken("rate", [60.0, 60.0], _gaps(client.requests))
    client = desk.open(desk.good, rate="2/m")
    for pause in (0.0, 0.0, 0.0, 600.0, 0.0):
        client.clock.time += pause
        client.call()
    client.close()
    gaps = _gaps(client.requests)
    yield from desk.broken("rate, after a pause", [0.0, 60.0, 600.0, 0.0], gaps)
    if desk.runner is not None:
        client = desk.open(desk.good, rate="2/m")
        client.together(5)
        client.close()
        gaps = _gaps(client.requests)
        yield from desk.broken("rate, at once", [0.0, 60.0, 30.0, 30.0], gaps)


def exhausted_meanwhile(desk: Desk) -> Iterator[Violation]:
    """Calls that were waiting when the credits ran out are not sent, whatever they waited for."""
    exhausted = envelope(402)
    waiting: dict[str, tuple[list[Reply], dict[str, Any]]] = {
        "rate": ([desk.good, exhausted, desk.good], {"rate": "1/m"}),
        "retry": ([envelope(429), exhausted, desk.good], {}),
    }
    for name, (script, options) in waiting.items():
        client = desk.open(*script, **options)
        other = client.client.with_options(rate=None)
        if options:
            client.call()
        client.clock.meanwhile = partial(client.outcome, other)
        error = client.call()
        client.close()
        yield from desk.played(client, 2)
        yield from desk.broken(f"waiting for {name}", "InsufficientCredits", type(error).__name__)


def _gaps(times: list[float]) -> list[float]:
    return [round(later - sooner, 2) for sooner, later in pairwise(times)]
