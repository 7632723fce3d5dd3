"""The client's own connections: what breaks a promise is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpcore
import pytest

from keyapi import fast
from keyapi._base import BaseClient
from keyapi._sending import (
    connections,
    deadline,
    direct,
    network,
    owner,
    response,
    size,
    sockets,
)
from keyapi._sending.exchange import Received
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import network_as_documented
from keyapi.conformance.relations._network.connections import connections as _look
from keyapi.conformance.relations._network.ways import Network, Way
from keyapi.specification import Specification
from keyapi_example import TikTok

Patch = pytest.MonkeyPatch
OPERATIONS = Specification.of_package("keyapi_example").operations
CALLER = Caller(TikTok)


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_is_told_of_connections_as_documented(name: str) -> None:
    assert [str(found) for found in network_as_documented(OPERATIONS[name], CALLER)] == []


def test_nothing_is_told_of_what_the_client_does_not_have() -> None:
    lacking = Caller(TikTok)
    lacking.methods = {}

    assert list(network_as_documented(OPERATIONS["shop_list"], lacking)) == []


def a_connection_for_each_call(patch: Patch) -> None:
    patch.setattr(connections, "_most", lambda limit: 0 if limit == 20 else 100)


def connections_of_the_parent(patch: Patch) -> None:
    patch.setattr(network.Transport, "renew", lambda self: None)


def packed_bodies_without_bound(patch: Patch) -> None:
    packed = size._Packed.__init__
    patch.setattr(size._Packed, "__init__", lambda self, names, limit: packed(self, names, 2**25))


def milliseconds(patch: Patch) -> None:
    response = Received.response

    def shorter(self: Received) -> Any:
        given = response(self)
        given.elapsed = timedelta(milliseconds=self.seconds)
        return given

    patch.setattr(Received, "response", shorter)


def pieces_lost(patch: Patch) -> None:
    reader = connections.reader
    patch.setattr(
        connections,
        "reader",
        lambda headers, limit: lambda part: reader(headers, limit)(part).removeprefix(b"}"),
    )


def time_that_stands_still(patch: Patch) -> None:
    patch.setattr(deadline.TimeLeft, "now", lambda self, late: float(self))


def time_limits_of_each_read(patch: Patch) -> None:
    patch.setattr(deadline.TimeOuts, "get", lambda self, key, default=None: dict.get(self, key))


def sockets_without_deadlines(patch: Patch) -> None:
    patch.setattr(sockets, "Backend", httpcore.SyncBackend)


def unpacked_in_the_order_named(patch: Patch) -> None:
    patch.setattr(size, "reversed", list, raising=False)


def cookies_in_small_letters_alone(patch: Patch) -> None:
    small = property(lambda self: b"set-cookie" in dict(self.raw_headers))
    patch.setattr(Received, "sets_cookies", small)


def hooks_of_responses_left_out(patch: Patch) -> None:
    whole = direct.Direct._is_plain

    def plain(self: Any, call: Any) -> bool:
        hooks = self._http.event_hooks
        with patch.context() as without:
            without.setattr(self._http, "_event_hooks", {**hooks, "response": []})
            return whole(self, call)

    patch.setattr(direct.Direct, "_is_plain", plain)


def the_key_for_the_proxy(patch: Patch) -> None:
    opened = fast.Connections._opened

    def with_headers(self: Any, headers: Any) -> Any:
        with patch.context() as without:
            without.setattr(self, "_proxy", {})
            return opened(self, headers)

    patch.setattr(fast.Connections, "_opened", with_headers)


def proxies_for_every_host(patch: Patch) -> None:
    patch.setattr(network, "_direct", lambda *_: [])


TOLD = {
    hooks_of_responses_left_out: ("hooks of response, sync", "hooks called"),
    the_key_for_the_proxy: ("https by a proxy, fast", "request to it"),
    proxies_for_every_host: ("NO_PROXY=127.0.0.0/8, async", "past the proxy"),
    unpacked_in_the_order_named: ("an answer by gzip, then deflate, async", "result"),
    cookies_in_small_letters_alone: ("a cookie in capitals, sync", "cookies"),
    a_connection_for_each_call: ("three calls, async", "connections"),
    connections_of_the_parent: ("a forked child, sync", "connections"),
    packed_bodies_without_bound: ("10001 bytes by gzip, sync", "max_response_bytes"),
    milliseconds: ("an answer late, sync", "elapsed"),
    pieces_lost: ("an answer in chunks, async", "result"),
    time_that_stands_still: ("a late body, sync", "deadline"),
    time_limits_of_each_read: ("a late head, sync", "raised"),
    sockets_without_deadlines: ("a late head by httpx, sync", "deadline"),
}


@pytest.mark.parametrize("fault", TOLD, ids=lambda fault: fault.__name__)
def test_connections_that_break_a_promise_are_told(
    fault: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    fault(monkeypatch)

    found = list(network_as_documented(OPERATIONS["shop_list"], CALLER))

    assert TOLD[fault] in {(one.case, one.violation.rule) for one in found}


def no_limits(patch: Patch) -> None:
    patch.setattr(connections, "_most", lambda limit: 100)


def connections_that_never_expire(patch: Patch) -> None:
    patch.setattr(httpcore.AsyncHTTPConnection, "has_expired", lambda self: False)


def headers_without_bound(patch: Patch) -> None:
    patch.setattr(size, "MOST_HEADERS", 2**10)


def deeper_by_one(patch: Patch) -> None:
    patch.setattr(response, "DEEPEST", response.DEEPEST + 1)


def whoever_made_it(patch: Patch) -> None:
    patch.setattr(owner.Owner, "check_loop", lambda *_: None)


def connections_of_the_parents_loop(patch: Patch) -> None:
    patch.setattr(network.AsyncTransport, "renew", lambda self: None)


def free_by_hand(patch: Patch) -> None:
    made = BaseClient._new_call
    patch.setattr(
        BaseClient,
        "_new_call",
        lambda self, name=None, cost=0, **more: made(self, name, cost, **more),
    )


LOST: dict[Callable[[Patch], None], tuple[str, str]] = {
    no_limits: ("{'max_keepalive_connections': 0}", "connections"),
    connections_that_never_expire: ("a server that left", "calls"),
    headers_without_bound: ("an answer too many headers", "bounds"),
    deeper_by_one: ("an answer too deep", "bounds"),
    whoever_made_it: ("transport of one's own", "elsewhere"),
    connections_of_the_parents_loop: ("a forked child", "connections"),
    free_by_hand: ("by hand", "responses"),
}


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.__name__)
def test_connections_that_are_not_kept_as_documented_are_told(
    fault: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    fault(monkeypatch)

    made = Network(OPERATIONS["shop_list"], CALLER, Way("async", True, {}))
    told = {(case, rule) for case, rule, expected, found in _look(made) if expected != found}

    assert LOST[fault] in told
