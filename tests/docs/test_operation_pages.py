"""The pages that are made of vendored pages: complete, and their examples run as they stand."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import keyapi_example
import keyapi_tiktok
from keyapi._client import SyncClient
from keyapi.cli.app import build
from operation_pages import written
from operation_pages.writing import _text
from pipeline.project import Project
from support.documents import ROOT, fenced
from support.documents import commands as commands_of

EXAMPLE = ROOT / "tests" / "support" / "example"
PROJECTS = [(ROOT, keyapi_tiktok.TikTok), (EXAMPLE, keyapi_example.TikTok)]


@pytest.mark.parametrize(("root", "client"), PROJECTS, ids=["own", "example"])
def test_every_vendored_page_has_a_page_whose_example_runs(
    root: Path, client: type[SyncClient]
) -> None:
    files = written(root, client)
    index = files.pop("operations/index.md")
    rows = re.findall(r"^\| \[`\w+`\]\((.+)\.md\) ", index, re.MULTILINE)
    assert sorted(f"operations/{name}.md" for name in rows) == sorted(files)
    assert len(files) == len(Project(root).lock()["pages"])
    for name, text in files.items():
        (program,) = fenced(text, "python")
        (stated,) = fenced(text, "text")
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(program, name, "exec"), {})  # noqa: S102
        start = stated.removesuffix("…\n")
        assert stated, name
        assert printed.getvalue()[: len(start) if start != stated else None] == start, name


def test_the_commands_exist() -> None:
    for text in written(*PROJECTS[0]).values():
        for block in fenced(text, "sh"):
            for _, *arguments in commands_of(block):
                build(arguments).parse_args(arguments, print_error=False, exit_on_error=False)


@pytest.mark.parametrize(
    "text",
    ["[x](javascript:alert)", "<b>x</b>", "`x`", "{py:obj}`x`", "# x", "* x", "x | y", "![x](y)"],
)
def test_no_markup_of_a_page_is_obeyed(text: str) -> None:
    html = MarkdownIt("commonmark").enable("table").render(_text(text)).strip()
    assert re.fullmatch(r"<p>[^<]*</p>", html), html
