"""Every error a client raises, each carrying what is needed to act on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from keyapi._text import LONGEST_ID, displayed


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it was raised from, what that was raised from, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class KeyAPIError(Exception):
    """A call failed; the base of every error of this package.

    Attributes:
        message: What went wrong, in the server's words if it gave any.
        operation: Name of the operation that was called, e.g. `influencer_products_analytics`.
        method: HTTP method of the request.
        url: URL of the request; the key travels in a header and is never part of it.
        status: HTTP status of the response, or None where none arrived.
        code: The envelope's `code`, which may say "error" even under HTTP 200.
        request_id: The envelope's `requestId`, to quote to KeyAPI's support.
        attempts: How many requests were sent for this call, retries included.
        next_page: For an error in the middle of a walk, the page number or cursor that failed:
            start the next walk there.
        page_size: The page size of that walk, in rows.
        rows_yielded: How many rows the walk had handed out before it failed.
    """

    remedy: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        method: str | None = None,
        url: str | None = None,
        status: int | None = None,
        code: int | None = None,
        request_id: str | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation
        self.method = method
        self.url = url
        self.status = status
        self.code = code
        self.request_id = request_id
        self.attempts = attempts
        self.next_page: int | str | None = None
        self.page_size: int | None = None
        self.rows_yielded: int | None = None

    def __str__(self) -> str:
        resume = None if self.next_page is None else displayed(str(self.next_page), LONGEST_ID)
        facts = [
            f"HTTP {self.status}" if self.status is not None else None,
            f"code {self.code}" if self.code is not None else None,
            f"{self.method} {self.url}" if self.url is not None else None,
            f"{self.attempts} attempts" if self.attempts > 1 else None,
            f"request id {self.request_id}" if self.request_id is not None else None,
            f"the walk can resume at page {resume}" if resume is not None else None,
        ]
        where = ", ".join(fact for fact in facts if fact)
        text = f"{self.message} ({where})" if where else self.message
        return f"{text}. {self.remedy}" if self.remedy else text

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.message, dict(self.__dict__))


def _restore(cls: type[KeyAPIError], message: str, state: dict[str, Any]) -> KeyAPIError:
    error = cls(message)
    error.__dict__.update(state)
    return error


class BadRequest(KeyAPIError):
    """400: the server refused a parameter, or the client refused to send it."""

    remedy = "Check the parameters against the operation's documentation."


class AuthenticationError(KeyAPIError):
    """401: the key is missing or invalid."""

    remedy = "Check the key: pass token=... or set KEYAPI_TOKEN."


class InsufficientCredits(KeyAPIError):
    """402, or a quota message under another status: the plan's credits are used up."""

    remedy = "Top up or wait for the next billing period; sending the request again will not help."


class PermissionDenied(KeyAPIError):
    """403: the plan does not include this endpoint."""

    remedy = "Check which endpoints the plan includes."


class NotFound(KeyAPIError):
    """404: KeyAPI has not indexed what was requested."""

    remedy = "KeyAPI has not collected it; that does not mean it does not exist."


class RateLimited(KeyAPIError):
    """429: too many requests in a short time.

    Attributes:
        retry_after: How long the server asks to wait, in seconds, or None where it does not say.
    """

    remedy = "Wait before the next request; KeyAPI's documentation suggests 60 seconds."
    retry_after: float | None = None

    def __str__(self) -> str:
        seconds = self.retry_after
        text = super().__str__()
        return text if seconds is None else f"{text} The server asks to wait {seconds:g} seconds."


class ServerError(KeyAPIError):
    """5xx: the server failed."""

    remedy = "Try again later."


class InvalidResponse(KeyAPIError):
    """The response is not what the API promises: not JSON, truncated, or of another shape."""

    remedy = "The response was discarded."


class TransportError(KeyAPIError):
    """No response arrived: a time-out, a dropped connection, a name that does not resolve."""

    remedy = "Check the network, or raise the timeout."


class ContractViolation(KeyAPIError):
    """A response breaks the specification, and the client was made with `contract="raise"`.

    Attributes:
        violations: What was found, each a `keyapi.contract.Violation`.
        response: The `httpx.Response`, which was paid for; its request carries the key, so a
            pickled error leaves it out.
    """

    remedy = "The server has changed, or the specification is wrong: see the operation's page."
    violations: tuple[Any, ...] = ()
    response: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        kept = {name: value for name, value in self.__dict__.items() if name != "response"}
        return _restore, (type(self), self.message, kept)


class BudgetExceeded(KeyAPIError):
    """The request would cost more than `max_credits` leaves; it was not sent.

    Args:
        message: What was refused.
        asked: What the request would have cost, in credits.
        spent: What the requests before it cost, in credits.
        allowed: The client's `max_credits`.
        facts: The other arguments of `KeyAPIError`.
    """

    remedy = "Raise max_credits, with with_options(max_credits=...) for example."

    def __init__(
        self, message: str, *, asked: int = 0, spent: int = 0, allowed: int = 0, **facts: Any
    ) -> None:
        super().__init__(message, **facts)
        self.asked = asked
        self.spent = spent
        self.allowed = allowed


class PaginationError(KeyAPIError):
    """A walk over pages cannot continue, for example because the server repeats a page."""

    remedy = "The rows yielded so far are valid."


class ConfigurationError(KeyAPIError):
    """The client cannot be used as it is set up; no request was sent."""
