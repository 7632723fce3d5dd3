"""The pytest plugin: its options, what it counts, and the report it writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from keyapi.conformance.fuzz import fixed
from keyapi.conformance.relations import RELATIONS
from keyapi.conformance.seed import SEED, run_seed

pytest_plugins = ["pytester"]

SUITE = """
def test_that_holds(tally, note):
    tally("client -> spec", "an_operation", checks=2, cases=1)
    tally("client -> spec", "an_operation", checks=3, cases=1)
    note("worth <reading>")

def test_that_does_not(tally):
    tally("meaning", "an_operation_with_a_name_that_is_far_too_long", checks=1, cases=1)
    assert 1 == 2

def test_that_counts_nothing():
    assert 1 == 2
"""

WORKERS = ("-p", "xdist", "-n", "2")
ONE_WORKER = ("-p", "xdist", "-n", "1")


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each worker process would load all that is installed, which takes seconds.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture(autouse=True)
def _no_seed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(SEED, "1")  # so that whatever a run sets is undone afterwards
    monkeypatch.delenv(SEED)
    yield
    os.environ.pop(SEED, None)


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_suite=SUITE)
    return pytester


def run(suite: pytest.Pytester, *options: str) -> str:
    plugins = ("-p", "keyapi.conformance.plugin", "-p", "no:cacheprovider")
    return suite.runpytest_inprocess(*plugins, *options).stdout.str()


def test_the_table_counts_by_relation_and_operation(suite: pytest.Pytester) -> None:
    lines = [line.split() for line in run(suite).splitlines()]

    assert ["client", "->", "spec", "an_operation", "5", "2", "0"] in lines
    assert [
        "meaning",
        f"{'an_operation_with_a_name_that_is_far_too_long'[:35]}…",
        "1",
        "1",
        "1",
    ] in (lines)
    assert ["all", "6", "3", "1"] in lines
    assert ["worth", "<reading>"] in lines


def test_a_failure_says_how_to_reproduce_it(suite: pytest.Pytester) -> None:
    text = run(suite, "--seed", "7")

    assert "python -m pytest test_suite.py::test_that_does_not --seed 7" in text
    assert "seed 7" in text.splitlines()


def test_a_random_seed_is_told(suite: pytest.Pytester) -> None:
    text = run(suite, "--seed", "random")

    assert f"seed {run_seed()}" in text.splitlines()


def test_the_report_is_written_as_junit_and_html(suite: pytest.Pytester) -> None:
    text = run(suite, "--report", "a/folder")

    folder = suite.path / "a" / "folder"
    (junit,) = ElementTree.parse(folder / "contract.xml").getroot()  # noqa: S314
    page = (folder / "contract.html").read_text("utf-8")
    assert (junit.get("tests"), junit.get("failures")) == ("3", "2")
    assert "worth &lt;reading&gt;" in page
    assert "Reproduce: <code>python -m pytest test_suite.py::test_that_does_not</code>" in page
    assert "written: a/folder/contract.xml, a/folder/contract.html" in text


BREAKING = """
import pytest
from keyapi.conformance.broken import assert_holds
from keyapi.conformance.registry import Finding
from keyapi.contract import Violation

def finding(relation, rule, found):
    return Finding(relation, "a case", Violation("shop_list", "/data", rule, "3", found))

@pytest.mark.parametrize("number", ["a b", "c d"])
def test_of_two_relations(tally, number):
    for relation in ("server -> spec", "meaning"):
        tally(relation, "shop_list", checks=1, cases=1)
    assert_holds([finding("meaning", "order", str(n)) for n in range(40)])

def test_of_a_method(tally):
    tally("client -> spec", "shop_list", checks=1, cases=1)
    assert_holds([finding("client -> spec", "method", "none")])

@pytest.fixture
def absent():
    raise OSError("no such thing")

def test_that_cannot_start(absent):
    pass
"""


@pytest.fixture
def breaking(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_suite=BREAKING)
    return pytester


@pytest.mark.parametrize("workers", [(), WORKERS])
def test_what_broke_stands_last_and_only_its_relation_is_marked(
    breaking: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    text = run(breaking, "--report", "report", *workers)
    lines = text.splitlines()

    assert len(lines) < 100
    assert [line.split()[-1] for line in lines if " shop_list  " in line] == ["1", "0", "2"]
    broken = [line for line in lines if line.startswith("BROKEN")]
    assert broken == [
        "BROKEN  client -> spec · shop_list · method at /data",
        "BROKEN  OSError at test_suite.py:21",
    ]
    assert "… and 1 cause more, which may follow: meaning" in lines
    assert "python -m pytest 'test_suite.py::test_of_two_relations[a b]'" in lines
    page = (breaking.path / "report/contract.html").read_text("utf-8")
    assert "Broken: 2 causes</h1>" in page
    assert "<small>80 times</small>" in page


def test_a_traceback_is_shown_to_whoever_asks_for_it(breaking: pytest.Pytester) -> None:
    assert "def test_of_a_method" not in run(breaking)
    assert "def test_of_a_method" in run(breaking, "--tb=long")


def test_what_cannot_be_imported_is_in_the_page(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_suite="import no_such_module")

    run(pytester, "--report", "report")

    page = (pytester.path / "report/contract.html").read_text("utf-8")
    assert "Broken: 1 cause</h1>" in page
    assert "No module named &#39;no_such_module&#39;" in page


def test_counts_of_worker_processes_are_added(suite: pytest.Pytester) -> None:
    lines = [line.split() for line in run(suite, *WORKERS).splitlines()]

    assert ["all", "6", "3", "1"] in lines
    assert ["worth", "<reading>"] in lines


def test_without_a_suite_there_is_no_table(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_that_holds(): pass")

    assert "relation" not in run(pytester)


NAMING = """
import pytest
from keyapi.specification import Specification

NODE = {"responses": {"200": {"description": "ok", "content": {}}}}
PATHS = {
    f"/{name}": {"get": {**NODE, "operationId": name}} for name in ("one", "other")
}
pytest_plugins = ["keyapi.conformance.plugin"]

def pytest_contract_specification():
    return Specification({"openapi": "3.0.3", "paths": PATHS})
"""
COUNTING = """
import pytest

@pytest.mark.parametrize("operation", {operations})
@pytest.mark.parametrize("relation", {relations})
def test_that_counts(tally, relation, operation):
    tally(relation, operation, checks=1, cases=1)
"""


def named(pytester: pytest.Pytester, *operations: str) -> pytest.Pytester:
    """A suite that names a specification of two operations, and counts some of them."""
    pytester.makeconftest(NAMING)
    relations = [
        title for title in RELATIONS if title not in ("spec - page", "recording", "meaning")
    ]
    suite = COUNTING.format(operations=list(operations), relations=relations)
    pytester.makepyfile(test_suite=suite)
    return pytester


@pytest.mark.parametrize("workers", [(), ONE_WORKER])
def test_what_there_is_nothing_to_look_at_of_is_a_dash_with_the_reason(
    pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    result = named(pytester, "one", "other").runpytest_inprocess(*workers, "--report", "report")

    lines = [" ".join(line.split()) for line in result.stdout.str().splitlines()]
    assert result.ret == 0
    assert "spec - page one – no example" in lines
    assert "– client -> spec, not paged: one, other" in lines
    page = (pytester.path / "report" / "contract.html").read_text("utf-8")
    assert '<td class="none">– no example</td>' in page
    assert "<small>– not paged</small>" in page


@pytest.mark.parametrize("workers", [(), ONE_WORKER])
def test_a_relation_that_was_forgotten_fails_a_complete_run(
    pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    result = named(pytester, "one").runpytest_inprocess(*workers)

    assert result.ret == 1
    assert "FORGOTTEN  server -> spec, other: nothing was checked" in result.stdout.str()
    assert "FORGOTTEN  spec - page" not in result.stdout.str()


@pytest.mark.parametrize("chosen", [("-k", "one"), ("test_suite.py",), ("--collect-only",)])
def test_a_run_of_some_tests_may_leave_others_out(
    pytester: pytest.Pytester, chosen: tuple[str, ...]
) -> None:
    result = named(pytester, "one").runpytest_inprocess(*chosen)

    assert result.ret == 0
    assert "FORGOTTEN" not in result.stdout.str()


@pytest.mark.parametrize("seed", [None, "5"])
def test_the_seed_decides_which_examples_are_tried(
    monkeypatch: pytest.MonkeyPatch, seed: str | None
) -> None:
    import hypothesis
    from hypothesis import strategies

    if seed is not None:
        monkeypatch.setenv(SEED, seed)

    def tried() -> list[int]:
        found: list[int] = []

        @hypothesis.given(strategies.integers())
        def probe(number: int) -> None:
            found.append(number)

        fixed(probe, 10)()
        return found

    assert tried() == tried()
