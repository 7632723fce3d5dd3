"""Judges changed sources in child processes: a server that forks one for each.

The server has imported all that does not change, so that a child imports what does, runs the suite
until something is found, and is gone in well under a second. It is talked to by lines of JSON; see
`Judge`. POSIX only, as `fork` is.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

CPU = 8.0
"""What one relation may take for one operation, in seconds; it takes a fifth at most."""

_BUSY = 12  # times as long it may take by the clock on the wall, on a busy machine
_MEMORY = 4 << 30  # bytes
_SUITE = "conformance.code_suite"
_PRELOADED = (
    *("anyio", "asyncio", "hishel", "httpx", "jsonschema_rs", "openapi_schema_validator"),
    *("openapi_spec_validator", "pyrate_limiter", "respx", "sqlite3", "starlette.applications"),
)
"""What the suite imports besides what is changed; a child would import it each time."""

_LOCAL = ("127.0.0.1", "::1", "localhost")


class Judge:
    """Runs the suite on changed sources, in a process of its own that is started when needed.

    Args:
        changed: Top-level packages that are imported again for each change.
        paths: Where generated packages are found that are not installed.
        cpu: What one relation may take for one operation, in seconds of a processor.
    """

    def __init__(
        self, changed: Sequence[str], paths: Sequence[Path] = (), cpu: float = CPU
    ) -> None:
        self._changed = changed
        self._paths = [*map(str, paths), *filter(None, sys.path)]
        self._cpu = cpu
        self._server: subprocess.Popen[str] | None = None

    def findings(
        self, folder: Path | None, packages: Sequence[str], first: Sequence[str] = ()
    ) -> Mapping[str, str]:
        """The first that the suite finds, by relation, or "import", "time-out" or "raised".

        Args:
            folder: Where the changed packages are; None for those that are installed.
            packages: The generated packages that the suite runs on.
            first: Relations that look first, as they are likely to find something.
        """
        where = {"folder": folder and str(folder), "packages": packages}
        asked = {**where, "first": first, "cpu": self._cpu}
        answer: dict[str, str] = self._ask(asked)["found"]
        return answer

    def _ask(self, asked: Mapping[str, Any]) -> Any:
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-m", __name__, *self._changed],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(self._paths)},
            )
        server = self._server
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(f"{json.dumps(asked)}\n")
        server.stdin.flush()
        line = server.stdout.readline()
        if not line:
            raise RuntimeError("the process that judges changed sources has ended")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        if self._server is not None:
            self._server.communicate()
            self._server = None


# --- The server -------------------------------------------------------------------------------


def serve(changed: Sequence[str]) -> None:
    """Answer each line of standard input, until it ends.

    Args:
        changed: Top-level packages that are never imported here.
    """
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing else gets among the answers
    for name in _PRELOADED:
        with suppress(ImportError):
            import_module(name)
    if "keyapi" not in changed:
        import_module(_SUITE)
    for line in sys.stdin:
        out.write(f"{json.dumps(_forked(json.loads(line)))}\n")
        out.flush()


def _forked(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Let a child answer; what kills it is an answer, too."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            os.write(writing, json.dumps(_answer(asked)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    parts = []
    while True:
        part = os.read(reading, 1 << 16)
        if not part:
            break
        parts.append(part)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    if parts:
        answer: dict[str, Any] = json.loads(b"".join(parts))
        return answer
    by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if by in (signal.SIGPROF, signal.SIGALRM):
        return {"found": {"time-out": f"it takes more than {asked['cpu']:g} s"}}
    return {"found": {"raised": f"the process ended with status {status}"}}


# --- The child --------------------------------------------------------------------------------


def _answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    _shut_in()
    if asked["folder"]:
        sys.path.insert(0, asked["folder"])
    limited = partial(_limited, asked["cpu"])
    limited()
    try:
        suite = import_module(_SUITE)
        baselines = suite.baselines(asked["packages"])
    except Exception as error:
        return {"found": {"import": f"{type(error).__name__}: {error}"[:300]}}
    try:
        return {"found": suite.first_finding(baselines, asked["first"], limited)}
    except Exception as error:  # from what relations are given, before one of them looks
        return {"found": {"raised": f"{type(error).__name__}: {error}"[:300]}}


def _limited(cpu: float) -> None:
    """Give what follows its time; who needs more is killed."""
    signal.setitimer(signal.ITIMER_PROF, cpu)
    signal.setitimer(signal.ITIMER_REAL, cpu * _BUSY)


def _shut_in() -> None:
    """Send nothing anywhere, print nothing, and write no bytecode of changed sources."""
    sys.dont_write_bytecode = True
    logging.disable()  # of what clients log about changed code
    warnings.simplefilter("ignore")
    os.chdir(tempfile.gettempdir())
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    os.environ.pop("KEYAPI_TOKEN", None)
    connect, find = socket.socket.connect, socket.getaddrinfo

    def connect_here(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in _LOCAL:
            raise ConnectionRefusedError("nothing is sent from here")
        connect(self, address)

    def find_here(host: Any, *arguments: Any, **options: Any) -> Any:
        if host not in (None, *_LOCAL):
            raise socket.gaierror("nothing is sent from here")
        return find(host, *arguments, **options)

    setattr(socket.socket, "connect", connect_here)  # noqa: B010 - it is not made for that
    socket.getaddrinfo = find_here


if __name__ == "__main__":
    serve(sys.argv[1:])
