"""Exports in processes of their own, killed at random moments, and what must hold afterwards."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from random import Random
from subprocess import PIPE, Popen

import pytest

from keyapi.export import ExportStopped, status, verify
from keyapi.export._reader import JournalReader
from support.creators import SIZE, Creators, CreatorsServer
from support.exporting import DAY, committed, expected, exported, rows_of
from support.killing_loads import LoadKiller, load_processes
from support.loopback import until

CONCURRENCY = 4
_DELAY = 0.02  # seconds that the server takes for an answer
_PAGES = 30  # that are there for each kill, so that none comes too late
_PAUSE = 0.15  # seconds within which a process is killed after its first page

Moment = str
"""When a process is killed: in a "fetch", "before" or "after" a file gets its name, or in a load
into "duckdb" or "dlt"."""
_EXPORTS: tuple[Moment, ...] = ("fetch", "before", "fetch", "after")
_WITH_LOADS: tuple[Moment, ...] = (
    *("fetch", "before", "duckdb", "fetch"),
    *("after", "dlt", "fetch", "duckdb"),
)
_NEW = 12  # pages that are published for each load


class Killer:
    """Kills exports of one list into one folder, and accounts for what was paid.

    Args:
        out: The folder.
        kills: How often it will kill.
        seed: Decides the moments.
        loads: Whether loads are killed, too: three of eight.

    Attributes:
        landed: How many kills hit each moment.
        again: How many pages were paid more than once.
    """

    def __init__(self, out: Path, kills: int, seed: int, *, loads: bool = False) -> None:
        self.landed: Counter[Moment] = Counter()
        self.again = 0
        self._random = Random(seed)  # noqa: S311 - no secret
        self._out = out
        sizes = [0, 5, 10, 35, 60]
        count = kills * _PAGES // 3
        self.creators = Creators({str(n): sizes[n % 5] for n in range(1, count + 1)})
        self._ids = list(self.creators.rows)
        # A crash may pay pages again, and counts as many that may not have been sent.
        self._allowed = len(self.creators.pages) + kills * CONCURRENCY * 2
        self._kills = kills
        self._loads = loads

    def run(self) -> None:
        """Kill as often as was said, then export the rest, and compare."""
        moments = _WITH_LOADS if self._loads else _EXPORTS
        with ExitStack() as stack:
            server = stack.enter_context(CreatorsServer(self.creators, _DELAY))
            processes = stack.enter_context(_processes())
            loads: LoadKiller | None = None
            if self._loads:
                forked = stack.enter_context(load_processes(self._out.parent))
                loads = LoadKiller(self._out, self._random, forked)
            for number in range(self._kills):
                moment = moments[number % len(moments)]
                if loads is None or moment in ("fetch", "before", "after"):
                    self._kill(server, processes, moment)
                else:
                    self._publish()
                    while not loads.kill(moment):
                        self._publish()
                    self.landed[moment] += 1
            self._compare()
            if loads is not None:
                loads.end()

    def _publish(self) -> None:
        """Export some pages more, so that there is something to load."""
        spent = status(self._out, as_of=DAY).report.credits
        with pytest.raises(ExportStopped):
            exported(self.creators, self._ids, self._out, max_credits=spent + _NEW)

    def _compare(self) -> None:
        """Export the rest, and compare."""
        report = exported(self.creators, self._ids, self._out, max_credits=self._allowed)
        assert report.complete
        assert self.creators.charged <= report.credits <= self._allowed
        self.again = self.creators.charged - len(self.creators.pages)
        assert self.again <= self._kills * CONCURRENCY, f"{self.again} pages were paid again"
        assert rows_of(self._out) == expected(self.creators, self.creators.pages)
        assert verify(self._out).problems == []

    def _kill(self, server: CreatorsServer, processes: Popen[str], moment: Moment) -> None:
        """Kill one process at a moment, and make sure that it was the right one."""
        assert processes.stdin is not None
        assert processes.stdout is not None
        before, asked = committed(self._out), Counter(self.creators.asked)
        charged = self.creators.charged
        options = {
            "max_credits": self._allowed,
            "concurrency": CONCURRENCY,
            "as_of": DAY,
            "on_new_day": "continue",
        }
        line = json.dumps((server.url, self._ids, str(self._out), moment, 3 * SIZE, options))
        processes.stdin.write(f"{line}\n")
        processes.stdin.flush()
        pid = int(processes.stdout.readline())
        try:
            assert until(lambda: self.creators.charged > charged)
            if moment == "fetch":
                time.sleep(self._random.uniform(0, _PAUSE))
                assert until(lambda: server.in_flight > 0), "nothing was in flight"
            else:
                marker = self._out / moment
                assert until(marker.exists)
                marker.unlink()
        finally:
            os.kill(pid, signal.SIGKILL)
        assert int(processes.stdout.readline()) == -signal.SIGKILL, "it had ended before"
        assert self.creators.charged < len(self.creators.pages)
        if moment != "fetch":
            self._was_renaming(moment)
        again = {page for page in before if self.creators.asked[page] != asked[page]}
        assert not again, "committed pages were asked for again"
        assert self.creators.charged <= self._allowed
        assert until(lambda: server.in_flight == 0)
        self.landed[moment] += 1

    def _was_renaming(self, moment: Moment) -> None:
        """Whether a file is there, under one name or the other, that the journal does not know."""
        with closing(JournalReader(self._out / f"journal-{DAY}.sqlite")) as journal:
            names = {Path(file.name).name for file in journal.files()}
        found = set(os.listdir(self._out / "data" / f"_as_of={DAY}")) - names
        (name,) = found
        assert name.startswith("." if moment == "before" else "part-")


@contextmanager
def _processes() -> Iterator[Popen[str]]:
    """What forks a process for each line that it is given; see `support.export_process`."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "support.export_process"]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True, env=environment) as processes:
        try:
            yield processes
        finally:
            processes.kill()
