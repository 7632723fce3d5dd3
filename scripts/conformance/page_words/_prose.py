"""Numbers, names and labels in prose, found by where they stand rather than by what they mean.

It is a second reader of the pages, on purpose unlike the one in `pipeline.shape`: it knows no
sentence. A number counts as stated wherever it stands; the last cue before it says which bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

_ADDRESS = re.compile(r"https?://\S+|\]\([^()\s]*\)")
_NUMBER = re.compile(
    r"(?<!\w)(?<!\d\.)(?P<digits>[1-9]\d{0,2}(?:,\d{3})+|\d+(?:\.\d+)?)(?![\w]|\.\d)"
)
_UNIT = re.compile(r"[ -]?(%|[A-Za-z]+)")
_CUES = (
    ("most", re.compile(r"max(?:imum)?|most|up to|more than|exceed|上限|最大|最多", re.I)),
    ("least", re.compile(r"min(?:imum)?\b|least|start|from|between|rang|最小|从", re.I)),
    ("default", re.compile(r"default|默认", re.I)),
)
_BEFORE = 60  # how far before a number its cue may stand, in characters
_UNTIL = re.compile(r"\s*(?:-|–|~|to|and|至)\s*", re.I)  # between the two ends of a range
_QUOTED = re.compile(r"`([^`\n]{1,80})`")
_NAME = re.compile(r"(?<![\w./@-])(?:[A-Za-z]\w*_\w+|[a-z]+[A-Z]\w*)(?![\w/])")
_FORMAT = re.compile(r"\b[yY]{2,4}[-/.]?M{1,2}[-/.]?[dD]{1,2}\b(?:[ T]?[Hh]{2}:mm(?::ss)?)?")
_AFTER = re.compile(r"\s*(?:[=:：(]|\.\s|represents?\b|is\b)")  # between a value and its label
_BEFORE_IT = re.compile(r"=\s{0,9}$")  # between a label and its value
_WORD = re.compile(r"[^\W_]+")
_LIST = re.compile(r"(?<![\w-])[\w-]++(?:(?: ?[,、] ?(?:and |or )?[\w-]+)+|(?: ?/ ?[\w-]+)+)")


class Number(NamedTuple):
    """A number in prose.

    Attributes:
        text: Its digits, without separators.
        role: "most", "least" or "default" by the last cue before it; empty without one.
        shown: The number with its unit, as it stands there.
        start: Where it begins, in characters.
        end: Where it ends.
    """

    text: str
    role: str
    shown: str
    start: int
    end: int


def plain(text: str) -> str:
    """Give a text in one line, without what no reader sees, and without its last full stop."""
    return " ".join(re.sub(r"[\u200b-\u200f\ufeff]", "", text).split()).rstrip(" .。")


def numbers(text: str) -> list[Number]:
    """Find every number of a text that is not part of a word, a version or an address."""
    text = _ADDRESS.sub(lambda match: " " * len(match[0]), text)
    found: list[Number] = []
    for match in _NUMBER.finditer(text):
        before = found[-1] if found else None
        between = text[before.end if before else 0 : match.start()]
        if before and before.role in ("least", "") and _UNTIL.fullmatch(between):
            role = "most"
        else:
            role = _role(between[-_BEFORE:])
        unit = _UNIT.match(text, match.end())
        shown = text[match.start() : unit.end() if unit else match.end()]
        digits = match["digits"].replace(",", "")
        found.append(Number(digits, role, shown, match.start(), match.end()))
    return found


def _role(before: str) -> str:
    """The role whose cue stands last."""
    sentence = re.split(r"[.;。；]", before)[-1]
    ends = {
        role: max((match.end() for match in cue.finditer(sentence)), default=-1)
        for role, cue in _CUES
    }
    role = max(ends, key=lambda name: ends[name])
    return role if ends[role] >= 0 else ""


def names(text: str) -> list[str]:
    """Find the words that only a name can be: in back quotes, with an underscore, or `likeThis`."""
    text = _ADDRESS.sub(" ", text)
    return list(dict.fromkeys((*_QUOTED.findall(text), *_NAME.findall(text))))


def formats(text: str) -> list[str]:
    """Find date formats such as yyyy-MM-dd."""
    return list(dict.fromkeys(_FORMAT.findall(text)))


def words(text: str) -> set[str]:
    """The words of a text, in lower case; an underscore parts them."""
    return {word.lower() for word in _WORD.findall(text)}


def not_beside(text: str, members: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each member whose label does not stand beside its value.

    All labels stand after their values (`1=day 2=week`) or all before them (`day = 1, week = 2`).

    Args:
        text: The prose.
        members: Labels by value, both as text.
    """
    found = [number for number in numbers(text) if number.text in members]
    leading = [number for number in found if _AFTER.match(text, number.end)]
    trailing = [
        number
        for number in found
        if _BEFORE_IT.search(text[max(number.start - 10, 0) : number.start])
    ]
    found = max(leading, trailing, key=len) or found
    after: dict[str, list[set[str]]] = {}
    before: dict[str, list[set[str]]] = {}
    for index, number in enumerate(found):
        end = found[index + 1].start if index + 1 < len(found) else len(text)
        start = found[index - 1].end if index else 0
        after.setdefault(number.text, []).append(words(text[number.end : end]))
        before.setdefault(number.text, []).append(words(text[start : number.start]))
    sides = (before,) if len(trailing) > len(leading) else (after,) if leading else (after, before)
    wrong = [
        [
            value
            for value, label in members.items()
            if not any(words(label) <= nearby for nearby in side.get(value, ()))
        ]
        for side in sides
    ]
    for value in min(wrong, key=len):
        yield value, members[value]


def lists_with(text: str, members: Sequence[str]) -> Iterator[str]:
    """Yield the other items of each list in a text, joined by commas, that has a member."""
    for match in _LIST.finditer(text):
        items = re.findall(r"[\w-]+", re.sub(r"\b(?:and|or)\b", " ", match[0]))
        if sum(item in members for item in items) > 1:
            yield from (item for item in items if item not in members)
