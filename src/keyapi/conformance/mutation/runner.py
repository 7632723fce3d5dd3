"""Run mutants: plant every fault, one at a time, in one or several processes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import NamedTuple

from keyapi.conformance.mutation.baselines import Baseline
from keyapi.conformance.mutation.outcomes import MutantOutcome
from keyapi.conformance.mutation.planter import Part, Planter
from keyapi.conformance.mutation.sample import sampled


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
        """Names of all operators; planters may have operators of the same name."""
        named = [name for planter in self.planters for name in planter.operators]
        return list(dict.fromkeys(named))

    @property
    def places(self) -> list[str]:
        """What faults are planted in."""
        return [planter.place for planter in self.planters]

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
        required: Which share must be caught of each place, from 0 to 1.
        problems: What is wrong without any fault, in the first baseline.
        left_out: Operations of other baselines that cannot be judged, and why.
        complete: Whether every fault was planted.
        seed: The seed of a sample; None where it is none.
        seconds: How long the run took, in seconds.
    """

    outcomes: list[MutantOutcome] = field(default_factory=list)
    required: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    complete: bool = False
    seed: int | None = None
    seconds: float = 0.0

    @property
    def survivors(self) -> list[MutantOutcome]:
        """Mutants that are neither caught nor proved equivalent."""
        return [outcome for outcome in self.outcomes if outcome.survived]

    @property
    def good(self) -> bool:
        """Whether enough of each place was caught, and nothing is wrong without a fault."""
        enough = all(self.share(place) >= self.required.get(place, 1.0) for place in self.places)
        return enough and not self.problems

    @property
    def places(self) -> list[str]:
        """The places in which something was planted, in order."""
        return list(dict.fromkeys(outcome.place for outcome in self.outcomes))

    def of(self, place: str) -> list[MutantOutcome]:
        """What came of the mutants of a place."""
        return [outcome for outcome in self.outcomes if outcome.place == place]

    def share(self, place: str) -> float:
        """The share that was caught of a place, from 0 to 1; equivalent mutants do not count."""
        counted = [outcome for outcome in self.of(place) if not outcome.proof]
        return sum(bool(outcome.caught) for outcome in counted) / len(counted) if counted else 1.0


class _Task(NamedTuple):
    planter: int
    baseline: str
    part: Part


class Chosen(NamedTuple):
    """What of all work is done.

    Attributes:
        operators: Names of operators; all of them if empty.
        places: Names of places; all of them if empty.
        seed: The seed of a sample; None for all that the names leave.
    """

    operators: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    seed: int | None = None

    def planters(self, mutation: Mutation) -> Iterator[tuple[int, Planter, list[str]]]:
        """Yield the number of each planter that has something to do, and its operators."""
        for number, planter in enumerate(mutation.planters):
            if not self.places or planter.place in self.places:
                names = [name for name in planter.operators if name in self.operators]
                names = names if self.operators else list(planter.operators)
                if names:
                    yield number, planter, names


def score(
    make: Callable[[], Mutation],
    operators: Iterable[str] = (),
    *,
    places: Iterable[str] = (),
    seed: int | None = None,
    processes: int = 2,
) -> Score:
    """Plant faults and find who notices them.

    Args:
        make: Makes what is planted; a function of a module where there are several processes, each
            of which calls it.
        operators: Names of operators; all of them if empty.
        places: Names of places; all of them if empty.
        seed: The seed of a sample; everything is planted where it is left out.
        processes: How many processes work; 1 stays in this one.
    """
    started = time.monotonic()
    mutation = make()
    chosen = Chosen(frozenset(operators), frozenset(places), seed)
    result = Score(complete=chosen == Chosen(), seed=seed)
    result.required = {each.place: each.required for _, each, _ in chosen.planters(mutation)}
    if processes == 1:
        result.problems = [
            problem for check in _checks(mutation, chosen) for problem in _problems(mutation, check)
        ]
        for task in () if result.problems else list(_tasks(mutation, chosen, result)):
            result.outcomes += _done(mutation, task)
    else:
        context = get_context("spawn")
        with ProcessPoolExecutor(processes, context, _Worker.start, (make,)) as pool:
            # They are at work while the rest is cut, which is of no use where something is wrong.
            checks = [pool.submit(_Worker.problems, each) for each in _checks(mutation, chosen)]
            tasks = [pool.submit(_Worker.done, each) for each in _tasks(mutation, chosen, result)]
            result.problems = [problem for check in checks for problem in check.result()]
            if result.problems:
                pool.shutdown(cancel_futures=True)
            else:
                result.outcomes = [outcome for task in tasks for outcome in task.result()]
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
    def problems(cls, check: int | None) -> list[str]:  # pragma: no cover - in the pool
        return _problems(cls.mutation, check)

    @classmethod
    def done(cls, task: _Task) -> list[MutantOutcome]:  # pragma: no cover - in the pool
        return _done(cls.mutation, task)


def _done(mutation: Mutation, task: _Task) -> list[MutantOutcome]:
    planter = mutation.planters[task.planter]
    return list(planter.outcomes(mutation.baseline(task.baseline), task.part))


def _checks(mutation: Mutation, chosen: Chosen) -> Iterator[int | None]:
    """What is looked at without any fault: what some planters start from, by number, and None.

    None stands for the first baseline.
    """
    numbers = {planter.control: number for number, planter, _ in chosen.planters(mutation)}
    yield from numbers.values()
    yield None


def _problems(mutation: Mutation, check: int | None) -> list[str]:
    """What is wrong without any fault."""
    base = mutation.baseline(mutation.names[0])
    if check is not None:
        return list(mutation.planters[check].problems(base))
    return [problem for operation in base.specification for problem in base.problems(operation)]


def _tasks(mutation: Mutation, chosen: Chosen, result: Score) -> Iterator[_Task]:
    """Cut the work into tasks."""
    first, *others = mutation.names
    base = mutation.baseline(first)
    for number, planter, names in chosen.planters(mutation):
        parts = planter.parts(base, names)
        if chosen.seed is not None:
            parts = sampled(parts, planter.sample, chosen.seed)
        for part in parts:
            yield _Task(number, first, part)
        if chosen.seed is not None:
            continue  # to know whether others are clean takes as long as a sample
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
