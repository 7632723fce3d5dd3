"""Ids of changes to schemas: the role, then the change, such as `request-property-became-nullable`.

What oasdiff 1.31.0 has no id for gets one of the same pattern that begins with `x-`.
"""

from __future__ import annotations

from typing import Literal

Direction = Literal["request", "response"]
Presence = Literal["required", "optional"]
PRESENCES: tuple[Presence, ...] = ("required", "optional")

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
    "exclusiveMaximum": ("exclusive-max", True),
    "exclusiveMinimum": ("exclusive-min", False),
    "maxLength": ("max-length", True),
    "minLength": ("min-length", False),
    "maxItems": ("max-items", True),
    "minItems": ("min-items", False),
    "maxProperties": ("max-properties", True),
    "minProperties": ("min-properties", False),
}
"""Bounds: what ids call them, and whether they bound from above."""


MUTABILITY = {"readOnly": "read-only", "writeOnly": "write-only"}
"""Flags that keep a property out of requests or answers, and what ids call them."""


def mutability_id(role: str, presence: Presence, change: str) -> str:
    """Id of a change to whether requests or answers have a property.

    Args:
        role: What the property's schema is for, one of `ROLES`.
        presence: Whether the property was required.
        change: What changed, such as `became-read-only`.
    """
    if role in ("request-property", "response-property"):
        return f"{ROLES[role]}-{presence}-property-{change}"
    return f"x-{role}-{change}"


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
    if change.startswith("discriminator"):
        return role != "request-parameter"
    if change.endswith(("-set", "-unset", "-of-added", "-of-removed")):
        return role != "request-parameter" or not change.endswith(("-of-added", "-of-removed"))
    if change.endswith(("-increased", "-decreased")):
        if role == "request-parameter":
            return "properties" not in change
        # A response that promises more breaks nobody, so oasdiff passes over it.
        widening = ("max" in change) == change.endswith("increased")
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
