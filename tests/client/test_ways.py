"""Each way in which requests leave keeps the same rules: what is sent is counted at the server."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
import pytest
import respx

from client.conftest import EXAMPLE, KEY, USER_ID
from keyapi import (
    AuthenticationError,
    BadRequest,
    BudgetExceeded,
    ConfigurationError,
    InvalidResponse,
    KeyAPIError,
    Page,
    RateLimited,
    ServerError,
    TransportError,
)
from keyapi._sending.exchange import Received, Sent
from keyapi.fast import AsyncTransport
from keyapi_example import AsyncTikTok, TikTok
from support.clocks import FakeClock, clocked
from support.scripted import Script, Scripted, answer, cut

BOMB = gzip.compress(bytes(2**21))


class Way(NamedTuple):
    """A way in which requests leave a client."""

    is_async: bool
    is_direct: bool
    options: Callable[[], dict[str, Any]]

    def open(self, url: str, **options: Any) -> Any:
        """A client; its waits take no time."""
        return clocked(self.timed(url, **options), FakeClock())

    def timed(self, url: str, **options: Any) -> Any:
        """A client whose waits take time."""
        kind = AsyncTikTok if self.is_async else TikTok
        return kind(KEY, base_url=url, **{**self.options(), **options})

    def calls(
        self,
        url: str,
        times: int = 1,
        *,
        client: Any = None,
        user_id: str = USER_ID,
        **options: Any,
    ) -> list[Any]:
        """Make calls one after another; give the pages and errors, and the client."""
        client = client or self.open(url, **options)
        results: list[Any] = []

        async def main() -> None:
            async with client:
                for _ in range(times):
                    try:
                        page = await client.influencer.products_analytics(user_id=user_id)
                    except KeyAPIError as error:
                        results.append(error)
                    else:
                        results.append(page)

        if self.is_async:
            asyncio.run(main())
            return [*results, client]
        with client:
            for _ in range(times):
                try:
                    results.append(client.influencer.products_analytics(user_id=user_id))
                except KeyAPIError as error:
                    results.append(error)
        return [*results, client]


async def ignored_async(_: object) -> None:
    pass


def by_httpx(hook: Any) -> dict[str, Any]:
    """What only httpx does: so requests go its way."""
    return {"httpx_args": {"event_hooks": {"request": [hook]}}}


SYNC, ASYNC = by_httpx(lambda _: None), by_httpx(ignored_async)
WAYS = {
    "sync": Way(False, True, dict),
    "sync by httpx": Way(False, False, lambda: SYNC),
    "async": Way(True, True, dict),
    "async by httpx": Way(True, False, lambda: ASYNC),
    "fast": Way(True, True, lambda: {"transport": AsyncTransport()}),
    "fast by httpx": Way(True, False, lambda: {"transport": AsyncTransport(), **ASYNC}),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


@pytest.fixture
def server() -> Any:
    with Scripted() as server:
        yield server


def test_a_page_says_how_it_was_got(way: Way, server: Scripted) -> None:
    server.script = [answer(None, "X-Served-By: edge")]
    page, client = way.calls(server.url)
    assert isinstance(page._response, Received) is way.is_direct
    assert page.response is page.response
    assert page.response.json()["data"] == page.to_dicts()
    assert page.response.headers["x-served-by"] == "edge"
    assert str(page.response.request.url).startswith(f"{server.url}/v1/tiktok/influencer/products")
    assert page.response.request.headers["authorization"] == f"Bearer {KEY}"
    assert (page.response.http_version, page.response.reason_phrase) == ("HTTP/1.1", "OK")
    assert page.response.elapsed.total_seconds() > 0
    assert (len(server.heads), page.attempts, client.credits_spent) == (1, 1, 1)


@pytest.mark.parametrize(
    ("target", "is_direct"),
    [("/a?b=c%20d", True), ("/a b", False), (f"/a?b={'c' * 2**15}", False)],
)
def test_what_httpx_would_write_in_another_way_is_left_to_it(target: str, is_direct: bool) -> None:
    with TikTok(KEY) as client:
        sent = client.get_httpx_client().written("GET", target, None, client._new_call())
        assert isinstance(sent, Sent) is is_direct


def test_a_url_that_is_too_long_is_refused(way: Way, server: Scripted) -> None:
    error, client = way.calls(server.url, user_id="1" * 70_000)
    assert type(error) is BadRequest
    assert "too long" in str(error)
    assert (server.heads, client.credits_spent) == ([], 0)


@pytest.mark.parametrize("headers", [{"X-Team": "a"}, {"host": "api.example"}])
def test_each_way_sends_the_same(server: Scripted, headers: dict[str, str]) -> None:
    for way in WAYS.values():
        way.calls(
            server.url, httpx_args={**way.options().get("httpx_args", {}), "headers": headers}
        )
    told = {head.partition(b"\r\n")[0] for head in server.heads}
    headers = [sorted(line.lower() for line in head.split(b"\r\n")[1:]) for head in server.heads]
    assert len(told) == 1
    assert headers == headers[:1] * len(WAYS)


@pytest.mark.parametrize("name", ["sync", "async", "fast"])
def test_headers_changed_by_hand_are_those_sent(name: str, server: Scripted) -> None:
    client = WAYS[name].open(server.url, httpx_args={"headers": {"X-Team": "a"}})
    http = client._http()

    async def main() -> None:
        for step in (dict, lambda: http.headers.update({"X-Run": "1"}), http.headers.clear):
            step()
            page = client.influencer.products_analytics(user_id=USER_ID)
            assert len(await page if WAYS[name].is_async else page) == 1
        await client.close() if WAYS[name].is_async else client.close()

    asyncio.run(main())
    lines = [head.split(b"\r\n")[1:] for head in server.heads]
    names = [{line.partition(b":")[0].lower() for line in each} for each in lines]
    assert {b"x-team", b"authorization"} <= names[0]
    assert names[1] - names[0] == {b"x-run"}
    assert not names[2] & {b"x-team", b"x-run", b"authorization", b"user-agent", b"accept"}


@pytest.mark.parametrize(
    ("script", "error", "sent", "charged"),
    [
        ([answer(b"", status="503 Busy"), answer()], None, 2, 2),
        ([answer(b"", status="503 Busy")], ServerError, 4, 4),
        ([answer(b"{}", "Retry-After: 0", status="429 Slow down"), answer()], None, 2, 2),
        ([answer(b'{"code": 401, "message": "no"}', status="401 No")], AuthenticationError, 1, 1),
        ([answer(b'{"code": 429, "message": "wait"}')], RateLimited, 4, 4),
        ([answer(b"<html>")], InvalidResponse, 4, 4),
        ([answer(b"[]")], InvalidResponse, 1, 1),
        ([cut(b"")], TransportError, 4, 4),
        ([cut(b"HTTP/1.1 nonsense\r\n\r\n")], TransportError, 4, 4),
        ([cut(answer(length=9999))], TransportError, 4, 4),
        ([answer(gzip.compress(b'{"code": 0, "data": []}'), "Content-Encoding: gzip")], None, 1, 1),
        ([answer(BOMB, "Content-Encoding: gzip")], InvalidResponse, 1, 1),
        ([answer(bytes(2**21))], InvalidResponse, 1, 1),
        ([answer(b"no", "Content-Encoding: gzip")], InvalidResponse, 4, 4),
        ([answer(None, *["X: 1"] * 300)], InvalidResponse, 1, 1),
        ([answer(None, f"X: {'x' * 200_000}")], InvalidResponse, 1, 1),
        ([answer(b"", "Location: /", status="302 Found")], KeyAPIError, 1, 1),
        ([answer(b"", "Location: /", status="204 Empty")], InvalidResponse, 1, 1),
    ],
)
def test_retries_and_credits_are_those_of_the_table(
    way: Way,
    server: Scripted,
    script: list[Script],
    error: type[KeyAPIError] | None,
    sent: int,
    charged: int,
) -> None:
    server.script = [*script]
    result, client = way.calls(server.url, max_response_bytes=2**20)
    assert type(result) is error if error else len(result) >= 0
    assert (len(server.heads), result.attempts, client.credits_spent) == (sent, sent, charged)


def test_a_kept_connection_that_was_closed_is_not_paid_twice_in_silence(
    way: Way, server: Scripted
) -> None:
    server.closes = True  # without saying so: the second call finds out when it has sent
    *pages, client = way.calls(server.url, 5)
    assert [len(page) for page in pages] == [1] * 5
    assert len(server.heads) <= sum(page.attempts for page in pages) == client.credits_spent


def test_the_budget_holds(way: Way, server: Scripted) -> None:
    server.script = [answer(b"", status="503 Busy")]
    error, again, client = way.calls(server.url, 2, max_credits=2)
    assert (type(error), type(again)) == (ServerError, BudgetExceeded)
    assert (len(server.heads), client.credits_spent) == (2, 2)


@pytest.mark.parametrize("deadline", [None, 1000.0])
def test_nothing_is_charged_where_there_is_no_server(way: Way, deadline: float | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error, client = way.calls(f"http://127.0.0.1:{port}", deadline=deadline)
    assert type(error) is TransportError
    assert (error.attempts, client.credits_spent) == (4, 0)


def drip(connection: socket.socket) -> None:
    """Send headers byte by byte, for ever."""
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


@pytest.mark.parametrize("script", [drip, lambda connection: time.sleep(5)])
def test_the_deadline_holds(way: Way, server: Scripted, script: Script) -> None:
    server.script = [script]
    began = time.monotonic()
    client = way.timed(server.url, deadline=0.25)
    error, client = way.calls(server.url, client=client)
    assert time.monotonic() - began < 2
    assert type(error) is TransportError
    assert "deadline" in str(error)


def test_each_phase_has_its_time_limit(way: Way, server: Scripted) -> None:
    server.script = [lambda connection: time.sleep(2)]
    error, client = way.calls(server.url, timeout=httpx.Timeout(5, read=0.2), max_retries=0)
    assert type(error) is TransportError
    assert type(error.__cause__) is httpx.ReadTimeout
    assert client.credits_spent == 1


def test_cookies_are_kept_for_requests_made_by_hand(way: Way, server: Scripted) -> None:
    server.script = [answer(None, "Set-Cookie: a=b")]
    _, client = way.calls(server.url)
    assert client._session.http.cookies["a"] == "b"


@pytest.mark.parametrize("name", ["async", "async by httpx"])
def test_waiting_for_a_connection_has_its_time_limit(name: str, server: Scripted) -> None:
    server.script = [lambda connection: time.sleep(1)]
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=None)
    timeout = httpx.Timeout(5, pool=0.2)
    way = WAYS[name]
    args = {**way.options().get("httpx_args", {}), "limits": limits}

    async def main() -> list[Any]:
        async with way.open(server.url, timeout=timeout, httpx_args=args, max_retries=0) as client:
            calls = (client.influencer.products_analytics(user_id=USER_ID) for _ in range(2))
            return list(await asyncio.gather(*calls, return_exceptions=True))

    errors = asyncio.run(main())
    assert {type(error.__cause__) for error in errors} == {
        httpx.PoolTimeout,
        httpx.RemoteProtocolError,
    }


@pytest.mark.parametrize("name", ["async", "fast"])
def test_a_call_can_be_cancelled_at_any_moment(name: str, server: Scripted) -> None:
    async def main() -> None:
        async with WAYS[name].open(server.url) as client:
            for ticks in range(40):
                call = asyncio.ensure_future(client.influencer.products_analytics(user_id=USER_ID))
                for _ in range(ticks):
                    await asyncio.sleep(0)
                call.cancel()
                await asyncio.wait([call])
            pages = await asyncio.gather(
                *(client.influencer.products_analytics(user_id=USER_ID) for _ in range(120))
            )
            assert {len(page) for page in pages} == {1}
            assert client.credits_spent >= len(server.heads)

    asyncio.run(main())


def test_a_client_can_be_closed_at_any_moment_of_a_call(server: Scripted) -> None:
    async def main() -> None:
        for ticks in range(40):
            client = WAYS["async"].open(server.url, max_retries=0)
            await client.influencer.products_analytics(user_id=USER_ID)
            call = asyncio.ensure_future(client.influencer.products_analytics(user_id=USER_ID))
            for _ in range(ticks):
                await asyncio.sleep(0)
            await client.close()
            (outcome,) = await asyncio.gather(call, return_exceptions=True)
            assert isinstance(outcome, (Page, ConfigurationError, TransportError)), outcome
            assert client.credits_spent >= 1

    asyncio.run(main())


def test_what_only_httpx_does_is_done_by_httpx(
    server: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    way = WAYS["sync"]
    seen: list[httpx.Request] = []
    page, _ = way.calls(server.url, httpx_args={"event_hooks": {"request": [seen.append]}})
    assert (len(seen), isinstance(page._response, Received)) == (1, False)
    with caplog.at_level(logging.INFO, logger="httpx"):
        way.calls(server.url)
    assert "HTTP Request: GET" in caplog.text


@pytest.mark.parametrize(
    "patched", [(httpx.Client, "send"), (httpx.HTTPTransport, "handle_request")]
)
def test_tools_that_patch_httpx_see_what_is_sent(
    server: Scripted, monkeypatch: pytest.MonkeyPatch, patched: tuple[Any, str]
) -> None:
    owner, name = patched
    whole, seen = getattr(owner, name), []

    def watched(self: Any, request: httpx.Request, **options: Any) -> httpx.Response:
        seen.append(request)
        return whole(self, request, **options)

    monkeypatch.setattr(owner, name, watched)
    WAYS["sync"].calls(server.url)
    assert len(seen) == 1


@pytest.mark.parametrize("name", ["sync", "async"])
def test_respx_answers_what_is_sent_directly(name: str) -> None:
    with respx.mock() as mock:
        route = mock.get(url__startswith="http://127.0.0.1:1/").respond(
            json={**EXAMPLE, "data": []}
        )
        page, _ = WAYS[name].calls("http://127.0.0.1:1")
    assert (len(page), route.call_count) == (0, 1)
