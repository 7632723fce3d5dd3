"""One schema of a response, compiled to check responses against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema_rs

from keyapi._json import pointer
from keyapi.contract._schemas import closed, composed_names, counted, json_schema
from keyapi.contract._violation import Violation, short


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
        for error in self._validator.iter_errors(body):
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

    def _keyword(self, path: list[str | int]) -> str:
        value: Any = self._root
        for step in path:
            value = value[step]
        return short(value)
