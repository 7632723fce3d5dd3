"""Loads of a run into DuckDB: in one transaction, repeatable, and with the columns as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pytest

from keyapi import ConfigurationError
from keyapi.cli.app import run
from keyapi.export import ExportError, Loaded, load
from keyapi.export._keys import key_of
from keyapi.export._loading.dataset import dataset
from keyapi.export._loading.to_duckdb import DuckDBLoad
from keyapi.export._plan import Plan
from keyapi.specification import Specification
from pipeline.shape.identity import identity
from support.creators import Creators, refusal
from support.exporting import DAY, exported

pytestmark = pytest.mark.once  # it is DuckDB that loads
NEXT = "2024-11-28"
TABLE = "influencer_products_analytics"


@pytest.fixture
def file(out: Path) -> Path:
    """A DuckDB file that is not there yet."""
    return out.parent / "products.duckdb"


def query(file: Path, text: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with duckdb.connect(str(file)) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(text).fetchall()
        return rows


def loaded(out: Path, file: Path, **options: Any) -> Loaded:
    """Load into a DuckDB file."""
    return load(out, f"duckdb:{file}", **options)


def test_each_day_has_its_rows_once_and_the_newest_of_each_row_is_in_a_view(
    creators: Creators, out: Path, file: Path
) -> None:
    exported(creators, ["2", "3"], out)
    first = loaded(out, file)
    assert (first.loaded, first.rows, first.complete, first.table) == (True, 15, True, TABLE)
    assert first.key == ("user_id", "product_id")
    assert not loaded(out, file).loaded

    creators.rows["3"] = 7  # of ten
    exported(creators, ["2", "3"], out, as_of=NEXT)
    assert loaded(out, file).as_of == NEXT
    assert not loaded(out, file, as_of=DAY).loaded

    days = f"SELECT _as_of, count(*) FROM {TABLE} GROUP BY ALL ORDER BY ALL"
    assert query(file, days) == [(date(2024, 11, 27), 15), (date(2024, 11, 28), 12)]
    newest = f"SELECT _as_of, count(*) FROM {TABLE}_newest GROUP BY ALL ORDER BY ALL"
    assert query(file, newest) == [(date(2024, 11, 27), 3), (date(2024, 11, 28), 12)]
    loads = 'SELECT load, as_of, complete, files, "rows" FROM _keyapi_loads ORDER BY load'
    assert query(file, loads) == [
        (1, date(2024, 11, 27), True, 1, 15),
        (2, date(2024, 11, 28), True, 1, 12),
    ]
    types = f"SELECT typeof(covers), typeof(_fetched_at), typeof(total_sale_cnt) FROM {TABLE}"
    assert query(file, f"{types} LIMIT 1") == [
        ('STRUCT(url VARCHAR, "index" BIGINT)[]', "TIMESTAMP WITH TIME ZONE", "BIGINT")
    ]


def test_rows_that_are_gone_are_loaded_again(creators: Creators, out: Path, file: Path) -> None:
    exported(creators, ["3"], out)
    loaded(out, file)
    query(file, f"DELETE FROM {TABLE} WHERE _row = 1")
    assert loaded(out, file).loaded
    query(file, f"DROP TABLE {TABLE}")
    assert loaded(out, file).loaded
    assert query(file, f"SELECT count(*) FROM {TABLE}_newest") == [(10,)]


def test_a_run_without_rows_is_in_the_table_of_loads(
    creators: Creators, out: Path, file: Path
) -> None:
    exported(creators, ["1"], out)
    assert loaded(out, file).loaded
    assert not loaded(out, file).loaded
    assert query(file, 'SELECT "rows" FROM _keyapi_loads') == [(0,)]


def test_a_run_that_is_not_finished_is_loaded_only_where_that_is_said(
    creators: Creators, out: Path, file: Path
) -> None:
    creators.faults["3", 2] = lambda: refusal(500)
    exported(creators, ["2", "3"], out)
    with pytest.raises(ExportError, match=r"not finished: 1 of 2 ids are open\. .*--partial"):
        loaded(out, file)
    (out / f"manifest-{DAY}.json").unlink()
    assert not file.exists()
    assert not loaded(out, file, partial=True).complete
    assert query(file, f"SELECT count(*) FROM {TABLE}") == [(15,)]
    creators.faults.clear()
    creators.rows["3"] = 12
    exported(creators, ["2", "3"], out)
    done = loaded(out, file)
    assert (done.complete, done.loaded, done.rows) == (True, True, 17)


def test_a_file_that_was_changed_is_not_loaded(creators: Creators, out: Path, file: Path) -> None:
    exported(creators, ["3"], out)
    (path,) = out.glob("data/*/*.parquet")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(
        ExportError, match=r"Nothing was loaded: .*part-000001\.parquet was changed"
    ):
        loaded(out, file)


def test_a_file_that_cannot_be_read_in_the_middle_leaves_the_old_rows(
    creators: Creators, out: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(creators, ["3"], out)
    loaded(out, file)
    query(file, f"DELETE FROM {TABLE} WHERE _row = 1")
    (path,) = out.glob("data/*/*.parquet")
    data = path.read_bytes()
    monkeypatch.setattr("keyapi.export._loading.dataset._check", lambda *_: None)
    path.write_bytes(data[:50] + bytes(100) + data[150:])
    with pytest.raises(ExportError, match=r"part-000001\.parquet cannot be read"):
        loaded(out, file)
    assert query(file, f"SELECT count(*) FROM {TABLE}") == [(9,)]
    work = DuckDBLoad(str(file), TABLE, dataset(out, as_of=None, partial=False))
    with pytest.raises(ExportError, match=r"part-000001\.parquet cannot be read"):
        [*work._batches()]  # as a thread of DuckDB's does, where coverage is not measured


def test_rows_of_another_run_stay_unless_they_are_to_go(
    creators: Creators, out: Path, file: Path
) -> None:
    exported(creators, ["2"], out)
    loaded(out, file)
    other = out.parent / "other"
    exported(creators, ["3"], other)
    with pytest.raises(ExportError, match=r"from another run, \w+, and .* --table, .*--replace"):
        loaded(other, file)
    loaded(other, file, table="other")
    assert loaded(other, file, replace=True).loaded
    assert query(file, f"SELECT DISTINCT user_id FROM {TABLE}") == [("3",)]


def test_the_command_says_what_it_did(
    creators: Creators, out: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported(creators, ["3"], out)
    command = ["export", "load", str(out), "--to", f"duckdb:{file}", "--table", "products"]
    assert run(command) == 0
    assert run(command) == 0
    query(file, "ALTER TABLE products DROP total_video_cnt")
    exported(creators, ["3", "2"], out)
    assert run([*command, "--schema", "freeze"]) == 1
    assert run(command) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        f"Loaded 10 rows of {DAY} into products of duckdb:{file}.",
        f"Nothing to do: 10 rows of {DAY} are in products of duckdb:{file} already.",
        f"Loaded 15 rows of {DAY} into products of duckdb:{file}. New columns: total_video_cnt.",
    ]
    assert "total_video_cnt (BIGINT) is new" in printed.err


def test_rows_without_an_id_of_their_own_are_newest_by_day(
    creators: Creators, out: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Plan, "key", None)
    exported(creators, ["2", "3"], out)
    assert loaded(out, file).key is None
    exported(creators, ["2"], out, as_of=NEXT)
    loaded(out, file)
    newest = f"SELECT _as_of, user_id, count(*) FROM {TABLE}_newest GROUP BY ALL ORDER BY ALL"
    assert query(file, newest) == [
        (date(2024, 11, 27), "3", 10),
        (date(2024, 11, 28), "2", 5),
    ]


def test_the_id_is_part_of_a_rows_name_unless_the_row_repeats_it() -> None:
    document = json.loads((files("keyapi_example") / "openapi.json").read_text("utf-8"))
    operation = Specification(document).operations[TABLE]
    assert key_of(operation, "user_id") == ["user_id", "product_id"]
    operation.echoes = []
    assert key_of(operation, "user_id") == ["_id", "product_id"]
    operation.row["properties"]["_id"] = {"type": "boolean"}  # type: ignore[index] # it has rows
    assert key_of(operation, "user_id") == ["__id", "product_id"]


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("path", "properties", "expected"),
    [
        ("/v1/video/list", {"video_id": TEXT, "title": TEXT}, "video_id"),
        ("/v1/video/list", {"video_id": TEXT, "shop_id": TEXT}, "video_id"),
        ("/v1/feed/list", {"video_id": TEXT, "shop_id": TEXT}, None),
        ("/v1/video/list", {"user_id": TEXT, "category_id": {**TEXT, "enum": ["1"]}}, None),
        ("/v1/video/trend", {"video_id": TEXT, "stat_date": TEXT}, None),
        ("/v1/video/list", {"id": {"type": "object"}}, None),
    ],
)
def test_rows_have_an_id_of_their_own_where_one_surely_is(
    path: str, properties: dict[str, Any], expected: str | None
) -> None:
    assert identity(path, properties, {"user_id"}) == expected


# --- Columns ------------------------------------------------------------------------------------


CHANGES: list[tuple[str, list[str], str]] = [
    ("DROP total_video_cnt", ["total_video_cnt"], r"total_video_cnt \(BIGINT\) is new"),
    ("ADD old VARCHAR", [], r"old \(VARCHAR\) is missing in the run"),
    (
        "ALTER covers TYPE STRUCT(url VARCHAR)[]",
        [],
        r"covers is STRUCT\(url VARCHAR\)\[\] in the table and STRUCT",
    ),
    ("ALTER covers TYPE STRUCT(url VARCHAR, index BIGINT, alt VARCHAR)[]", [], "covers is"),
    (
        "ALTER spu_avg_price TYPE BIGINT",
        [],
        "spu_avg_price is BIGINT in the table and DOUBLE in the run",
    ),
    ("ALTER total_sale_cnt TYPE DOUBLE", [], "total_sale_cnt is DOUBLE in the table and BIGINT"),
]


@pytest.mark.parametrize(("change", "added", "problem"), CHANGES)
def test_a_table_takes_new_columns_and_wider_types_unless_it_is_frozen(
    creators: Creators, out: Path, file: Path, change: str, added: list[str], problem: str
) -> None:
    exported(creators, ["3"], out)
    loaded(out, file)
    values = f"SELECT covers[1].url, total_sale_cnt, spu_avg_price FROM {TABLE}"
    before = query(file, f"{values} ORDER BY _row")
    query(file, f"ALTER TABLE {TABLE} {change}")
    exported(creators, ["3"], out, as_of=NEXT)

    with pytest.raises(ExportError, match=f"^The columns of {TABLE} are not .*{problem}"):
        loaded(out, file, schema="freeze")
    assert list(loaded(out, file).added) == added

    assert query(file, f"{values} WHERE _as_of = '{NEXT}' ORDER BY _row") == before
    assert query(file, f"SELECT count(*) FROM {TABLE}_newest") == [(10,)]
    assert not loaded(out, file, schema="freeze").loaded


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            "ALTER product_id TYPE BIGINT",
            "product_id is BIGINT in the table and VARCHAR in the run",
        ),
        ("ALTER covers TYPE STRUCT(url BIGINT)[] USING NULL", "covers is STRUCT"),
        ("ALTER covers TYPE VARCHAR", "covers is VARCHAR"),
        ("ALTER spu_avg_price TYPE BIGINT USING 9007199254740993", "spu_avg_price is BIGINT"),
        ("ALTER _extra TYPE VARCHAR[] USING NULL", r"_extra is VARCHAR\[\]"),
    ],
)
def test_types_that_do_not_hold_both_are_refused(
    creators: Creators, out: Path, file: Path, change: str, problem: str
) -> None:
    exported(creators, ["3"], out)
    loaded(out, file)
    query(file, f"ALTER TABLE {TABLE} {change}")
    query(file, f"ALTER TABLE {TABLE} DROP total_video_cnt")
    exported(creators, ["3"], out, as_of=NEXT)
    with pytest.raises(ExportError, match=rf"{problem}.* Nothing was loaded\. .*--table"):
        loaded(out, file)
    columns = f"SELECT count(*) FROM duckdb_columns() WHERE table_name = '{TABLE}'"
    assert query(file, f"{columns} AND column_name = 'total_video_cnt'") == [(0,)]


def test_whole_numbers_that_a_double_does_not_hold_are_refused(
    creators: Creators, out: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(creators, ["3"], out)
    loaded(out, file)
    query(file, f"ALTER TABLE {TABLE} ALTER total_sale_cnt TYPE DOUBLE")
    large = {**creators.products("3", 1)[0], "total_sale_cnt": 2**53 + 1}
    monkeypatch.setattr(creators, "products", lambda *_: [large])
    exported(creators, ["3"], out, as_of=NEXT)
    with pytest.raises(ExportError, match="total_sale_cnt is DOUBLE in the table and BIGINT"):
        loaded(out, file)


# --- The file -----------------------------------------------------------------------------------


def test_a_file_that_another_process_has_open_is_left_alone(
    creators: Creators, out: Path, file: Path
) -> None:
    exported(creators, ["3"], out)
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    command = [sys.executable, "-c", program, str(file)]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(ConfigurationError, match=f"in use by the process {other.pid}:"):
            loaded(out, file)
        other.communicate(b"\n")
    assert loaded(out, file).loaded


def test_a_file_that_this_process_has_open_otherwise_is_left_alone(
    creators: Creators, out: Path, file: Path
) -> None:
    exported(creators, ["3"], out)
    loaded(out, file)
    with (
        duckdb.connect(str(file), read_only=True),
        pytest.raises(ConfigurationError, match="in use by another connection"),
    ):
        loaded(out, file)


def test_what_cannot_be_used_is_named(creators: Creators, out: Path) -> None:
    exported(creators, ["3"], out)
    for to, options, problem in [
        ("duckdb:{out}/no/file", {}, "Cannot open .*No such file or directory"),
        ("duckdb:{out}/manifest-2024-11-27.json", {}, "is not a DuckDB file"),
        ("duckdb:", {}, "to must be duckdb:FILE or dlt:DESTINATION, got 'duckdb:'"),
        ("duckdb::memory:", {}, "to must be"),
        ("postgres:host", {}, "to must be"),
        ("duckdb:x", {"schema": "evolv"}, "schema must be"),
        ("duckdb:x", {"table": 'a"b'}, "table must be small letters"),
        ("duckdb:x", {"table": "_keyapi_loads"}, "table must be small letters"),
        ("dlt:duckdb", {"dataset_name": "Mine"}, "dataset_name must be small letters"),
        ("duckdb:x", {"as_of": "2026-01-01"}, "No run for 2026-01-01"),
    ]:
        arguments: dict[str, Any] = {**options}
        with pytest.raises(ConfigurationError, match=problem):
            load(out, to.format(out=out), **arguments)


def test_what_duckdb_refuses_is_one_line(creators: Creators, out: Path, file: Path) -> None:
    exported(creators, ["3"], out)
    query(file, f"CREATE VIEW {TABLE} AS SELECT 1")
    with pytest.raises(ExportError, match=rf"^DuckDB cannot load into {file}: .*{TABLE}.*[^\n]\Z"):
        loaded(out, file)


@pytest.mark.once
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills children of its own")
def test_a_kill_at_any_statement_leaves_the_old_rows(
    creators: Creators, out: Path, file: Path
) -> None:
    exported(creators, ["3"], out)
    loaded(out, file)
    other = out.parent / "other"
    exported(creators, ["2"], other)
    program = Path(__file__).with_name("load_program.py")
    command = [sys.executable, program, other, file]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    landed, rows = zip(*(line.split() for line in done.stdout.splitlines()), strict=True)
    assert {"DELETE", "batch", "INSERT", "CREATE", "COMMIT"} <= {*landed}
    assert {*rows} == {"10"}
    # The load that no kill hit came to its end.
    assert query(file, f"SELECT count(*) FROM {TABLE}") == [(5,)]
