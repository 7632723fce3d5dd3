"""Spec -> client: what is promised is parsed and given back; what breaks it, a typed error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from keyapi import InvalidResponse, KeyAPIError, Page, ServerError
from keyapi._models import Model
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import Caller, Inexpressible
from keyapi.conformance.judge import ERRORS, JSON, ServerAnswer
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._shared import may_be_null, violation
from keyapi.contract import Contract, Violation
from keyapi.specification import OperationSpec, value_at

_WHOLE = re.compile(r"-?[0-9]{1,20}(\.0)?")


@relation("spec -> client", short="s>c", position=4)
def spec_to_client(
    contract: Contract,
    operation: OperationSpec,
    caller: Caller,
    bodies: Iterable[bytes | ServerAnswer],
) -> Iterator[Finding]:
    """What the specification promises is parsed and given back; what breaks it, a typed error.

    Args:
        contract: What is promised.
        operation: The operation, as the one who judges knows it.
        caller: The client.
        bodies: Answers, good and bad; bodies alone are under the status of success.
    """
    if (operation.name, False) not in caller.methods:
        yield Finding("spec -> client", "", violation(operation, "method", operation.name, "none"))
        return
    arguments = next(iter(cases(operation))).arguments
    for number, body in enumerate(bodies):
        answer = (
            body
            if isinstance(body, ServerAnswer)
            else ServerAnswer(operation.success_status, JSON, body)
        )
        for broken in parsed(contract, operation, caller, arguments, answer):
            name = f"body {number} under {answer.status}"
            yield Finding("spec -> client", name, broken)


def parsed(
    contract: Contract,
    operation: OperationSpec,
    caller: Caller,
    arguments: Mapping[str, Any],
    answer: ServerAnswer,
) -> Iterator[Violation]:
    """Let a client parse an answer, and compare what it gives with what it got.

    Its own contract mode must find what the one who judges finds, and nothing else.
    """
    reported: list[Violation] = []
    status, body = answer.status, answer.content
    try:
        sent = caller.call(operation.name, arguments, answer, contract=reported.append)
    except Inexpressible as reason:
        yield violation(operation, "inexpressible", dict(arguments), reason)
        return
    except AssertionError as error:
        yield violation(operation, "async", "what the sync client does", error)
        return
    except Exception as error:
        yield violation(operation, "exception", "a result or a typed error", repr(error))
        return
    if isinstance(sent.result, TypeError):
        yield violation(operation, "exception", "a result or a typed error", repr(sent.result))
        return
    expected = contract.violations(
        operation.name, status, body, headers=answer.headers, arguments=dict(arguments)
    )
    expected_kinds, reported_kinds = _kinds(expected), _kinds(reported)
    if expected_kinds != reported_kinds:
        yield violation(operation, "contract-mode", sorted(expected_kinds), sorted(reported_kinds))
    code = answer.envelope.get("code")
    if status >= 400 or (type(code) is int and code != 0):  # an error comes under HTTP 200, too
        yield from _refused(operation, answer, sent.result)
    elif not isinstance(sent.result, KeyAPIError):
        yield from given_back(operation, json.loads(body or b"null"), sent.result)
    elif not expected and not _unusable(operation, answer, sent.result):
        yield violation(operation, "parsed", "a result", sent.result)


def _kinds(violations: Iterable[Violation]) -> set[tuple[str, str]]:
    """Pointer, with each index of a list as `*`, and rule of each violation."""
    return {(_star(violation.pointer), violation.rule) for violation in violations}


def _star(place: str) -> str:
    return "/".join("*" if part.isdigit() else part for part in place.split("/"))


def _refused(operation: OperationSpec, answer: ServerAnswer, result: Any) -> Iterator[Violation]:
    """An error is raised as what its status says, with what its body says."""
    body = answer.envelope
    if not isinstance(result, KeyAPIError):
        yield violation(operation, "raised", f"an error for {answer.status}", result)
    elif body.get("code") == answer.status and isinstance(body.get("message"), str):
        kind = ServerError if answer.status >= 500 else ERRORS.get(answer.status, KeyAPIError)
        expected = (kind, answer.status, body["code"], body["message"])
        found = (type(result), result.status, result.code, result.message)
        if found != expected:
            yield violation(operation, "raised", expected, found)


def _unusable(operation: OperationSpec, answer: ServerAnswer, result: KeyAPIError) -> bool:
    """Whether the specification lets an answer lack what no client can do without.

    That is the list of rows, or a next cursor which the argument that takes it can hold.
    """
    lists = isinstance(value_at(answer.envelope, operation.items or ("",)), list)
    lacking = operation.items is not None and not lists
    return isinstance(result, InvalidResponse) and (lacking or _odd_cursor(operation, answer))


def _odd_cursor(operation: OperationSpec, answer: ServerAnswer) -> bool:
    """Whether the next cursor is of a type that the argument which takes it does not have."""
    paging = operation.paging
    cursor = value_at(answer.envelope, paging.next) if paging and paging.next else None
    if paging is None or cursor is None:
        return False
    kind = operation.arguments[paging.position].schema.get("type")
    if kind == "array":
        return not isinstance(cursor, list)
    whole = _WHOLE.fullmatch(str(cursor)) is not None
    odd = isinstance(cursor, (bool, list, dict))
    return odd or (not whole if kind == "integer" else isinstance(cursor, float) and not whole)


def _as_decoded(value: Any) -> Any:
    """A model as decoded, and those in maps and lists."""
    if isinstance(value, dict):
        return {name: _as_decoded(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_as_decoded(child) for child in value]
    return value.to_dict() if isinstance(value, Model) else value


def given_back(operation: OperationSpec, body: Any, result: Any) -> Iterator[Violation]:
    """What a client gives is what it got, in the attributes of rows, too.

    Args:
        operation: The operation.
        body: The response, decoded.
        result: What the client made of it.
    """
    data = value_at(body, operation.items or ("data",))
    rows = list(result) if isinstance(result, (list, Page)) else [result]
    expected = data if isinstance(result, (list, Page)) else [data]
    if data is None and operation.paging and (operation.paging.more or _null_list(operation)):
        expected = []  # documented so, or a flag says whether more follow: a page without rows
    back = [_as_decoded(row) for row in rows]
    if back != expected or repr(back) != repr(expected):  # 1 is not 1.0
        yield violation(operation, "to_dict", expected, back)
    documented = operation.properties() if operation.row else {}
    for row in (row for row in rows[:1] if isinstance(row, Model)):
        names = {wire_name: name for name, wire_name in type(row)._fields.items()}
        for prop in documented:
            if prop not in names:
                yield violation(operation, "attribute", prop, sorted(names))
            elif getattr(row, names[prop]) != row.to_dict().get(prop):
                value = getattr(row, names[prop])
                if not isinstance(value, (Model, list)):
                    yield violation(operation, "attribute", row.to_dict().get(prop), value)


def _null_list(operation: OperationSpec) -> bool:
    """Whether the specification says that the list of rows may be null."""
    schema = operation.schema(operation.success) or {}
    for key in operation.items or ():
        schema = operation.present(schema)["properties"][key]
    return may_be_null(schema)
