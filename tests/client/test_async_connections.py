"""The client's own async connections. That they keep the client's rules, test_ways shows."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import struct
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from client.conftest import KEY, USER_ID
from client.test_deadline import inside_tls, peer
from keyapi import TransportError
from keyapi._sending.async_connections import AsyncConnections
from keyapi._sending.exchange import Received, Sent, Server
from keyapi._sending.stream import Stream, connected
from keyapi_example import AsyncTikTok
from support.scripted import Scripted, answer, cut

BODY = b'{"code": 0}'
LONG = b"a" * 2**23
PATIENCE = dict.fromkeys(("connect", "read", "write", "pool"), 5.0)


@pytest.fixture
def server() -> Any:
    with Scripted() as server:
        server.script = [answer(BODY)]
        yield server


def run(
    use: Callable[[Callable[..., Awaitable[Received]], AsyncConnections], Awaitable[Any]],
    url: str,
    **options: Any,
) -> Any:
    """Run something with a function that sends a GET, and the connections."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def main() -> Any:
        connections = AsyncConnections(**{"verify": context, "trust_env": False, **options})

        def get(
            target: str = "/", more: bytes = b"", **timeouts: float | None
        ) -> Awaitable[Received]:
            server = Server(url)
            headers = [server.header, (b"X", more)]
            return connections.exchange(
                Sent(server, "GET", target, headers, {**PATIENCE, **timeouts}, 2**20)
            )

        try:
            return await use(get, connections)
        finally:
            await connections.aclose()

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("limits", "pause", "reused"),
    [
        (httpx.Limits(), 0, True),
        (httpx.Limits(keepalive_expiry=None), 0, True),
        (httpx.Limits(keepalive_expiry=0.05), 0.1, False),
        (httpx.Limits(max_keepalive_connections=0), 0, False),
    ],
)
def test_a_connection_is_kept_as_the_limits_say(
    server: Scripted, limits: httpx.Limits, pause: float, reused: bool
) -> None:
    async def use(get: Any, connections: Any) -> int:
        await get()
        before = set(connections._open)
        await asyncio.sleep(pause)
        await get()
        assert len(connections._open) <= 1
        return len(before & connections._open)

    assert run(use, server.url, limits=limits) == reused


@pytest.mark.parametrize("more", [answer(b'{"code": 0, "data": "of nobody"}'), b"\0"])
@pytest.mark.parametrize("pause", [0, 0.1])
def test_what_was_not_asked_for_answers_no_request(
    server: Scripted, more: bytes, pause: float
) -> None:
    """In the same packet as an answer, or after it."""

    def later(connection: socket.socket) -> None:
        connection.sendall(answer(BODY))
        time.sleep(pause / 2)
        connection.sendall(more)
        connection.recv(1)  # until it is closed

    server.script = [answer(BODY) + more if not pause else later, answer(BODY)]

    async def use(get: Any, connections: Any) -> list[bytes]:
        first = await get()
        await asyncio.sleep(pause)
        return [first.content, (await get()).content]

    assert run(use, server.url) == [BODY] * 2


def test_a_connection_that_was_closed_unseen_is_not_used(server: Scripted) -> None:
    """While the loop is busy with something else, it sees nothing of its sockets."""
    server.closes = True

    async def use(get: Any, connections: Any) -> list[bytes]:
        first = await get()
        time.sleep(0.1)
        return [first.content, (await get()).content]

    assert run(use, server.url) == [BODY] * 2
    assert len(server.heads) == 2


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.0 200 OK\r\n\r\n" + BODY,  # to the end of the connection
        b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" * 2 + answer(BODY),
        CHUNKED + b"5\r\n" + BODY[:5] + b"\r\n6\r\n" + BODY[5:] + b"\r\n0\r\nX: 1\r\n\r\n",
        answer(BODY, "Connection: close"),
    ],
)
def test_bodies_end_as_http_says(server: Scripted, sent: bytes) -> None:
    def script(connection: socket.socket) -> None:
        for byte in sent:
            connection.sendall(bytes([byte]))

    server.script = [script]

    async def use(get: Any, connections: Any) -> Any:
        return [(await get()).content for _ in range(2)]

    assert run(use, server.url) == [BODY] * 2


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", httpx.RemoteProtocolError),
        (b"nonsense\r\n\r\n", httpx.RemoteProtocolError),
        (answer(BODY, length=99), httpx.RemoteProtocolError),
        (reset, httpx.ReadError),
    ],
)
def test_what_breaks_is_an_error_of_httpx(server: Scripted, sent: Any, error: type) -> None:
    server.script = [sent if callable(sent) else cut(sent)]

    async def use(get: Any, connections: Any) -> None:
        with pytest.raises(error):
            await get()
        assert not connections._open

    run(use, server.url)


def test_a_request_that_is_not_read_has_its_time_limit() -> None:
    is_over = threading.Event()

    async def use(get: Any, connections: Any) -> None:
        with pytest.raises(httpx.WriteTimeout):
            await get(more=LONG, write=0.1)

    with peer("http", lambda connection: is_over.wait(20)) as one:
        run(use, one.url)
        is_over.set()


@pytest.mark.parametrize("ends", [answer(BODY), None])
def test_a_request_that_is_read_slowly_is_sent_whole(ends: bytes | None) -> None:
    def act(connection: socket.socket) -> None:
        time.sleep(0.1)
        if ends is None:
            return reset(connection)
        left = len(LONG)
        while left > 0:
            left -= len(connection.recv(2**20))
        connection.sendall(ends)
        return None

    async def use(get: Any, connections: Any) -> bytes:
        if ends is None:
            with pytest.raises(httpx.NetworkError):
                await get(more=LONG)
            return BODY
        content: bytes = (await get(more=LONG)).content
        return content

    with peer("http", act) as one:
        assert run(use, one.url) == BODY


def test_what_cannot_be_written_leaves_nothing(server: Scripted) -> None:
    async def use(get: Any, connections: Any) -> None:
        with pytest.raises(httpx.LocalProtocolError):
            await get("/ b")

    run(use, server.url)
    assert not server.heads


@pytest.mark.parametrize("url", ["http://localhost", "http://[::1]", "http://127.0.0.1"])
def test_each_kind_of_host_is_reached(url: str) -> None:
    family = socket.AF_INET6 if ":1" in url else socket.AF_INET
    address = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    with socket.create_server((address, 0), family=family) as listener:

        async def use(get: Any, connections: Any) -> None:
            call = asyncio.ensure_future(get())
            accepted, _ = await asyncio.to_thread(listener.accept)
            with accepted:
                accepted.sendall(answer(BODY))
                assert (await call).content == BODY

        run(use, f"{url}:{listener.getsockname()[1]}")


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "not known"), UnicodeError("label empty"), TimeoutError("late")]
)
def test_a_host_that_is_not_found_is_not_connected_to(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolved(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    kind = httpx.ConnectTimeout if type(error) is TimeoutError else httpx.ConnectError

    async def use(get: Any, connections: Any) -> None:
        with pytest.raises(kind, match=r"not known|empty|late"):
            await get()

    run(use, "http://nowhere.invalid")


def test_another_loop_tries_addresses_in_its_own_way(server: Scripted) -> None:
    """As uvloop's, which has no argument for it."""

    class Loop:
        """Does what one of asyncio's does, and is none."""

        def __init__(self, own: asyncio.AbstractEventLoop) -> None:
            self.create_connection = own.create_connection

    async def main() -> None:
        loop: Any = Loop(asyncio.get_running_loop())
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("asyncio.get_running_loop", lambda: loop)
            patched.setattr("asyncio.timeout", lambda seconds: _Unlimited())
            stream = await connected(Server(server.url), ssl.create_default_context(), {})
        stream.close()
        await asyncio.sleep(0)

    asyncio.run(main())


class _Unlimited:
    async def __aenter__(self) -> None: ...
    async def __aexit__(self, *_: object) -> None: ...


def test_tls_has_a_time_limit_of_its_own() -> None:
    def act(connection: socket.socket) -> None:
        connection.recv(65536)

    with peer("https", act) as one:

        async def use(get: Any, connections: Any) -> None:
            with pytest.raises(httpx.ConnectTimeout):
                await get(connect=0.1)

        run(use, one.url)


def test_the_end_of_a_body_inside_tls() -> None:
    def act(connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(answer(BODY, "Connection: close"))

    with peer("https", inside_tls(act)) as one:

        async def use(get: Any, connections: Any) -> bytes:
            content: bytes = (await get()).content
            return content

        assert run(use, one.url) == BODY


@pytest.mark.parametrize("limit", [0.01, None])
def test_a_stream_may_end_in_the_moment_in_which_its_limit_passes(limit: float | None) -> None:
    async def main() -> None:
        stream = Stream(asyncio.get_running_loop())
        call = asyncio.ensure_future(stream.read(limit))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(stream.eof_received)
        time.sleep(0.02)  # both are seen in the next turn of the loop
        assert await call == b""

    asyncio.run(main())


@pytest.mark.parametrize("name", ["httpcore", "httpcore.connection", "httpcore.http11"])
def test_httpcore_logs_what_it_is_asked_for(
    server: Scripted, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    server.script = [answer()]

    async def main() -> None:
        async with AsyncTikTok(KEY, base_url=server.url) as client:
            await client.influencer.products_analytics(user_id=USER_ID)

    with caplog.at_level(logging.DEBUG, logger=name):
        asyncio.run(main())
    assert name in {record.name[: len(name)] for record in caplog.records}


def test_a_client_can_be_closed_while_it_connects() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        async def main() -> None:
            for ticks in range(8):
                client = AsyncTikTok(KEY, base_url=url, max_retries=0, timeout=0.2)
                call = asyncio.ensure_future(client.influencer.products_analytics(user_id=USER_ID))
                for _ in range(ticks):
                    await asyncio.sleep(0)
                await client.close()
                (outcome,) = await asyncio.gather(call, return_exceptions=True)
                assert isinstance(outcome, Exception)
                assert isinstance(outcome, TransportError) or "closed" in str(outcome)

        asyncio.run(main())
