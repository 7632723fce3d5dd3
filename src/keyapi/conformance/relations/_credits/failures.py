"""What each failure of a request leads to, in the words of `docs/errors.md`.

It stands here once more so that the client's own table is not its judge.
"""

from __future__ import annotations

import ssl
from typing import Any, NamedTuple

import httpx

from keyapi.conformance.drivers._scripted import Reply, envelope

_DATE = "Tue, 02 Jan 2024 03:04:05 GMT"
_LATER = "Tue, 02 Jan 2024 03:04:25 GMT"  # by 20 seconds


class Waits(NamedTuple):
    """How long a client waits before it sends a request again, in seconds.

    Attributes:
        first: Before the first time; each further wait is twice as long.
        longest: At most.
        jitter: The share that chance may add.
    """

    first: float
    longest: float
    jitter: float

    def expected(self, number: int, luck: float) -> list[float]:
        """The waits before so many retries, where chance gives the same each time."""
        plain = (min(self.first * 2**retry, self.longest) for retry in range(number))
        return [min(wait * (1 + self.jitter * luck), self.longest) for wait in plain]


PACED = Waits(1, 60, 0.25)  # "waits for Retry-After, or 1, 2, 4 … 60 seconds"
ONCE = Waits(2, 3, 0.5)  # "retry once after 2-3 s"
GROWING = Waits(0.5, 30, 0.5)  # "with growing waits"


class Failing(NamedTuple):
    """What a failure leads to.

    Attributes:
        name: What fails.
        reply: How.
        raised: Name of the error it is raised as.
        waits: How it is retried; None for never.
        times: How often at most; None for as often as `max_retries` says.
        post: Whether a POST is retried, too.
        left: Whether the request may have arrived, and so counts.
    """

    name: str
    reply: Reply
    raised: str
    waits: Waits | None = None
    times: int | None = None
    post: bool = False
    left: bool = True

    def retries(self, method: str, max_retries: int) -> int:
        """How often a request is sent again."""
        if self.waits is None or (method == "POST" and not self.post):
            return 0
        return max_retries if self.times is None else min(self.times, max_retries)


class _Untrusted(httpx.ConnectError):
    """What httpx raises where the server's certificate is not trusted."""

    def __init__(self, message: str, **more: Any) -> None:
        super().__init__(message, **more)
        self.__cause__ = ssl.SSLCertVerificationError(1, message)


_REFUSED = {
    400: "BadRequest",
    401: "AuthenticationError",
    402: "InsufficientCredits",
    403: "PermissionDenied",
    404: "NotFound",
    409: "KeyAPIError",
    501: "ServerError",
}
FAILURES = (
    *(Failing(str(code), envelope(code), error) for code, error in _REFUSED.items()),
    *(Failing(f"{code} under 200", envelope(code, 200), error) for code, error in _REFUSED.items()),
    Failing("quota in words", envelope(500, message="Quota exceeded"), "InsufficientCredits"),
    Failing("quota in text", Reply(403, b"Your quota is used up"), "InsufficientCredits"),
    Failing("quota in a page", Reply(500, b"<html>quota</html>"), "ServerError", ONCE, times=1),
    Failing(
        "quota in rows", Reply(200, b'{"code": 0, "data": ["quota'), "InvalidResponse", GROWING
    ),
    Failing("402 under 500", envelope(402, 500), "InsufficientCredits"),
    Failing("429", envelope(429), "RateLimited", PACED, post=True),
    Failing("429 under 200", envelope(429, 200), "RateLimited", PACED, post=True),
    Failing("500", envelope(500), "ServerError", ONCE, times=1),
    Failing("500 under 200", envelope(500, 200), "ServerError", ONCE, times=1),
    Failing("503", envelope(503), "ServerError", GROWING, post=True),
    *(
        Failing(str(code), envelope(code), "ServerError", GROWING)
        for code in (502, 504, 520, 525, 530)
    ),
    Failing("531", envelope(531), "ServerError"),
    Failing("a web page", Reply(200, b"<html></html>"), "InvalidResponse", GROWING),
    Failing("an empty answer", Reply(200, b""), "InvalidResponse", GROWING),
    Failing("an answer cut off", Reply(200, b'{"code": 0, "da'), "InvalidResponse", GROWING),
    Failing("an array", Reply(200, b"[]"), "InvalidResponse"),
    Failing("no code", Reply(200, b'{"message": "x"}'), "InvalidResponse"),
    *(
        Failing(name, Reply(error=error), "TransportError", GROWING)  # the request may have arrived
        for name, error in (
            ("a time-out", httpx.ReadTimeout),
            ("a slow request", httpx.WriteTimeout),
            ("a reset connection", httpx.ReadError),
            ("a reset request", httpx.WriteError),
            ("a failed end", httpx.CloseError),
            ("a dropped one", httpx.RemoteProtocolError),
        )
    ),
    *(
        Failing(name, Reply(error=error), "TransportError", GROWING, post=True, left=False)
        for name, error in (
            ("no connection", httpx.ConnectError),
            ("a slow connection", httpx.ConnectTimeout),
            ("no free connection", httpx.PoolTimeout),
            ("no proxy", httpx.ProxyError),
        )
    ),
    Failing("no trust", Reply(error=_Untrusted), "TransportError", left=False),
    Failing("undecodable", Reply(error=httpx.DecodingError), "InvalidResponse", GROWING),
    Failing("words", Reply(200, b"unique_id is invalid"), "InvalidResponse"),
    Failing("not a number", Reply(200, b'{"code": 0, "data": NaN}'), "InvalidResponse"),
    Failing("another charset", Reply(200, b'{"message": "\xe9t\xe9"}'), "InvalidResponse"),
    Failing("redirects", Reply(error=httpx.TooManyRedirects), "InvalidResponse"),
)
"""The tables of `docs/errors.md`, row by row."""

RETRY_AFTER = (
    ("7", None, 7.0),
    ("60", None, 60.0),
    ("61", None, None),
    ("0", None, 1.0),
    ("soon", None, 1.0),
    (_LATER, _DATE, 20.0),
    (_LATER, None, 1.0),
)
"""`Retry-After`, `Date`, and the wait in seconds; None where the error is raised at once."""
