"""What a worker does with a shard: it makes a client, and runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from keyapi._client import AsyncClient
from keyapi._errors import KeyAPIError
from keyapi.export._api import completed
from keyapi.export._shards.lease import Grants
from keyapi.export._shards.shard import Shard, ShardReport


class Access(Protocol):
    """What workers get leases, credits, pace and key from; it can be pickled."""

    def token(self) -> str | None:
        """The key; None for that of the worker's environment."""
        ...

    def reached(self) -> AbstractAsyncContextManager[tuple[Grants, Any]]:
        """What grants shards and credits, and the `rate` of an async client or None, for a time."""
        ...


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Runs shards in whatever process it was sent to.

    Attributes:
        client: The class of the client.
        options: Its options but the key, the rate and the budget.
        access: What it gets those from; never in a log.
        settings: Other arguments of `Shard.arun`.
    """

    client: type[AsyncClient]
    options: Mapping[str, Any] = field(repr=False)
    access: Access = field(repr=False)
    settings: Mapping[str, Any]

    def __call__(self, shard: Shard) -> ShardReport | KeyAPIError:
        """Run a shard; give what came of it, or what ended it early."""
        try:
            return completed(self._run(shard))
        except KeyAPIError as error:
            return error

    async def _run(self, shard: Shard) -> ShardReport:
        token = await asyncio.to_thread(self.access.token)
        async with (
            self.access.reached() as (grants, rate),
            self.client(token, rate=rate, **self.options) as client,
        ):
            return await shard.arun(client, grants, **self.settings)
