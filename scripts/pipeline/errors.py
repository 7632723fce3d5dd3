"""The one error of the pipeline: what is wrong, where, and what to do about it."""

from __future__ import annotations


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
        place = " ".join(part for part in (self.where, self.pointer) if part)
        text = f"{place}: {self.problem}" if place else self.problem
        text = text if text.endswith((".", "!", "?")) else f"{text}."
        text = f"{text} {self.remedy}" if self.remedy else text
        return " ".join(text.split())  # one line, whatever a library said
