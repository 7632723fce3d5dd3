"""Client -> spec: Schemathesis drives the methods; what goes out is what the case says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from schemathesis.core import NotSet

from contract.committed import FUZZ, SPECIFICATION
from keyapi import BadRequest
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.cases import Case, as_typed, cases, good
from keyapi.conformance.drivers import KEY, Caller, Inexpressible, Sent
from keyapi.conformance.fuzz import (
    EXAMPLES,
    body_of,
    faulty_headers,
    operation_name,
    positive,
    request_of,
    typed_values,
)
from keyapi.conformance.relations import Finding, client_to_spec, success_answer
from keyapi.contract import Violation
from keyapi.sandbox import Sandbox
from keyapi.specification import OperationSpec
from keyapi_tiktok import TikTok

CALLER = Caller(TikTok)
OPERATIONS = list(SPECIFICATION)
SERVER = SPECIFICATION.document["servers"][0]["url"]
# An enum's other values, faults of headers and methods, and what is missing cannot be said by a
# typed call; nearly all that a server must accept can.
SENT_OF_GOOD = 0.95
EQUAL, FILLED, EMPTY = "sent equal", "sent with paging filled in", "refused as empty"
BODYLESS = "no body"  # where a page does not require one, a typed call sends one all the same
NULL = "null in the body"  # where a property is required; to a typed call, None means "not sent"
NOT_SAID = (EMPTY, *(f"inexpressible ({kind})" for kind in (BODYLESS, NULL)))
Counts = Counter[tuple[str, str, bool]]


@pytest.fixture
def outcomes(note: Callable[[str], None], request: pytest.FixtureRequest) -> Iterator[Counts]:
    """Counts what became of each case: (operation, outcome, whether it must be accepted)."""
    counts: Counts = Counter()
    failed = request.session.testsfailed
    yield counts
    if request.session.testsfailed > failed:
        return  # at its first failure a test stops, and what follows was not tried
    for name in {operation for operation, _, _ in counts}:
        mine = {(what, good): n for (one, what, good), n in counts.items() if one == name}
        total = Counter({what: 0 for what, _ in mine})
        for (what, _), n in mine.items():
            total[what] += n
        summary = ", ".join(f"{n} {what}" for what, n in total.most_common())
        note(f"client -> spec, {name}: {summary}")
        good = sum(n for (what, is_good), n in mine.items() if is_good and what not in NOT_SAID)
        sent = sum(mine.get((what, True), 0) for what in (EQUAL, FILLED))
        own = [case for case in cases(SPECIFICATION.operations[name]) if is_sent(case)]
        fewest = min(len(own), FUZZ.share(EXAMPLES) // 4)
        assert sent >= SENT_OF_GOOD * good, f"too few good cases were sent equal: {summary}"
        assert sent >= fewest, f"too few were sent equal, expected {fewest}: {summary}"


@FUZZ.each_operation
def test_methods_send_what_the_case_says(
    case: Any, outcomes: Counts, tally: Callable[..., None]
) -> None:
    operation = SPECIFICATION.operations[operation_name(case)]
    tally("client -> spec", operation.name, checks=6, cases=1)
    if (operation.name, False) not in CALLER.methods:
        lacking = Violation(operation.name, "", "method", operation.name, "none")
        assert_holds([Finding("client -> spec", "", lacking)])

    def count(outcome: str) -> None:
        outcomes[operation.name, outcome, positive(case)] += 1

    if faulty_headers(case) or case.method.upper() != operation.method:
        send_raw(case)
        count("sent raw")
        return
    values, body = typed_values(operation, case), body_of(operation, case)
    sent = call(operation, values, body)
    if isinstance(sent, Inexpressible):
        assert sent.kind in (BODYLESS, NULL) or not positive(case), (
            f"a good case cannot be said: {sent}"
        )
        count(f"inexpressible ({sent.kind})")
        return
    if not sent.requests:
        assert isinstance(sent.result, (TypeError, BadRequest)), sent.result
        empty = not_sent(values)
        assert empty or not positive(case), f"a good case was refused: {sent.result}"
        count(EMPTY if empty else "refused by the client")
        return
    (request,) = sent.requests
    asked = request_of(case)
    expected = httpx.QueryParams(asked["params"]).multi_items()
    missing = {
        name: value
        for name, value in filled_in(operation).items()
        if name not in {**values, **(body or {})}
    }
    in_body = {name: value for name, value in missing.items() if is_in_body(operation, name)}
    in_query = [(name, str(missing[name])) for name in missing.keys() - in_body.keys()]
    url = unquote(str(request.url).partition("?")[0])
    in_request = json.loads(request.content) if request.content else None
    compared = {
        "method": (case.method.upper(), request.method),
        "path": (f"{SERVER}{path_of(asked)}", url),
        "query": (sorted([*expected, *in_query]), sorted(request.url.params.multi_items())),
        "body": (None if body is None else {**body, **in_body}, in_request),
        "key": (f"Bearer {KEY}", request.headers.get("authorization")),
    }
    assert_holds(
        Finding(
            "client -> spec",
            "a generated case",
            Violation(operation.name, "", part, str(said), str(sent_so)),
        )
        for part, (said, sent_so) in compared.items()
        if said != sent_so
    )
    count(FILLED if missing else EQUAL)


def call(operation: OperationSpec, values: dict[str, Any], body: Any) -> Sent | Inexpressible:
    try:
        if operation.body is not None and not isinstance(body, dict):
            kind = BODYLESS if isinstance(body, NotSet) else "another body"
            raise Inexpressible(kind, type(body).__name__)
        if None in (body or {}).values():
            raise Inexpressible(NULL)
        return CALLER.call(operation.name, values, success_answer(operation), body=body)
    except Inexpressible as reason:
        return reason


def is_sent(case: Case) -> bool:
    """Whether one of the operation's own cases is sent as it is."""
    return good(case) and not not_sent(case.arguments)


def not_sent(values: Mapping[str, Any]) -> bool:
    """Whether a value is blank, which KeyAPI's documentation says not to send, or no path segment.

    A schema without `minLength` allows both; and it allows line breaks, which the client refuses.
    """
    texts = [each for value in values.values() for each in as_list(value)]
    return [] in values.values() or any(
        value in (".", "..") or not value.strip() or "\r" in value or "\n" in value
        for value in texts
        if isinstance(value, str)
    )


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def filled_in(operation: OperationSpec) -> dict[str, int | str]:
    """What the client fills in where a call leaves it out: the first page, of the largest size."""
    paging = operation.paging
    if paging is None:
        return {}
    values = {paging.position: paging.start, paging.size: paging.largest}
    return {
        name: as_typed(operation.arguments[name], value)
        for name, value in values.items()
        if name is not None and value is not None
    }


def is_in_body(operation: OperationSpec, name: str) -> bool:
    return operation.arguments[name].place == "body"


def path_of(asked: dict[str, Any]) -> str:
    return unquote(urlsplit(asked["url"]).path)


def send_raw(case: Any) -> None:
    """Faults of headers, key and method, which no method can say, on a path of their own."""
    with httpx.Client(transport=Sandbox(key=KEY).transport) as http:
        answer = http.request(**request_of(case))
    others = [one.method for one in SPECIFICATION if one.path == case.path]
    secured = SPECIFICATION.operations[operation_name(case)].secured
    if faulty_headers(case):
        assert (answer.status_code == 401) == secured
    elif case.method.upper() not in others:
        assert answer.status_code == 405


@pytest.mark.parametrize("operation", OPERATIONS, ids=attrgetter("name"))
def test_methods_send_every_case_worth_asking(operation: Any, tally: Callable[..., None]) -> None:
    found = list(client_to_spec(operation, CALLER, SERVER))
    asked = len(list(cases(operation)))
    tally("client -> spec", operation.name, checks=6 * asked, cases=asked)
    assert_holds(found)
