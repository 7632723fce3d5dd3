"""The client's own connections: httpx's transports that can also send without httpx's objects.

A call needs a status, headers and a body. On the way to them httpx makes a request, a response,
headers of both, a parsed URL and a look into its cookies, which takes longer than the exchange
itself. httpcore, which httpx's transports stand on, needs none of them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import httpcore
import httpx

from keyapi._sending.exchange import Received, Sent
from keyapi._sending.size import reader
from keyapi._sending.sockets import (
    AsyncBackend,
    AsyncDeadlineTransport,
    Backend,
    DeadlineTransport,
)

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)
"""Limits where none are asked for: httpx's own; connections expire in seconds."""
# Requests by such arguments go httpx's way.
_INDIRECT = ("proxy", "http1", "http2")
_ERRORS = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)


class Connections(DeadlineTransport):
    """Connections of one process.

    Args:
        arguments: As of `httpx.HTTPTransport`; `verify` is an SSL context.

    Attributes:
        is_direct: Whether `exchange` can be used.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.is_direct = _is_direct(arguments)
        limits: httpx.Limits = arguments.get("limits") or LIMITS
        self._direct = httpcore.ConnectionPool(
            ssl_context=arguments["verify"],
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=Backend(),
        )

    def exchange(self, sent: Sent) -> Received:
        """Send a request and read the response to its end.

        Args:
            sent: The request.

        Raises:
            httpx.RequestError: As `httpx.Client.send`.
        """
        began = perf_counter()
        try:
            response = self._direct.handle_request(_request(sent))
            try:
                read = reader(response.headers, sent.limit)
                content = b"".join(map(read, response.iter_stream()))
            finally:
                response.close()
        except _ERRORS as error:
            raise _as_httpx_says(error, sent) from error
        return _received(sent, response, content, began)

    def close(self) -> None:
        """Close the connections."""
        self._direct.close()
        super().close()


class AsyncConnections(AsyncDeadlineTransport):
    """Connections of one event loop.

    Each stands in a pool of its own: httpcore looks at every connection of a pool for every
    request, which takes most of the time when there are many.

    Args:
        arguments: As of `httpx.AsyncHTTPTransport`; `verify` is an SSL context.

    Attributes:
        is_direct: Whether `exchange` can be used.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.is_direct = _is_direct(arguments)
        self._ssl_context = arguments["verify"]
        limits: httpx.Limits = arguments.get("limits") or LIMITS
        self._expiry = limits.keepalive_expiry
        self._most_idle = _most(limits.max_keepalive_connections)
        self._pools: set[httpcore.AsyncConnectionPool] = set()  # those in use, too
        self._idle: list[httpcore.AsyncConnectionPool] = []  # the one that was used last is last
        self._free = asyncio.Semaphore(_most(limits.max_connections))

    async def exchange(self, sent: Sent) -> Received:
        """Send a request and read the response to its end.

        Args:
            sent: The request.

        Raises:
            httpx.RequestError: As `httpx.AsyncClient.send`.
        """
        began = perf_counter()
        if self._free.locked():
            await self._wait(sent)
        else:
            await self._free.acquire()  # which waits for nothing
        pool = self._idle.pop() if self._idle else self._opened()
        try:
            response = await pool.handle_async_request(_request(sent))
            try:
                read = reader(response.headers, sent.limit)
                content = b"".join([read(part) async for part in response.aiter_stream()])
            finally:
                await response.aclose()
        except _ERRORS as error:
            await self._drop(pool)
            raise _as_httpx_says(error, sent) from error
        except BaseException:
            await self._drop(pool)
            raise
        else:
            if len(self._idle) < self._most_idle:
                self._idle.append(pool)
            else:
                await self._drop(pool)
        finally:
            self._free.release()
        return _received(sent, response, content, began)

    async def aclose(self) -> None:
        """Close the connections."""
        self._idle.clear()
        while self._pools:  # closing one ends its call at once
            await self._pools.pop().aclose()
        await super().aclose()

    async def _drop(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pools.discard(pool)
        await pool.aclose()

    def _opened(self) -> httpcore.AsyncConnectionPool:
        pool = httpcore.AsyncConnectionPool(
            ssl_context=self._ssl_context,
            max_connections=1,
            keepalive_expiry=self._expiry,
            network_backend=AsyncBackend(),
        )
        self._pools.add(pool)
        return pool

    async def _wait(self, sent: Sent) -> None:
        """Wait until less than the most connections are in use."""
        try:
            async with asyncio.timeout(sent.timeouts.get("pool")):
                await self._free.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("", request=sent.request()) from error


def _most(limit: int | None) -> int:
    return sys.maxsize if limit is None else limit


def _is_direct(arguments: Mapping[str, Any]) -> bool:
    return all(arguments.get(name) is None for name in _INDIRECT)


def _request(sent: Sent) -> httpcore.Request:
    server = sent.server
    return httpcore.Request(
        sent.method,
        httpcore.URL(scheme=server.scheme, host=server.host, port=server.port, target=sent.target),
        headers=sent.headers,
        extensions={"timeout": sent.timeouts},
    )


def _received(sent: Sent, response: httpcore.Response, content: bytes, began: float) -> Received:
    extensions = {
        name: value for name, value in response.extensions.items() if name != "network_stream"
    }
    seconds = perf_counter() - began
    return Received(sent, response.status, response.headers, content, extensions, seconds)


def _as_httpx_says(error: Exception, sent: Sent) -> httpx.RequestError:
    """The error that httpx raises for one of httpcore's, which has the same name."""
    kind: type[httpx.RequestError] = getattr(httpx, type(error).__name__)
    return kind(str(error), request=sent.request())
