"""What each named schema is for: which operations reach it, and in which role."""

from __future__ import annotations

from typing import Any

from keyapi._facts import JsonText
from keyapi._openapi import named_schemas, operations, schema_name

Roles = dict[str, dict[str, None]]
"""`operationId` of every operation that reaches a schema, by the role in which it does."""

_LISTS = ("allOf", "anyOf", "oneOf")
_CHILDREN = ("items", "additionalProperties", "not")


def below(role: str) -> str:
    """The role of what lies below a schema of some role."""
    if role == "request-parameter":
        return "request-parameter-property"
    return role.replace("-body", "-property")


def roles(*specs: dict[str, Any]) -> dict[str, Roles]:
    """What each named schema of some specifications is for, by its name."""
    found: dict[str, Roles] = {}
    for spec in specs:
        schemas = named_schemas(spec)
        for operation in operations(spec):
            seen: set[tuple[str, str]] = set()
            for role, schema in operation.schemas():
                _reach(schemas, schema, role, operation.name, found, seen)
    return found


def _reach(
    schemas: dict[str, Any],
    schema: Any,
    role: str,
    operation: str,
    found: dict[str, Roles],
    seen: set[tuple[str, str]],
) -> None:
    if not isinstance(schema, dict):
        return
    name = schema_name(schema.get("$ref"))
    if name and (name, role) not in seen:
        seen.add((name, role))
        found.setdefault(name, {}).setdefault(role, {})[operation] = None
        _reach(schemas, schemas.get(name), role, operation, found, seen)
    for choice in (choice for key in _LISTS if key in schema for choice in schema[key]):
        _reach(schemas, choice, role, operation, found, seen)
    children = [*schema.get("properties", {}).values()]
    children += [schema[key] for key in _CHILDREN if key in schema]
    text = JsonText.of(schema)
    if text is not None:
        children.append(text.decoded)
    for child in children:
        _reach(schemas, child, below(role), operation, found, seen)
