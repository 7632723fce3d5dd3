"""The contract in production: every answer is judged, and each kind of violation told once."""

from __future__ import annotations

import json
import logging
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from keyapi._errors import ContractViolation
from keyapi._sending.response import Failure, Success
from keyapi.contract import Contract, Violation

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from keyapi._sending.call import Call

_logger = logging.getLogger("keyapi.contract")
# To check for what only the bytes show, doubled keys and too large integers, takes longer than to
# decode them. Where nothing is raised this is done for answers 1, 2, 4, 8 ... of an operation, and
# from this one on for every so many-th: early where it was so from the start, and without end.
_LONGEST_GAP = 1024


class _Series:
    """The answers to one operation under one status.

    Attributes:
        fits: Tells quickly whether a decoded answer is just as promised; None without a promise.
        left: How many answers are looked at quickly before the next thorough check.
        gap: How many answers lie between the last thorough check and the next.
    """

    __slots__ = ("fits", "gap", "left")

    def __init__(self, fits: Callable[[Any], bool] | None) -> None:
        self.fits = fits
        self.left = self.gap = 0

    def looked(self) -> None:
        self.gap = min(self.gap * 2 or 1, _LONGEST_GAP)
        self.left = self.gap - 1


class ContractMonitor:
    """Judges the answers of a client by the specification in its package.

    Args:
        package: Name of the package that holds `openapi.json`.
    """

    def __init__(self, package: str) -> None:
        self._contract = Contract(json.loads((files(package) / "openapi.json").read_text("utf-8")))
        self._told: set[tuple[str, str, str]] = set()
        self._series: dict[tuple[str, int], _Series] = {}

    def check(
        self, call: Call, response: httpx.Response, outcome: Success | Failure
    ) -> ContractViolation | None:
        """Judge an answer and tell what is new about it.

        Each answer is judged whole, as it was decoded. What only its bytes show, doubled keys and
        integers beyond 64 bits, is looked for in answers 1, 2, 4, 8 ... 1024 of each operation,
        then in every 1024th, and in each that is not just as promised; with "raise", in all.

        Args:
            call: The call it is for.
            response: The answer, read to its end.
            outcome: What it means.

        Returns:
            What to raise, where the client was asked to raise.
        """
        operation, contract = call.operation, call.settings.contract
        if operation is None:
            return None
        status = response.status_code
        if type(outcome) is Success and contract != "raise":
            series = self._series.get((operation, status))
            if series is None:
                series = _Series(self._contract.checker(operation, status))
                self._series[operation, status] = series
            if series.left <= 0:
                series.looked()
            else:
                series.left -= 1
                if series.fits is not None and series.fits(outcome.body):
                    return None
        found = self._contract.violations(
            operation,
            status,
            response.content,
            headers=response.headers,
            arguments=self._contract.arguments(operation, response.request),
        )
        for violation in found:
            if violation.kind not in self._told:
                self._told.add(violation.kind)
                _tell(violation, contract)
        broken = [violation for violation in found if not violation.additive]
        if contract != "raise" or not broken or isinstance(outcome, Failure):
            return None
        error = ContractViolation(f"The answer breaks the specification: {broken[0]}")
        error.violations = tuple(broken)
        error.status, error.code, error.request_id = status, 0, outcome.request_id
        return error


def _tell(violation: Violation, contract: Any) -> None:
    level = logging.INFO if violation.additive else logging.WARNING
    _logger.log(level, "%s", violation)
    if callable(contract):
        contract(violation)
