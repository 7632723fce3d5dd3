"""Compare two enums: their values, and the names that their members have in Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.difference.compare import Place, canonical, same
from pipeline.difference.model import MISSING, Difference
from pipeline.difference.schema_ids import schema_id
from pipeline.difference.words import member, type_of

_NAMES = "x-enum-varnames"


def compare_enums(
    place: Place, old: dict[str, Any], new: dict[str, Any], role: str
) -> Iterator[Difference]:
    """Report how an enum changed.

    Args:
        place: Where its schema stands.
        old: The old schema.
        new: The new schema.
        role: What it is for.
    """
    before, after = old.get("enum", MISSING), new.get("enum", MISSING)
    names_before, names_after = old.get(_NAMES, MISSING), new.get(_NAMES, MISSING)
    if same(before, after) and same(names_before, names_after):
        return
    if (before is MISSING) != (after is MISSING):
        change = "became-enum" if before is MISSING else "became-not-enum"
        kind = type_of(new.get("type", MISSING))
        yield place.at("enum").differs(schema_id(role, change), before, after, kind=kind)
        return
    found = list(_values(place, old, new, role)) if isinstance(before, list) else []
    found += _names(place, old, new)
    if not found and _fits(old) and _fits(new) and before is not MISSING:
        found = [place.at("enum").differs("x-order-changed", before, after)]
    if not found:
        found = [place.at(_NAMES).differs("x-unexplained", names_before, names_after)]
    yield from found


def _values(
    place: Place, old: dict[str, Any], new: dict[str, Any], role: str
) -> Iterator[Difference]:
    before = {canonical(value): index for index, value in enumerate(old["enum"])}
    after = {canonical(value): index for index, value in enumerate(new["enum"])}
    for key, index in before.items():
        if key not in after:
            value = old["enum"][index]
            yield place.at("enum", index).differs(
                schema_id(role, "enum-value-removed"), value, member=member(old, value)
            )
    for key, index in after.items():
        if key not in before:
            value = new["enum"][index]
            yield place.at("enum", index).differs(
                schema_id(role, "enum-value-added"), MISSING, value, member=member(new, value)
            )


def _names(place: Place, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    """Members that stand for the same value under another name."""
    if not _fits(old) and not _fits(new):
        return
    before = {canonical(value): value for value in old.get("enum", [])}
    for index, value in enumerate(new.get("enum", [])):
        if canonical(value) in before:
            old_member, new_member = member(old, before[canonical(value)]), member(new, value)
            if old_member != new_member:
                yield place.at(_NAMES, index).differs(
                    "x-enum-member-renamed",
                    old_member,
                    new_member,
                    old_member=old_member,
                    member=new_member,
                )


def _fits(schema: dict[str, Any]) -> bool:
    """Whether an enum has no names for its members, or one for each."""
    names = schema.get(_NAMES, [])
    values = schema.get("enum", [])
    return isinstance(names, list) and (not names or len(names) == len(values))
