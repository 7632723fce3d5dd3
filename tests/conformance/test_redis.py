"""The relation "credits" tells each way in which processes overspend or lose a shared budget."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from types import SimpleNamespace
from typing import Any

import pytest

from keyapi import KeyAPIError, RedisBudget
from keyapi._redis import account, server
from keyapi._redis.account import Account
from keyapi._redis.server import RedisServer
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import budget_shared_through_redis
from keyapi.conformance.relations._redis import lifetime, spending, trouble
from keyapi.conformance.relations._redis import relation as _redis
from keyapi.conformance.relations._redis.arguments import not_redis, unusable
from keyapi.conformance.relations._redis.rates import rate_through_redis
from keyapi.specification import Specification
from keyapi_example import TikTok
from support.redis_server import needs_redis

Patch = pytest.MonkeyPatch
OPERATIONS = Specification.of_package("keyapi_example").operations
CALLER = Caller(TikTok)


@needs_redis
@pytest.mark.parametrize("name", ["influencer_products_analytics", "shop_list", "feed_list"])
def test_nothing_is_told_of_budgets_that_are_shared_as_documented(name: str) -> None:
    assert [str(one) for one in budget_shared_through_redis(OPERATIONS[name], CALLER)] == []


def test_without_a_redis_server_nothing_is_told(monkeypatch: Patch) -> None:
    monkeypatch.setattr(_redis, "has_redis", lambda: False)

    assert list(budget_shared_through_redis(OPERATIONS["shop_list"], CALLER)) == []


def script(old: str, new: str) -> Callable[[Patch], None]:
    """A fault in what Redis is asked to do."""

    def fault(patch: Patch) -> None:
        assert old in account._EXCHANGE
        patch.setattr(account, "_EXCHANGE", account._EXCHANGE.replace(old, new))

    return fault


def nothing_given_back(patch: Patch) -> None:
    patch.setattr(Account, "_give_back", lambda *_: None)
    patch.setattr(lifetime, "_PATIENCE", 0.1)


def never_reported(patch: Patch) -> None:
    patch.setattr(Account, "_beat", lambda *_: None)


def given_back_at_once(patch: Patch) -> None:
    patch.setattr(account, "HOLDER_SECONDS", 6.0)


def left_to_itself(patch: Patch) -> None:
    never = SimpleNamespace(register=lambda _: None, unregister=lambda _: None)
    patch.setattr(account, "atexit", never)


def shared_with_children(patch: Patch) -> None:
    patch.setattr(account, "renew_in_children", lambda *_: None)


def copied_without_its_options(patch: Patch) -> None:
    def reduced(self: Any) -> Any:
        return RedisBudget, (self._server.url, self.name, self.allowed)

    patch.setattr(RedisBudget, "__reduce__", reduced)


def no_patience(patch: Patch) -> None:
    patch.setattr(server, "passes", lambda _: False)


def endless_patience(patch: Patch) -> None:
    run = RedisServer.run

    def patient(self: Any, *given: Any, until: Any = None) -> Any:
        self.patience = 20.0
        return run(self, *given, until=until)

    patch.setattr(RedisServer, "run", patient)


def in_the_event_loop(patch: Patch) -> None:
    async def ready(self: Any, cost: int) -> None:
        self._fill(cost)

    patch.setattr(Account, "ready", ready)
    patch.setattr(server, "ATTEMPT", 0.1)
    patch.setattr(server, "check_cooldown", lambda *_: 0.2)


def long_names(patch: Patch) -> None:
    patch.setattr("keyapi._redis.budget._LONGEST_NAME", 1000)


def nonsense_believed(patch: Patch) -> None:
    patch.setattr(RedisServer, "understood", lambda _: nullcontext())


def waited_for_ever(patch: Patch) -> None:
    patch.setattr("keyapi._config._asks_for_ever", lambda _: False)


def asked_once_closed(patch: Patch) -> None:
    closed = Account.close

    def asking(self: Account) -> None:
        with suppress(KeyAPIError):  # its thread may close it once more when the server is gone
            self._exchange(0, until=0.0)
        closed(self)

    patch.setattr(Account, "close", asking)


def refunds_kept(patch: Patch) -> None:
    patch.setattr(Account, "refund", lambda *_: None)


Fault = Callable[[Patch], None]
TOLD: tuple[tuple[Fault, Any], ...] = (
    (script("allowed - (granted - returned)", "allowed"), spending.shared_by_name),
    (script("math.min(lot,", "math.min(2 * lot,"), spending.in_lots),
    (asked_once_closed, spending.in_lots),
    (refunds_kept, spending.refunded),
    (script("need <= free", "need < free"), spending.by_number),
    (script("KEYS[1], expires)", "KEYS[1], expires / 1000)"), spending.remembered),
    (script("redis.call('PERSIST', KEYS[1])", "do end"), spending.remembered),
    (copied_without_its_options, spending.copied),
    (never_reported, lifetime.unused),
    (given_back_at_once, lifetime.unused),
    (nothing_given_back, lifetime.ended),
    (left_to_itself, lifetime.ended),
    (script("math.max(own[2], given_back)", "own[1]"), lifetime.stopped),
    (shared_with_children, lifetime.by_children),
    (script("granted < seen", "false"), trouble.seen),
    (script("own[1] < known", "false"), trouble.lost),
    (script("id ~= found.id", "false"), trouble.lost),
    (script("returned > granted", "false"), trouble.damaged),
    (long_names, unusable),
    (nonsense_believed, not_redis),
    (waited_for_ever, rate_through_redis),
    (in_the_event_loop, trouble.paused),
    (endless_patience, trouble.gone),
    (no_patience, trouble.back),
)


@needs_redis
@pytest.mark.parametrize(("fault", "look"), TOLD, ids=lambda each: getattr(each, "__name__", ""))
def test_a_budget_that_breaks_a_promise_is_found_out(
    fault: Fault, look: Any, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(_redis, "SHARED", (look,))
    fault(monkeypatch)

    found = list(budget_shared_through_redis(OPERATIONS["influencer_products_analytics"], CALLER))

    assert {one.relation for one in found} == {"credits"}
    assert all(look.__name__.replace("_", " ") in one.case for one in found)
