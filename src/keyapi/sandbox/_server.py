"""The sandbox on a real port, by uvicorn."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from keyapi.sandbox import Sandbox

_BACKLOG = 2048


@contextmanager
def in_thread(sandbox: Sandbox, host: str, port: int) -> Iterator[str]:
    """Serve in a thread until the block ends; gives the base URL."""
    listening, url = _listen(host, port)
    server = _Server(_config(sandbox))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.001)
        yield url
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def until_interrupted(
    sandbox: Sandbox, host: str, port: int, report: Callable[[Sandbox, str], None]
) -> None:
    """Serve until a signal ends it."""
    listening, url = _listen(host, port)
    server = _Server(_config(sandbox), lambda: report(sandbox, url))
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass  # that is how it is ended: uvicorn raises it anew once everything is closed
    finally:
        listening.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None] | None = None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready is not None:
            self._ready()


def _config(sandbox: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        sandbox,
        log_level="critical",  # a dropped connection is an error to uvicorn
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
        backlog=_BACKLOG,
    )


def _listen(host: str, port: int) -> tuple[socket.socket, str]:
    """Listen before the server starts, so that a port in use is an error at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    return listening, f"http://{shown}:{listening.getsockname()[1]}"
