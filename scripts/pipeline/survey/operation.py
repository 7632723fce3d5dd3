"""What is understood of one operation, read from its facts and its method; nothing is inferred."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from keyapi._client import SyncClient
from keyapi._clients import methods
from keyapi._facts import OperationFacts
from keyapi._openapi import find_operation, named_schemas
from keyapi.specification import Argument, Specification
from pipeline.difference.reach import roles
from pipeline.survey.data import NOTHING, UNTYPED, Data, data_of

BOUNDS = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minItems", "maxItems", "maxLength", "pattern", "format"),
)
"""What limits a value, among the keywords of a schema. `minLength` is left out: shape adds it."""
_DEEPEST = 8  # a schema may contain itself


@dataclass(frozen=True)
class Understood:
    """What is understood of an operation.

    Attributes:
        method: Its method, as `video.search`.
        returns: The method's return type, as it is annotated.
        data: What is known of the response's data.
        arguments: Its parameters and the properties of its body, those inside objects and lists,
            too: as `filter.field` and `kinds[]`.
        facts: How it pages, sorts and filters, and what it costs.
    """

    method: str
    returns: str
    data: Data
    arguments: tuple[Argument, ...]
    facts: OperationFacts

    @property
    def paging(self) -> dict[str, Any] | None:
        """How it pages: `kind` and `parameter`, and all else that its facts hold."""
        paging = self.facts.paging
        if paging is None:
            return None
        rest = {k: v for k, v in paging.to_document().items() if k not in ("kind", paging.kind)}
        return {"kind": paging.kind, "parameter": paging.position, **rest}

    def to_document(self) -> dict[str, Any]:
        """Write it as JSON data."""
        facts = self.facts
        return {
            "method": self.method,
            "returns": self.returns,
            "data": {
                "kind": self.data.kind,
                "properties": self.data.properties,
                "any": self.data.untyped,
                "any_share": round(self.data.share, 3),
            },
            "parameters": [_argument(argument) for argument in self.arguments],
            "items": list(facts.items) if facts.items else None,
            "paging": self.paging,
            "sort": facts.sort.to_document() if facts.sort else None,
            "filters": dict(facts.filters),
            "echoes": list(facts.echoes),
            "ids": dict(facts.ids),
            "identity": facts.identity,
            "credits": facts.credits,
        }


def understood(specification: Specification, client: type[SyncClient]) -> Understood:
    """Read what is understood of the one operation of a specification and client.

    Args:
        specification: An effective specification with one operation; see `only`.
        client: The client made from it.
    """
    (operation,) = specification
    method = next(method for method in methods(client) if method.kind != "iterate")
    returns = str(inspect.signature(method.function).return_annotation)
    data = data_of(specification, operation)
    if returns == "None":
        data = data._replace(kind=NOTHING)
    if returns == "Any":  # whatever the specification knows, users are not told
        data = data._replace(kind=UNTYPED)
    return Understood(
        f"{method.resource}.{method.name}",
        returns,
        data,
        tuple(
            inner
            for argument in operation.arguments.values()
            for inner in _with_inner(specification, argument)
        ),
        OperationFacts.of(operation.node),
    )


def only(spec: dict[str, Any], operation: str) -> dict[str, Any]:
    """Cut a specification down to one operation and the schemas that it uses.

    Args:
        spec: The effective specification.
        operation: The operation, as `GET /v1/…`.
    """
    method, path = operation.lower().partition(" ")[0], operation.partition(" ")[2]
    found = find_operation(spec, method, path)
    item = {method: found.node} if found else {}
    cut: dict[str, Any] = {**spec, "paths": {path: item}}
    used = roles(cut)
    schemas = {name: schema for name, schema in named_schemas(spec).items() if name in used}
    return {**cut, "components": {**spec.get("components", {}), "schemas": schemas}}


def counts(arguments: Iterable[Argument]) -> tuple[int, int, int]:
    """How many parameters have an enum, a bound, and a list sent as one comma-joined value."""
    found = [_argument(argument) for argument in arguments]
    return (
        sum("enum" in argument for argument in found),
        sum(any(key in argument for key in BOUNDS) for argument in found),
        sum("comma_list" in argument for argument in found),
    )


def _with_inner(
    specification: Specification, argument: Argument, depth: int = 0
) -> Iterator[Argument]:
    """Yield an argument, and what its objects and lists hold where that has a type of its own."""
    yield argument
    schema = argument.schema
    inner = {f".{name}": child for name, child in schema.get("properties", {}).items()}
    items = specification.resolved(schema.get("items", {}))
    if "enum" in items or "properties" in items:
        inner["[]"] = items
    for name, child in inner.items() if depth < _DEEPEST else ():
        required = name.removeprefix(".") in schema.get("required", ())
        resolved = specification.resolved(child)
        below = Argument(f"{argument.name}{name}", argument.place, required, resolved)
        yield from _with_inner(specification, below, depth + 1)


def _argument(argument: Argument) -> dict[str, Any]:
    """One parameter, as JSON data."""
    schema = argument.schema
    document: dict[str, Any] = {
        "name": argument.name,
        "in": argument.place,
        "required": argument.required,
        "type": schema.get("type"),
    }
    if members := argument.members:
        document["enum"] = members
    document |= {key: schema[key] for key in (*BOUNDS, "default") if key in schema}
    return {**document, "comma_list": True} if argument.delimiter else document
