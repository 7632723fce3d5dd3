"""The way to the network: connections, one set for each process and event loop."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

import httpx
from httpx import create_ssl_context

from keyapi._errors import ConfigurationError
from keyapi._isolation import Lock, renew_in_children, running_loop
from keyapi._sending.exchange import Received, Sent

if TYPE_CHECKING:
    import asyncio

# Arguments of an `httpx.Client` that are about its connections; the others are about requests.
_CONNECTION = ("verify", "cert", "trust_env", "http1", "http2", "limits", "proxy")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class Transport(httpx.BaseTransport):
    """`Connections` that a forked child replaces by its own: sockets are never shared.

    Args:
        make: Makes one.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._making = Lock()
        self._transport: Any = make()
        self.is_direct: bool = getattr(self._transport, "is_direct", False)
        renew_in_children(self)

    def renew(self) -> None:
        """Forget the parent's connections without closing them."""
        self._transport = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on a connection of this process."""
        response: httpx.Response = self._own().handle_request(request)
        return response

    def exchange(self, sent: Sent) -> Received:
        """The same without httpx's objects; where `is_direct`."""
        received: Received = self._own().exchange(sent)
        return received

    def close(self) -> None:
        """Close this process's connections."""
        if self._transport is not None:
            self._transport.close()

    def _own(self) -> Any:
        if self._transport is None:
            with self._making:  # the first threads of a child share one
                self._transport = self._transport or self._make()
        return self._transport


class AsyncTransport(httpx.AsyncBaseTransport):
    """`AsyncConnections` for each event loop: no connection serves two.

    A loop's connections are closed with it: `asyncio.run` ends what is left of async generators,
    and for each loop there is one that closes them when it is ended.

    Args:
        make: Makes one.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self.is_direct: bool = getattr(
            make(), "is_direct", False
        )  # what cannot be made is refused at once
        import asyncio

        self._make = make
        self._running = asyncio.get_running_loop  # of which a call has made sure that there is one
        self._made: dict[asyncio.AbstractEventLoop, Any] = {}
        self._ends: dict[asyncio.AbstractEventLoop, AsyncGenerator[None]] = {}
        renew_in_children(self)

    def renew(self) -> None:
        """Forget the parent's connections without closing them."""
        self._parents = (self._made, self._ends)  # what nothing refers to would be closed
        self._made, self._ends = {}, {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on a connection of the running loop."""
        loop = running_loop()
        transport = self._made.get(loop) or await self._opened(loop)
        response: httpx.Response = await transport.handle_async_request(request)
        return response

    def exchange(self, sent: Sent) -> Awaitable[Received]:
        """The same without httpx's objects; where `is_direct`."""
        transport = self._made.get(self._running())
        received: Awaitable[Received] = (
            self._first(sent) if transport is None else transport.exchange(sent)
        )
        return received

    async def aclose(self) -> None:
        """Close the running loop's connections; those of others end with their loops."""
        end = self._ends.get(running_loop())
        if end is not None:
            await end.aclose()

    async def _first(self, sent: Sent) -> Received:
        received: Received = await (await self._opened(running_loop())).exchange(sent)
        return received

    async def _opened(self, loop: asyncio.AbstractEventLoop) -> Any:
        for gone in [each for each in self._made if each.is_closed()]:
            self._made.pop(gone, None)
            self._ends.pop(gone, None)
        transport = self._made[loop] = self._make()
        self._ends[loop] = end = self._until_the_end(loop, transport)
        await anext(end)
        return transport

    async def _until_the_end(
        self, loop: asyncio.AbstractEventLoop, transport: httpx.AsyncBaseTransport
    ) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self._made.pop(loop, None)
            self._ends.pop(loop, None)
            await transport.aclose()


def network(base_url: str, arguments: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """Give the arguments of an httpx client that sends on connections of its own.

    The environment's proxies and certificates are used as httpx uses them.

    Args:
        base_url: The server's URL.
        arguments: Arguments of an httpx client; those about connections are used.
        kind: What makes connections: `Connections`, `AsyncConnections` or another of their kind.

    Returns:
        `transport` and `mounts`.

    Raises:
        ConfigurationError: The environment or the arguments name what cannot be used.
    """
    given = {name: arguments[name] for name in _CONNECTION if name in arguments}
    proxy, trust_env = given.pop("proxy", None), given.get("trust_env", True)
    # Made once: each transport would make its own, for 20 ms.
    given["verify"] = _context(given.get("verify", True), given.pop("cert", None), trust_env)
    wrapped: Any = AsyncTransport if issubclass(kind, httpx.AsyncBaseTransport) else Transport
    routes = {"all://": proxy} if proxy is not None else {}
    if proxy is None and trust_env:
        routes = dict(_environment(base_url))
    mounts = {
        pattern: None if url is None else wrapped(partial(kind, **given, proxy=url))
        for pattern, url in routes.items()
    }
    return {"transport": wrapped(partial(kind, **given)), "mounts": mounts}


def _context(verify: Any, cert: Any, trust_env: bool) -> ssl.SSLContext:
    try:
        return create_ssl_context(verify=verify, cert=cert, trust_env=trust_env)
    except OSError as error:
        for name in _CERTIFICATES if verify is True and trust_env else ():
            if os.environ.get(name):
                raise ConfigurationError(
                    f"{name} names no certificates that can be read: {error.strerror or error}; "
                    "set it to a file or folder of PEM certificates, or unset it"
                ) from error
        raise


def _environment(base_url: str) -> Iterator[tuple[str, str | None]]:
    """Yield the environment's proxies: a pattern of URLs, and the proxy, or None for none."""
    variables = getproxies()
    proxies = {
        scheme: variables[scheme] for scheme in ("http", "https", "all") if scheme in variables
    }
    direct = list(_direct(variables.get("no", ""), httpx.URL(base_url).host)) if proxies else []
    if "*" in direct:
        return
    yield from ((pattern, None) for pattern in direct)
    for scheme, url in proxies.items():
        yield f"{scheme}://", _checked(_set(f"{scheme}_proxy"), url)


def _checked(name: str, text: str) -> str:
    url = text if "://" in text else f"http://{text}"
    remedy = "set it to the URL of a proxy, such as http://proxy.example:8080, or unset it"
    try:
        proxy = httpx.Proxy(url)
    except (httpx.InvalidURL, ValueError):
        proxy = None
    if proxy is None or not _is_host(proxy.url):
        raise ConfigurationError(f"{name} is not the URL of an HTTP or SOCKS proxy; {remedy}")
    if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ConfigurationError(
            f"{name} names a SOCKS proxy, which needs one more package: pip install "
            f"'httpx[socks]'; or {remedy}"
        )
    return url


def _direct(text: str, host: str) -> Iterator[str]:
    """Yield patterns of what NO_PROXY names, and `*` where that is everything."""
    for entry in filter(None, map(str.strip, text.split(","))):
        address = entry.removeprefix("[").removesuffix("]")
        try:
            network = ipaddress.ip_network(address, strict=False)
        except ValueError:
            network = None
        if network is not None and "/" in address:
            if _within(host, network):
                yield _pattern(host)
        elif network is not None or entry.lower() == "localhost":
            yield _pattern(address)
        elif entry == "*" or "://" in entry:
            yield entry
        else:
            pattern = f"all://{entry}" if entry.startswith("[") else f"all://*{entry}"
            try:
                understood = _is_host(httpx.URL(pattern))
            except httpx.InvalidURL:
                understood = False
            if not understood:
                raise ConfigurationError(
                    f"{_set('no_proxy')} has an entry that is neither a host nor an address: "
                    f"{entry!r}; correct it or remove it"
                )
            yield pattern


def _is_host(url: httpx.URL) -> bool:
    return bool(url.host) and "%" not in url.host  # what no host has is escaped


def _within(host: str, network: Any) -> bool:
    try:
        return ipaddress.ip_address(host) in network
    except ValueError:
        return False


def _pattern(host: str) -> str:
    return f"all://[{host}]" if ":" in host else f"all://{host}"


def _set(name: str) -> str:
    """The variable that is set: its name in lower case goes first."""
    return name if name in os.environ else name.upper()
