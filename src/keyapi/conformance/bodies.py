"""Answers around the documented one: at every place of a schema, all that tells schemas apart.

They are the same on every run, and stand where random ones seldom fall: at a bound and beyond it,
at each value of an enum and at another one, with a property more and with one less.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from keyapi._facts import JsonText
from keyapi.conformance.judge import JSON, ServerAnswer
from keyapi.sandbox._values import Chance, value
from keyapi.specification import OperationSpec, Schema, Specification

_OF_EVERY_TYPE: tuple[Any, ...] = (None, True, 7, 7.5, "another", [], {})
_STEPS = {"minimum": -1, "maximum": 1}  # what is beyond a bound
_DEEPEST = 8  # a schema may contain itself


def answers(specification: Specification, operation: OperationSpec) -> Iterator[ServerAnswer]:
    """Yield answers under each documented status: the documented one, then good and bad ones.

    Args:
        specification: The specification.
        operation: One of its operations.
    """
    for key in operation.statuses:
        status = str(operation.success_status) if key == operation.success else key
        schema = operation.schema(status)
        if schema is None or not status.isdigit():
            continue  # of a range of errors, no one status is documented
        seen: set[bytes] = set()
        whole = documented(specification, operation, status)
        for body in (whole, *_variants(specification, schema, whole)):
            content = json.dumps(body).encode()
            if content not in seen:
                seen.add(content)
                yield ServerAnswer(int(status), JSON, content)


def documented(specification: Specification, operation: OperationSpec, status: str) -> Any:
    """The documented body under a status, or a plausible one, whose lists have rows."""
    body = operation.example(status)
    if body is not None:
        return body
    chance = Chance(0, operation.name, status)
    body = value(specification, operation.schema(status) or {}, "", None, chance)
    if isinstance(body, dict) and "code" in body:
        body["code"] = 0 if int(status) == operation.success_status else int(status)
    return body


def _variants(
    specification: Specification, schema: Schema, whole: Any, depth: int = 0
) -> Iterator[Any]:
    """Yield a value with one thing in it changed."""
    schema = specification.resolved(schema)
    yield from (other for other in _OF_EVERY_TYPE if other != whole or other is not whole)
    yield from _at_limits(schema)
    if depth > _DEEPEST:
        return
    for key in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(key, ()):
            yield from _variants(specification, part, whole, depth + 1)
    if isinstance(whole, dict):
        yield from _other_objects(specification, schema, whole, depth)
    elif isinstance(whole, list) and whole:
        for other in _variants(specification, schema.get("items", {}), whole[0], depth + 1):
            yield [other, *whole[1:]]
        yield [*whole, whole[0]]
    text = JsonText.of(schema)
    if text is not None and isinstance(whole, str):
        yield from ("", whole[:-1])
        for other in _variants(specification, text.decoded or {}, _read(whole), depth + 1):
            yield json.dumps(other)


def _at_limits(schema: Schema) -> Iterator[Any]:
    """Yield the values at which an enum or a bound lets something pass, and beyond."""
    yield from schema.get("enum", ())
    for keyword, step in _STEPS.items():
        if keyword in schema:
            yield from (schema[keyword], schema[keyword] + step, schema[keyword] - step)
    for keyword in ("minLength", "maxLength"):
        if keyword in schema:
            length = schema[keyword]
            yield from ("x" * max(0, number) for number in (length - 1, length, length + 1))
    for keyword in ("minItems", "maxItems"):
        if keyword in schema:
            number = schema[keyword]
            yield from ([None] * max(0, count) for count in (number - 1, number, number + 1))


def _other_objects(
    specification: Specification, schema: Schema, whole: Mapping[str, Any], depth: int
) -> Iterator[Any]:
    properties = schema.get("properties", {})
    yield {**whole, "undocumented": 1}
    for name in {**properties, **whole}:
        without = {key: child for key, child in whole.items() if key != name}
        child = properties.get(name, {})
        if name in whole:
            yield without
            inner = whole[name]
        else:
            inner = value(specification, child, name, None, Chance(0, name))
            yield {**whole, name: inner}
        for other in _variants(specification, child, inner, depth + 1):
            yield {**whole, name: other}


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
