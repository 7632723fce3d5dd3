"""What mutants are planted in: the committed specification, and others with everything else."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.clients import GeneratedBaseline
from conformance.spec_mutants import SpecPlanter
from conformance.spec_operators import OPERATORS, Operator
from keyapi.conformance.mutation.answers import AnswerPlanter
from keyapi.conformance.mutation.runner import Mutation
from keyapi.sandbox import FAULTS
from keyapi.sandbox.faults import Fault
from support.page_shapes import zoo_specification
from support.specs import committed, synthetic


def mutation(
    faults: Mapping[str, Fault] = FAULTS, operators: Mapping[str, Operator] = OPERATORS
) -> Mutation:
    return Mutation(
        [SpecPlanter(operators), AnswerPlanter(faults)],
        {
            "committed": lambda: GeneratedBaseline(committed()),
            "synthetic": lambda: GeneratedBaseline(synthetic()),
            "page shapes": lambda: GeneratedBaseline(zoo_specification()),
        },
    )
