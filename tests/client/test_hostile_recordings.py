"""Recordings that nobody should trust: each can be replayed, or is a `RecordingError`."""

from __future__ import annotations

import copy
import errno
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from client.conftest import EXAMPLE, KEY, USER_ID
from keyapi import KeyAPIError
from keyapi.recording.har import read, written
from keyapi.recording.model import RecordedCall, Recording, redacted
from keyapi.recording.recorder import Recorder
from keyapi.testing import RecordingError, Replay, ReplayError, replay
from keyapi_example import TikTok

URL = f"https://api.keyapi.ai/v1/tiktok/influencer/products/analytics?user_id={USER_ID}"
GOOD = Recording(
    method="GET",
    url=f"{URL}&page_num=1&page_size=10",
    request_headers=(("accept", "*/*"),),
    status=200,
    headers=(("content-type", "application/json"), ("x-request", "1"), ("x-request", "")),
    content=json.dumps(EXAMPLE).encode(),
    called=RecordedCall("influencer_products_analytics", {"user_id": USER_ID, "page_num": 1}),
)


def deep(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 200, 599, 10**400, 1e308, float("inf"), float("nan"),
    "", "x", "\0", "\ud800", "é", "用户", "a\r\nb: c", "a\nb", "[" * 5000, "1" * 5000, "x" * 70_000,
    "http://", "http://[", "http://\ud800/", "http://a\0b/", "ftp://a/", "//a/b", "/a",
    "base64", "/w==", "****", [], [None], ["x"], [{}], {}, {"name": "x"}, {"text": None},
    {"text": 1}, {"text": {"text": []}}, {"params": [1]}, deep(150), deep(900), {"a": "\ud800"},
    {"\ud800": 1},
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, from the top."""
    yield path
    inner_values = value.items() if isinstance(value, dict) else ()
    for key, inner in enumerate(value) if isinstance(value, list) else inner_values:
        yield from places(inner, (*path, key))


def changed(document: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    """A copy in which the value at a path was changed, inside what holds it."""
    whole = {"": copy.deepcopy(document)}
    holder: Any = whole
    for key in ("", *path)[:-1]:
        holder = holder[key]
    change(holder, ("", *path)[-1])
    return whole.get("")


def mutants(document: Any) -> Iterator[bytes]:
    """Files with one wrong value, one that is missing, or one that comes twice."""

    def delete(holder: Any, key: Any) -> None:
        del holder[key]

    def repeat(holder: Any, key: Any) -> None:
        if isinstance(holder, list):
            holder.append(holder[key])
        else:
            holder[key] = [holder[key], holder[key]]

    for path in places(document):
        for value in VALUES:

            def put(holder: Any, key: Any, value: Any = value) -> None:
                holder[key] = value

            yield json.dumps(changed(document, path, put)).encode()
        for change in (delete, repeat):
            yield json.dumps(changed(document, path, change)).encode()


@pytest.fixture(name="outcome", scope="module")
def _outcome() -> Iterator[Callable[[Path], str]]:
    """Says what comes of a file: it is replayed, or the name of the error that says why not."""
    played = Replay()

    def outcome(path: Path) -> str:
        nonlocal played
        try:
            played = Replay()
            played.add(path)
            tiktok.influencer.products_analytics(user_id=USER_ID)
            played.finish()
            written(read(path))
        except RecordingError as error:
            text = str(error)
            assert text.startswith(str(path))
            assert text.isprintable()
            return "RecordingError"
        except ReplayError as error:
            str(error).encode()
            return "ReplayError"
        except KeyAPIError as error:
            return type(error).__name__
        return "replayed"

    transport = httpx.MockTransport(lambda request: played.answer(request))
    with TikTok(KEY, max_retries=0, transport=transport) as tiktok:
        yield outcome


@pytest.mark.parametrize("seed", range(4))
def test_a_recording_in_which_anything_is_wrong_is_replayed_or_refused(
    seed: int, outcome: Callable[[Path], str], tmp_path: Path
) -> None:
    path, random = tmp_path / "m.har", Random(seed)  # noqa: S311
    entry = GOOD if seed % 2 else replace(GOOD, method="POST", body=b'{"keyword": "hat"}')
    good = written([entry])
    files = random.sample(list(mutants(json.loads(good))), 80)
    for _ in range(40):  # and with wrong bytes
        place = random.randrange(len(good))
        files += [good[:place], good[:place] + random.randbytes(2) + good[place + 1 :]]
    found = set()
    for file in files:
        path.write_bytes(file)
        found.add(outcome(path))
    assert found <= {"replayed", "RecordingError", "ReplayError", "InvalidResponse", "ServerError"}
    assert found >= {"RecordingError", "replayed" if seed % 2 else "ReplayError"}


def _put(value: Any, *path: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


ENTRY = ("log", "entries", 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_put([], "log"), ": /log must be an object, got a list"),
        (_put({}, "log"), ": /log/entries is missing"),
        (_put({}, "log", "entries"), ": /log/entries must be a list, got an object"),
        (
            _put("http://a\0b/", *ENTRY, "request", "url"),
            ", entry 0: /log/entries/0/request/url must be without control characters, got U+0000",
        ),
        (_put("ftp://a", *ENTRY, "request", "url"), "/url must be a URL that begins with http://"),
        (_put("http://[::g]/", *ENTRY, "request", "url"), "/url is not a URL (Invalid"),
        (_put("GET /", *ENTRY, "request", "method"), '/method must be an HTTP method, got "GET /"'),
        (_put({"a": "b"}, *ENTRY, "response", "headers"), "/headers must be a list, got an object"),
        (_put([None], *ENTRY, "request", "headers"), "/headers/0 must be an object, got null"),
        (
            _put([{"name": "x", "value": None}], *ENTRY, "response", "headers"),
            "/response/headers/0/value must be a string, got null",
        ),
        (
            _put([{"name": "a b", "value": ""}], *ENTRY, "response", "headers"),
            '/headers/0/name must be the name of a header, got "a b"',
        ),
        (
            _put([{"name": "a", "value": "\0"}], *ENTRY, "response", "headers"),
            "/headers/0/value must be the value of a header",
        ),
        (_put({"text": []}, *ENTRY, "request", "postData"), "/postData/text must be a string"),
        (
            _put({"params": [{"name": "a"}]}, *ENTRY, "request", "postData"),
            "/postData has params, but no text: save the file with content",
        ),
        (_put(0, *ENTRY, "response", "status"), "/status is 0: the request got no answer; remove"),
        (_put(True, *ENTRY, "response", "status"), "must be a whole number from 200 to 999"),
        (
            _put(10**400, *ENTRY, "response", "status"),
            "/status must be a whole number from 200 to 999, got 1000000000000",
        ),
        (
            _put("\ud83d!", *ENTRY, "response", "content", "text"),
            "/text must be Unicode text, got half a character, U+D83D, at position 0",
        ),
        (_put("gzip", *ENTRY, "response", "content", "encoding"), '/encoding must be "base64"'),
        (_put("base64", *ENTRY, "response", "content", "encoding"), "/content/text is not base64"),
        (_put("1", *ENTRY, "time"), '/time must be a number of milliseconds, got "1"'),
        (_put(float("nan"), *ENTRY, "time"), "/time must be from 0 to 1000000000000 milliseconds"),
        (_put(["x"], *ENTRY, "_keyapi", "arguments"), "/_keyapi/arguments must be an object"),
        (
            _put({"a": deep(101)}, *ENTRY, "_keyapi", "arguments"),
            "/0 is nested more than 100 levels deep",
        ),
        (
            _put({"a": [float("inf")]}, *ENTRY, "_keyapi", "arguments"),
            "/_keyapi/arguments/a/0 must be a finite number, got Infinity",
        ),
        (_put({"\ud800": 1}, *ENTRY, "_keyapi", "arguments"), "must be Unicode text"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_what_to_do(
    change: Callable[[Any], None], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.har"
    document = json.loads(written([GOOD]))
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(RecordingError, match=re.escape(words)) as refused:
        read(path)
    assert str(refused.value).startswith(str(path))
    assert str(refused.value).endswith(". Correct it there, or record it again")


def test_a_file_that_is_too_large_or_too_deep_or_not_json_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bad.har"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(RecordingError, match="is larger than 100 MB; split it into several files"):
        read(path)
    for content in (b"[" * 100_000, b'{"log": ' + b"1" * 5000, written([GOOD])[:-9], b"\xff\xfe{"):
        path.write_bytes(content)
        with pytest.raises(RecordingError, match=r"is not valid JSON .*; record it again"):
            read(path)
    path.write_bytes(b"\xef\xbb\xbf" + written([GOOD]))  # with a byte order mark
    assert read(path) == [GOOD]
    with pytest.raises(RecordingError, match=r"cannot be read: .*embedded null"):
        read(f"{path}\0")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.har")  # who reads one waits for who writes
        with pytest.raises(RecordingError, match="cannot be read: it is not a regular file"):
            read(tmp_path / "pipe.har")


def test_a_recording_made_by_hand_needs_a_url_too() -> None:
    bad = replace(GOOD, url="http://a\0b/")
    with pytest.raises(RecordingError, match=r"a recording: 'http://a\\x00b/' is not a URL"):
        Replay().add(bad)


def test_headers_come_back_byte_by_byte(tmp_path: Path) -> None:
    sent = [
        (b"X-Latin", b"caf\xe9"), (b"X-Utf8", "用户".encode()), (b"X-Empty", b""),
        (b"X-Twice", b"1"), (b"X-Twice", b"2"), (b"X-Odd", b"\x80\xff\ttab"),
    ]  # fmt: skip
    answer = httpx.Response(200, headers=sent, json=EXAMPLE)
    recorder = Recorder(httpx.MockTransport(lambda request: answer))
    with httpx.Client(transport=recorder) as http:
        first = http.get(URL, headers={"X-Latin": "café".encode("latin-1")})
    recorder.save(tmp_path / "a.har")
    with replay(tmp_path / "a.har"):
        again = httpx.get(URL)
    wanted = [(name.lower(), text) for name, text in sent]
    for response in (first, again):
        got = [(name.lower(), text) for name, text in response.headers.raw]
        assert [pair for pair in got if pair[0].startswith(b"x-")] == wanted
    assert ("x-latin", "[key]") in read(tmp_path / "a.har")[0].request_headers


def test_headers_that_a_browser_saved_are_understood(tmp_path: Path) -> None:
    document = json.loads(written([GOOD]))
    document["log"]["entries"][0]["response"]["headers"] = [
        {"name": ":status", "value": "200"},
        {"name": "Set-Cookie", "value": "a=1\nb=2"},
        {"name": "X-Name", "value": "用户"},
    ]
    document["log"]["entries"][0]["request"]["postData"] = {"mimeType": "", "params": []}
    path = tmp_path / "browser.har"
    path.write_text(json.dumps(document))
    (entry,) = read(path)
    assert entry.headers == (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Name", "用户"))
    with replay(path):
        assert httpx.get(GOOD.url).headers["x-name"] == "用户"


def test_an_answer_without_a_body_needs_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    document = json.loads(written([GOOD]))
    for status, content in ((200, {"size": 0}), (204, {})):
        document["log"]["entries"][0]["response"] |= {"status": status, "content": content}
        path.write_text(json.dumps(document))
        (entry,) = read(path)
        assert (entry.status, entry.content) == (status, b"")


def test_a_body_that_is_not_text_is_compared_byte_by_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    posted = replace(GOOD, method="POST", body=b"\xff\xfe")
    path.write_bytes(written([posted]))
    assert read(path) == [posted]
    with replay(path):
        httpx.post(GOOD.url, content=b"\xff\xfe")
    words = r"body is b'.xff.xfd', but was recorded as b'.xff.xfe'"
    with pytest.raises(ReplayError, match=words), replay(path):
        httpx.post(GOOD.url, content=b"\xff\xfd")


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"\\ud800": "\\udfff"}', b"1" * 5000])
def test_a_body_that_json_cannot_hold_is_compared_as_text(body: bytes) -> None:
    with replay(replace(GOOD, method="POST", body=body)):
        httpx.post(GOOD.url, content=body)
    with pytest.raises(ReplayError) as refused, replay(replace(GOOD, method="POST", body=body)):
        httpx.post(GOOD.url, content=b"{}")
    assert str(refused.value).encode()


def test_the_password_of_a_url_is_not_kept() -> None:
    recorder = Recorder(httpx.MockTransport(lambda request: httpx.Response(200)))
    with httpx.Client(transport=recorder) as http:
        http.get("http://me:s3cret-word@host/?a=1")
    (kept,) = recorder.recordings
    assert (kept.url, "s3cret" in repr(kept)) == ("http://host/?a=1", False)
    with replay(kept):
        httpx.get("http://me:s3cret-word@host/?a=1")


def test_a_key_beyond_ascii_is_hidden_in_headers() -> None:
    header = ("location", "http://x/ключ-4711".encode().decode("latin-1"))
    found = redacted(replace(GOOD, headers=(header,)), ["ключ-4711"])
    assert found.headers == (("location", "http://x/[key]"),)


# --- Writing ----------------------------------------------------------------------------------


def _full(*args: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _interrupted(*args: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("fails", [_full, _interrupted])
def test_a_write_that_fails_changes_nothing(
    step: str, fails: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.har"
    path.write_text("before")
    monkeypatch.setattr(step, fails)
    with pytest.raises(RecordingError if fails is _full else KeyboardInterrupt) as raised:
        Recorder().save(path)
    assert ("No space left" in str(raised.value)) == (fails is _full)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [
        ("kept.har", "before")
    ]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.har").mkdir()
    for path, problem in (
        (tmp_path / "file" / "a.har", "(File exists|Not a directory)"),
        (tmp_path / "folder.har", "Is a directory"),
        (tmp_path / ("x" * 300), "File name too long"),
        (f"{tmp_path}/a\0b", "embedded null"),
    ):
        with pytest.raises(RecordingError, match=f"cannot be written: .*{problem}"):
            Recorder().save(path)
    longest = tmp_path / f"{'x' * 251}.har"
    Recorder().save(longest)
    assert read(longest) == []


_WRITER = """
import sys
from pathlib import Path
from keyapi.recording.writing import replace_file
while True:
    for letter in b"ab":
        replace_file(Path(sys.argv[1]), bytes([letter]) * 500_000)
        print(flush=True)
"""


@pytest.mark.process
def test_a_process_that_is_killed_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "killed.har"
    for lines in (1, 2, 3):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, path], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        with writer.stdout:
            for _ in range(lines):
                writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert path.read_bytes() in (b"a" * 500_000, b"b" * 500_000)
