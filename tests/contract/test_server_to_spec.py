"""Server -> spec, and meaning: the sandbox holds, and a stub is found out."""

from __future__ import annotations

import asyncio
import subprocess
import sys
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
from keyapi.conformance.cases import cases
from keyapi.conformance.checks import meaning
from keyapi.conformance.drivers import KEY, Served, http_server, sandbox_server, wire
from keyapi.conformance.fuzz import LEFT_OUT, operation_name, request_of
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.relations import server_to_spec
from keyapi.contract import Contract
from keyapi.sandbox import Sandbox
from pipeline.cli import ROOT
from support.stub import stub

CONTRACT = Contract(SPECIFICATION.document)
OPERATIONS = list(SPECIFICATION)
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
    case.validate_response(in_process.request(**request_of(case)), excluded_checks=LEFT_OUT)


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
    assert found == [], "\n".join(map(str, found))


async def _stubbed(request: dict[str, Any]) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(stub)) as http:
        return await http.request(**request)


def stub_server(operation: Any, case: Any) -> Served:
    """The negative control, asked as any server."""

    def ask(asked: Any) -> ServerAnswer:
        url = f"http://stub{asked.path}?{asked.query}"
        request = {"method": asked.method, "url": url, "headers": dict(asked.headers)}
        got = asyncio.run(_stubbed(request))
        return ServerAnswer(got.status_code, got.headers, got.content)

    before = ask(wire(operation, case.previous)).content if case.previous else None
    return Served(ask(wire(operation, case.arguments, case.key)), before, None)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
def test_a_stub_that_repeats_the_documented_row_is_found_out(operation: Any) -> None:
    found = list(server_to_spec(CONTRACT, operation, stub_server))
    rules = {finding.violation.rule for finding in found}
    assert {finding.relation for finding in found} == {"server -> spec", "meaning"}
    assert {"overlap", "rows", "status"} <= rules, rules


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
def test_the_check_of_meaning_finds_the_stub_out_when_it_is_fuzzed(operation: Any) -> None:
    verdicts: list[bool] = []
    strategy = FUZZ.schema[operation.path][operation.method].as_strategy(
        generation_mode=GenerationMode.POSITIVE
    )

    @settings(max_examples=20, derandomize=True, database=None, deadline=None)
    @given(case=strategy)
    def probe(case: Any) -> None:
        answer = asyncio.run(_stubbed(request_of(case)))
        try:
            case.validate_response(answer, checks=[meaning])
        except FailureGroup as group:
            verdicts.append("as user_id asks" in str(group.exceptions[0]))
        else:
            verdicts.append(False)

    probe()
    assert verdicts.count(True) > len(verdicts) / 2, verdicts


def test_schemathesis_itself_runs_with_the_configuration_that_is_shipped() -> None:
    with Sandbox(key=KEY).serve() as url:
        done = subprocess.run(
            [
                *[str(Path(sys.executable).with_name("st")), "run"],
                str(files("keyapi_tiktok") / "openapi.json"),
                *["--url", url, "--max-examples", "20"],
            ],
            cwd=ROOT,
            env={"PATH": "", "KEYAPI_TOKEN": KEY, "PYTHONPATH": "src:generated"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
