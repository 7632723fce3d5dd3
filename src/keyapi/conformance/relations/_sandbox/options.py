"""Sandboxes of one operation, and what their options must do."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from keyapi._client import SyncClient
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, wire
from keyapi.conformance.relations._shared import Compared
from keyapi.sandbox import Reply, Sandbox, SandboxRequest
from keyapi.specification import OperationSpec, Specification


class Sandboxes:
    """Makes sandboxes, and asks them for a good call of one operation."""

    def __init__(
        self, specification: Specification, operation: OperationSpec, client: type[SyncClient]
    ) -> None:
        self._document = specification.document
        self.client = client
        self._made: dict[int, Any] = {}
        self.operation = operation
        self.good = wire(operation, next(iter(cases(operation))).arguments)
        self.price = operation.credits
        self.status = operation.success_status

    def open(self, *, fresh: bool = False, **options: Any) -> Sandbox:
        """A sandbox; its data are made once for each seed, unless it makes its own."""
        given = {"client": self.client, "spec": self._document, "key": KEY, **options}
        sandbox = Sandbox(**given)
        if not fresh:
            made = self._made.setdefault(options.get("seed", 0), sandbox._service.catalogue)
            sandbox._service.catalogue = made
        return sandbox

    def ask(self, sandbox: Sandbox, times: int = 1, **changed: Any) -> list[Reply]:
        """Answers to the good call, changed in some parts."""
        request = SandboxRequest(**{**vars(self.good), **changed})
        return [sandbox.respond(request) for _ in range(times)]


def _limits(sandboxes: Sandboxes) -> Compared:
    """So many credits, and so many requests in a second, are served; refusals cost nothing."""
    price, good = sandboxes.price, sandboxes.status
    for more in {0, price - 1} if price else ():  # which do not pay for a third answer
        sandbox = sandboxes.open(credits=2 * price + more)
        statuses = [reply.status for reply in sandboxes.ask(sandbox, 3)]
        yield "credits", [good, good, 402], statuses
        yield "credits", (more, 2 * price), (sandbox.credits_left, sandbox.ledger.charged)
    now = [0.0]
    sandbox = sandboxes.open(qps=2, clock=lambda: now[0])
    statuses = [reply.status for reply in sandboxes.ask(sandbox, 3)]
    for seconds in (0.5, 0.5):
        now[0] += seconds
        statuses += [reply.status for reply in sandboxes.ask(sandbox, 3)]
    yield "qps", [good, good, 429, 429, 429, 429, good, good, 429], statuses
    yield "qps", 4 * price, sandbox.ledger.charged
    sandbox.reset()
    yield "qps after a reset", good, sandboxes.ask(sandbox)[0].status


def _retry_after(sandboxes: Sandboxes) -> Compared:
    """A refusal for the pace carries the `Retry-After` that was asked for, in seconds."""
    for seconds in (None, 0, 7, 90):
        sandbox = sandboxes.open(qps=1, retry_after=seconds, clock=lambda: 0.0)
        first, second = sandboxes.ask(sandbox, 2)
        expected = None if seconds is None else str(seconds)
        found = [reply.headers.get("retry-after") for reply in (first, second)]
        yield "Retry-After", [None, expected], found


def _strictness(sandboxes: Sandboxes) -> Compared:
    """What an operation does not have is ignored, or refused by name where that is asked for.

    What it has is given once.
    """
    query = "&".join(filter(None, (sandboxes.good.query, "unheard_of=1")))
    for strict in (False, True):
        (reply,) = sandboxes.ask(sandboxes.open(strict=strict), query=query)
        yield "strict", 400 if strict else sandboxes.status, reply.status
        yield "strict", strict, "unheard_of" in reply.body.decode()
    for name, text in parse_qsl(sandboxes.good.query):
        if sandboxes.operation.arguments[name].schema.get("type") == "array":
            continue
        query = f"{sandboxes.good.query}&{urlencode({name: text})}"
        (reply,) = sandboxes.ask(sandboxes.open(), query=query)
        yield f"{name} twice", (400, True), (reply.status, name in reply.body.decode())


def _keys(sandboxes: Sandboxes) -> Compared:
    """Only the key that it was given is accepted."""
    if not sandboxes.operation.secured:
        return
    sandbox = sandboxes.open(key="sk_own")
    for header, status in (
        ("Bearer sk_own", sandboxes.status),
        ("bearer sk_own", sandboxes.status),
        (f"Bearer {KEY}", 401),
        ("Bearer sk_own2", 401),
        ("Bearer", 401),
        ("Basic sk_own", 401),
        ("sk_own", 401),
    ):
        (reply,) = sandboxes.ask(sandbox, headers={"authorization": header})
        yield f"key {header!r}", status, reply.status


OPTIONS = (_limits, _retry_after, _strictness, _keys)
"""What looks at options; each is given the sandboxes of an operation."""
