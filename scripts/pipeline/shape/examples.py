"""Rules that let the published examples complete the schemas and say what success promises."""

from __future__ import annotations

import json
import re
from typing import Any

from pipeline.shape.draft import Draft, Operation, Schema, each_schema, is_success, responses


def complete_from_examples(draft: Draft) -> None:
    """Add what an example shows and its schema lacks, and widen what the example contradicts.

    Evidence: response schemas that are empty beside a full example, fields present in the example
    but not in the schema, numbers typed integer whose examples have decimals.
    """
    for operation in draft.operations():
        for status, media in responses(operation):
            if "example" in media:
                media["schema"] = _completed(
                    draft, operation, media["schema"], media["example"], ("responses", status)
                )


def _completed(
    draft: Draft, operation: Operation, schema: Schema, example: Any, at: tuple[str | int, ...]
) -> Schema:
    if not schema or schema.keys() <= {"title", "description", "x-name"}:
        return {**schema, **inferred(example)}
    if any(key in schema for key in ("allOf", "anyOf", "oneOf")):
        return schema
    if example is None:
        # A null shown for a typed value: the value may be null. Bare objects stay as they are.
        return {**schema, "nullable": True} if "type" in schema else schema
    kind = schema.get("type")
    if kind == "object" and isinstance(example, dict):
        known = schema.get("properties", {})
        done = {
            name: _completed(draft, operation, child, example[name], (*at, name))
            if name in example
            else child
            for name, child in known.items()
        }
        for name, value in example.items():
            if name not in done:
                done[name] = inferred(value)
        return {**schema, "properties": done} if done else schema
    if kind == "array" and isinstance(example, list):
        items = schema["items"]
        for index, item in enumerate(example):
            items = _completed(draft, operation, items, item, (*at, index))
        return {**schema, "items": items}
    if not _fits(kind, example):
        if kind == "integer" and isinstance(example, float):
            return {**schema, "type": "number"}
        draft.note(
            operation,
            f"the example is {type(example).__name__} where the schema says {kind}; "
            "any value is accepted there",
            *at,
        )
        return {
            key: value for key, value in schema.items() if key in ("title", "description", "x-name")
        }
    return schema


def _fits(kind: Any, example: Any) -> bool:
    fitting: dict[Any, tuple[type, ...]] = {
        "object": (dict,),
        "array": (list,),
        "string": (str,),
        "boolean": (bool,),
        "integer": (int,),
        "number": (int, float),
    }
    if isinstance(example, bool) and kind != "boolean":
        return kind is None
    return kind is None or isinstance(example, fitting.get(kind, (object,)))


def inferred(example: Any) -> Schema:
    """Tell a schema from one example value; a null tells nothing."""
    if isinstance(example, bool):
        return {"type": "boolean"}
    if isinstance(example, int | float):
        # A whole number in an example does not promise that there are no decimals.
        return {"type": "number"} if isinstance(example, float) else {"type": "integer"}
    if isinstance(example, str):
        return {"type": "string"}
    if isinstance(example, list):
        merged: Schema = {}
        for item in example:
            merged = _union(merged, inferred(item))
        return {"type": "array", "items": merged}
    if isinstance(example, dict):
        properties = {name: inferred(value) for name, value in example.items()}
        return {"type": "object", "properties": properties}
    return {}


def _union(first: Schema, second: Schema) -> Schema:
    """The narrowest schema that covers two inferred ones."""
    if not first or not second or first == second:
        return first or second
    kinds = {first["type"], second["type"]}
    if kinds == {"object"}:
        names = [*first["properties"], *second["properties"]]
        return {
            "type": "object",
            "properties": {
                name: _union(first["properties"].get(name, {}), second["properties"].get(name, {}))
                for name in dict.fromkeys(names)
            },
        }
    if kinds == {"array"}:
        return {"type": "array", "items": _union(first["items"], second["items"])}
    return {"type": "number"} if kinds == {"integer", "number"} else {}


def promise_success(draft: Draft) -> None:
    """Let a success schema promise what its example shows: `code` 0, and the fields in it.

    The client tolerates absence all the same; the contract suite notes it.
    """
    for operation in draft.operations():
        for status, media in responses(operation):
            if is_success(status) and "example" in media:
                _promise(media["schema"], [media["example"]])
                code = media["schema"].get("properties", {}).get("code")
                if code is not None and media["example"].get("code") == 0:
                    code.update(type="integer", minimum=0, maximum=0)


def _promise(schema: Schema, examples: list[Any]) -> None:
    """Require what every example of an object has; look into lists and objects alike."""
    objects = [example for example in examples if isinstance(example, dict)]
    if objects and schema.get("type") == "object":
        properties = schema.get("properties", {})
        shown = {name for name in properties if all(name in example for example in objects)}
        required = {*schema.get("required", []), *shown}
        if required:
            schema["required"] = [name for name in properties if name in required]
        for name, child in properties.items():
            _promise(child, [example[name] for example in objects if name in example])
    elif schema.get("type") == "array":
        items = [item for example in examples if isinstance(example, list) for item in example]
        if items:
            _promise(schema["items"], items)


def mark_json_text(draft: Draft) -> None:
    """Mark strings whose example is JSON, and write down how to decode them.

    `x-keyapi: {json: true, accessor, decoded, order, text}`: the accessor's name, the schema of
    the decoded value, the property that orders a list, and the one a bare string stands for.
    Evidence: `cover_url` is a JSON array inside a string, not sorted by its `index`; plain URLs, a
    real list, an object, null and an empty string have been seen in its place.
    """
    for operation in draft.operations():
        for status, media in responses(operation):
            if is_success(status) and "example" in media:
                _mark(media["schema"], [media["example"]])


def _mark(schema: Schema, examples: list[Any]) -> None:
    if schema.get("type") == "array":
        _mark(schema["items"], [i for e in examples if isinstance(e, list) for i in e])
    for name, child in schema.get("properties", {}).items():
        values = [e[name] for e in examples if isinstance(e, dict) and e.get(name) is not None]
        decoded = [_json_in(value) for value in values] if child.get("type") == "string" else []
        if decoded and all(value is not None for value in decoded):
            child["x-keyapi"] = _decoding(name, decoded, set(schema["properties"]))
        else:
            _mark(child, values)


def _json_in(value: Any) -> Any:
    """The list or object that a string holds as JSON, or None."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return None
    return None


def _decoding(name: str, values: list[Any], taken: set[str]) -> dict[str, Any]:
    decoded = inferred(values)["items"]
    facts: dict[str, Any] = {"json": True, "accessor": accessor_name(name, decoded, taken)}
    row = decoded.get("items", {}) if decoded.get("type") == "array" else decoded
    if properties := row.get("properties"):
        facts["decoded"] = decoded
        if properties.get("index", {}).get("type") == "integer":
            facts["order"] = "index"
        texts = [
            key
            for key in ("url", "uri", "src", "name")
            if properties.get(key, {}) == {"type": "string"}
        ]
        if texts:
            facts["text"] = texts[0]
    return facts


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
        for _, media in responses(operation):
            each_schema(media["schema"], move)
        for media in operation.node.get("requestBody", {}).get("content", {}).values():
            each_schema(media.get("schema"), move)
