"""The site: as it was built before, or built for the tests that look at it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.documents import SITE


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--site", type=Path, metavar="DIR", help="where the site was built")
    parser.addoption("--browser", action="store_true", help="open each page in Chromium")
    parser.addoption("--pictures", type=Path, metavar="DIR", help="keep pictures of the pages")


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site."""
    built: Path | None = request.config.getoption("site")
    if built is not None:
        return built
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", str(SITE)]
    subprocess.run([*command, str(folder)], check=True)
    return folder
