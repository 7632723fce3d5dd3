"""Values of options by hand: which of them a client takes, and how the others are refused."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from math import inf, nan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch

import httpx

from keyapi import ConfigurationError
from keyapi._clients import async_twin
from keyapi._options import OPTIONS
from keyapi.conformance.drivers import KEY, Caller

VARIABLES = ("KEYAPI_TOKEN", "KEYAPI_API_KEY", "KEYAPI_KEY", "KEYAPI_BASE_URL")
"""The environment variables that a client reads (docs/quickstart.md)."""


class _Budget:
    """What else than a number may be given for credits."""

    allowed, spent = 7, 0

    def reserve(self, cost: int) -> bool:
        """Refuse all."""
        return False

    def refund(self, cost: int) -> None:
        """Nothing was spent."""


class _Values(NamedTuple):
    """Values of one option.

    Attributes:
        option: Its name.
        words: What the error says of the unusable ones; `{}` stands for the value.
        unusable: Values that cannot be used.
        usable: Values that can.
    """

    option: str
    words: str
    unusable: tuple[Any, ...]
    usable: tuple[Any, ...] = ()

    def expected(self) -> Iterator[tuple[Any, str]]:
        """Values, with what the error must say; "taken" where there must be none."""
        yield from ((value, "taken") for value in self.usable)
        words = f"{self.option} {self.words}" if "{}" in self.words else self.words
        yield from ((value, words.format(repr(value))) for value in self.unusable)


_NO_SECONDS = (0, 0.0, -1, -0.5, "5", True, nan, inf, -inf, 1e9, [3])
_SECONDS = "must be seconds above 0, or None for no limit, got {}"
_WHOLE = "must be a whole number of at least 0, got {}"
_PLACEHOLDERS = (
    *("", " ", "YOUR_API_KEY", "your-key", "changeme", "Placeholder", "sk_live_xxxxxxxx"),
    *("<key>", "{key}", "[key]", "${KEYAPI_TOKEN}", "%KEY%", "sk_live_...", "sk_…", "sk_***1"),
)
_TABLE = (
    _Values("token", "empty or a placeholder; get one", _PLACEHOLDERS, (" sk_1 ", "sk_yours_1")),
    _Values("token", "that an HTTP header cannot carry", ("sk_é", "sk_\n1", "sk_1\x7f", "sk_1\t2")),
    _Values("token", "no API key; pass token=... or set KEYAPI_TOKEN", (None,)),
    _Values(
        "base_url",
        "not a valid http or https URL; pass base_url=... or set KEYAPI_BASE_URL",
        (
            *("ftp://x.invalid", "x.invalid", "//x.invalid", "http://", "http://x.invalid:0", 5),
            *("http://x.invalid:99999", "http://[::1", "http://a..b", "https://x.invalid\n"),
        ),
        (None, "http://x.invalid:65535/a/", "https://[::1]", httpx.URL("https://x.invalid")),
    ),
    _Values("base_url", "user name or password", ("http://me:secret@x.y", "http://secret@x.y")),
    _Values(
        "base_url",
        "contains a query or fragment",
        ("http://x.y/?secret", "http://x.y/#secret", "http://x.y?"),
    ),
    _Values("timeout", _SECONDS, _NO_SECONDS, (None, 1, 0.001, 999_999_999, httpx.Timeout(None))),
    _Values("timeout", f"the connect timeout {_SECONDS}".format(0), (httpx.Timeout(0),)),
    _Values("timeout", f"the read timeout {_SECONDS}".format(-1), (httpx.Timeout(5, read=-1),)),
    _Values("timeout", f"the pool timeout {_SECONDS}".format(1e9), (httpx.Timeout(5, pool=1e9),)),
    _Values("deadline", _SECONDS, _NO_SECONDS, (None, 1, 0.001, 999_999_999)),
    _Values("max_retries", _WHOLE, (-1, 1.0, True, False, None, "3", nan), (0, 1, 10**6)),
    _Values("max_credits", _WHOLE, (-1, 1.0, True, "5", nan), (None, 0, 10**9, _Budget())),
    _Values(
        "rate",
        "must be requests per time, like '5/s', '100/m' or '10/11s', got {}",
        ("5", "", "0/s", "5/0s", "5/w", "-5/s", "5/1.5s", "1.5/s", "5/s/s", "5s", "5/S", "/s"),
        (None, "5/s", "100/m", "10/11s", " 5 / 2 h ", "999999999/d"),
    ),
    _Values("rate", "must be text like '5/s', or a pyrate_limiter.Limiter, got {}", (5, b"5/s")),
    _Values(
        "quota_cooldown",
        "must be seconds, at least 0, got {}",
        (-1, "5", True, nan, inf, 1e9, [3]),
        (0, 0.0, 0.5, 999_999_999),
    ),
    _Values(
        "max_response_bytes",
        "must be a whole number of bytes, at least 1, got {}",
        (0, -1, 1.0, None, True, "5"),
        (1, 2**40),
    ),
    _Values(
        "cache",
        'must be a folder, or {{"path": folder, "ttl": seconds}}, got {}',
        (5, "", b"", {}, {"ttl": 5}, {"path": None}, {"path": "x", "size": 1}),
    ),
    _Values("cache", f"'s ttl {_SECONDS}".format(0), ({"path": "x", "ttl": 0},)),
    _Values("cache", "The cache folder cannot be written to", (os.devnull,)),
    _Values(
        "contract",
        'must be "off", "warn", "raise" or a function, got {}',
        ("maybe", "RAISE", "", None, True, 5),
        ("off", "warn", "raise", print),
    ),
    _Values("check_arguments", "must be True or False, got {}", (None, 1, 0, "yes"), (True, False)),
    *(
        _Values("httpx_args", f"contains {name!r}, which the client sets itself", ({name: None},))
        for name in ("auth", "base_url", "cookies", "params", "timeout", "transport")
    ),
    _Values(
        "httpx_args",
        "contains an Authorization header; pass the key as token=...",
        ({"headers": {"authorization": "Bearer sk_other"}},),
        (None, {}, {"headers": {"X-Team": "7"}}, {"headers": None}),
    ),
    _Values("httpx_args", "httpx does not accept these headers", ({"headers": 5},)),
    _Values("transport", "transport is int, but", (5,), (None,)),
)


_NOT_HTTPX: tuple[Mapping[str, Any], ...] = (
    {"no_such_argument": 1},
    {"proxy": "ftp://x.invalid"},
    {"mounts": 5},
)
"""Arguments for httpx that only httpx can tell to be wrong, when the first request is sent."""


def option_values(caller: Caller) -> Iterator[tuple[str, Any, Any]]:
    """Compare what comes of values of options with what stands by hand.

    Args:
        caller: The client.

    Yields:
        What was done, expected and found.
    """
    clear = {name: text for name, text in os.environ.items() if name not in VARIABLES}
    with patch.dict(os.environ, clear, clear=True), TemporaryDirectory() as folder:
        for kind in (caller.client, async_twin(caller.client)):
            made: Any = kind(KEY)
            for values in (*_TABLE, *_folders(Path(folder))):
                for value, expected in values.expected():
                    for how, change in (("", kind), ("with_options", made.with_options)):
                        case = f"{kind.__name__}, {how} {values.option}={value!r}"
                        found = _refusal(change, {"token": KEY, values.option: value})
                        yield case, expected, expected if expected in found else found
                        if "secret" in str(value):
                            yield f"{case}, shown", False, "secret" in found
            yield f"a class derived from {kind.__name__}, changed", "Own, 7, 9", _derived(kind)
            for args in _NOT_HTTPX:
                found = _refusal(_connected, {"kind": kind, "httpx_args": args})
                words = "httpx does not accept these httpx_args: "
                yield f"{kind.__name__}, {args} sent", words, words if words in found else found


def _folders(folder: Path) -> Iterator[_Values]:
    if find_spec(str(OPTIONS["cache"].requires)):
        usable = folder / "new", str(folder), {"path": folder, "ttl": 0.5}, {"path": str(folder)}
        yield _Values("cache", "", (), (None, *usable))


def _derived(kind: Any) -> str:
    """What a changed client of a derived class, whose constructor is another, is and holds."""

    class Own(kind):  # type: ignore[misc]  # the class is known only when the suite runs
        def __init__(self, team: int) -> None:
            super().__init__(KEY)
            self.team = team

    changed = Own(7).with_options(max_retries=9)
    found = getattr(changed, "team", None), changed._settings.max_retries
    return ", ".join(map(str, (type(changed).__name__, *found)))


def _connected(kind: Any, httpx_args: Mapping[str, Any]) -> None:
    """Open what a client sends through."""
    client = kind(KEY, httpx_args=httpx_args)
    client.get_async_httpx_client() if kind._is_async else client.get_httpx_client()


def _refusal(change: Any, options: Mapping[str, Any]) -> str:
    """What the error says that options are refused with; "taken" where they are not."""
    try:
        change(**options)
    except ConfigurationError as error:
        return error.message
    except Exception as error:
        return repr(error)
    return "taken"
