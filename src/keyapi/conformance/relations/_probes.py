"""Values to read: of the documented types, and such that no two places hold the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

from keyapi._facts import JsonText
from keyapi.specification import Argument, OperationSpec, Schema, Specification

TEXTS = (
    *("+", "&", "%", "%41", "=", "#", "?", "a/b", "//", " ", " a", ";", ",", "'", '"', "\\", "|"),
    *("{x}", "[0]", "<b>", "^`~*", "...", "é", "漢", "😀", "\u2028", "\x00\x1f\x7f", "\t", "\r\n"),
)
"""What a text may hold that a request must not take for something else."""
_BREAKS = re.compile("[\r\n]")
_DEEPEST = 4  # a schema may contain itself
_LARGE = 2**53 + 1  # odd and beyond what a float holds


class Probe(NamedTuple):
    """Values of every argument of an operation, no two alike where their types allow it.

    Attributes:
        arguments: Values by name in the request.
        body: Values of the properties of the body that a parameter has the name of.
    """

    arguments: dict[str, Any]
    body: dict[str, Any]


def probes(operation: OperationSpec, text: str = "".join(TEXTS)) -> Iterator[Probe]:
    """Give every argument of an operation values, twice: booleans and enums have others then.

    Args:
        operation: The operation.
        text: What each text holds; a number is put before it.
    """
    for turn in range(2):
        parameters = operation.arguments
        arguments = {
            name: _argued(operation, argument, number, turn, text)
            for number, (name, argument) in enumerate(parameters.items(), start=2)
        }
        body = {
            name: _argued(operation, argument, number, turn, text)
            for number, (name, argument) in enumerate(operation.body_arguments.items(), start=50)
            if parameters[name].place != "body"
        }
        yield Probe(arguments, body)


def _argued(operation: OperationSpec, argument: Argument, number: int, turn: int, text: str) -> Any:
    schema, paging = argument.schema, operation.paging
    members = [member for member in argument.members.values() if member is not None]
    if members:
        return members[(number + turn) % len(members)]
    kind = schema.get("type")
    if kind == "boolean":
        return bool(number >> turn & 1)
    if kind == "integer" and paging and argument.name == paging.size and paging.largest:
        return max(1, paging.largest - turn)
    words = f"{number} {text}"
    if argument.place != "body":  # where the client refuses them
        words = _BREAKS.sub("", words)
    if kind == "array":
        item = operation.resolved(schema.get("items", {}))
        enum = item.get("enum")
        listed: dict[Any, Any] = {"string": [words, f"{words}2"], "integer": [number, number + 100]}
        found: Any = enum or listed.get(
            item.get("type"), [{"number": number}] if argument.place == "body" else [words]
        )
        joint = argument.delimiter
        return [value.replace(joint, "") for value in found] if joint else found
    scalars: dict[Any, Any] = {"integer": number, "number": number + 0.25, "string": words}
    return scalars.get(kind, {"number": number} if kind == "object" else words)


def only(specification: Specification, schema: Schema) -> Schema:
    """The schema of a value that is not null; empty where there are several.

    Args:
        specification: Where references lead.
        schema: The schema; a nullable reference is a choice of two.
    """
    schema = specification.resolved(schema)
    choices = [part for part in schema.get("anyOf", ()) if part.get("enum") != [None]]
    if not choices:
        return schema
    return specification.resolved(choices[0]) if len(choices) == 1 else {}


def is_map(schema: Schema) -> bool:
    """Whether a schema describes an object whose keys are data."""
    return isinstance(schema.get("additionalProperties"), dict) and not schema.get("properties")


def distinct(specification: Specification, schema: Schema) -> Any:
    """A value of a schema's types in which no two places hold the same, booleans apart.

    Integers are larger than a float can hold, and texts not ASCII. No member of an enum is in it.

    Args:
        specification: Where references lead.
        schema: The schema.
    """
    return _distinct(specification, schema, count(1), 0)


def _distinct(
    specification: Specification, schema: Schema, numbers: Iterator[int], depth: int
) -> Any:
    schema = only(specification, schema)
    number, kind = next(numbers), schema.get("type")
    text = JsonText.of(schema)

    def inner(child: Schema) -> Any:
        return _distinct(specification, child, numbers, depth + 1)

    if text is not None:
        return json.dumps(inner(text.decoded) if text.decoded else {"number": number})
    if kind == "object" and is_map(schema):
        return {f"key {number}": inner(schema["additionalProperties"])}
    if kind == "object":
        properties = schema.get("properties", {}) if depth < _DEEPEST else {}
        return {name: inner(child) for name, child in properties.items()}
    if kind == "array":
        return [inner(schema.get("items", {})) for _ in range(2 if depth < _DEEPEST else 0)]
    scalars: dict[Any, Any] = {
        "integer": _LARGE + 2 * number,
        "number": number + 0.5,
        "string": f"é漢😀 {number}",
        "boolean": True,
    }
    return scalars.get(kind, {"anything": number})
