"""The client's own connections: what arrives, what is kept, and what is given of the answer."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import pytest

from contract.committed import SPECIFICATION
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import network_as_documented
from keyapi_tiktok import TikTok

CALLER = Caller(TikTok)
WAYS = 3


@pytest.mark.parametrize("operation", list(SPECIFICATION), ids=attrgetter("name"))
def test_requests_and_answers_pass_over_the_network_as_documented(
    operation: Any, tally: Callable[..., None]
) -> None:
    found = list(network_as_documented(operation, CALLER))
    tally("client -> spec", operation.name, checks=WAYS, cases=WAYS)
    tally("spec -> client", operation.name, checks=WAYS, cases=WAYS)
    assert_holds(found)
