"""How options are checked and converted; key, URL and headers are in `_connection`.

Both import httpx only where a client is made: the command line reads the declarations for its help.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn, Protocol

from keyapi._budget import Budget
from keyapi._errors import ConfigurationError

ContractOption = str | Callable[[Any], object]

DAY = 86400.0  # seconds; the data changes once a day

_MILLISECONDS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST = 1e9  # seconds; an operating system's time-outs end not far above


class RateText(NamedTuple):
    """A rate that was given as text.

    Attributes:
        limit: How many requests.
        interval: In how long a time, in milliseconds.
    """

    limit: int
    interval: int


class Limiter(Protocol):
    """What of a `pyrate_limiter.Limiter` is used; the package is not imported for its type."""

    @property
    def try_acquire(self) -> Callable[..., Any]:
        """Ask for one request."""
        ...


Rate = RateText | Any
"""What paces requests: a rate, or a limiter."""


class CacheOptions(NamedTuple):
    """Where responses are kept.

    Attributes:
        path: The folder.
        ttl: How long they are used, in seconds.
    """

    path: str
    ttl: float


def check_seconds(name: str, value: Any) -> float | None:
    """Check a time limit: seconds above 0, or None for no limit.

    Raises:
        ConfigurationError: It is neither.
    """
    if value is not None and not _is_seconds(value):
        _refuse(f"{name} must be seconds above 0, or None for no limit, got {value!r}")
    limit: float | None = value
    return limit


def check_timeout(name: str, value: Any) -> dict[str, float | None]:
    """Check a timeout, one for all phases of a request or an `httpx.Timeout`.

    Returns:
        The time limit of each phase, in seconds, or None for no limit.

    Raises:
        ConfigurationError: One of them is not a valid time limit.
    """
    import httpx

    if isinstance(value, httpx.Timeout):
        phases = value.as_dict()
        return {phase: check_seconds(f"the {phase} {name}", phases[phase]) for phase in phases}
    return httpx.Timeout(check_seconds(name, value)).as_dict()


def check_cooldown(name: str, value: Any) -> float:
    """Check how long to wait: seconds, 0 included.

    Raises:
        ConfigurationError: It is another type, below 0, or too long.
    """
    if value not in (0, None) and not _is_seconds(value):
        _refuse(f"{name} must be seconds, at least 0, got {value!r}")
    return value or 0.0


def check_count(name: str, value: Any) -> int:
    """Check a whole number of at least 0.

    Raises:
        ConfigurationError: It is something else.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        _refuse(f"{name} must be a whole number of at least 0, got {value!r}")
    return value


def check_limit(name: str, value: Any) -> int | None:
    """Check a whole number of at least 0, or None for no limit.

    Raises:
        ConfigurationError: It is neither.
    """
    return None if value is None else check_count(name, value)


def check_budget(name: str, value: Any) -> int | Budget | None:
    """Check a number of credits of at least 0, a `Budget`, or None for no limit.

    Raises:
        ConfigurationError: It is none of them.
    """
    return value if hasattr(value, "reserve") else check_limit(name, value)


def check_size(name: str, value: Any) -> int:
    """Check a number of bytes: a whole number of at least 1.

    Raises:
        ConfigurationError: It is something else.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        _refuse(f"{name} must be a whole number of bytes, at least 1, got {value!r}")
    return value


def check_flag(name: str, value: Any) -> bool:
    """Check True or False.

    Raises:
        ConfigurationError: It is something else.
    """
    if not isinstance(value, bool):
        _refuse(f"{name} must be True or False, got {value!r}")
    return value


def check_rate(name: str, value: Any) -> Rate | None:
    """Check a rate: `5/s`, `100/m`, or `10/11s`, which is ten requests in eleven seconds.

    Raises:
        ConfigurationError: It is neither such text nor a `pyrate_limiter.Limiter`, or a limiter
            whose Redis may take any time to answer.
    """
    if value is None:
        return None
    if hasattr(value, "try_acquire"):
        if _asks_for_ever(value):
            _refuse(
                f"{name}'s Redis has no time limit, so that one that does not answer would hold up "
                "every request for ever; make it with Redis(..., socket_timeout=5)"
            )
        return value
    if not isinstance(value, str):
        _refuse(f"{name} must be text like '5/s', or a pyrate_limiter.Limiter, got {value!r}")
    found = re.fullmatch(r"\s*(\d{1,9})\s*/\s*+(\d{0,9})\s*([smhd])\s*", value)
    limit, times = (int(found[1]), int(found[2] or 1)) if found else (0, 0)
    if not (found and limit and times):
        _refuse(f"{name} must be requests per time, like '5/s', '100/m' or '10/11s', got {value!r}")
    return RateText(limit, times * _MILLISECONDS[found[3]])


def check_cache(name: str, value: Any) -> CacheOptions | None:
    """Check a folder, or a mapping of `path` and `ttl` (in seconds); make the folder if need be.

    Raises:
        ConfigurationError: It is neither, or holds anything else, or the folder cannot be written.
    """
    if value is None:
        return None
    import tempfile

    parts: dict[str, Any] = dict(value) if isinstance(value, Mapping) else {"path": value}
    path, ttl = parts.pop("path", None), parts.pop("ttl", DAY)
    if parts or not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        _refuse(f'{name} must be a folder, or {{"path": folder, "ttl": seconds}}, got {value!r}')
    check_seconds(f"{name}'s ttl", ttl)
    folder = os.path.abspath(path)
    try:
        os.makedirs(folder, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ConfigurationError(
            f"The {name} folder cannot be written to: {error}; choose a folder that can be"
        ) from error
    return CacheOptions(folder, ttl)


def check_specification(package: str) -> None:
    """Make sure that a generated package has its specification, which the contract is read from.

    Raises:
        ConfigurationError: It has not, as in a frozen program that left it out.
    """
    from importlib.resources import files

    if not (files(package) / "openapi.json").is_file():
        _refuse(
            f"contract=... needs {package}/openapi.json, which is missing; a frozen program must "
            f"include the package's data (PyInstaller: --collect-data {package})"
        )


def check_contract(name: str, value: Any) -> ContractOption:
    """Check what to do about responses that break the specification.

    Raises:
        ConfigurationError: It is neither "off", "warn", "raise" nor a function.
    """
    if value not in ("off", "warn", "raise") and not callable(value):
        _refuse(f'{name} must be "off", "warn", "raise" or a function, got {value!r}')
    choice: ContractOption = value
    return choice


def check_nothing(name: str, value: Any) -> Any:
    """Give a value as it is: what uses it checks it."""
    return value


def check_installed(module: str, extra: str) -> None:
    """Make sure that the module an option needs is installed.

    Args:
        module: Name of the module.
        extra: Name of the option and of the extra that installs the module.

    Raises:
        ConfigurationError: It is not.
    """
    from importlib.util import find_spec  # not needed unless such an option is set

    if find_spec(module) is None:
        _refuse(f"{extra}=... needs more packages: pip install 'keyapi-tiktok[{extra}]'")


def waits_for_ever(pool: Any) -> bool:
    """Whether the connections of a redis-py pool have no limit on the time an answer takes."""
    options = getattr(pool, "connection_kwargs", None)
    if not isinstance(options, dict):
        return False
    if "socket_timeout" not in options:  # then redis has a default, or not, by its version
        options = {"socket_timeout": pool.connection_class(**options).socket_timeout}
    return options["socket_timeout"] is None


def _asks_for_ever(limiter: Any) -> bool:
    """Whether a limiter asks a Redis without a limit on the time that takes."""
    bucket = getattr(getattr(limiter, "bucket_factory", None), "bucket", None)
    return waits_for_ever(getattr(getattr(bucket, "redis", None), "connection_pool", None))


def _is_seconds(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and 0 < value < _LONGEST


def _refuse(problem: str) -> NoReturn:
    raise ConfigurationError(problem)
