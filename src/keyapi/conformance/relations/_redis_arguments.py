"""Credits: arguments of a budget in Redis that cannot be used are refused, and say why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keyapi import ConfigurationError, RedisBudget
from keyapi.conformance.drivers._redis import RedisProcess
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._redis_trouble import unsent
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


def unusable(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """Arguments that cannot be used are refused, without the password; the others are taken."""
    from redis import Redis

    fine: dict[str, Any] = {"server": f"redis://:{_SECRET}@127.0.0.1:1", "name": "x", "credits": 1}
    single = Redis(port=server.port, socket_timeout=5, single_connection_client=True)
    waiting = Redis(socket_timeout=None)
    with single, waiting:
        own = (({"server": waiting}, "socket_timeout=5"), ({"server": single}, "pool"))
        for changed, words in (*_REFUSED, *own):
            error = _made(**{**fine, **changed})
            yield from unsent(desk, error, words)
            yield from desk.broken("password in the error", False, _SECRET in str(error))
    for changed in _TAKEN:
        yield from desk.broken(f"raised for {changed}", None, _made(**{**fine, **changed}))
    with RedisBudget(**fine, patience=0) as budget:
        client = desk.open(desk.good, max_credits=budget)
        yield from unsent(desk, client.call(), "did not answer for 0.0 s")
        yield from desk.played(client, 0)
        client.close()


def _made(**arguments: Any) -> Exception | None:
    try:
        RedisBudget(**arguments).close()
    except ConfigurationError as error:
        return error
    return None
