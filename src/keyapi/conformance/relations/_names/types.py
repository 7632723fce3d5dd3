"""Types of arguments: what type checkers and `inspect.signature` show of methods and options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from importlib import import_module
from inspect import signature
from types import NoneType
from typing import Any, get_args, get_origin

from keyapi._arguments import Unset
from keyapi._clients import async_twin
from keyapi._models import Model
from keyapi._options import OPTIONS
from keyapi.conformance.drivers._clients import Caller, choices
from keyapi.conformance.relations._shared import CasesCompared
from keyapi.conformance.spelling import spelled
from keyapi.specification import OperationSpec, Schema, Specification

_ANYTHING = "anything"
_SCALARS = {"integer": int, "number": float, "boolean": bool, "string": str}
_NAMES = {kind: name for name, kind in _SCALARS.items()}
_OBJECTS = (dict, Model)
_MODULES = re.compile(r"\b(?:[a-z_]\w*\.)+(?=\w)")
_FUNCTIONS = (("sync", "sync_detailed"), ("asyncio", "asyncio_detailed"))


def argument_type(
    operation: OperationSpec, schema: Schema, annotation: Any
) -> tuple[object, object]:
    """Give what an argument's schema allows, and what its annotation does, in the same words.

    Args:
        operation: The operation, which resolves references.
        schema: The argument's schema.
        annotation: Its type in Python, evaluated.
    """
    expected = _of_schema(operation, schema)
    return expected, expected if _ANYTHING in expected else _of_annotation(annotation)


def _of_schema(operation: OperationSpec, schema: Schema) -> str:
    schema = operation.resolved(schema)
    kind = schema.get("type", _ANYTHING)
    if "enum" in schema:
        return "enum"
    if kind == "array":
        return f"array of {_of_schema(operation, schema.get('items', {}))}"
    return str(kind)


def _of_annotation(annotation: Any) -> str:
    kinds = [kind for kind in choices(annotation) if kind not in (NoneType, Unset)]
    return " or ".join(map(_name, kinds))


def _name(kind: Any) -> str:
    origin = get_origin(kind) or kind
    if origin in (list, Sequence):
        return f"array of {_of_annotation(get_args(kind)[0])}"
    if isinstance(origin, type) and issubclass(origin, Enum):
        return "enum"
    if isinstance(origin, type) and issubclass(origin, _OBJECTS):
        return "object"
    return _NAMES.get(origin, str(kind))


def option_types(kind: Any) -> Iterator[tuple[str, object, object]]:
    """Compare the types of a client's options with those that the runtime declares.

    Args:
        kind: The client's class.

    Yields:
        What was looked at, expected and found.
    """
    prefix = "Async" if kind._is_async else ""
    declared = {
        name: _MODULES.sub("", option.type.replace("{Async}", prefix))
        for name, option in OPTIONS.items()
    }
    for function in (kind.__init__, kind.with_options):
        parameters = signature(function).parameters
        found = {name: parameters[name].annotation for name in declared if name in parameters}
        found = {name: str(text).replace("'", '"') for name, text in found.items()}
        yield f"{kind.__name__}.{function.__name__}", declared, found


def low_level_types(
    specification: Specification, operation: OperationSpec, caller: Caller
) -> CasesCompared:
    """Compare the signatures of an operation's low-level functions with one another.

    Args:
        specification: The specification.
        operation: The operation.
        caller: The client whose package has them.

    Yields:
        What was looked at, rule, expected and found.
    """
    package = caller.client._package
    name = f"{package}.api.{operation.resource}.{operation.name}"
    try:
        module = import_module(name)
    except ImportError:
        return  # which others find
    whole = signature(module.sync_detailed)
    response = whole.return_annotation
    kind = import_module(f"{package}.types").Response
    yield f"{name}.sync_detailed", "returns", kind, get_origin(response)
    for argument in operation.arguments.values():
        names = spelled(whole.parameters, f"{argument.name}_{argument.place}")
        names = names or spelled(whole.parameters, argument.name)
        if argument.place != "body" and names:
            annotation = whole.parameters[names[0]].annotation
            expected, found = argument_type(operation, argument.schema, annotation)
            unset = Unset in get_args(annotation)
            case = f"{name}.sync_detailed"
            yield case, "argument-type", (names[0], expected), (names[0], found)
            yield case, "argument-type", (names[0], argument.required), (names[0], not unset)
    clients = caller.client, async_twin(caller.client)
    for client, functions in zip(clients, _FUNCTIONS, strict=True):
        for function in filter(vars(module).__contains__, functions):
            got = signature(getattr(module, function))
            parameters = dict(whole.parameters)
            parameters["client"] = parameters["client"].replace(annotation=client)
            returned = response if "detailed" in function else get_args(response)[0] | None
            yield f"{name}.{function}", "argument-type", parameters, dict(got.parameters)
            yield f"{name}.{function}", "returns", returned, got.return_annotation
