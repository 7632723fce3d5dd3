"""The columns of an operation's rows: names and types, as its specification describes them.

Nothing here needs pyarrow, so the pipeline can write them down; `keyapi.arrow` makes tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

from keyapi._facts import JsonText
from keyapi.specification import OperationSpec, Schema

Resolve = Callable[[Schema], Schema]
_WORD = re.compile(r"\w+")
EXTRA = "_extra"
"""Name of the last column: JSON of what the other columns cannot hold."""
VALUE = "value"
"""Name of the only column where the data are neither rows nor one object."""
_SCALARS = {"string": "string", "integer": "int64", "number": "double", "boolean": "bool"}
_COMPOSED = ("oneOf", "anyOf", "allOf")


@dataclass(frozen=True)
class Scalar:
    """Text, a number, or a truth value; or anything at all, as JSON.

    Attributes:
        name: "string", "int64", "double", "bool" or "json".
    """

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class ListOf:
    """A list.

    Attributes:
        item: Type of its items.
    """

    item: Type

    def __str__(self) -> str:
        return f"list<{self.item}>"


@dataclass(frozen=True)
class MapOf:
    """An object whose names are data.

    Attributes:
        value: Type of its values.
    """

    value: Type

    def __str__(self) -> str:
        return f"map<string, {self.value}>"


@dataclass(frozen=True)
class Struct:
    """An object.

    Attributes:
        fields: Its fields, in the order of the schema's properties.
    """

    fields: tuple[Field, ...]

    def __str__(self) -> str:
        return f"struct<{', '.join(f'{_quoted(each.name)}: {each}' for each in self.fields)}>"


Type = Scalar | ListOf | MapOf | Struct
JSON = Scalar("json")


@dataclass(frozen=True)
class Field:
    """A column of the rows, or a field of an object in them.

    Attributes:
        name: Name of the property; of the accessor, for a field decoded from one.
        type: Its type.
        source: For a decoded field, the property that holds JSON inside a string; else empty.
        order: For a decoded list, the property that orders it, or None.
        text: For a decoded field, the property that a bare string stands for, or None.
    """

    name: str
    type: Type
    source: str = ""
    order: str | None = None
    text: str | None = None

    def __str__(self) -> str:
        return f"{self.type} from {self.source}" if self.source else str(self.type)


@dataclass(frozen=True)
class Columns:
    """The columns of an operation's rows.

    Attributes:
        fields: The columns, without the last.
        extra: Name of the last column, `EXTRA` unless a property is called so.
        wrapped: Whether the data are neither rows nor one object, and so the only column.
    """

    fields: tuple[Field, ...]
    extra: str
    wrapped: bool = False

    @classmethod
    def of(cls, operation: OperationSpec) -> Columns:
        """Give the columns of an operation's rows; of its data, where it has none.

        Args:
            operation: The operation.
        """
        if operation.row is not None:
            return cls.of_schema(operation.row, operation.resolved)
        body = operation.resolved(operation.schema(operation.success) or {})
        data = operation.resolved(body.get("properties", {}).get("data", {}))
        type_ = _Reader(operation.resolved).type_of(data)
        if isinstance(type_, Struct):
            return cls.of_schema(data, operation.resolved)
        return cls((Field(VALUE, type_),), EXTRA, wrapped=True)

    @classmethod
    def of_schema(cls, schema: Schema, resolved: Resolve) -> Columns:
        """Give the columns of the objects of a schema; no more than the last where it has none.

        Args:
            schema: The schema of an object.
            resolved: Follows a reference.
        """
        type_ = _Reader(resolved).type_of(schema)
        fields = type_.fields if isinstance(type_, Struct) else ()
        return cls(fields, free(EXTRA, {each.name for each in fields}))

    def listed(self) -> dict[str, str]:
        """Give the type of each column by its name, as text: for people, and for comparing."""
        return {each.name: str(each) for each in self.fields} | {self.extra: str(JSON)}


class _Reader:
    """Reads types of schemas; where a schema contains itself, the inner one is JSON."""

    def __init__(self, resolved: Resolve) -> None:
        self._resolved = resolved
        self._open: list[int] = []

    def type_of(self, schema: Schema) -> Type:
        schema = self._resolved(schema)
        if id(schema) in self._open:
            return JSON
        self._open.append(id(schema))
        try:
            return self._type_of(schema)
        finally:
            self._open.pop()

    def _type_of(self, schema: Schema) -> Type:
        for key in _COMPOSED:
            if key in schema and "properties" not in schema:
                return _common([self.type_of(each) for each in schema[key]])
        kind = _kind(schema)
        if kind == "array":
            item = self.type_of(schema.get("items") or {})
            return JSON if item == JSON else ListOf(item)
        if kind == "object":
            return self._object(schema)
        return Scalar(_SCALARS[kind]) if kind in _SCALARS else JSON

    def _object(self, schema: Schema) -> Type:
        properties: Mapping[str, Schema] = schema.get("properties") or {}
        if properties:
            return Struct(tuple(self._fields(properties)))
        value = schema.get("additionalProperties")
        if not isinstance(value, Mapping):
            return JSON
        found = self.type_of(value)
        return JSON if found == JSON else MapOf(found)

    def _fields(self, properties: Mapping[str, Schema]) -> list[Field]:
        taken = set(properties)
        fields = []
        for name, unresolved in properties.items():
            schema = self._resolved(unresolved)
            fields.append(Field(name, self.type_of(schema)))
            text = JsonText.of(schema)
            if text is None or text.decoded is None:
                continue
            decoded = self.type_of(text.decoded)
            inner = decoded.item if isinstance(decoded, ListOf) else decoded
            if isinstance(inner, Struct):
                accessor = free(text.accessor or f"{name}_decoded", taken)
                taken.add(accessor)
                fields.append(Field(accessor, decoded, name, text.order, text.text))
        return fields


def _common(types: list[Type]) -> Type:
    """Give the type that holds values of each of several types; objects have the fields of all."""
    if len(set(types)) == 1:
        return types[0]
    structs = [each for each in types if isinstance(each, Struct)]
    if len(structs) < len(types):
        return JSON
    fields: dict[str, Field] = {}
    # What is received comes before what is decoded, should both have one name.
    for field in sorted((f for each in structs for f in each.fields), key=lambda f: bool(f.source)):
        same = fields.setdefault(field.name, field)
        if not field.source:
            fields[field.name] = Field(field.name, _common([same.type, field.type]))
    return Struct(tuple(fields.values()))


def free(name: str, taken: Container[str]) -> str:
    """Give a name that is not taken: the name itself, or with as many `_` after it as it takes.

    Args:
        name: The name.
        taken: The names that are.
    """
    while name in taken:
        name += "_"
    return name


def _kind(schema: Schema) -> str:
    """The one JSON type of a schema's values, null aside; empty where there is not one."""
    kind: Any = schema.get("type")
    if isinstance(kind, list):
        kinds = [each for each in kind if each != "null"]
        kind = kinds[0] if len(kinds) == 1 else ""
    if kind is None and "properties" in schema:
        return "object"
    if kind is None and "items" in schema:
        return "array"
    if kind is None:
        found = {type(value) for value in schema.get("enum", ()) if value is not None}
        names = {str: "string", int: "integer", float: "number", bool: "boolean"}
        return names.get(found.pop(), "") if len(found) == 1 else ""
    return str(kind)


def _quoted(name: str) -> str:
    return name if _WORD.fullmatch(name) else json.dumps(name, ensure_ascii=False)
