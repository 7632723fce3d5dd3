"""Server -> spec: which settings a sandbox takes, and what it says of those that it refuses."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

from keyapi import ConfigurationError
from keyapi._client import SyncClient
from keyapi.conformance.drivers import KEY, wire
from keyapi.conformance.relations._shared import Compared, error_of
from keyapi.sandbox import Reply, Sandbox, SandboxRequest
from keyapi.sandbox._values import Chance
from keyapi.specification import Specification

_LARGE, _DIGITS = 10**9, 10**5000  # which Python writes no text of
_FAULT = "html-502"
_TAKEN: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("credits", (None, 0, 1, _LARGE)),
    ("qps", (None, 1, _LARGE)),
    ("retry_after", (None, 0, _LARGE)),
    ("seed", (0, -1, -(2**63), 2**63 - 1)),
    ("latency", (0, 0.5, 300, 300.0)),
    ("faults", ((), [_FAULT] * 100, [f"{_FAULT}@1,3-5,7-"], [f"{_FAULT}?a={'b' * 900}"])),
    ("client", (None,)),
)
_ODD: tuple[Any, ...] = (1.5, "1", True, [], float("nan"), _DIGITS, -_DIGITS)
_REFUSED: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("credits", (-1, _LARGE + 1, *_ODD)),
    ("qps", (0, -1, _LARGE + 1, *_ODD)),
    ("retry_after", (-1, _LARGE + 1, *_ODD)),
    ("seed", (None, 2**63, -(2**63) - 1, *_ODD)),
    ("latency", (None, -0.1, 300.1, float("inf"), "1", True, [], float("nan"), _DIGITS)),
)
_FAULTS = (
    ("html502", "did you mean 'html-502'"),
    ("HTML-502", "did you mean 'html-502'"),
    ("meteor", "--list-faults"),
    ("", "--list-faults"),
    ("html-502@0", "counted from 1"),
    ("html-502@5-3", "html-502@3-5"),
    ("html-502@", "missing"),
    ("html-502@1,,2", "missing"),
    ("html-502@x", "'x' is not a request number"),
    ("html-502@-2", "'-2' is not a request number"),
    ("html-502@1.5", "'1.5' is not a request number"),
    (f"html-502@{'9' * 10}", "is not a request number"),
    ("html-502@\x00", "printable"),
    (f"html-502?a={'b' * 1000}", "at most 1000 characters"),
)
"""Faults that cannot be used, and what is said of them."""
_CREDITS = 9
"""That threads share; each request costs two, and they make as many."""
_LONGEST = 1500
"""Characters of an error's text, whatever it was given."""


def settings(specification: Specification, client: type[SyncClient]) -> Compared:
    """What is in range is taken and shown; the rest is refused by name, and changes nothing."""
    document = specification.document

    def made(**options: Any) -> Sandbox | str:
        try:
            return Sandbox(**{"client": client, "key": KEY, "spec": document, **options})
        except ConfigurationError as error:
            return str(error)

    for name, values in _TAKEN:
        for value in values:
            found = made(**{name: value})
            yield f"{name}={str(value)[:60]}", Sandbox, type(found) if found else found
    for name, values in _REFUSED:
        for number, value in enumerate(values):
            found = made(**{name: value})
            shown = isinstance(found, str) and name in found and "got" in found
            yield f"{name}, value {number} of those that are out of range", True, shown or found
    for text, words in (*_FAULTS, *([([_FAULT] * 101, "At most 100 faults")])):
        found = made(faults=[text] if isinstance(text, str) else text)
        told = isinstance(found, str) and words in found and len(found) < _LONGEST
        yield f"fault {text!r:.60}", True, told or found
    found = made(client="no-such")
    yield "client='no-such'", True, isinstance(found, str) and "'no-such'" in found
    yield from _shown(specification, client)
    yield from _kept(specification, client)
    yield from _threaded(specification, client)


def _shown(specification: Specification, client: type[SyncClient]) -> Compared:
    """Attributes are what was asked for; assigning replaces them, unless that is refused."""
    sandbox = Sandbox(
        client,
        key="sk_mine",
        credits=9,
        seed=4,
        faults=[_FAULT],
        latency=2,
        control=True,
        spec=specification.document,
    )

    def shown() -> dict[str, Any]:
        names = ("key", "seed", "credits_left", "faults", "latency", "control")
        return {name: getattr(sandbox, name) for name in names}

    asked = {"key": "sk_mine", "seed": 4, "credits_left": 9, "faults": [_FAULT], "latency": 2.0}
    asked["control"] = True
    yield "attributes", asked, shown()
    yield "spec", specification.document, sandbox.spec.document
    for name, value in (("latency", 301), ("latency", None), ("faults", ["meteor"])):
        error = error_of(setattr, sandbox, name, value)
        yield f"assigning {name} {value}", ConfigurationError, type(error)
    sandbox.faults.append("meteor")
    yield "attributes after that", asked, shown()
    sandbox.faults, sandbox.latency = ["slow", "no-type@2"], 0.25
    asked |= {"faults": ["slow", "no-type@2"], "latency": 0.25}
    yield "attributes that were assigned", asked, shown()
    plain = Sandbox(client, spec=specification.document)
    usual = (plain.key, plain.seed, plain.credits_left, plain.faults, plain.latency, plain.control)
    yield "attributes of a plain sandbox", ("sk_sandbox_0000", 0, None, [], 0.0, False), usual


def _kept(specification: Specification, client: type[SyncClient]) -> Compared:
    """The ledger bounds what it keeps, and tells time since its start or reset."""
    now = [100.0]
    sandbox = Sandbox(client, key=KEY, spec=specification.document, clock=lambda: now[0])
    good = wire(specification.operations["shape_list"], {"owner": "a", "page": 1, "size": 1})
    for seconds in (1.5, 2.0):
        now[0] += seconds
        sandbox.respond(good)
    yield "times", [1.5, 3.5], [entry.time for entry in sandbox.ledger.requests]
    yield "numbers", [1, 2], [entry.number for entry in sandbox.ledger.requests]
    sandbox.reset()
    now[0] += 0.25
    sandbox.respond(good)
    yield "time after a reset", [0.25], [entry.time for entry in sandbox.ledger.requests]
    for length in (4_000, 4_001):
        path, query = "/" + "a" * (length - 1), "b" * length
        sandbox.respond(SandboxRequest("GET", path, query))
        entry = sandbox.ledger.requests[-1]
        kept = [text if len(text) <= 4_000 else text[:3_999] for text in (path, query)]
        found = [text.removesuffix("…") for text in (entry.path, entry.query)]
        yield f"a path of {length} characters", kept, found
    charges = sandbox.ledger.charges
    charges.clear()
    charges.update(dict.fromkeys(map(str, range(99_999)), 1))
    for owner in ("first", "second", "first"):
        query = good.query.replace("owner=a", f"owner={quote(owner)}")
        sandbox.respond(SandboxRequest(good.method, good.path, query, good.headers))
    counted = [n for target, n in charges.items() if "owner=" in target]
    yield "charges of 100,000 different requests", ([2], 100_000), (counted, len(charges))


def _threaded(specification: Specification, client: type[SyncClient]) -> Compared:
    """Threads share the accounts and the ids of answers: nothing is counted twice, or lost."""
    good = wire(specification.operations["shape_search"], {"keyword": "a"})

    whole = Chance.whole

    def given_way() -> float:
        time.sleep(0.001)  # another thread may go on here
        return 0.0

    def drawn(self: Chance, low: int, high: int) -> int:
        given_way()
        return whole(self, low, high)

    def sandbox() -> Sandbox:
        document = specification.document
        return Sandbox(client, key=KEY, credits=_CREDITS, spec=document, clock=given_way)

    def ids(replies: list[Reply]) -> list[str]:
        return sorted(reply.json["requestId"] for reply in replies if reply.status == 200)

    alone, shared = sandbox(), sandbox()
    expected = ids([alone.respond(good) for _ in range(_CREDITS)])
    with ThreadPoolExecutor(8) as threads, patch.object(Chance, "whole", drawn):
        found = ids([*threads.map(lambda _: shared.respond(good), range(_CREDITS))])
    yield "ids of threads' answers", expected, found
    yield "accounts of threads", alone.ledger.as_dict(), shared.ledger.as_dict()
    yield "charges of threads", dict(alone.ledger.charges), dict(shared.ledger.charges)
    numbers = sorted(entry.number for entry in shared.ledger.requests)
    yield "numbers of threads' requests", [*range(1, _CREDITS + 1)], numbers
