"""A server on a real port that fails at random, in every way a network can, and counts.

    python -m support.soak.server SEED      prints its port, and serves until it is killed

`GET /counts` gives what it has counted, as JSON.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import socket
import struct
import sys
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from support.stateful.server import OPERATIONS, rows_of, subject

FAULT_SHARE = 0.12
"""How many of the requests meet a fault."""
LATE = 4.0
"""How long a late answer takes, in seconds: longer than the clients wait."""
_STATUSES = ("404", "429", "500", "502", "503", "code 429", "code 500", "code 503", "code 1234")
_FAULTS = (*_STATUSES, "html", "half", "empty", "null", "cut", "drop", "reset", "late")
# Unusual, but no fault: rows come all the same.
_MANNERS = ("plain", "plain", "plain", "gzip", "chunked", "pieces", "close", "early hints")
_BODIES = {
    "html": b"<html><h1>502 Bad Gateway</h1></html>",
    "half": b'{"code": 0, "message": "success", "data": [{"id": "1"}, {"id',
    "empty": b"",
    "null": b'{"code": 0, "message": "success", "data": null}',
}


class SoakServer:
    """Serves rows by page to anyone, and counts by key."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - it chooses faults
        self.requests: Counter[str] = Counter()
        self.credits: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.open = self.most_open = self.connections = self.sent = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, until one side closes it."""
        self.connections += 1
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has left
        finally:
            self.open -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; tell whether the connection stays."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.strip().split("\r\n")
        target = line.split(" ")[1]
        headers = {name.lower(): text for name, _, text in (each.partition(": ") for each in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if target == "/counts":
            await self._send(writer, 200, json.dumps(self._counts()).encode(), "plain")
            return True
        url = urlsplit(target)
        served = next(each for each in OPERATIONS.values() if each.path == url.path)
        key = headers["authorization"].removeprefix("Bearer ")
        self.requests[key] += 1
        self.credits[key] += served.credits
        rows = self._page(served, dict(parse_qsl(url.query)), body)
        if self._random.random() < FAULT_SHARE:
            return await self._fail(self._random.choice(_FAULTS), rows, writer)
        manner = self._random.choice(_MANNERS)
        self.faults[manner] += 1
        await self._send(writer, 200, rows, manner)
        return manner != "close"

    def _page(self, served: Any, query: dict[str, str], body: bytes) -> bytes:
        size = served.size or int(query["page_size"])
        start = int(query.get("offset", 0))
        if not served.size:
            start = (int(query["page_num"]) - 1) * size
        ids = rows_of(subject(served, query, body))
        rows: Any = [{"id": each} for each in ids[start : start + size]]
        if served.items:
            flag = {"has_more": start + size < len(ids), "max_cursor": start + size}
            rows = {served.items: rows, **flag}
        return json.dumps({"code": 0, "message": "success", "data": rows}).encode()

    async def _fail(self, fault: str, rows: bytes, writer: asyncio.StreamWriter) -> bool:
        self.faults[fault] += 1
        if fault in _STATUSES:
            status = int(fault.split()[-1])
            body = json.dumps({"code": status, "message": "no", "data": None}).encode()
            await self._send(writer, 200 if "code" in fault else status, body, "plain")
            return True
        if fault in _BODIES:
            await self._send(writer, 200, _BODIES[fault], "plain")
            return True
        if fault == "late":
            await asyncio.sleep(LATE)
            await self._send(writer, 200, rows, "plain")
            return True
        if fault == "cut":
            head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(rows)}\r\n\r\n".encode()
            await self._write(writer, head + rows[: len(rows) // 2])
        if fault == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return False

    async def _send(
        self, writer: asyncio.StreamWriter, status: int, body: bytes, manner: str
    ) -> None:
        if manner == "gzip":
            body = gzip.compress(body)
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n"
        head += "content-encoding: gzip\r\n" if manner == "gzip" else ""
        head += "connection: close\r\n" if manner == "close" else ""
        if manner == "early hints":
            head = f"HTTP/1.1 103 Early Hints\r\n\r\n{head}"
        if manner == "chunked":
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            head += "transfer-encoding: chunked\r\n\r\n"
        else:
            head += f"content-length: {len(body)}\r\n\r\n"
        if manner != "pieces":
            await self._write(writer, head.encode() + body)
            return
        await self._write(writer, head.encode())
        for start in range(0, len(body), 100):
            await self._write(writer, body[start : start + 100])
            await asyncio.sleep(0.001)

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        self.sent += len(data)
        writer.write(data)
        await writer.drain()

    def _counts(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name[0] != "_"}


async def _main(seed: int) -> None:
    soak = SoakServer(seed)
    server = await asyncio.start_server(soak.serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
