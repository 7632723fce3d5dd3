"""Which error an answer is raised as: every status, in every form, and the words of a quota.

The class is what `docs/errors.md` says, worded here once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import httpx

from keyapi.conformance.drivers._scripted import Reply
from keyapi.conformance.judge import JSON
from keyapi.conformance.relations._desk import Desk
from keyapi.contract import Violation

_NAMED = {
    400: "BadRequest",
    401: "AuthenticationError",
    402: "InsufficientCredits",
    403: "PermissionDenied",
    404: "NotFound",
    429: "RateLimited",
}
_STATUSES = (*_NAMED, 302, 409, 418, 422, 451, 500, 501, 502, 503, 504, 520, 599)
_PLAIN = "The shop's quotation cannot be read"
_QUOTAS = ("Your quota is used up", "API_QUOTA exceeded", "Quotas: 0 left", "USAGE_LIMIT_EXCEEDED")
_ID = "req-1"


_TOO_DEEP = b"[" * 251 + b"]" * 251
_KIND = "The response is a JSON {}, not an envelope"
_CODE = "The envelope's code is {}, not an integer of 64 bits"
_NO_ENVELOPES: tuple[tuple[bytes, str, bool], ...] = (
    (b"", "The response is empty", True),
    (b"\xef\xbb\xbf\n", "The response is empty", True),
    (b"<html></html>", "The response is HTML", True),
    (b"\xef\xbb\xbf <p>a quota</p>", "The response is HTML", True),
    (b'{"code": 0, "data": [', "The response is truncated or invalid JSON", True),
    (b'{"code": 0, "message": "\xc3', "The response is truncated or invalid JSON", True),
    (b'{"message": "\xe9t\xe9"}', "The response is not UTF-8", False),
    (b'{"code": 0, "data": -Infinity}', "invalid JSON: -Infinity is not valid JSON", False),
    (b'{"code": 0, "data": ' + b"1" * 4301 + b"}", "an integer of more than 4300 digits", False),
    (b'{"code": 0, "data": ' + _TOO_DEEP + b"}", "nested more than 250 levels deep", False),
    (b"words " * 99 + b"secret", "The response is text, not JSON: words words", False),
    *(
        (content, _KIND.format(kind), False)
        for content, kind in (
            *((b"[]", "array"), (b'"x"', "string"), (b"true", "boolean")),
            *((b"null", "null"), (b"7", "number"), (b"7.5", "number")),
        )
    ),
    *(
        (b'{"code": %s, "message": "x"}' % code, _CODE.format(kind), False)
        for code, kind in (
            *((b"[0]", "array"), (b"{}", "object"), (b"null", "None"), (b'"0"', "'0'")),
            *((b"false", "False"), (b"0.0", "0.0"), (b"%d" % 2**63, "a larger number")),
        )
    ),
)
"""Bodies under 200 that are not an envelope, what the error says, and whether they are retried."""


class _Answered(NamedTuple):
    """An answer that reports an error.

    Attributes:
        form: What its body is.
        reply: The answer.
        raised: Name of the error it is raised as.
        message: What the error must say.
        retried: Whether it must be requested again; None where other looks tell.
    """

    form: str
    reply: Reply
    raised: str
    message: str
    retried: bool | None = None


def statuses(desk: Desk) -> Iterator[Violation]:
    """An answer's status, or its code, says what it is raised as; words of a quota say it first."""
    served: list[Reply] = []

    def answer(request: httpx.Request) -> httpx.Response:
        return served[-1].respond(request)

    client = desk.open(answer, max_retries=1, quota_cooldown=0)
    for each in _answers():
        served.append(each.reply)
        before = len(client.requests)
        error = client.call()
        found = type(error).__name__, getattr(error, "status", None), len(client.requests) - before
        retried = each.retried and desk.verb != "POST"
        sent = found[2] if retried is None else 1 + retried
        shown = each.reply.content[:60].decode(errors="replace")
        case = f"{each.form} under {each.reply.status}: {shown}"
        yield from desk.broken(
            f"raised after {case}", (each.raised, each.reply.status, sent), found
        )
        message = getattr(error, "message", repr(error))
        if each.message not in message:
            yield from desk.broken(f"message after {case}", each.message, message)
    client.close()


def _answers() -> Iterator[_Answered]:
    for status in _STATUSES:
        error = _error(status)
        never = False if status < 500 and status != 429 else None
        for words in (_PLAIN, *_QUOTAS):
            raised, retried = error, never
            if words in _QUOTAS and status != 429:
                raised, retried = "InsufficientCredits", False
            for form, http, content in _bodies(status, words):
                yield _Answered(form, Reply(http, content, JSON), raised, words, retried)
        page = f"<html>{_QUOTAS[0]}</html>".encode()  # HTML of a proxy may say anything
        empty = f"The server answered HTTP {status} without a message"
        yield _Answered("HTML", Reply(status, page), error, f"HTTP {status}", never)
        yield _Answered("nothing", Reply(status, b""), error, empty, never)
        yield _Answered("no words", Reply(status, b"[]"), error, empty, never)
    for words in _QUOTAS:
        for form, content in (("text", words.encode()), ("JSON text", json.dumps(words).encode())):
            yield _Answered(form, Reply(200, content), "InsufficientCredits", words, retried=False)
        rows = json.dumps({"code": 0, "data": [words]}).encode()[:-3]
        yield _Answered("rows cut off", Reply(200, rows), "InvalidResponse", "truncated")
    for form, content in (("text", _PLAIN.encode()), ("JSON text", json.dumps(_PLAIN).encode())):
        yield _Answered(form, Reply(200, content), "InvalidResponse", _PLAIN, retried=False)
    for content, message, retried in _NO_ENVELOPES:
        yield _Answered("a body", Reply(200, content), "InvalidResponse", message, retried)


def _bodies(status: int, words: str) -> Iterator[tuple[str, int, bytes]]:
    """The forms in which a server says words: form, HTTP status and body."""
    envelope = {"code": status, "message": words, "data": None, "requestId": _ID}
    yield "an envelope", status, _json(envelope)
    yield "an envelope", 200, _json(envelope)
    yield "text", status, words.encode()
    if words == _QUOTAS[0]:
        yield "an envelope in one", 200, _json({"code": 0, "message": "ok", "data": envelope})
        yield "an envelope without a code", status, _json({"message": words})
        for name in ("msg", "detail"):
            yield f"an envelope with {name}", status, _json({"code": status, name: words})


def _error(status: int) -> str:
    return _NAMED.get(status, "ServerError" if status >= 500 else "KeyAPIError")


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()
