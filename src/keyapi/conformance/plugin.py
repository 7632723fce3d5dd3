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
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from keyapi.conformance.broken import ContractBroken, causes_of
from keyapi.conformance.cause import Cause, folded, merged
from keyapi.conformance.page import FailedTest, Report, page
from keyapi.conformance.relations import RELATIONS
from keyapi.conformance.revision import revision
from keyapi.conformance.seed import SEED
from keyapi.conformance.tally import (
    Count,
    Counts,
    absences,
    broken,
    grouped,
    table,
    unlooked,
    wrapped,
)
from keyapi.conformance.wording import capture_shortened, described, shortened
from keyapi.specification import Specification

_TALLY = "contract tally"
_CAUSES = "contract_causes"  # of a report, which worker processes hand over as JSON


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

    A test that fails counts as one failure of each pair that broke: those that its findings name,
    else all that it counted.
    """
    counts = request.config.stash.setdefault(_KEY, defaultdict(Count))
    seen = request.node.stash.setdefault(_SEEN, {})

    def add(relation: str, operation: str, *, checks: int = 0, cases: int = 0) -> None:
        seen[relation, operation] = None
        old = counts[relation, operation]
        counts[relation, operation] = Count(old.checks + checks, old.cases + cases, old.failures)

    yield add
    for pair in request.node.stash.get(_BROKEN, ()):
        old = counts[pair]
        counts[pair] = old._replace(failures=old.failures + 1)


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Add a line below the table."""
    lines: list[str] = request.config.stash.setdefault(_NOTES, [])
    return lines.append


_KEY = pytest.StashKey[defaultdict[tuple[str, str], Count]]()
_NOTES = pytest.StashKey[list[str]]()
_SEEN = pytest.StashKey[dict[tuple[str, str], None]]()
_BROKEN = pytest.StashKey[set[tuple[str, str]]]()
_LACKING = pytest.StashKey[list[str]]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    """Say why a test failed in a few lines, with the command that reproduces it."""
    outcome: Any = yield
    report = outcome.get_result()
    if not report.failed or call.excinfo is None:
        return
    seen = item.stash.get(_SEEN, {})
    causes = causes_of(call.excinfo.value, seen)
    if report.when == "call":
        broken = {cause.pair for cause in causes if cause.relation in RELATIONS}
        item.stash[_BROKEN] = broken or set(seen)
    command = _command(item)
    setattr(report, _CAUSES, [list(cause) for cause in causes])
    report.contract_command = command
    if item.config.option.tbstyle != "long":  # whoever asks for a traceback gets all of it
        is_known = isinstance(call.excinfo.value, ContractBroken | BaseExceptionGroup)
        traceback = [] if is_known else ["", shortened(report.longreprtext)]
        report.contract_text = text = "\n".join([*described(causes), *traceback])
        report.sections = [(name, capture_shortened(said)) for name, said in report.sections]
        report.longrepr = text
    report.sections.append(("Reproduce", command))


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(call: Any, report: Any) -> None:
    """Keep these few lines where Schemathesis writes at length; say why nothing was collected."""
    if hasattr(report, "contract_text"):
        report.longrepr = report.contract_text
    elif isinstance(report, pytest.CollectReport):
        error = call.excinfo.value
        causes = causes_of(error.__cause__ or error, ())  # pytest wraps the error of an import
        setattr(report, _CAUSES, [list(cause) for cause in causes])
        report.longrepr = "\n".join([*described(causes), "", shortened(report.longreprtext)])


def _command(item: pytest.Item) -> str:
    """A command to paste that runs a test again."""
    seed = os.environ.get(SEED)
    words = ["python", "-m", "pytest", item.nodeid, *(["--seed", seed] if seed else [])]
    return shlex.join(words)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the counts of a worker process to the main one, which fails where some are missing."""
    config = session.config
    counts = config.stash.setdefault(_KEY, defaultdict(Count))
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[_TALLY] = [[*pair, *count] for pair, count in counts.items()]
        output["contract notes"] = config.stash.get(_NOTES, [])
    elif _complete(session) and not session.testsfailed:  # which stops before it counts
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
    """Print the table and what broke, and write the HTML page."""
    counts = config.stash.get(_KEY, defaultdict[tuple[str, str], Count](Count))
    failed = list(_failed(terminalreporter))
    folder = config.getoption("report", None)
    if hasattr(config, "workerinput") or not (counts or (failed and folder)):
        return
    write = terminalreporter.write_line
    terminalreporter.section("contract")
    reasons = {pair: why for pair, why in _unlooked(config, counts).items() if why}
    for line in table(counts, reasons):
        write(line)
    specification = config.hook.pytest_contract_specification()
    partly = absences(specification, reasons) if specification else {}
    notes = config.stash.get(_NOTES, [])
    seed = os.environ.get(SEED)
    for line in (*grouped(partly), *notes, *([f"seed {seed}"] if seed else [])):
        for part in wrapped(line):
            write(part)
    lacking = config.stash.get(_LACKING, [])
    for pair in lacking:
        line = f"FORGOTTEN  {pair}: nothing was checked; count it, or say why in FACETS"
        write(line, red=True)
    causes = folded(merged(cause for test in failed for cause in test.causes))
    commands = {cause.title: test.command for test in failed[::-1] for cause in test.causes}
    for line in broken(causes, commands):
        write(line, red=line.startswith("BROKEN"))
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        tests = len(failed) + len(terminalreporter.stats.get("passed", []))
        known = [*revision(config.rootpath, specification).lines()]
        known += [("Seed", seed)] if seed else []
        report = Report(
            counts, failed, causes, commands, tests, notes, reasons, partly, known, lacking
        )
        (folder / "contract.html").write_text(page(report), "utf-8")
        write(f"written: {folder}/contract.xml, {folder}/contract.html")


def _failed(terminalreporter: Any) -> Iterator[FailedTest]:
    """The tests that failed, and what could not be collected or set up."""
    for report in (
        *terminalreporter.stats.get("failed", []),
        *terminalreporter.stats.get("error", []),
    ):
        found = getattr(report, _CAUSES, [["", "", report.nodeid]])
        causes = tuple(Cause(*each) for each in found)
        command = getattr(report, "contract_command", f"python -m pytest {report.nodeid}")
        yield FailedTest(report.nodeid, report.longreprtext, command, causes)
