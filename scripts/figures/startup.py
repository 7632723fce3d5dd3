"""How soon a program that uses the client can work.

import_vs_httpx        `from keyapi_tiktok import TikTok` over `import httpx`, in fresh processes
first_answer           seconds from constructing TikTok to its first page, in memory
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

from pipeline.cli import ROOT
from pipeline.project import GENERATED

_TIMED = "import time; s = time.perf_counter(); {}; print(time.perf_counter() - s)"
IMPORT_CLIENT = _TIMED.format("from keyapi_tiktok import TikTok")
_IMPORT_HTTPX = _TIMED.format("import httpx")
_FIRST_ANSWER = """
import json, time, importlib.resources, httpx, keyapi_tiktok
spec = json.loads((importlib.resources.files(keyapi_tiktok) / "openapi.json").read_text("utf-8"))
get = spec["paths"]["/v1/tiktok/influencer/products/analytics"]["get"]
answer = get["responses"]["200"]["content"]["application/json"]["example"]
transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
started = time.perf_counter()
with keyapi_tiktok.TikTok(token="bench", transport=transport) as tiktok:
    page = tiktok.influencer.products_analytics(user_id="6813855719982466054")
    page[0].product_name
print(time.perf_counter() - started)
"""


def measure(runs: int) -> dict[str, float]:
    """Measure the figures named above, each over so many runs."""
    here = ROOT / GENERATED
    return {
        "import_vs_httpx": side_by_side((IMPORT_CLIENT, here), (_IMPORT_HTTPX, here), runs * 3),
        "first_answer": statistics.median(_timed(_FIRST_ANSWER, here) for _ in range(runs)),
    }


def side_by_side(first: tuple[str, Path], second: tuple[str, Path], runs: int) -> float:
    """The median ratio of two codes' times, measured in turn."""
    for code in (first, second):
        _timed(*code)  # not counted: it fills the caches
    return statistics.median(_timed(*first) / _timed(*second) for _ in range(runs))


def _timed(code: str, packages: Path) -> float:
    """Run code in a fresh process and give the seconds it prints."""
    path = os.pathsep.join((str(packages), str(ROOT / "src")))
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    return float(done.stdout)
