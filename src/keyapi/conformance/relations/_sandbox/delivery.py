"""Server -> spec: how a sandbox's answers arrive, in the process and through ASGI."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, NamedTuple
from unittest.mock import patch

import httpx

from keyapi.conformance.relations._sandbox.options import Sandboxes
from keyapi.conformance.relations._shared import Compared
from keyapi.sandbox import Sandbox, SandboxRequest, _http

_LATE, _PAUSE = 0.02, 0.002
"""Seconds before an answer, and before each piece of a slow one."""


class _Arrived(NamedTuple):
    """What of an answer arrived.

    Attributes:
        pieces: Pieces of its body.
        ended: Whether it came to its end.
        seconds: How long it took.
        server: Its header `Server`.
    """

    pieces: list[bytes]
    ended: bool
    seconds: float
    server: str | None


def delivery(sandboxes: Sandboxes) -> Compared:
    """What is sent is late, slow or cut off as asked for, else whole; and it names its server."""
    good = sandboxes.good
    for way, arrived in _ways(sandboxes.open(latency=_LATE, seed=3), good):
        # By this name a recorder tells its answers from live ones.
        yield f"Server, {way}", "keyapi-sandbox (seed 3)", arrived.server
        if arrived.seconds < _LATE * 0.9:  # clocks differ in their grain
            yield f"latency, {way}", f"{_LATE} s", f"{arrived.seconds:.4f} s"
    whole = sandboxes.ask(sandboxes.open(faults=["slow"]))[0].body
    if not whole:
        return
    with patch.object(_http, "_PAUSE", _PAUSE):
        for way, arrived in _ways(sandboxes.open(faults=["slow"]), good):
            found = _length(arrived), arrived.ended
            yield f"a slow answer, {way}", (len(whole), True), found
            pieces = [piece for piece in arrived.pieces if piece]
            slow = len(pieces) > 1 and arrived.seconds >= _PAUSE * len(pieces) * 0.9
            yield f"pieces of a slow answer, {way}", True, slow or f"{len(pieces)} pieces"
    for way, arrived in _ways(sandboxes.open(faults=["dropped"]), good):
        cut = not arrived.ended and 0 < _length(arrived) < len(whole)
        yield f"a dropped answer, {way}", True, cut or f"{_length(arrived)} of {len(whole)} bytes"


def leaving(sandboxes: Sandboxes) -> Compared:
    """A client that leaves in the middle of its body is not served, and a web socket is closed."""
    sandbox = sandboxes.open()
    part = {"type": "http.request", "body": b"{", "more_body": True}
    web_socket = {"type": "websocket", "path": "/", "headers": [], "query_string": b""}
    scope = {**_scope(sandboxes.good), "root_path": ""}
    for name, asked, messages, expected in (
        ("left", scope, [part, {"type": "http.disconnect"}], []),
        ("web socket", {**web_socket, "root_path": ""}, [], ["websocket.close"]),
    ):
        sent: list[str] = []
        received = iter(messages)

        async def receive(received: Iterator[Any] = received) -> Any:
            return next(received)

        async def send(message: Any, sent: list[str] = sent) -> None:
            sent.append(message["type"])

        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(sandbox(asked, receive, send))
        yield name, (expected, 0), (sent, sandbox.ledger.count)


def _length(arrived: _Arrived) -> int:
    return sum(map(len, arrived.pieces))


def _ways(sandbox: Sandbox, asked: SandboxRequest) -> list[tuple[str, _Arrived]]:
    """What arrives of an answer: sync, async and through ASGI."""
    target = f"{asked.path}?{asked.query}" if asked.query else asked.path
    request = httpx.Request(
        asked.method, f"http://sandbox{target}", headers=dict(asked.headers), content=asked.body
    )

    async def in_process(pieces: list[bytes]) -> tuple[bool, str | None]:
        response = await sandbox.transport.handle_async_request(request)
        try:
            async for piece in response.aiter_raw():
                pieces.append(piece)  # noqa: PERF401 - what came before an error is kept
        except httpx.RemoteProtocolError:
            return False, response.headers.get("server")
        return True, response.headers.get("server")

    async def by_asgi(pieces: list[bytes]) -> tuple[bool, str | None]:
        return await _sent_by_asgi(sandbox, asked, pieces)

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return [
            ("sync", _read(sandbox, request)),
            ("async", runner.run(_timed(in_process))),
            ("ASGI", runner.run(_timed(by_asgi))),
        ]


def _read(sandbox: Sandbox, request: httpx.Request) -> _Arrived:
    started, pieces, ended = time.monotonic(), [], True
    response = sandbox.transport.handle_request(request)
    try:
        for piece in response.iter_raw():
            pieces.append(piece)  # noqa: PERF402 - what came before an error is kept
    except httpx.RemoteProtocolError:
        ended = False
    server = response.headers.get("server")
    return _Arrived(pieces, ended, time.monotonic() - started, server)


async def _timed(read: Callable[[list[bytes]], Awaitable[tuple[bool, str | None]]]) -> _Arrived:
    started, pieces = time.monotonic(), list[bytes]()
    ended, server = await read(pieces)
    return _Arrived(pieces, ended, time.monotonic() - started, server)


def by_asgi(sandbox: Sandbox, asked: Iterable[SandboxRequest]) -> list[bytes]:
    """The bodies of answers to requests that are sent through ASGI."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        answers = []
        for request in asked:
            pieces: list[bytes] = []
            runner.run(_sent_by_asgi(sandbox, request, pieces))
            answers.append(b"".join(pieces))
    return answers


async def _sent_by_asgi(
    sandbox: Sandbox, asked: SandboxRequest, pieces: list[bytes]
) -> tuple[bool, str | None]:
    ended = False
    headers: dict[bytes, bytes] = {}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": asked.body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal ended
        headers.update(message.get("headers", ()))
        if message["type"] == "http.response.body":
            pieces.append(message.get("body", b""))
            ended = not message.get("more_body")

    await sandbox(_scope(asked), receive, send)
    return ended, headers.get(b"server", b"").decode()


def _scope(asked: SandboxRequest) -> dict[str, Any]:
    return {
        "type": "http",
        "method": asked.method,
        "path": asked.path,
        "query_string": asked.query.encode(),
        "headers": [(name.encode(), text.encode()) for name, text in asked.headers.items()],
    }
