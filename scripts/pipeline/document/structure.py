"""What the parts of an OpenAPI document are: names, data, extensions, or further parts.

A property may be called `example`, `$ref` or `x-y`; whoever walks a document must know whether a
key is a word of OpenAPI or a name that somebody chose. That is decided here, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from keyapi._json import pointer
from keyapi._openapi import path_items
from pipeline.errors import PipelineError

Role = Literal["named", "data", "extension", "part"]

# Keys whose mapping's keys are names.
_NAME_MAPS = frozenset(
    {
        *("properties", "patternProperties", "schemas", "parameters", "responses"),
        *("requestBodies", "headers", "securitySchemes", "links", "content"),
    }
)
_DATA = frozenset({"example", "examples", "default"})

_OBJECT: tuple[type, ...] = (dict,)
_LIST: tuple[type, ...] = (list,)
_TEXT: tuple[type, ...] = (str,)
_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("components", "info", "requestBody", "schema", "not"), _OBJECT),
    **dict.fromkeys(("properties", "patternProperties", "content", "responses"), _OBJECT),
    **dict.fromkeys(("securitySchemes", "schemas", "headers", "requestBodies"), _OBJECT),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "security", "servers", "tags", "enum"), _LIST),
    **dict.fromkeys(("description", "summary", "title", "name", "operationId"), _TEXT),
    **dict.fromkeys(("$ref", "style", "url"), _TEXT),
    "in": (str, type(None)),  # one without a place is refused in better words
    "additionalProperties": (dict, bool),
    "items": (dict, bool),  # as in OpenAPI 3.1: any, or none beside `prefixItems`
    "parameters": (list, dict),
    "required": (list, bool),
    "type": (str, list),
}
# Lists of these hold objects only.
_OF_SCHEMAS = frozenset({"allOf", "anyOf", "oneOf"})
_OF_OBJECTS = _OF_SCHEMAS | {"security", "servers", "parameters"}


def fields(node: dict[str, Any], *, names: bool) -> Iterator[tuple[str, Any, Role, bool]]:
    """Yield each entry of an object with its role.

    Args:
        node: The object.
        names: Whether its keys are names.

    Yields:
        Key, value, role, and whether the keys of the value are names in turn. "data" is an example
        or a default, "extension" a publisher's `x-…`; neither is looked into.
    """
    for key, value in list(node.items()):
        if names:
            yield key, value, "named", False
        elif key in _DATA:
            yield key, value, "data", False
        elif key.startswith("x-"):
            yield key, value, "extension", False
        else:
            yield key, value, "part", key in _NAME_MAPS and isinstance(value, dict)


def require_structure(document: dict[str, Any], where: str, remedy: str) -> None:
    """Check that each OpenAPI keyword has a value of the right kind.

    Every later step relies on it.

    Args:
        document: The document.
        where: Name of the file, for errors.
        remedy: What to do about a wrong value.

    Raises:
        PipelineError: A value has the wrong kind; the error has its pointer.
    """

    def refuse(problem: str, at: tuple[str | int, ...]) -> None:
        raise PipelineError(problem, where=where, pointer=pointer(*at), remedy=remedy)

    def check(node: Any, at: tuple[str | int, ...], *, names: bool = False) -> None:
        if isinstance(node, list):
            for index, item in enumerate(node):
                check(item, (*at, index))
            return
        if not isinstance(node, dict):
            return
        for key, value, role, names_below in fields(node, names=names):
            here = (*at, key)
            schema = at and at[-1] == "properties" and isinstance(value, bool)
            if role == "named" and not (
                isinstance(value, dict) or schema or at[-1] == "parameters"
            ):
                refuse(f"it is {_kind(value)}, not an object", here)
            if role == "part" and not isinstance(value, _TYPES.get(key, (object,))):
                refuse(f"`{key}` is {_kind(value)}, which is not allowed", here)
            if key == "parameters" and names_below and at != ("components",):
                refuse("`parameters` is an object, not a list", here)
            if role == "part" and key in _OF_OBJECTS and isinstance(value, list):
                for index, item in enumerate(value):
                    if key in _OF_SCHEMAS and isinstance(item, bool):
                        continue  # as in OpenAPI 3.1: any value, or none
                    if not isinstance(item, dict):
                        refuse(f"it is {_kind(item)}, not an object", (*here, index))
                    if key == "parameters" and "$ref" not in item and not item.get("name"):
                        refuse("the parameter has no name", (*here, index))
            if role in ("named", "part"):
                check(value, here, names=names_below)

    if not isinstance(document.get("paths"), dict):
        refuse("there are no paths", ())
    for path, item in path_items(document):
        if not isinstance(item, dict):
            refuse("the path is not an object", ("paths", path))
    check(document, ())


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", type(None): "null"}
    return kinds.get(type(value), type(value).__name__)
