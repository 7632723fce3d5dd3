"""Whether the contract suite bites: plant every fault, one at a time, and see who notices.

    python scripts/mutants.py [--operator NAME ...] [--processes N]

Prints the score of each operator, and what would be missed without each relation. Exit code 1: a
mutant survived, or something is found where no fault is; each is named.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from typing import NamedTuple

from conformance import answer_mutants, spec_mutants
from conformance.baselines import Baseline, Verdict, baseline
from conformance.score import show
from conformance.spec_operators import OPERATORS, Operator
from keyapi.sandbox import FAULTS
from keyapi.sandbox.faults import Fault

COMMITTED = "committed"
OTHERS = ("synthetic", "zoo")
"""Specifications for the operators that find no place in the committed one."""
_AT_A_TIME = 3  # mutants of a specification that make one task


class Task(NamedTuple):
    """A part of the work.

    Attributes:
        spec: Name of the specification.
        operation: For answers, the operation; empty for mutants of the specification.
        number: For answers, which of its answers; else the first of the mutants.
        operators: What is planted.
    """

    spec: str
    operation: str
    number: int
    operators: tuple[str, ...]


@dataclass
class Score:
    """What came of all mutants.

    Attributes:
        verdicts: What came of each.
        problems: What is wrong without any fault, in the committed specification.
        left_out: Operations of other specifications that cannot be judged, and why.
        seconds: How long it took.
    """

    verdicts: list[Verdict] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def survivors(self) -> list[Verdict]:
        """Those that are neither caught nor proved to be equivalent."""
        return [verdict for verdict in self.verdicts if verdict.survived]

    @property
    def good(self) -> bool:
        """Whether every mutant was caught or proved equivalent, and nothing was found elsewhere."""
        return not self.survivors and not self.problems


def score(
    operators: Iterable[str] = (),
    *,
    processes: int = 2,
    faults: Mapping[str, Fault] = FAULTS,
    spec_operators: Mapping[str, Operator] = OPERATORS,
) -> Score:
    """Plant faults and judge who notices them.

    Args:
        operators: Names of operators; all, where it is empty.
        processes: How many work at it; 1 for this one alone, which others' operators need.
        faults: Operators of answers.
        spec_operators: Operators of specifications.
    """
    started = time.monotonic()
    chosen = set(operators) or {*faults, *spec_operators}
    planters = _Planters(faults, spec_operators)
    result = Score()
    tasks = list(_tasks(planters, chosen, result))
    if processes == 1:
        for task in tasks:
            result.verdicts += planters.judged(task)
    else:
        with ProcessPoolExecutor(processes, get_context("spawn"), _quiet) as pool:
            for verdicts in pool.map(_judged, tasks):
                result.verdicts += verdicts
    result.seconds = time.monotonic() - started
    return result


class _Planters(NamedTuple):
    """The operators to plant with."""

    faults: Mapping[str, Fault]
    spec_operators: Mapping[str, Operator]

    def judged(self, task: Task) -> list[Verdict]:
        """Do a part of the work."""
        base = _original(task.spec)
        if task.operation:
            operation = base.specification.operations[task.operation]
            one = list(answer_mutants.shown(base, operation))[task.number]
            chosen = {name: self.faults[name] for name in task.operators}
            return list(answer_mutants.judged(base, operation, one, chosen))
        (name,) = task.operators
        found = list(self.spec_operators[name](base.document))
        some = found[task.number : task.number + _AT_A_TIME]
        return [verdict for mutant in some for verdict in spec_mutants.judged(base, mutant)]


def _tasks(planters: _Planters, chosen: set[str], result: Score) -> Iterator[Task]:
    """Cut the work in parts; where something is wrong without any fault, there is none."""
    base = _original(COMMITTED)
    for operation in base.specification:
        result.problems += base.problems(operation)
    if result.problems:
        return
    elsewhere = []
    for name, operator in planters.spec_operators.items():
        if name in chosen:
            count = sum(1 for _ in operator(base.document))
            for number in range(0, count, _AT_A_TIME):
                yield Task(COMMITTED, "", number, (name,))
            if not count:
                elsewhere.append(name)
    names = tuple(name for name in planters.faults if name in chosen)
    for operation in base.specification:
        for number, _ in enumerate(answer_mutants.shown(base, operation)):
            if names:
                yield Task(COMMITTED, operation.name, number, names)
    for spec in OTHERS if elsewhere else ():
        yield from _tasks_elsewhere(planters, spec, elsewhere, result)


def _tasks_elsewhere(
    planters: _Planters, spec: str, names: list[str], result: Score
) -> Iterator[Task]:
    base = _original(spec)
    for name in names:
        touched = {mutant.operation for mutant in planters.spec_operators[name](base.document)}
        wrong = [
            f"{spec}: {operation.name}: {problem}"
            for operation in base.specification
            if operation.name in touched
            for problem in base.problems(operation)
        ]
        result.left_out += wrong
        if touched and not wrong:
            count = sum(1 for _ in planters.spec_operators[name](base.document))
            for number in range(0, count, _AT_A_TIME):
                yield Task(spec, "", number, (name,))


@cache
def _original(name: str) -> Baseline:
    return baseline(name)


def _judged(task: Task) -> list[Verdict]:
    return _Planters(FAULTS, OPERATORS).judged(task)


def _quiet() -> None:
    """Keep what clients log about planted faults from the terminal."""
    logging.disable()


def main(
    arguments: list[str] | None = None,
    *,
    faults: Mapping[str, Fault] = FAULTS,
    spec_operators: Mapping[str, Operator] = OPERATORS,
) -> int:
    """Parse the command line, plant, and print the score."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--operator",
        action="append",
        default=[],
        choices=[*faults, *spec_operators],
        metavar="NAME",
        help="plant only this; can be repeated",
    )
    parser.add_argument("--processes", type=int, default=2, help="how many work (default: 2)")
    options = parser.parse_args(arguments)
    _quiet()
    try:
        result = score(
            options.operator,
            processes=options.processes,
            faults=faults,
            spec_operators=spec_operators,
        )
    finally:
        logging.disable(logging.NOTSET)
    show(result)
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
