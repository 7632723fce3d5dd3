"""The pages about exports: their examples run, and draw the chart that is shown there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from keyapi.cli import main
from keyapi.sandbox import Sandbox
from keyapi_tiktok import TikTok
from support.documents import SITE, blocks

PAGE = SITE / "export.md"


@pytest.mark.published
def test_the_example_goes_from_a_list_to_a_chart(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(out.parent)
    listed = next(block for block in blocks("text") if block.document == PAGE)
    Path("creators.csv").write_text(listed.code, "utf-8")
    names: dict[str, Any] = {}
    for block in blocks("py"):
        if block.document == PAGE:
            exec(compile(block.code, str(block), "exec"), names)  # noqa: S102
    assert capsys.readouterr().out.split() == ["134", "influencer_products_analytics", "134"]
    drawn = Path("best-products.svg").read_text("utf-8")
    assert drawn == (SITE / "_static" / "best-products.svg").read_text("utf-8")


def code_of(page: str, word: str) -> str:
    """The block of Python on a page that has a word."""
    (found,) = (b for b in blocks("py") if b.document == SITE / page and word in b.code)
    return found.code


@pytest.fixture
def sandboxed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a list of creators, and a sandbox that the environment names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYAPI_TOKEN", "sk_live_c4nary")
    Path("creators.csv").write_text("user_id\n6813855719982466054\n6813855719982466055\n", "utf-8")
    with Sandbox(TikTok, key="sk_live_c4nary").serve() as url:
        monkeypatch.setenv("KEYAPI_BASE_URL", url)
        yield tmp_path


@pytest.mark.published
@pytest.mark.process
def test_any_executor_has_workers(sandboxed: Path) -> None:
    program = sandboxed / "program.py"
    program.write_text(code_of("many-machines.md", "ProcessPoolExecutor"), "utf-8")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages, complete = done.stdout.split()
    assert (int(pages) > 2, complete) == (True, "True"), done.stderr


@pytest.mark.published
@pytest.mark.parametrize(
    ("codes", "calls", "problem"),
    [
        ([0, 0], ["influencer", "load"], None),
        ([1, 0, 0], ["influencer", "retry", "load"], None),
        ([1, 1, 0], ["influencer", "retry", "load"], None),
        ([3], ["influencer"], "budget or quota used up"),
        ([137], ["influencer"], "failed"),
    ],
)
def test_a_scheduler_reads_exit_codes(
    monkeypatch: pytest.MonkeyPatch, codes: list[int], calls: list[str], problem: str | None
) -> None:
    called: list[str] = []

    def call(command: list[str]) -> int:
        called.append(command[2])
        return codes[len(called) - 1]

    monkeypatch.setattr(subprocess, "call", call)
    monkeypatch.setattr(subprocess, "check_call", call)
    names: dict[str, Any] = {}
    exec(code_of("many-machines.md", "def nightly"), names)  # noqa: S102
    raised = nullcontext() if problem is None else pytest.raises(RuntimeError, match=problem)
    with raised:
        names["nightly"]()
    assert called == calls


@pytest.mark.published
def test_the_nightly_commands_are_right(
    sandboxed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = code_of("many-machines.md", "def nightly")
    for command in re.findall(r'"keyapi (export .*?)"', code):
        assert main(command.split()) == 0, capsys.readouterr().err
