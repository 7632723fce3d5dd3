"""What each named schema is for: which operations reach it, and in which role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.vendor.pages import METHODS

Roles = dict[str, dict[str, None]]
"""`operationId` of every operation that reaches a schema, by the role in which it does."""

_LISTS = ("allOf", "anyOf", "oneOf")
_SCHEMAS = "#/components/schemas/"


def operations(spec: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Every operation object, by path and method."""
    return {
        (path, method): item[method]
        for path, item in spec["paths"].items()
        for method in METHODS
        if isinstance(item.get(method), dict)
    }


def name_of(key: tuple[str, str], node: dict[str, Any]) -> str:
    """An operation's `operationId`; where it has none, its method and path."""
    return str(node.get("operationId") or f"{key[1].upper()} {key[0]}")


def below(role: str) -> str:
    """The role of what lies below a schema of some role."""
    if role == "request-parameter":
        return "request-parameter-property"
    return role.replace("-body", "-property")


def roles(*specs: dict[str, Any]) -> dict[str, Roles]:
    """What each named schema of some specifications is for, by its name."""
    found: dict[str, Roles] = {}
    for spec in specs:
        schemas = spec.get("components", {}).get("schemas", {})
        for key, node in operations(spec).items():
            seen: set[tuple[str, str]] = set()
            for role, schema in _roots(node):
                _reach(schemas, schema, role, name_of(key, node), found, seen)
    return found


def target(reference: Any) -> str:
    """Name of the schema that a `$ref` names, or ""."""
    name = reference if isinstance(reference, str) and reference.startswith(_SCHEMAS) else ""
    return name.removeprefix(_SCHEMAS).replace("~1", "/").replace("~0", "~")


def _roots(node: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for parameter in node.get("parameters", []):
        yield "request-parameter", parameter.get("schema")
    for media in node.get("requestBody", {}).get("content", {}).values():
        yield "request-body", media.get("schema")
    for answer in node.get("responses", {}).values():
        for media in answer.get("content", {}).values():
            yield "response-body", media.get("schema")


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
    name = target(schema.get("$ref"))
    if name and (name, role) not in seen:
        seen.add((name, role))
        found.setdefault(name, {}).setdefault(role, {})[operation] = None
        _reach(schemas, schemas.get(name), role, operation, found, seen)
    for choice in (choice for key in _LISTS for choice in schema.get(key, [])):
        _reach(schemas, choice, role, operation, found, seen)
    children = [*schema.get("properties", {}).values(), schema.get("items")]
    children += [schema.get("additionalProperties"), schema.get("not")]
    facts = schema.get("x-keyapi")
    children.append(facts.get("decoded") if isinstance(facts, dict) else None)
    for child in children:
        _reach(schemas, child, below(role), operation, found, seen)
