"""Client -> spec: Schemathesis drives the methods; what goes out is what the case says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from contract.committed import FUZZ, SPECIFICATION
from keyapi import BadRequest
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, Caller, Inexpressible, Sent
from keyapi.conformance.fuzz import (
    faulty_headers,
    operation_name,
    positive,
    raw_query,
    request_of,
)
from keyapi.conformance.relations import client_to_spec, success_answer
from keyapi.sandbox import Sandbox
from keyapi.specification import OperationSpec
from keyapi_tiktok import TikTok

CALLER = Caller(TikTok)
OPERATIONS = list(SPECIFICATION)
SERVER = SPECIFICATION.document["servers"][0]["url"]
# An enum's other values, faults of headers and methods, and what is missing cannot be said by a
# typed call; nearly all that a server must accept can.
SENT_OF_GOOD, SENT_AT_LEAST = 0.95, 30


@pytest.fixture
def outcomes(note: Callable[[str], None]) -> Iterator[Counter[tuple[str, str, bool]]]:
    """Counts what became of each case: (operation, outcome, whether it must be accepted)."""
    counts: Counter[tuple[str, str, bool]] = Counter()
    yield counts
    for name in {operation for operation, _, _ in counts}:
        mine = {(what, good): n for (one, what, good), n in counts.items() if one == name}
        total = Counter({what: 0 for what, _ in mine})
        for (what, _), n in mine.items():
            total[what] += n
        told = ", ".join(f"{n} {what}" for what, n in total.most_common())
        note(f"client -> spec, {name}: {told}")
        good = sum(n for (_, is_good), n in mine.items() if is_good)
        sent = mine.get(("sent equal", True), 0)
        assert sent >= SENT_OF_GOOD * good, f"too few good cases were sent equal: {told}"
        assert total["sent equal"] >= SENT_AT_LEAST, f"too few were sent equal: {told}"


@FUZZ.each_operation
def test_methods_send_what_the_case_says(
    case: Any, outcomes: Counter[tuple[str, str, bool]], tally: Callable[..., None]
) -> None:
    operation = SPECIFICATION.operations[operation_name(case)]
    tally("client -> spec", operation.name, checks=5, cases=1)

    def count(outcome: str) -> None:
        outcomes[operation.name, outcome, positive(case)] += 1

    if faulty_headers(case) or case.method.upper() != operation.method:
        send_raw(case)
        count("sent raw")
        return
    given = raw_query(case)
    sent = call(operation, given)
    if isinstance(sent, Inexpressible):
        assert not positive(case), f"a good case cannot be said: {sent}"
        count(f"inexpressible ({sent.kind})")
        return
    if not sent.requests:
        assert isinstance(sent.result, (TypeError, BadRequest)), sent.result
        assert not positive(case), f"a good case was refused: {sent.result}"
        count("refused by the client")
        return
    (request,) = sent.requests
    asked = request_of(case)
    expected = httpx.QueryParams(asked["params"]).multi_items()
    filled = {} if operation.paging is None else {operation.paging.position: "1"}
    if operation.paging is not None and operation.paging.size:
        filled[operation.paging.size] = str(operation.paging.largest)
    missing = {name: text for name, text in filled.items() if name not in given}
    assert request.method == case.method.upper()
    assert str(request.url).partition("?")[0] == f"{SERVER}{urlsplit(asked['url']).path}"
    assert sorted(request.url.params.multi_items()) == sorted([*expected, *missing.items()])
    assert request.headers["authorization"] == f"Bearer {KEY}"
    count("sent with paging filled in" if missing else "sent equal")


def call(operation: OperationSpec, given: dict[str, Any]) -> Sent | Inexpressible:
    try:
        return CALLER.call(operation.name, given, success_answer(operation))
    except Inexpressible as reason:
        return reason


def send_raw(case: Any) -> None:
    """Faults of headers, key and method, which no method can say, on a path of their own."""
    with httpx.Client(transport=Sandbox(key=KEY).transport) as http:
        answer = http.request(**request_of(case))
    assert answer.status_code == (401 if faulty_headers(case) else 405)


@pytest.mark.parametrize("operation", OPERATIONS, ids=attrgetter("name"))
def test_methods_send_every_case_worth_asking(operation: Any, tally: Callable[..., None]) -> None:
    found = list(client_to_spec(operation, CALLER, SERVER))
    asked = len(list(cases(operation)))
    tally("client -> spec", operation.name, checks=6 * asked, cases=asked)
    assert found == [], "\n".join(map(str, found))
