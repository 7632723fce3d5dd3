"""A transport that records the requests that pass through it, and their answers."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from keyapi._options import OPTIONS
from keyapi._sending.call import EXTENSION, Call
from keyapi._sending.size import bound
from keyapi.recording.har import written
from keyapi.recording.model import (
    EPOCH,
    LIVE,
    SANDBOX,
    SANDBOX_URL,
    Recording,
    RecordingError,
    encoded,
    kept_request_headers,
    kept_response_headers,
    latin1,
    redacted,
    secrets_in,
)
from keyapi.recording.writing import replace_file

# How the sandbox names itself in `Server`, so that its answers never pass for live ones.
_SANDBOX = re.compile(r"keyapi-sandbox \(seed (-?\d+)\)")


class Recorder(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Forwards requests, and records each with its answer.

    Answers are returned decompressed. A request that gets no answer is not recorded.

    Args:
        transport: Transport that sends them, sync or async like the client. If None, they are sent
            as the client would send them without it, by its proxies, certificates and limits.

    Attributes:
        recordings: The recordings, in the order of the answers, with the keys in headers removed.
    """

    def __init__(self, transport: Any = None) -> None:
        self.recordings: list[Recording] = []
        self._transport: Any = transport
        self._secrets: set[str] = set()

    def through(self, transport: Any) -> Recorder | None:
        """Give a transport that records here what is sent through another one.

        Clients ask for it, so that what they know of the network is obeyed.

        Args:
            transport: The other one.

        Returns:
            The transport; None where this one has a transport of its own.
        """
        if self._transport is not None:
            return None
        through = Recorder(transport)
        through.recordings, through._secrets = self.recordings, self._secrets
        return through

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Forward a request, and record its answer."""
        request.read()
        started = _Started()
        response = self._forwarding(httpx.HTTPTransport).handle_request(request)
        try:
            bound(response, _most_bytes(request))
            response.read()
        finally:
            response.close()
        return self._record(request, response, started)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Forward a request, and record its answer."""
        await request.aread()
        started = _Started()
        transport = self._forwarding(httpx.AsyncHTTPTransport)
        response = await transport.handle_async_request(request)
        try:
            bound(response, _most_bytes(request))
            await response.aread()
        finally:
            await response.aclose()
        return self._record(request, response, started)

    def close(self) -> None:
        """Close the connections."""
        if self._transport is not None:
            self._transport.close()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._transport is not None:
            await self._transport.aclose()

    def save(self, path: str | os.PathLike[str], secrets: Iterable[str] = ()) -> None:
        """Write the recordings to a HAR file, atomically, with every API key removed.

        Args:
            path: The file; an existing file is replaced.
            secrets: Keys to remove, in addition to those in the headers.

        Raises:
            RecordingError: The file cannot be written.
        """
        try:
            replace_file(Path(path), written(self.recordings, {*secrets, *self._secrets}))
        except (OSError, ValueError) as error:  # a ValueError: the name itself is impossible
            problem = getattr(error, "strerror", None) or error
            raise RecordingError(f"{os.fspath(path)} cannot be written: {problem}") from error

    def _forwarding(self, make: Callable[[], Any]) -> Any:
        """The transport; outside a client, one of its own."""
        if self._transport is None:
            self._transport = make()
        return self._transport

    def _record(
        self, request: httpx.Request, response: httpx.Response, started: _Started
    ) -> httpx.Response:
        received = kept_response_headers(latin1(response.headers.raw))
        headers = received
        sandbox = _SANDBOX.fullmatch(response.headers.get("server", ""))
        if sandbox:  # the same seed gives the same file on any day
            headers = tuple(pair for pair in headers if pair[0].lower() != "date")
        url = str(request.url.copy_with(userinfo=b""))  # which is a password
        recording = Recording(
            method=request.method,
            url=SANDBOX_URL + request.url.raw_path.decode("ascii") if sandbox else url,
            request_headers=kept_request_headers(latin1(request.headers.raw)),
            body=request.content,
            status=response.status_code,
            headers=headers,
            content=response.content,
            comment=SANDBOX.format(sandbox[1]) if sandbox else LIVE.format(started.day),
            started=EPOCH if sandbox else started.text,
            milliseconds=0 if sandbox else started.milliseconds,
        )
        self._secrets.update(secrets_in(recording))
        self.recordings.append(redacted(recording, self._secrets))
        return httpx.Response(
            response.status_code,
            headers=encoded(received),
            content=response.content,
            extensions=response.extensions,
        )


class _Started:
    """When a request was sent."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)
        self._clock = time.perf_counter()

    @property
    def day(self) -> str:
        return self._now.date().isoformat()

    @property
    def text(self) -> str:
        return self._now.isoformat(timespec="milliseconds")

    @property
    def milliseconds(self) -> float:
        return round((time.perf_counter() - self._clock) * 1000, 1)


def _most_bytes(request: httpx.Request) -> int:
    """How many bytes the body of the response to a request may have, unpacked."""
    call = request.extensions.get(EXTENSION)
    if isinstance(call, Call):
        return call.settings.max_response_bytes
    default: int = OPTIONS["max_response_bytes"].default  # a transport that no client uses
    return default
