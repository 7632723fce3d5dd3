"""A deadline holds for the whole call, however a server, a proxy or a queue holds it up."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import support
from client.conftest import EXAMPLE, USER_ID, Mode, Server, Sync, first_page
from keyapi import TransportError
from keyapi._sending.clock import Clock
from support.loopback import until

DEADLINE = float(os.environ.get("KEYAPI_TEST_DEADLINE", "0.2"))
# Seconds that a call may take beyond it: 0.2 on a machine with nothing else to do.
LATE = float(os.environ.get("KEYAPI_TEST_LATE", "2"))
BIT = 0.01  # seconds between two bits of what drips

CERTIFICATE = Path(support.__file__).with_name("loopback.pem")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
# A TLS record of 16 KB that never comes to its end.
RECORD = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03"


class Peer(threading.Thread):
    """Accepts connections, and does the same with each until the client has closed it.

    Attributes:
        url: Its address.
        accepted: How many connections were made.
        closed: How many the client has closed.
    """

    def __init__(self, act: Callable[[Any], None], *, scheme: str = "http") -> None:
        super().__init__(daemon=True)
        self._act = act
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self.accepted = self.closed = 0

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.accepted += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self._act(connection)
            while connection.recv(65536):
                pass
        self.closed += 1

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.join()


def drip(connection: Any, start: bytes, bit: bytes, pause: float = BIT) -> None:
    """Send a start at once, and then one bit after another, for as long as the client is there."""
    connection.sendall(start)
    while True:
        connection.sendall(bit)
        time.sleep(pause)


def after_request(start: bytes, bit: bytes, pause: float = BIT) -> Callable[[Any], None]:
    def act(connection: Any) -> None:
        connection.recv(65536)
        drip(connection, start, bit, pause)

    return act


def silent(connection: Any) -> None:
    """Read, and say nothing."""


def at_once(start: bytes, bit: bytes) -> Callable[[Any], None]:
    return lambda connection: drip(connection, start, bit)


def behind_proxy(connection: Any) -> None:
    """Answer CONNECT, and drip a TLS handshake after the client's hello."""
    connection.recv(65536)
    connection.sendall(ESTABLISHED)
    after_request(RECORD, b"\0")(connection)


def inside_tls(act: Callable[[Any], None]) -> Callable[[Any], None]:
    def outer(connection: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        with context.wrap_socket(connection, server_side=True) as wrapped:
            act(wrapped)
            while wrapped.recv(65536):
                pass

    return outer


ESTABLISHED = b"HTTP/1.1 200 OK\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 99999\r\n\r\n"
SCENES: dict[str, tuple[str, Callable[[Any], None]]] = {
    "no answer": ("http", silent),
    "headers, byte by byte": ("http", after_request(HEAD + b"X-A: ", b"a")),
    "a status line, byte by byte": ("http", after_request(b"HTTP/1.1 200 O", b"K")),
    "1xx answers, one after another": (
        "http",
        after_request(b"", b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"),
    ),
    "1xx answers without a pause": (
        "http",
        after_request(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 99, 0),
    ),
    "a body, byte by byte": ("http", after_request(HEAD + b"Content-Length: 99999\r\n\r\n", b" ")),
    "a body in chunks": ("http", after_request(CHUNKED, b"1\r\n \r\n")),
    "a chunk's own header": ("http", after_request(CHUNKED + b"1", b";a")),
    "trailers after a body": ("http", after_request(CHUNKED + b"0\r\nX-A: ", b"a")),
    "the body of a redirect": ("http", after_request(MOVED, b" ")),
    "no TLS handshake": ("https", silent),
    "a TLS handshake, byte by byte": ("https", at_once(RECORD, b"\0")),
    "headers inside TLS": ("https", inside_tls(after_request(HEAD + b"X-A: ", b"a"))),
    "a body inside TLS": (
        "https",
        inside_tls(after_request(HEAD + b"Content-Length: 99999\r\n\r\n", b" ")),
    ),
    "no answer to CONNECT": ("proxy", silent),
    "an answer to CONNECT, byte by byte": ("proxy", after_request(HEAD + b"X-A: ", b"a")),
    "a TLS handshake behind a proxy": ("proxy", behind_proxy),
    "no TLS handshake with a proxy": ("https proxy", silent),
    "CONNECT inside TLS": ("https proxy", inside_tls(after_request(HEAD + b"X-A: ", b"a"))),
    "a TLS handshake inside TLS": ("https proxy", inside_tls(behind_proxy)),
}


def _options(way: str, peer: Peer) -> dict[str, Any]:
    args: dict[str, Any] = {"trust_env": False, "verify": False, "follow_redirects": True}
    if "proxy" not in way:
        return {"base_url": peer.url, "transport": None, "httpx_args": args}
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    context = unverified if way == "https proxy" else None
    args["proxy"] = httpx.Proxy(peer.url, ssl_context=context)
    return {"base_url": "https://a.test", "transport": None, "httpx_args": args}


@contextlib.contextmanager
def peer(way: str, act: Callable[[Any], None]) -> Iterator[Peer]:
    one = Peer(act, scheme="http" if way in ("http", "proxy") else "https")
    one.start()
    yield one
    one.stop()


def ends_in_time(
    mode: Mode, options: dict[str, Any], peer: Peer | None = None, deadline: float = DEADLINE
) -> TransportError:
    """Call once; the error comes with the deadline, and leaves neither thread nor connection."""
    mode.clock = Clock()  # type: ignore[assignment]
    took: list[float] = []

    def use(client: Any) -> Any:
        began = time.monotonic()
        try:
            return client.influencer.products_analytics(user_id=USER_ID)
        finally:
            took.append(time.monotonic() - began)
            closed(client._http()._transport._transport._pool)

    async def use_async(client: Any) -> Any:
        began = time.monotonic()
        try:
            return await client.influencer.products_analytics(user_id=USER_ID)
        finally:
            took.append(time.monotonic() - began)
            for transport in client._http()._transport._made.values():
                closed(transport._pool)

    def closed(pool: Any) -> None:
        if peer is not None:
            assert (pool._requests, pool.connections) == ([], [])

    with pytest.raises(TransportError, match="deadline") as caught:
        mode.call(
            use if isinstance(mode, Sync) else use_async,
            deadline=deadline,
            max_retries=9,
            **options,
        )
    assert deadline - 0.05 <= took[0] < deadline + LATE
    if peer is not None:
        assert until(lambda: peer.closed == peer.accepted)
    return caught.value


@pytest.mark.parametrize("scene", SCENES)
def test_whoever_holds_a_call_up_it_ends_with_its_deadline(mode: Mode, scene: str) -> None:
    way, act = SCENES[scene]
    for deadline in (DEADLINE, 5 * DEADLINE, 25 * DEADLINE):
        with peer(way, act) as one:
            options = _options(way, one)
            ends_in_time(mode, options, one if "proxy" not in way else None, deadline)
            if until(lambda: one.closed == one.accepted == 1):
                return
            assert one.accepted == one.closed == 0, "on a busy machine, it ends before it connects"
    pytest.fail("no connection was made")


@contextlib.contextmanager
def deaf() -> Iterator[int]:
    """A port at which no connection is accepted: the queue of those that wait is full."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = [socket.socket() for _ in range(3)]
    for each in waiting:
        each.setblocking(False)
        each.connect_ex(listener.getsockname())
    yield listener.getsockname()[1]
    for each in (listener, *waiting):
        each.close()


def _found(port: int, *addresses: str) -> list[Any]:
    kinds = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}
    return [(kinds[one], socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]


def _resolving(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    """Have a host have these addresses, or fail to be found."""
    resolve = socket.getaddrinfo

    def resolved(host: Any, *args: Any, **named: Any) -> Any:
        if host != "many.test":
            return resolve(host, *args, **named)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(socket, "getaddrinfo", resolved)


# With asyncio, the addresses are anyio's to try, and its task is cancelled.
def test_several_addresses_share_what_is_left(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with deaf() as port:
        _resolving(monkeypatch, _found(port, *["127.0.0.1"] * 20))
        args = {"trust_env": False}
        options = {"base_url": f"http://many.test:{port}", "transport": None, "httpx_args": args}
        ends_in_time(Sync(server), options)


@pytest.mark.parametrize("deadline", [5, None])
def test_each_address_is_tried(
    server: Server, monkeypatch: pytest.MonkeyPatch, deadline: float | None
) -> None:
    content = json.dumps(EXAMPLE).encode()

    def act(connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(content) + content)

    with peer("http", act) as one:
        port = int(one.url.rpartition(":")[2])
        _resolving(monkeypatch, _found(port, "::1", "127.0.0.1"))
        args = {"trust_env": False}
        options = {"base_url": f"http://many.test:{port}", "transport": None, "httpx_args": args}
        assert len(Sync(server).page(options={**options, "deadline": deadline})) == 1


def test_a_host_without_an_address_costs_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode = Sync(server)
    _resolving(monkeypatch, socket.gaierror(-2, "Name or service not known"))
    args = {"trust_env": False}
    client = mode.open(
        base_url="http://many.test", transport=None, httpx_args=args, deadline=5, max_retries=0
    )
    with pytest.raises(TransportError, match="Name or service"):
        first_page(mode, client)
    assert client.credits_spent == 0
    mode.close(client)


def by_hand(mode: Mode, use: Callable[[Any], Any], **options: Any) -> float:
    """Use the httpx client; how long it took until it failed."""
    mode.clock = Clock()  # type: ignore[assignment]
    took: list[float] = []

    def timed(client: Any) -> Any:
        began = time.monotonic()
        try:
            return use(client.get_httpx_client())
        finally:
            took.append(time.monotonic() - began)

    async def timed_async(client: Any) -> Any:
        began = time.monotonic()
        try:
            return await use(client.get_async_httpx_client())
        finally:
            took.append(time.monotonic() - began)

    with pytest.raises(httpx.TimeoutException):
        mode.call(
            timed if isinstance(mode, Sync) else timed_async,
            deadline=DEADLINE,
            transport=None,
            max_retries=0,
            httpx_args={"trust_env": False, "limits": httpx.Limits(max_connections=1)},
            **options,
        )
    return took[0]


def test_what_nobody_reads_is_not_written_past_the_deadline(mode: Mode) -> None:
    def act(connection: Any) -> None:
        time.sleep(DEADLINE * 3)

    with peer("http", act) as one:
        body = b"x" * 20_000_000
        took = by_hand(mode, lambda http: http.post("/", content=body), base_url=one.url)
    assert took < DEADLINE + LATE


def test_a_streamed_response_has_the_deadline_as_well(mode: Mode) -> None:
    def use(http: Any) -> Any:
        return http.send(http.build_request("GET", "/"), stream=True)

    with peer("http", after_request(HEAD + b"X-A: ", b"a")) as one:
        assert by_hand(mode, use, base_url=one.url) < DEADLINE + LATE


def test_waiting_for_a_connection_ends_with_the_deadline(mode: Mode) -> None:
    def use(http: Any) -> Any:
        held = http.send(http.build_request("GET", "/"), stream=True)
        assert held.status_code == 200
        return http.get("/")

    async def use_async(http: Any) -> Any:
        held = await http.send(http.build_request("GET", "/"), stream=True)
        assert held.status_code == 200
        return await http.get("/")

    with peer("http", after_request(HEAD + b"Content-Length: 99999\r\n\r\n", b" ")) as one:
        took = by_hand(mode, use if isinstance(mode, Sync) else use_async, base_url=one.url)
    assert took < DEADLINE + LATE


@pytest.mark.parametrize("deadline", [5, None])
def test_a_proxy_inside_tls_still_serves(mode: Mode, deadline: float | None) -> None:
    content = json.dumps(EXAMPLE).encode()

    def act(connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(content) + content)

    def forward(connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(ESTABLISHED)
        port = int(inner.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as onward:
            back = threading.Thread(target=_pump, args=(onward, connection), daemon=True)
            back.start()
            _pump(connection, onward)

    with peer("https", inside_tls(act)) as inner, peer("https", inside_tls(forward)) as outer:
        options = {**_options("https proxy", outer), "deadline": deadline}
        assert len(mode.page(options=options)) == 1
    with peer("https", inside_tls(act)) as plain:
        assert len(mode.page(options={**_options("https", plain), "deadline": deadline})) == 1


def _pump(source: Any, target: Any) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)


def test_a_proxy_that_is_no_server_of_tls_is_an_error(mode: Mode) -> None:
    def act(connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(ESTABLISHED)
        connection.recv(65536)
        connection.sendall(b"no TLS here, " * 99)

    with peer("https", inside_tls(act)) as one, pytest.raises(TransportError, match="SSL"):
        mode.page(options={**_options("https proxy", one), "max_retries": 0})
