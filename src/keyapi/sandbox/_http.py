"""How requests reach the sandbox: from httpx in the same process, or by ASGI on a real port."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import httpx

from keyapi.sandbox._exchange import Reply, SandboxRequest
from keyapi.sandbox._service import LARGEST_BODY, Service

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_PIECES = 10  # that a slow body is sent in
_PAUSE = 0.1  # seconds before each of them


class Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends requests to a sandbox in the same process.

    Args:
        service: What answers them.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        reply = self._service.respond(_sandbox_request(request, request.read()))
        if self._service.latency:
            time.sleep(self._service.latency)
        headers = _headers(self._service, reply)
        return httpx.Response(reply.status, headers=headers, stream=_Body(reply))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        reply = self._service.respond(_sandbox_request(request, await request.aread()))
        if self._service.latency:
            await asyncio.sleep(self._service.latency)
        headers = _headers(self._service, reply)
        return httpx.Response(reply.status, headers=headers, stream=_Body(reply))


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        for pause, piece in _pieces(self._reply):
            if pause:
                time.sleep(pause)
            yield piece
        self._end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for pause, piece in _pieces(self._reply):
            if pause:
                await asyncio.sleep(pause)
            yield piece
        self._end()

    def _end(self) -> None:
        if self._reply.delivery == "dropped":
            raise httpx.RemoteProtocolError("the connection was dropped in the middle of the body")


class App:
    """The ASGI application around a sandbox, without its control routes.

    Args:
        service: What answers them.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; a web socket is closed."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        body = await read_body(receive)
        if body is None:
            return
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        query = scope["query_string"].decode("latin-1")
        request = SandboxRequest(scope["method"], scope["path"], query, headers, body)
        reply = self._service.respond(request)
        if self._service.latency:
            await asyncio.sleep(self._service.latency)
        headers = _headers(self._service, reply)
        encoded = [(name.encode(), text.encode()) for name, text in headers.items()]
        encoded.append((b"content-length", str(len(reply.body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
        whole = reply.delivery == "whole"
        for pause, piece in _pieces(reply):
            if pause:
                await asyncio.sleep(pause)
            await send({"type": "http.response.body", "body": piece, "more_body": not whole})
        if reply.delivery == "slow":
            await send({"type": "http.response.body"})
        # A dropped body is left unfinished, so the server closes the connection.


def _headers(service: Service, reply: Reply) -> dict[str, str]:
    """Headers of an answer; `Server` keeps a recording of it from passing for a live one."""
    return {"server": f"keyapi-sandbox (seed {service.seed})", **reply.headers}


def _sandbox_request(request: httpx.Request, body: bytes) -> SandboxRequest:
    query = request.url.query.decode("ascii")
    headers = {name.lower(): text for name, text in request.headers.items()}
    return SandboxRequest(request.method, request.url.path, query, headers, body)


async def read_body(receive: Receive) -> bytes | None:
    """Read a request's body, or as much as shows that it is too large.

    Returns:
        The body; None if the client left before its end.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body") or len(body) > LARGEST_BODY:
            return bytes(body)


def _pieces(reply: Reply) -> Iterator[tuple[float, bytes]]:
    """Split a body into pieces, each with the pause before it, in seconds."""
    body = reply.body
    if reply.delivery == "dropped":
        yield 0.0, body[: len(body) // 2]
    elif reply.delivery == "slow":
        length = len(body) // _PIECES + 1
        for start in range(0, len(body), length):
            yield _PAUSE, body[start : start + length]
    else:
        yield 0.0, body
