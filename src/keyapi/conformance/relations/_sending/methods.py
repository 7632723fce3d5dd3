"""Client -> spec: what the generated methods send is what was asked for, and valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from keyapi import BadRequest
from keyapi.conformance.cases import Case, cases, good
from keyapi.conformance.drivers import Caller, Inexpressible, Sent, types_of
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._pages.relation import walked
from keyapi.conformance.relations._shared import (
    request_differs,
    success_answer,
    violation,
)
from keyapi.contract import Violation
from keyapi.specification import OperationSpec

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
        for broken in _sent_as_asked(operation, caller, case, base_url, answer):
            yield Finding("client -> spec", case.name, broken)
    if (operation.name, True) in caller.methods:
        for broken in walked(operation, caller):
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


def _sent_as_asked(
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
