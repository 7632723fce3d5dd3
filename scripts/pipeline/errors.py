"""The one error of the pipeline: what is wrong, where, and what to do about it."""

from __future__ import annotations

import re

from keyapi._text import CONTROLS

# Controls and what makes text read as other text, in a terminal or a review.
_CONTROL = re.compile(f"[{CONTROLS}\\ufeff]+")
_LONGEST = {"place": 400, "problem": 500, "remedy": 600}
"""Characters of each part of an error that are shown: it may repeat what a page holds."""


class PipelineError(Exception):
    """Input that cannot be used; nothing has been written.

    Args:
        problem: What is wrong.
        where: The file: a page's name or a path below the project.
        pointer: JSON pointer into that file's document, e.g. `#/paths/~1v1~1x/get`.
        remedy: What to do next, as an imperative sentence.
        details: Lines to print below the error, such as YAML to paste; empty for none.
    """

    def __init__(
        self,
        problem: str,
        *,
        where: str = "",
        pointer: str = "",
        remedy: str = "",
        details: str = "",
    ) -> None:
        self.problem = problem
        self.where = where
        self.pointer = pointer
        self.remedy = remedy
        self.details = details
        super().__init__(problem)

    def __str__(self) -> str:
        place = one_line(f"{self.where} {self.pointer}", _LONGEST["place"])
        problem = one_line(self.problem, _LONGEST["problem"])
        text = f"{place}: {problem}" if place else problem
        text = text if text.endswith((".", "!", "?", "…")) else f"{text}."
        remedy = one_line(self.remedy, _LONGEST["remedy"])
        return f"{text} {remedy}" if remedy else text


def without_controls(text: str) -> str:
    """Text from outside without what a terminal may obey, on one line."""
    return _CONTROL.sub(" ", text)


def one_line(text: str, limit: int) -> str:
    """Text from outside for a message: on one line, without controls, its middle left out.

    Args:
        text: The text, perhaps of megabytes.
        limit: Characters that are shown.
    """
    if len(text) > 4 * limit:
        text = f"{text[: 2 * limit]}{text[-2 * limit :]}"
    line = " ".join(without_controls(text).split())
    half = limit // 2
    return line if len(line) <= limit else f"{line[:half]}…{line[half + 1 - limit :]}"
