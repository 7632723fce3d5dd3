"""Spec -> client: how many connections a client makes, and how long it keeps them open.

Nothing here is measured by a clock: servers wait for what they must, and tell what they saw.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx

from keyapi.conformance.drivers._loopback import Loopback, Parts, loopback
from keyapi.conformance.relations._network.by_hand import by_hand
from keyapi.conformance.relations._network.owners import owners
from keyapi.conformance.relations._network.ways import Network, settled, told
from keyapi.conformance.relations._shared import CasesCompared

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


def connections(network: Network) -> CasesCompared:
    """Connections are as many as `limits` says, closed when they must be, and never shared."""
    for look in (_limited, _awaited, _left, _closed, _large, owners, by_hand):
        yield from look(network)


def _limited(network: Network) -> CasesCompared:
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


def _awaited(network: Network) -> CasesCompared:
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


def _left(network: Network) -> CasesCompared:
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


def _closed(network: Network) -> CasesCompared:
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


def _large(network: Network) -> CasesCompared:
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
