"""Spec -> client: what contracts find in answers, and how it is written, as a person wrote it down.

The answers are those of `judged`, whose specification says each thing once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from keyapi.conformance.relations._contract.judged import DOCUMENT, JUDGED, LISTED, NOTED, SCHEMAS
from keyapi.contract import Contract, Violation, json_schema, tells_apart

_WHOLE = (
    *("json", "status", "content-type", "duplicate-key", "huge-integer", "type", "required"),
    *("enum", "oneOf", "anyOf", "allOf", "not", "additionalProperties"),
    *("minProperties", "maxProperties", "minItems", "maxItems"),
)
"""Rules that an answer as a whole may break."""
_PART = {
    "type": "object",
    "required": ["number"],
    "properties": {
        "number": {"type": "integer"},
        "inner": {"$ref": "#/components/schemas/Part"},
    },
}
_APART: tuple[tuple[Mapping[str, Any], bool], ...] = (
    ({}, False),
    ({"text": "hello"}, False),
    ({"paid": 1}, False),
    ({"ideal": 1}, False),
    ({"id": 1}, True),
    ({"videoId": 1}, True),
    ({"videoID": 1}, True),
    ({"VIDEO_ID": 1}, True),
    ({"product_id": 1}, True),
    ({"text": "hello", "start": 1}, True),
)
_READ: tuple[tuple[str, str, bytes, dict[str, Any]], ...] = (
    (LISTED, "", b"", {}),
    (LISTED, "page=2&size=-3&kind=a%20b+c&other=1", b"", {"page": 2, "size": -3, "kind": "a b c"}),
    (LISTED, "page=x&size=1.5&kind=", b"", {"page": "x", "size": "1.5", "kind": ""}),
    (LISTED, "open=true&owner=7&way=1", b"", {"open": True, "owner": "7", "way": 1}),
    (LISTED, "open=false&kind=a&kind=b", b"", {"open": False, "kind": "b"}),
    (LISTED, "open=1&bare=1&bare=2", b"", {"open": "1", "bare": ["1", "2"]}),
    (LISTED, "ids=1,2&piped=3|4&spaced=5%206", b"", {
        "ids": ["1", "2"], "piped": [3, 4], "spaced": [5, 6]}),
    (LISTED, "several=1&several=2.5e3&several=x&several=1e999", b"", {
        "several": [1.0, 2500.0, "x", "1e999"]}),
    (LISTED, f"page={'9' * 301}", b"", {"page": "9" * 301}),
    (NOTED, "id=7", b'{"text": "a", "id": 1, "parts": [], "new": 1}', {
        "text": "a", "id": 1, "parts": []}),
    *((NOTED, "", body, {}) for body in (b"[", b"7", b"[1]", b"[" * 100_000)),
)  # fmt: skip
"""A query string and a body, and the arguments that are read from them."""


def violations_as_written() -> Iterator[Violation]:
    """Compare what contracts find and say with what a person wrote down."""
    contract = Contract(DOCUMENT)
    for judged in JUDGED:
        is_raw = isinstance(judged.body, bytes)
        content = judged.body if is_raw else json.dumps(judged.body).encode()
        found = contract.violations(judged.operation, judged.status, content, **judged.given)
        yield from _differs(f"violations, {judged.name}", judged.violations, found)
    for judged in SCHEMAS:
        fits = contract.checker(judged.operation, judged.status)
        rules = [rule for place, rule, *_ in judged.found if "/texts/" not in place]
        broken = any(rule != "json-text" for rule in rules)
        yield from _differs(f"quick look, {judged.name}", not broken, fits and fits(judged.body))
    for status in (201, 404):
        yield from _differs(f"quick look, {status}", None, contract.checker(LISTED, status))
    yield from _differs("violations again", JUDGED[3].violations, _again(contract))
    yield from _written()
    for row, apart in _APART:
        yield from _differs(f"tells apart, {dict(row)}", apart, tells_apart(row))
    made = json_schema(DOCUMENT, {"$ref": "#/components/schemas/Part", "example": {"x": 1}})
    schema = {"$ref": "#/components/schemas/Part", "components": {"schemas": {"Part": _PART}}}
    yield from _differs("json_schema", schema, made)
    for name, query, body, arguments in _READ:
        request = httpx.Request("POST", f"https://example.com/?{query}", content=body)
        yield from _differs(f"arguments, {query}", arguments, contract.arguments(name, request))


def _again(contract: Contract) -> list[Violation]:
    """The same answer once more: what was compiled is used again."""
    content = json.dumps(JUDGED[3].body).encode()
    return contract.violations(LISTED, 200, content)


def _written() -> Iterator[Violation]:
    """How a violation is written, and what it has in common with others."""
    one = Violation("op", "/data/0/a", "type", "a text", "5")
    whole = one._replace(pointer="")
    told = "expected a text, found 5"
    texts = {
        one: f"op (type): /data/0/a: {told}",
        one._replace(more=1234): f"op (type): /data/0/a: {told}, and 1,234 places more",
        one._replace(pointer="/\x1b" + "a" * 300): f"op (type): /\\x1b{'a' * 197}…: {told}",
        whole._replace(rule="page-size"): f"op (page-size): {told}",
    }
    for rule in _WHOLE:
        texts[whole._replace(rule=rule)] = f"op ({rule}): the whole response: {told}"
    for each, text in texts.items():
        yield from _differs(f"text of {each.rule}", text, str(each))
    yield from _differs("kind", ("op", "/data/*/a", "type"), one.kind)
    yield from _differs("defaults", (False, 0), (one.additive, one.more))


def _differs(rule: str, expected: Any, found: Any) -> Iterator[Violation]:
    if expected != found:
        yield Violation(LISTED, "", rule, str(expected)[:200], str(found)[:200])
