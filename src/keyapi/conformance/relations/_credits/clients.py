"""Credits: clients that are made from others, and what no client can do."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable, Iterator
from itertools import pairwise
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import httpx

from keyapi import ConfigurationError
from keyapi._clients import async_twin
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, LowLevel
from keyapi.conformance.drivers._scripted import envelope
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._shared import error_of, violation
from keyapi.contract import Violation

_ELSEWHERE = "http://elsewhere.invalid"
_OWN_CONNECTION = ("token", "base_url", "transport", "httpx_args")
"""Options that a client shares no connection with (docs/options.md)."""
_EXTRAS = {"rate": "5/s", "cache": "folder", "contract": "warn"}
"""Options that need an extra of their name."""
_OF_CONNECTIONS = ("verify", "cert", "http1", "http2", "limits", "proxy")
"""What only connections obey that the client makes itself."""
_DEFAULT_LIMIT = 2**25
"""Bytes of a body that are read unless another number is asked for."""


def remade(desk: Desk) -> Iterator[Violation]:
    """A changed client keeps the other options; it shares connection and credits, or neither."""
    values: dict[str, Any] = {
        "timeout": 5,
        "deadline": 1e6,
        "max_retries": 1,
        "rate": "100/s",
        "max_credits": None,
        "quota_cooldown": 5,
        "max_response_bytes": 2**20,
        "contract": "off",
        "check_arguments": False,
        "token": "sk_other",
        "base_url": _ELSEWHERE,
        "transport": httpx.MockTransport(lambda _: desk.good.respond(_)),
        "httpx_args": {"headers": {"x-team": "7"}},
    }
    for name, value in values.items():
        client = desk.open(desk.good)
        other = client.client.with_options(**{name: value})
        client.call(other)
        shared = name not in _OWN_CONNECTION
        spent = desk.price, desk.price if shared else 0
        found = other.credits_spent, client.client.credits_spent
        yield from desk.broken(f"credits with another {name}", spent, found)
        client.close_it(other)
        refused = isinstance(client.call(), ConfigurationError)
        yield from desk.broken(f"closed with another {name}", shared, refused)
        client.close()
    limited = envelope(429)
    client = desk.open(limited, max_retries=1, max_credits=5 * desk.price, rate="1/m", deadline=1e4)
    more = client.client.with_options(max_retries=2)
    for used, requests in ((more, 3), (client.client, 5), (more, 5 if desk.price else 8)):
        client.call(used)
        yield from desk.broken("requests of a changed client", requests, len(client.requests))
    pauses = {round(later - sooner, 2) for sooner, later in pairwise(client.requests)}
    yield from desk.broken("pace of a changed client", {60.0}, pauses)
    client.close()


def found_once(desk: Desk) -> Iterator[Violation]:
    """A changed client keeps key and server, whatever the environment says by then."""
    kind: Any = desk.caller.client if desk.runner is None else async_twin(desk.caller.client)
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return desk.good.respond(request)

    names = ("KEYAPI_TOKEN", "KEYAPI_API_KEY", "KEYAPI_KEY", "KEYAPI_BASE_URL")
    clear = {name: text for name, text in os.environ.items() if name not in names}
    early = {**clear, "KEYAPI_TOKEN": "sk_early", "KEYAPI_BASE_URL": f"{_ELSEWHERE}/early"}
    late = {**clear, "KEYAPI_TOKEN": "sk_late", "KEYAPI_BASE_URL": f"{_ELSEWHERE}/late"}
    script = desk.open(desk.good)
    with patch.dict(os.environ, early, clear=True):
        client = kind(transport=httpx.MockTransport(respond))
    with patch.dict(os.environ, late, clear=True):
        for options in ({"timeout": 5}, {"token": None}, {"base_url": None}):
            script.call(client.with_options(**options))
    script.close_it(client)
    script.close()
    found = [(_key(request), "/early/" in str(request.url)) for request in sent]
    expected = [("sk_early", True), ("sk_late", True), ("sk_early", False)]
    if desk.operation.secured:
        yield from desk.broken("key and server of a changed client", expected, found)


def _key(request: httpx.Request) -> str:
    found: str = request.headers.get("authorization", "none")
    return found.removeprefix("Bearer ")


def uncopied(desk: Desk) -> Iterator[Violation]:
    """A client shows its server and no key, and can be neither copied nor pickled."""
    client = desk.open(desk.good)
    shown = repr(client.client)
    if KEY in shown or client.client.base_url not in shown or client.client.base_url.endswith("/"):
        yield violation(desk.operation, "repr", "the server, and no key", shown)
    for copied in (copy.copy, copy.deepcopy, pickle.dumps):
        yield from desk.broken(
            f"{copied.__name__} raises", "TypeError", _raised(copied, client.client)
        )
    unknown = _raised(client.client.with_options, retries=3)
    yield from desk.broken("an unknown option raises", "TypeError", unknown)
    client.client.raise_on_unexpected_status = True
    kept = client.client.with_options(timeout=5).raise_on_unexpected_status
    yield from desk.broken("raise_on_unexpected_status is kept", True, kept)
    client.close()


def unfit(desk: Desk) -> Iterator[Violation]:
    """What a transport makes useless, and a missing extra, are told when a client is made."""
    for name in _OF_CONNECTIONS:
        found = _raised(desk.open, desk.good, httpx_args={name: None})
        yield from desk.broken(f"{name} beside a transport", "ConfigurationError", found)
    own, other = httpx.BaseTransport(), httpx.AsyncBaseTransport()
    kind: Any = desk.caller.client if desk.runner is None else async_twin(desk.caller.client)
    wrong = other if desk.runner is None else own
    found = _raised(kind, KEY, transport=wrong)
    yield from desk.broken("a transport of the other kind", "ConfigurationError", found)
    with TemporaryDirectory() as folder, patch("importlib.util.find_spec", lambda name: None):
        for name, value in _EXTRAS.items():
            given = folder if value == "folder" else value
            told = error_of(desk.open, desk.good, **{name: given})
            if not isinstance(told, ConfigurationError) or f"[{name}]" not in str(told):
                yield violation(desk.operation, "a missing extra", f"pip install … [{name}]", told)
        found = _raised(lambda: desk.open(desk.good).close())
        yield from desk.broken("raised without extras", "NoneType", found)


def functions(desk: Desk) -> Iterator[Violation]:
    """Low-level functions are retried, counted, paced and refused as methods are."""
    try:
        low = LowLevel(desk.operation, desk.caller)
    except ImportError:
        return  # which "client -> spec" finds
    name = "sync_detailed" if desk.runner is None else "asyncio_detailed"
    arguments = next(iter(cases(desk.operation))).arguments

    def call(made: Any) -> Any:
        return desk.settled(low.on(made, name, arguments))

    client = desk.open(envelope(429), desk.good, max_credits=3 * desk.price, rate="1/m")
    call(client.client)
    yield from desk.played(client, 2)
    call(client.client.with_options(max_retries=0))
    pauses = [round(later - sooner, 2) for sooner, later in pairwise(client.requests)]
    yield from desk.broken("pace of functions", [60.0, 60.0], pauses)
    refused = _raised(call, client.client)
    expected = "BudgetExceeded" if desk.price else "NoneType"
    yield from desk.broken("raised by a function", expected, refused)
    client.close()
    refused = _raised(call, client.client)
    yield from desk.broken("raised by a function", "ConfigurationError", refused)
    client = desk.open(envelope(402), desk.good)
    call(client.client)
    refused = _raised(call, client.client)
    yield from desk.broken("raised by a function", "InsufficientCredits", refused)
    client.close()


def _raised(act: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """The name of the error that a function raises; "NoneType" for none."""
    return type(error_of(act, *arguments, **named)).__name__


def sizes(desk: Desk) -> Iterator[Violation]:
    """A body may have 32 MB, or as many bytes as are asked for; beyond, it is asked for once."""
    content = desk.good.content
    if not content.endswith(b"}"):
        return
    size = len(content)
    for options, most in (({}, _DEFAULT_LIMIT), ({"max_response_bytes": size + 7}, size + 7)):
        # To read so much takes a while, and is the same for both clients.
        is_slow = most == _DEFAULT_LIMIT and desk.runner is not None
        for more, expected in ((0, False), (1, True))[is_slow:]:
            body = content[:-1] + b" " * (most + more - size) + b"}"
            client = desk.open(desk.good._replace(content=body), **options)
            refused = type(client.call()).__name__ == "InvalidResponse"
            client.close()
            yield from desk.played(client, 1)
            yield from desk.broken(f"{most + more} bytes are refused", expected, refused)
