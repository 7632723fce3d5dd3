"""One place where a response breaks the specification."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

# What may be broken of a response as a whole; a rule of requests has no place in one.
_OF_RESPONSES = frozenset(
    {
        *("json", "status", "content-type", "duplicate-key", "huge-integer"),
        *("type", "required", "enum", "oneOf", "anyOf", "allOf", "not", "additionalProperties"),
        *("minProperties", "maxProperties", "minItems", "maxItems"),
    }
)
SHOWN = 80  # how much of a value a violation shows, in characters


class Violation(NamedTuple):
    """One place where a response breaks the specification.

    Attributes:
        operation: Name of the operation.
        pointer: JSON pointer to the place, from the top of the response.
        rule: What was broken: a keyword of JSON Schema such as `type` or `required`, or `json`,
            `duplicate-key`, `huge-integer`, `status`.
        expected: What the specification says of it.
        found: What is there, shortened.
        additive: Whether clients can live with it: a new property, or a new value of an enum.
    """

    operation: str
    pointer: str
    rule: str
    expected: str
    found: str
    additive: bool = False

    @property
    def kind(self) -> tuple[str, str, str]:
        """What this violation has in common with the same one in other rows."""
        parts = ("*" if part.isdigit() else part for part in self.pointer.split("/"))
        return self.operation, "/".join(parts), self.rule

    def __str__(self) -> str:
        whole = "the whole response: " if self.rule in _OF_RESPONSES else ""
        where = f"{self.pointer}: " if self.pointer else whole
        expected = f"expected {self.expected}, found {self.found}"
        return f"{self.operation} ({self.rule}): {where}{expected}"


def short(value: Any) -> str:
    """Write a value the way a violation shows it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
