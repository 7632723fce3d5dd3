"""A pytest plugin: options of a contract suite, and its report as a table, JUnit and HTML.

    pytest -p keyapi.conformance.plugin tests/contract

    --seed N|random   other cases than the fixed ones of the default run
    --report DIR      write DIR/contract.xml (JUnit) and DIR/contract.html

A test counts what it looks at with the fixture `tally`, and adds lines to the report with `note`.
"""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from keyapi.conformance.fuzz import SEED
from keyapi.conformance.page import page
from keyapi.conformance.relations import RELATIONS

_TALLY = "contract tally"


class Count(NamedTuple):
    """How much of one relation was checked for one operation."""

    checks: int = 0
    cases: int = 0
    failures: int = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --seed and --report."""
    group = parser.getgroup("contract")
    group.addoption("--seed", help="an integer, or `random`, for other cases")
    group.addoption("--report", type=Path, metavar="DIR", help="write JUnit and an HTML page there")


def pytest_configure(config: pytest.Config) -> None:
    """Set the seed of the run, and where JUnit goes."""
    seed = config.getoption("seed", None)
    if seed is not None:
        number = random.SystemRandom().getrandbits(32) if seed == "random" else int(seed)
        os.environ[SEED] = str(number)
    folder = config.getoption("report", None)
    if folder is not None and not hasattr(config, "workerinput"):
        folder.mkdir(parents=True, exist_ok=True)
        config.option.xmlpath = config.option.xmlpath or str(folder / "contract.xml")


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Callable[..., None]]:
    """Count what a test looks at: `tally(relation, operation, checks=, cases=)`.

    A test that fails counts as one failure of each pair it named.
    """
    counts = request.config.stash.setdefault(_KEY, defaultdict(Count))
    seen: set[tuple[str, str]] = set()

    def add(relation: str, operation: str, *, checks: int = 0, cases: int = 0) -> None:
        seen.add((relation, operation))
        old = counts[relation, operation]
        counts[relation, operation] = Count(old.checks + checks, old.cases + cases, old.failures)

    yield add
    if request.node.stash.get(_FAILED, False):
        for pair in seen:
            old = counts[pair]
            counts[pair] = old._replace(failures=old.failures + 1)


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Add a line below the table."""
    lines: list[str] = request.config.stash.setdefault(_NOTES, [])
    return lines.append


_KEY = pytest.StashKey[defaultdict[tuple[str, str], Count]]()
_NOTES = pytest.StashKey[list[str]]()
_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    """Add to a failure the command that reproduces it."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        item.stash[_FAILED] = True
        seed = os.environ.get(SEED)
        command = f"python -m pytest {item.nodeid}{f' --seed {seed}' if seed else ''}"
        report.sections.append(("Reproduce", command))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the counts of a worker process to the main one."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        counts = session.config.stash.get(_KEY, defaultdict(Count))
        output[_TALLY] = [[*pair, *count] for pair, count in counts.items()]
        output["contract notes"] = session.config.stash.get(_NOTES, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Add the counts of a worker process."""
    counts = node.config.stash.setdefault(_KEY, defaultdict(Count))
    for relation, operation, *numbers in node.workeroutput.get(_TALLY, []):
        pair = relation, operation
        counts[pair] = Count(*map(sum, zip(counts[pair], numbers, strict=True)))
    node.config.stash.setdefault(_NOTES, []).extend(node.workeroutput.get("contract notes", []))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table, and write the HTML page."""
    counts = config.stash.get(_KEY, None)
    if not counts or hasattr(config, "workerinput"):
        return
    terminalreporter.section("contract")
    lines = list(_table(counts))
    for line in lines:
        terminalreporter.write_line(line)
    notes = config.stash.get(_NOTES, [])
    for line in notes:
        terminalreporter.write_line(line)
    if seed := os.environ.get(SEED):
        terminalreporter.write_line(f"seed {seed}")
    folder = config.getoption("report", None)
    if folder is not None:
        failed = [
            (report.nodeid, report.longreprtext, dict(report.sections).get("Reproduce", ""))
            for report in terminalreporter.stats.get("failed", [])
        ]
        (folder / "contract.html").write_text(page(counts, failed, notes), "utf-8")
        terminalreporter.write_line(f"written: {folder}/contract.xml, {folder}/contract.html")


def _table(counts: dict[tuple[str, str], Count]) -> Iterator[str]:
    """Operation by relation: checks, cases, failures; fits 80 columns."""
    yield f"{'relation':<16}{'operation':<37}{'checks':>9}{'cases':>9}{'failed':>9}"
    for (relation, operation), count in sorted(counts.items(), key=_order):
        name = operation if len(operation) <= 36 else f"{operation[:35]}…"
        yield f"{relation:<16}{name:<37}{count.checks:>9}{count.cases:>9}{count.failures:>9}"
    total: Counter[str] = Counter()
    for count in counts.values():
        total.update(count._asdict())
    yield f"{'all':<53}{total['checks']:>9}{total['cases']:>9}{total['failures']:>9}"


def _order(item: tuple[tuple[str, str], Count]) -> tuple[int, str]:
    (relation, operation), _ = item
    return RELATIONS.index(relation), operation
