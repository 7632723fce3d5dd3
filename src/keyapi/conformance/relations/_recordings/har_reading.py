"""Recording: HAR files that others wrote: each can be replayed, or the error says what is wrong."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from keyapi.conformance.relations._recordings.replaying import Look, refusal
from keyapi.recording.har import read, written
from keyapi.recording.model import RecordedCall, Recording

_MOST = 100_000_000
"""Bytes of a file that is read."""
_REQUEST, _RESPONSE, _CALLED = "request", "response", "_keyapi"
_MISSING: Any = object()


def _deep(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


_TOP: tuple[tuple[Any, str], ...] = (
    ([], "the document must be an object, got a list"),
    ({"log": []}, "/log must be an object, got a list"),
    ({"log": None}, "/log must be an object, got null"),
    ({"log": {}}, "/log/entries is missing"),
    ({"log": {"entries": {}}}, "/log/entries must be a list, got an object"),
)
"""Documents without entries, and what is said of them."""
_WRONG: tuple[tuple[tuple[Any, ...], Any, str], ...] = (
    ((), 5, " must be an object, got 5"),
    ((_REQUEST,), _MISSING, "/request is missing"),
    ((_REQUEST, "method"), "GET /", '/request/method must be an HTTP method, got "GET /"'),
    ((_REQUEST, "method"), "", '/request/method must be an HTTP method, got ""'),
    ((_REQUEST, "url"), "a\0", "/url must be without control characters, got U+0000 at position 1"),
    ((_REQUEST, "url"), "a\x7f", "/url must be without control characters, got U+007F"),
    ((_REQUEST, "url"), "ftp://a", "/request/url must be a URL that begins with http:// or"),
    ((_REQUEST, "url"), "http://", "/request/url must be a URL that begins with http:// or"),
    ((_REQUEST, "url"), "http://[::g]/", "/request/url is not a URL ("),
    ((_REQUEST, "headers"), [None], "/request/headers/0 must be an object, got null"),
    ((_REQUEST, "headers"), [{"name": "x"}], "/request/headers/0/value is missing"),
    ((_REQUEST, "headers"), {"a": "b"}, "/request/headers must be a list, got an object"),
    ((_REQUEST, "postData"), {"text": []}, "/postData/text must be a string, got a list"),
    (
        (_REQUEST, "postData"),
        {"params": [{"name": "a"}]},
        "/request/postData has params, but no text: save the file with content",
    ),
    (
        (_REQUEST, "postData"),
        {"text": "x", "_encoding": "gzip"},
        '/postData/_encoding must be "base64" or left out, got "gzip"',
    ),
    ((_RESPONSE, "status"), 0, "/status is 0: the request got no answer; remove this entry"),
    *(
        ((_RESPONSE, "status"), value, f"must be a whole number from 200 to 999, got {shown}")
        for value, shown in ((True, "true"), (199, "199"), (1000, "1000"), (200.0, "200.0"))
    ),
    ((_RESPONSE, "status"), 10**60, f"from 200 to 999, got 1{'0' * 39}…"),
    ((_RESPONSE, "status"), "2" * 60, f'from 200 to 999, got "{"2" * 39}…'),
    (
        (_RESPONSE, "headers"),
        [{"name": "a b", "value": ""}],
        '/response/headers/0/name must be the name of a header, got "a b"',
    ),
    *(
        (
            (_RESPONSE, "headers"),
            [{"name": "a", "value": f"b{text}"}],
            "/response/headers/0/value must be the value of a header",
        )
        for text in "\0\r"
    ),
    ((_RESPONSE, "content", "text"), _MISSING, "/content has no text: save the file with content"),
    (
        (_RESPONSE, "content", "text"),
        "\ud83d!",
        "/content/text must be Unicode text, got half a character, U+D83D, at position 0",
    ),
    ((_RESPONSE, "content", "encoding"), "gzip", '/encoding must be "base64" or left out'),
    ((_RESPONSE, "content"), {"text": "*", "encoding": "base64"}, "/text is not base64 ("),
    (("startedDateTime",), 5, "/startedDateTime must be a string, got 5"),
    (("time",), "1", '/time must be a number of milliseconds, got "1"'),
    (("time",), True, "/time must be a number of milliseconds, got true"),
    (("time",), float("nan"), "/time must be from 0 to 1000000000000 milliseconds, got NaN"),
    (("time",), 1e13, "/time must be from 0 to 1000000000000 milliseconds"),
    (("time",), -1.5, "/time must be from 0 to 1000000000000 milliseconds, got -1.5"),
    (("comment",), ["x"], "/comment must be a string, got a list"),
    ((_CALLED, "operation"), "a\nb", "/_keyapi/operation must be without control characters"),
    ((_CALLED, "wrong"), 5, "/_keyapi/wrong must be a string, got 5"),
    ((_CALLED, "arguments"), ["x"], "/_keyapi/arguments must be an object, got a list"),
    ((_CALLED, "arguments"), {"a": _deep(101)}, "/0 is nested more than 100 levels deep"),
    (
        (_CALLED, "arguments"),
        {"a": [float("inf")]},
        "/_keyapi/arguments/a/0 must be a finite number, got Infinity",
    ),
    ((_CALLED, "arguments"), {"\ud800": 1}, "must be Unicode text, got half a character"),
    ((_CALLED, "arguments"), {"a": "\ud800"}, "/_keyapi/arguments/a must be Unicode text"),
)
"""Places in an entry, what stands there, and what is said of it."""


def errors_named(recording: Recording) -> Iterator[Look]:
    """What cannot be replayed is named with file, entry, place and what to do."""
    good = _document(recording)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bad.har"

        for document, words in _TOP:
            path.write_text(json.dumps(document))
            whole = f"{path}: {words}. Correct it there, or record it again"
            yield f"what is said of {str(document)[:40]}", whole, refusal(read, path)
        for place, value, words in _WRONG:
            path.write_text(json.dumps(_changed(good, place, value)))
            found, first = refusal(read, path), f"{path}, entry 1: /log/entries/1"
            last = ". Correct it there, or record it again"
            fits = found.startswith(first) and found.endswith(last) and words in found
            yield f"what is said of {words}", True, fits or found
        yield from _files(path)


def _files(path: Path) -> Iterator[Look]:
    """Files that hold no JSON, or too much of it, or are none."""
    for content in (b"{", b"[" * 100_000, b"\xff\xfe{", b'{"log": ' + b"1" * 5000):
        path.write_bytes(content)
        found = refusal(read, path)
        first, last = f"{path} is not a HAR file: it is not valid JSON (", "); record it again"
        fits = found.startswith(first) and found.endswith(last)
        yield f"what is said of {content[:9]!r}", True, fits or found
    too_large = "is larger than 100 MB; split it into several files"
    for size, words in ((_MOST, "is not a HAR file"), (_MOST + 1, too_large)):
        with path.open("wb") as file:
            file.truncate(size)
        found = refusal(read, path)
        yield f"{size} bytes", True, found.startswith(f"{path} {words}") or found
    path.unlink()
    found = refusal(read, path)
    yield "a file that is missing", f"{path} cannot be read: No such file or directory", found
    for place in (path.parent, f"{path}\0"):
        found = refusal(read, place)
        fits = found.startswith(f"{place} cannot be read: ")
        yield f"what is said of {place!r}", True, fits or found


def read_as_meant(recording: Recording) -> Iterator[Look]:
    """What browsers and people write in another way is understood."""
    good = _document(recording)
    text = recording.content.decode("latin-1")
    headers = [
        {"name": ":status", "value": "200"},
        {"name": "Set-Cookie", "value": "a=1\nb=2"},
        {"name": "X-Name", "value": "用户"},
    ]
    pairs = (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Name", "用户"))
    packed = base64.b64encode(b"\xff" + recording.content).decode()
    cases: tuple[tuple[tuple[Any, ...], Any, str, Any], ...] = (
        ((_RESPONSE, "headers"), headers, "headers", pairs),
        ((_REQUEST, "headers"), headers, "request_headers", pairs),
        ((_RESPONSE, "content"), {"size": 0}, "content", b""),
        ((_RESPONSE, "content"), {"text": text}, "content", text.encode()),
        ((_RESPONSE, "content"), {"text": text, "encoding": None}, "content", text.encode()),
        (
            (_RESPONSE, "content"),
            {"text": packed, "encoding": "base64"},
            "content",
            b"\xff" + recording.content,
        ),
        ((_RESPONSE,), {"status": 204, "headers": [], "content": {}}, "content", b""),
        *(((_RESPONSE, "status"), status, "status", status) for status in (200, 599, 999)),
        ((_REQUEST, "postData"), {"mimeType": "", "params": []}, "body", b""),
        ((_REQUEST, "postData"), {"text": "/w==", "_encoding": "base64"}, "body", b"\xff"),
        ((_REQUEST, "postData"), None, "body", b""),
        *((("time",), value, "milliseconds", max(value, 0)) for value in (-1, 0, 1.5, 1e12)),
        (("comment",), None, "comment", ""),
        (("comment",), _MISSING, "comment", ""),
        ((_CALLED,), _MISSING, "called", None),
        (
            (_CALLED, "arguments"),
            {"a": _deep(98), "é": "用户"},
            "called",
            RecordedCall("an_operation", {"a": _deep(98), "é": "用户"}, None),
        ),
        ((_REQUEST, "url"), "http://[::1]:8/é?a=%20", "url", "http://[::1]:8/é?a=%20"),
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "other.har"
        for place, value, name, expected in cases:
            changed = json.dumps(_changed(good, place, value)).encode()
            path.write_bytes((b"\xef\xbb\xbf" if value is _MISSING else b"") + changed)
            try:
                first, second = read(path)
                found = getattr(second, name)
                yield "source", f"{path}, entry 1", second.source
                yield "the entry before", good["log"]["entries"][0]["request"]["url"], first.url
            except ValueError as error:
                found = str(error)
            yield f"{name} of {'/'.join(place)}", expected, found


def _document(recording: Recording) -> Any:
    """A document of two entries that can be replayed; the second one is to be changed."""
    (entry,) = json.loads(written([recording]))["log"]["entries"]
    entry["_keyapi"] = {"operation": "an_operation", "arguments": {"a": None}, "wrong": None}
    return {"log": {"entries": [entry, deepcopy(entry)]}}


def _changed(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value in its second entry, or without it."""
    changed = deepcopy(document)
    holder, keys = changed["log"]["entries"], (1, *place)
    for key in keys[:-1]:
        holder = holder[key]
    if value is _MISSING:
        del holder[keys[-1]]
    else:
        holder[keys[-1]] = value
    return changed
