"""Parquet and Arrow files."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from keyapi.arrow import of_package

from .conftest import COMMAND, ROW, Keyapi, Server
from .test_output import SERVER_FAILS

SCHEMA = of_package("keyapi_example", "influencer_products_analytics").schema


def read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    return pa.ipc.open_file(path.read_bytes()).read_all()


@pytest.mark.parametrize("name", ["rows.parquet", "rows.arrow", "rows.feather"])
@pytest.mark.parametrize("count", [0, 13])
def test_a_table_has_all_rows_of_a_walk(
    products: Keyapi, server: Server, tmp_path: Path, name: str, count: int
) -> None:
    server.holds(count)
    done = products("--all", "--output", tmp_path / name)
    found = read(tmp_path / name)
    assert (done.code, found.schema) == (0, SCHEMA)
    assert found["product_id"].to_pylist() == [row["product_id"] for row in server.rows]


def test_rows_are_written_some_at_a_time(
    products: Keyapi, server: Server, environment: pytest.MonkeyPatch
) -> None:
    binary = import_module("keyapi.cli.binary")
    environment.setattr(binary, "_CONVERTED", 10)
    environment.setattr(binary, "_WRITTEN", 20)
    server.holds(45)
    file = pq.ParquetFile(io.BytesIO(products("--all", "--format", "parquet").data))
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert sizes == [20, 20, 5]
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_the_columns_asked_for_are_written(
    products: Keyapi, server: Server, tmp_path: Path
) -> None:
    server.rows = [{**ROW, "new": 1}]
    path = tmp_path / "rows.parquet"
    products("--columns", "Product-Name,covers", "--output", path)
    assert read(path).schema.names == ["product_name", "covers"]
    products("--output", path)
    assert read(path)["_extra"].to_pylist() == ['{"new":1}']


def test_one_object_and_other_data_are_one_row(
    keyapi: Keyapi, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "data.parquet"
    server.always = (200, {"code": 0, "data": {"shop_id": "1", "stats": '{"plays":2}'}})
    assert keyapi("shop", "detail", "--region", "us", "--output", path).code == 0
    assert read(path).to_pylist()[0]["stats_decoded"] == {"plays": 2}
    server.always = (200, {"code": 0, "data": [1, {"a": None}]})
    keyapi("shop", "note", "--output", path)
    assert read(path)["value"].to_pylist() == ['[1,{"a":null}]']
    done = keyapi("shop", "note", "--columns", "nothing", "--output", path)
    assert (done.code, len(server.requests)) == (2, 2)
    assert "parquet has no column 'nothing'; choose from value, _extra" in done.err


def test_a_walk_that_ends_early_leaves_a_whole_file(
    products: Keyapi, server: Server, tmp_path: Path
) -> None:
    server.holds(30)
    server.answers[3] = SERVER_FAILS
    path = tmp_path / "rows.parquet"
    done = products("--all", "--output", path)
    assert (done.code, read(path).num_rows) == (1, 20)
    assert "Resume with --start-page 3 --all --output ANOTHER_FILE" in done.said
    server.always = SERVER_FAILS
    assert products("--format", "parquet").data == b""


def test_a_disk_that_is_full_leaves_no_file(
    products: Keyapi, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(self: object, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    environment.setattr("keyapi.cli.destination.open", lambda *_: _Full(full), raising=False)
    environment.setattr(Path, "unlink", lambda *_, **__: None)
    done = products("--output", tmp_path / "rows.parquet")
    assert (done.code, done.err.count("No space left on device")) == (1, 1)


class _Full(io.BytesIO):
    def __init__(self, fail: object) -> None:
        super().__init__()
        self.write = fail.__get__(self)  # type: ignore[attr-defined]  # a function


@pytest.mark.process
def test_a_terminal_is_not_given_what_it_cannot_show(
    terminal: Callable[..., str], server: Server
) -> None:
    shown = terminal(*COMMAND, "--format", "arrow", width=200)
    assert "--format arrow is binary, which a terminal cannot show; add --output FILE" in shown
    assert server.requests == []


def test_a_missing_extra_is_named(
    products: Keyapi, server: Server, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setattr("keyapi.cli.formats.find_spec", lambda name: None)
    done = products("--output", tmp_path / "rows.parquet")
    assert (done.code, server.requests) == (2, [])
    assert "parquet needs more packages: pip install 'keyapi-tiktok[arrow]'" in done.err
