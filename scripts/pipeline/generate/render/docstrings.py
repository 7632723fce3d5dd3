"""Docstrings of generated code: wrapped, indented, and safe whatever a page says."""

from __future__ import annotations

import re
import textwrap

from openapi_python_client.strings import safe_for_docstring

_WIDTH = 96
_COLON = re.compile(r"(?<!:):(?!:)")


def docstring(lines: list[str], indent: int) -> str:
    """Write a docstring: wrapped to width, indented, and safe inside triple quotes.

    Args:
        lines: Paragraphs and indented lines; the first is the summary.
        indent: Columns before each line but the first.
    """
    written: list[str] = []
    for line in lines:
        for paragraph in line.split("\n") or [""]:
            written += _wrapped(paragraph, _WIDTH - indent)
    safe = [line if _is_safe(line) else safe_for_docstring(line) for line in written]
    if len(safe) == 1:
        end = " " if safe[0].endswith(('"', "\\")) else ""
        return f'"""{safe[0]}{end}"""'
    pad = " " * indent
    body = "\n".join(f"{pad}{line}".rstrip() for line in safe[1:])
    return f'"""{safe[0]}\n{body}\n{pad}"""'


def attribute_docstring(text: str, indent: int) -> str:
    """Write the docstring below an attribute, so that documentation tools show all of it.

    In Google style, what precedes a colon on the first line is the attribute's type (Sphinx's
    napoleon takes it away): the line is broken there.

    Args:
        text: What is said of the attribute.
        indent: Columns before each line but the first.
    """
    first, *others = text.strip().split("\n")
    first = " ".join(first.split())
    colon = _COLON.search(_wrapped(first, _WIDTH - indent)[0])
    if colon is not None:
        end = colon.end()
        if first[end : end + 1].strip():  # the colon is inside a word, which stays whole
            end = max(first.rfind(" ", 0, end), 0)
        others = [first[end:].strip(), *others]
        first = first[:end] or "As published:"
    return docstring([first, *filter(None, others)], indent)


def _is_safe(line: str) -> bool:
    """Whether a line needs no escapes, as nearly all; to write one takes 20 times as long."""
    return line.isprintable() and "\\" not in line and '"""' not in line


def _wrapped(paragraph: str, width: int) -> list[str]:
    own, text = len(paragraph) - len(paragraph.lstrip()), paragraph.strip()
    if own + len(text) <= width and text.isprintable():
        return [" " * own + text] if text else [""]
    return textwrap.wrap(
        text,
        width,
        initial_indent=" " * own,
        subsequent_indent=" " * (own + 4 if own else 0),
        break_long_words=False,
        break_on_hyphens=False,
    )


def sentence(text: str) -> str:
    """Write a text on one line, with a full stop."""
    text = " ".join(text.split())
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
