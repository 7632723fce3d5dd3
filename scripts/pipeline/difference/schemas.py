"""Compare two schemas in the role that they have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from typing import Any

from keyapi._facts import EXTENSION
from keyapi._openapi import named_schemas, schema_name
from pipeline.difference.compare import (
    Place,
    always,
    by_key,
    canonical,
    same,
    turned,
    unexplained,
)
from pipeline.difference.enums import compare_enums
from pipeline.difference.examples import Examples
from pipeline.difference.extension import compare_json_text
from pipeline.difference.keywords import (
    compare_bound,
    compare_discriminator,
    compare_format,
    compare_mutability,
    compare_type,
    compare_value,
)
from pipeline.difference.model import MISSING, Difference
from pipeline.difference.reach import below
from pipeline.difference.schema_ids import BOUNDS, MUTABILITY, ROLES, schema_id
from pipeline.difference.words import class_name, identifier

_TOGETHER = ("enum", "x-enum-varnames", "properties", "required")
_CHOICES = {"anyOf": "any-of", "oneOf": "one-of", "allOf": "all-of"}
_ALIKE = 0.6
"""How alike two names must be for a property to count as renamed, as `difflib` measures it."""


@dataclass(frozen=True)
class Schemas:
    """Compares schemas.

    Attributes:
        before: The old specification, for what its schemas refer to.
        spec: The new specification, for what its schemas refer to.
    """

    before: dict[str, Any]
    spec: dict[str, Any]

    def compare(self, place: Place, old: Any, new: Any, role: str) -> Iterator[Difference]:
        """Report how a schema changed.

        Args:
            place: Where it stands; its words name the `subject`.
            old: The old schema.
            new: The new schema.
            role: What it is for, one of `schema_ids.ROLES`.
        """
        if not isinstance(old, dict) or not isinstance(new, dict):
            yield from unexplained(place, old, new)
            return
        if same(old, new):
            return
        if ("$ref" in old) != ("$ref" in new):
            yield from self._moved(place, old, new, role)
            return
        yield from compare_enums(place, old, new, role)
        yield from self._properties(place, old, new, role)

        def inner(at: Place, before: Any, after: Any) -> Iterator[Difference]:
            subject = f"an item of {dict(place.words)['subject']}"
            yield from self.compare(at.at(subject=subject), before, after, below(role))

        comparisons = {
            "$ref": self._reference,
            "items": inner,
            "additionalProperties": inner,
            "deprecated": _deprecated(role),
            "example": Examples(self.spec, new).compare,
            "nullable": turned(
                schema_id(role, "became-nullable"), schema_id(role, "became-not-nullable")
            ),
            **dict.fromkeys(("description", "title"), always("x-description-changed")),
        }
        for key, compare in (
            ("type", compare_type),
            ("format", compare_format),
            ("default", compare_value),
            ("pattern", compare_value),
            (EXTENSION, partial(compare_json_text, self.compare)),
            ("discriminator", compare_discriminator),
            *((key, compare_bound) for key in BOUNDS),
            *((key, compare_mutability) for key in MUTABILITY),
            *((key, self._choices) for key in _CHOICES),
        ):
            comparisons[key] = lambda at, before, after, compare=compare: compare(
                at, before, after, role
            )
        rest_old = {key: value for key, value in old.items() if key not in _TOGETHER}
        rest_new = {key: value for key, value in new.items() if key not in _TOGETHER}
        yield from by_key(place, rest_old, rest_new, comparisons)

    def _moved(
        self, place: Place, old: dict[str, Any], new: dict[str, Any], role: str
    ) -> Iterator[Difference]:
        """A schema that was described in its place and is elsewhere now, or the other way round."""
        sides = [
            named_schemas(spec).get(schema_name(side.get("$ref")) or "", side)
            for spec, side in ((self.before, old), (self.spec, new))
        ]
        before, after = (side.get("type", MISSING) for side in sides)
        if before == after or any("$ref" in side for side in sides):
            yield from self._reference(place, old, new)
        else:
            yield from compare_type(place.at("type"), before, after, role)

    def _reference(self, place: Place, old: Any, new: Any) -> Iterator[Difference]:
        reference = new.get("$ref", MISSING) if isinstance(new, dict) else new
        named = named_schemas(self.spec)
        broken = reference is not MISSING and schema_name(reference) not in named
        yield place.differs("x-broken-reference" if broken else "x-reference-changed", old, new)

    def _properties(
        self, place: Place, old: dict[str, Any], new: dict[str, Any], role: str
    ) -> Iterator[Difference]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed_after = _required(old), _required(new)
        inner = below(role)
        renamed = {
            name: other
            for name, other in _renamed(before, after).items()
            if (name in needed_before) == (other in needed_after)
        }
        for name in renamed:
            at = self._property(place, name, role)
            yield at.differs(
                f"x-{_side(role)}-property-renamed",
                name,
                renamed[name],
                argument=identifier(renamed[name]),
            )
        for name in [name for name in before if name not in after and name not in renamed]:
            kind = "required" if name in needed_before else "optional"
            removed = f"response-{kind}-property-removed"
            rule = removed if _side(role) == "response" else "request-property-removed"
            yield self._property(place, name, role).differs(rule, before[name])
        come = [name for name in after if name not in before]
        for name in [name for name in come if name not in renamed.values()]:
            yield self._property(place, name, role).differs(
                _added(role, after[name], name in needed_after), MISSING, after[name]
            )
        for name in [name for name in before if name in after]:
            at = self._property(place, name, role)
            presence = "required" if name in needed_before else "optional"
            yield from self.compare(at.at(presence=presence), before[name], after[name], inner)
            if (name in needed_before) != (name in needed_after):
                index = (needed_after if name in needed_after else needed_before).index(name)
                words = dict(at.words)
                became = _became(role, after[name], name in needed_after)
                yield place.at("required", index, **words).differs(
                    became,
                    name if name in needed_before else MISSING,
                    name if name in needed_after else MISSING,
                )
        yield from _other_required(place, old, new)

    def _property(self, place: Place, name: str, role: str) -> Place:
        words = dict(place.words)
        attribute = identifier(name)
        owner = f"{words.get('owner', 'the object')}.{attribute}"
        subject = f"`{owner}`"
        if role == "request-body" and len(place.operations) == 1 and "method" in words:
            subject = f"the argument `{attribute}` of `{words['method']}()`"
        return place.at("properties", name, subject=subject, owner=owner)

    def _choices(self, place: Place, old: Any, new: Any, role: str) -> Iterator[Difference]:
        """Pair what is equal; pair what is left when it is equally many; the rest came or went."""
        old, new = ([] if side is MISSING else side for side in (old, new))
        keyword = str(place.path[-1])
        equal = {canonical(choice) for choice in old} & {canonical(choice) for choice in new}
        gone = [(i, choice) for i, choice in enumerate(old) if canonical(choice) not in equal]
        come = [(i, choice) for i, choice in enumerate(new) if canonical(choice) not in equal]
        if not gone and not come:
            yield place.differs("x-order-changed", old, new)
        elif len(gone) == len(come):
            for (_, before), (index, after) in zip(gone, come, strict=True):
                yield from self.compare(place.at(index), before, after, role)
        else:
            for index, choice in gone:
                rule = schema_id(role, f"{_CHOICES[keyword]}-removed")
                yield place.at(index).differs(rule, choice, keyword=keyword)
            for index, choice in come:
                rule = schema_id(role, f"{_CHOICES[keyword]}-added")
                yield place.at(index).differs(rule, MISSING, choice, keyword=keyword)


def _renamed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    """Properties that look as if they only got another name, with that name."""
    found: dict[str, str] = {}
    come = [name for name in after if name not in before]
    for name in [name for name in before if name not in after]:
        for other in come:
            free = other not in found.values()
            if free and same(before[name], after[other]) and alike(name, other):
                found[name] = other
                break
    return found


def alike(name: str, other: str) -> bool:
    """Whether one name can be meant for the other."""
    within = name in other or other in name
    return within or SequenceMatcher(None, name, other).ratio() >= _ALIKE


def _side(role: str) -> str:
    return ROLES[role]


def _required(schema: dict[str, Any]) -> list[str]:
    required = schema.get("required", [])
    return required if _all_text(required) else []


def _all_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _added(role: str, schema: dict[str, Any], needed: bool) -> str:
    if _side(role) == "response":
        return f"response-{'required' if needed else 'optional'}-property-added"
    if not needed:
        return "new-optional-request-property"
    return f"new-required-request-property{'-with-default' if 'default' in schema else ''}"


def _became(role: str, schema: dict[str, Any], needed: bool) -> str:
    side = _side(role)
    with_default = needed and side == "request" and "default" in schema
    became = f"{side}-property-became-{'required' if needed else 'optional'}"
    return f"{became}{'-with-default' if with_default else ''}"


def _other_required(place: Place, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    """What `required` says beyond the properties that there are, and its order."""
    before, after = old.get("required", []), new.get("required", [])
    if same(before, after):
        return
    here = place.at("required")
    if not _all_text(before) or not _all_text(after):
        yield from unexplained(here, before, after)
        return
    properties = {*old.get("properties", {}), *new.get("properties", {})}
    if [name for name in before if name not in properties] != [
        n for n in after if n not in properties
    ]:
        yield here.differs("x-unexplained", before, after)
        return
    both = {name for name in before if name in after}
    if [name for name in before if name in both] != [name for name in after if name in both]:
        yield here.differs("x-order-changed", before, after)


def _deprecated(role: str) -> Any:
    side = _side(role)
    return turned(f"{side}-property-deprecated", f"{side}-property-reactivated")


def subject_of(name: str) -> dict[str, str]:
    """The words for a named schema."""
    return {"subject": f"`{class_name(name)}`", "owner": class_name(name)}
