"""Docstrings of generated code: wrapped, indented, and safe whatever a page says."""

from __future__ import annotations

import textwrap

from openapi_python_client.strings import safe_for_docstring

_WIDTH = 96


def docstring(lines: list[str], indent: int, *, optional: bool = False) -> str:
    """Write a docstring: wrapped to width, indented, and safe inside triple quotes.

    Args:
        lines: Paragraphs and indented lines; the first is the summary.
        indent: Columns before each line but the first.
        optional: Give "" where there is nothing to say.
    """
    if optional and not any(line.strip() for line in lines):
        return ""
    written: list[str] = []
    for line in lines:
        for paragraph in line.split("\n") or [""]:
            own = len(paragraph) - len(paragraph.lstrip())
            written += textwrap.wrap(
                paragraph.strip(),
                _WIDTH - indent,
                initial_indent=" " * own,
                subsequent_indent=" " * (own + 4 if own else 0),
                break_long_words=False,
                break_on_hyphens=False,
            ) or [""]
    safe = [safe_for_docstring(line) for line in written]
    if len(safe) == 1:
        end = " " if safe[0].endswith(('"', "\\")) else ""
        return f'"""{safe[0]}{end}"""'
    pad = " " * indent
    body = "\n".join(f"{pad}{line}".rstrip() for line in safe[1:])
    return f'"""{safe[0]}\n{body}\n{pad}"""'


def sentence(text: str) -> str:
    """Write a text on one line, with a full stop."""
    text = " ".join(text.split())
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
