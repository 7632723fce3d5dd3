"""The contract in production: every answer is judged, and each kind of violation told once."""

from __future__ import annotations

import json
import logging
from collections import Counter
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from keyapi._envelope import Envelope, Refusal
from keyapi._errors import ContractViolation
from keyapi.contract import Contract, Violation

if TYPE_CHECKING:
    import httpx

    from keyapi._call import Call

_logger = logging.getLogger("keyapi.contract")
# Additions and doubled keys take a second look at the bytes, which costs as much as decoding them;
# where nothing is raised they are looked for in the first answer of so many of each operation.
_THOROUGH = 20


class Watch:
    """Judges the answers of a client by the specification in its package.

    Args:
        package: Name of the package that holds `openapi.json`.
    """

    def __init__(self, package: str) -> None:
        self._contract = Contract(json.loads((files(package) / "openapi.json").read_text("utf-8")))
        self._told: set[tuple[str, str, str]] = set()
        self._looks: Counter[str] = Counter()

    def look(
        self, call: Call, response: httpx.Response, verdict: Envelope | Refusal
    ) -> ContractViolation | None:
        """Judge an answer and tell what is new about it.

        Args:
            call: The call it is for.
            response: The answer, read to its end.
            verdict: What it means.

        Returns:
            What to raise, where the client was asked to raise.
        """
        operation, contract = call.operation, call.settings.contract
        if operation is None:
            return None
        status = response.status_code
        envelope = verdict if isinstance(verdict, Envelope) else None
        looks = self._looks[operation]
        self._looks[operation] = looks + 1
        quick = contract != "raise" and looks % _THOROUGH
        if quick and envelope and self._contract.fits(operation, status, envelope.body):
            return None
        found = self._contract.violations(operation, status, response.content)
        for violation in found:
            if violation.kind not in self._told:
                self._told.add(violation.kind)
                _tell(violation, contract)
        broken = [violation for violation in found if not violation.additive]
        if contract != "raise" or not broken or envelope is None:
            return None
        error = ContractViolation(f"The answer breaks the specification: {broken[0]}")
        error.violations = tuple(broken)
        error.status, error.code, error.request_id = status, 0, envelope.request_id
        return error


def _tell(violation: Violation, contract: Any) -> None:
    level = logging.INFO if violation.additive else logging.WARNING
    _logger.log(level, "%s", violation)
    if callable(contract):
        contract(violation)
