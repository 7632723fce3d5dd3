"""A server of creators with five pages of products each, in a process of its own.

It does as little as will do, so that the time of who asks shows.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from figures.calls import USER, page

PAGES = 5
"""Pages of a creator; the last has no rows."""
ROWS = 10 * (PAGES - 1)
"""Rows of a creator."""
_QUERY = re.compile(rb"[?&](user_id|page_num)=(\d+)")


def body(user: str, number: int) -> bytes:
    """The answer to a page of a creator.

    Args:
        user: The creator's id, of 19 digits.
        number: The page, from 1.
    """
    made = page(number) if number < PAGES else re.sub(rb'("data": )\[.*\](, ")', rb"\1[]\2", page())
    return made.replace(USER.encode(), user.encode())


@contextmanager
def creators() -> Iterator[str]:
    """Run the server while the block runs, and give its address."""
    command = [sys.executable, "-m", "figures.creators"]
    place = Path(__file__).parents[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=place) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


class _Answers(asyncio.Protocol):
    bodies: list[bytes]
    transport: asyncio.Transport
    received: bytes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, self.received = self.received.partition(b"\r\n\r\n")
            asked = dict(_QUERY.findall(head))
            made = self.bodies[int(asked[b"page_num"])].replace(USER.encode(), asked[b"user_id"])
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(made), made)
            )


async def _serve() -> None:
    _Answers.bodies = [b"", *(body(USER, number) for number in range(1, PAGES + 1))]
    server = await asyncio.get_running_loop().create_server(_Answers, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
