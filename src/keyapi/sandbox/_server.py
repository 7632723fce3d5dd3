"""The sandbox on a real port, by uvicorn."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import uvicorn

from keyapi.sandbox._protocol import BoundedProtocol

_BACKLOG = 2048


@contextmanager
def in_thread(app: Any, host: str, port: int) -> Iterator[str]:
    """Serve an ASGI application in a thread until the block ends; yields the base URL.

    Raises:
        OSError: The port is in use.
    """
    listening, url = _listen(host, port)
    server = _Server(_config(app))
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


def until_interrupted(app: Any, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve an ASGI application until a signal ends it; `ready` is called with the base URL.

    Raises:
        OSError: The port is in use.
    """
    listening, url = _listen(host, port)
    server = _Server(_config(app), lambda: ready(url))
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass  # the usual way to stop: uvicorn raises it again after it has closed everything
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


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="critical",  # uvicorn logs a dropped connection as an error
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        http=BoundedProtocol,
        ws="none",
        timeout_graceful_shutdown=1,
        backlog=_BACKLOG,
    )


def _listen(host: str, port: int) -> tuple[socket.socket, str]:
    """Listen before the server starts, so that a port in use is an error at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it, each answer waits 40 ms
    # for the client to acknowledge its headers.
    listening = socket.socket(family, proto=socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    return listening, f"http://{shown}:{listening.getsockname()[1]}"
