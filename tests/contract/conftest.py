"""Options of the contract suite, and what it tells at its end: a table, JUnit, and an HTML page.

--seed N|random   other cases than the fixed ones of the default run
--report DIR      write DIR/contract.xml (JUnit) and DIR/contract.html
"""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jinja2 import Environment

from keyapi.conformance.relations import RELATIONS

_SEED = "CONTRACT_SEED"  # carries the seed to worker processes
_TALLY = "contract tally"


class Count(NamedTuple):
    """How much of one relation was looked at for one operation."""

    checks: int = 0
    cases: int = 0
    failures: int = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract")
    group.addoption("--seed", help="an integer, or `random`, for other cases")
    group.addoption("--report", type=Path, metavar="DIR", help="write JUnit and an HTML page there")


def pytest_configure(config: pytest.Config) -> None:
    seed = config.getoption("seed", None)
    if seed is not None:
        number = random.SystemRandom().getrandbits(32) if seed == "random" else int(seed)
        os.environ[_SEED] = str(number)
    folder = config.getoption("report", None)
    if folder is not None and not hasattr(config, "workerinput"):
        folder.mkdir(parents=True, exist_ok=True)
        config.option.xmlpath = config.option.xmlpath or str(folder / "contract.xml")


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Callable[..., None]]:
    """Counts what a test looked at: `tally(relation, operation, checks=, cases=)`.

    A test that fails counts as one failure of each pair it named.
    """
    counts = request.config.stash.setdefault(_KEY, defaultdict(Count))
    seen: set[tuple[str, str]] = set()

    def add(relation: str, operation: str, *, checks: int = 0, cases: int = 0) -> None:
        seen.add((relation, operation))
        old = counts[relation, operation]
        counts[relation, operation] = Count(old.checks + checks, old.cases + cases, old.failures)

    yield add
    if getattr(request.node, "failed_call", False):
        for pair in seen:
            old = counts[pair]
            counts[pair] = old._replace(failures=old.failures + 1)


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Adds a line below the table."""
    lines: list[str] = request.config.stash.setdefault(_NOTES, [])
    return lines.append


_KEY = pytest.StashKey[defaultdict[tuple[str, str], Count]]()
_NOTES = pytest.StashKey[list[str]]()
_FAILED = pytest.StashKey[list[tuple[str, str]]]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        item.failed_call = True  # type: ignore[attr-defined]  # read by `tally`, above
        seed = os.environ.get(_SEED)
        again = f"nox -s contract -- {item.nodeid}{f' --seed {seed}' if seed else ''}"
        report.sections.append(("Reproduce", again))


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        counts = session.config.stash.get(_KEY, {})
        output[_TALLY] = [[*pair, *count] for pair, count in counts.items()]
        output["contract notes"] = session.config.stash.get(_NOTES, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    counts = node.config.stash.setdefault(_KEY, defaultdict(Count))
    for relation, operation, *numbers in node.workeroutput.get(_TALLY, []):
        pair = relation, operation
        counts[pair] = Count(*map(sum, zip(counts[pair], numbers, strict=True)))
    node.config.stash.setdefault(_NOTES, []).extend(node.workeroutput.get("contract notes", []))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
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
    if seed := os.environ.get(_SEED):
        terminalreporter.write_line(f"seed {seed}")
    folder = config.getoption("report", None)
    if folder is not None:
        failed = [
            (report.nodeid, report.longreprtext, dict(report.sections).get("Reproduce", ""))
            for report in terminalreporter.stats.get("failed", [])
        ]
        page = _page(counts, failed, notes)
        (folder / "contract.html").write_text(page, "utf-8")
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


def _page(
    counts: dict[tuple[str, str], Count], failed: list[tuple[str, str, str]], notes: list[str]
) -> str:
    operations = sorted({operation for _, operation in counts})
    template = Environment(autoescape=True).from_string(_HTML)
    return template.render(
        counts=counts, relations=RELATIONS, operations=operations, failed=failed, notes=notes
    )


_HTML = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Contract of KeyAPI's client</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .4rem .8rem; text-align: right; border-bottom: 1px solid #ccc; }
th:first-child, td:first-child { text-align: left; }
td.good { background: #e6f4ea; } td.bad { background: #fce8e6; font-weight: 600; }
td.none { color: #767676; } pre { overflow-x: auto; background: #f6f6f6; padding: 1rem; }
</style>
<h1>Contract</h1>
<p>{{ "Broken" if failed else "Kept" }}: {{ failed | length }} of the tests failed.
Each cell: checks made, in how many cases.</p>
<table><tr><th>operation</th>{% for relation in relations %}<th>{{ relation }}</th>{% endfor %}</tr>
{% for operation in operations %}<tr><td>{{ operation }}</td>
{% for relation in relations %}{% set one = counts.get((relation, operation)) %}
{% if one %}<td class="{{ "bad" if one.failures else "good" }}">{{ one.checks }} / {{ one.cases }}
{% if one.failures %}<br>{{ one.failures }} failed{% endif %}</td>
{% else %}<td class="none">–</td>{% endif %}{% endfor %}</tr>{% endfor %}</table>
{% for line in notes %}<p>{{ line }}</p>{% endfor %}
{% for name, text, again in failed %}<h2>{{ name }}</h2><pre>{{ text }}</pre>
<p>Reproduce: <code>{{ again }}</code></p>{% endfor %}
</html>
"""
