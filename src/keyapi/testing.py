"""Fixtures for the tests of programs that use the client, so that these run offline.

pytest_plugins = ["keyapi.testing"]  # in your conftest.py


def test_report(sandbox):
with sandbox.client(max_credits=3) as tiktok:
report(tiktok)
assert sandbox.ledger.charged == 3
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keyapi.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox of the installed client, in this process: `sandbox.client()`, `.faults = […]`."""
    return Sandbox()


@pytest.fixture
def sandbox_url(sandbox: Sandbox) -> Iterator[str]:
    """The URL of `sandbox` on a free loopback port, for programs that make their own client."""
    with sandbox.serve() as url:
        yield url
