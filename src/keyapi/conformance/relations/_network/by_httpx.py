"""Spec -> client: what a program asks of httpx holds over the client's own connections.

Requests pass by httpx's objects where nothing needs them; hooks, redirects, mounts and httpx's log
do. Proxies are those of the arguments, or else of the environment.
"""

from __future__ import annotations

import logging
import os
from base64 import b64encode
from collections.abc import Callable
from itertools import chain
from typing import Any
from unittest.mock import patch

import httpx

from keyapi import KeyAPIError
from keyapi._sending import network as sending
from keyapi.conformance.drivers import KEY
from keyapi.conformance.drivers._loopback import Loopback, Parts, loopback
from keyapi.conformance.drivers._scripted import ScriptedClock, envelope
from keyapi.conformance.relations._heard import heard
from keyapi.conformance.relations._network.ways import Network, told
from keyapi.conformance.relations._shared import CasesCompared

_HOOKS = (("request",), ("response",), ("request", "response"))
_ELSEWHERE = "http://elsewhere.invalid/below"
_LARGE = 2**21
"""Bytes of a body that arrives in many pieces."""
_USER, _PASSWORD = "me", "secret"
_BASIC = f"Basic {b64encode(f'{_USER}:{_PASSWORD}'.encode()).decode()}"
_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")
_DIRECT = {
    "": False,
    "*": True,
    "127.0.0.1": True,
    "other.example, 127.0.0.1": True,
    "127.0.0.0/8": True,
    "127.0.0.1/8": True,
    "10.0.0.0/8": False,
    "10.0.0.1": False,
    "localhost": False,
    "http://127.0.0.1": True,
    "https://127.0.0.1": False,
}
"""Values of NO_PROXY, and whether a server at 127.0.0.1 is then reached without the proxy."""
_UNUSABLE = (
    ("HTTP_PROXY", {"HTTP_PROXY": "ftp://proxy.invalid"}),
    ("https_proxy", {"https_proxy": "http://["}),
    ("ALL_PROXY", {"ALL_PROXY": "socks://proxy.invalid"}),
    ("HTTP_PROXY", {"HTTP_PROXY": f" http://{_USER}:{_PASSWORD}@proxy"}),
    ("NO_PROXY", {"HTTP_PROXY": "http://proxy.invalid", "NO_PROXY": "localhost,[zz"}),
    ("SSL_CERT_FILE", {"SSL_CERT_FILE": "/nowhere/at/all"}),
)
"""What an environment cannot say, and which of its variables an error must name."""
_UNFIT: tuple[dict[str, Any], ...] = (
    {"nonsense": 1},
    {"proxy": "ftp://proxy.invalid"},
    {"limits": 5},
)
"""Arguments of an httpx client that it does not take."""
_NOT_BY_AIOHTTP: tuple[dict[str, Any], ...] = (
    {"http2": True},
    {"http1": False},
    {"proxy": "socks5://127.0.0.1:9"},
)


def by_httpx(network: Network) -> CasesCompared:
    """Hooks, redirects, mounts, logs and proxies do what httpx says of them."""
    clear = {name: text for name, text in os.environ.items() if name.lower() not in _VARIABLES}
    with patch.dict(os.environ, clear, clear=True):
        for look in (_hooks, _broken_hooks, _redirects, _mounts, _logs, _proxies, _unusable):
            yield from look(network)


def _hooks(network: Network) -> CasesCompared:
    """Each hook is called for each request or response of a call."""
    limited = network.whole(envelope(429).content, status=429)
    for kinds in _HOOKS:
        seen: list[tuple[str, object]] = []
        hooks = {kind: [_hook(network, kind, seen.append)] for kind in kinds}
        with loopback(lambda number: Parts([network.whole() if number else limited])) as server:
            client = network.client(server.url, max_retries=1, httpx_args={"event_hooks": hooks})
            client._session = client._new_session(ScriptedClock())
            result = network.call(client)
            network.close(client)
        attempts = (
            (("request", network.operation.method), ("response", status))
            for status in (429, network.good.status)
        )
        expected = [each for each in chain(*attempts) if each[0] in kinds]
        yield f"hooks of {' and '.join(kinds)}", "hooks called", expected, seen
        yield f"hooks of {' and '.join(kinds)}", "raised", False, isinstance(result, KeyAPIError)


def _broken_hooks(network: Network) -> CasesCompared:
    """What a hook raises comes through as it is."""
    for kind, error in (("request", RuntimeError("mine")), ("response", KeyError("mine"))):

        def fail(event: object, error: Exception = error) -> None:
            raise error

        hooks = {kind: [_hook(network, kind, fail)]}
        with loopback(network.succeed) as server:
            client = network.client(server.url, httpx_args={"event_hooks": hooks})
            try:
                found = network.call(client)
            except Exception as raised:
                found = raised
            network.close(client)
        yield f"a hook of a {kind}", "raised", error, found


def _hook(network: Network, kind: str, note: Callable[[Any], None]) -> Any:
    """A hook that notes what was sent or came."""

    def noted(event: Any) -> None:
        note((kind, event.method if kind == "request" else event.status_code))

    async def noted_later(event: Any) -> None:
        noted(event)

    return noted_later if network.way.asynchronous else noted


def _redirects(network: Network) -> CasesCompared:
    """Redirects are followed where that is asked for, and are errors otherwise."""
    moved = network.whole(b"", "location: /moved", status=307)
    for follows in (False, True):
        with loopback(lambda number: Parts([network.whole() if number else moved])) as server:
            client = network.client(server.url, httpx_args={"follow_redirects": follows})
            result = network.call(client)
            found = getattr(result, "status", None), len(server.requests), client.credits_spent
            network.close(client)
        expected = (None, 2) if follows else (307, 1)
        price = network.operation.credits
        yield f"follow_redirects={follows}", "redirected", (*expected, price), found
    large = network.whole(b" " * _LARGE, "location: /moved", status=307)
    with loopback(lambda number: Parts([network.whole() if number else large])) as server:
        limited = {"max_response_bytes": _LARGE - 1, "httpx_args": {"follow_redirects": True}}
        client = network.client(server.url, **limited)
        refused = told(network.call(client)), len(server.requests)
        network.close(client)
    yield "a large redirect", "bounds", ("InvalidResponse", 1), refused


def _mounts(network: Network) -> CasesCompared:
    """A transport that is mounted for the server takes the requests."""
    taken: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        taken.append(request)
        return httpx.Response(network.good.status, content=network.good.content)

    with loopback(network.succeed) as server:
        mounts = {"http://": httpx.MockTransport(take)}
        client = network.client(server.url, httpx_args={"mounts": mounts})
        network.call(client)
        network.close(client)
    yield "mounts", "requests", (1, 0), (len(taken), len(server.requests))


def _logs(network: Network) -> CasesCompared:
    """No library writes the key into a log, whichever way a request goes; httpx logs when asked."""
    for level in (logging.INFO, logging.WARNING):
        with loopback(network.succeed) as server, heard("") as records:
            if records is None:
                return
            logger = logging.getLogger("httpx")
            before = logger.level
            logger.setLevel(level)
            client = network.client(server.url)
            network.call(client)
            network.close(client)
            logger.setLevel(before)
        texts = [f"{record.name} {record.getMessage()}" for record in records]
        leaks = [text for text in texts if KEY in text]
        yield "all logs", "the key in a record", [], leaks
        by_httpx = sum(text.startswith("httpx ") for text in texts)
        yield f"httpx's log from {level}", "records", int(level == logging.INFO), by_httpx


def _proxies(network: Network) -> CasesCompared:
    """A proxy is named by an argument, or else by the environment where that is trusted."""
    with loopback(network.succeed) as proxy, loopback(network.succeed) as server:
        secret = proxy.url.replace("://", f"://{_USER}:{_PASSWORD}@")
        named: tuple[tuple[dict[str, Any], dict[str, str], str | None], ...] = (
            ({"proxy": proxy.url}, {}, None),
            ({"proxy": secret}, {}, _BASIC),
            ({"proxy": proxy.url}, {"HTTP_PROXY": server.url}, None),
            ({}, {"HTTP_PROXY": proxy.url}, None),
            ({}, {"http_proxy": proxy.url, "ALL_PROXY": server.url}, None),
            ({}, {"ALL_PROXY": secret}, _BASIC),
            ({}, {"all_proxy": proxy.url.removeprefix("http://")}, None),
        )
        for args, environment, authorization in named:
            case = f"proxy by {', '.join((*args, *environment))}"
            request = _through(network, proxy, _ELSEWHERE, args, environment)
            found = request and (_server_of(request), request.headers.get("proxy-authorization"))
            yield case, "request to the proxy", (_ELSEWHERE, authorization), found
        other = {"HTTP_PROXY": proxy.url}
        for entries, direct in _DIRECT.items():
            request = _through(network, proxy, server.url, {}, {**other, "NO_PROXY": entries})
            yield f"NO_PROXY={entries}", "past the proxy", direct, request is None
        request = _through(network, proxy, server.url, {"trust_env": False}, other)
        yield "trust_env=False", "past the proxy", True, request is None
        request = _through(network, proxy, server.url, {}, {"HTTPS_PROXY": proxy.url})
        yield "HTTPS_PROXY", "past the proxy", True, request is None
    refused = Parts([network.whole(b"", status=403)], drops=True)
    with loopback(lambda number: refused) as proxy:
        secret = proxy.url.replace("://", f"://{_USER}:{_PASSWORD}@")
        for url, authorization in ((proxy.url, None), (secret, _BASIC)):
            _through(network, proxy, "https://elsewhere.invalid", {"proxy": url}, {})
            request = proxy.requests[-1]
            leaks = [name for name, text in request.headers.multi_items() if KEY in text]
            found = (request.method, request.headers.get("proxy-authorization"), leaks)
            yield "https by a proxy", "request to it", ("CONNECT", authorization, []), found


def _through(
    network: Network,
    proxy: Loopback,
    url: str,
    args: dict[str, Any],
    environment: dict[str, str],
) -> Any:
    """The request of a call that reached a proxy, or one that names its error; None for neither."""
    before = len(proxy.requests)
    with patch.dict(os.environ, environment):
        client = network.client(url, httpx_args=args)
        result = network.call(client)
    network.close(client)
    if isinstance(result, KeyAPIError):
        return httpx.Request("GET", f"http://{told(result)}")
    return proxy.requests[before] if len(proxy.requests) > before else None


def _server_of(request: httpx.Request) -> str:
    return str(request.url)[: len(_ELSEWHERE)]


def _unusable(network: Network) -> CasesCompared:
    """What cannot be used is a `ConfigurationError` that names it and no password."""
    unusable: list[tuple[str, dict[str, str], dict[str, Any]]] = [
        (name, environment, {"verify": True}) for name, environment in _UNUSABLE
    ]
    unfit = _UNFIT if network.way.name != "fast" else (*_UNFIT[:2], *_NOT_BY_AIOHTTP)
    unusable += [("", {}, args) for args in unfit]
    for name, environment, args in unusable:
        # Where certificates were read once for all, they are read for this one.
        read = patch.object(sending, "create_ssl_context", httpx.create_ssl_context)
        with patch.dict(os.environ, environment), read:
            client = network.client("https://127.0.0.1:9", httpx_args=args)
            result = network.call(client)
        spent = client.credits_spent
        network.close(client)
        found = told(result), name in str(result), _PASSWORD in str(result), spent
        case = f"{environment or args}"
        yield case, "refused", ("ConfigurationError", True, False, 0), found
