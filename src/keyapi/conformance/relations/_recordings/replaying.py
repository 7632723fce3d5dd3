"""Recording: what a replay answers, in which order, and what it says where it does not.

What is expected is worded after `docs/recordings.md` and the docstrings of `keyapi.testing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from keyapi.recording.har import written
from keyapi.recording.model import Headers, Recording, RecordingError
from keyapi.recording.replay import Replay, ReplayError

_LIVE = "recorded live on 2026-01-02"
_SANDBOX = "recorded from the sandbox, seed 7"
_SENT: Headers = (
    ("content-type", "application/json"),
    ("retry-after", "30"),
    ("x-latin", "caf\xe9"),
    ("x-twice", "1"),
    ("x-twice", "2"),
    ("x-empty", ""),
)
_TRANSFER: Headers = (
    ("Content-Encoding", "gzip"),
    ("Content-Length", "5"),
    ("Transfer-Encoding", "chunked"),
    ("connection", "close"),
)
"""Headers that describe how a body came, which is kept as it was unpacked."""

Look = tuple[str, object, object]
"""What was looked at, what was expected, and what was found."""


def replayed_strictly(recording: Recording) -> Iterator[Look]:
    """A replay ends well where each recording was played once, and no other request was made."""
    other = replace(recording, url=f"{recording.url.partition('?')[0]}?other=1")
    left = "Never requested: {}. Make the program send these requests, or remove"
    once = "each of its recordings has already been played"
    for name, recordings, requests, words in (
        ("nothing", [], [], ""),
        ("a recording that is played", [recording], [recording], ""),
        ("two that are played in another order", [recording, other], [other, recording], ""),
        ("a recording that is left", [recording, other], [recording], left.format(other)),
        ("two that are left", [recording, other], [], left.format(f"{recording}; {other}")),
        ("a refusal that is swallowed", [recording], [other, recording], "not recorded. The"),
        ("another one of two", [recording], [recording, recording], once),
        ("one without recordings", [], [other], "not recorded; nothing was"),
    ):
        played = Replay()
        played.add(*recordings)
        answered = []
        for asked in requests:
            with suppress(ReplayError):
                played.answer(request_of(asked))
                answered.append(asked)
        expected = [one for one in requests if one in recordings][: len(recordings)]
        yield f"{name}: answered", len(expected), len(answered)
        yield f"{name}: requests", len(requests), len(played.requests)
        said = refusal(played.finish)
        yield f"{name}: at the end", words, words if words and words in said else said


def played_in_order(recording: Recording) -> Iterator[Look]:
    """Recordings of one request are played in order, each as it was answered."""
    several = [
        replace(recording, status=status, headers=(*_SENT, *_TRANSFER), content=content)
        for status, content in ((200, b"\xff1"), (429, b"2"), (204, b""), (599, b"4"))
    ]
    with TemporaryDirectory() as folder:
        (Path(folder) / "deep").mkdir()
        for name, part in (("deep/b", several[2:3]), ("a", several[:2]), ("e", several[3:])):
            (Path(folder) / f"{name}.har").write_bytes(written(part))
        (Path(folder) / "other.txt").write_text("no recording")
        for name, sources in (
            ("recordings", several),
            ("files", [f"{folder}/{file}.har" for file in ("a", "deep/b", "e")]),
            ("a folder", [Path(folder)]),
        ):
            played = Replay()
            played.add(*sources)
            answers = [played.answer(request_of(recording)) for _ in several]
            found = [(one.status_code, one.content) for one in answers]
            yield name, [(one.status, one.content) for one in several], found
            pairs = [(name.encode(), text.encode("latin-1")) for name, text in _SENT]
            for answer in answers:
                raw = [pair for pair in answer.headers.raw if pair[0].lower() != b"content-length"]
                yield f"headers of {name}", pairs, raw
        empty = Path(folder) / "empty.har"
        empty.write_bytes(written([]))
        expected = f"{empty} contains no recordings"
        yield "a file without recordings", expected, refusal(Replay().add, empty)


def said_of_a_difference(recording: Recording) -> Iterator[Look]:
    """What differs from the nearest recording is named, with both values."""
    base = replace(recording, url=f"{recording.url.partition('?')[0]}?a=1&b=x&b=y&empty=", body=b"")
    far = replace(base, url=f"{recording.url.partition('?')[0]}?a=5&c=5&b=5")
    with_body = replace(base, method="POST", body=b'{"one": 1, "two": ["\xc3\xa9"]}')

    def asked(query: str = "a=1&b=x&b=y&empty=", body: bytes = b"") -> Recording:
        return replace(
            with_body if body else base,
            url=f"{recording.url.partition('?')[0]}?{query}",
            body=body,
        )

    nearest = f"The closest recording is {{}} ({base.method} {base.url}): "
    cases: tuple[tuple[Recording, Recording, str], ...] = (
        (base, asked("b=x&a=1&empty=&b=y"), ""),
        (base, asked("a=2&b=x&b=y&empty="), "query parameter a is '2', but was recorded as '1'"),
        (base, asked("b=x&b=y&empty="), "query parameter a is missing, but was recorded as '1'"),
        (base, asked("a=1&b=x&b=y"), "query parameter empty is missing, but was recorded as ''"),
        (
            base,
            asked("a=1&b=x&b=y&empty=&c=3"),
            "query parameter c is '3', but was not recorded",
        ),
        (
            base,
            asked("a=1&b=y&b=x&empty="),
            "query parameter b is 'y', 'x', but was recorded as 'x', 'y'",
        ),
        (with_body, asked(body=b'{"two":["\\u00e9"],"one":1}'), ""),
        (with_body, replace(base, method="POST"), "body is missing, but was recorded as a JSON"),
        *(
            (with_body, asked(body=body), words)
            for body, words in (
                (
                    b'{"one": 1.0, "two": ["\xc3\xa9"]}',
                    "body property one is 1.0, but was recorded as 1",
                ),
                (
                    b'{"one": true, "two": ["\xc3\xa9"]}',
                    "body property one is true, but was recorded as 1",
                ),
                (b'{"one": 1}', 'body property two is missing, but was recorded as ["\xe9"]'),
                (
                    b'{"one": 1, "two": ["\xc3\xa9"], "three": null}',
                    "body property three is null, but was not recorded",
                ),
                (b"[1]", "body is [1], but was recorded as a JSON object"),
                (b"\xff", "body is b'\\xff', but was recorded as a JSON object"),
                (b"one=1", 'body is "one=1", but was recorded as a JSON object'),
            )
        ),
    )
    for recorded, sent, words in cases:
        played = Replay()
        played.add(far, recorded)
        said = refusal(played.answer, request_of(sent))
        near = nearest.format("a recording").replace(base.method, recorded.method, 1)
        whole = near + words in said and (said.endswith(words) or words.startswith("body is"))
        found = whole if words else not said
        yield f"what is said of {words or 'the same'}", True, found or said


def anywhere(recording: Recording) -> Iterator[Look]:
    """Recordings of a sandbox answer for any server, all others for their own."""
    url = httpx.URL(recording.url).copy_with(host="b.example", port=1)
    other = replace(recording, url=str(url))
    elsewhere = f"not recorded; recorded was {recording.method} {recording.url.partition('?')[0]}"
    for comment, answers in ((_SANDBOX, True), (_LIVE, False), ("", False)):
        one = replace(recording, comment=comment)
        for asked in (recording, other):
            played = Replay()
            played.add(one)
            said = refusal(played.answer, request_of(asked))
            expected = answers or asked is recording
            yield f"{comment or 'another'}, {asked is recording}", expected, not said
            if not expected:
                yield "what is said of another server", True, said.endswith(elsewhere) or said


def guarded(look: Callable[..., Iterator[Look]], *arguments: Any) -> Iterator[Look]:
    """What a look finds; what it raises is found, too."""
    try:
        yield from look(*arguments)
    except Exception as error:
        yield look.__name__.replace("_", " "), "no error", f"{type(error).__name__}: {error}"


def refusal(call: Callable[..., Any], *arguments: Any) -> str:
    """What is said where a replay or a file is refused; empty where it is not."""
    try:
        call(*arguments)
    except (ReplayError, RecordingError) as error:
        return str(error) or type(error).__name__
    return ""


def request_of(recording: Recording) -> httpx.Request:
    """The request of a recording."""
    return httpx.Request(recording.method, recording.url, content=recording.body)


REPLAYS = (replayed_strictly, played_in_order, said_of_a_difference, anywhere)
"""What is looked at."""
