"""What each failure is raised as, and whether the request is sent again: one table."""

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

# A failure is an HTTP status, an envelope's code, or one of these.
UNREADABLE = "unreadable"  # the response is empty, HTML, or cut short
MISSHAPEN = "misshapen"  # JSON, but not the envelope the API promises
NO_ANSWER = "no answer"  # a time-out or a dropped connection
UNSENT = "unsent"  # there is no connection, so nothing can have arrived
UNTRUSTED = "untrusted"  # the server's certificate

# Methods that may be sent again although the server may have acted on the request (RFC 9110,
# 9.2.2).
_IDEMPOTENT = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"})
# The longest wait that a `Retry-After` may ask for, in seconds; beyond it the error is raised.
LONGEST_RETRY_AFTER = 60.0


class Backoff(NamedTuple):
    """How a request is sent again: after a wait that doubles with each retry.

    Attributes:
        first: Wait before the first retry, in seconds.
        longest: The longest wait, in seconds.
        jitter: The share of a wait that chance may add, so that clients do not return together.
        times: The most retries after this failure; None for as many as `max_retries` allows.
        post: Whether a POST is sent again, too, although the server may have acted on it.
    """

    first: float
    longest: float
    jitter: float
    times: int | None = None
    post: bool = False

    def wait(self, retries: int, chance: float) -> float:
        """The wait before the next retry, in seconds.

        Args:
            retries: How many retries were made before.
            chance: A random number from 0 to 1.
        """
        wait = min(self.first * 2.0 ** min(retries, 30), self.longest)
        return min(wait * (1 + self.jitter * chance), self.longest)


class FailureRule(NamedTuple):
    """What follows from a failure.

    Attributes:
        raised: The error it is raised as.
        retried: How the request is sent again, or None for never.
    """

    raised: type[KeyAPIError]
    retried: Backoff | None = None


# 429: the documentation says to wait; the waits are this client's choice.
_PACED = Backoff(first=1.0, longest=60.0, jitter=0.25, post=True)
# 500: "retry once after 2-3 s; do not retry more", says KeyAPI's documentation.
_ONCE = Backoff(first=2.0, longest=3.0, jitter=0.5, times=1)
_SOON = Backoff(first=0.5, longest=30.0, jitter=0.5)

TABLE: dict[int | str, FailureRule] = {
    400: FailureRule(BadRequest),
    401: FailureRule(AuthenticationError),
    402: FailureRule(InsufficientCredits),
    403: FailureRule(PermissionDenied),
    404: FailureRule(NotFound),
    429: FailureRule(RateLimited, _PACED),
    500: FailureRule(ServerError, _ONCE),
    502: FailureRule(ServerError, _SOON),
    503: FailureRule(ServerError, _SOON._replace(post=True)),
    504: FailureRule(ServerError, _SOON),
    **dict.fromkeys(range(520, 531), FailureRule(ServerError, _SOON)),  # a proxy before the server
    UNREADABLE: FailureRule(InvalidResponse, _SOON),
    MISSHAPEN: FailureRule(InvalidResponse),
    NO_ANSWER: FailureRule(TransportError, _SOON),
    UNSENT: FailureRule(TransportError, _SOON._replace(post=True)),
    UNTRUSTED: FailureRule(TransportError),
}
_OTHER_5XX = FailureRule(ServerError)
_OTHER = FailureRule(KeyAPIError)


def rule(failure: int | str) -> FailureRule:
    """Give the rule for a failure; one that the table does not list is never retried."""
    listed = TABLE.get(failure)
    if listed is not None:
        return listed
    return _OTHER_5XX if isinstance(failure, int) and 500 <= failure < 600 else _OTHER


def delay(
    failure: int | str,
    method: str,
    *,
    retries: int,
    of_this_failure: int,
    retry_after: float | None,
    chance: float,
) -> float | None:
    """Decide whether a failed request is sent again.

    Args:
        failure: How it failed: a key of `TABLE`, or another HTTP status or code.
        method: HTTP method of the request.
        retries: How many retries the call has made.
        of_this_failure: How many of them followed this same failure.
        retry_after: What the server's `Retry-After` asks for, in seconds.
        chance: A random number from 0 to 1, for the jitter.

    Returns:
        How long to wait before sending it again, in seconds; None where it is not sent again.
    """
    backoff = rule(failure).retried
    if backoff is None or not (backoff.post or method in _IDEMPOTENT):
        return None
    if backoff.times is not None and of_this_failure >= backoff.times:
        return None
    if retry_after is None:
        return backoff.wait(retries, chance)
    return max(retry_after, backoff.first) if retry_after <= LONGEST_RETRY_AFTER else None
