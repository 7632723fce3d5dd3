"""Rules that repair: one legal OpenAPI 3.0 document, without references or publisher's extras."""

from __future__ import annotations

import contextlib
import re
from itertools import count
from typing import Any

from keyapi._facts import EXTENSION
from keyapi._openapi import JSON, METHODS, is_success, path_items
from pipeline.document.structure import fields
from pipeline.document.values import json_value
from pipeline.document.yaml import copied
from pipeline.shape.draft import Draft, Operation, Schema, visit_all

# The fixed fields of two objects (OpenAPI 3.0.3); OpenAPI 3.1 has more.
_DOCUMENT = {
    "openapi",
    "info",
    "servers",
    "paths",
    "components",
    "security",
    "tags",
    "externalDocs",
}
_INFO = {"title", "description", "termsOfService", "contact", "license", "version"}
_RANGE = re.compile(r"[1-5][xX]{2}")
_TYPES = ("string", "number", "integer", "boolean", "array", "object")


def drop_publisher_extensions(draft: Draft) -> None:
    """Drop `x-…` fields other than `x-keyapi`.

    Evidence: pages carry `x-codeSamples`, `x-apifox-…` and the like, tools of the publisher; some
    components are reachable only through `x-apifox-…` and belong to no operation.
    """

    def clean(node: Any, *, names: bool = False) -> None:
        if isinstance(node, list):
            for item in node:
                clean(item)
        elif isinstance(node, dict):
            for key, value, role, names_below in fields(node, names=names):
                if role == "extension" and key != EXTENSION:
                    del node[key]
                elif role in ("named", "part") and key != "security":  # schemes may be called x-…
                    clean(value, names=names_below)

    clean(draft.spec)


def merge_path_items(draft: Draft) -> None:
    """Move parameters declared for a whole path into its operations (the operation's own win)."""
    for _, item in path_items(draft.spec):
        shared = item.pop("parameters", [])
        for method in item.keys() & METHODS:
            own = item[method].get("parameters", [])
            taken = {(p.get("name"), p.get("in")) for p in own}
            added = [p for p in shared if (p.get("name"), p.get("in")) not in taken]
            item[method]["parameters"] = [*copied(added), *own]


def read_statuses(draft: Draft) -> None:
    """Say what HTTP 200 is answered with, also where a page has a range or a default alone.

    Evidence (doc): KeyAPI answers successes with HTTP 200. The range stays beside it, for others.
    """
    for operation in draft.operations():
        responses = operation.node["responses"]
        for status in [status for status in responses if _RANGE.fullmatch(status)]:
            responses.setdefault(status.upper(), responses.pop(status))
        if not any(status.isdigit() and is_success(status) for status in responses):
            for status in ("2XX", "default"):
                if status in responses:
                    responses.setdefault("200", copied(responses[status]))


def repair_schemas(draft: Draft) -> None:
    """Repair what OpenAPI 3.0 does not allow in schemas.

    Evidence: `type: 'null'`, lists of types and `nullable` without `type` occur or are accepted by
    some tools and rejected by others. Text stays text: formats that would make generators parse
    dates or UUIDs are dropped, since the API is known to vary them.
    """
    visit_all(draft, _repair_schema)


def _repair_schema(schema: Schema) -> None:
    kinds = schema.get("type")
    if isinstance(kinds, str):
        kinds = [kinds]
    if isinstance(kinds, list):
        types = [kind for kind in kinds if kind in _TYPES]
        if "null" in kinds and types:
            schema["nullable"] = True
        if len(types) == 1:
            schema["type"] = types[0]
        else:  # unknown, only null, or several: any value
            schema.pop("type")
    for key in ("anyOf", "oneOf"):
        choices = schema.get(key)
        if isinstance(choices, list) and {"type": "null"} in choices:
            rest = [choice for choice in choices if choice != {"type": "null"}]
            del schema[key]
            if len(rest) == 1:
                schema.update(rest[0])
                _repair_schema(schema)
                schema["nullable"] = True
            elif rest:
                for index, choice in enumerate(rest):
                    _repair_schema(choice)
                    if "type" in choice:  # one that allows null is enough, of `oneOf` just one
                        rest[index] = {**choice, "nullable": True}
                        break
                schema[key] = rest
    if "type" not in schema:
        schema.pop("nullable", None)
        if isinstance(schema.get("properties"), dict):
            schema["type"] = "object"
        elif isinstance(schema.get("items"), dict):
            schema["type"] = "array"
    if schema.get("type") == "array":
        schema.setdefault("items", {})
    if isinstance(schema.get("required"), list):
        schema["required"] = [*dict.fromkeys(filter(_is_text, schema["required"]))]
    if not schema.get("required") or schema["required"] is True:  # draft 3: on the property itself
        schema.pop("required", None)
    if schema.get("format") in ("date", "date-time", "uuid", "binary", "byte"):
        del schema["format"]
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    if isinstance(schema.get("examples"), list):  # as in OpenAPI 3.1
        for example in schema.pop("examples")[:1]:
            schema.setdefault("example", example)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def require_success(draft: Draft) -> None:
    """Refuse an operation that documents no success, or one that is not JSON.

    Nothing is known of what the one answers; each call of the other would be charged, and fail.
    """
    for operation in draft.operations():
        responses = operation.node["responses"]
        problem, remedy = "", "Describe the response as it comes with an overlay action."
        if not any(map(is_success, responses)):
            problem, remedy = (
                "it documents no response of success",
                "Add one with an overlay action.",
            )
        elif operation.method == "head":
            problem, remedy = "its method is HEAD, whose answers have no body", "Remove the page."
        else:
            for status, response in responses.items():
                content = response.get("content") or {}
                if is_success(status) and content and JSON not in content:
                    kinds = ", ".join(content)
                    problem = f"its response {status} is {kinds}; only JSON is understood"
        if problem:
            raise operation.refused(problem, "responses", remedy=remedy)


def repair_document(draft: Draft) -> None:
    """Give the document a title, its security schemes legal names, its answers an order.

    Evidence: `info.title` is empty on some pages; the scheme is called "JWT Bearer", but OpenAPI
    3.0 allows only letters, digits, dots, dashes and underscores in component names.
    """
    info = draft.spec.setdefault("info", {})
    info["title"] = str(info.get("title") or "").strip() or "KeyAPI"
    info["version"] = str(info.get("version") or "").strip() or "1.0.0"
    schemes = draft.spec["components"]["securitySchemes"]
    names: dict[str, str] = {}
    for name in schemes:
        legal = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("_") or "key"
        others = names.values()
        free = (f"{legal}_{number}" for number in count(2))
        names[name] = (
            next(other for other in free if other not in others) if legal in others else legal
        )
    draft.spec["components"]["securitySchemes"] = {
        names[name]: scheme for name, scheme in schemes.items()
    }
    for key in info.keys() - _INFO:
        del info[key]
    for key in draft.spec.keys() - _DOCUMENT:
        del draft.spec[key]
    for operation in draft.operations():
        operation.node["responses"] = dict(sorted(operation.node["responses"].items()))
        for response in operation.node["responses"].values():
            response.setdefault("description", "")
    holders = [draft.spec, *(operation.node for operation in draft.operations())]
    for holder in holders:
        if "security" in holder:
            holder["security"] = [
                {names.get(name, name): scopes for name, scopes in requirement.items()}
                for requirement in holder["security"]
            ]


def move_examples(draft: Draft) -> None:
    """Move a response's example from its schema to the media type, where OpenAPI tools read it.

    Evidence: some examples are published as the text of a JSON document.
    """
    for operation in draft.operations():
        for status, media in operation.responses():
            schema = media["schema"]
            example = schema.pop("example", None)
            if example is not None:
                media.setdefault("example", example)
            named = media.pop("examples", None)
            if isinstance(named, dict) and "example" not in media:
                values = [item.get("value") for item in named.values() if isinstance(item, dict)]
                if values:
                    media["example"] = values[0]
            if isinstance(media.get("example"), str):
                _decode(draft, operation, media, status)


def _decode(draft: Draft, operation: Operation, media: dict[str, Any], status: str) -> None:
    """Read an example that is JSON inside a text; drop one that is any other text."""
    text = media.pop("example")
    with contextlib.suppress(ValueError):
        value = json_value(text)
        if isinstance(value, (dict, list)):
            media["example"] = value
            return
    problem = "the example is a text that is not a JSON object, and is left out"
    draft.note(operation, problem, "responses", status)
