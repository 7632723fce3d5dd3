"""A server of creators in the test's process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.creators import Creators
from support.exporting import scratch


@pytest.fixture
def creators() -> Creators:
    """Creators 1 to 9, with 0 to 40 products."""
    return Creators({str(n): 5 * (n - 1) for n in range(1, 10)})


@pytest.fixture
def out() -> Iterator[Path]:
    """The folder of an export, not made yet."""
    with scratch() as folder:
        yield folder / "out"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEYAPI_TOKEN", "KEYAPI_API_KEY", "KEYAPI_KEY", "KEYAPI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
