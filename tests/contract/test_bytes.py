"""Spec -> client: bytes that are neither ASCII nor small nor polite, and every refusal."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import pytest

from contract.committed import SPECIFICATION
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import (
    byte_samples,
    bytes_as_received,
    refusals,
    refusals_as_documented,
)
from keyapi_tiktok import TikTok

CALLER = Caller(TikTok)
each_operation = pytest.mark.parametrize("operation", list(SPECIFICATION), ids=attrgetter("name"))


@each_operation
def test_bytes_come_back_as_their_exact_value_or_a_typed_error(
    operation: Any, tally: Callable[..., None]
) -> None:
    found = list(bytes_as_received(operation, CALLER))
    read = len(list(byte_samples(operation)))
    tally("spec -> client", operation.name, checks=2 * read, cases=read)
    assert_holds(found)


@each_operation
def test_refusals_are_raised_with_what_they_say(operation: Any, tally: Callable[..., None]) -> None:
    found = list(refusals_as_documented(operation, CALLER))
    read = len(list(refusals(operation)))
    tally("spec -> client", operation.name, checks=2 * read, cases=read)
    assert_holds(found)
