"""Spec -> client: how many connections a client makes, how long it keeps them, and whose they are.

Nothing here is measured by a clock: servers wait for what they must, and tell what they saw.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx

from keyapi._isolation import _renew
from keyapi.conformance.drivers._loopback import Loopback, Parts, loopback
from keyapi.conformance.drivers._scripted import envelope
from keyapi.conformance.relations._network.ways import Look, Network, told

_PATIENCE = 10.0
"""Seconds for what happens in the server's threads: longer than on any busy machine."""
_BRIEF = 0.02
"""Seconds that a call waits for a free connection."""
_MOST_HEADERS, _LONGEST_HEADERS = 256, 2**16
_DEEPEST = 250
"""Bounds of an answer (docs/errors.md): headers, their bytes, and levels of JSON."""
_LARGE = 2**21
"""Bytes of a body that arrives in many pieces."""
_LIMITS = (
    ({"max_connections": 1}, 1, ("sync", "async", "fast")),
    ({"keepalive_expiry": 0.0}, 3, ("sync", "async", "fast")),
    ({"max_keepalive_connections": 0}, 3, ("sync", "async")),
)
"""Limits, how many connections three calls make within them, and which ways know them."""


def connections(network: Network) -> Look:
    """Connections are as many as `limits` says, closed when they must be, and never shared."""
    for look in (_limited, _awaited, _left, _closed, _large, _loops, _children, _theirs, _by_hand):
        yield from look(network)


def _limited(network: Network) -> Look:
    for limits, number, names in _LIMITS:
        if network.way.name not in names:
            continue
        with loopback(network.succeed) as server:
            client = network.client(server.url, httpx_args={"limits": httpx.Limits(**limits)})
            results = [network.call(client) for _ in range(3)]
            network.close(client)
        found = [type(result).__name__ for result in results], server.connections
        yield f"{limits}", "connections", ([type(results[0]).__name__] * 3, number), found
        yield f"{limits}", "requests", 3, len(server.requests)


def _awaited(network: Network) -> Look:
    """A call waits for a free connection as long as its time-out says; unsent, it costs nothing."""
    free, price = Event(), network.operation.credits

    def held(number: int) -> Parts:
        if number == 0:
            free.wait(_PATIENCE)
        return network.succeed(number)

    limits = httpx.Limits(max_connections=1)
    timeout = httpx.Timeout(_PATIENCE, pool=_BRIEF)
    with loopback(held) as server:
        client = network.client(server.url, httpx_args={"limits": limits})
        hasty = client.with_options(timeout=timeout)
        if network.way.name == "fast":  # which has one time-out for both
            hasty = client.with_options(
                timeout=httpx.Timeout(_PATIENCE, pool=_BRIEF, connect=_BRIEF)
            )
        if network.way.asynchronous:
            first, late, second = network.caller.run(_at_once(network, client, hasty, server, free))
        else:
            with ThreadPoolExecutor(2) as pool:
                one = pool.submit(network.outcome, client)
                settled(lambda: bool(server.requests))
                late = network.outcome(hasty)
                two = pool.submit(network.outcome, client)
                free.set()
                first, second = one.result(), two.result()
        spent = client.credits_spent
        network.close(client)
    found = told(late), getattr(late, "attempts", None), told(first) == told(second), spent
    yield "one connection", "waiting", ("TransportError", 1, True, 2 * price), found
    yield "one connection", "connections", (1, 2), (server.connections, len(server.requests))


async def _at_once(
    network: Network, client: Any, hasty: Any, server: Loopback, free: Event
) -> tuple[Any, Any, Any]:
    first = asyncio.ensure_future(network.outcome(client))
    while not server.requests and not first.done():
        await asyncio.sleep(0.001)
    late = await network.outcome(hasty)
    second = asyncio.ensure_future(network.outcome(client))
    await asyncio.sleep(0)
    free.set()
    return await first, late, await second


def _left(network: Network) -> Look:
    """A kept connection that the server has closed serves no request, and nothing is sent twice."""
    with loopback(lambda number: Parts([network.whole()], drops=True)) as server:
        client = network.client(server.url)
        results = []
        for _ in range(2):
            results.append(told(network.call(client)))
            settled(lambda: server.open == 0)
            if network.way.asynchronous:
                network.caller.run(asyncio.sleep(0.01))  # for the event loop to hear of it
        spent = client.credits_spent
        network.close(client)
    found = results[0] == results[1], len(server.requests), server.connections, spent
    yield "a server that left", "calls", (True, 2, 2, 2 * network.operation.credits), found


def _closed(network: Network) -> Look:
    """Closing a client closes its connections, and every client made from it that shares them."""
    for options, shared in (({"timeout": 5}, True), ({"token": "sk_other"}, False)):
        with loopback(network.succeed) as server:
            client = network.client(server.url)
            other = client.with_options(**options)
            network.call(client)
            network.call(other)
            made = server.connections
            network.close(other)
            settled(lambda left=int(not shared): server.open == left)  # type: ignore[misc]
            after, name = server.open, told(network.call(client))
            network.close(client)
            settled(lambda: server.open == 0)
        found = made, after, name == "ConfigurationError", server.open
        yield f"with_options {options}", "closed", (2 - shared, 1 - shared, shared, 0), found


def _large(network: Network) -> Look:
    """Beyond a bound there is an `InvalidResponse`, once, and the connection is closed."""
    content = network.good.content
    if not content.endswith(b"}"):
        return
    head = network.whole().partition(b"\r\n\r\n")[0]
    names, size = (
        head.count(b"\r\n"),
        sum(map(len, head.split(b"\r\n")[1:])) - 2 * head.count(b": "),
    )
    large = content + b" " * _LARGE  # not all of it has arrived when it is refused
    more = [f"x-{number}: y" for number in range(_MOST_HEADERS - names)]
    long = _LONGEST_HEADERS - size - len("x-long")
    sent = {
        "most headers": (network.whole(None, *more), True),
        "too many headers": (network.whole(large, *more, "x-more: y"), False),
        "long headers": (network.whole(None, f"x-long: {'y' * (long - 100)}"), True),
        "too long headers": (network.whole(large, f"x-long: {'y' * (long + 200)}"), False),
        "deep": (network.whole(_nested(content, _DEEPEST)), True),
        "too deep": (network.whole(_nested(content, _DEEPEST + 1)), None),
        "too large": (network.whole(large), False),
    }
    for name, (whole, is_read) in sent.items():
        if network.way.name != "fast" and name == "long headers":
            continue  # h11 takes less of one header
        with loopback(lambda number, whole=whole: Parts([whole])) as server:  # type: ignore[misc]
            options = {"max_retries": 2} if is_read is not True else {}
            limit = _LARGE // 2 if name == "too large" else 2 * _LARGE
            client = network.client(server.url, max_response_bytes=limit, **options)
            results = [network.call(client) for _ in range(2)]
            network.close(client)
        found = [type(result).__name__ == "InvalidResponse" for result in results]
        expected = 2 * [is_read is not True], 2, 1 if is_read is not False else 2
        numbers = len(server.requests), server.connections
        yield f"an answer {name}", "bounds", expected, (found, *numbers)


def _nested(content: bytes, levels: int) -> bytes:
    inner = b"[" * (levels - 1) + b"]" * (levels - 1)
    return content[:-1] + b', "nested": ' + inner + b"}"


def _loops(network: Network) -> Look:
    """An async client serves each event loop; a loop's connections are closed with it."""
    if not network.way.asynchronous:
        return
    with loopback(network.succeed) as server:
        client = network.client(server.url)
        results = [told(asyncio.run(_two(network, client))) for _ in range(2)]
        settled(lambda: server.open == 0)
        found = results[0] == results[1], len(server.requests), server.connections, server.open
        yield "two event loops", "connections", (True, 4, 2, 0), found
        coroutine = network.outcome(client)
        try:
            coroutine.send(None)
            without: object = "waits"
        except StopIteration as ended:
            without = told(ended.value)
        except Exception as error:
            without = repr(error)
        coroutine.close()
        yield "without an event loop", "raised", "ConfigurationError", without
        yield "without an event loop", "requests", 4, len(server.requests)
        network.close(client)


async def _two(network: Network, client: Any) -> Any:
    await network.outcome(client)
    return await network.outcome(client)


def _children(network: Network) -> Look:
    """A forked child has connections of its own, and spends on from what its parent had spent."""
    with loopback(network.succeed) as server:
        client = network.client(server.url)
        if network.way.asynchronous:
            results = asyncio.run(_forked(network, client))
        else:
            results = [network.call(client)]
            parents = client.get_httpx_client()._transport._transport
            _renew()
            results.append(network.call(client))
            parents.close()
        spent = client.credits_spent
        network.close(client)
    found = told(results[0]) == told(results[1]), server.connections, spent
    yield "a forked child", "connections", (True, 2, 2 * network.operation.credits), found


async def _forked(network: Network, client: Any) -> list[Any]:
    first = await network.outcome(client)
    _renew()
    return [first, await network.outcome(client)]


def _theirs(network: Network) -> Look:
    """A transport of the program's own serves one process, and one event loop."""
    if network.way.name == "fast":
        return
    kind = httpx.AsyncHTTPTransport if network.way.asynchronous else httpx.HTTPTransport
    for place in ("transport", "mounts"):
        with loopback(network.succeed) as server:
            theirs = kind()
            args: dict[str, Any] = {"httpx_args": {"mounts": {"http://": theirs}}}
            options = args if place == "mounts" else {"transport": theirs, "httpx_args": {}}
            client = network.client(server.url, **options)
            results = [network.call(client)]
            if network.way.asynchronous:
                results.append(asyncio.run(network.outcome(client)))
            _renew()
            results.append(network.call(client))
            spent = client.credits_spent
            network.close(client)
        refused = [told(result) for result in results[1:]]
        expected = ["ConfigurationError"] * len(refused), 1, network.operation.credits
        yield f"{place} of one's own", "elsewhere", expected, (refused, len(server.requests), spent)


def _by_hand(network: Network) -> Look:
    """Requests made by hand are retried by the same table, and each counts one credit."""
    script = (
        network.whole(envelope(429, Retry_After="0").content, "retry-after: 0", status=429),
        network.whole(b"<html></html>"),
        network.whole(b"{}", status=404),
    )
    with loopback(lambda number: Parts([script[min(number, 2)]])) as server:
        client = network.client(server.url, max_retries=1, max_credits=3, rate="100/s")
        client._session.clock.sleep = lambda seconds: None
        client._session.clock.sleep_async = _no_wait
        given = [_get(network, client) for _ in range(2)]
        try:
            refused: Any = _get(network, client)
        except Exception as error:
            refused = type(error).__name__
        network.close(client)
    key = {request.headers.get("authorization") for request in server.requests}
    found = [response.status_code for response in given], refused, client.credits_spent, key
    expected = [200, 404], "BudgetExceeded", 3, {f"Bearer {client._settings.token}"}
    yield "by hand", "responses", expected, found
    with loopback(lambda number: Parts([script[0]])) as server:
        client = network.client(server.url, max_retries=1)
        streamed = _streamed(network, client), len(server.requests), client.credits_spent
        network.close(client)
    yield "streamed by hand", "responses", (429, 1, 1), streamed


async def _no_wait(seconds: float) -> None:
    pass


def _get(network: Network, client: Any) -> Any:
    got = network.http(client).get("/by-hand")
    return network.caller.run(got) if network.way.asynchronous else got


def _streamed(network: Network, client: Any) -> int:
    """The status of a response that is streamed."""
    http = network.http(client)

    async def streamed() -> int:
        async with http.stream("GET", "/by-hand") as response:
            await response.aread()
            return int(response.status_code)

    if network.way.asynchronous:
        return network.caller.run(streamed())
    with http.stream("GET", "/by-hand") as response:
        response.read()
        return int(response.status_code)


def settled(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, at most for as long as a busy machine may take."""
    ends = time.monotonic() + _PATIENCE
    while not is_so() and time.monotonic() < ends:
        time.sleep(0.001)
