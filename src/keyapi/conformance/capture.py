"""Call an operation for each of its outcomes, and keep what went over the wire."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import httpx

from keyapi import AuthenticationError, BudgetExceeded, InsufficientCredits, KeyAPIError
from keyapi._client import SyncClient
from keyapi._clients import Method, methods
from keyapi._connection import find_base_url, find_token
from keyapi.conformance.outcomes import KEY, Outcome
from keyapi.recording.model import DOCUMENTED, EPOCH, SANDBOX_URL, RecordedCall, Recording
from keyapi.recording.recorder import Recorder
from keyapi.specification import OperationSpec, value_at

BAD_KEY = "sk_live_no_such_key"
"""Sent where a bad key is wanted; like every key, it is hidden in the recording."""


class Attempt(NamedTuple):
    """What came of an outcome.

    Attributes:
        outcome: The outcome.
        recording: The recording, or None where there is none to keep.
        problem: Why there is none; empty where there is.
    """

    outcome: Outcome
    recording: Recording | None
    problem: str = ""


class Server:
    """A server to record from, and what may be spent there.

    Args:
        client: The client's class; the key comes from the environment.
        base_url: Its address, or None for the environment's or the live one.
        max_credits: What may be spent, in credits, or None.

    Attributes:
        token: The key.
        spent: What was spent, in credits, were each request charged.

    Raises:
        ConfigurationError: There is no key, or the address is none.
    """

    def __init__(
        self, client: type[SyncClient], base_url: str | None, max_credits: int | None
    ) -> None:
        self.token = find_token(None)
        self.spent = 0
        self._client = client
        self._base_url = find_base_url(base_url, client.default_base_url)
        self._max_credits = max_credits

    def attempts(
        self, operation: OperationSpec, method: Method, outcomes: Iterable[Outcome]
    ) -> Iterator[Attempt]:
        """Call an operation for each outcome, until it is certain that no other can be had."""
        first: Recording | None = None
        hopeless = False
        for outcome in outcomes:
            call = _following(operation, outcome, first) if outcome.cursor else outcome
            if hopeless:
                yield Attempt(outcome, None, "not tried after that")
            elif call is None:
                yield Attempt(outcome, None, "the first answer names no next page")
            else:
                attempt, hopeless = self._attempt(method, call)
                first = first or attempt.recording
                yield attempt

    def _attempt(self, method: Method, outcome: Outcome) -> tuple[Attempt, bool]:
        """Give what came of one call, and whether to try others is hopeless."""
        left = None if self._max_credits is None else max(self._max_credits - self.spent, 0)
        token = BAD_KEY if outcome.wrong == KEY else self.token
        recorder = Recorder()
        client = self._client(
            token,
            base_url=self._base_url,
            max_retries=0,
            max_credits=left,
            check_arguments=outcome.wrong is None,
            transport=recorder,
        )
        with client:
            error = _error_of(client, method, outcome)
            self.spent += client.credits_spent
        if isinstance(error, BudgetExceeded):
            return Attempt(outcome, None, f"--max-credits {self._max_credits} is used up"), True
        if not recorder.recordings:
            return Attempt(outcome, None, str(error)), True
        recording = recorder.recordings[0]
        if recording.status != outcome.status or (error is None) == (outcome.status >= 400):
            problem = f"answered HTTP {recording.status}{f': {error.message}' if error else ''}"
            lasting = isinstance(error, (AuthenticationError, InsufficientCredits))
            return Attempt(outcome, None, problem), lasting
        recording = as_recorded(recording, self._client, method, outcome, self._base_url)
        return Attempt(outcome, recording), False


def documented(
    client: type[SyncClient],
    operation: OperationSpec,
    method: Method,
    outcomes: Iterable[Outcome],
    page: str,
) -> Iterator[Attempt]:
    """Make recordings of documented examples: what the client sends, answered with the example.

    Args:
        client: The client's class.
        operation: The operation.
        method: Its method.
        outcomes: Outcomes that are documented.
        page: The page that documents them.
    """
    for outcome in outcomes:
        example = operation.example(str(outcome.status))
        content = json.dumps(example, ensure_ascii=False, separators=(",", ":")).encode()
        answer = httpx.Response(
            outcome.status, headers={"content-type": "application/json"}, content=content
        )
        recorder = Recorder(httpx.MockTransport(lambda request, answer=answer: answer))
        options: dict[str, Any] = {"max_retries": 0, "check_arguments": outcome.wrong is None}
        base_url = client.default_base_url
        with client(BAD_KEY, base_url=base_url, transport=recorder, **options) as opened:
            error = _error_of(opened, method, outcome)
        if not recorder.recordings:
            yield Attempt(outcome, None, str(error))
            continue
        recording = _as_called(recorder.recordings[0], method, outcome)
        comment = DOCUMENTED.format(page)
        made = replace(recording, comment=comment, started=EPOCH, milliseconds=0)
        yield Attempt(outcome, made)


def as_recorded(
    recording: Recording,
    client: type[SyncClient],
    method: Method,
    outcome: Outcome,
    base_url: str,
) -> Recording:
    """Give an exchange as the recording of an outcome.

    Args:
        recording: The exchange.
        client: The client's class.
        method: The method that calls the operation.
        outcome: The outcome.
        base_url: The server that was asked.
    """
    recording = _as_called(recording, method, outcome)
    if base_url == client.default_base_url:
        return recording
    comment = recording.comment
    if recording.origin == "live":
        comment += f" through {base_url}"
    # The URL of a client without a base URL of its own, so that it can be replayed anywhere.
    server = SANDBOX_URL if recording.origin == "sandbox" else base_url
    url = client.default_base_url + recording.url.removeprefix(server)
    return replace(recording, url=url, comment=comment)


def method_of(client: type[SyncClient], operation: str) -> Method:
    """Find the method that makes one request of an operation."""
    return next(
        method
        for method in methods(client)
        if method.operation.name == operation and method.kind != "iterate"
    )


def _error_of(client: SyncClient, method: Method, outcome: Outcome) -> KeyAPIError | None:
    try:
        method.on(client)(**outcome.arguments)
    except KeyAPIError as error:
        return error
    return None


def _as_called(recording: Recording, method: Method, outcome: Outcome) -> Recording:
    called = RecordedCall(method.operation.name, dict(outcome.arguments), outcome.wrong)
    return replace(recording, called=called)


def _following(
    operation: OperationSpec, outcome: Outcome, first: Recording | None
) -> Outcome | None:
    """The outcome with the cursor that the first answer names; None where it names none."""
    body: Any = json.loads(first.content) if first is not None else None
    paging = operation.paging
    cursor = value_at(body, paging.next) if paging is not None else None
    if not cursor:
        return None
    return outcome._replace(arguments={**outcome.arguments, str(outcome.cursor): cursor})
