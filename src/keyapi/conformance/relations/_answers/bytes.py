"""Spec -> client: whatever bytes arrive, their exact value comes back, or a typed error."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from keyapi import InvalidResponse
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import Caller
from keyapi.conformance.judge import JSON, ServerAnswer
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._answers.parsing import given_back
from keyapi.conformance.relations._shared import success_answer, violation
from keyapi.contract import Violation
from keyapi.specification import OperationSpec, value_at

_PLACE = "the value goes here"
_FLAT, _DEEP, _DEEPEST = 90, 300, 100_000  # levels: what is read, what is refused, unread
_DIGITS = 5_000  # beyond what Python reads as an integer
_VALUES = (
    *("9007199254740993", "-9007199254740993", "9223372036854775807", "-0", "0"),
    *("1.0", "-0.0", "1e3", "1E+3", "15e-1", "1e-400", "0.1", "12345678901234567890.5"),
    *("true", "null", "[]", "{}", '""', '"0"', '"null"', '"1e3"', "[[], {}, [null]]"),
    *('"é漢😀"', r'"\u00e9\u6f22\ud83d\ude00"', r'"\u2028\u0000\u001f"', '"\u2028\x7f"', r'"\/"'),
    *(r'"\ud800"', r'"\udc00\ud800"', r'{"\ud800": 1}', '"+ &%=#"', '"<b>&amp;</b>"'),
    *('{"": 1}', '{"__class__": 1}', '{"a": {"b": [1, 1.0, "1"]}}'),
    *("[" * _FLAT + "]" * _FLAT, '{"a":' * _FLAT + "1" + "}" * _FLAT, f'"{"漢" * 50_000}"'),
)
"""Values of JSON (RFC 8259) that a lenient reader changes or a strict one refuses."""
_REPORTED = {
    '{"a": 1, "a": 2}': "duplicate-key",
    '[{"a": {}, "b": 1, "a": 2}]': "duplicate-key",
    "9223372036854775808": "huge-integer",
    "-18446744073709551617": "huge-integer",
    "1" * 400: "huge-integer",
}
"""Values that come back although a contract, once it looks at the bytes, finds a rule broken."""
_INVALID = (
    *("NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "0x1", "1_0", "True", "undefined"),
    *("'a'", '"\n"', r'"\x41"', r'"\u12"', "[1,]", '{"a" 1}', "{a: 1}", "/* */ 1", "1 2", ""),
    *("[" * _DEEP + "]" * _DEEP, '{"a":' * _DEEP + "1" + "}" * _DEEP),
    *("1" * _DIGITS, "[" * _DEEPEST + "]" * _DEEPEST, '{"a":' * _DEEPEST + "1" + "}" * _DEEPEST),
)
"""What is not a value of JSON, or none that is read."""
_BROKEN = (
    *(b"\xff", b"\x80", b"\xc3", b"\xc3(", b"\xe6\xbc", b"\xf0\x9f\x98", b"\xc0\xaf"),
    *(b"\xed\xa0\x80", b"\xf5\x80\x80\x80", "é".encode("latin-1"), "é".encode("cp1252")),
)
"""What is not UTF-8 (RFC 3629), inside a text."""
_CHARSETS = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252")


class Bytes(NamedTuple):
    """A response of success, as bytes.

    Attributes:
        name: What is special about it.
        content: The bytes.
        value: What they mean, if they are readable.
        headers: Headers, by lower-case name.
        rules: Rules that a contract must find broken, of those that only bytes break.
        parts: Others that hold one special value each of this one.
        readable: Whether they are JSON in UTF-8.
    """

    name: str
    content: bytes
    value: Any = None
    headers: Mapping[str, str] = JSON
    rules: frozenset[str] = frozenset({"json"})
    parts: tuple[Bytes, ...] = ()
    readable: bool = False


def _readable(name: str, content: bytes, **more: Any) -> Bytes:
    value = json.loads(content)
    return Bytes(name, content, value, **{"rules": frozenset(), **more}, readable=True)


@relation("spec -> client", short="s>c", position=4)
def bytes_as_received(operation: OperationSpec, caller: Caller) -> Iterator[Finding]:
    """Values come back exactly; what is not JSON in UTF-8 is `InvalidResponse`, and nothing else.

    The client watches its contract meanwhile, which must raise nothing of its own.

    Args:
        operation: The operation.
        caller: The client.
    """
    if not operation.has_body(operation.success):
        return
    arguments = next(iter(cases(operation))).arguments
    for number, sample in enumerate(byte_samples(operation)):
        found = list(_read(operation, caller, arguments, sample))
        if found and sample.parts:
            found = [
                broken
                for part in sample.parts
                for broken in _read(operation, caller, arguments, part)
            ] or found
        for broken in found:
            yield Finding("spec -> client", f"bytes {number}, {sample.name}", broken)


def _read(
    operation: OperationSpec, caller: Caller, arguments: Mapping[str, Any], sample: Bytes
) -> Iterator[Violation]:
    reported: list[Violation] = []
    answer = ServerAnswer(operation.success_status, sample.headers, sample.content)
    try:
        sent = caller.call(operation.name, arguments, answer, contract=reported.append)
    except Exception as error:
        yield violation(operation, "exception", "a result or a typed error", repr(error))
        return
    if sample.readable and not isinstance(sent.result, Exception):
        yield from given_back(operation, sample.value, sent.result)
    elif sample.readable or type(sent.result) is not InvalidResponse:
        expected = "a result" if sample.readable else "InvalidResponse"
        yield violation(operation, "parsed", expected, repr(sent.result))
    rules = {broken.rule for broken in reported} & {"json", *_REPORTED.values()}
    if rules != sample.rules:
        yield violation(operation, "contract-mode", sample.rules, rules)


def byte_samples(operation: OperationSpec) -> Iterator[Bytes]:
    """Give responses of success as bytes that are neither ASCII nor small nor polite.

    Args:
        operation: The operation.
    """
    body = json.loads(success_answer(operation).content)
    data = value_at(body, operation.items or ("data",))
    rows = data if isinstance(data, list) else [data]
    holder = next((row for row in rows if isinstance(row, dict)), body)
    holder[_PLACE] = _PLACE
    before, after = json.dumps(body, ensure_ascii=False).rsplit(json.dumps(_PLACE), 1)

    def content(value: str) -> bytes:
        return f"{before}{value}{after}".encode()

    text = content('"é漢😀"')
    parts = tuple(_readable(value[:20], content(value)) for value in _VALUES)
    yield _readable("values", content(f"[{', '.join(_VALUES)}]"), parts=parts)
    for value, rule in _REPORTED.items():
        yield _readable(value[:20], content(value), rules=frozenset({rule}))
    for value in _INVALID:
        yield Bytes(value[:20], content(value))
    for broken in _BROKEN:
        yield Bytes(f"{broken!r} in a text", content('"@"').replace(b"@", broken))
    for charset in _CHARSETS:
        declared = {"content-type": f"application/json; charset={charset}"}
        yield _readable(f"UTF-8 as {charset}", text, headers=declared)
        encoded = content('"é"').decode().encode(charset, "replace")
        for headers in (JSON, declared) if charset != "utf-8" else ():
            yield Bytes(charset, encoded, headers=headers)
    yield _readable("a byte order mark", codecs.BOM_UTF8 + text)
    yield _readable("blanks around", b"\r\n \t" + text + b"\n\n")
    yield _readable("no media type", text, headers={})
    yield _readable("another media type", text, headers={"content-type": "text/html"})
    rest = {"cut short": text[:-1], "a second answer": text * 2, "NUL": text + b"\0"}
    for name, whole in rest.items():
        yield Bytes(name, whole)
