"""Python's words for the parts of a specification, as the generated client spells them."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

from pipeline.difference.model import MISSING
from pipeline.document.text import plain
from pipeline.shape.identifiers import method_name, pascal

_TYPES = {
    "integer": "`int`",
    "number": "`float`",
    "string": "`str`",
    "boolean": "`bool`",
    "array": "a list",
    "object": "an object",
}
SHOWN = 60
"""Characters of a value that are shown."""


def method(node: dict[str, Any], name: str) -> str:
    """A method as callers write it after the client: `influencer.products_analytics`.

    Args:
        node: The operation object.
        name: Its `operationId`, or what stands for it.
    """
    tags = node.get("tags")
    if not isinstance(tags, list) or not tags or "operationId" not in node:
        return plain(name)
    return plain(f"{tags[0]}.{method_name(name, str(tags[0]))}")


@functools.cache
def identifier(name: str) -> str:
    """The Python name of a parameter or property."""
    # Slow to import: it brings the generator.
    from openapi_python_client.strings import PythonIdentifier

    return plain(str(PythonIdentifier(name, "field_")))


def class_name(name: str) -> str:
    """The class of a named schema."""
    return plain(pascal(name) or name)


def member(schema: dict[str, Any], value: Any) -> str:
    """The member of an enum that stands for a value."""
    values, names = schema.get("enum"), schema.get("x-enum-varnames")
    if isinstance(values, list) and isinstance(names, list) and len(values) == len(names):
        return _constant(str(names[values.index(value)]))
    return f"VALUE_{value}" if isinstance(value, int) else _constant(str(value))


def type_of(schema_type: Any) -> str:
    """Python type of a schema type."""
    if schema_type is MISSING:
        return "anything"
    return _TYPES.get(schema_type, shown(schema_type)) if isinstance(schema_type, str) else "mixed"


def shown(value: Any) -> str:
    """A value as one short piece of code."""
    if value is MISSING:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"`{plain(text, SHOWN) or ' '}`"


def _constant(name: str) -> str:
    return plain(re.sub(r"\W+", "_", name).strip("_").upper())
