"""The pace: no more requests in a time than the rate says."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import httpx
import pyrate_limiter
import pytest

from client.conftest import (
    Mode,
    Server,
    first_page,
    outcomes,
    refusal,
    success,
)
from keyapi import (
    ConfigurationError,
    ServerError,
    TransportError,
)
from keyapi._config import RateText, check_rate
from keyapi._sending.clock import Clock
from keyapi._sending.pace import Pace


@pytest.mark.parametrize(
    ("rate", "limit", "seconds"), [("5/s", 5, 1), ("100/m", 100, 60), (" 10 / 11 s ", 10, 11)]
)
def test_no_window_holds_more_requests_than_the_rate(
    mode: Mode, rate: str, limit: int, seconds: int
) -> None:
    sent: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(mode.clock.time)
        return success([])

    mode.server = answer
    # One thread: others would move the clock before this one has noted what it shows.
    assert outcomes(mode, limit * 3 + 2, threads=1, rate=rate) == ["page"] * (limit * 3 + 1)
    for first, later in zip(sent, sent[limit:], strict=False):
        assert later - first >= seconds - 0.002  # the limiter counts in milliseconds
    assert 3 * seconds - 0.01 <= sent[-1] - sent[0] <= 3 * seconds * 1.05


@pytest.mark.parametrize("late", [0.0, 0.03])
def test_after_a_bunch_requests_are_spaced_evenly_also_by_a_clock_that_oversleeps(
    mode: Mode, late: float
) -> None:
    sent: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(mode.clock.time)
        return success([])

    def sleep(seconds: float) -> None:
        mode.clock.time += seconds + late

    mode.server = answer
    mode.clock.sleep = sleep  # type: ignore[method-assign]
    outcomes(mode, 52, threads=1, rate="10/s")
    assert len(set(sent[:10])) == 1
    gaps = [later - first for first, later in pairwise(sent[10:])]
    assert min(gaps) >= 0.1 - late - 0.002
    assert max(gaps) <= 0.1 + late + 0.002
    assert 4.9 <= sent[-1] - sent[0] <= 5 * 1.04


def test_after_a_pause_the_rate_may_be_used_at_once_again(mode: Mode, server: Server) -> None:
    client = mode.open(rate="2/s")
    for pause, at in ((0, 0.0), (0, 0.0), (0, 1.0), (0, 1.5), (10, 11.5), (0, 11.5), (0, 12.5)):
        mode.clock.time += pause
        first_page(mode, client)
        assert mode.clock.time - 1000.0 == pytest.approx(at, abs=0.01)
    assert len(server.requests) == 7


def test_retries_keep_the_pace(mode: Mode, server: Server) -> None:
    server.always = refusal(503)
    with pytest.raises(ServerError):
        mode.page(options={"rate": "1/m"})
    assert mode.clock.time - 1000.0 >= 3 * 60 - 0.01


def test_a_deadline_before_the_pace_allows_is_an_error(mode: Mode, server: Server) -> None:
    client = mode.open(rate="1/m", deadline=5)
    first_page(mode, client)
    with pytest.raises(TransportError, match="rate limit") as caught:
        first_page(mode, client)
    assert (len(server.requests), caught.value.attempts) == (1, 0)


def test_a_deadline_also_bounds_the_wait_for_a_turn() -> None:
    clock = Clock()
    pace = Pace(RateText(1, 60_000), clock)
    with pace._turn, pytest.raises(TransportError, match="rate limit"):
        pace.wait(print, clock.now() + 0.05)

    async def main() -> None:
        async with pace._turns.get():
            await pace.wait_async(print, clock.now() + 0.05)

    with pytest.raises(TransportError, match="rate limit"):
        asyncio.run(main())


@pytest.mark.parametrize("rate", ["", "5", "5/", "0/s", "5/0s", "/s", "5/w", "-1/s", "1.5/s", 5])
def test_a_rate_that_is_none_is_refused(mode: Mode, rate: Any) -> None:
    with pytest.raises(ConfigurationError, match="rate must be"):
        mode.open(rate=rate)


def test_a_limiter_of_the_users_own_is_asked(mode: Mode, server: Server) -> None:
    bucket = pyrate_limiter.InMemoryBucket([pyrate_limiter.Rate(1, 150)])
    limiter = pyrate_limiter.Limiter(bucket)
    try:
        mode.clock = Clock()  # type: ignore[assignment]
        client = mode.open(rate=limiter)
        first_page(mode, client)
        first_page(mode, client)
        assert len(server.requests) == bucket.count() == 2
    finally:
        limiter.close()


class _Gone:
    def try_acquire(self, name: str, *, blocking: bool) -> bool:
        raise ConnectionError("Redis does not answer")


class _Later:
    async def try_acquire(self, name: str, *, blocking: bool) -> bool:
        return True


def test_a_limiter_that_fails_lets_nothing_pass(mode: Mode, server: Server) -> None:
    with pytest.raises(ConfigurationError, match="Redis does not answer") as caught:
        mode.page(options={"rate": _Gone()})
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert server.requests == []


def test_an_async_limiter_is_for_async_clients(mode: Mode, server: Server) -> None:
    if mode.name == "async":
        mode.page(options={"rate": _Later()})
    else:
        with pytest.raises(ConfigurationError, match="async"):
            mode.page(options={"rate": _Later()})
    assert len(server.requests) == (mode.name == "async")


class _Says:
    """A limiter that never lets a request pass, and says how long to wait.

    Args:
        wait: What it says, in milliseconds.
    """

    def __init__(self, wait: Any) -> None:
        self.bucket_factory = self
        self.bucket = self
        self.asked = 0
        self._wait = wait

    def try_acquire(self, name: str, *, blocking: bool) -> bool:
        self.asked += 1
        return False

    def wrap_item(self, name: str, weight: int) -> str:
        return name

    def get(self, item: str) -> _Says:
        return self

    def waiting(self, item: str) -> Any:
        return self._wait


@pytest.mark.parametrize("wait", [float("nan"), float("inf"), None, "5", b"1", [], 10**400])
def test_a_wait_that_is_none_is_an_error(mode: Mode, server: Server, wait: Any) -> None:
    with pytest.raises(ConfigurationError, match="Not sent: the rate limiter failed"):
        mode.page(options={"rate": _Says(wait)})
    assert server.requests == []


@pytest.mark.parametrize(("wait", "most"), [(0, 250), (-1, 250), (-(10**9), 250), (10**15, 11)])
def test_a_limiter_that_never_agrees_is_asked_ever_less_often_until_the_deadline(
    mode: Mode, server: Server, wait: int, most: int
) -> None:
    limiter = _Says(wait)
    with pytest.raises(TransportError, match="deadline"):
        mode.page(options={"rate": limiter, "deadline": 10})
    assert limiter.asked <= most
    assert server.requests == []


class _Silent:
    """A limiter whose Redis does not answer."""

    async def try_acquire(self, name: str, *, blocking: bool) -> bool:
        await asyncio.Event().wait()
        return True


def test_an_async_limiter_that_does_not_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyapi._sending.pace._LONGEST_ASK", 0.1)
    clock = Clock()
    pace = Pace(_Silent(), clock)
    with pytest.raises(ConfigurationError, match=r"did not answer within 0\.1 s"):
        asyncio.run(pace.wait_async(print, None))
    with pytest.raises(TransportError, match="deadline"):
        asyncio.run(pace.wait_async(print, clock.now() + 0.05))


@pytest.mark.parametrize(
    ("options", "is_refused"),
    [
        ({"socket_timeout": None}, True),
        ({"socket_timeout": 5}, False),
        ({}, False),  # redis 8 has a limit of its own
    ],
)
def test_a_redis_that_may_take_any_time_is_refused(
    options: dict[str, Any], is_refused: bool
) -> None:
    redis = pytest.importorskip("redis", minversion="8")
    pool = redis.ConnectionPool(**options)
    bucket = pyrate_limiter.RedisBucket(
        [pyrate_limiter.Rate(1, 1000)], redis.Redis(connection_pool=pool), "key", ""
    )
    limiter = _Says(0)
    limiter.bucket = bucket
    if is_refused:
        with pytest.raises(
            ConfigurationError, match=r"make it with Redis\(..., socket_timeout=5\)"
        ):
            check_rate("rate", limiter)
    else:
        assert check_rate("rate", limiter) is limiter
