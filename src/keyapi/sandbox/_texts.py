"""Texts as a schema asks for them: by pattern, format and length."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

Digits = Callable[[int], str]
"""Gives so many random digits."""

_PATTERNS = 256  # compiled patterns that are kept
_MOST = 3  # repetitions of what a pattern lets repeat without end
_FORMATS: Mapping[str, Callable[[Digits], str]] = {
    "uuid": lambda digits: "-".join(map(digits, (8, 4, 4, 4, 12))),
    "email": lambda digits: f"user{digits(6)}@mail.example",
    "uri": lambda digits: f"https://pages.example/{digits(19)}",
    "url": lambda digits: f"https://pages.example/{digits(19)}",
    "hostname": lambda digits: f"host{digits(6)}.example",
    "ipv4": lambda digits: f"192.0.2.{digits(2)}",
    "ipv6": lambda digits: f"2001:db8::{digits(4)}",
    "byte": lambda digits: digits(8),
}
"""Formats that OpenAPI and JSON Schema name, except dates; hosts are of RFC 2606 and RFC 5737."""


def fitted(schema: Mapping[str, Any], text: str, digits: Digits) -> str:
    """Make a text fit the format, pattern and length of its schema.

    Args:
        schema: The schema.
        text: The text that its name and example lead to; it stays where it fits.
        digits: Gives random digits.

    Returns:
        The text, or another one; what no text is found for keeps its pattern broken.
    """
    form = _FORMATS.get(schema.get("format", ""))
    if form is not None:
        text = form(digits)
    pattern = schema.get("pattern")
    if pattern is not None and not _matches(pattern, text):
        text = matching(pattern, digits) or text
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    if len(text) < low:
        longer = text + digits(low - len(text))
        text = longer if pattern is None or _matches(pattern, longer) else text
    if high is not None and len(text) > high:
        shorter = text[:high]
        text = shorter if pattern is None or _matches(pattern, shorter) else text
    return text


def matching(pattern: str, digits: Digits) -> str | None:
    """Make a text that a regular expression matches.

    Args:
        pattern: The expression, as JSON Schema has them.
        digits: Gives random digits.

    Returns:
        The text, or None where none is found: look-around and the like are not understood.
    """
    parser: Any = import_module("re._parser")
    try:
        text = "".join(_written(parser.parse(pattern), lambda most: int(digits(3)) % (most + 1)))
    except (re.error, LookupError, StopIteration):
        return None
    return text if _matches(pattern, text) else None


@lru_cache(_PATTERNS)
def _validator(pattern: str) -> Callable[[str], bool] | None:
    import jsonschema_rs  # an engine that does not backtrack, or gives up

    try:
        return jsonschema_rs.Draft4Validator({"pattern": pattern}).is_valid
    except ValueError:
        return None


def _matches(pattern: str, text: str) -> bool:
    valid = _validator(pattern)
    return valid is None or valid(text)  # it may be of a dialect that no validator reads


def _written(parts: Sequence[Any], choice: Callable[[int], int]) -> Sequence[str]:
    """Write each part of a parsed expression; `choice` gives a number from 0 to its argument."""
    return [_WRITERS[str(kind)](details, choice) for kind, details in parts]


def _one_of_class(members: Sequence[Any], choice: Callable[[int], int]) -> str:
    if str(members[0][0]) == "NEGATE":
        excluded = re.compile(f"[{''.join(map(_class_member, members[1:]))}]")
        return next(letter for letter in "a1A-_ " if not excluded.match(letter))
    kind, details = members[choice(len(members) - 1)]
    if str(kind) == "RANGE":
        return chr(details[0] + choice(details[1] - details[0]))
    return _WRITERS[str(kind)](details, choice)


def _class_member(member: Any) -> str:
    kind, details = member
    if str(kind) == "RANGE":
        return f"{re.escape(chr(details[0]))}-{re.escape(chr(details[1]))}"
    return _CLASSES[str(details)] if str(kind) == "CATEGORY" else re.escape(chr(details))


def _repeated(details: Any, choice: Callable[[int], int]) -> str:
    low, high, parts = details
    count = low + choice(min(int(high) - low, _MOST))
    return "".join("".join(_written(parts, choice)) for _ in range(count))


def _one_branch(details: Any, choice: Callable[[int], int]) -> str:
    branches = details[1]
    return "".join(_written(branches[choice(len(branches) - 1)], choice))


_CATEGORIES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_WORD": "abc_123",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "abc-",
    "CATEGORY_NOT_WORD": "-. ",
    "CATEGORY_NOT_SPACE": "abc123",
}
_CLASSES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_NOT_WORD": r"\W",
    "CATEGORY_NOT_SPACE": r"\S",
}
_WRITERS: Mapping[str, Callable[[Any, Callable[[int], int]], str]] = {
    "LITERAL": lambda code, choice: chr(code),
    "NOT_LITERAL": lambda code, choice: "b" if code == ord("a") else "a",
    "ANY": lambda details, choice: "abc123"[choice(5)],
    "AT": lambda details, choice: "",
    "IN": _one_of_class,
    "CATEGORY": lambda name, choice: _CATEGORIES[str(name)][
        choice(len(_CATEGORIES[str(name)]) - 1)
    ],
    "BRANCH": _one_branch,
    "MAX_REPEAT": _repeated,
    "MIN_REPEAT": _repeated,
    "SUBPATTERN": lambda details, choice: "".join(_written(details[3], choice)),
}
