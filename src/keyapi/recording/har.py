"""Read and write HAR 1.2 files (HTTP Archive); files written here never contain an API key.

In addition to what HAR defines, an entry may have `_keyapi`: the operation that was called, the
arguments of its method (null for "not sent"), and which of them was wrong on purpose. A header is
kept byte by byte, as Latin-1, as browsers do. A request's body that is not UTF-8 is in base64, and
`_encoding` beside it says so, as `encoding` does beside that of an answer.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import stat
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from keyapi.recording.entry import recording_of
from keyapi.recording.fields import Field, FieldError
from keyapi.recording.model import (
    EPOCH,
    Recording,
    RecordingError,
    kept_request_headers,
    kept_response_headers,
    redacted,
    secrets_in,
)

LARGEST_FILE = 100_000_000
"""Bytes of a HAR file that is read: JSON needs many times that in memory."""

_REMEDY = "Correct it there, or record it again"
_UNTIMED = (
    "; startedDateTime and time are fixed: HAR requires them, and the same recording is the same "
    "bytes on any day"
)


def read(path: str | os.PathLike[str]) -> list[Recording]:
    """Read a HAR file of at most 100 MB.

    Args:
        path: The file.

    Returns:
        Its entries, in order.

    Raises:
        RecordingError: The file cannot be read, is too large, or is not a HAR file that can be
            replayed. The text names the file, the entry, the place in it, and what to do.
    """
    name = os.fspath(path)
    try:
        kind = os.stat(path).st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):  # reading it may never end
            raise OSError(errno.EINVAL, "it is not a regular file")
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:  # a ValueError: the name itself is impossible
        problem = getattr(error, "strerror", None) or error
        raise RecordingError(f"{name} cannot be read: {problem}") from error
    if len(content) > LARGEST_FILE:
        raise RecordingError(
            f"{name} is larger than {LARGEST_FILE // 1_000_000} MB; split it into several files, "
            "which can be replayed together"
        )
    try:
        har = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RecordingError(
            f"{name} is not a HAR file: it is not valid JSON ({error}); record it again"
        ) from error
    place = name
    try:
        recordings = []
        for number, entry in enumerate(Field(har)["log"]["entries"].items()):
            place = f"{name}, entry {number}"
            recordings.append(recording_of(entry, place))
        return recordings
    except FieldError as error:
        raise RecordingError(f"{place}: {error}. {_REMEDY}") from error


def written(recordings: Iterable[Recording], secrets: Iterable[str] = ()) -> bytes:
    """Encode recordings as a HAR file, with every API key removed.

    Args:
        recordings: The recordings.
        secrets: Keys to remove, in addition to those in the headers.

    Returns:
        The content of the file: the same bytes for the same recordings.
    """
    recordings = list(recordings)
    found = (secret for recording in recordings for secret in secrets_in(recording))
    hidden = [*secrets, *found]
    recordings = [redacted(recording, hidden) for recording in recordings]
    comments = dict.fromkeys(
        recording.comment + (_UNTIMED if recording.started == EPOCH else "")
        for recording in recordings
    )
    log = {
        "version": "1.2",
        "creator": {"name": "keyapi", "version": "1"},
        "entries": [_entry(recording) for recording in recordings],
        "comment": "\n".join(comments),
    }
    return (json.dumps({"log": log}, ensure_ascii=False, indent=2) + "\n").encode()


def _entry(recording: Recording) -> dict[str, Any]:
    sent, received = (
        {name.lower(): text for name, text in headers}
        for headers in (recording.request_headers, recording.headers)
    )
    request: dict[str, Any] = {
        "method": recording.method,
        "url": recording.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _name_value(kept_request_headers(recording.request_headers)),
        "queryString": _name_value(parse_qsl(_query(recording.url), keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": len(recording.body),
    }
    if recording.body:
        text, encoding = _text(recording.body)
        request["postData"] = {
            "mimeType": sent.get("content-type", ""),
            "text": text,
            **({"_encoding": encoding} if encoding else {}),
        }
    entry: dict[str, Any] = {
        "startedDateTime": recording.started,
        "time": recording.milliseconds,
        "request": request,
        "response": {
            "status": recording.status,
            "statusText": _phrase(recording.status),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _name_value(kept_response_headers(recording.headers)),
            "content": _content(recording.content, received.get("content-type", "x-unknown")),
            "redirectURL": received.get("location", ""),
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": recording.milliseconds, "receive": 0},
        "comment": recording.comment,
    }
    if recording.called is not None:
        entry["_keyapi"] = recording.called._asdict()
    return entry


def _name_value(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": text} for name, text in pairs]


def _content(content: bytes, mime_type: str) -> dict[str, Any]:
    text, encoding = _text(content)
    fields = {"size": len(content), "mimeType": mime_type, "text": text}
    return {**fields, "encoding": encoding} if encoding else fields


def _text(content: bytes) -> tuple[str, str | None]:
    """A body as text, and how it is encoded in that."""
    try:
        return content.decode(), None
    except UnicodeDecodeError:
        return base64.b64encode(content).decode(), "base64"


def _query(url: str) -> str:
    return url.partition("#")[0].partition("?")[2]


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in {*HTTPStatus} else ""
