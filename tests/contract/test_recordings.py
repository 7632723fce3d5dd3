"""Recording - spec - client: each recording is what the specification and the client say."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from contract.committed import SPECIFICATION
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.drivers import Caller
from keyapi.conformance.recordings import check_file, check_recording, missing
from keyapi.conformance.relations import (
    files_as_documented,
    fixtures_as_documented,
    recorded_as_documented,
    replay_as_documented,
)
from keyapi.recording.har import read
from keyapi_tiktok import TikTok
from pipeline.cli import ROOT
from pipeline.project import Project
from pipeline.vendor.merge import operations_in_order

FOLDER = ROOT / "tests/recordings"
FILES = sorted(FOLDER.rglob("*.har"))


def names(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


@pytest.mark.parametrize("path", FILES, ids=names)
def test_a_recording_is_what_specification_and_client_say(
    path: Path, tally: Callable[..., None]
) -> None:
    recordings, findings = check_file(path)
    for recording in recordings:
        findings += check_recording(recording, SPECIFICATION, TikTok)
        called = recording.called
        assert called is not None
        tally("recording", called.operation, checks=2, cases=1)
        assert names(path).startswith(f"{called.operation}/{recording.status}")
        if recording.origin == "documented":
            operation = SPECIFICATION.operations[called.operation]
            lock = operations_in_order(Project(ROOT).lock())
            page = lock[f"{operation.method} {operation.path}"]["page"]
            assert recording.comment.endswith(f" {page}")

    assert_holds(findings)


def test_each_operation_has_a_recording_of_each_documented_outcome(
    note: Callable[[str], None],
) -> None:
    recordings = [recording for path in FILES for recording in read(path)]
    lacking = missing(SPECIFICATION, recordings)
    for line in lacking:
        if " --documented" not in line:  # the page has no example: only the API can answer that
            note(line)
    assert [line for line in lacking if " --documented" in line] == []


@pytest.mark.parametrize("operation", list(SPECIFICATION), ids=attrgetter("name"))
def test_what_is_recorded_has_no_secret_and_is_replayed_strictly(operation: Any) -> None:
    assert_holds(list(recorded_as_documented(operation, Caller(TikTok))))


@pytest.mark.parametrize("operation", list(SPECIFICATION), ids=attrgetter("name"))
def test_users_record_and_replay_in_their_tests(operation: Any) -> None:
    assert_holds(list(replay_as_documented(SPECIFICATION, operation, Caller(TikTok))))


def test_users_have_the_fixtures() -> None:
    assert_holds(list(fixtures_as_documented(SPECIFICATION)))


@pytest.mark.parametrize("operation", list(SPECIFICATION)[:1], ids=attrgetter("name"))
def test_files_are_har_and_what_is_wrong_in_one_is_named(operation: Any) -> None:
    assert_holds(list(files_as_documented(operation, Caller(TikTok))))
