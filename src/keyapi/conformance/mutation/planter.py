"""What plants faults in one place, and how its work is cut into parts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from keyapi.conformance.mutation.baselines import Baseline
from keyapi.conformance.mutation.outcomes import MutantOutcome


class Part(NamedTuple):
    """A part of a planter's work.

    Attributes:
        operation: What the part concerns: an operation's name, or a file; empty for the whole
            specification.
        number: Which answer, or the first of the mutants.
        operators: What is planted, by name.
    """

    operation: str
    number: int
    operators: tuple[str, ...]


class Planter(ABC):
    """Plants faults in one place; a driver of the runner.

    Attributes:
        place: What its faults are in, in one word, such as "answer".
        required: Which share of its mutants must be caught, from 0 to 1, not counting those that
            are proved equivalent. Less than 1 is for places where equivalence often cannot be
            proved.
        sample: How many of its parts a sample has, each with one operator.
    """

    place: ClassVar[str]
    required: ClassVar[float] = 1.0
    sample: ClassVar[int] = 20
    operators: Mapping[str, Any]
    """What it can plant, by name."""

    @property
    def control(self) -> str:
        """Name of what `problems` looks at: of planters that look at the same, one is asked."""
        return self.place

    @abstractmethod
    def parts(self, baseline: Baseline, operators: Sequence[str]) -> Iterator[Part]:
        """Cut the work of some operators into parts; an operator without a place has none.

        A sample chooses parts by what they are called, so `operation` and `number` of one part
        should change as little as possible when others come and go.
        """

    @abstractmethod
    def outcomes(self, baseline: Baseline, part: Part) -> Iterator[MutantOutcome]:
        """Plant and judge one part of the work."""

    def operations(self, baseline: Baseline, operator: str) -> set[str | None] | None:
        """`operationId` of each operation that an operator's mutants concern.

        None among them stands for a mutant that concerns several. Instead of a set, None says that
        this planter needs no baseline but the first.
        """
        return None

    def problems(self, baseline: Baseline) -> Iterable[str]:
        """What it finds wrong without a fault, by other means than `Baseline.problems`."""
        return ()
