"""Values that pages list without an explanation of each, or with one in brackets or a table.

Pure functions: text in, members out; () where a form does not occur, or is not fully understood.
Texts have single blanks and line ends, as `enumerations` makes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Member:
    """One value of an enum; `label` is what the prose calls it, or None."""

    value: str
    label: str | None


_LISTED = re.compile(
    r"(?:\b(?:(?:must|can\sonly|may\sonly)\sbe(?=\s[`'\"“])|(?:accepted|allowed|permitted)"
    r"(?=\s?[:：]\s?(?:[`'\"“\d]|\w+\s?[|/]))"
    r"|one\sof|(?:selected|chosen|choose|select)\sfrom|supported\sonly|only\ssupports?"
    r"|supports?\sonly|currently\ssupports?)(?:\sthe\sfollowing(?:\s(?:values|strings|options|words|codes))?)?(?:\s?[:：]\s?|\s)"
    r"|(?:(?:\b(?:optional|possible|allowed|available|supported|valid)\s)?\b(?:values?|options?)"
    r"|\benum|可选值|取值)(?:(?:\s(?:are|is|include))?\s?[:：=]\s?|\sare\s(?=[`'\"“])))"
    r"(?P<list>(?:[^.\n。()（）]|[(（][^()（）\n]*[)）])+)(?P<open>\.\.)?",
    re.IGNORECASE,
)
_SLASHED = re.compile(r"\s?(?P<list>[A-Za-z]\w*+(?:\s[/|]\s[A-Za-z]\w*+)++)\s?(?=[,，.;；(（]|$)")
_MARK, _WORD = r"[,，、|/;；]\s?(?:(?:and|or)\s)?", r"\s(?:and|or)\s"
_SEPARATOR = re.compile(rf"\s?{_MARK}|{_WORD}")
_LISTED_VALUE = re.compile(
    r"[`'\"“]?(?P<value>[A-Za-z][\w-]*|-?\d+)[`'\"”]?(?:\s?[(（](?P<label>[^()（）]+)[)）])?"
)
_OPEN_LIST = re.compile(r"(?:\betc\b|\.\.|…|\band\s(?:so\son|more|others)\b|等)", re.IGNORECASE)
_EXAMPLES = re.compile(
    r"\b(?:such\sas|e\.g\b|eg\b|for\s(?:example|instance)|like\b|i\.e\b)|例如|比如", re.I
)
# In brackets of their own: "Enum: [DAY, WEEK]", "Permitted values {a|b|c}".
_ENCLOSED = re.compile(
    r"\b(?:enum|values?|options?|one\sof|permitted|allowed|accepted|supported)\s?[:：=]?\s?"
    r"(?:\[(?P<list>[^\[\]{}\n]++)\]|\{(?P<braced>[^\[\]{}\n]++)\})",
    re.IGNORECASE,
)
# JSON that gives each value its label: {"1": "day", "2": "week"}.
_MAPPED = re.compile(r"\{(?P<list>[^{}\n]++)\}")
_PAIR = re.compile(r"\s?[\"'](?P<value>-?\d{1,18})[\"']\s?:\s?[\"'](?P<label>[^\"']++)[\"']\s?")
# What lists values without a word that says so: `likes|favorites`, `DAY/WEEK/MONTH`, `a / b / c`,
# `A, B or C`, `10, 20 or 30`, `(7d, 28d)`.
_UNSAID = re.compile(
    r"(?<![\w|])\w++(?:\|\w++)++(?![\w|])|(?<![\w/])[A-Z][A-Z_]++(?:/[A-Z][A-Z_]++){2,}(?![\w/])"
    r"|\b[A-Za-z]\w*+(?:\s/\s[A-Za-z]\w*+){2,}|\b[A-Z][A-Z_]{2,}+(?:,\s[A-Z][A-Z_]{2,}+){1,30},?\sor\s[A-Z_]{3,}\b"
    r"|(?<![\d.,])\d{1,4}(?:,\s\d{1,4}){1,30},?\sor\s\d{1,4}(?![\d.,])"
    r"|(?<=[(（])\d{1,4}[A-Za-z]{1,6}(?:,\s?\d{1,4}[A-Za-z]{1,6})+(?=[)）])"
    r"|[①-⑳][^①-⑳\n]{1,40}[①-⑳]|\b[Aa]ccepts?\sonly\s\w+\sor\s\w+|\b[Oo]nly\saccepts?\s\w+\sor\s\w+"
)
_DATE = re.compile(r"[YMDHS]+|[ymdhs]+")
_APART = re.compile(r"[^\w-]++")
_NO_VALUES = frozenset({"or", "only", "accepts", "accept"})
_QUOTED = re.compile(r"[`'\"“](?P<value>[A-Za-z][\w-]*)[`'\"”]")
_ONE_QUOTED = _QUOTED.pattern.replace("?P<value>", "?:")
# The whole of a text: "Either `asc` or `desc`.", "Only 'hot' and 'new' are supported", "0 or 1".
_ALL_QUOTED = re.compile(
    rf"\s?(?:either\s|only\s)?(?P<list>{_ONE_QUOTED}(?:\s?(?:{_MARK}|{_WORD}){_ONE_QUOTED})+)"
    r"(?:\s(?:is|are)\s(?:supported|allowed|accepted|valid))?[.。]?\s?",
    re.IGNORECASE,
)
_ALL_NUMBERS = re.compile(
    r"\s?(?P<list>-?\d{1,18}(?:\s(?:or|and)\s-?\d{1,18}|\s?[/|、]\s?-?\d{1,18}"
    r"|,\s-?\d{1,18}|,\s(?:or|and)\s-?\d{1,18})+)[.。]?\s?",
    re.IGNORECASE,
)
_BRACKETED = re.compile(
    r"(?<![\w.=-])(?P<value>-?\d{1,18})\s?[(（](?P<label>[^\W\d][^()（）\n]{0,60})[)）]"
)
_CODED = re.compile(
    r"(?<![\w.(（=-])(?=[A-Za-z]\w*[A-Z\d_-])[A-Za-z][\w-]*+\s?[(（][^()（）\n]{1,60}[)）]"
)
_BOOLEANS = re.compile(r"\b(?:true\s?(?:\sor\s|[/|,])\s?false|false\s?(?:\sor\s|[/|,])\s?true)\b")
_EXPLAINED = re.compile(
    rf"{_QUOTED.pattern}\s?(?:[:：=]|\sfor\s|\smeans\s|\s[-–—]\s|\sto\s(?:get|list|show|see)\s)"
)
_BETWEEN = re.compile(r"\s?(?:[(（][^()（）]*[)）])?[\s,;，；、|/]*+(?:(?:and|or)\s)?")
# A value more beside those in brackets.
_BESIDE = re.compile(r"\s?(?:[,;，；、|/]\s?(?:(?:and|or)\s)?|\s(?:and|or)\s)-?\d")
_BEFORE = re.compile(r"\d\s?(?:[,;，；、|/]|(?:and|or|to)\b)[\s,]*$")
_ROW = re.compile(r"^\s?\|(?P<cells>(?:[^|\n]*\|)+)\s?$", re.MULTILINE)
_RULE = re.compile(r"[\s:-]+")
_COUNTED = re.compile(r"(?<![\w.=])(?P<value>\d{1,2})\s(?:for\s)?[^\W\d]\w+")
_OPTIONS = re.compile(
    r"(?<![\d./])(?:0|[1-9]\d{0,17})(?:\s?[/|]\s?(?:0|[1-9]\d{0,17})){2,}(?![\d./])"
)


_SORTED = re.compile(
    r"[(（](?P<list>[A-Za-z]\w*+(?:\s?(?:,|[|/]|\bor\b)\s?(?:or\s)?[A-Za-z]\w*+)++)[)）][.。]?\s?$"
)
_SORTS = re.compile(
    r"\b(?:sort|order|rank)\w*\s(?:by|field|column|key|metric|criteri\w+)\b[^()（）\n]{0,60}$",
    re.IGNORECASE,
)
_NO_COLUMNS = frozenset({"optional", "required", "default", "ascending", "descending"})


def readings(text: str, *, numeric: bool) -> Iterator[tuple[Member, ...]]:
    """Yield what each form of a list gives: its members, or ().

    Args:
        text: What a page says of a parameter.
        numeric: Whether the parameter is a number.
    """
    yield _in_brackets(text)
    yield _in_a_table(text)
    yield _listed(text)
    yield _enclosed(text)
    if numeric:
        yield _mapped(text)
    yield _sorted_by(text)
    if match := _SLASHED.match(text):
        yield tuple(Member(value, None) for value in re.split(r"\s[/|]\s", match["list"]))
    if numeric and (match := _ALL_NUMBERS.fullmatch(text)):
        yield tuple(Member(value, None) for value in re.findall(r"-?\d+", match["list"]))
    if not numeric and (match := _ALL_QUOTED.fullmatch(text)):
        yield tuple(Member(value, None) for value in _QUOTED.findall(match["list"]))
    if not numeric and _BOOLEANS.search(text):
        yield Member("true", None), Member("false", None)


def listed_in(text: str) -> list[str]:
    """Give values that a text seems to list, although no form is fully understood."""
    listed = _LISTED.search(text)
    values = [v.strip() for v in _SEPARATOR.split(listed["list"].strip())] if listed else []
    found = [
        [value.strip("`'\"“”") for value in values if _LISTED_VALUE.fullmatch(value)],
        [match["value"] for match in _BRACKETED.finditer(text)],
        [value for cells in _cells(text) for value in cells[:1]],
        re.findall(r"\d+", options[0]) if (options := _OPTIONS.search(text)) else [],
        _counted([match["value"] for match in _COUNTED.finditer(text)]),
    ]
    if not _EXAMPLES.search(text) and not _OPEN_LIST.search(text):
        if match := _UNSAID.search(text):
            values = [v for v in _APART.split(match[0]) if v and v.lower() not in _NO_VALUES]
            found.append([] if _DATE.fullmatch("".join(values)) else values)
        found.append(_adjacent(text, list(_CODED.finditer(text))))
        found.append(_adjacent(text, list(_QUOTED.finditer(text))))
        found.append(_EXPLAINED.findall(text))
    return max(found, key=len)


def _in_brackets(text: str) -> tuple[Member, ...]:
    """Values with their labels in brackets: `1 (video), 2 (image)`."""
    matches = list(_BRACKETED.finditer(text))
    if not matches[1:] or not _adjacent(text, matches):
        return ()
    if _BESIDE.match(text, matches[-1].end()) or _BEFORE.search(text, 0, matches[0].start()):
        return ()
    return tuple(Member(m["value"], m["label"].strip()) for m in matches)


def _enclosed(text: str) -> tuple[Member, ...]:
    """Values in brackets behind a word for values; of an open list, none."""
    match = _ENCLOSED.search(text)
    listed = match and (match["list"] or match["braced"])
    if not listed or _OPEN_LIST.search(listed) or _EXAMPLES.search(text):
        return ()
    return _values_of(listed)


def _mapped(text: str) -> tuple[Member, ...]:
    """Numbers with their labels, written as JSON."""
    match = _MAPPED.search(text)
    if not match or _EXAMPLES.search(text):
        return ()
    pairs = [_PAIR.fullmatch(pair) for pair in match["list"].split(",")]
    return tuple(Member(m["value"], m["label"]) for m in pairs if m) if all(pairs) else ()


def _sorted_by(text: str) -> tuple[Member, ...]:
    """Columns in brackets behind what they are for: `Sort field (likes, views)`."""
    match = _SORTED.search(text)
    if not match or not _SORTS.search(text, 0, match.start()):
        return ()
    columns = re.split(r"\s?[,|/]\s?(?:or\s)?|\sor\s", match["list"])
    if not _NO_COLUMNS.isdisjoint(column.lower() for column in columns):
        return ()
    return tuple(Member(column, None) for column in columns)


def _adjacent(text: str, matches: list[re.Match[str]]) -> list[str]:
    """What matches found; nothing where other words stand between them."""
    between = ((match.end(), following.start()) for match, following in pairwise(matches))
    separated = all(_BETWEEN.fullmatch(text, *places) for places in between)
    return (
        [re.split(r"\s?[(（]", match[0])[0].strip("`'\"“”") for match in matches]
        if separated
        else []
    )


def _in_a_table(text: str) -> tuple[Member, ...]:
    """Values in the first column of a Markdown table, labels in the second."""
    rows = _cells(text)
    read = [_LISTED_VALUE.fullmatch(cells[0]) for cells in rows]
    if len(rows) < 2 or not all(read) or any(len(cells) < 2 for cells in rows):
        return ()
    return tuple(Member(m["value"], c[1]) for m, c in zip(read, rows, strict=True) if m)


def _cells(text: str) -> list[list[str]]:
    """The rows of a table with a head, each as its cells."""
    rows = [[cell.strip() for cell in m["cells"].split("|")[:-1]] for m in _ROW.finditer(text)]
    ruled = len(rows) > 1 and all(_RULE.fullmatch(cell) for cell in rows[1])
    return rows[2:] if ruled else []


def _listed(text: str) -> tuple[Member, ...]:
    """Values after words such as "one of"; of an open list, none."""
    match = _LISTED.search(text)
    if not match or match["open"] or _OPEN_LIST.search(match["list"]):
        return ()
    return _values_of(match["list"])


def _values_of(text: str) -> tuple[Member, ...]:
    """The values of a list; none where one of them is anything else."""
    found = [_LISTED_VALUE.fullmatch(v.strip()) for v in _SEPARATOR.split(text.strip())]
    members = [Member(m["value"], m["label"]) for m in found if m]
    alike = {member.value.lstrip("-").isdecimal() for member in members}
    if len(members) != len(found) or len(alike) != 1:
        return ()
    if not any(member.label for member in members[:-1]):  # the last one's is of all: `7, 28 (days)`
        return tuple(Member(member.value, None) for member in members)
    return tuple(members)


def _counted(values: list[str]) -> list[str]:
    """Values that count up from 0 or 1 before words: `1 for likes, 2 for views, 3 for shares`."""
    numbers = [int(value) for value in values]
    up = numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else False
    return values if up and numbers[0] in (0, 1) and len(values) > 2 else []
