"""Rules on what a response promises: an envelope, and what its example shows and never breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from keyapi._openapi import is_success
from keyapi.contract import json_schema
from pipeline.shape.draft import Draft, Operation, Schema

_COUNT = re.compile(r"(?:^|_)(?:cnt|count)$|[a-z](?:Cnt|Count)$")
# A count over a period, or of a change, may be below 0: `total_followers_1d_cnt`, `fans_diff_cnt`.
_CHANGE = re.compile(
    r"(?:^|_)(?:\d+_?(?:h|d|w|m|y|hours?|days?|weeks?|months?|years?)|yesterday|today|daily|weekly"
    r"|monthly|inc|incr|increment|increase|increased|growth|grow|change|changed|chg|delta|diff|net"
    r"|gain|trend)(?=_)",
)
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CONSTRAINTS = (
    *("enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"),
    *("minProperties", "maxProperties", "required", "not", "anyOf", "oneOf", "allOf"),
)
# Keywords that mean something only beside another.
_TOGETHER = {
    "minimum": ("exclusiveMinimum",),
    "maximum": ("exclusiveMaximum",),
    "oneOf": ("discriminator",),
    "anyOf": ("discriminator",),
}
_ENVELOPE = {"code", "message", "data", "requestId"}


def require_envelope(draft: Draft) -> None:
    """Refuse a response without KeyAPI's envelope: each call would be charged, and then fail.

    Evidence (doc): every answer has `code` and `data`. A schema that leaves out the `code` beside
    the data is only incomplete; one with other properties, or such an example, is another envelope.
    """
    for operation in draft.operations():
        for status, media in operation.responses():
            if not is_success(status):
                continue
            if beside := _beside_data(media["schema"]):
                raise operation.refused(
                    f"its response has {', '.join(map(repr, beside))} and no 'data': what it "
                    "answers would be lost",
                    "responses",
                    status,
                    remedy="Describe the response as it comes with an overlay action.",
                )
            if not (_may_have_code(media["schema"]) and _has_code(media.get("example"))):
                raise operation.refused(
                    "its response has no 'code': it is not KeyAPI's envelope of code and data, "
                    "without which every call would fail",
                    "responses",
                    status,
                    remedy="Describe the response as it comes with an overlay action.",
                )


def _beside_data(schema: Schema) -> list[str]:
    """Objects and lists that an envelope with a code, but without data, has instead."""
    properties = schema.get("properties", {})
    if "code" not in properties or "data" in properties:
        return []
    kinds = {name: child.get("type") for name, child in properties.items()}
    return [name for name, kind in kinds.items() if kind in ("object", "array")]


def _may_have_code(schema: Schema) -> bool:
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return any(map(_may_have_code, choices))
    if schema.get("type", "object") != "object":
        return False
    if parts := schema.get("allOf"):
        return any("code" in part.get("properties", {}) for part in parts)
    properties = schema.get("properties", {})
    return "code" in properties or properties.keys() <= _ENVELOPE


def _has_code(example: Any) -> bool:
    return "code" in example if isinstance(example, dict) else not isinstance(example, list)


def promise_success(draft: Draft) -> None:
    """Let a success schema promise what its example shows: `code` 0, and the fields in it.

    `code` and `data` are promised without an example, too. Evidence (doc): every answer has both,
    and code 0 means success. The client tolerates absence of the rest; the contract suite notes it.
    """
    for operation in draft.operations():
        for status, media in operation.responses():
            if not is_success(status):
                continue
            schema = media["schema"]
            if "example" in media:
                _promise(schema, [media["example"]])
            code = schema.get("properties", {}).get("code")
            if code is not None and (media.get("example") or {"code": 0}).get("code") == 0:
                code.update(type="integer", minimum=0, maximum=0)
                required = {"code", "data", *schema.get("required", [])}
                schema["required"] = [name for name in schema["properties"] if name in required]


def _promise(schema: Schema, examples: list[Any]) -> None:
    """Require what every example of an object has; look into lists and objects alike."""
    objects = [example for example in examples if isinstance(example, dict)]
    if objects and schema.get("type") == "object":
        properties = schema.get("properties", {})
        shown = {name for name in properties if all(name in example for example in objects)}
        required = {*schema.get("required", []), *shown}
        if required:
            schema["required"] = [name for name in properties if name in required]
    for child, values in parts(schema, examples):
        if values:
            _promise(child, values)


def bound_counts(draft: Draft) -> None:
    """Let integers that are named as counts promise that they are not below 0.

    Evidence: a count is how many there are; pages call them `total_sale_cnt` and the like. How much
    a count has changed, `total_followers_1d_cnt`, may well be below 0, and an example shows it.
    """
    for operation in draft.operations():
        for status, media in operation.responses():
            if is_success(status):
                _bound(media["schema"])


def _bound(schema: Schema) -> None:
    for name, child in schema.get("properties", {}).items():
        if child.get("type") == "integer" and is_count(name):
            child.setdefault("minimum", 0)
    for child, _ in parts(schema, []):
        _bound(child)
    for key in ("allOf", "anyOf", "oneOf"):
        for choice in schema.get(key, ()):
            _bound(choice)


def is_count(name: str) -> bool:
    """Whether a property is called like a count that is never below 0."""
    return bool(_COUNT.search(name)) and not _CHANGE.search(_WORD.sub("_", name).lower())


def keep_to_examples(draft: Draft) -> None:
    """Drop every constraint that a response's own example breaks.

    Evidence: examples are recorded, constraints are written or inferred. A client that checks the
    contract must accept what the page itself shows.
    """
    for operation in draft.operations():
        for status, media in operation.responses():
            if "example" in media:
                at = ("responses", status)
                _keep(draft, operation, media["schema"], [media["example"]], at)


def _keep(
    draft: Draft,
    operation: Operation,
    schema: Schema,
    values: list[Any],
    at: tuple[str, ...],
) -> None:
    shown = [value for value in values if not (value is None and schema.get("nullable"))]
    if not shown:  # nothing breaks anything, and nothing is inside
        return
    for key in _CONSTRAINTS:
        if key not in schema or all(_fits(schema, key, value) for value in shown):
            continue
        dropped = schema.pop(key)
        for together in _TOGETHER.get(key, ()):
            schema.pop(together, None)
        if key == "required":
            objects = [value for value in shown if isinstance(value, dict)]
            kept = [name for name in dropped if all(name in value for value in objects)]
            schema.update({"required": kept} if kept else {})
        elif key == "oneOf" and all(_fits({"anyOf": dropped}, "anyOf", value) for value in shown):
            schema["anyOf"] = dropped  # it fits several
            continue
        draft.note(operation, f"its example breaks the published {key}, which is dropped", *at)
    for child, inner in parts(schema, shown):
        _keep(draft, operation, child, inner, at)
    for part in schema.get("allOf", ()):
        _keep(draft, operation, part, shown, at)


def _fits(schema: Schema, key: str, value: Any) -> bool:
    """Whether a value keeps one constraint of a schema."""
    kept = {each: schema[each] for each in (key, *_TOGETHER.get(key, ())) if each in schema}
    try:
        return jsonschema_rs.Draft4Validator(json_schema({}, kept)).is_valid(value)
    except jsonschema_rs.ValidationError:  # of the constraint itself; `generate` refuses it
        return True


def by_name(values: list[Any]) -> dict[str, list[Any]]:
    """What the objects among some values have below each name, in order."""
    found: dict[str, list[Any]] = {}
    for value in values:
        for name, child in value.items() if isinstance(value, dict) else ():
            found.setdefault(name, []).append(child)
    return found


def parts(schema: Schema, values: list[Any]) -> Iterator[tuple[Schema, list[Any]]]:
    """Yield each schema directly below one, with what the values have in its place."""
    objects = [value for value in values if isinstance(value, dict)]
    properties = schema.get("properties", {})
    shown_by_name = by_name(objects)
    for name, child in properties.items():
        yield child, shown_by_name.get(name, [])
    if isinstance(schema.get("items"), dict):
        lists = [value for value in values if isinstance(value, list)]
        yield schema["items"], [item for value in lists for item in value]
    if isinstance(schema.get("additionalProperties"), dict):
        others = [v for value in objects for name, v in value.items() if name not in properties]
        yield schema["additionalProperties"], others
