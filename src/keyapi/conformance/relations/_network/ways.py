"""Ways to the network, and an operation of a client that goes one of them to a local server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import httpx

from keyapi import KeyAPIError
from keyapi._clients import async_twin
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, Caller
from keyapi.conformance.drivers._loopback import Parts, answer
from keyapi.conformance.relations._shared import success_answer
from keyapi.specification import OperationSpec

_PATIENCE = 10.0
"""Seconds for what happens in the server's threads: longer than on any busy machine."""


class Way(NamedTuple):
    """A way to the network.

    Attributes:
        name: What it is called.
        asynchronous: Whether the async client goes it.
        options: The client's options.
    """

    name: str
    asynchronous: bool
    options: dict[str, Any]


def ways() -> Iterator[Way]:
    """Give the ways that are installed: sync, async, and async by aiohttp."""
    yield Way("sync", False, {})
    yield Way("async", True, {})
    if find_spec("aiohttp") and find_spec("jiter"):
        transport = import_module("keyapi.fast").AsyncTransport
        yield Way("fast", True, {"transport": transport()})


class Network:
    """An operation of a client, before a server on this machine.

    Args:
        operation: The operation.
        caller: The client.
        way: How it reaches the server.

    Attributes:
        operation: The operation.
        caller: The client.
        way: How it reaches the server.
        good: A success.
    """

    def __init__(self, operation: OperationSpec, caller: Caller, way: Way) -> None:
        self.operation = operation
        self.caller = caller
        self.way = way
        self.good = success_answer(operation)
        self._authorities = httpx.create_ssl_context()  # read once: it takes 20 ms
        values = dict(next(iter(cases(operation))).arguments)
        self._arguments = caller.arguments(operation.name, values)

    def whole(
        self, content: bytes | None = None, *headers: str, status: int | None = None
    ) -> bytes:
        """Write an answer: a success, unless something of it is given."""
        content = self.good.content if content is None else content
        return answer(content, *headers, status=self.good.status if status is None else status)

    def succeed(self, number: int) -> Parts:
        """A script of nothing but success."""
        return Parts([self.whole()])

    def client(self, url: str, **options: Any) -> Any:
        """Make a client.

        Args:
            url: The server's URL.
            **options: The client's options.
        """
        kind: Any = self.caller.client
        kind = async_twin(kind) if self.way.asynchronous else kind
        own = {"base_url": url, "max_retries": 0, **self.way.options, **options}
        if "transport" not in options:
            own["httpx_args"] = {"verify": self._authorities, **options.get("httpx_args", {})}
        return kind(KEY, **own)

    def method(self, client: Any) -> Any:
        """The method of a client that calls the operation."""
        return self.caller.methods[self.operation.name, False].on(client)

    def call(self, client: Any, given: dict[str, Any] | None = None) -> Any:
        """What a call gives or raises.

        Args:
            client: The client.
            given: Arguments; those of the first case where it is left out.
        """
        outcome = self.outcome(client, given)
        return self.caller.run(outcome) if self.way.asynchronous else outcome

    def outcome(self, client: Any, given: dict[str, Any] | None = None) -> Any:
        """As `call`; to be awaited where the client is async."""
        arguments = self._arguments if given is None else given
        if self.way.asynchronous:
            return self._outcome_async(client, arguments)
        try:
            return self.method(client)(**arguments)
        except (KeyAPIError, RuntimeError) as error:
            return error

    async def _outcome_async(self, client: Any, arguments: dict[str, Any]) -> Any:
        try:
            return await self.method(client)(**arguments)
        except (KeyAPIError, RuntimeError) as error:
            return error

    def http(self, client: Any) -> Any:
        """The httpx client of a client."""
        if self.way.asynchronous:
            return client.get_async_httpx_client()
        return client.get_httpx_client()

    def close(self, client: Any) -> None:
        """Close a client."""
        self.caller.settled(client.close())


def told(result: Any) -> object:
    """What a call came to: the name of the error, or the text of what it gave."""
    return type(result).__name__ if isinstance(result, Exception) else str(result)


def settled(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, at most for as long as a busy machine may take."""
    ends = time.monotonic() + _PATIENCE
    while not is_so() and time.monotonic() < ends:
        time.sleep(0.001)
