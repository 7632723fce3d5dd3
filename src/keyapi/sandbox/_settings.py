"""How a sandbox's settings are checked."""

from __future__ import annotations

from math import isfinite
from typing import Any

from keyapi._errors import ConfigurationError

LONGEST_LATENCY = 300
"""Seconds before an answer; a connection is cut 60 s after that."""
_LARGEST = 10**9


def check_whole(name: str, value: Any, first: int = 0, last: int = _LARGEST) -> int:
    """Check a whole number.

    Raises:
        ConfigurationError: It is something else, or out of bounds.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not first <= value <= last:
        raise ConfigurationError(
            f"{name} must be a whole number from {first} to {last}, got {_shown(value)}"
        )
    return value


def check_optional(name: str, value: Any, first: int = 0, last: int = _LARGEST) -> int | None:
    """Check a whole number, or None; errors as for `check_whole`."""
    return None if value is None else check_whole(name, value, first, last)


def check_latency(value: Any) -> float:
    """Check the seconds before each answer.

    Raises:
        ConfigurationError: They are not from 0 to 300.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= LONGEST_LATENCY or not isfinite(value):
        raise ConfigurationError(
            f"latency must be from 0 to {LONGEST_LATENCY} seconds, got {_shown(value)}"
        )
    return float(value)


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # a number of more digits than Python writes
        return "a number with too many digits"
    return text if len(text) <= 40 else f"{text[:40]}…"
