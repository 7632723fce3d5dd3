"""One schema of a response, compiled to check responses against."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema_rs

from keyapi._json import DEEPEST
from keyapi.contract._excerpts import excerpts, is_large
from keyapi.contract._schemas import closed, composed_names, counted, json_schema
from keyapi.contract._violation import Violation, place, short


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
        self,
        operation: str,
        body: Any,
        at: tuple[str | int, ...] = (),
        rows: tuple[str, ...] = (),
    ) -> Iterator[Violation]:
        """Find where a value does not fit the schema, or adds to it.

        A large value is looked through part by part, and listed is what is wrong with the parts
        that do not fit: whoever stops early pays for no more.

        Args:
            operation: Name of the operation.
            body: The value, decoded.
            at: Path of the value in the response.
            rows: Path from the value to the list that makes it large, if there is one.
        """
        if self._surely_fits(body):
            return
        if is_large(body):
            body = _encodable(body)
        around: set[Violation] = set()  # each part shows them again
        for excerpt in excerpts(body, rows):
            if excerpt.cut and self.fits(excerpt.body):
                continue
            try:
                errors = self._errors(excerpt.reduced)
            except ValueError:
                expected = f"JSON of at most {DEEPEST} levels"
                yield Violation(operation, place(at), "json", expected, "more")
                return
            explained = False
            for error in errors:
                path = tuple(error.instance_path)
                explained |= path == rows
                if excerpt.misleads(path, error.kind.name):
                    continue
                explained = True
                in_rows = len(path) > len(rows) and path[: len(rows)] == rows
                if in_rows and excerpt.first:
                    row = int(path[len(rows)]) + excerpt.first
                    path = (*rows, row, *path[len(rows) + 1 :])
                for violation in self._described(operation, error, (*at, *path)):
                    if in_rows or violation not in around:
                        yield violation
                    if not in_rows:
                        around.add(violation)
            if excerpt.cut and not explained:
                where = place((*at, *rows, excerpt.first) if rows else at)
                expected = "the rest of a long list or object as the schema says"
                yield Violation(operation, where, "json", expected, "something else")

    def _described(
        self, operation: str, error: jsonschema_rs.ValidationError, path: tuple[str | int, ...]
    ) -> Iterator[Violation]:
        rule = error.kind.name
        details: dict[str, Any] = error.kind.as_dict()
        instance: Any = error.instance
        if rule == "additionalProperties":
            for name in details["unexpected"]:
                value = short(instance[name])
                yield Violation(
                    operation, place((*path, name)), rule, "no such property", value, True
                )
        elif rule == "required":
            where = place((*path, details["property"]))
            yield Violation(operation, where, rule, "a value", "nothing")
        else:
            expected, found = f"{rule} {self._keyword(error.schema_path)}", short(instance)
            yield Violation(operation, place(path), rule, expected, found, rule == "enum")

    def _surely_fits(self, body: Any) -> bool:
        """As `fits`; False also where it cannot tell: of lone surrogates, or of deep nesting."""
        try:
            return self.fits(body)
        except ValueError:
            return False

    def _errors(self, body: Any) -> list[jsonschema_rs.ValidationError]:
        """What the validator finds.

        Raises:
            ValueError: The value is nested deeper than the validator reads.
        """
        try:
            return list(self._validator.iter_errors(body))
        except UnicodeEncodeError:
            return list(self._validator.iter_errors(_encodable(body)))

    def _keyword(self, path: list[str | int]) -> str:
        """What the keyword at a path of the schema says; jsonschema-rs leaves out empty names."""
        value: Any = self._root
        for step in path:
            while isinstance(value, dict) and step not in value:
                value = value[""]
            value = value[step]
        return short(value)


def _encodable(body: Any) -> Any:
    """A value without lone surrogates, which JSON allows and the validator does not."""
    text = json.dumps(body, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-8", "replace"))
    return body
