"""Spec operators: every fault that can be planted in an effective specification, one at a time.

    for mutant in mutants(spec):
        print(mutant.operator, mutant.operation, mutant.pointer)

An operator yields one mutant for every place where it applies. A place is mutated where it stands,
so a component that several operations share is mutated once. "Request" operators reach parameters
and the properties of JSON bodies alike, "response" operators every schema below an answer, with
`x-keyapi.decoded` (JSON inside a string) among them. Path parameters keep their names and stay
required, since the path's template would contradict anything else.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from keyapi._facts import CREDITS, DECODED, EXTENSION, JsonText, OperationFacts
from keyapi._json import pointer

Spec = dict[str, Any]
Path = tuple[str | int, ...]
Change = tuple[Path, Callable[[Spec], None]]
"""Where a fault goes, and what plants it in a copy of the specification."""

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
ADDED = "planted"
"""Name of what an operator adds."""


@dataclass(frozen=True)
class SpecMutant:
    """A specification with exactly one fault in it.

    Attributes:
        operator: The operator that planted it.
        operation: `operationId` of the one operation that can notice, or None where several can.
        pointer: JSON pointer (as a URI fragment) of the fault: into the specification as it was,
            or into the mutant for what was added.
        original: The specification without the fault.
        edit: Plants the fault.
    """

    operator: str
    operation: str | None
    pointer: str
    original: Spec = field(repr=False)
    edit: Callable[[Spec], None] = field(repr=False)

    @functools.cached_property
    def spec(self) -> Spec:
        """The faulty specification, a copy; made when it is asked for, as most are only counted."""
        mutant = copy.deepcopy(self.original)
        self.edit(mutant)
        return mutant


Operator = Callable[[Spec], Iterator[SpecMutant]]
OPERATORS: dict[str, Operator] = {}
"""The registered operators, by name."""


def mutants(spec: Spec) -> Iterator[SpecMutant]:
    """Yield every mutant of every operator, in the order of `OPERATORS`."""
    for plant in OPERATORS.values():
        yield from plant(spec)


def operator(changes: Callable[[Spec], Iterator[Change]]) -> Operator:
    """Register a function that yields changes as an operator, under its own name."""
    name = changes.__name__.replace("_", " ")

    @functools.wraps(changes)
    def plant(spec: Spec) -> Iterator[SpecMutant]:
        reach = _Reach(spec)
        for path, edit in changes(spec):
            yield SpecMutant(name, reach.operation(path), pointer(*path), spec, edit)

    OPERATORS[name] = plant
    return plant


# Operations


@operator
def remove_path(spec: Spec) -> Iterator[Change]:
    for path in spec["paths"]:
        yield _removed("paths", path)


@operator
def change_method(spec: Spec) -> Iterator[Change]:
    for path, node in _operations(spec):
        item = _at(spec, path[:-1])
        other = next(m for m in ("post", "put", "patch", "delete", "get") if m not in item)
        yield path, _renaming(path, other, node)


@operator
def change_operation_id(spec: Spec) -> Iterator[Change]:
    for path, node in _operations(spec):
        yield _set((*path, "operationId"), f"{node['operationId']}_{ADDED}")


@operator
def change_cost(spec: Spec) -> Iterator[Change]:
    for path, node in _operations(spec):
        yield _set((*path, EXTENSION, CREDITS), OperationFacts.of(node).cost + 1)


@operator
def remove_security(spec: Spec) -> Iterator[Change]:
    for path, node in _operations(spec):
        if node.get("security"):
            yield _removed(*path, "security")


@operator
def change_server(spec: Spec) -> Iterator[Change]:
    for index, server in enumerate(spec.get("servers", [])):
        assert server["url"] != f"https://{ADDED}.example"
        yield _set(("servers", index, "url"), f"https://{ADDED}.example")


# Parameters, and properties of request bodies


@operator
def require_parameter(spec: Spec) -> Iterator[Change]:
    for path, parameter in _parameters(spec):
        if not parameter.get("required"):
            yield _set((*path, "required"), True)
    for path, schema, name in _properties(spec, "body"):
        if name not in schema.get("required", []):
            yield (*path, "required"), _requiring(path, name)


@operator
def make_parameter_optional(spec: Spec) -> Iterator[Change]:
    for path, parameter in _parameters(spec):
        if parameter.get("required"):
            yield _set((*path, "required"), False)
    for path, schema, name in _properties(spec, "body"):
        if name in schema.get("required", []):
            yield (*path, "required"), _requiring_no_more(path, name)


@operator
def add_required_parameter(spec: Spec) -> Iterator[Change]:
    parameter = {"name": ADDED, "in": "query", "required": True, "schema": {"type": "string"}}
    for path, node in _operations(spec):

        def add_parameter(mutant: Spec, path: Path = path) -> None:
            _at(mutant, path).setdefault("parameters", []).append(copy.deepcopy(parameter))

        yield (*path, "parameters", len(node.get("parameters", []))), add_parameter
    for place in _schemas(spec):
        if "body" in place.roles and "properties" in place.schema:

            def add_property(mutant: Spec, path: Path = place.path) -> None:
                _at(mutant, (*path, "properties"))[ADDED] = {"type": "string"}
                _requiring(path, ADDED)(mutant)

            yield (*place.path, "properties", ADDED), add_property


@operator
def remove_parameter(spec: Spec) -> Iterator[Change]:
    for path, parameter in _parameters(spec):
        if parameter["in"] != "path":
            yield _removed(*path)
    yield from _removed_properties(spec, "body")


@operator
def rename_parameter(spec: Spec) -> Iterator[Change]:
    for path, parameter in _parameters(spec):
        if parameter["in"] != "path":
            yield _set((*path, "name"), f"{parameter['name']}_{ADDED}")
    for path, schema, name in _properties(spec, "body"):
        here = (*path, "properties", name)

        def rename(mutant: Spec, path: Path = path, name: str = name, here: Path = here) -> None:
            _renaming(here, f"{name}_{ADDED}", _at(mutant, here))(mutant)
            if name in _at(mutant, path).get("required", []):
                _requiring_no_more(path, name)(mutant)
                _requiring(path, f"{name}_{ADDED}")(mutant)

        assert f"{name}_{ADDED}" not in schema["properties"]
        yield here, rename


@operator
def remove_request_enum_value(spec: Spec) -> Iterator[Change]:
    for place in _schemas(spec):
        members = place.schema.get("enum", [])
        if "request" in place.roles and len(members) > 1:
            for index in range(len(members)):

                def remove(mutant: Spec, path: Path = place.path, index: int = index) -> None:
                    schema = _at(mutant, path)
                    for key in {"enum", "x-enum-varnames"} & schema.keys():
                        del schema[key][index]

                yield (*place.path, "enum", index), remove


@operator
def change_default(spec: Spec) -> Iterator[Change]:
    for place in _schemas(spec):
        if "default" in place.schema:
            old = place.schema["default"]
            members = [member for member in place.schema.get("enum", []) if member != old]
            other = members[0] if members else _other(old)
            yield _set((*place.path, "default"), other)


# Schemas of requests and responses alike


@operator
def integer_to_number(spec: Spec) -> Iterator[Change]:
    for place in _schemas(spec):
        if place.schema.get("type") == "integer":
            yield _set((*place.path, "type"), "number")


@operator
def number_to_integer(spec: Spec) -> Iterator[Change]:
    for place in _schemas(spec):
        if place.schema.get("type") == "number":
            yield _set((*place.path, "type"), "integer")


@operator
def tighten_bound(spec: Spec) -> Iterator[Change]:
    yield from _moved_bounds(spec, 1)


@operator
def loosen_bound(spec: Spec) -> Iterator[Change]:
    yield from _moved_bounds(spec, -1)


# Responses


@operator
def remove_response_property(spec: Spec) -> Iterator[Change]:
    yield from _removed_properties(spec, "response")


@operator
def change_response_type(spec: Spec) -> Iterator[Change]:
    for place in _schemas(spec):
        if "response" in place.roles and "type" in place.schema:
            other = "integer" if place.schema["type"] == "string" else "string"
            yield _set((*place.path, "type"), other)


@operator
def drop_from_required(spec: Spec) -> Iterator[Change]:
    for place in _schemas(spec):
        if "response" in place.roles:
            for name in place.schema.get("required", []):
                path = (*place.path, "required")
                yield path, _requiring_no_more(place.path, name)


@operator
def add_to_required(spec: Spec) -> Iterator[Change]:
    for path, schema, name in _properties(spec, "response"):
        if name not in schema.get("required", []):
            yield (*path, "required"), _requiring(path, name)


@operator
def make_nullable(spec: Spec) -> Iterator[Change]:
    for place in _schemas(spec):
        # Without a type, `nullable` says nothing.
        typed = "response" in place.roles and "type" in place.schema
        if typed and not place.schema.get("nullable"):
            yield _set((*place.path, "nullable"), True)


@operator
def add_response_enum_value(spec: Spec) -> Iterator[Change]:
    for place in _schemas(spec):
        # An enum of null alone is how OpenAPI 3.0 says "or null".
        members = [member for member in place.schema.get("enum", []) if member is not None]
        if "response" in place.roles and members:
            numbers = all(isinstance(member, int) for member in members)
            other = max(members) + 1 if numbers else ADDED

            def add(mutant: Spec, path: Path = place.path, other: Any = other) -> None:
                schema = _at(mutant, path)
                schema["enum"].append(other)
                if "x-enum-varnames" in schema:
                    schema["x-enum-varnames"].append(ADDED)

            yield (*place.path, "enum", len(place.schema["enum"])), add


@operator
def remove_success_status(spec: Spec) -> Iterator[Change]:
    for path, status in _statuses(spec):
        if status.startswith("2"):
            yield _removed(*path)


@operator
def remove_error_status(spec: Spec) -> Iterator[Change]:
    for path, status in _statuses(spec):
        if not status.startswith("2"):
            yield _removed(*path)


@operator
def change_media_type(spec: Spec) -> Iterator[Change]:
    for path, media in _contents(spec):
        yield path, _renaming(path, "text/plain", media)


# What holds a specification together


@operator
def break_reference(spec: Spec) -> Iterator[Change]:
    for path in _references(spec, ()):
        yield _set(path, f"#/components/schemas/{ADDED.title()}")


@operator
def invalidate_example(spec: Spec) -> Iterator[Change]:
    holders = [
        *((path, media) for path, media in _contents(spec)),
        *((path, parameter) for path, parameter in _parameters(spec)),
    ]
    for path, holder in holders:
        if "example" in holder:
            inner, wrong = _misfit(spec, holder["schema"], holder["example"])
            yield _set((*path, "example", *inner), wrong)


# Places


@dataclass
class _Place:
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


def _schemas(spec: Spec) -> list[_Place]:
    """Every schema that an operation reaches, once, in the order in which they are reached."""
    places: dict[Path, _Place] = {}

    def visit(path: Path, roles: set[str], operation: str) -> None:
        place = places.setdefault(path, _Place(path, _at(spec, path)))
        if roles <= place.roles and operation in place.operations:
            return
        place.roles |= roles
        place.operations[operation] = None
        schema = place.schema
        if "$ref" in schema:
            visit(_target(schema["$ref"]), roles, operation)
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

    for path, node in _operations(spec):
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


def _target(reference: str) -> Path:
    """The path that a `$ref` into the same document names."""
    keys = reference.removeprefix("#/").split("/")
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in keys)


class _Reach:
    """Which operation a place of a specification belongs to."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._places = {place.path: place for place in _schemas(spec)}

    def operation(self, path: Path) -> str | None:
        """The one operation that reaches a place, or None."""
        if path[0] == "paths":
            item = self._spec["paths"][path[1]]
            nodes = [item[path[2]]] if len(path) > 2 else [item[m] for m in METHODS if m in item]
            return str(nodes[0]["operationId"]) if len(nodes) == 1 else None
        while path and path not in self._places:
            path = path[:-1]
        operations = list(self._places[path].operations) if path else []
        return operations[0] if len(operations) == 1 else None


def _operations(spec: Spec) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                yield ("paths", path, method), item[method]


def _parameters(spec: Spec) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path, node in _operations(spec):
        for index, parameter in enumerate(node.get("parameters", [])):
            yield (*path, "parameters", index), parameter


def _properties(spec: Spec, role: str) -> Iterator[tuple[Path, dict[str, Any], str]]:
    """Each property below a role: path and content of its object's schema, and its name."""
    for place in _schemas(spec):
        if role in place.roles:
            for name in place.schema.get("properties", {}):
                yield place.path, place.schema, name


def _statuses(spec: Spec) -> Iterator[tuple[Path, str]]:
    for path, node in _operations(spec):
        for status in node["responses"]:
            yield (*path, "responses", status), status


def _contents(spec: Spec) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each media type of a body or an answer."""
    for path, node in _operations(spec):
        holders = {(*path, "requestBody"): node.get("requestBody", {})}
        holders |= {(*path, "responses", key): answer for key, answer in node["responses"].items()}
        for where, holder in holders.items():
            for key, media in holder.get("content", {}).items():
                yield (*where, "content", key), media


def _references(node: Any, path: Path) -> Iterator[Path]:
    """Where each `$ref` stands; examples and defaults are data."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _references(item, (*path, index))
    for key, value in node.items() if isinstance(node, dict) else ():
        named = path[-1:] == ("properties",)
        if key == "$ref" and isinstance(value, str):
            yield (*path, key)
        elif named or key not in ("example", "default", "enum"):
            yield from _references(value, (*path, key))


def _removed_properties(spec: Spec, role: str) -> Iterator[Change]:
    for path, schema, name in _properties(spec, role):

        def remove(mutant: Spec, path: Path = path, name: str = name) -> None:
            del _at(mutant, (*path, "properties"))[name]
            if name in _at(mutant, path).get("required", []):
                _requiring_no_more(path, name)(mutant)

        assert name in schema["properties"]
        yield (*path, "properties", name), remove


_BOUNDS = {
    **dict.fromkeys(("minimum", "minLength", "minItems", "minProperties"), 1),
    **dict.fromkeys(("maximum", "maxLength", "maxItems", "maxProperties"), -1),
}


def _moved_bounds(spec: Spec, direction: int) -> Iterator[Change]:
    """Each bound moved by one: to allow less (1) or more (-1)."""
    for place in _schemas(spec):
        for key, step in _BOUNDS.items():
            if key in place.schema:
                bound = place.schema[key] + step * direction
                if key in ("minimum", "maximum") or bound >= 0:
                    yield _set((*place.path, key), bound)


def _misfit(spec: Spec, schema: dict[str, Any], value: Any) -> tuple[Path, Any]:
    """Where an example can be spoilt, and the value that does not fit its schema there."""
    while "$ref" in schema:
        schema = _at(spec, _target(schema["$ref"]))
    for name, child in schema.get("properties", {}).items():
        if isinstance(value, dict) and name in value:
            inner, wrong = _misfit(spec, child, value[name])
            return (name, *inner), wrong
    return (), 12345 if isinstance(value, str) else "no such value"


def _other(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value}{ADDED}"


# Edits


def _at(spec: Spec, path: Path) -> Any:
    node: Any = spec
    for key in path:
        node = node[key]
    return node


def _set(path: Path, value: Any) -> Change:
    def edit(mutant: Spec) -> None:
        _at(mutant, path[:-1])[path[-1]] = value

    return path, edit


def _removed(*path: str | int) -> Change:
    def edit(mutant: Spec) -> None:
        del _at(mutant, path[:-1])[path[-1]]

    return path, edit


def _renaming(path: Path, name: str, value: Any) -> Callable[[Spec], None]:
    """Give a key another name, at the same place in its object."""

    def edit(mutant: Spec) -> None:
        holder = _at(mutant, path[:-1])
        assert name not in holder
        entries = list(holder.items())
        holder.clear()
        for key, old in entries:
            holder[name if key == path[-1] else key] = value if key == path[-1] else old

    return edit


def _requiring(path: Path, name: str) -> Callable[[Spec], None]:
    def edit(mutant: Spec) -> None:
        _at(mutant, path).setdefault("required", []).append(name)

    return edit


def _requiring_no_more(path: Path, name: str) -> Callable[[Spec], None]:
    def edit(mutant: Spec) -> None:
        schema = _at(mutant, path)
        schema["required"].remove(name)
        if not schema["required"]:
            del schema["required"]  # OpenAPI 3.0 allows no empty list

    return edit
