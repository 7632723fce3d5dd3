"""The bytes of a connection to a server, by asyncio alone.

httpcore's streams stand on anyio, which waits for another turn of the loop at each read and write.
"""

from __future__ import annotations

import asyncio
import ipaddress
import select
import ssl
from collections import deque
from collections.abc import Mapping
from typing import Any

import httpcore

from keyapi._sending.exchange import Server

# Between attempts at two addresses of a host, in seconds (RFC 8305, 5).
_NEXT_ADDRESS = 0.25
# asyncio's own limit of a TLS handshake, in seconds, where the time-out is to decide.
_NO_LIMIT = 1e6


class Stream(asyncio.Protocol):
    """A connection's bytes: what arrives waits here until it is read.

    Args:
        loop: The running loop.

    Attributes:
        is_full: Whether what was written has to leave before more is.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.is_full = False
        self._loop = loop
        self._received: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._is_idle = True
        self._is_over = False
        self._error: Exception | None = None
        self._transport: Any = None
        self._arrivals: select.poll | None = None

    def write(self, data: bytes) -> None:
        """Send bytes; where the stream `is_full` then, `drain` is next."""
        self._is_idle = False
        self._transport.write(data)

    async def drain(self, seconds: float | None) -> None:
        """Wait until what was written has left.

        Args:
            seconds: For how long at most; None for no limit.

        Raises:
            httpcore.WriteTimeout: It took longer.
        """
        while self.is_full and not self._is_over:
            await self._change(seconds, httpcore.WriteTimeout)

    async def read(self, seconds: float | None) -> bytes:
        """Give bytes that have arrived, as soon as there are any; none at the end.

        Args:
            seconds: How long to wait for them at most; None for no limit.

        Raises:
            httpcore.ReadTimeout: It took longer.
            httpcore.ReadError: The connection broke.
        """
        while not (self._received or self._is_over):
            await self._change(seconds, httpcore.ReadTimeout)
        if self._received:
            return self._received.popleft()
        if self._error is not None:
            raise httpcore.ReadError(str(self._error)) from self._error
        return b""

    def rest(self) -> None:
        """Stay open until the next request: what arrives before that was not asked for."""
        self._is_idle = True

    @property
    def is_usable(self) -> bool:
        """Whether it can serve another request.

        A loop that was busy with something else has not seen yet what the socket tells.
        """
        if self._received or self._is_over:
            return False
        return not self._arrivals or not self._arrivals.poll(0)

    def close(self) -> None:
        """Close the connection at once; whoever waits for it goes on."""
        self._is_over = True
        self._transport.abort()
        self._wake()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        if hasattr(select, "poll"):  # pragma: no branch - Windows has none
            self._arrivals = select.poll()
            self._arrivals.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        if self._is_idle:
            self.close()
        else:
            self._received.append(data)
            self._wake()

    def eof_received(self) -> None:
        self._is_over = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_over = True
        self._error = exc
        self._wake()

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        self._wake()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on inside TLS."""
        self._transport = await self._loop.start_tls(
            self._transport, self, context, server_hostname=host, ssl_handshake_timeout=_NO_LIMIT
        )

    async def _change(self, seconds: float | None, late: type[Exception]) -> None:
        waiter = self._waiter = self._loop.create_future()
        timer = None if seconds is None else self._loop.call_later(seconds, _expire, waiter, late)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _expire(waiter: asyncio.Future[None], late: type[Exception]) -> None:
    if not waiter.done():
        waiter.set_exception(late())


async def connected(
    server: Server, context: ssl.SSLContext, timeouts: Mapping[str, float | None]
) -> Stream:
    """Connect to a server.

    Args:
        server: The server.
        context: What TLS is made by, where its scheme is `https`.
        timeouts: `connect` limits connecting, and the TLS handshake after it, in seconds.

    Raises:
        httpcore.ConnectTimeout: One of them took longer.
        httpcore.ConnectError: It cannot be reached, or is not trusted.
    """
    loop = asyncio.get_running_loop()
    stream = Stream(loop)
    host = server.host.decode("ascii")
    is_tls = server.scheme == b"https"
    port = server.port or (443 if is_tls else 80)
    try:
        async with asyncio.timeout(timeouts.get("connect")):
            await loop.create_connection(lambda: stream, host, port, **_of_names(loop, host))
        if is_tls:
            context.set_alpn_protocols(["http/1.1"])
            try:
                async with asyncio.timeout(timeouts.get("connect")):
                    await stream.start_tls(context, host)
            except BaseException:
                stream.close()
                raise
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(str(error)) from error
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    return stream


def _of_names(loop: asyncio.AbstractEventLoop, host: str) -> dict[str, Any]:
    """How addresses of a host are tried; of one that is an address there is nothing to say."""
    if not isinstance(loop, asyncio.BaseEventLoop):
        return {}  # such as uvloop's, which have their own way
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return {"happy_eyeballs_delay": _NEXT_ADDRESS}
    return {}
