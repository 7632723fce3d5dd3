"""Leases of shards and their credits by Redis: one owner at a time, never more than the budget."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from keyapi._config import RateText
from keyapi._redis import server as servers
from keyapi.export import ExportError
from keyapi.export._segments.log import ShardLost
from keyapi.export._shards import lease
from keyapi.export._shards.budget import ShardBudget
from keyapi.export._shards.lease import LocalGrants
from keyapi.export._shards.redis_access import RedisAccess
from keyapi.export._shards.redis_grants import RedisGrants
from support.machines import REPEATABLE
from support.redis_server import RedisProcess, needs_redis

pytestmark = [needs_redis, pytest.mark.process]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """A server for the tests that leave it as it is."""
    with RedisProcess(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def grants(shared: RedisProcess, request: pytest.FixtureRequest) -> Iterator[RedisGrants]:
    made = RedisGrants(shared.url, request.node.name, seconds=0.3)
    yield made
    made.close()


def test_a_shard_has_one_owner_until_its_lease_runs_out(grants: RedisGrants) -> None:
    grants.open(10, 0)
    assert grants.acquire("a", "first") == 0.3
    other = pickle.loads(pickle.dumps(grants))
    assert other.acquire("a", "second") is None
    assert other.acquire("b", "second") == 0.3
    assert other.renew("a", "second") is None
    assert other.reserve("a", "second", 1) is None
    time.sleep(0.35)
    assert grants.renew("a", "first") == 0.3, "nobody took it"
    time.sleep(0.35)
    assert grants.reserve("a", "first", 7) == 7, "nobody took it"
    assert other.acquire("a", "second") == 0.3
    assert grants.renew("a", "first") is None
    assert grants.reserve("a", "first", 1) is None
    grants.release("a", "first", 7)
    assert grants.spent() == 7, "what a lost owner has counts as spent"
    other.release("a", "second", 2)
    assert grants.renew("a", "second") is None
    assert other.reserve("b", "second", 100) == 5
    assert other.reserve("b", "second", 100) == 0
    grants.open(20, 3, lost=15)
    assert (grants.spent(), other.reserve("b", "second", 100)) == (10, 10)
    grants.open(None, 50)
    assert (grants.spent(), other.reserve("b", "second", 10**12)) == (50, 10**12)
    other.close()


def test_a_worker_that_was_stopped_beyond_its_lease_begins_nothing(grants: RedisGrants) -> None:
    grants.open(100, 0)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        budget = ShardBudget(grants, "a", "first", lot=10)
        budget.acquire(lambda: False)
        lost = b"0"
        budget.reserve(1)
        os.kill(os.getpid(), signal.SIGSTOP)
        try:
            budget.reserve(1)  # though it has credits
        except ShardLost:
            lost = b"1"
        os.write(writing, lost)
        os._exit(0)
    os.waitpid(child, os.WUNTRACED)
    budget = ShardBudget(grants, "a", "second", lot=10)
    began = lease.now()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keyapi.export._shards.budget._LOOK", 0.02)
        assert budget.acquire(lambda: False)
    assert lease.now() - began > 0.1
    os.kill(child, signal.SIGCONT)
    os.waitpid(child, 0)
    assert os.read(reading, 1) == b"1"
    assert budget.reserve(1)
    budget.release()
    assert grants.spent() <= 1 + 2 * 10 + 1  # with what the first one had taken


def test_a_worker_goes_on_once_redis_is_back_and_stops_where_it_stays_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "ATTEMPT", 0.2)
    with RedisProcess(tmp_path, keeps=True) as redis:
        grants = RedisGrants(redis.url, "run", seconds=30, patience=2)
        grants.open(100, 0)
        budget = ShardBudget(grants, "a", "first", lot=1)
        budget.acquire(lambda: False)
        for away, back in ((redis.pause, redis.resume), (redis.kill, redis.start)):
            away()
            waiting = _later(0.5, back)
            while waiting.is_alive():
                assert budget.reserve(1)
        assert grants.spent() >= budget.spent
        impatient = RedisGrants(redis.url, "run", patience=0.2)
        redis.kill()
        began = time.monotonic()
        with pytest.raises(ExportError, match=r"did not answer for .*Run the same command again"):
            impatient.acquire("b", "second")
        assert time.monotonic() - began < 1
        redis.start()
        impatient.acquire("b", "second")
        impatient._server._redis.flushall()
        with pytest.raises(ExportError, match="knows nothing of the export 'run'"):
            impatient.renew("b", "second")
        budget.closed = budget._ends = True


def _later(seconds: float, work: Callable[[], None]) -> Any:
    from threading import Timer

    timer = Timer(seconds, work)
    timer.start()
    return timer


def test_what_may_have_been_granted_counts_where_redis_has_forgotten(
    grants: RedisGrants,
) -> None:
    grants.open(20, 3, lost=15)
    grants.acquire("a", "first")
    assert (grants.spent(), grants.reserve("a", "first", 100)) == (15, 5)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"allowed": "10"}, "spent"),
        ({"allowed": "10", "spent": "many"}, "spent"),
        ({"allowed": "1e3", "spent": "1"}, "allowed"),
        ({"allowed": "10", "spent": "1", "s:a": "first"}, "s:a"),
        ({"allowed": "10", "spent": "1", "s:a": f"{10**30} first"}, "s:a"),
        ("text", "it is a string"),
    ],
)
def test_what_is_no_run_is_refused(shared: RedisProcess, content: Any, problem: str) -> None:
    grants = RedisGrants(shared.url, "odd")
    redis = grants._server._redis
    redis.delete("keyapi:export:odd")
    if isinstance(content, str):
        redis.set("keyapi:export:odd", content)
    else:
        redis.hset("keyapi:export:odd", mapping=content)
    with pytest.raises(ExportError, match=f"damaged: .*{problem}"):
        grants.acquire("a", "first")
    grants.close()


def test_each_key_has_a_rate_of_its_own(
    shared: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def passes() -> list[bool]:
        async with RedisAccess(shared.url, "run", RateText(1, 60_000)).reached() as (_, limiter):
            return [bool(await limiter.try_acquire("x", blocking=False)) for _ in range(2)]

    for key in ("sk_one", "sk_two"):
        monkeypatch.setenv("KEYAPI_TOKEN", key)
        assert asyncio.run(passes()) == [True, False]
    monkeypatch.setenv("KEYAPI_TOKEN", " sk_one ")
    assert asyncio.run(passes()) == [False, False]


# --- A model ------------------------------------------------------------------------------------


class _Counted:
    """A budget in memory, for `LocalGrants`, which is the model."""

    def __init__(self) -> None:
        self.allowed = 0
        self.spent = 0

    def reserve(self, cost: int) -> bool:
        self.spent += cost
        return True

    def refund(self, cost: int) -> None:
        self.spent = max(self.spent - cost, 0)


SHARDS = st.sampled_from(["a", "b", "c d"])
OWNERS = st.sampled_from(["first", "second", "third one"])


class GrantsMachine(RuleBasedStateMachine):
    """Redis and a process grant the same, by one clock."""

    url: str
    clock: list[float]

    def __init__(self) -> None:
        super().__init__()
        self.grants = RedisGrants(self.url, "run", seconds=30)
        self.redis = self.grants._server._redis
        self.redis.flushall()
        self.budget = _Counted()
        self.model = LocalGrants(self.budget, seconds=30)
        self.clock[0] = 0
        self.wait(1)
        self.open(20, 0)

    def teardown(self) -> None:
        self.grants.close()

    @rule(raised=st.integers(0, 10), spent=st.integers(0, 20))
    def open(self, raised: int, spent: int) -> None:
        self.budget.allowed += raised
        self.budget.spent = max(self.budget.spent, spent)
        self.grants.open(self.budget.allowed, spent)

    @rule(shard=SHARDS, owner=OWNERS)
    def acquire(self, shard: str, owner: str) -> None:
        assert self.grants.acquire(shard, owner) == self.model.acquire(shard, owner)

    @rule(shard=SHARDS, owner=OWNERS)
    def renew(self, shard: str, owner: str) -> None:
        assert self.grants.renew(shard, owner) == self.model.renew(shard, owner)

    @rule(shard=SHARDS, owner=OWNERS, want=st.integers(1, 9))
    def reserve(self, shard: str, owner: str, want: int) -> None:
        granted = self.grants.reserve(shard, owner, want)
        assert granted == self.model.reserve(shard, owner, want)

    @rule(shard=SHARDS, owner=OWNERS, unspent=st.integers(0, 9))
    def release(self, shard: str, owner: str, unspent: int) -> None:
        self.grants.release(shard, owner, unspent)
        self.model.release(shard, owner, unspent)

    @rule(seconds=st.sampled_from([1, 10, 29, 30, 31]))
    def wait(self, seconds: int) -> None:
        self.clock[0] += seconds
        self.redis.set("now", int(self.clock[0] * 1000))

    @invariant()
    def both_count_the_same(self) -> None:
        assert self.grants.spent() == self.budget.spent


@pytest.mark.once
def test_redis_grants_what_one_process_would(
    shared: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(lease, "now", lambda: clock[0])
    monkeypatch.setattr(servers, "CLOCK", "local now = tonumber(redis.call('GET', 'now'))")
    monkeypatch.setattr(GrantsMachine, "url", f"{shared.url[:-1]}1", raising=False)
    monkeypatch.setattr(GrantsMachine, "clock", clock, raising=False)
    run_state_machine_as_test(
        GrantsMachine,
        settings=settings(REPEATABLE, max_examples=25, stateful_step_count=25),
    )
