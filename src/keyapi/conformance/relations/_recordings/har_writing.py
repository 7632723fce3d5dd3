"""Recording: what `record` writes is HAR 1.2, whole, and says where it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from keyapi.conformance.relations._recordings.replaying import Look
from keyapi.recording.har import read, written
from keyapi.recording.model import RecordedCall, Recording

_EPOCH = "1970-01-01T00:00:00Z"
_SENT = (("content-type", "text/plain"), ("accept", "*/*"), ("user-agent", "x"), ("host", "y"))
_RECEIVED = (("content-type", "a/b"), ("location", "/there"), ("content-length", "7"))


def written_as_har(recording: Recording) -> Iterator[Look]:
    """Every field that HAR 1.2 asks for is there, and says what the recording says."""
    plain = replace(
        recording,
        method="PUT",
        url="https://host.example/a/b?a=1&a=%C3%A9&empty=#part",
        request_headers=_SENT,
        headers=_RECEIVED,
        status=404,
        comment="one",
        started="2026-02-03T04:05:06.789+00:00",
        milliseconds=1.5,
        called=RecordedCall("an_operation", {"a": None}, "a"),
        source="",
    )
    for body, posted, content, received in (
        (b"", None, b"", {"size": 0, "text": ""}),
        (b"\xc3\xa9", {"text": "\xe9"}, b"\xc3\xa9", {"size": 2, "text": "\xe9"}),
        (
            b"\xff\xfe\xfd",
            {"text": "//79", "_encoding": "base64"},
            b"\xff",
            {"size": 1, "text": "/w==", "encoding": "base64"},
        ),
    ):
        made = replace(plain, body=body, content=content)
        expected = _entry(made, posted, received)
        log = json.loads(written([made]))["log"]
        yield "version of HAR", "1.2", log["version"]
        yield "creator and comment", ("keyapi", "one"), (log["creator"]["name"], log["comment"])
        yield "version of the creator", str, type(log["creator"].get("version"))
        (entry,) = log["entries"]
        for name in (*expected, *entry):
            yield f"{name} in HAR", expected.get(name), entry.get(name)
    for status, phrase in ((200, "OK"), (429, HTTPStatus(429).phrase), (599, ""), (999, "")):
        (entry,) = json.loads(written([replace(plain, status=status)]))["log"]["entries"]
        answered = entry["response"]["status"], entry["response"]["statusText"]
        yield "status in HAR", (status, phrase), answered
    bare = replace(plain, headers=(), request_headers=(), body=b"x", started=_EPOCH, called=None)
    log = json.loads(written([bare, bare, replace(bare, comment="two")]))["log"]
    entry = log["entries"][0]
    found = (
        entry["request"]["postData"]["mimeType"],
        entry["response"]["content"]["mimeType"],
        entry["response"]["redirectURL"],
        "_keyapi" in entry,
    )
    yield "types that are not known", ("", "x-unknown", "", False), found
    lines = log["comment"].split("\n")
    yield (
        "what is said of a recording without a date",
        [True, True],
        [line.startswith(f"{name}; ") for line, name in zip(lines, ("one", "two"), strict=True)],
    )


def _entry(recording: Recording, posted: Any, received: dict[str, Any]) -> dict[str, Any]:
    """The entry of a recording, as HAR 1.2 has it."""
    query = parse_qsl(urlsplit(recording.url).query, keep_blank_values=True)
    body = {"postData": {"mimeType": "text/plain", **posted}} if posted else {}
    shared = {"httpVersion": "HTTP/1.1", "cookies": [], "headersSize": -1}
    return {
        "startedDateTime": recording.started,
        "time": recording.milliseconds,
        "request": {
            **shared,
            **body,
            "method": recording.method,
            "url": recording.url,
            "headers": _pairs(_SENT[:2]),
            "queryString": _pairs(query),
            "bodySize": len(recording.body),
        },
        "response": {
            **shared,
            "status": 404,
            "statusText": "Not Found",
            "headers": _pairs(_RECEIVED[:2]),
            "content": {"mimeType": "a/b", **received},
            "redirectURL": "/there",
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": recording.milliseconds, "receive": 0},
        "comment": recording.comment,
        "_keyapi": {"operation": "an_operation", "arguments": {"a": None}, "wrong": "a"},
    }


def _pairs(pairs: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": text} for name, text in pairs]


def written_and_read(recording: Recording) -> Iterator[Look]:
    """What was written is read, and written alike."""
    several = [
        replace(recording, content=b"\xff\x00", status=599, started="2026-02-03T04:05:06Z"),
        replace(recording, method="POST", body=b"\xfe", request_headers=_SENT[:2]),
        replace(recording, called=RecordedCall("one", {"a": [None, {"\xe9": 1.5}]}, "a")),
        replace(recording, headers=(("x-a", "1"), ("x-a", ""), ("x-b", "caf\xe9"))),
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "all.har"
        path.write_bytes(written(several))
        yield "what was written", several, read(path)
        yield "what is written once more", path.read_bytes(), written(read(path))
    for comment, origin in (
        ("recorded live on 2026-01-02", "live"),
        ("documented example of page 12", "documented"),
        ("recorded from the sandbox, seed -1", "sandbox"),
        ("recorded live on ", None),
        ("not recorded live on a day", None),
        ("", None),
    ):
        yield f"origin of {comment!r}", origin, replace(recording, comment=comment).origin
