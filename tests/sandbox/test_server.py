"""The sandbox on a real port, and the fixtures that users import."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from keyapi import ConfigurationError, TransportError
from keyapi.sandbox import Sandbox, _server, run
from keyapi_example import AsyncTikTok, TikTok

PATH = "/v1/tiktok/influencer/products/analytics"
USER = "6813855719982466054"
QUERY = {"user_id": USER, "page_num": 1, "page_size": 10}


def test_clients_on_a_real_port_get_what_those_in_the_process_get(
    sandbox: Sandbox, sandbox_url: str
) -> None:
    async def walk() -> list[Any]:
        found = []
        far = AsyncTikTok(sandbox.key, base_url=sandbox_url)
        async with sandbox.async_client() as near, far:
            for one in (near, far):
                rows = one.influencer.iter_products_analytics(user_id=USER)
                found.append([row.to_dict() async for row in rows])
        return found

    with sandbox.client() as near, TikTok(sandbox.key, base_url=sandbox_url) as far:
        found = [
            [row.to_dict() for row in one.influencer.iter_products_analytics(user_id=USER)]
            for one in (near, far)
        ]
    found += asyncio.run(walk())
    assert all(rows == found[0] for rows in found)
    assert len(found[0]) > 20


def test_many_clients_at_once_are_charged_exactly(sandbox_url: str, sandbox: Sandbox) -> None:
    with TikTok(sandbox.key, base_url=sandbox_url) as tiktok, ThreadPoolExecutor(10) as threads:
        pages = list(
            threads.map(
                lambda user: tiktok.influencer.products_analytics(user_id=str(user)), range(50)
            )
        )
    assert len(pages) == sandbox.ledger.charged == tiktok.credits_spent == 50


def test_an_answer_does_not_wait_for_its_headers_to_be_acknowledged(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = []

    class Protocol(_server.BoundedProtocol):
        def connection_made(self, transport: Any) -> None:
            connection = transport.get_extra_info("socket")
            at_once.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0)
            super().connection_made(transport)

    monkeypatch.setattr(_server, "BoundedProtocol", Protocol)
    with sandbox.serve() as url, httpx.Client(base_url=url) as http:
        http.get(PATH)
    assert at_once == [True], "each answer takes at least 40 ms without TCP_NODELAY"


def test_a_dropped_connection_is_dropped(sandbox: Sandbox, sandbox_url: str) -> None:
    sandbox.faults = ["dropped"]
    with (
        TikTok(sandbox.key, base_url=sandbox_url, max_retries=0) as tiktok,
        pytest.raises(TransportError, match=r"peer closed"),
    ):
        tiktok.influencer.products_analytics(user_id=USER)
    assert sandbox.ledger.charged == 0


@pytest.fixture
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a slow body take 0.4 s instead of 1 s."""
    monkeypatch.setattr("keyapi.sandbox._http._PAUSE", 0.04)


@pytest.mark.usefixtures("_short_pauses")
def test_a_slow_body_outlasts_a_short_time_out(sandbox: Sandbox, sandbox_url: str) -> None:
    sandbox.faults = ["slow"]
    with TikTok(sandbox.key, base_url=sandbox_url, max_retries=0, deadline=0.2) as tiktok:
        with pytest.raises(TransportError, match="deadline"):
            tiktok.influencer.products_analytics(user_id=USER)
        patient = tiktok.with_options(deadline=None).influencer.products_analytics(user_id=USER)
    assert len(patient) == 10


@pytest.mark.usefixtures("_short_pauses")
def test_in_the_process_a_body_is_as_slow(sandbox: Sandbox) -> None:
    sandbox.faults = ["slow"]
    sandbox.latency = 0.1

    async def call() -> float:
        async with sandbox.async_client() as tiktok:
            page = await tiktok.influencer.products_analytics(user_id=USER)
        return page.response.elapsed.total_seconds()

    with sandbox.client() as tiktok:
        page = tiktok.influencer.products_analytics(user_id=USER)
    assert page.response.elapsed.total_seconds() > 0.45
    assert asyncio.run(call()) > 0.45


def test_latency_delays_each_answer(sandbox: Sandbox, sandbox_url: str) -> None:
    sandbox.latency = 0.1
    assert sandbox.latency == 0.1
    started = time.perf_counter()
    with TikTok(sandbox.key, base_url=sandbox_url) as tiktok:
        for _ in range(3):
            tiktok.influencer.products_analytics(user_id=USER)
    assert time.perf_counter() - started > 0.3


def test_the_sandbox_is_steered_over_http() -> None:
    sandbox = Sandbox(control=True)
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    with sandbox.serve() as url, httpx.Client(base_url=url, headers=headers) as http:
        assert http.put("/_sandbox/faults", json=["html-502@1"]).json() == ["html-502@1"]
        assert [http.get(PATH, params=QUERY).status_code for _ in range(2)] == [502, 200]
        ledger = http.get("/_sandbox/ledger").json()
        assert ledger == {"charged": 1, "credits_left": None, "requests": 2}
        assert sum(http.get("/_sandbox/charges").json().values()) == ledger["charged"]
        log = http.get("/_sandbox/requests").json()
        assert [(entry["number"], entry["status"], entry["fault"]) for entry in log] == [
            (1, 502, "html-502@1"),
            (2, 200, None),
        ]
        assert http.get("/_sandbox/faults").json() == ["html-502@1"]
        for bad in (b'["meteor"]', b"{", b'"html-502"'):
            refused = http.put("/_sandbox/faults", content=bad)
            assert refused.status_code == 400
            assert refused.json()["message"]
        assert http.post("/_sandbox/reset").json()["requests"] == 0
        assert http.get("/_sandbox/faults").json() == []


def test_the_control_is_off_unless_asked_for() -> None:
    with Sandbox().serve() as url:
        assert httpx.get(f"{url}/_sandbox/ledger").status_code == 404
        assert httpx.post(f"{url}{PATH}").headers["allow"] == "GET"


def test_a_port_in_use_is_said_at_once(sandbox_url: str, sandbox: Sandbox) -> None:
    with pytest.raises(OSError, match="in use"), sandbox.serve(int(sandbox_url.rpartition(":")[2])):
        pass


def test_ipv6_is_served_too(sandbox: Sandbox) -> None:
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    with sandbox.serve(host="::1") as url:
        assert url.startswith("http://[::1]:")
        assert httpx.get(f"{url}/x").status_code == 404


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


_PROGRAM = """
from keyapi.sandbox import run
run(port=0, report=lambda sandbox, url: print(url, sandbox.key, flush=True))
"""


@pytest.mark.process
def test_a_request_to_terminate_stops_it_quietly() -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        url, key = server.stdout.readline().split()
        with TikTok(key, base_url=url) as tiktok:
            assert len(tiktok.influencer.products_analytics(user_id=USER)) == 10
            server.terminate()
            _, errors = server.communicate(timeout=20)
    finally:
        server.kill()
    assert errors == ""


def test_ctrl_c_ends_it_after_its_report() -> None:
    seen = []

    def report(sandbox: Sandbox, url: str) -> None:
        seen.append(url)
        signal.raise_signal(signal.SIGINT)

    run(port=0, seed=3, report=report)
    assert seen[0].startswith("http://127.0.0.1:")


def test_without_its_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyapi.sandbox._sandbox.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"keyapi-tiktok\[sandbox\]"):
        Sandbox()


@pytest.mark.process
def test_users_import_the_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(
        """
from keyapi_example import TikTok

def test_in_the_process(sandbox):
    sandbox.faults = ["html-502@1"]
    with sandbox.client(max_retries=1) as tiktok:
        assert len(tiktok.influencer.products_analytics(user_id="6813855719982466054")) == 10
    assert sandbox.ledger.charged == 1

def test_on_a_port(sandbox, sandbox_url):
    with TikTok(sandbox.key, base_url=sandbox_url) as tiktok:
        tiktok.influencer.products_analytics(user_id="1")
    assert sandbox.ledger.charged == 1
"""
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "keyapi.testing", "."]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # those of this environment
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in done.stdout, done.stdout


def test_its_repr_says_whose_it_is_and_not_the_key(sandbox: Sandbox) -> None:
    assert repr(sandbox) == "<Sandbox of TikTok, 0 requests>"
