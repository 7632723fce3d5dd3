"""The documents agree with one another and with what they describe."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path

import jsonpath_rfc9535
import pytest
import yaml

from keyapi._facts import NAME, OPERATION_KEYS
from keyapi_tiktok import AsyncTikTok, TikTok
from pipeline.correct.overlay import apply_overlay
from support.documents import (
    README,
    ROOT,
    SITE,
    Block,
    anchors,
    blocks,
    documents,
    links,
    prose,
    relative,
)
from support.overlays import overlay

# Paths of this repository, in code, such as `src/keyapi/_sending/retries.py`.
_PATH = re.compile(r"`((?:\.github|docs|openapi|requirements|scripts|src|tests)/[\w./-]+)`")


@pytest.mark.parametrize("document", documents(), ids=relative)
def test_links_lead_somewhere(document: Path) -> None:
    for link in links(document):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("document", documents(), ids=relative)
def test_paths_in_code_exist(document: Path) -> None:
    for path in _PATH.findall(prose(document)):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("document", documents(), ids=relative)
def test_every_page_has_one_title_and_is_in_the_menu(document: Path) -> None:
    assert len(re.findall(r"^# ", prose(document), re.MULTILINE)) == 1
    menu = (SITE / "index.md").read_text("utf-8").splitlines()
    page = document.relative_to(SITE if document.is_relative_to(SITE) else ROOT).with_suffix("")
    assert document == README or page.as_posix() in menu


def test_the_readme_is_short() -> None:
    assert len(README.read_text("utf-8").split()) <= 900


def test_the_readme_keeps_the_two_commands_for_a_bare_machine() -> None:
    lines = README.read_text("utf-8").splitlines()
    commands = [line.partition("#")[0].strip() for line in lines]
    assert "pip install nox && nox -s demo" in commands
    assert "pip install nox && nox" in commands


@pytest.mark.parametrize("client", [TikTok, AsyncTikTok])
def test_every_option_is_listed_once(client: type) -> None:
    rows = re.findall(r"^\| `(\w+)` \|", (SITE / "options.md").read_text("utf-8"), re.MULTILINE)
    assert rows == [name for name in inspect.signature(client).parameters if name != "self"]


def test_every_extra_is_listed_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    rows = re.findall(r"^\| `(\w+)` \|", (SITE / "quickstart.md").read_text("utf-8"), re.MULTILINE)
    assert rows == list(project["optional-dependencies"])


def test_the_layers_are_those_that_are_checked() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    checked = next(
        contract["layers"]
        for contract in tools["importlinter"]["contracts"]
        if contract.get("containers") == ["keyapi"]
    )
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    shown = re.search(r"^in keyapi: (.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert shown
    layers = [re.findall(r"\w+", layer) for layer in shown[1].split("─▶")]
    assert layers == [re.findall(r"\w+", layer) for layer in checked if layer != "__main__"]


def test_code_that_is_not_run_says_why() -> None:
    unrun = list(blocks("py"))
    assert [str(block) for block in unrun if not block.reason] == []
    named = [path for block in unrun for path in re.findall(r"tests/[\w/.]+", block.reason or "")]
    assert [path for path in named if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("block", list(blocks("yaml")), ids=str)
def test_actions_of_the_overlay_are_well_formed(block: Block) -> None:
    for action in yaml.safe_load(block.code):
        assert action.keys() >= {"target", "description", "x-evidence", "x-published"}
        assert action.keys() & {"update", "remove"}
        jsonpath_rfc9535.compile(action["target"])


def test_an_action_of_the_documents_is_applied_as_it_stands() -> None:
    (block,) = blocks("yaml")
    (action,) = yaml.safe_load(block.code)
    limit = {"name": "limit", **action["x-published"]}
    spec = {"paths": {"/v1/tiktok/video/detail": {"get": {"parameters": [limit]}}}}

    corrected = apply_overlay(spec, overlay(action), "overlay")

    node = corrected["paths"]["/v1/tiktok/video/detail"]["get"]
    assert node["parameters"] == [{"name": "limit", **action["update"]}]


def test_the_facts_that_an_overlay_may_declare_are_listed() -> None:
    text = (ROOT / "openapi" / "README.md").read_text("utf-8")
    listed = re.search(r"^- `x-keyapi` on an operation declares [^:]+:(.*?)\.\s", text, re.M | re.S)
    assert listed
    assert re.findall(r"`(\w+)`", listed[1]) == [NAME, *OPERATION_KEYS]


def test_every_block_is_in_a_language_that_is_checked() -> None:
    languages = {match for page in documents() for match in _languages(page)}
    directives = {"{eval-rst}", "{generated-client}", "{include}", "{picture}", "{toctree}"}
    assert languages <= {"py", "python", "sh", "text", "yaml", *directives}


def _languages(document: Path) -> list[str]:
    return re.findall(r"^```(\S+)", document.read_text("utf-8"), re.MULTILINE)
