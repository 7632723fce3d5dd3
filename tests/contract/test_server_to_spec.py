"""Server -> spec, and meaning: the sandbox holds, and a stub is found out."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.resources import files
from operator import attrgetter
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup

from contract.committed import FUZZ, SPECIFICATION
from keyapi.conformance.applicable import left_out, never_checked
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.cases import cases
from keyapi.conformance.checks import meaning
from keyapi.conformance.drivers import KEY, Served, http_server, sandbox_server, wire
from keyapi.conformance.fuzz import operation_name, request_of
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.relations import server_to_spec
from keyapi.contract import Contract
from keyapi.sandbox import Sandbox
from pipeline.cli import ROOT
from support import controls
from support.stub import Stub

CONTRACT = Contract(SPECIFICATION.document)
OPERATIONS = list(SPECIFICATION)
STUB = Stub(SPECIFICATION, two_rows=True)
name = attrgetter("name")
CHECKS = 10  # of each answer: nine of Schemathesis's, and those of meaning


@pytest.fixture
def in_process() -> Iterator[httpx.Client]:
    with httpx.Client(transport=Sandbox(key=KEY).transport) as http:
        yield http


@FUZZ.each_operation
def test_the_sandbox_answers_whatever_is_asked_as_specified(
    case: Any, in_process: httpx.Client, tally: Callable[..., None]
) -> None:
    tally("server -> spec", operation_name(case), checks=CHECKS - 1, cases=1)
    tally("meaning", operation_name(case), checks=1, cases=1)
    operation = SPECIFICATION.operations[operation_name(case)]
    answer = in_process.request(**request_of(case))
    case.validate_response(answer, excluded_checks=left_out(operation, case, answer))


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
@pytest.mark.parametrize("where", ["in the process", "on a port"])
def test_every_case_worth_asking_is_answered_as_promised(
    operation: Any, where: str, tally: Callable[..., None]
) -> None:
    asked = list(cases(operation))
    if where == "on a port":
        asked = [case for case in asked if not case.served]
        with Sandbox(key=KEY).serve() as url, http_server(url) as serve:
            found = list(server_to_spec(CONTRACT, operation, serve, asked))
    else:
        found = list(server_to_spec(CONTRACT, operation, sandbox_server(), asked))
    tally("server -> spec", operation.name, checks=len(asked), cases=len(asked))
    tally("meaning", operation.name, checks=len(asked), cases=len(asked))
    assert_holds(found)


async def _stubbed(request: dict[str, Any]) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(STUB)) as http:
        return await http.request(**request)


def stub_server(operation: Any, case: Any) -> Served:
    """The negative control, asked as any server."""

    def ask(asked: Any) -> ServerAnswer:
        url = f"http://stub{asked.path}?{asked.query}"
        request = {"method": asked.method, "url": url, "headers": dict(asked.headers)}
        got = asyncio.run(_stubbed({**request, "content": asked.body}))
        return ServerAnswer(got.status_code, got.headers, got.content)

    before = ask(wire(operation, case.previous)).content if case.previous else None
    return Served(ask(wire(operation, case.arguments, case.key)), before, None)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
def test_a_stub_that_repeats_its_rows_is_found_out_by_what_it_breaks(operation: Any) -> None:
    found = server_to_spec(CONTRACT, operation, stub_server, controls.asked(operation, STUB))
    rules = {(finding.case, finding.violation.rule) for finding in found}
    assert rules == controls.expected(operation, STUB)
    reached = {rule for _, rule in rules}
    for fact in controls.applying(operation, STUB):
        assert controls.CONTROLS[fact].rule in reached, f"nothing found it out by {fact}"


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
def test_the_check_of_meaning_finds_the_stub_out_when_it_is_fuzzed(
    operation: Any, note: Callable[[str], None]
) -> None:
    wrong: Counter[bool] = Counter()
    strategy = FUZZ.schema[operation.path][operation.method].as_strategy(
        generation_mode=GenerationMode.POSITIVE
    )

    @settings(max_examples=FUZZ.share(20), derandomize=True, database=None, deadline=None)
    @given(case=strategy)
    def probe(case: Any) -> None:
        answer = asyncio.run(_stubbed(request_of(case)))
        request = answer.request
        arguments = operation.read_arguments(request.url.query.decode(), request.content)
        expected = controls.fuzzed(operation, arguments, STUB)
        try:
            case.validate_response(answer, checks=[meaning])
        except FailureGroup as group:
            text = str(group.exceptions[0])
            assert expected, text
            for words in expected:
                assert words in text
        else:
            assert not expected, expected
        wrong[bool(expected)] += 1

    probe()
    if controls.tells_rows_apart(operation, STUB):
        assert wrong[True], "no fuzzed case asked for other rows than the stub's"
    else:
        note(f"the stub, {operation.name}: no argument tells rows apart, so fuzzing cannot either")


@pytest.mark.parametrize("excluded", sorted({never_checked(one) for one in OPERATIONS}), ids=str)
def test_schemathesis_itself_runs_with_the_configuration_that_is_shipped(
    excluded: tuple[str, ...],
) -> None:
    alike = [one.name for one in OPERATIONS if never_checked(one) == excluded]
    options = ["--max-examples", str(FUZZ.share(20))]
    if len(alike) < len(OPERATIONS):
        options += [f"--include-operation-id={name}" for name in alike]
    if excluded:
        options += ["--exclude-checks", ",".join(excluded)]
    with Sandbox(key=KEY).serve() as url:
        done = subprocess.run(
            [
                *[str(Path(sys.executable).with_name("st")), "run"],
                str(files("keyapi_tiktok") / "openapi.json"),
                *["--url", url, *options],
            ],
            cwd=ROOT,
            env={"PATH": "", "KEYAPI_TOKEN": KEY, "PYTHONPATH": "src:generated"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
