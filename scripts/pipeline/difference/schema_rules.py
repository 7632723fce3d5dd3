"""The rows of the table for schemas: one for each kind of change and each role of a schema.

`schema_ids` says how ids are made; `rules` gives each row its level.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pipeline.difference.model import Step
from pipeline.difference.schema_ids import (
    BOUNDS,
    PRESENCES,
    ROLES,
    Direction,
    mutability_id,
    schema_id,
)


class Effect(Enum):
    """What a change does to the set of values that a schema allows."""

    NARROWS = "narrows"
    WIDENS = "widens"
    INCOMPARABLE = "incomparable"
    UNKNOWN = "unknown"
    NONE = "none"


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
    "type-generalized": (_W, "{subject} may also be {after} now, which includes {before}.", _ADDS),
    "became-nullable": (_W, "{subject} may be null now.", None),
    "became-not-nullable": (_N, "{subject} must no longer be null.", None),
    "became-enum": (_N, "{subject} takes only the members of an enum now: {after}.", None),
    "became-not-enum": (_W, "{subject} is no longer an enum: any {kind} is accepted.", _BREAKS),
    "enum-value-added": (_W, "{subject} also takes {after}: `{member}` is new.", _ADDS),
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
    "pattern-removed": (_W, "{subject} no longer needs to match {before}.", None),
}
_RESPONSE: dict[str, tuple[Effect, str, Step | None]] = {
    "type-changed": (_I, "{subject} is {after} now, no longer {before}.", None),
    "type-generalized": (_W, "{subject} may be {after} now, and was {before}.", None),
    "type-specialized": (_N, "{subject} is always {after} now; it could be {before}.", None),
    "became-nullable": (_W, "{subject} may be sent as null, and is None then.", None),
    "became-not-nullable": (_N, "{subject} is no longer sent as null.", None),
    "became-enum": (_N, "{subject} is a member of an enum now: {after}.", _BREAKS),
    "became-not-enum": (_W, "{subject} is no longer a member of an enum.", None),
    "enum-value-added": (
        _W,
        "{subject} may be {after}, as `{member}`; installed clients give the plain value.",
        _ADDS,
    ),
    "enum-value-removed": (_N, "{subject} is no longer {before}: `{member}` is gone.", _BREAKS),
    "default-value-added": (_O, "Where {subject} is not sent, {after} is meant.", None),
    "default-value-changed": (
        _O,
        "Where {subject} is not sent, {after} is meant, no longer {before}.",
        None,
    ),
    "default-value-removed": (
        _O,
        "What {subject} means where it is not sent is unknown.",
        None,
    ),
    "pattern-added": (_N, "{subject} always matches {after} now.", None),
    "pattern-changed": (_U, "{subject} matches {after}, no longer {before}.", None),
    "pattern-removed": (_W, "{subject} no longer needs to match {before}.", None),
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
        "{subject} is called `{argument}` now; the API reportedly ignores the old name.",
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
_MUTABILITY = {
    ("request", "became-read-only"): "{subject} is read-only now: only answers have it.",
    ("request", "became-not-read-only"): "{subject} is no longer read-only: it can be passed.",
    ("request", "became-write-only"): "{subject} is write-only now: answers leave it out.",
    ("request", "became-not-write-only"): "{subject} is no longer write-only.",
    ("response", "became-read-only"): "{subject} is read-only now: it cannot be passed.",
    ("response", "became-not-read-only"): "{subject} is no longer read-only.",
    ("response", "became-write-only"): "{subject} is write-only now: answers leave it out.",
    ("response", "became-not-write-only"): "{subject} is no longer write-only: answers have it.",
}
_DISCRIMINATOR = {
    "added": "Which form {subject} has is told by its property {after} now.",
    "removed": "Which form {subject} has is no longer told by its property {before}.",
    "property-name-changed": "Which form {subject} has is told by {after}, no longer {before}.",
    "mapping-added": "The value {value} stands for the form {after} of {subject} now.",
    "mapping-deleted": "The value {value} no longer stands for the form {before} of {subject}.",
    "mapping-changed": "The value {value} stands for the form {after} of {subject}, not {before}.",
}
_BOUND_MEANINGS = {
    "set": "{subject} has a bound now: `{bound}` is {after}.",
    "unset": "{subject} no longer has a `{bound}` of {before}.",
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
        for (side, change), meaning in _MUTABILITY.items():
            ids = {mutability_id(role, presence, change) for presence in PRESENCES}
            for name in sorted(ids) if side == direction else ():
                yield Row(name, direction, _O, meaning)
        for change, meaning in _DISCRIMINATOR.items():
            yield Row(schema_id(role, f"discriminator-{change}"), direction, _O, meaning)
        for keyword, added in (("any-of", _W), ("one-of", _W), ("all-of", _N)):
            removed = _N if added is _W else _W
            yield Row(schema_id(role, f"{keyword}-added"), direction, added, f"{_OF}is new.")
            yield Row(schema_id(role, f"{keyword}-removed"), direction, removed, f"{_OF}is gone.")
