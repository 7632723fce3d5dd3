"""Lists of ids, from whatever holds them."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from keyapi import ConfigurationError
from keyapi.export._ids import Ids

BIG = "6813855719982466054"


def read(source: Any) -> list[str]:
    return list(Ids(source, ("user_id", "id")))


def written(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.txt", f"{BIG}\n\n  7 \nx\n", [BIG, "7", "x"]),
        ("a", "\ufeff1\r\n2\r\n", ["1", "2"]),
        ("a.csv", f"name,user_id\nann,{BIG}\nbob\ncy, 7\n", [BIG, "7"]),
        ("a.csv", f"{BIG}\n7\n", [BIG, "7"]),
        ("a.csv", "whatever\n1\n2\n", ["1", "2"]),
        ("a.CSV", '\ufeffid,"x"\n"1","a,\nb"\n2,c\n', ["1", "2"]),
        ("a.tsv", "id\tx\n1\ta\n", ["1"]),
        (
            "a.jsonl",
            f'{{"x": 1, "user_id": {BIG}}}\n\n{{"user_id": "7"}}\n{{"x": 1}}\n',
            [BIG, "7"],
        ),
        ("a.ndjson", f'"{BIG}"\n7\nnull\n', [BIG, "7"]),
        ("a.csv:b", "id,b\n1,2\n", ["2"]),
        ("a.txt:b", "id,b\n1,2\n", ["2"]),
        ("a.jsonl:b", '{"id": 1, "b": 2}\n', ["2"]),
        ("a.csv", "", []),
    ],
)
def test_files_give_their_ids_in_order(
    tmp_path: Path, name: str, content: str, found: list[str]
) -> None:
    if name.endswith("a.csv") and not content:
        with pytest.raises(ConfigurationError, match="its columns: none"):
            read(written(tmp_path, name, content))
        return
    file, _, column = name.partition(":")
    path = written(tmp_path, file, content)
    assert read(f"{path}:{column}" if column else path) == found


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"ids\[1\]: '\\ud800' is not valid Unicode"):
        list(Ids(["1", "\ud800"]))


def test_blank_entries_are_counted(tmp_path: Path) -> None:
    ids = Ids(written(tmp_path, "a.txt", "1\n\n \n2\n"))
    assert (list(ids), ids.blank) == (["1", "2"], 2)


def test_tables_give_a_column(tmp_path: Path) -> None:
    table = pa.table({"x": [1.5, 2.5, 3.5], "user_id": [BIG, None, "7"]})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path)
    assert read(table) == read(str(path)) == read(path) == [BIG, "7"]
    assert read(pa.table({"n": [int(BIG)]})) == [BIG]
    assert read(f"{path}:user_id") == [BIG, "7"]


def test_iterables_give_texts_and_whole_numbers() -> None:
    assert read(iter([BIG, 7, "", None, " x "])) == [BIG, "7", "x"]


def test_stdin_gives_lines_or_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("1\n2\n"))
    assert read("-") == ["1", "2"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("a,b\n1,2\n"))
    assert read("-:b") == ["2"]
    assert not sys.stdin.closed


def test_a_file_whose_name_has_a_colon_is_taken_as_it_is(tmp_path: Path) -> None:
    assert read(written(tmp_path, "a:b", "1\n")) == ["1"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.txt", "1\n6.8e18\n", r"a\.txt, line 2: 6\.8e18 is a fraction, so digits"),
        ("a.csv", "id\n6813855719982466048.0\n", r"a\.csv, line 2: .*\.0 is a fraction"),
        ("a.jsonl", '{"id": 6.8e18}\n', r"a\.jsonl, line 1: 6\.8e\+18 cannot be an id"),
        ("a.jsonl", '{"id": true}\n', r"line 1: True cannot be an id"),
        ("a.jsonl", '{"id": \n', r"a\.jsonl, line 1 is not valid JSON"),
        ("a.csv", "x,y\n1,2\n", r"Which column of .*a\.csv has the ids\? .*columns: x, y"),
        ("a.csv:z", "x,y\n1,2\n", r"a\.csv has no column 'z'; its columns: x, y"),
        ("a.csv", b"\xff\xfe1\x00", r"a\.csv is not text in UTF-8"),
        ("a.csv", 'id\n"' + "1" * 200_000 + '"\n', r"a\.csv is not valid CSV"),
        ("a.txt", "1\n" + "9" * 1_001, r"a\.txt, line 2: an id of 1,001 characters"),
        ("a.txt", "\0" * 1_000_001, r"a\.txt, line 1 has more than 1,000,000 characters"),
        ("a.jsonl", "[" * 100_000, r"a\.jsonl, line 1 is nested too deep"),
        ("a.csv", ",".join(f"c{n}" for n in range(100)) + "\n1\n", r" c19 and 80 more$"),
        ("a.parquet", "no", r"Cannot read the ids in .*a\.parquet"),
    ],
)
def test_what_cannot_be_ids_is_named_with_file_and_line(
    tmp_path: Path, name: str, content: str | bytes, problem: str
) -> None:
    file, _, column = name.partition(":")
    path = written(tmp_path, file, content)
    with pytest.raises(ConfigurationError, match=problem):
        read(f"{path}:{column}" if column else path)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("nowhere.csv", r"Cannot read the ids in nowhere\.csv: No such file"),
        ("nowhere.parquet", r"Cannot read the ids in nowhere\.parquet"),
        (7, "ids must be a file's path, a table"),
        (b"1", "ids must be a file's path, a table"),
        ({"1": 2}, "ids must be a file's path, a table"),
        ([1.5], r"ids\[0\]: 1\.5 cannot be an id"),
        (pa.table({"id": [6.8e18]}), r"the column id holds fractions \(double\)"),
        (pa.table({"x": ["1"], "y": ["2"]}), r"Which column of The table of ids has the ids\?"),
    ],
)
def test_sources_that_hold_no_ids_are_refused(source: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        read(source)


def test_frames_of_pandas_and_polars_serve(tmp_path: Path) -> None:
    class Frame:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            return pa.table({"id": ["1", "2"]}).__arrow_c_stream__(requested_schema)

    assert read(Frame()) == ["1", "2"]
