"""The structure of an OpenAPI document: its operations, their parts, and what references name.

Whatever walks the operations of a specification does it through here, the runtime and the pipeline
alike. Nothing is inferred: a part that is absent is empty or None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from keyapi._json import pointer

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The fixed fields of a Path Item Object that hold operations (OpenAPI 3.0.3)."""
JSON = "application/json"
_JSON_SUFFIX = "+json"
SCHEMAS = "#/components/schemas/"
"""What a reference to a named schema begins with."""

NO_CONTENT = (204, 205)
"""Statuses of responses without content (RFC 9110, 15.3.5 and 15.3.6)."""
_DELIMITERS = {"form": ",", "pipeDelimited": "|", "spaceDelimited": " "}

PARAMETER, BODY, RESPONSE = "request-parameter", "request-body", "response-body"
"""The roles that an operation's outermost schemas have."""


def media_type(written: str) -> str:
    """Give a media type without its parameters, in lower case; `JSON` for every kind of JSON.

    RFC 6839, 3.1: what ends in `+json`, such as `application/problem+json`, is JSON.

    Args:
        written: The media type, as a page or a `Content-Type` header has it.
    """
    kind = written.partition(";")[0].strip().lower()
    return JSON if kind.endswith(_JSON_SUFFIX) else kind


def schema_name(reference: Any) -> str:
    """Give the name of the schema that a `$ref` names, or "" where it names something else."""
    name = reference if isinstance(reference, str) and reference.startswith(SCHEMAS) else ""
    return name.removeprefix(SCHEMAS).replace("~1", "/").replace("~0", "~")


def reference_to(name: str) -> dict[str, str]:
    """Write a reference to a named schema."""
    return {"$ref": f"{SCHEMAS}{name}"}


def component(document: Mapping[str, Any], reference: str) -> Any:
    """Give what a local reference (`#/…`) names.

    Raises:
        LookupError: It names nothing.
    """
    target: Any = document
    for part in reference.removeprefix("#/").split("/"):
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        target = target.get(key) if isinstance(target, Mapping) else None
        if target is None:
            raise LookupError(reference)
    return target


def named_schemas(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give the named schemas of a document, by name; empty where there are none."""
    schemas: dict[str, Any] = document.get("components", {}).get("schemas", {})
    return schemas


def is_success(status: str) -> bool:
    """Whether the key of a response stands for success."""
    return status.startswith("2")


def is_secured(document: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """Whether a request of an operation carries the key.

    Args:
        document: The document, which says it of operations that do not.
        node: The Operation Object.
    """
    return bool(node.get("security", document.get("security")))


def delimiter(parameter: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Give what joins a parameter's list where it is sent as one value; "" where it is not.

    Args:
        parameter: The Parameter Object.
        schema: Its schema, resolved.
    """
    style = parameter.get("style", "form")
    # OpenAPI 3.0.3, "Parameter Object": only form explodes where the parameter does not say.
    exploded = parameter.get("explode", style == "form")
    return _DELIMITERS.get(style, "") if schema.get("type") == "array" and not exploded else ""


@dataclass(frozen=True)
class OperationNode:
    """One operation of a document.

    Attributes:
        path: URL path.
        method: HTTP method, in lower case.
        node: The Operation Object.
    """

    path: str
    method: str
    node: dict[str, Any]

    @property
    def name(self) -> str:
        """Its `operationId`; its method and path where it has none."""
        return str(self.node.get("operationId") or self.label)

    @property
    def label(self) -> str:
        """Its method and path, as `GET /v1/…`."""
        return f"{self.method.upper()} {self.path}"

    def at(self, *keys: str | int) -> str:
        """Write the JSON pointer to a place in this operation."""
        return pointer("paths", self.path, self.method, *keys)

    def parameters(self) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
        """Yield index, parameter and schema of each parameter; the schema {} where it has none."""
        for index, parameter in enumerate(self.node.get("parameters", ())):
            yield index, parameter, parameter.get("schema", {})

    def body(self) -> dict[str, Any] | None:
        """Give the JSON Media Type Object of the request body, or None."""
        return _json(self.node.get("requestBody", {}))

    def body_schema(self) -> dict[str, Any] | None:
        """Give the schema of the JSON request body, or None."""
        return (self.body() or {}).get("schema")

    def response(self, status: str) -> dict[str, Any] | None:
        """Give the JSON Media Type Object of a response, or None."""
        return _json(self.node.get("responses", {}).get(status, {}))

    def responses(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield status and JSON Media Type Object of each response that has one."""
        for status, response in self.node.get("responses", {}).items():
            media = _json(response)
            if media is not None:
                yield status, media

    def success(self) -> dict[str, Any] | None:
        """Give the JSON Media Type Object of the first success response, or None."""
        return next((media for status, media in self.responses() if is_success(status)), None)

    def media_types(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield role and Media Type Object of everything the body and the responses hold."""
        for media in self.node.get("requestBody", {}).get("content", {}).values():
            yield BODY, media
        for response in self.node.get("responses", {}).values():
            for media in response.get("content", {}).values():
                yield RESPONSE, media

    def schemas(self) -> Iterator[tuple[str, Any]]:
        """Yield role and schema of each parameter, of the body, and of each response."""
        for _, _, schema in self.parameters():
            yield PARAMETER, schema
        for role, media in self.media_types():
            yield role, media.get("schema")


def operations(document: Mapping[str, Any]) -> Iterator[OperationNode]:
    """Yield the operations of a document, in its order."""
    for path, item in document["paths"].items():
        for method, node in item.items():
            if method in METHODS and isinstance(node, dict):
                yield OperationNode(path, method, node)


def find_operation(document: Mapping[str, Any], method: str, path: str) -> OperationNode | None:
    """Give the operation of a method and path, or None where there is none.

    Args:
        document: The document.
        method: HTTP method, in lower case.
        path: URL path.
    """
    node = document["paths"].get(path, {}).get(method)
    return OperationNode(path, method, node) if isinstance(node, dict) else None


def path_items(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and Path Item Object of each path."""
    yield from document["paths"].items()


def _json(holder: Mapping[str, Any]) -> dict[str, Any] | None:
    media = holder.get("content", {}).get(JSON)
    return media if isinstance(media, dict) else None
