"""Credits: arguments of a budget in Redis that cannot be used are refused, and say why."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

from keyapi import RedisBudget
from keyapi.conformance.drivers._redis import RedisProcess
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._redis.trouble import unsent
from keyapi.conformance.relations._shared import error_of
from keyapi.contract import Violation

_SECRET = "s3cret"  # noqa: S105 - what an error must not repeat
_REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"server": f"http://:{_SECRET}@host"}, "URL of a Redis server"),
    ({"server": f"redis://:{_SECRET}/#@host"}, "URL of a Redis server"),
    ({"server": 5}, "got builtins.int"),
    ({"name": ""}, "1 to 200 characters"),
    ({"name": "x" * 201}, "1 to 200 characters"),
    ({"name": "a\n"}, "1 to 200 characters"),
    ({"name": 5}, "1 to 200 characters"),
    ({"credits": -1}, "credits must be a whole number"),
    ({"credits": 10**15}, "credits must be at most 999,999,999,999,999, got 1,000,000,000,000,000"),
    ({"lot": 0}, "lot must be from 1 to 999,999,999,999,999, got 0"),
    ({"lot": 10**15}, "lot must be from 1 to"),
    ({"lot": True}, "lot must be a whole number"),
    ({"patience": -1}, "patience must be seconds"),
    ({"expires": 119.5}, "expires must be at least 120 seconds, or None, got 119.5"),
    ({"expires": 0}, "expires must be seconds"),
)
"""Arguments that cannot be used, and what is said of them."""
_TAKEN: tuple[dict[str, Any], ...] = (
    {"name": "x" * 200},
    {"credits": 10**15 - 1},
    {"credits": 0},
    {"lot": 10**15 - 1},
    {"patience": 0},
    {"expires": 120},
)
"""Arguments that just can."""

_NONSENSE = (
    *(b"+OK\r\n", b":" + b"9" * 10_000 + b"\r\n", b"*0\r\n", b"*1\r\n+what\r\n", b"*1\r\n+ok\r\n"),
    *(b"*4\r\n+ok\r\n+a\r\n+b\r\n+c\r\n", b"$1\r\n\xff\r\n", b"HTTP/1.1 400 Bad\r\n\r\n"),
)
"""What a server says that is not this Redis."""


def unusable(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """Arguments that cannot be used are refused, without the password; the others are taken."""
    from redis import Redis

    fine: dict[str, Any] = {"server": f"redis://:{_SECRET}@127.0.0.1:1", "name": "x", "credits": 1}
    single = Redis(port=server.port, socket_timeout=5, single_connection_client=True)
    waiting = Redis(socket_timeout=None)
    with single, waiting:
        own = (({"server": waiting}, "socket_timeout=5"), ({"server": single}, "pool"))
        for changed, words in (*_REFUSED, *own):
            error = error_of(_made, **{**fine, **changed})
            yield from unsent(desk, error, words)
            yield from desk.broken("password in the error", False, _SECRET in str(error))
    for changed in _TAKEN:
        error = error_of(_made, **{**fine, **changed})
        yield from desk.broken(f"raised for {changed}", None, error)
    with RedisBudget(**fine, patience=0) as budget:
        client = desk.open(desk.good, max_credits=budget)
        yield from unsent(desk, client.call(), "did not answer for 0.0 s")
        yield from desk.played(client, 0)
        client.close()


def not_redis(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """What answers, and is not Redis, is an error that says so; so is a package that is missing."""
    for said in _NONSENSE:
        with loopback_of(said) as url, RedisBudget(url, "x", 100, patience=0) as budget:
            client = desk.open(desk.good, max_credits=budget)
            yield from unsent(desk, client.call(), "Not sent: ")
            yield from desk.played(client, 0)
            client.close()
    with patch.dict(sys.modules, {"redis": None}):
        found = str(error_of(RedisBudget, server.url, "x", 1))
    words = "the budget 'x' needs more packages (redis is not installed): pip install"
    yield from desk.broken("without redis", f"{words} 'keyapi-tiktok[redis]'", found)


@contextmanager
def loopback_of(said: bytes) -> Iterator[str]:
    """A server that says the same to whatever it is asked; its URL, as that of a Redis."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    with listener.accept()[0] as connection, suppress(ConnectionError):
                        while connection.recv(65_536):
                            connection.sendall(said)

        threading.Thread(target=serve, daemon=True).start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}"


def _made(**arguments: Any) -> None:
    RedisBudget(**arguments).close()
