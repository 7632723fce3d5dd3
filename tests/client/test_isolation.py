"""Clients that are used before a fork, and in one event loop after another."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from client.conftest import KEY, USER_ID, Mode, Server, first_page, success
from keyapi import BudgetExceeded, ConfigurationError, _isolation
from keyapi._sending.network import AsyncTransport
from keyapi_example import AsyncTikTok, TikTok
from support.loopback import PATIENCE, Loopback

WORKERS, CALLS = 4, 200  # as in the report of wrong answers


def forked(work: Callable[[int], Any], workers: int = 1) -> list[Any]:
    """What work comes to in so many forked children, each of which has a number."""
    pipes = []
    for number in range(workers):
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks where threads run
            child = os.fork()
        if child == 0:
            signal.alarm(int(3 * PATIENCE))  # a child that hangs ends
            try:
                outcome = work(number)
            except BaseException as error:
                outcome = error
            with open(writing, "wb") as pipe:
                pickle.dump(outcome, pipe)
            os._exit(0)
        os.close(writing)
        pipes.append((child, reading))
    outcomes = []
    for child, reading in pipes:
        with open(reading, "rb") as pipe:
            content = pipe.read()
        os.waitpid(child, 0)
        outcomes.append(pickle.loads(content) if content else "the child hung")
    return outcomes


def wrong_answers(mode: Mode, client: Any, numbers: range) -> list[str]:
    """The creators for whom another one's rows came."""
    users = [str(number) for number in numbers]
    call = client.influencer.products_analytics
    if mode.name == "sync":
        with ThreadPoolExecutor(4) as pool:
            pages = list(pool.map(lambda user: call(user_id=user), users))
    else:

        async def main() -> Any:
            turn = asyncio.Semaphore(4)

            async def one(user: str) -> Any:
                async with turn:
                    return await call(user_id=user)

            return await asyncio.gather(*map(one, users))

        pages = asyncio.run(main())
    return [user for user, page in zip(users, pages, strict=True) if page[0].user_id != user]


@contextmanager
def opened(mode: Mode, **options: Any) -> Iterator[Any]:
    client = mode.client(KEY, **options)
    yield client
    mode.close(client)


@pytest.mark.process
@pytest.mark.parametrize("limited", [False, True], ids=["plain", "rate, cache and budget"])
def test_forked_workers_get_their_own_answers(
    mode: Mode, loopback: Loopback, tmp_path: Path, limited: bool
) -> None:
    calls = CALLS // 4 if limited else CALLS
    limits = httpx.Limits(keepalive_expiry=600)  # however slow the machine is
    options: dict[str, Any] = {"base_url": loopback.url, "httpx_args": {"limits": limits}}
    options |= {"timeout": PATIENCE, "max_retries": 0}  # what fails says why
    if limited:
        options |= {"rate": "5000/s", "cache": tmp_path, "max_credits": calls + 8}
    with opened(mode, **options) as client:
        assert wrong_answers(mode, client, range(8)) == []
        before = loopback.connections

        def work(number: int) -> Any:
            first = 1000 * (number + 1)
            wrong = wrong_answers(mode, client, range(first, first + calls))
            return wrong, client.credits_spent

        assert forked(work, WORKERS) == [([], 8 + calls)] * WORKERS
        assert loopback.connections >= before + WORKERS
        assert len(loopback.targets) == 8 + WORKERS * calls
        assert client.credits_spent == 8
        after = loopback.connections
        assert wrong_answers(mode, client, range(100, 101)) == []
        if mode.name == "sync":  # the parent's own connections are as they were
            assert loopback.connections == after


@pytest.mark.process
@pytest.mark.parametrize("lock", ["session", "limits", "pace"])
def test_a_lock_that_is_held_at_the_fork_is_free_in_the_child(
    mode: Mode, loopback: Loopback, lock: str
) -> None:
    with opened(mode, base_url=loopback.url, rate="1000/s") as client:
        first_page(mode, client)
        session = client._session
        (pace,) = session._paces.values()
        held = {"session": session._lock, "limits": session.limits._lock, "pace": pace._turn}[lock]
        taken, done = threading.Event(), threading.Event()

        def hold() -> None:
            with held:
                taken.set()
                done.wait(PATIENCE)

        thread = threading.Thread(target=hold)
        thread.start()
        taken.wait(PATIENCE)
        found = forked(lambda _: len(wrong_answers(mode, client, range(1))))
        done.set()
        thread.join()
    assert found == [0]


@pytest.mark.process
def test_a_child_may_spend_what_the_parent_had_left(mode: Mode, loopback: Loopback) -> None:
    with opened(mode, base_url=loopback.url, max_credits=3) as client:
        first_page(mode, client)

        def work(_: int) -> Any:
            wrong_answers(mode, client, range(2))
            return first_page(mode, client)

        (error,) = forked(work)
        assert isinstance(error, BudgetExceeded)
        assert (error.spent, client.credits_spent) == (3, 1)


@pytest.mark.process
@pytest.mark.parametrize("place", ["transport", "mounts"])
def test_a_transport_of_the_users_own_is_refused_in_a_child(loopback: Loopback, place: str) -> None:
    with httpx.HTTPTransport() as transport:
        mounts = {"httpx_args": {"mounts": {"all://": transport}}}
        options: Any = mounts if place == "mounts" else {"transport": transport}
        with TikTok(KEY, base_url=loopback.url, **options) as client:
            client.influencer.products_analytics(user_id=USER_ID)
            (error,) = forked(lambda _: client.influencer.products_analytics(user_id=USER_ID))
    assert isinstance(error, ConfigurationError)
    assert "made before this process was forked" in str(error)
    assert len(loopback.targets) == 1


# --- Event loops ------------------------------------------------------------------------------


async def ask(client: AsyncTikTok, times: int = 20) -> None:
    calls = [client.influencer.products_analytics(user_id=str(user)) for user in range(times)]
    pages = await asyncio.gather(*calls)
    assert [page[0].user_id for page in pages] == [str(user) for user in range(times)]


@pytest.mark.parametrize("limited", [False, True], ids=["plain", "rate and cache"])
def test_an_async_client_serves_one_loop_after_another(
    loopback: Loopback, tmp_path: Path, limited: bool
) -> None:
    options: dict[str, Any] = {"rate": "50/s", "cache": tmp_path} if limited else {}
    client = AsyncTikTok(KEY, base_url=loopback.url, **options)
    for _ in range(3):
        asyncio.run(ask(client))
    assert len(loopback.targets) == (20 if limited else 60)
    asyncio.run(client.close())


def test_an_async_client_serves_two_loops_at_once(loopback: Loopback) -> None:
    client = AsyncTikTok(KEY, base_url=loopback.url, rate="500/s")
    with ThreadPoolExecutor(2) as pool:
        for result in [pool.submit(asyncio.run, ask(client)) for _ in range(4)]:
            result.result()
    assert len(loopback.targets) == 80
    asyncio.run(client.close())


class Connected(httpx.AsyncHTTPTransport):
    """A transport whose connections are their loop's, without any."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return success([{"user_id": "0"}])

    async def aclose(self) -> None:
        raise RuntimeError("Event loop is closed")


def test_a_transport_of_the_users_own_serves_one_loop() -> None:
    client = AsyncTikTok(KEY, transport=Connected())
    asyncio.run(ask(client, 1))
    with pytest.raises(ConfigurationError, match="served another event loop"):
        asyncio.run(ask(client, 1))
    assert client.credits_spent == 1
    asyncio.run(client.close())


def test_a_transport_that_cannot_be_closed_in_its_own_loop_says_so() -> None:
    async def main() -> None:
        client = AsyncTikTok(KEY, transport=Connected())
        await ask(client, 1)
        await client.close()

    with pytest.raises(RuntimeError, match="Event loop is closed"):
        asyncio.run(main())


def test_a_walk_goes_on_in_another_loop(server: Server) -> None:
    server.holds(25)
    client = AsyncTikTok(KEY, transport=httpx.MockTransport(server))
    rows = client.influencer.iter_products_analytics(user_id=USER_ID)

    async def take(count: int) -> list[str]:
        async def one() -> str:
            return (await anext(rows)).product_id

        return list(await asyncio.gather(*(one() for _ in range(count))))

    found = asyncio.run(take(12)) + asyncio.run(take(13))
    assert sorted(found) == sorted(row["product_id"] for row in server.rows)
    asyncio.run(client.close())


def test_without_a_loop_of_asyncio_nothing_is_sent(server: Server) -> None:
    """As under trio, whose coroutines run without one."""
    client = AsyncTikTok(KEY, transport=httpx.MockTransport(server))
    call = client.influencer.products_analytics(user_id=USER_ID)
    with pytest.raises(ConfigurationError, match=r"no event loop of asyncio.*to_thread"):
        call.send(None)
    assert (server.requests, client.credits_spent) == ([], 0)


# --- What a child does, in this process -------------------------------------------------------


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # what is left to the parent
@pytest.mark.parametrize("used", [False, True])
def test_what_is_renewed_begins_anew(
    mode: Mode, loopback: Loopback, tmp_path: Path, used: bool
) -> None:
    with opened(mode, base_url=loopback.url, rate="1000/s", cache=tmp_path) as client:
        assert wrong_answers(mode, client, range(1)) == []
        _isolation._renew()
        if used:
            assert wrong_answers(mode, client, range(1, 2)) == []
            assert loopback.connections == 2
    assert client.credits_spent == 1 + used
    gc.collect()


def test_a_transport_of_the_users_own_is_not_renewed(loopback: Loopback) -> None:
    with TikTok(KEY, base_url=loopback.url, transport=httpx.HTTPTransport()) as client:
        client.influencer.products_analytics(user_id=USER_ID)
        _isolation._renew()
        with pytest.raises(ConfigurationError, match="before this process was forked"):
            client.influencer.products_analytics(user_id=USER_ID)
    assert len(loopback.targets) == 1


def test_connections_of_a_loop_that_was_left_are_forgotten() -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200)

    transport = AsyncTransport(Silent)
    request = httpx.Request("GET", "http://host")
    for _ in range(2):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(transport.handle_async_request(request))
        loop.close()  # without an end of its generators
    assert list(transport._made) == [loop]


def test_a_time_out_of_the_programs_own_is_not_the_deadline() -> None:
    class Impatient(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise TimeoutError("of a hook")

    async def main() -> None:
        async with AsyncTikTok(KEY, transport=Impatient(), deadline=PATIENCE) as client:
            await client.influencer.products_analytics(user_id=USER_ID)

    with pytest.raises(TimeoutError, match="of a hook"):
        asyncio.run(main())
