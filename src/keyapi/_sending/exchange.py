"""A request and its response as a call needs them; httpx's are made when they are asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

RawHeaders = list[tuple[bytes, bytes]]
# What httpx leaves as it is in a path and query that are already escaped.
_KEPT = re.compile(r"[A-Za-z0-9_.~%&=+/?:@!$(),;*-]*").fullmatch
_LONGEST = 2**15  # characters of one that httpx is not asked about; it takes twice as many in a URL


def is_kept(target: str) -> bool:
    """Whether httpx would send a path and query as they are."""
    is_plain = _KEPT(target) is not None and "/." not in target  # which it may resolve
    return is_plain and len(target) <= _LONGEST


class Server:
    """Where requests go, split up once.

    Args:
        url: The server's URL, without a slash at its end.

    Attributes:
        url: As given.
        scheme: `http` or `https`.
        host: Its name or address, as resolved.
        port: Its port, or None for that of the scheme.
        path: The path in it, which precedes that of each request.
        header: The header that names it.
    """

    __slots__ = ("header", "host", "path", "port", "scheme", "url")

    def __init__(self, url: str) -> None:
        request = httpx.Request("GET", url)
        self.url = url
        self.scheme = request.url.raw_scheme
        self.host = request.url.raw_host
        self.port = request.url.port
        self.path = request.url.raw_path.rstrip(b"/").decode()
        self.header = (b"Host", request.headers["Host"].encode())


class Sent:
    """A request without a body.

    Args:
        server: Where it goes.
        method: Its HTTP method.
        target: Path and query below the server's URL.
        headers: All of its headers.
        timeouts: The time limit of each phase, in seconds, as httpx takes them.
        limit: How many bytes the body of its response may have, unpacked.

    Attributes:
        target: Path and query, as on the wire.
    """

    __slots__ = ("_target", "headers", "limit", "method", "server", "target", "timeouts")

    def __init__(
        self,
        server: Server,
        method: str,
        target: str,
        headers: RawHeaders,
        timeouts: Mapping[str, float | None],
        limit: int,
    ) -> None:
        self.server = server
        self.method = method
        self.headers = headers
        self.timeouts = timeouts
        self.limit = limit
        self.target = server.path + target
        self._target = target

    @property
    def url(self) -> str:
        """Its URL."""
        return self.server.url + self._target

    def request(self) -> httpx.Request:
        """Make the request that httpx would have sent."""
        return httpx.Request(self.method, self.url, headers=self.headers)


class Received:
    """The response to a request, read to its end.

    It has those attributes of an `httpx.Response` that a call reads.

    Attributes:
        sent: The request.
        status_code: HTTP status.
        raw_headers: Headers as received.
        content: Body, unpacked.
        extensions: What the transport says of it, such as the version of HTTP.
        seconds: How long it took from sending the request to the end of the body.
    """

    __slots__ = ("content", "extensions", "raw_headers", "seconds", "sent", "status_code")

    def __init__(
        self,
        sent: Sent,
        status_code: int,
        raw_headers: RawHeaders,
        content: bytes,
        extensions: dict[str, Any],
        seconds: float,
    ) -> None:
        self.sent = sent
        self.status_code = status_code
        self.raw_headers = raw_headers
        self.content = content
        self.extensions = extensions
        self.seconds = seconds

    @property
    def headers(self) -> httpx.Headers:
        """The headers, looked up whatever the case of their names."""
        return httpx.Headers(self.raw_headers)

    @property
    def request(self) -> httpx.Request:
        """The request that httpx would have sent."""
        return self.sent.request()

    def get(self, name: str, default: str) -> str:
        """A header's value, whatever the case of its name, or the default."""
        found: str = self.headers.get(name, default)
        return found

    @property
    def sets_cookies(self) -> bool:
        """Whether it has cookies to keep."""
        return b"set-cookie" in [name.lower() for name, _ in self.raw_headers]

    def response(self) -> httpx.Response:
        """Make the response that httpx would have given."""
        response = httpx.Response(
            self.status_code,
            stream=httpx.ByteStream(self.content),
            request=self.request,
            extensions=self.extensions,
        )
        response.read()  # before it has headers that name an encoding: the body is unpacked
        response.headers = self.headers
        response.elapsed = timedelta(seconds=self.seconds)
        return response
