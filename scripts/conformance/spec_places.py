"""Places of a specification that operators change, who gets there, and edits of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from keyapi._facts import DECODED, EXTENSION, JsonText

Spec = dict[str, Any]
Path = tuple[str | int, ...]
Change = tuple[Path, Callable[[Spec], None]]
"""Where a fault goes, and what plants it in a copy of the specification."""

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass
class Place:
    """A schema where it stands, and who gets there.

    Attributes:
        path: Keys that lead to it.
        schema: The schema.
        roles: "response", or "request" and one of "parameter" and "body".
        operations: `operationId` of each operation that reaches it.
    """

    path: Path
    schema: dict[str, Any]
    roles: set[str] = field(default_factory=set)
    operations: dict[str, None] = field(default_factory=dict)


def schemas(spec: Spec) -> list[Place]:
    """Every schema that an operation reaches, once, in the order in which they are reached."""
    places: dict[Path, Place] = {}

    def visit(path: Path, roles: set[str], operation: str) -> None:
        place = places.setdefault(path, Place(path, at(spec, path)))
        if roles <= place.roles and operation in place.operations:
            return
        place.roles |= roles
        place.operations[operation] = None
        schema = place.schema
        if "$ref" in schema:
            visit(target(schema["$ref"]), roles, operation)
        for name in schema.get("properties", {}):
            visit((*path, "properties", name), roles, operation)
        for key in ("items", "additionalProperties", "not"):
            if isinstance(schema.get(key), dict):
                visit((*path, key), roles, operation)
        for key in ("allOf", "anyOf", "oneOf"):
            for index in range(len(schema.get(key, []))):
                visit((*path, key, index), roles, operation)
        text = JsonText.of(schema)
        if text is not None and text.decoded is not None:
            visit((*path, EXTENSION, DECODED), roles, operation)

    for path, node in operations(spec):
        name = node["operationId"]
        for index in range(len(node.get("parameters", []))):
            visit((*path, "parameters", index, "schema"), {"request", "parameter"}, name)
        for key in node.get("requestBody", {}).get("content", {}):
            visit((*path, "requestBody", "content", key, "schema"), {"request", "body"}, name)
        for status, answer in node["responses"].items():
            for key, media in answer.get("content", {}).items():
                if "schema" in media:
                    here = (*path, "responses", status, "content", key, "schema")
                    visit(here, {"response"}, name)
    return list(places.values())


def target(reference: str) -> Path:
    """The path that a `$ref` into the same document names."""
    keys = reference.removeprefix("#/").split("/")
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in keys)


class Reach:
    """Which operation a place of a specification belongs to."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._places = {place.path: place for place in schemas(spec)}

    def operation(self, path: Path) -> str | None:
        """The one operation that reaches a place, or None."""
        if path[0] == "paths":
            item = self._spec["paths"][path[1]]
            nodes = [item[path[2]]] if len(path) > 2 else [item[m] for m in METHODS if m in item]
            return str(nodes[0]["operationId"]) if len(nodes) == 1 else None
        while path and path not in self._places:
            path = path[:-1]
        reached_by = list(self._places[path].operations) if path else []
        return reached_by[0] if len(reached_by) == 1 else None


def operations(spec: Spec) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each operation."""
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                yield ("paths", path, method), item[method]


def parameters(spec: Spec) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each parameter."""
    for path, node in operations(spec):
        for index, parameter in enumerate(node.get("parameters", [])):
            yield (*path, "parameters", index), parameter


def properties(spec: Spec, role: str) -> Iterator[tuple[Path, dict[str, Any], str]]:
    """Each property below a role: path and content of its object's schema, and its name."""
    for place in schemas(spec):
        if role in place.roles:
            for name in place.schema.get("properties", {}):
                yield place.path, place.schema, name


def statuses(spec: Spec) -> Iterator[tuple[Path, str]]:
    """Each documented status."""
    for path, node in operations(spec):
        for status in node["responses"]:
            yield (*path, "responses", status), status


def contents(spec: Spec) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each media type of a body or an answer."""
    for path, node in operations(spec):
        holders = {(*path, "requestBody"): node.get("requestBody", {})}
        holders |= {(*path, "responses", key): answer for key, answer in node["responses"].items()}
        for where, holder in holders.items():
            for key, media in holder.get("content", {}).items():
                yield (*where, "content", key), media


def references(node: Any, path: Path) -> Iterator[Path]:
    """Where each `$ref` stands; examples and defaults are data."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from references(item, (*path, index))
    for key, value in node.items() if isinstance(node, dict) else ():
        named = path[-1:] == ("properties",)
        if key == "$ref" and isinstance(value, str):
            yield (*path, key)
        elif named or key not in ("example", "default", "enum"):
            yield from references(value, (*path, key))


# Edits


def at(spec: Spec, path: Path) -> Any:
    """What stands at a path."""
    node: Any = spec
    for key in path:
        node = node[key]
    return node


def set_to(path: Path, value: Any) -> Change:
    """Put a value at a path."""

    def edit(mutant: Spec) -> None:
        at(mutant, path[:-1])[path[-1]] = value

    return path, edit


def removed(*path: str | int) -> Change:
    """Take away what stands at a path."""

    def edit(mutant: Spec) -> None:
        del at(mutant, path[:-1])[path[-1]]

    return path, edit


def renaming(path: Path, name: str, value: Any) -> Callable[[Spec], None]:
    """Give a key another name, at the same place in its object."""

    def edit(mutant: Spec) -> None:
        holder = at(mutant, path[:-1])
        assert name not in holder
        entries = list(holder.items())
        holder.clear()
        for key, old in entries:
            holder[name if key == path[-1] else key] = value if key == path[-1] else old

    return edit


def requiring(path: Path, name: str) -> Callable[[Spec], None]:
    """Make a property required."""

    def edit(mutant: Spec) -> None:
        at(mutant, path).setdefault("required", []).append(name)

    return edit


def requiring_no_more(path: Path, name: str) -> Callable[[Spec], None]:
    """Make a required property optional."""

    def edit(mutant: Spec) -> None:
        schema = at(mutant, path)
        schema["required"].remove(name)
        if not schema["required"]:
            del schema["required"]  # OpenAPI 3.0 allows no empty list

    return edit
