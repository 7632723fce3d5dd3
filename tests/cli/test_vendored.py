"""A page that is vendored becomes a command, with no code written."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from keyapi.cli import values
from keyapi_tiktok import InfluencerProductSortField, SortType
from pages import page, paged, query

from .conftest import Server

ROOT = Path(__file__).resolve().parents[2]
PATH = "/v1/tiktok/video/search"
PAGE = page(
    PATH,
    method="post",
    credits=3,
    parameters=[
        query("video_ids", "Video ids, comma-separated, at most 10", required=True),
        query("format", "1=short 2=long", "integer"),
        query("live", "Live only", "boolean"),
        query("min_price", "Least price", "number"),
        *paged(),
    ],
    body={
        "type": "object",
        "required": ["keyword"],
        "properties": {
            "keyword": {"type": "string", "description": "Words"},
            "region": {"type": "string", "enum": ["US", "GB"]},
            "filter": {"type": "object", "properties": {"sold": {"type": "integer"}}},
            "levels": {"type": "array", "items": {"type": "integer"}},
            "parts": {"type": "array", "items": {"type": "object", "properties": {}}},
            "anything": {},
        },
    },
    data_schema={
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "video_id": {"type": "string"},
                "views": {"type": "integer"},
            },
        },
    },
    example=[{"title": "A", "video_id": "7", "views": 1000}],
    title="Video search",
)

Started = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def vendored(
    project: Path, script: Callable[..., object], tmp_path: Path, process: Started
) -> Callable[..., tuple[int, str, str]]:
    """Runs the command with a second page vendored, in a project of its own."""
    (tmp_path / "search.md").write_text(PAGE, "utf-8")
    for arguments in (("vendor.py", tmp_path / "search.md"), ("regenerate.py",)):
        done = script(*arguments)
        assert isinstance(done, subprocess.CompletedProcess)
        assert done.returncode == 0, done.stderr

    def run(*arguments: str) -> tuple[int, str, str]:
        path = os.pathsep.join((str(project / "generated"), str(ROOT / "src")))
        started = process(*arguments, env={**os.environ, "PYTHONPATH": path, "COLUMNS": "80"})
        out, err = started.communicate(timeout=60)
        return started.returncode, out.decode(), err.decode()

    return run


def test_a_second_page_is_a_command(
    vendored: Callable[..., tuple[int, str, str]], server: Server
) -> None:
    server.rows = [{"title": "A", "video_id": "7", "views": 1000}]

    code, out, _ = vendored("--help")
    assert (code, "video       Operations: search." in out) == (0, True)

    code, out, _ = vendored("video", "search", "--help")
    words = " ".join(out.replace("│", " ").split())
    assert "One request costs 3 credits." in words
    assert "* --keyword TEXT Words. [required]" in words
    assert "--query-format NAME short (1), long (2)." in words
    assert "--live --no-live Live only." in words

    command = ["video", "search", "--video-ids", "1,2", "--video-ids", "3", "--keyword", "hat"]
    options = "--query-format LONG --no-live --min-price 1.5 --region gb --levels 1,2 --levels 3"
    objects = ["--filter", '{"sold": 1}', "--parts", '[{"a": 1}]', "--anything", "plain"]
    code, out, err = vendored(*command, *options.split(), *objects, "--format", "table")
    assert code == 0, err
    assert out.split() == ["video_id", "title", "views", "7", "A", "1,000"]
    assert "1 page, 1 row, 3 credits" in err
    (request,) = server.requests
    assert request == (
        "POST",
        PATH,
        {
            "video_ids": "1,2,3",
            "format": "2",
            "live": "false",
            "min_price": "1.5",
            "page_num": "1",
            "page_size": "10",
        },
        {
            "keyword": "hat",
            "region": "GB",
            "filter": {"sold": 1},
            "levels": [1, 2, 3],
            "parts": [{"a": 1}],
            "anything": "plain",
        },
    )

    code, _, err = vendored(*command, "--filter", "{")
    assert (code, "'{' is no JSON" in err) == (2, True)


# --- How values are read ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (str, "1", "1"),
        (int | None, "12", 12),
        (float, "1.5", 1.5),
        (SortType | None, "Desc", SortType.DESC),
        (list[SortType], "0", SortType.ASC),
        (list[int], "3", 3),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (list[dict[str, int]], "[1]", [1]),
        (list[list[int]], "[[1]]", [[1]]),
        (int | str, "x", "x"),
        (int | str, "1", 1),
        (object, "null", None),
    ],
)
def test_a_value_is_read_as_its_type(annotation: object, text: str, value: object) -> None:
    read = values.reading(annotation).read
    assert read is not None
    assert read(text) == value


@pytest.mark.parametrize(
    ("annotation", "text"),
    [(int, "1.0"), (float, "nan"), (float, "x"), (SortType, "2"), (dict[str, int], "{")],
)
def test_a_value_that_is_none_of_its_type_is_refused(annotation: object, text: str) -> None:
    read = values.reading(annotation).read
    assert read is not None
    with pytest.raises(ValueError, match=json.dumps(text)[1:-1]):
        read(text)


def test_a_flag_is_read_by_the_library() -> None:
    assert values.reading(bool | None) == values.Reading(bool)


@pytest.mark.parametrize(
    ("said", "help_text"),
    [
        ("Sort order 0=asc 1=desc", "Sort order: asc (0), desc (1)."),
        ("0: asc, 1: desc", "asc (0), desc (1)."),
        ("", "asc (0), desc (1)."),
    ],
)
def test_help_says_the_members_once(said: str, help_text: str) -> None:
    assert values.legend(SortType, said) == help_text


def test_members_that_share_a_beginning_are_told_apart() -> None:
    field = InfluencerProductSortField
    assert values.member(field, "total-sale-cnt") is field.TOTAL_SALE_CNT
    assert values.member(field, "4") is field.TOTAL_VIDEO_SALE_CNT
