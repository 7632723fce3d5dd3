"""What a difference is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any

Path = tuple[str | int, ...]
"""Keys that lead to a place in a specification."""


class Level(IntEnum):
    """How serious a difference is to those who call the API; names and values are oasdiff's."""

    INFO = 1
    WARN = 2
    ERR = 3


class Step(IntEnum):
    """What a difference asks of the client's next version, from 1.0 on."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


class Missing(Enum):
    """Stands where a side has no value, which null is not."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing.MISSING


@dataclass(frozen=True)
class Difference:
    """One difference between two effective specifications.

    Attributes:
        id: From oasdiff's vocabulary, or an own one, which begins with `x-`.
        level: How serious it is.
        operations: `operationId` of every operation that it concerns; empty for the whole API.
        pointer: JSON pointer (as a URI fragment) of the place: in the old specification for what
            is gone, else in the new one.
        before: The old value, or MISSING.
        after: The new value, or MISSING.
        meaning: What it means for users of the generated client, one sentence.
        step: What it asks of the client's next version.
    """

    id: str
    level: Level
    operations: tuple[str, ...]
    pointer: str
    before: Any
    after: Any
    meaning: str
    step: Step

    @property
    def operation(self) -> str | None:
        """The one operation that it concerns, or None."""
        return self.operations[0] if len(self.operations) == 1 else None
