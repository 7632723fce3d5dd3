"""What an update runs of the checks of continuous integration, and what it tells of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.commands.checks import CHECKS, WIDTH, failures
from support.pages import ROOT


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_is_of_what_is_here(name: str) -> None:
    check = CHECKS[name]

    assert [path for path in check.needs if not (ROOT / path).exists()] == []
    scripts = [word for word in check.command if word.startswith("scripts/")]
    assert [path for path in scripts if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    ("code", "stdout", "stderr", "lines"),
    [
        (0, "3 passed\n", "", []),
        (5, "no tests ran\n", "", []),
        (1, "F\nFAILED tests/a.py::b - said\n1 failed\n", "", ["FAILED tests/a.py::b - said"]),
        (2, "ERROR tests/a.py\n1 error\n", "", ["ERROR tests/a.py"]),
        (1, "a.py:3: error: no\nFound 1 error\n", "", ["FAILED a.py:3: error: no"]),
        (1, "", "Traceback\nKeyError: 1\n", ["FAILED some check: KeyError: 1"]),
        (1, "", "", ["FAILED some check: it printed nothing"]),
    ],
)
def test_what_a_check_found_has_a_line_each(
    code: int, stdout: str, stderr: str, lines: list[str]
) -> None:
    assert failures("some check", code, stdout, stderr) == lines


def test_a_module_that_cannot_be_imported_keeps_no_other_from_running(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("import nothing_of_this_name\n")
    (tmp_path / "test_b.py").write_text("def test_b(): assert False, 'x' * 150 + 'end'\n")
    command = CHECKS["documents"].command

    done = subprocess.run(
        [sys.executable, *command, "-c", os.devnull, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": WIDTH},
    )

    found = failures("documents", done.returncode, done.stdout, done.stderr)
    assert [line.partition(" ")[0] for line in found] == ["FAILED", "ERROR"]
    assert "end" in found[0]
