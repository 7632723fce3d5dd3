"""Run mutants: plant every fault, one at a time, in one or several processes."""

from __future__ import annotations

import logging
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import NamedTuple, Protocol

from keyapi.conformance.mutation.baselines import Baseline
from keyapi.conformance.mutation.outcomes import MutantOutcome


class Part(NamedTuple):
    """A part of a planter's work.

    Attributes:
        operation: Name of the operation; empty if the part concerns the whole specification.
        number: Which answer, or the first of the mutants.
        operators: What is planted, by name.
    """

    operation: str
    number: int
    operators: tuple[str, ...]


class Planter(Protocol):
    """Plants faults of one kind; a driver of the runner."""

    @property
    @abstractmethod
    def operators(self) -> Mapping[str, object]:
        """What it can plant, by name."""

    @abstractmethod
    def parts(self, baseline: Baseline, operators: Sequence[str]) -> Iterator[Part]:
        """Cut the work of some operators into parts; an operator without a place has none."""

    @abstractmethod
    def operations(self, baseline: Baseline, operator: str) -> set[str | None] | None:
        """`operationId` of each operation that an operator's mutants concern.

        None among them stands for a mutant that concerns several. Instead of a set, None says that
        this planter needs no baseline but the first.
        """

    @abstractmethod
    def outcomes(self, baseline: Baseline, part: Part) -> Iterator[MutantOutcome]:
        """Plant and judge one part of the work."""


class Mutation:
    """What is planted, and in what.

    Args:
        planters: The planters, in the order in which they work.
        baselines: Makes each baseline, by name. The first must be clean without a fault; the others
            are for operators that find no place in the first.
    """

    def __init__(
        self, planters: Sequence[Planter], baselines: Mapping[str, Callable[[], Baseline]]
    ) -> None:
        self.planters = planters
        self._make = baselines
        self._made: dict[str, Baseline] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the baselines."""
        return tuple(self._make)

    @property
    def operators(self) -> list[str]:
        """Names of all operators."""
        return [name for planter in self.planters for name in planter.operators]

    def baseline(self, name: str) -> Baseline:
        """The baseline of a name, made once."""
        if name not in self._made:
            self._made[name] = self._make[name]()
        return self._made[name]


@dataclass
class Score:
    """What came of all mutants.

    Attributes:
        outcomes: What came of each.
        problems: What is wrong without any fault, in the first baseline.
        left_out: Operations of other baselines that cannot be judged, and why.
        complete: Whether every operator was planted.
        seconds: How long the run took, in seconds.
    """

    outcomes: list[MutantOutcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    complete: bool = False
    seconds: float = 0.0

    @property
    def survivors(self) -> list[MutantOutcome]:
        """Mutants that are neither caught nor proved equivalent."""
        return [outcome for outcome in self.outcomes if outcome.survived]

    @property
    def good(self) -> bool:
        """Whether every mutant was caught or proved equivalent, and nothing else was found."""
        return not self.survivors and not self.problems


class _Task(NamedTuple):
    planter: int
    baseline: str
    part: Part


def score(
    make: Callable[[], Mutation], operators: Iterable[str] = (), *, processes: int = 2
) -> Score:
    """Plant faults and find who notices them.

    Args:
        make: Makes what is planted; a function of a module where there are several processes, each
            of which calls it.
        operators: Names of operators; all of them if empty.
        processes: How many processes work; 1 stays in this one.
    """
    started = time.monotonic()
    mutation = make()
    chosen = set(operators) or set(mutation.operators)
    result = Score(complete=chosen >= set(mutation.operators))
    if processes == 1:
        for task in list(_tasks(mutation, chosen, result)):
            result.outcomes += _done(mutation, task)
    else:
        context = get_context("spawn")
        with ProcessPoolExecutor(processes, context, _Worker.start, (make,)) as pool:
            pool.submit(int)  # the processes start while the work is cut
            for outcomes in pool.map(_Worker.done, list(_tasks(mutation, chosen, result))):
                result.outcomes += outcomes
    result.seconds = time.monotonic() - started
    return result


class _Worker:
    """What a process of the pool works with; its own state, set when it starts."""

    mutation: Mutation

    @classmethod
    def start(cls, make: Callable[[], Mutation]) -> None:  # pragma: no cover - in the pool
        logging.disable()  # of what clients log about planted faults
        cls.mutation = make()

    @classmethod
    def done(cls, task: _Task) -> list[MutantOutcome]:  # pragma: no cover - in the pool
        return _done(cls.mutation, task)


def _done(mutation: Mutation, task: _Task) -> list[MutantOutcome]:
    planter = mutation.planters[task.planter]
    return list(planter.outcomes(mutation.baseline(task.baseline), task.part))


def _tasks(mutation: Mutation, chosen: set[str], result: Score) -> Iterator[_Task]:
    """Cut the work into tasks; there are none if something is wrong without any fault."""
    first, *others = mutation.names
    base = mutation.baseline(first)
    for operation in base.specification:
        result.problems += base.problems(operation)
    if result.problems:
        return
    for number, planter in enumerate(mutation.planters):
        names = [name for name in planter.operators if name in chosen]
        for part in planter.parts(base, names):
            yield _Task(number, first, part)
        unplaced = [name for name in names if planter.operations(base, name) == set()]
        for other in others if unplaced else ():
            for part in _elsewhere(mutation, planter, other, unplaced, result):
                yield _Task(number, other, part)


def _elsewhere(
    mutation: Mutation, planter: Planter, name: str, operators: Sequence[str], result: Score
) -> Iterator[Part]:
    """Cut the work on another baseline, where its operations are clean without a fault."""
    base = mutation.baseline(name)
    for operator in operators:
        touched = planter.operations(base, operator)
        problems = [
            f"{name}: {operation.name}: {problem}"
            for operation in base.specification
            if operation.name in (touched or ())
            for problem in base.problems(operation)
        ]
        result.left_out += problems
        if not problems:
            yield from planter.parts(base, [operator])
