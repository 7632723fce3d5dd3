"""Rules about enums and defaults: each value as its schema's type has it."""

from __future__ import annotations

import json
from typing import Any

from pipeline.document.hostile import OPERATORS
from pipeline.document.patterns import fits
from pipeline.shape.dialect import as_number
from pipeline.shape.draft import Draft, Located, Schema, all_schemas

_FALSE = ("an unquoted NO, OFF or FALSE", "an unquoted YES, ON or TRUE")
_UNREADABLE = object()


def repair_enums(draft: Draft) -> None:
    """Give each enum the values of its type, once each, under names that generators keep apart.

    Evidence: members are doubled, differ in case alone, or are numbers where the type is text. YAML
    1.1 reads a country's NO as false. What generators cannot make an enum of is any value of its
    type, with a note.
    """
    for located in all_schemas(draft):
        if "enum" in located.schema:
            _repair_enum(draft, located)


def _repair_enum(draft: Draft, located: Located) -> None:
    operation, schema, at, _ = located
    published, kind = schema.pop("enum"), schema.get("type")
    values: list[Any] = []
    for index, value in enumerate(published):
        texts = kind == "string" or (kind is None and any(isinstance(v, str) for v in published))
        if isinstance(value, bool) and texts:
            written = json.dumps(value)
            raise operation.refused(
                f"{written} is among the texts of an enum; {_FALSE[value]} in YAML becomes that",
                *at,
                "enum",
                index,
                remedy="Replace it by the text in quotes with an overlay action.",
            )
        typed = _typed(value, kind)
        if value is None:
            schema["nullable"] = True
        if typed is _UNREADABLE:
            raise operation.refused(
                f"the enum's member {json.dumps(value)[:60]} is not of its type {kind}",
                *at,
                "enum",
                index,
                remedy="Correct the type or the member with an overlay action.",
            )
        if typed not in values:
            values.append(typed)
    kinds = {type(value) for value in values if value is not None}
    if kinds not in ({str}, {int}):
        if kinds - {bool}:
            draft.note(operation, "generators make no enum of such members; any value fits", *at)
        return
    schema["enum"] = values
    if kinds == {str} and (names := _told_apart([v for v in values if v is not None])):
        schema["x-enum-varnames"] = names


def _typed(value: Any, kind: Any) -> Any:
    """A value as its type has it, where that is the same value in other letters."""
    number = as_number(value)
    if value is None or kind is None:
        return value
    if kind == "string":
        return value if isinstance(value, str) else _UNREADABLE if number is None else str(value)
    if kind == "boolean":
        known = {"true": True, "false": False}
        return value if isinstance(value, bool) else known.get(str(value), _UNREADABLE)
    if kind == "number":
        return _UNREADABLE if number is None else number
    if kind == "integer":
        whole = number is not None and float(number).is_integer()
        return int(number or 0) if whole else _UNREADABLE
    fits = {"array": list, "object": dict}[kind]
    return value if isinstance(value, fits) else _UNREADABLE


def _told_apart(values: list[str]) -> list[str]:
    """Names for members that generators would call alike, or not by a word; else empty."""
    taken: dict[str, int] = {}
    names = []
    for value in values:
        letters = OPERATORS.get(value, value)
        name = (
            "".join(c if c.isalnum() and c.isascii() else "_" for c in letters).upper().strip("_")
        )
        plain = name.replace("_", "")
        taken[plain] = taken.get(plain, 0) + 1
        names.append(name if taken[plain] == 1 else f"{name}_{taken[plain]}")
    usable = all(name[:1].isalpha() for name in names) and len(set(names)) == len(names)
    needed = max(taken.values(), default=1) > 1 or not OPERATORS.keys().isdisjoint(values)
    return names if usable and needed else []


def repair_defaults(draft: Draft) -> None:
    """Give each default in its schema's type; leave out one that its schema does not allow.

    A client sends no default: the server knows its own. Evidence: defaults are written as text, as
    null, or empty, which KeyAPI's documentation says not to send.
    """
    for located in all_schemas(draft):
        if "default" in located.schema:
            _repair_default(draft, located)


def _repair_default(draft: Draft, located: Located) -> None:
    operation, schema, at, _ = located
    value, kind = schema.pop("default"), schema.get("type")
    if value is None or value == "" or kind == "object":
        return  # nothing, or what no argument's default can be
    typed = _typed(value, kind)
    if typed is not _UNREADABLE and _allowed(typed, schema):
        schema["default"] = typed
    else:
        problem = f"the default {json.dumps(value)[:60]} is not a value that its schema allows"
        draft.note(operation, f"{problem}; it was left out", *at)


def _allowed(value: Any, schema: Schema) -> bool:
    if "enum" in schema and value not in schema["enum"]:
        return False
    size: Any = value
    low, high = "minimum", "maximum"
    if isinstance(value, str):
        if "pattern" in schema and not fits(schema["pattern"], value):
            return False
        size, low, high = len(value), "minLength", "maxLength"
    elif isinstance(value, list):
        size, low, high = len(value), "minItems", "maxItems"
        items = schema.get("items", {})
        if any(_typed(item, items.get("type")) != item for item in value):
            return False
        if any(not _allowed(item, items) for item in value):
            return False
    if isinstance(value, bool) or not isinstance(size, (int, float)):
        return True
    above = size >= schema.get(low, size) and not (
        schema.get("exclusiveMinimum") is True and size == schema.get(low)
    )
    below = size <= schema.get(high, size) and not (
        schema.get("exclusiveMaximum") is True and size == schema.get(high)
    )
    return above and below
