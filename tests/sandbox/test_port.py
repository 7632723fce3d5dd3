"""What reaches the sandbox's port, from peers that are slow, hostile or broken."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from random import Random
from typing import Any

import httpx
import pytest

from keyapi import ConfigurationError
from keyapi.sandbox import Sandbox, SandboxRequest, _protocol, _server
from support.page_shapes import zoo_specification
from support.raw_requests import raw_request

PATH = "/v1/tiktok/influencer/products/analytics?user_id=6813855719982466054&page_num=1&page_size=1"
HEADERS = "Host: x\r\nAuthorization: Bearer sk_sandbox_0000\r\n"
GOOD = f"GET {PATH} HTTP/1.1\r\n{HEADERS}\r\n".encode()
LAST = GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
_ENDINGS = re.compile(rb"HTTP/1\.[01] (\d{3})")


def _address(url: str) -> tuple[str, int]:
    host, port = url.removeprefix("http://").split(":")
    return host, int(port)


def talk(url: str, data: bytes, *, seconds: float = 5, end: bool = False) -> bytes:
    """Send bytes to a server, and give all it says until it or `seconds` ends."""
    said = b""
    with closing(socket.create_connection(_address(url), timeout=seconds)) as peer:
        try:
            peer.sendall(data)
            if end:
                peer.shutdown(socket.SHUT_WR)
            while block := peer.recv(65_536):
                said += block
        except OSError:  # the server has closed, or takes longer
            pass
    return said


def _drip(peer: socket.socket) -> None:
    for byte in GOOD * 100:
        peer.sendall(bytes([byte]))
        time.sleep(0.02)


def _flood(peer: socket.socket, data: bytes) -> None:
    peer.sendall(data)
    time.sleep(0.5)
    peer.sendall(b"a" * 10_000_000)


def statuses(said: bytes) -> list[int]:
    return [int(status) for status in _ENDINGS.findall(said)]


@pytest.fixture(name="log")
def _log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the server logs of errors: it is told to be quiet, and is heard here all the same."""
    errors: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            errors.append(f"{record.getMessage()} {record.exc_info}")

    def config(app: Any) -> Any:
        made = configured(app)
        for name in names:
            logging.getLogger(name).setLevel(logging.ERROR)
        return made

    configured, handler = _server._config, Handler(logging.ERROR)
    names = ("uvicorn.error", "asyncio")
    monkeypatch.setattr(_server, "_config", config)
    for name in names:
        logging.getLogger(name).addHandler(handler)
    yield errors
    for name in names:
        logging.getLogger(name).removeHandler(handler)


@pytest.mark.parametrize("seed", range(3))
def test_no_request_is_answered_by_500_or_hangs_or_leaves_a_traceback(
    seed: int, log: list[str]
) -> None:
    random = Random(seed)  # noqa: S311
    sandbox = Sandbox(spec=zoo_specification(), control=True, strict=seed == 0)
    found = set()
    with sandbox.serve() as url:
        for number in range(40):
            ahead = range(random.choice((1, 1, 1, 2, 3)))  # some are sent before the answer
            data = b"".join(raw_request(random, sandbox.spec, sandbox.key) for _ in ahead)
            started = time.monotonic()
            said = talk(url, data, end=True)
            assert time.monotonic() - started < 5, (number, data)
            assert 500 not in statuses(said), (number, data)
            found |= set(statuses(said))
        assert statuses(talk(url, LAST)) == [200]
    assert found >= {200, 400}
    assert log == []


def test_a_request_must_arrive_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_protocol, "REQUEST_SECONDS", 0.3)
    part = GOOD[:-4]
    with Sandbox().serve() as url:
        for data in (b"", part, b"\r\n", GOOD + part, GOOD * 2 + b"POST"):
            started = time.monotonic()
            said = talk(url, data)
            assert statuses(said)[-1] == 408, data
            assert statuses(said)[:-1] == [200] * data.count(GOOD)
            assert 0.25 < time.monotonic() - started < 3
        with closing(socket.create_connection(_address(url), timeout=3)) as idle:
            idle.sendall(GOOD)
            assert statuses(idle.recv(65_536)) == [200]
            idle.sendall(b"\r\n")  # which begins no request, but ends the wait for one
            while not (said := idle.recv(65_536)).startswith(b"HTTP/1.1"):
                assert said
            assert statuses(said) == [408]
        with closing(socket.create_connection(_address(url))) as dripping:
            started = time.monotonic()
            with pytest.raises(ConnectionError):  # it is cut, however steadily bytes arrive
                _drip(dripping)
            assert time.monotonic() - started < 3


def test_an_answer_that_nobody_takes_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_protocol, "ANSWER_SECONDS", 0.3)
    sandbox = Sandbox(latency=5)
    with sandbox.serve() as url:
        started = time.monotonic()
        assert talk(url, GOOD) == b""
        assert 0.25 < time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000, 431),
        (b"GET /" + b"a" * 400_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 100_000, 431),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n" + b"a" * 2_000_000, 413),
        (
            b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + (b"f4240\r\n" + b"a" * 1_000_000 + b"\r\n") * 3,
            413,
        ),
    ],
)
def test_what_is_too_large_is_refused(data: bytes, status: int) -> None:
    sandbox = Sandbox()
    with sandbox.serve() as url:
        assert statuses(talk(url, data, seconds=0.5))[:1] in ([status], [])
        assert statuses(talk(url, LAST)) == [200]
    assert sandbox.ledger.count <= 2


def test_an_endless_body_is_cut_off() -> None:
    head = b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"f4240\r\n" + b"a" * 1_000_000 + b"\r\n"
    trailers = b"1\r\na\r\n0\r\n" + (b"X: " + b"a" * 1000 + b"\r\n") * 12_000
    with Sandbox().serve() as url:
        for endless in (chunk * 30, trailers):
            with closing(socket.create_connection(_address(url))) as peer:
                peer.sendall(head)
                with pytest.raises(ConnectionError):
                    _flood(peer, endless)


def test_no_more_than_so_many_connections_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_protocol, "CONNECTIONS", 3)
    with Sandbox().serve() as url:
        held = [socket.create_connection(_address(url)) for _ in range(3)]
        try:
            time.sleep(0.1)
            assert statuses(talk(url, GOOD)) in ([503], [])
        finally:
            for each in held:
                each.close()
        time.sleep(0.1)
        assert statuses(talk(url, LAST)) == [200]


_CHUNKED = "Transfer-Encoding: chunked\r\n"
_INNER = "GET /inner HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        f"Content-Length: 5\r\n{_CHUNKED}",
        f"{_CHUNKED}Content-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X: a\r\n Content-Length: 5\r\n",
    ],
)
def test_a_request_whose_end_can_be_read_in_two_ways_is_refused(head: str) -> None:
    """What follows is never taken for a request of its own."""
    data = f"POST /outer HTTP/1.1\r\nHost: x\r\n{head}\r\n0\r\n\r\n{_INNER}".encode()
    sandbox = Sandbox()
    with sandbox.serve() as url:
        said = talk(url, data, end=True)
    paths = [entry.path for entry in sandbox.ledger.requests]
    assert statuses(said)[-1:] in ([400], [])
    assert "/inner" not in paths


def test_old_versions_and_requests_sent_ahead_are_answered_in_order() -> None:
    with Sandbox().serve() as url:
        assert statuses(talk(url, GOOD.replace(b"HTTP/1.1", b"HTTP/1.0"))) == [200]
        assert statuses(talk(url, b"GET /\r\n", end=True)) in ([400], [])
        assert statuses(talk(url, GOOD + b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n" + LAST)) == [
            200, 404, 200,
        ]  # fmt: skip
        assert statuses(talk(url, GOOD * 499 + LAST)) == [200] * 500


def test_a_client_that_leaves_in_the_middle_of_a_body_is_not_charged() -> None:
    head = b"POST /v1/tiktok/influencer/products/analytics HTTP/1.1\r\nHost: x\r\n"
    sandbox = Sandbox()
    with sandbox.serve() as url:
        assert talk(url, head + b"Content-Length: 10\r\n\r\n{}", end=True) == b""
        time.sleep(0.05)
        assert sandbox.ledger.count == 0


def test_a_web_socket_is_closed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/", "headers": [], "query_string": b"", "root_path": ""}
    asyncio.run(Sandbox()(scope, receive, send))
    assert sent == [{"type": "websocket.close"}]


# --- The control routes -----------------------------------------------------------------------


def test_the_control_asks_for_the_key() -> None:
    sandbox = Sandbox(control=True)
    with sandbox.serve() as url:
        for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": sandbox.key}):
            for method, path in (
                ("GET", "ledger"), ("GET", "requests"), ("PUT", "faults"), ("POST", "reset"),
            ):  # fmt: skip
                refused = httpx.request(method, f"{url}/_sandbox/{path}", headers=headers)
                assert refused.status_code == 401
                assert refused.headers["www-authenticate"] == "Bearer"
                assert "Authorization: Bearer KEY" in refused.json()["message"]
        key = {"Authorization": f"bearer {sandbox.key}"}
        assert httpx.get(f"{url}/_sandbox/ledger", headers=key).status_code == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[" * 100_000, "must be a JSON list of strings"),
        (b'["html-502"' + b"," * 1_000_000, "larger than 1000000 bytes"),
        (json.dumps(["html-502"] * 101).encode(), "At most 100 faults can be scheduled, got 101"),
        (b'["html-502/\\ud800"]', "must be printable text"),
        (b'["html-502/\\u0000"]', "must be printable text"),
        (json.dumps(["x" * 2000]).encode(), "must be printable text of at most 1000 characters"),
        (json.dumps(["html-502@" + "9" * 400]).encode(), "is not a request number"),
        (b"1" * 5000, "must be a JSON list of strings"),
        (b"\xff", "must be a JSON list of strings"),
        (b"", "must be a JSON list of strings"),
    ],
)
def test_faults_that_cannot_be_are_refused_by_400(body: bytes, words: str) -> None:
    sandbox = Sandbox(control=True)
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    with sandbox.serve() as url:
        refused = httpx.put(f"{url}/_sandbox/faults", content=body, headers=headers)
        assert refused.status_code == 400
        assert words in refused.json()["message"]
        assert httpx.get(f"{url}/_sandbox/faults", headers=headers).json() == []


# --- Settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["latency", "qps", "credits", "retry_after", "seed"])
def test_a_setting_that_is_absurd_is_refused(name: str) -> None:
    for value in (float("nan"), float("inf"), -(10**400), 10**400, 10**5000, "1", True, [], 1e300):
        with pytest.raises(ConfigurationError, match=f"{name} must be .*, got "):
            Sandbox(**{name: value})  # type: ignore[arg-type]  # that is what is wrong with it
        if name == "latency":
            with pytest.raises(ConfigurationError, match="latency must be from 0 to 300 seconds"):
                Sandbox().latency = value  # type: ignore[assignment]  # the same


def test_the_longest_path_that_is_logged_is_bounded() -> None:
    sandbox = Sandbox()
    sandbox.respond(SandboxRequest("GET", "/" + "a" * 60_000, "b" * 60_000))
    (entry,) = sandbox.ledger.requests
    assert (len(entry.path), len(entry.query)) == (4000, 4000)
