"""Spec -> client: whatever the specification promises is parsed and given back; nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from contract.committed import FUZZ, SPECIFICATION
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import Caller, sandbox_server
from keyapi.conformance.fuzz import bodies, fixed
from keyapi.conformance.judge import JSON, ServerAnswer
from keyapi.conformance.relations import (
    contract_as_documented,
    parsed,
    spec_is_sound,
    spec_to_client,
    success_answer,
)
from keyapi.conformance.relations._contract.breaches import Breaches
from keyapi.contract import Contract
from keyapi.sandbox import Reply
from keyapi.sandbox.faults import FAULTS, Exchange
from keyapi_tiktok import TikTok

CONTRACT = Contract(SPECIFICATION.document)
CALLER = Caller(TikTok)
OPERATIONS = list(SPECIFICATION)
BODIES = 60
_BROKEN = [b"", b"null", b"[]", b"<html>", b'{"code": 0', b'{"code": "0"}', b"\xff", b'"text"']


def bodies_of(operation: Any) -> st.SearchStrategy[bytes]:
    """Bodies that the response schema allows, and what is left of them where one is cut short."""
    good = bodies(SPECIFICATION.document, operation).map(lambda body: json.dumps(body).encode())
    cut = st.tuples(good, st.floats(0, 1)).map(lambda pair: pair[0][: int(len(pair[0]) * pair[1])])
    return st.one_of(good, good, good, cut, st.sampled_from(_BROKEN))


@pytest.mark.parametrize("operation", OPERATIONS, ids=attrgetter("name"))
def test_whatever_the_schema_allows_comes_back_as_it_was(
    operation: Any, tally: Callable[..., None]
) -> None:
    arguments = next(iter(cases(operation))).arguments

    @hypothesis.given(bodies_of(operation))
    def probe(body: bytes) -> None:
        tally("spec -> client", operation.name, checks=3, cases=1)
        answer = ServerAnswer(operation.success_status, JSON, body)
        found = list(parsed(CONTRACT, operation, CALLER, arguments, answer))
        assert_holds(found)

    fixed(probe, FUZZ.share(BODIES))()


@pytest.mark.parametrize("operation", OPERATIONS, ids=attrgetter("name"))
def test_every_fault_of_an_answer_is_a_typed_error_or_told(
    operation: Any, tally: Callable[..., None]
) -> None:
    answer = success_answer(operation)
    reply = Reply(answer.status, answer.content)
    exchange = Exchange(SPECIFICATION, operation, {}, reply)
    spoilt = [mutant.reply for fault in FAULTS.values() for mutant in fault.mutants(exchange)]
    given = [one.body for one in spoilt if one.status == reply.status]
    found = list(spec_to_client(CONTRACT, operation, CALLER, given))
    tally("spec -> client", operation.name, checks=3 * len(given), cases=len(given))
    assert_holds(found)


@pytest.mark.parametrize("operation", OPERATIONS, ids=attrgetter("name"))
def test_what_the_sandbox_serves_comes_back_as_it_was(
    operation: Any, tally: Callable[..., None]
) -> None:
    serve = sandbox_server()
    asked = [case for case in cases(operation) if not case.faulty]
    given = [serve(operation, case).answer.content for case in asked]
    found = list(spec_to_client(CONTRACT, operation, CALLER, given))
    tally("spec -> client", operation.name, checks=3 * len(given), cases=len(given))
    assert_holds(found)


@pytest.mark.parametrize("operation", OPERATIONS, ids=attrgetter("name"))
def test_what_breaks_the_specification_is_told_logged_and_raised(
    operation: Any, tally: Callable[..., None]
) -> None:
    found = list(contract_as_documented(SPECIFICATION, operation, CALLER))
    broken = len(list(Breaches(operation, next(iter(cases(operation))).arguments).all()))
    tally("spec -> client", operation.name, checks=6 * broken, cases=broken)
    assert_holds(found)


def test_the_specification_is_valid_and_its_examples_fit(tally: Callable[..., None]) -> None:
    found = list(spec_is_sound(SPECIFICATION))
    for operation in SPECIFICATION:
        examples = [status for status in operation.statuses if operation.example(status)]
        if examples:
            tally("spec - page", operation.name, checks=len(examples) + 1, cases=len(examples))
    assert_holds(found)
