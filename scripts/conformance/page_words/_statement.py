"""What a page or the specification says alone."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

NOT_UNDERSTOOD = "not understood"
"""A number, name or label of the page's prose that the specification does not have."""
DIFFERENT = "different"
"""What page and specification, or two parts of a page, say differently."""
LEFT_OUT = "left out"
"""What the page has and the specification does not."""
ADDED = "added"
"""What the specification has and the page does not."""
LONGEST = 80
"""How much of an example is shown, in characters."""


class Statement(NamedTuple):
    """Something that either the page or the specification says alone.

    Attributes:
        kind: `NOT_UNDERSTOOD`, `DIFFERENT`, `LEFT_OUT` or `ADDED`.
        text: What it is.
        place: Where: empty for the operation, else a parameter, a property, an answer.
    """

    kind: str
    text: str
    place: str


def shown(value: Any) -> str:
    """Write a value as JSON; none is "nothing"."""
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
