"""Negative controls: each rule is the only one to find something, and it goes unnoticed without it.

A control is a server, or a client, with one fault. Those of servers stand behind the proxy of the
mutants. A rule without a control fails here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.clients import GeneratedBaseline
from keyapi import Page
from keyapi._client import SyncClient
from keyapi._pages import PageIterator
from keyapi._paging import PageNumbers
from keyapi._walk import Walk
from keyapi.conformance.cases import cases
from keyapi.conformance.judge import MEANING
from keyapi.conformance.mutation.baselines import Baseline
from keyapi.conformance.mutation.server_faults import SERVER_FAULTS, Passing, Spoiler
from keyapi.conformance.mutation.serving import case_by_case, planted
from keyapi.conformance.relations import server_to_spec, walks
from keyapi.conformance.walking.rules import RULES, Made, judged
from keyapi.contract import _semantics
from keyapi.sandbox import Reply
from keyapi.specification import OperationSpec, Specification
from keyapi_example import TikTok
from support.specs import feed

Rows = list[dict[str, Any]]
RIGHT = Spoiler("", lambda passing: None)
LIST, FEED = "shop_list", "video_feed"
OF_SERVERS = 50  # walks; those behind them say more of the client
BY_SERVERS = {
    "status": (FEED, "an-error-late"),
    "schema": (FEED, "negative-count-in-a-row"),
    "page-size": (LIST, "size-ignored"),
    "full-page": (LIST, "size-bounded-in-step"),
    "echo": (FEED, "echo-wrong-in-a-row"),
    "filter": (LIST, "filter-ignored"),
    "order": (LIST, "order-within-pages"),
    "repeated-row": (FEED, "same-row-twice"),
    "unique-id": (FEED, "same-id-other-figures"),
    "flag": (FEED, "flag-on-at-the-end"),
    "cursor": (FEED, "cursor-missing"),
    "total": (FEED, "totals-change"),
    "request-id": (FEED, "request-id-stale"),
    "end": (LIST, "pages-start-again"),
    "repeatable": (LIST, "rows-rotate-when-asked-again"),
    "same-rows": (LIST, "sorted-without-a-row"),
    "filtered-rows": (LIST, "filter-loses-a-row"),
    "tie-order": (LIST, "ties-by-page-size"),
    "key": (FEED, "a-bad-key-later"),
    "charged": (FEED, "charges"),
}
"""An operation and a fault of its server, by the one rule that finds it."""


@pytest.fixture(scope="module")
def baselines() -> dict[str, Baseline]:
    example = Baseline(Specification.of_package("keyapi_example").document, TikTok)
    return {LIST: example, FEED: GeneratedBaseline(feed())}


def walked(
    baseline: Baseline, name: str, spoiler: Spoiler = RIGHT, most: int | None = None
) -> Made:
    """The walks on a server with a fault, and the rules that are broken."""
    operation = baseline.specification.operations[name]
    made = Made(operation, baseline.contract)
    server = planted(baseline, operation, spoiler).server
    contract, caller = baseline.contract, baseline.caller
    list(walks(contract, operation, caller, server, most=most, made=made))
    return made


def broken_without(rule: str, made: Made) -> set[str]:
    """The rules that the same walks break, where one rule is blind."""
    rules = {name: other for name, other in RULES.items() if name != rule}
    again = replace(made, walks=[], broken=set())
    for walk in made.walks:
        again.walks.append(walk)
        list(judged(rules, again, walk))
    list(judged(rules, again))
    return again.broken


def test_every_rule_of_walks_has_a_control() -> None:
    assert {*BY_SERVERS, *BY_CLIENTS} == set(RULES)
    assert {RULES[name].blame for name in BY_SERVERS} == {"server"}
    assert {RULES[name].blame for name in BY_CLIENTS} == {"client"}


@pytest.mark.parametrize("rule", BY_SERVERS)
def test_a_wrong_server_is_found_out_by_one_rule_alone(
    baselines: dict[str, Baseline], rule: str
) -> None:
    name, fault = BY_SERVERS[rule]
    operation = baselines[name].specification.operations[name]
    spoiler = next(SERVER_FAULTS[fault].spoilers(operation))

    made = walked(baselines[name], name, spoiler, OF_SERVERS)

    assert made.broken == {rule}
    assert broken_without(rule, made) == set()


# --- Clients ----------------------------------------------------------------------------------


def _drops_an_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    iterate = SyncClient._iterate

    def dropping(self: Any, operation: Any, arguments: dict[str, Any], **bounds: Any) -> Any:
        return iterate(self, operation, {**arguments, "region": None}, **bounds)

    monkeypatch.setattr(SyncClient, "_iterate", dropping)


def _fetches_a_page_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Walk.__init__

    def making(
        self: Any, operation: Any, arguments: Any, limit: int | None, most: int | None
    ) -> None:
        made(self, operation, arguments, limit, most and most + 1)

    monkeypatch.setattr(Walk, "__init__", making)


def _turns_pages_around(monkeypatch: pytest.MonkeyPatch) -> None:
    def items(self: Any) -> list[Any]:
        return [self._view(row) for row in reversed(self._rows)]

    monkeypatch.setattr(Page, "items", property(items))


def _forgets_the_page_size(monkeypatch: pytest.MonkeyPatch) -> None:
    annotate = Walk.annotate

    def forgetting(self: Any, error: Any) -> None:
        annotate(self, error)
        error.page_size = None

    monkeypatch.setattr(Walk, "annotate", forgetting)


def _numbers_every_page_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PageNumbers, "number", lambda self, arguments: 1)


def _never_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PageIterator, "skip", 0)


BY_CLIENTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "request": _drops_an_argument,
    "requests": _fetches_a_page_too_many,
    "handed-out": _turns_pages_around,
    "error": _forgets_the_page_size,
    "page": _numbers_every_page_1,
    "progress": _never_skips,
}
"""What makes the client wrong in one way, by the one rule that finds it."""


@pytest.mark.parametrize("rule", BY_CLIENTS)
def test_a_wrong_client_is_found_out_by_one_rule_alone(
    baselines: dict[str, Baseline], monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    BY_CLIENTS[rule](monkeypatch)

    made = walked(baselines[LIST], LIST)

    assert made.broken == {rule}
    assert broken_without(rule, made) == set()


# --- One answer at a time ---------------------------------------------------------------------

PRODUCTS, VIDEOS = "influencer_products_analytics", "video_search"


def _in_rows(change: Callable[[Passing, Rows], Rows]) -> Spoiler:
    """A fault of the rows of each good answer that has some."""

    def spoil(passing: Passing) -> Reply | None:
        rows = passing.rows if passing.good else []
        return passing.with_rows(change(passing, rows)) if rows else None

    return Spoiler("", spoil)


def _in_the_last(name: str, value: Callable[[Any], Any]) -> Spoiler:
    """A fault of one property of the last row."""
    return _in_rows(lambda _, rows: [*rows[:-1], {**rows[-1], name: value(rows[-1][name])}])


def _twice(passing: Passing, rows: Rows) -> Rows:
    return rows if any(passing.column()) or len(rows) < 3 else [*rows[:-1], rows[0]]


def _once_more(passing: Passing, rows: Rows) -> Rows:
    return [passing.whole()[passing.start - 1], *rows[1:]] if passing.page == 2 else rows


def _coded(passing: Passing) -> Reply | None:
    return passing.reply.with_json({**passing.body, "code": 7}) if passing.good else None


def _refusing(passing: Passing) -> Reply | None:
    return passing.refused(400) if passing.good else None


def _unnamed(passing: Passing) -> Reply | None:
    body = passing.body
    is_bad = passing.reply.status == 400
    return passing.reply.with_json({**body, "message": "Invalid parameter"}) if is_bad else None


def _typed(passing: Passing) -> Reply | None:
    return passing.retyped("text/html") if passing.good else None


def _cut(passing: Passing) -> Reply | None:
    reply = passing.reply
    return replace(reply, body=reply.body[:-9]) if passing.good else None


def _server_fault(operation: OperationSpec, fault: str) -> Spoiler:
    return next(SERVER_FAULTS[fault].spoilers(operation))


ONE_BY_ONE: dict[str, tuple[str, Spoiler | str]] = {
    "page-size": (PRODUCTS, "size-ignored"),
    "order": (PRODUCTS, "order-turned"),
    "filter": (PRODUCTS, "filter-ignored"),
    "echo": (PRODUCTS, _in_the_last("user_id", lambda text: f"{text}1")),
    "ids": (VIDEOS, _in_the_last("video_id", lambda text: f"{text}1")),
    "repeated-row": (PRODUCTS, _in_rows(_twice)),
    "overlap": (PRODUCTS, _in_rows(_once_more)),
    "json-text": (PRODUCTS, _in_the_last("cover_url", lambda text: text[:-1])),
    "minimum": (PRODUCTS, _in_the_last("total_live_cnt", lambda count: -1)),
    "type": (PRODUCTS, _in_the_last("product_name", lambda text: 7)),
    "rows": (PRODUCTS, _in_rows(lambda _, rows: [])),
    "code": (PRODUCTS, Spoiler("", _coded)),
    "status": (PRODUCTS, Spoiler("", _refusing)),
    "message": (PRODUCTS, Spoiler("", _unnamed)),
    "content-type": (PRODUCTS, Spoiler("", _typed)),
    "json": (PRODUCTS, Spoiler("", _cut)),
}
"""An operation and a fault of its server, by the one rule of the judge that finds it."""

CHECKS = {
    "page-size": "_page_size",
    "order": "_order",
    "filter": "_filters",
    "echo": "_echoes",
    "ids": "_ids",
    "repeated-row": "_repeated",
}
"""The function that looks for it, where one alone does."""


def test_every_rule_of_meaning_has_a_control() -> None:
    assert set(ONE_BY_ONE) >= MEANING
    assert {*CHECKS.values()} == {
        name
        for name, function in vars(_semantics).items()
        if name.startswith("_")
        and inspect.isfunction(function)
        and inspect.get_annotations(function).get("return") == "Iterator[Any]"
        and name != "_equal"
    }


@pytest.mark.parametrize("rule", ONE_BY_ONE)
def test_a_wrong_answer_is_found_out_by_one_rule_alone(
    baselines: dict[str, Baseline], monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    baseline = baselines[LIST]
    name, fault = ONE_BY_ONE[rule]
    operation = baseline.specification.operations[name]
    spoiler = _server_fault(operation, fault) if isinstance(fault, str) else fault
    asked = [case for case in cases(operation) if not case.served]

    def rules() -> set[str]:
        serve = case_by_case(planted(baseline, operation, spoiler))
        found = server_to_spec(baseline.contract, operation, serve, asked)
        return {finding.violation.rule for finding in found}

    assert rules() == {rule}
    if rule in CHECKS:
        monkeypatch.setattr(_semantics, CHECKS[rule], lambda *_: iter(()))
        assert rules() == set()
