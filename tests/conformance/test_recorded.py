"""The relation "recording" tells each way in which recordings and replays break a promise."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import (
    files_as_documented,
    recorded_as_documented,
)
from keyapi.recording import entry, fields, har, model, recorder, redaction, replay
from keyapi.recording.replay import Replay
from keyapi.specification import Specification
from keyapi_example import TikTok

Patch = pytest.MonkeyPatch
Fault = Callable[[Patch], None]
OPERATIONS = Specification.of_package("keyapi_example").operations
CALLER = Caller(TikTok)


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_is_told_of_files_as_documented(name: str) -> None:
    assert [str(one) for one in files_as_documented(OPERATIONS[name], CALLER)] == []


def test_nothing_is_told_of_what_the_client_does_not_have() -> None:
    lacking = Caller(TikTok)
    lacking.methods = {}

    assert list(files_as_documented(OPERATIONS["shop_list"], lacking)) == []


def changed(place: object, name: str, value: Any) -> Fault:
    def fault(patch: Patch) -> None:
        patch.setattr(place, name, value)

    return fault


def refusals_forgotten(patch: Patch) -> None:
    finish = Replay.finish

    def forgetful(self: Replay) -> None:
        self._refused.clear()
        finish(self)

    patch.setattr(Replay, "finish", forgetful)


def played_from_the_end(patch: Patch) -> None:
    add = Replay.add
    patch.setattr(Replay, "add", lambda self, *sources: add(self, *reversed(sources)))


def shallow_folders(patch: Patch) -> None:
    patch.setattr(Path, "rglob", Path.glob)


def nothing_differs(patch: Patch) -> None:
    patch.setattr(replay, "_differences", lambda *_: iter(["something"]))


def any_server(patch: Patch) -> None:
    patch.setattr(model.Recording, "origin", "sandbox")


def headers_of_the_transfer_replayed(patch: Patch) -> None:
    patch.setattr(replay, "kept_response_headers", lambda headers: headers)


REPLAYED: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        refusals_forgotten,
        played_from_the_end,
        shallow_folders,
        nothing_differs,
        any_server,
        headers_of_the_transfer_replayed,
    )
} | {
    "fewer secret headers": changed(redaction, "_SECRET_HEADER", re.compile("auth|cookie")),
    "unknown headers kept": changed(redaction, "_HARMLESS", re.compile(".*")),
    "base64 kept": changed(redaction, "_in_base64", lambda _: ()),
    "words hidden everywhere": changed(redaction, "_is_word", lambda _: False),
    "keys of any server kept": changed(redaction, "_KEY", "sk_live_never"),
}


@pytest.mark.parametrize("fault", REPLAYED)
def test_a_replay_that_breaks_a_promise_is_found_out(fault: str, monkeypatch: Patch) -> None:
    REPLAYED[fault](monkeypatch)

    assert list(recorded_as_documented(OPERATIONS["influencer_products_analytics"], CALLER))


def written_in_place(patch: Patch) -> None:
    patch.setattr(recorder, "replace_file", lambda path, content: path.write_bytes(content))


def recorded_waits_take_time(patch: Patch) -> None:
    patch.setattr(replay, "REPLAYED", "another name")


def refusals_in_clients_forgotten(patch: Patch) -> None:
    patch.setattr(Replay, "finish", lambda self: None)


def times_of_the_day(patch: Patch) -> None:
    patch.setattr(recorder, "EPOCH", "2026-01-01T00:00:00Z")


def too_much_kept(patch: Patch) -> None:
    patch.setattr(recorder, "_most_bytes", lambda _: 10**9)


FILED: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        written_in_place,
        recorded_waits_take_time,
        refusals_in_clients_forgotten,
        times_of_the_day,
        too_much_kept,
    )
} | {
    "another version": changed(har, "_phrase", lambda _: "OK"),
    "bodies as text": changed(har, "_text", lambda content: (content.decode("latin-1"), None)),
    "larger files": changed(har, "LARGEST_FILE", 100_000_001),
    "smaller files": changed(har, "LARGEST_FILE", 99_999_999),
    "any status": changed(entry, "_FINAL", (100, 999)),
    "deeper arguments": changed(fields, "_DEEPEST", 101),
    "any control character": changed(fields, "_CONTROL", re.compile(r"[\x00-\x1f]")),
    "other advice": changed(har, "_REMEDY", "Delete it"),
    "sandbox unknown": changed(recorder, "_SANDBOX", re.compile("never")),
}


@pytest.mark.parametrize("fault", FILED)
def test_files_that_break_a_promise_are_found_out(fault: str, monkeypatch: Patch) -> None:
    FILED[fault](monkeypatch)

    assert list(files_as_documented(OPERATIONS["influencer_products_analytics"], CALLER))
