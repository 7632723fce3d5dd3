"""`keyapi export`, and what it prints; what an export promises is tested in `tests/export`."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from keyapi.cli import export_run, progress
from keyapi.cli.export_text import estimated
from keyapi.export import Estimate
from support.creators import Creators, CreatorsServer, refusal
from support.exporting import committed, expected, rows_of, set_fact
from support.loopback import until

from .conftest import KEY, Keyapi

DAY = "2024-11-27"
COMMAND = ("export", "influencer", "products-analytics")
RATE = "The key's rate is the limit: more machines with the same key do not help."


@pytest.fixture
def creators() -> Creators:
    """Creators 1 to 9, with 0 to 40 products."""
    return Creators({str(n): 5 * (n - 1) for n in range(1, 10)})


@pytest.fixture
def serving(creators: Creators, environment: pytest.MonkeyPatch) -> Iterator[CreatorsServer]:
    """Those on a port, which the environment names."""
    with CreatorsServer(creators) as server:
        environment.setenv("KEYAPI_BASE_URL", server.url)
        environment.setenv("COLUMNS", "80")
        yield server


@pytest.fixture
def ids(tmp_path: Path) -> Path:
    """A list of all of them."""
    path = tmp_path / "creators.csv"
    path.write_text("user_id\n" + "".join(f"{n}\n" for n in range(1, 10)))
    return path


Export = Callable[..., Any]


@pytest.fixture
def export(keyapi: Keyapi, serving: CreatorsServer, ids: Path, tmp_path: Path) -> Export:
    """Runs the command on the list, into a folder `out`."""

    def run(*options: str | Path) -> Any:
        places = ("--ids", ids, "--out", tmp_path / "out", "--max-retries", "0")
        return keyapi(*COMMAND, *places, *options)

    return run


def test_an_export_says_what_it_did(export: Export, creators: Creators, tmp_path: Path) -> None:
    done = export("--as-of", DAY)
    assert (done.code, done.out) == (0, "")
    assert done.said[0] == "9 ids: 8 done, 1 empty"
    assert re.fullmatch(
        rf"25 pages, 180 rows, 25 credits, 1 file in {tmp_path}/out, \d+\.\d s", done.said[1]
    )
    assert len(done.said) == 2
    assert rows_of(tmp_path / "out") == expected(creators, creators.pages)

    again = export("--as-of", DAY)
    assert again.said[2:] == ["List: 9 entries, 0 new, 0 blank"]
    assert export("--as-of", DAY, "--quiet").err == ""


def test_a_dry_run_says_what_it_would_cost(
    export: Export, creators: Creators, tmp_path: Path
) -> None:
    first = export("--dry-run", "--rate", "2/s", "--max-pages", "5")
    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines() == [
        "9 ids; one page costs 1 credit.",
        "At least 9 credits, with one page an id; at most 45.",
        "At 2 requests a second that takes 4 seconds for 9 credits.",
        RATE,
    ]
    assert creators.asked.total() == 0
    assert not (tmp_path / "out").exists()
    export("--as-of", DAY)
    assert export("--dry-run").out.splitlines()[1:] == [
        "At least 9 credits, with one page an id; at most 900,000.",
        "Likely 25: in the run of 2024-11-27, an id had 2.8 pages.",
        "How long it takes is decided by the key's rate: give --rate to see it.",
    ]


def test_a_dry_run_says_what_is_left_of_a_run(export: Export, creators: Creators) -> None:
    creators.faults["9"] = lambda: refusal(500)
    export("--as-of", DAY)
    assert export("--dry-run").out.splitlines()[:2] == [
        "9 ids; one page costs 1 credit.",
        "The run of 2024-11-27 has 8 of them; 1 is left.",
    ]


def test_ids_come_from_stdin(
    keyapi: Keyapi, serving: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value, text in (
        ("text", ("--ids", "-"), "3\n\n4\n"),
        ("table", ("--ids", "-:id"), "name,id\na,3\nb,4\n"),
        ("joined", ("--ids=-",), "3\n4\n"),
    ):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        done = keyapi(*COMMAND, *value, "--out", tmp_path / name)
        assert (done.code, done.said[0]) == (0, "2 ids: 2 done")
    done = keyapi(*COMMAND, "--ids", "--out", tmp_path / "x")
    assert done.code == 2
    assert "--out" in done.err


def test_long_runs_are_told_in_days(keyapi: Keyapi, serving: Any, tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    for count, told in ((300, "5.0 minutes"), (10_000, "2.8 hours"), (200_000, "2.3 days")):
        ids.write_text("".join(f"{number}\n" for number in range(count)))
        done = keyapi(*COMMAND, "--ids", ids, "--out", tmp_path, "--dry-run", "--rate", "1/s")
        assert f"takes {told} for" in done.out


def test_a_budget_that_is_used_up_ends_with_3(export: Export, creators: Creators) -> None:
    done = export("--max-credits", "10")
    assert done.code == 3
    assert re.match(
        r"The budget is used up: 10 of max_credits=10 are spent, and \d of 9 ids are open\. "
        r"Pass a larger --max-credits to resume\.",
        done.said[-1],
    )
    assert creators.charged == 10
    assert export("--max-credits", "100").code == 0
    creators.rows |= {str(n): 5 for n in range(20, 30)}
    creators.credits = creators.charged


def test_the_plans_quota_ends_with_3_and_a_bad_key_with_2(
    export: Export, creators: Creators
) -> None:
    creators.credits = 5
    assert export().code == 3
    creators.faults = {str(n): lambda: refusal(401) for n in range(1, 10)}
    done = export()
    assert done.code == 2
    assert "Check the key" in done.err
    creators.faults = {str(n): lambda: refusal(500, "boom") for n in range(1, 10)}
    assert export().code == 1


def test_ids_that_failed_are_listed_and_retried(
    export: Export, keyapi: Keyapi, creators: Creators, tmp_path: Path
) -> None:
    creators.faults["2"] = lambda: refusal(404, "not collected " * 20)
    creators.faults["3"] = lambda: refusal(500, "boom")
    done = export("--as-of", DAY, "--max-credits", "100")
    out = tmp_path / "out"
    assert done.code == 1
    assert done.said[-1] == (
        f"1 dead, 1 failed: `keyapi export status {out}` lists them; `keyapi export retry {out}` "
        "asks again for what failed, and with --dead for all."
    )

    status = keyapi("export", "status", out)
    assert (status.code, status.err) == (0, "")
    assert all(len(line) <= 80 for line in status.out.splitlines() if str(out) not in line)
    assert status.out.splitlines()[:7] == [
        "Run of 2024-11-27: not finished; influencer_products_analytics",
        str(out),
        "ids                  9  6 done, 1 empty, 0 to do",
        "                        1 dead, 1 failed",
        "pages               22",
        "rows               165  165 in 1 file",
        "credits             25  of 100",
    ]
    assert status.out.splitlines()[7].startswith("dead 2: not collected not")
    assert status.out.splitlines()[8].startswith("failed 3: boom")

    listed = json.loads(keyapi("export", "status", out, "--json").out)
    assert [problem["state"] for problem in listed["problems"]] == ["dead", "failed"]
    assert (listed["credits"], listed["running"], listed["runs"]) == (25, False, [DAY])

    creators.faults.clear()
    done = keyapi("export", "retry", out, "--max-retries", "0")
    assert done.code == 1
    assert done.said[-1] == (
        f"1 dead: `keyapi export status {out}` lists them; `keyapi export retry {out} --dead` "
        "asks again."
    )
    assert keyapi("export", "retry", out, "--dead", "--quiet").code == 0
    done = keyapi("export", "verify", out)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "The run of 2024-11-27 is whole: 3 files with 180 rows, as journal and manifest say.\n"
    )
    assert keyapi("export", "status", out).out.startswith("Run of 2024-11-27: finished")


def test_only_the_first_problems_are_listed(
    export: Export, keyapi: Keyapi, ids: Path, tmp_path: Path
) -> None:
    ids.write_text("user_id\n" + "".join(f"{n}\n" for n in range(100, 130)))
    export()
    lines = keyapi("export", "status", tmp_path / "out").out.splitlines()
    assert sum(line.startswith("dead") for line in lines) == 20
    assert lines[-1] == "and 10 more; --json lists all"


def test_verify_ends_with_1_where_a_file_is_not_what_was_written(
    export: Export, keyapi: Keyapi, tmp_path: Path
) -> None:
    export()
    (path,) = tmp_path.glob("out/data/*/*.parquet")
    path.write_bytes(b"")
    done = keyapi("export", "verify", tmp_path / "out")
    assert done.code == 1
    assert done.said[0].startswith(f"{path} was changed")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--id-parameter", "nothing"), "iter_products_analytics has no argument 'nothing'"),
        (("--as-of", "today"), "as_of must be a date like 2026-11-27"),
        (("--as-of", "2999-01-01"), "as_of=2999-01-01 is in the future"),
        (("--concurrency", "0"), "must be 1 or greater"),
        (("--page-size", "500"), "page_size must be"),
        (("--on-new-day", "perhaps"), "perhaps"),
    ],
)
def test_arguments_that_cannot_be_used_end_with_2(
    export: Export, options: tuple[str, ...], problem: str
) -> None:
    done = export(*options)
    assert done.code == 2
    assert problem in done.err


def test_folders_and_files_that_are_not_there_end_with_2(
    keyapi: Keyapi, serving: Any, tmp_path: Path
) -> None:
    for command in ("status", "verify", "retry"):
        done = keyapi("export", command, tmp_path)
        assert (done.code, len(done.said)) == (2, 1)
        assert "No export found in" in done.err
    done = keyapi(*COMMAND, "--ids", tmp_path / "none.csv", "--out", tmp_path)
    assert done.code == 2
    assert "Cannot read the ids in" in done.err
    assert keyapi(*COMMAND, "--out", tmp_path).code == 2


def test_what_a_run_was_begun_with_must_be_installed(
    export: Export, keyapi: Keyapi, tmp_path: Path
) -> None:
    export("--as-of", DAY)
    set_fact(tmp_path / "out", "client", "Amazon")
    done = keyapi("export", "retry", tmp_path / "out")
    assert done.code == 2
    assert "The client Amazon is not installed; installed: TikTok" in done.err


def test_help_lists_operations_with_pages_and_their_other_options(
    keyapi: Keyapi, serving: Any
) -> None:
    shown = keyapi("export", "--help").out
    assert all(word in shown for word in ("influencer", "status", "verify", "retry", "130"))
    assert "shop" in shown
    assert "detail" not in keyapi("export", "shop", "--help").out
    options = keyapi(*COMMAND, "--help").out
    assert "--category-id" in options
    assert "--user-id" not in options
    assert "--start-page" not in options
    assert "export" in keyapi("--help").out


def test_an_operation_without_a_required_argument_needs_the_name(
    keyapi: Keyapi, serving: Any, ids: Path, tmp_path: Path
) -> None:
    done = keyapi("export", "shop", "list", "--ids", ids, "--out", tmp_path / "o")
    assert done.code == 2
    assert "Name it with --id-parameter" in done.err


def test_the_extra_is_named_where_it_is_missing(
    keyapi: Keyapi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("keyapi.export")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = keyapi("export", "status", ".")
    assert done.code == 2
    assert "pip install 'keyapi-tiktok[export]'" in done.err


# --- Progress -----------------------------------------------------------------------------------


def test_elsewhere_than_on_a_terminal_the_progress_is_a_line_a_minute(
    export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_MINUTE", 0.0)
    done = export()
    assert done.said[0] == "0 of 9 ids, 0 pages, 0 rows, 0 credits, 0 min"
    assert done.said[-3] == "9 of 9 ids, 25 pages, 180 rows, 25 credits, 0 min"


def test_on_a_terminal_the_progress_is_a_bar(
    terminal: Callable[..., str], serving: Any, ids: Path, tmp_path: Path
) -> None:
    shown = terminal(*COMMAND, "--ids", str(ids), "--out", str(tmp_path / "out"))
    assert "9 of 9 ids, 25 pages, 180 rows, 25 credits" in shown
    assert "9 ids: 8 done, 1 empty" in shown


def test_on_a_terminal_a_new_day_is_asked_about(
    export: Export, creators: Creators, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from export.test_folder import began

    creators.faults["9"] = lambda: refusal(500)
    assert export("--as-of", DAY).code == 1
    began(tmp_path / "out", DAY, "2020-01-01")
    creators.faults.clear()
    done = export("--as-of", DAY)
    assert done.code == 2
    assert "Pass --on-new-day continue to finish it, with rows of several days, or --as-of" in (
        done.err
    )
    assert export("--as-of", DAY, "--on-new-day", "stop").code == 2

    answers = iter(["n\n", "y\n"])

    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return next(answers)

    monkeypatch.setattr(export_run.sys, "stdin", Terminal())
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda self: True, raising=False)
    assert export("--as-of", DAY, "--quiet").code == 2
    assert export("--as-of", DAY, "--quiet").code == 0


# --- Ctrl-C -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_commits_what_is_in_flight_and_says_how_to_resume(
    export: Export, creators: Creators, tmp_path: Path, number: signal.Signals
) -> None:
    def interrupt() -> Any:
        del creators.faults["5", 2]
        os.kill(os.getpid(), number)
        time.sleep(0.05)
        return creators.page("5", 2)

    creators.faults["5", 2] = interrupt
    out = tmp_path / "out"
    done = export("--as-of", DAY, "--concurrency", "3")
    assert done.code == 130
    assert re.match(r"Interrupted: finishing \d requests? in flight; press Ctrl-C", done.said[0])
    assert done.said[-1] == (
        f"Interrupted. The same command resumes; `keyapi export status {out}` says where."
    )
    assert creators.charged < len(creators.pages)
    assert committed(out) == set(creators.paid)
    assert rows_of(out) == expected(creators, set(creators.paid))

    assert export("--as-of", DAY).code == 0
    assert set(creators.paid.values()) == {1}
    assert rows_of(out) == expected(creators, creators.pages)


def test_a_second_interrupt_does_not_wait(
    export: Export, creators: Creators, tmp_path: Path
) -> None:
    def interrupt() -> Any:
        del creators.faults["5", 2]
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
        in_time.append(ended.wait(20))
        return creators.page("5", 2)

    ended, in_time = threading.Event(), list[bool]()
    creators.faults["5", 2] = interrupt
    done = export("--as-of", DAY)
    ended.set()
    assert done.code == 130
    assert until(lambda: in_time == [True])
    assert until(lambda: creators.asked["5", 2] == creators.paid["5", 2])
    assert export("--as-of", DAY).code == 0
    assert creators.charged - len(creators.pages) <= 16
    assert rows_of(tmp_path / "out") == expected(creators, creators.pages)


def test_a_bound_is_left_out_where_there_is_none() -> None:
    estimate = Estimate(
        ids=2,
        blank=0,
        resumes=None,
        ended=0,
        least=2,
        likely=None,
        most=None,
        based_on=None,
        pages=None,
        credits=1,
        rate=None,
    )
    assert estimated(estimate)[1] == "At least 2 credits, with one page an id."


@pytest.mark.slow
@pytest.mark.process
def test_workers_of_dask_finish_what_is_in_flight_when_interrupted(
    export: Export, creators: Creators, tmp_path: Path
) -> None:
    def interrupt() -> Any:
        del creators.faults["5", 2]
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.5)
        return creators.page("5", 2)

    creators.faults["5", 2] = interrupt
    out = tmp_path / "out"
    options = ("--engine", "dask", "--concurrency", "1", "--max-credits", "100")
    done = export("--as-of", DAY, *options)
    assert done.code == 130, done.err
    assert done.said[0].startswith("Interrupted: finishing")
    assert done.said[-1].startswith("Interrupted. The same command resumes")
    assert 0 < creators.charged < len(creators.pages)
    assert committed(out) == set(creators.paid)
    assert rows_of(out) == expected(creators, set(creators.paid))
    assert list((out / "segments").iterdir()) == []

    assert export("--as-of", DAY).code == 0, "one process resumes what workers began"
    assert set(creators.paid.values()) == {1}
    assert rows_of(out) == expected(creators, creators.pages)
    assert KEY not in done.err


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--redis", "redis://x"), "--redis and --segments are for --engine dask"),
        (("--segments", "x"), "--redis and --segments are for --engine dask"),
        (("--engine", "ray"), "engine must be dask, or dask:ADDRESS"),
        (("--engine", "dask:tcp://10.0.0.7:8786"), "Workers on other machines need Redis"),
    ],
)
def test_engines_that_cannot_be_used_end_with_2(
    export: Export, creators: Creators, options: tuple[str, ...], problem: str
) -> None:
    done = export(*options)
    assert done.code == 2
    assert problem in done.err
    assert creators.charged == 0


def test_without_dask_the_extra_is_named(
    export: Export, creators: Creators, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = export("--engine", "dask")
    assert done.code == 2
    assert "keyapi-tiktok[dask]" in done.err
    assert creators.charged == 0
