"""Schemas of OpenAPI 3.0, converted to JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def json_schema(spec: Mapping[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Convert a schema of OpenAPI 3.0 to a self-contained one of JSON Schema (Draft 4).

    Args:
        spec: The specification that the schema is from.
        schema: The schema.

    Returns:
        The schema, with the components it refers to; `nullable` becomes the type null.
    """
    components = spec.get("components", {}).get("schemas", {})
    root = _plain(schema)
    needed: dict[str, Any] = {}
    waiting = [root]
    while waiting:
        for name in _references(waiting.pop()):
            if name not in needed:
                needed[name] = _plain(components[name])
                waiting.append(needed[name])
    return {**root, "components": {"schemas": needed}}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        node = list(node.values())
    for item in node if isinstance(node, list) else ():
        yield from _references(item)


def _plain(schema: Any) -> Any:
    """A schema in the terms of JSON Schema, without examples and extensions, which hold data."""
    plain = {
        key: value
        for key, value in _with_parts(schema, _plain).items()
        if key not in ("nullable", "example", "default", "description", "title", "format")
        and not key.startswith("x-")
    }
    if not schema.get("nullable"):
        return plain
    if not isinstance(plain.get("type"), str):
        return {"anyOf": [plain, {"type": "null"}]}
    nullable = {"type": [plain["type"], "null"]}
    return {**plain, **nullable, **({"enum": [*plain["enum"], None]} if "enum" in plain else {})}


def closed(schema: dict[str, Any], composed: bool = False) -> dict[str, Any]:
    """A schema that allows only the properties it names; parts of an `allOf` stay open."""
    inside = composed or "allOf" in schema
    result = _with_parts(schema, lambda part: closed(part, composed))
    if "allOf" in schema:
        result["allOf"] = [closed(part, composed=True) for part in schema["allOf"]]
    if "properties" in schema and not inside:
        result.setdefault("additionalProperties", False)
    return result


def counted(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema, with properties counted where the count tells whether all are present.

    Looking up each required one would take nearly half of the time that validating a page takes.
    """
    result = _with_parts(schema, counted)
    properties, required = schema.get("properties"), schema.get("required")
    is_closed = schema.get("additionalProperties") is False and "patternProperties" not in schema
    all_required = (
        isinstance(properties, dict) and isinstance(required, list) and {*required} == {*properties}
    )
    if is_closed and all_required and "minProperties" not in schema:
        result["minProperties"] = len(result.pop("required"))
    return result


def _with_parts(schema: dict[str, Any], changed: Callable[[Any], Any]) -> dict[str, Any]:
    """A schema whose parts are changed: those under keywords, not data that is called like one."""
    result = dict(schema)
    for key in ("properties", "patternProperties"):
        if key in schema:
            result[key] = {name: changed(part) for name, part in schema[key].items()}
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            result[key] = [changed(part) for part in schema[key]]
    for key in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(key), dict):
            result[key] = changed(schema[key])
    if "components" in schema:  # beside the keywords of a schema that stands alone
        parts = schema["components"]["schemas"]
        result["components"] = {"schemas": {name: changed(part) for name, part in parts.items()}}
    return result


def composed_names(schema: Any) -> Iterator[str]:
    """Names of the components that are parts of an `allOf`."""
    if isinstance(schema, dict):
        yield from _references(schema.get("allOf"))
        schema = list(schema.values())
    for item in schema if isinstance(schema, list) else ():
        yield from composed_names(item)
