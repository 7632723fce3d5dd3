"""What a page of ten rows costs over loopback, beside what people write by hand, in CPU time.

The server runs in a process of its own, and all are measured in turn. N is 1, 8 or 32 in flight:

sync_vs_OTHER          `TikTok` over httpx, urllib3, requests, or the unmodified generated client
async_N_vs_OTHER       `AsyncTikTok` over httpx or aiohttp
fast_N_vs_aiohttp      the same with `transport=keyapi.fast.AsyncTransport()`
async_throughput       pages per second at 32 in flight, over `httpx.AsyncClient`
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import NamedTuple

import aiohttp
import httpx
import requests
import urllib3

from figures.calls import HEADERS, KEY, PATH, QUERY, USER, generated, page
from figures.serving import serving
from keyapi.fast import AsyncTransport
from keyapi_tiktok import AsyncTikTok, TikTok

_CALLS = 256  # in one measurement
_IN_FLIGHT = (1, 8, 32)


class _Took(NamedTuple):
    """What one measurement took, in seconds."""

    cpu: float
    wall: float


def measure(runs: int) -> dict[str, float]:
    """Measure the figures named above, each over so many runs."""
    with tempfile.TemporaryDirectory() as scratch, serving(page()) as served:
        sync = _sync(served.url, runs, Path(scratch))
        return sync | asyncio.run(_async(served.url, runs))


def _sync(url: str, runs: int, scratch: Path) -> dict[str, float]:
    plain = generated(scratch)
    with ExitStack() as stack:
        tiktok = stack.enter_context(TikTok(KEY, base_url=url))
        bare = stack.enter_context(httpx.Client(base_url=url, headers=HEADERS))
        session = stack.enter_context(requests.Session())
        session.headers.update(HEADERS)
        pool = stack.enter_context(urllib3.PoolManager(headers=HEADERS))
        unmodified = plain.Client(base_url=url, headers=HEADERS)
        calls: dict[str, Callable[[], object]] = {
            "sync": lambda: tiktok.influencer.products_analytics(user_id=USER),
            "httpx": lambda: bare.get(PATH, params=QUERY).json(),
            "urllib3": lambda: pool.request("GET", url + PATH, fields=QUERY).json(),
            "requests": lambda: session.get(url + PATH, params=QUERY).json(),
            "generated": lambda: plain.sync(client=unmodified, **QUERY),
        }
        rounds = [{name: _repeated(call) for name, call in calls.items()} for _ in range(runs + 1)]
    return {f"sync_vs_{other}": _ratio(rounds, "sync", other) for other in [*calls][1:]}


def _repeated(call: Callable[[], object]) -> _Took:
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(_CALLS):
        call()
    return _Took(time.process_time() - cpu, time.perf_counter() - wall)


async def _async(url: str, runs: int) -> dict[str, float]:
    figures = {}
    for in_flight in _IN_FLIGHT:
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            ours = await enter(AsyncTikTok(KEY, base_url=url))
            fast = await enter(AsyncTikTok(KEY, base_url=url, transport=AsyncTransport()))
            bare = await enter(httpx.AsyncClient(base_url=url, headers=HEADERS))
            session = await enter(aiohttp.ClientSession(headers=HEADERS))
            calls = _async_calls(url, ours, fast, bare, session)
            rounds = [
                {name: await _gathered(call, in_flight) for name, call in calls.items()}
                for _ in range(runs + 1)
            ]
        for one, other in (("async", "httpx"), ("async", "aiohttp"), ("fast", "aiohttp")):
            figures[f"{one}_{in_flight}_vs_{other}"] = _ratio(rounds, one, other)
        figures["async_throughput"] = _ratio(rounds, "httpx", "async", wall=True)  # the last: 32
    return figures


def _async_calls(
    url: str,
    ours: AsyncTikTok,
    fast: AsyncTikTok,
    bare: httpx.AsyncClient,
    session: aiohttp.ClientSession,
) -> Mapping[str, Callable[[], Awaitable[object]]]:
    async def with_httpx() -> object:
        return (await bare.get(PATH, params=QUERY)).json()

    async def with_aiohttp() -> object:
        async with session.get(url + PATH, params=QUERY) as response:
            return await response.json()

    return {
        "async": lambda: ours.influencer.products_analytics(user_id=USER),
        "fast": lambda: fast.influencer.products_analytics(user_id=USER),
        "httpx": with_httpx,
        "aiohttp": with_aiohttp,
    }


async def _gathered(call: Callable[[], Awaitable[object]], in_flight: int) -> _Took:
    async def worker() -> None:
        for _ in range(_CALLS // in_flight):
            await call()

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return _Took(time.process_time() - cpu, time.perf_counter() - wall)


def _ratio(rounds: list[dict[str, _Took]], one: str, other: str, *, wall: bool = False) -> float:
    """The median ratio of two; the first round is not counted, it fills the caches."""

    def seconds(took: _Took) -> float:
        return took.wall if wall else took.cpu

    return statistics.median(seconds(each[one]) / seconds(each[other]) for each in rounds[1:])
