"""Say in words why a specification is not valid OpenAPI 3.0, and where.

The validator's own messages repeat whole parts of the document, and for a part that may have
several forms they do not say what is wrong with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from jsonschema import (  # type: ignore[import-untyped]  # it ships no types
    Draft4Validator,
    ValidationError,
)
from openapi_spec_validator import OpenAPIV30SpecValidator
from openapi_spec_validator.schemas import schema_v30

from keyapi._json import pointer

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
