"""Servers to walk on: a sandbox in this process, or any server over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from keyapi.conformance.drivers import KEY
from keyapi.conformance.walking.walker import WalkServer
from keyapi.sandbox import Sandbox
from keyapi.sandbox._catalogue import Catalogue

ROWS = 113
"""Rows of each list of a sandbox that is walked on: more than a hundred, so that one row in a
hundred is met, and no multiple of any usual page size, so that the last page is short."""


def walked_sandbox(rows: int = ROWS, **options: Any) -> Sandbox:
    """A sandbox whose lists all have the same number of rows; options as of `Sandbox`."""
    sandbox = Sandbox(**{"key": KEY, **options})
    sandbox._service.catalogue = Catalogue(sandbox.spec, sandbox.seed, rows)
    return sandbox


def sandbox_walks(sandbox: Sandbox) -> WalkServer:
    """A sandbox, in this process, to walk on."""
    url = "http://sandbox.invalid"  # no resolver knows it
    return WalkServer(sandbox.transport, url, sandbox.key, lambda: sandbox.ledger.charged)


@contextmanager
def http_walks(url: str, key: str = KEY) -> Iterator[WalkServer]:
    """A server to walk on over HTTP."""
    transport = _Both()
    try:
        yield WalkServer(transport, url, key)
    finally:
        transport.close()


class _Both(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends over HTTP, with a new connection for each request of an event loop."""

    def __init__(self) -> None:
        self._authorities = httpx.create_ssl_context()  # read once: it takes 20 ms
        self._sync = httpx.HTTPTransport(verify=self._authorities)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._sync.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async with httpx.AsyncHTTPTransport(verify=self._authorities) as transport:
            answer = await transport.handle_async_request(request)
            content = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)

    def close(self) -> None:
        self._sync.close()
