"""Where the client sends the key is for the overlay to say: no page decides it."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from conftest import tree
from pipeline.correct.overlay import correct
from pipeline.errors import PipelineError
from pipeline.project import Project
from pipeline.vendor.collect import Selection
from support.overlays import overlay
from support.pages import OVERLAY, page
from vendor import vendor

OTHER = "/v1/tiktok/a/other"  # before every other page in the order of names
OURS, EUROPE = "https://api.keyapi.ai", "https://eu.keyapi.ai"


@pytest.fixture
def project(pristine: Path, tmp_path: Path) -> Path:
    return copytree(pristine, tmp_path / "project", symlinks=True)


def add(project: Path, file: Path, **published: Any) -> None:
    file.write_text(page(OTHER, **published), "utf-8")
    vendor(project, Selection((file,)))


def serve(*urls: str) -> dict[str, Any]:
    return {"servers": [{"url": url} for url in urls]}


def list_servers(project: Path, *urls: str) -> None:
    path = project / OVERLAY
    lines = "\n".join(f"- {url}" for url in urls)
    path.write_text(path.read_text("utf-8").replace(f"- {OURS}", lines), "utf-8")


def base_url(project: Path) -> list[dict[str, str]]:
    found = Project(project)
    servers: list[dict[str, str]] = found.effective(found.vendored()).spec["servers"]
    return servers


@pytest.mark.parametrize(
    ("published", "pointer"),
    [
        ({"extra": serve(EUROPE)}, "#/servers/0/url"),
        ({"extra": serve(OURS, EUROPE)}, "#/servers/1/url"),
        ({"extra": serve("/")}, "#/servers/0/url"),
        ({"extra": serve("https://{region}.keyapi.ai")}, "#/servers/0/url"),
        ({"extra": serve("http://api.keyapi.ai")}, "#/servers/0/url"),
        ({"extra": serve("https://api.keyapi.ai.example")}, "#/servers/0/url"),
        ({"extra": {"servers": [{}]}}, "#/servers/0/url"),
        ({"operation": serve(EUROPE)}, "#/paths/~1v1~1tiktok~1a~1other/get/servers/0/url"),
        (
            {"extra": {"paths": {OTHER: serve(EUROPE)}}},
            "#/paths/~1v1~1tiktok~1a~1other/servers/0/url",
        ),
    ],
)
def test_a_page_with_another_server_is_refused(
    project: Path, tmp_path: Path, published: dict[str, Any], pointer: str
) -> None:
    before = tree(project)

    with pytest.raises(PipelineError) as raised:
        add(project, tmp_path / "page.md", **published)

    error = raised.value
    assert (error.where, error.pointer) == ("en/tiktok/a/other.md", pointer)
    assert f"the client sends the key to {OURS}" in error.problem
    assert f"List it under x-servers in {OVERLAY}" in error.remedy
    assert tree(project) == before


@pytest.mark.parametrize("urls", [(), (OURS,), (f"{OURS}/",), ("HTTPS://API.KEYAPI.AI",)])
def test_a_page_with_the_known_server_or_none_changes_nothing(
    project: Path, tmp_path: Path, urls: tuple[str, ...]
) -> None:
    add(project, tmp_path / "page.md", extra=serve(*urls) if urls else {"servers": None})
    assert base_url(project) == [{"url": OURS}]


@pytest.mark.parametrize(("urls", "used"), [((OURS, EUROPE), OURS), ((EUROPE, OURS), EUROPE)])
def test_the_overlay_lists_servers_and_the_first_gets_the_key(
    project: Path, tmp_path: Path, urls: tuple[str, ...], used: str
) -> None:
    list_servers(project, *urls)
    add(project, tmp_path / "page.md", extra=serve(EUROPE), operation=serve(EUROPE))
    assert base_url(project) == [{"url": used}]
    spec = Project(project).effective(Project(project).vendored()).spec
    assert "servers" not in spec["paths"][OTHER]["get"]


def test_a_server_that_the_overlay_no_longer_lists_is_found_later(
    project: Path, tmp_path: Path
) -> None:
    list_servers(project, OURS, EUROPE)
    add(project, tmp_path / "page.md", extra=serve(EUROPE))
    list_servers(project, OURS)
    path = project / OVERLAY
    path.write_text(path.read_text("utf-8").replace(f"\n- {EUROPE}", ""), "utf-8")
    with pytest.raises(PipelineError, match="it names the server"):
        base_url(project)


@pytest.mark.parametrize(
    "urls",
    [
        [],
        None,
        OURS,
        ["/"],
        ["http://api.keyapi.ai"],
        ["https://a@b.test"],
        ["https://{x}.test"],
        [1],
    ],
)
def test_the_overlay_lists_base_urls_alone(urls: Any) -> None:
    document = {**overlay({"target": "$.info", "update": {"title": "T"}}), "x-servers": urls}
    with pytest.raises(PipelineError, match="is not a base URL") as raised:
        correct({"info": {}, "paths": {}}, document, "some.overlay.yaml")
    assert raised.value.where == "some.overlay.yaml"
    assert raised.value.pointer.startswith("#/x-servers")
