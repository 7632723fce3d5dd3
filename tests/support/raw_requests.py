"""Requests as bytes, each for an operation of a specification, and most of them wrong somewhere."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

from keyapi.specification import Argument, OperationSpec, Specification

# In a URL, and in a body.
_TEXTS = (
    "", "x", "-1", "0", "9" * 19, "9" * 400, "9" * 5000, "1e999", "nan", "NaN", "Infinity", "%",
    "%zz", "%00", "%ff", "%ed%a0%80", "é", "true", "null", "[1]", "a|b", "1,2,3", "," * 500, "²",
    "٣", "1.0", "-0", "{}",
)  # fmt: skip
_VALUES = (
    None, True, 0, -1, 1.5, 10**18, 10**300, "", "x", "\ud800", "9" * 50, "9" * 5000, [], [1],
    ["x"], [[1]], {}, {"a": 1}, [None], "é\0", float("inf"), float("nan"),
    json.loads("[" * 90 + "]" * 90), json.loads("[" * 500 + "]" * 500),
)  # fmt: skip
_BODIES = (
    b"[", b"[]", b"\xff", b"[" * 5000, b"1" * 5000, b'{"a":' + b"9" * 5000 + b"}", b"{}{}",
    b"\xef\xbb\xbf{}",
)  # fmt: skip
# What smuggles a request past a proxy, or is not a header.
_HEADERS = (
    "Transfer-Encoding: chunked", "Content-Length: 5", "Content-Length: -1", "Content-Length: +3",
    "Content-Length: 99999999999999999999", "Transfer-Encoding: xchunked",
    "Transfer-Encoding : chunked", "X-A: " + "a" * 70_000, "Expect: 100-continue",
    "Upgrade: websocket\r\nConnection: Upgrade", "Upgrade: h2c\r\nConnection: upgrade",
    "Connection: close", " folded: x", "X\0: 1", "X-é: é", "NoColon", ": empty",
    "Authorization: Bearer ", "Authorization: é", "Host: [",
)  # fmt: skip
_VERSIONS = ("HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "")
_METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "FOO", "CONNECT", "TRACE")
_TARGETS = ("*", "http://a/b", "//", "/v1/../v1", "/%", "a:1", "/_sandbox/requests", "/\x80")
_USUAL = {"integer": 1, "number": 1, "boolean": True, "array": [1], "object": {}}


def raw_request(random: Random, spec: Specification, key: str) -> bytes:
    """Make one request, which random choices have spoilt or left as it should be.

    Args:
        random: Makes the choices.
        spec: Whose operations are requested.
        key: The key that is sent.
    """
    operation = random.choice(list(spec))
    target, body = _target(random, operation), b""
    if operation.body is not None or random.random() < 0.1:
        given = {a.name: _value(random, a) for a in operation.arguments.values() if _in_body(a)}
        body = json.dumps(given).encode() if random.random() < 0.9 else random.choice(_BODIES)
    headers = ["Host: x", f"Authorization: Bearer {key}", "Content-Type: application/json"]
    headers += [f"Content-Length: {len(body)}"] if body else []
    if random.random() < 0.25:
        headers.insert(random.randrange(len(headers) + 1), random.choice(_HEADERS))
    method = operation.method if random.random() < 0.95 else random.choice(_METHODS)
    version = "HTTP/1.1" if random.random() < 0.8 else random.choice(_VERSIONS)
    lines = [f"{method} {target} {version}", *headers, "", ""]
    ending = "\r\n" if random.random() < 0.98 else "\n"
    raw = ending.join(lines).encode("utf-8", "replace") + body
    return _spoilt(random, raw) if random.random() < 0.3 else raw


def _in_body(argument: Argument) -> bool:
    return argument.place == "body"


def _value(random: Random, argument: Argument) -> Any:
    members = argument.schema.get("enum")
    usual = members[0] if members else _USUAL.get(str(argument.schema.get("type")), "1")
    return random.choice(_VALUES) if random.random() < 0.3 else usual


def _text(random: Random, argument: Argument) -> str:
    value = _value(random, argument)
    usual = "1" if isinstance(value, list | dict | str | float) else json.dumps(value)
    return random.choice(_TEXTS) if random.random() < 0.3 else usual


def _target(random: Random, operation: OperationSpec) -> str:
    if random.random() < 0.05:
        return random.choice(_TARGETS)
    path = re.sub(r"\{[^}]+\}", lambda _: random.choice(_TEXTS), operation.path)
    query = [
        f"{argument.name}={_text(random, argument)}"
        for argument in operation.arguments.values()
        if argument.place == "query" and (argument.required or random.random() < 0.6)
    ]
    return f"{path}?{'&'.join(query)}"


def _spoilt(random: Random, raw: bytes) -> bytes:
    changed = bytearray(raw)
    for _ in range(random.randint(1, 4)):
        place, length = random.randrange(len(changed)), random.randint(0, 5)
        changed[place : place + random.randint(0, 20)] = random.randbytes(length)
        changed = changed or bytearray(b"G")
    return bytes(changed)
