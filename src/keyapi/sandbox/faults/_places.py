"""The places of an answer: every value in it, beside what the specification says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from keyapi.specification import Schema, Specification

Path = tuple[str | int, ...]
REMOVED: Any = object()
"""Stands for the new value of what shall be removed."""


class Place(NamedTuple):
    """A value in an answer.

    Attributes:
        path: Keys and indices from the top.
        value: The value.
        schema: Its schema, resolved; empty where none is known.
        required: For a property whether it is promised, None for anything else.
    """

    path: Path
    value: Any
    schema: Schema
    required: bool | None


def places(
    spec: Specification,
    value: Any,
    schema: Schema,
    path: Path = (),
    required: bool | None = None,
) -> Iterator[Place]:
    """Yield every value in an answer, from the outside in; of a list, only in the first item.

    Args:
        spec: The specification.
        value: The answer, decoded.
        schema: Its schema.
        path: Where the value stands in the whole answer.
        required: Whether it is promised there.
    """
    schema = spec.resolved(schema)
    yield Place(path, value, schema, required)
    if isinstance(value, dict):
        promised, known = schema.get("required", ()), schema.get("properties", {})
        for name, child in value.items():
            yield from places(spec, child, known.get(name, {}), (*path, name), name in promised)
    elif isinstance(value, list) and value:
        yield from places(spec, value[0], schema.get("items", {}), (*path, 0))


def changed(body: Any, path: Path, value: Any) -> Any:
    """Replace, add or remove one value of a body, in place, and give the body."""
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
