"""Recording: when a recorder keeps an answer, what it says of it, and when it is written."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import httpx

from keyapi import KeyAPIError
from keyapi._clients import async_twin
from keyapi.conformance.drivers import KEY, Caller
from keyapi.conformance.drivers._scripted import Reply
from keyapi.conformance.relations._recordings.replaying import Look, refusal
from keyapi.recording.recorder import Recorder
from keyapi.specification import OperationSpec

_EPOCH = "1970-01-01T00:00:00Z"


def recorded_when_asked(
    operation: OperationSpec, caller: Caller, arguments: dict[str, Any], good: Reply
) -> Iterator[Look]:
    """A recording says when it was made, and how long that took; a full disk keeps the old file."""
    recorder = Recorder(httpx.MockTransport(good.respond))
    before = datetime.now(UTC)
    with caller.client(KEY, transport=recorder) as client:
        caller.methods[operation.name, False].on(client)(**arguments)
    after = datetime.now(UTC)
    (kept,) = recorder.recordings
    at = datetime.fromisoformat(kept.started)
    yield "when it was recorded", True, before.replace(microsecond=0) <= at <= after or at
    most = (after - before).total_seconds() * 1000 + 1
    yield "time that it took", True, 0 <= kept.milliseconds <= most or kept.milliseconds
    comments = {f"recorded live on {day.date().isoformat()}" for day in (before, after)}
    yield "where it comes from", True, kept.comment in comments or kept.comment
    with TemporaryDirectory() as folder:
        path = Path(folder) / "new" / "kept.har"
        recorder.save(path)
        written = path.read_bytes()
        with patch.object(Path, "replace", _full):
            said = refusal(recorder.save, path)
        yield "a full disk", f"{path} cannot be written: No space left on device", said
        files = {file.name: file.read_bytes() for file in path.parent.iterdir()}
        yield "files on a full disk", {"kept.har": written}, files


def _full(self: Path, target: Path) -> None:
    raise OSError(28, os.strerror(28))


def recorded_of_a_sandbox(
    operation: OperationSpec, caller: Caller, arguments: dict[str, Any], good: Reply
) -> Iterator[Look]:
    """What a sandbox answers says so, on any port and day; a password in a URL is not kept."""
    for server, seed in (("keyapi-sandbox (seed -3)", "-3"), ("keyapi-sandbox", None)):
        headers = {**good.headers, "server": server, "date": "today"}
        recorder = Recorder(httpx.MockTransport(good._replace(headers=headers).respond))
        with caller.client(KEY, transport=recorder) as client:
            caller.methods[operation.name, False].on(client)(**arguments)
        (kept,) = recorder.recordings
        if seed is None:
            yield f"origin of {server}", "live", kept.origin
            continue
        yield "seed", f"recorded from the sandbox, seed {seed}", kept.comment
        of_the_day = kept.started, kept.milliseconds, "date" in dict(kept.headers)
        yield "date of a sandbox", (_EPOCH, 0, False), of_the_day
        yield "host of a sandbox", "http://sandbox.invalid/", kept.url[:23]
    recorder = Recorder(httpx.MockTransport(lambda request: httpx.Response(204)))
    with httpx.Client(transport=recorder) as http:
        http.get("https://me:secret-word@host.example/a?b=1")
    (kept,) = recorder.recordings
    yield "URL with a password", "https://host.example/a?b=1", kept.url


def recorded_as_unpacked(
    operation: OperationSpec, caller: Caller, arguments: dict[str, Any], good: Reply
) -> Iterator[Look]:
    """A packed answer is kept as unpacked; what cannot be read, or is too large, is not kept."""
    if not good.content:
        return
    content = good.content + b" " * 1000  # to be smaller where it is packed
    packed = good._replace(content=gzip.compress(content))
    named = packed._replace(headers={**good.headers, "content-encoding": "gzip"})
    for name, reply, most, kept in (
        ("a packed answer", named, len(content), [content]),
        ("a packed answer that is too large", named, len(content) - 1, []),
        ("an answer that cannot be unpacked", named._replace(content=b"no gzip"), 1000, []),
        ("no answer", Reply(error=httpx.ConnectError), 1000, []),
    ):
        for asynchronous in (False, True):
            recorder = Recorder(httpx.MockTransport(partial(_streamed, reply)))
            kind: Any = async_twin(caller.client) if asynchronous else caller.client
            client = kind(KEY, transport=recorder, max_retries=0, max_response_bytes=most)
            with suppress(KeyAPIError):
                caller.settled(caller.methods[operation.name, False].on(client)(**arguments))
            caller.settled(client.close())
            found = [recording.content for recording in recorder.recordings]
            yield f"kept of {name}", kept, found
            headers = [header for one in recorder.recordings for header, _ in one.headers]
            yield f"encoding of {name}", False, "content-encoding" in headers


def _streamed(reply: Reply, request: httpx.Request) -> httpx.Response:
    """A response whose body is still as it came."""
    if reply.error is not None:
        return reply.respond(request)
    stream = httpx.ByteStream(reply.content)
    return httpx.Response(reply.status, headers=dict(reply.headers), stream=stream)
