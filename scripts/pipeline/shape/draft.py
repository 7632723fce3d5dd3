"""The specification while the rules work on it, and the walk every rule shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import PipelineError, pointer
from pipeline.vendor.pages import METHODS

Schema = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation of the draft.

    Attributes:
        path: URL path.
        method: HTTP method, in lower case.
        node: The operation object.
        page: Name of the page that published it, for errors.
        credits: What a request costs, or None where the page does not say.
    """

    path: str
    method: str
    node: dict[str, Any]
    page: str
    credits: int | None

    def at(self, *keys: str | int) -> str:
        """JSON pointer to a place in this operation."""
        return pointer("paths", self.path, self.method, *keys)

    def refused(self, problem: str, *keys: str | int, remedy: str) -> PipelineError:
        """An error about a place in this operation."""
        return PipelineError(problem, where=self.page, pointer=self.at(*keys), remedy=remedy)


@dataclass
class Draft:
    """A specification in the making.

    Attributes:
        spec: The document; rules edit it.
        entries: The lock's entries by operation, in the order they were added.
        notes: What could not be understood, for the maintainer to read.
    """

    spec: dict[str, Any]
    entries: dict[str, dict[str, Any]]
    notes: list[str] = field(default_factory=list)

    def operations(self) -> Iterator[Operation]:
        """Operations in the order their pages were added, so that names stay stable."""
        for key, entry in self.entries.items():
            method, path = key.split(" ")
            node = self.spec["paths"].get(path, {}).get(method.lower())
            if node is not None:  # an overlay may have removed it
                yield Operation(path, method.lower(), node, entry["page"], entry["credits"])

    def note(self, operation: Operation, problem: str, *keys: str | int) -> None:
        """Report what could not be understood."""
        self.notes.append(f"{operation.page} {operation.at(*keys)}: {problem}.")


def parameters(operation: Operation) -> Iterator[tuple[int, dict[str, Any], Schema]]:
    """Yield index, parameter and schema of each parameter."""
    for index, parameter in enumerate(operation.node.get("parameters", ())):
        yield index, parameter, parameter["schema"]


def body_schema(operation: Operation) -> Schema | None:
    """The schema of the JSON request body, if there is one."""
    content = operation.node.get("requestBody", {}).get("content", {})
    schema: Schema | None = content.get("application/json", {}).get("schema")
    return schema


def responses(operation: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield status and JSON media type object of each response that has one."""
    for status, response in operation.node["responses"].items():
        media = response.get("content", {}).get("application/json")
        if isinstance(media, dict):
            yield status, media


def success(operation: Operation) -> dict[str, Any] | None:
    """The JSON media type object of the success answer."""
    return next((media for status, media in responses(operation) if is_success(status)), None)


def is_success(status: str) -> bool:
    """Whether a response key stands for success."""
    return status.startswith("2")


def each_schema(schema: Any, visit: Callable[[Schema], None]) -> None:
    """Call `visit` for a schema and every schema inside it, outermost first."""
    if not isinstance(schema, dict):
        return
    visit(schema)
    for key in ("properties", "patternProperties"):
        for child in list(schema.get(key, {}).values()):
            each_schema(child, visit)
    for key in ("items", "additionalProperties", "not"):
        each_schema(schema.get(key), visit)
    for key in ("allOf", "anyOf", "oneOf"):
        for child in schema.get(key, ()):
            each_schema(child, visit)


def operation_schemas(operation: Operation) -> Iterator[Schema]:
    """Yield the outermost schema of each parameter, of the body and of each response."""
    for _, _, schema in parameters(operation):
        yield schema
    for media in operation.node.get("requestBody", {}).get("content", {}).values():
        yield media.setdefault("schema", {})
    for response in operation.node["responses"].values():
        for media in response.get("content", {}).values():
            yield media.setdefault("schema", {})


def resource_rows(media: dict[str, Any] | None, items: str | None) -> Schema | None:
    """The schema of a row: of an item of the list that the pointer `items` names."""
    if media is None or items is None:
        return None
    schema: Schema = media["schema"]
    for key in items.split("/")[1:]:
        schema = schema["properties"][key]
    row: Schema = schema["items"]
    return row


METHOD_KEYS = frozenset(METHODS)
