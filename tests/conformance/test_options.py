"""Options, pages and recordings: what does something else than documented is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from keyapi import Page, _config, _connection, _display, _pages, _walk
from keyapi._sending import call
from keyapi._sending.clock import Clock
from keyapi.arrow import _rows
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import (
    options_as_documented,
    pages_as_documented,
    recorded_as_documented,
    sandbox_as_documented,
)
from keyapi.recording import redaction, replay
from keyapi.sandbox import FAULTS, _catalogue, _http, _ledger, _schedule, _service, _validation
from keyapi.specification import Specification
from keyapi_example import TikTok

Patch = pytest.MonkeyPatch
SPECIFICATION = Specification.of_package("keyapi_example")
OPERATIONS = SPECIFICATION.operations
CALLER = Caller(TikTok)


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_is_told_of_options_that_are_obeyed(name: str) -> None:
    operation = OPERATIONS[name]
    told = [
        *options_as_documented(operation, CALLER),
        *sandbox_as_documented(SPECIFICATION, operation, TikTok),
        *pages_as_documented(operation, CALLER),
        *recorded_as_documented(operation, CALLER),
    ]
    assert [str(found) for found in told] == []


def test_nothing_is_told_of_what_the_client_does_not_have() -> None:
    lacking = Caller(TikTok)
    lacking.methods = {}

    operation = OPERATIONS["shop_list"]
    assert list(options_as_documented(operation, lacking)) == []
    assert list(pages_as_documented(operation, lacking)) == []
    assert list(recorded_as_documented(operation, lacking)) == []


def no_application(patch: Patch) -> None:
    headers = _connection.request_headers
    patch.setattr(_connection, "request_headers", lambda token, given: headers(token, None))


def another_key(patch: Patch) -> None:
    headers = _connection.request_headers
    patch.setattr(_connection, "request_headers", lambda token, given: headers(f"{token}0", given))


def one_timeout_for_all(patch: Patch) -> None:
    patch.setattr(call.Call, "bounded", lambda self, timeouts: dict.fromkeys(timeouts, 30.0))


def no_deadline(patch: Patch) -> None:
    patch.setattr(Clock, "until", lambda self, moment: float("inf"))


def the_last_variable_first(patch: Patch) -> None:
    names = _connection.TOKEN_VARIABLES
    patch.setattr(_connection, "TOKEN_VARIABLES", names[::-1])


CLIENTS = {
    no_application: "option name",
    another_key: "option key",
    one_timeout_for_all: "option timeouts",
    no_deadline: "option timeouts",
    the_last_variable_first: "option key",
}


@pytest.mark.parametrize("fault", CLIENTS, ids=lambda fault: fault.__name__)
def test_an_option_of_a_client_that_does_something_else_is_told(
    fault: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    fault(monkeypatch)

    found = options_as_documented(OPERATIONS["shop_list"], CALLER)

    assert any(finding.violation.rule.startswith(CLIENTS[fault]) for finding in found)


def any_time_will_do(patch: Patch) -> None:
    patch.setattr(_config, "_is_seconds", lambda value: isinstance(value, (int, float)))


def options_are_not_named(patch: Patch) -> None:
    refuse = _config._refuse
    patch.setattr(_config, "_refuse", lambda problem: refuse(problem.partition(" ")[2]))


def any_key_will_do(patch: Patch) -> None:
    patch.setattr(_connection, "_PLACEHOLDERS", re.compile("<"))


@pytest.mark.parametrize("fault", [any_time_will_do, options_are_not_named, any_key_will_do])
def test_a_value_of_an_option_that_is_taken_for_another_is_told(
    fault: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    fault(monkeypatch)

    found = options_as_documented(OPERATIONS[next(iter(OPERATIONS))], CALLER)

    assert "refused" in {finding.violation.rule for finding in found}


def milliseconds(patch: Patch) -> None:
    reply = _service.Reply.of

    def thousandfold(status: int, body: Any, **headers: str) -> Any:
        return reply(status, body, **{name: f"{text}000" for name, text in headers.items()})

    patch.setattr(_service.Reply, "of", thousandfold)


def faults_cost_the_opposite(patch: Patch) -> None:
    patch.setattr(_ledger.Ledger, "refund", lambda self, cost: None)


def a_fault_too_many(patch: Patch) -> None:
    due = _schedule.Scheduled.due
    patch.setattr(_schedule.Scheduled, "due", lambda self, number: due(self, number - 1))


def numbers_for_texts(patch: Patch) -> None:
    echoes = _catalogue._echoes

    def without_zeros(*given: Any) -> dict[str, Any]:
        return {name: str(value).lstrip("0") for name, value in echoes(*given).items()}

    patch.setattr(_catalogue, "_echoes", without_zeros)


def rows_come_again(patch: Patch) -> None:
    rows = _catalogue.SubjectRows.__init__

    def circular(self: Any, count: int, make: Callable[[int], Any]) -> None:
        rows(self, count, lambda number: make(number % 128))

    patch.setattr(_catalogue.SubjectRows, "__init__", circular)


def ids_come_again(patch: Patch) -> None:
    rows = _catalogue.SubjectRows.__init__

    def named_alike(self: Any, count: int, make: Callable[[int], Any]) -> None:
        rows(self, count, lambda n: {**make(n), "product_id": make(n % 150)["product_id"]})

    patch.setattr(_catalogue.SubjectRows, "__init__", named_alike)


def late_rows_repeat_nothing(patch: Patch) -> None:
    rows = _catalogue.SubjectRows.__init__

    def forgetful(self: Any, count: int, make: Callable[[int], Any]) -> None:
        rows(self, count, lambda n: {**make(n), **({"user_id": "7"} if n > 300 else {})})

    patch.setattr(_catalogue.SubjectRows, "__init__", forgetful)


def short_lists_alone(patch: Patch) -> None:
    patch.setattr(_catalogue, "_MOST", 40)


def another_encoding_through_asgi(patch: Patch) -> None:
    call = _http.App.__call__

    async def twice(self: Any, scope: Any, receive: Any, send: Any) -> None:
        query = scope["query_string"].replace(b"%2B", b"+")
        await call(self, {**scope, "query_string": query}, receive, send)

    patch.setattr(_http.App, "__call__", twice)


def one_seed_for_all(patch: Patch) -> None:
    chance = _catalogue.Chance
    patch.setattr(_catalogue, "Chance", lambda seed, *others: chance(0, *others))


def one_list_for_all(patch: Patch) -> None:
    chance = _catalogue.Chance
    patch.setattr(_catalogue, "Chance", lambda seed, name, *others: chance(seed, name, *others[1:]))


def a_short_ledger(patch: Patch) -> None:
    patch.setattr(_ledger, "_KEPT", 100)


def a_shorter_second(patch: Patch) -> None:
    admit = _ledger.Ledger.admit

    def impatient(self: Any, cost: int) -> int | None:
        self._answered.clear()
        return admit(self, cost)

    patch.setattr(_ledger.Ledger, "admit", impatient)


def repeated_parameters_are_taken(patch: Patch) -> None:
    value = _validation.Validation._value
    patch.setattr(
        _validation.Validation, "_value", lambda self, argument, got: value(self, argument, got[:1])
    )


def failures_are_charged(patch: Patch) -> None:
    fault = FAULTS["html-502"]
    patch.setitem(FAULTS, "html-502", fault._replace(charged=True))


def slow_bodies_lose_their_end(patch: Patch) -> None:
    pieces = _http._pieces
    patch.setattr(
        _http,
        "_pieces",
        lambda reply: [*pieces(reply)][:-1] if reply.delivery == "slow" else pieces(reply),
    )


def dropped_bodies_are_whole(patch: Patch) -> None:
    patch.setattr(_http, "_pieces", lambda reply: iter([(0.0, reply.body)]))


def one_argument_is_enough(patch: Patch) -> None:
    concerns = _schedule.Scheduled.concerns

    def any_of_them(self: _schedule.Scheduled, arguments: Any) -> bool:
        each = (self._replace(arguments=(one,)) for one in self.arguments)
        return not self.arguments or any(concerns(one, arguments) for one in each)

    patch.setattr(_schedule.Scheduled, "concerns", any_of_them)


def counts_of_old_faults(patch: Patch) -> None:
    patch.setattr(_service, "Counter", lambda: _Kept())


class _Kept(Counter[str]):
    def clear(self) -> None:
        pass


def a_fault_described_otherwise(patch: Patch) -> None:
    fault = FAULTS["rate-limited-wait"]
    patch.setitem(FAULTS, fault.name, fault._replace(description="HTTP 429 with Retry-After: 2"))


def no_key_is_asked_for(patch: Patch) -> None:
    patch.setattr(_service.Service, "accepts", lambda *_: True)


def reset_keeps_faults(patch: Patch) -> None:
    patch.setattr(_service.Service, "reset", lambda self: self.ledger.reset())


def resets_keep_the_pace(patch: Patch) -> None:
    reset = _ledger.Ledger.reset

    def with_memory(self: Any) -> None:
        answered = getattr(self, "_answered", None)
        reset(self)
        self._answered = answered or self._answered

    patch.setattr(_ledger.Ledger, "reset", with_memory)


def pages_are_one_request(patch: Patch) -> None:
    record = _ledger.Ledger.record

    def without_query(self: Any, number: int, request: Any, *rest: Any) -> None:
        charges = self.charges
        self.charges = Counter()
        record(self, number, request, *rest)
        charges.update({request.path: sum(self.charges.values())})
        self.charges = charges

    patch.setattr(_ledger.Ledger, "record", without_query)


SANDBOXES = {
    resets_keep_the_pace: "qps after a reset",
    pages_are_one_request: "charges",
    no_key_is_asked_for: "control, POST reset, None",
    reset_keeps_faults: "control, reset",
    a_fault_described_otherwise: "fault rate-limited-wait, Retry-After",
    one_argument_is_enough: "fault ?user_id=6813855719982466054&page_size=10",
    counts_of_old_faults: "fault ?page_size=10@2",
    rows_come_again: "rows of a list",
    ids_come_again: "product_id in a list",
    late_rows_repeat_nothing: "user_id in a list",
    short_lists_alone: "several hundred rows",
    another_encoding_through_asgi: "user_id='+7', ASGI",
    one_seed_for_all: "rows of another seed",
    one_list_for_all: "rows of another user_id",
    a_short_ledger: "requests kept",
    a_shorter_second: "qps",
    repeated_parameters_are_taken: "user_id twice",
    failures_are_charged: "fault html-502",
    slow_bodies_lose_their_end: "a slow answer, ASGI",
    dropped_bodies_are_whole: "a dropped answer, async",
    milliseconds: "Retry-After",
    faults_cost_the_opposite: "fault html-502",
    a_fault_too_many: "fault @2",
    numbers_for_texts: "user_id='007'",
}


@pytest.mark.parametrize("fault", SANDBOXES, ids=lambda fault: fault.__name__)
def test_an_option_of_a_sandbox_that_does_something_else_is_told(
    fault: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    fault(monkeypatch)
    operation = OPERATIONS["influencer_products_analytics"]

    found = list(sandbox_as_documented(SPECIFICATION, operation, TikTok))

    assert SANDBOXES[fault] in {finding.violation.rule for finding in found}


def circles_are_not_noticed(patch: Patch) -> None:
    patch.setattr(_walk, "_same", lambda rows, kept: rows is kept)


def signatures_make_another_page(patch: Patch) -> None:
    patch.setattr(_walk, "_unsigned", lambda value: value)


def pickled_pages_forget(patch: Patch) -> None:
    state = Page.__getstate__
    patch.setattr(Page, "__getstate__", lambda self: {**state(self), "next": None})


def pickled_pages_have_the_key(patch: Patch) -> None:
    state = Page.__getstate__
    kept = lambda self: {**state(self), "_response": self.response}  # noqa: E731 - a fault
    patch.setattr(Page, "__getstate__", kept)


def pages_run_in_notebooks(patch: Patch) -> None:
    patch.setattr(_display, "escape", lambda text: text)


def rows_are_shared(patch: Patch) -> None:
    patch.setattr(Page, "to_dicts", lambda self: self._rows)


def what_no_column_holds_is_lost(patch: Patch) -> None:
    patch.setattr(_rows, "to_json", lambda _: "null")


def rows_at_hand_are_left_out(patch: Patch) -> None:
    batches = _pages.PageIterator._batches

    def later(self: Any) -> Any:
        found = batches(self)
        next(found)
        return found

    patch.setattr(_pages.PageIterator, "_batches", later)


PAGES = {
    what_no_column_holds_is_lost: "table _extra",
    rows_at_hand_are_left_out: "table of a walk, sync",
    circles_are_not_noticed: "circle",
    signatures_make_another_page: "circle",
    pickled_pages_forget: "page pickled, next",
    pickled_pages_have_the_key: "page pickled, key",
    pages_run_in_notebooks: "page notebook",
    rows_are_shared: "page copies",
}


@pytest.mark.parametrize("fault", PAGES, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("name", ["shop_list", "feed_list"])
def test_pages_that_break_a_promise_are_told(
    fault: Callable[[Patch], None], name: str, monkeypatch: Patch
) -> None:
    fault(monkeypatch)

    found = list(pages_as_documented(OPERATIONS[name], CALLER))

    assert PAGES[fault] in {finding.violation.rule for finding in found}


def keys_are_written(patch: Patch) -> None:
    patch.setattr(redaction, "_KEY", "sk_test_")


def headers_are_written(patch: Patch) -> None:
    patch.setattr(redaction.Redaction, "header", lambda self, name, value, **_: value)


def queries_are_all_alike(patch: Patch) -> None:
    patch.setattr(replay, "parse_qsl", lambda *_, **__: [])


def recordings_last_for_ever(patch: Patch) -> None:
    class Lasting(list):  # type: ignore[type-arg]  # of anything
        def pop(self, number: int = -1) -> object:
            return self[number]

    made = replay.Replay.__init__

    def lasting(self: Any) -> None:
        made(self)
        self._waiting = Lasting()

    patch.setattr(replay.Replay, "__init__", lasting)


RECORDINGS = {
    keys_are_written: "secret",
    headers_are_written: "secret",
    queries_are_all_alike: "replay",
    recordings_last_for_ever: "replay",
}


@pytest.mark.parametrize("fault", RECORDINGS, ids=lambda fault: fault.__name__)
def test_a_recorder_or_replay_that_breaks_a_promise_is_told(
    fault: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    fault(monkeypatch)
    operation = OPERATIONS["influencer_products_analytics"]

    found = list(recorded_as_documented(operation, CALLER))

    assert RECORDINGS[fault] in {finding.violation.rule for finding in found}
