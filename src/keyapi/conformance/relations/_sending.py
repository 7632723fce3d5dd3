"""Client -> spec: what the generated methods send is what was asked for, and valid."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl

import httpx

from keyapi import BadRequest, KeyAPIError
from keyapi.conformance.cases import Case, cases, good
from keyapi.conformance.drivers import Caller, Inexpressible, Sent, types_of
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._shared import (
    decoded,
    put,
    request_differs,
    success_answer,
    violation,
)
from keyapi.contract import Violation
from keyapi.specification import OperationSpec, value_at

_CURSOR = 4711  # where the second page starts
_TYPES = {"integer": int, "number": float, "string": str, "boolean": bool}


@relation("client -> spec", short="c>s", position=2)
def client_to_spec(operation: OperationSpec, caller: Caller, base_url: str) -> Iterator[Finding]:
    """What the generated methods send is what the case says, and valid for the operation.

    Args:
        operation: The operation, as the one who judges knows it.
        caller: The client.
        base_url: Where requests must go.
    """
    if (operation.name, False) not in caller.methods:
        yield Finding("client -> spec", "", violation(operation, "method", operation.name, "none"))
        return
    for broken in _typed_as_documented(operation, caller):
        yield Finding("client -> spec", "arguments", broken)
    answer = success_answer(operation)
    for case in cases(operation):
        if case.key != "good" or case.served:
            continue  # the key is the client's, not the call's
        for broken in sent_as_asked(operation, caller, case, base_url, answer):
            yield Finding("client -> spec", case.name, broken)
    if (operation.name, True) in caller.methods:
        walked = list(_walked(operation, caller))
        for broken in walked or _walked_from_last(operation, caller):
            yield Finding("client -> spec", "walk", broken)


def _typed_as_documented(operation: OperationSpec, caller: Caller) -> Iterator[Violation]:
    """A method's arguments are the operation's, and have the types that it documents."""
    method = caller.methods[operation.name, False]
    for name, wire_name in method.wire.items():
        argument = operation.arguments.get(wire_name)
        if argument is None:
            yield violation(operation, "argument", list(operation.arguments), wire_name)
            continue
        if (name in method.operation.body) != (argument.place == "body"):
            continue  # of two by one name the query's is known here
        kinds = types_of(method.signature.parameters[name].annotation)
        expected = _TYPES.get(argument.schema.get("type", ""))
        if argument.members:
            members = [
                [member.value for member in kind] for kind in kinds if issubclass(kind, Enum)
            ]
            if members != [list(argument.members.values())]:
                yield violation(operation, "argument-type", argument.members, members)
        elif expected is not None and kinds != (expected,):
            yield violation(operation, "argument-type", expected, kinds)


def sent_as_asked(
    operation: OperationSpec, caller: Caller, case: Case, base_url: str, answer: ServerAnswer
) -> Iterator[Violation]:
    """Call a method as a case says, and compare what went out with it."""
    try:
        sent = caller.call(operation.name, case.arguments, answer)
    except Inexpressible as reason:
        if good(case):
            yield violation(operation, "inexpressible", dict(case.arguments), reason)
        return
    except AssertionError as error:
        yield violation(operation, "async", "what the sync client does", error)
        return
    filled = _filled_in(operation, case)
    if good(case) or filled is not None or _left_to_the_server(operation, case):
        yield from _equal(operation, {**case.arguments, **(filled or {})}, sent, base_url)
        if sent.requests and sent.credits != operation.credits:
            yield violation(operation, "credits", operation.credits, sent.credits)
    elif sent.requests or not isinstance(sent.result, (TypeError, BadRequest)):
        yield violation(operation, "refused", f"no request with a bad {case.faulty}", sent.result)


def _filled_in(operation: OperationSpec, case: Case) -> dict[str, Any] | None:
    """What the client itself fills in where a case leaves paging out; None where it does not."""
    paging = operation.paging
    if paging is None or not case.name.startswith("without "):
        return None
    if case.faulty == paging.position and paging.start is not None:
        return {paging.position: paging.start}
    return {paging.size: paging.largest} if case.faulty == paging.size and paging.size else None


def _left_to_the_server(operation: OperationSpec, case: Case) -> bool:
    """Whether what is wrong is a bound that the client does not know: it knows those of pages."""
    ours = operation.paging[1:3] if operation.paging else ()
    return " beyond its " in case.name and case.faulty not in ours


def _equal(
    operation: OperationSpec, arguments: Mapping[str, Any], sent: Sent, base_url: str
) -> Iterator[Violation]:
    """Compare the one request that must have gone out with what the specification makes of it."""
    if len(sent.requests) != 1:
        yield violation(operation, "sent", "one request", f"{len(sent.requests)}: {sent.result}")
        return
    yield from request_differs(operation, arguments, sent.requests[0], base_url)


def _walked(operation: OperationSpec, caller: Caller) -> Iterator[Violation]:
    """An iterating method asks for the first page, then for the next one, and then ends."""
    paging = operation.paging
    if paging is None:
        return
    following = int(paging.start or 0) + 1 if paging.kind == "page" else _CURSOR
    expected = [_text(paging.start), str(following)]
    yield from _asks_for(operation, caller, expected, full=1)


def _walked_from_last(operation: OperationSpec, caller: Caller) -> Iterator[Violation]:
    """Behind the highest page number that is documented nothing is asked for."""
    paging = operation.paging
    if paging is None or paging.kind != "page":
        return
    last = operation.arguments[paging.position].schema.get("maximum")
    if last is None:
        return
    for start in (last - 1, last):
        expected = [str(number) for number in range(start, last + 1)]
        yield from _asks_for(operation, caller, expected, full=len(expected), start_page=start)


def _asks_for(
    operation: OperationSpec,
    caller: Caller,
    expected: Sequence[str | None],
    *,
    full: int,
    **start: Any,
) -> Iterator[Violation]:
    """Walk, and compare the positions that are asked for.

    Args:
        operation: The operation.
        caller: The client.
        expected: The positions.
        full: How many pages are full, and say that more follow where a flag tells; behind them are
            empty ones.
        **start: Where to start.
    """
    paging = operation.paging
    case = next(iter(cases(operation)))
    assert paging is not None
    walk = {name: value for name, value in case.arguments.items() if name != paging.position}
    try:
        arguments = caller.arguments(operation.name, walk, walk=True)
    except Inexpressible as reason:
        yield violation(operation, "inexpressible", walk, reason)
        return
    positions: list[Any] = []
    size = int(walk.get(paging.size or "") or 1)

    def answer(request: httpx.Request) -> httpx.Response:
        query = dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
        sent = {**query, **(decoded(request.content) or {})}
        positions.append(sent.get(paging.position))
        more = len(positions) <= full
        body = json.loads(success_answer(operation).content)
        row = (value_at(body, operation.items or ()) or [{}])[0]
        first = size * len(positions)
        numbers = range(first, first + size if more else first)
        put(body, operation.items or (), [{**row, "n": number} for number in numbers])
        if paging.more:
            put(body, paging.more, more)
        if paging.next:
            put(body, paging.next, [_CURSOR] if _takes_list(operation) else _CURSOR)
        return httpx.Response(200, json=body)

    method = caller.methods[operation.name, True]
    with caller.client("sk_contract", transport=httpx.MockTransport(answer)) as client:
        try:
            rows = len(list(method.on(client)(**arguments, **start)))
        except (KeyAPIError, TypeError) as error:
            yield violation(operation, "walk", "pages", error)
            return
    if [_text(position) for position in positions] != [*expected] or rows != full * size:
        found = f"{positions}, {rows} rows"
        yield violation(operation, "walk", f"{expected}, {full * size} rows", found)


def _text(position: Any) -> str | None:
    return None if position is None else str(position)


def _takes_list(operation: OperationSpec) -> bool:
    paging = operation.paging
    schema = operation.arguments[paging.position].schema if paging else {}
    return bool(schema.get("type") == "array")
