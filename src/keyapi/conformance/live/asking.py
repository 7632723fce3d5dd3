"""Ask a live server, never more often than the budget allows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import httpx

from keyapi import KeyAPIError
from keyapi._client import SyncClient
from keyapi._sending.call import EXTENSION
from keyapi.conformance.capture import BAD_KEY
from keyapi.conformance.cases import Case
from keyapi.conformance.drivers import wire
from keyapi.conformance.judge import ServerAnswer
from keyapi.recording.model import Recording
from keyapi.recording.recorder import Recorder
from keyapi.recording.redaction import Redaction
from keyapi.specification import OperationSpec


class BudgetUsedUp(Exception):
    """The next request would exceed what may be spent; it was not sent."""


class Budget(httpx.BaseTransport):
    """Counts each request that goes out, and lets none pass that would exceed the budget.

    It is the transport next to the wire, so nothing passes it by: neither retries nor refusals.

    Args:
        allowed: What may be spent, in credits; no request counts less than one.
        seconds: How long an answer may take to its last byte, in seconds.

    Attributes:
        allowed: What may be spent, in credits.
        requests: How many requests were sent.
        spent: What they cost, in credits, were each of them charged.
        outcomes: What each of them came to: a status, or the name of an error.
    """

    def __init__(self, allowed: int, seconds: float) -> None:
        self.allowed = allowed
        self.requests = 0
        self.spent = 0
        self.outcomes: list[str] = []
        self._seconds = seconds
        self._transport = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on, if the budget allows it."""
        cost = max(1, request.extensions[EXTENSION].cost)
        if self.spent + cost > self.allowed:
            raise BudgetUsedUp
        self.spent += cost
        self.requests += 1
        self.outcomes.append("no answer")
        started = time.monotonic()
        response = self._transport.handle_request(request)
        self.outcomes[-1] = f"HTTP {response.status_code}"
        response.stream = _Bounded(response, request, started + self._seconds)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


class _Bounded(httpx.SyncByteStream):
    """A body that must have arrived in time, however slowly it drips."""

    def __init__(self, response: httpx.Response, request: httpx.Request, ends: float) -> None:
        self._stream: Any = response.stream
        self._request = request
        self._ends = ends

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            yield chunk
            if time.monotonic() > self._ends:
                raise httpx.ReadTimeout("the body did not arrive in time", request=self._request)

    def close(self) -> None:
        self._stream.close()


class LiveExchange(NamedTuple):
    """What asking for a case came to.

    Attributes:
        answer: The last answer; None where there is none.
        error: Why there is none.
        before: What the requests before the last one came to.
        recording: The exchange, where recordings are kept.
        reached: Whether there was a connection to send the last request through.
    """

    answer: ServerAnswer | None
    error: KeyAPIError | None
    before: list[str]
    recording: Recording | None
    reached: bool = True


class Asker:
    """Asks one server by the client's own pace, time-outs and table of retries.

    The request itself is written from the specification, with no generated method in between.

    Args:
        client: The client's class.
        token: The key.
        budget: What may be spent.
        recording: Whether exchanges are kept.
        **options: Arguments of the client.

    Raises:
        ConfigurationError: The client does not take these.
    """

    def __init__(
        self,
        client: type[SyncClient],
        token: str,
        budget: Budget,
        *,
        recording: bool = False,
        **options: Any,
    ) -> None:
        self.budget = budget
        self.redaction = Redaction([token])
        self._recorder = Recorder(budget) if recording else None
        self._client = client(token, transport=self._recorder or budget, **options)
        self.base_url = self._client.base_url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._client.close()

    def ask(self, operation: OperationSpec, case: Case) -> LiveExchange:
        """Ask for a case.

        Raises:
            BudgetUsedUp: Nothing was sent for it, as that would have cost too much.
        """
        written = wire(operation, case.arguments)
        headers = {k: v for k, v in written.headers.items() if k != "authorization"}
        if case.key == "bad":
            headers["authorization"] = f"Bearer {BAD_KEY}"
        http = self._client.get_httpx_client()
        request = http.build_request(
            written.method,
            f"{self.base_url}{written.path}{f'?{written.query}' if written.query else ''}",
            headers=headers,
            content=written.body or None,
            extensions=self._client._extensions(
                operation.name, operation.credits, secured=operation.secured
            ),
        )
        first = len(self.budget.outcomes)
        answer = error = None
        reached = True
        try:
            response = http.send(request)
            # What repeats the key is hidden before it can be cut short in a message.
            content = self.redaction.body(response.content)
            answer = ServerAnswer(response.status_code, response.headers, content)
        except httpx.RequestError as failure:
            error = request.extensions[EXTENSION].error
            reached = not isinstance(failure, httpx.ConnectError | httpx.ConnectTimeout)
        except BudgetUsedUp:
            if len(self.budget.outcomes) == first:
                raise
            error = request.extensions[EXTENSION].error  # of the attempt before
        outcomes = self.budget.outcomes[first:]
        kept = self._recorder.recordings[-1] if self._recorder and answer else None
        return LiveExchange(answer, error, outcomes[: -1 if answer else None], kept, reached)
