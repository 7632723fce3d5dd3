"""What the runtime takes as arguments: `keyapi._arguments`, as Python code, by Python types."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from keyapi._arguments import normal
from pipeline.generate.render.types import Types

MODULE = "_arguments"
"""What generated modules call `keyapi._arguments`; no name of a page begins with an underscore."""

_SCALARS = {"int": "Integer()", "float": "Number()", "bool": "Boolean()"}


def kind(
    types: Types,
    annotation: str,
    classes: Collection[str],
    *,
    in_body: bool,
    may_be_empty: bool = False,
) -> str:
    """Give what an argument may be, as Python code.

    Args:
        types: What is known of the specification's types.
        annotation: Its Python type, without None.
        classes: Names of the package's models and enums that such types name.
        in_body: Whether it stands in the JSON body, where texts and lists may be anything.
        may_be_empty: Whether its text may be empty.
    """
    if annotation in _SCALARS:
        code = _SCALARS[annotation]
    elif annotation == "str":
        code = f"Text({'free=True' if in_body else 'empty=True' if may_be_empty else ''})"
    elif annotation.startswith("list[") and not _is_union(annotation):
        item = kind(types, annotation[len("list[") : -1], classes, in_body=in_body)
        return f"{MODULE}.List({item}{', empty=True' if in_body else ''})"
    elif annotation in classes:
        schema = {"$ref": f"#/components/schemas/{annotation}"}
        found = _enums(types, schema) if annotation in types.schemas else ""
        return found or f"{MODULE}.Object(lambda: _models.{annotation})"
    else:
        code = f"Anything({'free=True' if in_body else ''})"
    return f"{MODULE}.{code}"


def _is_union(annotation: str) -> bool:
    """Whether a type is a choice of several, as `list[str] | str`; not a list of such."""
    outside = annotation
    while (inner := re.sub(r"\[[^\[\]]*\]", "", outside)) != outside:
        outside = inner
    return " | " in outside


def _enums(types: Types, schema: dict[str, Any]) -> str:
    """Give what a value of the JSON body may be that is an enum or holds some; else nothing.

    Args:
        types: What is known of the specification's types.
        schema: The value's schema.
    """
    name, schema = types.reference(schema), types.resolved(schema)
    if is_enum(schema):
        return f"{MODULE}.Member(lambda: _models.{name})" if name else ""
    if schema.get("type") == "array":
        item = _enums(types, schema["items"])
        return f"{MODULE}.List({item}, empty=True)" if item else ""
    found = {key: _enums(types, child) for key, child in schema.get("properties", {}).items()}
    pairs = ", ".join(f"{key!r}: {code}" for key, code in found.items() if code)
    return f"{MODULE}.Object(lambda: _models.{name}, {{{pairs}}})" if name and pairs else ""


def is_enum(schema: Mapping[str, Any]) -> bool:
    """Whether a component's schema is one that the generator makes an enum of."""
    return "enum" in schema


def names(types: Types, enum: str) -> str:
    """Name of the type that the names of an enum's members have, beside the enum.

    Args:
        types: What is known of the specification's types.
        enum: The enum's class.
    """
    name = f"{enum}Name"
    while name in types.schemas:
        name += "_"
    return name


def parameter_type(types: Types, annotation: str) -> str:
    """Give the Python type of an argument: with the names of an enum's members beside the enum.

    Args:
        types: What is known of the specification's types.
        annotation: The type without them. A list of members becomes a sequence, whose items' type
            may be narrower, as that of a list may not.
    """
    inner = annotation.removeprefix("list[").removesuffix("]")
    if not is_enum(types.schemas.get(inner, {})):
        return annotation
    either = f"{inner} | {names(types, inner)}"
    return either if inner == annotation else f"_Sequence[{either}]"


def literals(members: Mapping[str, int | str]) -> str:
    """Give what stands for an enum's members in an argument, as arguments of `Literal`.

    Args:
        members: Values by name. A text that is its own name is given as the text it is.
    """
    found: dict[str, None] = {}
    for name, value in members.items():
        if isinstance(value, int) or normal(value) != normal(name):
            found[name.lower()] = None
        if not isinstance(value, int):
            found[value] = None
    return ", ".join(json.dumps(text) for text in found)
