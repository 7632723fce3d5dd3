"""A server on a port of its own, and the command in this process, in another, or on a terminal."""

from __future__ import annotations

import fcntl
import importlib.resources
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from keyapi.cli import main

KEY = "sk_live_c4nary"
SPEC = json.loads((importlib.resources.files("keyapi_example") / "openapi.json").read_text("utf-8"))
PATH = "/v1/tiktok/influencer/products/analytics"
_item = SPEC["paths"][PATH]
EXAMPLE = _item["get"]["responses"]["200"]["content"]["application/json"]["example"]
ROW = EXAMPLE["data"][0]
USER_ID = ROW["user_id"]
COMMAND = ("influencer", "products-analytics", "--user-id", USER_ID)

Body = bytes | dict[str, Any]


def product(number: int, **changes: Any) -> dict[str, Any]:
    """The documented row, told apart from others by its product id."""
    return {**ROW, "product_id": f"172938394173070{number:04}", **changes}


@dataclass
class Server:
    """Serves rows by page number and size, and records what was asked.

    Attributes:
        rows: All rows there are.
        answers: Status and body for a page number instead of its rows.
        always: Status and body whatever was asked.
        waits: Page numbers that are answered when `go` is set.
        go: Lets the waiting answers go out.
        arrived: Set when a request for such a page is there.
        requests: Method, path, query and JSON body of each request.
    """

    rows: list[dict[str, Any]] = field(default_factory=lambda: [ROW])
    answers: dict[int, tuple[int, Body]] = field(default_factory=dict)
    always: tuple[int, Body] | None = None
    waits: set[int] = field(default_factory=set)
    go: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    url: str = ""

    def holds(self, count: int) -> None:
        """Make it serve so many rows."""
        self.rows = [product(number) for number in range(count)]

    def answer(self, query: dict[str, str]) -> tuple[int, Body]:
        """Status and body for a query."""
        page, size = int(query.get("page_num", 1)), int(query.get("page_size", 10))
        if page in self.waits:
            self.arrived.set()
            self.go.wait(30)
        if self.always is not None:
            return self.always
        rows = self.rows[(page - 1) * size : page * size]
        return self.answers.get(page, (200, {**EXAMPLE, "data": rows}))

    @property
    def pages(self) -> list[int]:
        """The page numbers that were asked for, in order."""
        return [int(query["page_num"]) for _, _, query, _ in self.requests]


class _Listener(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A command that stopped is no error of the server, nor of a later test to be told."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on loopback that holds the documented row."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = dict(parse_qsl(url.query))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent = json.loads(body) if body else None
            server.requests.append((self.command, url.path, query, sent))
            status, answer = server.answer(query)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_HEAD = do_POST = do_GET  # noqa: N815 - their names there

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    with _Listener(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=partial(http.serve_forever, poll_interval=0.01))
        thread.start()
        yield server
        server.go.set()
        http.shutdown()


@pytest.fixture
def environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The key and the server's address, in the environment."""
    for name in ("KEYAPI_API_KEY", "KEYAPI_KEY", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KEYAPI_TOKEN", KEY)
    monkeypatch.setenv("KEYAPI_BASE_URL", server.url)
    return monkeypatch


@dataclass
class Done:
    """What a command did.

    Attributes:
        code: Its exit code.
        data: What it wrote to stdout.
        err: What it wrote to stderr.
    """

    code: int
    data: bytes
    err: str

    @property
    def out(self) -> str:
        """What it wrote to stdout, as text."""
        return self.data.decode()

    @property
    def rows(self) -> list[Any]:
        """What it wrote to stdout, as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def said(self) -> list[str]:
        """The lines it wrote to stderr, without the program's name."""
        return [line.removeprefix("keyapi: ") for line in self.err.splitlines()]


Keyapi = Callable[..., Done]


@pytest.fixture
def keyapi(environment: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Keyapi:
    """Runs the command in this process."""

    def run(*arguments: str | Path) -> Done:
        capsysbinary.readouterr()
        code = main(list(map(str, arguments)))
        captured = capsysbinary.readouterr()
        return Done(code, captured.out, captured.err.decode())

    return run


@pytest.fixture
def products(keyapi: Keyapi) -> Keyapi:
    """Runs the command of the committed operation in this process."""
    return lambda *arguments: keyapi(*COMMAND, *arguments)


@pytest.fixture
def process(environment: pytest.MonkeyPatch) -> Callable[..., subprocess.Popen[bytes]]:
    """Starts the command as a process, as a shell does."""

    def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "keyapi", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, **{**pipes, **options})

    return start


@pytest.fixture
def terminal(
    environment: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs the command on a terminal, in this process, and gives all that it wrote there."""

    def run(*arguments: str, width: int = 80, term: str = "xterm-256color", **env: str) -> str:
        with capfd.disabled(), environment.context() as patch, pseudo_terminal(width) as screen:
            for name, text in {"TERM": term, **env}.items():
                patch.setenv(name, text)
            with screen.as_standard_streams():
                for number, name in enumerate(("stdin", "stdout", "stderr")):
                    stream = open(number, "w" if number else "r", closefd=False)  # noqa: SIM115
                    patch.setattr(sys, name, stream)
                main(list(arguments))
                sys.stdout.flush()
                sys.stderr.flush()
            return screen.text()

    return run


class Screen:
    """A pseudo-terminal, and what is written to it.

    Attributes:
        end: Descriptor of the end that a program writes to; closed once the program has it.
    """

    def __init__(self, master: int, end: int) -> None:
        self.end = end
        self._written: list[bytes] = []
        self._reader = threading.Thread(target=self._read, args=(master,))
        self._reader.start()

    def _read(self, master: int) -> None:
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # how Linux says that nobody writes any more
                part = b""
            if not part:
                return
            self._written.append(part)

    def text(self) -> str:
        """All that was written, once no program has the terminal open any more."""
        self._reader.join(30)
        return b"".join(self._written).decode().replace("\r\n", "\n")

    def close(self) -> None:
        """Close the end that programs write to."""
        if self.end >= 0:
            os.close(self.end)
            self.end = -1

    @contextmanager
    def as_standard_streams(self) -> Iterator[None]:
        """Let this process's descriptors 0, 1 and 2 be the terminal, and close it afterwards."""
        kept = [os.dup(number) for number in range(3)]
        try:
            for number in range(3):
                os.dup2(self.end, number)
            yield
        finally:
            for number, descriptor in enumerate(kept):
                os.dup2(descriptor, number)
                os.close(descriptor)
            self.close()


@contextmanager
def pseudo_terminal(width: int) -> Iterator[Screen]:
    """A terminal of 24 lines, so many columns wide."""
    master, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    screen = Screen(master, end)
    try:
        yield screen
    finally:
        screen.close()
        screen.text()  # the reader ends before its descriptor is closed
        os.close(master)
