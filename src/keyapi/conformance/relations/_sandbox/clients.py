"""Server -> spec: the clients that a sandbox makes go to it, unless they are told otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx

from keyapi import AuthenticationError, ConfigurationError, KeyAPIError
from keyapi._client import AsyncClient
from keyapi._clients import async_twin
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations._sandbox.options import Sandboxes
from keyapi.conformance.relations._shared import Compared, attempt, good_arguments
from keyapi.recording.model import SANDBOX_URL
from keyapi.sandbox import Sandbox

_OWN, _WRONG = "sk_own", "sk_wrong"
_ELSEWHERE = "http://elsewhere.example"


class _Seen(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A user's own transport, which leads to the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.requests: list[tuple[str, str | None]] = []
        self._sandbox = sandbox

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._note(request)
        return self._sandbox.transport.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._note(request)
        return await self._sandbox.transport.handle_async_request(request)

    def _note(self, request: httpx.Request) -> None:
        url = str(request.url)
        server = url.removesuffix(request.url.raw_path.decode())
        self.requests.append((server, request.headers.get("authorization")))


class _Called(NamedTuple):
    """What a call by a client of a sandbox came to.

    Attributes:
        error: Class of its error; None for none.
        statuses: What the sandbox answered.
        seen: What went through the user's own transport: server and key.
    """

    error: type[BaseException] | None
    statuses: list[int]
    seen: list[tuple[str, str | None]]


def clients(sandboxes: Sandboxes) -> Compared:
    """Key, server and transport are the sandbox's where none is given, and else the given ones."""
    operation, caller = sandboxes.operation, Caller(sandboxes.client)
    yield from _classes(sandboxes)
    arguments = good_arguments(operation, caller)
    if arguments is None:
        return
    good, secured = sandboxes.status, operation.secured
    refused = _Called(AuthenticationError, [401], [])
    served = _Called(None, [good], [])
    key, wrong = (f"Bearer {text}" if secured else None for text in (_OWN, _WRONG))
    for options, expected in (
        ({}, served),
        ({"token": _WRONG}, refused if secured else served),
        ({"base_url": _ELSEWHERE}, served),
        ({"transport": True}, _Called(None, [good], [(SANDBOX_URL, key)])),
        (
            {"transport": True, "token": _WRONG, "base_url": _ELSEWHERE},
            (refused if secured else served)._replace(seen=[(_ELSEWHERE, wrong)]),
        ),
    ):
        for asynchronous in (False, True):
            sandbox = sandboxes.open(key=_OWN)
            found = _called(sandbox, caller, operation.name, arguments, options, asynchronous)
            yield f"client({', '.join(options)}), async {asynchronous}", expected, found
    sandbox = sandboxes.open(key=_OWN, faults=["html-502"])
    found = _called(sandbox, caller, operation.name, arguments, {"max_retries": 0}, False)
    yield "client(max_retries=0)", [502], found.statuses


def _called(
    sandbox: Sandbox,
    caller: Caller,
    name: str,
    arguments: Mapping[str, Any],
    options: Mapping[str, Any],
    asynchronous: bool,
) -> _Called:
    seen = _Seen(sandbox)
    given = {**options, "transport": seen} if "transport" in options else options
    make = sandbox.async_client if asynchronous else sandbox.client
    client: Any = make(**given)
    method, error = caller.methods[name, False], None

    async def call() -> None:
        async with client:
            await method.on(client)(**arguments)

    try:
        if asynchronous:
            caller.run(call())
        else:
            with client:
                method.on(client)(**arguments)
    except KeyAPIError as raised:
        error = type(raised)
    return _Called(error, [entry.status for entry in sandbox.ledger.requests], seen.requests)


def _classes(sandboxes: Sandboxes) -> Compared:
    """A client is of the class that is served, or of one derived from it; others are refused."""
    client, sandbox = sandboxes.client, sandboxes.open()
    twin = async_twin(client)
    name = client.__name__
    own, own_twin = type("Own", (client,), {}), type("OwnTwin", (twin,), {})
    yield "clients", {name: client}, sandbox.clients
    yield "repr", f"<Sandbox of {name}, 0 requests>", repr(sandbox)
    for make, which, expected in (
        (sandbox.client, None, client),
        (sandbox.client, name, client),
        (sandbox.client, client, client),
        (sandbox.client, own, own),
        (sandbox.async_client, None, twin),
        (sandbox.async_client, name, twin),
        (sandbox.async_client, twin, twin),
        (sandbox.async_client, own_twin, own_twin),
        (sandbox.client, twin, ConfigurationError),
        (sandbox.client, AsyncClient, ConfigurationError),
        (sandbox.client, "no-such", ConfigurationError),
        (sandbox.async_client, client, ConfigurationError),
        (sandbox.async_client, "no-such", ConfigurationError),
    ):
        shown = which if which is None or isinstance(which, str) else which.__name__
        yield f"{make.__name__}({shown})", expected, type(attempt(make, which))
