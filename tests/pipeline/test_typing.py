"""What type checkers say about a client's options: of right values nothing, of wrong ones all."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from keyapi._options import OPTIONS
from pipeline.generate.package import cache_folder

Checker = Callable[[Path], set[int]]

RIGHT = """\
from pathlib import Path

import httpx
import pyrate_limiter

from keyapi.contract import Violation
from keyapi_tiktok import AsyncTikTok, TikTok


def note(violation: Violation) -> None:
    print(violation)


limiter = pyrate_limiter.Limiter(pyrate_limiter.Rate(5, 1000))
client: TikTok = TikTok("sk", contract="warn", cache=Path("kept"), rate="5/s", timeout=3)
client = client.with_options(token=None, contract=note, cache={"path": "kept", "ttl": 60})
client = client.with_options(rate=limiter, timeout=httpx.Timeout(3, read=5), deadline=None)
client = client.with_options(transport=httpx.HTTPTransport(), httpx_args={"http2": True})
other: AsyncTikTok = AsyncTikTok(base_url="http://localhost", max_credits=5, quota_cooldown=0)
other = other.with_options(transport=httpx.AsyncHTTPTransport(), max_retries=0)
"""
WRONG = [
    *(f"{kind}({name}=object())" for kind in ("TikTok", "AsyncTikTok") for name in OPTIONS),
    *(f"{name}.with_options({key}=object())" for name in ("client", "other") for key in OPTIONS),
    'TikTok("sk", "http://localhost")',
    "TikTok(retries=3)",
    "client.with_options(retries=3)",
    'TikTok(contract="ignore")',
    "TikTok(transport=httpx.AsyncHTTPTransport())",
    "AsyncTikTok(transport=httpx.HTTPTransport())",
    "TikTok(max_retries=None)",
    "client.with_options(max_retries=1.5)",
]


def _mypy(program: Path) -> set[int]:
    mypy = ("-m", "mypy", "--strict", "--config-file=")
    done = subprocess.run(
        [sys.executable, *mypy, f"--cache-dir={cache_folder() / 'mypy-programs'}", str(program)],
        capture_output=True,
        text=True,
        check=False,
        cwd=program.parent,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return {int(line) for line in re.findall(r"^program\.py:(\d+): error", done.stdout, re.M)}


def _pyright(program: Path) -> set[int]:
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, program],
        capture_output=True,
        text=True,
        check=False,
        cwd=program.parent,
    )
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {each["range"]["start"]["line"] + 1 for each in found if each["severity"] == "error"}


@pytest.mark.parametrize("checker", [_mypy, pytest.param(_pyright, marks=pytest.mark.slow)])
def test_a_type_checker_finds_each_option_of_a_wrong_type(tmp_path: Path, checker: Checker) -> None:
    program = tmp_path / "program.py"
    program.write_text(RIGHT + "\n".join(WRONG) + "\n", "utf-8")
    before = RIGHT.count("\n")
    wrong = checker(program)
    assert wrong == set(range(before + 1, before + 1 + len(WRONG)))
