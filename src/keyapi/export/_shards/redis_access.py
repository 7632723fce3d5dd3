"""What workers on other machines reach: Redis for leases, credits and pace, and their own key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

from keyapi._config import RateText
from keyapi._connection import find_token
from keyapi.export._errors import ExportError
from keyapi.export._shards.lease import Grants
from keyapi.export._shards.redis_grants import RedisGrants

PACE = "keyapi"
"""What the buckets of the pace begin with: one for each key, which all exports with it share."""
_ATTEMPT = 5.0  # seconds


class RedisAccess:
    """How a worker gets what it needs from Redis; it can be pickled.

    Args:
        url: URL of the server.
        run: The run's name.
        rate: The rate of all workers together; None for no pace.
    """

    def __init__(self, url: str, run: str, rate: RateText | None) -> None:
        self._url = url
        self._run = run
        self._rate = rate

    def token(self) -> str | None:
        """None: workers have the key in their environment."""
        return None

    def grants(self) -> RedisGrants:
        """What grants shards and credits; to be closed."""
        return RedisGrants(self._url, self._run)

    @asynccontextmanager
    async def reached(self) -> AsyncIterator[tuple[Grants, Any]]:
        """What grants shards and credits, and what paces requests."""
        grants = self.grants()
        try:
            if self._rate is None:
                yield grants, None
            else:
                async with _limiter(self._url, self._rate) as limiter:
                    yield grants, limiter
        finally:
            await asyncio.to_thread(grants.close)


@asynccontextmanager
async def _limiter(url: str, rate: RateText) -> AsyncIterator[Any]:
    from pyrate_limiter import Limiter, Rate, RedisBucket
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    server: Any = Redis.from_url(url, socket_timeout=_ATTEMPT)
    try:
        try:
            made: Any = RedisBucket.init([Rate(*rate)], server, bucket_name())
            bucket = await made
        except (RedisError, OSError) as error:
            raise ExportError(
                f"The Redis of the pace cannot be reached: {type(error).__name__}: {error}. Run "
                "the same command again: it resumes"
            ) from error
        yield Limiter(bucket)
    finally:
        await server.aclose()


def bucket_name() -> str:
    """The bucket of the key in this process's environment, by its digest.

    Raises:
        ConfigurationError: There is no key.
    """
    return f"{PACE}:{sha256(find_token(None).encode()).hexdigest()[:16]}"
