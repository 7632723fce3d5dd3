"""Servers to ask: a sandbox in this process, or any server over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx

from keyapi.conformance.cases import Case
from keyapi.conformance.drivers._requests import KEY, wire
from keyapi.conformance.judge import ServerAnswer
from keyapi.sandbox import Sandbox, SandboxRequest
from keyapi.specification import OperationSpec


class Served(NamedTuple):
    """What a server answered a case.

    Attributes:
        answer: The answer.
        before: Body of the answer to the page before, where the case has one.
        charged: What the answer cost by the server's ledger, in credits; None without a ledger.
    """

    answer: ServerAnswer
    before: bytes | None
    charged: int | None


_PATIENCE = 60.0  # for an answer of a server on a busy machine, in seconds
Serve = Callable[[OperationSpec, Case], Served]


def sandbox_server(**options: Any) -> Serve:
    """A sandbox to ask, in this process; options as of `Sandbox`."""
    plain = Sandbox(key=KEY, **options)
    # Found and read once.
    options = {**options, "client": next(iter(plain.clients.values())), "spec": plain.spec.document}

    def out_of(**limit: Any) -> Sandbox:
        sandbox = Sandbox(key=KEY, **{**options, **limit})
        sandbox._service.catalogue = plain._service.catalogue  # rows are made once
        return sandbox

    def serve(operation: OperationSpec, case: Case) -> Served:
        sandbox = plain
        asked = wire(operation, case.arguments, case.key)
        if case.served == "credits":
            sandbox = out_of(credits=0)
        elif case.served == "pace":
            # Its time stands still: on a busy machine, a second may pass between two requests.
            sandbox = out_of(qps=1, clock=lambda: 0.0)
            sandbox.respond(asked)
        before = None
        if case.previous:
            before = sandbox.respond(wire(operation, case.previous)).body
        charged = sandbox.ledger.charged
        reply = sandbox.respond(asked)
        answer = ServerAnswer(reply.status, reply.headers, reply.body)
        return Served(answer, before, sandbox.ledger.charged - charged)

    return serve


@contextmanager
def http_server(url: str, key: str = KEY) -> Iterator[Serve]:
    """A server to ask over HTTP; it is not made to run out of anything."""

    def ask(asked: SandboxRequest) -> ServerAnswer:
        headers = dict(asked.headers)
        if headers.get("authorization") == f"Bearer {KEY}":
            headers["authorization"] = f"Bearer {key}"
        target = f"{asked.path}?{asked.query}" if asked.query else asked.path
        answer = http.request(asked.method, target, headers=headers, content=asked.body)
        return ServerAnswer(answer.status_code, answer.headers, answer.content)

    def serve(operation: OperationSpec, case: Case) -> Served:
        before = ask(wire(operation, case.previous)).content if case.previous else None
        return Served(ask(wire(operation, case.arguments, case.key)), before, None)

    with httpx.Client(base_url=url, timeout=_PATIENCE) as http:
        yield serve
