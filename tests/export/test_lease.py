"""Leases of shards and their credits: one owner at a time, and never more than the budget."""

from __future__ import annotations

import pytest

from keyapi.export._shards import lease
from keyapi.export._shards.lease import LocalGrants


class Budget:
    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.spent = 0

    def reserve(self, cost: int) -> bool:
        self.spent += cost
        return self.spent <= self.allowed

    def refund(self, cost: int) -> None:
        self.spent -= cost


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test sets."""
    time = [0.0]
    monkeypatch.setattr(lease, "now", lambda: time[0])
    return time


def test_a_shard_has_one_owner_until_its_lease_runs_out(clock: list[float]) -> None:
    grants = LocalGrants(Budget(10), seconds=30)
    assert grants.acquire("a", "first") == 30
    assert grants.acquire("a", "second") is None
    assert grants.acquire("b", "second") == 30
    clock[0] = 20
    assert grants.renew("a", "first") == 30
    clock[0] = 45
    assert grants.acquire("a", "second") is None
    clock[0] = 51
    assert grants.renew("a", "first") == 30, "nobody took it"
    clock[0] = 82
    assert grants.acquire("a", "second") == 30
    assert grants.renew("a", "first") is None
    assert grants.reserve("a", "first", 1) is None


def test_credits_are_granted_up_to_the_budget_and_come_back_from_the_owner_alone(
    clock: list[float],
) -> None:
    grants = LocalGrants(Budget(10), seconds=30)
    grants.open(10, 0)
    grants.acquire("a", "first")
    assert grants.reserve("a", "first", 8) == 8
    assert grants.reserve("a", "first", 8) == 2
    assert grants.reserve("a", "first", 8) == 0
    clock[0] = 31
    grants.acquire("a", "second")
    grants.release("a", "first", 8)
    assert grants.spent() == 10, "what a lost owner has counts as spent"
    grants.acquire("b", "third")
    grants.release("a", "second", 3)
    assert grants.reserve("b", "third", 5) == 3
    assert grants.acquire("a", "fourth") == 30
