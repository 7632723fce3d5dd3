"""A server in a process of its own: it answers each request alike, on connections that are kept.

It does as little as will do, so that the client's own time shows; it also notes when each request
arrived, by the clock that all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx

_ARRIVALS = "/arrivals"


class Served(NamedTuple):
    """The server, as seen by who measures.

    Attributes:
        url: Its address.
    """

    url: str

    def arrivals(self) -> list[float]:
        """When each request arrived since this was asked last, in seconds of `time.monotonic`."""
        return [float(seconds) for seconds in httpx.get(self.url + _ARRIVALS).json()]


@contextmanager
def serving(body: bytes) -> Iterator[Served]:
    """Run the server while the block runs.

    Args:
        body: What it answers.
    """
    server = subprocess.Popen(
        [sys.executable, __file__, body.decode()], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        yield Served(f"http://127.0.0.1:{int(server.stdout.readline())}")
    finally:
        server.kill()
        server.communicate()


class _Answers(asyncio.Protocol):
    arrivals: list[float]
    answer: bytes
    transport: asyncio.Transport
    received: bytes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, self.received = self.received.partition(b"\r\n\r\n")
            if head.startswith(f"GET {_ARRIVALS} ".encode()):
                self.transport.write(_response(json.dumps(self.arrivals).encode()))
                self.arrivals.clear()
            else:
                self.arrivals.append(time.monotonic())
                self.transport.write(self.answer)


def _response(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


async def _serve(body: bytes) -> None:
    _Answers.arrivals, _Answers.answer = [], _response(body)
    server = await asyncio.get_running_loop().create_server(_Answers, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1].encode()))
