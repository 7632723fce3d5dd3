"""What an export promises, against a server that counts what was paid for each page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from hypothesis.stateful import run_state_machine_as_test

from keyapi import AuthenticationError, BudgetExceeded, InsufficientCredits, ServerError
from keyapi.export import ExportStopped, State, _files, retry, status, verify
from keyapi_example import TikTok
from support.creators import Creators, refusal
from support.exporting import (
    CONCURRENCY,
    DAY,
    KEY,
    SETTINGS,
    ExportMachine,
    committed,
    expected,
    exported,
    rows_of,
)

IDS = [str(n) for n in range(1, 10)]


@pytest.mark.once
def test_any_sequence_of_runs_crashes_and_faults_adds_up() -> None:
    run_state_machine_as_test(ExportMachine, settings=SETTINGS)


@pytest.mark.parametrize("lots", [0, 4], ids=["read from the journal", "from memory"])
def test_all_rows_of_all_ids_are_there_once_and_each_page_is_paid_once(
    creators: Creators, out: Path, monkeypatch: pytest.MonkeyPatch, lots: int
) -> None:
    monkeypatch.setattr(_files, "_LOTS", lots)
    report = exported(creators, IDS, out)

    assert (report.ids, report.done, report.empty, report.todo) == (9, 8, 1, 0)
    assert report.complete
    assert set(creators.paid) == creators.pages
    assert set(creators.paid.values()) == {1}
    assert report.credits == creators.charged == report.pages
    assert rows_of(out) == expected(creators, creators.pages)
    assert verify(out).problems == []


def test_a_call_again_asks_for_nothing_and_leaves_the_files_alone(
    creators: Creators, out: Path
) -> None:
    exported(creators, IDS, out)
    (file,) = out.glob("data/*/*.parquet")
    before, paid = file.read_bytes(), creators.charged
    report = exported(creators, IDS, out)
    assert (creators.charged, report.files) == (paid, 1)
    assert file.read_bytes() == before


# --- Budget -----------------------------------------------------------------------------------


def test_the_budget_is_that_of_all_resumes_together(creators: Creators, out: Path) -> None:
    for allowed in (5, 5, 11, None):  # none leaves the last one
        with pytest.raises(ExportStopped, match=r"max_credits=\d+ are spent") as caught:
            exported(creators, IDS, out, max_credits=allowed)
        assert isinstance(caught.value.__cause__, BudgetExceeded)
        assert creators.charged == caught.value.report.credits == (allowed or 11)
    report = exported(creators, IDS, out, max_credits=1000)
    assert report.credits == creators.charged == len(creators.pages)


def test_what_was_reserved_at_a_crash_counts_as_spent(creators: Creators, out: Path) -> None:
    from support.exporting import World

    world = World(creators)
    world.left = 20
    with world.watched(), pytest.raises(OSError, match="gone"):
        exported(creators, IDS, out, max_credits=12)
    charged = creators.charged
    assert charged > 0
    spent = status(out).report.credits
    assert charged <= spent <= min(12, charged + CONCURRENCY)
    with pytest.raises(ExportStopped):
        exported(creators, IDS, out, max_credits=12)
    assert creators.charged <= 12


def test_attempts_count_whether_or_not_they_were_charged(creators: Creators, out: Path) -> None:
    answers = iter([refusal(429), httpx.ReadError("reset"), refusal(500)])
    creators.faults["3"] = lambda: next(answers)
    del creators.faults["3"]
    creators.faults["3", 1] = lambda: refusal(500)
    report = exported(creators, ["3"], out)
    assert (report.credits, creators.charged, report.failed) == (2, 0, 1)


# --- Failures ---------------------------------------------------------------------------------


def test_a_failing_id_stops_nobody_else(creators: Creators, out: Path) -> None:
    creators.faults["2"] = lambda: refusal(404, "not collected")
    creators.faults["4"] = lambda: refusal(400, "bad id")
    creators.faults["6"] = lambda: refusal(500, "boom")
    creators.faults["8", 2] = lambda: httpx.ReadTimeout("slow")

    report = exported(creators, IDS, out)

    assert (report.done, report.empty, report.dead, report.failed) == (4, 1, 2, 2)
    problems = {problem.id: problem for problem in status(out).problems}
    assert {id_: problem.state for id_, problem in problems.items()} == {
        "2": State.DEAD,
        "4": State.DEAD,
        "6": State.FAILED,
        "8": State.FAILED,
    }
    assert "not collected" in str(problems["2"].error)
    assert creators.asked["2", 1] == creators.asked["4", 1] == 1
    assert creators.asked["6", 1] == creators.asked["8", 2] == 2  # once more at the end
    assert creators.asked["8", 1] == 1


def test_an_error_is_never_the_end_of_a_list(creators: Creators, out: Path) -> None:
    creators.faults["9", 3] = lambda: refusal(500)
    report = exported(creators, ["9", "1"], out)
    assert (report.done, report.empty, report.failed, report.complete) == (0, 1, 1, False)
    (problem,) = status(out).problems
    assert (problem.id, problem.pages, problem.rows) == ("9", 2, 20)

    creators.faults.clear()
    report = exported(creators, ["9", "1"], out)
    assert (report.done, report.empty, report.complete) == (1, 1, True)
    assert creators.asked["9", 1] == creators.asked["9", 2] == 1
    assert rows_of(out) == expected(creators, {("9", page) for page in range(1, 6)})


def test_an_empty_creator_differs_from_a_missing_one(creators: Creators, out: Path) -> None:
    report = exported(creators, ["1", "404"], out)
    assert (report.empty, report.dead) == (1, 1)
    assert [problem.id for problem in status(out).problems] == ["404"]


def test_failed_ids_can_be_retried_and_dead_ones_if_asked(creators: Creators, out: Path) -> None:
    creators.faults["2"] = lambda: refusal(404)
    creators.faults["3"] = lambda: refusal(500)
    exported(creators, IDS, out)
    creators.faults.clear()
    with TikTok(KEY, transport=creators.transport(), max_retries=0) as tiktok:
        report = retry(tiktok, out)
        assert (report.dead, report.failed) == (1, 0)
        assert creators.asked["2", 1] == 1
        report = retry(tiktok, out, dead=True)
    assert report.complete
    assert rows_of(out) == expected(creators, creators.pages)


@pytest.mark.parametrize(
    ("answer", "error"),
    [(refusal(401), AuthenticationError), (refusal(402), InsufficientCredits)],
)
def test_what_no_other_id_would_survive_ends_the_export(
    creators: Creators, out: Path, answer: Any, error: type[Exception]
) -> None:
    creators.faults["5"] = lambda: answer
    with pytest.raises(ExportStopped, match="ids are open") as caught:
        exported(creators, IDS, out)
    assert isinstance(caught.value.__cause__, error)
    assert caught.value.report.dead == caught.value.report.failed == 0
    assert creators.asked["9", 1] == 0

    creators.faults.clear()
    assert exported(creators, IDS, out).complete
    assert set(creators.paid.values()) == {1}


def test_a_server_that_is_down_ends_the_export_before_all_ids_were_tried(out: Path) -> None:
    creators = Creators({str(n): 3 for n in range(200)})
    for number in range(5, 200):
        creators.faults[str(number)] = lambda: refusal(500)
    with pytest.raises(ExportStopped, match="HTTP 500") as caught:
        exported(creators, [str(n) for n in range(200)], out)
    assert isinstance(caught.value.__cause__, ServerError)
    assert 50 <= creators.asked.total() < 70
    creators.faults.clear()
    assert exported(creators, [str(n) for n in range(200)], out).complete


# --- What is written ----------------------------------------------------------------------------


def test_rows_say_where_they_come_from(creators: Creators, out: Path) -> None:
    exported(creators, ["5", "3"], out)
    (path,) = out.glob("data/*/*.parquet")
    file = pq.ParquetFile(path)
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    rows = [row for row in file.read().to_pylist() if row["_id"] == "5"]
    assert [(row["_page"], row["_row"]) for row in rows] == [
        *((1, row) for row in range(10)),
        *((2, row) for row in range(10)),
    ]
    assert {row["_request_id"] for row in rows} == {"5-1", "5-2"}
    assert {row["_as_of"] for row in rows} == {DAY}
    assert len({row["_run"] for row in rows}) == 1
    assert all(row["_fetched_at"].tzinfo is not None for row in rows)


def test_the_manifest_lists_each_file_with_its_checksum(creators: Creators, out: Path) -> None:
    from hashlib import sha256

    exported(creators, IDS, out)
    manifest = json.loads((out / f"manifest-{DAY}.json").read_text())
    assert manifest["complete"] is True
    assert manifest["operation"] == "influencer_products_analytics"
    assert (manifest["ids"], manifest["done"], manifest["empty"]) == (9, 8, 1)
    (file,) = manifest["files"]
    content = (out / file["name"]).read_bytes()
    assert (file["bytes"], file["sha256"]) == (len(content), sha256(content).hexdigest())
    assert file["rows"] == len(rows_of(out))


def test_pages_are_committed_when_the_next_one_is_asked_for(creators: Creators, out: Path) -> None:
    seen: list[set[tuple[str, int]]] = []

    def fault() -> Any:
        seen.append(committed(out))
        return refusal(500)

    creators.faults["9", 3] = fault
    exported(creators, ["9"], out)
    assert seen[0] == {("9", 1), ("9", 2)}


@pytest.mark.once
@pytest.mark.process
def test_killed_processes_lose_nothing_and_pay_for_what_was_in_flight_at_most(out: Path) -> None:
    from support.killing import Killer

    killer = Killer(out, kills=4, seed=7)
    killer.run()
    assert killer.landed == {"fetch": 2, "before": 1, "after": 1}
