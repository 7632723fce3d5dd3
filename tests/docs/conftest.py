"""The site: as it was built before, or built for the tests that look at it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from support.documents import SITE


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--site", type=Path, metavar="DIR", help="where the site was built")
    parser.addoption("--browser", action="store_true", help="open each page in Chromium")
    parser.addoption("--pictures", type=Path, metavar="DIR", help="keep pictures of the pages")


class Built(NamedTuple):
    """A site, or what kept it from being built.

    Attributes:
        folder: The folder of the site.
        error: What is wrong in a notebook, in a line, or all that Sphinx says; empty where the
            site was built.
    """

    folder: Path
    error: str


@pytest.fixture(scope="session")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The site, built if `--site` does not say where it is."""
    folder: Path | None = request.config.getoption("site")
    if folder is not None:
        return Built(folder, "")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--no-color"]
    command += [str(SITE), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.returncode:
        return Built(folder, "")
    notebook = re.search("NotebookError: .*", done.stderr)
    return Built(folder, notebook[0] if notebook else done.stderr or f"exit {done.returncode}")


@pytest.fixture(scope="session")
def site(built: Built) -> Path:
    """The folder of the built site."""
    if built.error:
        pytest.skip("there is no site, as another test says")
    return built.folder
