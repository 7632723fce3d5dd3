"""What an error means for an export: one table."""

from __future__ import annotations

from enum import Enum

from keyapi._errors import (
    AuthenticationError,
    BadRequest,
    BudgetExceeded,
    ConfigurationError,
    ContractViolation,
    InsufficientCredits,
    KeyAPIError,
    NotFound,
    PaginationError,
)
from keyapi.export._errors import ExportError


class Outcome(Enum):
    """What follows from an error.

    Attributes:
        STOP: No other id would fare better: the export ends.
        DEAD: The id will fail again.
        FAILED: The id may succeed another time.
    """

    STOP = "stop"
    DEAD = "dead"
    FAILED = "failed"


TABLE: tuple[tuple[type[KeyAPIError], Outcome], ...] = (
    (ExportError, Outcome.STOP),  # the journal cannot be written
    (BudgetExceeded, Outcome.STOP),
    (InsufficientCredits, Outcome.STOP),
    (AuthenticationError, Outcome.STOP),
    (ConfigurationError, Outcome.STOP),
    (NotFound, Outcome.DEAD),
    (BadRequest, Outcome.DEAD),
    (PaginationError, Outcome.DEAD),
    (ContractViolation, Outcome.DEAD),  # only with contract="raise"
)
"""What follows from each class of error, the first that fits; from all others, `FAILED`."""
_PASSING = frozenset({403, 408, 409, 425, 429})
"""Statuses between 400 and 499 that may pass; the plan may come to include an endpoint."""


def outcome(error: KeyAPIError) -> Outcome:
    """What follows from an error, after the client's own retries."""
    for kind, follows in TABLE:
        if isinstance(error, kind):
            return follows
    refused = error.status is not None and 400 <= error.status < 500
    return Outcome.DEAD if refused and error.status not in _PASSING else Outcome.FAILED
