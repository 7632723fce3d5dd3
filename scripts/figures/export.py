"""What a bulk export costs over loopback, beside what people write by hand, in CPU time.

1,000 ids with five pages each, 16 at once; all are measured in turn, against a server in another
process. The others write Parquet, too, and would begin again after a crash:

export_overhead        an export over the same pages walked by the same client, and thrown away
export_vs_hand         over a loop of asyncio, httpx and pyarrow
export_vs_dlt          over a dlt pipeline with a paged resource, into its filesystem destination
export_page            CPU time of a page, in milliseconds
export_rows            rows per second
export_memory_10000    peak memory of exporting 10,000 ids of one page, in MB
export_memory_listed   the same of as many from a list of 1,000,000
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pyarrow as pa
import pyarrow.parquet as pq

from figures.calls import HEADERS, KEY, PATH, QUERY
from figures.creators import PAGES, ROWS, creators
from keyapi.export import aexport
from keyapi_tiktok import AsyncTikTok

_IDS = [f"{6_800_000_000_000_000_000 + n}" for n in range(1000)]
_WARM = 20  # ids of a round before, in which everything is imported
_AT_ONCE = 16


class _Took(NamedTuple):
    """What one measurement took, in seconds."""

    cpu: float
    wall: float


def measure(runs: int) -> dict[str, float]:
    """Measure the figures named above, each over so many runs."""
    with creators() as url:
        _round(url, _IDS[:_WARM])
        rounds = [_round(url, _IDS) for _ in range(runs)]

    def ratio(other: str) -> float:
        return statistics.median(each["export"].cpu / each[other].cpu for each in rounds)

    cpu = statistics.median(each["export"].cpu for each in rounds)
    wall = statistics.median(each["export"].wall for each in rounds)

    return {
        "export_overhead": ratio("client"),
        "export_vs_hand": ratio("hand"),
        "export_vs_dlt": ratio("dlt"),
        "export_page": 1000 * cpu / (len(_IDS) * PAGES),
        "export_rows": len(_IDS) * ROWS / wall,
        "export_memory_10000": memory(10_000, 10_000),
        "export_memory_listed": memory(1_000_000, 10_000),
    }


def _round(url: str, ids: list[str]) -> dict[str, _Took]:
    """One measurement of each way."""
    ways: dict[str, Callable[[Path], None]] = {
        "client": lambda _: asyncio.run(_walk(url, ids)),
        "export": lambda folder: asyncio.run(_export(url, ids, folder)),
        "hand": lambda folder: asyncio.run(_by_hand(url, ids, folder)),
        "dlt": lambda folder: _by_dlt(url, ids, folder),
    }
    found = {}
    for name, way in ways.items():
        with tempfile.TemporaryDirectory() as folder:
            gc.collect()  # what others left is not collected on this one's account
            cpu, wall = time.process_time(), time.perf_counter()
            way(Path(folder))
            found[name] = _Took(time.process_time() - cpu, time.perf_counter() - wall)
    return found


def memory(ids: int, asked: int) -> float:
    """Peak memory of a process that exports some ids of a list, in MB.

    Args:
        ids: How many ids are in the list.
        asked: How many of them the budget suffices for.
    """
    command = [sys.executable, "-m", "figures.export_process", str(ids), str(asked)]
    place = Path(__file__).parents[1]
    done = subprocess.run(command, capture_output=True, text=True, cwd=place, check=True)
    return float(done.stdout)


async def _walk(url: str, ids: list[str]) -> None:
    async with AsyncTikTok(KEY, base_url=url) as tiktok:

        async def one(user: str) -> None:
            async for page in tiktok.influencer.iter_products_analytics(user_id=user).pages():
                assert page is not None

        await _all_of(ids, one)


async def _export(url: str, ids: list[str], folder: Path) -> None:
    async with AsyncTikTok(KEY, base_url=url) as tiktok:
        walk = tiktok.influencer.iter_products_analytics
        report = await aexport(walk, ids, folder / "out", concurrency=_AT_ONCE)
    assert report.published == len(ids) * ROWS


async def _by_hand(url: str, ids: list[str], folder: Path) -> None:
    rows: list[dict[str, Any]] = []
    async with httpx.AsyncClient(base_url=url, headers=HEADERS) as client:

        async def one(user: str) -> None:
            for number in range(1, PAGES + 1):
                query = {**QUERY, "user_id": user, "page_num": number}
                response = await client.get(PATH, params=query)
                found = response.raise_for_status().json()["data"]
                rows.extend(found)
                if len(found) < QUERY["page_size"]:
                    break

        await _all_of(ids, one)
    assert len(rows) == len(ids) * ROWS
    pq.write_table(pa.Table.from_pylist(rows), folder / "products.parquet", compression="zstd")


async def _all_of(ids: list[str], one: Callable[[str], Any]) -> None:
    """Do something for each id, some at once."""
    left = iter(ids)

    async def work() -> None:
        for user in left:
            await one(user)

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))


def _by_dlt(url: str, ids: list[str], folder: Path) -> None:
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt

    @dlt.resource(name="products")
    def products() -> Iterator[Any]:
        with httpx.Client(base_url=url, headers=HEADERS) as client:
            for user in ids:
                for number in range(1, PAGES + 1):
                    query = {**QUERY, "user_id": user, "page_num": number}
                    found = client.get(PATH, params=query).raise_for_status().json()["data"]
                    yield found
                    if len(found) < QUERY["page_size"]:
                        break

    destination = dlt.destinations.filesystem(str(folder / "bucket"))
    pipeline = dlt.pipeline(
        "bench", destination=destination, dataset_name="bench", pipelines_dir=str(folder)
    )
    pipeline.run(products(), loader_file_format="parquet")
