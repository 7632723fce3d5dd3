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

from conformance.spec_places import (
    Change,
    Path,
    Reach,
    Spec,
    at,
    contents,
    operations,
    parameters,
    properties,
    references,
    removed,
    renaming,
    requiring,
    requiring_no_more,
    schemas,
    set_to,
    statuses,
    target,
)
from keyapi._facts import CREDITS, EXTENSION, OperationFacts
from keyapi._json import pointer

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
        reach = Reach(spec)
        for path, edit in changes(spec):
            yield SpecMutant(name, reach.operation(path), pointer(*path), spec, edit)

    OPERATORS[name] = plant
    return plant


# Operations


@operator
def remove_path(spec: Spec) -> Iterator[Change]:
    for path in spec["paths"]:
        yield removed("paths", path)


@operator
def change_method(spec: Spec) -> Iterator[Change]:
    for path, node in operations(spec):
        item = at(spec, path[:-1])
        other = next(m for m in ("post", "put", "patch", "delete", "get") if m not in item)
        yield path, renaming(path, other, node)


@operator
def change_operation_id(spec: Spec) -> Iterator[Change]:
    for path, node in operations(spec):
        yield set_to((*path, "operationId"), f"{node['operationId']}_{ADDED}")


@operator
def change_cost(spec: Spec) -> Iterator[Change]:
    for path, node in operations(spec):
        yield set_to((*path, EXTENSION, CREDITS), OperationFacts.of(node).cost + 1)


@operator
def remove_security(spec: Spec) -> Iterator[Change]:
    for path, node in operations(spec):
        if node.get("security"):
            yield removed(*path, "security")


@operator
def change_server(spec: Spec) -> Iterator[Change]:
    for index, server in enumerate(spec.get("servers", [])):
        assert server["url"] != f"https://{ADDED}.example"
        yield set_to(("servers", index, "url"), f"https://{ADDED}.example")


# Parameters, and properties of request bodies


@operator
def require_parameter(spec: Spec) -> Iterator[Change]:
    for path, parameter in parameters(spec):
        if not parameter.get("required"):
            yield set_to((*path, "required"), True)
    for path, schema, name in properties(spec, "body"):
        if name not in schema.get("required", []):
            yield (*path, "required"), requiring(path, name)


@operator
def make_parameter_optional(spec: Spec) -> Iterator[Change]:
    for path, parameter in parameters(spec):
        if parameter.get("required"):
            yield set_to((*path, "required"), False)
    for path, schema, name in properties(spec, "body"):
        if name in schema.get("required", []):
            yield (*path, "required"), requiring_no_more(path, name)


@operator
def add_required_parameter(spec: Spec) -> Iterator[Change]:
    parameter = {"name": ADDED, "in": "query", "required": True, "schema": {"type": "string"}}
    for path, node in operations(spec):

        def add_parameter(mutant: Spec, path: Path = path) -> None:
            at(mutant, path).setdefault("parameters", []).append(copy.deepcopy(parameter))

        yield (*path, "parameters", len(node.get("parameters", []))), add_parameter
    for place in schemas(spec):
        if "body" in place.roles and "properties" in place.schema:

            def add_property(mutant: Spec, path: Path = place.path) -> None:
                at(mutant, (*path, "properties"))[ADDED] = {"type": "string"}
                requiring(path, ADDED)(mutant)

            yield (*place.path, "properties", ADDED), add_property


@operator
def remove_parameter(spec: Spec) -> Iterator[Change]:
    for path, parameter in parameters(spec):
        if parameter["in"] != "path":
            yield removed(*path)
    yield from _removed_properties(spec, "body")


@operator
def rename_parameter(spec: Spec) -> Iterator[Change]:
    for path, parameter in parameters(spec):
        if parameter["in"] != "path":
            yield set_to((*path, "name"), f"{parameter['name']}_{ADDED}")
    for path, schema, name in properties(spec, "body"):
        here = (*path, "properties", name)

        def rename(mutant: Spec, path: Path = path, name: str = name, here: Path = here) -> None:
            renaming(here, f"{name}_{ADDED}", at(mutant, here))(mutant)
            if name in at(mutant, path).get("required", []):
                requiring_no_more(path, name)(mutant)
                requiring(path, f"{name}_{ADDED}")(mutant)

        assert f"{name}_{ADDED}" not in schema["properties"]
        yield here, rename


@operator
def remove_request_enum_value(spec: Spec) -> Iterator[Change]:
    for place in schemas(spec):
        members = place.schema.get("enum", [])
        if "request" in place.roles and len(members) > 1:
            for index in range(len(members)):

                def remove(mutant: Spec, path: Path = place.path, index: int = index) -> None:
                    schema = at(mutant, path)
                    for key in {"enum", "x-enum-varnames"} & schema.keys():
                        del schema[key][index]

                yield (*place.path, "enum", index), remove


@operator
def change_default(spec: Spec) -> Iterator[Change]:
    for place in schemas(spec):
        if "default" in place.schema:
            old = place.schema["default"]
            members = [member for member in place.schema.get("enum", []) if member != old]
            other = members[0] if members else _other(old)
            yield set_to((*place.path, "default"), other)


# Schemas of requests and responses alike


@operator
def integer_to_number(spec: Spec) -> Iterator[Change]:
    for place in schemas(spec):
        if place.schema.get("type") == "integer":
            yield set_to((*place.path, "type"), "number")


@operator
def number_to_integer(spec: Spec) -> Iterator[Change]:
    for place in schemas(spec):
        if place.schema.get("type") == "number":
            yield set_to((*place.path, "type"), "integer")


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
    for place in schemas(spec):
        if "response" in place.roles and "type" in place.schema:
            other = "integer" if place.schema["type"] == "string" else "string"
            yield set_to((*place.path, "type"), other)


@operator
def drop_from_required(spec: Spec) -> Iterator[Change]:
    for place in schemas(spec):
        if "response" in place.roles:
            for name in place.schema.get("required", []):
                path = (*place.path, "required")
                yield path, requiring_no_more(place.path, name)


@operator
def add_to_required(spec: Spec) -> Iterator[Change]:
    for path, schema, name in properties(spec, "response"):
        if name not in schema.get("required", []):
            yield (*path, "required"), requiring(path, name)


@operator
def make_nullable(spec: Spec) -> Iterator[Change]:
    for place in schemas(spec):
        # Without a type, `nullable` says nothing.
        typed = "response" in place.roles and "type" in place.schema
        if typed and not place.schema.get("nullable"):
            yield set_to((*place.path, "nullable"), True)


@operator
def add_response_enum_value(spec: Spec) -> Iterator[Change]:
    for place in schemas(spec):
        # An enum of null alone is how OpenAPI 3.0 says "or null".
        members = [member for member in place.schema.get("enum", []) if member is not None]
        if "response" in place.roles and members:
            numbers = all(isinstance(member, int) for member in members)
            other = max(members) + 1 if numbers else ADDED

            def add(mutant: Spec, path: Path = place.path, other: Any = other) -> None:
                schema = at(mutant, path)
                schema["enum"].append(other)
                if "x-enum-varnames" in schema:
                    schema["x-enum-varnames"].append(ADDED)

            yield (*place.path, "enum", len(place.schema["enum"])), add


@operator
def remove_success_status(spec: Spec) -> Iterator[Change]:
    for path, status in statuses(spec):
        if status.startswith("2"):
            yield removed(*path)


@operator
def remove_error_status(spec: Spec) -> Iterator[Change]:
    for path, status in statuses(spec):
        if not status.startswith("2"):
            yield removed(*path)


@operator
def change_media_type(spec: Spec) -> Iterator[Change]:
    for path, media in contents(spec):
        yield path, renaming(path, "text/plain", media)


# What holds a specification together


@operator
def break_reference(spec: Spec) -> Iterator[Change]:
    for path in references(spec, ()):
        yield set_to(path, f"#/components/schemas/{ADDED.title()}")


@operator
def invalidate_example(spec: Spec) -> Iterator[Change]:
    holders = [
        *((path, media) for path, media in contents(spec)),
        *((path, parameter) for path, parameter in parameters(spec)),
    ]
    for path, holder in holders:
        if "example" in holder:
            inner, wrong = _misfit(spec, holder["schema"], holder["example"])
            yield set_to((*path, "example", *inner), wrong)


# What several operators need


def _removed_properties(spec: Spec, role: str) -> Iterator[Change]:
    for path, schema, name in properties(spec, role):

        def remove(mutant: Spec, path: Path = path, name: str = name) -> None:
            del at(mutant, (*path, "properties"))[name]
            if name in at(mutant, path).get("required", []):
                requiring_no_more(path, name)(mutant)

        assert name in schema["properties"]
        yield (*path, "properties", name), remove


_BOUNDS = {
    **dict.fromkeys(("minimum", "minLength", "minItems", "minProperties"), 1),
    **dict.fromkeys(("maximum", "maxLength", "maxItems", "maxProperties"), -1),
}


def _moved_bounds(spec: Spec, direction: int) -> Iterator[Change]:
    """Each bound moved by one: to allow less (1) or more (-1)."""
    for place in schemas(spec):
        for key, step in _BOUNDS.items():
            if key in place.schema:
                bound = place.schema[key] + step * direction
                if key in ("minimum", "maximum") or bound >= 0:
                    yield set_to((*place.path, key), bound)


def _misfit(spec: Spec, schema: dict[str, Any], value: Any) -> tuple[Path, Any]:
    """Where an example can be spoilt, and the value that does not fit its schema there."""
    while "$ref" in schema:
        schema = at(spec, target(schema["$ref"]))
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
