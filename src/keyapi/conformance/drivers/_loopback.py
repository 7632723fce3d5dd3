"""A server on this machine that answers by a script, and keeps what it was sent, byte by byte."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import httpx

_END = b"\r\n\r\n"
_PATIENCE = 10.0
"""Seconds after which a connection on which nothing is sent is closed."""


class Parts(NamedTuple):
    """What a server sends to a request.

    Attributes:
        parts: The answer, in pieces; each is sent as soon as it is given.
        pause: Seconds before each of them.
        drops: Whether the connection is closed behind them.
    """

    parts: Iterable[bytes]
    pause: float = 0.0
    drops: bool = False


def answer(content: bytes, *headers: str, status: int = 200, length: int | None = None) -> bytes:
    """Write an answer as HTTP/1.1 has it.

    Args:
        content: Its body.
        *headers: Further headers.
        status: Its status.
        length: What it says of its length, in bytes; that of the body where it is left out.
    """
    lines = [f"HTTP/1.1 {status} As Scripted", "content-type: application/json", *headers]
    lines.append(f"content-length: {len(content) if length is None else length}")
    return "\r\n".join(lines).encode() + _END + content


class Loopback:
    """The server.

    Args:
        script: Gives what is sent to a request, by its number from 0.

    Attributes:
        url: Its URL.
        requests: What it was sent.
        connections: How many connections were made.
        open: How many of them are open.
    """

    def __init__(self, script: Callable[[int], Parts]) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[httpx.Request] = []
        self.connections = 0
        self.open = 0
        self._lock = threading.Lock()

    def serve(self) -> None:
        """Serve until it is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(_PATIENCE)
            with self._lock:
                self.connections += 1
                self.open += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):  # not every system can end a wait so
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while (request := self._read(connection)) is not None:
                    with self._lock:
                        number = len(self.requests)
                        self.requests.append(request)
                    reply = self._script(number)
                    for part in reply.parts:
                        if reply.pause:
                            time.sleep(reply.pause)
                        connection.sendall(part)
                    if reply.drops:
                        return
        except OSError:
            pass  # the client has left
        finally:
            with self._lock:
                self.open -= 1

    def _read(self, connection: socket.socket) -> httpx.Request | None:
        received = b""
        while _END not in received:
            piece = connection.recv(65_536)
            if not piece:
                return None
            received += piece
        head, _, body = received.partition(_END)
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = httpx.Headers([(name, text.strip()) for name, _, text in pairs])
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65_536)
        # A proxy is sent a whole URL, or after CONNECT a host and port.
        url = target if "://" in target.partition("?")[0] else f"/{target.removeprefix('/')}"
        return httpx.Request(method, httpx.URL(self.url).join(url), headers=headers, content=body)


@contextmanager
def loopback(script: Callable[[int], Parts]) -> Iterator[Loopback]:
    """Serve in a thread of its own."""
    server = Loopback(script)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(1)
