"""Options of client and sandbox: each does what is documented."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import pytest

from contract.committed import SPECIFICATION
from keyapi._options import OPTIONS
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import options_as_documented, sandbox_as_documented
from keyapi.sandbox import FAULTS
from keyapi_tiktok import TikTok

CALLER = Caller(TikTok)
each_operation = pytest.mark.parametrize("operation", list(SPECIFICATION), ids=attrgetter("name"))


@each_operation
def test_options_do_what_is_documented(operation: Any, tally: Callable[..., None]) -> None:
    found = list(options_as_documented(operation, CALLER))
    tally("client -> spec", operation.name, checks=len(OPTIONS), cases=len(OPTIONS))
    assert_holds(found)


@each_operation
def test_the_sandbox_obeys_its_options(operation: Any, tally: Callable[..., None]) -> None:
    found = list(sandbox_as_documented(SPECIFICATION, operation, TikTok))
    tally("server -> spec", operation.name, checks=len(FAULTS), cases=len(FAULTS))
    assert_holds(found)
