"""The rule that reads schemas of other dialects, such as OpenAPI 3.1's, as OpenAPI 3.0's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pipeline.document.patterns import is_usable
from pipeline.document.values import whole_number
from pipeline.shape.draft import Draft, Located, Schema, all_schemas

_NUMBERS = frozenset(
    {"multipleOf", "maximum", "minimum", "maxLength", "minLength"}
    | {"maxItems", "minItems", "maxProperties", "minProperties"}
)
_BOOLEANS = frozenset({"uniqueItems", "nullable", "readOnly", "writeOnly", "deprecated"})
_EXACT = 2**53  # below which each whole number is a float of its own
_EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_HELD = dict.fromkeys(("properties", "allOf", "anyOf", "oneOf")).keys()
# The fixed fields of a Schema Object (OpenAPI 3.0.3), and those that later rules read.
_KNOWN = frozenset(
    {"title", "pattern", "required", "enum", "type", "allOf", "oneOf", "anyOf", "not", "items"}
    | {"properties", "additionalProperties", "description", "format", "default", "discriminator"}
    | {"xml", "externalDocs", "example", "examples", "const"}
    | {*_NUMBERS, *_BOOLEANS, *_EXCLUSIVE}
)
# Of JSON Schema 2020-12: these say nothing of a value, or where a part of the schema is kept.
_SILENT = frozenset(
    {"$schema", "$id", "$anchor", "$comment", "$defs", "definitions", "contentMediaType"}
    | {"contentEncoding"}
)


def read_dialects(draft: Draft) -> None:
    """Write each schema with OpenAPI 3.0's keywords alone.

    Evidence: newer frameworks publish OpenAPI 3.1 (FastAPI since 0.99), with numbers as exclusive
    bounds and `true` as a schema; hand-written pages have numbers as text and keywords that no
    dialect knows. What cannot be written is left out and noted: it would have promised more.
    """
    for located in all_schemas(draft):
        left_out = _read(located.schema)
        _read_booleans(located)
        if left_out:
            keywords = ", ".join(left_out)
            problem = f"OpenAPI 3.0 has no such keywords or values; left out: {keywords}"
            draft.note(located.operation, problem, *located.at)


def _read(schema: Schema) -> list[str]:
    """Write a schema's keywords as OpenAPI 3.0 does; give those that had to be left out."""
    left_out: list[str] = []
    patterns = schema.pop("patternProperties", None)
    if isinstance(patterns, dict) and "additionalProperties" not in schema:
        (inner, *others) = patterns.values() or [True]
        schema["additionalProperties"] = True if others or "properties" in schema else inner
    if isinstance(schema.get("items"), bool):
        schema["items"] = {}  # what `prefixItems` say of the first ones is left out below
    for key, value in list(schema.items()):
        if key.startswith("x-"):
            continue
        if key in _NUMBERS:
            schema[key] = as_number(value)
        elif key in _BOOLEANS:
            schema[key] = {"true": True, "false": False}.get(str(value).lower())
        elif key in _CHECKED and not _CHECKED[key](value):
            schema[key] = None
        if key in _SILENT:
            del schema[key]
        elif key not in _KNOWN or (schema[key] is None and key not in ("default", "example")):
            del schema[key]
            if value is not None:
                left_out.append(key)
    for key, bound in _EXCLUSIVE.items():
        if key in schema:
            _bound_exclusively(schema, key, bound, left_out)
    return left_out


def as_number(value: Any) -> int | float | None:
    """A number, also one that is written as text; None for anything else."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    whole = whole_number(value)
    if whole is not None:
        return whole
    try:
        number = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if abs(number) < _EXACT and number.is_integer() else number


def _is_discriminator(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("propertyName"), str):
        return False
    mapping = value.get("mapping", {})
    return isinstance(mapping, dict) and all(isinstance(to, str) for to in mapping.values())


_CHECKED: dict[str, Callable[[Any], Any]] = {
    "discriminator": _is_discriminator,
    "pattern": is_usable,
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), bool),  # a list, which must not be empty
}


def _bound_exclusively(schema: Schema, key: str, bound: str, left_out: list[str]) -> None:
    """Write an exclusive bound as OpenAPI 3.0 does; of integers, as the nearest one within it."""
    value = schema.pop(key)
    flag = {"true": True, "false": False}.get(str(value).lower())
    if flag is None:
        number = as_number(value)
        if number is None:
            left_out.append(key)
            return
        narrowest = max if bound == "minimum" else min
        if narrowest(schema.get(bound, number), number) != number:
            return  # the inclusive bound is the narrower one
        schema[bound] = number
    elif not flag or bound not in schema:
        return
    if schema.get("type") in ("integer", ["integer"]):
        edge = schema[bound]
        schema[bound] = math.floor(edge) + 1 if bound == "minimum" else math.ceil(edge) - 1
    else:
        schema[key] = True


def _read_booleans(located: Located) -> None:
    """Read `true` as the schema of any value; where `false` forbids one, refuse the page."""
    operation, schema, at, _ = located
    if _HELD.isdisjoint(schema):
        return
    holders: list[tuple[Any, tuple[str, ...]]] = [(schema.get(key, []), (key,)) for key in _HELD]
    for holder, keys in holders:
        for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            if value is False:
                raise operation.refused(
                    "the schema is `false`, which allows no value",
                    *at,
                    *keys,
                    key,
                    remedy="Remove it with an overlay action.",
                )
            if value is True:
                holder[key] = {}
