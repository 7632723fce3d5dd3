"""The rows of the table for schemas: one for each kind of change and each role of a schema.

Ids follow one pattern, `request-property-became-nullable`: the role, then the change. What oasdiff
1.31.0 has no id for gets an own one of the same pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from pipeline.difference.model import Step

Direction = Literal["request", "response"]


class Effect(Enum):
    """What a change does to the set of values that a schema allows."""

    NARROWS = "narrows"
    WIDENS = "widens"
    INCOMPARABLE = "incomparable"
    UNKNOWN = "unknown"
    NONE = "none"


ROLES: dict[str, Direction] = {
    "request-parameter": "request",
    "request-parameter-property": "request",
    "request-body": "request",
    "request-property": "request",
    "response-body": "response",
    "response-property": "response",
}
"""What a schema can be for; `property` is whatever lies below the root."""

BOUNDS: dict[str, tuple[str, bool]] = {
    "maximum": ("max", True),
    "minimum": ("min", False),
    "maxLength": ("max-length", True),
    "minLength": ("min-length", False),
    "maxItems": ("max-items", True),
    "minItems": ("min-items", False),
    "maxProperties": ("max-properties", True),
    "minProperties": ("min-properties", False),
}
"""Bounds: what ids call them, and whether they bound from above."""


@dataclass(frozen=True)
class Row:
    """A row of the table, before the law has given it a level."""

    id: str
    direction: Direction
    effect: Effect
    meaning: str
    step: Step | None = None


_N, _W, _I, _U, _O = (
    Effect.NARROWS,
    Effect.WIDENS,
    Effect.INCOMPARABLE,
    Effect.UNKNOWN,
    Effect.NONE,
)
_BREAKS, _ADDS = Step.MAJOR, Step.MINOR

_REQUEST: dict[str, tuple[Effect, str, Step | None]] = {
    "type-changed": (_I, "{subject} is {after} now, no longer {before}; callers pass that.", None),
    "type-generalized": (_W, "{subject} may be {after} now, which {before} is, too.", _ADDS),
    "became-nullable": (_W, "{subject} may be null now.", None),
    "became-not-nullable": (_N, "{subject} must not be null any more.", None),
    "became-enum": (_N, "{subject} takes only the members of an enum now: {after}.", None),
    "became-not-enum": (_W, "{subject} is no enum any more: any {kind} will do.", _BREAKS),
    "enum-value-added": (_W, "{subject} takes {after}, too: `{member}` is new.", _ADDS),
    "enum-value-removed": (
        _N,
        "{subject} no longer takes {before}: `{member}` is gone.",
        None,
    ),
    "default-value-added": (_O, "Where {subject} is left out, the API takes {after}.", None),
    "default-value-changed": (
        _O,
        "Where {subject} is left out, the API takes {after}, no longer {before}.",
        None,
    ),
    "default-value-removed": (
        _O,
        "Where {subject} is left out, the API is no longer known to take {before}.",
        None,
    ),
    "pattern-added": (_N, "{subject} must match {after} now.", None),
    "pattern-changed": (_U, "{subject} must match {after}, no longer {before}.", None),
    "pattern-removed": (_W, "{subject} need not match {before} any more.", None),
}
_RESPONSE: dict[str, tuple[Effect, str, Step | None]] = {
    "type-changed": (_I, "{subject} is {after} now, no longer {before}.", None),
    "type-generalized": (_W, "{subject} may be {after} now, and was {before}.", None),
    "type-specialized": (_N, "{subject} is always {after} now; it could be {before}.", None),
    "became-nullable": (_W, "{subject} may be sent as null, and is None then.", None),
    "became-not-nullable": (_N, "{subject} is never sent as null any more.", None),
    "became-enum": (_N, "{subject} is a member of an enum now: {after}.", _BREAKS),
    "became-not-enum": (_W, "{subject} is no member of an enum any more.", None),
    "enum-value-added": (
        _W,
        "{subject} may be {after}, as `{member}`; installed clients give the plain value.",
        _ADDS,
    ),
    "enum-value-removed": (_N, "{subject} is never {before} any more: `{member}` goes.", _BREAKS),
    "default-value-added": (_O, "Where {subject} is not sent, {after} is meant.", None),
    "default-value-changed": (
        _O,
        "Where {subject} is not sent, {after} is meant, no longer {before}.",
        None,
    ),
    "default-value-removed": (_O, "Where {subject} is not sent, nothing is known of it.", None),
    "pattern-added": (_N, "{subject} always matches {after} now.", None),
    "pattern-changed": (_U, "{subject} matches {after}, no longer {before}.", None),
    "pattern-removed": (_W, "{subject} need not match {before} any more.", None),
}
# Changes to the properties of an object: id, effect, meaning, step.
_PROPERTIES: tuple[tuple[str, Direction, Effect, str, Step | None], ...] = (
    ("new-required-request-property", "request", _N, "Callers must pass {subject}, new.", None),
    (
        "new-required-request-property-with-default",
        "request",
        _N,
        "Callers must pass {subject}, new, although it has a default.",
        None,
    ),
    ("new-optional-request-property", "request", _O, "Callers may pass {subject}, new.", _ADDS),
    (
        "request-property-removed",
        "request",
        _U,
        "{subject} is gone; passing it is a `TypeError`.",
        _BREAKS,
    ),
    (
        "x-request-property-renamed",
        "request",
        _I,
        "{subject} is called `{argument}` now; what installed clients send is reportedly ignored.",
        None,
    ),
    (
        "request-property-became-required",
        "request",
        _N,
        "Callers must pass {subject}, which they could leave out.",
        None,
    ),
    (
        "request-property-became-required-with-default",
        "request",
        _N,
        "Callers must pass {subject}, although it has a default.",
        None,
    ),
    ("request-property-became-optional", "request", _W, "Callers may leave out {subject}.", _ADDS),
    ("request-property-deprecated", "request", _O, "{subject} is deprecated.", None),
    ("request-property-reactivated", "request", _O, "{subject} is no longer deprecated.", None),
    (
        "response-required-property-removed",
        "response",
        _W,
        "{subject} is gone; installed clients give None.",
        None,
    ),
    (
        "response-optional-property-removed",
        "response",
        _O,
        "{subject} is gone; installed clients give None.",
        _BREAKS,
    ),
    (
        "x-response-property-renamed",
        "response",
        _I,
        "{subject} is called `{argument}` now; installed clients give None.",
        None,
    ),
    ("response-required-property-added", "response", _N, "{subject} is new.", _ADDS),
    ("response-optional-property-added", "response", _O, "{subject} is new.", _ADDS),
    (
        "response-property-became-optional",
        "response",
        _W,
        "{subject} may be missing, and is None then.",
        None,
    ),
    ("response-property-became-required", "response", _N, "{subject} is always sent now.", None),
    ("response-property-deprecated", "response", _O, "{subject} is deprecated.", None),
    ("response-property-reactivated", "response", _O, "{subject} is no longer deprecated.", None),
)
_BOUND_MEANINGS = {
    "set": "{subject} has a bound now: `{bound}` is {after}.",
    "unset": "{subject} has no `{bound}` of {before} any more.",
    "increased": "`{bound}` of {subject} is {after} now; it was {before}.",
    "decreased": "`{bound}` of {subject} is {after} now; it was {before}.",
}
_OF = "One of the forms ({keyword}) of {subject} "


def schema_rows() -> Iterator[Row]:
    """Every row about schemas."""
    for row in _PROPERTIES:
        yield Row(*row)
    for role, direction in ROLES.items():
        for change, (effect, meaning, step) in (
            _REQUEST if direction == "request" else _RESPONSE
        ).items():
            yield Row(schema_id(role, change), direction, effect, meaning, step)
        for segment, above in BOUNDS.values():
            for action, meaning in _BOUND_MEANINGS.items():
                narrows = action == "set" or (
                    (action == "decreased") == above and action != "unset"
                )
                effect = _N if narrows else _W
                yield Row(schema_id(role, f"{segment}-{action}"), direction, effect, meaning)
        for keyword, added in (("any-of", _W), ("one-of", _W), ("all-of", _N)):
            removed = _N if added is _W else _W
            yield Row(schema_id(role, f"{keyword}-added"), direction, added, f"{_OF}is new.")
            yield Row(schema_id(role, f"{keyword}-removed"), direction, removed, f"{_OF}is gone.")


def schema_id(role: str, change: str) -> str:
    """Id of a change to a schema: oasdiff's where it has one, else an own one.

    Args:
        role: What the schema is for, one of `ROLES`.
        change: What changed, such as `became-nullable`.
    """
    if (role, change) == ("response-body", "enum-value-removed"):
        return "response-mediatype-enum-value-removed"
    return f"{role}-{change}" if _in_oasdiff(role, change) else f"x-{role}-{change}"


def _in_oasdiff(role: str, change: str) -> bool:
    """Whether oasdiff 1.31.0 has an id for a change to a schema in a role."""
    request = ROLES[role] == "request"
    if role == "request-parameter-property":
        return change in {
            *("type-changed", "type-generalized", "became-nullable", "became-not-nullable"),
            *("enum-value-added", "enum-value-removed"),
        }
    if change.endswith(("-set", "-unset", "-of-added", "-of-removed")):
        return role != "request-parameter" or not change.endswith(("-of-added", "-of-removed"))
    if change.endswith(("-increased", "-decreased")):
        if role == "request-parameter":
            return "properties" not in change
        # A response that promises more breaks nobody, so oasdiff passes over it.
        widening = change.startswith("max") == change.endswith("increased")
        if request:
            return change not in ("min-items-decreased", "min-properties-decreased")
        return widening
    if change == "became-not-enum":
        return False
    if change == "became-enum":
        return request
    if change.startswith("enum-value"):
        return role not in ("request-body", "response-body") or change == "enum-value-removed"
    return not (change.startswith("pattern") and role.endswith("-body"))
