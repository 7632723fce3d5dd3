"""The live contract, run against a sandbox on a real port whose ledger is the witness."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Event
from typing import Any
from xml.etree import ElementTree

import pytest

from conformance.live import main
from conformance.published import Published
from keyapi._clients import find
from keyapi._sending.clock import Clock
from keyapi.cli import main as keyapi
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.live.asking import Asker, Budget
from keyapi.conformance.live.plan import plan
from keyapi.conformance.live.running import Run
from keyapi.conformance.recordings import check_file, check_recording
from keyapi.contract import Contract
from keyapi.sandbox import FAULTS, Reply, Sandbox, SandboxRequest
from keyapi.sandbox._server import in_thread
from keyapi.specification import Specification
from keyapi_example import TikTok
from pipeline.cli import ROOT
from pipeline.document.yaml import load_yaml
from support.loopback import PATIENCE, Loopback
from support.pages import SPEC
from support.specs import EXAMPLE, listing, synthetic
from support.stub import Stub

KEY = "sk_live_c4nary"
QUICK = ("--rate", "1000/s", "--retries", "0")
ENOUGH = 60
SYNTHETIC = synthetic()
EFFECTIVE = Specification.of_package("keyapi_example")
OPERATION = EFFECTIVE.operations["influencer_products_analytics"]
ONE = ("--operation", OPERATION.name)
ALL = (*ONE, "--max-credits", str(ENOUGH), *QUICK)


class Live:
    """The command, and what it said."""

    def __init__(self, url: str, said: pytest.CaptureFixture[str]) -> None:
        self.url = url
        self._said = said

    def __call__(self, *arguments: str) -> tuple[int, str]:
        code = main(("--root", str(EXAMPLE), *arguments))
        captured = self._said.readouterr()
        return code, captured.out + captured.err


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(key=KEY)


@pytest.fixture
def live(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Live]:
    for name in ("KEYAPI_API_KEY", "KEYAPI_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KEYAPI_TOKEN", KEY)
    monkeypatch.setattr(Clock, "sleep", lambda self, seconds: None)
    with sandbox.serve() as url:
        monkeypatch.setenv("KEYAPI_BASE_URL", url)
        yield Live(url, capsys)


def reported(text: str) -> tuple[int, int]:
    """Requests sent and credits spent, as the last line says."""
    found = re.search(r"requests sent: (\d+); .*: (\d+) of at most", text)
    assert found, text
    return int(found[1]), int(found[2])


def outcomes(text: str) -> dict[str, str]:
    """The outcome of each case, as the table says."""
    rows = re.findall(r"^  (.+?) +(pass|fail|skip) +\d+$", text, re.MULTILINE)
    return dict(rows)


# --- What is asked, and what it costs ---------------------------------------------------------


def test_the_cases_are_those_worth_paying_for() -> None:
    members = OPERATION.arguments["influencer_product_sort_field"].members
    sorts = [f"sorted by {name}, {way}" for name in members for way in ("asc", "desc")]

    assert [case.name for case in plan(OPERATION)] == [
        "documented example",
        "without user_id",
        "a bad key",
        "filtered by category_id",
        *sorts,
        "past the end",
        "last page",
    ]


def test_a_sound_server_passes_every_case(live: Live, sandbox: Sandbox) -> None:
    code, text = live(*ALL)

    assert code == 0
    assert outcomes(text) == {case.name: "pass" for case in plan(OPERATION)}
    # 45 products: pages 2, 4, 8, 6, 5 are looked at; the first was paid for before.
    pages = re.findall(r"page_num=(\d+)", " ".join(one.query for one in sandbox.ledger.requests))
    assert pages[-6:] == ["100000", "2", "4", "8", "6", "5"]


@pytest.mark.parametrize("allowed", [0, 1, 2, 5, 17, 19, ENOUGH])
def test_never_is_more_spent_than_allowed(live: Live, sandbox: Sandbox, allowed: int) -> None:
    code, text = live(*ONE, "--max-credits", str(allowed), *QUICK)

    requests, spent = reported(text)
    assert code == (0 if allowed == ENOUGH else 2)
    assert requests == sandbox.ledger.count
    assert sandbox.ledger.charged <= spent <= allowed
    used_up = f"--max-credits {allowed} is used up"
    assert (used_up in text) == ("skip" in outcomes(text).values()) == (allowed < ENOUGH)
    assert spent == min(allowed, 20)


def test_an_incomplete_run_may_be_allowed(live: Live) -> None:
    code, text = live(*ONE, "--max-credits", "5", *QUICK, "--allow-incomplete")

    assert code == 0
    assert "--max-credits 5 is used up" in text


@pytest.mark.parametrize("allowed", [0, 1, 4, 17])
def test_retries_count_too(live: Live, sandbox: Sandbox, allowed: int) -> None:
    sandbox.faults = ["html-502"]

    _, text = live(*ONE, "--max-credits", str(allowed), "--rate", "1000/s", "--retries", "3")

    requests, spent = reported(text)
    assert requests == sandbox.ledger.count == spent == allowed


@pytest.mark.parametrize("allowed", [0, 3, 11, 200])
def test_any_operation_is_asked_within_the_budget_by_what_it_costs(allowed: int) -> None:
    specification = Specification(SYNTHETIC)
    sandbox = Sandbox(key=KEY, spec=SYNTHETIC)
    budget = Budget(allowed, PATIENCE)
    planned = [(operation, plan(operation)) for operation in specification]

    with sandbox.serve() as url, Asker(find(), KEY, budget, base_url=url, max_retries=0) as asker:
        published = Published({"paths": {}}, specification)
        run = Run(Contract(SYNTHETIC), asker, lambda result: None, published)
        run.go(planned)

    assert not run.failed, [one for one in run.results if one.violations]
    assert sandbox.ledger.charged <= budget.spent <= allowed
    assert budget.requests == sandbox.ledger.count <= budget.spent
    assert sum(result.credits for result in run.results) == budget.spent
    assert len(run.results) == sum(len(chosen) for _, chosen in planned)
    for result in run.results:
        if result.outcome == "pass" and result.case != "last page":
            assert result.credits == specification.operations[result.operation].credits
    assert (allowed == 200) == all(result.outcome == "pass" for result in run.results)


@pytest.mark.parametrize(("rate", "refused"), [((), 0), (("--rate", "2/s"), 1)])
def test_requests_keep_their_pace(
    live: Live, monkeypatch: pytest.MonkeyPatch, rate: tuple[str, ...], refused: int
) -> None:
    time = [0.0]

    def sleep(clock: Clock, seconds: float) -> None:
        time[0] += seconds

    monkeypatch.setattr(Clock, "now", lambda clock: time[0])
    monkeypatch.setattr(Clock, "sleep", sleep)
    sandbox = Sandbox(key=KEY, qps=1, clock=lambda: time[0])
    with sandbox.serve() as url:
        live(*ONE, "--max-credits", "9", "--retries", "0", "--base-url", url, *rate)

    statuses = [entry.status for entry in sandbox.ledger.requests]
    assert statuses.count(429) == refused
    assert (len(statuses) == 9) == (not refused)


# --- What is found ----------------------------------------------------------------------------

NO_FAILURE = {
    "rate-limited": "the server wants a slower pace, lower --rate",
    "rate-limited-wait": "the server wants a slower pace, lower --rate",
    "quota-402": "the server has no credits left for this key",
    "quota-500": "the server has no credits left for this key",
    "extra-property": "addition: ",
    "slow": "16 passed",
    "missing-optional": "16 passed",  # of which this operation has none
}


UNASKED = ("rate-limited", "rate-limited-wait", "quota-402", "quota-500")
"""Faults after which nothing can be asked any more: the run is incomplete."""


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"slow"}))
def test_each_fault_of_a_server_is_reported(live: Live, sandbox: Sandbox, fault: str) -> None:
    sandbox.faults = [fault]

    code, text = live(*ALL)

    assert reported(text)[0] == sandbox.ledger.count
    assert code == (2 if fault in UNASKED else 0 if fault in NO_FAILURE else 1)
    assert NO_FAILURE.get(fault, "expected ") in text


def test_sorting_may_take_no_row_away(live: Live, sandbox: Sandbox) -> None:
    sandbox.faults = ["empty-list@5-14"]

    _, text = live(*ALL)

    failed = [name for name, outcome in outcomes(text).items() if outcome == "fail"]
    assert failed == [case.name for case in plan(OPERATION) if case.name.startswith("sorted")]


@pytest.mark.parametrize("hole", [16, 17])
def test_an_empty_page_in_the_middle_is_not_the_end(
    live: Live, sandbox: Sandbox, hole: int
) -> None:
    sandbox.faults = [f"empty-list@{hole}"]  # of page 2, of page 4

    code, text = live(*ALL)

    assert code == 1
    assert [name for name, how in outcomes(text).items() if how == "fail"] == ["last page"]
    assert re.search(r"\(hole\): expected the \d+ rows that are known, found \d0 up to page", text)


def test_a_stub_that_repeats_the_documented_row_fails(live: Live) -> None:
    with in_thread(Stub(EFFECTIVE), "127.0.0.1", 0) as url:  # type: ignore[arg-type]  # an ASGI app, too
        code, text = live(*ALL, "--base-url", url)

    assert code == 1
    # It answers page 1 whatever is asked, under one requestId; without user_id it has none.
    passed = [name for name, outcome in outcomes(text).items() if outcome == "pass"]
    assert passed == ["documented example", "without user_id"]


def test_what_a_failure_says_finds_it_again(live: Live, sandbox: Sandbox) -> None:
    sandbox.faults = ["wrong-order@6"]
    _, text = live(*ALL)
    failure = re.search(
        r"FAIL (.+)\n  /data/1/total_sale_cnt \(order\): expected at most .+, found \d+\n"
        r"  reproduce: nox -s live -- (.+)\n",
        text,
    )
    assert failure
    assert failure[1] == f"{OPERATION.name}: sorted by total_sale_cnt, desc"
    sandbox.faults = ["wrong-order"]
    before = sandbox.ledger.count

    code, again = live(*shlex.split(failure[2]), *QUICK)

    assert code == 1
    assert outcomes(again) == {"sorted by total_sale_cnt, desc": "fail"}
    assert sandbox.ledger.count == before + 1


def test_a_published_promise_that_a_correction_tolerates_is_reported(
    live: Live, sandbox: Sandbox
) -> None:
    code, text = live(*ALL, "--only", "documented example")

    assert code == 0
    assert re.search(
        r"published promise broken, tolerated: .*/total_live_sale_gmv_amt: "
        r"expected type integer, found [\d.]+ \(1 case\)",
        text,
    )
    assert sandbox.ledger.count == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (None, []),
        ({"type": "object", "properties": {"code": {"type": "string"}}}, ["/code"]),
        ({"type": "object", "required": True}, [""]),
        ({"$ref": "#/components/schemas/Lost"}, [""]),
    ],
    ids=["kept", "broken", "no schema", "no component"],
)
def test_what_was_published_is_judged_as_it_is(
    change: dict[str, Any] | None, expected: list[str]
) -> None:
    example = OPERATION.example("200")
    answer = ServerAnswer(200, {"content-type": "application/json"}, json.dumps(example).encode())
    document = load_yaml((EXAMPLE / SPEC).read_text("utf-8"), SPEC)
    media = document["paths"][OPERATION.path]["get"]["responses"]["200"]["content"]
    if change is not None:
        media["application/json"]["schema"] = change

    broken = Published(document, EFFECTIVE).broken(OPERATION, answer)

    assert [violation.pointer for violation in broken] == expected


@pytest.mark.parametrize("last", [1, 3, 5, 6, 100_000])
def test_the_last_page_is_found_below_any_bound(last: int) -> None:
    spec = listing()
    parameters = spec["paths"][OPERATION.path]["get"]["parameters"]
    next(one for one in parameters if one["name"] == "page_num")["schema"]["maximum"] = last
    sandbox = Sandbox(key=KEY, spec=spec)
    specification = Specification(spec)
    operation = specification.operations[OPERATION.name]

    with (
        sandbox.serve() as url,
        Asker(find(), KEY, Budget(ENOUGH, PATIENCE), base_url=url, max_retries=0) as asker,
    ):
        published = Published({"paths": {}}, specification)
        run = Run(Contract(spec), asker, lambda result: None, published)
        run.go([(operation, plan(operation)[-1:])])

    (result,) = run.results
    assert (result.outcome, result.violations) == ("pass", [])
    pages = {int(one.query.split("page_num=")[1][0]) for one in sandbox.ledger.requests}
    assert min(last, 5) in pages  # of 45 products, the last five stand there
    assert max(pages) <= last
    assert sandbox.ledger.count == len(pages)  # none is paid for twice


def test_a_fault_that_passed_when_asked_again_is_told(live: Live, sandbox: Sandbox) -> None:
    sandbox.faults = ["html-502@1"]

    code, text = live(
        *ONE, "--max-credits", "5", "--rate", "1000/s", "--only", "documented example"
    )

    assert code == 0
    assert "answered only when asked again" in text
    assert "found HTTP 502 before HTTP 200" in text
    assert reported(text) == (2, 2)


# --- Keys -------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_nothing_is_sent(
    live: Live, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    monkeypatch.delenv("KEYAPI_TOKEN")
    if key is not None:  # as an unset secret arrives
        monkeypatch.setenv("KEYAPI_TOKEN", key)

    code, text = live(*ALL)

    assert (code, sandbox.ledger.count) == (2, 0)
    assert "No API key found; set KEYAPI_TOKEN" in text


def test_a_key_that_the_server_does_not_know_ends_the_run_at_once(
    live: Live, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYAPI_TOKEN", "sk_live_wrong")

    code, text = live(*ALL)

    assert (code, sandbox.ledger.count) == (2, 1)
    assert "the server does not accept the key: apiKey is invalid" in text
    assert set(outcomes(text).values()) == {"skip"}


def test_a_key_that_was_good_and_is_refused_later_is_a_failure(
    live: Live, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = sandbox._service.respond

    def respond(asked: SandboxRequest) -> Reply:
        reply = answered(asked)
        refused = sandbox.ledger.count == 4
        return Reply.of(401, {"code": 401, "message": "no", "data": None}) if refused else reply

    monkeypatch.setattr(sandbox._service, "respond", respond)

    code, text = live(*ALL)

    assert code == 1
    assert outcomes(text)["filtered by category_id"] == "fail"
    assert outcomes(text)["last page"] == "pass"


def test_a_key_that_may_not_use_an_operation_skips_it(
    live: Live, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"code": 403, "message": "no access to this endpoint", "data": None}
    monkeypatch.setattr(sandbox._service, "respond", lambda asked: Reply.of(403, told))

    code, text = live(*ALL)

    assert (code, reported(text)) == (2, (1, 1))
    assert "the key may not use this operation: no access to this endpoint" in text


@pytest.mark.parametrize("message", ["x" * 68 + KEY, "\n::error::\x1b[2J|```"])
def test_a_server_that_repeats_the_key_does_not_make_it_known(
    live: Live, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, message: str
) -> None:
    told = {"code": 418, "message": message, KEY: KEY}
    monkeypatch.setattr(sandbox._service, "respond", lambda asked: Reply.of(418, told))

    code, text = live(*ALL, "--report", str(tmp_path), "--base-url", f"{live.url}/{KEY}")

    files = [path.read_text("utf-8") for path in tmp_path.iterdir()]
    assert code == 1
    assert len(files) == 2
    for written in (text, *files):
        assert KEY[:9] not in written
        assert "[key]" in written
        assert not re.search(r"^::|\x1b", written, re.MULTILINE)


# --- Servers that do not answer, and users who do not wait ------------------------------------


def test_where_no_server_listens_nothing_is_learnt_about_the_contract(live: Live) -> None:
    with Loopback() as server:
        url = server.url

    code, text = live(*ALL, "--base-url", url)

    assert code == 2
    assert set(outcomes(text).values()) == {"skip"}
    assert "the server cannot be reached: " in text


def test_a_server_that_never_answers_is_given_up(live: Live) -> None:
    with Loopback() as server:
        server.free.clear()

        code, text = live(*ALL, "--timeout", "0.1", "--base-url", server.url)

    assert code == 1
    assert list(outcomes(text).values()).count("fail") == 2
    assert "expected an answer, found No response arrived: timed out" in text
    assert "the server does not answer" in text
    assert reported(text) == (2, 2)


def test_a_body_that_drips_too_long_is_no_answer(
    live: Live, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.faults = ["slow"]
    # Ten pieces take four seconds, yet on a busy machine, too, none comes later than after two.
    monkeypatch.setattr("keyapi.sandbox._http._PAUSE", 0.4)

    code, text = live(*ALL, "--timeout", "2", "--only", "documented example")

    assert code == 1
    assert "the body did not arrive in time" in text


def test_credits_that_end_on_the_server_end_the_run(live: Live) -> None:
    sandbox = Sandbox(key=KEY, credits=3)
    with sandbox.serve() as url:
        code, text = live(*ALL, "--base-url", url)

    assert code == 2
    assert "the server has no credits left for this key" in text
    assert sandbox.ledger.charged == 3
    assert sandbox.ledger.count == 6  # three paid for, two refused on purpose, one too many


def test_interrupted_half_way_it_reports_what_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, process = Event(), Future[Any]()

    sandbox = Sandbox(key=KEY)
    answered = sandbox._service.respond

    def respond(request: SandboxRequest) -> Reply:
        if sandbox.ledger.count == 4:
            process.result(PATIENCE).send_signal(signal.SIGINT)
            ended.wait(PATIENCE)
        return answered(request)

    monkeypatch.setattr(sandbox._service, "respond", respond)
    with sandbox.serve() as url:
        path = os.pathsep.join(str(ROOT / name) for name in ("tests", "scripts"))
        environment = {**os.environ, "KEYAPI_TOKEN": KEY, "PYTHONPATH": path}
        command = [sys.executable, "-m", "conformance.live", *ALL, "--base-url", url]
        process.set_result(
            subprocess.Popen(
                [*command, "--report", tmp_path],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        with process.result() as running:
            try:
                text, errors = running.communicate(timeout=60)
            finally:
                running.kill()
                ended.set()

    assert (running.returncode, errors) == (130, "")
    assert list(outcomes(text).values())[:5] == ["pass", "pass", "pass", "pass", "skip"]
    assert "interrupted; requests sent: 5;" in text
    assert "interrupted" in (tmp_path / "junit.xml").read_text("utf-8")


# --- What it writes ---------------------------------------------------------------------------


def test_the_reports_say_what_the_table_says(live: Live, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.faults = ["foreign-rows@4"]

    code, text = live(
        *ONE, "--max-credits", "5", *QUICK, "--report", str(tmp_path / "new" / "folder")
    )

    assert code == 1
    (suite,) = ElementTree.parse(tmp_path / "new" / "folder" / "junit.xml").getroot()  # noqa: S314
    told = {
        case.get("name"): next((one.tag for one in case if one.tag != "system-out"), "pass")
        for case in suite
    }
    words = {"pass": "pass", "fail": "failure", "skip": "skipped"}
    assert told == {name: words[outcome] for name, outcome in outcomes(text).items()}
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("16", "1", "11")
    (failure,) = suite.iter("failure")
    assert "/user_id (echo): expected" in str(failure.text)
    assert "reproduce: nox -s live -- --max-credits 5" in str(failure.text)
    summary = (tmp_path / "new" / "folder" / "summary.md").read_text("utf-8")
    assert f"| {OPERATION.name} | filtered by category_id | fail | 1 |" in summary
    assert str(failure.text).splitlines()[0] in summary


def test_good_answers_become_recordings_that_hold(
    live: Live, sandbox: Sandbox, project: Path
) -> None:
    sandbox.faults = ["renamed@15"]  # past the end: what is broken is not kept

    code, text = live(*ALL, "--record", "--root", str(project))

    assert code == 1
    files = sorted((project / "tests" / "recordings" / OPERATION.name).iterdir())
    assert [path.name for path in files] == ["200-page-2.har", "200.har", "400.har", "401.har"]
    for path in files:
        assert KEY not in path.read_text("utf-8")
        (recording,), problems = check_file(path)
        assert problems == []
        assert check_recording(recording, EFFECTIVE, TikTok) == []
        assert recording.origin == "sandbox"
    assert text.count("recorded  tests/recordings/") == 4


# --- The command of the package ---------------------------------------------------------------


def test_the_installed_command_needs_no_project(
    live: Live,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    sandbox.faults = ["foreign-rows@4"]

    code = keyapi([*("contract", "--record"), *ALL])

    text = capsys.readouterr().out
    assert code == 1
    assert f"reproduce: keyapi contract --max-credits {ENOUGH} --base-url {live.url}" in text
    assert "tolerated" not in text
    assert (tmp_path / f"tests/recordings/{OPERATION.name}/200.har").is_file()


# --- Usage ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--only", "sorted"], "There is no case 'sorted'; give one of 'documented example', "),
        (
            ["--operation", "shop"],
            f"There is no operation 'shop'; give one of feed_list, {OPERATION.name}",
        ),
        (["--rate", "often"], "rate must be requests per time"),
        (["--base-url", "ftp://host"], "The base URL is not a valid http or https URL"),
        (["--report", str(ROOT / "LICENSE")], "File exists"),
    ],
)
def test_options_that_cannot_be_used_are_said_before_anything_is_sent(
    live: Live, sandbox: Sandbox, arguments: list[str], problem: str
) -> None:
    code, text = live(*ONE, "--max-credits", str(ENOUGH), *arguments)

    assert (code, sandbox.ledger.count) == (2, 0)
    assert problem in text


@pytest.mark.parametrize("arguments", [[], ["--max-credits", "-1"], ["--max-credits", "many"]])
def test_there_is_no_run_without_a_cap(live: Live, arguments: list[str]) -> None:
    code, text = live(*arguments)

    assert code == 2
    assert "--max-credits" in text
