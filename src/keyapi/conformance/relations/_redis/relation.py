"""Credits: one budget for several processes, kept by a Redis server that is started for it.

What is expected is worded after `docs/costs.md` and the docstring of `RedisBudget`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from keyapi.conformance.drivers import Caller
from keyapi.conformance.drivers._forks import has_forks
from keyapi.conformance.drivers._redis import RedisProcess, has_redis, redis_process
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._redis import lifetime, spending, trouble
from keyapi.conformance.relations._redis.arguments import not_redis, unusable
from keyapi.conformance.relations._redis.rates import rate_through_redis
from keyapi.conformance.relations._shared import good_arguments, violation
from keyapi.contract import Violation
from keyapi.specification import OperationSpec

SHARED: tuple[Callable[[Desk, RedisProcess], Iterator[Violation]], ...] = (
    spending.shared_by_name,
    spending.in_lots,
    spending.refunded,
    spending.by_number,
    spending.remembered,
    spending.copied,
    spending.by_own_client,
    lifetime.unused,
    lifetime.ended,
    lifetime.stopped,
    *((lifetime.by_children,) if has_forks() else ()),
    trouble.lost,
    trouble.seen,
    trouble.damaged,
    unusable,
    not_redis,
    rate_through_redis,
    trouble.paused,
    trouble.gone,
    trouble.back,
)
"""What is looked at, in order."""
_CALLED = {
    spending.shared_by_name,
    spending.refunded,
    spending.by_own_client,
    trouble.lost,
    trouble.gone,
    trouble.back,
    trouble.paused,
}
"""What goes another way in an async client."""


@relation("credits", short="crd", position=9)
def budget_shared_through_redis(operation: OperationSpec, caller: Caller) -> Iterator[Finding]:
    """Processes that share a budget spend it together, whatever becomes of them or of Redis.

    Args:
        operation: The operation; where it costs nothing, there is nothing to look at.
        caller: The client.
    """
    arguments = good_arguments(operation, caller)
    if not has_redis() or not operation.credits or arguments is None:
        return
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner, redis_process() as server:
        for look in SHARED:
            for way, chosen in (("sync", None), ("async", runner)):
                if chosen is not None and look not in _CALLED:
                    continue
                name = f"{look.__name__.replace('_', ' ')} through Redis, {way}"
                desk = Desk(operation, caller, arguments, chosen)
                try:
                    with server.connected() as connection:
                        connection.flushall()
                    for broken in look(desk, server):
                        yield Finding("credits", name, broken)
                except Exception as error:  # after which the server may be as it must not
                    found = f"{type(error).__name__}: {error}"
                    yield Finding(
                        "credits", name, violation(operation, "raised", "no such error", found)
                    )
                    return
