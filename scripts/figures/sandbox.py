"""What the sandbox stands, by `wrk` on loopback; nothing where there is no `wrk`.

sandbox_per_second     ten-row pages it answers per second, one process, 32 connections
sandbox_memory         its resident memory after 200,000 requests of 200 creators over after 20,000
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

_PATH = "/v1/tiktok/influencer/products/analytics"
_SECONDS = 5
_FEW, _MANY = 20_000, 200_000
_SERVER = """
from keyapi.sandbox import run
run(port=0, report=lambda sandbox, url: print(url, sandbox.key, flush=True))
"""
# Each thread walks through the creators; wrk knows no number of requests, so it is asked in rounds.
_SCRIPT = """
local number = 0
request = function()
  number = number + 1
  return wrk.format("GET", "{path}?user_id=" .. number % 200 .. "&page_num=1&page_size=10")
end
"""


def measure(runs: int) -> dict[str, float]:
    """Measure the figures named above, the first over so many runs."""
    if shutil.which("wrk") is None:
        return {}
    with tempfile.TemporaryDirectory() as scratch:
        script = Path(scratch) / "creators.lua"
        script.write_text(_SCRIPT.replace("{path}", _PATH), "utf-8")
        server = subprocess.Popen(
            [sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            url, key = server.stdout.readline().split()
            page = f"{url}{_PATH}?user_id=6813855719982466054&page_num=1&page_size=10"
            _load(page, key)  # not counted: it fills the caches
            rates = [_load(page, key)[0] for _ in range(runs)]
            memory = _memory_after(server.pid, url, key, script)
        finally:
            server.kill()
            server.communicate()
    return {"sandbox_per_second": statistics.median(rates), "sandbox_memory": memory}


def _memory_after(pid: int, url: str, key: str, script: Path) -> float:
    """The server's memory after many requests over after few."""
    sent, few = 0, 0.0
    while sent < _MANY:
        sent += _load(url, key, "-s", str(script))[1]
        if not few and sent >= _FEW:
            few = _resident(pid)
    return _resident(pid) / few


def _load(url: str, key: str, *options: str) -> tuple[float, int]:
    """Let wrk ask for some seconds; requests per second, and how many there were."""
    done = subprocess.run(
        [
            *["wrk", "-t1", "-c32", f"-d{_SECONDS}s"],
            *["-H", f"Authorization: Bearer {key}", *options, url],
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "Non-2xx" not in done.stdout, done.stdout
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    count = re.search(r"([0-9]+) requests in", done.stdout)
    assert rate is not None, done.stdout
    assert count is not None, done.stdout
    return float(rate[1]), int(count[1])


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    found = re.search(r"VmRSS:\s+([0-9]+)", status)
    assert found is not None
    return float(found[1])
