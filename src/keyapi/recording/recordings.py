"""Recordings: requests with their answers, and what makes them fit to be kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from keyapi.recording.redaction import Redaction, secret_of

EPOCH = "1970-01-01T00:00:00Z"
"""When a recording was made that was not made at any time: HAR requires one."""

DOCUMENTED = "documented example of page {}"
LIVE = "recorded live on {}"
SANDBOX = "recorded from the sandbox, seed {}"

Headers = tuple[tuple[str, str], ...]

# What says how a body travelled, not what it is: the body is kept, and replayed, unpacked.
_OF_THE_WAY = frozenset({"connection", "content-encoding", "content-length", "transfer-encoding"})
# What differs from one machine or version to the next, for the same call.
_OF_THE_MACHINE = _OF_THE_WAY | {"accept-encoding", "host", "user-agent"}


class RecordingError(ValueError):
    """A file is no recording, or cannot be read or written."""


class Called(NamedTuple):
    """The call that a request was made by.

    Attributes:
        operation: Name of the operation.
        arguments: Arguments of its method; None means "not sent".
        wrong: What is wrong on purpose: the name of a parameter in the request, or
            `Authorization`; None where nothing is.
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
        request_headers: Headers of the request.
        body: Body of the request.
        status: HTTP status of the answer.
        headers: Headers of the answer.
        content: Body of the answer, unpacked.
        comment: Where it comes from.
        called: The call it was made by, or None where that is not known.
        started: When it was sent, as HAR writes it.
        milliseconds: How long the answer took.
        source: File and entry it was read from; empty otherwise.
    """

    method: str
    url: str
    request_headers: Headers = ()
    body: bytes = b""
    status: int
    headers: Headers = ()
    content: bytes = b""
    comment: str = ""
    called: Called | None = None
    started: str = EPOCH
    milliseconds: float = 0
    source: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.source or 'a recording'} ({self.method} {self.url})"

    @property
    def origin(self) -> str | None:
        """Where it comes from, in a word: "live", "documented", "sandbox", or None."""
        for word, pattern in (("live", LIVE), ("documented", DOCUMENTED), ("sandbox", SANDBOX)):
            if re.fullmatch(re.escape(pattern).replace(r"\{\}", ".+"), self.comment):
                return word
        return None


def of_the_call(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers of a request, those aside that differ between machines or versions."""
    return tuple((name, text) for name, text in headers if name.lower() not in _OF_THE_MACHINE)


def of_the_answer(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers of an answer, those aside that say how it travelled."""
    return tuple((name, text) for name, text in headers if name.lower() not in _OF_THE_WAY)


def carried(recording: Recording) -> Iterator[str]:
    """Give the keys and cookies that the headers of a recording carry."""
    for name, text in (*recording.request_headers, *recording.headers):
        secret = secret_of(name, text)
        if secret is not None:
            yield secret


def redacted(recording: Recording, secrets: Iterable[str]) -> Recording:
    """Give a recording without these secrets, and without what looks like a key."""
    redaction = Redaction(secrets)
    sent, received = (
        tuple((name, redaction.header(name, text)) for name, text in headers)
        for headers in (recording.request_headers, recording.headers)
    )
    called = recording.called
    if called is not None:
        arguments = redaction.body(json.dumps(called.arguments).encode())
        called = called._replace(arguments=json.loads(arguments))
    return replace(
        recording,
        url=redaction.text(recording.url),
        request_headers=sent,
        body=redaction.body(recording.body),
        headers=received,
        content=redaction.body(recording.content),
        comment=redaction.text(recording.comment),
        called=called,
    )
