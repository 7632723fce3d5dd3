"""Loads of a run through dlt, into its DuckDB and filesystem destinations."""

from __future__ import annotations

import builtins
import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from keyapi import ConfigurationError, KeyAPIError
from keyapi.export import ExportError, load
from keyapi.export._loading.dlt_errors import explained
from support.creators import Creators
from support.exporting import DAY, exported

pytestmark = pytest.mark.once  # dlt takes seconds to import
NEXT = "2024-11-28"
TABLE = "influencer_products_analytics"


@pytest.fixture(autouse=True)
def settings(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of dlt, as a user would give them; none of this machine's are read."""
    folder = out.parent
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DLT_DATA_DIR", str(folder / "dlt"))
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(folder / "warehouse.duckdb"))
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", str(folder / "bucket"))


@pytest.mark.parametrize(
    "destination", ["duckdb", pytest.param("filesystem", marks=pytest.mark.slow)]
)
def test_each_day_has_its_rows_once(creators: Creators, out: Path, destination: str) -> None:
    to = f"dlt:{destination}"
    exported(creators, ["2", "3"], out)
    assert load(out, to).loaded
    assert not load(out, to).loaded
    exported(creators, ["2", "3", "4"], out, as_of=NEXT)
    assert load(out, to, schema="freeze").loaded
    creators.rows["5"] = 1
    exported(creators, ["2", "3", "4", "5"], out, as_of=NEXT)
    assert load(out, to, as_of=NEXT).loaded  # a longer list, in place of the shorter
    assert not load(out, to, as_of=DAY).loaded

    other = out.parent / "other"
    exported(creators, ["2"], other)
    with pytest.raises(ExportError, match="from another run"):
        load(other, to)

    file = out.parent / "warehouse.duckdb"
    with duckdb.connect(str(file) if destination == "duckdb" else ":memory:") as connection:
        table = f"keyapi.{TABLE}"
        if destination == "filesystem":
            table = f"'{out.parent}/bucket/keyapi/{TABLE}/*/*.parquet'"
        days = connection.sql(f"SELECT _as_of, count(*) FROM {table} GROUP BY ALL ORDER BY ALL")
        assert days.fetchall() == [(date(2024, 11, 27), 15), (date(2024, 11, 28), 31)]
        ((covers,), *_) = connection.sql(f"SELECT DISTINCT covers FROM {table}").fetchall()
    assert [*json.loads(covers)[0]] == ["url", "index"]
    from dlt.common.runtime import anon_tracker

    assert anon_tracker._ANON_TRACKER_ENDPOINT is None
    assert not (out.parent / "dlt").exists()


def test_a_load_into_files_that_did_not_come_to_its_end_is_begun_again(
    creators: Creators, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dlt import Pipeline

    exported(creators, ["3"], out)
    load(out, "dlt:filesystem", table="products")
    creators.rows["3"] = 20
    exported(creators, ["3", "2"], out)
    with monkeypatch.context() as patch:

        def full(self: Any) -> Any:
            raise OSError(28, "No space left on device\nat all")

        patch.setattr(Pipeline, "load", full)
        with pytest.raises(ExportError, match=r"^dlt cannot load into filesystem: .*No space.* le"):
            load(out, "dlt:filesystem", table="products")
    assert load(out, "dlt:filesystem", table="products").loaded
    (file,) = (out.parent / "bucket" / "keyapi" / "products").glob("*/*.parquet")
    assert file.parent.name == DAY
    assert not load(out, "dlt:filesystem", table="products").loaded


def test_columns_are_compared_with_those_of_the_table(creators: Creators, out: Path) -> None:
    import dlt

    exported(creators, ["3"], out)
    load(out, "dlt:duckdb")
    name, folder = f"keyapi_{TABLE}", str(out.parent / "pipelines")
    pipeline = dlt.pipeline(name, destination="duckdb", dataset_name="keyapi", pipelines_dir=folder)
    pipeline.sync_destination()
    columns = pipeline.default_schema.tables[TABLE]["columns"]
    columns["spu_avg_price"]["data_type"] = "bigint"
    del columns["total_video_cnt"]
    columns["old"] = {"name": "old", "data_type": "text", "nullable": True}
    from keyapi.export._loading.dataset import dataset
    from keyapi.export._loading.to_dlt import DltLoad

    work = DltLoad("duckdb", "keyapi", TABLE, dataset(out, as_of=None, partial=False))
    with pytest.raises(ExportError, match=r"total_video_cnt \(bigint\) is new.*; old \(text\) is"):
        work._check_columns(pipeline, evolve=False)
    with pytest.raises(ExportError, match="spu_avg_price is bigint in the table and double in the"):
        work._check_columns(pipeline, evolve=True)
    columns["spu_avg_price"]["data_type"] = "double"
    work._check_columns(pipeline, evolve=True)
    assert work.added == ["total_video_cnt"]


@pytest.mark.parametrize(
    ("destination", "problem"),
    [
        ("nowhere", "dlt has no destination 'nowhere'; it has athena, .*duckdb"),
        ("postgres", "lacks settings of postgres.* DESTINATION__POSTGRES__CREDENTIALS__DATABASE, "),
        ("athena", "dlt cannot replace rows in athena, .*such as filesystem"),
    ],
)
def test_what_is_missing_is_named_in_one_line(
    creators: Creators, out: Path, destination: str, problem: str
) -> None:
    exported(creators, ["3"], out)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        load(out, f"dlt:{destination}")
    assert "\n" not in str(caught.value)


def test_errors_of_dlt_are_explained_by_their_cause() -> None:
    from dlt.common.exceptions import MissingDependencyException

    outer = ValueError("many\nlines")
    outer.__cause__ = MissingDependencyException("x", ["dlt[snowflake]"])
    expected = "dlt needs more packages for snowflake: pip install 'dlt[snowflake]'"
    assert str(explained(outer, "snowflake")) == expected
    own = ExportError("a file cannot be read")
    outer.__cause__ = own
    assert explained(outer, "snowflake") is own


def test_without_the_extra_the_error_names_it(
    creators: Creators, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(creators, ["1"], out)
    assert not load(out, "dlt:duckdb").loaded  # without rows, dlt has nothing to do
    real = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name == "dlt":
            raise ModuleNotFoundError(name=name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(KeyAPIError, match=r"pip install 'keyapi-tiktok\[dlt\]'"):
        load(out, "dlt:duckdb")
