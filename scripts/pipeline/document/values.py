"""Numbers and JSON in text that comes from outside, read within bounds.

`int` and `json.loads` alone take more than a specification may hold, and raise errors of many
kinds: for digits that are not ASCII, for thousands of digits, for hundreds of levels.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from keyapi._json import is_deeper

MAX_DEPTH = 100
"""Levels of nesting that a document, or JSON in one of its texts, may have."""
MAX_DIGITS = 100
"""Digits that a whole number may have; identifiers have around twenty."""
_STATED = 18  # digits of a number that is stated in prose or as text: those of 64 bits
_WHOLE = re.compile(rf"[-+]?[0-9]{{1,{_STATED}}}")


def whole_number(text: Any) -> int | None:
    """A whole number that is written as text, in ASCII and of at most 18 digits; else None."""
    return int(text) if isinstance(text, str) and _WHOLE.fullmatch(text) else None


def integer(digits: str) -> int:
    """Read the digits of a whole number, perhaps with a prefix such as `0x`.

    Raises:
        ValueError: There are more than `MAX_DIGITS`.
    """
    count = len(digits.lstrip("+-"))
    if count > MAX_DIGITS:
        raise ValueError(f"a number has {count:,} digits, more than {MAX_DIGITS}")
    return int(digits, 0) if digits[:2] in ("0o", "0x") else int(digits)


def finite(digits: str) -> float:
    """Read a number with decimals or an exponent.

    Raises:
        ValueError: It is too large.
    """
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:40]} is too large")
    return number


def json_value(text: str | bytes, depth: int = MAX_DEPTH) -> Any:
    """Read JSON.

    Args:
        text: The JSON.
        depth: Levels of nesting that it may have.

    Raises:
        ValueError: It is not valid JSON, is nested deeper, or holds a number of more than
            `MAX_DIGITS` digits, or one that is not finite.
    """
    try:
        value = json.loads(text, parse_int=integer, parse_float=finite, parse_constant=_refuse)
    except RecursionError:
        raise ValueError(f"nested deeper than {depth} levels") from None
    if is_deeper(value, depth):
        raise ValueError(f"nested deeper than {depth} levels")
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")
