"""The transport on aiohttp: what is its own. That it keeps the client's rules, test_ways shows."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import keyapi.fast
from client.conftest import KEY, USER_ID
from keyapi import ConfigurationError, TransportError
from keyapi._sending.response import parse_response
from keyapi.fast import AsyncTransport
from keyapi_example import AsyncTikTok, TikTok
from support.scripted import Scripted, answer, cut


@pytest.fixture
def server() -> Any:
    with Scripted() as server:
        yield server


def call(url: str, *, max_retries: int = 0, **options: Any) -> Any:
    async def main() -> Any:
        async with AsyncTikTok(KEY, base_url=url, max_retries=max_retries, **options) as client:
            return await client.influencer.products_analytics(user_id=USER_ID)

    return asyncio.run(main())


def test_aiohttp_sends_nothing_twice_by_itself(server: Scripted) -> None:
    """By default it repeats a GET whose kept connection was closed before an answer."""
    server.script = [answer(), cut(b""), answer()]

    async def main() -> int:
        transport = AsyncTransport()
        async with AsyncTikTok(KEY, base_url=server.url, transport=transport, max_retries=0) as one:
            await one.influencer.products_analytics(user_id=USER_ID)
            with pytest.raises(TransportError):
                await one.influencer.products_analytics(user_id=USER_ID)
            return one.credits_spent

    assert asyncio.run(main()) == len(server.heads) == 2


def test_it_is_a_transport_of_httpx(server: Scripted) -> None:
    async def main() -> list[Any]:
        async with httpx.AsyncClient(transport=AsyncTransport()) as http:
            posted = await http.post(server.url, json={"a": "é"}, headers=[("X", "1"), ("X", "2")])
            async with http.stream("GET", server.url) as streamed:
                return [posted.json()["code"], (await streamed.aread())[:1]]

    assert asyncio.run(main()) == [0, b"{"]
    assert server.heads[0].count(b"\r\nX: ") == 2


def test_a_body_that_is_cut_short_is_an_error_of_httpx(server: Scripted) -> None:
    server.script = [cut(answer(length=9999))]

    async def main() -> None:
        async with httpx.AsyncClient(transport=AsyncTransport()) as http:
            await http.get(server.url)

    with pytest.raises(httpx.RemoteProtocolError):
        asyncio.run(main())


@pytest.mark.parametrize("where", ["argument", "option", "environment"])
def test_a_proxy_is_used(server: Scripted, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    proxy = server.url.replace("http://", "http://ana:secret@")
    options: dict[str, Any] = {"transport": AsyncTransport()}
    if where == "argument":
        options = {"transport": AsyncTransport(proxy=proxy)}
    elif where == "option":
        options["httpx_args"] = {"proxy": proxy}
    else:
        monkeypatch.setenv("HTTP_PROXY", proxy)
    page = call("http://api.keyapi.invalid", **options)
    assert len(page) == 1
    assert server.heads[0].startswith(b"GET http://api.keyapi.invalid/v1/")
    assert b"proxy-authorization: basic yw5houpzzwnyzxq=" in server.heads[0].lower() or (
        b"Proxy-Authorization: Basic YW5hOnNlY3JldA==" in server.heads[0]
    )


def test_a_proxy_may_need_no_key(server: Scripted) -> None:
    page = call("http://api.keyapi.invalid", transport=AsyncTransport(proxy=server.url))
    assert (len(page), b"proxy-authorization" in server.heads[0].lower()) == (1, False)


def test_it_can_be_closed_before_it_is_used() -> None:
    async def main() -> None:
        await keyapi.fast.Connections().aclose()

    asyncio.run(main())


def test_limits_are_kept(server: Scripted) -> None:
    limits = httpx.Limits(max_connections=2)
    assert len(call(server.url, transport=AsyncTransport(), httpx_args={"limits": limits})) == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"http2": True}, "speaks HTTP/1.1; leave http1 and http2 out"),
        ({"http1": False}, "speaks HTTP/1.1"),
        ({"proxy": "socks5://127.0.0.1:1"}, "has no proxies of socks5"),
    ],
)
def test_what_aiohttp_does_not_do_is_refused(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        AsyncTransport(**arguments)
    with pytest.raises(ConfigurationError, match=problem):
        call("http://127.0.0.1:1", transport=AsyncTransport(), httpx_args=arguments)


@pytest.mark.parametrize(
    ("kind", "transport", "needed"),
    [
        (TikTok, AsyncTransport, "TikTok sends through an httpx.BaseTransport"),
        (AsyncTikTok, httpx.HTTPTransport, "AsyncTikTok sends through an httpx.AsyncBaseTransport"),
    ],
)
def test_a_transport_of_the_other_kind_is_refused(kind: Any, transport: Any, needed: str) -> None:
    with pytest.raises(ConfigurationError, match=needed):
        kind(KEY, transport=transport())


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "keyapi.fast")
    with pytest.raises(ImportError, match=r"pip install 'keyapi-tiktok\[fast\]'"):
        importlib.import_module("keyapi.fast")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
BROKEN = [
    *(
        b"",
        b"-0",
        b"1e400",
        b"9" * 30,
        b"9" * 5000,
        b'"\\ud800"',
        b'{"a":1,"a":2}',
        b"NaN",
        b"[1,]",
    ),
    *(
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b"01",
        b"1.",
        b'"a\x01"',
        b"{}x",
        b'["\xed\xa0\x80"]',
        b"<html>",
    ),
    *(b"[" * depth + b"]" * depth for depth in (199, 201, 249, 251, 300)),
]


@given(st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.sampled_from(BROKEN)))
def test_jiter_reads_what_json_reads(data: bytes) -> None:
    content = b'{"code": 0, "data": ' + data + b"}"
    for body in (content, data):
        slow = parse_response(200, {}, body)
        quick = parse_response(200, {}, body, decode=keyapi.fast.AsyncTransport.decode_json)
        assert type(quick) is type(slow)
        assert repr(getattr(quick, "body", quick)) == repr(getattr(slow, "body", slow))
