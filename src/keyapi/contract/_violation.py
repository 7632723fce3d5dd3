"""One place where a response breaks the specification."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from keyapi._json import pointer
from keyapi._text import LONGEST_ID, displayed

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
        more: How many more places break the rule in the same way and are not listed.
    """

    operation: str
    pointer: str
    rule: str
    expected: str
    found: str
    additive: bool = False
    more: int = 0

    @property
    def kind(self) -> tuple[str, str, str]:
        """What this violation has in common with the same one in other rows."""
        parts = ("*" if part.isdigit() else part for part in self.pointer.split("/"))
        return self.operation, "/".join(parts), self.rule

    def __str__(self) -> str:
        whole = "the whole response: " if self.rule in _OF_RESPONSES else ""
        where = f"{displayed(self.pointer, LONGEST_ID)}: " if self.pointer else whole
        expected = f"expected {self.expected}, found {self.found}"
        more = f", and {self.more:,} places more" if self.more else ""
        return f"{self.operation} ({self.rule}): {where}{expected}{more}"


def place(path: Iterable[str | int]) -> str:
    """Write the JSON pointer to a place in a response, whose keys may be of any length."""
    return pointer(
        *(displayed(key, SHOWN) if isinstance(key, str) else key for key in path), root=""
    )


def short(value: Any) -> str:
    """Write a value the way a violation shows it: its beginning, without control characters."""
    text = ""
    for part in [value] if isinstance(value, str) else _written(value):
        text += part
        if len(text) > SHOWN:
            break
    return displayed(text, SHOWN)


def _written(value: Any) -> Iterator[str]:
    """Write a value as JSON, piece by piece: it may be as large as a response."""
    if isinstance(value, (dict, list)):
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        yield opening
        for number, item in enumerate(value):
            yield ", " if number else ""
            if isinstance(value, dict):
                yield f"{next(_written(item))}: "
                item = value[item]
            yield from _written(item)
        yield closing
    else:
        shown = value[:SHOWN] if isinstance(value, str) else value
        yield json.dumps(shown, ensure_ascii=False, default=str)
