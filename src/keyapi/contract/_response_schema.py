"""One schema of a response, compiled to check responses against."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema_rs

from keyapi._json import pointer
from keyapi.contract._schemas import closed, composed_names, counted, json_schema
from keyapi.contract._violation import Violation, short

_DEEPEST = 250
"""Levels of nesting that are validated; the validator reads little more."""


class ResponseSchema:
    """One schema, closed: properties that it does not name are reported as additions.

    Args:
        spec: The specification that the schema is from.
        schema: The schema.

    Attributes:
        fits: Tells quickly whether a decoded value fits the schema and adds nothing to it.
    """

    def __init__(self, spec: Mapping[str, Any], schema: dict[str, Any]) -> None:
        root = json_schema(spec, schema)
        parts = root["components"]["schemas"]
        kept_open = {name: parts[name] for name in composed_names(root)}
        self._root = closed(root)
        self._root["components"]["schemas"].update(kept_open)
        self._validator = jsonschema_rs.Draft4Validator(self._root)
        self.fits: Callable[[Any], bool]
        quick = jsonschema_rs.dereference(counted(self._root), draft=jsonschema_rs.Draft4)
        self.fits = jsonschema_rs.Draft4Validator(quick).is_valid

    def violations(
        self, operation: str, body: Any, at: tuple[str | int, ...] = ()
    ) -> Iterator[Violation]:
        """Find where a value does not fit the schema, or adds to it.

        Args:
            operation: Name of the operation.
            body: The value, decoded.
            at: Path of the value in the response.
        """
        try:
            errors = self._errors(body)
        except ValueError:
            place, expected = pointer(*at, root=""), f"JSON of at most {_DEEPEST} levels"
            yield Violation(operation, place, "json", expected, "more")
            return
        for error in errors:
            path = list(error.instance_path)
            rule = error.kind.name
            details: dict[str, Any] = error.kind.as_dict()
            instance: Any = error.instance
            if rule == "additionalProperties":
                for name in details["unexpected"]:
                    place, value = pointer(*at, *path, name, root=""), short(instance[name])
                    yield Violation(operation, place, rule, "no such property", value, True)
                continue
            expected = f"{rule} {self._keyword(error.schema_path)}"
            if rule == "required":
                path.append(details["property"])
                yield Violation(operation, pointer(*at, *path, root=""), rule, "a value", "nothing")
            else:
                found = short(instance)
                yield Violation(
                    operation, pointer(*at, *path, root=""), rule, expected, found, rule == "enum"
                )

    def _errors(self, body: Any) -> list[jsonschema_rs.ValidationError]:
        """What the validator finds.

        Raises:
            ValueError: The value is nested deeper than the validator reads.
        """
        try:
            return list(self._validator.iter_errors(body))
        except UnicodeEncodeError:  # lone surrogates, which JSON allows and the validator does not
            text = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
            return list(self._validator.iter_errors(json.loads(text)))

    def _keyword(self, path: list[str | int]) -> str:
        value: Any = self._root
        for step in path:
            value = value[step]
        return short(value)
