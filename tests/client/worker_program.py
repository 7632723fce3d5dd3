"""A worker, one of several: makes calls in a process of its own and tells what they came to.

python worker_program.py {paced-sync,paced-async} URL REDIS_PORT CALLS
python worker_program.py cached URL FOLDER CREATORS

It starts when a line arrives, so that workers run side by side, and ends with one line of JSON:
the pages it got and the errors that it was raised, after the third of which it gives up.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from keyapi import KeyAPIError
from keyapi_example import AsyncTikTok, TikTok

KEY = "sk_live_c4nary"
BUCKET = "keyapi:sk_live"
LIMIT = 10  # requests in a second, by all workers together
ENOUGH = 3
Told = dict[str, list[Any]]


def limited(redis: Any) -> Any:
    from pyrate_limiter import Rate, RedisBucket

    return RedisBucket.init([Rate(LIMIT, 1000)], redis, BUCKET)


def paced_sync(url: str, port: str, calls: str) -> Told:
    from pyrate_limiter import Limiter
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    limiter = Limiter(limited(Redis(port=int(port), socket_timeout=5, retry=Retry(NoBackoff(), 0))))
    told: Told = {"pages": [], "errors": []}
    with TikTok(KEY, base_url=url, rate=limiter) as tiktok:
        start()
        for number in range(1, int(calls) + 1):
            try:
                page = tiktok.influencer.products_analytics(user_id=str(number))
                told["pages"].append(page.attempts)
            except KeyAPIError as error:
                told["errors"].append([type(error).__name__, str(error)])
            if len(told["errors"]) == ENOUGH:
                break
    return told


async def paced_async(url: str, port: str, calls: str) -> Told:
    from pyrate_limiter import Limiter
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    redis = Redis(port=int(port), socket_timeout=5, retry=Retry(NoBackoff(), 0))
    limiter = Limiter(await limited(redis))
    told: Told = {"pages": [], "errors": []}
    async with AsyncTikTok(KEY, base_url=url, rate=limiter) as tiktok:
        await asyncio.to_thread(start)
        for number in range(1, int(calls) + 1):
            try:
                page = await tiktok.influencer.products_analytics(user_id=str(number))
                told["pages"].append(page.attempts)
            except KeyAPIError as error:
                told["errors"].append([type(error).__name__, str(error)])
            if len(told["errors"]) == ENOUGH:
                break
    limiter.close()
    await redis.aclose()
    return told


def cached(url: str, folder: str, creators: str) -> Told:
    """Ask twice for each creator, by four threads; each page says whose it is and where from."""
    logging.basicConfig(level=logging.WARNING)

    def ask(number: int) -> list[Any]:
        page = tiktok.influencer.products_analytics(user_id=str(number))
        return [number, page[0].user_id, page.from_cache]

    numbers = range(1, int(creators) + 1)
    with TikTok(KEY, base_url=url, cache=folder) as tiktok, ThreadPoolExecutor(4) as threads:
        start()
        return {"first": list(threads.map(ask, numbers)), "second": list(map(ask, numbers))}


def start() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    kind, *arguments = sys.argv[1:]
    if kind == "paced-async":
        told = asyncio.run(paced_async(*arguments))
    else:
        told = {"paced-sync": paced_sync, "cached": cached}[kind](*arguments)
    print(json.dumps(told))
