"""Recording and client: where a replay differs, for the sync and the async client."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

import httpx

from keyapi import KeyAPIError, Page, ServerError
from keyapi._client import SyncClient
from keyapi._clients import Method, async_twin, methods
from keyapi._json import pointer, value_at
from keyapi.conformance.judge import ERRORS
from keyapi.conformance.recordings._findings import (
    BODY,
    REQUEST,
    RESPONSE,
    Findings,
    RecordingFinding,
    decoded,
    differences,
)
from keyapi.recording.model import RecordedCall, Recording
from keyapi.recording.replay import ReplayError, replay


def by_client(recording: Recording, client: type[SyncClient]) -> list[RecordingFinding]:
    """Replay a recording through the sync and the async client; find where they differ."""
    findings = Findings(recording)
    called = recording.called
    method = _methods(client).get(called.operation) if called else None  # type: ignore[arg-type]  # a class is hashable
    if called is None or method is None:
        findings.add("/log/entries/0/_keyapi", "a call of the client", str(called))
        return findings.found
    for kind in (client, async_twin(client)):
        try:
            with replay(recording) as played:
                outcome = _outcome(kind, method, called)
        except ReplayError as error:
            findings.add(REQUEST, f"what {kind.__name__} sends", str(error))
        except TypeError as error:
            findings.add(
                "/log/entries/0/_keyapi/arguments", f"arguments of {method.name}", str(error)
            )
        else:
            _check_headers(findings, played.requests[0], kind.__name__)
            _check_outcome(findings, method, outcome, kind.__name__)
    return findings.found


@cache
def _methods(client: type[SyncClient]) -> dict[str, Method]:
    """The method that makes one request of each operation."""
    return {method.operation.name: method for method in methods(client) if method.kind != "iterate"}


def _outcome(kind: Any, method: Method, recorded: RecordedCall) -> Any:
    """What a call gives or raises, on a client of either kind."""
    # Without TLS, of which nothing is used: to load the certificates takes longest of all.
    options: dict[str, Any] = {
        "max_retries": 0,
        "check_arguments": recorded.wrong is None,
        "httpx_args": {"verify": False},
    }
    client = kind("any-key", base_url=kind.default_base_url, **options)

    async def called() -> Any:
        async with client:
            return await method.on(client)(**recorded.arguments)

    try:
        if not issubclass(kind, SyncClient):
            return asyncio.run(called())
        with client:
            return method.on(client)(**recorded.arguments)
    except KeyAPIError as error:
        return error


def _check_headers(findings: Findings, request: httpx.Request, kind: str) -> None:
    for name, text in findings.recording.request_headers:
        sent = request.headers.get(name)
        same = sent is not None if name.lower() == "authorization" else sent == text
        if not same:
            findings.add(f"{REQUEST}/headers", f"{name}: {sent} from {kind}", f"{name}: {text}")


def _check_outcome(findings: Findings, method: Method, outcome: Any, kind: str) -> None:
    recording = findings.recording
    body = decoded(recording.content)
    if isinstance(outcome, KeyAPIError):
        expected = ServerError if recording.status >= 500 else ERRORS.get(recording.status)
        raised = (type(outcome), outcome.message, outcome.code, outcome.status)
        envelope = body if isinstance(body, dict) else {}
        said = envelope.get("message")
        told = said if isinstance(said, str) else outcome.message  # where it says nothing
        if raised != (expected, told, envelope.get("code"), recording.status):
            findings.add(RESPONSE, f"{type(outcome).__name__} from {kind}: {outcome}", str(body))
        return
    path = ("data",) if method.kind in ("one", "data") else method.operation.items
    found = differences(_as_received(outcome), value_at(body, path))
    for place, parsed, received in found:
        findings.add(f"{BODY}{pointer(*path)}{place}", f"{parsed} from {kind}", received)
    if recording.status >= 400:
        findings.add(f"{RESPONSE}/status", f"an error, which {kind} did not raise", str(body))


def _as_received(outcome: Any) -> Any:
    if isinstance(outcome, (Page, list)):
        return [_as_received(row) for row in outcome]
    if isinstance(outcome, dict):
        return {name: _as_received(value) for name, value in outcome.items()}
    return outcome.to_dict() if hasattr(outcome, "to_dict") else outcome
