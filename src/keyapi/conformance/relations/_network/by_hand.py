"""Spec -> client: what holds of requests that a program makes by the client's httpx client."""

from __future__ import annotations

from typing import Any

from keyapi.conformance.drivers._loopback import Parts, loopback
from keyapi.conformance.drivers._scripted import envelope
from keyapi.conformance.relations._network.ways import Network
from keyapi.conformance.relations._shared import CasesCompared


def by_hand(network: Network) -> CasesCompared:
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
