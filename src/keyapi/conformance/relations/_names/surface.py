"""Names of what is called: resources, methods, arguments, their documentation, and the client."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Iterator
from inspect import Parameter
from types import NoneType
from typing import Any, NamedTuple, get_args, get_origin

from keyapi import Page, PageIterator
from keyapi._clients import Method, async_twin
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations._names.documentation import documentation_differs
from keyapi.conformance.relations._names.types import argument_type
from keyapi.conformance.relations._probes import is_map, only
from keyapi.conformance.relations._shared import CasesCompared
from keyapi.conformance.spelling import spelled, spelling
from keyapi.specification import Argument, OperationSpec, Schema, Specification

_STEERING = {"start_page": None, "limit": None, "max_pages": None}
"""Arguments of the iterating method alone, with their defaults."""
_ROOT, _APART = "root", "_resource"


class Documented(NamedTuple):
    """An argument of a method, as the specification has it.

    Attributes:
        argument: The parameter, or the property of the body.
        name: Its name in Python.
        default: Its default; `Parameter.empty` where it must be given.
    """

    argument: Argument
    name: str
    default: Any

    @property
    def wire(self) -> str:
        """Its name in the request."""
        return self.argument.name


def documented(
    operation: OperationSpec, names: list[str], *, walk: bool = False
) -> list[Documented]:
    """The arguments that a method must have, by the specification.

    Args:
        operation: The operation.
        names: Names of the method's arguments, among which each argument's is looked for.
        walk: Whether the method iterates over pages.
    """
    paging, found = operation.paging, []
    roles = dict(paging.roles) if paging else {}
    parameters = {name: a for name, a in operation.arguments.items() if a.place != "body"}
    for argument in (*parameters.values(), *operation.body_arguments.values()):
        role = roles.pop(argument.name, "")
        default: Any = Parameter.empty if argument.required else None
        if paging and role == paging.kind and paging.start is not None:
            default = paging.start
        if paging and role == "size" and paging.largest is not None:
            default = paging.largest
        twice = argument.place == "body" and argument.name in parameters
        wire = {"page": "page_num", "size": "page_size"}.get(role, argument.name)
        (name, *_) = [*spelled(names, f"{wire}_body" if twice else wire), wire]
        name = "start_page" if walk and paging and role == paging.kind else name
        found.append(Documented(argument, name, default))
    return found


def result_of(specification: Specification, operation: OperationSpec) -> tuple[str, Schema, Schema]:
    """What a call gives: kind, schema of the object or row, and schema of the data around it.

    Args:
        specification: Where references lead.
        operation: The operation.

    Returns:
        "page", "many", "one" or "data"; the other two are empty where nothing is documented.
    """
    data = schema = specification.resolved(operation.schema(operation.success) or {})
    if operation.items:
        for key in operation.items:
            data = specification.present(data)["properties"][key]
        return "page" if operation.paging else "many", operation.row or {}, data
    data = schema.get("properties", {}).get("data", {})
    inner = only(specification, data)
    refers = any("$ref" in part for part in (data, *data.get("anyOf", ())))
    one = refers and inner.get("type") == "object" and not is_map(inner)
    return "one" if one else "data", inner, data


def methods_as_documented(
    specification: Specification, operation: OperationSpec, caller: Caller
) -> CasesCompared:
    """Compare the methods of an operation, and what the client's table says of them.

    Args:
        specification: Where references lead.
        operation: The operation.
        caller: The client.
    """
    walks = (operation.name, True) in caller.methods
    yield "iter_", "method", operation.paging is not None, walks
    yield from _resource(specification, operation, caller)
    kind = result_of(specification, operation)[0]
    for walk in (False, True)[: 1 + walks]:
        method = caller.methods[operation.name, walk]
        arguments = documented(operation, [*method.wire], walk=walk)
        wanted = operation.resource, _method_name(operation, walk), "iterate" if walk else kind
        yield method.name, "method", wanted, (method.resource, method.name, method.kind)
        for compare in (_signature, _documentation, _twin):
            for rule, expected, found in compare(operation, method, arguments, caller):
                yield method.name, rule, expected, found


def _method_name(operation: OperationSpec, walk: bool) -> str:
    """The name without the resource's, where that is its beginning."""
    prefix = operation.resource.removesuffix(_APART)
    name = operation.name.removeprefix("" if prefix == _ROOT else f"{prefix}_")
    return f"{'iter_' if walk else ''}{name}{'_' if keyword.iskeyword(name) else ''}"


def _resource(
    specification: Specification, operation: OperationSpec, caller: Caller
) -> CasesCompared:
    """A resource has the methods of its operations, and the client has the resource."""
    beside = [other for other in specification if other.resource == operation.resource]
    expected = {
        _method_name(o, walk) for o in beside for walk in (False, True)[: 1 + bool(o.paging)]
    }
    for kind in (caller.client, async_twin(caller.client)):
        client = kind("sk_contract")
        resource = getattr(client, operation.resource, None)
        prefix = "Async" if kind is not caller.client else ""
        case = f"{kind.__name__}.{operation.resource}"
        yield (
            case,
            "resource",
            spelling(f"{prefix}{operation.resource}Resource"),
            spelling(type(resource).__name__),
        )
        yield case, "resource", client, getattr(resource, "_client", None)
        found = {name for name in dir(type(resource)) if not name.startswith("_")}
        yield case, "method", sorted(expected), sorted(found)


def _signature(
    operation: OperationSpec, method: Method, arguments: list[Documented], caller: Caller
) -> Iterator[tuple[str, object, object]]:
    """Arguments by name, each with the default and the type that the specification gives it."""
    walk = method.kind == "iterate"
    defaults = {**(_STEERING if walk else {}), **{a.name: a.default for a in arguments}}
    parameters = method.signature.parameters
    yield "argument", sorted(defaults), sorted(parameters)
    yield "wire", {a.name: a.wire for a in arguments}, dict(method.wire)
    for name, default in defaults.items():
        parameter = parameters.get(name)
        found = parameter and (parameter.kind, repr(parameter.default))
        yield "default", (name, Parameter.KEYWORD_ONLY, repr(default)), (name, *(found or ()))
        if parameter is not None and default is None:
            optional = parameter.annotation is Any or NoneType in get_args(parameter.annotation)
            yield "argument-type", f"{name}, or None", f"{name}{', or None' if optional else ''}"
    for each in arguments:
        if each.name in parameters:
            annotation = parameters[each.name].annotation
            kind, annotated = argument_type(operation, each.argument.schema, annotation)
            yield "argument-type", (each.name, kind), (each.name, annotated)


def _documentation(
    operation: OperationSpec, method: Method, arguments: list[Documented], caller: Caller
) -> Iterator[tuple[str, object, object]]:
    """The docstring tells the cost, the source, and each argument in the page's words."""
    described = {p["name"]: p.get("description", "") for p in operation.node.get("parameters", ())}
    told = []
    for name, argument in ((a.name, a.argument) for a in arguments):
        words = described.get(argument.name, "") if argument.place != "body" else ""
        told.append((name, words or argument.schema.get("description", "")))
    for expected, found in documentation_differs(operation, method, told):
        yield "documentation", expected, found


def _twin(
    operation: OperationSpec, method: Method, arguments: list[Documented], caller: Caller
) -> Iterator[tuple[str, object, object]]:
    """The asyncio client's method is the same, but for what must be awaited; and what both give."""
    client = async_twin(caller.client)("sk_contract")
    other = getattr(type(getattr(client, method.resource)), method.name, None)
    sync = inspect.signature(method.function)
    yield "async", method.kind != "iterate", inspect.iscoroutinefunction(other)
    if other is not None:
        twin = inspect.signature(other)
        returned = str(twin.return_annotation).removeprefix("Async")
        yield "async", (sync.parameters, sync.return_annotation), (twin.parameters, returned)
        yield "async", method.doc, inspect.getdoc(other)
    model, annotation = method.operation.model(), method.signature.return_annotation
    around = {"page": Page, "iterate": PageIterator, "many": list, "one": None}
    if method.kind in around:
        if NoneType in get_args(annotation):  # where the data may be null
            annotation = get_args(annotation)[0]
        outer, inner = get_origin(annotation), [*get_args(annotation), annotation][0]
        row = model | None if method.operation.null_rows else model
        yield "returns", (around[method.kind], row), (outer, inner)
