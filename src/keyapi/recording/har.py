"""Read and write HAR 1.2 files (HTTP Archive); files written here never contain an API key.

In addition to what HAR defines, an entry may have `_keyapi`: the operation that was called, the
arguments of its method (null for "not sent"), and which of them was wrong on purpose.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from keyapi._openapi import NO_CONTENT
from keyapi.recording.model import (
    EPOCH,
    Headers,
    RecordedCall,
    Recording,
    RecordingError,
    kept_request_headers,
    kept_response_headers,
    redacted,
    secrets_in,
)

_UNTIMED = (
    "; startedDateTime and time are fixed: HAR requires them, and the same recording is the same "
    "bytes on any day"
)


def read(path: str | os.PathLike[str]) -> list[Recording]:
    """Read a HAR file.

    Args:
        path: The file.

    Returns:
        Its entries, in order.

    Raises:
        RecordingError: The file cannot be read, or is not a HAR file.
    """
    try:
        har = json.loads(Path(path).read_bytes())
    except OSError as error:
        problem = error.strerror or error
        raise RecordingError(f"{os.fspath(path)} cannot be read: {problem}") from error
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"{os.fspath(path)} is not a HAR file: {error}") from error
    place = "/log"
    try:
        recordings = []
        for number, entry in enumerate(har["log"]["entries"]):
            place = f"/log/entries/{number}"
            recordings.append(_recording(entry, f"{os.fspath(path)}, entry {number}"))
        return recordings
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"{os.fspath(path)}: {place} does not follow HAR 1.2"
        raise RecordingError(f"{problem} ({type(error).__name__}: {error})") from error


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


def _recording(entry: Mapping[str, Any], source: str) -> Recording:
    request, response, called = entry["request"], entry["response"], entry.get("_keyapi")
    content = response["content"]
    if "text" not in content and content.get("size") != 0 and response["status"] not in NO_CONTENT:
        raise ValueError("the answer has no text: save the file with content")
    text: str = content.get("text", "")
    base64_encoded = content.get("encoding") == "base64"
    return Recording(
        method=str(request["method"]),
        url=str(request["url"]),
        request_headers=_pairs(request["headers"]),
        body=(request.get("postData") or {}).get("text", "").encode(),
        status=int(response["status"]),
        headers=_pairs(response["headers"]),
        content=base64.b64decode(text, validate=True) if base64_encoded else text.encode(),
        comment=entry.get("comment", ""),
        called=RecordedCall(**called) if called else None,
        started=entry["startedDateTime"],
        milliseconds=entry["time"],
        source=source,
    )


def _pairs(headers: Iterable[Mapping[str, str]]) -> Headers:
    return tuple((header["name"], header["value"]) for header in headers)


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
        "queryString": _name_value(
            parse_qsl(urlsplit(recording.url).query, keep_blank_values=True)
        ),
        "headersSize": -1,
        "bodySize": len(recording.body),
    }
    if recording.body:
        text = recording.body.decode("utf-8", "replace")
        request["postData"] = {"mimeType": sent.get("content-type", ""), "text": text}
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
    fields: dict[str, Any] = {"size": len(content), "mimeType": mime_type}
    try:
        return {**fields, "text": content.decode()}
    except UnicodeDecodeError:
        return {**fields, "text": base64.b64encode(content).decode(), "encoding": "base64"}


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in {*HTTPStatus} else ""
