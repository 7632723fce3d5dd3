"""Recording: what passes through a recorder is kept without a secret, and replayed strictly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from keyapi._clients import async_twin
from keyapi.conformance.cases import cases, good
from keyapi.conformance.drivers import Caller, wire
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._recordings.redacting import REDACTIONS
from keyapi.conformance.relations._recordings.replaying import REPLAYS, guarded, refusal, request_of
from keyapi.conformance.relations._shared import (
    Compared,
    decoded,
    good_arguments,
    success_answer,
    unequal,
    violation,
)
from keyapi.recording.har import read
from keyapi.recording.model import Recording
from keyapi.recording.recorder import Recorder
from keyapi.recording.replay import Replay
from keyapi.specification import OperationSpec

_KEY = "sk_live_0a1b2c3d4e5f"
_OTHER_KEY = "sk_live_other-9z8y7x"  # in an answer; the client does not know it
_SENT = {
    "Cookie": "session=sent-cookie-4711",
    "X-Api-Key": "sent-apikey-4712",
    "X-Auth-Token": "sent-token-4713",
    "X-Unheard-Of": "sent-unknown-4714",
}
_RECEIVED = {"set-cookie": "session=received-cookie-4715", "x-session-token": "received-4716"}
_SECRETS = (
    *(_KEY, _OTHER_KEY),
    *(value.removeprefix("session=") for value in (*_SENT.values(), *_RECEIVED.values())),
)


@relation("recording", short="rec", position=5)
def recorded_as_documented(operation: OperationSpec, caller: Caller) -> Iterator[Finding]:
    """A recording has no key and no cookie, and is replayed once, for the same request alone.

    Args:
        operation: The operation.
        caller: The client.
    """
    arguments = good_arguments(operation, caller)
    if arguments is None:
        return
    for asynchronous in (False, True):
        answer = _telling(operation)
        with TemporaryDirectory() as folder:
            path = f"{folder}/{operation.name}.har"
            _record(operation, caller, arguments, answer, asynchronous=asynchronous).save(path)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            for secret in _SECRETS:
                if secret in text:
                    broken = violation(operation, "secret", "[key]", f"{secret} in the file")
                    yield Finding("recording", "what is written", broken)
            (recording,) = read(path)
        for broken in unequal(operation, _kept(operation, recording, answer)):
            yield Finding("recording", "what is written", broken)
    plain = replace(recording, source="", comment="")
    for look in (*REPLAYS, *REDACTIONS):
        for name, wanted, met in guarded(look, plain):
            if wanted != met:
                broken = violation(operation, look.__name__.replace("_", " "), wanted, met)
                yield Finding("recording", name, broken)
    for case, rule in _replayed(operation, recording):
        yield Finding("recording", case, violation(operation, "replay", "ReplayError", rule))


def _telling(operation: OperationSpec) -> ServerAnswer:
    """A success that tells keys: in its headers, and where it has a body, in that."""
    answer = success_answer(operation)
    headers = {**answer.headers, **_RECEIVED}
    if not answer.content:
        return answer._replace(headers=headers)
    body = {**answer.envelope, "told": [f"your key {_KEY}", {"other": _OTHER_KEY}]}
    return ServerAnswer(answer.status, headers, json.dumps(body).encode())


def _record(
    operation: OperationSpec,
    caller: Caller,
    arguments: dict[str, Any],
    answer: ServerAnswer,
    *,
    asynchronous: bool,
) -> Recorder:
    def respond(request: httpx.Request) -> httpx.Response:
        headers = dict(answer.headers)
        return httpx.Response(answer.status, headers=headers, content=answer.content)

    recorder = Recorder(httpx.MockTransport(respond))
    kind: Any = async_twin(caller.client) if asynchronous else caller.client
    client = kind(_KEY, transport=recorder, httpx_args={"headers": _SENT})
    caller.settled(caller.methods[operation.name, False].on(client)(**arguments))
    caller.settled(client.close())
    return recorder


def _kept(operation: OperationSpec, recording: Recording, answer: ServerAnswer) -> Compared:
    """All but the secrets is kept."""
    asked = wire(operation, next(iter(cases(operation))).arguments)
    url = httpx.URL(recording.url)
    yield "method", asked.method, recording.method
    yield "path", asked.path, url.raw_path.decode().partition("?")[0]
    yield (
        "query",
        sorted(httpx.QueryParams(asked.query).multi_items()),
        sorted(url.params.multi_items()),
    )
    yield "body", decoded(asked.body), decoded(recording.body)
    yield "status", answer.status, recording.status
    told = answer.content.decode().replace(_KEY, "[key]").replace(_OTHER_KEY, "[key]")
    yield "content", json.loads(told or "null"), json.loads(recording.content or b"null")


def _replayed(operation: OperationSpec, recording: Recording) -> Iterator[tuple[str, str]]:
    """What a replay answers that it must refuse."""
    own = request_of(recording)
    replay = Replay()
    replay.add(recording)
    if not refusal(replay.finish):
        yield "a recording that is never requested", "no error"
    for name, request in _others(operation, recording):
        if _is_answered(replay, request):
            yield name, "an answer"
    replay = Replay()
    replay.add(recording)
    if not _is_answered(replay, own):
        yield "the same request", "was refused"
    if _is_answered(replay, own):
        yield "the same request once more", "an answer"


def _others(operation: OperationSpec, recording: Recording) -> Iterator[tuple[str, httpx.Request]]:
    """Requests that were not recorded."""
    first = wire(operation, next(iter(cases(operation))).arguments)
    yield "another method", request_of(replace(recording, method="PATCH"))
    yield "another path", request_of(replace(recording, url=f"{recording.url.partition('?')[0]}/x"))
    joint = "&" if "?" in recording.url else "?"
    yield "another parameter", request_of(replace(recording, url=f"{recording.url}{joint}more=1"))
    for case in filter(good, cases(operation)):
        asked = wire(operation, case.arguments)
        if (asked.path, asked.query, asked.body) != (first.path, first.query, first.body):
            base = recording.url.partition(first.path)[0]
            url = f"{base}{asked.path}{'?' if asked.query else ''}{asked.query}"
            changed = replace(recording, method=asked.method, url=url, body=asked.body)
            yield case.name, request_of(changed)


def _is_answered(replay: Replay, request: httpx.Request) -> bool:
    return not refusal(replay.answer, request)
