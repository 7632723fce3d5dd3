"""A server of creators and their products, which counts what was paid for each page of each one."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from client.conftest import EXAMPLE
from support.serving import InThread, heads

ROW = EXAMPLE["data"][0]
SIZE = 10
"""Rows of a page."""

Answer = tuple[int, dict[str, Any]]
Fault = Callable[[], Answer | Exception]
"""What is answered instead of a page, or raised as if no answer arrived; called each time."""


def refusal(status: int, message: str = "refused") -> Answer:
    """An answer that reports an error."""
    return status, {"code": status, "message": message, "data": None}


class Creators:
    """Answers as the list of a creator's products does.

    Args:
        rows: How many products a creator has, by id; others are not known: 404.

    Attributes:
        paid: How often each page was charged, by id and page number.
        unanswered: How many requests were charged whose answer did not arrive.
        asked: How often each page was asked for.
        credits: What may be charged in all; None for no limit.
        faults: By id, and by id and page number, what is answered instead of a page.
    """

    def __init__(self, rows: dict[str, int]) -> None:
        self.rows = rows
        self.paid: Counter[tuple[str, int]] = Counter()
        self.asked: Counter[tuple[str, int]] = Counter()
        self.unanswered = 0
        self.credits: int | None = None
        self.faults: dict[Any, Fault] = {}
        self._lock = threading.Lock()

    @property
    def charged(self) -> int:
        """What was charged, in credits."""
        return self.paid.total() + self.unanswered

    @property
    def pages(self) -> set[tuple[str, int]]:
        """Every page there is: an empty creator has one."""
        return {
            (creator, page)
            for creator, rows in self.rows.items()
            for page in range(1, rows // SIZE + 2)
        }

    def answer(self, query: dict[str, str]) -> Answer | Exception:
        """Status and body for a query; an exception where none arrives."""
        creator, page = query["user_id"], int(query["page_num"])
        size = int(query["page_size"])
        with self._lock:
            self.asked[creator, page] += 1
            fault = self.faults.get((creator, page)) or self.faults.get(creator)
            if fault is not None:
                return fault()
            if creator not in self.rows:
                return refusal(404, "not collected")
            if self.credits is not None and self.charged >= self.credits:
                return refusal(402, "apiKey quota is not enough")
            return self.page(creator, page, size)

    def page(self, creator: str, page: int, size: int = SIZE) -> Answer:
        """A page, which is charged."""
        self.paid[creator, page] += 1
        products = self.products(creator, page, size)
        return 200, {**EXAMPLE, "requestId": f"{creator}-{page}", "data": products}

    def products(self, creator: str, page: int, size: int = SIZE) -> list[dict[str, Any]]:
        """The products on a page."""
        first = (page - 1) * size
        numbers = range(first, min(first + size, self.rows[creator]))
        return [
            {**ROW, "user_id": creator, "product_id": f"{creator}{number:05}"} for number in numbers
        ]

    def transport(self) -> httpx.MockTransport:
        """A transport, sync and async, that reaches this server."""

        def handle(request: httpx.Request) -> httpx.Response:
            answer = self.answer(dict(request.url.params))
            if isinstance(answer, Exception):
                raise answer
            status, body = answer
            return httpx.Response(status, json=body)

        return httpx.MockTransport(handle)


class CreatorsServer(InThread):
    """`Creators` on a real socket, in a thread.

    Attributes:
        creators: What it answers from.
        delay: Seconds before each answer.
        in_flight: How many requests are not answered yet.
        url: Where it is.
    """

    def __init__(self, creators: Creators, delay: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.creators = creators
        self.delay = delay
        self.in_flight = 0
        self._lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def answered(self, target: str) -> Answer | Exception:
        """The answer to what was asked for, after the delay."""
        with self._lock:
            self.in_flight += 1
        try:
            answer = self.creators.answer(dict(parse_qsl(urlsplit(target).query)))
            if self.delay:
                time.sleep(self.delay)
            return answer
        finally:
            with self._lock:
                self.in_flight -= 1


class _Connection(socketserver.BaseRequestHandler):
    server: CreatorsServer

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for head in heads(self.request):
            target = head.split(b" ", 2)[1].decode()
            answer = self.server.answered(target)
            if isinstance(answer, Exception):
                return
            body = json.dumps(answer[1]).encode()
            self.request.sendall(
                b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (answer[0], len(body), body)
            )
