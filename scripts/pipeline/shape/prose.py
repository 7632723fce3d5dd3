"""Constraints that pages state in prose only, read from text.

Pure functions: text in, constraint out, None where the text states none that is fully understood.
Evidence: "Enums, ranges and date formats exist only as prose", e.g. "up to a maximum of 100,000".
Enums are read by `enumerations`.
"""

from __future__ import annotations

import re

from pipeline.document.values import whole_number

_NUMBER = r"(\d[\d,]*)"
_MAXIMUM = re.compile(
    rf"(?:\bmax(?:imum)?\b|up to|at most|no more than|not exceed(?:ing)?|最大|最多)"
    rf"[^\d.;。(（]{{0,40}}?{_NUMBER}",
    re.IGNORECASE,
)
_MINIMUM = re.compile(
    rf"(?:start(?:s|ing)?\s+(?:from|at|with)|\bmin(?:imum)?\b|at least|最小|从)"
    rf"[^\d.;。(（]{{0,20}}?{_NUMBER}",
    re.IGNORECASE,
)
_RANGE = re.compile(
    rf"(?:range|between|from|范围)\D{{0,20}}?{_NUMBER}\s*(?:-|–|~|～|to|and|至)\s*{_NUMBER}",
    re.IGNORECASE,
)
_COMMA_JOINED = re.compile(
    r"comma[- ](?:separated|delimited|joined)|(?:separated?|joined?|split|delimited)\s+"
    r"(?:(?:them|multiple|values|ids|each)\s+)?(?:by|with|using)\s+(?:(?:a|half-width|english)\s+)*"
    r"commas?|\bcommas?\s+(?:to|for)\s+(?:separat|split|join|delimit)\w*|逗号",
    re.IGNORECASE,
)

_NAME = r"[`'\"“]?(?P<name>[A-Za-z_][\w.]*)[`'\"”]?"
# Evidence: "use cursor for the next pagination", "The next pagination will use max_cursor", "use
# next_scroll_param for the next pagination".
_NEXT_CURSOR = (
    re.compile(
        rf"\b(?:use|pass|send)\s(?:the\s|a\s|this\s)?(?:value\sof\s)?(?:the\s)?{_NAME}"
        r"\s(?:value\s)?(?:for|as|in|to\sget|to\sfetch)\s(?:the\s|a\s)?(?:next|following)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\bnext\s(?:pagination|page|request|call)\s(?:will\s|should\s|must\s)?uses?\s(?:the\s)?"
        rf"(?:value\sof\s)?(?:the\s)?{_NAME}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:the|a|use|pass|send|is|of|to)\s{_NAME}\s(?:value\s)?(?:that\s)?(?:was\s)?"
        r"(?:returned\s|given\s|received\s)?(?:by|from|of|in|with)\s(?:the\s|a\s)?"
        r"(?:previous|last|prior|preceding|earlier)\s"
        r"(?:response|answer|page|request|result|call)\b",
        re.IGNORECASE,
    ),
)
_NO_NAMES = frozenset({"it", "them", "that", "this", "value", "the", "a", "one", "result", "page"})
# Evidence: "When has_more=1", "When the returned has_more=true".
_MORE_FLAG = re.compile(
    r"\b(?P<name>(?:has|is|have)?_?(?:more|next)\w*)\s?(?:==?|:|is)\s?(?:1|true|yes)\b",
    re.IGNORECASE,
)
_FROM_ZERO = re.compile(
    r"\b(?:0|zero)[- ]?(?:based|indexed)\b"
    r"|\b(?:start|begin|count|number|index)\w*,?\s(?:from|at|with)\s(?:0|zero)\b"
    r"|\bfirst\spage\s(?:number\s)?(?:is|=|:|has)\s?(?:number\s)?(?:0|zero)\b"
    r"|\bfrom\s(?:0|zero)\b|从\s?(?:0|零)",
    re.IGNORECASE,
)
_FIRST_CURSOR = re.compile(
    r"\b(?:first|initial)\s(?:time|page|request|call|query|pagination)\b[^.;\n]{0,60}?"
    r"(?<!\w)(?P<value>\d+|zero|blank|empty)\b"
    r"|\b(?:start|begin)\w*\s(?:from|at|with)\s(?P<start>\d+|zero)\b"
    r"|\bdefaults?\s?(?:is|to|value|:|=)?\s?(?P<default>\d+)\b",
    re.IGNORECASE,
)
_WORDS = {"zero": "0", "blank": "", "empty": ""}


def bounds_in(text: str) -> tuple[int | None, int | None]:
    """Read (minimum, maximum) of a number, each None where the text states none."""
    if match := _RANGE.search(text):
        return _integer(match[1]), _integer(match[2])
    low, high = _MINIMUM.search(text), _MAXIMUM.search(text)
    return _integer(low[1]) if low else None, _integer(high[1]) if high else None


def next_cursor_in(text: str) -> str | None:
    """Read which property of an answer the prose says to use for the next page."""
    words = " ".join(text.split())
    for pattern in _NEXT_CURSOR:
        for match in pattern.finditer(words):
            if match["name"].lower() not in _NO_NAMES:
                return match["name"].rstrip(".")
    return None


def more_flag_in(text: str) -> str | None:
    """Read which property of an answer says that more pages follow: `when has_more=1`."""
    match = _MORE_FLAG.search(" ".join(text.split()))
    return match["name"] if match else None


def is_first_page_zero(text: str) -> bool:
    """Whether the prose says that page numbers start at 0."""
    return bool(_FROM_ZERO.search(" ".join(text.split())))


def first_cursor_in(text: str) -> str | None:
    """Read what the prose says to send for the first page; None where it does not say."""
    match = _FIRST_CURSOR.search(" ".join(text.split()))
    stated = match and (match["value"] or match["start"] or match["default"])
    return _WORDS.get(stated.lower(), stated) if stated else None


def is_comma_joined(text: str) -> bool:
    """Whether a text says that a parameter takes several values, joined by commas."""
    return bool(_COMMA_JOINED.search(text))


def _integer(text: str) -> int | None:
    return whole_number(text.replace(",", ""))
