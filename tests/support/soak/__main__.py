"""Soak the client, and print what both sides counted: `python -m support.soak [SECONDS] [SEED]`."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from keyapi_example import AsyncTikTok, TikTok
from support.clocks import clocked
from support.soak.server import LATE
from support.soak.workers import TASKS, THREADS, HastyClock, Tally, tasks, threads

_MEGABYTES = 16
"""By how much the process may grow after the first quarter of the time, at most."""
_POOLS = 2 * 100
"""Connections that the pools of both clients may hold, by httpx's default limits."""


class Line(NamedTuple):
    """A line of the account: what it is about, what should be, what is, and if that will do."""

    what: str
    expected: Any
    found: Any
    holds: bool


class Resources(NamedTuple):
    """What the process holds: descriptors, megabytes of memory, and threads."""

    descriptors: int
    megabytes: float
    threads: int

    @classmethod
    def now(cls) -> Resources:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        megabytes = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        return cls(len(os.listdir("/proc/self/fd")), megabytes, threading.active_count())


def soak(seconds: float, seed: int) -> list[Line]:
    """Run tasks and threads at once, and account for what they did."""
    logging.disable()  # each retry is logged
    with _server(seed) as url, TemporaryDirectory() as folder:
        before = Resources.now()
        options: dict[str, Any] = {
            "base_url": url,
            "timeout": LATE / 2,
            "max_retries": 2,
            "quota_cooldown": 0,
        }
        sync = clocked(TikTok("sk_live_threads", **options), HastyClock())
        aio = clocked(AsyncTikTok("sk_live_tasks", **options, cache=folder), HastyClock())
        settled: list[Resources] = []
        timer = threading.Timer(seconds / 4, lambda: settled.append(Resources.now()))
        timer.start()
        tallies: dict[str, Tally] = {}

        async def main() -> None:
            in_threads = asyncio.to_thread(threads, sync, seconds, seed)
            tallies["threads"], tallies["tasks"] = await asyncio.gather(
                in_threads, tasks(aio, seconds, seed + THREADS)
            )
            tallies["tasks"].wrong += [f"left running: {t}" for t in _others()]
            await aio.close()

        asyncio.run(main())
        timer.join()
        busy = Resources.now()
        sync.close()
        counts = _settled(url)
        after = Resources.now()
    _print(tallies, counts, seconds)
    return [
        *_of_client("threads", tallies["threads"], sync.credits_spent, counts),
        *_of_client("tasks", tallies["tasks"], aio.credits_spent, counts),
        Line("connections at the end", 0, counts["open"], counts["open"] == 0),
        Line(
            "connections at most",
            f"<= {_POOLS}",
            counts["most_open"],
            counts["most_open"] <= _POOLS,
        ),
        Line(
            "descriptors at the end",
            before.descriptors,
            after.descriptors,
            after.descriptors <= before.descriptors,
        ),
        Line("threads at the end", before.threads, after.threads, after.threads <= before.threads),
        Line(
            "megabytes grown since the first quarter",
            f"<= {_MEGABYTES}",
            f"{busy.megabytes - settled[0].megabytes:.1f}",
            busy.megabytes - settled[0].megabytes <= _MEGABYTES,
        ),
    ]


def _of_client(name: str, tally: Tally, spent: int, counts: dict[str, Any]) -> Iterator[Line]:
    charged = counts["credits"].get(f"sk_live_{name}", 0)
    yield Line(f"{name}: rows", tally.expected, tally.rows, tally.expected == tally.rows)
    yield Line(f"{name}: walks gone wrong", 0, len(tally.wrong), not tally.wrong)
    most = charged + tally.cancelled  # a call cancelled before it was sent counts all the same
    expected = f"{charged} to {most}" if tally.cancelled else charged
    yield Line(f"{name}: credits", expected, spent, charged <= spent <= most)


def _others() -> list[Any]:
    current = asyncio.current_task()
    return [task for task in asyncio.all_tasks() if task is not current]


def _print(tallies: dict[str, Tally], counts: dict[str, Any], seconds: float) -> None:
    requests = sum(counts["requests"].values())
    sent, connections = counts["sent"] / 1e6, counts["connections"]
    print(f"{THREADS} threads and {TASKS} tasks for {seconds:g} s: {requests} requests on")
    print(f"{connections} connections, {sent:.1f} MB answered, {counts['faults']}")
    for name, tally in tallies.items():
        print(f"{name}: {tally.walks} walks; errors on the way: {dict(tally.errors)}")
        print(*tally.wrong[:10], sep="\n", end="\n" if tally.wrong else "")


@contextmanager
def _server(seed: int) -> Iterator[str]:
    command = [sys.executable, "-m", "support.soak.server", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def _settled(url: str) -> dict[str, Any]:
    """What the server counted, once it has noticed that connections are closed."""
    end = time.monotonic() + 10
    while True:
        with urllib.request.urlopen(f"{url}/counts") as response:
            counts: dict[str, Any] = json.load(response)
        counts["open"] -= 1  # this one
        if counts["open"] <= 0 or time.monotonic() > end:
            return counts
        time.sleep(0.1)


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    print(f"seed {seed}")
    lines = soak(seconds, seed)
    for line in lines:
        mark = "ok" if line.holds else "WRONG"
        print(f"{line.what:42} {line.expected!s:>14} {line.found!s:>10}  {mark}")
    return 0 if all(line.holds for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
