"""Server -> spec: a sandbox on a port, and the bounds on what reaches it."""

from __future__ import annotations

import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread, current_thread, main_thread
from unittest.mock import patch
from urllib.parse import urlsplit

import httpx

from keyapi._client import SyncClient
from keyapi.conformance.drivers import KEY, wire
from keyapi.conformance.relations._shared import Compared
from keyapi.sandbox import Sandbox, _protocol, run
from keyapi.specification import Specification

_BOUNDS = {
    "CONNECTIONS": 512,
    "HEAD": 64 * 1024,
    "REQUEST_SECONDS": 30,
    "ANSWER_SECONDS": 6 * 60,
}
"""As they are documented; only whether they are kept is tried out, with others."""
_SHORT, _LONG = 0.2, 1000.0
_PATIENCE = 60  # seconds that a busy machine may take
_HEAD = b"GET /x HTTP/1.1\r\nHost: x\r\n"
_LAST = b"Connection: close\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")


def port(specification: Specification, client: type[SyncClient]) -> Compared:
    """It listens where it is told to until its block ends, and cuts off what exceeds its bounds."""
    for name, bound in _BOUNDS.items():
        yield name, bound, getattr(_protocol, name)
    sandbox = Sandbox(client, key=KEY, spec=specification.document)
    with sandbox.serve() as url:
        address = _address(url)
        yield "host", "127.0.0.1", address[0]
        yield "a request", [404], _statuses(address, _HEAD + _LAST)
        yield from _sizes(sandbox, address)
        try:
            with sandbox.serve(address[1]):
                yield "a port in use", "OSError", "none"
        except OSError:
            pass
    yield "a port after its block", True, _is_closed(address)
    with sandbox.serve(address[1], host="localhost") as url:
        yield "URL", f"http://localhost:{address[1]}", url
    yield from _times(specification, client)
    yield from _connections(sandbox)
    if current_thread() is main_thread():  # where signals arrive
        yield from _run(specification, client)


def _sizes(sandbox: Sandbox, address: tuple[str, int]) -> Compared:
    most = 1_000_000
    body = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"
    chunked = b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    for what, data, allowed in (
        ("headers of 60 KB", _HEAD + b"X: " + b"a" * 60_000 + b"\r\n" + _LAST, ([404],)),
        ("headers of 70 KB", _HEAD + b"X: " + b"a" * 70_000 + b"\r\n" + _LAST, ([431], [])),
        ("headers without an end", _HEAD + b"X: " + b"a" * 400_000, ([431], [])),
        ("a body of 1 MB", body % most + _LAST + b"a" * most, ([404],)),
        ("an endless body", chunked + b"f4240\r\n%s\r\n" % (b"a" * most) * 12, ([413], [])),
        ("a larger body", body % (most + 1) + _LAST + b"a" * (most + 1), ([413], [])),
    ):
        found = _statuses(address, data)[:1]  # it may say it again of the rest of a body
        yield what, True, found in allowed or found
    yield "requests after those that were too large", [404], _statuses(address, _HEAD + _LAST)
    yield "paths", {"/x"}, {entry.path for entry in sandbox.ledger.requests}


def _times(specification: Specification, client: type[SyncClient]) -> Compared:
    """A request that is not there in time is refused, and so is a peer that takes no answer."""
    feed = wire(specification.operations["shape_feed"], {"offset": "*"})
    good = f"GET {feed.path}?{feed.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with (
        patch.object(_protocol, "REQUEST_SECONDS", _SHORT),
        patch.object(_protocol, "ANSWER_SECONDS", _LONG),
        Sandbox(client, spec=specification.document).serve() as url,
    ):
        for what, data, allowed in (
            ("nothing", b"", ([408],)),
            ("a part of a request", _HEAD, ([408],)),
            ("a part of a body", _HEAD + b"Content-Length: 9\r\n\r\n{", ([408], [])),
            ("a part of a second request", good + _HEAD, ([200, 408],)),
        ):
            found = _statuses(_address(url), data)
            yield f"{what}, and no more", True, found in allowed or found
        yield "a request byte by byte", True, _is_cut(_address(url))
    late = Sandbox(client, spec=specification.document, latency=_LONG / 10)
    with (
        patch.object(_protocol, "REQUEST_SECONDS", _LONG),
        patch.object(_protocol, "ANSWER_SECONDS", _SHORT),
        late.serve() as url,
    ):
        yield "an answer that takes too long", [], _statuses(_address(url), good)


def _is_cut(address: tuple[str, int]) -> bool:
    """Whether a connection ends on which bytes arrive steadily, but too slowly."""
    with closing(socket.create_connection(address, timeout=_PATIENCE)) as peer:
        try:
            for _ in range(int(_PATIENCE / 0.02)):
                peer.sendall(b"a")
                time.sleep(0.02)
        except OSError:
            return True
    return False


def _connections(sandbox: Sandbox) -> Compared:
    with patch.object(_protocol, "CONNECTIONS", 2), sandbox.serve() as url, _held(url, 2):
        found = _statuses(_address(url), _HEAD + _LAST)
        yield "a connection too many", True, found in ([503], []) or found


@contextmanager
def _held(url: str, count: int) -> Iterator[None]:
    """Hold connections, each of which has been answered once."""
    with httpx.Client(limits=httpx.Limits(max_keepalive_connections=None)) as http:
        answers = [http.stream("GET", f"{url}/x", timeout=_PATIENCE) for _ in range(count)]
        for answer in answers:
            answer.__enter__()
        yield
        for answer in answers:
            answer.__exit__(None, None, None)


def _run(specification: Specification, client: type[SyncClient]) -> Compared:
    """`run` reports once it accepts requests, and serves until Ctrl-C."""
    seen: list[object] = []

    def ask(sandbox: Sandbox, url: str) -> None:
        seen.extend([_statuses(_address(url), _HEAD + _LAST), sandbox.seed, sandbox.ledger.count])
        signal.raise_signal(signal.SIGINT)

    def report(sandbox: Sandbox, url: str) -> None:
        seen.append(urlsplit(url).hostname)
        Thread(target=ask, args=(sandbox, url)).start()

    before = signal.getsignal(signal.SIGINT)
    run(client, port=0, report=report, seed=3, spec=specification.document)
    yield "run", ["127.0.0.1", [404], 3, 1], seen
    yield "what Ctrl-C does, afterwards", before, signal.getsignal(signal.SIGINT)


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


def _is_closed(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=_PATIENCE).close()
    except OSError:
        return True
    return False


def _statuses(address: tuple[str, int], data: bytes) -> list[int]:
    """What a server answers to some bytes, until it closes the connection."""
    said = b""
    with closing(socket.create_connection(address, timeout=_PATIENCE)) as peer:
        try:
            peer.sendall(data)
            while block := peer.recv(65_536):
                said += block
        except OSError:  # it has closed, and not read all
            pass
    return [int(status) for status in _STATUS.findall(said)]
