"""Enums that pages state in prose only.

Pure functions: text in, members out, None where the text states none that is fully understood. An
enum that is understood in part counts as none: what it lacks would be refused, although the API
has it.
Evidence: "Enums, ranges and date formats exist only as prose", e.g. `1=total_sale_cnt
2=total_sale_gmv_amt`, `0=asc 1=desc`, `Local Store = 1, Cross-border Store = 2`, `sortType=0: …`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise

from pipeline.shape import value_lists
from pipeline.shape.value_lists import Member


@dataclass(frozen=True)
class _Anchor:
    """A value with what sets it off from its label, and where it stands."""

    value: str
    start: int
    end: int
    word: bool = False


# A dash needs a space beside it: `1 - newest`, but not `1-day`.
_WORDS = r"\s(?:means|is|represents|indicates|denotes|stands\sfor)\b"
_SIGNS = r"\s?(?:=|:|：|＝|→|->)|\s[-–—]|\s?[-–—](?=[\s\u4e00-\u9fff])"
_LABEL = r"\s?(?=[^\W\d])"
_VALUED = re.compile(
    rf"(?<![\d_$=-])(?<!\d\.)(?P<value>-?\d{{1,18}})(?:{_SIGNS}|(?P<word>{_WORDS})){_LABEL}"
)
_NAMED = re.compile(
    rf"(?<!\w)(?P<name>[A-Za-z_]\w*)\s?=\s?(?P<value>-?\d{{1,18}})"
    rf"(?:\s?[:：]|{_WORDS}|\s?→|\s[-–—]){_LABEL}"
)
_ITEM = re.compile(rf"(?<![\w.])(?:[(（]\s?)?(?P<value>\d{{1,2}})(?:[.、]|\s?[)）]){_LABEL}")
_LABELLED = re.compile(
    r"(?P<label>[^\W\d][^=＝,;，；、|\n()（）:：.]{0,60}?)\s?[=＝]\s?(?P<value>-?\d{1,18})"
    r"(?=\s?(?:[,;，；、|\n)）]|\.(?!\d)|and\b|or\b|$))"
)
_KEYED = re.compile(
    r"(?<!\w)(?P<value>[A-Za-z]\w*)\s?=\s?(?P<label>[^\W\d][^,;，；、|\n()（）=]*?)"
    r"(?=\s?(?:[,;，；、|\n()（）.]|/|$)|\s(?:and|or)\s|\s[A-Za-z]\w*\s?=)"
)
_ONE_MORE = re.compile(r"\s(?:or|and)\s-?\d{1,18}$")
_SENTENCE = re.compile(r"\s(?:gives?|returns?|selects?|shows?|means|what|which|that|will)\s")
_LABEL_END = re.compile(r"[,;，；、|\n()（）。]|\.(?=\s|$)")
_BETWEEN = re.compile(
    r"\s?(?:[(（][^()（）]*[)）])?+(?!\.\.)[\s,;，；、|/.。]*+(?:(?:and|or)\b)?\s?(?:(?<=\n)[-*•]\s)?"
)
# What makes a list of more than the values named: `1=worst to 5=best`, `2=b, 3 to 9 reserved`.
_UPTO = re.compile(r"(?:\s(?:to|through|until|up\sto)|\.\.|…)$")
_UNNAMED = re.compile(
    r"\s?[,;，；、|/]\s?(?:(?:and|or)\s)?(?P<value>-?\d{1,18})(?![\w%.]|\s?[=:：])"
)
_JOINED = re.compile(r"(?<![\s/])[\s/]++(?:(?:and|or)[\s/]*+)?$")
_DEFAULT = re.compile(r"\s(?:(?:is|as)\s)?(?:(?:the|by)\s)?default\b.*", re.IGNORECASE)
_CONDITION = re.compile(
    r"(?:when|if|only|valid|with|for|where|while|pass|use|set)\b", re.IGNORECASE
)
_BLANKS = re.compile(r"\s+")
_NO_LABELS = frozenset({"min", "max", "minimum", "maximum", "default", "at least", "at most"})
_LONGEST_ITEM = 5  # words of a label in a numbered list; what is longer is a sentence


def enum_in(
    text: str, names: Collection[str] = (), *, numeric: bool = True
) -> tuple[Member, ...] | None:
    """Read an enum.

    Args:
        text: What a page says of a parameter.
        names: Names of the operation's parameters, the described one among them: prose that tells
            them apart ("pass one of `user_id` and `unique_id`") lists no values.
        numeric: Whether the parameter is a number; "1. … 2. …" only counts values of one.

    Returns:
        At least two members with distinct values and labels, or None.
    """
    for members in _readings(_with_single_blanks(text), numeric=numeric):
        values = {member.value for member in members}
        labels = {member.label for member in members} - {None}
        labelled = all(member.label is not None for member in members)
        distinct = len(values) == len(members) and (not labelled or len(labels) == len(members))
        if len(members) >= 2 and distinct and not _are_names(members, names):
            return members
        if members:
            return None
    return None


def looks_like_enum(text: str, names: Collection[str] = ()) -> bool:
    """Whether a text seems to state an enum, although `enum_in` may not understand it."""
    text = _with_single_blanks(text)
    # Not a ratio or a time: 16:9, 09:30.
    valued = re.findall(r"(?<![\w.])-?\d+\s?(?:[=＝]\s?\w|[:：]\s?[^\W\d]|[:：]\s\w)", text)
    named = [match["name"] for match in _NAMED.finditer(text)]
    labelled = [match for match in _LABELLED.finditer(text) if _is_label(match["label"], names)]
    if max(len(valued), len(labelled), len(named) - len(set(named)) + bool(named)) >= 2:
        return True
    listed = value_lists.listed_in(text)
    return len(listed) >= 2 and not {*listed} & {*names}


def _readings(text: str, *, numeric: bool) -> Iterator[tuple[Member, ...]]:
    """Read in each form in which pages state enums; () where a form does not occur."""
    named = list(_NAMED.finditer(text))
    if len(named) >= 2 and len({match["name"] for match in named}) == 1:
        yield _labelled_by_place(text, [_anchor(match) for match in named]) or _UNREAD
    valued = _clean(text)
    if len(valued) >= 2:
        yield _labelled_by_place(text, valued) or _UNREAD
    if numeric:
        yield _numbered(text)
    yield _labels_first(text)
    yield _keyed(text)
    yield from value_lists.readings(text, numeric=numeric)


def _with_single_blanks(text: str) -> str:
    r"""A text in which the patterns here need not look for more than one blank, or end of line.

    Evidence for `\n`: texts that were written as JSON twice.
    """
    text = text.replace("\\n", "\n")
    return _BLANKS.sub(lambda blanks: "\n" if "\n" in blanks[0] else " ", text)


_UNREAD = (Member("", None),)
"""What stands for an enum that is there and not understood: too short to be one."""


def _anchor(match: re.Match[str]) -> _Anchor:
    return _Anchor(match["value"], match.start(), match.end())


def _clean(text: str) -> list[_Anchor]:
    """Values with a sign or word before their labels; only the first may follow a letter."""
    anchors: list[_Anchor] = []
    values: set[str] = set()
    for match in _VALUED.finditer(text):
        glued = match.start() > 0 and text[match.start() - 1].isalpha()
        word = match["word"] is not None
        repeats = word and match["value"] in values
        if not repeats and not (glued and text[match.start() - 1].isascii() and (anchors or word)):
            anchors.append(_Anchor(match["value"], match.start(), match.end(), word))
            values.add(match["value"])
    return anchors


def _labelled_by_place(text: str, anchors: list[_Anchor]) -> tuple[Member, ...] | None:
    """Members whose labels stand between their values; None where other words do, too."""
    members = []
    for anchor, following in pairwise([*anchors, None]):
        assert anchor is not None  # noqa: S101 - only the last is
        stop = len(text) if following is None else following.start
        end = _LABEL_END.search(text, anchor.end, stop)
        cut = end.start() if end else stop
        label = _JOINED.sub("", text[anchor.end : cut])
        if following is None:
            label = _DEFAULT.sub("", label)
            another = _UNNAMED.match(text, cut)
            values = {anchor.value for anchor in anchors}
            if (another and another["value"] not in values) or _ONE_MORE.search(label):
                return None
        elif _UPTO.search(label) or not _BETWEEN.fullmatch(text, cut, stop):
            return None
        members.append(Member(anchor.value, label.strip()))
    return tuple(members)


def _numbered(text: str) -> tuple[Member, ...]:
    """A numbered list whose numbers are the values: `1. Video; 2. Live`."""
    anchors = [_anchor(match) for match in _ITEM.finditer(text)]
    numbers = [int(anchor.value) for anchor in anchors]
    if len(anchors) < 2 or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return ()
    members = _labelled_by_place(text, anchors) or ()
    short = all(len((member.label or "").split()) <= _LONGEST_ITEM for member in members)
    return members if short and numbers[0] in (0, 1) else ()


def _labels_first(text: str) -> tuple[Member, ...]:
    """Labels before their values: `Local Store = 1, Cross-border Store = 2`."""
    matches = [match for match in _LABELLED.finditer(text) if _is_label(match["label"], ())]
    return tuple(Member(m["value"], _without_joint(m["label"])) for m in matches)


def _is_label(label: str, names: Collection[str]) -> bool:
    plain = _without_joint(label)
    return not (
        plain in names or plain.lower() in _NO_LABELS or "_" in plain or _CONDITION.match(plain)
    )


def _without_joint(label: str) -> str:
    return re.sub(r"^(?:and|or)\s", "", label.strip())


def _keyed(text: str) -> tuple[Member, ...]:
    """Words for values: `asc=ascending desc=descending`, with nothing but separators between."""
    best: list[Member] = []
    run: list[Member] = []
    end = 0
    for match in _KEYED.finditer(text):
        if run and not _BETWEEN.fullmatch(text, end, match.start()):
            run = []
        if _SENTENCE.search(match["label"]):  # `after=foo gives what follows foo` is an example
            return ()
        run.append(Member(match["value"], match["label"].strip()))
        end = match.end()
        if len(run) > len(best):
            best = run  # it grows with it
    return tuple(best) if len(best) >= 2 else ()


def _are_names(members: tuple[Member, ...], names: Collection[str]) -> bool:
    """Whether members are parameters: one of a list of names, or of what is set to something."""
    return any(member.value in names for member in members)
