"""Options: each does what `docs/options.md` says of it, at once and by `with_options`.

What an option changes is looked at where it shows: in the request, or in what a call gives.
Retries, waits, budget, cache and rate show in what is sent when: "credits" looks at them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from unittest.mock import patch

import httpx

from keyapi import KeyAPIError
from keyapi._clients import async_twin
from keyapi.conformance.drivers import KEY, Caller
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._sending.option_values import VARIABLES, option_values
from keyapi.conformance.relations._shared import good_arguments, is_first, success_answer, violation
from keyapi.specification import OperationSpec

_ELSEWHERE = "http://elsewhere.invalid/below"
_APPLICATION = "shop-radar/2.1"
_OWN_NAME = "keyapi-tiktok"  # before a slash or a blank: there may be no version
_PHASES = ("connect", "read", "write", "pool")
_HEADERS = {"headers": {"User-Agent": _APPLICATION, "X-Team": "7"}}


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
    _Effect(
        {"timeout": httpx.Timeout(connect=1.0, read=2.0, write=None, pool=4.0)},
        {"phases": [1.0, 2.0, None, 4.0]},
    ),
    _Effect({"timeout": 7.5, "deadline": 1e6}, {"timeouts": {7.5}}),
    _Effect({"timeout": 30, "deadline": 1e-6}, {"timeouts": {0.001}}),  # none is left
    _Effect({"token": None}, {"key": "sk_1"}, {"KEYAPI_TOKEN": "sk_1", "KEYAPI_KEY": "sk_2"}),
    _Effect({"token": None}, {"key": "sk_2"}, {"KEYAPI_API_KEY": "sk_2", "KEYAPI_KEY": "sk_3"}),
    _Effect({"token": None}, {"key": "sk_3"}, {"KEYAPI_KEY": "sk_3"}),
    _Effect({"token": None}, {"key": "sk_3"}, {"KEYAPI_TOKEN": "", "KEYAPI_KEY": " sk_3 "}),
    _Effect({"base_url": ""}, {"server": _ELSEWHERE}, {"KEYAPI_BASE_URL": f"{_ELSEWHERE}/"}),
    _Effect({"token": "sk_4"}, {"key": "sk_4"}, {"KEYAPI_TOKEN": "sk_1"}),
    _Effect({}, {"server": _ELSEWHERE}, {"KEYAPI_BASE_URL": _ELSEWHERE}),
    _Effect({"base_url": _ELSEWHERE}, {"server": _ELSEWHERE}, {"KEYAPI_BASE_URL": "http://x.y"}),
)


@relation("client -> spec", short="c>s", position=2)
def options_as_documented(operation: OperationSpec, caller: Caller) -> Iterator[Finding]:
    """Each option does to requests and answers what is documented, sync and async.

    Args:
        operation: The operation, as the one who judges knows it.
        caller: The client.
    """
    arguments = good_arguments(operation, caller)
    if arguments is None:
        return
    call = _Call(operation, caller, arguments)
    for number, effect in enumerate(_EFFECTS):
        for changed in (False, True) if not effect.environment else (False,):
            for asynchronous in (False, True):
                found = call.effect(effect, asynchronous=asynchronous, changed=changed)
                for name, expected in effect.expected.items():
                    if found.get(name, "no request") != expected:
                        case = f"options {number}, {', '.join(effect.options) or 'none'}"
                        broken = violation(operation, f"option {name}", expected, found.get(name))
                        yield Finding("client -> spec", case, broken)
    if is_first(operation):
        for case, wanted, told in option_values(caller):
            if wanted != told:
                broken = violation(operation, "refused", wanted, told)
                yield Finding("client -> spec", case, broken)


class _Call(NamedTuple):
    """A good call of an operation: its arguments, by name in Python."""

    operation: OperationSpec
    caller: Caller
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
                results.append(self.caller.settled(bound(**self.arguments)))
            except KeyAPIError as error:
                results.append(error)
        self.caller.settled(client.close())
        return requests, results

    def effect(self, effect: _Effect, *, asynchronous: bool, changed: bool) -> dict[str, Any]:
        """What options did to a request; empty where none was sent."""
        answer = success_answer(self.operation)
        clear = {name: text for name, text in os.environ.items() if name not in VARIABLES}
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
            "phases": [timeouts.get(phase, "none") for phase in _PHASES],
        }


def _before(target: str, operation: OperationSpec) -> str:
    """What of a request's path stands before that of the operation."""
    return target[: target.find(operation.path.partition("{")[0])]
