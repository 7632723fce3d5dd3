"""Make a server's text harmless: a terminal interprets some characters as commands."""

from __future__ import annotations

import json
import re
from typing import Any

from keyapi._text import CONTROLS

_CONTROLS = re.compile(f"[{CONTROLS}]")
# Those that JSON allows unescaped inside a string.
_IN_JSON = re.compile(f"(?![\x00-\x1f])[{CONTROLS}]")


def clean(text: str) -> str:
    """Make text safe to show: on one line, without control characters."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


def escaped(text: str) -> str:
    r"""Write such characters in JSON as escapes, such as `\u009b`, which mean the same."""
    return _IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def to_json(value: Any, indent: int | None = None) -> str:
    """Write a value as JSON that is safe for any terminal or file.

    Raises:
        ValueError: It contains a number that JSON cannot represent.
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators
    )
    return escaped(text)
