"""Constraints that pages state in prose only, read from text.

Pure functions: text in, constraint out, None where the text states none that is fully understood.
Evidence: "Enums, ranges and date formats exist only as prose", e.g. `1=total_sale_cnt
2=total_sale_gmv_amt`, `0=asc 1=desc`, "up to a maximum of 100,000".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# A dash needs a space beside it: `1 - newest`, but not `1-day`.
_EQUALS = r"(?:\s*(?:=|:|：|＝|→)|\s+[-–—]|\s*[-–—](?=\s)|\s+(?:means|is)\b)"
_NUMBERED = re.compile(
    rf"""(?<![\w.])(?P<value>-?\d+){_EQUALS}\s*
    (?P<label>[^\W\d][^,;，；、|\n()（）]*?)
    (?=\s*(?:[,;，；、|\n()（）.]|/|$)|\s+(?:and|or)\s|\s+-?\d+{_EQUALS}\s*[^\W\d])""",
    re.VERBOSE,
)
_KEYED = re.compile(
    r"(?<!\w)(?P<value>[A-Za-z]\w*)\s*=\s*(?P<label>[^\W\d][^,;，；、|\n()（）=]*?)"
    r"(?=\s*(?:[,;，；、|\n()（）.]|/|$)|\s+(?:and|or)\s|\s+[A-Za-z]\w*\s*=)"
)
_BETWEEN = re.compile(r"\s*(?:[(（][^()（）]*[)）])?[\s,;，；、|/]*(?:(?:and|or)\b)?\s*$")
_LISTED = re.compile(
    r"(?:\bone of\s*(?:[:：]\s*|\s)|(?:(?:\b(?:optional|possible|allowed|available|supported|valid)"
    r"\s+)?\b(?:values?|options?)|\benum|可选值|取值)(?:\s*(?:\s(?:are|is|include))?\s*[:：=]\s*|\s+are\s+(?=[`'\"“])))"
    r"(?P<list>[^.\n。()（）]+)",
    re.IGNORECASE,
)
_LIST_SEPARATOR = re.compile(r"\s*[,，、|/;；]\s*(?:(?:and|or)\s+)?|\s+(?:and|or)\s+")
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
    r"comma[- ](?:separated|delimited|joined)|(?:separated|joined|split)\s+(?:by|with)\s+"
    r"(?:(?:a|half-width|english)\s+)*commas?|逗号",
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


@dataclass(frozen=True)
class Member:
    """One value of an enum; `label` is what the prose calls it, or None."""

    value: str
    label: str | None


def enum_in(text: str) -> tuple[Member, ...] | None:
    """Read an enum: numbered (`1=a 2=b`, `0: asc, 1: desc`), keyed (`a=…`), or listed.

    Returns:
        At least two members with distinct values and labels, or None.
    """
    for pattern in (_NUMBERED, _KEYED):
        members = _longest_run(pattern, text)
        labels = {member.label for member in members}
        values = {member.value for member in members}
        if len(members) >= 2 and len(labels) == len(values) == len(members):
            return members
    return _listed(text)


def looks_like_enum(text: str) -> bool:
    """Whether a text seems to state an enum, although `enum_in` may not understand it."""
    return len(re.findall(r"(?<![\w.])-?\d+\s*[=：＝:]\s*\w", text)) >= 2


def _longest_run(pattern: re.Pattern[str], text: str) -> tuple[Member, ...]:
    """The longest run of matches with nothing but separators between them."""
    best: list[Member] = []
    run: list[Member] = []
    end = 0
    for match in pattern.finditer(text):
        if run and not _BETWEEN.fullmatch(text[end : match.start()]):
            run = []
        run.append(Member(match["value"], match["label"].strip()))
        end = match.end()
        if len(run) > len(best):
            best = list(run)
    return tuple(best)


def _listed(text: str) -> tuple[Member, ...] | None:
    match = _LISTED.search(text)
    if not match:
        return None
    tokens = [token.strip(" \t`'\"“”") for token in _LIST_SEPARATOR.split(match["list"].strip())]
    if len(tokens) < 2 or len(set(tokens)) < len(tokens):
        return None
    for pattern in (r"[A-Za-z][\w-]*", r"-?\d+"):
        if all(re.fullmatch(pattern, token) for token in tokens):
            return tuple(Member(token, None) for token in tokens)
    return None


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


def _integer(text: str) -> int:
    return int(text.replace(",", ""))
