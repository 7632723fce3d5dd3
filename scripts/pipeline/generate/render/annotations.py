"""Python types of what the generator has no type for: maps, and data that is no single object."""

from __future__ import annotations

from typing import Any, NamedTuple

from pipeline.generate.render.types import Types
from pipeline.shape.maps import is_map

_SCALARS = {
    "string": ("str", ("str",)),
    "integer": ("int", ("int",)),
    "number": ("float", ("int", "float")),
    "boolean": ("bool", ("bool",)),
}


class Annotation(NamedTuple):
    """The Python type of a value.

    Attributes:
        text: The type; "Any" where it may be anything.
        received: Names of the types that its decoded JSON may have, without None; empty where it
            may be anything.
        model: Class of the objects in it, or "".
        maps: How many maps lie around those objects, one in another.
        nullable: Whether the value may be None, which the type says, too.
    """

    text: str
    received: tuple[str, ...] = ()
    model: str = ""
    maps: int = 0
    nullable: bool = False


def annotation(types: Types, schema: dict[str, Any]) -> Annotation:
    """Give the Python type of the values that a schema describes.

    Args:
        types: What is known of the specification's types.
        schema: The schema, as the effective specification has it.
    """
    found = _annotation(types, schema)
    if found.received and is_nullable(schema):
        return found._replace(text=f"{found.text} | None", nullable=True)
    return found


def is_nullable(schema: dict[str, Any]) -> bool:
    """Whether a schema, which may refer to another, allows null."""
    return any(choice.get("nullable") is True for choice in (schema, *schema.get("anyOf", ())))


def _annotation(types: Types, schema: dict[str, Any]) -> Annotation:
    name = types.reference(schema)
    schema = types.resolved(schema)
    kind = schema.get("type")
    if kind in _SCALARS:
        return Annotation(*_SCALARS[kind])
    if name:
        return Annotation(name, ("dict",), name)
    if kind == "array":
        inner = annotation(types, schema["items"])
        return inner._replace(text=f"list[{inner.text}]", received=("list",), nullable=False)
    if kind == "object" and is_map(schema):
        inner = annotation(types, schema["additionalProperties"])
        text = f"dict[str, {inner.text}]"
        return Annotation(text, ("dict",), inner.model, inner.maps + 1)
    return Annotation("Any")
