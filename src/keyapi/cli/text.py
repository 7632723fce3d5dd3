"""Text that a server sent, made harmless: there are characters that a terminal obeys."""

from __future__ import annotations

import json
import re
from typing import Any

# What a terminal may obey or what may reorder a line: C0, DEL and C1, separators of lines, changes
# of the writing direction; and halves of surrogate pairs, which are no text.
_OBEYED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# Of these, what JSON allows inside a string, and cannot be told from its escape.
_IN_JSON = re.compile(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """Give text as it can be shown: on one line, without characters that a terminal obeys."""
    return _OBEYED.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


def escaped(text: str) -> str:
    r"""Give JSON with such characters written as `\u009b`, which means the same."""
    return _IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def to_json(value: Any, indent: int | None = None) -> str:
    """Write a value as JSON that any terminal or file can take.

    Raises:
        ValueError: It holds a number that JSON cannot carry.
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators
    )
    return escaped(text)
