"""The runner cuts the work of any planter, and looks elsewhere for what has no place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from conformance.clients import GeneratedBaseline
from keyapi.conformance.mutation.answers import AnswerPlanter
from keyapi.conformance.mutation.baselines import Baseline
from keyapi.conformance.mutation.command import main
from keyapi.conformance.mutation.outcomes import MutantOutcome
from keyapi.conformance.mutation.planter import Part, Planter
from keyapi.conformance.mutation.runner import Mutation, score
from keyapi.conformance.mutation.sample import sampled
from keyapi.conformance.mutation.table import show
from keyapi_example import TikTok
from support.specs import listing, synthetic


class Stub:
    """A baseline of one operation, with problems of its own."""

    def __init__(self, operators: Sequence[str], *problems: str) -> None:
        self.specification = [SimpleNamespace(name="an_operation")]
        self.operators = operators
        self._problems = list(problems)

    def problems(self, operation: Any) -> list[str]:
        return self._problems


class StubPlanter(Planter):
    """Plants one mutant for each operator that a baseline has a place for."""

    place = "specification"
    operators: ClassVar = {"here": 1, "elsewhere": 1, "nowhere": 1}

    def parts(self, baseline: Any, operators: Sequence[str]) -> Iterator[Part]:
        for name in operators:
            if name in baseline.operators:
                yield Part("", 0, (name,))

    def operations(self, baseline: Any, operator: str) -> set[str | None] | None:
        return {"an_operation"} if operator in baseline.operators else set()

    def outcomes(self, baseline: Any, part: Part) -> Iterator[MutantOutcome]:
        yield MutantOutcome("specification", part.operators[0], "it", "client", proof="same code")


def mutation(first: Stub, other: Stub) -> Mutation:
    baselines: Any = {"first": lambda: first, "other": lambda: other}
    planter: Any = StubPlanter()
    return Mutation([planter], baselines)


def test_an_operator_without_a_place_is_planted_elsewhere() -> None:
    result = score(lambda: mutation(Stub(["here"]), Stub(["here", "elsewhere"])), processes=1)

    assert [outcome.operator for outcome in result.outcomes] == ["here", "elsewhere"]
    assert result.complete


def test_what_is_not_clean_elsewhere_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    result = score(lambda: mutation(Stub(["here"]), Stub(["elsewhere"], "broken")), processes=1)
    show(result)

    assert [outcome.operator for outcome in result.outcomes] == ["here"]
    assert result.left_out == ["other: an_operation: broken"]
    shown = capsys.readouterr().out
    assert "Left out" in shown
    assert "Equivalent for every driver" in shown


def test_a_column_that_stays_empty_fails_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(lambda: mutation(Stub(["here"]), Stub([])), ["--all", "--processes", "1"]) == 1
    assert "EMPTY COLUMN  caught" in capsys.readouterr().out


def test_a_sample_hardly_changes_where_a_part_comes_or_goes() -> None:
    parts = [Part("", number, ("one", "two")) for number in range(20)]

    chosen, other = (list(sampled(parts, 8, seed)) for seed in (1, 2))
    later = list(sampled([*parts[1:], Part("", 20, ("one",))], 8, 1))

    def pairs(parts: list[Part]) -> set[tuple[int, str]]:
        return {(part.number, name) for part in parts for name in part.operators}

    assert len(pairs(chosen)) == 8
    assert pairs(chosen) != pairs(other)
    assert len(pairs(chosen) & pairs(later)) >= 6


@pytest.mark.parametrize(
    ("arguments", "planted"),
    [(["--seed", "1"], 5), (["--all"], 40), (["--operator", "here"], 20), ([], 5)],
)
def test_the_command_plants_a_sample_unless_asked_for_more(
    arguments: list[str], planted: int, capsys: pytest.CaptureFixture[str]
) -> None:
    class Many(StubPlanter):
        place = "page"
        sample = 5
        operators: ClassVar = {"here": 1, "there": 1}

        def parts(self, baseline: Any, operators: Sequence[str]) -> Iterator[Part]:
            yield from (Part("", number, tuple(operators)) for number in range(20))

        def outcomes(self, baseline: Any, part: Part) -> Iterator[MutantOutcome]:
            for name in part.operators:
                yield MutantOutcome("page", name, "it", "all", {"meaning": "found"})

    main(lambda: Mutation([Many()], {"first": lambda: Stub([])}), [*arguments, "--processes", "1"])

    shown = capsys.readouterr().out
    assert f"{planted} planted, {planted} caught" in shown


@pytest.mark.parametrize(("survivors", "status"), [(1, 0), (2, 1)])
def test_a_place_may_ask_for_less_than_all(
    survivors: int, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    class Lenient(StubPlanter):
        place = "runtime"
        required = 0.95
        operators: ClassVar = {"here": 1}

        def outcomes(self, baseline: Any, part: Part) -> Iterator[MutantOutcome]:
            for number in range(22):
                proof = "same bytecode" if number < 2 else ""
                caught = {"meaning": "found"} if number >= 2 + survivors else {}
                yield MutantOutcome("runtime", "here", f"a.py:{number}", "all", caught, proof)

    make = lambda: Mutation([Lenient()], {"first": lambda: Stub(["here"])})  # noqa: E731

    assert main(make, ["--place", "runtime", "--processes", "1"]) == status
    shown = capsys.readouterr().out
    last = shown.splitlines()[-1].split()
    assert last[:5] == ["runtime", "22", "2", str(20 - survivors), str(survivors)]
    assert ("FAILED" in last) == bool(status)
    assert "SURVIVED  here (runtime): a.py:2" in shown


def test_a_planter_may_find_something_wrong_without_a_fault(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Broken(StubPlanter):
        def problems(self, baseline: Any) -> list[str]:
            return ["nothing can be imported"]

    make = lambda: Mutation([Broken()], {"first": lambda: Stub(["here"])})  # noqa: E731

    assert main(make, ["--processes", "1"]) == 1
    assert "WRONG WITHOUT ANY FAULT  nothing can be imported" in capsys.readouterr().out


@pytest.mark.slow
def test_faults_of_answers_can_be_planted_with_an_installed_client() -> None:
    planter = AnswerPlanter()
    baseline = Baseline(listing(), TikTok)

    def make() -> Mutation:
        return Mutation([planter], {"installed": lambda: baseline})

    result = score(make, ["error-code"], processes=1)

    assert result.good
    assert {outcome.operator for outcome in result.outcomes} == {"error-code"}
    assert planter.operations(baseline, "error-code") is None


def test_a_baseline_without_a_client_says_so() -> None:
    with pytest.raises(NotImplementedError, match="give the baseline its client"):
        _ = Baseline(listing()).client


@pytest.mark.slow
def test_relations_hold_on_a_specification_with_bodies_paths_and_cursors() -> None:
    baseline = GeneratedBaseline(synthetic())

    problems = {
        operation.name: baseline.problems(operation) for operation in baseline.specification
    }

    assert problems == {"shop_list": [], "shop_products": [], "video_video_id_detail": []}
