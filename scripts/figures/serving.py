"""A server in a process of its own that answers each request alike.

It also notes when each request arrived, by the clock that all processes of a machine share.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import httpx

from figures.answering import Answering, response, serve, server

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
    with server("figures.serving", body.decode()) as url:
        yield Served(url)


class _Timed(Answering):
    def __init__(self, arrivals: list[float], always: bytes) -> None:
        self._arrivals = arrivals
        self._always = always

    def answer(self, head: bytes) -> bytes:
        if head.startswith(f"GET {_ARRIVALS} ".encode()):
            arrivals = response(json.dumps(self._arrivals).encode())
            self._arrivals.clear()
            return arrivals
        self._arrivals.append(time.monotonic())
        return self._always


if __name__ == "__main__":
    serve(partial(_Timed, [], response(sys.argv[1].encode())))
