"""The relation "credits" tells each way in which a client wastes credits or time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import httpx
import pytest

from keyapi import _config, _connection, _pages
from keyapi._base import BaseClient
from keyapi._client import AsyncClient
from keyapi._errors import KeyAPIError
from keyapi._options import OPTIONS
from keyapi._sending import cache, call, http, limits, pace, response, retries, size
from keyapi._sending.call import Call
from keyapi._sending.session import Session
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import credits_counted
from keyapi.conformance.relations._credits import forking
from keyapi.conformance.relations._credits import relation as _credits
from keyapi.conformance.relations._credits.keeping import kept_by_server
from keyapi.specification import Specification
from keyapi_example import TikTok

Patch = pytest.MonkeyPatch
OPERATIONS = Specification.of_package("keyapi_example").operations
CALLER = Caller(TikTok)


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_is_told_of_a_client_that_keeps_to_the_documents(name: str) -> None:
    assert [str(found) for found in credits_counted(OPERATIONS[name], CALLER)] == []


def test_nothing_is_told_of_what_the_client_does_not_have() -> None:
    lacking = Caller(TikTok)
    lacking.methods = {}

    assert list(credits_counted(OPERATIONS["shop_list"], lacking)) == []


def never_sent_again(patch: Patch) -> None:
    patch.setattr(call, "delay", lambda *_, **__: None)


def sent_again_after_a_refusal(patch: Patch) -> None:
    patch.setitem(retries.TABLE, 404, retries.TABLE[404]._replace(retried=retries._SOON))


def sent_once_more(patch: Patch) -> None:
    whole = Call._failed

    def again(self: Any, *arguments: Any) -> Any:
        self.attempts -= 1
        wait = whole(self, *arguments)
        self.attempts += 1
        return wait

    patch.setattr(Call, "_failed", again)


def another_error(patch: Patch) -> None:
    patch.setitem(retries.TABLE, 403, retries.TABLE[404])


def pages_with_a_mark_are_words(patch: Patch) -> None:
    patch.setattr(response, "_first", lambda content: content.lstrip()[:1])


def texts_not_read(patch: Patch) -> None:
    patch.setattr(response, "_beginning", lambda _: "")


def retry_after_not_read(patch: Patch) -> None:
    patch.setattr(response, "retry_after", lambda _: None)


def chance_left_out(patch: Patch) -> None:
    patch.setattr(
        retries.Backoff, "wait", lambda self, n, _: min(self.first * 2.0**n, self.longest)
    )


def one_credit_over_the_budget(patch: Patch) -> None:
    whole = limits.Limits.charge
    patch.setattr(
        limits.Limits, "charge", lambda self, cost, most: whole(self, cost, most and most + 1)
    )


def a_budget_for_each_client(patch: Patch) -> None:
    whole: Any = BaseClient._with_options

    def alone(self: Any, **changes: Any) -> Any:
        client = whole(self, **changes)
        client._session = client._new_session(self._session.clock)
        return client

    patch.setattr(BaseClient, "_with_options", alone)


def refused_calls_charged(patch: Patch) -> None:
    whole = BaseClient._prepare

    def charged(self: Any, *arguments: Any) -> Any:
        self._session.limits.spent += 1
        prepared = whole(self, *arguments)
        self._session.limits.spent -= 1
        return prepared

    patch.setattr(BaseClient, "_prepare", charged)


def no_cooldown(patch: Patch) -> None:
    patch.setattr(limits.Limits, "check_quota", lambda *_: None)


def refusals_kept(patch: Patch) -> None:
    patch.setattr(Call, "keepable", lambda *_: True)
    patch.setattr(Call, "recalled", lambda self, answer: self.answered(answer.request, answer) or 1)


def nothing_kept(patch: Patch) -> None:
    patch.setattr(Call, "keepable", lambda *_: False)


def kept_for_all(patch: Patch, *parts: str) -> None:
    """Keep answers for all servers whose URLs differ in nothing but some parts."""
    whole: Any = cache._key
    alike = {"scheme": "https", "host": "localhost", "port": None}

    def key(request: httpx.Request) -> str:
        url = request.url.copy_with(**{part: alike[part] for part in parts})
        return str(whole(httpx.Request(request.method, url, content=request.content)))

    patch.setattr(cache, "_key", key)


def one_cache_for_all_servers(patch: Patch) -> None:
    kept_for_all(patch, "scheme", "host", "port")


def one_cache_for_all_schemes(patch: Patch) -> None:
    kept_for_all(patch, "scheme")


def one_cache_for_all_hosts(patch: Patch) -> None:
    kept_for_all(patch, "host")


def one_cache_for_all_ports(patch: Patch) -> None:
    kept_for_all(patch, "port")


def one_cache_for_all_prefixes(patch: Patch) -> None:
    whole: Any = cache._key

    def key(request: httpx.Request) -> str:
        url = str(request.url).replace("/v2/", "/", 1)
        return str(whole(httpx.Request(request.method, url, content=request.content)))

    patch.setattr(cache, "_key", key)


def a_cache_for_each_client(patch: Patch) -> None:
    whole: Any = cache._key
    patch.setattr(cache, "_key", lambda request: whole(request) + str(id(request)))


def an_unpaced_client(patch: Patch) -> None:
    patch.setattr(pace.Pace, "_ask", lambda *_: 0.0)


def a_pace_that_lets_nothing_through(patch: Patch) -> None:
    def refused(*_: Any) -> None:
        raise KeyAPIError("Not sent")

    patch.setattr(pace.Pace, "wait", refused)


def a_rate_in_bursts(patch: Patch) -> None:
    patch.setattr(pace.Pace, "_passed", lambda *_: None)


def an_error_taken_for_the_end(patch: Patch) -> None:
    whole = _pages.PageIterator._next_page

    def ended(self: Any) -> Any:
        try:
            return whole(self)
        except _pages.KeyAPIError:
            return None

    patch.setattr(_pages.PageIterator, "_next_page", ended)


def a_deadline_passed_over(patch: Patch) -> None:
    patch.setattr(Call, "remaining", lambda _: float("inf"))


def bodies_read_to_their_end(patch: Patch) -> None:
    patch.setattr(http._InTime, "__iter__", lambda self: iter(self._stream))


def a_deadline_for_each_attempt(patch: Patch) -> None:
    patch.setattr(Call, "remaining", lambda self: self.settings.deadline or float("inf"))


def a_closed_session_used(patch: Patch) -> None:
    patch.setattr(Session, "close", lambda self: self.http)


def a_day_cut_short(patch: Patch) -> None:
    patch.setattr(_config, "DAY", 3600.0)


def the_lifetime_of_who_kept_it(patch: Patch) -> None:
    patch.setattr(cache, "_kept", lambda entry: time.time() - 1)


def minutes_of_ten(patch: Patch) -> None:
    patch.setitem(_config._MILLISECONDS, "m", 600_000)


def the_number_of_units_left_out(patch: Patch) -> None:
    check = _config.check_rate

    def of_one(name: str, value: Any) -> Any:
        return check(name, value.replace("/3", "/") if isinstance(value, str) else value)

    patch.setattr(OPTIONS["rate"], "check", of_one)


def a_pace_past_the_deadline(patch: Patch) -> None:
    patch.setattr(pace.Pace, "_in_time", lambda self, wait, deadline: min(wait, 1.0))


def loud_retries(patch: Patch) -> None:
    log = call._logger.log
    patch.setattr(call._logger, "log", lambda level, *words: log(level + 10, *words))


def the_key_in_the_log(patch: Patch) -> None:
    log = call._logger.log
    patch.setattr(call._logger, "log", lambda level, *words: log(level, "%s", "sk_contract"))


def words_as_they_came(patch: Patch) -> None:
    whole: Any = Call._failed

    def raw(self: Any, failure: Any, error: Any, *others: Any) -> Any:
        said, log = error.message, call._logger.log
        with patch.context() as loud:
            loud.setattr(call._logger, "log", lambda n, text, *more: log(n, text, *more[:-1], said))
            return whole(self, failure, error, *others)

    patch.setattr(Call, "_failed", raw)


def quota_not_checked_while_waiting(patch: Patch) -> None:
    whole: Any = pace.Pace.wait_async
    patch.setattr(pace.Pace, "wait_async", lambda self, check, *more: whole(self, int, *more))


def quota_not_checked_after_the_budget(patch: Patch) -> None:
    whole: Any = limits._ready
    check = Call._check_quota

    async def unchecked(*arguments: Any) -> None:
        await whole(*arguments)
        patch.setattr(Call, "_check_quota", lambda _: patch.setattr(Call, "_check_quota", check))

    patch.setattr(limits, "_ready", unchecked)


def a_pace_for_each_client(patch: Patch) -> None:
    patch.setattr(Session, "pace", lambda self, rate: pace.Pace(rate, self.clock))


def limiters_asked_after_any_time(patch: Patch) -> None:
    patch.setattr(pace, "_LONGEST_WAIT", 60.0)


def requests_past_a_failing_limiter(patch: Patch) -> None:
    whole: Any = pace.Pace._ask

    def passed(self: Any, asked: int) -> float:
        try:
            return float(whole(self, asked))
        except KeyAPIError:
            return 0.0

    patch.setattr(pace.Pace, "_ask", passed)


def any_redis(patch: Patch) -> None:
    patch.setattr(_config, "waits_for_ever", lambda _: False)


def connections_shared_with_another_key(patch: Patch) -> None:
    patch.setattr(OPTIONS["token"], "connection", False)


def key_found_again(patch: Patch) -> None:
    whole: Any = BaseClient._with_options

    def again(self: Any, **changes: Any) -> Any:
        if "KEYAPI_TOKEN" in os.environ:
            self._options["token"] = None
        return whole(self, **changes)

    patch.setattr(BaseClient, "_with_options", again)


def the_key_shown(patch: Patch) -> None:
    patch.setattr(BaseClient, "__repr__", lambda self: f"{self.base_url} {self._settings.token}")


def useless_arguments_taken(patch: Patch) -> None:
    patch.setattr(_connection, "check_unused", lambda _: None)


def one_pace_for_parent_and_child(patch: Patch) -> None:
    patch.setattr(Session, "renew", lambda _: None)


def a_lock_of_the_parent(patch: Patch) -> None:
    patch.setattr(forking, "_PATIENCE", 0.1)
    patch.setattr(limits.Limits, "renew", lambda _: None)


def one_byte_too_many(patch: Patch) -> None:
    whole: Any = http.bound
    patch.setattr(http, "bound", lambda answer, limit: whole(answer, limit + 1))


def certificates_trusted_next_time(patch: Patch) -> None:
    patch.setitem(retries.TABLE, retries.UNTRUSTED, retries.TABLE[retries.UNSENT])


def functions_for_nothing(patch: Patch) -> None:
    made = BaseClient._extensions
    patch.setattr(
        BaseClient, "_extensions", lambda self, name, cost, **more: made(self, name, 0, **more)
    )


def packed_any_number_of_times(patch: Patch) -> None:
    patch.setattr(size, "_MOST_ENCODINGS", 10)


def any_packing_asked_for(patch: Patch) -> None:
    patch.setattr(size, "encodings", lambda: {"Accept-Encoding": "br"})


def one_step_unpacked(patch: Patch) -> None:
    whole = size._Zlib.__call__
    patch.setattr(size._Zlib, "__call__", lambda self, data: islice(whole(self, data), 1))


def a_quota_noted_once(patch: Patch) -> None:
    whole = limits.Limits.exhausted

    def once(self: limits.Limits, message: str) -> None:
        if self._exhausted is None:
            whole(self, message)

    patch.setattr(limits.Limits, "exhausted", once)


def retries_counted_for_all_calls(patch: Patch) -> None:
    retried: list[int | str] = []
    patch.setattr(Call, "_retried", property(lambda _: retried, lambda *_: None))


def nothing_refunded(patch: Patch) -> None:
    whole = limits.Limits.refund
    patch.setattr(limits.Limits, "refund", lambda self, cost, _: whole(self, cost))


def budgets_not_awaited(patch: Patch) -> None:
    patch.setattr(call, "readiness", lambda *_: None)


def budgets_awaited_for_ever(patch: Patch) -> None:
    patch.setattr(Call, "remaining", lambda _: float("inf"))


def left_open(patch: Patch) -> None:
    async def nothing(*_: Any) -> None:
        pass

    patch.setattr(AsyncClient, "__aexit__", nothing)


def the_key_is_kept(patch: Patch) -> None:
    patch.setattr(Call, "keepable", lambda self, _: self.success is not None)


TOLD: dict[Callable[[Patch], None], tuple[str, str]] = {
    never_sent_again: ("recoveries, sync", "requests"),
    sent_again_after_a_refusal: ("failures, async", "requests"),
    sent_once_more: ("failures, sync", "requests"),
    another_error: ("failures, sync", "raised after 403"),
    retry_after_not_read: ("retry after, sync", "waits"),
    chance_left_out: ("long waits, sync", "waits"),
    one_credit_over_the_budget: ("budgets, sync", "budget"),
    a_budget_for_each_client: ("budgets, sync", "shared"),
    refused_calls_charged: ("unsent, sync", "credits"),
    pages_with_a_mark_are_words: (
        "statuses, sync",
        "message after a body under 200: \ufeff <p>a quota</p>",
    ),
    texts_not_read: (
        "statuses, sync",
        "raised after text under 400: Your quota is used up",
    ),
    no_cooldown: ("quota, async", "requests"),
    refusals_kept: ("cached, sync", "requests"),
    nothing_kept: ("cached, async", "cached"),
    an_unpaced_client: ("paced, sync", "rate"),
    a_pace_that_lets_nothing_through: ("paced, sync", "requests"),
    a_rate_in_bursts: ("paced, async", "rate"),
    an_error_taken_for_the_end: ("walks, sync", "walk"),
    a_day_cut_short: ("kept for, sync", "requests"),
    the_lifetime_of_who_kept_it: ("kept for, async", "requests"),
    minutes_of_ten: ("units, sync", "rate='1/m'"),
    the_number_of_units_left_out: ("units, async", "rate='1/3h'"),
    a_pace_past_the_deadline: ("late by the pace, async", "requests"),
    loud_retries: ("logged, sync", "logged of 429"),
    the_key_in_the_log: ("hostile words, async", "words of 404"),
    words_as_they_came: ("hostile words, sync", "words of a dropped one"),
    quota_not_checked_while_waiting: ("exhausted meanwhile, async", "waiting for rate"),
    quota_not_checked_after_the_budget: ("shared budgets, async", "waiting for the budget"),
    a_pace_for_each_client: ("shared pace, sync", "rate"),
    limiters_asked_after_any_time: ("limiters, sync", "waits"),
    requests_past_a_failing_limiter: ("failing limiters, sync", "requests"),
    any_redis: ("unlimited redis, sync", "a Redis with {'socket_timeout': None}"),
    connections_shared_with_another_key: ("remade, sync", "closed with another token"),
    key_found_again: ("found once, async", "key and server of a changed client"),
    the_key_shown: ("uncopied, sync", "repr"),
    useless_arguments_taken: ("unfit, sync", "http2 beside a transport"),
    one_pace_for_parent_and_child: ("as in children, sync", "waits"),
    a_lock_of_the_parent: ("as in children, sync", "a lock that is held at a fork, in the child"),
    one_byte_too_many: ("sizes, async", "33554433 bytes are refused"),
    certificates_trusted_next_time: ("failures, sync", "requests"),
    functions_for_nothing: ("functions, async", "credits"),
    packed_any_number_of_times: ("packed, sync", f"broken by {', '.join(['gzip'] * 6)}"),
    any_packing_asked_for: ("packed, sync", "packings asked for"),
    one_step_unpacked: ("packed, async", "packed by gzip"),
    a_closed_session_used: ("unsent, sync", "raised"),
    a_deadline_passed_over: ("deadlines, sync", "requests"),
    bodies_read_to_their_end: ("slow bodies, sync", "raised"),
    a_deadline_for_each_attempt: ("slow bodies, async", "raised"),
    left_open: ("closed, async", "requests"),
    the_key_is_kept: ("never the key, async", "requests"),
    a_quota_noted_once: ("quota, async", "requests"),
    retries_counted_for_all_calls: ("failures, sync", "requests"),
    nothing_refunded: ("shared budgets, sync", "budget spent"),
    budgets_not_awaited: ("shared budgets, async", "budget asked"),
    budgets_awaited_for_ever: ("shared budgets, async", "budget not ready"),
}


@pytest.mark.parametrize("fault", TOLD, ids=lambda fault: fault.__name__)
def test_a_client_that_wastes_credits_is_found_out(
    fault: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    fault(monkeypatch)

    operation = OPERATIONS["influencer_products_analytics"]
    found = ((one.case, one.violation.rule) for one in credits_counted(operation, CALLER))

    assert TOLD[fault] in found  # nothing after it is looked at


@pytest.mark.parametrize(
    "fault",
    [
        one_cache_for_all_servers,
        one_cache_for_all_schemes,
        one_cache_for_all_hosts,
        one_cache_for_all_ports,
        one_cache_for_all_prefixes,
        a_cache_for_each_client,
    ],
)
@pytest.mark.parametrize("name", ["influencer_products_analytics", "video_search"])
def test_a_cache_that_does_not_tell_servers_apart_is_found_out(
    fault: Callable[[Patch], None], name: str, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(_credits, "SCENARIOS", {"kept by server": kept_by_server})
    fault(monkeypatch)

    found = credits_counted(OPERATIONS[name], CALLER)

    assert {one.case for one in found} == {"kept by server, sync", "kept by server, async"}
