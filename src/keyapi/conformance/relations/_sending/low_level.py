"""Low-level functions: the four of an operation send what its method sends, and parse alike."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from keyapi._models import Model
from keyapi._sending.call import EXTENSION
from keyapi.conformance.bodies import documented
from keyapi.conformance.cases import cases, good
from keyapi.conformance.drivers import Caller, LowLevel, Sent
from keyapi.conformance.judge import JSON, ServerAnswer
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._answers.attributes import Reader
from keyapi.conformance.relations._probes import Probe, probes
from keyapi.conformance.relations._shared import request_differs, success_answer, violation
from keyapi.contract import Violation
from keyapi.specification import OperationSpec, Specification

_NEVER = ServerAnswer(418, JSON, b"\n" + bytes(range(256)) * 20 + b"\n")
"""An answer under a status that no page documents: long, and no text."""


@relation("client -> spec", short="c>s", position=2)
@relation("spec -> client", short="s>c", position=4)
def low_level_as_documented(
    specification: Specification, operation: OperationSpec, caller: Caller, base_url: str
) -> Iterator[Finding]:
    """The four low-level functions send what is asked for, and parse each documented answer.

    Args:
        specification: Where references of the operation lead.
        operation: The operation, as the one who judges knows it.
        caller: The client whose package has them.
        base_url: Where requests must go.
    """
    try:
        low = LowLevel(operation, caller)
    except ImportError as error:
        broken = violation(operation, "low-level", "a module of its functions", repr(error))
        yield Finding("client -> spec", "low-level functions", broken)
        return
    parsed = specification.resolved(operation.schema(operation.success) or {}).get("type")
    expected = low.names if parsed else [*low.detailed]
    if not {*expected} <= {*low.present}:
        broken = violation(operation, "low-level", expected, low.present)
        yield Finding("client -> spec", "low-level functions", broken)
    for case, broken in _sent(operation, low, base_url):
        yield Finding("client -> spec", case, broken)
    if low.body is not None and issubclass(low.body, Model):
        sending = Reader(specification, operation, "client -> spec")
        yield from sending.model(low.body, operation.body or {})
    reader = Reader(specification, operation, "spec -> client")
    yield from _parsed(specification, operation, low, reader)


def _sent(
    operation: OperationSpec, low: LowLevel, base_url: str
) -> Iterator[tuple[str, Violation]]:
    """The functions send what they are given; what is not given has the documented default."""
    answer = success_answer(operation)
    for number, probe in enumerate(probes(operation)):
        for function in low.present:
            found = low.call(function, probe.arguments, answer, body=probe.body)
            for broken in _request(operation, found, probe, base_url):
                yield f"{function}, probe {number}", broken
    for number, case in enumerate(filter(good, cases(operation))):
        # All leave out what need not be given; the one whose arguments they share tells the rest.
        for function in low.present[: None if number == 0 else 1]:
            found = low.call(function, case.arguments, answer)
            for broken in _request(operation, found, Probe(dict(case.arguments), {}), base_url):
                yield f"{function}, {case.name}", broken


def _request(
    operation: OperationSpec, found: Sent, probe: Probe, base_url: str
) -> Iterator[Violation]:
    if len(found.requests) != 1:
        yield violation(
            operation, "sent", "one request", f"{len(found.requests)}: {found.result!r}"
        )
        return
    (request,) = found.requests
    defaults = {
        name: argument.schema["default"]
        for name, argument in operation.arguments.items()
        if argument.place != "body" and "default" in argument.schema
    }
    arguments = {**defaults, **probe.arguments}
    yield from request_differs(operation, arguments, request, base_url, probe.body)
    call = request.extensions.get(EXTENSION)
    counted = getattr(call, "operation", None), found.credits
    if counted != (operation.name, operation.credits):
        yield violation(operation, "credits", (operation.name, operation.credits), counted)


def _parsed(
    specification: Specification, operation: OperationSpec, low: LowLevel, reader: Reader
) -> Iterator[Finding]:
    """The functions parse the answer under each documented status, errors included."""
    arguments = next(iter(cases(operation))).arguments
    for status in operation.statuses:
        schema = specification.resolved(operation.schema(status) or {})
        if not status.isdigit() or schema.get("type") != "object":
            continue
        body = documented(specification, operation, status)
        answer = ServerAnswer(int(status), JSON, json.dumps(body).encode())
        for function in low.present:
            case = f"{function} under {status}"
            value = low.call(function, arguments, answer).result
            if function in low.detailed:
                whole = (answer.status, answer.content, JSON["content-type"])
                headers = getattr(value, "headers", {})
                found = (
                    getattr(value, "status_code", value),
                    getattr(value, "content", None),
                    headers.get("content-type"),
                )
                if found != whole:
                    broken = violation(operation, "response", whole, found)
                    yield Finding("spec -> client", case, broken)
                value = getattr(value, "parsed", value)
            if not isinstance(value, Model) or value.to_dict() != body:
                broken = violation(operation, "parsed", body, repr(value))
                yield Finding("spec -> client", case, broken)
            else:
                yield from reader.model(type(value), schema)
    if operation.documented(_NEVER.status) is None:
        yield from _undocumented(operation, low, arguments)


def _undocumented(
    operation: OperationSpec, low: LowLevel, arguments: Mapping[str, Any]
) -> Iterator[Finding]:
    """An undocumented status gives nothing, or the package's own error where that is asked for."""
    expected = None, low.errors.UnexpectedStatus, _NEVER.status, _NEVER.content
    for function in low.present:
        value = low.call(function, arguments, _NEVER).result
        error = low.call(function, arguments, _NEVER, strict=True).result
        parsed = getattr(value, "parsed", value) if function in low.detailed else value
        of_error = getattr(error, "status_code", None), getattr(error, "content", None)
        if (parsed, type(error), *of_error) != expected:
            broken = violation(operation, "undocumented", expected, (parsed, repr(error), of_error))
            yield Finding("spec -> client", f"{function} under {_NEVER.status}", broken)
