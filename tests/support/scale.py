"""Vendor, generate, check and serve many pages of every shape, and print how long each stage takes.

    python -m support.scale                   30, 60 and 120 pages
    python -m support.scale --pages N ...     as many as that

The pages are fetched from a server on this machine by an index, as an update does; the client is
generated and verified; it and a sandbox of it go through the relations of the contract, operation
by operation; a program that calls every method is type-checked. Exit code 1: something does not
hold, or a page takes much longer where there are many.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from figures.regeneration import project_with
from pipeline.cli import ROOT
from pipeline.project import GENERATED, RUNTIME
from support.docs_site import Docs
from support.many_pages import many_pages

SIZES = (30, 60, 120)
_REACH = 1.3
"""How much longer a page may take where there are four times as many."""


class Outcome(NamedTuple):
    """What so many pages came to.

    Attributes:
        operations: How many operations the client has.
        seconds: Processor time of each stage, by name, in seconds: what else the machine is busy
            with does not change it.
        failed: What does not hold.
        wall: How long all took by the clock, in seconds.
    """

    operations: int
    seconds: dict[str, float]
    failed: list[str]
    wall: float


def run(pages: int, folder: Path, spoilt: int = 5, checked: Path | None = None) -> Outcome:
    """Take so many pages through everything.

    Args:
        pages: How many; the published one is among them.
        folder: Where the project with these pages is made; it must not exist.
        spoilt: How many answers with a fault each method is given.
        checked: Folder in which mypy keeps what it has checked; a new one if it is left out, so
            that times can be compared.

    Raises:
        subprocess.CalledProcessError: A stage failed; its output says why.
    """
    project = project_with(folder / "project", 1)
    site = {f"/{name}": text for name, text in many_pages(pages - 1).items()}
    root = ("--root", str(project))
    seconds: dict[str, float] = {}

    started = perf_counter()

    def stage(name: str, *command: str) -> str:
        before = _of_children()
        paths = (project / GENERATED, ROOT / RUNTIME, ROOT / "scripts", ROOT / "tests")
        done = subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        )
        seconds[name] = _of_children() - before
        if done.returncode:
            print(done.stdout[-4000:], done.stderr[-4000:], file=sys.stderr)
            done.check_returncode()
        return done.stdout

    with Docs(site) as docs:
        docs.publish_index()
        stage("vendor", str(ROOT / "scripts/vendor.py"), *root, "--index", docs.index)
    stage("regenerate", str(ROOT / "scripts/regenerate.py"), *root)
    found = json.loads(
        stage("relations", "-m", "support.every_operation", "program.py", str(spoilt))
    )
    del seconds["relations"]
    seconds |= found["seconds"]
    cache = f"--cache-dir={checked or folder / 'mypy'}"
    stage("type-check", "-m", "mypy", "--strict", "--config-file=", cache, "program.py")
    return Outcome(found["operations"], seconds, found["failed"], perf_counter() - started)


def main() -> int:
    """Parse the command line, run, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, nargs="+", default=SIZES, metavar="N")
    sizes = sorted(parser.parse_args().pages)
    outcomes: dict[int, Outcome] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            outcomes[size] = run(size, Path(scratch))
        for line in outcomes[size].failed:
            print(f"{size} pages: {line}")
        print(f"{size} pages done", file=sys.stderr)
    print("\n".join(table(outcomes)))
    slow = growth(outcomes) > _REACH
    return int(slow or any(outcome.failed for outcome in outcomes.values()))


def table(outcomes: Mapping[int, Outcome]) -> Iterator[str]:
    """Write the seconds of each stage, by number of pages, and how much longer a page takes."""
    sizes = list(outcomes)
    few, many = sizes[0], sizes[-1]
    yield "processor time in seconds by number of pages, and of a page with most over fewest"
    yield " " * 20 + "".join(f"{size:>8}" for size in sizes) + f"{'ratio':>10}"
    stages = list(outcomes[few].seconds)
    for name in stages:
        times = [outcomes[size].seconds[name] for size in sizes]
        yield _row(name, times, (times[-1] / many) / (times[0] / few))
    totals = [sum(outcomes[size].seconds.values()) for size in sizes]
    yield _row("all", totals, growth(outcomes))
    clock = [outcomes[size].wall for size in sizes]
    yield _row("(by the clock)", clock, (clock[-1] / many) / (clock[0] / few))
    counts = ", ".join(f"{outcome.operations} operations" for outcome in outcomes.values())
    failed = sum(len(outcome.failed) for outcome in outcomes.values())
    yield f"{counts}; {failed} do not hold"


def growth(outcomes: Mapping[int, Outcome]) -> float:
    """How much longer a page takes where there are most than where there are fewest."""
    few, many = min(outcomes), max(outcomes)
    total = {size: sum(outcomes[size].seconds.values()) for size in (few, many)}
    return (total[many] / many) / (total[few] / few)


def _of_children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _row(name: str, times: list[float], ratio: float) -> str:
    return f"{name:<20}" + "".join(f"{time:8.1f}" for time in times) + f"{ratio:10.2f}"


if __name__ == "__main__":
    sys.exit(main())
