"""Rules that let the published examples complete the schemas, and say which text is JSON."""

from __future__ import annotations

import re
from typing import Any

from keyapi._facts import EXTENSION, JsonText
from keyapi._openapi import is_success
from pipeline.document.values import json_value
from pipeline.shape.draft import Draft, Operation, Schema, each_schema
from pipeline.shape.maps import are_data
from pipeline.shape.promises import by_name, parts

_PROSE = frozenset({"title", "description", "x-name"})
# What a bare string in the place of a decoded object stands for: the first of these it has.
_TEXT_NAMES = ("url", "uri", "src", "name")


def complete_from_examples(draft: Draft) -> None:
    """Add what an example shows and its schema lacks, and widen what the example contradicts.

    Evidence: response schemas that are empty beside a full example, fields present in the example
    but not in the schema, numbers typed integer whose examples have decimals.
    """
    for operation in draft.operations():
        for status, media in operation.responses():
            if "example" in media:
                media["schema"] = _completed(
                    draft, operation, media["schema"], [media["example"]], ("responses", status)
                )


def _completed(
    draft: Draft, operation: Operation, schema: Schema, values: list[Any], at: tuple[str | int, ...]
) -> Schema:
    """Complete a schema from all the values that the example shows in its place."""
    if schema.keys() <= _PROSE:
        return {**schema, **inferred(values)}
    if not values or any(key in schema for key in ("allOf", "anyOf", "oneOf")):
        return schema
    kind = schema.get("type")
    if kind is not None and None in values:
        schema = {**schema, "nullable": True}
    shown = [value for value in values if value is not None]
    if kind == "object" and all(isinstance(value, dict) for value in shown):
        if schema.get("additionalProperties") or _holds_map(schema, shown):
            return _completed_map(draft, operation, schema, shown, at)
        shown_by_name = by_name(shown)
        names = dict.fromkeys([*schema.get("properties", {}), *shown_by_name])
        properties = {
            name: _completed(
                draft,
                operation,
                schema.get("properties", {}).get(name, {}),
                shown_by_name.get(name, []),
                (*at, name),
            )
            for name in names
        }
        return {**schema, "properties": properties} if properties else schema
    if kind == "array" and all(isinstance(value, list) for value in shown):
        items = [item for value in shown for item in value]
        return {
            **schema,
            "items": _completed(draft, operation, schema["items"], items, (*at, "items")),
        }
    misfits = [value for value in shown if not _fits(kind, value)]
    if not misfits:
        return schema
    if kind == "integer" and all(_fits("number", value) for value in shown):
        return {**schema, "type": "number"}
    draft.note(
        operation,
        f"the example is {type(misfits[0]).__name__} where the schema says {kind}; "
        "any value is accepted there",
        *at,
    )
    return {key: value for key, value in schema.items() if key in _PROSE}


def _holds_map(schema: Schema, values: list[Any]) -> bool:
    """Whether an object of which no property is documented has keys that are data."""
    return not schema.get("properties") and are_data(name for value in values for name in value)


def _completed_map(
    draft: Draft, operation: Operation, schema: Schema, values: list[Any], at: tuple[str | int, ...]
) -> Schema:
    """Complete the values of a map, and the properties that are documented beside them."""
    completed = {**schema}
    others = schema.get("additionalProperties")
    properties = schema.get("properties", {})
    for name, child in properties.items():
        shown = [value[name] for value in values if name in value]
        child = _completed(draft, operation, child, shown, (*at, name))
        completed["properties"] = {**completed["properties"], name: child}
    shown = [v for value in values for name, v in value.items() if name not in properties]
    others = others if isinstance(others, dict) else {}
    others = _completed(draft, operation, others, shown, (*at, "additionalProperties"))
    return {**completed, "additionalProperties": others}


def _fits(kind: Any, value: Any) -> bool:
    fitting: dict[Any, tuple[type, ...]] = {
        "object": (dict,),
        "array": (list,),
        "string": (str,),
        "boolean": (bool,),
        "integer": (int,),
        "number": (int, float),
    }
    if isinstance(value, bool) and kind is not None:
        return bool(kind == "boolean")
    return isinstance(value, fitting.get(kind, (object,)))


def inferred(values: list[Any]) -> Schema:
    """Give the narrowest schema that covers example values; {} where all are null."""
    shown = [value for value in values if value is not None]
    for kind in ("boolean", "integer", "number", "string", "array", "object"):
        if shown and all(_fits(kind, value) for value in shown):
            break
    else:
        return {}
    schema: Schema = {"type": kind}
    if len(shown) < len(values):
        schema["nullable"] = True
    if kind == "array":
        schema["items"] = inferred([item for value in shown for item in value])
    elif kind == "object" and are_data(name for value in shown for name in value):
        schema["additionalProperties"] = inferred([v for value in shown for v in value.values()])
    elif kind == "object":
        names = dict.fromkeys(name for value in shown for name in value)
        schema["properties"] = {
            name: inferred([value[name] for value in shown if name in value]) for name in names
        }
    return schema


def mark_json_text(draft: Draft) -> None:
    """Mark strings whose example is JSON, and write down how to decode them.

    `x-keyapi: {json: true, accessor, decoded, order, text}`: the accessor's name, the schema of
    the decoded value, the property that orders a list, and the one a bare string stands for.
    Evidence: `cover_url` is a JSON array inside a string, not sorted by its `index`; plain URLs, a
    real list, an object, null and an empty string have been seen in its place.
    """
    for operation in draft.operations():
        for status, media in operation.responses():
            if is_success(status) and "example" in media:
                _mark(media["schema"], [media["example"]])


def _mark(schema: Schema, examples: list[Any]) -> None:
    for child, shown in parts({**schema, "properties": {}}, examples):
        _mark(child, shown)
    shown_by_name = by_name(examples)
    for name, child in schema.get("properties", {}).items():
        values = [value for value in shown_by_name.get(name, ()) if value is not None]
        decoded = [_json_in(value) for value in values] if child.get("type") == "string" else []
        if decoded and all(value is not None for value in decoded):
            text = _json_text(name, decoded, set(schema["properties"]))
            child[EXTENSION] = text.to_document()
        else:
            _mark(child, values)


def _json_in(value: Any) -> Any:
    """The list or object that a string holds as JSON, or None."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json_value(value)
        except ValueError:
            return None
    return None


def _json_text(name: str, values: list[Any], taken: set[str]) -> JsonText:
    decoded = inferred(values)
    accessor = accessor_name(name, decoded, taken)
    row = decoded.get("items", {}) if decoded.get("type") == "array" else decoded
    properties = row.get("properties")
    if not properties:
        return JsonText(accessor)
    order = "index" if properties.get("index", {}).get("type") == "integer" else None
    texts = (key for key in _TEXT_NAMES if properties.get(key, {}) == {"type": "string"})
    return JsonText(accessor, decoded, order, next(texts, None))


def accessor_name(name: str, decoded: Schema, taken: set[str]) -> str:
    """Name the decoded accessor: `cover_url` holding a list gives `covers`."""
    stem = re.sub(r"_(?:urls?|json|list|str|info)$", "", name)
    if decoded.get("type") == "array" and not stem.endswith("s"):
        stem = f"{stem}s"
    return f"{name}_decoded" if stem in taken else stem


def describe_from_titles(draft: Draft) -> None:
    """Turn titles that are sentences into descriptions.

    Evidence: KeyAPI writes what a field means into its `title`, punctuation and all; OpenAPI tools
    make class names of titles. A title that is a class name stays one, see `naming`.
    """

    def move(schema: Schema) -> None:
        title = schema.get("title")
        if isinstance(title, str) and not re.fullmatch(r"[A-Z][A-Za-z0-9]+", title):
            del schema["title"]
            parts = [title.strip(), str(schema.get("description") or "").strip()]
            texts = [
                part if part.endswith((".", "!", "?")) else f"{part}."
                for part in dict.fromkeys(parts)
                if part
            ]
            schema["description"] = " ".join(texts)

    for operation in draft.operations():
        for _, media in operation.responses():
            each_schema(media["schema"], move)
        each_schema(operation.body_schema(), move)
