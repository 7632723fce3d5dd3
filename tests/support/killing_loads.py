"""Loads in processes of their own, killed at random moments, and what must hold afterwards."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from subprocess import PIPE, Popen

import duckdb

from keyapi.export import load
from support.exporting import DAY, rows_of
from support.loopback import until

TABLE = "influencer_products_analytics"
MOMENTS = {"duckdb": 0.25, "dlt": 2.0}
"""Where a load may be killed: its destination, and the seconds within which that happens."""


class LoadKiller:
    """Kills loads of what an export has published; the table then has the rows before it or after.

    Args:
        out: The folder of the export.
        random: Decides the moments.
        processes: What forks them; see `support.load_process`.
    """

    def __init__(self, out: Path, random: Random, processes: Popen[str]) -> None:
        self._out = out
        self._random = random
        self._processes = processes

    def kill(self, destination: str) -> bool:
        """Kill a load.

        Returns:
            Whether it was loading then; False where it had ended.
        """
        assert self._processes.stdin is not None
        assert self._processes.stdout is not None
        before, published = self._loaded(destination), rows_of(self._out)
        assert before != published, "there is nothing to load"
        begun = self._out / f"begun-{destination}"
        line = json.dumps((str(self._out), self._to(destination), str(begun)))
        self._processes.stdin.write(f"{line}\n")
        self._processes.stdin.flush()
        pid = int(self._processes.stdout.readline())
        try:
            assert until(begun.exists)
            time.sleep(self._random.uniform(0, MOMENTS[destination]))
        finally:
            os.kill(pid, signal.SIGKILL)
        landed = int(self._processes.stdout.readline()) == -signal.SIGKILL and begun.exists()
        begun.unlink(missing_ok=True)
        assert self._loaded(destination) in (before, published), "half a load is in the table"
        return landed

    def end(self) -> None:
        """Load the finished run, twice, and compare."""
        for destination in MOMENTS:
            load(self._out, self._to(destination))
            assert self._loaded(destination) == rows_of(self._out)
            assert not load(self._out, self._to(destination)).loaded

    def _to(self, destination: str) -> str:
        return f"duckdb:{self._file('duckdb')}" if destination == "duckdb" else "dlt:duckdb"

    def _file(self, destination: str) -> Path:
        return self._out.parent / f"{destination}.duckdb"

    def _loaded(self, destination: str) -> list[tuple[str, int, int, str]]:
        """Id, page, place and product of each row of the table, sorted."""
        if not self._file(destination).exists():
            return []
        schema = "main" if destination == "duckdb" else "keyapi"
        with duckdb.connect(str(self._file(destination))) as connection:
            there = "SELECT count(*) FROM duckdb_tables() WHERE (schema_name, table_name) = (?, ?)"
            ((count,),) = connection.execute(there, (schema, TABLE)).fetchall()
            if not count:
                return []
            rows = connection.execute(
                f"SELECT _id, _page, _row, product_id FROM {schema}.{TABLE}"  # noqa: S608
                " WHERE _as_of = ? ORDER BY ALL",
                (DAY,),
            )
            return rows.fetchall()


@contextmanager
def load_processes(folder: Path) -> Iterator[Popen[str]]:
    """What forks a load for each line that it is given, with settings of dlt in a folder."""
    settings = {
        "DLT_DATA_DIR": str(folder / "dlt"),
        "DESTINATION__DUCKDB__CREDENTIALS": str(folder / "dlt.duckdb"),
    }
    of_children = {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TMPDIR": str(folder),  # a load that is killed leaves its files there
    }
    environment = {**os.environ, **settings, **of_children}
    command = [sys.executable, "-m", "support.load_process"]
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True, env=environment) as processes:
        try:
            yield processes
        finally:
            processes.kill()
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value
