"""What keeps a client from spending too much: budget, quota breaker, pace and cache."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pyrate_limiter
import pytest

from client.conftest import KEY, USER_ID, Mode, Server, pickled, refusal, success
from keyapi import (
    BudgetExceeded,
    ConfigurationError,
    InsufficientCredits,
    InvalidResponse,
    KeyAPIError,
    ServerError,
    TransportError,
)
from keyapi._config import RateText
from keyapi._sending.clock import Clock
from keyapi._sending.pace import Pace
from keyapi_example import AsyncTikTok
from keyapi_example.api.influencer import influencer_products_analytics as low_level


def outcomes(mode: Mode, times: int, threads: int = 20, **options: Any) -> list[Any]:
    """What so many calls of one client come to, made by threads or all at once by tasks."""

    def outcome(result: Any) -> Any:
        return type(result) if isinstance(result, Exception) else "page"

    async def main() -> list[Any]:
        async with mode.open(**options) as client:
            calls = [client.influencer.products_analytics(user_id=str(n)) for n in range(1, times)]
            return list(await asyncio.gather(*calls, return_exceptions=True))

    if mode.name == "async":
        return [outcome(result) for result in asyncio.run(main())]

    def call(number: int) -> Any:
        try:
            return client.influencer.products_analytics(user_id=str(number))
        except KeyAPIError as error:
            return error

    with mode.open(**options) as client, ThreadPoolExecutor(threads) as pool:
        return [outcome(result) for result in pool.map(call, range(1, times))]


# --- Budget -----------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [None, refusal(429)], ids=["pages", "retried"])
def test_a_budget_is_exact_under_many_callers(
    mode: Mode, server: Server, answer: httpx.Response | None
) -> None:
    server.always = answer
    found = outcomes(mode, 101, max_credits=37)
    assert len(server.requests) == 37
    assert found.count(BudgetExceeded) >= 100 - 37
    assert found.count("page") == (37 if answer is None else 0)


def test_a_refused_request_says_what_was_asked_spent_and_allowed(
    mode: Mode, server: Server
) -> None:
    server.holds(30)
    client = mode.open(max_credits=2)
    mode.open = lambda **_: client  # type: ignore[method-assign]
    error = mode.products().error
    assert isinstance(error, BudgetExceeded)
    assert (error.asked, error.spent, error.allowed) == (1, 2, 2)
    assert (error.next_page, error.rows_yielded, error.attempts) == (3, 20, 0)
    assert client.credits_spent == 2
    assert vars(pickled(error)) == vars(error)


def test_a_retry_that_would_exceed_the_budget_is_not_sent(mode: Mode, server: Server) -> None:
    server.always = refusal(503)
    with pytest.raises(BudgetExceeded) as caught:
        mode.page(options={"max_credits": 2})
    assert len(server.requests) == caught.value.attempts == 2
    assert isinstance(caught.value.__cause__, ServerError)


def test_changed_clients_spend_together_and_other_keys_apart(mode: Mode) -> None:
    def use(client: Any) -> Any:
        changed = client.with_options(max_credits=1)
        other = client.with_options(token="sk_other")
        assert other.credits_spent == 0
        assert changed.credits_spent == client.credits_spent
        return changed.influencer.products_analytics(user_id=USER_ID)

    client = mode.open()
    mode.open = lambda **_: client  # type: ignore[method-assign]
    mode.call(use)
    assert client.credits_spent == 1


@pytest.mark.parametrize(
    "option", [{"quota_cooldown": -1}, {"contract": "strict"}, {"contract": None}], ids=str
)
def test_an_option_of_no_meaning_is_refused(mode: Mode, option: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(option))):
        mode.open(**option)


@pytest.mark.parametrize("budget", [-1, 1.5, True, "5"])
def test_a_budget_that_is_no_count_is_refused(mode: Mode, budget: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_credits"):
        mode.open(max_credits=budget)


def test_low_level_functions_spend_from_the_same_budget(mode: Mode, server: Server) -> None:
    call = low_level.sync if mode.name == "sync" else low_level.asyncio
    with pytest.raises(BudgetExceeded):
        mode.call(
            lambda client: call(client=client, user_id=USER_ID, page_num=1, page_size=1),
            max_credits=0,
        )
    assert server.requests == []


# --- Quota breaker ----------------------------------------------------------------------------


def test_after_credits_are_used_up_nothing_is_sent_for_a_while(mode: Mode, server: Server) -> None:
    server.always = refusal(402)
    client = mode.open(quota_cooldown=60)
    changed = client.with_options(max_retries=0)
    for each, now, sent in ((client, 0, 1), (client, 0, 1), (changed, 59, 1), (client, 60, 2)):
        mode.clock.time = 1000.0 + now
        with pytest.raises(InsufficientCredits):
            _use(mode, each)
        assert len(server.requests) == sent


def test_without_a_cooldown_each_call_is_sent(mode: Mode, server: Server) -> None:
    server.always = refusal(402)
    client = mode.open(quota_cooldown=0)
    for sent in (1, 2):
        with pytest.raises(InsufficientCredits) as caught:
            _use(mode, client)
        assert (len(server.requests), caught.value.attempts) == (sent, 1)


def test_a_hundred_waiting_calls_stop_after_the_first(mode: Mode, server: Server) -> None:
    """In real time: by a clock whose waits take none, an hour may pass before the first answer."""
    server.always = refusal(402)

    def answer(request: httpx.Request) -> httpx.Response:
        _really(0.05)  # all others ask meanwhile
        return server(request)

    async def answer_async(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.05)
        return server(request)

    mode.server = answer if mode.name == "sync" else answer_async  # type: ignore[assignment]
    mode.clock = Clock()  # type: ignore[assignment]
    found = outcomes(mode, 101, rate="1/h")
    assert found == [InsufficientCredits] * 100
    assert len(server.requests) == 1


def _use(mode: Mode, client: Any) -> Any:
    call = client.influencer.products_analytics(user_id=USER_ID)
    return call if mode.name == "sync" else asyncio.run(_awaited(call))


async def _awaited(call: Any) -> Any:
    return await call


# --- Pace -------------------------------------------------------------------------------------


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
        _use(mode, client)
        assert mode.clock.time - 1000.0 == pytest.approx(at, abs=0.01)
    assert len(server.requests) == 7


def test_retries_keep_the_pace(mode: Mode, server: Server) -> None:
    server.always = refusal(503)
    with pytest.raises(ServerError):
        mode.page(options={"rate": "1/m"})
    assert mode.clock.time - 1000.0 >= 3 * 60 - 0.01


def test_a_deadline_before_the_pace_allows_is_an_error(mode: Mode, server: Server) -> None:
    client = mode.open(rate="1/m", deadline=5)
    _use(mode, client)
    with pytest.raises(TransportError, match="rate limit") as caught:
        _use(mode, client)
    assert (len(server.requests), caught.value.attempts) == (1, 0)


def test_a_deadline_also_bounds_the_wait_for_a_turn() -> None:
    clock = Clock()
    pace = Pace(RateText(1, 60_000), clock)
    with pace._turn, pytest.raises(TransportError, match="rate limit"):
        pace.wait(print, clock.now() + 0.05)

    async def main() -> None:
        async with pace._turn_async:
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
        _use(mode, client)
        _use(mode, client)
        assert len(server.requests) == bucket.count() == 2
    finally:
        limiter.close()


def _really(seconds: float) -> None:
    import time

    time.sleep(seconds)


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


# --- Cache ------------------------------------------------------------------------------------


def test_an_answer_is_asked_for_once(mode: Mode, server: Server, tmp_path: Path) -> None:
    for cached in (False, True):
        client = mode.open(cache=tmp_path / "answers")
        page = _use(mode, client)
        assert (page.from_cache, page.attempts, page.credits) == (cached, not cached, not cached)
        assert client.credits_spent == (not cached)
        assert page[0].to_dict() == server.rows[0]
        assert page.response.json()["data"] == server.rows
        mode.close(client)
    assert len(server.requests) == 1


def test_a_client_finds_its_own_answers(mode: Mode, server: Server, tmp_path: Path) -> None:
    client = mode.open(cache=tmp_path)
    assert [_use(mode, client).from_cache for _ in range(3)] == [False, True, True]
    mode.close(client)


@pytest.mark.parametrize("other", [{"user_id": "2"}, {"user_id": "1", "page_size": 3}])
def test_another_question_is_asked(
    mode: Mode, server: Server, tmp_path: Path, other: dict[str, Any]
) -> None:
    for arguments in ({"user_id": "1"}, other):
        mode.call(
            lambda client, found=arguments: client.influencer.products_analytics(**found),
            cache=tmp_path,
        )
    assert len(server.requests) == 2


@pytest.mark.parametrize("answer", [refusal(404), refusal(200, 7), success(None)])
def test_what_is_no_answer_is_not_kept(
    mode: Mode, server: Server, tmp_path: Path, answer: httpx.Response
) -> None:
    server.always = answer
    for _ in range(2):
        with pytest.raises((KeyAPIError, InvalidResponse)):
            mode.page(options={"cache": tmp_path})
    assert len(server.requests) == (2 if answer.status_code == 404 or answer.json()["code"] else 1)


def test_the_key_is_not_kept(mode: Mode, server: Server, tmp_path: Path) -> None:
    mode.page(options={"cache": tmp_path})
    server.rows = [{**server.rows[0], "product_name": KEY}]
    mode.page(options={"cache": tmp_path}, page_size=3)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY.encode() not in kept
    assert server.rows[0]["product_id"].encode() in kept


def test_an_old_answer_is_asked_for_anew(
    mode: Mode, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    started = time.time()
    for seconds, sent in ((0, 1), (3599, 1), (3601, 2)):
        monkeypatch.setattr(time, "time", lambda later=seconds: started + later)
        mode.page(options={"cache": {"path": str(tmp_path), "ttl": 3600}})
        assert len(server.requests) == sent


def test_clients_of_one_folder_may_differ_in_how_long_an_answer_counts(
    mode: Mode, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    started = time.time()
    for seconds, ttl, sent in ((0, 3600, 1), (60, 61, 1), (60, 59, 2), (118, 59, 2), (3500, 99, 3)):
        monkeypatch.setattr(time, "time", lambda later=seconds: started + later)
        mode.page(options={"cache": {"path": tmp_path, "ttl": ttl}})
        assert len(server.requests) == sent


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_nothing_can_be_kept_in_is_refused_before_anything_is_sent(
    mode: Mode, server: Server, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ConfigurationError, match="folder") as caught:
        mode.page(options={"cache": tmp_path / place})
    assert isinstance(caught.value.__cause__, OSError)
    assert (caught.value.attempts, server.requests) == (0, [])
    assert caught.value.operation is not None


@pytest.mark.parametrize("broken", ["streams", "chunks", "closed", "disk"])
def test_an_answer_that_was_paid_for_is_not_lost_to_a_fault_of_the_cache(
    mode: Mode,
    server: Server,
    tmp_path: Path,
    broken: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import sqlite3

    mode.page(options={"cache": tmp_path})
    client = mode.open(cache=tmp_path)
    if broken == "closed":
        client._session.cache(client._settings.cache).close()
    elif broken == "disk":
        tables = (
            "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
        with sqlite3.connect(next(tmp_path.glob("*.db"))) as database:
            database.execute(tables)
            database.execute("DELETE FROM entries")
        database.close()
    else:
        sql = {"streams": "DROP TABLE streams", "chunks": "DELETE FROM streams"}[broken]
        with sqlite3.connect(next(tmp_path.glob("*.db"))) as database:
            database.execute(sql)
        database.close()
    page = _use(mode, client)
    mode.close(client)
    assert page[0].to_dict() == server.rows[0]
    assert (page.from_cache, len(server.requests)) == (False, 2)
    assert {record.name.partition(".")[0] for record in caplog.records} & {"keyapi", "hishel"}


@pytest.mark.parametrize("damage", ["file", "body", "meaning"])
def test_a_damaged_entry_is_asked_for_anew(
    mode: Mode, server: Server, tmp_path: Path, damage: str
) -> None:
    import hashlib
    import sqlite3

    mode.page(options={"cache": tmp_path})
    (file,) = tmp_path.glob("*.db")
    if damage == "file":
        file.write_bytes(b"no database" * 1000)
    else:
        body = b'{"code": 7}'
        with sqlite3.connect(file) as database:
            database.execute(
                "UPDATE streams SET chunk_data = ? WHERE length(chunk_data) > 9", [body]
            )
            if damage == "meaning":
                (data,) = database.execute("SELECT data FROM entries").fetchone()
                start = data.index(b"x-keyapi-sha256")
                digest = hashlib.sha256(body).hexdigest().encode()
                at = next(
                    i
                    for i in range(start + 15, len(data))
                    if data[i : i + 64].isalnum() and len(data[i : i + 64]) == 64
                )
                data = data[:at] + digest + data[at + 64 :]
                database.execute("UPDATE entries SET data = ?", [data])
        database.close()
    page = mode.page(options={"cache": tmp_path})
    assert (page.from_cache, len(server.requests)) == (False, 2)


@pytest.mark.parametrize(
    "cache", ["", 5, {}, {"path": "a", "ttl": 0}, {"path": "a", "age": 1}, {"ttl": 5}]
)
def test_a_cache_that_is_none_is_refused(mode: Mode, cache: Any) -> None:
    with pytest.raises(ConfigurationError, match="cache"):
        mode.open(cache=cache)


def test_requests_by_hand_are_not_kept(mode: Mode, server: Server, tmp_path: Path) -> None:
    def use(client: Any) -> Any:
        if isinstance(client, AsyncTikTok):
            return client.get_async_httpx_client().get("/x?page_num=1&page_size=1")
        return client.get_httpx_client().get("/x?page_num=1&page_size=1")

    for _ in range(2):
        mode.call(use, cache=tmp_path)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "option", [{"rate": "5/s"}, {"cache": "answers"}, {"contract": "warn"}], ids=str
)
def test_an_option_without_its_extra_says_what_to_install(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, option: dict[str, Any]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=rf"keyapi-tiktok\[{next(iter(option))}\]"):
        mode.open(**option)
