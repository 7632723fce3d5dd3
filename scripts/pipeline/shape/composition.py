"""Rules that read composed schemas in responses: parts of one object, and rows of several kinds."""

from __future__ import annotations

from typing import Any

from keyapi._openapi import is_success
from pipeline.shape.draft import Draft, Operation, Schema, each_schema

_PROSE = ("title", "description", "example", "x-name")
_OBJECT = {"type", "properties", "required", "allOf", "nullable", *_PROSE}


def join_parts(draft: Draft) -> None:
    """Write objects that `allOf` puts together from parts as one object.

    Evidence: envelopes are published as `allOf` of a shared base and the operation's own data.
    """

    def join(schema: Schema) -> None:
        whole = joined(schema) if schema.get("allOf") else None
        if whole is not None:
            schema.clear()
            schema.update(whole)

    for operation in draft.operations():
        for _, media in operation.responses():
            each_schema(media["schema"], join)


def joined(schema: Schema) -> Schema | None:
    """Write a schema that is `allOf` several parts as one object.

    Returns:
        The object with the properties of all parts; None where they are no plain objects.
    """
    own = {key: value for key, value in schema.items() if key != "allOf"}
    published: list[Any] = schema["allOf"]
    parts = [joined(part) if "allOf" in part else part for part in (*published, own)]
    properties: dict[str, Schema] = {}
    required: dict[str, None] = {}
    for part in parts:
        if part is None or part.get("type", "object") != "object" or part.keys() - _OBJECT:
            return None
        for name, child in part.get("properties", {}).items():
            both = _both(properties[name], child) if name in properties else child
            if both is None:
                return None
            properties[name] = both
        required.update(dict.fromkeys(part.get("required", ())))
    if not properties:
        return None
    whole: Schema = {"type": "object", "properties": properties}
    if required:
        whole["required"] = list(required)
    prose = {**(published[0] if len(published) == 1 else {}), **own}
    if prose.get("nullable"):
        whole["nullable"] = True
    return {**{key: prose[key] for key in _PROSE if key in prose}, **whole}


def _both(first: Schema, second: Schema) -> Schema | None:
    """A schema for what fits two; None where they are not plain objects, and not equal."""
    for mine, other in ((first, second), (second, first)):
        bare = _plain(mine)
        if bare in ({}, _plain(other)) or bare == {"type": other.get("type")}:
            return other
    if first.get("type") == second.get("type") == "array":
        items = _both(first["items"], second["items"])
        return None if items is None else {**first, "items": items}
    return joined({"allOf": [first, second]})


def _plain(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in _PROSE}


def join_kinds_of_rows(draft: Draft) -> None:
    """Give rows of several kinds one class, with the properties of all kinds.

    Evidence: search results hold videos beside live streams. Nothing in a row need tell its kind,
    and a list without a class would have no pages.
    """
    for operation in draft.operations():
        for status, media in operation.responses():
            each_schema(media["schema"], _Joiner(draft, operation, status))


def note_kinds_of_data(draft: Draft) -> None:
    """Note data of several kinds: a call gives it as decoded, since nothing tells the kinds apart.

    Evidence: an answer is documented as either a video or a live stream.
    """
    for operation in draft.operations():
        for status, media in operation.responses():
            data = media["schema"].get("properties", {}).get("data", {})
            kinds = data.get("oneOf") or data.get("anyOf") or ()
            if is_success(status) and len(kinds) > 1:
                draft.note(
                    operation,
                    f"its data is of {len(kinds)} kinds; its call gives it as decoded",
                    "responses",
                    status,
                )


class _Joiner:
    """Joins the kinds of a list's items, and notes it."""

    def __init__(self, draft: Draft, operation: Operation, status: str) -> None:
        self._draft, self._operation, self._status = draft, operation, status

    def __call__(self, schema: Schema) -> None:
        items = schema.get("items")
        if not isinstance(items, dict):
            return
        kinds: list[Schema] = items.get("oneOf") or items.get("anyOf") or []
        if len(kinds) < 2 or not all(_is_kind(kind) for kind in kinds):
            return
        properties: dict[str, Schema] = {}
        for kind in kinds:
            for name, child in kind["properties"].items():
                other = properties.setdefault(name, child)
                if _plain(other) != _plain(child):
                    properties[name] = {}
        required = [n for n in properties if all(n in kind.get("required", ()) for kind in kinds)]
        prose = {key: items[key] for key in _PROSE if key in items}
        schema["items"] = {**prose, "type": "object", "properties": properties}
        if required:
            schema["items"]["required"] = required
        self._draft.note(
            self._operation,
            f"its rows are of {len(kinds)} kinds; their class has the properties of all",
            "responses",
            self._status,
        )


def _is_kind(schema: Schema) -> bool:
    is_object = schema.get("type") == "object" and "properties" in schema
    return is_object and not schema.keys() - _OBJECT
