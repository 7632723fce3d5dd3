"""A server in a process of its own, on connections that are kept.

It does as little as will do, so that the time of who asks shows.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Answering(asyncio.Protocol):
    """A connection that answers requests without a body."""

    transport: asyncio.Transport
    received: bytes

    @abstractmethod
    def answer(self, head: bytes) -> bytes:
        """The answer to a request, head and body.

        Args:
            head: The request's head.
        """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read requests."""
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that has arrived whole."""
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, self.received = self.received.partition(b"\r\n\r\n")
            self.transport.write(self.answer(head))


def response(body: bytes) -> bytes:
    """Write a success with a body of JSON."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


@contextmanager
def server(module: str, *arguments: str) -> Iterator[str]:
    """Run a module that calls `serve` while the block runs, and give its address."""
    command = [sys.executable, "-m", module, *arguments]
    place = Path(__file__).parents[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=place) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def serve(connection: Callable[[], Answering]) -> None:
    """Serve on a free port, which is printed, until this process is killed."""

    async def main() -> None:
        listening = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
        print(listening.sockets[0].getsockname()[1], flush=True)
        await listening.serve_forever()

    asyncio.run(main())
