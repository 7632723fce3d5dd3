"""The effective specification, read for those who need more of it than generated code carries.

What paging, sorting, filters and echoes mean stands in `x-keyapi`; nothing of it is inferred here.
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

from keyapi._json import pointer as pointer
from keyapi._json import value_at as value_at

Schema = Mapping[str, Any]
_JSON = "application/json"
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")


class Argument(NamedTuple):
    """A parameter of an operation, or a property of its JSON body.

    Attributes:
        name: Its name in the request.
        place: Where it stands there: "query", "path", "header" or "body".
        required: Whether it must be given.
        schema: Its schema, resolved.
        joined: Whether its list is sent as one comma-joined value.
    """

    name: str
    place: str
    required: bool
    schema: Schema
    joined: bool = False

    def read(self, texts: Sequence[str]) -> Any:
        """Give the value that texts of a query or path mean; what its type cannot read stays text.

        Args:
            texts: The texts that were given for it, at least one.
        """
        if self.schema.get("type") == "array":
            items = self.schema.get("items", {}).get("type")
            return [_read(t, items) for t in (texts[0].split(",") if self.joined else texts)]
        return _read(texts[-1], self.schema.get("type"))

    @property
    def members(self) -> dict[str, Any]:
        """For an enum, the names its values go by; empty for anything else."""
        values = self.schema.get("enum", [])
        names = self.schema.get("x-enum-varnames") or map(str, values)
        return dict(zip(names, values, strict=True))


class Paging(NamedTuple):
    """How an operation pages: see `x-keyapi` in the specification.

    Attributes:
        kind: "page" for numbers from 1, "cursor" where each answer names the next one.
        position: Name of the argument that takes the page number or cursor.
        size: Name of the argument that takes the page size, or None.
        largest: The largest page size, in rows, or None where none is known.
        next: Path from the top of the answer to the next cursor; empty for numbers.
    """

    kind: str
    position: str
    size: str | None
    largest: int | None
    next: tuple[str, ...]


class Sort(NamedTuple):
    """Which arguments sort: one names the column, the other, if there is one, the direction."""

    field: str
    direction: str | None


class OperationSpec:
    """One operation of a specification.

    Args:
        spec: The specification.
        path: URL path.
        method: HTTP method, in lower case.
        node: The operation object.

    Attributes:
        path: URL path; path parameters stand in it as `{name}`.
        method: HTTP method, in upper case.
        node: The operation object.
        name: Its `operationId`.
        resource: Its tag, which is the attribute of the client that has its method.
        secured: Whether a request needs a key.
        credits: What one request costs, in credits.
        items: Path from the top of the answer to the list of rows, or None where it has none.
        paging: How it pages, or None.
        sort: What sorts its rows, or None.
        filters: Optional arguments that filter rows, with the property each is compared with.
        echoes: Required arguments that each row repeats.
    """

    def __init__(self, spec: Specification, path: str, method: str, node: Schema) -> None:
        facts: Mapping[str, Any] = node.get("x-keyapi", {})
        self._spec = spec
        self.path = path
        self.method = method.upper()
        self.node = node
        self.name: str = node["operationId"]
        self.resource: str = (node.get("tags") or [""])[0]
        self.secured = bool(node.get("security", spec.document.get("security")))
        self.credits: int = facts.get("credits", 1)
        items = facts.get("items")
        self.items = _path(items) if items else None
        self.filters: Mapping[str, str] = facts.get("filters", {})
        self.echoes: list[str] = facts.get("echoes", [])
        sort = facts.get("sort")
        self.sort = Sort(sort["field"], sort.get("direction")) if sort else None
        paging = facts.get("paging")
        self.paging = None
        if paging:
            position, following = paging[paging["kind"]], _path(paging.get("next", ""))
            size, largest = paging.get("size"), paging.get("max")
            self.paging = Paging(paging["kind"], position, size, largest, following)

    def __repr__(self) -> str:
        return f"<{self.method} {self.path}>"

    @cached_property
    def arguments(self) -> dict[str, Argument]:
        """Parameters and body properties, by name; those of the query and path come first."""
        found: dict[str, Argument] = {}
        for parameter in self.node.get("parameters", ()):
            schema = self._spec.resolved(parameter["schema"])
            joined = schema.get("type") == "array" and parameter.get("explode") is False
            required = bool(parameter.get("required"))
            one = Argument(parameter["name"], parameter["in"], required, schema, joined)
            found[one.name] = one
        body = self.body or {}
        for name, schema in body.get("properties", {}).items():
            required = name in body.get("required", ())
            found.setdefault(name, Argument(name, "body", required, self._spec.resolved(schema)))
        return found

    @cached_property
    def body(self) -> Schema | None:
        """Schema of the JSON request body, resolved; None where there is none."""
        media = _json_media(self.node.get("requestBody", {}))
        return self._spec.resolved(media["schema"]) if media else None

    @property
    def statuses(self) -> list[str]:
        """The documented statuses."""
        return list(self.node["responses"])

    @cached_property
    def success(self) -> str:
        """The documented status of success."""
        return next(status for status in self.statuses if status.startswith("2"))

    def given(self, query: str, body: bytes = b"") -> dict[str, Any]:
        """Read the arguments of a request, those of the path and header aside.

        Args:
            query: The query string, encoded.
            body: The JSON body.

        Returns:
            The values by name in the request; names that it does not know are left out.
        """
        texts: dict[str, list[str]] = {}
        for name, text in parse_qsl(query, keep_blank_values=True):
            texts.setdefault(name, []).append(text)
        try:
            found = dict(json.loads(body)) if body else {}
        except (ValueError, TypeError, RecursionError):
            found = {}
        known = self.arguments
        return {
            **{name: known[name].read(given) for name, given in texts.items() if name in known},
            **{name: value for name, value in found.items() if name in known},
        }

    def media_types(self, status: str) -> list[str]:
        """The documented media types of a status; JSON where it is not documented."""
        return list(self.node["responses"].get(status, {}).get("content", {})) or [_JSON]

    def schema(self, status: str) -> Schema | None:
        """Schema of the JSON body under a documented status, or None."""
        media = _json_media(self.node["responses"].get(status, {}))
        return media.get("schema") if media else None

    def example(self, status: str) -> Any:
        """The documented example of a status, or None."""
        media = _json_media(self.node["responses"].get(status, {})) or {}
        return media.get("example")

    @cached_property
    def row(self) -> Schema | None:
        """Schema of one row, resolved; None for an operation without rows."""
        if self.items is None:
            return None
        schema = self._spec.resolved(self.schema(self.success) or {})
        for key in self.items:
            schema = self._spec.resolved(schema["properties"][key])
        return self._spec.resolved(schema["items"])

    def properties(self) -> dict[str, Schema]:
        """Schemas of a row's properties, resolved, by name."""
        found = (self.row or {}).get("properties", {})
        return {name: self._spec.resolved(schema) for name, schema in found.items()}


class Specification:
    """An effective specification.

    Args:
        document: The document, OpenAPI 3.0, with an `operationId` on each operation.

    Attributes:
        document: The document.
        operations: Its operations, by name, in the document's order.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations = {
            node["operationId"]: OperationSpec(self, path, method, node)
            for path, item in document["paths"].items()
            for method, node in item.items()
            if isinstance(node, dict) and "operationId" in node
        }

    @classmethod
    def of_package(cls, package: str) -> Specification:
        """Read the one that a generated package was made from."""
        return cls(json.loads((files(package) / "openapi.json").read_text("utf-8")))

    def resolved(self, schema: Schema) -> Schema:
        """Give what a schema refers to, or itself."""
        while "$ref" in schema:
            schema = self.component(schema["$ref"])
        return schema

    def component(self, reference: str) -> Schema:
        """Give the component that a reference names."""
        schema: Schema = self.document["components"]["schemas"][reference.rpartition("/")[2]]
        return schema

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


def _path(pointer: str) -> tuple[str, ...]:
    return tuple(pointer.split("/")[1:])


def _json_media(holder: Mapping[str, Any]) -> Mapping[str, Any] | None:
    media: Mapping[str, Any] | None = holder.get("content", {}).get(_JSON)
    return media
