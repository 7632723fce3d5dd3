"""`record.py`: what it records, what it refuses, and what it never writes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest

from conftest import Script, tree
from keyapi.recording.har import read, written
from keyapi.sandbox import Sandbox
from pipeline.commands import record
from pipeline.transaction import recover
from support.specs import EXAMPLE

NAME = "influencer_products_analytics"
COMMITTED = EXAMPLE / "recordings"
FOLDER = f"tests/recordings/{NAME}"


@pytest.fixture
def url(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A sandbox on a port, whose key is in the environment."""
    monkeypatch.setenv("KEYAPI_TOKEN", sandbox.key)
    with sandbox.serve() as served:
        yield served


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEYAPI_TOKEN", "KEYAPI_API_KEY", "KEYAPI_KEY", "KEYAPI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "path", sys.path[:])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example to record into."""
    folder = tmp_path / "project"
    for name in ("openapi", "generated"):
        copytree(EXAMPLE / name, folder / name, ignore=ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def record_into(project: Path) -> Any:
    """Records into a copy of the project, in this process."""

    def run(**asked: Any) -> int:
        given: dict[str, Any] = {
            "operations": [NAME],
            "outcomes": [],
            "base_url": None,
            "max_credits": None,
            "documented": False,
        }
        return record.record(project, record.RecordRequest(**{**given, **asked}))

    return run


def test_the_committed_recordings_are_what_it_records(project: Path, script: Script) -> None:
    done = script("record.py", "--documented", NAME)
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(project / "tests/recordings") == tree(COMMITTED)


def test_from_a_server_come_those_that_need_no_provoking(
    project: Path, record_into: Any, sandbox: Sandbox, url: str
) -> None:
    assert record_into(base_url=url) == 0

    kept = {path.stem: read(path)[0] for path in (project / FOLDER).iterdir()}
    statuses = {name: one.status for name, one in kept.items()}
    asked = {"200": 200, "200-page-2": 200, "200-past-the-end": 200, "400": 400, "401": 401}
    assert statuses == asked
    assert {one.origin for one in kept.values()} == {"sandbox"}
    assert sandbox.ledger.charged == 3
    assert b"sk_" not in b"".join(tree(project / FOLDER).values())


def test_it_spends_no_more_than_it_may_and_keeps_what_it_has(
    project: Path, record_into: Any, sandbox: Sandbox, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert record_into(base_url=url, max_credits=2) == 1

    assert sorted(tree(project / FOLDER)) == ["200-page-2.har", "200.har"]
    assert (sandbox.ledger.charged, sandbox.ledger.count) == (2, 2)
    said = capsys.readouterr()
    assert "past-the-end.har: --max-credits 2 is used up" in said.err
    assert "401.har: not tried after that" in said.err
    assert "credits spent: 2" in said.out


def test_without_a_key_it_says_so_and_does_nothing(project: Path, script: Script) -> None:
    done = script("record.py", NAME)

    assert done.returncode == 2
    assert done.stderr == (
        "error: There is no API key; pass token=... or set KEYAPI_TOKEN. Nothing was recorded.\n"
    )
    assert not (project / "tests").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nothing"], f"there is no such operation: nothing. Give one of: feed_list, {NAME}, "),
        ([NAME, "--outcome=402"], "there is no such outcome: 402. Give one of: 200, 200-page-2"),
        ([NAME, "--base-url=x"], "The base URL is not a valid http or https URL"),
        ([], "name the operations to record"),
        ([NAME, "--max-credits=-1"], "argument --max-credits: invalid"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_one_line(
    script: Script, monkeypatch: pytest.MonkeyPatch, arguments: list[str], problem: str
) -> None:
    monkeypatch.setenv("KEYAPI_TOKEN", "any-key")
    done = script("record.py", *arguments)

    assert done.returncode == 2
    assert problem in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("before", "documented", "kept"),
    [
        ("recorded live on 2026-02-03", True, True),
        ("recorded live on 2026-02-03", False, True),
        ("documented example of page x.md", False, True),
        ("documented example of page x.md", True, False),
        ("recorded from the sandbox, seed 7", True, False),
        ("somewhere", False, False),
        (None, True, False),
    ],
)
def test_nothing_takes_the_place_of_what_is_worth_more(
    project: Path,
    record_into: Any,
    url: str,
    capsys: pytest.CaptureFixture[str],
    before: str | None,
    documented: bool,
    kept: bool,
) -> None:
    path = project / FOLDER / "200.har"
    path.parent.mkdir(parents=True)
    (recording,) = read(COMMITTED / NAME / "200.har")
    path.write_bytes(b"{" if before is None else written([replace(recording, comment=before)]))
    content = path.read_bytes()

    code = record_into(documented=documented, base_url=url, outcomes=["200", "401"])

    assert (path.read_bytes() == content) is kept
    assert code == int(kept)
    assert (path.parent / "401.har").exists()
    assert (f"refused  {FOLDER}/200.har was {before}: delete it" in capsys.readouterr().err) is kept


def test_an_answer_that_was_not_expected_is_not_kept(
    project: Path, record_into: Any, sandbox: Sandbox, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.faults = ["html-502@1", "error-envelope@2"]

    assert record_into(base_url=url) == 1

    assert sorted(tree(project / FOLDER)) == ["200-past-the-end.har", "400.har", "401.har"]
    said = capsys.readouterr().err
    assert f"missed  {FOLDER}/200.har: answered HTTP 502" in said
    assert f"missed  {FOLDER}/200-page-2.har: answered HTTP 200: " in said


@pytest.mark.parametrize(
    ("credits", "token", "words"),
    [(0, None, "apiKey quota is not enough"), (None, "sk_live_wr0ng", "apiKey is invalid")],
)
def test_it_stops_where_no_other_call_can_do_better(
    project: Path,
    record_into: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    credits: int | None,  # noqa: A002 - the API's own word
    token: str | None,
    words: str,
) -> None:
    sandbox = Sandbox(credits=credits)
    monkeypatch.setenv("KEYAPI_TOKEN", token or sandbox.key)
    with sandbox.serve() as served:
        assert record_into(base_url=served) == 1
    assert sandbox.ledger.count == 1
    assert words in capsys.readouterr().err
    with monkeypatch.context() as patch:  # nobody listens there any more
        patch.setenv("KEYAPI_BASE_URL", served)
        assert record_into() == 1
    assert "No response arrived" in capsys.readouterr().err
    assert not (project / FOLDER).exists()


def test_what_another_server_answers_says_so(
    project: Path, record_into: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyapi.sandbox._http._headers", lambda sandbox, reply: reply.headers)

    assert record_into(base_url=url, outcomes=["200"]) == 0

    (kept,) = read(project / FOLDER / "200.har")
    assert kept.comment == f"recorded live on {kept.started[:10]} through {url}"
    assert kept.url.startswith("https://api.keyapi.ai/v1/")
    assert kept.milliseconds > 0


@pytest.mark.parametrize("step", range(1, 9))
def test_a_write_that_was_interrupted_is_whole_or_not_there(
    project: Path, record_into: Any, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    steps = iter(range(1, 100))
    replaced = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if next(steps) >= step:
            raise KeyboardInterrupt
        return replaced(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        try:
            record_into(documented=True)
        except KeyboardInterrupt:
            pass
        else:
            assert step == 8
    recover(project)

    there = sorted(tree(project / FOLDER))
    assert there == ([] if step == 1 else sorted(tree(COMMITTED / NAME)))
