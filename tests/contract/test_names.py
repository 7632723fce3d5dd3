"""Client -> spec -> client: every name stands for what the pages say that it does."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import pytest

from contract.committed import SPECIFICATION
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.cases import cases, good
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import (
    arguments_checked,
    low_level_as_documented,
    names_as_documented,
    texts_as_given,
)
from keyapi_tiktok import TikTok

CALLER = Caller(TikTok)
SERVER = SPECIFICATION.document["servers"][0]["url"]
each_operation = pytest.mark.parametrize("operation", list(SPECIFICATION), ids=attrgetter("name"))


@each_operation
def test_names_are_what_is_documented(operation: Any, tally: Callable[..., None]) -> None:
    found = list(names_as_documented(SPECIFICATION, operation, CALLER))
    given, read = len(operation.arguments), len(operation.properties())
    tally("client -> spec", operation.name, checks=given, cases=given)
    tally("spec -> client", operation.name, checks=read, cases=read)
    assert_holds(found)


@each_operation
def test_low_level_functions_send_and_parse_as_the_methods_do(
    operation: Any, tally: Callable[..., None]
) -> None:
    found = list(low_level_as_documented(SPECIFICATION, operation, CALLER, SERVER))
    sent, read = len(list(filter(good, cases(operation)))), 4 * len(operation.statuses)
    tally("client -> spec", operation.name, checks=sent, cases=sent)
    tally("spec -> client", operation.name, checks=read, cases=read)
    assert_holds(found)


@each_operation
def test_arguments_are_checked_before_anything_is_sent(
    operation: Any, tally: Callable[..., None]
) -> None:
    found = list(arguments_checked(operation, CALLER, SERVER))
    asked = len(operation.arguments)
    tally("client -> spec", operation.name, checks=asked, cases=asked)
    assert_holds(found)


@each_operation
def test_texts_arrive_as_they_were_given(operation: Any, tally: Callable[..., None]) -> None:
    found = list(texts_as_given(operation, CALLER, SERVER))
    asked = len(operation.arguments)
    tally("client -> spec", operation.name, checks=asked, cases=asked)
    assert_holds(found)
