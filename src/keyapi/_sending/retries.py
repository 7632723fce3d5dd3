"""What each signal of failure is raised as, and how it is tried again: one table."""

from __future__ import annotations

from typing import NamedTuple

from keyapi._errors import (
    AuthenticationError,
    BadRequest,
    InsufficientCredits,
    InvalidResponse,
    KeyAPIError,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServerError,
    TransportError,
)

# Signals beside the HTTP statuses and envelope codes.
UNREADABLE = "unreadable"  # the answer is empty, HTML, or cut short
MISSHAPEN = "misshapen"  # JSON, but not the envelope the API promises
NO_ANSWER = "no answer"  # a time-out or a dropped connection

# Methods whose request may be sent again after the server acted on it (RFC 9110, 9.2.2).
_IDEMPOTENT = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"})
# The longest wait that a `Retry-After` may ask for, in seconds; beyond it the error is raised.
LONGEST_RETRY_AFTER = 60.0


class Backoff(NamedTuple):
    """How a request is tried again: wait, and wait twice as long each further time.

    Attributes:
        first: Wait before the first retry, in seconds.
        longest: The longest wait, in seconds.
        jitter: The share of a wait that chance adds to it, so that clients do not return at once.
        times: How often at most; None for as often as `max_retries` allows.
        post: Whether a POST is sent again, too; the server may have acted on the first one.
    """

    first: float
    longest: float
    jitter: float
    times: int | None = None
    post: bool = False

    def wait(self, retries: int, chance: float) -> float:
        """The wait before the next retry, in seconds.

        Args:
            retries: How many retries there were.
            chance: A random number from 0 to 1.
        """
        wait = min(self.first * 2.0 ** min(retries, 30), self.longest)
        return min(wait * (1 + self.jitter * chance), self.longest)


class Rule(NamedTuple):
    """What a signal means.

    Attributes:
        raised: The error it is raised as.
        retried: How it is tried again, or None for never.
    """

    raised: type[KeyAPIError]
    retried: Backoff | None = None


# 429: the documentation says to wait; the waits are those of the design's table.
_PACED = Backoff(first=1.0, longest=60.0, jitter=0.25, post=True)
# 500: "retry once after 2-3 s; do not retry more", says KeyAPI's documentation.
_ONCE = Backoff(first=2.0, longest=3.0, jitter=0.5, times=1)
_SOON = Backoff(first=0.5, longest=30.0, jitter=0.5)

TABLE: dict[int | str, Rule] = {
    400: Rule(BadRequest),
    401: Rule(AuthenticationError),
    402: Rule(InsufficientCredits),
    403: Rule(PermissionDenied),
    404: Rule(NotFound),
    429: Rule(RateLimited, _PACED),
    500: Rule(ServerError, _ONCE),
    502: Rule(ServerError, _SOON),
    503: Rule(ServerError, _SOON._replace(post=True)),
    504: Rule(ServerError, _SOON),
    **dict.fromkeys(range(520, 531), Rule(ServerError, _SOON)),  # a proxy before the server
    UNREADABLE: Rule(InvalidResponse, _SOON),
    MISSHAPEN: Rule(InvalidResponse),
    NO_ANSWER: Rule(TransportError, _SOON),
}
_OTHER_5XX = Rule(ServerError)
_OTHER = Rule(KeyAPIError)


def rule(signal: int | str) -> Rule:
    """The rule for an HTTP status or envelope code, or another signal."""
    known = TABLE.get(signal)
    if known is not None:
        return known
    return _OTHER_5XX if isinstance(signal, int) and 500 <= signal < 600 else _OTHER


def delay(
    signal: int | str,
    method: str,
    *,
    retries: int,
    of_this_signal: int,
    retry_after: float | None,
    chance: float,
) -> float | None:
    """Decide whether a failed request is sent again.

    Args:
        signal: What failed.
        method: HTTP method of the request.
        retries: How many retries this call has made.
        of_this_signal: How many of them were made because of this signal.
        retry_after: What the server's `Retry-After` asks for, in seconds.
        chance: A random number from 0 to 1, for the jitter.

    Returns:
        How long to wait before it is sent again, in seconds; None where it is not.
    """
    backoff = rule(signal).retried
    if backoff is None or not (backoff.post or method in _IDEMPOTENT):
        return None
    if backoff.times is not None and of_this_signal >= backoff.times:
        return None
    if retry_after is None:
        return backoff.wait(retries, chance)
    return max(retry_after, backoff.first) if retry_after <= LONGEST_RETRY_AFTER else None
