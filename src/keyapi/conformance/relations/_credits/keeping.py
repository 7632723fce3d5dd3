"""Credits: which answers are kept, for how long, and what they cost then."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, Inexpressible, LowLevel
from keyapi.conformance.drivers._scripted import envelope
from keyapi.conformance.relations._desk import Desk
from keyapi.contract import Violation

_DAY = 86_400
"""Seconds that an answer is kept unless another time is asked for."""
_BRIEF = 1000
"""Seconds that another client uses it."""
_SOON = 60
"""Seconds before and after that, which tests have on a busy machine."""
_SERVERS = (
    "https://localhost",
    "http://localhost",
    "https://one.example",
    "https://localhost:8443",
    "https://localhost/v2",
)
"""Servers that differ from the first in one thing each: scheme, host, port and path."""


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


def kept_by_server(desk: Desk) -> Iterator[Violation]:
    """What one server answered is not used for another, whatever of its URL differs."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = desk.open(desk.good, cache=folder)
        servers = [client.client.with_options(base_url=url) for url in _SERVERS]
        asked = [*range(1, len(servers) + 1), *[len(servers)] * len(servers)]
        for requests, used in zip(asked, servers * 2, strict=True):  # later, each finds its own
            client.call(used)
            yield from desk.broken("requests", requests, len(client.requests))
        client.close()


def never_the_key(desk: Desk) -> Iterator[Violation]:
    """An answer that repeats the key is not kept: no file of the folder has it."""
    body, texts = _good_body(desk)
    if not texts:
        return
    told = desk.good._replace(content=json.dumps({**body, texts[-1]: f"of {KEY}"}).encode())
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = desk.open(told, told, desk.good, cache=folder)
        for requests in (1, 2, 3, 3):
            client.call()
            yield from desk.played(client, requests)
        client.close()
        kept = [path.name for path in Path(folder).iterdir() if KEY.encode() in path.read_bytes()]
        yield from desk.broken("files with the key", [], kept)


def _good_body(desk: Desk) -> tuple[dict[str, Any], list[str]]:
    """The body of a good answer, and which of its fields are texts."""
    body = dict(json.loads(desk.good.content or b"{}"))
    return body, [name for name, value in body.items() if isinstance(value, str)]


def _other_arguments(desk: Desk) -> Iterator[dict[str, Any]]:
    """Arguments of another good call."""
    base = next(iter(cases(desk.operation))).arguments
    for case in cases(desk.operation):
        if case.status == desk.operation.success_status and case.arguments != base:
            try:
                yield desk.caller.arguments(desk.operation.name, case.arguments)
            except Inexpressible:
                continue


def kept_for(desk: Desk) -> Iterator[Violation]:
    """An answer is used for a day, or for as long as is asked for, whoever kept it."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = desk.open(desk.good, cache=folder)
        hasty = client.client.with_options(cache={"path": folder, "ttl": _BRIEF})
        client.call()
        for used, seconds, requests in (
            (hasty, _BRIEF - _SOON, 1),
            (client.client, _DAY - _SOON, 1),
            (hasty, _BRIEF + _SOON, 2),
        ):
            with patch.object(time, "time", return_value=time.time() + seconds):
                client.call(used)
            yield from desk.played(client, requests)
        client.close()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = desk.open(desk.good, cache=folder)
        client.call()
        with patch.object(time, "time", return_value=time.time() + _DAY + _SOON):
            client.call()
        yield from desk.played(client, 2)
        client.close()


def low_level(desk: Desk) -> Iterator[Violation]:
    """What a low-level function could read is kept, too, and shared with the method."""
    arguments = next(iter(cases(desk.operation))).arguments
    try:
        functions = LowLevel(desk.operation, desk.caller)
    except ImportError:
        return  # which "client -> spec" finds
    name = "sync_detailed" if desk.runner is None else "asyncio_detailed"
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = desk.open(envelope(404), desk.good, cache=folder)

        def call() -> Any:
            return desk.settled(functions.on(client.client, name, arguments))

        for requests in (1, 2, 2):
            call()
            yield from desk.played(client, requests)
        others = desk.operation.arguments.keys() - arguments.keys()
        if not any("default" in desk.operation.arguments[name].schema for name in others):
            client.call()  # else the function alone sends what is documented as a default
            yield from desk.played(client, 2)
        client.close()


def kept_for_others(desk: Desk) -> Iterator[Violation]:
    """What was kept by a client that asks for less is requested again by one that asks for more."""
    broken, texts = _good_body(desk)
    if not texts:
        return
    broken[texts[0]] = [7]
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = desk.open(
            desk.good._replace(content=json.dumps(broken).encode()), desk.good, cache=folder
        )
        plain = client.call()
        strict = client.client.with_options(contract="raise")
        if isinstance(plain, Exception):
            client.close()
            return
        client.call(strict)
        yield from desk.played(client, 2)
        client.close()
