"""A pytest plugin: options of a contract suite, and its report as a table, JUnit and HTML.

    pytest -p keyapi.conformance.plugin tests/contract

    --seed N|random   other cases than the fixed ones of the default run
    --report DIR      write DIR/contract.xml (JUnit) and DIR/contract.html

A test counts what it looks at with the fixture `tally`, and adds lines to the report with `note`.
Where a suite names its specification with the hook `pytest_contract_specification`, the report says
what a relation has nothing to look at, and a complete run fails where a relation was forgotten.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from keyapi.conformance.page import page
from keyapi.conformance.seed import SEED
from keyapi.conformance.tally import (
    Count,
    Counts,
    absences,
    grouped,
    table,
    unlooked,
)
from keyapi.specification import Specification

_TALLY = "contract tally"


class Hooks:
    """What a contract suite tells the plugin."""

    @staticmethod
    @pytest.hookspec(firstresult=True)
    def pytest_contract_specification() -> Specification | None:
        """Name the specification whose every operation each relation must look at."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hooks that a suite may have."""
    pluginmanager.add_hookspecs(Hooks)


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
_LACKING = pytest.StashKey[list[str]]()


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


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the counts of a worker process to the main one, which fails where some are missing."""
    config = session.config
    counts = config.stash.setdefault(_KEY, defaultdict(Count))
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[_TALLY] = [[*pair, *count] for pair, count in counts.items()]
        output["contract notes"] = config.stash.get(_NOTES, [])
    elif _complete(session):
        config.stash[_LACKING] = list(_forgotten(config, counts))
        if config.stash[_LACKING] and not session.exitstatus:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _complete(session: pytest.Session) -> bool:
    """Whether all of a suite ran, so that each relation had its turn."""
    config = session.config
    chosen = [config.getoption(name, None) for name in ("keyword", "markexpr", "deselect", "lf")]
    stopped = session.shouldstop or session.shouldfail or config.option.collectonly
    return not (stopped or any(chosen) or any(".py" in argument for argument in config.args))


def _unlooked(config: pytest.Config, counts: Counts) -> dict[tuple[str, str], str]:
    """Each relation and operation that nothing was counted of, and why that may be."""
    specification = config.hook.pytest_contract_specification()
    return unlooked(specification, counts) if specification else {}


def _forgotten(config: pytest.Config, counts: Counts) -> Iterator[str]:
    for (relation, operation), reason in _unlooked(config, counts).items():
        if not reason:
            yield f"{relation}, {operation}"


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
    reasons = {pair: why for pair, why in _unlooked(config, counts).items() if why}
    for line in table(counts, reasons):
        terminalreporter.write_line(line)
    for pair in config.stash.get(_LACKING, []):
        line = f"FORGOTTEN  {pair}: nothing was checked; count it, or say why in FACETS"
        terminalreporter.write_line(line, red=True)
    specification = config.hook.pytest_contract_specification()
    partly = absences(specification, reasons) if specification else {}
    for line in grouped(partly):
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
        (folder / "contract.html").write_text(page(counts, failed, notes, reasons, partly), "utf-8")
        terminalreporter.write_line(f"written: {folder}/contract.xml, {folder}/contract.html")
