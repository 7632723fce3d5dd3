"""The specification while the rules work on it, and the walk every rule shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from keyapi._openapi import OperationNode, find_operation
from pipeline.errors import PipelineError, one_line

Schema = dict[str, Any]
# Where a schema holds further ones.
_MAPS = ("properties", "patternProperties")
_SINGLE = ("items", "additionalProperties", "not")
_LISTS = ("allOf", "anyOf", "oneOf")
_HOLDERS = frozenset({*_MAPS, *_SINGLE, *_LISTS})  # most schemas hold none
_LONGEST = 400  # characters of a note, which may repeat what a page holds


@dataclass(frozen=True)
class Operation(OperationNode):
    """One operation of the draft.

    Attributes:
        page: Name of the page that published it, for errors.
        credits: What a request costs, or None where the page does not say.
    """

    page: str
    credits: int | None

    def refused(self, problem: str, *keys: str | int, remedy: str) -> PipelineError:
        """An error about a place in this operation."""
        return PipelineError(problem, where=self.page, pointer=self.at(*keys), remedy=remedy)


@dataclass
class Draft:
    """A specification in the making.

    Attributes:
        spec: The document; rules edit it.
        entries: The lock's entries by operation, in the order they were added.
        client_class: Name of the client class.
        notes: What could not be understood, for the maintainer to read.
    """

    spec: dict[str, Any]
    entries: dict[str, dict[str, Any]]
    client_class: str
    notes: list[str] = field(default_factory=list)

    def operations(self) -> Iterator[Operation]:
        """Operations in the order their pages were added, so that names stay stable."""
        for key, entry in self.entries.items():
            method, path = key.split(" ")
            found = find_operation(self.spec, method.lower(), path)
            if found is not None:  # an overlay may have removed it
                yield Operation(path, found.method, found.node, entry["page"], entry["credits"])

    def note(self, operation: Operation, problem: str, *keys: str | int) -> None:
        """Report what could not be understood."""
        place = one_line(f"{operation.page} {operation.at(*keys)}", _LONGEST)
        self.notes.append(f"{place}: {one_line(problem, _LONGEST)}.")


def each_schema(schema: Any, visit: Callable[[Schema], None]) -> None:
    """Call `visit` for a schema and every schema inside it, outermost first."""
    if not isinstance(schema, dict):
        return
    visit(schema)
    if _HOLDERS.isdisjoint(schema):
        return
    for key in _MAPS:
        if key in schema:
            for child in list(schema[key].values()):
                each_schema(child, visit)
    for key in _SINGLE:
        if key in schema:
            each_schema(schema[key], visit)
    for key in _LISTS:
        if key in schema:
            for child in schema[key]:
                each_schema(child, visit)


class Located(NamedTuple):
    """A schema of an operation, with its place.

    Attributes:
        operation: The operation.
        schema: The schema.
        at: The keys that lead to it from the operation.
        sent: Whether it is of a request.
    """

    operation: Operation
    schema: Schema
    at: tuple[str | int, ...]
    sent: bool


def outermost_schemas(operation: Operation) -> Iterator[Located]:
    """Yield the outermost schema of each parameter, of the body and of each response."""
    for index, _, schema in operation.parameters():
        yield Located(operation, schema, ("parameters", index, "schema"), sent=True)
    holders: list[tuple[dict[str, Any], tuple[str, ...]]] = [
        (operation.node.get("requestBody", {}), ("requestBody",))
    ]
    for status, response in operation.node["responses"].items():
        holders.append((response, ("responses", status)))
    for holder, at in holders:
        for kind, media in holder.get("content", {}).items():
            schema, keys = media.setdefault("schema", {}), (*at, "content", kind, "schema")
            yield Located(operation, schema, keys, sent=at[0] == "requestBody")


def all_schemas(draft: Draft) -> Iterator[Located]:
    """Yield every schema of every operation, outermost first; a rule may edit it meanwhile."""
    for operation in draft.operations():
        for outermost in outermost_schemas(operation):
            yield from _with_inner(outermost)


def visit_all(draft: Draft, visit: Callable[[Schema], None]) -> None:
    """Call `visit` for what `all_schemas` yields, in that order, where its place is not asked."""
    for operation in draft.operations():
        for outermost in outermost_schemas(operation):
            each_schema(outermost.schema, visit)


def _with_inner(outermost: Located) -> Iterator[Located]:
    operation, _, _, sent = outermost
    waiting = [outermost]
    while waiting:
        located = waiting.pop()
        schema, at = located.schema, located.at
        if not isinstance(schema, dict):
            continue
        yield located
        if _HOLDERS.isdisjoint(schema):
            continue
        inner: list[Located] = []
        for key in _MAPS:
            children = schema.get(key, {}).items()
            inner += [Located(operation, each, (*at, key, name), sent) for name, each in children]
        for key in _SINGLE:
            if key in schema:
                inner.append(Located(operation, schema[key], (*at, key), sent))
        for key in _LISTS:
            parts = enumerate(schema.get(key, ()))
            inner += [Located(operation, each, (*at, key, index), sent) for index, each in parts]
        inner.reverse()
        waiting += inner


def resource_rows(media: dict[str, Any] | None, items: tuple[str, ...] | None) -> Schema | None:
    """The schema of a row: of an item of the list at the path `items`."""
    if media is None or items is None:
        return None
    schema: Schema = media["schema"]
    for key in items:
        schema = schema["properties"][key]
    row: Schema = schema["items"]
    return row
