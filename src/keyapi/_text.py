"""A server's words made harmless, before they stand in errors, logs, terminals and notebooks."""

from __future__ import annotations

import re

LONGEST_MESSAGE = 1000
"""How much of a message is shown, in characters."""
LONGEST_ID = 200
"""How much of a request id, name or cursor is shown, in characters."""
# What a terminal may interpret or what may reorder a line: C0, DEL and C1, line separators, marks
# and changes of the writing direction; and lone surrogates, which cannot be encoded.
CONTROLS = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROL = re.compile(f"[{CONTROLS}]")


def displayed(text: str, longest: int = LONGEST_MESSAGE) -> str:
    r"""Shorten text, and write what could act on a terminal, log or page as escapes, like `\x1b`.

    Args:
        text: The text.
        longest: How much of it is shown, in characters; an ellipsis stands for the rest.
    """
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    return text if text.isprintable() else _CONTROL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]
