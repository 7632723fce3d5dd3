"""A budget of credits that processes share, on one host or several."""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from keyapi._config import check_count, check_seconds
from keyapi._errors import ConfigurationError
from keyapi._redis.account import HOLDER_SECONDS, Account
from keyapi._redis.server import LARGEST, PATIENCE, RedisServer

if TYPE_CHECKING:
    from redis import Redis

LOT = 20
"""How many credits a process takes at a time, unless told otherwise."""
_LONGEST_NAME = 200

B = TypeVar("B", bound="RedisBudget")


class RedisBudget:
    """A `keyapi.Budget` that processes share through Redis (extra `redis`).

    Whatever names the same budget on the same server spends from it: clients, threads, processes,
    hosts. A process takes credits in lots, before the requests that they pay are sent, so that few
    requests wait for Redis. Near the end lots become smaller, down to a single request's cost.

    `close` gives back what is left of the lot, and so do the end of the program and a minute
    without requests. A process that is killed cannot: what it had taken counts as spent, at most a
    lot and what was in flight. No credit is ever granted twice.

    A forked child has a lot and connections of its own. Made of a URL, a budget can be pickled, so
    that other processes get one of the same name.

    Args:
        server: URL of a Redis server (5 or later), such as `redis://host:6379/0`; or a
            `redis.Redis` with a `socket_timeout`, also for asyncio clients.
        name: Name of the budget; the key in Redis is `keyapi:budget:` and the name.
        credits: What may be spent in all under this name. Each process keeps to the number that it
            was given: it takes no further credits once that many are out, whoever has them. To
            raise it, name a larger number; a smaller one lowers it for those who name it.
        lot: How many credits are taken at a time; with 1, Redis is asked before each request.
        patience: For how many seconds Redis is tried again where it does not answer.
        expires: For how many seconds after the last process the server remembers what was spent,
            at least 120; None for ever.

    Raises:
        ModuleNotFoundError: The extra `redis` is not installed.
        ConfigurationError: An argument cannot be used.
    """

    def __init__(
        self,
        server: str | Redis,
        name: str,
        credits: int,  # noqa: A002 - what it is
        *,
        lot: int = LOT,
        patience: float = PATIENCE,
        expires: float | None = None,
    ) -> None:
        _check(name, credits, lot, expires)
        self.name = name
        self._made = partial(
            type(self), name=name, credits=credits, lot=lot, patience=patience, expires=expires
        )
        self._server = RedisServer(server, patience, f"the budget {name!r}")
        self._account = Account(self._server, name, credits, lot, expires)
        weakref.finalize(self, self._account.leave)

    @property
    def allowed(self) -> int:
        """What may be spent in all, in credits."""
        return self._account.allowed

    @property
    def spent(self) -> int:
        """What was spent, in credits, as far as this process knows.

        It is asked of Redis the first time, and brought by each lot. What other processes have
        taken counts, whether they have spent it or not.

        Raises:
            ConfigurationError: As in `reserve`.
        """
        return self._account.spent

    def reserve(self, cost: int) -> bool:
        """Reserve the cost of a request that is about to be sent.

        Args:
            cost: In credits.

        Returns:
            Whether it is reserved; the request is not sent otherwise.

        Raises:
            ConfigurationError: Redis did not answer for `patience` seconds, or has lost what was
                spent, or holds something else under the name; or the budget is closed.
        """
        return self._account.reserve(cost)

    async def ready(self, cost: int) -> None:
        """Take a lot if need be, letting other tasks run; async clients await it before `reserve`.

        Args:
            cost: What is to be reserved, in credits.

        Raises:
            ConfigurationError: As in `reserve`.
        """
        await self._account.ready(cost)

    def refund(self, cost: int) -> None:
        """Take back the cost of a request that never left, in credits."""
        self._account.refund(cost)

    def close(self) -> None:
        """Give back what is left of the lot; nothing can be reserved any more."""
        self._account.close()

    def __enter__(self: B) -> B:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<RedisBudget {self.name!r}: {self.allowed:,} credits>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self._server.url is None:
            raise TypeError("A RedisBudget that was made of a redis.Redis cannot be pickled")
        return self._made, (self._server.url,)


def _check(name: Any, allowed: Any, lot: Any, expires: Any) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise ConfigurationError(
            f"The name of a budget must be text of 1 to {_LONGEST_NAME} characters, got {name!r}"
        )
    if check_count("credits", allowed) > LARGEST:
        raise ConfigurationError(f"credits must be at most {LARGEST:,}, got {allowed:,}")
    if not 1 <= check_count("lot", lot) <= LARGEST:
        raise ConfigurationError(f"lot must be from 1 to {LARGEST:,}, got {lot:,}")
    if (check_seconds("expires", expires) or LARGEST) < 2 * HOLDER_SECONDS:
        raise ConfigurationError(
            f"expires must be at least {2 * HOLDER_SECONDS:g} seconds, or None, got {expires:g}"
        )
