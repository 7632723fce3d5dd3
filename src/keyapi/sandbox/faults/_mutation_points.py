"""The mutation points of an answer: every value in it, with its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from keyapi.specification import Schema, Specification

Path = tuple[str | int, ...]
REMOVED: Any = object()
"""The new value of a property that is to be removed."""


class MutationPoint(NamedTuple):
    """A value in an answer that a fault can change.

    Attributes:
        path: Keys and indices from the top.
        value: The value.
        schema: Its schema, resolved; empty if it has none.
        required: Whether the property is required; None for anything but a property.
    """

    path: Path
    value: Any
    schema: Schema
    required: bool | None


def mutation_points(
    spec: Specification,
    value: Any,
    schema: Schema,
    path: Path = (),
    required: bool | None = None,
) -> Iterator[MutationPoint]:
    """Yield every value in an answer, from the outside in; of a list, only its first item.

    Args:
        spec: The specification.
        value: The answer, decoded.
        schema: Its schema.
        path: Path to the value from the top of the answer.
        required: Whether the value is a required property; None if it is not a property.
    """
    schema = spec.resolved(schema)
    yield MutationPoint(path, value, schema, required)
    if isinstance(value, dict):
        required_names, properties = schema.get("required", ()), schema.get("properties", {})
        for name, child in value.items():
            yield from mutation_points(
                spec, child, properties.get(name, {}), (*path, name), name in required_names
            )
    elif isinstance(value, list) and value:
        yield from mutation_points(spec, value[0], schema.get("items", {}), (*path, 0))


def changed(body: Any, path: Path, value: Any) -> Any:
    """Replace, add or remove one value of a body, in place, and return the body."""
    if not path:
        return value
    holder = body
    for key in path[:-1]:
        holder = holder[key]
    if value is REMOVED:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return body
