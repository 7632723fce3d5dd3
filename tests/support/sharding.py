"""Exports by workers in processes of their own, which tests kill and stop."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any

from keyapi.export import Report, State, verify
from keyapi.export._records import Claim
from keyapi.export._segments.log import LogReader
from keyapi.export._segments.store import FolderStore
from keyapi.export._shards.api import export_on
from keyapi.export._shards.desk import Desk
from keyapi.export._shards.lease import LocalGrants
from keyapi.export._shards.shard import Described, Shard
from keyapi.export._shards.worker import Worker
from keyapi_example import AsyncTikTok
from support.creators import Creators, CreatorsServer
from support.exporting import DAY, KEY, expected, rows_of
from support.loopback import until

PRELOADED = ["keyapi.export", "keyapi_example", "keyapi._sending.http", "support.sharding"]


class WorkerDied(Exception):
    """A worker's process ended without a result."""


class Workers:
    """Runs each piece of work in a process of its own, some at a time.

    Args:
        most: How many at a time.

    Attributes:
        running: The processes that are at work.
    """

    def __init__(self, most: int) -> None:
        self.running: list[BaseProcess] = []
        self._context: Any = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)
        self._free = threading.Semaphore(most)
        self._threads: list[threading.Thread] = []

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have a process call a function."""
        future: Future[Any] = Future()
        thread = threading.Thread(target=self._run, args=(future, function, arguments))
        self._threads.append(thread)
        thread.start()
        return future

    def _run(self, future: Future[Any], function: Callable[..., Any], arguments: Any) -> None:
        with self._free:
            if not future.set_running_or_notify_cancel():
                return
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=_work, args=(theirs, function, arguments))
            process.start()
            theirs.close()
            self.running.append(process)
            try:
                result = ours.recv()
            except EOFError:
                future.set_exception(WorkerDied(str(process.pid)))
            else:
                future.set_result(result)
            finally:
                self.running.remove(process)
                process.join()

    def end(self) -> None:
        """Wait for all, having killed those that are left."""
        for process in list(self.running):
            process.kill()
        for thread in self._threads:
            thread.join()


@contextmanager
def workers(most: int) -> Iterator[Workers]:
    """Workers that are gone at the end."""
    made = Workers(most)
    try:
        yield made
    finally:
        made.end()


def _work(pipe: Connection, function: Callable[..., Any], arguments: Any) -> None:
    pipe.send(function(*arguments))


CONCURRENCY = 3
FLUSH = 4
SIZES = [0, 4, 10, 23, 31]


def made(count: int) -> Creators:
    return Creators({str(n): SIZES[n % 5] for n in range(1, count + 1)})


def spread(
    submit: Any, server: CreatorsServer, out: Path, *, client: Any = AsyncTikTok, **options: Any
) -> Report:
    """Export by workers; what is left out is as in all tests."""
    options = {
        "as_of": DAY,
        "on_new_day": "continue",
        "concurrency": CONCURRENCY,
        "flush_pages": FLUSH,
        "workers": 2,
        **options,
    }
    ids = options.pop("ids", list(server.creators.rows))
    rate = options.pop("rate", None)
    bound = client(KEY, base_url=server.url, max_retries=0, rate=rate)
    return export_on(submit, bound.influencer.iter_products_analytics, ids, out, **options)


def shard_of(tmp_path: Path, creators: Creators) -> tuple[Shard, FolderStore]:
    """One shard of all creators, described."""
    lies = FolderStore(tmp_path)
    shard = Shard(str(tmp_path), "run/shard-00001", "run/end-00000")
    plan = {
        "operation": "x",
        "id_parameter": "user_id",
        "arguments": {},
        "max_pages": None,
    }
    facts = {"plan": plan, "resource": "influencer", "method": "iter_products_analytics"}
    ids = [(Claim(n, id_), State.TODO) for n, id_ in enumerate(creators.rows, 1)]
    Described("", facts, ids).write(lies, shard)
    return shard, lies


class Credits:
    """A budget in memory."""

    def __init__(self, allowed: int = 10_000) -> None:
        self.allowed = allowed
        self.spent = 0

    def reserve(self, cost: int) -> bool:
        self.spent += cost
        return True

    def refund(self, cost: int) -> None:
        self.spent -= cost


@contextmanager
def desk(seconds: float = 30.0, credits_: Credits | None = None) -> Iterator[Desk]:
    """What grants one shard to processes."""
    made = Desk(LocalGrants(credits_ or Credits(), seconds), None, KEY)
    try:
        yield made
    finally:
        made.close()


def worker(server: CreatorsServer, desk: Desk, **settings: Any) -> Worker:
    return Worker(
        client=AsyncTikTok,
        options={"base_url": server.url, "max_retries": 0},
        access=desk.access,
        settings={"concurrency": CONCURRENCY, "flush_pages": FLUSH, **settings},
    )


def logged(lies: FolderStore, shard: Shard, creators: Creators) -> set[tuple[str, int]]:
    """Id and number of each page that a log has."""
    ids = list(creators.rows)
    log = LogReader(lies, shard.name)
    return {(ids[page.n - 1], page.page) for segment in log for page in segment.pages}


class Kills:
    """Kills workers of an export at random moments, and accounts for what was paid."""

    def __init__(self, out: Path, count: int, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - no secret
        self._count = count
        self.out = out
        self.creators = made(25 * count)
        self.again = 0

    def run(self) -> None:
        pages = self.creators.pages
        lot = 2 * 2 * CONCURRENCY  # of a killed worker, that counts as spent
        allowed = len(pages) + self._count * (CONCURRENCY + FLUSH + 2 * lot)
        with (
            CreatorsServer(self.creators, 0.01) as server,
            workers(2) as processes,
            ThreadPoolExecutor(1) as pool,
        ):
            exporting = pool.submit(spread, processes.submit, server, self.out, max_credits=allowed)
            try:
                for _ in range(self._count):
                    self._kill(server, processes.running)
            finally:
                report = exporting.result(120)
        assert report.complete
        assert self.creators.charged <= report.credits <= allowed
        self.again = self.creators.charged - len(pages)
        assert self.again <= self._count * (CONCURRENCY + FLUSH), f"{self.again} were paid again"
        assert rows_of(self.out) == expected(self.creators, pages)
        assert verify(self.out).problems == []

    def _kill(self, server: CreatorsServer, running: list[Any]) -> None:
        charged = self.creators.charged
        assert until(lambda: self.creators.charged > charged + 15)
        time.sleep(self._random.uniform(0, 0.1))
        assert until(lambda: server.in_flight > 0 and bool(running))
        victim = self._random.choice(running)
        os.kill(victim.pid, signal.SIGKILL)
        assert self.creators.charged < len(self.creators.pages)
