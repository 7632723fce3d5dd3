"""How a client reaches its server: key, URL and headers, from arguments or the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from keyapi._errors import ConfigurationError

if TYPE_CHECKING:
    import httpx

# KEYAPI_TOKEN is what KeyAPI's own tooling reads; the other two are in use by third parties.
TOKEN_VARIABLES = ("KEYAPI_TOKEN", "KEYAPI_API_KEY", "KEYAPI_KEY")
BASE_URL_VARIABLE = "KEYAPI_BASE_URL"

# What stands for a key in documentation, and variables that nothing has filled in.
_PLACEHOLDERS = re.compile(
    r"your|changeme|placeholder|sk_live_xxx|[<{\[$%]|.*(?:\.\.\.|…|\*\*\*)",
    re.IGNORECASE | re.DOTALL,
)
# What only connections obey that the client makes itself.
_OF_CONNECTIONS = frozenset({"verify", "cert", "http1", "http2", "limits", "proxy"})
# What the client sets itself, by its own arguments.
_OWN_ARGUMENTS = frozenset({"auth", "base_url", "cookies", "params", "timeout", "transport"})


def check_token(name: str, value: str | None) -> str:
    """Find the key; see `find_token`."""
    return find_token(value)


def find_token(token: str | None) -> str:
    """Find the key: the argument, else the first environment variable that is set.

    Raises:
        ConfigurationError: There is none, it is a placeholder, or no header can carry it.
    """
    if token is None:
        token = next(filter(None, map(os.environ.get, TOKEN_VARIABLES)), None)
    if token is None:
        raise ConfigurationError("There is no API key; pass token=... or set KEYAPI_TOKEN")
    key = token.strip()
    if not key or _PLACEHOLDERS.match(key):
        raise ConfigurationError(
            "The API key is empty or a placeholder; get one from KeyAPI's dashboard, then pass "
            "token=... or set KEYAPI_TOKEN"
        )
    if not (key.isascii() and key.isprintable()):
        raise ConfigurationError(
            "The API key contains characters that an HTTP header cannot carry; copy it again"
        )
    return key


def check_base_url(name: str, value: Any) -> str:
    """Check the server's URL, and give it without a slash at its end.

    The message does not show it: it may hold a password.

    Raises:
        ConfigurationError: It is not an http or https URL, or has more than scheme, host and path.
    """
    import httpx

    text = str(value)
    try:
        url = httpx.URL(text)
        url.host.encode("idna")  # the system's resolver would raise a bare UnicodeError
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL()
    port = 443 if url.port is None else url.port
    if url.scheme not in ("http", "https") or not url.host or not 0 < port < 2**16:
        raise ConfigurationError(
            "The base URL is not a valid http or https URL; pass base_url=... or set "
            "KEYAPI_BASE_URL"
        )
    if url.userinfo:
        raise ConfigurationError(
            "The base URL contains a user name or password, which would be sent instead of the "
            "API key; remove it"
        )
    if "?" in text or "#" in text:
        raise ConfigurationError(
            "The base URL contains a query or fragment; give only scheme, host and path"
        )
    return str(url).rstrip("/")


def chosen_base_url(base_url: str | None, default: str) -> str:
    """Give the URL that is used: the argument, else the environment's, else the default."""
    return base_url or os.environ.get(BASE_URL_VARIABLE) or default


def find_base_url(base_url: str | None, default: str) -> str:
    """Find the server's URL, and check it; errors as for `check_base_url`."""
    return check_base_url("base_url", chosen_base_url(base_url, default))


def check_httpx_args(name: str, value: Mapping[str, Any] | None) -> dict[str, Any]:
    """Check the arguments that are passed on to httpx.

    Raises:
        ConfigurationError: The client sets one of them itself.
    """
    import httpx

    args = dict(value or {})
    if taken := sorted(_OWN_ARGUMENTS & args.keys()):
        raise ConfigurationError(f"{name} contains {taken[0]!r}, which the client sets itself")
    try:
        headers = httpx.Headers(args.get("headers"))
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(f"httpx does not accept these headers: {error}") from error
    if "authorization" in headers:
        raise ConfigurationError(
            f"{name} contains an Authorization header; pass the key as token=..."
        )
    return args


def check_transport(transport: Any, client: str, *, is_async: bool) -> None:
    """Check that a transport of the user's own is of the client's kind.

    Args:
        transport: The transport, or None.
        client: Name of the client's class.
        is_async: Whether the client is async.

    Raises:
        ConfigurationError: It is not.
    """
    needed = "handle_async_request" if is_async else "handle_request"
    if transport is not None and not hasattr(transport, needed):
        kind = "AsyncBaseTransport" if is_async else "BaseTransport"
        raise ConfigurationError(
            f"transport is {type(transport).__name__}, but {client} sends through an httpx.{kind}"
        )


def check_unused(args: Mapping[str, Any]) -> None:
    """Check that a transport of the user's own makes none of the httpx arguments useless.

    Raises:
        ConfigurationError: One of them is about the client's own connections.
    """
    if unused := sorted(_OF_CONNECTIONS & args.keys()):
        raise ConfigurationError(
            f"httpx_args contains {unused[0]!r}, which says how the client itself connects, and "
            "transport=... connects instead; give it to the transport, or leave one of them out"
        )


def request_headers(token: str, given: Any) -> httpx.Headers:
    """Give the headers of every request, with the application's `User-Agent` before ours."""
    import httpx

    headers = httpx.Headers(given)
    names = (headers.get("user-agent"), _user_agent())
    headers["User-Agent"] = " ".join(name for name in names if name)
    headers["Authorization"] = f"Bearer {token}"
    return headers


@cache
def _user_agent() -> str:
    from importlib.metadata import PackageNotFoundError, version  # slow, and httpx does without

    import httpx

    try:
        return f"keyapi-tiktok/{version('keyapi-tiktok')} python-httpx/{httpx.__version__}"
    except PackageNotFoundError:  # run from a checkout that is not installed
        return f"keyapi-tiktok python-httpx/{httpx.__version__}"
