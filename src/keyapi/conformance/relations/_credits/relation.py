"""Credits: how often a call is sent, when, at what cost, and what it is refused for unsent.

What is expected is worded after `docs/errors.md`, `docs/options.md` and `docs/costs.md`, so that
the client's own table is not its judge.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from keyapi.conformance.drivers import Caller
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._credits import forking, keeping_trouble, shared_rates
from keyapi.conformance.relations._credits.budgets import budgets, shared_budgets
from keyapi.conformance.relations._credits.clients import (
    found_once,
    functions,
    remade,
    sizes,
    uncopied,
    unfit,
)
from keyapi.conformance.relations._credits.keeping import (
    cached,
    kept_by_server,
    kept_for,
    kept_for_others,
    low_level,
    never_the_key,
)
from keyapi.conformance.relations._credits.limiters import (
    failing_limiters,
    limiters,
    unlimited_redis,
)
from keyapi.conformance.relations._credits.logging import hostile_words, logged
from keyapi.conformance.relations._credits.pacing import (
    deadlines,
    exhausted_meanwhile,
    late_by_the_pace,
    paced,
    shared_pace,
    slow_bodies,
    units,
)
from keyapi.conformance.relations._credits.packing import packed
from keyapi.conformance.relations._credits.refusing import closed, quota, unsent, walks
from keyapi.conformance.relations._credits.retrying import (
    failures,
    long_waits,
    mixed,
    recoveries,
    retry_after,
)
from keyapi.conformance.relations._credits.statuses import statuses
from keyapi.conformance.relations._desk import Desk, Scenario
from keyapi.conformance.relations._shared import good_arguments
from keyapi.specification import OperationSpec


@relation("credits", short="crd", position=9)
def credits_counted(operation: OperationSpec, caller: Caller) -> Iterator[Finding]:
    """Requests are sent as often as documented, when documented, and each is counted.

    Args:
        operation: The operation, as the one who judges knows it.
        caller: The client.
    """
    arguments = good_arguments(operation, caller)
    if arguments is None:
        return
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        for name, scenario in SCENARIOS.items():
            for way, chosen in (("sync", None), ("async", runner)):
                for broken in scenario(Desk(operation, caller, arguments, chosen)):
                    yield Finding("credits", f"{name}, {way}", broken)


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__.replace("_", " "): scenario
    for scenario in (
        failures,
        statuses,
        long_waits,
        recoveries,
        mixed,
        retry_after,
        deadlines,
        slow_bodies,
        late_by_the_pace,
        budgets,
        shared_budgets,
        unsent,
        closed,
        quota,
        cached,
        kept_by_server,
        kept_for,
        low_level,
        kept_for_others,
        never_the_key,
        keeping_trouble.damaged,
        keeping_trouble.of_the_future,
        keeping_trouble.too_large,
        keeping_trouble.no_folder,
        shared_rates.shared_rates,
        shared_rates.asked_less_often,
        shared_rates.without_answer,
        forking.as_in_children,
        forking.in_children,
        forking.kept_in_children,
        forking.paced_in_children,
        forking.connected_in_children,
        paced,
        units,
        shared_pace,
        exhausted_meanwhile,
        limiters,
        failing_limiters,
        unlimited_redis,
        remade,
        found_once,
        uncopied,
        unfit,
        functions,
        sizes,
        packed,
        logged,
        hostile_words,
        walks,
    )
}
"""What is played, by name."""
