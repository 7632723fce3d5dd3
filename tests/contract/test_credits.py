"""Credits: what a call costs, whatever the server does."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import pytest

from contract.committed import SPECIFICATION
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.drivers import Caller
from keyapi.conformance.drivers._redis import has_redis
from keyapi.conformance.relations import budget_shared_through_redis, credits_counted
from keyapi.conformance.relations._credits.relation import SCENARIOS
from keyapi.conformance.relations._redis.relation import SHARED
from keyapi_tiktok import TikTok

CALLER = Caller(TikTok)
PRICED = {operation.credits: operation for operation in reversed(list(SPECIFICATION))}


@pytest.mark.parametrize("operation", list(SPECIFICATION), ids=attrgetter("name"))
def test_requests_are_sent_and_counted_as_documented(
    operation: Any, tally: Callable[..., None]
) -> None:
    found = list(credits_counted(operation, CALLER))
    count = 2 * len(SCENARIOS)
    tally("credits", operation.name, checks=count, cases=count)
    assert_holds(found)


@pytest.mark.parametrize("operation", PRICED.values(), ids=attrgetter("name"))
def test_processes_spend_one_budget_together(operation: Any, tally: Callable[..., None]) -> None:
    found = list(budget_shared_through_redis(operation, CALLER))
    if has_redis():
        tally("credits", operation.name, checks=len(SHARED), cases=len(SHARED))
    assert_holds(found)
