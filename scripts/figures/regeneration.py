"""How long the pipeline takes, and what many operations cost those who import the client.

regenerate_1           seconds for scripts/regenerate.py to write the client of one page, checked
regenerate_1_cold      the same with nothing cached by mypy
regenerate_100         seconds for 100 pages
import_100_vs_1        `from keyapi_tiktok import TikTok` with 100 operations over one operation
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures.startup import IMPORT_CLIENT, side_by_side
from pipeline.cli import ROOT
from pipeline.project import GENERATED, PAGES


def measure(runs: int) -> dict[str, float]:
    """Measure the figures named above, each over so many runs or, where one is slow, three."""
    figures = {}
    with tempfile.TemporaryDirectory() as scratch:
        one = project_with(Path(scratch) / "one", 1)
        hundred = project_with(Path(scratch) / "hundred", 100)
        _script("vendor.py", hundred)
        figures["regenerate_1"] = _rewritten(one, runs)
        cold = [
            _rewritten(one, 1, XDG_CACHE_HOME=str(Path(scratch) / f"cache{run}"))
            for run in range(min(runs, 3))
        ]
        figures["regenerate_1_cold"] = statistics.median(cold)
        figures["regenerate_100"] = _rewritten(hundred, min(runs, 3))
        figures["import_100_vs_1"] = side_by_side(
            (IMPORT_CLIENT, hundred / GENERATED), (IMPORT_CLIENT, one / GENERATED), runs * 3
        )
    return figures


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


def _script(name: str, root: Path, **environment: str) -> float:
    """Run a script on a project and give the seconds it took."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, str(ROOT / "scripts" / name), "--root", str(root)],
        check=True,
        capture_output=True,
        env={**os.environ, **environment},
    )
    return time.perf_counter() - started


def _rewritten(root: Path, runs: int, **environment: str) -> float:
    """The median time to write the client of a project that has none."""
    times = []
    for _ in range(runs):
        shutil.rmtree(root / GENERATED, ignore_errors=True)
        times.append(_script("regenerate.py", root, **environment))
    return statistics.median(times)
