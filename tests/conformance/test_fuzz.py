"""Schemathesis's cases reach methods of every shape: path, query and body."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import httpx
import hypothesis
import pytest
from schemathesis import GenerationMode
from schemathesis.core import NotSet

from keyapi.conformance.applicable import left_out, made_up, never_checked
from keyapi.conformance.checks import meaning
from keyapi.conformance.drivers import KEY, Caller, Inexpressible, sandbox_server
from keyapi.conformance.fuzz import (
    Fuzz,
    bodies,
    body_of,
    faulty_headers,
    fixed,
    operation_name,
    positive,
    request_of,
    typed_values,
)
from keyapi.conformance.relations import server_to_spec, success_answer
from keyapi.contract import Contract
from keyapi.sandbox import Sandbox
from keyapi.specification import Specification
from keyapi_example import TikTok
from support.pages import page, query, rows
from support.specs import effective

EXAMPLE = Specification.of_package("keyapi_example")
FUZZ = Fuzz(EXAMPLE)
CALLER = Caller(TikTok)


@pytest.mark.parametrize("name", ["video_search", "video_video_id_detail", "shop_list"])
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_what_a_case_says_in_path_query_and_body_reaches_the_method(
    name: str, mode: GenerationMode
) -> None:
    operation = EXAMPLE.operations[name]
    strategy = FUZZ.schema[operation.path][operation.method].as_strategy(generation_mode=mode)
    bodies: list[Any] = []
    in_path: list[str] = []

    @hypothesis.given(case=strategy)
    def probe(case: Any) -> None:
        values, body = typed_values(operation, case), body_of(operation, case)
        if isinstance(body, NotSet) or not isinstance(body, (dict, type(None))):
            return
        if None in (body or {}).values():
            return
        try:
            sent = CALLER.call(name, values, success_answer(operation), body=body)
        except Inexpressible:
            return
        for request in sent.requests:
            bodies.append(body)
            in_path.extend(value for value in (values.get("video_id"),) if value)
            received = json.loads(request.content) if request.content else None
            assert received == body
            assert all(value in request.url.path for value in in_path[-1:])

    fixed(probe, 15)()

    if mode is GenerationMode.POSITIVE:
        assert bodies
        assert any(bodies) == (name == "video_search")
        assert any(in_path) == (name == "video_video_id_detail")


SILENT = page(
    "/v1/tiktok/shop/silent",
    parameters=[
        query("shop_id", "Shop id", required=True),
        query("sold", "Sold", "integer"),
        query("words", "Words, comma-separated, at most 3"),
    ],
    data_schema=rows(shop_id="string", sold="integer"),
    example=[{"shop_id": "1", "sold": 5}],
    operation={"responses": {"400": None, "401": None}},
)
NOTED = page(
    "/v1/tiktok/shop/noted",
    method="post",
    parameters=[query("cursor", "Cursor")],
    body={
        "type": "object",
        "required": ["note"],
        "properties": {
            "note": {"type": "string", "nullable": True},
            "mark": {"type": "integer", "nullable": True},
            "level": {"type": "integer"},
            "anything": {},
        },
    },
    data_schema={
        "type": "object",
        "properties": {"cursor": {"type": "string"}, "shops": rows(shop_id="string")},
    },
)
NEIGHBOURS = Specification(effective(SILENT, NOTED))


@pytest.mark.parametrize("name", list(NEIGHBOURS.operations))
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_check_that_can_hold_for_an_answer_is_made(name: str, mode: GenerationMode) -> None:
    operation = NEIGHBOURS.operations[name]
    fuzz = Fuzz(NEIGHBOURS)
    strategy = fuzz.schema[operation.path][operation.method].as_strategy(generation_mode=mode)
    left: set[str] = set()

    with httpx.Client(transport=Sandbox(spec=NEIGHBOURS.document, key=KEY).transport) as http:

        @hypothesis.given(case=strategy)
        def probe(case: Any) -> None:
            answer = http.request(**request_of(case))
            excluded = left_out(operation, case, answer)
            left.update(check.__name__ for check in excluded)
            case.validate_response(answer, excluded_checks=excluded)

        fixed(probe, 40)()

    assert left - {"ignored_auth"} <= set(never_checked(operation))
    assert ("status_code_conformance" in left) <= (name == "shop_silent")


def test_what_a_schema_allows_and_no_server_takes_is_told_apart() -> None:
    silent, noted = NEIGHBOURS.operations["shop_silent"], NEIGHBOURS.operations["shop_noted"]

    assert never_checked(silent) == (
        "positive_data_acceptance",
        "negative_data_rejection",
        "status_code_conformance",
    )
    assert never_checked(noted) == ("positive_data_acceptance",)
    assert [made_up(silent, "sold", number) for number in (2**63 - 1, 2**63)] == [False, True]
    lists: list[list[str]] = [["a"], ["a,b", "c"], ["a,b", "c,d"], ["a", ""], []]
    assert [made_up(silent, "words", words) for words in lists] == [False, False, True, True, True]
    assert made_up(silent, "shop_id", "")
    assert not made_up(noted, "note", "")
    assert not made_up(noted, "undocumented", "")
    assert [made_up(noted, "cursor", cursor) for cursor in (None, "x")] == [False, True]


def test_null_is_left_out_of_a_body_where_a_call_would_leave_it_out() -> None:
    body = {"note": None, "mark": None, "level": None, "anything": None, "else": 1}

    said = body_of(NEIGHBOURS.operations["shop_noted"], SimpleNamespace(body=body))

    assert said == {"note": None, "level": None}


def test_many_operations_share_their_examples() -> None:
    fuzz, few = Fuzz(NEIGHBOURS), []
    for count in (1, 10, 11, 34, 40, 120):
        fuzz.count = count
        few.append(fuzz.share(100))

    assert few == [100, 100, 90, 29, 25, 25]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_check_of_meaning_passes_what_a_sandbox_answers(mode: GenerationMode) -> None:
    operation = EXAMPLE.operations["shop_list"]
    strategy = FUZZ.schema[operation.path][operation.method].as_strategy(generation_mode=mode)
    refused = 0

    @hypothesis.given(case=strategy)
    def probe(case: Any) -> None:
        nonlocal refused
        assert operation_name(case) == operation.name
        assert positive(case) == (mode is GenerationMode.POSITIVE)
        answer = http.request(**request_of(case))
        assert (answer.status_code == 401) == faulty_headers(case)
        refused += answer.status_code != 200
        case.validate_response(answer, checks=[meaning])
        answer.status_code = 418  # undocumented, which another check tells
        case.validate_response(answer, checks=[meaning])

    with httpx.Client(transport=Sandbox(key=KEY).transport) as http:
        fixed(probe, 15)()
    assert bool(refused) == (mode is GenerationMode.NEGATIVE)


def test_bodies_are_what_the_schema_allows() -> None:
    operation = EXAMPLE.operations["shop_list"]
    contract = Contract(EXAMPLE.document)

    @hypothesis.given(bodies(EXAMPLE.document, operation))
    def probe(body: Any) -> None:
        content = json.dumps(body).encode()
        found = contract.violations(operation.name, operation.success_status, content)
        assert not any(violation.rule == "type" for violation in found)

    fixed(probe, 15)()


def test_a_next_cursor_has_the_type_that_answers_have() -> None:
    feed = {
        "type": "object",
        "properties": {"max_cursor": {"type": "integer"}, "videos": rows(video_id="string")},
    }
    text = page(
        "/v1/tiktok/video/feed",
        parameters=[query("offset", "Cursor", required=True)],
        data_schema=feed,
    )
    spec = effective(text)
    (operation,) = Specification(spec)

    found = server_to_spec(Contract(spec), operation, sandbox_server(spec=spec))

    assert list(map(str, found)) == []
