"""Say in words why a specification is not valid OpenAPI 3.0, and where.

The validator's own messages repeat whole parts of the document, and for a part that may have
several forms they do not say what is wrong with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from jsonschema import (  # type: ignore[import-untyped]  # it ships no types
    Draft4Validator,
    ValidationError,
)
from openapi_spec_validator import OpenAPIV30SpecValidator
from openapi_spec_validator.schemas import schema_v30

from keyapi._facts import EXTENSION
from keyapi._json import pointer
from pipeline.document.structure import fields

_JSON = re.compile(r"^([^\[{]*+)[\[{].*[\]}]")
_SHOWN = 80  # characters of a message of another validator


def problem_of(spec: dict[str, Any]) -> tuple[str, str] | None:
    """Find out why a specification is not valid; None where it is.

    Args:
        spec: The specification.

    Returns:
        What is wrong, in words, and the JSON pointer to the place; the pointer is `#` where only
        the whole is known to be wrong.
    """
    spec = _lean(spec)
    error = next(iter(OpenAPIV30SpecValidator(spec).iter_errors()), None)
    if error is None:
        return None
    structural = next(Draft4Validator(schema_v30).iter_errors(spec), None)
    if structural is None:  # a default, a pattern, or parameters that contradict each other
        if isinstance(error.validator, str) and error.absolute_path:
            return _words(error), pointer()
        text = " ".join(str(error.message).split())
        return _JSON.sub(r"\1…", text)[:_SHOWN], pointer()
    cause = _cause(structural)
    return _words(cause), pointer(*cause.absolute_path)


def _lean(spec: dict[str, Any]) -> dict[str, Any]:
    """A specification that is valid if, and only if, another one is, with fewer properties.

    The validator takes quadratic time for the number of schemas: seconds for 10,000. What is
    certainly valid is left out, unless it takes part in what a default is checked against.
    """
    defaults: list[Any] = []

    def lean(node: Any, *, names: bool = False, plain: bool = True) -> Any:
        if isinstance(node, list):
            return [lean(item) for item in node]
        if not isinstance(node, dict):
            return node
        found = {}
        for key, value, role, names_below in fields(node, names=names):
            if role == "part" and key != "enum":
                leave_out = key == "properties" and names_below and _are_names(node.get("required"))
                value = lean(value, names=names_below, plain=not leave_out)
            elif role == "named":
                if not plain and _is_plain(value):
                    continue
                value = lean(value)
            elif key == "default" and isinstance(value, (dict, list)):
                defaults.append(value)
            found[key] = value
        return found if names else _of_those_left(found, node)

    made: dict[str, Any] = lean(spec)
    return spec if defaults else made


def _of_those_left(found: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """A schema that requires no property which was left out of it."""
    required, whole = node.get("required"), node.get("properties")
    if required and _are_names(required) and isinstance(whole, dict):
        left = [name for name in required if name in found["properties"] or name not in whole]
        found["required"] = left
        if not left:
            del found["required"]
    return found


def _are_names(required: Any) -> bool:
    """Whether what a schema requires, if anything, is certainly valid as a list of names."""
    if not isinstance(required, list):
        return required is None
    return all(isinstance(name, str) for name in required) and len({*required}) == len(required)


def _is_plain(schema: Any) -> bool:
    """Whether a schema says so little of a value that it is certainly valid."""
    return isinstance(schema, dict) and all(
        key in _PLAIN and _PLAIN[key](value) for key, value in schema.items()
    )


def _is_size(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


_TYPES = ("array", "boolean", "integer", "number", "object", "string")
# What keywords may say in a schema that is left out.
_PLAIN: dict[str, Callable[[Any], bool]] = {
    "type": lambda value: value in _TYPES,
    "items": _is_plain,
    **dict.fromkeys(("description", "format", "title"), _is_text),
    **dict.fromkeys(("nullable", "deprecated", "readOnly", "writeOnly"), _is_boolean),
    **dict.fromkeys(("minimum", "maximum"), _is_number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_size),
    **dict.fromkeys(("example", EXTENSION), lambda _: True),
}


def _cause(error: ValidationError) -> ValidationError:
    """The error inside an error, as deep in the document as there is one."""
    inner = [_cause(each) for each in error.context or () if not _is_reference(each)]
    if not inner:
        return error
    return max(inner, key=lambda each: len(each.absolute_path))


def _is_reference(error: ValidationError) -> bool:
    """Whether an error says only that a part is not a reference instead."""
    wanted: Any = error.validator_value
    return error.validator == "required" and "$ref" in wanted


def _words(error: ValidationError) -> str:
    place = str(error.absolute_path[-1]) if error.absolute_path else "the document"
    instance: Any = error.instance
    wanted: Any = error.validator_value
    if error.validator == "additionalProperties":
        return f"{place} has unknown fields: {', '.join(_unknown(error))}"
    if error.validator == "required":
        missing = [name for name in wanted if name not in instance]
        return f"{place} has no {' and no '.join(missing)}"
    shown = json.dumps(instance)[:_SHOWN] if not isinstance(instance, (dict, list)) else "it"
    if error.validator == "type":
        return f"{place} must be of type {wanted}, which {shown} is not"
    if error.validator == "enum":
        return f"{place} must be one of {', '.join(map(str, wanted))}, which {shown} is not"
    return f"{place} breaks the rule {error.validator}: {json.dumps(wanted)[:_SHOWN]}"


def _unknown(error: ValidationError) -> Iterator[str]:
    schema: Any = error.schema
    instance: Any = error.instance
    known = schema.get("properties", {})
    return (name for name in map(str, instance) if name not in known and name[:2] != "x-")
