"""What relations share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

from keyapi._facts import LAST, NEXT
from keyapi._paging import says_more
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import Caller, Inexpressible, wire
from keyapi.conformance.judge import JSON, ServerAnswer
from keyapi.contract import Violation
from keyapi.specification import OperationSpec, Schema, Specification, value_at

_ENCODED = re.compile(r"(?:[A-Za-z0-9._~!$'()*,;:@/?&=+-]|%[0-9A-Fa-f]{2})*")
"""Path and query as RFC 3986 has them: anything else is percent-encoded."""


Compared = Iterator[tuple[str, object, object]]
"""What was looked at, what was expected, and what was found."""
CasesCompared = Iterator[tuple[str, str, object, object]]
"""The same, after the case that it was looked at in."""


def unequal(operation: OperationSpec, compared: Compared) -> Iterator[Violation]:
    """Yield a violation where what was found is not what was expected.

    Args:
        operation: The operation that violations name.
        compared: What was compared, by rule.
    """
    for rule, expected, found in compared:
        if expected != found:
            yield violation(operation, rule, expected, found)


def unequal_cases(
    operation: OperationSpec, compared: CasesCompared
) -> Iterator[tuple[str, Violation]]:
    """The same for what was compared in several cases: yield the case, too."""
    for case, rule, expected, found in compared:
        if expected != found:
            yield case, violation(operation, rule, expected, found)


def request_differs(
    operation: OperationSpec,
    arguments: Mapping[str, Any],
    request: httpx.Request,
    base_url: str,
    body: Mapping[str, Any] | None = None,
) -> Iterator[Violation]:
    """Compare a request with what the specification makes of its arguments.

    Args:
        operation: The operation.
        arguments: Values by name in the request.
        request: What was sent.
        base_url: Where it must go.
        body: Values by name in the JSON body that `arguments` do not hold.
    """
    expected = wire(operation, arguments)
    target = request.url.raw_path.decode("ascii", "replace")
    path, _, query = target.partition("?")
    sent = decoded(request.content)
    content = decoded(expected.body)
    compared = {
        "server": (base_url, str(request.url).removesuffix(target)),
        "method": (expected.method, request.method),
        # An encoded slash is part of a segment.
        "path": ([*map(unquote, expected.path.split("/"))], [*map(unquote, path.split("/"))]),
        "query": (pairs(expected.query), pairs(query)),
        "encoding": (True, _ENCODED.fullmatch(target) is not None or target),
        "key": (expected.headers.get("authorization"), request.headers.get("authorization")),
        "body": (content if not body else {**(content or {}), **body}, sent),
        "media-type": (expected.headers.get("content-type"), request.headers.get("content-type")),
    }
    yield from unequal(operation, ((part, *pair) for part, pair in compared.items()))


def good_arguments(operation: OperationSpec, caller: Caller) -> dict[str, Any] | None:
    """Arguments of a good call; None where the client has none, which "client -> spec" finds."""
    if (operation.name, False) not in caller.methods:
        return None
    try:
        return caller.arguments(operation.name, next(iter(cases(operation))).arguments)
    except Inexpressible:
        return None


def success_answer(operation: OperationSpec) -> ServerAnswer:
    """A small success: the documented example, or an empty one."""
    status = operation.success_status
    if not operation.has_body(operation.success):
        return ServerAnswer(status, {}, b"")
    example = operation.example(operation.success)
    empty = {"code": 0, "message": "success", "data": {}}
    body = deepcopy(example) if isinstance(example, dict) else empty
    if not isinstance(example, dict) and operation.items is not None:
        put(body, operation.items, [])
    paging = operation.paging
    lost = paging is not None and value_at(body, paging.next) in (None, "", [])
    if paging is not None and lost and says_more(body, paging.more, paging.says):
        # An example that says that more follows, and not where, would end a walk by an error.
        put_cursor(operation, body, 1)
    return ServerAnswer(status, JSON, json.dumps(body).encode())


def pairs(query: str) -> list[tuple[str, str]]:
    """The pairs of a query string, in no order."""
    return sorted(parse_qsl(query, keep_blank_values=True))


def put(body: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Put a value into a body, with the objects that lead to it."""
    for key in path[:-1]:
        body = body.setdefault(key, {})
    body[path[-1]] = value


def put_more(operation: OperationSpec, body: dict[str, Any], *, more: bool) -> None:
    """Put into a body what its flag says of further pages, where the operation has a flag.

    Args:
        operation: The operation.
        body: The body, decoded.
        more: Whether more pages follow.
    """
    paging = operation.paging
    if paging is not None and paging.more:
        following = 2 if more else None
        flag = more != (paging.says == LAST)
        put(body, paging.more, following if paging.says == NEXT else flag)


def put_cursor(operation: OperationSpec, body: dict[str, Any], number: int) -> None:
    """Put the next cursor into a body: in a list where the operation takes one.

    Args:
        operation: The operation; where its answers name no cursor, nothing is put.
        body: The body, decoded.
        number: The cursor; as text where the body has a text, or the list holds texts.
    """
    paging = operation.paging
    if paging is None or not paging.next:
        return
    present = value_at(body, paging.next)
    schema = operation.arguments[paging.position].schema
    takes_list = schema.get("type") == "array"
    textual = takes_list and schema.get("items", {}).get("type") == "string"
    cursor = str(number) if textual or isinstance(present, str) else number
    put(body, paging.next, [cursor] if takes_list else cursor)


def page_of(operation: OperationSpec, caller: Caller, rows: Sequence[Any]) -> Any:
    """What a call gives where the server answers a page of some rows, and says that more follow.

    Args:
        operation: A paged operation.
        caller: The client.
        rows: The rows.
    """
    answer, paging = success_answer(operation), operation.paging
    body = answer.envelope
    put(body, operation.items or (), rows)
    put_cursor(operation, body, 4711)
    put_more(operation, body, more=True)
    arguments = dict(next(iter(cases(operation))).arguments)
    if paging and paging.size in arguments:
        arguments[paging.size] = min(len(rows), paging.largest or len(rows))
    good = answer._replace(content=json.dumps(body).encode())
    return caller.call(operation.name, arguments, good).result


def decoded(body: bytes) -> Any:
    """A JSON body, decoded; None for an empty one."""
    return json.loads(body) if body else None


def may_be_null(schema: Schema) -> bool:
    """Whether a schema, or a choice of what it names and null, allows null."""
    return any(part.get("nullable") is True for part in (schema, *schema.get("anyOf", ())))


def is_first(operation: OperationSpec) -> bool:
    """Whether an operation is its document's first, with which the rest is looked at, once."""
    return operation.name == next(iter(Specification(operation.document).operations))


def violation(operation: OperationSpec, rule: str, expected: object, found: object) -> Violation:
    """A violation of an operation as a whole; long values are cut."""
    return Violation(operation.name, "", rule, str(expected)[:200], str(found)[:200])


def attempt(act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What a function gives, or the error that it raises."""
    try:
        return act(*arguments, **named)
    except Exception as error:
        return error


def error_of(act: Callable[..., Any], *arguments: Any, **named: Any) -> Exception | None:
    """The error that a function raises, if it raises one."""
    result = attempt(act, *arguments, **named)
    return result if isinstance(result, Exception) else None
