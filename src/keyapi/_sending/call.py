"""One call with all its attempts: decides what happens next and keeps the outcome; no I/O."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import httpx

from keyapi._errors import ContractViolation, InsufficientCredits, KeyAPIError
from keyapi._options import Settings
from keyapi._sending.deadline import TimeOuts
from keyapi._sending.exchange import Received, Sent
from keyapi._sending.limits import readiness
from keyapi._sending.response import Failure, Success, parse_response
from keyapi._sending.retries import (
    MISSHAPEN,
    NO_ANSWER,
    UNREADABLE,
    UNSENT,
    delay,
    rule,
)
from keyapi._sending.unanswered import never_left, reason
from keyapi._text import LONGEST_ID, displayed

if TYPE_CHECKING:
    from keyapi._sending.cache import Cache
    from keyapi._sending.session import Session

EXTENSION = "keyapi"  # under this name a request carries its call
REPLAYED = "keyapi_replayed"  # under this name a response says that it is a recorded one
_logger = logging.getLogger("keyapi")


class Call:
    """A call of one operation, from its first attempt to its last.

    Attributes:
        operation: Name of the operation, or None for a request made by hand.
        cost: What each of its requests costs, in credits.
        secured: Whether its requests carry the key.
        settings: The client's settings when it was made.
        session: What its requests are sent in.
        arguments: Its arguments as they are sent, by name; empty for a request made by hand.
        clock: What it waits by.
        timeouts: For each phase of its requests, in seconds, as httpx takes them.
        ends: When its deadline passes, by the clock; None where it has none.
        attempts: How many requests were tried.
        charged: What those that left cost, in credits.
        from_cache: Whether its response came from the cache.
        success: The response, parsed, once there was a success that was accepted.
        accept: Makes of a success what the caller wants, or refuses it by a `KeyAPIError`; None
            where the caller reads the response by itself.
        error: Why the last attempt failed, if it did.
    """

    __slots__ = (
        "_no_content",
        "_result",
        "_retried",
        "_token",
        "accept",
        "arguments",
        "attempts",
        "charged",
        "clock",
        "cost",
        "ends",
        "error",
        "from_cache",
        "operation",
        "secured",
        "session",
        "settings",
        "success",
        "timeouts",
    )

    def __init__(
        self,
        operation: str | None,
        cost: int,
        settings: Settings,
        token: str,
        session: Session[Any],
        *,
        secured: bool = True,
        no_content: bool = False,
    ) -> None:
        self.operation = operation
        self.cost = cost
        self.secured = secured
        self.settings = settings
        self.session = session
        self.arguments: dict[str, Any] = {}
        self.clock = clock = session.clock
        deadline = settings.deadline
        self.ends = None if deadline is None else clock.now() + deadline
        self.timeouts = settings.timeout if deadline is None else self.bounded(settings.timeout)
        self.attempts = 0
        self.charged = 0
        self.from_cache = False
        self.success: Success | None = None
        self.accept: Callable[[Call, Success, Any], Any] | None = None
        self._result: Any = None
        self.error: KeyAPIError
        self._token = token
        self._no_content = no_content
        self._retried: list[int | str] = []  # the failures that retries followed

    @property
    def extensions(self) -> dict[str, Any]:
        """What a request of this call carries."""
        return {EXTENSION: self, "timeout": self.timeouts}

    def bounded(self, timeouts: Mapping[str, float | None]) -> Mapping[str, float | None]:
        """Time-outs that end with this call's deadline, if it has one."""
        return timeouts if self.ends is None else TimeOuts(timeouts, self.clock, self.ends)

    def remaining(self) -> float:
        """How long until the deadline, in seconds; infinite where there is none."""
        return self.clock.until(self.ends)

    def late(self) -> bool:
        """Whether the deadline has passed."""
        return self.ends is not None and self.clock.now() >= self.ends

    def admit(self, request: httpx.Request | Sent) -> None:
        """Let the next attempt pass the limits, after the wait that its pace asks for; count it.

        Raises:
            InsufficientCredits: The server said a short while ago that credits are used up.
            BudgetExceeded: It would cost more than is left of `max_credits`.
            TransportError: The deadline would pass during the wait.
            ConfigurationError: The rate limiter failed.
        """
        rate = self.settings.rate
        try:
            self._check_quota()
            if rate is not None:
                self.session.pace(rate).wait(self._check_quota, self.ends)
            self._charge()
        except KeyAPIError as error:
            raise self.locate(error, request) from error.__cause__ or getattr(self, "error", None)

    @property
    def waits(self) -> bool:
        """Whether there may be something to wait for before an attempt."""
        settings = self.settings
        return settings.rate is not None or hasattr(settings.max_credits, "ready")

    async def admit_async(self, request: httpx.Request | Sent) -> None:
        """As `admit`, letting other tasks run."""
        rate = self.settings.rate
        ready = readiness(self.cost, self.settings.max_credits, self.remaining)
        try:
            self._check_quota()
            if rate is not None:
                await self.session.pace(rate).wait_async(self._check_quota, self.ends, ready)
            elif ready is not None:
                await ready()
            if ready is not None:
                self._check_quota()  # the budget may have taken its time
            self._charge()
        except KeyAPIError as error:
            raise self.locate(error, request) from error.__cause__ or getattr(self, "error", None)

    def _check_quota(self) -> None:
        self.session.limits.check_quota(self.settings.quota_cooldown)

    def _charge(self) -> None:
        self.session.limits.charge(self.cost, self.settings.max_credits)
        self.charged += self.cost
        self.attempts += 1

    def cache(self) -> Cache | None:
        """The cache of this call, if it has one; requests made by hand have none."""
        if self.settings.cache is None or self.operation is None:
            return None
        return self.session.cache(self.settings.cache)

    def answered(
        self, request: httpx.Request | Sent, response: httpx.Response | Received
    ) -> float | None:
        """Take in the response to an attempt, read to its end.

        Args:
            request: What was sent; `response.request` may be where that was redirected to.
            response: The response.

        Returns:
            How long to wait before the next attempt, in seconds; None where this was the last.
        """
        outcome = self._parsed(response)
        violation = self._violation(response, outcome)
        if violation is not None:
            return self._failed(MISSHAPEN, violation, request, None)
        if isinstance(outcome, Failure):
            failure, error = outcome
            if isinstance(error, InsufficientCredits):
                self.session.limits.exhausted(displayed(self._masked(error.message)))
            if (
                self.operation is None
                and 200 <= response.status_code < 300
                and failure == UNREADABLE
            ):
                failure = MISSHAPEN  # a request made by hand may be for something else than JSON
            retry_after = getattr(error, "retry_after", None)
            wait = self._failed(failure, error, request, retry_after)
            # A server that is not there needs no time to recover.
            return 0.0 if wait is not None and REPLAYED in response.extensions else wait
        refused = self._refused(outcome, response)
        if refused is not None:
            return self._failed(MISSHAPEN, refused, request, None)
        if _logger.isEnabledFor(logging.DEBUG):
            status = response.status_code
            text = "%s %s: HTTP %d, code 0, attempt %d"
            _logger.debug(text, request.method, request.url, status, self.attempts)
        return None

    def _violation(
        self, response: httpx.Response | Received, outcome: Success | Failure
    ) -> ContractViolation | None:
        action = self.settings.contract
        if action == "off" or self.operation is None:
            return None
        return self.session.monitor().check(self.operation, action, response, outcome)

    def _refused(self, success: Success, response: httpx.Response | Received) -> KeyAPIError | None:
        """Make of a success what the caller wants; give the reason where that cannot be done."""
        if success.request_id is not None:
            success.request_id = self._shown_id(success.request_id)
        if self.accept is not None:
            try:
                self._result = self.accept(self, success, response)
            except KeyAPIError as error:
                return error
        self.success = success
        return None

    def result(self) -> Any:
        """Give what was made of the response, once: a call that kept it would be a cycle."""
        result, self._result = self._result, None
        return result

    def _parsed(self, response: httpx.Response | Received) -> Success | Failure:
        status, content = response.status_code, response.content
        headers = response if type(response) is Received else response.headers
        decode = getattr(self.settings.transport, "decode_json", None)
        return parse_response(status, headers, content, self._no_content, decode)

    def recalled(self, response: httpx.Response) -> bool:
        """Take in a response from the cache; tell whether it can be used.

        It may have been kept by a client that asked for less than this one.
        """
        outcome = self._parsed(response)
        if isinstance(outcome, Failure):
            return False
        if self.settings.contract == "raise" and self._violation(response, outcome) is not None:
            return False
        self.from_cache = True
        if self._refused(outcome, response) is not None:
            self.from_cache = False
            return False
        _logger.debug("%s %s: from the cache", response.request.method, response.request.url)
        return True

    def keepable(self, response: httpx.Response) -> bool:
        """Whether a response may be kept: an accepted success that does not repeat the key.

        A page that names no next one, although more follow, ends a walk by an error.
        """
        accepted = self.success is not None and getattr(self._result, "_lost", None) is None
        return accepted and self._token.encode() not in response.content

    def unanswered(self, request: httpx.Request | Sent, error: httpx.RequestError) -> float | None:
        """Take in an attempt without a response; returns as `answered` does.

        What never left costs nothing; the cost of what may have arrived stays counted.
        """
        failure: int | str = NO_ANSWER
        if never_left(request, error):
            self.session.limits.refund(self.cost, self.settings.max_credits)
            self.charged -= self.cost
            failure = UNSENT
        if self.late():
            text = f"The deadline of {self.settings.deadline:g} s passed"
        else:
            failure, text = reason(error, failure)
        return self._failed(failure, rule(failure).raised(text), request, None)

    def _failed(
        self,
        failure: int | str,
        error: KeyAPIError,
        request: httpx.Request | Sent,
        retry_after: float | None,
    ) -> float | None:
        self.error = self.locate(error, request)
        wait = delay(
            failure,
            request.method,
            retries=self.attempts - 1,
            of_this_failure=self._retried.count(failure),
            retry_after=retry_after,
            chance=self.clock.chance(),
        )
        if self.attempts > self.settings.max_retries or (wait and wait >= self.remaining()):
            wait = None
        if wait is not None:
            over = self.session.limits.over(self.cost, self.settings.max_credits)
            if over is not None:
                self.error.message += f". It was not sent again: {over}"
                self.error.args = (self.error.message,)
                wait = None
        if wait is not None:
            self._retried.append(failure)
        next_step = "raised" if wait is None else f"sent again in {wait:.1f} s"
        level = logging.DEBUG if wait is None else logging.INFO
        outcome = f"HTTP {error.status}" if error.status else type(error).__name__
        text = "%s %s: %s, attempt %d, %s: %s"
        args = (request.method, request.url, outcome, self.attempts, next_step, error.message)
        _logger.log(level, text, *args)
        return wait

    def locate(
        self, error: KeyAPIError, request: httpx.Request | Sent | None = None
    ) -> KeyAPIError:
        """Add to an error which call failed, and make its texts fit to be shown, without the key.

        They may be the server's words. The key goes before anything is cut: half of it is no
        longer found.
        """
        error.operation = self.operation
        error.attempts = self.attempts
        error.message = self._masked(error.message)
        if request is not None:
            error.method = request.method
            error.url = str(request.url)
            error.message = displayed(error.message)
        error.args = (error.message,)
        if error.request_id is not None:
            error.request_id = self._shown_id(error.request_id)
        return error

    def _shown_id(self, text: str) -> str:
        return displayed(self._masked(text), LONGEST_ID)

    def _masked(self, text: str) -> str:
        return text.replace(self._token, "[key]")
