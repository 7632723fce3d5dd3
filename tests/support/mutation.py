"""Which faults are planted, and in what: the committed specification, and others beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from conformance.clients import GeneratedBaseline
from conformance.code_mutants import ClientPlanter, RuntimePlanter, SandboxPlanter
from conformance.source_mutants import OverlayPlanter, PagePlanter, RulePlanter, Sources
from conformance.spec_mutants import SpecPlanter
from conformance.spec_operators import OPERATORS, Operator
from keyapi.conformance.mutation.answers import AnswerPlanter
from keyapi.conformance.mutation.runner import Mutation
from keyapi.conformance.mutation.server_faults import SERVER_FAULTS, ServerFault
from keyapi.conformance.mutation.serving import ServerPlanter
from keyapi.sandbox import FAULTS
from keyapi.sandbox.faults import Fault
from support.golden import found_by_golden_cases
from support.page_shapes import zoo_specification
from support.pages import EXAMPLE, ROOT
from support.specs import committed, feed, synthetic


def sources() -> dict[str, Sources]:
    """The sources that faults are planted in: what is committed, and the example's pages."""
    return {
        "committed": Sources(ROOT, ROOT / "tests/recordings", found_by_golden_cases),
        "example": Sources(EXAMPLE, EXAMPLE / "recordings"),
    }


def mutation(
    faults: Mapping[str, Fault] = FAULTS,
    operators: Mapping[str, Operator] = OPERATORS,
    document: Callable[[], dict[str, Any]] = committed,
    server_faults: Mapping[str, ServerFault] = SERVER_FAULTS,
) -> Mutation:
    """What to plant, and where.

    Args:
        faults: Faults of answers, by name.
        operators: Operators for specifications, by name.
        document: Gives the specification that all is planted in; the others are for what has no
            place there.
        server_faults: Faults of a server over a walk, by name.
    """
    shared = sources()
    return Mutation(
        [
            AnswerPlanter(faults),
            ServerPlanter(server_faults),
            SpecPlanter(operators),
            *(plant() for plant in (ClientPlanter, RuntimePlanter, SandboxPlanter)),
            *(plant(shared) for plant in (PagePlanter, OverlayPlanter, RulePlanter)),
        ],
        {
            document.__name__: lambda: GeneratedBaseline(document()),
            "synthetic": lambda: GeneratedBaseline(synthetic()),
            "page shapes": lambda: GeneratedBaseline(zoo_specification()),
            "feed": lambda: GeneratedBaseline(feed()),
        },
    )
