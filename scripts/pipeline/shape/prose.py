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
    r"(?:commas?|[`'\"“(],[`'\"”)])|\bcommas?\s+(?:to|for)\s+(?:separat|split|join|delimit)\w*|逗号",
    re.IGNORECASE,
)

_NAME = r"[`'\"“]?(?P<name>[A-Za-z_][\w.]*)[`'\"”]?"
_RECEIVED = r"(?:returned|given|received|obtained|taken|found|provided|supplied|got)"
_RESPONSE = r"(?:response|answer|reply|page|request|result|call)"
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
        rf"(?:{_RECEIVED}\s)?(?:by|from|of|in|with)\s(?:the\s|a\s|your\s)?"
        rf"(?:previous|last|prior|preceding|earlier)\s{_RESPONSE}\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:(?:use|pass|send)\s(?:the\s)?{_RECEIVED}\s{_NAME}|(?:use|pass|send|set\sto)\s"
        rf"(?:the\s)?{_NAME.replace('name', 'other')}\s(?:value\s)?(?:{_RECEIVED}\s)?"
        rf"(?:by|from|of|in|with)\s(?:the\s)?{_RESPONSE})"
        r"\sto\s(?:get|fetch|load|request|read|see|retrieve|list)\s(?:the\s)?(?:(?:next|following)\b"
        r"|(?:more|further)(?:\s(?:rows|results|items|pages))?(?=\s?(?:[.;,)]|$)))",
        re.IGNORECASE,
    ),
)
_NO_NAMES = frozenset({"it", "them", "that", "this", "value", "the", "a", "one", "result", "page"})
# Evidence: "When has_more=1", "When the returned has_more=true".
_MORE_FLAG = re.compile(
    r"\b(?P<name>(?:has|is|have)?_?(?:more|next)\w*)\s?(?:==?|:|is)\s?(?:1|true|yes)\b",
    re.IGNORECASE,
)
_LAST_ROW = re.compile(
    r"\b(?:next|following|further|more|continue|remaining)\b[^.]{0,80}\blast\s"
    r"(?:row|item|object|result|record|element|entry|one)\b"
    r"|\blast\s(?:row|item|object|result|record|element|entry|one)\b[^.]{0,80}"
    r"\b(?:next|following|previous|further|more|continue|remaining)\b"
    r"|\blast\s\w+\s(?:of|on|in|from)\s(?:the\s)?(?:page\sbefore|(?:previous|last|prior)\spage)\b",
    re.IGNORECASE,
)
_FROM_ZERO = re.compile(
    r"\b(?:0|zero)[- ]?(?:based|indexed)\b"
    r"|\b(?:start|begin|count|number|index)\w*,?\s(?:from|at|with)\s(?:0|zero)\b"
    r"|\bfirst\s?(?:one|page|index)?\s?(?:number\s)?(?:is|=|:|has)\s?(?:the\s)?"
    r"(?:number\s|page\s)?(?:0|zero)\b"
    r"|(?<![\d.])(?:0|zero)\s(?:is|=|means|gets|returns|gives|denotes|for)\s(?:the\s)?first\b"
    r"|(?:>=|≥)\s?0\b|\bdefaults?(?:\sto|\sis|\svalue|\s?[:=])*\s?(?:0|zero)\b"
    r"|(?<![\d.])0\s(?:by|is\sthe|as\sthe)\sdefault\b"
    r"|\bfrom\s(?:0|zero)\b|从\s?(?:0|零)",
    re.IGNORECASE,
)
_OF_PAGES = re.compile(
    r"\b(?:number|no\.|index|paging|pagination|paginate|counts?|starts?|first|next|default)\b|\d"
    r"|^\W*(?:the\s|current\s)?pages?\W*$|页",
    re.IGNORECASE,
)
_OF_TIME = re.compile(r"\b(?:UTC|GMT|time\s?zone|in\s(?:hours|minutes|seconds))\b", re.IGNORECASE)
_FROM_ONE = re.compile(
    r"\b(?:start|begin|count|number|index)\w*,?\s(?:from|at|with)\s(?:1|one)\b", re.IGNORECASE
)
# What is sent for the first page: a number, a word in quotation marks, or nothing.
_SENT = (
    r"(?:(?<![\w.])(?P<sent>-?\d+|\*)(?![\w.]|\s(?:rows|items|results|records|per|pages)\b)"
    r"|[`'\"“](?:\w+\s?=\s?)?(?P<quoted>[^`'\"”\s]*)[`'\"”]"
    r"|(?P<word>\bzero|\bblank|\bempty|\bleave\sit\sout|\bomit|\bomitted)\b)"
)
_BEGINNING = (
    r"(?:\b(?:first|initial)\s(?:time|page|request|call|query|pagination|fetch)\b"
    r"|\bto\s(?:begin|start)\b|\bat\sfirst\b|\binitially\b)"
)
_FIRST_CURSOR = (
    re.compile(
        r"\b(?:pass|use|send|set|leave|with|is|value|to|at|from)\s(?:it\s)?(?:to\s)?"
        rf"{_SENT}[^.;,\n]{{0,20}}?\s(?:for|on|in|gets)?\s?(?:the\s|your\s)?{_BEGINNING}",
        re.IGNORECASE,
    ),
    re.compile(rf"{_BEGINNING}[^.;\n]{{0,60}}?{_SENT}", re.IGNORECASE),
    re.compile(
        rf"(?:^|[.;,]\s?)(?:an?\s)?{_SENT}(?:\s(?:string|text|value|it))?\s(?:for|on|gets)\s"
        rf"(?:the\s|your\s)?{_BEGINNING}",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?:start|begin)\w*\s(?:from|at|with)\s(?P<sent>-?\d+|zero)\b", re.IGNORECASE),
    re.compile(r"\bdefaults?\s?(?:is|to|value|:|=)?\s?(?P<sent>-?\d+)\b", re.IGNORECASE),
)
_OF_THE_FIRST = re.compile(_BEGINNING, re.IGNORECASE)
_WORDS = {"zero": "0", "blank": "", "empty": "", "omit": "", "omitted": "", "leave it out": ""}


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
            name = next(group for group in match.groups() if group)
            if name.lower() not in _NO_NAMES:
                return name.rstrip(".")
    return None


def more_flag_in(text: str) -> str | None:
    """Read which property of an answer says that more pages follow: `when has_more=1`."""
    match = _MORE_FLAG.search(" ".join(text.split()))
    return match["name"] if match else None


def is_first_page_zero(text: str) -> bool:
    """Whether the prose says that page numbers start at 0."""
    words = " ".join(text.split())
    return bool(_FROM_ZERO.search(words)) and not is_first_page_one(text)


def is_first_page_one(text: str) -> bool:
    """Whether the prose says that page numbers start at 1."""
    return bool(_FROM_ONE.search(" ".join(text.split())))


def speaks_of_pages(text: str) -> bool:
    """Whether the prose of what is called a page says that it is the number of one."""
    return bool(_OF_PAGES.search(" ".join(text.split())))


def is_time(text: str) -> bool:
    """Whether the prose says that something is a span of time, as the offset of a time zone is."""
    return bool(_OF_TIME.search(text))


def first_cursor_in(text: str) -> str | None:
    """Read what the prose says to send for the first page; None where it does not say."""
    words = " ".join(text.split())
    for pattern in _FIRST_CURSOR:
        if match := pattern.search(words):
            stated = next(group for group in match.groups() if group is not None)
            return _WORDS.get(stated.lower(), stated)
    return None


def speaks_of_first(text: str) -> bool:
    """Whether the prose says something of the first page's cursor, whatever it says."""
    return bool(_OF_THE_FIRST.search(" ".join(text.split())))


def follows_a_row(text: str) -> bool:
    """Whether the prose says that rows are asked for by the last row of the page before."""
    return bool(_LAST_ROW.search(" ".join(text.split())))


def is_comma_joined(text: str) -> bool:
    """Whether a text says that a parameter takes several values, joined by commas."""
    return bool(_COMMA_JOINED.search(text))


def _integer(text: str) -> int | None:
    return whole_number(text.replace(",", ""))
