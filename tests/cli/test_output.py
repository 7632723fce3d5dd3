"""What is written, where, and in which format."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import COMMAND, EXAMPLE, ROW, Keyapi, Server, product

Start = Callable[..., "subprocess.Popen[bytes]"]
SERVER_FAILS = (404, {"code": 404, "message": "gone", "data": None})


# --- Formats ----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 12])
def test_json_is_one_array_of_the_rows_as_received(
    products: Keyapi, server: Server, count: int
) -> None:
    server.holds(count)
    assert json.loads(products("--all", "--format", "json").out) == server.rows


def test_json_that_ends_early_is_an_array_all_the_same(products: Keyapi, server: Server) -> None:
    server.holds(20)
    server.answers[2] = SERVER_FAILS
    done = products("--all", "--format", "json")
    assert (done.code, json.loads(done.out)) == (1, server.rows[:10])


def test_rows_keep_what_the_specification_does_not_know(products: Keyapi, server: Server) -> None:
    server.rows = [product(1, extra=[1, {"a": None}], total_sale_cnt=None)]
    assert products().rows == server.rows


def test_csv_has_a_heading_and_exact_values(products: Keyapi, server: Server) -> None:
    server.rows = [
        product(1, product_name='=HYPERLINK("x"),\n"y"', total_sale_cnt=None, extra={"a": [True]}),
        product(2, late=1),
        product(3, late=2),
    ]
    done = products("--format", "csv", "--page-size", "1", "--all")
    rows = list(csv.DictReader(io.StringIO(done.out, newline="")))

    assert list(rows[0]) == [*ROW, "extra"]
    assert rows[0]["product_name"] == server.rows[0]["product_name"]
    assert rows[0]["product_id"] == server.rows[0]["product_id"]
    assert (rows[0]["total_sale_cnt"], rows[0]["extra"]) == ("", '{"a":[true]}')
    assert done.said[0] == "Not in the CSV, whose header was already written: late"
    assert len(done.said) == 2


def test_csv_without_rows_is_a_heading(products: Keyapi, server: Server) -> None:
    server.rows = []
    assert products("--format", "csv").out == ",".join(ROW) + "\n"
    assert products("--limit", "0", "--format", "csv").out == ",".join(ROW) + "\n"


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv"])
def test_columns_are_given_in_the_order_asked_for(
    products: Keyapi, server: Server, kind: str
) -> None:
    out = products("--columns", "Product-Name,covers,product_id", "--format", kind).out
    row: dict[str, Any]
    if kind == "csv":
        (row,) = csv.DictReader(io.StringIO(out))
        row["covers"] = json.loads(row["covers"])
    else:
        row = json.loads(out)[0] if kind == "json" else json.loads(out)

    assert list(row) == ["product_name", "covers", "product_id"]
    assert [cover["index"] for cover in row["covers"]] == [0, 1, 2, 3, 4, 5, 6]
    assert row["product_id"] == ROW["product_id"]


def test_raw_answers_are_given_to_the_byte(products: Keyapi, server: Server) -> None:
    body = b'{ "code":0, "message":"\\u2713", "data":[ {"n": 1e999} ],\n\t"requestId":null}\r\n'
    server.always = (200, body)
    assert products("--raw").data == body


def test_raw_answers_of_a_walk_stand_on_lines_of_their_own(
    products: Keyapi, server: Server
) -> None:
    server.holds(15)
    lines = products("--raw", "--all").out.split("\n")
    assert [len(json.loads(line)["data"]) for line in lines] == [10, 5]


def test_a_number_that_json_cannot_carry_is_no_silent_loss(
    products: Keyapi, server: Server
) -> None:
    server.always = (200, b'{"code":0,"message":"","data":[{"spu_avg_price":1e999}]}')
    done = products("--format", "json")
    assert done.code == 1
    assert "--raw writes it as received" in done.said[0]


def test_text_that_is_none_is_written_as_its_escape(products: Keyapi, server: Server) -> None:
    server.rows = [product(1, product_name="\ud800")]
    for kind in ("jsonl", "json"):
        assert '"\\ud800"' in products("--format", kind).out
    assert "\\ud800" in products("--format", "csv").out
    assert "\ufffd" in products("--format", "table").out


def test_a_summary_is_said_unless_it_shall_be_quiet(products: Keyapi, server: Server) -> None:
    server.holds(11)
    assert products().said == ["1 page, 10 rows, 1 credit, more with --all"]
    assert products("--quiet").said == []


# --- Files ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("x.csv", "category_id,"),
        ("x.json", "[\n"),
        ("x.jsonl", '{"'),
        ("x.txt", "   "),
        ("x", "{"),
    ],
)
def test_the_ending_of_a_file_tells_its_format(
    products: Keyapi, tmp_path: Path, name: str, begins: str
) -> None:
    done = products("--output", tmp_path / name)
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / name).read_text().startswith(begins)


def test_a_file_gets_what_was_fetched_before_an_error(
    products: Keyapi, server: Server, tmp_path: Path
) -> None:
    server.holds(30)
    server.answers[3] = SERVER_FAILS
    path = tmp_path / "rows.jsonl"
    done = products("--all", "--output", path)

    assert done.code == 1
    assert [json.loads(line) for line in path.read_text().splitlines()] == server.rows[:20]
    advice = "Resume with --start-page 3 --all --append"
    assert done.said[1:3] == [f"20 rows are in {path}.", advice]


@pytest.mark.parametrize(
    ("arguments", "code"), [(("--sort-type", "up"), 2), (("--page-size", "11"), 2), ((), 1)]
)
def test_a_file_stays_as_it_is_where_nothing_was_fetched(
    products: Keyapi, server: Server, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    server.always = SERVER_FAILS
    path = tmp_path / "rows.jsonl"
    path.write_text("old")

    assert products("--output", path, *arguments).code == code
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["rows.jsonl"]


def test_a_file_is_not_seen_before_it_is_whole(
    products: Keyapi, server: Server, tmp_path: Path
) -> None:
    server.holds(20)
    server.waits = {2}
    path = tmp_path / "rows.jsonl"
    seen: list[bool] = []

    def look() -> None:
        server.arrived.wait(30)
        seen.append(path.exists())
        server.go.set()

    looking = threading.Thread(target=look)
    looking.start()
    assert products("--all", "--output", path).code == 0
    looking.join(30)

    assert seen == [False]
    assert len(path.read_text().splitlines()) == 20


def test_a_replaced_file_keeps_its_mode_and_a_link_its_target(
    products: Keyapi, tmp_path: Path
) -> None:
    path, link = tmp_path / "rows.jsonl", tmp_path / "link.jsonl"
    path.write_text("old")
    path.chmod(0o600)
    link.symlink_to(path)

    assert products("--output", link).code == 0
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == ROW


def test_a_pipe_is_written_to_and_not_replaced(products: Keyapi, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()

    assert products("--output", pipe).code == 0
    reader.join(30)
    assert json.loads(read[0]) == ROW
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_stdout_is_named_by_a_dash(products: Keyapi) -> None:
    assert products("--output", "-").rows == [ROW]


def test_a_place_that_cannot_be_written_is_refused_before_any_request(
    products: Keyapi, server: Server, tmp_path: Path
) -> None:
    for path in (tmp_path, tmp_path / "no" / "rows.csv"):
        done = products("--output", path)
        assert (done.code, len(done.said)) == (2, 1)
        assert str(path) in done.said[0]
    assert server.requests == []


@pytest.mark.parametrize("call", ["write", "replace"])
def test_a_disk_that_is_full_ends_the_command_in_one_line(
    products: Keyapi, environment: pytest.MonkeyPatch, tmp_path: Path, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if call == "replace":
        environment.setattr(os, "replace", full)
    else:
        environment.setattr("keyapi.cli.destination.open", lambda *_: _Full(full), raising=False)
        environment.setattr(Path, "unlink", lambda *_, **__: None)
    done = products("--output", tmp_path / "rows.csv")

    assert done.code == 1
    assert done.err.count("No space left on device") == 1
    assert not (tmp_path / "rows.csv").exists()


class _Full:
    def __init__(self, fail: Callable[..., None]) -> None:
        self.write = self.flush = fail

    def close(self) -> None:
        pass


# --- Readers that leave -----------------------------------------------------------------------


def test_a_reader_that_has_seen_enough_ends_the_walk_quietly(
    process: Start, server: Server
) -> None:
    server.holds(500)
    started = process(*COMMAND, "--all")
    assert started.stdout is not None
    first = started.stdout.readline()
    started.stdout.close()
    assert started.stderr is not None
    err = started.stderr.read().decode()
    started.stderr.close()

    assert (started.wait(30), json.loads(first)) == (0, server.rows[0])
    assert len(server.requests) < 50
    assert err.startswith("keyapi: ")
    assert len(err.splitlines()) == 1


def test_nobody_need_listen_to_what_is_said(process: Start) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    started = process(*COMMAND, stderr=writer)
    os.close(writer)
    out, _ = started.communicate(timeout=30)
    assert (started.returncode, json.loads(out)) == (0, EXAMPLE["data"][0])


# --- Resuming into the same file --------------------------------------------------------------


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows", "rows.ndjson"])
def test_a_walk_that_is_resumed_as_advised_has_every_row_once(
    products: Keyapi, server: Server, tmp_path: Path, name: str
) -> None:
    server.holds(53)
    path, whole = tmp_path / name, tmp_path / f"whole-{name}"
    done = products("--all", "--max-credits", "1", "--output", path)
    assert done.code == 3
    for budget in (2, 99):
        (advice,) = [line for line in done.said if line.startswith("Resume with ")]
        more = advice.removeprefix("Resume with ").split()
        done = products(*more, "--max-credits", budget, "--output", path)
    assert done.code == 0
    products("--all", "--output", whole)
    assert path.read_bytes() == whole.read_bytes()


def test_what_cannot_be_added_to_is_resumed_into_another_file(
    products: Keyapi, server: Server, tmp_path: Path
) -> None:
    server.holds(30)
    path = tmp_path / "rows.json"
    done = products("--all", "--max-credits", 2, "--output", path)
    assert "Resume with --start-page 3 --all --output ANOTHER_FILE" in done.said


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--append"], "add --output FILE"),
        (["--append", "--output", "-"], "add --output FILE"),
        (["--append", "--output", "rows.json"], "cannot add to json"),
        (["--append", "--output", "rows.csv", "--format", "table"], "cannot add to table"),
        (["--append", "--output", "rows.parquet"], "cannot add to parquet"),
        (["--output", "rows.xlsx"], "'.xlsx' is the ending of no format"),
        (["--output", "rows.orc"], "add --format"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_before_anything_is_sent(
    products: Keyapi, server: Server, arguments: list[str], problem: str
) -> None:
    done = products(*arguments)
    assert done.code == 2
    assert problem in done.err
    assert server.requests == []


def test_a_file_with_other_columns_is_not_added_to(
    products: Keyapi, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("product_id,product_name\n")
    done = products("--append", "--output", path)
    assert (done.code, server.requests) == (2, [])
    assert "--append: the file has no column" in done.err
    chosen = ("--columns", "product_name,product_id")
    assert products("--append", "--output", path, *chosen).code == 0
    _, row = path.read_text().splitlines()
    assert row.startswith(server.rows[0]["product_id"])


def test_a_failure_that_lasts_is_not_to_be_resumed(
    products: Keyapi, server: Server, tmp_path: Path
) -> None:
    server.holds(30)
    server.answers[2] = (401, {"code": 401, "message": "no", "data": None})
    done = products("--all", "--output", tmp_path / "rows.csv")
    assert not any("Resume" in line for line in done.said)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("KEYAPI_MAX_CREDITS", "2", 3), ("KEYAPI_MAX_CREDITS", "two", 2), ("KEYAPI_RATE", "5/x", 2)],
)
def test_limits_are_read_from_the_environment(
    products: Keyapi,
    server: Server,
    environment: pytest.MonkeyPatch,
    name: str,
    value: str,
    code: int,
) -> None:
    server.holds(30)
    environment.setenv(name, value)
    done = products("--all")
    assert done.code == code
    assert len(server.requests) == (2 if code == 3 else 0)


def test_a_file_that_does_not_end_with_a_line_is_added_to_on_a_new_one(
    products: Keyapi, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}')
    products("--append", "--output", path)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [{"a": 1}, *server.rows]
