"""Options: each does what `docs/options.md` says of it, at once and by `with_options`.

What an option changes is looked at where it shows: in the request, or in what a call gives.
Retries, waits, budget, cache and rate show in what is sent when: "credits" looks at them.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import httpx

from keyapi import ConfigurationError, ContractViolation, KeyAPIError
from keyapi._clients import async_twin
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, Caller, Inexpressible
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._shared import success_answer, violation
from keyapi.contract import Contract
from keyapi.specification import OperationSpec, Specification

_ELSEWHERE = "http://elsewhere.invalid/below"
_APPLICATION = "shop-radar/2.1"
_OWN_NAME = "keyapi-tiktok"  # before a slash or a blank: there may be no version
_PHASES = ("connect", "read", "write", "pool")
_HEADERS = {"headers": {"User-Agent": _APPLICATION, "X-Team": "7"}}
_UNUSABLE: dict[str, tuple[Any, ...]] = {
    "token": ("", " ", "YOUR_API_KEY", "<key>", "${KEYAPI_TOKEN}", "sk_live_...", "sk_é", "sk_\n1"),
    "base_url": (
        *("ftp://elsewhere.invalid", "elsewhere", "http://", "http://elsewhere.invalid:0"),
        *("http://me:secret@elsewhere.invalid", "http://elsewhere.invalid/?q", "http://x.y/#z"),
    ),
    "timeout": (0, -1, "5", True, float("nan"), float("inf")),
    "deadline": (0, -1, "5", True, float("nan"), float("inf")),
    "max_retries": (-1, 1.0, True, None),
    "rate": ("5", "0/s", "5/0s", "5/w", "-5/s", 5),
    "max_credits": (-1, 1.0, True),
    "quota_cooldown": (-1, "5", True, float("nan")),
    "max_response_bytes": (0, -1, 1.0, None),
    "cache": (5, "", {"path": "x", "ttl": 0}, {"path": "x", "size": 1}),
    "contract": ("maybe", None, True),
    "check_arguments": (None, 1, "yes"),
    "httpx_args": (
        *({"headers": {"Authorization": "Bearer sk_other"}}, {"headers": 5}),
        *({name: None} for name in ("auth", "base_url", "cookies", "params", "timeout")),
    ),
}
"""Values of each option that cannot be used."""
_BEFORE = 4
"""Good answers before one that is not."""
_VARIABLES = ("KEYAPI_TOKEN", "KEYAPI_API_KEY", "KEYAPI_KEY", "KEYAPI_BASE_URL")


class _Effect(NamedTuple):
    """What options do to a request.

    Attributes:
        options: The options.
        expected: What they must bring about, by name.
        environment: Environment variables that are set meanwhile.
    """

    options: Mapping[str, Any]
    expected: Mapping[str, Any]
    environment: Mapping[str, str] = {}


_EFFECTS = (
    _Effect({}, {"key": KEY, "name": [_OWN_NAME], "timeouts": {30.0}, "team": None}),
    _Effect({"token": "sk_other"}, {"key": "sk_other"}),
    _Effect({"base_url": f"{_ELSEWHERE}/"}, {"server": _ELSEWHERE}),
    _Effect({"httpx_args": _HEADERS}, {"name": [_APPLICATION, _OWN_NAME], "team": "7"}),
    _Effect({"timeout": 7.5}, {"timeouts": {7.5}}),
    _Effect({"timeout": None}, {"timeouts": {None}}),
    _Effect({"timeout": httpx.Timeout(2.0)}, {"timeouts": {2.0}}),
    _Effect({"timeout": 7.5, "deadline": 1e6}, {"timeouts": {7.5}}),
    _Effect({"timeout": 30, "deadline": 1e-6}, {"timeouts": {0.001}}),  # none is left
    _Effect({"token": None}, {"key": "sk_1"}, {"KEYAPI_TOKEN": "sk_1", "KEYAPI_KEY": "sk_2"}),
    _Effect({"token": None}, {"key": "sk_2"}, {"KEYAPI_API_KEY": "sk_2", "KEYAPI_KEY": "sk_3"}),
    _Effect({"token": None}, {"key": "sk_3"}, {"KEYAPI_KEY": "sk_3"}),
    _Effect({"token": "sk_4"}, {"key": "sk_4"}, {"KEYAPI_TOKEN": "sk_1"}),
    _Effect({}, {"server": _ELSEWHERE}, {"KEYAPI_BASE_URL": _ELSEWHERE}),
    _Effect({"base_url": _ELSEWHERE}, {"server": _ELSEWHERE}, {"KEYAPI_BASE_URL": "http://x.y"}),
)


@relation("client -> spec", short="c>s", position=2)
@relation("spec -> client", short="s>c", position=4)
def options_as_documented(
    specification: Specification, operation: OperationSpec, caller: Caller
) -> Iterator[Finding]:
    """Each option does to requests and answers what is documented, sync and async.

    Args:
        specification: What `contract=` holds answers to.
        operation: The operation, as the one who judges knows it.
        caller: The client.
    """
    if (operation.name, False) not in caller.methods:
        return  # which "client -> spec" finds
    try:
        first = next(iter(cases(operation))).arguments
        call = _Call(operation, caller, first, caller.arguments(operation.name, first))
    except Inexpressible:
        return  # likewise
    for number, effect in enumerate(_EFFECTS):
        for changed in (False, True) if not effect.environment else (False,):
            for asynchronous in (False, True):
                found = call.effect(effect, asynchronous=asynchronous, changed=changed)
                for name, expected in effect.expected.items():
                    if found.get(name, "no request") != expected:
                        case = f"options {number}, {', '.join(effect.options) or 'none'}"
                        broken = violation(operation, f"option {name}", expected, found.get(name))
                        yield Finding("client -> spec", case, broken)
    for kind in (caller.client, async_twin(caller.client)):
        unusable = ((option, value) for option, values in _UNUSABLE.items() for value in values)
        for option, value in unusable:
            raised = _refused(kind, option, value)
            if raised is not ConfigurationError:
                broken = violation(operation, "refused", "ConfigurationError", raised.__name__)
                yield Finding("client -> spec", f"{option}={value!r}", broken)
    yield from _contract(specification, call)


class _Call(NamedTuple):
    """A good call of an operation: its arguments by name in the request, and in Python."""

    operation: OperationSpec
    caller: Caller
    asked: Mapping[str, Any]
    arguments: Mapping[str, Any]

    def made(
        self, *answers: ServerAnswer, asynchronous: bool, changed: bool = False, **options: Any
    ) -> tuple[list[httpx.Request], list[Any]]:
        """Make the call once for each answer, by one client.

        Args:
            answers: What the server answers.
            asynchronous: Whether to use the async client.
            changed: Whether the options are those of a client made from another.
            **options: The options.

        Returns:
            What was sent, and what each call gave or raised.
        """
        requests: list[httpx.Request] = []

        def respond(request: httpx.Request) -> httpx.Response:
            answer = answers[min(len(requests), len(answers) - 1)]
            requests.append(request)
            headers = dict(answer.headers)
            return httpx.Response(answer.status, headers=headers, content=answer.content)

        kind: Any = async_twin(self.caller.client) if asynchronous else self.caller.client
        common = {"token": KEY, "transport": httpx.MockTransport(respond)}
        client = kind(**common) if changed else kind(**{**common, **options})
        client = client.with_options(**options) if changed else client
        bound = self.caller.methods[self.operation.name, False].on(client)
        results: list[Any] = []
        for _ in answers:
            try:
                result = bound(**self.arguments)
                results.append(self.caller.run(_settled(result)) if asynchronous else result)
            except KeyAPIError as error:
                results.append(error)
        closed = client.close()
        if asynchronous:
            self.caller.run(_settled(closed))
        return requests, results

    def effect(self, effect: _Effect, *, asynchronous: bool, changed: bool) -> dict[str, Any]:
        """What options did to a request; empty where none was sent."""
        answer = success_answer(self.operation)
        clear = {name: text for name, text in os.environ.items() if name not in _VARIABLES}
        with patch.dict(os.environ, {**clear, **effect.environment}, clear=True):
            requests, _ = self.made(
                answer, asynchronous=asynchronous, changed=changed, **effect.options
            )
        if not requests:
            return {}
        request = requests[0]
        names = request.headers.get("user-agent", "").split()
        timeouts = request.extensions.get("timeout", {})
        target = request.url.raw_path.decode()
        return {
            "key": request.headers.get("authorization", "none").removeprefix("Bearer "),
            "server": str(request.url).removesuffix(target) + _before(target, self.operation),
            "name": [name.partition("/")[0] if name != _APPLICATION else name for name in names][
                : 2 if _APPLICATION in names else 1
            ],
            "team": request.headers.get("x-team"),
            "timeouts": {timeouts.get(phase, "none") for phase in _PHASES},
        }


def _before(target: str, operation: OperationSpec) -> str:
    """What of a request's path stands before that of the operation."""
    return target[: target.find(operation.path.partition("{")[0])]


def _refused(kind: Any, option: str, value: Any) -> type:
    """What a client raises that is made with a value that cannot be used."""
    try:
        kind(**{"token": KEY, option: value})
    except Exception as error:
        return type(error)
    return type(None)


def _contract(specification: Specification, call: _Call) -> Iterator[Finding]:
    """`contract=` raises what breaks the specification, and only tells of what adds to it."""
    contract, operation = Contract(specification), call.operation
    for name, answer in _answers(call):
        found = contract.violations(
            operation.name,
            answer.status,
            answer.content,
            headers=answer.headers,
            arguments=call.asked,
        )
        broken = [(each.rule, each.pointer) for each in found if not each.additive]
        kinds = {each.kind for each in found}  # each is told once
        for asynchronous in (False, True):
            for changed in (False, True):
                for differs in _as_contract_says(
                    call, answer, broken, kinds, asynchronous, changed
                ):
                    yield Finding("spec -> client", f"contract, {name}", differs)


def _as_contract_says(
    call: _Call,
    answer: ServerAnswer,
    broken: list[tuple[str, str]],
    kinds: set[Any],
    asynchronous: bool,
    changed: bool,
) -> Iterator[Any]:
    how = {"asynchronous": asynchronous, "changed": changed}
    _, (plain,) = call.made(answer, **how)
    if isinstance(plain, KeyAPIError):
        return
    told: list[Any] = []
    for option in ("off", "warn", told.append):
        with _heard() as warnings:
            _, results = call.made(answer, answer, **how, contract=option)
        name = option if isinstance(option, str) else "function"
        if str(results[0]) != str(plain):
            yield violation(call.operation, f"contract={name}", plain, results[0])
        loud = 0 if name == "off" or warnings is None else len({*broken})
        if len(warnings or ()) != loud:
            yield violation(call.operation, f"contract={name}", f"{loud} warnings", warnings)
    if sorted(map(str, kinds)) != sorted(str(each.kind) for each in told):
        yield violation(call.operation, "contract=function", kinds, told)
    later: list[Any] = []
    with _heard():
        good = success_answer(call.operation)  # the first answers are checked by other means
        call.made(*[good] * _BEFORE, answer, **how, contract=later.append)
        requests, (raised, _) = call.made(answer, answer, **how, contract="raise")
    if not kinds <= {each.kind for each in later}:
        yield violation(call.operation, f"contract=function, answer {_BEFORE + 1}", kinds, later)
    if len(requests) != 2:
        yield violation(call.operation, "contract=raise", "one request each", len(requests))
    if not broken and str(raised) != str(plain):
        yield violation(call.operation, "contract=raise", plain, raised)
    if broken:
        violations = [(each.rule, each.pointer) for each in getattr(raised, "violations", ())]
        facts = [type(raised), getattr(raised, "attempts", None), violations]
        if facts != [ContractViolation, 1, broken]:
            yield violation(call.operation, "contract=raise", broken, facts)


def _answers(call: _Call) -> Iterator[tuple[str, ServerAnswer]]:
    """The documented answer, one that adds to it, one that breaks it, and one that does both."""
    answer = success_answer(call.operation)
    yield "as documented", answer
    body = answer.envelope
    if not body:
        return
    yield "with an addition", _with(answer, {**body, "an_addition": 1})
    texts = [name for name, value in body.items() if isinstance(value, str)]
    if texts:
        yield "broken", _with(answer, {**body, texts[0]: [7]})
        yield "broken and added to", _with(answer, {**body, texts[0]: [7], "an_addition": 1})


def _with(answer: ServerAnswer, body: dict[str, Any]) -> ServerAnswer:
    return answer._replace(content=json.dumps(body).encode())


@contextmanager
def _heard() -> Iterator[list[str] | None]:
    """The warnings that are logged of the contract meanwhile; None where logging is off."""
    warnings: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: warnings.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("keyapi.contract")
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield warnings if logger.isEnabledFor(logging.WARNING) else None
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


async def _settled(awaitable: Any) -> Any:
    return await awaitable
