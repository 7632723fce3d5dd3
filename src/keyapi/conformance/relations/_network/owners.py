"""Spec -> client: whose connections are: of one event loop, of one process, or of the program."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from keyapi._isolation import _renew
from keyapi.conformance.drivers._loopback import loopback
from keyapi.conformance.relations._network.ways import Network, settled, told
from keyapi.conformance.relations._shared import CasesCompared


def owners(network: Network) -> CasesCompared:
    """Connections are never shared by event loops or processes."""
    for look in (_loops, _children, _theirs):
        yield from look(network)


def _loops(network: Network) -> CasesCompared:
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


def _children(network: Network) -> CasesCompared:
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


def _theirs(network: Network) -> CasesCompared:
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
