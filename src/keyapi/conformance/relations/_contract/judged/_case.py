"""Answers, and what a person says is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from keyapi.conformance.relations._contract.judged._document import LISTED
from keyapi.contract import Violation

Found = tuple[str, str, str, str]
"""Pointer, rule, what was expected and what was found."""
ADDED, ENUM = "additionalProperties", "enum"
"""Rules that clients can live with."""


class Judged(NamedTuple):
    """An answer, and all that is wrong with it.

    Attributes:
        name: What is special about it.
        body: The body, as bytes or as what they hold.
        found: What is wrong.
        operation: Name of the operation.
        status: HTTP status.
        given: What else is known of it: headers, arguments, and the page before.
        more: Of each kind, how many more places are not listed; 0 where left out.
    """

    name: str
    body: Any
    found: tuple[Found, ...] = ()
    operation: str = LISTED
    status: int = 200
    given: Mapping[str, Any] = {}
    more: Mapping[str, int] = {}

    @property
    def violations(self) -> list[Violation]:
        """What is wrong, as a contract says it."""
        rules = [rule for _, rule, _, _ in self.found]
        return [
            Violation(
                self.operation,
                *found,
                found[1] in (ADDED, ENUM),
                self.more.get(found[1], 0) if rules.index(found[1]) == number else 0,
            )
            for number, found in enumerate(self.found)
        ]


def rows(*rows: Any, **top: Any) -> dict[str, Any]:
    """An answer with rows."""
    return {"code": 0, "data": {"rows": [*rows]}, **top}


def row(number: Any = 1, **more: Any) -> dict[str, Any]:
    """A row; its id is a number, written as text."""
    return {"id": str(number), **more}


def lacking(place: str) -> Found:
    """A property of a row is not there."""
    return f"/data/rows/{place}", "required", "a value", "nothing"


def new(place: str, found: str) -> Found:
    """A property of a row is not documented."""
    return f"/data/rows/{place}", ADDED, "no such property", found


def typed(place: str, kind: str, found: str) -> Found:
    """A value in a row has another type."""
    return f"/data/rows/{place}", "type", f"type {kind}", found


def unreadable(found: str) -> Found:
    """An answer is not valid JSON."""
    return "", "json", "JSON", found
