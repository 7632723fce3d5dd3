"""A budget that processes share through Redis: the server that is called counts what was sent."""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from client.conftest import pickled
from client.test_isolation import forked
from keyapi import BudgetExceeded, ConfigurationError, RedisBudget
from keyapi._redis import account as accounts
from keyapi._redis import server as servers
from keyapi._redis.account import Account
from keyapi._redis.server import RedisServer
from keyapi_example import AsyncTikTok, TikTok
from support.documents import Block, blocks
from support.loopback import Loopback, until
from support.machines import REPEATABLE
from support.redis_server import RedisProcess, needs_redis

pytestmark = [needs_redis, pytest.mark.process]
KEY = "sk_live_c4nary"
LOT = 5


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """A server for the tests that leave it as it is."""
    with RedisProcess(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    """A server of the test's own, which keeps what it has over a restart."""
    with RedisProcess(tmp_path, keeps=True) as server:
        yield server


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


@contextmanager
def connected(server: RedisProcess) -> Iterator[Any]:
    from redis import Redis

    with Redis(port=server.port) as connection:
        yield connection


def out(server: RedisProcess, name: str) -> int:
    """How many credits are out, as Redis has it."""
    with connected(server) as redis:
        found = redis.hgetall(f"keyapi:budget:{name}")
    return int(found[b"granted"]) - int(found[b"returned"])


def calls(url: str, budget: RedisBudget, count: int, mode: str = "sync") -> int:
    """Make so many calls, or as many as the budget allows; tell how many pages came."""

    async def many() -> int:
        pages = 0
        async with AsyncTikTok(KEY, base_url=url, max_credits=budget) as tiktok:
            with suppress(BudgetExceeded):
                for number in range(count):
                    await tiktok.influencer.products_analytics(user_id=str(number))
                    pages += 1
        return pages

    if mode == "async":
        return asyncio.run(many())
    pages = 0
    with TikTok(KEY, base_url=url, max_credits=budget) as tiktok, suppress(BudgetExceeded):
        for number in range(count):
            tiktok.influencer.products_analytics(user_id=str(number))
            pages += 1
    return pages


# --- Together ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lot", [1, LOT, 1000])
def test_processes_spend_the_budget_exactly_and_no_more(
    loopback: Loopback, shared: RedisProcess, name: str, lot: int
) -> None:
    def work(number: int) -> int:
        budget = RedisBudget(shared.url, name, 41, lot=lot)
        return calls(loopback.url, budget, 30, ("sync", "async")[number % 2])

    pages = forked(work, 4)
    assert sum(pages) == len(loopback.targets) == 41 == out(shared, name)


def test_of_tasks_that_wait_for_a_lot_one_takes_it(shared: RedisProcess, name: str) -> None:
    with RedisBudget(shared.url, name, 41, lot=LOT) as budget:

        async def main() -> None:
            await asyncio.gather(*(budget.ready(1) for _ in range(3)))

        asyncio.run(main())
        assert out(shared, name) == LOT


def test_what_is_closed_gives_back_and_what_is_killed_loses_a_lot(
    loopback: Loopback, shared: RedisProcess, name: str
) -> None:
    kills, each, random, allowed = 4, 10, Random(5), 60  # noqa: S311 - no secret
    for _ in range(kills):
        before, seen = len(loopback.targets), random.randrange(each)
        child = os.fork()
        if child == 0:
            calls(loopback.url, RedisBudget(shared.url, name, allowed, lot=LOT), each)
            signal.pause()  # until it is killed, however fast it called
        assert until(lambda least=before + seen: len(loopback.targets) > least)  # type: ignore[misc]
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        assert len(loopback.targets) <= out(shared, name) <= allowed
    killed = len(loopback.targets)
    assert out(shared, name) - killed <= kills * LOT
    with RedisBudget(shared.url, name, allowed) as budget:
        assert calls(loopback.url, budget, 1) == 1
    assert out(shared, name) - killed <= kills * LOT + 1, "one was sent, and the rest given back"
    budget = RedisBudget(shared.url, name, allowed)
    left = allowed - out(shared, name)
    assert calls(loopback.url, budget, 1000) == left
    assert allowed - kills * LOT <= len(loopback.targets) <= allowed


def test_a_process_that_was_stopped_for_longer_than_it_may_spends_only_what_it_has(
    loopback: Loopback, shared: RedisProcess, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "HOLDER_SECONDS", 0.15)
    holder = uuid4().hex
    child = os.fork()
    if child == 0:
        with RedisBudget(shared.url, name, 40, lot=LOT) as budget:
            budget._account._holder = holder
            calls(loopback.url, budget, 1)
            os.kill(os.getpid(), signal.SIGSTOP)
            calls(loopback.url, budget, LOT - 2)
        os._exit(0)
    os.waitpid(child, os.WUNTRACED)
    time.sleep(0.2)
    budget = RedisBudget(shared.url, name, 40, lot=LOT)
    rest = calls(loopback.url, budget, 1000)
    assert rest == 40 - LOT
    with connected(shared) as redis:
        assert not redis.hexists(f"keyapi:budget:{name}", f"h:{holder}"), "it counts as gone"
    os.kill(child, signal.SIGCONT)
    assert os.waitpid(child, 0)[1] == 0
    assert len(loopback.targets) == 40 - 1 <= out(shared, name) <= 40


def test_threads_share_a_lot_and_a_forked_child_has_its_own(
    shared: RedisProcess, name: str
) -> None:
    with RedisBudget(shared.url, name, 1000, lot=LOT) as budget:
        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(lambda _: budget.reserve(1), range(LOT * 4 - 2)))
        assert out(shared, name) == LOT * 4

        def work(_: int) -> int:
            with budget:
                assert budget.reserve(1)
                return out(shared, name)

        assert forked(work, 1) == [LOT * 5]
        assert out(shared, name) == LOT * 4 + 1
        assert budget.reserve(2)
        assert out(shared, name) == LOT * 4 + 1, "the parent has what it had"
    assert out(shared, name) == LOT * 4 + 1


def test_each_keeps_to_the_number_that_it_was_given(shared: RedisProcess, name: str) -> None:
    with RedisBudget(shared.url, name, 10) as small, RedisBudget(shared.url, name, 20) as large:
        assert all(large.reserve(1) for _ in range(10))
        assert not small.reserve(1)
        assert (small.spent, small.allowed) == (10, 10)
        assert all(large.reserve(1) for _ in range(10))
        assert not large.reserve(1)
        large.refund(4)
        assert not small.reserve(1)
        assert large.reserve(4)
    with RedisBudget(shared.url, name, 30) as raised:
        assert raised.reserve(10)
        assert not raised.reserve(1)


def test_what_nobody_needs_goes_back(
    shared: RedisProcess, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RedisBudget(shared.url, name, 1000, lot=LOT) as budget:
        assert budget.spent == 0
        budget.reserve(LOT)
        budget.reserve(LOT)
        assert out(shared, name) == 2 * LOT
        budget.refund(2 * LOT)
        budget.refund(1)  # more than there was
        assert until(lambda: out(shared, name) == LOT), "more than a lot goes back at once"
        budget._account._beat()  # within which something was spent
        budget._account._beat()
        assert (out(shared, name), budget.spent) == (0, 0)
        budget.reserve(1)
    assert out(shared, name) == 1
    registered: list[Callable[[], None]] = []
    monkeypatch.setattr(atexit, "register", registered.append)
    budget = RedisBudget(shared.url, name, 1000)
    budget.reserve(1)
    registered[0]()  # as at the end of the program
    assert out(shared, name) == 2
    with pytest.raises(ConfigurationError, match="closed"):
        budget.reserve(1)
    budget.refund(1)
    budget.close()
    assert budget.spent == out(shared, name) == 2

    monkeypatch.undo()
    budget = RedisBudget(shared.url, name, 1000)
    budget.reserve(1)
    assert out(shared, name) > 3
    del budget
    assert until(lambda: out(shared, name) == 3), "what is dropped is closed, too"


@pytest.mark.parametrize("block", [b for b in blocks("py") if "RedisBudget" in b.code], ids=str)
def test_the_code_of_the_documents_runs(
    loopback: Loopback,
    shared: RedisProcess,
    block: Block,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KEYAPI_BASE_URL", loopback.url)
    monkeypatch.setenv("KEYAPI_TOKEN", KEY)
    code = block.code.replace("redis://redis.internal:6379/0", shared.url)
    exec(code, {"TikTok": TikTok, "user_id": "7"})  # noqa: S102 - it is ours
    assert len(loopback.targets) == 1
    assert capsys.readouterr().out == "1 of 10,000 credits are spent\n"


# --- Trouble ----------------------------------------------------------------------------------


def test_requests_wait_while_redis_is_gone_and_go_on_afterwards(
    loopback: Loopback, redis: RedisProcess, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "ATTEMPT", 0.2)
    budget = RedisBudget(redis.url, name, 3 * LOT, lot=LOT, patience=5)
    assert calls(loopback.url, budget, LOT) == LOT
    for away, back in ((redis.pause, redis.resume), (redis.kill, redis.start)):
        away()
        with ThreadPoolExecutor(1) as thread:
            going = thread.submit(calls, loopback.url, budget, LOT)
            time.sleep(0.5)
            sent = len(loopback.targets)
            assert sent % LOT == 0, "nothing is sent before it is in the budget"
            back()
            assert going.result() == LOT
    assert calls(loopback.url, budget, 1) == 0
    assert len(loopback.targets) == out(redis, name) == 3 * LOT


def test_an_event_loop_goes_on_while_redis_is_gone(
    loopback: Loopback, redis: RedisProcess, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "ATTEMPT", 0.1)
    budget = RedisBudget(redis.url, name, 100, lot=2, patience=5)

    async def main() -> float:
        options: dict[str, Any] = {"max_credits": budget, "rate": "100/s"}
        async with AsyncTikTok(KEY, base_url=loopback.url, **options) as tiktok:
            ask = tiktok.influencer.products_analytics
            await asyncio.gather(*(ask(user_id=str(number)) for number in range(2)))
            redis.pause()
            asked = asyncio.gather(*(ask(user_id=str(number)) for number in range(9)))
            longest = 0.0
            for _ in range(40):
                before = time.monotonic()
                await asyncio.sleep(0.01)
                longest = max(longest, time.monotonic() - before)
            assert not asked.done()
            redis.resume()
            await asked
        return longest

    assert asyncio.run(main()) < 0.3
    budget.close()
    assert len(loopback.targets) == 11 == out(redis, name)


def test_nothing_is_sent_once_redis_is_gone_for_good(
    loopback: Loopback, redis: RedisProcess, name: str
) -> None:
    budget = RedisBudget(redis.url, name, 1000, lot=LOT, patience=0.3)
    assert calls(loopback.url, budget, 1) == 1
    redis.kill()
    began = time.monotonic()
    problem = r"the Redis of the budget 'test_\w+' did not answer for 0\.\d s: ConnectionError"
    for mode in ("sync", "async"):
        with pytest.raises(ConfigurationError, match=problem) as caught:
            calls(loopback.url, budget, 1000, mode)
        assert caught.value.attempts == 0
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: _refusal(budget), range(8)))
    assert {type(error) for error in found} == {ConfigurationError}
    assert time.monotonic() - began < 2, "those who wait at the same time wait together"
    assert len(loopback.targets) == LOT
    budget._account._beat()
    budget.close()


def _refusal(budget: RedisBudget) -> Exception | None:
    try:
        budget.reserve(1)
    except Exception as error:
        return error
    return None


def test_what_arrives_late_or_twice_changes_nothing(
    shared: RedisProcess, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[Any, ...]] = []
    run = RedisServer.run

    def noted(server: RedisServer, *arguments: Any, until: float | None = None) -> list[Any]:
        sent.append(arguments)
        return run(server, *arguments, until=until)

    monkeypatch.setattr(RedisServer, "run", noted)
    with RedisBudget(shared.url, name, 100, lot=LOT) as budget:
        assert budget.reserve(1)
        budget._account._beat()
        budget._account._beat()
        assert budget.reserve(1)
        assert out(shared, name) == 1 + LOT
        for arguments in [*sent, *reversed(sent)]:
            run(budget._server, *arguments)
            assert out(shared, name) == 1 + LOT


def test_what_redis_has_forgotten_stops_whoever_remembers(redis: RedisProcess, name: str) -> None:
    budgets = [RedisBudget(redis.url, name, 100, lot=1) for _ in range(2)]
    older, newer = budgets
    assert older.reserve(1)
    with connected(redis) as connection:
        before = connection.dump(f"keyapi:budget:{name}")
        assert newer.reserve(1)
        connection.restore(f"keyapi:budget:{name}", 0, before, replace=True)
        with pytest.raises(ConfigurationError, match="as it was before"):
            newer.reserve(1)
        connection.flushall()
        with pytest.raises(ConfigurationError, match=r"has lost .* \(it is gone\)"):
            older.reserve(1)
        assert RedisBudget(redis.url, name, 100).reserve(1)
        with pytest.raises(ConfigurationError, match="another one"):
            older.reserve(1)
    for budget in budgets:
        budget.close()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("text", "it is a string"),
        ({"granted": "1", "returned": "0"}, "id, granted or returned"),
        ({"id": "a", "granted": "1", "returned": "2"}, "id, granted or returned"),
        ({"id": "a", "granted": "9" * 400, "returned": "0"}, "granted"),
        ({"id": "a", "granted": "1e9", "returned": "0"}, "granted"),
        ({"id": "a", "granted": "-5", "returned": "0"}, "granted"),
        ({"id": "a", "granted": "nan", "returned": "0"}, "granted"),
        ({"id": "a", "granted": "5", "returned": "0", "h:x": "what"}, "h:x"),
        ({"id": "a", "granted": "5", "returned": "0", "h:x": f"1 0 {10**20}"}, "h:x"),
        ({str(number): "1" for number in range(10_001)}, "10000 fields"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_budget_is_refused(shared: RedisProcess, content: Any, problem: str) -> None:
    with connected(shared) as redis:
        redis.delete("keyapi:budget:odd")
        if isinstance(content, str):
            redis.set("keyapi:budget:odd", content)
        else:
            redis.hset("keyapi:budget:odd", mapping=content)
        before = redis.dump("keyapi:budget:odd")
        with RedisBudget(shared.url, "odd", 100) as budget:
            with pytest.raises(ConfigurationError, match=f"damaged: .*{problem}"):
                budget.reserve(1)
            with pytest.raises(ConfigurationError, match="delete the key"):
                assert budget.spent
        assert redis.dump("keyapi:budget:odd") == before


def test_a_server_that_refuses_is_not_tried_again(shared: RedisProcess) -> None:
    for url in (f"redis://nobody:s3cret@127.0.0.1:{shared.port}", f"{shared.url[:-1]}99"):
        began = time.monotonic()
        with pytest.raises(ConfigurationError, match="'x' refused: ") as caught:
            RedisBudget(url, "x", 100).reserve(1)
        assert time.monotonic() - began < 2
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        *[b"+OK\r\n", b":" + b"9" * 10_000 + b"\r\n", b"*1\r\n" * 100_000, b"*0\r\n"],
        *[
            b"*1\r\n+what\r\n",
            b"*1\r\n+ok\r\n",
            b"*4\r\n+ok\r\n+a\r\n+b\r\n+c\r\n",
            b"$1\r\n\xff\r\n",
        ],
    ],
)
def test_what_only_looks_like_redis_is_an_error_of_ones_own(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    with listener.accept()[0] as connection, suppress(ConnectionError):
                        while connection.recv(65536):
                            connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        port = listener.getsockname()[1]
        budget = RedisBudget(f"redis://127.0.0.1:{port}", "x", 100, patience=0.1)
        with pytest.raises(ConfigurationError, match=r"^Not sent: "):
            budget.reserve(1)
        budget.close()


def test_redis_forgets_where_it_was_told_to(shared: RedisProcess, name: str) -> None:
    with connected(shared) as redis:
        with RedisBudget(shared.url, name, 100, expires=120) as budget:
            budget.reserve(1)
        assert 100 < redis.ttl(f"keyapi:budget:{name}") <= 120
        with RedisBudget(shared.url, name, 100) as budget:
            budget.reserve(1)
        assert redis.ttl(f"keyapi:budget:{name}") == -1


# --- Arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize("decode", [False, True])
def test_a_client_of_ones_own_serves(shared: RedisProcess, name: str, decode: bool) -> None:
    from redis import Redis

    with Redis(port=shared.port, socket_timeout=5, decode_responses=decode) as client:
        with RedisBudget(client, name, 100) as budget:
            assert budget.reserve(1)
            with pytest.raises(TypeError, match="cannot be pickled"):
                pickled(budget)
        assert client.ping()
        assert forked(lambda _: RedisBudget(client, name, 100).reserve(1)) == [True]


def test_a_budget_made_of_a_url_can_be_pickled_and_shows_no_password() -> None:
    made = RedisBudget("redis://:s3cret@127.0.0.1:1/0", "mine", 1000, lot=1, patience=0)
    budget = pickled(made)
    assert repr(budget) == repr(made) == "<RedisBudget 'mine': 1,000 credits>"
    assert (budget.name, budget.allowed) == ("mine", 1000)
    began = time.monotonic()
    with pytest.raises(ConfigurationError, match="did not answer") as caught:
        budget.reserve(1)
    assert time.monotonic() - began < 1
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"server": "http://:s3cret@host"}, "URL of a Redis server"),
        ({"server": "redis://:s3cret/#@host"}, "URL of a Redis server"),
        ({"server": 5}, "got builtins.int"),
        ({"name": ""}, "1 to 200 characters"),
        ({"name": "a\n"}, "1 to 200 characters"),
        ({"credits": -1}, "credits must be a whole number"),
        ({"credits": 10**15}, "credits must be at most"),
        ({"lot": 0}, "lot must be from 1"),
        ({"lot": True}, "lot must be a whole number"),
        ({"patience": -1}, "patience must be seconds"),
        ({"expires": 60}, "expires must be at least 120 seconds"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused(arguments: dict[str, Any], problem: str) -> None:
    given = {"server": "redis://127.0.0.1:1", "name": "x", "credits": 1, **arguments}
    with pytest.raises(ConfigurationError, match=problem) as caught:
        RedisBudget(**given)
    assert "s3cret" not in str(caught.value)


def test_a_client_that_waits_for_ever_or_cannot_be_shared_is_refused() -> None:
    from redis import Redis
    from redis.asyncio import Redis as AsyncRedis

    with pytest.raises(ConfigurationError, match="socket_timeout=5"):
        RedisBudget(Redis(socket_timeout=None), "x", 1)
    with pytest.raises(ConfigurationError, match=r"got redis\.asyncio"):
        RedisBudget(AsyncRedis(), "x", 1)  # type: ignore[arg-type]


# --- A model ----------------------------------------------------------------------------------


class _Unreliable(RedisServer):
    """Loses answers; the state machine says which.

    Attributes:
        lose: Whether the next answer is lost.
    """

    lose = False

    def run(self, *arguments: Any, until: float | None = None) -> list[Any]:
        answer = super().run(*arguments, until=until)
        if self.lose:
            self.lose = False
            raise ConfigurationError("lost")
        return answer


class BudgetMachine(RuleBasedStateMachine):
    """Processes that come, spend, stop, give back and die, by a clock that the machine sets."""

    url: str
    people = Bundle("people")

    def __init__(self) -> None:
        super().__init__()
        from redis import Redis

        self.redis = Redis.from_url(self.url)
        self.redis.flushall()
        self.now = 1_000_000
        self.redis.set("now", self.now)
        self.allowed = 30
        self.spent = 0
        self.dead = 0  # what died or expired with what it had, in credits at most
        self.open: list[Account] = []
        self.seen: dict[Account, int] = {}  # when each last reported

    def teardown(self) -> None:
        for account in self.open:
            self.dead += self._has_expired(account) * account._unspent
            account.close()
        assert self.spent <= self._out() <= self.spent + self.dead
        self.redis.close()

    def _out(self) -> int:
        granted, returned = self.redis.hmget("keyapi:budget:b", "granted", "returned")
        return int(granted or 0) - int(returned or 0)

    def _has_expired(self, account: Account) -> bool:
        return self.seen.get(account, self.now) + 60_000 <= self.now

    def _reports(self, account: Account) -> None:
        """Take note of an exchange that may have come too late for what was to go back."""
        self.seen[account] = self.now

    @rule(target=people, lot=st.sampled_from([1, 4, 50]), raised=st.sampled_from([0, 0, 10]))
    def come(self, lot: int, raised: int) -> Account:
        self.allowed += raised
        account = Account(_Unreliable(self.url, 1, "it"), "b", self.allowed, lot, None)
        account._beating = threading.current_thread()  # the machine is what beats
        self.open.append(account)
        return account

    @rule(account=people, cost=st.integers(1, 7), lose=st.booleans())
    def spend(self, account: Account, cost: int, lose: bool) -> None:
        if account not in self.open:
            return
        account._server.lose = lose  # type: ignore[attr-defined]
        out, asked = self._out(), account._unspent < cost
        try:
            if account.reserve(cost):
                self.spent += cost
            else:
                assert out + cost - account._unspent > account.allowed, "there was enough"
        except ConfigurationError:
            assert lose
        if asked:
            self._reports(account)

    @rule(account=people, cost=st.integers(1, 7))
    def refund(self, account: Account, cost: int) -> None:
        cost = min(cost, account._leased - account._returned - account._unspent)
        if account in self.open and cost:
            account.refund(cost)
            self.spent -= cost

    @rule(account=people)
    def beat(self, account: Account) -> None:
        if account in self.open:
            self.dead += account._unspent  # at most, if it counts as gone
            self.dead -= account._unspent * (not self._has_expired(account))
            account._beat()
            self._reports(account)

    @rule(account=people, killed=st.booleans())
    def go(self, account: Account, killed: bool) -> None:
        if account not in self.open:
            return
        self.open.remove(account)
        if killed:
            self.dead += account._leased - account._returned
            self.dead += 50  # an answer may have been lost with a lot in it
        else:
            self.dead += self._has_expired(account) * account._unspent
            account.close()

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        self.now += 1000 * seconds
        self.redis.set("now", self.now)

    @invariant()
    def no_more_is_spent_than_was_allowed(self) -> None:
        assert 0 <= self.spent <= self._out() <= self.allowed

    @invariant()
    def what_each_has_is_out(self) -> None:
        assert self.spent + sum(account._unspent for account in self.open) <= self._out()


@pytest.mark.once
def test_any_sequence_of_leases_losses_and_deaths_adds_up(
    shared: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "CLOCK", "local now = tonumber(redis.call('GET', 'now'))")
    monkeypatch.setattr(BudgetMachine, "url", f"{shared.url[:-1]}1", raising=False)
    run_state_machine_as_test(
        BudgetMachine,
        settings=settings(REPEATABLE, max_examples=25, stateful_step_count=25),
    )
