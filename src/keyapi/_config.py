"""How a client is set up: what is read from arguments and environment, checked before any use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Generic, NamedTuple, NoReturn, TypedDict, TypeVar

import httpx

from keyapi._errors import ConfigurationError

Transport = TypeVar("Transport", bound=httpx.BaseTransport | httpx.AsyncBaseTransport)

# KEYAPI_TOKEN is what KeyAPI's own tooling reads; the other two are in use by third parties.
_TOKEN_VARIABLES = ("KEYAPI_TOKEN", "KEYAPI_API_KEY", "KEYAPI_KEY")
_PLACEHOLDERS = ("your", "<", "sk_live_xxx", "changeme", "placeholder")
_LONGEST = 1e9  # seconds; an operating system's time-outs end not far above
# What the client sets itself, by its own arguments.
_OWN_ARGUMENTS = frozenset({"auth", "base_url", "cookies", "params", "timeout", "transport"})


class Settings(NamedTuple):
    """What holds for each call of a client.

    Attributes:
        timeouts: For each phase of a request, in seconds.
        deadline: For a call with all its retries, in seconds, or None.
        max_retries: How many retries a call may make.
    """

    timeouts: dict[str, float | None]
    deadline: float | None
    max_retries: int


class Options(TypedDict, Generic[Transport], total=False):
    """What `with_options` takes: the arguments of the constructor."""

    token: str | None
    base_url: str | None
    timeout: float | httpx.Timeout | None
    deadline: float | None
    max_retries: int
    transport: Transport | None
    httpx_args: Mapping[str, Any] | None


def settings(
    timeout: float | httpx.Timeout | None, deadline: float | None, max_retries: int
) -> Settings:
    """Check what holds for each call.

    Raises:
        ConfigurationError: A number is none, or out of its bounds.
    """
    if isinstance(timeout, httpx.Timeout):
        for phase, seconds in timeout.as_dict().items():
            _check_seconds(f"the {phase} timeout", seconds)
    else:
        _check_seconds("timeout", timeout)
    _check_seconds("deadline", deadline)
    if not isinstance(max_retries, int) or isinstance(max_retries, bool) or max_retries < 0:
        _refuse(f"max_retries is {max_retries!r}; give a whole number, 0 for no retries")
    return Settings(httpx.Timeout(timeout).as_dict(), deadline, max_retries)


def _check_seconds(name: str, value: object) -> None:
    if value is None:
        return
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 < value < _LONGEST:  # type: ignore[operator]  # a number, by now
        _refuse(f"{name} is {value!r}; give seconds above 0, or None for no bound")


def find_token(token: str | None) -> str:
    """Find the key: the argument, else the first environment variable that is set.

    Raises:
        ConfigurationError: There is none, it is a placeholder, or no header can carry it.
    """
    if token is None:
        token = next(filter(None, map(os.environ.get, _TOKEN_VARIABLES)), None)
    if token is None:
        _refuse("There is no API key; pass token=... or set KEYAPI_TOKEN")
    key = token.strip()
    if not key or key.lower().startswith(_PLACEHOLDERS):
        _refuse(
            "The API key is empty or a placeholder; get one from KeyAPI's dashboard, then pass "
            "token=... or set KEYAPI_TOKEN"
        )
    if not (key.isascii() and key.isprintable()):
        _refuse("The API key holds characters that no HTTP header can carry; copy it anew")
    return key


def find_base_url(base_url: str | None, default: str) -> str:
    """Find the server's address, without a slash at its end.

    Raises:
        ConfigurationError: It is no http or https address, or it holds more than that.
    """
    text = str(base_url or os.environ.get("KEYAPI_BASE_URL") or default)
    try:
        url = httpx.URL(text)
        url.host.encode("idna")  # the system's resolver would raise a bare UnicodeError
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL()
    port = 443 if url.port is None else url.port
    if url.scheme not in ("http", "https") or not url.host or not 0 < port < 2**16:
        _refuse(
            "The base URL is no http or https address; pass base_url=... or set KEYAPI_BASE_URL"
        )
    if url.userinfo:
        _refuse("The base URL holds a user or password, which would be sent in the key's place")
    if "?" in text or "#" in text:
        _refuse("The base URL holds a query or fragment; give scheme, host and path alone")
    return str(url).rstrip("/")


def check_httpx_args(httpx_args: Mapping[str, Any] | None) -> dict[str, Any]:
    """Check the arguments that are handed on to httpx.

    Raises:
        ConfigurationError: One of them is the client's own business.
    """
    args = dict(httpx_args or {})
    if taken := sorted(_OWN_ARGUMENTS & args.keys()):
        _refuse(f"httpx_args holds {taken[0]!r}, which the client sets itself")
    try:
        headers = httpx.Headers(args.get("headers"))
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(f"httpx does not take these headers: {error}") from error
    if "authorization" in headers:
        _refuse("httpx_args holds an Authorization header; pass the key as token=...")
    return args


def request_headers(token: str, given: Any) -> httpx.Headers:
    """The headers of every request; a `User-Agent` that was given names the application first."""
    headers = httpx.Headers(given)
    names = (headers.get("user-agent"), _user_agent())
    headers["User-Agent"] = " ".join(name for name in names if name)
    headers["Authorization"] = f"Bearer {token}"
    return headers


def _user_agent() -> str:
    from importlib.metadata import PackageNotFoundError, version  # slow, and httpx does without

    try:
        return f"keyapi-tiktok/{version('keyapi-tiktok')} python-httpx/{httpx.__version__}"
    except PackageNotFoundError:  # run from a checkout that is not installed
        return f"keyapi-tiktok python-httpx/{httpx.__version__}"


def _refuse(problem: str) -> NoReturn:
    raise ConfigurationError(problem)
