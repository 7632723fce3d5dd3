"""The effective specification, for code that needs more of it than generated code carries.

What paging, sorting, filters and echoes mean, and what tells rows apart, is read from `x-keyapi`.
Nothing is inferred here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from math import isfinite
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from keyapi._facts import OperationFacts, Paging, Sort, enum_members
from keyapi._json import value_at
from keyapi._openapi import (
    JSON,
    OperationNode,
    delimiter,
    is_secured,
    is_success,
    named_schemas,
    operations,
    schema_name,
)

__all__ = ("Argument", "OperationSpec", "Paging", "Schema", "Sort", "Specification", "value_at")

Schema = Mapping[str, Any]
_INTEGER = re.compile(r"-?[0-9]{1,300}")  # of any size, but none that takes long to read
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")


class Argument(NamedTuple):
    """A parameter of an operation, or a property of its JSON body.

    Attributes:
        name: Its name in the request.
        place: Where it goes: "query", "path", "header" or "body".
        required: Whether it must be given.
        schema: Its schema, resolved.
        delimiter: What joins its list where that is sent as one value; else empty.
    """

    name: str
    place: str
    required: bool
    schema: Schema
    delimiter: str = ""

    def read(self, texts: Sequence[str]) -> Any:
        """Read a value from a query or path; text that its type cannot hold stays text.

        Args:
            texts: The texts that were sent for it, at least one.
        """
        if self.schema.get("type") == "array":
            items = self.schema.get("items", {}).get("type")
            delimiter = self.delimiter
            return [_read(t, items) for t in (texts[0].split(delimiter) if delimiter else texts)]
        return _read(texts[-1], self.schema.get("type"))

    @property
    def members(self) -> dict[str, Any]:
        """For an enum, its values by member name; empty for anything else."""
        return enum_members(self.schema)


class OperationSpec:
    """One operation of a specification.

    Args:
        spec: The specification.
        operation: The operation as it stands there.

    Attributes:
        path: URL path, with path parameters as `{name}`.
        method: HTTP method, in upper case.
        node: The operation object.
        document: The specification's document.
        name: Its `operationId`.
        resource: Its tag, which is the attribute of the client that has its method.
        secured: Whether a request needs a key.
        credits: What one request costs, in credits.
        items: Path from the top of the response to the list of rows, or None without rows.
        paging: How it pages, or None.
        sort: What sorts its rows, or None.
        filters: Optional arguments that filter rows, with the property each is compared with.
        echoes: Required arguments that each row repeats.
        ids: Arguments that take a list of ids, with the property in which each row has one of them.
        identity: The property that tells rows apart; None where none surely does.
    """

    def __init__(self, spec: Specification, operation: OperationNode) -> None:
        node = operation.node
        facts = OperationFacts.of(node)
        self._spec = spec
        self._operation = operation
        self.path = operation.path
        self.method = operation.method.upper()
        self.node: Schema = node
        self.document = spec.document
        self.name: str = node["operationId"]
        self.resource: str = (node.get("tags") or [""])[0]
        self.secured = is_secured(spec.document, node)
        self.credits = facts.cost
        self.items = facts.items
        self.filters = facts.filters
        self.echoes = facts.echoes
        self.ids = facts.ids
        self.identity = facts.identity
        self.sort: Sort | None = facts.sort
        self.paging: Paging | None = facts.paging

    def __repr__(self) -> str:
        return f"<{self.method} {self.path}>"

    @cached_property
    def arguments(self) -> dict[str, Argument]:
        """Parameters and body properties, by name; those of the query and path come first."""
        found: dict[str, Argument] = {}
        for _, parameter, unresolved in self._operation.parameters():
            schema = self._spec.resolved(unresolved)
            name, required = parameter["name"], bool(parameter.get("required"))
            joined = delimiter(parameter, schema)
            found[name] = Argument(name, parameter["in"], required, schema, joined)
        for name, argument in self.body_arguments.items():
            found.setdefault(name, argument)
        return found

    @cached_property
    def body_arguments(self) -> dict[str, Argument]:
        """Properties of the JSON body, by name; one of a parameter's name is found here alone."""
        body = self.body or {}
        return {
            name: Argument(
                name, "body", name in body.get("required", ()), self._spec.resolved(schema)
            )
            for name, schema in body.get("properties", {}).items()
        }

    @cached_property
    def body(self) -> Schema | None:
        """Schema of the JSON request body, resolved; None where there is none."""
        schema = self._operation.body_schema()
        return None if schema is None else self._spec.resolved(schema)

    @property
    def body_required(self) -> bool:
        """Whether a request must have a body."""
        return bool(self.node.get("requestBody", {}).get("required"))

    @property
    def statuses(self) -> list[str]:
        """The documented statuses."""
        return list(self.node["responses"])

    @cached_property
    def success(self) -> str:
        """The documented status of success."""
        return next(filter(is_success, self.statuses))

    @property
    def success_status(self) -> int:
        """The status that a success has: 200 where the page documents a range."""
        return int(self.success) if self.success.isdigit() else 200

    def documented(self, status: int | str) -> str | None:
        """Give the key under which a status is documented, or None where it is not.

        A status itself comes before its range, such as `4XX`, and that before `default`.

        Args:
            status: HTTP status, or a key of the responses.
        """
        text = str(status).upper()
        found = (self._status_keys.get(key) for key in (text, f"{text[:1]}XX", "DEFAULT"))
        return next(filter(None, found), None)

    @cached_property
    def _status_keys(self) -> dict[str, str]:
        return {key.upper(): key for key in self.statuses}

    def read_arguments(self, query: str, body: bytes = b"") -> dict[str, Any]:
        """Read the arguments of a request, except those in its path and headers.

        Args:
            query: The query string, encoded.
            body: The JSON body.

        Returns:
            The values by name in the request; unknown names are left out.
        """
        texts: dict[str, list[str]] = {}
        for name, text in parse_qsl(query, keep_blank_values=True):
            texts.setdefault(name, []).append(text)
        try:
            found = dict(json.loads(body)) if body else {}
        except (ValueError, TypeError, RecursionError):
            found = {}
        arguments = self.arguments
        return {
            **{n: arguments[n].read(values) for n, values in texts.items() if n in arguments},
            **{name: value for name, value in found.items() if name in arguments},
        }

    def media_types(self, status: str) -> list[str]:
        """The documented media types of a status; JSON where none is documented."""
        response = self.node["responses"].get(self.documented(status), {})
        return list(response.get("content", {})) or [JSON]

    def has_body(self, status: str) -> bool:
        """Whether a documented status has a body that the page describes."""
        return bool(self.node["responses"].get(self.documented(status), {}).get("content"))

    def schema(self, status: str) -> Schema | None:
        """Schema of the JSON body under a documented status, or None."""
        return (self._operation.response(self.documented(status) or "") or {}).get("schema")

    def body_properties(self, status: int) -> list[str]:
        """Names of the documented properties of the JSON body under a status; empty for none."""
        schema = self._spec.resolved(self.schema(str(status)) or {})
        return list(schema.get("properties", ()))

    def example(self, status: str) -> Any:
        """The documented example of a status, or None."""
        return (self._operation.response(self.documented(status) or "") or {}).get("example")

    @cached_property
    def row(self) -> Schema | None:
        """Schema of one row, resolved; None for an operation without rows."""
        if self.items is None:
            return None
        schema = self._spec.present(self.schema(self.success) or {})
        for key in self.items:
            schema = self._spec.present(schema["properties"][key])
        return self._spec.present(schema["items"])

    def properties(self) -> dict[str, Schema]:
        """Schemas of a row's properties, resolved, by name."""
        found = (self.row or {}).get("properties", {})
        return {name: self._spec.resolved(schema) for name, schema in found.items()}

    def resolved(self, schema: Schema) -> Schema:
        """Follow the references of one of its schemas to a schema without one."""
        return self._spec.resolved(schema)

    def present(self, schema: Schema) -> Schema:
        """Resolve the schema of a value that is not null, as `Specification.present` does."""
        return self._spec.present(schema)


class Specification:
    """An effective specification.

    Args:
        document: The document, OpenAPI 3.0, with an `operationId` on each operation.

    Attributes:
        document: The document.
        schemas: Its named schemas, by name.
        operations: Its operations, by name, in the document's order.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.schemas: Mapping[str, Schema] = named_schemas(document)
        self.operations = {
            operation.name: OperationSpec(self, operation)
            for operation in operations(document)
            if "operationId" in operation.node
        }

    @classmethod
    def of_package(cls, package: str) -> Specification:
        """Read the specification that a generated package was made from.

        Args:
            package: The package's import name.
        """
        return cls(json.loads((files(package) / "openapi.json").read_text("utf-8")))

    def resolved(self, schema: Schema) -> Schema:
        """Follow the references of a schema to a schema without one."""
        while "$ref" in schema:
            schema = self.component(schema["$ref"])
        return schema

    def present(self, schema: Schema) -> Schema:
        """Resolve the schema of a value that is not null.

        A reference that may be null is a choice of two: what it names, and null.
        """
        schema = self.resolved(schema)
        choices = [part for part in schema.get("anyOf", ()) if part.get("enum") != [None]]
        is_nullable = len(choices) == 1 < len(schema.get("anyOf", ()))
        return self.resolved(choices[0]) if is_nullable else schema

    def component(self, reference: str) -> Schema:
        """Give the component that a reference names."""
        return self.schemas[schema_name(reference)]

    def __iter__(self) -> Iterator[OperationSpec]:
        return iter(self.operations.values())


def _read(text: str, kind: Any) -> Any:
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text) and isfinite(float(text)):
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text
