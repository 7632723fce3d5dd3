"""What came of a mutant: who noticed it, or why nobody can."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from keyapi.conformance.relations import Finding

TIME_OUT, IMPORT, RAISED = "time-out", "import", "raised"
"""What catches a mutant besides relations: it does not end, cannot be imported, or raises before a
relation looks."""

_SHOWN = 300  # how much of a finding is kept, in characters


@dataclass(frozen=True)
class MutantOutcome:
    """What came of one mutant, as one driver sees it.

    Attributes:
        place: What the fault is in, such as "answer" or "specification"; its planter's `place`.
        operator: The operator that planted it.
        where: Operation and pointer, and the case for an answer; of a source file, the line and
            the change.
        driver: Who sees the fault: "client", "server", "recordings", or "all".
        caught: The relations that catch it, each with its first finding; or one of those above.
        proof: The kind of proof that the mutant is equivalent; empty if there is none.
        sound: Whether the specification is valid by itself.
    """

    place: str
    operator: str
    where: str
    driver: str
    caught: Mapping[str, str] = field(default_factory=dict)
    proof: str = ""
    sound: bool = True

    @property
    def survived(self) -> bool:
        """Whether the mutant is neither caught nor proved equivalent."""
        return not self.caught and not self.proof

    def __str__(self) -> str:
        seen = "" if self.driver == "all" else f", seen by the {self.driver}"
        return f"{self.operator} ({self.place}){seen}: {self.where}"


class Detections:
    """Collects what relations find: the first finding of each relation.

    Attributes:
        found: Text of the first finding, by relation.
    """

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def look(self, findings: Iterable[Finding]) -> None:
        """Take note of all findings, of one or several relations."""
        for finding in findings:
            self.add(finding.relation, str(finding))

    def look_once(self, findings: Iterator[Finding]) -> None:
        """Take note of the first finding, and look no further."""
        self.look(islice(findings, 1))

    def add(self, relation: str, text: str) -> None:
        """Take note of one finding."""
        self.found.setdefault(relation, text[:_SHOWN])
