"""How a client is set up: what is read from arguments and environment, checked before any use."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Generic, NamedTuple, NoReturn, TypedDict, TypeVar

import httpx

from keyapi._errors import ConfigurationError

Transport = TypeVar("Transport", bound=httpx.BaseTransport | httpx.AsyncBaseTransport)

CacheOption = str | os.PathLike[str] | Mapping[str, Any] | None
ContractOption = str | Callable[[Any], object]

DAY = 86400.0  # seconds; the data changes once a day
_MILLISECONDS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

# KEYAPI_TOKEN is what KeyAPI's own tooling reads; the other two are in use by third parties.
_TOKEN_VARIABLES = ("KEYAPI_TOKEN", "KEYAPI_API_KEY", "KEYAPI_KEY")
_PLACEHOLDERS = ("your", "<", "sk_live_xxx", "changeme", "placeholder")
_LONGEST = 1e9  # seconds; an operating system's time-outs end not far above
# What the client sets itself, by its own arguments.
_OWN_ARGUMENTS = frozenset({"auth", "base_url", "cookies", "params", "timeout", "transport"})


class RateText(NamedTuple):
    """A rate that was given as text.

    Attributes:
        limit: How many requests.
        interval: In how long a time, in milliseconds.
    """

    limit: int
    interval: int


# What paces requests: a rate, or a pyrate-limiter `Limiter`, which is not imported for its type.
Rate = RateText | Any


class CacheOptions(NamedTuple):
    """Where answers are kept.

    Attributes:
        path: The folder.
        ttl: How long they count, in seconds.
    """

    path: str
    ttl: float


class Settings(NamedTuple):
    """What holds for each call of a client.

    Attributes:
        timeouts: For each phase of a request, in seconds.
        deadline: For a call with all its retries, in seconds, or None.
        max_retries: How many retries a call may make.
        rate: What paces requests, or None.
        max_credits: What may be spent, in credits, or None.
        quota_cooldown: How long nothing is sent after credits were used up, in seconds.
        cache: Where answers are kept, or None.
        contract: What is done about answers that break the specification: "off", "warn", "raise",
            or a function that is told, too.
    """

    timeouts: dict[str, float | None]
    deadline: float | None
    max_retries: int
    rate: Rate | None
    max_credits: int | None
    quota_cooldown: float
    cache: CacheOptions | None
    contract: ContractOption


class Options(TypedDict, Generic[Transport], total=False):
    """What `with_options` takes: the arguments of the constructor."""

    token: str | None
    base_url: str | None
    timeout: float | httpx.Timeout | None
    deadline: float | None
    max_retries: int
    rate: str | Any | None
    max_credits: int | None
    quota_cooldown: float
    cache: CacheOption
    contract: ContractOption
    transport: Transport | None
    httpx_args: Mapping[str, Any] | None


def settings(
    *,
    timeout: float | httpx.Timeout | None,
    deadline: float | None,
    max_retries: int,
    rate: str | Any | None,
    max_credits: int | None,
    quota_cooldown: float,
    cache: CacheOption,
    contract: ContractOption,
) -> Settings:
    """Check what holds for each call.

    Raises:
        ConfigurationError: An option is not of its kind or out of its bounds, or needs an extra
            that is not installed.
    """
    if isinstance(timeout, httpx.Timeout):
        for phase, seconds in timeout.as_dict().items():
            _check_seconds(f"the {phase} timeout", seconds)
    else:
        _check_seconds("timeout", timeout)
    _check_seconds("deadline", deadline)
    _check_count("max_retries", max_retries)
    if max_credits is not None:
        _check_count("max_credits", max_credits)
    if quota_cooldown != 0:
        _check_seconds("quota_cooldown", quota_cooldown)
    if contract not in ("off", "warn", "raise") and not callable(contract):
        _refuse(f'contract is {contract!r}; give "off", "warn", "raise" or a function')
    if contract != "off":
        _need("jsonschema_rs", "contract")
    return Settings(
        timeouts=httpx.Timeout(timeout).as_dict(),
        deadline=deadline,
        max_retries=max_retries,
        rate=_rate(rate),
        max_credits=max_credits,
        quota_cooldown=quota_cooldown or 0.0,
        cache=_cache(cache),
        contract=contract,
    )


def _rate(rate: str | Any | None) -> Rate | None:
    """Read `5/s`, `100/m`, or `10/11s`, which is ten requests in eleven seconds."""
    if rate is None:
        return None
    _need("pyrate_limiter", "rate")
    if not isinstance(rate, str):
        if not hasattr(rate, "try_acquire"):
            _refuse(f"rate is {rate!r}; give text like '5/s', or a pyrate_limiter.Limiter")
        return rate
    found = re.fullmatch(r"\s*(\d+)\s*/\s*(\d*)\s*([smhd])\s*", rate)
    limit, times = (int(found[1]), int(found[2] or 1)) if found else (0, 0)
    if not (found and limit and times):
        _refuse(f"rate is {rate!r}; give requests per time, like '5/s', '100/m' or '10/11s'")
    return RateText(limit, times * _MILLISECONDS[found[3]])


def _cache(cache: CacheOption) -> CacheOptions | None:
    if cache is None:
        return None
    _need("hishel", "cache")
    given: dict[str, Any] = dict(cache) if isinstance(cache, Mapping) else {"path": cache}
    path, ttl = given.pop("path", None), given.pop("ttl", DAY)
    if given or not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        _refuse(f'cache is {cache!r}; give a folder, or {{"path": folder, "ttl": seconds}}')
    _check_seconds("cache's ttl", ttl)
    return CacheOptions(os.path.abspath(path), ttl)


def _need(module: str, extra: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        _refuse(f"{extra}=... needs more packages: pip install 'keyapi-tiktok[{extra}]'")


def _check_count(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        _refuse(f"{name} is {value!r}; give a whole number from 0 up")


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


@cache
def _user_agent() -> str:
    from importlib.metadata import PackageNotFoundError, version  # slow, and httpx does without

    try:
        return f"keyapi-tiktok/{version('keyapi-tiktok')} python-httpx/{httpx.__version__}"
    except PackageNotFoundError:  # run from a checkout that is not installed
        return f"keyapi-tiktok python-httpx/{httpx.__version__}"


def _refuse(problem: str) -> NoReturn:
    raise ConfigurationError(problem)
