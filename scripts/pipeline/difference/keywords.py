"""Compare the keywords of a schema that concern it alone: types, values, bounds, and the like.

Each function is given the place of the keyword, its value on both sides (MISSING where it is not
there), and the role of the schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.difference.compare import Place, same, unexplained
from pipeline.difference.model import MISSING, Difference
from pipeline.difference.schema_ids import (
    BOUNDS,
    MUTABILITY,
    ROLES,
    Presence,
    mutability_id,
    schema_id,
)
from pipeline.difference.words import shown, type_of


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
    rule, meaning = schema_id(role, f"{BOUNDS[key][0]}-{action}"), ""
    if True in values:  # of an exclusive bound in OpenAPI 3.0
        key = key.removeprefix("exclusive").lower()
        meaning = f"The `{{bound}}` itself is {'no longer' if old is MISSING else 'now'} allowed"
        meaning += " for {subject}."
    yield place.differs(rule, old, new, meaning=meaning, bound=key)


def compare_mutability(place: Place, old: Any, new: Any, role: str) -> Iterator[Difference]:
    """Report that a property became, or stopped being, read-only or write-only.

    The place's words say in `presence` whether the property was required.
    """
    flag = MUTABILITY[str(place.path[-1])]
    change = f"became-not-{flag}" if new is MISSING else f"became-{flag}"
    presence: Presence = (
        "required" if dict(place.words).get("presence") == "required" else "optional"
    )
    yield place.differs(mutability_id(role, presence, change), old, new)


def compare_discriminator(place: Place, old: Any, new: Any, role: str) -> Iterator[Difference]:
    """Report how the property that tells the forms of a schema apart changed."""
    sides = [side for side in (old, new) if side is not MISSING]
    if not all(isinstance(side, dict) and "propertyName" in side for side in sides):
        yield from unexplained(place, old, new)
        return
    if old is MISSING or new is MISSING:
        action = "added" if old is MISSING else "removed"
        before, after = (side if side is MISSING else side["propertyName"] for side in (old, new))
        yield place.differs(schema_id(role, f"discriminator-{action}"), before, after)
        return
    before, after = old["propertyName"], new["propertyName"]
    if before != after:
        rule = schema_id(role, "discriminator-property-name-changed")
        yield place.at("propertyName").differs(rule, before, after)
    yield from _mapping(place.at("mapping"), old.get("mapping"), new.get("mapping"), role)


def _mapping(place: Place, old: Any, new: Any, role: str) -> Iterator[Difference]:
    before, after = (side if isinstance(side, dict) else {} for side in (old, new))
    for value in {**before, **after}:
        forms = before.get(value, MISSING), after.get(value, MISSING)
        if not same(*forms):
            action = "changed"
            if MISSING in forms:
                action = "added" if forms[0] is MISSING else "deleted"
            rule = schema_id(role, f"discriminator-mapping-{action}")
            yield place.at(value).differs(rule, *forms, value=shown(value))
