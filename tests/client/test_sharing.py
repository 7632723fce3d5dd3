"""Clients and iterators that many threads or tasks share, and what is open when they are done."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import threading
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest

from client.conftest import KEY, USER_ID, Mode, Server, product, success
from keyapi import ConfigurationError, PaginationError, ServerError, TransportError
from keyapi._operation import PagedOperation
from keyapi._paging import Cursor
from keyapi._sending.call import Call
from keyapi._sending.exchange import Received, Sent
from keyapi._sending.response import Success
from keyapi_example import AsyncTikTok, InfluencerProduct, TikTok
from support.clocks import FakeClock, clocked
from support.loopback import PATIENCE, Loopback, until

FEED = PagedOperation(
    name="feed",
    method="GET",
    path="/v1/feed",
    model=lambda: InfluencerProduct,
    paging=Cursor(parameter="cursor", next=("next",), type=str),
)

BOTH_WAYS = pytest.mark.parametrize(
    "options", [{}, {"deadline": PATIENCE}], ids=["plain", "deadline"]
)
"""A call that has a deadline is read in another way."""


async def until_async(happened: Callable[[], bool]) -> bool:
    async with asyncio.timeout(PATIENCE):
        while not happened():
            await asyncio.sleep(0.002)
    return True


def _ids(count: int) -> list[str]:
    return [product(number)["product_id"] for number in range(count)]


@contextlib.contextmanager
def _shared_by(server: Callable[[httpx.Request], httpx.Response]) -> Iterator[TikTok]:
    with TikTok(KEY, transport=httpx.MockTransport(server)) as client:
        yield client


# --- Connections ------------------------------------------------------------------------------


def test_one_connection_serves_twenty_successive_calls(loopback: Loopback) -> None:
    with TikTok(KEY, base_url=loopback.url) as client:
        for _ in range(20):
            client.influencer.products_analytics(user_id=USER_ID)
    assert (len(loopback.targets), loopback.connections) == (20, 1)


def test_one_connection_serves_twenty_successive_async_calls(loopback: Loopback) -> None:
    async def main() -> None:
        async with AsyncTikTok(KEY, base_url=loopback.url) as client:
            for _ in range(20):
                await client.influencer.products_analytics(user_id=USER_ID)

    asyncio.run(main())
    assert (len(loopback.targets), loopback.connections) == (20, 1)


def test_threads_that_share_a_client_get_their_own_answers(loopback: Loopback) -> None:
    asked = [f"{thread}{call:02}" for thread in range(20) for call in range(10)]
    with TikTok(KEY, base_url=loopback.url) as client, ThreadPoolExecutor(20) as threads:
        pages = threads.map(
            lambda user: client.influencer.products_analytics(user_id=user),
            asked,
            timeout=PATIENCE,
        )
        assert [page[0].user_id for page in pages] == asked
    assert loopback.connections <= 20


def test_tasks_that_share_a_client_get_their_own_answers(loopback: Loopback) -> None:
    asked = [str(number) for number in range(50)]

    async def main() -> list[str | None]:
        async with AsyncTikTok(KEY, base_url=loopback.url) as client:
            calls = (client.influencer.products_analytics(user_id=user) for user in asked)
            return [page[0].user_id for page in await asyncio.gather(*calls)]

    assert asyncio.run(main()) == asked


@BOTH_WAYS
def test_a_walk_left_early_leaves_no_connection_open(
    mode: Mode, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    def walk(client: Any) -> Any:
        return client.with_options(**options).influencer.iter_products_analytics(
            user_id=USER_ID, page_size=1
        )

    open_there = partial(mode.open, base_url=loopback.url, transport=None)
    monkeypatch.setattr(mode, "open", open_there)
    assert len(mode.walk(walk, take=1).rows) == 1
    assert until(lambda: not loopback.open)
    assert len(loopback.targets) == 1
    gc.collect()  # what was left open would warn now, and warnings are errors


def test_a_failed_call_leaves_no_connection_open(mode: Mode, loopback: Loopback) -> None:
    loopback.failures = 9
    with pytest.raises(ServerError):
        mode.page(options={"base_url": loopback.url, "transport": None})
    assert until(lambda: not loopback.open)
    gc.collect()


# --- Closing while calls are under way --------------------------------------------------------


@contextlib.contextmanager
def _held_calls(
    loopback: Loopback, **options: Any
) -> Iterator[tuple[TikTok, list[Future[object]]]]:
    """A client with four calls that the server does not answer, each in its thread."""
    loopback.free.clear()
    client = clocked(TikTok(KEY, base_url=loopback.url, **options), FakeClock())
    with client, ThreadPoolExecutor(4) as threads:
        calls: list[Future[object]] = [
            threads.submit(client.influencer.products_analytics, user_id=USER_ID) for _ in range(4)
        ]
        assert until(lambda: len(loopback.targets) == 4)
        try:
            yield client, calls
        finally:
            loopback.free.set()


@BOTH_WAYS
def test_calls_under_way_when_their_client_is_closed_end_in_an_error_of_ours(
    loopback: Loopback, options: dict[str, float]
) -> None:
    with _held_calls(loopback, **options) as (client, calls):
        client.close()
        loopback.free.set()
        errors = [call.exception(PATIENCE) for call in calls]
    assert {type(error) for error in errors} <= {ConfigurationError, TransportError}
    assert until(lambda: not loopback.open)


@BOTH_WAYS
def test_closing_an_async_client_ends_the_calls_of_other_tasks_at_once(
    loopback: Loopback, options: dict[str, float]
) -> None:
    async def main() -> list[Any]:
        loopback.free.clear()
        client = clocked(AsyncTikTok(KEY, base_url=loopback.url, **options), FakeClock())
        calls = [
            asyncio.create_task(client.influencer.products_analytics(user_id=USER_ID))
            for _ in range(4)
        ]
        await until_async(lambda: len(loopback.targets) == 4)
        await client.close()
        async with asyncio.timeout(PATIENCE / 2):
            return await asyncio.gather(*calls, return_exceptions=True)

    errors = asyncio.run(main())
    assert {type(error) for error in errors} <= {ConfigurationError, TransportError}
    loopback.free.set()
    assert until(lambda: not loopback.open)


class _Closing(FakeClock):
    """Closes a client while it waits, as another thread or task would."""

    client: Any

    def sleep(self, seconds: float) -> None:
        self.client.close()

    async def sleep_async(self, seconds: float) -> None:
        await self.client.close()


def _closed_while_waiting(mode: Mode, server: Server) -> ConfigurationError:
    mode.clock = clock = _Closing()

    def use(client: Any) -> Any:
        clock.client = client
        return client.influencer.products_analytics(user_id=USER_ID)

    server.always = httpx.ReadError("dropped")
    with pytest.raises(ConfigurationError, match="is closed") as caught:
        mode.call(use)
    return caught.value


def test_a_client_closed_while_it_waits_to_send_again_sends_nothing(
    mode: Mode, server: Server
) -> None:
    _closed_while_waiting(mode, server)
    assert len(server.requests) == 1


def test_a_client_closed_while_it_waits_counts_what_it_sent(mode: Mode, server: Server) -> None:
    assert _closed_while_waiting(mode, server).attempts == len(server.requests)


# --- Iterators shared -------------------------------------------------------------------------


@pytest.fixture
def _eager_threads() -> Iterator[None]:
    """Makes Python switch between threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_eager_threads")
@pytest.mark.parametrize("size", [1, 3, 10])
def test_threads_that_share_an_iterator_get_each_row_once(server: Server, size: int) -> None:
    server.holds(100)
    together = threading.Barrier(8)

    def take(walk: Iterator[Any]) -> list[str]:
        together.wait(PATIENCE)
        return [row.product_id for row in walk]

    with _shared_by(server) as client, ThreadPoolExecutor(8) as threads:
        walk = client.influencer.iter_products_analytics(user_id=USER_ID, page_size=size)
        taken = [threads.submit(take, walk) for _ in range(8)]
        ids = [row for part in taken for row in part.result(PATIENCE)]
    assert sorted(ids) == _ids(100)
    assert server.pages == list(range(1, 100 // size + 2))


@pytest.mark.usefixtures("_eager_threads")
def test_threads_that_share_an_iterator_over_pages_get_each_page_once(server: Server) -> None:
    server.holds(50)
    with _shared_by(server) as client, ThreadPoolExecutor(8) as threads:
        pages = client.influencer.iter_products_analytics(user_id=USER_ID, page_size=1).pages()
        taken = [threads.submit(list, pages) for _ in range(8)]
        numbers = [page.page_num for part in taken for page in part.result(PATIENCE)]
    assert sorted(numbers) == server.pages == list(range(1, 52))


@pytest.mark.usefixtures("_eager_threads")
def test_a_limit_holds_for_all_threads_that_share_an_iterator(server: Server) -> None:
    server.holds(100)
    with _shared_by(server) as client, ThreadPoolExecutor(8) as threads:
        walk = client.influencer.iter_products_analytics(user_id=USER_ID, page_size=3, limit=50)
        taken = [threads.submit(list, walk) for _ in range(8)]
        ids = [row.product_id for part in taken for row in part.result(PATIENCE)]
    assert sorted(ids) == _ids(50)


@pytest.mark.parametrize("size", [1, 3, 10])
def test_tasks_that_share_an_iterator_get_each_row_once(server: Server, size: int) -> None:
    server.holds(100)

    async def answer(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)  # lets the other tasks ask meanwhile
        return server(request)

    async def take(walk: AsyncIterator[Any]) -> list[str]:
        return [row.product_id async for row in walk]

    async def main() -> list[str]:
        async with AsyncTikTok(KEY, transport=httpx.MockTransport(answer)) as client:
            walk = client.influencer.iter_products_analytics(user_id=USER_ID, page_size=size)
            parts = await asyncio.gather(*(take(walk) for _ in range(8)))
        return [row for part in parts for row in part]

    assert sorted(asyncio.run(main())) == _ids(100)
    assert server.pages == list(range(1, 100 // size + 2))


# --- Iterators closed -------------------------------------------------------------------------

PARTS: dict[str, Callable[[Any], Any]] = {"rows": lambda walk: walk, "pages": lambda w: w.pages()}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("taken", [0, 1])
def test_a_closed_iterator_is_at_its_end(
    server: Server, part: Callable[[Any], Any], taken: int
) -> None:
    server.holds(25)
    with _shared_by(server) as client:
        walk = client.influencer.iter_products_analytics(user_id=USER_ID)
        rows = part(walk)
        for _ in range(taken):
            next(rows)
        walk.close()
        walk.close()
        assert list(rows) == []
    assert len(server.requests) == taken


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("taken", [0, 1])
def test_a_closed_async_iterator_is_at_its_end(
    server: Server, part: Callable[[Any], Any], taken: int
) -> None:
    server.holds(25)

    async def main() -> list[Any]:
        async with AsyncTikTok(KEY, transport=httpx.MockTransport(server)) as client:
            walk = client.influencer.iter_products_analytics(user_id=USER_ID)
            rows = part(walk)
            for _ in range(taken):
                await anext(rows)
            await walk.aclose()
            await walk.aclose()
            return [row async for row in rows]

    assert asyncio.run(main()) == []
    assert len(server.requests) == taken


def test_closing_ends_the_walk_of_its_block(server: Server) -> None:
    server.holds(25)
    with _shared_by(server) as client:
        with contextlib.closing(client.influencer.iter_products_analytics(user_id=USER_ID)) as walk:
            assert next(walk).product_id == _ids(1)[0]
        assert next(walk, None) is None
    assert server.pages == [1]


def test_aclosing_ends_the_walk_of_its_block(server: Server) -> None:
    server.holds(25)

    async def main() -> Any:
        async with AsyncTikTok(KEY, transport=httpx.MockTransport(server)) as client:
            async with contextlib.aclosing(
                client.influencer.iter_products_analytics(user_id=USER_ID)
            ) as walk:
                assert (await anext(walk)).product_id == _ids(1)[0]
            return await anext(walk, None)

    assert asyncio.run(main()) is None
    assert server.pages == [1]


def test_an_iterator_closed_while_it_fetches_a_page_fetches_no_other(server: Server) -> None:
    server.holds(25)
    walks: list[Any] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        await walks[0].aclose()  # as another task would
        return server(request)

    async def main() -> None:
        async with AsyncTikTok(KEY, transport=httpx.MockTransport(answer)) as client:
            walks.append(client.influencer.iter_products_analytics(user_id=USER_ID))
            async for _ in walks[0]:
                pass

    asyncio.run(main())
    assert server.pages == [1]


# --- Tasks cancelled --------------------------------------------------------------------------


@BOTH_WAYS
def test_a_call_that_is_cancelled_leaves_the_client_usable(
    loopback: Loopback, options: dict[str, float]
) -> None:
    async def main() -> str | None:
        async with AsyncTikTok(KEY, base_url=loopback.url, **options) as client:
            loopback.free.clear()
            call = asyncio.ensure_future(client.influencer.products_analytics(user_id="1"))
            # Cancelled in one moment of connecting, anyio leaves the connection to the server.
            assert await until_async(lambda: bool(loopback.arrivals))
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            loopback.free.set()
            assert await until_async(lambda: not loopback.open)
            return (await client.influencer.products_analytics(user_id="2"))[0].user_id

    assert asyncio.run(main()) == "2"


def test_calls_that_are_cancelled_make_no_room_scarce(loopback: Loopback) -> None:
    async def main() -> int:
        limits = httpx.Limits(max_connections=2)
        async with AsyncTikTok(
            KEY, base_url=loopback.url, timeout=PATIENCE, httpx_args={"limits": limits}
        ) as client:
            loopback.free.clear()
            for _ in range(3):
                calls = [client.influencer.products_analytics(user_id="1") for _ in range(4)]
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(asyncio.gather(*calls), 0.05)
            loopback.free.set()
            return len(await client.influencer.products_analytics(user_id="2"))

    assert asyncio.run(main()) == 1


def test_a_walk_that_is_cancelled_in_a_page_goes_on_with_that_page(server: Server) -> None:
    server.holds(5)
    held = [True]

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params["page_num"] == "2" and held:
            held.clear()
            await asyncio.sleep(PATIENCE)
        return server(request)

    async def main() -> list[str | None]:
        async with AsyncTikTok(KEY, transport=httpx.MockTransport(answer)) as client:
            walk = client.influencer.iter_products_analytics(user_id=USER_ID, page_size=2)
            first = [await anext(walk), await anext(walk)]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(walk), 0.05)
            return [row.product_id for row in (*first, *[row async for row in walk])]

    assert asyncio.run(main()) == _ids(5)


# --- Circles of pages -------------------------------------------------------------------------


def _by_number(client: Any) -> Any:
    return client.influencer.iter_products_analytics(user_id=USER_ID, page_size=1)


def _by_cursor(client: Any) -> Any:
    return client._iterate(FEED, {"cursor": 1}, limit=None, max_pages=None)


@pytest.mark.parametrize("length", [1, 2, 3, 5])
@pytest.mark.parametrize("lead", [0, 3])
@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("walk", [_by_number, _by_cursor])
def test_a_circle_of_pages_is_found(
    mode: Mode, walk: Callable[[Any], Any], part: Callable[[Any], Any], lead: int, length: int
) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        """Page 1, 2, 3 ...; after the last of `lead + length` pages comes page `lead` + 1."""
        params = request.url.params
        asked.append(int(params.get("page_num") or params["cursor"]))
        assert len(asked) < 100
        page = asked[-1] if asked[-1] <= lead else lead + 1 + (asked[-1] - lead - 1) % length
        following = page + 1 if page < lead + length else lead + 1
        return httpx.Response(200, json={**success([product(page)]).json(), "next": following})

    mode.server = answer
    walked = mode.walk(lambda client: part(walk(client)))
    assert isinstance(walked.error, PaginationError)
    assert len(asked) <= 3 * (lead + length)
    assert len(walked.rows) == len(asked) - 1


# --- What is left in memory -------------------------------------------------------------------


def _in_memory() -> Counter[str]:
    """How many of the things that hold an answer there are, garbage included."""
    kinds = (httpx.Request, httpx.Response, Received, Sent, Success, Call)
    return Counter(type(item).__name__ for item in gc.get_objects() if type(item) in kinds)


@contextlib.contextmanager
def _no_collection() -> Iterator[Counter[str]]:
    """Switches the collection of cycles off; gives what there was before."""
    gc.collect()
    gc.disable()
    try:
        yield _in_memory()
    finally:
        gc.enable()


@BOTH_WAYS
def test_an_answer_leaves_memory_with_its_page(
    loopback: Loopback, options: dict[str, float]
) -> None:
    with TikTok(KEY, base_url=loopback.url, **options) as client, _no_collection() as before:
        page = client.influencer.products_analytics(user_id=USER_ID)
        assert page[0].user_id == USER_ID
        assert _in_memory() - before
        del page
        assert not _in_memory() - before


@BOTH_WAYS
def test_an_answer_leaves_memory_with_its_page_in_an_async_client(
    loopback: Loopback, options: dict[str, float]
) -> None:
    async def main() -> Counter[str]:
        async with AsyncTikTok(KEY, base_url=loopback.url, **options) as client:
            with _no_collection() as before:
                page = await client.influencer.products_analytics(user_id=USER_ID)
                assert page[0].user_id == USER_ID
                assert _in_memory() - before
                del page
                return _in_memory() - before

    assert not asyncio.run(main())


def test_a_call_that_was_sent_again_leaves_nothing_in_memory(loopback: Loopback) -> None:
    loopback.failures = 2
    client = clocked(TikTok(KEY, base_url=loopback.url), FakeClock())
    with client, _no_collection() as before:
        assert client.influencer.products_analytics(user_id=USER_ID).attempts == 3
        assert not _in_memory() - before


def test_a_row_that_is_kept_keeps_no_response(loopback: Loopback) -> None:
    with TikTok(KEY, base_url=loopback.url) as client, _no_collection():
        page = client.influencer.products_analytics(user_id=USER_ID)
        response, row = weakref.ref(page.response), page[0]
        del page
        assert response() is None
        assert row.user_id == USER_ID
