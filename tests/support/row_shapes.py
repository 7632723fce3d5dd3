"""Rows of every shape a page may describe, and what tables of them must give back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from keyapi._columns import JSON, Columns, Field, ListOf, MapOf, Scalar, Struct, Type
from keyapi.specification import OperationSpec, Specification

_NAMES = ("a", "b_url", "bs", "C", "é", "/x", "~", "_extra", "_page", "")
_SCALARS: list[dict[str, Any]] = [
    {"type": "string"},
    {"type": "integer"},
    {"type": "number"},
    {"type": "boolean", "nullable": True},
    {"type": "integer", "enum": [1, 2]},
    {"enum": ["x"]},
    {},
    {"type": "object"},
    {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    {"$ref": "#/components/schemas/Tree"},
]
_COVER = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"url": {"type": "string"}, "index": {"type": "integer"}},
    },
}
_TEXTS = [
    {
        "type": "string",
        "x-keyapi": {
            "json": True,
            "accessor": "bs",
            "decoded": _COVER,
            "order": "index",
            "text": "url",
        },
    },
    {"type": "string", "x-keyapi": {"json": True, "accessor": "bs", "decoded": _COVER["items"]}},
]
_TREE = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "replies": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    },
}


def objects(children: st.SearchStrategy[Any], least: int = 1) -> st.SearchStrategy[Any]:
    """Schemas of objects with properties."""
    texts = st.sampled_from(_TEXTS)
    return st.builds(
        lambda found: {"type": "object", "properties": found},
        st.dictionaries(st.sampled_from(_NAMES), children | texts, min_size=least, max_size=5),
    )


_ANY = st.recursive(
    st.sampled_from(_SCALARS),
    lambda inner: st.one_of(
        objects(inner, 0),
        st.builds(lambda each: {"type": "array", "items": each}, inner),
        st.builds(lambda each: {"type": "object", "additionalProperties": each}, inner),
        st.builds(lambda *two: {"anyOf": [*two]}, objects(inner), objects(inner)),
    ),
    max_leaves=5,
)


def specification(row: dict[str, Any], items: str = "/data") -> OperationSpec:
    """An operation whose rows have a schema; `items` is empty where the schema is the data's."""
    schema: dict[str, Any] = {"type": "array", "items": row} if items else row
    for key in reversed(items.split("/")[1:] or ["data"]):
        schema = {"type": "object", "properties": {key: schema}}
    media = {"application/json": {"schema": schema}}
    node = {
        "operationId": "shaped",
        "responses": {"200": {"content": media}},
        "x-keyapi": {"items": items},
    }
    document = {"paths": {"/x": {"get": node}}, "components": {"schemas": {"Tree": _TREE}}}
    return Specification(document).operations["shaped"]


SPECS = st.builds(specification, objects(_ANY), st.sampled_from(["/data", "/data/list"]))

_LONE = st.sampled_from(["\ud800", "a\udc00", "\x00", "é\U0001f600", "12k", "2024-01-01"])
_WORDS = st.text(max_size=3) | _LONE
_ODD = st.sampled_from(
    [True, 1.0, 1.5, -0.0, 1e300, 2**53 + 1, 2**63, -(2**70), 10**400, float("-inf"), None]
)
_SCALAR = _WORDS | _ODD | st.integers(-3, 3) | st.booleans()
_JSON = st.recursive(
    _SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=5,
)
_COVERS = st.lists(
    st.fixed_dictionaries({"url": st.just("u"), "index": st.integers(0, 3)}), max_size=3
)
_JSON_TEXTS = st.one_of(
    st.builds(json.dumps, _COVERS | _JSON),
    st.sampled_from(
        ["", " ", "null", "https://x", "[", "[]\n", "[{}]} {", '[],"w":[]', "[" * 3000]
    ),
)


def values(type_: Type, *, fits: bool) -> st.SearchStrategy[Any]:
    """Values of a type; anything else among them, unless they must fit."""
    found = _values(type_, fits=fits) | st.none()
    return found if fits else found | _JSON


def _values(type_: Type, *, fits: bool) -> st.SearchStrategy[Any]:
    if isinstance(type_, ListOf):
        return st.lists(values(type_.item, fits=fits), max_size=2)
    if isinstance(type_, MapOf):
        return st.dictionaries(_WORDS, values(type_.value, fits=fits), max_size=2)
    if isinstance(type_, Struct):
        return mappings(type_.fields, fits=fits)
    plain: dict[str, st.SearchStrategy[Any]] = {
        "string": st.text(st.characters(codec="utf-8"), max_size=3),
        "int64": st.integers(-(2**63), 2**63 - 1),
        "double": st.floats(-1e15, 1e15) | st.integers(-9, 9),
        "bool": st.booleans(),
    }
    return plain.get(type_.name, _JSON)


def mappings(fields: Sequence[Field], *, fits: bool) -> st.SearchStrategy[Any]:
    """Objects with some of the fields, and others, unless they must fit."""
    sources = {each.source for each in fields}
    documented = st.fixed_dictionaries(
        {},
        optional={
            each.name: (_JSON_TEXTS if each.name in sources else values(each.type, fits=fits))
            for each in fields
            if not each.source
        },
    )
    if fits:
        return documented
    others = st.just({}) | st.dictionaries(st.sampled_from([*_NAMES, "\ud800"]), _JSON, max_size=2)
    return st.builds(lambda one, two: {**two, **one}, documented, others)


def rows(columns: Columns, *, fits: bool) -> st.SearchStrategy[list[Any]]:
    """Rows of an operation."""
    row = mappings(columns.fields, fits=fits)
    return st.lists(row if fits else row | st.none(), max_size=4)


def _refused(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def received(table: list[dict[str, Any]], columns: Columns) -> list[Any]:
    """The rows that a table was made of, null and absent properties alike left out.

    Args:
        table: The table's rows, as Python has them.
        columns: The columns.
    """
    found: list[Any] = []
    for row in table:
        extra = json.loads(row[columns.extra] or "{}", parse_constant=_refused)
        value = None if extra is None else _back(row, Struct(columns.fields))
        for name, misfit in (extra or {}).items():
            path = name[1:].split("/") if name.startswith("/") else [name]
            keys = [key.replace("~1", "/").replace("~0", "~") for key in path]
            place: Any = value
            for key in keys[:-1]:
                place = place[int(key) if isinstance(place, list) else key]
            last: Any = keys[-1] if isinstance(place, dict) else int(keys[-1])
            assert last not in place or place[last] is None or isinstance(place, list)
            place[last] = misfit
        found.append(value)
    return found


def _back(value: Any, type_: Type) -> Any:
    if value is None:
        return None
    if isinstance(type_, Struct):
        known = {each.name: each.type for each in type_.fields if not each.source}
        return {
            name: _back(value[name], inner)
            for name, inner in known.items()
            if value[name] is not None
        }
    if isinstance(type_, ListOf):
        return [_back(item, type_.item) for item in value]
    if isinstance(type_, MapOf):
        return {name: _back(item, type_.value) for name, item in value}
    return json.loads(value) if type_ == JSON else value


def without_nulls(value: Any, type_: Type) -> Any:
    """A value without the documented properties that are null."""
    if isinstance(type_, Struct) and isinstance(value, dict):
        known = {each.name: each.type for each in type_.fields if not each.source}
        return {
            name: without_nulls(item, known.get(name, Scalar("")))
            for name, item in value.items()
            if item is not None or name not in known
        }
    if isinstance(type_, ListOf) and isinstance(value, list):
        return [without_nulls(item, type_.item) for item in value]
    if isinstance(type_, MapOf) and isinstance(value, dict):
        return {name: without_nulls(item, type_.value) for name, item in value.items()}
    return value


def alike(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
