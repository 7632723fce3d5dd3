"""How requests reach the sandbox: httpx in the same process, or ASGI on a real port."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

import httpx

from keyapi.sandbox._exchange import Reply, SandboxRequest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from keyapi.sandbox import Sandbox

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_PIECES = 10  # that a slow body comes in
_PAUSE = 0.1  # before each of them, in seconds
_LARGEST_BODY = 1_000_000  # of a request, in bytes


class Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends requests to a sandbox in the same process.

    Args:
        sandbox: The sandbox.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        reply = self._sandbox.respond(_asked(request, request.read()))
        if self._sandbox.latency:
            time.sleep(self._sandbox.latency)
        headers = _headers(self._sandbox, reply)
        return httpx.Response(reply.status, headers=headers, stream=_Body(reply))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        reply = self._sandbox.respond(_asked(request, await request.aread()))
        if self._sandbox.latency:
            await asyncio.sleep(self._sandbox.latency)
        headers = _headers(self._sandbox, reply)
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
    """The ASGI application around a sandbox, without its control.

    Args:
        sandbox: The sandbox.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        body = await _received(receive)
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        query = scope["query_string"].decode("latin-1")
        asked = SandboxRequest(scope["method"], scope["path"], query, headers, body)
        reply = self._sandbox.respond(asked)
        if self._sandbox.latency:
            await asyncio.sleep(self._sandbox.latency)
        headers = _headers(self._sandbox, reply)
        named = [(name.encode(), text.encode()) for name, text in headers.items()]
        named.append((b"content-length", str(len(reply.body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": named})
        whole = reply.delivery == "whole"
        for pause, piece in _pieces(reply):
            if pause:
                await asyncio.sleep(pause)
            await send({"type": "http.response.body", "body": piece, "more_body": not whole})
        if reply.delivery == "slow":
            await send({"type": "http.response.body"})
        # A dropped one is left unfinished, whereupon the server closes the connection.


def control(sandbox: Sandbox) -> list[Any]:
    """Routes by which a sandbox is looked into and steered over HTTP, below `/_sandbox`."""
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    from keyapi._errors import ConfigurationError

    async def ledger(request: Request) -> Response:
        return JSONResponse(sandbox.ledger.as_dict())

    async def requests(request: Request) -> Response:
        return JSONResponse([entry._asdict() for entry in list(sandbox.ledger.requests)])

    async def faults(request: Request) -> Response:
        if request.method == "PUT":
            try:
                texts = await request.json()
                if not isinstance(texts, list):
                    raise ConfigurationError('give a JSON list of texts, as ["html-502@2"]')
                sandbox.faults = [str(text) for text in texts]
            except (ConfigurationError, ValueError) as error:
                return JSONResponse({"message": str(error)}, 400)
        return JSONResponse(sandbox.faults)

    async def reset(request: Request) -> Response:
        sandbox.reset()
        return JSONResponse(sandbox.ledger.as_dict())

    return [
        Route("/_sandbox/ledger", ledger),
        Route("/_sandbox/requests", requests),
        Route("/_sandbox/faults", faults, methods=["GET", "PUT"]),
        Route("/_sandbox/reset", reset, methods=["POST"]),
    ]


def _headers(sandbox: Sandbox, reply: Reply) -> dict[str, str]:
    """Headers of an answer, with `Server`: so that no recording of it is taken for a live one."""
    return {"server": f"keyapi-sandbox (seed {sandbox.seed})", **reply.headers}


def _asked(request: httpx.Request, body: bytes) -> SandboxRequest:
    query = request.url.query.decode("ascii")
    headers = {name.lower(): text for name, text in request.headers.items()}
    return SandboxRequest(request.method, request.url.path, query, headers, body)


async def _received(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body") or len(body) > _LARGEST_BODY:
            return body


def _pieces(reply: Reply) -> Iterator[tuple[float, bytes]]:
    """The body in pieces, each with the pause before it, in seconds."""
    body = reply.body
    if reply.delivery == "dropped":
        yield 0.0, body[: len(body) // 2]
    elif reply.delivery == "slow":
        length = len(body) // _PIECES + 1
        for start in range(0, len(body), length):
            yield _PAUSE, body[start : start + length]
    else:
        yield 0.0, body
