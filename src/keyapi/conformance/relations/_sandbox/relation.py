"""Server -> spec: the sandbox does what each of its options says, and accounts for it.

A sandbox that is told to run out, to slow down or to fail is what users test their programs with.
What it answers when it is told nothing is looked at as of any server.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from keyapi._client import SyncClient
from keyapi._openapi import METHODS
from keyapi.conformance.cases import cases
from keyapi.conformance.cases import good as is_good
from keyapi.conformance.drivers import wire
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._sandbox.clients import clients
from keyapi.conformance.relations._sandbox.control import control
from keyapi.conformance.relations._sandbox.data import DATA, without_id
from keyapi.conformance.relations._sandbox.delivery import by_asgi, delivery, leaving
from keyapi.conformance.relations._sandbox.options import OPTIONS, Sandboxes
from keyapi.conformance.relations._shared import Compared, unequal
from keyapi.contract import Contract
from keyapi.sandbox import FAULTS, Reply, Sandbox
from keyapi.sandbox._catalogue import Catalogue
from keyapi.specification import OperationSpec, Specification, value_at

_SCHEDULES = {
    "@2": [False, True, False],
    "@2-": [False, True, True],
    "@1-2": [True, True, False],
    "@1,3-4": [True, False, True, True, False],
    "": [True, True],
}
"""Which requests get a fault, by how it is scheduled."""
_TURNS = (0, 1, 0, 1, 1, 0)
"""Requests that a fault with arguments concerns (1), and others."""
_CONCERNED = {
    "": [False, True, False, True, True, False],
    "@2": [False, False, False, True, False, False],
    "@2-": [False, False, False, True, True, False],
}
"""Which of them get the fault, by how it is scheduled."""
_TEXTS = (
    *("007", "7.0", "1e3", "+7", "-7", "18446744073709551617", "null"),
    *("a b", "é漢😀", "A", "a,b", "%20", "long " * 100),
)
"""Texts that are something else to a server that is not careful."""
_STATUS, _SECONDS = re.compile(r"\bHTTP (\d{3})\b"), re.compile(r"Retry-After: (\d+)")
"""What the description of a fault says of its answer."""
_FREE = frozenset({"type", "minLength", "description", "example", "title"})
_FEW = 3
"""Rows of a list in which a text is looked for."""
_OTHERS = 3
"""Cases besides the first that are asked and paid for."""
_KEPT = 10_000
"""Requests that the ledger lists: the latest."""
_FAILS, _FAILED = "html-502", 502


@relation("server -> spec", short="s>s", position=3)
def sandbox_as_documented(
    specification: Specification, operation: OperationSpec, client: type[SyncClient]
) -> Iterator[Finding]:
    """A sandbox obeys its options, and its ledger says what was asked, answered and charged.

    Args:
        specification: What it serves.
        operation: The operation that it is asked.
        client: The client class whose API it serves.
    """
    sandboxes = Sandboxes(specification, operation, client)
    for look in (
        *OPTIONS,
        *DATA,
        delivery,
        leaving,
        control,
        clients,
        _schedules,
        _concerned,
        _charges,
        _ledger,
        _texts,
    ):
        for broken in unequal(operation, look(sandboxes)):
            yield Finding("server -> spec", f"sandbox: {look.__name__.strip('_')}", broken)


def _schedules(sandboxes: Sandboxes) -> Compared:
    """A fault is served to the requests that it is scheduled for, and to no other."""
    for when, expected in _SCHEDULES.items():
        sandbox = sandboxes.open(faults=[f"{_FAILS}{when}"])
        statuses = [reply.status for reply in sandboxes.ask(sandbox, len(expected))]
        yield f"fault {when or 'always'}", expected, [status == _FAILED for status in statuses]
    sandbox = sandboxes.open(faults=[f"{_FAILS}@2", "quota-402"])
    statuses = [reply.status for reply in sandboxes.ask(sandbox, 3)]
    yield "the first fault that is due", [402, _FAILED, 402], statuses
    sandbox.faults = []
    sandboxes.ask(sandbox)
    for _ in range(2):
        sandbox.reset()
        ledger = sandbox.ledger
        found = (ledger.count, ledger.charged, dict(ledger.charges), list(ledger.requests))
        yield "reset", ((0, 0, {}, []), []), (found, sandbox.faults)
        (reply,) = sandboxes.ask(sandbox)
        found_again = (reply.status, ledger.count, ledger.charged, sum(ledger.charges.values()))
        once = int(bool(sandboxes.price))
        yield "after a reset", (sandboxes.status, 1, sandboxes.price, once), found_again
        sandbox.faults = [_FAILS]


def _concerned(sandboxes: Sandboxes) -> Compared:
    """A fault with arguments is served to requests that have all of them, and counts no others."""
    operation = sandboxes.operation
    for value in ("", "None", "null"):
        (reply,) = sandboxes.ask(sandboxes.open(faults=[f"{_FAILS}?unheard_of={value}"]))
        yield f"fault ?unheard_of={value}", sandboxes.status, reply.status
    base, *others = (each.arguments for each in cases(operation) if is_good(each))
    texts = {name: text for name, value in base.items() if (text := _text(value)) is not None}
    for other in others:
        asked = [wire(operation, arguments) for arguments in (other, base)]
        names = [name for name in texts if base[name] != other.get(name)]
        same = [name for name in texts if name not in names]
        for which in (names[:1], [*same[:1], *names]) if names else ():
            query = urlencode({name: texts[name] for name in which})
            for when, expected in _CONCERNED.items():
                sandbox = sandboxes.open(faults=[f"{_FAILS}?{query}{when}"])
                for _ in range(2):
                    statuses = [sandbox.respond(asked[turn]).status for turn in _TURNS]
                    found = [status == _FAILED for status in statuses]
                    yield f"fault ?{query}{when}", expected, found
                    sandbox.faults = sandbox.faults  # setting them starts the count again
                sandbox.faults = [sandbox.faults[0], f"{_FAILS}?{query}@1-2"]
                statuses = [sandbox.respond(asked[turn]).status for turn in (0, 1, 1)]
                found = [status == _FAILED for status in statuses]
                yield f"fault ?{query}{when}, and another", [False, True, True], found
        if names:
            return


def _text(value: Any) -> str | None:
    """A value as a fault's arguments have it; None where they cannot."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return None if isinstance(value, (list, dict)) or "@" in text else text


def _charges(sandboxes: Sandboxes) -> Compared:
    """What brings no data costs nothing, whatever the fault; each is as described, and noted."""
    (good,) = sandboxes.ask(sandboxes.open())
    for name in FAULTS:
        sandbox = sandboxes.open(faults=[name])
        (reply,) = sandboxes.ask(sandbox)
        entry = sandbox.ledger.requests[-1]
        if entry.fault is None:
            continue  # the answer has no place for it
        if good.json.get("data") is None and _is_refusal(reply):
            continue  # nothing tells it from an answer without data
        lost = reply.delivery == "dropped" or not 200 <= reply.status < 300
        cost = 0 if lost or _is_refusal(reply) else sandboxes.price
        expected = (name, cost, cost)
        yield f"fault {name}", expected, (entry.fault, entry.charged, sandbox.ledger.charged)
        words = FAULTS[name].description
        if (status := _STATUS.search(words)) is not None:
            yield f"fault {name}, status", int(status[1]), reply.status
        if "Retry-After" in words:
            seconds = _SECONDS.search(words)
            asked = reply.headers.get("retry-after")
            yield f"fault {name}, Retry-After", seconds and seconds[1], asked


def _is_refusal(reply: Reply) -> bool:
    """Whether an answer is an envelope with another code than 0, and without data."""
    try:
        body = reply.json
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("code", 0) != 0 and body.get("data", 0) is None


def _ledger(sandboxes: Sandboxes) -> Compared:
    """Each request stands in the ledger, with its cost: none for another path or method."""
    sandbox, good = sandboxes.open(), sandboxes.good
    served = sandbox.spec.document["paths"][sandboxes.operation.path]
    methods = [method.upper() for method in served if method in METHODS]
    other = "DELETE" if "DELETE" not in methods else "TRACE"
    asked: list[Mapping[str, Any]] = [{}, {"method": other}, {"path": "/nowhere"}]
    replies = [reply for changed in asked for reply in sandboxes.ask(sandbox, **changed)]
    yield "status", [sandboxes.status, 405, 404], [reply.status for reply in replies]
    allowed = replies[1].headers.get("allow", "").split(", ")
    yield "Allow", sorted(methods), sorted(allowed)
    entries = [
        (e.number, e.method, e.path, e.query, e.status, e.charged) for e in _entries(sandbox)
    ]
    yield (
        "ledger",
        [
            (1, good.method, good.path, good.query, sandboxes.status, sandboxes.price),
            (2, other, good.path, good.query, 405, 0),
            (3, good.method, "/nowhere", good.query, 404, 0),
        ],
        entries,
    )
    yield "ledger", (3, sandboxes.price), (sandbox.ledger.count, sandbox.ledger.charged)
    yield from _paid(sandboxes)
    for number in range(4, _KEPT + 2):
        sandbox.ledger.record(number, good, 200, 0, None)
    kept = [e.number for e in _entries(sandbox)]
    yield "requests kept", (_KEPT, 2, _KEPT + 1), (len(kept), kept[0], kept[-1])
    for reply in replies[1:]:
        yield "code", reply.status, json.loads(reply.body).get("code")


def _paid(sandboxes: Sandboxes) -> Compared:
    """What was charged is counted for each path and query: requests that differ are told apart."""
    sandbox = sandboxes.open(faults=[f"{_FAILS}@1"])
    asked = [wire(sandboxes.operation, each.arguments) for each in cases(sandboxes.operation)]
    paid: Counter[str] = Counter()
    for request in (sandboxes.good, sandboxes.good, *asked[:_OTHERS], sandboxes.good):
        sandbox.respond(request)
        if _entries(sandbox)[-1].charged:
            paid[f"{request.path}?{request.query}" if request.query else request.path] += 1
    yield "charges", dict(paid), dict(sandbox.ledger.charges)
    yield "charges", sum(paid.values()) * sandboxes.price, sandbox.ledger.charged


def _texts(sandboxes: Sandboxes) -> Compared:
    """A text that rows repeat or are filtered by is that text: not a number, not trimmed or cut."""
    operation, sandbox = sandboxes.operation, sandboxes.open()
    sandbox._service.catalogue = Catalogue(sandbox.spec, sandbox.seed, _FEW)  # of every text
    contract = Contract(sandbox.spec)
    shared = {**{name: name for name in operation.echoes}, **operation.filters}
    good = next(iter(cases(operation))).arguments
    for name, prop in shared.items():
        schema = operation.arguments[name].schema
        if schema.get("type") != "string" or not schema.keys() <= _FREE:
            continue
        rows = value_at(sandbox.respond(sandboxes.good).json, operation.items or ())
        shown = str((rows or [{}])[0].get(prop, "7"))
        for text in (*_TEXTS, f"0{shown}", shown[:-1], f"{shown}0", f" {shown}", shown.upper()):
            arguments = {**good, name: text}
            if not text:
                continue
            asked = wire(operation, arguments)
            reply = sandbox.respond(asked)
            (again,) = by_asgi(sandbox, [asked])
            yield (
                f"{name}={text!r}, ASGI",
                without_id(reply),
                without_id(replace(reply, body=again)),
            )
            yield f"{name}={text!r}", sandboxes.status, reply.status
            found = contract.violations(
                operation.name, reply.status, reply.body, arguments=arguments
            )
            yield f"{name}={text!r}", [], [each for each in found if not each.additive]


def _entries(sandbox: Sandbox) -> list[Any]:
    return list(sandbox.ledger.requests)
