"""Causes in words: bounded, for terminals of 80 columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from keyapi.conformance.cause import Cause

_SHOWN = 8  # causes that the text of one failure shows
_WIDTH = 80  # columns of that text
_VALUE = 240  # how much of a value it shows, in characters
_HEAD, _TAIL = 8, 24  # lines that are left of a traceback
_MOST = _HEAD + _TAIL + 1
_LINES = 6  # how much of the message of another exception, in lines
_CONTEXT = 24  # characters shown before the first difference of two long values
_TERMINAL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def described(causes: Iterable[Cause], most: int = _SHOWN) -> Iterator[str]:
    """Write causes as lines of at most 80 columns, but for commands to paste.

    Args:
        causes: The causes, the first one first.
        most: How many to write.
    """
    found = list(causes)
    for cause in found[:most]:
        often = f" ({cause.times} times)" if cause.times > 1 else ""
        yield from _wrapped(f"{cause.title}{often}", "", "    ")
        facts = {
            "expected": cause.expected,
            "found": cause.found,
            "also at": ", ".join(cause.also),
            "first in" if cause.times > 1 else "in": cause.case,
        }
        for word, text in facts.items():
            for number, line in enumerate(text.splitlines()):
                yield from _wrapped(
                    cut(line, _VALUE), f"  {word if number == 0 else '':<10}", " " * 12
                )
        yield from (f"  {line}" for line in remedies(cause))
    if len(found) > most:
        rest = found[most:]
        kinds = f"{len(rest)} more cause{'s' if len(rest) > 1 else ''}"
        rules = ", ".join(dict.fromkeys(cause.rule for cause in rest))
        yield from _wrapped(cut(f"… and {kinds}: {rules}", _WIDTH), "", "  ")


def remedies(cause: Cause) -> Iterator[str]:
    """What to do about a cause, line by line."""
    yield from cause.remedy.splitlines()
    if cause.curl:
        yield "With `keyapi sandbox` running:"
        yield f"  {cause.curl}"


def shortened(text: str) -> str:
    """Cut the traceback of another exception to its beginning and its end.

    Args:
        text: What pytest writes of it.
    """
    lines = [cut(line, _VALUE) for line in plain(text).splitlines()]
    if len(lines) > _MOST:
        left_out = len(lines) - _HEAD - _TAIL
        lines = [
            *lines[:_HEAD],
            f"… {left_out} lines left out; --tb=long shows them",
            *lines[-_TAIL:],
        ]
    return "\n".join(lines)


def capture_shortened(text: str) -> str:
    """Cut what a test wrote, or logged of a thousand cases, to its first lines.

    Args:
        text: What it wrote.
    """
    lines = plain(text).splitlines()
    more = [f"… {len(lines) - _LINES} lines left out"] if len(lines) > _LINES else []
    return "\n".join([*(cut(line, _VALUE) for line in lines[:_LINES]), *more])


def beginning(text: str) -> str:
    """Cut a message to its first lines.

    Args:
        text: The message.
    """
    lines = [line for line in map(str.strip, plain(text).splitlines()) if line]
    more = [f"… and {len(lines) - _LINES} more lines"] if len(lines) > _LINES else []
    return "\n".join([*(cut(line, _VALUE) for line in lines[:_LINES]), *more])


def excerpts(expected: str, found: str, width: int = _VALUE) -> tuple[str, str]:
    """Cut two long values to where they differ.

    Args:
        expected: What should be there.
        found: What is there.
        width: How much of each is left, in characters.
    """
    expected, found = plain(expected), plain(found)
    if max(len(expected), len(found)) > width:
        pairs = enumerate(zip(expected, found, strict=False))
        same = next((at for at, (one, other) in pairs if one != other), 0)
        start = max(0, same - _CONTEXT)
        if start:
            expected, found = f"…{expected[start:]}", f"…{found[start:]}"
    return cut(expected, width), cut(found, width)


def plain(text: str) -> str:
    """Give a text without what a terminal would obey.

    Args:
        text: The text.
    """
    return _TERMINAL.sub("�", text)


def cut(text: str, width: int) -> str:
    """Cut a text to a number of characters.

    Args:
        text: The text.
        width: How many characters it may have.
    """
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _wrapped(text: str, first: str, other: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=other, break_on_hyphens=False
    ) or [first.rstrip()]
