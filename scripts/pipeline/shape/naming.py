"""Rules that name: operations from their paths, classes from titles, parameters and paths."""

from __future__ import annotations

import builtins
import re
from dataclasses import replace
from typing import Any

import keyapi
from keyapi._facts import EXTENSION, NAME, JsonText
from keyapi._openapi import is_success, operations, reference_to
from pipeline.document.structure import fields
from pipeline.errors import PipelineError
from pipeline.shape.draft import Draft, Operation, Schema
from pipeline.shape.identifiers import bounded, name_from_path, pascal
from pipeline.shape.maps import is_map

_TITLE = re.compile(r"[A-Z][A-Za-z0-9]+")
# Names that generated modules use for something else.
_TAKEN = {
    *dir(builtins),
    *keyapi.__all__,
    *("Any", "AsyncClient", "ClassVar", "Cursor", "Operation", "PagedOperation", "PageNumbers"),
    *("IntEnum", "Literal", "Response", "StrEnum", "SyncClient", "TYPE_CHECKING", "TypeAlias"),
    *("Unset", "UNSET"),
}


def name_operations(draft: Draft) -> None:
    """Give each operation its `operationId` and its one tag, the resource, from its path.

    `/v1/tiktok/influencer/products/analytics` is operation `influencer_products_analytics`, the
    name KeyAPI's own tools use, of resource `influencer`. Fewer than three segments: resource
    `root`. A second HTTP method on one path takes the method's name as suffix; "second" by the
    order in which pages were added. An overlay may set `x-keyapi.name` instead.
    """
    named: dict[str, Operation] = {}
    paths: set[str] = set()
    for operation in draft.operations():
        resource, name = name_from_path(operation.path)
        if operation.path in paths:
            name = f"{name}_{operation.method}"
        paths.add(operation.path)
        name = operation.node.get(EXTENSION, {}).pop(NAME, name)
        if name in named:
            raise operation.refused(
                f"its name {name} is also that of {named[name].label}",
                remedy="Declare another with an overlay action: x-keyapi: {name: …}.",
            )
        named[name] = operation
        operation.node["operationId"] = name
        operation.node["tags"] = [resource]
    used = {operation.node["tags"][0] for operation in draft.operations()}
    draft.spec["tags"] = [{"name": name} for name in sorted(used)]


class _Names:
    """Class names given so far; decides whether a schema shares one or gets another."""

    def __init__(self, draft: Draft) -> None:
        self.schemas: dict[str, Schema] = draft.spec["components"]["schemas"]
        self._contents: dict[str, Any] = {}
        self._modules: set[str] = set()
        self._taken = _TAKEN | {draft.client_class, f"Async{draft.client_class}"}

    def claim(self, operation: Operation, wanted: list[str], content: Any) -> tuple[str, bool]:
        """Take the first wanted name that is free, or stands for the same content already.

        Returns:
            The name, and whether its schema is still to be written.
        """
        for name in map(bounded, wanted):
            if not name or name in self._taken or re.fullmatch(r"\w+Resource", name):
                continue
            if name not in self._contents:
                if name.lower() in self._modules:
                    continue  # the module of the class would be that of the other
                self._modules.add(name.lower())
                self._contents[name] = content
                return name, True
            if self._contents[name] == content:
                return name, False
        raise operation.refused(
            f"every name for a schema is taken by a different one: {', '.join(wanted)}",
            remedy="Give the schema a title of its own with an overlay action.",
        )


def name_schemas(draft: Draft) -> None:
    """Turn inline objects and enums into named components.

    Objects take their `title` where it is a usable name, else their published component's name,
    else one derived from the path. Enums of parameters take the parameter's name in PascalCase.
    Equal content shares a class; a conflict takes the operation as prefix. Error answers share
    one `ErrorEnvelope`. Names are given in the order pages were added, so that a later page never
    changes an earlier one's.
    """
    names = _Names(draft)
    for operation in draft.operations():
        prefix = pascal(operation.node["operationId"])
        for _, parameter, schema in operation.parameters():
            if parameter.get("description"):  # generators look for it in the schema alone
                schema.setdefault("description", parameter["description"])
            parameter["schema"] = _name_enum(names, operation, prefix, parameter["name"], schema)
            if schema.get("type") == "array":
                schema["items"] = _name_enum(
                    names, operation, prefix, parameter["name"], schema["items"]
                )
        if (body := operation.body_schema()) is not None:
            if body.get("type") != "object":
                raise operation.refused(
                    "the JSON request body is not an object",
                    "requestBody",
                    remedy="Describe it as an object with an overlay action.",
                )
            _name_enums(names, operation, prefix, body)
            media = operation.body() or {}
            media["schema"] = _name(names, operation, prefix, [f"{prefix}Body"], body)
        for status, media in operation.responses():
            if is_success(status):
                wanted = [f"{prefix}Response", f"{prefix}Response{status}"]
                media["schema"].setdefault(
                    "description", f"What {operation.node['operationId']} answers."
                )
            else:
                wanted = ["ErrorEnvelope", f"{prefix}Error", f"{prefix}Error{status}"]
            media["schema"] = _name(names, operation, prefix, wanted, media["schema"])
    for schema in names.schemas.values():
        schema.pop("title", None)  # the name says it now
    _drop_hints(draft.spec)
    if not names.schemas:
        del draft.spec["components"]["schemas"]


def _drop_hints(node: Any, *, is_names: bool = False) -> None:
    """Remove what is left of `x-name`, the published names of components."""
    if isinstance(node, list):
        for item in node:
            _drop_hints(item)
    elif isinstance(node, dict):
        for key, value, role, names_below in fields(node, names=is_names):
            if role == "extension" and key == "x-name":
                del node[key]
            elif role in ("named", "part"):
                _drop_hints(value, is_names=names_below)


def _name_enum(
    names: _Names, operation: Operation, prefix: str, name: str, schema: Schema
) -> Schema:
    if not schema.get("enum") or not pascal(name):
        return schema
    members = (schema.get("type"), schema["enum"], schema.get("x-enum-varnames"))
    title, new = names.claim(operation, [pascal(name), prefix + pascal(name)], members)
    if new:
        kept = ("type", "description", "enum", "x-enum-varnames")
        names.schemas[title] = {key: schema[key] for key in kept if key in schema}
    return reference_to(title)


def _name_enums(names: _Names, operation: Operation, prefix: str, schema: Any) -> None:
    """Name the enums of a body's properties, and of the lists and objects in it, at any depth."""
    if not isinstance(schema, dict):
        return
    for name, child in schema.get("properties", {}).items():
        inner = child
        while isinstance(inner, dict) and inner.get("type") == "array":
            inner, holder = inner["items"], inner
            holder["items"] = _name_enum(names, operation, prefix, name, inner)
        _name_enums(names, operation, prefix, inner)
        schema["properties"][name] = _name_enum(names, operation, prefix, name, child)
    others = schema.get("additionalProperties")
    _name_enums(names, operation, prefix, others)


def _name(names: _Names, operation: Operation, prefix: str, derived: list[str], schema: Any) -> Any:
    """Hoist an object schema, and every object in it, into a component; give what replaces it."""
    if not isinstance(schema, dict):
        return schema
    hint = schema.pop("x-name", None)
    if schema.get("type") == "array":
        schema["items"] = _name(names, operation, prefix, derived, schema["items"])
        return schema
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            schema[key] = [
                _name(names, operation, prefix, [f"{derived[0]}Part{index}"], choice)
                for index, choice in enumerate(schema[key], start=1)
            ]
    if schema.get("type") != "object":
        return schema
    others = schema.get("additionalProperties")
    if not schema.get("properties"):
        if isinstance(others, dict):
            schema["additionalProperties"] = _name(names, operation, prefix, derived, others)
        return {key: value for key, value in schema.items() if key != "title"}
    wanted = [*derived]
    for name in (hint, schema.get("title")):
        if isinstance(name, str) and _TITLE.fullmatch(name):
            wanted = [name, prefix + name, *derived]
    title, new = names.claim(operation, wanted, _without_prose(schema))
    nullable = schema.pop("nullable", False)
    if new:
        names.schemas[title] = schema
        if isinstance(others, dict):
            value = _name(names, operation, prefix, [f"{title}Value"], others)
            schema["additionalProperties"] = value
        for name, child in schema["properties"].items():
            schema["properties"][name] = _name(
                names, operation, prefix, _child_names(title, name, child), child
            )
            text = JsonText.of(child) if isinstance(child, dict) else None
            if text is not None and text.decoded is not None:
                singular = pascal(text.accessor.removesuffix("s"))
                decoded = _name(
                    names, operation, prefix, [singular, title + singular], text.decoded
                )
                child[EXTENSION] = replace(text, decoded=decoded).to_document()
    reference = reference_to(title)
    # OpenAPI 3.0.3 lets a reference be null only as one choice of several.
    null = {"type": "object", "nullable": True, "enum": [None]}
    return {"anyOf": [reference, null]} if nullable else reference


def _child_names(parent: str, name: str, child: Any) -> list[str]:
    if name == "data" and parent.endswith("Response"):
        stem = parent.removesuffix("Response")
        return [stem + ("Item" if child.get("type") == "array" or is_map(child) else "Data")]
    own = pascal(name) or "Value"
    is_many = isinstance(child, dict) and (child.get("type") == "array" or is_map(child))
    stem = parent.removesuffix("Data")
    return [stem + (own.removesuffix("s") if is_many and own.endswith("s") else own), parent + own]


def _without_prose(schema: Any) -> Any:
    """The content that makes two schemas one class: all but what is written for readers."""
    if isinstance(schema, list):
        return [_without_prose(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _without_prose(child) for name, child in value.items()}
        if key == "properties"
        else _without_prose(value)
        for key, value in schema.items()
        if key not in ("title", "description", "example", "x-name")
    }


def require_known_operations(draft: Draft) -> None:
    """Refuse a specification with an operation the lock does not know."""
    for operation in operations(draft.spec):
        if operation.label not in draft.entries:
            raise PipelineError(
                f"{operation.label} is in the specification, but not in the lock",
                where="openapi/vendor.lock",
                remedy="Run python scripts/vendor.py.",
            )
