"""A real export by two processes on one key, with its pace, credits and leases on a Redis."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from redis import Redis

from keyapi.export._shards.api import export_on
from keyapi.sandbox import Sandbox
from keyapi_tiktok import TikTok

IDS, WORKERS, LIMIT, LATENCY = 600, 2, 20, 0.3
STORE = 0.001
"""Seconds that a folder takes for a file, about."""


class RealRun(NamedTuple):
    """What came of it.

    Attributes:
        seconds: How long it took, with workers that had imported everything.
        segments: How many segments were written.
        redis: How many questions Redis was asked.
    """

    seconds: float
    segments: int
    redis: int


def real_run() -> RealRun | None:
    """Export `IDS` ids of one page against the sandbox; None if redis-server is not installed."""
    if shutil.which("redis-server") is None:
        return None
    sandbox = Sandbox(TikTok, latency=LATENCY)
    os.environ["KEYAPI_TOKEN"] = sandbox.key  # which workers read
    with (
        tempfile.TemporaryDirectory() as scratch,
        _redis(scratch) as redis,
        sandbox.serve() as url,
        ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as pool,
        TikTok(base_url=url, rate=f"{LIMIT}/s") as tiktok,
    ):
        pa.array([1])  # imports pandas where it is installed, for a second
        for ready in [pool.submit(_import) for _ in range(WORKERS)]:
            ready.result()
        out = Path(scratch) / "out"
        ids = [f"{6_800_000_000_000_000_000 + n}" for n in range(IDS)]
        redis.config_resetstat()
        began = time.monotonic()
        report = export_on(
            pool.submit,
            tiktok.influencer.iter_products_analytics,
            ids,
            out,
            workers=WORKERS,
            max_pages=1,
            max_credits=2 * IDS,
            redis=f"redis://127.0.0.1:{redis.connection_pool.connection_kwargs['port']}/0",
        )
        seconds = time.monotonic() - began
        assert report.complete
        stats = redis.info("commandstats")
        asked = sum(stats[name]["calls"] for name in ("cmdstat_evalsha", "cmdstat_eval"))
        return RealRun(seconds, _segments(out), asked)


def _import() -> None:
    """Import what a worker needs; it imports this module for that, too."""
    import_module("keyapi._sending.http")
    import_module("pyrate_limiter")
    time.sleep(1)  # so that each worker gets one of these


def _segments(out: Path) -> int:
    """How many segments the logs had, by the journal, with those that sealed them."""
    (journal,) = out.glob("journal-*.sqlite")
    with closing(sqlite3.connect(journal)) as connection:
        query = "SELECT value FROM facts WHERE name LIKE 'log of %'"
        return sum(json.loads(value)[0] + 1 for (value,) in connection.execute(query))


@contextmanager
def _redis(folder: str) -> Iterator[Redis]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    server = subprocess.Popen([*command, "--dir", folder], stdout=subprocess.DEVNULL)
    try:
        with Redis(port=port) as redis:
            yield redis
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    print(real_run())
