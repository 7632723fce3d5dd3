"""The client's own async connections: HTTP/1.1 by h11, on asyncio.

httpcore's pool looks at each of its connections for every request, which takes most of the time
when there are many, and each of its connections takes locks and reads and writes through anyio,
which is most of the rest. What needs more than plain requests goes through httpx and them.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import h11
import httpcore
import httpx

from keyapi._sending.connections import ERRORS, LIMITS, as_httpx_says, is_direct
from keyapi._sending.exchange import Received, Sent
from keyapi._sending.size import reader
from keyapi._sending.sockets import AsyncDeadlineTransport
from keyapi._sending.stream import Stream, connected

_LARGEST_HEAD = 100 * 1024  # bytes of a response's headers that are kept, as httpcore does


class AsyncConnections(AsyncDeadlineTransport):
    """Connections of one event loop.

    Args:
        arguments: As of `httpx.AsyncHTTPTransport`; `verify` is an SSL context.

    Attributes:
        is_direct: Whether `exchange` can be used.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.is_direct = is_direct(arguments)
        self._ssl_context = arguments["verify"]
        limits: httpx.Limits = arguments.get("limits") or LIMITS
        self._expiry = limits.keepalive_expiry
        self._most_idle = _most(limits.max_keepalive_connections)
        self._open: set[_Connection] = set()  # those in use, too
        self._idle: list[_Connection] = []  # the one that was used last is last
        self._free = asyncio.Semaphore(_most(limits.max_connections))

    async def exchange(self, sent: Sent) -> Received:
        """Send a request and read the response to its end.

        Args:
            sent: The request.

        Raises:
            httpx.RequestError: As `httpx.AsyncClient.send`.
        """
        began = time.perf_counter()
        if self._free.locked():
            await self._wait(sent)
        else:
            await self._free.acquire()  # which waits for nothing
        try:
            connection = self._connection()
            try:
                return await connection.exchange(sent, began)
            finally:
                self._put_back(connection)
        except ERRORS as error:
            raise as_httpx_says(error, sent) from error
        finally:
            self._free.release()

    async def aclose(self) -> None:
        """Close the connections."""
        self._idle.clear()
        while self._open:  # closing one ends its call at once
            self._open.pop().close()
        await asyncio.sleep(0)  # in which the loop lets go of them
        await super().aclose()

    def _connection(self) -> _Connection:
        """An idle connection that the server has not closed, or a new one."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            self._close(connection)
        connection = _Connection(self._ssl_context, self._expiry)
        self._open.add(connection)
        return connection

    def _put_back(self, connection: _Connection) -> None:
        """Keep a connection for the next request where it can serve one, or close it."""
        is_needed = connection in self._open and len(self._idle) < self._most_idle
        if is_needed and connection.is_done:
            self._idle.append(connection)
        else:
            self._close(connection)

    def _close(self, connection: _Connection) -> None:
        self._open.discard(connection)
        connection.close()

    async def _wait(self, sent: Sent) -> None:
        """Wait until less than the most connections are in use."""
        try:
            async with asyncio.timeout(sent.timeouts.get("pool")):
                await self._free.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("", request=sent.request()) from error


class _Connection:
    """One connection, for one request after another.

    Args:
        context: What TLS is made by.
        expiry: After how long without a request it is not used again, in seconds; None for never.

    Attributes:
        is_done: Whether the last response was read to its end, and another request may follow.
    """

    def __init__(self, context: Any, expiry: float | None) -> None:
        self.is_done = False
        self._context = context
        self._expiry = expiry
        self._expires = float("inf")  # by the clock that only runs forward
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
        self._stream: Stream | None = None

    @property
    def is_usable(self) -> bool:
        """Whether it can serve another request."""
        return (
            self._stream is not None and self._stream.is_usable and time.monotonic() < self._expires
        )

    def close(self) -> None:
        """Close it; whoever waits for it goes on."""
        if self._stream is not None:
            self._stream.close()

    async def exchange(self, sent: Sent, began: float) -> Received:
        """Send a request and read the response to its end.

        Args:
            sent: The request.
            began: When that began, by `time.perf_counter`.

        Raises:
            Exception: Of httpcore's, or httpx's where the response is too large.
        """
        self.is_done = False
        stream, http, timeouts = self._stream, self._http, sent.timeouts
        if stream is None:
            stream = self._stream = await connected(sent.server, self._context, timeouts)
        try:
            request = h11.Request(method=sent.method, target=sent.target, headers=sent.headers)
            head = http.send(request)
            http.send(h11.EndOfMessage())  # which is nothing more to be written
        except h11.LocalProtocolError as error:
            raise httpcore.LocalProtocolError(str(error)) from error
        stream.write(head)
        if stream.is_full:
            await stream.drain(timeouts.get("write"))
        limit = timeouts.get("read")
        event = await self._next(stream, limit)
        while not isinstance(event, h11.Response):  # but information on the way to it
            event = await self._next(stream, limit)
        response, headers = event, event.headers.raw_items()
        read = reader(headers, sent.limit)
        parts: list[bytes] = []
        while isinstance(event := await self._next(stream, limit), h11.Data):
            parts.append(read(bytes(event.data)))
        self._finish(stream)
        extensions = {
            "http_version": b"HTTP/" + response.http_version,
            "reason_phrase": response.reason,
        }
        seconds = time.perf_counter() - began
        return Received(sent, response.status_code, headers, b"".join(parts), extensions, seconds)

    async def _next(self, stream: Stream, seconds: float | None) -> Any:
        """The next event of a response.

        Args:
            stream: Where it comes from.
            seconds: How long to wait for bytes at most; None for no limit.
        """
        http = self._http
        while True:
            try:
                event = http.next_event()
            except h11.RemoteProtocolError as error:
                raise httpcore.RemoteProtocolError(str(error)) from error
            if event is not h11.NEED_DATA:
                return event
            data = await stream.read(seconds)
            if not data and http.their_state is h11.SEND_RESPONSE:
                problem = "Server disconnected without sending a response."
                raise httpcore.RemoteProtocolError(problem)
            http.receive_data(data)

    def _finish(self, stream: Stream) -> None:
        """Get ready for another request, unless a side is unwilling or something is left over."""
        http = self._http
        if {http.our_state, http.their_state} != {h11.DONE} or http.trailing_data[0]:
            return
        http.start_next_cycle()
        stream.rest()
        if self._expiry is not None:
            self._expires = time.monotonic() + self._expiry
        self.is_done = True


def _most(limit: int | None) -> int:
    return sys.maxsize if limit is None else limit
