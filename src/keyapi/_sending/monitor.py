"""The contract in production: each response is checked, each kind of violation reported once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from keyapi._errors import ContractViolation
from keyapi._sending.exchange import Received
from keyapi._sending.response import Failure, Success

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import httpx

    from keyapi._config import ContractOption
    from keyapi.contract import Contract, Violation

_logger = logging.getLogger("keyapi.contract")
# Checking for what only the bytes show, duplicate keys and too large integers, takes longer than
# decoding them. Unless violations are raised, it is done for responses 1, 2, 4, 8 ... of an
# operation, and from this number on for each multiple of it: early, and for as long as it runs.
_LONGEST_GAP = 1024
_MOST_KINDS = 1000  # that are reported: a server may invent names without end


class _Series:
    """The responses to one operation under one status.

    Attributes:
        fits: Tells quickly whether a decoded response fits its schema and adds nothing to it; None
            where the status has no schema.
        left: How many responses are checked quickly before the next thorough check.
        gap: How many responses lie between the last thorough check and the next.
    """

    __slots__ = ("fits", "gap", "left")

    def __init__(self, fits: Callable[[Any], bool] | None) -> None:
        self.fits = fits
        self.left = self.gap = 0

    def checked_thoroughly(self) -> None:
        self.gap = min(self.gap * 2 or 1, _LONGEST_GAP)
        self.left = self.gap - 1


class ContractMonitor:
    """Checks the responses of a client against the specification in its package.

    Args:
        contract: What the specification says of responses.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._reported: set[tuple[str, str, str]] = set()
        self._series: dict[tuple[str, int], _Series] = {}

    def check(
        self,
        operation: str,
        action: ContractOption,
        response: httpx.Response | Received,
        outcome: Success | Failure,
    ) -> ContractViolation | None:
        """Check a response, and report the kinds of violation that were not reported before.

        Each response is compared with its schema, as decoded. Whether its rows are those asked for,
        what JSON in its texts holds, its content type, and what only its bytes show are looked at
        in responses 1, 2, 4, 8 ... 1024 of each operation, then in every 1024th, and in each that
        does not fit its schema; with "raise", in all.

        Args:
            operation: Name of the operation.
            action: The client's `contract`: "warn", "raise", or a function.
            response: The response, read to its end.
            outcome: What it was parsed to.

        Returns:
            What to raise with "raise"; None where the response keeps the contract, or with another
            action.
        """
        try:
            if type(outcome) is Success and action != "raise":
                series = self._series.get((operation, response.status_code))
                if series is not None and series.left > 0 and series.fits is not None:
                    series.left -= 1
                    if series.fits(outcome.body):  # as nearly all do, so that little is above
                        return None
                else:
                    self._count(series, operation, response.status_code)
            found = self._contract.violations(
                operation,
                response.status_code,
                response.content,
                headers=response.headers,
                arguments=self._contract.arguments(operation, response.request),
            )
        except Exception as problem:  # what nobody foresaw is a violation, and loses no response
            from keyapi.contract import Violation

            expected = "what the validator can read"
            found = [Violation(operation, "", "json", expected, type(problem).__name__)]
        if not found:
            return None
        for violation in found:
            if violation.kind not in self._reported and len(self._reported) < _MOST_KINDS:
                self._reported.add(violation.kind)
                _report(violation, action)
        broken = [violation for violation in found if not violation.additive]
        if action != "raise" or not broken or isinstance(outcome, Failure):
            return None
        error = ContractViolation(f"The response breaks the specification: {broken[0]}")
        error.violations = tuple(broken)
        error.response = response.response() if isinstance(response, Received) else response
        error.status, error.code, error.request_id = response.status_code, 0, outcome.request_id
        return error

    def _count(self, series: _Series | None, operation: str, status: int) -> None:
        """Count a response that is checked thoroughly: when its turn comes, or without a schema."""
        if series is None:
            series = _Series(self._contract.checker(operation, status))
            self._series[operation, status] = series
        series.checked_thoroughly()


def _report(violation: Violation, action: ContractOption) -> None:
    level = logging.INFO if violation.additive else logging.WARNING
    _logger.log(level, "%s", violation)
    if callable(action):
        action(violation)
