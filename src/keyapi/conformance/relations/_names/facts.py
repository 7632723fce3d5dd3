"""What the runtime is told: the facts of an operation, and the options of a client."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from pkgutil import iter_modules
from types import ModuleType, NoneType
from typing import Any, Literal, get_origin

import httpx

import keyapi
from keyapi import _errors
from keyapi._clients import async_twin
from keyapi._openapi import NO_CONTENT, is_success
from keyapi._options import OPTIONS
from keyapi._paging import Cursor, PageNumbers
from keyapi._unchanged import UNCHANGED
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations._names.surface import Documented, documented, result_of
from keyapi.conformance.relations._names.types import option_types
from keyapi.conformance.relations._probes import is_map, only
from keyapi.conformance.relations._shared import CasesCompared, may_be_null
from keyapi.specification import OperationSpec, Schema, Specification

_RECEIVED: dict[Any, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
}
_OPTIONS: dict[str, Any] = {
    "token": "sk_another",
    "base_url": "https://another.example",
    "timeout": 7.5,
    "deadline": 8.5,
    "max_retries": 9,
    "rate": "10/s",
    "max_credits": 11,
    "quota_cooldown": 12.5,
    "cache": {"path": "another", "ttl": 13},
    "contract": "warn",
    "check_arguments": False,
    "transport": httpx.MockTransport(lambda request: httpx.Response(200)),
    "httpx_args": {"headers": {"x-another": "14"}},
}
"""A value of each option that is neither its default nor another's."""


def operation_as_documented(
    specification: Specification, operation: OperationSpec, caller: Caller
) -> CasesCompared:
    """Compare what the runtime is told of an operation with what the specification says.

    Args:
        specification: Where references lead.
        operation: The operation.
        caller: The client.
    """
    method = caller.methods[operation.name, False]
    told: Any = method.operation
    arguments = documented(operation, [*method.wire])
    in_query = [a for a in arguments if a.argument.place == "query"]
    joined = {a.name: a.argument.delimiter for a in in_query if a.argument.delimiter}
    kind, _, data = result_of(specification, operation)
    null = may_be_null(data)
    rows = specification.present(data).get("items", {}) if kind in ("page", "many") else {}
    empty = not operation.schema(operation.success) and all(
        status in map(str, NO_CONTENT) for status in operation.statuses if is_success(status)
    )
    received, maps = _data(specification, data) if kind == "data" else ((), 0)
    told_more = operation.paging is not None and bool(operation.paging.more)
    expected = {
        "name": operation.name,
        "method": operation.method,
        "path": operation.path,
        "credits": operation.credits,
        "items": operation.items or ("data",),
        "required": {a.name for a in arguments if a.argument.required},
        "query": {a.name: a.wire for a in in_query if a.name != a.wire},
        "path_parameters": {a.name: a.wire for a in arguments if a.argument.place == "path"},
        "body": {a.name: a.wire for a in arguments if a.argument.place == "body"},
        "comma_joined": {name for name, joint in joined.items() if joint == ","},
        "delimiters": {name: joint for name, joint in joined.items() if joint != ","},
        "secured": operation.secured,
        "received": (NoneType,) if empty else received,
        "nullable": null and (kind != "data" or bool(received)) and not told_more and not empty,
        "null_rows": may_be_null(rows),
        "maps": maps,
    }
    for fact, value in expected.items():
        yield "operation", fact, value, getattr(told, fact)
    walked = caller.methods.get((operation.name, True), method).operation
    yield "operation", "walk", told, walked
    if operation.paging is not None:
        yield "operation", "paging", _paging(operation, arguments), getattr(told, "paging", None)


def _models(package: ModuleType) -> dict[str, Any]:
    """The models and enums that modules of a package define, and what it lists of other types."""
    models, found = package.models, {}
    listed = {*package.__all__, *models.__all__}
    for each in iter_modules(models.__path__):
        module = import_module(f"{models.__name__}.{each.name}")
        for name, value in vars(module).items():
            own = getattr(value, "__module__", "") == module.__name__
            if (own and isinstance(value, type)) or (
                name in listed and get_origin(value) is Literal
            ):
                found[name] = value
    return found


def _at_the_top(client: type) -> dict[str, Any]:
    """What a package offers besides: its clients, the errors, pages, walks and budgets."""
    errors = {name: value for name, value in vars(_errors).items() if _is_error(value)}
    shared = (keyapi.Page, keyapi.PageIterator, keyapi.AsyncPageIterator, keyapi.Budget)
    return errors | {each.__name__: each for each in (client, async_twin(client), *shared)}


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, keyapi.KeyAPIError)


def _own_name(module: Any, name: str) -> str:
    """The name that what a module offers has of itself; the type of members' names has none."""
    offered = getattr(module, name)
    return name if get_origin(offered) is Literal else getattr(offered, "__name__", "")


def _data(specification: Specification, data: Schema) -> tuple[tuple[type, ...], int]:
    """Types that data may have as decoded, and how many maps lie around the objects in it."""
    schema, maps = only(specification, data), 0
    kind = schema.get("type")
    received = (dict,) if kind == "object" and is_map(schema) else _RECEIVED.get(kind, ())
    while is_map(schema):
        maps, schema = maps + 1, only(specification, schema["additionalProperties"])
    return received, maps


def _paging(operation: OperationSpec, arguments: list[Documented]) -> Any:
    """How the runtime must page."""
    paging = operation.paging
    assert paging is not None
    position = next(a for a in arguments if a.wire == paging.position)
    size = next((a.name for a in arguments if a.wire == paging.size), None)
    common: dict[str, Any] = {
        "parameter": position.name,
        "size": size,
        "largest": paging.largest,
        "more": paging.more,
        "says": paging.says,
    }
    if paging.kind == "page":
        last = position.argument.schema.get("maximum")
        return PageNumbers(first=int(paging.start or 0), last=last, **common)
    kinds = {"integer": int, "number": int, "array": list}
    schema = position.argument.schema
    kind: Any = kinds.get(schema.get("type", ""), str)
    of_texts = kind is list and schema.get("items", {}).get("type") == "string"
    items = str if of_texts else None
    return Cursor(next=paging.next, type=kind, items=items, **common)


def client_as_declared(
    specification: Specification, operation: OperationSpec, caller: Caller
) -> CasesCompared:
    """Compare what a client does with its options with how the runtime declares them.

    Args:
        specification: The specification, which names the server.
        operation: The operation whose resource is looked at.
        caller: The client.
    """
    package = import_module(caller.client._package)
    models = _models(package)
    top = _at_the_top(caller.client) | models
    for module, promised in ((package, top), (package.models, models)):
        names = {*module.__all__} & {*dir(module)}
        there = {n for n in names if getattr(module, n, None) is promised.get(n)}
        yield module.__name__, "export", sorted(promised.keys() - there), []
        found = {name: _own_name(module, name) for name in module.__all__}
        yield module.__name__, "export", {name: name for name in module.__all__}, found
    yield package.__name__, "export", keyapi.__version__, package.__version__
    types = import_module(f"{caller.client._package}.types")
    response = [field.name for field in fields(types.Response)]
    expected = [False, "status_code", "content", "headers", "parsed"]
    yield types.__name__, "low-level", expected, [bool(types.UNSET), *response]
    usable = {
        name: value
        for name, value in _OPTIONS.items()
        if OPTIONS[name].requires is None or find_spec(str(OPTIONS[name].requires))
    }
    kinds: tuple[Any, ...] = (caller.client, async_twin(caller.client))
    for kind in kinds:
        yield (
            kind.__name__,
            "server",
            specification.document["servers"][0]["url"],
            kind.default_base_url,
        )
        for case, declared, annotated in option_types(kind):
            yield case, "option-type", declared, annotated
        for function, defaults in (
            (kind.__init__, {name: option.default for name, option in OPTIONS.items()}),
            (kind.with_options, dict.fromkeys(OPTIONS, UNCHANGED)),
        ):
            found = {
                name: parameter.default
                for name, parameter in signature(function).parameters.items()
                if name != "self"
            }
            yield kind.__name__, "option", defaults, found
        made, changed = kind(**usable), kind("sk_contract").with_options(**usable)
        for client in (made, changed):
            yield (
                kind.__name__,
                "option",
                usable,
                {name: client._options.get(name) for name in usable},
            )
