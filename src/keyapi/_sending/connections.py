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
    httpcore.ConnectionNotAvailable,  # closed with its client, a moment before it was used
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
    """Connections of one event loop, without a pool of httpcore's.

    A pool looks at each of its connections for every request, which takes most of the time when
    there are many, and twice at the one that is used.

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
        self._open: set[httpcore.AsyncHTTPConnection] = set()  # those in use, too
        self._idle: list[httpcore.AsyncHTTPConnection] = []  # the one that was used last is last
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
        try:
            request = _request(sent)
            connection = await self._connection(request)
            try:
                response = await connection.handle_async_request(request)
                try:
                    read = reader(response.headers, sent.limit)
                    content = b"".join([read(part) async for part in response.aiter_stream()])
                finally:
                    await response.aclose()
            finally:
                await self._put_back(connection)
        except _ERRORS as error:
            raise _as_httpx_says(error, sent) from error
        finally:
            self._free.release()
        return _received(sent, response, content, began)

    async def aclose(self) -> None:
        """Close the connections."""
        self._idle.clear()
        while self._open:  # closing one ends its call at once
            await self._open.pop().aclose()
        await super().aclose()

    async def _put_back(self, connection: httpcore.AsyncHTTPConnection) -> None:
        """Keep a connection for the next request where it can serve one, or close it."""
        is_needed = connection in self._open and len(self._idle) < self._most_idle
        if is_needed and connection.is_idle():
            self._idle.append(connection)
        else:
            await self._close(connection)

    async def _close(self, connection: httpcore.AsyncHTTPConnection) -> None:
        self._open.discard(connection)
        if not connection.is_closed():
            await connection.aclose()

    async def _connection(self, request: httpcore.Request) -> httpcore.AsyncHTTPConnection:
        """An idle connection that the server has not closed, or a new one."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.has_expired():
                return connection
            await self._close(connection)
        connection = httpcore.AsyncHTTPConnection(
            request.url.origin,
            ssl_context=self._ssl_context,
            keepalive_expiry=self._expiry,
            network_backend=AsyncBackend(),
        )
        self._open.add(connection)
        return connection

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
    """The error that httpx raises for one of httpcore's, which has the same name if it is httpx's.

    Otherwise nothing was sent.
    """
    kind: type[httpx.RequestError] = getattr(httpx, type(error).__name__, httpx.ConnectError)
    return kind(str(error), request=sent.request())
