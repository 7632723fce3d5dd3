"""Print this machine's figures: ratios measured side by side in one run, medians of several.

    python scripts/bench.py [--json] [--runs N]

import_vs_httpx        `from keyapi_tiktok import TikTok` over `import httpx`, in fresh processes
import_100_vs_1        the same import with 100 operations over one operation
first_answer           seconds from constructing TikTok to its first page, in memory
regenerate_1           seconds for scripts/regenerate.py to write the client of one page, checked
regenerate_1_cold      the same with nothing cached by mypy
regenerate_100         seconds for 100 pages
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.cli import ROOT
from pipeline.workspace import GENERATED, PAGES

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
_IMPORT = "import time; s = time.perf_counter(); {}; print(time.perf_counter() - s)"


def project_with(folder: Path, pages: int) -> Path:
    """Make a copy of this project with more pages: copies of the real one at other paths.

    Args:
        folder: Where to make it; it must not exist.
        pages: How many pages it shall have; they are spread over five resources.

    Returns:
        The folder.
    """
    for name in ("openapi", GENERATED):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "src").symlink_to(ROOT / "src")
    published = (ROOT / PAGES / "en/tiktok/influencer/products-analytics.md").read_text("utf-8")
    for number in range(1, pages):
        resource, last = f"resource{number % 5}", f"analytics{number}"
        text = published.replace("influencer/products/analytics", f"{resource}/products/{last}")
        path = folder / PAGES / "en/tiktok" / resource / f"products-{last}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def script(name: str, root: Path, **environment: str) -> float:
    """Run a script on a project and give the seconds it took."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, str(ROOT / "scripts" / name), "--root", str(root)],
        check=True,
        capture_output=True,
        env={**os.environ, **environment},
    )
    return time.perf_counter() - started


def timed(code: str, packages: Path) -> float:
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


def side_by_side(first: tuple[str, Path], second: tuple[str, Path], runs: int) -> float:
    """The median ratio of two codes' times, measured in turn."""
    for code in (first, second):
        timed(*code)  # not counted: it fills the caches
    return statistics.median(timed(*first) / timed(*second) for _ in range(runs))


def rewritten(root: Path, runs: int, **environment: str) -> float:
    """The median time to write the client of a project that has none."""
    times = []
    for _ in range(runs):
        shutil.rmtree(root / GENERATED, ignore_errors=True)
        times.append(script("regenerate.py", root, **environment))
    return statistics.median(times)


def measure(runs: int) -> dict[str, float]:
    """Measure every figure; see the module's docstring."""
    figures = {}
    client = "from keyapi_tiktok import TikTok"
    with tempfile.TemporaryDirectory() as scratch:
        one = project_with(Path(scratch) / "one", 1)
        hundred = project_with(Path(scratch) / "hundred", 100)
        script("vendor.py", hundred)
        here, there = ROOT / GENERATED, hundred / GENERATED
        figures["import_vs_httpx"] = side_by_side(
            (_IMPORT.format(client), here), (_IMPORT.format("import httpx"), here), runs * 3
        )
        figures["first_answer"] = statistics.median(timed(_FIRST_ANSWER, here) for _ in range(runs))
        figures["regenerate_1"] = rewritten(one, runs)
        cold = [
            rewritten(one, 1, XDG_CACHE_HOME=str(Path(scratch) / f"cache{run}"))
            for run in range(min(runs, 3))
        ]
        figures["regenerate_1_cold"] = statistics.median(cold)
        figures["regenerate_100"] = rewritten(hundred, min(runs, 3))
        figures["import_100_vs_1"] = side_by_side(
            (_IMPORT.format(client), there), (_IMPORT.format(client), one / GENERATED), runs * 3
        )
    return figures


def main() -> int:
    """Parse the command line and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default: 5)")
    arguments = parser.parse_args()
    figures = measure(arguments.runs)
    if arguments.json:
        print(json.dumps({name: round(value, 4) for name, value in figures.items()}, indent=2))
    else:
        for name, value in figures.items():
            unit = " s" if name.startswith(("regenerate", "first")) else ""
            print(f"{name:<20} {value:8.3f}{unit}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
