"""How a rate of 20/s is kept over 30 s, against a server in a process of its own; takes a minute.

pace_sync              share of the requests allowed that were sent, by 20 threads
pace_sync_window       the most requests that reached the server in any one second
pace_async             as pace_sync, by 20 tasks
pace_async_window      as pace_sync_window, by 20 tasks
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from figures.calls import page
from figures.serving import serving
from keyapi_tiktok import AsyncTikTok, TikTok

_USER = "6813855719982466054"
_KEY = "sk_bench"
_LIMIT = 20  # requests in one second
_SECONDS = 30.0
_CALLERS = 20
_WARMING = 10  # calls that each makes first, unpaced, so that the connections are there


def measure(runs: int) -> dict[str, float]:
    """Measure the figures named above; once, whatever `runs` says."""
    with serving(page()) as served:
        _threads(served.url)
        sync_arrivals = served.arrivals()
        asyncio.run(_tasks(served.url))
        async_arrivals = served.arrivals()
    return {
        "pace_sync": _share(sync_arrivals),
        "pace_sync_window": _window(sync_arrivals),
        "pace_async": _share(async_arrivals),
        "pace_async_window": _window(async_arrivals),
    }


def _threads(url: str) -> None:
    with TikTok(_KEY, base_url=url) as tiktok, ThreadPoolExecutor(_CALLERS) as threads:
        paced = tiktok.with_options(rate=f"{_LIMIT}/s")

        def warm(_: int) -> None:
            for _ in range(_WARMING):
                tiktok.influencer.products_analytics(user_id=_USER)

        def call(_: int) -> None:
            while time.monotonic() < end:
                paced.influencer.products_analytics(user_id=_USER)

        list(threads.map(warm, range(_CALLERS)))
        end = time.monotonic() + _SECONDS
        list(threads.map(call, range(_CALLERS)))


async def _tasks(url: str) -> None:
    async with AsyncTikTok(_KEY, base_url=url) as tiktok:
        paced = tiktok.with_options(rate=f"{_LIMIT}/s")

        async def warm() -> None:
            for _ in range(_WARMING):
                await tiktok.influencer.products_analytics(user_id=_USER)

        async def call() -> None:
            while time.monotonic() < end:
                await paced.influencer.products_analytics(user_id=_USER)

        await asyncio.gather(*(warm() for _ in range(_CALLERS)))
        end = time.monotonic() + _SECONDS
        await asyncio.gather(*(call() for _ in range(_CALLERS)))


def _paced(arrivals: list[float]) -> list[float]:
    """The arrivals after the warming."""
    paced = arrivals[_CALLERS * _WARMING :]
    assert paced == sorted(paced)
    assert paced
    return paced


def _share(arrivals: list[float]) -> float:
    first, *later = _paced(arrivals)
    sent = 1 + sum(1 for moment in later if moment < first + _SECONDS)
    return sent / (_LIMIT * _SECONDS)


def _window(arrivals: list[float]) -> float:
    paced = _paced(arrivals)
    return max(sum(1 for at in paced[i:] if at < first + 1) for i, first in enumerate(paced))
