"""Compare the keywords of a schema that hold one value: type, format, default, pattern, bounds.

Each function is given the place of the keyword, its value on both sides (MISSING where it is not
there), and the role of the schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.difference.compare import Place, unexplained
from pipeline.difference.model import MISSING, Difference
from pipeline.difference.schema_ids import BOUNDS, ROLES, schema_id
from pipeline.difference.words import type_of


def compare_type(place: Place, old: Any, new: Any, role: str) -> Iterator[Difference]:
    """Report how a type changed; in a URL everything is text."""
    in_url = role == "request-parameter" and new == "string" and old in ("integer", "number")
    if new is MISSING or (old, new) == ("integer", "number") or in_url:
        change = "type-generalized"
    elif old is MISSING or (old, new) == ("number", "integer"):
        change = "type-specialized" if ROLES[role] == "response" else "type-changed"
    else:
        change = "type-changed"
    words = {"before": type_of(old), "after": type_of(new)}
    yield place.differs(schema_id(role, change), old, new, **words)


def compare_format(place: Place, old: Any, new: Any, role: str) -> Iterator[Difference]:
    """A format narrows a type; oasdiff tells both by one id."""
    change = "type-changed"
    if new is MISSING:
        change = "type-generalized"
    elif old is MISSING and ROLES[role] == "response":
        change = "type-specialized"
    words = {
        side: "of any format"
        for side, value in (("before", old), ("after", new))
        if value is MISSING
    }
    yield place.differs(schema_id(role, change), old, new, **words)


def compare_value(place: Place, old: Any, new: Any, role: str) -> Iterator[Difference]:
    """Report how a default or a pattern changed."""
    keyword = "default-value" if place.path[-1] == "default" else "pattern"
    action = "added" if old is MISSING else "removed" if new is MISSING else "changed"
    yield place.differs(schema_id(role, f"{keyword}-{action}"), old, new)


def compare_bound(place: Place, old: Any, new: Any, role: str) -> Iterator[Difference]:
    """Report how a bound moved."""
    key = str(place.path[-1])
    values = [side for side in (old, new) if side is not MISSING]
    if not all(isinstance(value, int | float) for value in values):
        yield from unexplained(place, old, new)
        return
    if len(values) < 2:
        action = "set" if old is MISSING else "unset"
    else:
        action = "increased" if new > old else "decreased"
    yield place.differs(schema_id(role, f"{BOUNDS[key][0]}-{action}"), old, new, bound=key)
