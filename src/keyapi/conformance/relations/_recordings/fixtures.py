"""Recording: the fixtures that `keyapi.testing` gives to a user's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._shared import violation
from keyapi.specification import Specification

_CONFTEST = 'pytest_plugins = ["keyapi.testing"]\n'
_OUTCOMES = {
    "test_sandbox": "passed",
    "test_each_test_has_its_own": "passed",
    "test_url": "passed",
    "test_it_is_closed": "passed",
    "test_replay": "passed",
    "test_never_requested": "error",
    "test_not_recorded": "failure, error",
}
"""What becomes of the tests of the program; what replay refuses is an error at the end, too."""
_PROGRAM = """
import httpx, pytest
from keyapi import _clients
from keyapi.sandbox import Sandbox
from keyapi.testing import record

urls, seen = [], []


def test_sandbox(sandbox):
    seen.append(sandbox)
    sandbox.faults = ["html-502"]
    assert type(sandbox) is Sandbox and sandbox.clients == _clients.installed()
    with httpx.Client(transport=sandbox.transport) as http:
        http.get("http://any/x")


def test_each_test_has_its_own(sandbox):
    assert sandbox is not seen[0]
    assert (sandbox.ledger.count, sandbox.faults, sandbox.seed) == (0, [], 0)
    assert (sandbox.credits_left, sandbox.latency, sandbox.control) == (None, 0, False)


def test_url(sandbox, sandbox_url):
    urls.append(sandbox_url)
    assert sandbox_url.startswith("http://127.0.0.1:")
    assert httpx.get(sandbox_url + "/x").status_code == 404
    assert [entry.path for entry in sandbox.ledger.requests] == ["/x"]


def test_it_is_closed():
    with pytest.raises(httpx.ConnectError):
        httpx.get(urls[0])


@pytest.fixture
def recorded(tmp_path, sandbox):
    with record(tmp_path / "a.har", transport=sandbox.transport) as recorder:
        with httpx.Client(transport=recorder) as http:
            http.get("http://any/x?y=1")
    return tmp_path / "a.har"


def test_replay(recorded, replay):
    replay(recorded)
    assert httpx.get("http://any/x?y=1").status_code == 404


def test_never_requested(recorded, replay):
    replay(recorded)


def test_not_recorded(replay):
    httpx.get("http://any/other")
"""


@relation("recording", short="rec", position=5)
def fixtures_as_documented(specification: Specification) -> Iterator[Finding]:
    """The fixtures of `keyapi.testing` do what its documentation says, in a pytest of their own.

    Args:
        specification: The specification whose first operation findings name.
    """
    operation = next(iter(specification))
    with TemporaryDirectory() as folder:
        Path(folder, "pytest.ini").write_text("[pytest]\n")  # of no project around the folder
        Path(folder, "conftest.py").write_text(_CONFTEST)
        Path(folder, "test_fixtures.py").write_text(_PROGRAM)
        told = Path(folder, "told.xml")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={told}"],
            cwd=folder,
            env={
                **os.environ,
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # those of this environment
                "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path if path),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        found = _outcomes(told) if told.exists() else {}
    for name, expected in _OUTCOMES.items():
        outcome = found.get(name, "none")
        if outcome != expected:
            lines = [line for line in done.stdout.splitlines() if line.startswith("E  ")]
            text = "; ".join([outcome, *(lines or done.stderr.splitlines()[-1:])])
            yield Finding("recording", name, violation(operation, "a fixture", expected, text))


def _outcomes(told: Path) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for case in ET.parse(told).iter("testcase"):  # noqa: S314 - this machine's pytest wrote it
        phases = found.setdefault(case.attrib["name"], [])
        phases += [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
    return {name: ", ".join(phases) or "passed" for name, phases in found.items()}
