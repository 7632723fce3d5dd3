"""Client -> spec: whatever a text holds, it arrives as it was given, encoded exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from keyapi import BadRequest
from keyapi._clients import async_twin
from keyapi.conformance.drivers import KEY, Caller, Inexpressible
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._probes import TEXTS, Probe, probes
from keyapi.conformance.relations._shared import request_differs, success_answer, violation
from keyapi.contract import Violation
from keyapi.specification import OperationSpec

_UNSENDABLE = "\ud800"
"""Half of a pair of UTF-16: no encoding of a request has it."""
_ELSEWHERE = (".", "..")
"""Segments of a path that lead to another one."""


@relation("client -> spec", short="c>s", position=2)
def texts_as_given(operation: OperationSpec, caller: Caller, base_url: str) -> Iterator[Finding]:
    """Every text arrives as given, whatever it holds; what cannot be sent is a typed error.

    Args:
        operation: The operation.
        caller: The client.
        base_url: Where requests must go.
    """
    walks = (operation.name, True) in caller.methods
    for number, probe in enumerate(probes(operation)):
        for broken in _arrives(operation, caller, probe, base_url):
            yield Finding("client -> spec", f"probe {number}", broken)
        for kind in (caller.client, async_twin(caller.client)) if walks else ():
            for broken in _walk_arrives(operation, caller, kind, probe, base_url):
                yield Finding("client -> spec", f"{kind.__name__}, walk {number}", broken)
    texts = [
        argument
        for argument in operation.arguments.values()
        if argument.schema.get("type") == "string" and not argument.members
    ]
    first = next(iter(probes(operation, "x")))
    for text in TEXTS if texts else ():
        if not text.strip() or any(mark in text for mark in "\r\n"):
            continue  # the client refuses it: see `arguments_checked`
        same = {argument.name: text for argument in texts}
        probe = first._replace(arguments={**first.arguments, **same})
        for broken in _arrives(operation, caller, probe, base_url):
            yield Finding("client -> spec", f"texts {text!r}", broken)
    for argument in texts:
        for text in (_UNSENDABLE, *(_ELSEWHERE if argument.place == "path" else ())):
            arguments = {**first.arguments, argument.name: text}
            try:
                sent = caller.call(
                    operation.name, arguments, success_answer(operation), body=first.body
                )
                found = f"{len(sent.requests)} requests, {sent.result!r}"
                refused = not sent.requests and isinstance(sent.result, BadRequest)
            except Exception as error:
                found, refused = repr(error), False
            if not refused:
                broken = violation(operation, "refused", "BadRequest, and no request", found)
                yield Finding("client -> spec", f"{argument.name} {text!r}", broken)


def _arrives(
    operation: OperationSpec, caller: Caller, probe: Probe, base_url: str
) -> Iterator[Violation]:
    answer = success_answer(operation)
    try:
        sent = caller.call(operation.name, probe.arguments, answer, body=probe.body)
    except Inexpressible as reason:
        yield violation(operation, "inexpressible", probe.arguments, reason)
        return
    except Exception as error:  # of another kind, or of one client alone
        yield violation(operation, "exception", "a request", repr(error))
        return
    if len(sent.requests) != 1:
        yield violation(operation, "sent", "one request", f"{len(sent.requests)}: {sent.result!r}")
        return
    yield from request_differs(operation, probe.arguments, sent.requests[0], base_url, probe.body)


def _walk_arrives(
    operation: OperationSpec, caller: Caller, kind: Any, probe: Probe, base_url: str
) -> Iterator[Violation]:
    """A walk asks for its first page with all that it is given."""
    method = caller.methods[operation.name, True]
    status, headers, content = success_answer(operation)
    requests: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(status, headers=dict(headers), content=content)

    async def first() -> None:
        async for _ in method.on(client)(**given):
            break
        await client.close()

    client = kind(KEY, max_retries=0, transport=httpx.MockTransport(reply))
    try:
        given = caller.arguments(operation.name, probe.arguments, body=probe.body, walk=True)
        if kind is caller.client:
            next(iter(method.on(client)(**given)), None)
        else:
            caller.run(first())
        yield from request_differs(operation, probe.arguments, requests[0], base_url, probe.body)
    except Exception as error:
        yield violation(operation, "exception", "a request", repr(error))
