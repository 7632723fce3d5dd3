"""Sandboxes of one operation, and what their options must do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx

from keyapi._client import SyncClient
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, wire
from keyapi.sandbox import Reply, Sandbox, SandboxRequest
from keyapi.specification import OperationSpec, Specification

Compared = Iterator[tuple[str, object, object]]
"""Rule, expected and found."""
_LATE = 0.02
"""Seconds."""


class Sandboxes:
    """Makes sandboxes, and asks them for a good call of one operation."""

    def __init__(
        self, specification: Specification, operation: OperationSpec, client: type[SyncClient]
    ) -> None:
        self._document = specification.document
        self._client = client
        self._made: dict[int, Any] = {}
        self.operation = operation
        self.good = wire(operation, next(iter(cases(operation))).arguments)
        self.price = operation.credits
        self.status = operation.success_status

    def open(self, *, fresh: bool = False, **options: Any) -> Sandbox:
        """A sandbox; its data are made once for each seed, unless it makes its own."""
        given = {"client": self._client, "spec": self._document, "key": KEY, **options}
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
    sandbox = sandboxes.open(credits=2 * price)
    statuses = [reply.status for reply in sandboxes.ask(sandbox, 3)]
    if price:
        yield "credits", [good, good, 402], statuses
        yield "credits", (0, 2 * price), (sandbox.credits_left, sandbox.ledger.charged)
    now = [0.0]
    sandbox = sandboxes.open(qps=2, clock=lambda: now[0])
    statuses = [reply.status for reply in sandboxes.ask(sandbox, 3)]
    now[0] += 1.0
    statuses += [reply.status for reply in sandboxes.ask(sandbox, 3)]
    yield "qps", [good, good, 429] * 2, statuses
    yield "qps", 4 * price, sandbox.ledger.charged


def _retry_after(sandboxes: Sandboxes) -> Compared:
    """A refusal for the pace carries the `Retry-After` that was asked for, in seconds."""
    for seconds in (None, 0, 7, 90):
        sandbox = sandboxes.open(qps=1, retry_after=seconds, clock=lambda: 0.0)
        first, second = sandboxes.ask(sandbox, 2)
        expected = None if seconds is None else str(seconds)
        found = [reply.headers.get("retry-after") for reply in (first, second)]
        yield "Retry-After", [None, expected], found


def _delivery(sandboxes: Sandboxes) -> Compared:
    """What is sent is late or cut off as asked for, in the process and through ASGI; and named."""
    good = sandboxes.good
    target = f"{good.path}?{good.query}" if good.query else good.path
    sandbox = sandboxes.open(latency=_LATE)
    request = httpx.Request(
        good.method, f"http://sandbox{target}", headers=dict(good.headers), content=good.body
    )

    async def lateness(transport: Any) -> float:
        started = time.monotonic()
        response = await transport.handle_async_request(request)
        await response.aread()
        return time.monotonic() - started

    started = time.monotonic()
    response = sandbox.transport.handle_request(request)
    response.read()
    late = {"sync": time.monotonic() - started}
    # By this name a recorder tells its answers from live ones.
    yield "Server", "keyapi-sandbox (seed 0)", response.headers.get("server")
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        late["async"] = runner.run(lateness(sandbox.transport))
        late["ASGI"] = runner.run(lateness(httpx.ASGITransport(sandbox)))
        cut = runner.run(_sent_by_asgi(sandboxes.open(faults=["dropped"]), good))
    yield "a dropped answer, ASGI", True, cut[-1:] != [False] and bool(cut)
    for way, seconds in late.items():
        if seconds < _LATE * 0.9:  # clocks differ in their grain
            yield f"latency, {way}", f"{_LATE} s", f"{seconds:.4f} s"


async def _sent_by_asgi(sandbox: Sandbox, asked: SandboxRequest) -> list[bool]:
    """For each part of a body that is sent, whether more is announced."""
    sent: list[bool] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": asked.body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            sent.append(bool(message.get("more_body")))

    scope = {
        "type": "http",
        "method": asked.method,
        "path": asked.path,
        "query_string": asked.query.encode(),
        "headers": [(name.encode(), text.encode()) for name, text in asked.headers.items()],
    }
    await sandbox(scope, receive, send)
    return sent


def _strictness(sandboxes: Sandboxes) -> Compared:
    """What an operation does not have is ignored, or refused by name where that is asked for."""
    query = "&".join(filter(None, (sandboxes.good.query, "unheard_of=1")))
    for strict in (False, True):
        (reply,) = sandboxes.ask(sandboxes.open(strict=strict), query=query)
        yield "strict", 400 if strict else sandboxes.status, reply.status
        yield "strict", strict, "unheard_of" in reply.body.decode()


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


OPTIONS = (_limits, _retry_after, _delivery, _strictness, _keys)
"""What looks at options; each is given the sandboxes of an operation."""
