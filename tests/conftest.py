"""What the tests of several folders share."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from figures.regeneration import project_with
from pipeline.cli import ROOT

pytest_plugins = ["keyapi.testing"]


def pytest_configure() -> None:
    """Obey Ctrl-C, also where the tests run in the background: processes inherit its neglect."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


Script = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of this project to vendor into and regenerate."""
    return project_with(tmp_path / "project", 1)


@pytest.fixture
def script(project: Path) -> Script:
    """Runs one of the scripts on the copy, as a user would."""

    def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, ROOT / "scripts" / name, "--root", project, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=project.parent,
        )

    return run


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder; caches left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.is_symlink()
    }
