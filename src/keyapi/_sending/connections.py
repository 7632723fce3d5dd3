"""The client's own connections: httpx's transports that can also send without httpx's objects.

A call needs a status, headers and a body. On the way to them httpx makes a request, a response,
headers of both, a parsed URL and a look into its cookies, which takes longer than the exchange
itself. httpcore, which httpx's transports stand on, needs none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import httpcore
import httpx

from keyapi._sending.exchange import Received, Sent
from keyapi._sending.size import reader
from keyapi._sending.sockets import Backend, DeadlineTransport

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)
"""Limits where none are asked for: httpx's own; connections expire in seconds."""
# Requests by such arguments go httpx's way.
_INDIRECT = ("proxy", "http1", "http2")
ERRORS = (
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
        self.is_direct = is_direct(arguments)
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
        except ERRORS as error:
            raise as_httpx_says(error, sent) from error
        return _received(sent, response, content, began)

    def close(self) -> None:
        """Close the connections."""
        self._direct.close()
        super().close()


def is_direct(arguments: Mapping[str, Any]) -> bool:
    """Whether requests can leave without httpx, by the arguments of a transport of httpx's."""
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


def as_httpx_says(error: Exception, sent: Sent) -> httpx.RequestError:
    """Give the error that httpx raises for one of httpcore's.

    It has the same name; where httpx has none of that name, nothing was sent.
    """
    kind: type[httpx.RequestError] = getattr(httpx, type(error).__name__, httpx.ConnectError)
    return kind(str(error), request=sent.request())
