"""The relations between specification, client, server and recordings, each as one function.

A relation looks at one operation and gives what does not hold. Tests run them on what is committed,
the mutants on what a fault was planted in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import httpx

from keyapi import BadRequest, InvalidResponse, KeyAPIError, Page, ServerError
from keyapi._models import Model
from keyapi.conformance.cases import Case, cases, good
from keyapi.conformance.drivers import Caller, Inexpressible, Sent, Serve, types_of, wire
from keyapi.conformance.judge import MEANING, Answer, judge
from keyapi.conformance.recordings import ERRORS
from keyapi.contract import Contract, Violation
from keyapi.specification import OperationSpec, Specification, value_at

RELATIONS = (
    "spec - page",
    "client -> spec",
    "server -> spec",
    "spec -> client",
    "recording",
    "meaning",
)
JSON = {"content-type": "application/json"}
_TYPES = {"integer": int, "number": float, "string": str, "boolean": bool}


class Finding(NamedTuple):
    """Something that does not hold.

    Attributes:
        relation: One of `RELATIONS`.
        case: What was looked at.
        violation: What is wrong: operation, pointer, rule, expected and found.
    """

    relation: str
    case: str
    violation: Violation

    def __str__(self) -> str:
        return f"[{self.relation}] {self.case}: {self.violation}"


# --- server -> spec, and meaning --------------------------------------------------------------


def server_to_spec(
    contract: Contract,
    operation: OperationSpec,
    serve: Serve,
    asked: Iterable[Case] | None = None,
    *,
    documented: bool = True,
) -> Iterator[Finding]:
    """What a server answers is what the specification promises.

    Args:
        contract: What is promised.
        operation: The operation, as the one who judges knows it.
        serve: Asks the server.
        asked: The cases; all of the operation's where it is left out.
        documented: Whether refusals must be worded as documented.
    """
    for case in asked if asked is not None else cases(operation):
        served = serve(operation, case)
        found = judge(
            contract, operation, case, served.answer, served.before, documented=documented
        )
        for violation in found:
            relation = "meaning" if violation.rule in MEANING else "server -> spec"
            yield Finding(relation, case.name, violation)
        cost = operation.credits if served.answer.status == int(operation.success) else 0
        if not found and served.charged not in (None, cost):
            violation = _violation(operation, "credits", cost, served.charged)
            yield Finding("server -> spec", case.name, violation)


# --- client -> spec ---------------------------------------------------------------------------


def client_to_spec(operation: OperationSpec, caller: Caller, base_url: str) -> Iterator[Finding]:
    """What the generated methods send is what the case says, and valid for the operation.

    Args:
        operation: The operation, as the one who judges knows it.
        caller: The client.
        base_url: Where requests must go.
    """
    if (operation.name, False) not in caller.methods:
        yield Finding("client -> spec", "", _violation(operation, "method", operation.name, "none"))
        return
    for violation in _typed_as_documented(operation, caller):
        yield Finding("client -> spec", "arguments", violation)
    answer = success_answer(operation)
    for case in cases(operation):
        if case.key != "good" or case.served:
            continue  # the key is the client's, not the call's
        for violation in sent_as_asked(operation, caller, case, base_url, answer):
            yield Finding("client -> spec", case.name, violation)
    if (operation.name, True) in caller.methods:
        for violation in _walked(operation, caller):
            yield Finding("client -> spec", "walk", violation)


def _typed_as_documented(operation: OperationSpec, caller: Caller) -> Iterator[Violation]:
    """A method's arguments are the operation's, and have the types that it documents."""
    method = caller.methods[operation.name, False]
    for name, wire_name in method.wire.items():
        argument = operation.arguments.get(wire_name)
        if argument is None:
            yield _violation(operation, "argument", list(operation.arguments), wire_name)
            continue
        if (name in method.operation.body) != (argument.place == "body"):
            continue  # of two by one name the query's is known here
        kinds = types_of(method.signature.parameters[name].annotation)
        expected = _TYPES.get(argument.schema.get("type", ""))
        if argument.members:
            members = [[one.value for one in kind] for kind in kinds if issubclass(kind, Enum)]
            if members != [list(argument.members.values())]:
                yield _violation(operation, "argument-type", argument.members, members)
        elif expected is not None and kinds != (expected,):
            yield _violation(operation, "argument-type", expected, kinds)


def sent_as_asked(
    operation: OperationSpec, caller: Caller, case: Case, base_url: str, answer: Answer
) -> Iterator[Violation]:
    """Call a method as a case says, and compare what went out with it."""
    try:
        sent = caller.call(operation.name, case.arguments, answer)
    except Inexpressible as reason:
        if good(case):
            yield _violation(operation, "inexpressible", dict(case.arguments), reason)
        return
    except AssertionError as error:
        yield _violation(operation, "async", "what the sync client does", error)
        return
    filled = _filled_in(operation, case)
    if good(case) or filled is not None or _left_to_the_server(operation, case):
        yield from _equal(operation, {**case.arguments, **(filled or {})}, sent, base_url)
        if sent.requests and sent.credits != operation.credits:
            yield _violation(operation, "credits", operation.credits, sent.credits)
    elif sent.requests or not isinstance(sent.result, (TypeError, BadRequest)):
        yield _violation(operation, "refused", f"no request with a bad {case.faulty}", sent.result)


def _filled_in(operation: OperationSpec, case: Case) -> dict[str, Any] | None:
    """What the client itself fills in where a case leaves paging out; None where it does not."""
    paging = operation.paging
    if paging is None or paging.kind != "page" or not case.name.startswith("without "):
        return None
    if case.faulty == paging.position:
        return {paging.position: 1}
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
        yield _violation(operation, "sent", "one request", f"{len(sent.requests)}: {sent.result}")
        return
    (request,) = sent.requests
    asked = wire(operation, arguments)
    parts = urlsplit(str(request.url))
    compared = {
        "server": (base_url, f"{parts.scheme}://{parts.netloc}"),
        "method": (asked.method, request.method),
        "path": (asked.path, request.url.path),
        "query": (pairs(asked.query), pairs(parts.query)),
        "key": (asked.headers["authorization"], request.headers.get("authorization")),
        "body": (_json(asked.body), _json(request.content)),
    }
    for part, (expected, found) in compared.items():
        if expected != found:
            yield _violation(operation, part, expected, found)


def _walked(operation: OperationSpec, caller: Caller) -> Iterator[Violation]:
    """An iterating method asks for the first page, then for the next one."""
    paging = operation.paging
    case = next(iter(cases(operation)))
    if paging is None or paging.kind != "page":
        return
    walk = {name: value for name, value in case.arguments.items() if name != paging.position}
    try:
        arguments = caller.arguments(operation.name, walk, walk=True)
    except Inexpressible as reason:
        yield _violation(operation, "inexpressible", walk, reason)
        return
    numbers: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        given = {**dict(parse_qsl(request.url.query.decode())), **(_json(request.content) or {})}
        numbers.append(str(given.get(paging.position)))
        body = json.loads(success_answer(operation).content)
        full = paging.largest if len(numbers) == 1 and paging.largest else 0
        row = (value_at(body, operation.items or ()) or [{}])[0]
        _put(body, operation.items or (), [{**row, "n": n} for n in range(full)])
        return httpx.Response(200, json=body)

    method = caller.methods[operation.name, True]
    with caller.client("sk_contract", transport=httpx.MockTransport(answer)) as client:
        try:
            rows = len(list(method.on(client)(**arguments)))
        except (KeyAPIError, TypeError) as error:
            yield _violation(operation, "walk", "pages", error)
            return
    if numbers != (["1", "2"] if paging.largest else ["1"]) or rows != (paging.largest or 0):
        yield _violation(operation, "walk", "pages 1 and 2", f"{numbers}, {rows} rows")


# --- spec -> client ---------------------------------------------------------------------------


def spec_to_client(
    contract: Contract,
    operation: OperationSpec,
    caller: Caller,
    bodies: Iterable[bytes | Answer],
) -> Iterator[Finding]:
    """What the specification promises is parsed and given back; what breaks it, a typed error.

    Args:
        contract: What is promised.
        operation: The operation, as the one who judges knows it.
        caller: The client.
        bodies: Answers, good and bad; bodies alone are under the status of success.
    """
    if (operation.name, False) not in caller.methods:
        yield Finding("spec -> client", "", _violation(operation, "method", operation.name, "none"))
        return
    arguments = next(iter(cases(operation))).arguments
    for number, body in enumerate(bodies):
        answer = body if isinstance(body, Answer) else Answer(int(operation.success), JSON, body)
        for violation in parsed(contract, operation, caller, arguments, answer):
            name = f"body {number} under {answer.status}"
            yield Finding("spec -> client", name, violation)


def parsed(
    contract: Contract,
    operation: OperationSpec,
    caller: Caller,
    arguments: Mapping[str, Any],
    answer: Answer,
) -> Iterator[Violation]:
    """Let a client parse an answer, and compare what it gives with what it got.

    Its own contract mode must find what the one who judges finds, and nothing else.
    """
    told: list[Violation] = []
    status, body = answer.status, answer.content
    try:
        sent = caller.call(operation.name, arguments, answer, contract=told.append)
    except Inexpressible as reason:
        yield _violation(operation, "inexpressible", dict(arguments), reason)
        return
    except AssertionError as error:
        yield _violation(operation, "async", "what the sync client does", error)
        return
    except Exception as error:
        yield _violation(operation, "exception", "a result or a typed error", repr(error))
        return
    if isinstance(sent.result, TypeError):
        yield _violation(operation, "exception", "a result or a typed error", repr(sent.result))
        return
    expected = contract.violations(
        operation.name, status, body, headers=answer.headers, arguments=dict(arguments)
    )
    verdicts = [{(one.pointer, one.rule) for one in side if one.kind} for side in (expected, told)]
    kinds = [{(_star(place), rule) for place, rule in side} for side in verdicts]
    if kinds[0] != kinds[1]:
        yield _violation(operation, "verdict", sorted(kinds[0]), sorted(kinds[1]))
    code = answer.envelope.get("code")
    if status >= 400 or (type(code) is int and code != 0):  # an error comes under HTTP 200, too
        yield from _refused(operation, answer, sent.result)
    elif not isinstance(sent.result, KeyAPIError):
        yield from _given_back(operation, json.loads(body), sent.result)
    elif not expected and not _without_rows(operation, answer, sent.result):
        yield _violation(operation, "parsed", "a result", sent.result)


def _refused(operation: OperationSpec, answer: Answer, result: Any) -> Iterator[Violation]:
    """An error is raised as what its status says, with what its body says."""
    body = answer.envelope
    if not isinstance(result, KeyAPIError):
        yield _violation(operation, "raised", f"an error for {answer.status}", result)
    elif body.get("code") == answer.status and isinstance(body.get("message"), str):
        kind = ServerError if answer.status >= 500 else ERRORS.get(answer.status, KeyAPIError)
        expected = (kind, answer.status, body["code"], body["message"])
        found = (type(result), result.status, result.code, result.message)
        if found != expected:
            yield _violation(operation, "raised", expected, found)


def _without_rows(operation: OperationSpec, answer: Answer, result: KeyAPIError) -> bool:
    """Whether a list of rows is missing where the specification lets it, but no client can."""
    lists = isinstance(value_at(answer.envelope, operation.items or ("",)), list)
    return isinstance(result, InvalidResponse) and operation.items is not None and not lists


def _given_back(operation: OperationSpec, body: Any, result: Any) -> Iterator[Violation]:
    data = value_at(body, operation.items or ("data",))
    rows = list(result) if isinstance(result, (list, Page)) else [result]
    expected = data if isinstance(result, (list, Page)) else [data]
    back = [row.to_dict() if isinstance(row, Model) else row for row in rows]
    if back != expected:
        yield _violation(operation, "to_dict", expected, back)
    documented = operation.properties() if operation.row else {}
    for row in (row for row in rows[:1] if isinstance(row, Model)):
        names = {wire_name: name for name, wire_name in type(row)._fields.items()}
        for prop in documented:
            if prop not in names:
                yield _violation(operation, "attribute", prop, sorted(names))
            elif getattr(row, names[prop]) != row.to_dict().get(prop):
                value = getattr(row, names[prop])
                if not isinstance(value, (Model, list)):
                    yield _violation(operation, "attribute", row.to_dict().get(prop), value)


# --- spec - page ------------------------------------------------------------------------------


def spec_is_sound(specification: Specification) -> Iterator[Finding]:
    """The specification is valid OpenAPI, and every example in it fits its schema."""
    try:
        yield from _unsound(specification)
    except Exception as error:  # whatever a reference that leads nowhere is to each reader
        problem = f"{type(error).__name__}: {error}"
        violation = Violation("", "", "openapi", "a specification that can be read", problem[:200])
        yield Finding("spec - page", "valid", violation)


def _unsound(specification: Specification) -> Iterator[Finding]:
    from openapi_spec_validator import OpenAPIV30SpecValidator

    for error in OpenAPIV30SpecValidator(dict(specification.document)).iter_errors():
        place = "/".join(map(str, error.absolute_path))
        violation = Violation("", f"/{place}", "openapi", "valid OpenAPI 3.0", error.message[:200])
        yield Finding("spec - page", "valid", violation)
        return
    contract = Contract(specification.document)
    for operation in specification:
        for status in operation.statuses:
            example = operation.example(status)
            if example is not None and status.isdigit():
                body = json.dumps(example).encode()
                for violation in contract.violations(operation.name, int(status), body):
                    yield Finding("spec - page", f"example of {status}", violation)


# --- What they share --------------------------------------------------------------------------


def success_answer(operation: OperationSpec) -> Answer:
    """A small success: the documented example, or an empty one."""
    example = operation.example(operation.success)
    body = example if isinstance(example, dict) else {"code": 0, "message": "success", "data": {}}
    if not isinstance(example, dict) and operation.items is not None:
        _put(body, operation.items, [])
    return Answer(int(operation.success), JSON, json.dumps(body).encode())


def pairs(query: str) -> list[tuple[str, str]]:
    """The pairs of a query string, in no order."""
    return sorted(parse_qsl(query, keep_blank_values=True))


def _put(body: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        body = body.setdefault(key, {})
    body[path[-1]] = value


def _json(body: bytes) -> Any:
    return json.loads(body) if body else None


def _star(place: str) -> str:
    return "/".join("*" if part.isdigit() else part for part in place.split("/"))


def _violation(operation: OperationSpec, rule: str, expected: object, found: object) -> Violation:
    return Violation(operation.name, "", rule, str(expected)[:200], str(found)[:200])
