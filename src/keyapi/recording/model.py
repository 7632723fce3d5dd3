"""What a recording is: a request with its answer, without secrets or what varies by machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from keyapi.recording.redaction import Redaction, secret_of

EPOCH = "1970-01-01T00:00:00Z"
"""Date of a recording that has none: HAR requires one."""

DOCUMENTED = "documented example of page {}"
LIVE = "recorded live on {}"
SANDBOX = "recorded from the sandbox, seed {}"
SANDBOX_URL = "http://sandbox.invalid"
"""Where a sandbox stands in recordings, since its port says nothing. No resolver knows the name."""

Headers = tuple[tuple[str, str], ...]

# These describe the transfer of a body, which is stored, and replayed, decompressed.
_OF_THE_TRANSFER = frozenset(
    {"connection", "content-encoding", "content-length", "transfer-encoding"}
)
# These differ between machines or versions for the same call.
_OF_THE_MACHINE = _OF_THE_TRANSFER | {"accept-encoding", "host", "user-agent"}


class RecordingError(ValueError):
    """A file is not a recording, or cannot be read or written."""


class RecordedCall(NamedTuple):
    """The call that sent a request.

    Attributes:
        operation: Name of the operation.
        arguments: Arguments of its method; None means "not sent".
        wrong: What was wrong on purpose: the name of a parameter in the request, or
            `Authorization`; None for a correct call.
    """

    operation: str
    arguments: Mapping[str, Any]
    wrong: str | None = None


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A request with its answer.

    Attributes:
        method: HTTP method.
        url: URL, with its query.
        request_headers: Headers of the request, in order; bytes beyond ASCII as Latin-1.
        body: Body of the request.
        status: HTTP status of the answer.
        headers: Headers of the answer, in the same form.
        content: Body of the answer, decompressed.
        comment: Where the recording comes from: see `DOCUMENTED`, `LIVE` and `SANDBOX`.
        called: The call that sent the request, or None if unknown.
        started: When the request was sent, in ISO 8601.
        milliseconds: Time until the answer arrived.
        source: File and entry it was read from; empty if it was not read from a file.
    """

    method: str
    url: str
    request_headers: Headers = ()
    body: bytes = b""
    status: int
    headers: Headers = ()
    content: bytes = b""
    comment: str = ""
    called: RecordedCall | None = None
    started: str = EPOCH
    milliseconds: float = 0
    source: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.source or 'a recording'} ({self.method} {self.url})"

    @property
    def origin(self) -> str | None:
        """Where it comes from, in one word: "live", "documented" or "sandbox"; None if unknown."""
        for word, pattern in (("live", LIVE), ("documented", DOCUMENTED), ("sandbox", SANDBOX)):
            if re.fullmatch(re.escape(pattern).replace(r"\{\}", ".+"), self.comment):
                return word
        return None


def kept_request_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers of a request without those that differ between machines or versions."""
    return tuple((name, text) for name, text in headers if name.lower() not in _OF_THE_MACHINE)


def kept_response_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers of an answer without those that describe its transfer."""
    return tuple((name, text) for name, text in headers if name.lower() not in _OF_THE_TRANSFER)


def latin1(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Headers as received, names in lower case, each byte as the character of its number."""
    return tuple((name.decode("latin-1").lower(), text.decode("latin-1")) for name, text in headers)


def encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Headers as they are received: those of `latin1` again, and any other text in UTF-8."""
    return [(_encoded(name), _encoded(text)) for name, text in headers]


def _encoded(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def secrets_in(recording: Recording) -> Iterator[str]:
    """Yield the keys and cookies in the headers of a recording."""
    for name, text in (*recording.request_headers, *recording.headers):
        secret = secret_of(name, text)
        if secret is not None:
            yield secret


def redacted(recording: Recording, secrets: Iterable[str]) -> Recording:
    """Return a recording without these secrets, and without anything that looks like an API key."""
    redaction = Redaction(secrets)
    sent, received = (
        tuple((name, redaction.header(name, text, is_sent=is_sent)) for name, text in headers)
        for headers, is_sent in ((recording.request_headers, True), (recording.headers, False))
    )
    called = recording.called
    if called is not None:
        arguments = redaction.body(json.dumps(called.arguments).encode())
        called = called._replace(arguments=json.loads(arguments))
    return replace(
        recording,
        url=redaction.url(recording.url),
        request_headers=sent,
        body=redaction.body(recording.body),
        headers=received,
        content=redaction.body(recording.content),
        comment=redaction.text(recording.comment),
        called=called,
    )
