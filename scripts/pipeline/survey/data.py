"""How much of a response is typed: the kind of its data, and which properties may be anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from keyapi._openapi import schema_name
from keyapi.specification import OperationSpec, Schema, Specification

TYPED, SCALAR, MAP, UNTYPED, NOTHING = "typed", "scalar", "map", "untyped", "none"
"""Kinds of data: described objects; text, numbers and booleans; objects whose keys are data; what
nothing is known of; and no data, where an operation answers without content. A list is of the kind
of its items."""

_SCALARS = ("string", "integer", "number", "boolean")
_CHOICES = ("oneOf", "anyOf")


class Data(NamedTuple):
    """What is known of the data in an operation's response.

    Attributes:
        kind: `TYPED`, `SCALAR`, `MAP`, `UNTYPED` or `NOTHING`.
        properties: How many properties it has, at any depth.
        untyped: How many of them may be anything.
    """

    kind: str
    properties: int
    untyped: int

    @property
    def share(self) -> float:
        """The share of properties that may be anything, from 0 to 1."""
        return self.untyped / self.properties if self.properties else 0.0


def data_of(specification: Specification, operation: OperationSpec) -> Data:
    """Look at the data in an operation's success response.

    Args:
        specification: The effective specification.
        operation: One of its operations.
    """
    envelope = _plain(specification, operation.schema(operation.success) or {})
    schema = envelope.get("properties", {}).get("data", {})
    found = list(_properties(specification, schema, set()))
    untyped = sum(_kind(specification, prop) == UNTYPED for prop in found)
    return Data(_kind(specification, schema), len(found), untyped)


def _plain(specification: Specification, schema: Schema) -> Schema:
    """Follow references, also those of nullable schemas, which are the only part of a choice."""
    schema = specification.resolved(schema)
    for key in (*_CHOICES, "allOf"):
        if len(schema.get(key, ())) == 1:
            return _plain(specification, schema[key][0])
    return schema


def _kind(specification: Specification, schema: Schema) -> str:
    schema = _plain(specification, schema)
    if schema.get("type") in _SCALARS or "enum" in schema:
        return SCALAR
    if schema.get("type") == "array":
        return _kind(specification, schema.get("items", {}))
    if schema.get("properties") or "allOf" in schema:
        return TYPED
    if isinstance(schema.get("additionalProperties"), dict):
        return MAP
    for key in _CHOICES:
        kinds = {_kind(specification, choice) for choice in schema.get(key, ())}
        if kinds and UNTYPED not in kinds:
            return kinds.pop() if len(kinds) == 1 else TYPED
    return UNTYPED


def _properties(specification: Specification, schema: Schema, seen: set[str]) -> Iterator[Schema]:
    """Yield the schema of each property below a schema; those of a named schema once."""
    if name := schema_name(schema.get("$ref")):
        if name in seen:
            return
        seen.add(name)
        schema = specification.resolved(schema)
    for prop in schema.get("properties", {}).values():
        yield prop
        yield from _properties(specification, prop, seen)
    parts = [part for key in (*_CHOICES, "allOf") for part in schema.get(key, ())]
    for part in (*parts, schema.get("items"), schema.get("additionalProperties")):
        if isinstance(part, dict):
            yield from _properties(specification, part, seen)
