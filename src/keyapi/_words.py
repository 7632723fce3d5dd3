"""The words of a property's name."""

from __future__ import annotations

import re

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def is_id(name: str) -> bool:
    """Whether a property is called an id."""
    return words(name)[-1:] == ["id"]


def words(name: str) -> list[str]:
    """The words of a name, in lower case: of `videoId` and `video_id`, "video" and "id"."""
    return [word.lower() for word in _WORDS.findall(name)]
