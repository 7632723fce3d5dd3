"""What the servers of tests have in common: they run in a thread while a block runs."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any, Self


def heads(connection: socket.socket) -> Iterator[bytes]:
    """Read the heads of requests without a body, one after another, until the other end leaves."""
    received = b""
    while True:
        while b"\r\n\r\n" not in received:
            more = connection.recv(65536)
            if not more:
                return
            received += more
        head, _, received = received.partition(b"\r\n\r\n")
        yield head


class InThread(socketserver.ThreadingTCPServer):
    """A server that runs in a thread while a block runs."""

    daemon_threads = True
    request_queue_size = 128

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=partial(self.serve_forever, poll_interval=0.01))
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """That a client left is not an error of the server."""
