"""Rules about what is sent: as the page says, or the page is refused.

The client puts arguments into query, path and JSON body, and the key into the `Authorization`
header as `Bearer`. What a page wants otherwise must not be sent so without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from keyapi._openapi import JSON, delimiter, media_type
from pipeline.shape.composition import joined
from pipeline.shape.draft import Draft, Operation, Schema, all_schemas

# OpenAPI 3.0.3, "Parameter Object": header parameters of these names are to be ignored.
_IGNORED_HEADERS = ("accept", "content-type", "authorization")
_ANY_TYPE = ("*/*", "application/*")
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]+)', re.IGNORECASE)
_UTF_8 = ("utf-8", "utf8", "us-ascii", "ascii")
_LIST_STYLES = ("form", "pipeDelimited", "spaceDelimited")
# Of a schema of Swagger 2, beside a parameter's name.
_KEYWORDS = (
    *("type", "format", "enum", "default", "pattern", "minLength", "maxLength"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
)
_STYLES = {"query": "form", "path": "simple"}


def read_media_types(draft: Draft) -> None:
    """Call JSON `application/json`, whatever kind and parameters it has; refuse other bodies.

    A body is sent as `application/json`. Evidence: frameworks write
    `application/json; charset=utf-8`, `application/vnd.api+json`, or `*/*` where nobody said
    anything. RFC 8259 leaves `charset` without a meaning: JSON is always UTF-8.
    """
    for operation in draft.operations():
        body = operation.node.get("requestBody", {})
        if offered := body.get("content"):
            body["content"] = _sent(operation, offered)
        for status, response in operation.node["responses"].items():
            if "content" in response:
                at = ("responses", status)
                response["content"] = _by_type(operation, response["content"], *at)


def _sent(operation: Operation, offered: dict[str, Any]) -> dict[str, Any]:
    """What a body is sent as: JSON, in which a page may offer further kinds of JSON."""
    content = _by_type(operation, offered, "requestBody")
    is_json = list(content) == [JSON]
    # A server that asks for its own kind of JSON may refuse any other with 415.
    if is_json and any(_bare(written) in (JSON, *_ANY_TYPE) for written in offered):
        return content
    only = f"the client sends {JSON}" if is_json else "only JSON is understood"
    raise operation.refused(
        f"the request body is {', '.join(offered)}; {only}",
        "requestBody",
        remedy="Replace its content with an overlay action.",
    )


def _bare(written: str) -> str:
    return written.partition(";")[0].strip().lower()


def _by_type(operation: Operation, content: dict[str, Any], *at: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for written, media in content.items():
        charset = _CHARSET.search(written)
        if charset and charset[1].lower() not in _UTF_8:
            raise operation.refused(
                f"{written} is not UTF-8, the only encoding of JSON",
                *at,
                "content",
                written,
                remedy="Correct the media type with an overlay action.",
            )
        if _bare(written) == JSON:  # it wins over other kinds of JSON
            found[JSON] = media
        found.setdefault(media_type(written), media)
    if JSON in found:
        return found
    return {JSON if kind in _ANY_TYPE else kind: media for kind, media in found.items()}


def require_bearer(draft: Draft) -> None:
    """Refuse an operation that wants the key in another way than the client sends it.

    Of alternatives, the one with the key as `Bearer` stays. An operation without security is sent
    no key.
    """
    schemes = draft.spec.get("components", {}).get("securitySchemes", {})
    for operation in draft.operations():
        required = operation.node.get("security", draft.spec.get("security")) or []
        alternatives = [requirement for requirement in required if requirement]
        usable = [each for each in alternatives if not _other_than_bearer(each, schemes)]
        if alternatives and not usable:
            raise operation.refused(
                f"{_other_than_bearer(alternatives[0], schemes)}; the client sends one key, as "
                "`Authorization: Bearer`",
                "security",
                remedy="If the page is wrong, correct its security with an overlay action.",
            )
        operation.node["security"] = usable[:1]


def _other_than_bearer(requirement: Mapping[str, Any], schemes: Mapping[str, Any]) -> str:
    """How an operation wants the key, or "" where it is as the client sends it."""
    if len(requirement) > 1:
        return f"it needs {len(requirement)} keys at once: {', '.join(requirement)}"
    (name,) = requirement
    scheme = schemes.get(name)
    if not isinstance(scheme, dict):
        return f"its security {name!r} is described nowhere"
    kind, place = scheme.get("type"), scheme.get("in")
    if kind == "apiKey":
        return f"it takes the key as it is, in the {place} {scheme.get('name')!r}"
    if kind != "http":
        return f"it takes the key by {kind}"
    how = str(scheme.get("scheme"))
    return "" if how.lower() == "bearer" else f"it takes the key as HTTP {how!r} authorization"


def require_places(draft: Draft) -> None:
    """Give each parameter a schema and drop headers OpenAPI says to ignore; refuse other places."""
    for operation in draft.operations():
        kept: list[dict[str, Any]] = []
        for index, parameter in enumerate(operation.node.get("parameters", [])):
            name, place = parameter.get("name"), parameter.get("in")
            if place == "header" and str(name or "").lower() in _IGNORED_HEADERS:
                continue
            problem, remedy = "", "Remove it with an overlay action."
            if place not in _STYLES:
                problem = (
                    f"the parameter {name!r} is in {place!r}; only query and path parameters are "
                    "understood"
                )
            elif any(other["name"] == name for other in kept):
                problem = f"two parameters are called {name!r}"
                remedy = "Remove one with an overlay action."
            elif "content" in parameter:
                kinds = ", ".join(parameter["content"])
                problem = f"the parameter {name!r} is sent as {kinds}, which is not understood"
                remedy = "Give it a schema instead of its content with an overlay action."
            if problem:
                raise operation.refused(problem, "parameters", index, remedy=remedy)
            if place == "path":
                parameter["required"] = True  # as OpenAPI demands, and pages forget
            schema = parameter.setdefault("schema", _beside(operation, index, parameter))
            if "example" in schema:
                parameter.setdefault("example", schema.pop("example"))
            kept.append(parameter)
        operation.node["parameters"] = kept


def _beside(operation: Operation, index: int, parameter: dict[str, Any]) -> Schema:
    """The schema of a parameter that has none: what stands beside its name, as in Swagger 2.

    Evidence: pages that were written for Swagger 2, and called OpenAPI 3 since.
    """
    if "schema" in parameter or "type" not in parameter:
        return {"type": "string"}
    if parameter["type"] not in ("string", "integer", "number", "boolean"):
        raise operation.refused(
            f"the parameter {parameter['name']!r} has the type {parameter['type']} beside its name "
            "and no schema, so how it is sent is not said",
            "parameters",
            index,
            remedy="Give it a schema and a style with an overlay action.",
        )
    return {key: parameter.pop(key) for key in _KEYWORDS if key in parameter}


def require_styles(draft: Draft) -> None:
    """Refuse parameters that would be sent otherwise than their page says.

    Lists are sent in the query, as repeated values or joined by commas, pipes or spaces; objects,
    lists of lists and lists in the path are not sent at all.
    """
    for operation in draft.operations():
        for index, parameter, schema in operation.parameters():
            if problem := _unsendable(parameter, schema):
                raise operation.refused(
                    f"the parameter {parameter['name']!r} {problem}, which is not understood",
                    "parameters",
                    index,
                    remedy="Describe it as text or as a list of texts with an overlay action.",
                )


def _unsendable(parameter: Mapping[str, Any], schema: Schema) -> str:
    place = parameter["in"]
    kinds = set(_kinds(schema))
    style, usual = parameter.get("style", _STYLES[place]), _STYLES[place]
    if "object" in kinds:
        return f"is an object (style {style})"
    if "array" not in kinds:
        return f"has the style {style}" if place == "path" and style != usual else ""
    if place == "path":
        return "is a list in the path"
    if style not in _LIST_STYLES:
        return f"is a list of the style {style}"
    if {"array", "object"} & {kind for items in _items(schema) for kind in _kinds(items)}:
        return "is a list of lists or objects"
    if schema.get("type") != "array" and delimiter(parameter, {"type": "array"}):
        return "may be a list, joined to one value, or a single value"
    return ""


def _kinds(schema: Schema) -> Iterator[str]:
    """Types that a value may have; nothing where any will do."""
    if "type" in schema:
        yield schema["type"]
    for part in _parts(schema):
        yield from _kinds(part)


def _items(schema: Schema) -> Iterator[Schema]:
    if isinstance(schema.get("items"), dict):
        yield schema["items"]
    for part in _parts(schema):
        yield from _items(part)


def _parts(schema: Schema) -> Iterator[Schema]:
    for key in ("allOf", "anyOf", "oneOf"):
        yield from (part for part in schema.get(key, ()) if isinstance(part, dict))


def merge_bodies(draft: Draft) -> None:
    """Write a JSON body that is `allOf` several objects as one object, whose properties are sent.

    Evidence: code-first frameworks write a base class and its extension so.
    """
    for operation in draft.operations():
        body = operation.body() or {}
        schema = body.get("schema")
        if isinstance(schema, dict) and "allOf" in schema:
            whole = joined(schema)
            if whole is None:
                raise operation.refused(
                    "the parts of the request body do not make one plain object",
                    *("requestBody", "content", JSON, "schema"),
                    remedy="Describe the body as one object with an overlay action.",
                )
            body["schema"] = whole


def separate_directions(draft: Draft) -> None:
    """Leave `readOnly` properties out of requests, and `writeOnly` ones out of responses.

    OpenAPI 3.0.3, "Schema Object": they should not be sent so, and `required` applies to the other
    direction only.
    """
    for _, schema, _, sent in all_schemas(draft):
        mark = "readOnly" if sent else "writeOnly"
        properties = schema.get("properties", {})
        left_out = {
            name
            for name, child in properties.items()
            if isinstance(child, dict) and child.get(mark) is True
        }
        for name in left_out:
            del properties[name]
        if left_out and "required" in schema:
            schema["required"] = [name for name in schema["required"] if name not in left_out]
        if schema.get("required") == []:
            del schema["required"]
