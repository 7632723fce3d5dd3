"""Faults of single properties and values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from keyapi._facts import JsonText
from keyapi._json import pointer
from keyapi.sandbox.faults._fault import Exchange, Mutant, fault
from keyapi.sandbox.faults._mutation_points import REMOVED, changed

_HUGE = 2**70 + 1  # more than a float holds exactly
_MARK = "\N{OBJECT REPLACEMENT CHARACTER}"  # placeholder for text that no JSON encoder would write


@fault("missing-required")
def missing_required(exchange: Exchange) -> Iterator[Mutant]:
    """A required property is missing."""
    for point in exchange.mutation_points():
        if point.required:
            yield exchange.changed(point.path, REMOVED)


@fault("missing-optional")
def missing_optional(exchange: Exchange) -> Iterator[Mutant]:
    """An optional property is missing."""
    for point in exchange.mutation_points():
        if point.required is False:
            yield exchange.changed(point.path, REMOVED)


@fault("empty-object")
def empty_object(exchange: Exchange) -> Iterator[Mutant]:
    """An object has no properties."""
    for point in exchange.mutation_points():
        if isinstance(point.value, dict) and point.value:
            yield exchange.changed(point.path, {})


@fault("renamed")
def renamed(exchange: Exchange) -> Iterator[Mutant]:
    """A property has a different name."""
    for point in exchange.mutation_points():
        if point.required is not None:
            body = changed(exchange.reply.json, point.path, REMOVED)
            *parent, name = point.path
            renamed = changed(body, (*parent, f"{name}_v2"), point.value)
            yield Mutant(pointer(*point.path, root=""), exchange.reply.with_json(renamed))


@fault("extra-property")
def extra_property(exchange: Exchange) -> Iterator[Mutant]:
    """An object has a property that no page documents."""
    for point in exchange.mutation_points():
        if isinstance(point.value, dict):
            yield exchange.changed((*point.path, "undocumented"), 1)


@fault("integer-as-text")
def integer_as_text(exchange: Exchange) -> Iterator[Mutant]:
    """An integer is sent as a string."""
    yield from _each(exchange, "integer", str)


@fault("integer-as-float")
def integer_as_float(exchange: Exchange) -> Iterator[Mutant]:
    """An integer is sent with a decimal point."""
    yield from _each(exchange, "integer", float)


@fault("number-as-text")
def number_as_text(exchange: Exchange) -> Iterator[Mutant]:
    """A number is sent as a string."""
    yield from _each(exchange, "number", str)


@fault("text-as-integer")
def text_as_integer(exchange: Exchange) -> Iterator[Mutant]:
    """A string, such as an id, is sent as an integer."""
    yield from _each(exchange, "string", lambda text: int(text) if text.isdecimal() else 7)


@fault("null")
def null(exchange: Exchange) -> Iterator[Mutant]:
    """A value is null."""
    for point in exchange.mutation_points():
        leaf = not isinstance(point.value, (dict, list, type(None)))
        if leaf and point.schema.get("type") and not point.schema.get("nullable"):
            yield exchange.changed(point.path, None)


@fault("list-as-null")
def list_as_null(exchange: Exchange) -> Iterator[Mutant]:
    """A list is null."""
    yield from _each(exchange, "array", lambda _: None)


@fault("list-as-object")
def list_as_object(exchange: Exchange) -> Iterator[Mutant]:
    """A list is sent as an object."""
    yield from _each(exchange, "array", lambda rows: {str(n): row for n, row in enumerate(rows)})


@fault("empty-list")
def empty_list(exchange: Exchange) -> Iterator[Mutant]:
    """A list has no items."""
    for point in exchange.mutation_points():
        if isinstance(point.value, list) and point.value:
            yield exchange.changed(point.path, [])


@fault("negative-count")
def negative_count(exchange: Exchange) -> Iterator[Mutant]:
    """A count is below 0."""
    for point in exchange.mutation_points():
        if point.schema.get("type") == "integer" and point.schema.get("minimum") == 0:
            yield exchange.changed(point.path, -1)


@fault("huge-integer")
def huge_integer(exchange: Exchange) -> Iterator[Mutant]:
    """An integer is larger than 64 bits."""
    yield from _each(exchange, "integer", lambda _: _HUGE)


@fault("duplicate-key")
def duplicate_key(exchange: Exchange) -> Iterator[Mutant]:
    """A property occurs twice, with different values."""
    for point in exchange.mutation_points():
        if isinstance(point.value, dict) and point.value:
            name = json.dumps(next(iter(point.value)))
            text = json.dumps(point.value, ensure_ascii=False, separators=(",", ":"))
            doubled = f'{{{name}:"twice",{text[1:]}'
            marked = exchange.changed(point.path, _MARK).reply
            body = marked.body.replace(f'"{_MARK}"'.encode(), doubled.encode())
            yield Mutant(pointer(*point.path, root=""), replace(exchange.reply, body=body))


@fault("damaged-json-text")
def damaged_json_text(exchange: Exchange) -> Iterator[Mutant]:
    """JSON inside a string is cut short."""
    for point in exchange.mutation_points():
        if JsonText.of(point.schema) is not None and isinstance(point.value, str):
            yield exchange.changed(point.path, point.value[:-1])


def _each(exchange: Exchange, kind: str, change: Callable[[Any], Any]) -> Iterator[Mutant]:
    """Yield the answer with each value of a type changed."""
    for point in exchange.mutation_points():
        if point.schema.get("type") == kind and point.value is not None:
            yield exchange.changed(point.path, change(point.value))
