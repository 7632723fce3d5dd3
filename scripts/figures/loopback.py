"""What a page of ten rows costs over loopback, beside what people write by hand, in CPU time.

The server runs in a process of its own, and all are measured in turn. N is 1, 8 or 32 in flight,
of sync calls by as many threads:

sync_vs_OTHER          `TikTok` over httpx, urllib3, requests, or the unmodified generated client
sync_N_vs_OTHER        the same by 8 or 32 threads
async_N_vs_OTHER       `AsyncTikTok` over httpx, aiohttp, or the unmodified generated client
fast_N_vs_OTHER        the same with `transport=keyapi.fast.AsyncTransport()`
async_throughput       pages per second at 32 in flight, over `httpx.AsyncClient`
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import httpx
import requests
import urllib3

from figures.calls import HEADERS, KEY, PATH, QUERY, USER, generated, page
from figures.serving import serving
from keyapi.fast import AsyncTransport
from keyapi_tiktok import AsyncTikTok, TikTok

_CALLS = 128  # in one measurement
_IN_FLIGHT = (1, 8, 32)


class _Took(NamedTuple):
    """What one measurement took, in seconds."""

    cpu: float
    wall: float


def measure(runs: int) -> dict[str, float]:
    """Measure the figures named above, each over so many runs."""
    rounds = 2 * runs + 1
    with tempfile.TemporaryDirectory() as scratch, serving(page()) as served:
        plain = generated(Path(scratch))
        figures: dict[str, float] = {}
        for in_flight in _IN_FLIGHT:
            figures |= _sync(served.url, plain, in_flight, rounds)
        for in_flight in _IN_FLIGHT:
            figures |= asyncio.run(_async(served.url, plain, in_flight, rounds))
    return figures


def _sync(url: str, plain: Any, in_flight: int, rounds: int) -> dict[str, float]:
    with ExitStack() as stack:
        tiktok = stack.enter_context(TikTok(KEY, base_url=url))
        bare = stack.enter_context(httpx.Client(base_url=url, headers=HEADERS))
        session = stack.enter_context(requests.Session())
        session.headers.update(HEADERS)
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=in_flight))
        pool = stack.enter_context(urllib3.PoolManager(headers=HEADERS, maxsize=in_flight))
        unmodified = plain.Client(base_url=url, headers=HEADERS)
        calls: dict[str, Callable[[], object]] = {
            "sync": lambda: tiktok.influencer.products_analytics(user_id=USER),
            "httpx": lambda: bare.get(PATH, params=QUERY).json(),
            "urllib3": lambda: pool.request("GET", url + PATH, fields=QUERY).json(),
            "requests": lambda: session.get(url + PATH, params=QUERY).json(),
            "generated": lambda: plain.sync(client=unmodified, **QUERY),
        }
        threads = stack.enter_context(ThreadPoolExecutor(in_flight))
        times = [
            {name: _repeated(call, threads, in_flight) for name, call in calls.items()}
            for _ in range(rounds)
        ]
    name = "sync" if in_flight == 1 else f"sync_{in_flight}"
    return {f"{name}_vs_{other}": _ratio(times, "sync", other) for other in [*calls][1:]}


def _repeated(call: Callable[[], object], threads: ThreadPoolExecutor, in_flight: int) -> _Took:
    def work(_: int) -> None:
        for _ in range(_CALLS // in_flight):
            call()

    gc.collect()  # what others left is not collected on this one's account
    cpu, wall = time.process_time(), time.perf_counter()
    list(threads.map(work, range(in_flight)))
    return _Took(time.process_time() - cpu, time.perf_counter() - wall)


async def _async(url: str, plain: Any, in_flight: int, rounds: int) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        ours = await enter(AsyncTikTok(KEY, base_url=url))
        fast = await enter(AsyncTikTok(KEY, base_url=url, transport=AsyncTransport()))
        bare = await enter(httpx.AsyncClient(base_url=url, headers=HEADERS))
        session = await enter(aiohttp.ClientSession(headers=HEADERS))
        unmodified = await enter(plain.Client(base_url=url, headers=HEADERS))
        calls = _async_calls(url, ours, fast, bare, session)
        calls["generated"] = lambda: plain.asyncio(client=unmodified, **QUERY)
        times = [
            {name: await _gathered(call, in_flight) for name, call in calls.items()}
            for _ in range(rounds)
        ]
    figures = {
        f"{name}_{in_flight}_vs_{other}": _ratio(times, name, other)
        for name in ("async", "fast")
        for other in ("httpx", "aiohttp", "generated")
    }
    if in_flight == _IN_FLIGHT[-1]:
        figures["async_throughput"] = _ratio(times, "httpx", "async", wall=True)
    return figures


def _async_calls(
    url: str,
    ours: AsyncTikTok,
    fast: AsyncTikTok,
    bare: httpx.AsyncClient,
    session: aiohttp.ClientSession,
) -> dict[str, Callable[[], Awaitable[object]]]:
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

    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return _Took(time.process_time() - cpu, time.perf_counter() - wall)


def _ratio(rounds: list[dict[str, _Took]], one: str, other: str, *, wall: bool = False) -> float:
    """The median ratio of two; the first round is not counted, it fills the caches."""

    def seconds(took: _Took) -> float:
        return took.wall if wall else took.cpu

    return statistics.median(seconds(each[one]) / seconds(each[other]) for each in rounds[1:])
