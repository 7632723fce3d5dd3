"""Credits: what a call costs, whatever the server does."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import pytest

from contract.committed import SPECIFICATION
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import credits_counted
from keyapi.conformance.relations._credits import SCENARIOS
from keyapi_tiktok import TikTok

CALLER = Caller(TikTok)


@pytest.mark.parametrize("operation", list(SPECIFICATION), ids=attrgetter("name"))
def test_requests_are_sent_and_counted_as_documented(
    operation: Any, tally: Callable[..., None]
) -> None:
    found = list(credits_counted(operation, CALLER))
    count = 2 * len(SCENARIOS)
    tally("credits", operation.name, checks=count, cases=count)
    assert_holds(found)
