"""Async calls at about the cost of aiohttp's: a transport on aiohttp, and JSON read by jiter.

    AsyncTikTok(transport=keyapi.fast.AsyncTransport())

It is used where it is asked for, never by itself, and needs the extra `fast`. Calls, retries,
budgets and errors are the same. What patches httpcore, such as respx, does not see its requests.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import httpx

from keyapi._errors import ConfigurationError, causes
from keyapi._sending.connections import LIMITS
from keyapi._sending.exchange import RawHeaders, Received, Sent
from keyapi._sending.network import AsyncTransport as _OfLoops
from keyapi._sending.size import LONGEST_HEADERS, MOST_HEADERS, TooLarge, reader

try:
    import aiohttp
    import jiter
    from aiohttp.http_exceptions import LineTooLong
    from multidict import CIMultiDict
    from yarl import URL
except ImportError as error:
    raise ImportError(
        "keyapi.fast needs more packages: pip install 'keyapi-tiktok[fast]'"
    ) from error

__all__ = ["AsyncTransport"]


# Headers that aiohttp adds where they are absent: to each request, and to those with a body.
_AUTOMATIC = ("Accept", "Accept-Encoding", "User-Agent")
_OF_BODIES = ("Content-Type",)


class _Sessions(NamedTuple):
    """Two sessions on the same connections: a session's own headers take the least time.

    Attributes:
        headers: Those of the first request, which are likely to be those of most; none where
            there is a proxy.
        usual: The session that sends them.
        other: The session for requests with other headers.
    """

    headers: RawHeaders
    usual: aiohttp.ClientSession
    other: aiohttp.ClientSession


class Connections(httpx.AsyncBaseTransport):
    """Connections of one event loop; arguments and errors as of `AsyncTransport`.

    Attributes:
        is_direct: Whether `exchange` can be used.
    """

    is_direct = True

    def __init__(
        self,
        *,
        verify: Any = True,
        cert: Any = None,
        trust_env: bool = True,
        proxy: Any = None,
        limits: httpx.Limits | None = None,
        http1: bool = True,
        http2: bool = False,
    ) -> None:
        if http2 or not http1:
            raise ConfigurationError("keyapi.fast speaks HTTP/1.1; leave http1 and http2 out")
        proxy = httpx.Proxy(proxy) if isinstance(proxy, (str, httpx.URL)) else proxy
        if proxy is not None and proxy.url.scheme not in ("http", "https"):
            raise ConfigurationError(
                f"keyapi.fast has no proxies of {proxy.url.scheme}; leave transport=... out, or "
                "use a proxy of http"
            )
        self._proxy = _proxied(proxy)
        self._ssl = httpx.create_ssl_context(verify=verify, cert=cert, trust_env=trust_env)
        self._limits = limits or LIMITS
        # Only a running loop can make them.
        self._sessions: _Sessions | None = None
        self._timeouts: tuple[Any, aiohttp.ClientTimeout] = (None, aiohttp.ClientTimeout())

    async def exchange(self, sent: Sent) -> Received:
        """Send a request and read the response to its end.

        Args:
            sent: The request.

        Raises:
            httpx.RequestError: As `httpx.AsyncClient.send`.
        """
        began = perf_counter()
        try:
            response = await self._begin(sent.method, sent.url, sent.headers, sent.timeouts, None)
            try:
                raw_headers = list(response.raw_headers)
                read = reader(raw_headers, sent.limit)
                body = response.content
                if body.is_eof():  # it came with the headers, as most do
                    content = read(body.read_nowait())
                else:
                    content = b"".join([read(part) async for part in body.iter_any()])
            finally:
                if not response.closed:  # what was read to its end is
                    response.close()
        except (aiohttp.ClientError, _Lost, TimeoutError) as error:
            raise _as_httpx_says(error, sent.request()) from error
        extensions = _extensions(response)
        seconds = perf_counter() - began
        return Received(sent, response.status, raw_headers, content, extensions, seconds)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request of httpx's."""
        body = b"".join([part async for part in request.stream])  # type: ignore[union-attr]  # async
        timeouts = request.extensions.get("timeout", {})
        try:
            response = await self._begin(
                request.method, str(request.url), request.headers.raw, timeouts, body or None
            )
        except (aiohttp.ClientError, _Lost, TimeoutError) as error:
            raise _as_httpx_says(error, request) from error
        return httpx.Response(
            response.status,
            headers=list(response.raw_headers),
            stream=_Stream(response, request),
            extensions=_extensions(response),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        if self._sessions is not None:
            await self._sessions.usual.close()
            await self._sessions.other.close()

    async def _begin(
        self,
        method: str,
        url: str,
        headers: RawHeaders,
        timeouts: Mapping[str, float | None],
        body: bytes | None,
    ) -> aiohttp.ClientResponse:
        sessions = self._sessions or self._opened(headers)
        if headers == sessions.headers:
            session, written = sessions.usual, None
        else:
            session, written = sessions.other, _written(headers)
        return await session.request(
            method,
            URL(url, encoded=True),
            headers=written,
            skip_auto_headers=None if method == "GET" else _OF_BODIES,
            data=body,
            allow_redirects=False,
            timeout=self._limited(timeouts),
            **self._proxy,
        )

    def _opened(self, headers: RawHeaders) -> _Sessions:
        limits = self._limits
        connector = aiohttp.TCPConnector(
            limit=limits.max_connections or 0,
            keepalive_timeout=limits.keepalive_expiry,
            ssl=self._ssl,
        )
        if self._proxy:
            headers = []  # a session's own go to the proxy, too, and the key is among them
        written = _written(headers)
        absent = [name for name in _AUTOMATIC if name not in written]
        usual = _session(connector, headers=written, skip_auto_headers=absent)
        other = _session(connector, skip_auto_headers=_AUTOMATIC)
        self._sessions = _Sessions(headers, usual, other)
        return self._sessions

    def _limited(self, timeouts: Mapping[str, float | None]) -> aiohttp.ClientTimeout:
        """Time limits as aiohttp takes them: what waits for a connection includes making it."""
        last, limited = self._timeouts
        if timeouts is not last:
            connect, pool = timeouts.get("connect"), timeouts.get("pool")
            both = None if connect is None or pool is None else connect + pool
            limited = aiohttp.ClientTimeout(
                connect=both, sock_connect=connect, sock_read=timeouts.get("read")
            )
            if type(timeouts) is dict:  # others shrink
                self._timeouts = timeouts, limited
        return limited


class AsyncTransport(_OfLoops):
    """An httpx transport on aiohttp, for `AsyncTikTok` and for an `httpx.AsyncClient`.

    In an `AsyncTikTok` it takes what `httpx_args` says of `verify`, `cert`, `trust_env`, `proxy`
    and `limits`, and the environment's proxies and certificates. Like the client's own
    connections it serves every event loop and a forked process.

    Args:
        arguments: As of `httpx.AsyncHTTPTransport`: `verify`, `cert`, `trust_env`, `proxy` (of
            HTTP) and `limits`, of which the most connections and the seconds that they are kept
            are used.

    Raises:
        ConfigurationError: An argument asks for what aiohttp does not do.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(partial(Connections, **arguments))
        self.arguments = arguments

    connections = Connections
    """What connects in place of the client's own connections."""
    decode_json = staticmethod(partial(jiter.from_json, allow_inf_nan=False))
    """Read JSON; raises ValueError also for some that `json` reads, which decides then."""


def _session(connector: aiohttp.TCPConnector, **arguments: Any) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        middlewares=(_once,),
        max_field_size=LONGEST_HEADERS,
        max_headers=2 * MOST_HEADERS,  # so that it is ours that says which are too many
        max_line_size=LONGEST_HEADERS,
        **arguments,
    )


def _written(raw: RawHeaders) -> CIMultiDict[str]:
    """Headers as aiohttp takes them."""
    return CIMultiDict([(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw])


class _Stream(httpx.AsyncByteStream):
    """A response's body for httpx, as it arrives."""

    def __init__(self, response: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._response.content.iter_any():
                yield part
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _as_httpx_says(error, self._request) from error

    async def aclose(self) -> None:
        self._response.close()


class _Lost(Exception):
    """The connection ended before the response; what was sent may have arrived."""


async def _once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a request again, which would be paid twice.

    Where a kept connection turns out to be closed, it sends requests like GET once more by itself.
    It does so for its own errors alone.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError):
        raise  # no retry of its own follows these
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Lost(str(error) or "The server closed the connection without a response") from error


# The first that fits, so the more special ones go first.
_KINDS: tuple[tuple[type[Exception], type[httpx.RequestError]], ...] = (
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
    (aiohttp.ClientHttpProxyError, httpx.ProxyError),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.ClientPayloadError, httpx.RemoteProtocolError),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
    (TimeoutError, httpx.ReadTimeout),
    (_Lost, httpx.RemoteProtocolError),
)


def _as_httpx_says(error: Exception, request: httpx.Request) -> httpx.RequestError:
    if _has_large_headers(error):
        return TooLarge("The response has headers that are too large", request=request)
    found = (httpx_kind for kind, httpx_kind in _KINDS if isinstance(error, kind))
    return next(found, httpx.ReadError)(str(error), request=request)


def _has_large_headers(error: Exception) -> bool:
    return any(
        isinstance(each, LineTooLong) or "Too many headers" in str(each) for each in causes(error)
    )


def _proxied(proxy: httpx.Proxy | None) -> dict[str, Any]:
    """What each request says of its proxy."""
    if proxy is None:
        return {}
    headers = dict(proxy.headers)
    if proxy.raw_auth is not None:  # aiohttp sends it as Proxy-Authorization
        headers["Authorization"] = f"Basic {b64encode(b':'.join(proxy.raw_auth)).decode()}"
    return {"proxy": str(proxy.url), "proxy_headers": headers}


def _extensions(response: aiohttp.ClientResponse) -> dict[str, Any]:
    version = response.version
    name = b"HTTP/1.1" if version is None else b"HTTP/%d.%d" % version
    return {
        "http_version": name,
        "reason_phrase": (response.reason or "").encode("ascii", "replace"),
    }
