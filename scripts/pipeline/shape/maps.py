"""Maps: objects whose keys are data, such as ids, and not names of properties."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.shape.draft import Draft, Schema, each_schema

# What only data looks like: numbers, dates, ranges of ages, UUIDs and hashes, ids of letters and
# digits, and at least two codes of countries or languages. "1080p" and "top_3" are names.
_KEYS = (
    re.compile(r"\d+"),
    re.compile(r"\d{4}[-/.]?\d{2}([-/.]?\d{2})?"),
    re.compile(r"\d{1,9}\s?[-–~]\s?\d{1,9}|\d{1,9}\+|[<>]=?\s?\d{1,9}"),
    re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    re.compile(r"\A(?=[a-fA-F]*\d)[0-9a-fA-F]{16,}"),
    re.compile(r"\A(?=(?:\D*\d){3})[A-Za-z0-9_-]{20,}"),
)
_CODE = re.compile(r"[A-Z]{2}|[a-z]{2}-[A-Z]{2}")


def are_data(keys: Iterable[str]) -> bool:
    """Whether the keys of an object are data: all of them have one form of id, date or code."""
    keys = list(keys)
    if not keys:
        return False
    codes = len(keys) > 1 and all(map(_CODE.fullmatch, keys))
    return codes or any(all(map(form.fullmatch, keys)) for form in _KEYS)


def is_map(schema: Schema) -> bool:
    """Whether a schema describes a map, and no property by name."""
    return isinstance(schema.get("additionalProperties"), dict) and not schema.get("properties")


def holds_map(schema: Schema) -> bool:
    """Whether a schema describes a map, or lists of them."""
    items = schema.get("items")
    return is_map(schema) or (isinstance(items, dict) and holds_map(items))


def read_maps(draft: Draft) -> None:
    """Describe objects whose documented properties are ids as maps.

    Evidence: editors that derive a schema from one response give each id of it a property.
    """

    def read(schema: Schema) -> None:
        properties = schema.get("properties")
        if properties and are_data(properties) and "additionalProperties" not in schema:
            del schema["properties"]
            schema.pop("required", None)
            schema["type"] = "object"
            schema["additionalProperties"] = _joined(list(properties.values()))

    for operation in draft.operations():
        for _, media in operation.responses():
            each_schema(media["schema"], read)


def _joined(children: list[Schema]) -> Schema:
    """One schema for the values of a map; objects have the properties of all, none required."""
    first, *others = children
    if all(child == first for child in others):
        return first
    (kind, *kinds) = {child.get("type") for child in children}
    if kinds or kind in (None, "array"):
        return {}
    if kind != "object":
        return {"type": kind}
    properties: dict[str, Schema] = {}
    for child in children:
        for name, schema in child.get("properties", {}).items():
            properties[name] = schema if properties.get(name, schema) == schema else {}
    return {"type": "object", "properties": properties} if properties else {"type": "object"}
