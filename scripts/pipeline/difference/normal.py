"""The normal form of a specification: what can be written in several ways is written in one.

Two specifications with the same normal form mean the same, so no difference between them counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeGuard

from keyapi._facts import JsonText
from keyapi._openapi import METHODS, named_schemas, path_items

_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
# Fixed fields whose absence means this value (OpenAPI 3.0.3, Parameter, Request Body, Operation and
# Schema Object; JSON Schema validation, draft 5).
_OFF = {"required": False, "deprecated": False}
_PARAMETER = {**_OFF, "allowEmptyValue": False, "allowReserved": False}
_SCHEMA = {
    **dict.fromkeys(("nullable", "readOnly", "writeOnly", "deprecated", "uniqueItems"), False),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), False),
    **dict.fromkeys(("minLength", "minItems", "minProperties"), 0),
}
_BOUNDS = {"exclusiveMinimum": ("minimum", max), "exclusiveMaximum": ("maximum", min)}
_LISTS = ("allOf", "anyOf", "oneOf")
_CHILDREN = ("items", "additionalProperties", "not")


def normal(spec: dict[str, Any]) -> dict[str, Any]:
    """Give the normal form of a specification.

    Whole numbers are integers, however they were written (`1.0`, `1e3`). Fields that say what
    their absence says are left out: default styles, flags that are off, lengths of at least 0. An
    exclusive bound has the form of OpenAPI 3.0, a flag beside the bound.

    Args:
        spec: An effective specification; it is not changed.

    Returns:
        A copy in which every other value, and each value's place, is the same.
    """
    result: dict[str, Any] = _with_integers(spec)
    for _, item in path_items(result):
        nodes = [item, *(item[key] for key in METHODS if isinstance(item.get(key), dict))]
        for node in nodes:
            _operation(node)
    for schema in named_schemas(result).values():
        _schema(schema)
    return result


def _with_integers(value: Any) -> Any:
    """A copy of a value in which equal numbers are written the same way."""
    if isinstance(value, dict):
        return {key: _with_integers(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_with_integers(child) for child in value]
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value


def _operation(node: dict[str, Any]) -> None:
    _drop(node, {"deprecated": False})
    parameters = node.get("parameters")
    for parameter in parameters if isinstance(parameters, list) else ():
        if isinstance(parameter, dict):
            _parameter(parameter)
    responses = node.get("responses")
    bodies = [node.get("requestBody")]
    bodies += responses.values() if isinstance(responses, dict) else ()
    for body in bodies:
        if isinstance(body, dict):
            _drop(body, _OFF)
            for media in _objects(body.get("content")):
                _schema(media.get("schema"))
                for encoding in _objects(media.get("encoding")):
                    _style(encoding, "form")


def _parameter(parameter: dict[str, Any]) -> None:
    _style(parameter, _STYLES.get(str(parameter.get("in")), ""))
    _drop(parameter, _PARAMETER)
    _schema(parameter.get("schema"))
    for media in _objects(parameter.get("content")):
        _schema(media.get("schema"))


def _style(node: dict[str, Any], default: str) -> None:
    """Leave out how a value is written into the URL where that is the default."""
    style = node.get("style", default)
    _drop(node, {"style": default, "explode": style == "form"})


def _schema(schema: Any) -> None:
    if not isinstance(schema, dict):
        return
    for flag, (bound, tighter) in _BOUNDS.items():
        limit = schema.get(flag)
        beside = schema.get(bound, limit)
        if _is_number(limit) and _is_number(beside):
            if tighter(beside, limit) == limit:
                schema.update({bound: limit, flag: True})
            else:
                del schema[flag]
    _drop(schema, _SCHEMA)
    for child in _below(schema):
        _schema(child)
    text = JsonText.of(schema)
    if text is not None:
        _schema(text.decoded)


def _below(schema: dict[str, Any]) -> Iterator[Any]:
    yield from _objects(schema.get("properties"))
    for key in _LISTS:
        choices = schema.get(key)
        yield from choices if isinstance(choices, list) else ()
    for key in _CHILDREN:
        yield schema.get(key)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    for child in node.values() if isinstance(node, dict) else ():
        if isinstance(child, dict):
            yield child


def _drop(node: dict[str, Any], defaults: dict[str, Any]) -> None:
    for key, default in defaults.items():
        if key in node and type(node[key]) is type(default) and node[key] == default:
            del node[key]
