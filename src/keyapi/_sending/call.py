"""One call with all its attempts: decides what comes next and keeps what came; does no I/O."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from keyapi._config import Settings
from keyapi._errors import InsufficientCredits, InvalidResponse, KeyAPIError
from keyapi._sending.limits import Clock, Limits
from keyapi._sending.response import Failure, Success, parse_response
from keyapi._sending.retries import MISSHAPEN, NO_ANSWER, UNREADABLE, delay, rule

if TYPE_CHECKING:
    from keyapi._sending.cache import Cache

EXTENSION = "keyapi"  # under this name a request carries its call
_logger = logging.getLogger("keyapi")


class Call:
    """A call of one operation, from its first attempt to its last.

    Attributes:
        operation: Name of the operation, or None for a request made by hand.
        cost: What each of its requests costs, in credits.
        settings: What holds for it.
        limits: What its requests pass.
        clock: What it waits by.
        timeouts: For each phase of its requests, in seconds, as httpx takes them.
        ends: When its deadline passes, by the clock; None where it has none.
        attempts: How many requests were sent.
        from_cache: Whether it was answered without one.
        envelope: The answer, once it was a success.
        error: What the last attempt came to, where it was no success.
    """

    __slots__ = (
        "_retried",
        "_token",
        "attempts",
        "clock",
        "cost",
        "ends",
        "envelope",
        "error",
        "from_cache",
        "limits",
        "operation",
        "settings",
        "timeouts",
    )

    def __init__(
        self, operation: str | None, cost: int, settings: Settings, token: str, limits: Limits
    ) -> None:
        self.operation = operation
        self.cost = cost
        self.settings = settings
        self.limits = limits
        self.clock = clock = limits.clock
        deadline = settings.deadline
        self.ends = None if deadline is None else clock.now() + deadline
        self.timeouts = self.bounded(settings.timeouts)
        self.attempts = 0
        self.from_cache = False
        self.envelope: Success | None = None
        self.error: KeyAPIError
        self._token = token
        self._retried: list[int | str] = []

    @property
    def extensions(self) -> dict[str, Any]:
        """What a request of this call carries."""
        return {EXTENSION: self, "timeout": self.timeouts}

    def bounded(self, timeouts: Mapping[str, float | None]) -> Mapping[str, float | None]:
        """Time-outs that end with this call's deadline, if it has one."""
        return timeouts if self.ends is None else _Remaining(timeouts, self.clock, self.ends)

    def remaining(self) -> float:
        """How long until the deadline, in seconds; infinite where there is none."""
        return float("inf") if self.ends is None else _left(self.clock, self.ends)

    def late(self) -> bool:
        """Whether the deadline has passed."""
        return self.ends is not None and self.clock.now() >= self.ends

    def admit(self, request: httpx.Request) -> None:
        """Pass the limits with the next attempt; raises as `Limits.admit` does."""
        try:
            self.limits.admit(self)
        except KeyAPIError as error:
            raise self.locate(error, request) from error.__cause__ or getattr(self, "error", None)

    async def admit_async(self, request: httpx.Request) -> None:
        """As `admit`, letting other tasks run."""
        try:
            await self.limits.admit_async(self)
        except KeyAPIError as error:
            raise self.locate(error, request) from error.__cause__ or getattr(self, "error", None)

    def cache(self, request: httpx.Request) -> Cache | None:
        """The cache of this call, if it has one; raises as `Limits.cache` does."""
        try:
            return self.limits.cache(self)
        except KeyAPIError as error:
            raise self.locate(error, request) from error.__cause__

    def answered(self, request: httpx.Request, response: httpx.Response) -> float | None:
        """Take in the answer to an attempt, read to its end.

        Args:
            request: What was sent; the answer's own request may be where it was redirected to.
            response: The answer.

        Returns:
            How long to wait before the next attempt, in seconds; None where this was the last.
        """
        outcome = parse_response(response.status_code, response.headers, response.content)
        if self.settings.contract != "off":
            broken = self.limits.monitor().check(self, response, outcome)
            if broken is not None:
                return self._failed(MISSHAPEN, broken, request, None)
        if isinstance(outcome, Failure):
            signal, error = outcome
            if isinstance(error, InsufficientCredits):
                self.limits.exhausted(error.message)
            if self.operation is None and response.is_success and signal == UNREADABLE:
                signal = MISSHAPEN  # a request made by hand may be for something else than JSON
            retry_after = getattr(error, "retry_after", None)
            return self._failed(signal, error, request, retry_after)
        self.envelope = outcome
        if outcome.request_id is not None:
            outcome.request_id = self._masked(outcome.request_id)
        if _logger.isEnabledFor(logging.DEBUG):
            status = response.status_code
            text = "%s %s: HTTP %d, code 0, attempt %d"
            _logger.debug(text, request.method, request.url, status, self.attempts)
        return None

    def recalled(self, response: httpx.Response) -> bool:
        """Take in an answer from the cache; tell whether it is one."""
        outcome = parse_response(response.status_code, response.headers, response.content)
        if isinstance(outcome, Failure):
            return False
        self.envelope = outcome
        self.from_cache = True
        _logger.debug("%s %s: from the cache", response.request.method, response.request.url)
        return True

    def keepable(self, response: httpx.Response) -> bool:
        """Whether an answer may be kept: a success, which does not repeat the key."""
        return self.envelope is not None and self._token.encode() not in response.content

    def unanswered(self, request: httpx.Request, error: httpx.RequestError) -> float | None:
        """Take in an attempt that brought no answer; returns as `answered` does."""
        signal: int | str = NO_ANSWER
        text = f"No answer arrived: {str(error) or type(error).__name__}"
        if self.late():
            text = f"The deadline of {self.settings.deadline:g} s passed"
        elif isinstance(error, httpx.DecodingError):
            signal, text = UNREADABLE, f"The answer cannot be unpacked: {error}"
        elif isinstance(error, httpx.TooManyRedirects):
            signal, text = MISSHAPEN, f"The answer is no end of redirects: {error}"
        elif isinstance(error, (httpx.LocalProtocolError, httpx.UnsupportedProtocol)):
            signal, text = 400, f"The request cannot be sent: {error}"
        return self._failed(signal, rule(signal).raised(text), request, None)

    def _failed(
        self,
        signal: int | str,
        error: KeyAPIError,
        request: httpx.Request,
        retry_after: float | None,
    ) -> float | None:
        self.error = self.locate(error, request)
        wait = delay(
            signal,
            request.method,
            retries=self.attempts - 1,
            of_this_signal=self._retried.count(signal),
            retry_after=retry_after,
            chance=self.clock.chance(),
        )
        if self.attempts > self.settings.max_retries or (wait and wait >= self.remaining()):
            wait = None
        if wait is not None:
            self._retried.append(signal)
        then = "raised" if wait is None else f"sent again in {wait:.1f} s"
        level = logging.DEBUG if wait is None else logging.INFO
        what = f"HTTP {error.status}" if error.status else type(error).__name__
        text = "%s %s: %s, attempt %d, %s: %s"
        args = (request.method, request.url, what, self.attempts, then, error.message)
        _logger.log(level, text, *args)
        return wait

    def locate(self, error: KeyAPIError, request: httpx.Request | None = None) -> KeyAPIError:
        """Put on an error which call it was, and take out of it the key, should it be there."""
        error.operation = self.operation
        error.attempts = self.attempts
        if request is not None:
            error.method = request.method
            error.url = str(request.url)
        error.message = self._masked(error.message)
        error.args = (error.message,)
        if error.request_id is not None:
            error.request_id = self._masked(error.request_id)
        return error

    def _masked(self, text: str) -> str:
        return text.replace(self._token, "[key]")


class Answer(NamedTuple):
    """What a call brought. The call itself keeps no response: that would be a cycle."""

    call: Call
    envelope: Success
    response: httpx.Response

    def invalid(self, problem: str) -> KeyAPIError:
        """The error that says this answer is not what its operation promises."""
        return self.locate(InvalidResponse(problem))

    def locate(self, error: KeyAPIError) -> KeyAPIError:
        """Put on an error found in this answer all that is known of it."""
        error.status = self.response.status_code
        error.code = 0
        error.request_id = self.envelope.request_id
        return self.call.locate(error, self.response.request)


class _Remaining(dict[str, float | None]):
    """Time-outs that shrink as a deadline comes near: httpx asks when each phase starts."""

    def __init__(self, timeouts: Mapping[str, float | None], clock: Clock, ends: float) -> None:
        super().__init__(timeouts)
        self._clock = clock
        self._ends = ends

    def get(self, key: str, default: Any = None) -> Any:
        bound, left = super().get(key, default), _left(self._clock, self._ends)
        return left if bound is None else min(bound, left)


def _left(clock: Clock, ends: float) -> float:
    """How long until a deadline, in seconds; never 0, which would mean "do not block"."""
    return max(ends - clock.now(), 0.001)
