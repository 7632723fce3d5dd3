"""Show text that comes from outside: on one line, bounded, and where two texts differ."""

from __future__ import annotations

import re
from itertools import takewhile

from pipeline.errors import without_controls

_CONTEXT = 20
"""Characters shown on each side of what differs."""


def plain(text: str, limit: int = 200) -> str:
    """Text from outside on one line, without what could leave a piece of code."""
    line = without_controls(text).replace("`", "'").strip()
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def has_controls(text: str) -> bool:
    """Whether a text has more controls than ends of lines: a terminal may obey them."""
    plain_text = text.replace("\n", "")
    return without_controls(plain_text) != plain_text


def fenced(text: str, language: str = "text", mark: str = "~~~~~~") -> str:
    """Put text into a Markdown block that no text from a page can end.

    Args:
        text: The text.
        language: What the block says it is.
        mark: What begins and ends it, at least.
    """
    longest = max(map(len, re.findall(f"{re.escape(mark[0])}+", text)), default=0)
    fence = mark[0] * max(len(mark), 1 + longest)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def excerpts(old: str, new: str, limit: int) -> tuple[str, str]:
    """Cut two texts to where they differ; texts within the limit are given whole.

    Args:
        old: The old text.
        new: The new text.
        limit: Characters that each may have.

    Returns:
        Both, with `…` for what is left out at either end.
    """
    if max(len(old), len(new)) <= limit:
        return old, new
    start = _alike(old, new)
    end = _alike(old[start:][::-1], new[start:][::-1])
    return _cut(old, start, end, limit), _cut(new, start, end, limit)


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _cut(text: str, start: int, end: int, limit: int) -> str:
    """What differs, from `start` to `end` characters before the text's end, with some context."""
    first, last = max(start - _CONTEXT, 0), min(len(text) - end + _CONTEXT, len(text))
    first, last = (0 if first <= 1 else first), (len(text) if last >= len(text) - 1 else last)
    before = "…" if first else ""
    if last - first + len(before) + (last < len(text)) > limit:
        last = first + limit - len(before) - 1
    return f"{before}{text[first:last]}{'…' if last < len(text) else ''}"
