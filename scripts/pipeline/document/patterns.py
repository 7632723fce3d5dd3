"""Whether a regular expression that a page publishes can be run by tools without harm.

Several engines run it later: the validator's, which does not backtrack, and Python's, which does,
in what checks defaults and in what generates cases. So it must be one that all of them read, and
that none takes exponential time for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

import jsonschema_rs

_LONGEST = 1_000
_LONGEST_TEXT = 200  # of which engines that backtrack take no more than polynomial time
_SIZE = 1_000_000  # bytes of a compiled expression
_FEW = 3  # repetitions that are harmless
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_SINGLE = ("LITERAL", "NOT_LITERAL", "IN", "ANY")
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_CASE = re.compile(r"\(\?[a-zA-Z]{0,9}i")  # characters are told apart by case below
# One of each kind that expressions tell apart; every character of ASCII is looked at, too.
_SAMPLES = (*map(chr, range(128)), "\x85", "é", "É", "²", "٣", "中", "，", "\u2028", "😀")

Part = tuple[Any, Any]
"""A part of an expression as `re._parser` gives it: its code and what belongs to it."""


def is_usable(pattern: Any) -> bool:
    """Whether an expression is valid, and takes no more than polynomial time in any engine."""
    if not isinstance(pattern, str) or len(pattern) > _LONGEST:
        return False
    options = jsonschema_rs.FancyRegexOptions(size_limit=_SIZE)
    try:
        jsonschema_rs.Draft4Validator({"pattern": pattern}, pattern_options=options)
        re.compile(pattern)
        return _CASE.search(pattern) is None and _is_bounded(parsed(pattern))
    except (re.error, ValueError, OverflowError, RecursionError):
        return False


def fits(pattern: str, text: str) -> bool:
    """Whether a usable expression matches a text; never, where the text is very long."""
    validator = jsonschema_rs.Draft4Validator({"pattern": pattern})
    return len(text) <= _LONGEST_TEXT and validator.is_valid(text)


def parsed(pattern: str, flags: int = 0) -> Iterable[Part]:
    """Parse an expression.

    Raises:
        re.error: It is not valid.
    """
    parser: Any = import_module("re._parser")
    tree: Iterable[Part] = parser.parse(pattern, flags)
    return tree


def inner_parts(part: Part) -> list[Iterable[Part]]:
    """The sequences within a part: what is repeated or grouped, and each alternative."""
    code, value = part
    name = str(code)
    if name in _REPEATS:
        return [value[2]]
    if name == "SUBPATTERN":
        return [value[3]]
    if name == "ATOMIC_GROUP":
        return [value]
    if name == "BRANCH":
        return list(value[1])
    if name in ("ASSERT", "ASSERT_NOT"):
        return [value[1]]
    if name == "GROUPREF_EXISTS":
        return [each for each in value[1:] if each is not None]
    return []


def is_single(part: Part) -> bool:
    """Whether a part matches one character."""
    return str(part[0]) in _SINGLE


def matches(part: Part, character: str) -> bool:
    """Whether a part that matches one character matches this one, case told apart."""
    code, value = part
    name = str(code)
    if name == "LITERAL":
        return bool(ord(character) == value)
    if name == "NOT_LITERAL":
        return bool(ord(character) != value)
    if name == "ANY":
        return character != "\n"
    members = [(str(kind), what) for kind, what in value]
    return (members[0][0] == "NEGATE") != any(_has(*member, character) for member in members)


def _has(kind: str, what: Any, character: str) -> bool:
    if kind == "LITERAL":
        return bool(ord(character) == what)
    if kind == "RANGE":
        return bool(what[0] <= ord(character) <= what[1])
    return kind == "CATEGORY" and re.match(_CATEGORIES[str(what)], character) is not None


def _is_bounded(tree: Iterable[Part]) -> bool:
    """Whether no repeat can read one text in exponentially many ways."""
    for code, value in tree:
        if str(code) in _REPEATS and value[1] > _FEW and not _is_told_apart(list(value[2])):
            return False
        if str(code).startswith("GROUPREF"):
            return False
        if not all(map(_is_bounded, inner_parts((code, value)))):
            return False
    return True


def _is_told_apart(body: list[Part]) -> bool:
    """Whether it is clear where each repetition of a sequence ends.

    So it is where the sequence holds no repeat, or one alone that cannot match what comes after
    it, there or in the next repetition: `(,[0-9]+)*`.
    """
    body = _flat(body)
    if _is_plain(body):
        return True
    places = [place for place, part in enumerate(body) if not is_single(part)]
    if len(places) != 1 or len(body) < 2 or str(body[places[0]][0]) not in _REPEATS:
        return False
    repeat, following = body[places[0]], body[(places[0] + 1) % len(body)]
    return _is_plain(_flat(repeat[1][2])) and _is_apart(following, [repeat])


def _flat(body: Iterable[Part]) -> list[Part]:
    """A sequence without groups that only group, without boundaries, and `a{2}` written out."""
    flat: list[Part] = []
    for code, value in body:
        if str(code) == "SUBPATTERN":
            flat += _flat(value[3])
        elif str(code) in _REPEATS and 0 < value[0] == value[1]:
            flat += _flat(value[2]) * min(value[0], 2)
        elif str(code) != "AT":
            flat.append((code, value))
    return flat


def _is_plain(body: list[Part]) -> bool:
    """Whether a sequence matches a text in one way: characters, and alternatives that differ."""
    for code, value in body:
        if str(code) == "BRANCH":
            alternatives = [_flat(each) for each in value[1]]
            if not all(each and is_single(each[0]) and _is_plain(each) for each in alternatives):
                return False
            firsts = [each[0] for each in alternatives]
            if not all(_is_apart(each, firsts[:n]) for n, each in enumerate(firsts)):
                return False
        elif not is_single((code, value)):
            return False
    return bool(body)


def _is_apart(part: Part, others: list[Part]) -> bool:
    """Whether no character of a part is also one of others, at any depth."""
    singles = list(_singles(others))
    literals = [chr(value) for code, value in (part, *singles) if str(code) == "LITERAL"]
    return not any(
        matches(part, character) and any(matches(each, character) for each in singles)
        for character in (*_SAMPLES, *literals)
    )


def _singles(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        if is_single(part):
            yield part
        for inner in inner_parts(part):
            yield from _singles(inner)
