"""What workers on other machines reach: Redis for leases, credits and pace, and their own key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

from keyapi._config import RateText
from keyapi._connection import find_token
from keyapi._redis import server
from keyapi.export._errors import ExportError
from keyapi.export._shards.lease import Grants
from keyapi.export._shards.redis_grants import RedisGrants

PACE = "keyapi"
"""What the buckets of the pace begin with: one for each key, which all exports with it share."""


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
        return RedisGrants(self._url, self._run, patience=server.PATIENCE)

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
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError

    made: Any = Redis
    redis = made.from_url(
        url,
        socket_timeout=server.ATTEMPT,
        socket_connect_timeout=server.ATTEMPT,
        retry=Retry(NoBackoff(), 0),
    )
    limiter = _PatientLimiter(redis, rate)
    try:
        try:
            await limiter.begin()
        except (RedisError, OSError) as error:
            raise ExportError(
                f"The Redis of the pace cannot be reached: {type(error).__name__}: {error}. Run "
                "the same command again: it resumes"
            ) from error
        yield limiter
    finally:
        await redis.aclose()


class _PatientLimiter:
    """A `pyrate_limiter.Limiter` on Redis that asks again where Redis is away for a while.

    An answer that is lost may have let a request pass, which is then late.

    Args:
        redis: An asyncio client that does not ask again by itself.
        rate: The rate.
    """

    def __init__(self, redis: Any, rate: RateText) -> None:
        self._redis = redis
        self._rate = rate
        self._limiter: Any = None

    @property
    def bucket_factory(self) -> Any:
        """What knows how long to wait."""
        return self._limiter.bucket_factory

    async def begin(self) -> None:
        """Have Redis know the script of the bucket.

        Raises:
            RedisError: It does not answer, or refused.
        """
        await self._patiently(self._load)

    async def try_acquire(self, name: str, *, blocking: bool) -> bool:
        """Whether the next request may leave now."""
        return bool(await self._patiently(lambda: self._ask(name, blocking)))

    async def _load(self) -> None:
        from pyrate_limiter import Limiter, Rate, RedisBucket

        made: Any = RedisBucket.init([Rate(*self._rate)], self._redis, bucket_name())
        self._limiter = Limiter(await made)

    async def _ask(self, name: str, blocking: bool) -> Any:
        from redis.exceptions import NoScriptError

        try:
            return await self._limiter.try_acquire(name, blocking=blocking)
        except NoScriptError:  # Redis was started again
            await self._load()
            return await self._limiter.try_acquire(name, blocking=blocking)

    async def _patiently(self, work: Callable[[], Awaitable[Any]]) -> Any:
        end = time.monotonic() + server.PATIENCE
        waits = server.pauses()
        while True:
            try:
                return await work()
            except Exception as error:
                if time.monotonic() >= end or not server.passes(error):
                    raise
            await asyncio.sleep(next(waits))


def bucket_name() -> str:
    """The bucket of the key in this process's environment, by its digest.

    Raises:
        ConfigurationError: No key is set.
    """
    return f"{PACE}:{sha256(find_token(None).encode()).hexdigest()[:16]}"
