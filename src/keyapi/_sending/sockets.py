"""Sockets that keep a deadline at every read and write, beneath httpx's transport."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Iterable
from typing import Any, cast

import httpcore
import httpx
from httpcore._backends.sync import TLSinTLSStream

from keyapi._sending.deadline import TimeLeft

_WRITTEN = 2**14  # bytes at once: no socket that takes any takes much less


class DeadlineTransport(httpx.HTTPTransport):
    """An `httpx.HTTPTransport` that keeps deadlines; arguments as of that."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._pool._network_backend = Backend()  # for which httpx has no argument


class Backend(httpcore.NetworkBackend):
    """A backend of httpcore whose sockets keep deadlines."""

    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        if not isinstance(timeout, TimeLeft):
            return _Stream(
                self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
            )
        try:  # the resolver's own time-outs cannot be changed
            found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for *_, address in found:
            left = timeout.now(httpcore.ConnectTimeout)
            try:
                return _Stream(
                    self._backend.connect_tcp(
                        str(address[0]), port, left, local_address, socket_options
                    )
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def _informed(stream: httpcore.NetworkStream | httpcore.AsyncNetworkStream) -> Any:
    """Give a `get_extra_info` that tells quickly whether there are bytes to read.

    A pool asks for that of each idle connection, for every request.
    """
    ask = stream.get_extra_info
    watched = ask("socket")
    number = watched.fileno()
    if number < 0 or not hasattr(select, "poll"):  # pragma: no cover - closed already, or Windows
        return ask
    arrivals = select.poll()
    arrivals.register(number, select.POLLIN)

    def informed(info: str) -> Any:
        if info != "is_readable":
            return ask(info)
        # That of a closed socket may be another's by now.
        return watched.fileno() != number or bool(arrivals.poll(0))

    return informed


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self.get_extra_info = _informed(stream)  # type: ignore[method-assign]

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if isinstance(timeout, TimeLeft):
            timeout = timeout.now(httpcore.ReadTimeout)
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not isinstance(timeout, TimeLeft):
            self._stream.write(buffer, timeout)
            return
        for start in range(0, len(buffer), _WRITTEN):
            left = timeout.now(httpcore.WriteTimeout)
            self._stream.write(buffer[start : start + _WRITTEN], left)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        outer = self._stream.get_extra_info("socket")
        if not isinstance(outer, ssl.SSLSocket):
            left = (
                timeout.now(httpcore.ConnectTimeout) if isinstance(timeout, TimeLeft) else timeout
            )
            return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))
        try:
            return TLSinTLSStream(cast(Any, _Socket(outer)), ssl_context, server_hostname, timeout)
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            self.close()
            raise httpcore.ConnectError(str(error)) from error

    def close(self) -> None:
        self._stream.close()


class _Socket:
    """The socket of a TLS connection to a proxy, inside of which there is another one.

    httpcore waits on it many times for each read.
    """

    def __init__(self, socket: ssl.SSLSocket) -> None:
        self._socket = socket
        self._timeout: float | None = None

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout

    def recv(self, max_bytes: int) -> bytes:
        self._begin()
        return self._socket.recv(max_bytes)

    def sendall(self, data: bytes) -> None:
        self._begin()
        self._socket.sendall(data)

    def _begin(self) -> None:
        timeout = self._timeout
        left = timeout.now(TimeoutError) if isinstance(timeout, TimeLeft) else timeout
        self._socket.settimeout(left)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class AsyncDeadlineTransport(httpx.AsyncHTTPTransport):
    """An `httpx.AsyncHTTPTransport` that closes what a deadline interrupts; arguments as of that.

    The task of a call is cancelled when its deadline passes, whatever it waits for. Only TLS
    handshakes need care: httpcore and anyio leave their connections open.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._pool._network_backend = AsyncBackend()  # for which httpx has no argument


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """A backend of httpcore that closes connections whose TLS handshake was interrupted."""

    def __init__(self) -> None:
        self._backend: Any = httpcore.AnyIOBackend()

    async def connect_tcp(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return _AsyncStream(await self._backend.connect_tcp(*args, **options))


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self.read = stream.read  # type: ignore[method-assign]  # each call less counts
        self.write = stream.write  # type: ignore[method-assign]
        self.aclose = stream.aclose  # type: ignore[method-assign]
        self.get_extra_info = _informed(stream)  # type: ignore[method-assign]

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            await self._stream.aclose()
            raise
