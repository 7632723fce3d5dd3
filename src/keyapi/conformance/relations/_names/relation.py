"""Names of what is called, of what it is given, and of what reads its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from keyapi._models import Model
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import Caller
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._answers.attributes import Reader
from keyapi.conformance.relations._names.documentation import classes_as_documented
from keyapi.conformance.relations._names.facts import client_as_declared, operation_as_documented
from keyapi.conformance.relations._names.surface import documented, methods_as_documented, result_of
from keyapi.conformance.relations._names.types import low_level_types
from keyapi.conformance.relations._probes import is_map, only
from keyapi.conformance.relations._shared import (
    put,
    put_more,
    success_answer,
    unequal_cases,
    violation,
)
from keyapi.specification import OperationSpec, Schema, Specification, value_at

_CURSORS: dict[str, dict[str, Any]] = {
    "integer": {"4711": 4711, '"4711"': 4711, "4711.0": 4711, "9007199254740993": 2**53 + 1},
    "string": {'"4711"': "4711", "4711": "4711", '"é/=+"': "é/=+", "4711.0": "4711"},
    "array of string": {'[4711, "b"]': ["4711", "b"]},
    "array of integer": {"[4711, 4712]": [4711, 4712]},
}
"""Next cursors as servers write them, with what the argument of a type must be given."""
_WITHIN: dict[Any, str] = {list: "items", Sequence: "items", dict: "additionalProperties"}


@relation("client -> spec", short="c>s", position=2)
@relation("spec -> client", short="s>c", position=4)
def names_as_documented(
    specification: Specification, operation: OperationSpec, caller: Caller
) -> Iterator[Finding]:
    """Names of methods, arguments, members and attributes stand for what the pages say they do.

    Args:
        specification: Where references of the operation lead.
        operation: The operation, as the one who judges knows it.
        caller: The client.
    """
    sending = Reader(specification, operation, "client -> spec")
    receiving = Reader(specification, operation, "spec -> client")
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _surface(specification, operation, caller),
        lambda: _arguments(specification, operation, caller, sending),
        lambda: _rows(specification, operation, caller, receiving),
        lambda: _next(operation, caller),
    )
    for look in looks:
        try:
            yield from look()
        except Exception as error:  # whatever a name that leads nowhere is
            broken = violation(operation, "exception", "what is documented", repr(error))
            yield Finding("client -> spec", "names", broken)


def _surface(
    specification: Specification, operation: OperationSpec, caller: Caller
) -> Iterator[Finding]:
    for compare in (
        methods_as_documented,
        operation_as_documented,
        client_as_declared,
        classes_as_documented,
        low_level_types,
    ):
        for case, broken in unequal_cases(operation, compare(specification, operation, caller)):
            yield Finding("client -> spec", case, broken)


def _arguments(
    specification: Specification, operation: OperationSpec, caller: Caller, reader: Reader
) -> Iterator[Finding]:
    """The classes of arguments: members of enums, and attributes of objects in the body."""
    method = caller.methods[operation.name, False]
    for argument in documented(operation, [*method.wire]):
        parameter = method.signature.parameters[argument.name]
        schema = argument.argument.schema
        texts = [
            described.get("description", "")
            for described in operation.node.get("parameters", ())
            if described["name"] == argument.wire
        ]
        yield from _classes(specification, reader, parameter.annotation, schema, texts)


def _classes(
    specification: Specification,
    reader: Reader,
    annotation: Any,
    schema: Schema,
    texts: list[str],
) -> Iterator[Finding]:
    schema = only(specification, schema)
    parts = get_args(annotation)
    for enum in filter(_is_enum, parts):
        names = {name for part in parts if get_origin(part) is Literal for name in get_args(part)}
        yield from reader.names(enum, names)
    if _is_enum(annotation):
        yield from reader.members(annotation, schema, *texts)
    elif isinstance(annotation, type) and issubclass(annotation, Model):
        yield from reader.model(annotation, schema)
    within = _WITHIN.get(get_origin(annotation), "")
    for part in parts:
        inner = schema.get(within, {}) if within else schema
        yield from _classes(specification, reader, part, inner, texts)


def _is_enum(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Enum)


def _rows(
    specification: Specification, operation: OperationSpec, caller: Caller, reader: Reader
) -> Iterator[Finding]:
    """The class of the rows, of the object, or of the objects in other data."""
    model = caller.methods[operation.name, False].operation.model()
    schema = result_of(specification, operation)[1]
    while schema.get("type") == "array" or is_map(schema):
        schema = only(specification, schema.get("items", schema.get("additionalProperties", {})))
    if issubclass(model, Model):
        yield from reader.model(model, schema)


def _next(operation: OperationSpec, caller: Caller) -> Iterator[Finding]:
    """`page.next` has the type of the argument that takes it, however the cursor is written."""
    paging = operation.paging
    if paging is None or not paging.next:
        return
    schema = operation.arguments[paging.position].schema
    kind = schema.get("type", "string")
    kind = f"array of {schema.get('items', {}).get('type')}" if kind == "array" else kind
    arguments = next(iter(cases(operation))).arguments
    for cursor, expected in _CURSORS.get(kind, {}).items():
        answer = success_answer(operation)
        body = answer.envelope
        put(body, paging.next, json.loads(cursor))
        put_more(operation, body, more=True)
        rows = value_at(body, operation.items or ())
        put(body, operation.items or (), rows or [{}])
        given = answer._replace(content=json.dumps(body).encode())
        found = caller.call(operation.name, arguments, given).result
        following = getattr(found, "next", found)
        if (type(following), following) != (type(expected), expected):
            broken = violation(operation, "next", repr(expected), repr(following))
            yield Finding("spec -> client", f"a next cursor {cursor}", broken)
