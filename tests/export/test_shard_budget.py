"""What a worker may spend on a shard: nothing without a lease that is valid and credits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from keyapi.export import ExportError
from keyapi.export._segments.log import ShardLost
from keyapi.export._shards import budget as budgets
from keyapi.export._shards import lease
from keyapi.export._shards.budget import ShardBudget
from keyapi.export._shards.lease import LocalGrants
from support.loopback import until
from support.sharding import Credits

Make = Callable[..., ShardBudget]


class Watched(LocalGrants):
    """Grants that take note of what is asked, and may fail."""

    def __init__(self, credits_: Credits, seconds: float = 30.0) -> None:
        super().__init__(credits_, seconds)
        self.wanted: list[int] = []
        self.error: ExportError | None = None

    def reserve(self, shard: str, owner: str, want: int) -> int | None:
        if self.error is not None:
            raise self.error
        self.wanted.append(want)
        return super().reserve(shard, owner, want)


@pytest.fixture
def made() -> Iterator[Make]:
    """Makes budgets of a shard, and gives it back."""
    budgets_: list[ShardBudget] = []

    def make(grants: LocalGrants, owner: str = "me", lot: int = 4, shared: Any = None) -> Any:
        budget = ShardBudget(grants, "shard", owner, lot, shared)
        assert budget.acquire(lambda: False)
        budgets_.append(budget)
        return budget

    yield make
    for budget in budgets_:
        budget.release()


def test_credits_are_taken_ahead_in_lots_and_what_is_left_is_given_back(made: Make) -> None:
    credits_ = Credits(30)
    grants = Watched(credits_)
    budget = made(grants)
    assert all(budget.reserve(1) for _ in range(2))
    assert until(lambda: credits_.spent == 9), "the lot ahead"
    budget.refund(1)
    assert budget.spent == 1
    assert budget.allowed > 30
    budget.release()
    assert credits_.spent == budget.spent == 1
    assert not budget.reserve(1)


def test_a_budget_that_is_used_up_says_what_it_had(made: Make) -> None:
    budget = made(LocalGrants(Credits(6)))
    assert [budget.reserve(2) for _ in range(4)] == [True, True, True, False]
    assert (budget.spent, budget.allowed) == (6, 6)


def test_a_budget_of_the_clients_own_is_asked_too(made: Make) -> None:
    class Own(Credits):
        def reserve(self, cost: int) -> bool:
            return self.spent + cost <= self.allowed and super().reserve(cost)

        async def ready(self, cost: int) -> None:
            pass

    own = Own(2)
    budget = made(LocalGrants(Credits()), shared=own)
    assert [budget.reserve(1) for _ in range(3)] == [True, True, False]
    budget.refund(1)
    assert own.spent == 1
    assert budget.ready == own.ready


def test_after_its_lease_a_worker_asks_before_it_sends(
    made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgets, "_LOOK", 60.0)  # between heartbeats, which could ask first
    grants = LocalGrants(Credits())
    budget = made(grants, lot=0)
    late = [0.0]
    now = lease.now
    monkeypatch.setattr(lease, "now", lambda: now() + late[0])
    assert budget.reserve(1)
    late[0] = 40.0  # as after SIGSTOP
    assert budget.reserve(1), "nobody took it meanwhile"
    late[0] = 80.0
    assert grants.acquire("shard", "other") == 30.0
    spent = budget.spent
    with pytest.raises(ShardLost, match="Another worker has taken shard over"):
        budget.reserve(1)
    assert not budget.reserve(1)
    assert budget.spent == spent


def test_who_lost_its_shard_gets_no_credits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ShardBudget, "_run", lambda self: None)
    grants = LocalGrants(Credits(), seconds=0.0)
    budget = ShardBudget(grants, "shard", "me", 4)
    assert budget.acquire(lambda: False)
    assert grants.acquire("shard", "other") == 0.0
    with pytest.raises(ShardLost):
        budget.reserve(1)


def test_a_lease_is_kept_and_its_loss_noticed_by_heartbeats(made: Make) -> None:
    grants = LocalGrants(Credits(), seconds=0.2)
    budget = made(grants)
    failures: list[ExportError] = []
    budget.failed = failures.append
    time.sleep(0.5)
    assert grants.acquire("shard", "other") is None, "it is kept"
    grants._leases["shard"] = "other", lease.now() + 30
    assert until(lambda: bool(failures))
    assert isinstance(failures[0], ShardLost)
    assert not budget.reserve(1)


def test_what_grants_credits_may_fail(made: Make) -> None:
    grants = Watched(Credits())
    budget = made(grants, lot=1)
    failures: list[ExportError] = []
    budget.failed = failures.append
    assert budget.reserve(1)
    grants.error = ExportError("Redis is gone")
    budget.reserve(1)
    assert until(lambda: failures == [grants.error])
    assert not budget.reserve(1)


def test_waiting_for_a_shard_ends_with_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "_LOOK", 0.01)
    grants = LocalGrants(Credits())
    grants.acquire("shard", "other")
    budget = ShardBudget(grants, "shard", "me", 4)
    looks = iter([False, False, True])
    assert not budget.acquire(lambda: next(looks))


def test_the_end_of_a_run_is_looked_for_while_a_shard_is_kept(
    made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgets, "_LOOK", 0.01)
    looked: list[None] = []
    budget = ShardBudget(LocalGrants(Credits()), "shard", "me", 4)
    assert budget.acquire(lambda: bool(looked.append(None)))
    assert until(lambda: len(looked) > 1)
    budget.release()
