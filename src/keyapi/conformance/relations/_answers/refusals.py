"""Spec -> client: every refusal is raised as what its status or code says, with what it carries."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import httpx

from keyapi import InsufficientCredits, InvalidResponse, KeyAPIError, RateLimited, ServerError
from keyapi._clients import async_twin
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, Caller
from keyapi.conformance.judge import ERRORS, JSON, ServerAnswer
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._shared import success_answer, violation
from keyapi.specification import OperationSpec

_STATUSES = (302, *filter(None, ERRORS), 418, 500, 502, 503, 504, 520, 599)
"""The documented table of errors (docs/errors.md), and statuses that it sums up."""
_NOT_CODES: tuple[Any, ...] = (
    False,
    True,
    "404",
    "0",
    "",
    404.0,
    0.0,
    None,
    [],
    {},
    2**63,
    -(2**70),
)
_CODES = (-1, 1, 418, 999, 2**63 - 1, 520)
_QUOTA = "apiKey quota is not enough"
_TOLD = ("message", "status", "code", "request_id", "method", "url")
"""What the text of an error tells, where it is known."""
_DATE = "Fri, 27 Nov 2026 10:00:00 GMT"
_WAITS: dict[str, float | None] = {
    "7": 7.0,
    "0": 0.0,
    " 60 ": 60.0,
    "Fri, 27 Nov 2026 10:01:30 GMT": 90.0,
    "Fri, 27 Nov 2026 09:00:00 GMT": 0.0,
    "soon": None,
    "-1": None,
    "1.5": None,
    "1e1": None,
    "": None,
}
"""Values of `Retry-After` (RFC 9110, 10.2.3), with what they ask for, in seconds."""
_SHOWN = {
    "a terminal's commands": ("a\x1b[31mb\r\nc\u202ed\x85", r"a\x1b[31mb\r\nc\u202ed\x85", 200),
    "a long text": ("x" * 5000, "x" * 999 + "…", 199),
}
"""What could act on a terminal, forge a line of a log, or fill it (docs/errors.md): how it is shown
as a message, and how many characters of that are shown as a request id."""


class Refusal(NamedTuple):
    """An answer that reports an error, and what it must be raised as.

    Attributes:
        name: What is special about it.
        answer: The answer.
        raised: The class of the error.
        facts: Attributes of the error that are compared.
    """

    name: str
    answer: ServerAnswer
    raised: type[KeyAPIError]
    facts: Mapping[str, Any]


@relation("spec -> client", short="s>c", position=4)
def refusals_as_documented(operation: OperationSpec, caller: Caller) -> Iterator[Finding]:
    """Each error, under its status and under HTTP 200, is raised with what the answer says.

    Args:
        operation: The operation.
        caller: The client.
    """
    arguments = next(iter(cases(operation))).arguments
    for refusal in refusals(operation):
        try:
            sent = caller.call(operation.name, arguments, refusal.answer)
            error, (request, *_) = sent.result, sent.requests
            where = {"operation": operation.name, "method": request.method, "attempts": 1}
            url = str(request.url)
        except Exception as problem:
            error, where, url = problem, {}, None
        expected = {"type": refusal.raised, **where, "url": url, **refusal.facts}
        for copy in (error, _pickled(error)):
            found = {name: getattr(copy, name, "nothing") for name in expected}
            found["type"] = type(copy)
            told = [str(found[name]) for name in _TOLD if found.get(name) is not None]
            silent = [text for text in told if text not in str(copy)]
            if found != expected or silent or KEY in f"{copy!s} {copy!r}":
                broken = violation(operation, "raised", expected, f"{found}: {copy}")
                yield Finding("spec -> client", refusal.name, broken)
                break
    yield from _own(operation, caller, arguments)


def refusals(operation: OperationSpec) -> Iterator[Refusal]:
    """Give answers that report an error, each with what it must be raised as.

    Args:
        operation: The operation.
    """
    documented = [int(status) for status in operation.statuses if status.isdigit()]
    facts: dict[str, Any]
    envelope: dict[str, Any]
    errors = {*_STATUSES, *(status for status in documented if status >= 400)}
    for status in sorted(errors):
        kind = ServerError if status >= 500 else ERRORS.get(status, KeyAPIError)
        yield _refusal(f"HTTP {status}", status, kind, code=status)
        yield _refusal(f"code {status} under 200", 200, kind, code=status)
    for status, kind in ((403, ERRORS[403]), (429, RateLimited), (500, ServerError)):
        yield _refusal(f"code 404 under {status}", status, kind, code=404)
        page = ServerAnswer(status, {"content-type": "text/html"}, b"<html>no</html>")
        facts = {"status": status, "code": None, "request_id": None}
        yield Refusal(f"HTML under {status}", page, kind, facts)
        quota = RateLimited if status == 429 else InsufficientCredits
        for http in (status, 200):
            name = f"quota, code {status} under {http}"
            yield _refusal(name, http, quota, code=status, message=_QUOTA)
    for code in _NOT_CODES:
        name, facts = f"code {code!r} under 200", {"code": None}
        yield _refusal(name, 200, InvalidResponse, message=None, facts=facts, code=code)
    yield _refusal("code '400' under 404", 404, ERRORS[404], facts={"code": None}, code="400")
    yield _refusal("no code", 200, InvalidResponse, message=None, facts={"code": None})
    for code in _CODES:
        kind = ServerError if 500 <= code < 600 else KeyAPIError
        yield _refusal(f"code {code} under 200", 200, kind, code=code)
    yield _refusal("code 402 under 500", 500, InsufficientCredits, code=402)
    yield _refusal("code 402 under 429", 429, RateLimited, code=402)
    for wait, seconds in _WAITS.items():
        headers = {**JSON, "date": _DATE, "retry-after": wait}
        for status in (200, 429) if seconds == 7 else (429,):
            name, facts = f"Retry-After {wait!r} under {status}", {"retry_after": seconds}
            yield _refusal(name, status, RateLimited, headers=headers, facts=facts, code=429)
    yield _refusal("no Retry-After", 429, RateLimited, facts={"retry_after": None}, code=429)
    for request_id in (7, "", None, ["1"]):
        facts = {"request_id": None}
        yield _refusal(
            f"requestId {request_id!r}",
            404,
            ERRORS[404],
            facts=facts,
            code=404,
            requestId=request_id,
        )
    inner = {"code": 404, "message": "no", "data": None, "requestId": "inner"}
    facts = {"message": "no", "request_id": "inner", "code": 404}
    yield _refusal("an envelope in another", 200, ERRORS[404], facts=facts, code=0, data=inner)
    for name, (text, shown, letters) in _SHOWN.items():
        request_id = shown if len(shown) <= letters else f"{shown[:letters]}…"
        facts = {"message": shown, "request_id": request_id}
        yield _refusal(name, 404, ERRORS[404], facts=facts, code=404, message=text, requestId=text)
    for words in ("msg", "detail"):
        name = f"{words} for message"
        facts, envelope = {"message": name}, {"message": 7, words: name, "code": 404}
        yield _refusal(name, 404, ERRORS[404], facts=facts, **envelope)
    told = {"message": "bad key [key]", "request_id": "[key]"}
    yield _refusal(
        "the key", 401, ERRORS[401], facts=told, code=401, message=f"bad key {KEY}", requestId=KEY
    )


def _refusal(
    name: str,
    status: int,
    kind: type[KeyAPIError],
    *,
    headers: Mapping[str, str] = JSON,
    facts: Mapping[str, Any] | None = None,
    **envelope: Any,
) -> Refusal:
    """A refusal with an envelope; its message is compared unless that is None."""
    compared = "message" not in envelope or envelope["message"] is not None
    body = {"message": f"{name}: é漢😀", "data": None, "requestId": f"id of {name}", **envelope}
    if not compared:
        body["message"] = "success"
    expected = {"status": status, "code": envelope.get("code"), "request_id": body["requestId"]}
    expected |= {"message": body["message"]} if compared else {}
    answer = ServerAnswer(status, headers, json.dumps(body).encode())
    return Refusal(name, answer, kind, {**expected, **(facts or {})})


def _pickled(error: Any) -> Any:
    try:
        return pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
    except Exception as problem:
        return problem


def _own(
    operation: OperationSpec, caller: Caller, arguments: Mapping[str, Any]
) -> Iterator[Finding]:
    """Each call of one client gets its own answer, also where a later one is answered before."""
    method, success = caller.methods[operation.name, False], success_answer(operation)
    answers = [_refusal(str(number), 404, ERRORS[404], code=404).answer for number in range(3)]
    if method.kind == "page":
        bodies = [{**success.envelope, "requestId": f"id of {number}"} for number in range(3)]
        answers = [success._replace(content=json.dumps(body).encode()) for body in bodies]
    expected = [f"id of {number}" for number in range(3)]
    given = caller.arguments(operation.name, arguments)
    waiting = iter(answers)

    def reply(request: httpx.Request) -> httpx.Response:
        status, headers, content = next(waiting)
        return httpx.Response(status, headers=dict(headers), content=content)

    with caller.client(KEY, max_retries=0, transport=httpx.MockTransport(reply)) as client:
        called = method.on(client)
        results = [_result(called, given) for _ in answers]
    others = caller.run(_at_once(caller, operation, given, answers))
    for name, found in (("one by one", results), ("at once", others)):
        ids = [*map(_id_of, found)]
        if ids != expected:
            broken = violation(operation, "request-id", expected, ids)
            yield Finding("spec -> client", f"three calls {name}", broken)


async def _at_once(
    caller: Caller, operation: OperationSpec, given: Mapping[str, Any], answers: list[ServerAnswer]
) -> list[Any]:
    """What calls at the same time give or raise, of which the last is answered first."""
    waiting = list(enumerate(answers))

    async def reply(request: httpx.Request) -> httpx.Response:
        number, (status, headers, content) = waiting.pop(0)
        for _ in range(10 * (len(answers) - number)):
            await asyncio.sleep(0)
        return httpx.Response(status, headers=dict(headers), content=content)

    client: Any = async_twin(caller.client)
    method = caller.methods[operation.name, False]
    async with client(KEY, max_retries=0, transport=httpx.MockTransport(reply)) as opened:
        calls = [method.on(opened)(**given) for _ in answers]
        return await asyncio.gather(*calls, return_exceptions=True)


def _result(called: Callable[..., Any], given: Mapping[str, Any]) -> Any:
    try:
        return called(**given)
    except Exception as error:
        return error


def _id_of(result: Any) -> Any:
    return getattr(result, "request_id", result)
