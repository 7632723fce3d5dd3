"""What a sandbox, or the helpers for users' tests, do otherwise than documented is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import keyapi.testing
from keyapi.conformance.drivers import Caller
from keyapi.conformance.registry import Finding
from keyapi.conformance.relations import (
    fixtures_as_documented,
    replay_as_documented,
    sandbox_as_documented,
    seeded_everywhere,
    shapes_as_served,
)
from keyapi.recording.recorder import Recorder
from keyapi.sandbox import (
    Sandbox,
    _protocol,
    _schedule,
    _service,
    _settings,
    _texts,
    _together,
    _validation,
    _values,
)
from keyapi.sandbox.faults import Exchange
from keyapi.specification import Specification
from keyapi_example import TikTok

Patch = pytest.MonkeyPatch
SPECIFICATION = Specification.of_package("keyapi_example")
OPERATIONS = SPECIFICATION.operations


def rules(found: Iterator[Finding]) -> set[str]:
    return {finding.violation.rule for finding in found}


def seeds_are_hashes(patch: Patch) -> None:
    class Chance(_values.Chance):
        def __init__(self, *seed: object) -> None:
            super().__init__(hash("\0".join(map(str, seed))))

    patch.setattr("keyapi.sandbox._catalogue.Chance", Chance)


@pytest.mark.process
def test_data_that_another_process_does_not_have_are_told(monkeypatch: Patch) -> None:
    assert rules(seeded_everywhere(SPECIFICATION)) == set()
    seeds_are_hashes(monkeypatch)
    assert "seed 0, in another process" in rules(seeded_everywhere(SPECIFICATION))


def other_data(patch: Patch) -> None:
    patch.setattr(_values, "_NOUNS", (*_values._NOUNS[:-1], "Kettle"))


def patterns_are_not_obeyed(patch: Patch) -> None:
    patch.setattr(_texts, "matching", lambda pattern, digits: None)


def parts_do_not_add_up(patch: Patch) -> None:
    patch.setattr(_values, "_consistent", lambda row, kinds, chance: None)


def bodies_are_not_bounded(patch: Patch) -> None:
    patch.setattr(_validation, "_DEEPEST", 10_000)


def bodies_need_not_be(patch: Patch) -> None:
    read = _validation.Validation._body

    def lenient(self: Any, request: Any) -> Any:
        return read(self, request) if request.body else ({}, [])

    patch.setattr(_validation.Validation, "_body", lenient)


def cursors_are_numbers(patch: Patch) -> None:
    patch.setattr(_service.Service, "_type_at", lambda self, operation, path: "integer")


def a_fault_in_another_place(patch: Patch) -> None:
    spoil = _schedule.Scheduled.spoil
    patch.setattr(
        _schedule.Scheduled, "spoil", lambda self, good: spoil(self._replace(pointer=""), good)
    )


def rows_of_no_page_before(patch: Patch) -> None:
    patch.setattr(_service, "Exchange", lambda *given: Exchange(*given[:4]))


def latency_is_not_bounded(patch: Patch) -> None:
    patch.setattr(_settings, "LONGEST_LATENCY", 10**6)


def platforms_share_components(patch: Patch) -> None:
    patch.setattr(_together, "_referring", lambda part, renamed: part)


def requests_have_long(patch: Patch) -> None:
    patch.setattr(_protocol, "REQUEST_SECONDS", 60.0)


def headers_are_counted_late(patch: Patch) -> None:
    patch.setattr(_protocol.BoundedProtocol, "_count", lambda self, more: None)


SHAPES = {
    a_fault_in_another_place: "place of null/data/tags/0",
    rows_of_no_page_before: "fault page-overlap",
    latency_is_not_bounded: "latency, value 2 of those that are out of range",
    platforms_share_components: "an answer of zz_two",
    requests_have_long: "REQUEST_SECONDS",
    headers_are_counted_late: "headers of 70 KB",
    other_data: "the data of shape_detail with seed 0",
    patterns_are_not_obeyed: "made-up values fit their schema",
    parts_do_not_add_up: "parts of total_sale_cnt",
    bodies_are_not_bounded: f'/shapes/search? {{"keyword": "a", "tags": {"[" * 35}',
    bodies_need_not_be: "/shapes/search? ",
    cursors_are_numbers: "shape_search: what page 0 says",
}


def test_nothing_is_told_of_a_sandbox_as_documented() -> None:
    assert [str(found) for found in shapes_as_served(TikTok)] == []


@pytest.mark.parametrize("fault", SHAPES, ids=lambda fault: fault.__name__)
def test_what_a_sandbox_makes_of_a_specification_is_told(
    fault: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    fault(monkeypatch)
    assert SHAPES[fault] in rules(shapes_as_served(TikTok))


def the_key_is_always_the_sandboxs(patch: Patch) -> None:
    bound = Sandbox._bound
    patch.setattr(
        Sandbox, "_bound", lambda self, options: {**bound(self, options), "token": self.key}
    )


def the_transport_is_always_the_sandboxs(patch: Patch) -> None:
    bound = Sandbox._bound
    patch.setattr(
        Sandbox, "_bound", lambda self, given: {**bound(self, given), "transport": self.transport}
    )


def any_client_is_served(patch: Patch) -> None:
    chosen = Sandbox._class
    patch.setattr(
        Sandbox,
        "_class",
        lambda self, which, served: (
            which if isinstance(which, type) else chosen(self, which, served)
        ),
    )


CLIENTS = {
    the_key_is_always_the_sandboxs: "client(token), async False",
    the_transport_is_always_the_sandboxs: "client(transport), async True",
    any_client_is_served: "client(AsyncTikTok)",
}


@pytest.mark.parametrize("fault", CLIENTS, ids=lambda fault: fault.__name__)
def test_clients_of_a_sandbox_that_go_elsewhere_are_told(
    fault: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    fault(monkeypatch)
    found = sandbox_as_documented(SPECIFICATION, OPERATIONS["shop_detail"], TikTok)
    assert CLIENTS[fault] in rules(found)


@contextmanager
def written_whatever_happens(path: Any, *, transport: Any = None, secrets: Any = ()) -> Any:
    recorder = Recorder(transport)
    try:
        yield recorder
    finally:
        recorder.save(path, secrets)


@contextmanager
def written_with_secrets(path: Any, *, transport: Any = None, secrets: Any = ()) -> Any:
    recorder = Recorder(transport)
    yield recorder
    recorder.save(path)


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        (written_whatever_happens, "files after errors"),
        (written_with_secrets, "secrets in the file"),
    ],
)
def test_a_recording_that_is_written_otherwise_is_told(
    record: Any, rule: str, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(keyapi.testing, "record", record)
    found = replay_as_documented(SPECIFICATION, OPERATIONS["shop_detail"], Caller(TikTok))
    assert rules(found) == {rule}


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_is_told_of_a_recording_as_documented(name: str) -> None:
    found = replay_as_documented(SPECIFICATION, OPERATIONS[name], Caller(TikTok))
    assert [str(one) for one in found] == []


@pytest.mark.process
def test_fixtures_of_another_kind_are_told(monkeypatch: Patch, tmp_path: Any) -> None:
    assert [str(one) for one in fixtures_as_documented(SPECIFICATION)] == []
    (tmp_path / "sitecustomize.py").write_text(
        "import keyapi.sandbox\n"
        "class Slow(keyapi.sandbox.Sandbox):\n"
        "    def __init__(self, *args, **options):\n"
        "        super().__init__(*args, seed=1, **options)\n"
        "keyapi.sandbox.Sandbox = Slow\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = {finding.case for finding in fixtures_as_documented(SPECIFICATION)}
    assert {"test_each_test_has_its_own"} <= found
