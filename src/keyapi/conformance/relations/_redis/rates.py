"""Credits: a rate that workers keep together through a bucket in Redis (`docs/costs.md`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyrate_limiter import Limiter, Rate, RedisBucket

from keyapi import ConfigurationError
from keyapi.conformance.drivers._redis import RedisProcess
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._shared import error_of
from keyapi.contract import Violation

_MINUTE = 60_000
_IN_TIME = 0.5
"""Seconds of a deadline in which no minute ends."""


class _Bucket(RedisBucket):
    """A bucket that its limiter's own thread does not ask for, after its server is gone."""

    def leak(self, current_timestamp: int | None = None) -> int:
        """Drop nothing: no request is older than the rate's minute."""
        return 0


def rate_through_redis(desk: Desk, server: RedisProcess) -> Iterator[Violation]:
    """Workers with a bucket each of one name keep one rate; without Redis nothing is sent."""
    limiters = [_limiter(server, socket_timeout=5) for _ in range(2)]
    try:
        clients = [desk.open(desk.good, rate=one, deadline=_IN_TIME) for one in limiters]
        errors = [clients[number % 2].call() for number in range(4)]
        for client, error in zip(clients, errors[2:], strict=True):
            yield from desk.played(client, 1, waits=[])
            yield from desk.broken("raised", "TransportError", type(error).__name__)
        server.kill()
        error = clients[0].call()
        server.start()
        yield from desk.played(clients[0], 1)
        yield from desk.broken("raised", "ConfigurationError", type(error).__name__)
        if "the rate limiter failed: ConnectionError" not in str(error):
            yield from desk.broken("said", "the rate limiter failed: ConnectionError", error)
        for client in clients:
            client.close()
    finally:
        for limiter in limiters:
            limiter.close()
    waiting = _limiter(server, socket_timeout=None)
    refused = error_of(lambda: desk.open(desk.good, rate=waiting).close())
    waiting.close()
    found = isinstance(refused, ConfigurationError), str(refused)
    if not found[0] or "make it with Redis(..., socket_timeout=5)" not in found[1]:
        yield from desk.broken("raised without a time limit", "socket_timeout=5", refused)


def _limiter(server: RedisProcess, **options: Any) -> Limiter:
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    redis = Redis(port=server.port, retry=Retry(NoBackoff(), 0), **options)
    bucket = _Bucket.init([Rate(2, _MINUTE)], redis, "keyapi")
    return Limiter(bucket)
