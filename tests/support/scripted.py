"""A server on a real socket that sends the bytes a test gives it, one script for each request."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable
from typing import Any

from client.conftest import EXAMPLE
from support.serving import InThread, heads

Script = bytes | Callable[[Any], None]
"""What is sent for a request; or a function that is given the connection's socket."""


def answer(
    body: bytes | None = None, *headers: str, status: str = "200 OK", length: int | None = None
) -> bytes:
    """An answer: of one row, unless told.

    Args:
        body: Its body.
        headers: Header lines.
        status: Status and reason.
        length: What it says of the body's length.
    """
    if body is None:
        body = json.dumps({**EXAMPLE, "data": EXAMPLE["data"][:1]}).encode()
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def cut(sent: bytes) -> Script:
    """Send some bytes and close the connection."""
    return lambda connection: connection.sendall(sent)


class Scripted(InThread):
    """Sends a script for each request, on connections that are kept.

    Attributes:
        script: What is sent, in order; the last is sent for all that follow.
        heads: The requests' heads, as they arrived.
        closes: Whether it closes a connection after each answer, without saying so.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.script: list[Script] = [answer()]
        self.heads: list[bytes] = []
        self.closes = False
        self._lock = threading.Lock()

    def next(self, head: bytes) -> Script:
        """Note a request, and give what is sent for it."""
        with self._lock:
            self.heads.append(head)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class _Connection(socketserver.BaseRequestHandler):
    server: Scripted

    def handle(self) -> None:
        for head in heads(self.request):
            script = self.server.next(head)
            if callable(script):
                script(self.request)
                return
            self.request.sendall(script)
            if self.server.closes:
                return
