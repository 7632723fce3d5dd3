"""A server on a real socket, for what only a socket shows."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from client.conftest import EXAMPLE
from support.serving import InThread

PATIENCE = 30.0
"""How long anything may take, in seconds, before it counts as never; nothing waits for it."""


class Loopback(InThread, HTTPServer):
    """Answers on a real socket, in a thread; each page is one row, of the creator asked for.

    Attributes:
        targets: What was asked for, as it stood in the request line.
        arrivals: When, in seconds of `time.monotonic`.
        failures: How many requests are answered with 503 before the first good answer.
        body: What is answered, under 401, instead of a page.
        raw: What is sent, as it is, instead of any answer.
        connections: How many connections were made.
        free: While it is not set, no request is answered.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.targets: list[str] = []
        self.arrivals: list[float] = []
        self.failures = 0
        self.body: bytes | None = None
        self.raw: bytes | None = None
        self.connections = 0
        self.free = threading.Event()
        self.free.set()
        self._left = 0

    def __exit__(self, *exc_info: object) -> None:
        self.free.set()
        super().__exit__(*exc_info)

    def get_request(self) -> Any:
        self.connections += 1
        return super().get_request()

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self._left += 1

    def answer(self, asked: dict[str, str]) -> tuple[int, bytes] | None:
        """Status and body for a query; None drops the connection."""
        if self.failures:
            self.failures -= 1
            return 503, b""
        if self.body is not None:
            return 401, self.body
        row = {**EXAMPLE["data"][0], "user_id": asked["user_id"]}
        return 200, json.dumps({**EXAMPLE, "data": [row]}).encode()

    @property
    def open(self) -> int:
        """How many connections no side has closed."""
        return self.connections - self._left


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Loopback

    def do_GET(self) -> None:
        self.server.arrivals.append(time.monotonic())
        self.server.targets.append(self.path)
        self.server.free.wait(PATIENCE)
        if self.server.raw is not None:
            self.wfile.write(self.server.raw)
            self.close_connection = True
            return
        answer = self.server.answer(dict(parse_qsl(urlsplit(self.path).query)))
        if answer is None:
            self.close_connection = True
            return
        status, body = answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


def until(happened: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Wait until it happened; False where it did not."""
    end = time.monotonic() + patience
    while not happened() and time.monotonic() < end:
        time.sleep(0.002)
    return happened()
