"""What the engine derives from operations, at the edges that no page of the example has."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from inspect import Parameter, Signature
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from schemathesis.core.parameters import ParameterLocation

from conformance.clients import client_files, loaded
from keyapi.conformance import plugin
from keyapi.conformance.bodies import answers
from keyapi.conformance.capture import Server, as_recorded, documented, method_of
from keyapi.conformance.cases import Case, cases
from keyapi.conformance.checks import meaning
from keyapi.conformance.drivers import Caller
from keyapi.conformance.drivers._clients import Sent, _difference
from keyapi.conformance.fuzz import raw_values
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.live.keeping import says
from keyapi.conformance.live.running import _kinds
from keyapi.conformance.mutation.answers import Observers
from keyapi.conformance.mutation.baselines import judgement
from keyapi.conformance.mutation.outcomes import Detections
from keyapi.conformance.outcomes import Outcome, Outcomes
from keyapi.conformance.relations import client_to_spec, spec_to_client, success_answer
from keyapi.conformance.relations._answers.parsing import _odd_cursor
from keyapi.conformance.relations._pages.relation import walked
from keyapi.contract import Contract, Violation
from keyapi.recording.recorder import Recorder
from keyapi.sandbox import FAULTS, Reply, Sandbox, SandboxRequest
from keyapi.sandbox.faults import Exchange
from keyapi.specification import OperationSpec, Specification
from keyapi_example import TikTok
from support.pages import page, query, rows
from support.specs import effective

SPEC = Specification.of_package("keyapi_example")
PRODUCTS = "influencer_products_analytics"
JSON_HEADERS = {"content-type": "application/json"}
Edit = Callable[[dict[str, Any]], object]


def edited(name: str, edit: Edit, document: dict[str, Any] | None = None) -> Specification:
    """The example's specification, one operation of it changed."""
    copy = deepcopy(document or dict(SPEC.document))
    for item in copy["paths"].values():
        for node in item.values():
            if node["operationId"] == name:
                edit(node)
    return Specification(copy)


def media(node: dict[str, Any], status: str = "200") -> dict[str, Any]:
    content: dict[str, Any] = node["responses"][status]["content"]["application/json"]
    return content


def test_a_direction_that_is_no_order_promises_none() -> None:
    """The page may add, say, a shuffled order; the other two stay what they are."""
    document = deepcopy(dict(SPEC.document))
    directions = document["components"]["schemas"]["SortType"]
    directions["enum"].append(2)
    directions["x-enum-varnames"].append("shuffled")
    specification = Specification(document)
    operation = specification.operations[PRODUCTS]
    asked = next(case for case in cases(operation) if case.name.endswith(", shuffled"))
    sandbox = Sandbox(spec=document, key="sk_any")

    def answered(value: int) -> Reply:
        query = urlencode({**asked.arguments, "sort_type": value})
        headers = {"authorization": "Bearer sk_any"}
        return sandbox.respond(SandboxRequest("GET", operation.path, query, headers))

    shuffled, ordered = answered(2), answered(1)
    contract = Contract(document)
    assert shuffled.body != ordered.body
    for reply in (shuffled, ordered):
        found = contract.violations(PRODUCTS, 200, reply.body, arguments=asked.arguments)
        assert found == []
    exchange = Exchange(specification, operation, asked.arguments, ordered)
    assert list(FAULTS["wrong-order"].mutants(exchange)) == []


@pytest.mark.parametrize("operation", list(SPEC), ids=lambda operation: operation.name)
def test_every_faulty_answer_is_told_or_given_back(operation: OperationSpec) -> None:
    """What the contract suite asks of the published operations holds of every shape of page."""
    good = success_answer(operation)
    exchange = Exchange(SPEC, operation, {}, Reply(good.status, good.content))
    mutants = [mutant.reply for fault in FAULTS.values() for mutant in fault.mutants(exchange)]
    bodies = [reply.body for reply in mutants if reply.status == good.status]

    assert list(spec_to_client(Contract(SPEC), operation, Caller(TikTok), bodies)) == []


@pytest.mark.parametrize("is_said", [True, False], ids=["documented", "not documented"])
def test_a_list_that_may_be_null_comes_back_as_a_page_without_rows(is_said: bool) -> None:
    document = deepcopy(SPEC.document)
    spec = Specification(document)
    answer = spec.resolved(spec.operations[PRODUCTS].schema("200") or {})
    answer["properties"]["data"]["nullable"] = True
    operation = (spec if is_said else SPEC).operations[PRODUCTS]
    body = success_answer(operation).envelope | {"data": None}
    with loaded(client_files(document)) as client:
        bodies = [json.dumps(body).encode()]
        found = list(spec_to_client(Contract(spec), operation, Caller(client), bodies))

    assert [one.violation.rule for one in found] == ([] if is_said else ["to_dict"])


# --- Cases, outcomes and bodies ---------------------------------------------------------------


def test_an_open_operation_without_documented_refusals_has_no_cases_of_keys() -> None:
    def edit(node: dict[str, Any]) -> None:
        node["security"] = []
        del media(node)["example"]["data"][0]["category_id"]

    spec = edited(PRODUCTS, edit)
    names = [
        case.name
        for case in cases(Specification({**spec.document, "security": []}).operations[PRODUCTS])
    ]
    assert not {"a bad key", "filtered by category_id"} & {*names}

    def unlimited(node: dict[str, Any]) -> None:
        for status in ("402", "429"):
            del node["responses"][status]

    names = [case.name for case in cases(edited(PRODUCTS, unlimited).operations[PRODUCTS])]
    assert "a bad key" in names
    assert not {"no credits left", "too fast"} & {*names}


def test_a_required_argument_gets_its_example_or_an_object() -> None:
    def edit(node: dict[str, Any]) -> None:
        node["requestBody"]["content"]["application/json"]["schema"] = {
            "type": "object",
            "required": ["keyword", "filter"],
            "properties": {
                "keyword": {"type": "string", "example": "mug"},
                "filter": {"type": "object"},
            },
        }

    first = next(iter(cases(edited("video_search", edit).operations["video_search"])))
    assert (first.arguments["keyword"], first.arguments["filter"]) == ("mug", {})


def sampled(name: str, required: str, edit: Edit = lambda node: None) -> Any:
    method = SimpleNamespace(
        operation=SimpleNamespace(name=name),
        wire={required: required},
        signature=Signature([Parameter(required, Parameter.KEYWORD_ONLY)]),
    )
    outcomes = Outcomes(edited(name, edit), method)  # type: ignore[arg-type]  # as much as it reads
    return next(outcomes.reachable()).arguments[required]


def test_an_argument_is_sampled_by_what_is_known_of_it() -> None:
    def anonymous(node: dict[str, Any]) -> None:
        del media(node)["example"]["data"][0]["user_id"]

    def defaulted(node: dict[str, Any]) -> None:
        node["parameters"][0]["schema"]["default"] = 40

    assert isinstance(sampled(PRODUCTS, "user_id", anonymous), str)
    assert sampled("feed_list", "offset", defaulted) == 40
    assert sampled("feed_list", "offset") == 0


def test_bodies_are_made_of_any_schema_and_of_text_that_is_not_json() -> None:
    def edit(node: dict[str, Any]) -> None:
        node["responses"]["400"] = {
            "description": "",
            "content": {"application/json": {"schema": {"type": "string"}}},
        }
        media(node)["example"]["data"][0]["cover_url"] = "["

    spec = edited(PRODUCTS, edit)
    made = list(answers(spec, spec.operations[PRODUCTS]))
    assert {answer.status for answer in made} >= {200, 400}


# --- Recordings -------------------------------------------------------------------------------


def test_what_cannot_be_recorded_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYAPI_TOKEN", "sk_live_c4nary")
    feed = method_of(TikTok, "feed_list")
    sandbox = Sandbox(TikTok, key="sk_live_c4nary", faults=["html-502@1"])
    with sandbox.serve() as url:
        server = Server(TikTok, url, None)
        outcomes = Outcomes(SPEC, feed).reachable()
        attempts = list(server.attempts(SPEC.operations["feed_list"], feed, outcomes))
    assert attempts[1].problem == "the first answer names no next page"

    products = method_of(TikTok, PRODUCTS)
    refused = Outcome("200", 200, {"user_id": ""})
    (attempt,) = documented(TikTok, SPEC.operations[PRODUCTS], products, [refused], "a page")
    assert (attempt.recording, "user_id" in attempt.problem) == (None, True)


def test_a_recording_of_the_default_server_keeps_its_comment() -> None:
    recorder = Recorder(httpx.MockTransport(lambda request: httpx.Response(200, json={"code": 0})))
    with httpx.Client(transport=recorder) as http:
        http.get(f"{TikTok.default_base_url}/v1")
    (recording,) = recorder.recordings
    method = method_of(TikTok, PRODUCTS)
    kept = as_recorded(recording, TikTok, method, Outcome("200", 200, {}), TikTok.default_base_url)
    assert kept.comment == recording.comment


def test_a_page_without_a_size_is_compared_by_its_number() -> None:
    def edit(node: dict[str, Any]) -> None:
        del node["x-keyapi"]["paging"]["size"]

    operation = edited(PRODUCTS, edit).operations[PRODUCTS]
    asked = {"user_id": "1", "page_num": 1}
    outcome = Outcome("200", 200, {"user_id": "1"})
    assert says(operation, method_of(TikTok, PRODUCTS), outcome, Case("", asked))


# --- The client -------------------------------------------------------------------------------


def broken(operation: OperationSpec) -> set[str]:
    found = client_to_spec(operation, Caller(TikTok), TikTok.default_base_url)
    return {finding.violation.rule for finding in found}


def test_a_client_that_counts_other_credits_or_cannot_walk_is_found_out() -> None:
    def priced(node: dict[str, Any]) -> None:
        node["x-keyapi"]["credits"] = 7

    def empty(node: dict[str, Any]) -> None:
        media(node)["example"]["data"] = {}
        node["x-keyapi"]["items"] = "/data/rows"

    assert "credits" in broken(edited(PRODUCTS, priced).operations[PRODUCTS])
    assert "walk" in broken(edited("shop_list", empty).operations["shop_list"])


def test_an_argument_of_the_body_is_not_compared_with_one_of_the_query() -> None:
    def edit(node: dict[str, Any]) -> None:
        parameter = {"name": "keyword", "in": "query", "schema": {"type": "integer"}}
        node["parameters"] = [*node["parameters"], parameter]
        node.pop("requestBody")

    assert "argument" in broken(edited("video_search", edit).operations["video_search"])


def test_two_clients_that_give_other_results_differ() -> None:
    assert _difference(Sent([], 1, 0), Sent([], "1", 0)) == "1 was given, and '1'"


# --- Judges and observers ---------------------------------------------------------------------


def test_an_answer_that_no_contract_knows_is_judged_by_the_error() -> None:
    contract = Contract({**SPEC.document, "paths": {}})
    found = judgement(contract, SPEC.operations["feed_list"], ServerAnswer(200, {}, b"{}"))
    assert str(found).startswith("KeyError")


def test_one_violation_of_a_kind_stands_for_all_rows() -> None:
    rows = [Violation("x", f"/data/{row}/id", "type", "text", "1") for row in range(3)]
    assert list(_kinds(rows)) == rows[:1]


@pytest.mark.parametrize(("reported", "says_so"), [([], "expected"), (["it"], "reported it")])
def test_an_error_that_is_read_as_a_result_is_noticed(
    monkeypatch: pytest.MonkeyPatch, reported: list[str], says_so: str
) -> None:
    observers = Observers.__new__(Observers)
    monkeypatch.setattr(observers, "_read", "an error", raising=False)
    monkeypatch.setattr(observers, "_right", Reply(400, b"{}"), raising=False)
    monkeypatch.setattr(observers, "_called", lambda reply: ([], reported), raising=False)
    detections = Detections()
    observers._by_client(Reply(200, b"{}"), detections)
    assert says_so in detections.found["spec -> client"]


def test_without_a_case_past_the_end_nothing_is_known_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    observers = Observers.__new__(Observers)
    previous = SimpleNamespace(case=Case("second page", {}, previous={"page_num": 1}))
    baseline = SimpleNamespace(served=lambda operation: [])
    monkeypatch.setattr(observers, "_shown", previous, raising=False)
    monkeypatch.setattr(observers, "_baseline", baseline, raising=False)
    monkeypatch.setattr(observers, "_operation", None, raising=False)
    assert observers._past_the_end() is None


# --- Schemathesis and pytest ------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"<html>", b'{"code": 7}'])
def test_the_check_of_meaning_tells_a_code_that_is_not_the_status(content: bytes) -> None:
    path = SPEC.operations[PRODUCTS].path
    request = SimpleNamespace(url=f"https://x.example{path}?user_id=1", body=None)
    answer = httpx.Response(200, content=content)
    response = SimpleNamespace(
        status_code=200,
        request=request,
        content=content,
        headers={"content-type": ["application/json"]},
        json=answer.json,
    )
    schema = SimpleNamespace(raw_schema=SPEC.document)
    definition = SimpleNamespace(raw={"operationId": PRODUCTS})
    case = SimpleNamespace(operation=SimpleNamespace(schema=schema, definition=definition))
    with pytest.raises(AssertionError, match="/code: expected 0 or the status 200"):
        meaning(None, response, case)  # type: ignore[arg-type]  # as much as it reads


def test_generated_values_of_a_path_are_taken_as_they_are() -> None:
    raw = {ParameterLocation.PATH: {"video_id": 7}}
    case = SimpleNamespace(
        meta=SimpleNamespace(raw_containers=raw), path_parameters={"video_id": "7"}, query=None
    )
    assert raw_values(case) == {"video_id": 7}


def test_a_worker_process_hands_its_counts_over() -> None:
    config = SimpleNamespace(stash=pytest.Stash(), workeroutput={})
    plugin.pytest_sessionfinish(SimpleNamespace(config=config))  # type: ignore[arg-type]  # ditto
    assert json.loads(json.dumps(config.workeroutput)) == {
        "contract tally": [],
        "contract notes": [],
    }


# --- Answers that pages document otherwise than most --------------------------------------------


def only(text: str) -> tuple[Specification, OperationSpec]:
    """The specification of one page, and its operation."""
    spec = Specification(effective(text))
    (operation,) = spec
    return spec, operation


def test_a_success_without_content_is_answered_with_none() -> None:
    responses = {"200": None, "204": {"description": "Done"}}
    text = page("/v1/tiktok/video/gone", operation={"responses": responses})
    spec, operation = only(text)
    contract = Contract(dict(spec.document))

    assert success_answer(operation) == ServerAnswer(204, {}, b"")
    assert contract.violations(operation.name, 204, b"") == []
    assert contract.violations(operation.name, 204, b"text", headers={}) == []


def test_an_error_that_no_page_describes_is_left_alone_under_200() -> None:
    text = page("/v1/tiktok/video/odd", operation={"responses": {"400": {"content": None}}})
    spec, operation = only(text)
    for status in {*operation.node["responses"]} - {"200", "400"}:
        del operation.node["responses"][status]
    contract = Contract(dict(spec.document))
    body = json.dumps({"code": 400, "message": "no", "data": None}).encode()
    found = contract.violations(operation.name, 200, body, headers=JSON_HEADERS)
    assert [violation.rule for violation in found] == []


@pytest.mark.parametrize(
    ("kind", "cursor", "odd"),
    [
        ("string", 1, False),
        ("string", "a", False),
        ("string", True, True),
        ("string", 1.5, True),
        ("integer", "a", True),
        ("integer", "7", False),
        ("array", 1, True),
        ("array", [1], False),
        ("string", None, False),
    ],
)
def test_a_cursor_that_its_argument_cannot_hold_may_be_refused(
    kind: str, cursor: Any, odd: bool
) -> None:
    offset = query("offset", "Cursor", kind)
    if kind == "array":
        offset["schema"]["items"] = {"type": "integer"}
    following: dict[str, Any] = {"type": "array", "items": {}} if kind == "array" else {}
    data = {"type": "object", "properties": {"cursor": following, "videos": rows(id="string")}}
    _, operation = only(page("/v1/tiktok/video/feed", parameters=[offset], data_schema=data))
    body = {"code": 0, "data": {"cursor": cursor, "videos": [{"id": "1"}]}}
    answer = ServerAnswer(200, {}, json.dumps(body).encode())

    assert _odd_cursor(operation, answer) is odd
    assert not _odd_cursor(SPEC.operations["shop_note"], answer)


def test_a_list_is_sampled_by_one_item_and_a_bare_pattern_by_no_shortest_text() -> None:
    tags = {**query("tags", "Tags", "array", items={"type": "integer"}, required=True)}
    code = query("code", "Code", required=True, pattern="^[A-Z]{2}$", minLength=2)
    _, operation = only(page("/v1/tiktok/video/tags", parameters=[tags, code]))
    documented = next(iter(cases(operation))).arguments

    assert documented["tags"] == [1]
    assert documented["code"].isupper()
    assert "code at its minLength" not in [case.name for case in cases(operation)]


def test_null_among_the_members_of_an_enum_is_sent_by_no_case() -> None:
    def edit(node: dict[str, Any]) -> None:
        node["parameters"][0]["schema"] = {"type": "integer", "enum": [1, None], "nullable": True}

    spec = edited("feed_list", edit)
    offsets = {case.arguments.get("offset", 0) for case in cases(spec.operations["feed_list"])}
    assert 1 in offsets
    assert None not in offsets


def test_an_operation_without_pages_is_not_walked() -> None:
    assert list(walked(SPEC.operations["shop_note"], Caller(TikTok))) == []
