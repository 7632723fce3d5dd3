"""What comes of each case of a live run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from keyapi.conformance.cases import Case
from keyapi.contract import Violation
from keyapi.recording.model import Recording

TOLERATED = "published promise broken, tolerated"
ADDED = "addition"
RETRIED = "answered only when asked again"


class Note(NamedTuple):
    """Something worth knowing that is not a failure: `TOLERATED`, `ADDED` or `RETRIED`."""

    what: str
    violation: Violation


@dataclass
class Result:
    """What came of a case.

    Attributes:
        operation: Name of the operation.
        case: Name of the case.
        outcome: "pass", "fail" or "skip".
        credits: What was spent on it, in credits, were each request charged.
        reason: Why it was skipped.
        violations: Why it failed.
        notes: What is worth knowing and not a failure.
    """

    operation: str
    case: str
    outcome: str = "pass"
    credits: int = 0
    reason: str = ""
    violations: list[Violation] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


class KeptExchange(NamedTuple):
    """An exchange that may become a recording: the case it was good for, and what was sent."""

    operation: str
    case: Case
    recording: Recording
