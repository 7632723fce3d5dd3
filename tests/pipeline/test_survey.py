"""A survey tells of each page how far it is understood, and changes nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import survey
from conftest import Script, tree
from keyapi.specification import Specification
from pipeline.survey import calling
from pipeline.survey.data import data_of
from support.docs_site import Answer, Docs
from support.pages import EXAMPLE, envelope, page, paged, query, rows

DETAIL = page("/v1/tiktok/video/detail", parameters=[query("video_id", required=True)])
UNREADABLE = "# A page without a specification\n"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A folder for pages that are surveyed."""
    folder = tmp_path / "new"
    folder.mkdir()
    return folder


def surveyed(script: Script, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
    """What a survey prints as JSON."""
    done = script("survey.py", "--json", *arguments)
    assert done.returncode == code, done.stderr + done.stdout
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def by_name(result: dict[str, Any]) -> dict[str, Any]:
    return {found["page"]: found for found in result["pages"]}


@pytest.mark.slow
def test_pages_that_are_vendored_are_surveyed_where_none_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert survey.main(["--root", str(EXAMPLE), "--json", "--call"]) == 0

    result = json.loads(capsys.readouterr().out)
    found = by_name(result)
    assert len(found) == len(list(EXAMPLE.rglob("openapi/pages/**/*.md")))
    assert all(each["vendored"] and each["generated"] for each in found.values())
    assert all(each["call"]["holds"] for each in found.values())
    assert result["together"] == {
        "pages": len(found),
        "vendored": True,
        "generated": True,
        "refused": None,
    }
    feed, shops = found["en/tiktok/feed/list.md"], found["en/tiktok/shop/list.md"]
    assert feed["credits"] == 2
    assert (feed["paging"]["kind"], feed["paging"]["parameter"]) == ("cursor", "offset")
    assert (feed["paging"]["next"], feed["paging"]["more"]) == (
        "/data/max_cursor",
        "/data/has_more",
    )
    assert shops["sort"] == {"field": "shop_sort_field", "direction": "sort_type"}
    assert list(shops["filters"]) == ["region", "is_official"]
    assert found["en/tiktok/shop/many.md"]["echoes"] == ["shop"]
    assert found["en/tiktok/shop/note.md"]["data"]["kind"] == "untyped"
    assert re.fullmatch(r"200, \d+ rows", found["en/tiktok/video/search.md"]["call"]["sandbox"])


def test_an_operation_without_content_has_no_data(script: Script, pages: Path) -> None:
    gone = {"responses": {"200": None, "204": {"description": "Deleted"}}}
    (pages / "gone.md").write_text(page("/v1/tiktok/shop/gone", method="delete", operation=gone))

    done = script("survey.py", pages / "gone.md", "--json")

    (found,) = json.loads(done.stdout)["pages"]
    assert (found["returns"], found["data"]["kind"]) == ("None", "none")


def test_what_a_page_says_of_its_parameters_is_told(script: Script, pages: Path) -> None:
    file = pages / "list.md"
    parameters = [
        query("shop_ids", "Shop ids, comma-separated, at most 10"),
        query("sort_type", "Sort order 0=asc 1=desc", "integer"),
        query("region", "Region code", required=True),
        *paged(),
    ]
    file.write_text(
        page("/v1/tiktok/shop/list", parameters=parameters, data_schema=rows(name="string"))
    )

    (found,) = surveyed(script, file)["pages"]

    told = {parameter.pop("name"): parameter for parameter in found["parameters"]}
    assert told["shop_ids"]["comma_list"]
    assert told["shop_ids"]["maxItems"] == 10
    assert told["sort_type"]["enum"] == {"asc": 0, "desc": 1}
    assert told["region"] == {"in": "query", "required": True, "type": "string"}
    assert (told["page_size"]["minimum"], told["page_size"]["maximum"]) == (1, 10)
    table = script("survey.py", file).stdout
    assert "shop/list                      typed     0%  1/3/1  page page_num        1" in table
    assert "enum      sort_type: 0=asc, 1=desc" in table


def test_what_a_body_holds_is_told_at_any_depth(script: Script, pages: Path) -> None:
    sort = {"type": "object", "properties": {"field": {"type": "string", "enum": ["a", "b"]}}}
    kinds = {"type": "array", "items": {"type": "string", "enum": ["video", "live"]}}
    body = {"type": "object", "required": ["sort"], "properties": {"sort": sort, "kinds": kinds}}
    (pages / "p.md").write_text(page("/v1/tiktok/live/search", method="post", body=body))

    (found,) = surveyed(script, pages)["pages"]

    told = {parameter["name"]: parameter for parameter in found["parameters"]}
    assert list(told) == ["sort", "sort.field", "kinds", "kinds[]"]
    assert told["sort"]["required"]
    assert list(told["sort.field"]["enum"].values()) == ["a", "b"]
    assert list(told["kinds[]"]["enum"].values()) == ["video", "live"]


def test_a_survey_changes_nothing(script: Script, project: Path, pages: Path) -> None:
    (pages / "detail.md").write_text(DETAIL)
    before = tree(project)

    for arguments in ([pages], [pages, "--call"], []):
        script("survey.py", *arguments)

    assert tree(project) == before


def test_a_refused_page_stops_no_other(script: Script, pages: Path) -> None:
    (pages / "a.md").write_text(UNREADABLE)
    (pages / "b.md").write_text(DETAIL)
    (pages / "c.md").write_text(page("/v1/tiktok/video/other"))

    result = surveyed(script, pages, code=1)

    refused, detail, other = result["pages"]
    assert not refused["vendored"]
    assert "no fenced block" in refused["refused"]
    assert (detail["page"], detail["generated"]) == ("en/tiktok/video/detail.md", True)
    assert other["operation"] == "GET /v1/tiktok/video/other"
    assert result["together"]["pages"] == 2
    assert result["together"]["generated"]


def test_pages_that_exclude_each_other_are_refused_together(script: Script, pages: Path) -> None:
    (pages / "one.md").write_text(DETAIL)
    (pages / "two.md").write_text(DETAIL.replace("A page", "The same page"))

    done = script("survey.py", pages)

    assert done.returncode == 1
    assert "2 pages: 0 refused" in done.stdout
    assert "2 pages together: two.md: one.md is the same page" in done.stdout


def test_a_page_that_breaks_a_correction_is_refused_with_the_correction(
    script: Script, pages: Path
) -> None:
    (pages / "same.md").write_text(page("/v1/tiktok/influencer/products/analytics"))

    (found,) = surveyed(script, pages, code=1)["pages"]

    assert found["page"] == "en/tiktok/influencer/products-analytics.md"
    assert not found["generated"]
    assert "\n" not in found["refused"]
    assert "tiktok.overlay.yaml" in found["refused"]


def test_a_table_fits_80_columns(script: Script, pages: Path) -> None:
    (pages / f"{'a-long-name-' * 8}.md").write_text(UNREADABLE)
    name = "a_rather_long_parameter_name_that_says_all_there_is_to_say"
    path = f"/v1/tiktok/video/{'detail-of-something-' * 3}x"
    (pages / "b.md").write_text(
        page(
            path,
            parameters=[query(name, ", ".join(f"{n}=member_{n}" for n in range(60)), "integer")],
            credits=None,
        )
    )

    done = script("survey.py", pages, "--call")

    assert done.stderr == ""
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []
    assert "names no cost of a request" in " ".join(done.stdout.split())


def test_each_address_is_fetched_once_and_guides_are_skipped(script: Script, pages: Path) -> None:
    site = {
        "/en/tiktok/video/detail.md": DETAIL,
        "/en/tiktok/video/other.md": page("/v1/tiktok/video/other"),
        "/en/tiktok/guide.md": "# A guide\n",
        "/en/tiktok/gone.md": "",
    }
    with Docs(site) as docs:
        docs.publish_index()
        docs.answers["/en/tiktok/gone.md"] = [Answer(404)]
        result = surveyed(script, "--index", docs.index, "--match", "en/*", code=1)
        asked = [path for path, _ in docs.requests]

    found = by_name(result)
    assert sorted(set(asked)) == sorted({*site, "/llms.txt"})
    assert asked.count("/llms.txt") == 1
    assert found[f"{docs.url}/en/tiktok/gone.md"]["refused"].startswith(docs.url)
    assert found["en/tiktok/video/detail.md"]["generated"]
    assert found["en/tiktok/video/detail.md"]["source"] == f"{docs.url}/en/tiktok/video/detail.md"
    assert result["skipped"] == [f"{docs.url}/en/tiktok/guide.md"]
    assert result["together"]["pages"] == 2


def test_a_contract_that_does_not_hold_is_told(
    script: Script, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a page that nobody has seen")

    monkeypatch.setattr(calling, "client_to_spec", fail)
    (pages / "detail.md").write_text(DETAIL)

    (found,) = surveyed(script, pages, "--call", code=1)["pages"]

    assert not found["call"]["holds"]
    assert found["call"]["relations"]["client -> spec"] == [
        "the relation fails: ValueError: a page that nobody has seen"
    ]
    assert found["call"]["relations"]["server -> spec"] == []
    assert found["call"]["raised"] is None
    assert "the contract holds for 0 of 1 called" in script("survey.py", pages, "--call").stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["absent.md"], "absent.md: cannot read the file"),
        ([Path("new")], "new: the folder has no .md file"),
        (["ftp://docs.example/a.md"], "only http and https are fetched"),
        (["--match", "en/*"], "--match needs --index"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused(
    script: Script, pages: Path, arguments: list[str | Path], named: str
) -> None:
    done = script("survey.py", *arguments)

    assert done.returncode == 2
    assert named in done.stderr
    assert done.stdout == ""


ANYTHING: dict[str, Any] = {}
NULLABLE = {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Row"}]}


@pytest.mark.parametrize(
    ("data", "kind", "properties", "untyped"),
    [
        ({"type": "string"}, "scalar", 0, 0),
        ({"type": "array", "items": {"type": "integer"}}, "scalar", 0, 0),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "map", 0, 0),
        ({"type": "object", "additionalProperties": NULLABLE}, "map", 2, 1),
        ({"type": "object"}, "untyped", 0, 0),
        ({"type": "object", "additionalProperties": True}, "untyped", 0, 0),
        ({"type": "array", "items": ANYTHING}, "untyped", 0, 0),
        (ANYTHING, "untyped", 0, 0),
        (NULLABLE, "typed", 2, 1),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Row"}}, "typed", 2, 1),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "scalar", 0, 0),
        ({"anyOf": [NULLABLE, {"type": "string"}]}, "typed", 2, 1),
        ({"anyOf": [NULLABLE, ANYTHING]}, "untyped", 2, 1),
        (
            {"type": "object", "properties": {"again": NULLABLE, "rows": NULLABLE, "x": ANYTHING}},
            "typed",
            5,
            2,
        ),
    ],
)
def test_data_is_of_a_kind_and_its_properties_are_counted(
    data: dict[str, Any], kind: str, properties: int, untyped: int
) -> None:
    row = {"type": "object", "properties": {"name": {"type": "string"}, "rest": ANYTHING}}
    media = {"application/json": {"schema": envelope(data)}}
    operation = {"operationId": "x", "responses": {"200": {"content": media}}}
    specification = Specification(
        {"paths": {"/v1/x": {"get": operation}}, "components": {"schemas": {"Row": row}}}
    )

    found = data_of(specification, specification.operations["x"])

    assert found == (kind, properties, untyped)
    assert found.share == pytest.approx(untyped / properties if properties else 0)
