"""Read one entry of a HAR file: a request with its answer."""

from __future__ import annotations

import base64
import re

import httpx

from keyapi._openapi import NO_CONTENT
from keyapi.recording.fields import Field, FieldError
from keyapi.recording.model import Headers, RecordedCall, Recording

_FINAL = (200, 999)  # what a final answer has for a status
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # of RFC 9110


def recording_of(entry: Field, source: str) -> Recording:
    """Read an entry.

    Args:
        entry: The entry.
        source: What the recording says it was read from.

    Raises:
        FieldError: Something in it is not as HAR has it, or cannot be replayed.
    """
    request, response = entry["request"], entry["response"]
    return Recording(
        method=_method(request["method"]),
        url=_url(request["url"]),
        request_headers=_headers(request["headers"]),
        body=_body(request["postData"]) if "postData" in request else b"",
        status=_status(response["status"]),
        headers=_headers(response["headers"]),
        content=_received(response),
        comment=entry["comment"].text() if "comment" in entry else "",
        called=_called(entry["_keyapi"]) if "_keyapi" in entry else None,
        started=entry["startedDateTime"].line(),
        milliseconds=entry["time"].milliseconds(),
        source=source,
    )


def _method(field: Field) -> str:
    method = field.line()
    if not _TOKEN.fullmatch(method):
        raise field.error("must be an HTTP method")
    return method


def _url(field: Field) -> str:
    url = field.line()
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise FieldError(f"{field.pointer} is not a URL ({error})") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise field.error("must be a URL that begins with http:// or https://")
    return url


def _status(field: Field) -> int:
    if field.value == 0:
        raise FieldError(f"{field.pointer} is 0: the request got no answer; remove this entry")
    return field.whole(*_FINAL)


def _headers(field: Field) -> Headers:
    """Headers in order; a browser joins repeated ones by line breaks, and adds those of HTTP/2."""
    pairs: list[tuple[str, str]] = []
    for header in field.items():
        name, value = header["name"].text(), header["value"].text()
        if name.startswith(":"):
            continue
        if not _TOKEN.fullmatch(name):
            raise header["name"].error("must be the name of a header")
        if "\0" in value or "\r" in value:
            raise header["value"].error("must be the value of a header")
        pairs += [(name, line) for line in value.split("\n")]
    return tuple(pairs)


def _body(field: Field) -> bytes:
    if "text" in field:
        return _bytes(field["text"], field, "_encoding")
    if "params" in field and field["params"].value:
        raise FieldError(f"{field.pointer} has params, but no text: save the file with content")
    return b""


def _received(response: Field) -> bytes:
    content = response["content"]
    if "text" in content:
        return _bytes(content["text"], content, "encoding")
    size = content["size"].value if "size" in content else None
    if size != 0 and response["status"].value not in NO_CONTENT:
        raise FieldError(f"{content.pointer} has no text: save the file with content")
    return b""


def _bytes(text: Field, beside: Field, name: str) -> bytes:
    """What a text stands for, by the encoding that a property beside it names."""
    if name not in beside:
        return text.text().encode()
    if beside[name].value != "base64":
        raise beside[name].error('must be "base64" or left out')
    try:
        return base64.b64decode(text.text(), validate=True)
    except ValueError as error:
        raise FieldError(f"{text.pointer} is not base64 ({error})") from error


def _called(field: Field) -> RecordedCall:
    wrong = field["wrong"].text() if "wrong" in field else None
    return RecordedCall(field["operation"].line(), field["arguments"].arguments(), wrong)
