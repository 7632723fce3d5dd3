"""A Redis server of a suite's own, on this machine, where `redis-server` is installed."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_COMMAND = "redis-server"
_PATIENCE = 10.0
"""Seconds in which a server must come to listen."""


def has_redis() -> bool:
    """Whether there is a server to start, and a client library to ask it by."""
    return shutil.which(_COMMAND) is not None and find_spec("redis") is not None


class RedisProcess:
    """A server, which begins empty each time that it is started, unless it keeps what it has.

    Args:
        folder: Its working directory.
        keeps: Whether it keeps each write on the disk, so that it has it after a restart.

    Attributes:
        url: Its URL.
        port: Where it listens, on loopback.
    """

    def __init__(self, folder: str | Path, *, keeps: bool = False) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [_COMMAND, "--port", str(self.port), "--bind", "127.0.0.1"]
        self._command += ["--dir", str(folder), "--save", ""]
        self._command += ["--appendonly", "yes" if keeps else "no", "--appendfsync", "always"]
        self.start()

    def __enter__(self) -> RedisProcess:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + _PATIENCE
        while not self._listens() and time.monotonic() < end:
            time.sleep(0.002)

    def pause(self) -> None:
        """Have it take requests and answer none, until `resume`."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Have it answer."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it, with all that it holds."""
        self._process.kill()
        self._process.wait()

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """A connection to it, of redis-py."""
        from redis import Redis

        with Redis(port=self.port, socket_timeout=_PATIENCE) as connection:
            yield connection

    def asked(self) -> int:
        """How many scripts it has run for its clients."""
        with self.connected() as connection:
            counted = connection.info("commandstats")
        names = ("cmdstat_eval", "cmdstat_evalsha")
        return sum(
            counted[name]["calls"] - counted[name].get("failed_calls", 0)
            for name in names
            if name in counted
        )

    def _listens(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def redis_process() -> Iterator[RedisProcess]:
    """A server for as long as the block lasts."""
    with TemporaryDirectory() as folder, RedisProcess(folder) as server:
        yield server
