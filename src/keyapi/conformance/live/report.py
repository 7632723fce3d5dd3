"""Say what came of a live run: on the terminal, as JUnit XML, and in Markdown."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from keyapi.conformance.live.results import Note, Result
from keyapi.contract import Violation

_WIDTH = 61  # of the column of cases, on a terminal of 80 columns, in characters
# What XML 1.0 cannot hold, and what would steer a terminal or a log; a server's words may have it.
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Summary(NamedTuple):
    """What a run came to.

    Attributes:
        results: What came of each case.
        requests: How many requests were sent.
        spent: What they cost, in credits, were each of them charged.
        allowed: What might be spent, in credits.
        command: The command that makes the same run again, as words.
        interrupted: Whether it was ended by the user.
    """

    results: Sequence[Result]
    requests: int
    spent: int
    allowed: int
    command: Sequence[str]
    interrupted: bool

    @property
    def line(self) -> str:
        """The run in one line."""
        counts = [f"{self._count(outcome)} {word}" for outcome, word in _WORDS.items()]
        reasons = dict.fromkeys(
            result.reason for result in self.results if result.outcome == "skip"
        )
        why = printable(f" ({'; '.join(reasons)})") if reasons else ""
        spent = f"credits spent, were each request charged: {self.spent} of at most {self.allowed}"
        ended = "interrupted; " if self.interrupted else ""
        return f"{ended}requests sent: {self.requests}; {spent}; {', '.join(counts)}{why}"

    def reproduce(self, result: Result) -> str:
        """The command that asks for one case again."""
        only = ["--operation", result.operation, "--only", result.case]
        return shlex.join([*self.command, *only])

    def notes(self) -> Iterator[str]:
        """What is worth knowing: each kind once, with the number of cases that show it."""
        found: dict[tuple[object, ...], list[Note]] = {}
        for result in self.results:
            for note in result.notes:
                found.setdefault((note.what, *note.violation.kind), []).append(note)
        for first, *more in found.values():
            cases = f"{len(more) + 1} cases" if more else "1 case"
            yield printable(f"{first.what}: {first.violation} ({cases})")

    def _count(self, outcome: str) -> int:
        return sum(result.outcome == outcome for result in self.results)


_WORDS = {"pass": "passed", "fail": "failed", "skip": "skipped"}


class Table:
    """The table of results on the terminal, written as they come: operations, and their cases."""

    def __init__(self) -> None:
        self._operation = ""

    def lines(self, result: Result) -> Iterator[str]:
        """Give the lines that a result adds."""
        if result.operation != self._operation:
            self._operation = result.operation
            yield _row(result.operation, "outcome", "credits")
        yield _row(f"  {result.case}", result.outcome, str(result.credits))


def as_text(summary: Summary) -> Iterator[str]:
    """The lines below the table: failures, what is worth knowing, and the run in one line."""
    for result in summary.results:
        if result.outcome == "fail":
            yield ""
            yield f"FAIL {result.operation}: {result.case}"
            yield from (f"  {text}" for text in _lines(result.violations))
            yield f"  reproduce: {summary.reproduce(result)}"
    notes = list(summary.notes())
    if notes:
        yield from ("", "Worth knowing, but not a failure:")
        yield from (f"  {note}" for note in notes)
    yield from ("", summary.line)


def as_markdown(summary: Summary) -> str:
    """The whole report in Markdown."""
    lines = ["# Live contract", "", summary.line, ""]
    lines += ["| operation | case | outcome | credits |", "| --- | --- | --- | ---: |"]
    for result in summary.results:
        cells = (result.operation, result.case, result.outcome, str(result.credits))
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    for result in summary.results:
        if result.outcome == "fail":
            lines += ["", f"## Failed: {result.operation}: {result.case}", ""]
            lines += _fenced(
                [*_lines(result.violations), f"reproduce: {summary.reproduce(result)}"]
            )
    notes = list(summary.notes())
    if notes:
        lines += ["", "## Worth knowing, but not a failure", "", *_fenced(notes)]
    return "\n".join(lines) + "\n"


def as_junit(summary: Summary) -> str:
    """The whole report as JUnit XML: a suite for each operation."""
    top = ElementTree.Element("testsuites", name="live contract")
    suites: dict[str, list[Result]] = {}
    for result in summary.results:
        suites.setdefault(result.operation, []).append(result)
    for operation, results in suites.items():
        facts = {
            "name": operation,
            "tests": str(len(results)),
            "failures": str(sum(result.outcome == "fail" for result in results)),
            "skipped": str(sum(result.outcome == "skip" for result in results)),
            "errors": "0",
        }
        suite = ElementTree.SubElement(top, "testsuite", facts)
        for result in results:
            _add_case(suite, summary, result)
    ElementTree.indent(top)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(top, "unicode")


def write(folder: Path, summary: Summary, hide: Callable[[str], str]) -> list[Path]:
    """Write `junit.xml` and `summary.md` into a folder, without the key; gives their paths."""
    files = {"junit.xml": as_junit(summary), "summary.md": as_markdown(summary)}
    for name, text in files.items():
        (folder / name).write_text(hide(text), "utf-8")
    return [folder / name for name in files]


def _add_case(suite: ElementTree.Element, summary: Summary, result: Result) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=result.operation, name=result.case)
    if result.outcome == "fail":
        lines = list(_lines(result.violations))
        failure = ElementTree.SubElement(case, "failure", message=lines[0])
        failure.text = "\n".join([*lines, f"reproduce: {summary.reproduce(result)}"])
    elif result.outcome == "skip":
        ElementTree.SubElement(case, "skipped", message=printable(result.reason))
    if result.notes:
        notes = [printable(f"{note.what}: {note.violation}") for note in result.notes]
        ElementTree.SubElement(case, "system-out").text = "\n".join(notes)


def printable(text: str) -> str:
    """A text without what a terminal or XML cannot have."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _lines(violations: Iterable[Violation]) -> Iterator[str]:
    for violation in violations:
        where = violation.pointer or "the response"
        yield printable(
            f"{where} ({violation.rule}): expected {violation.expected}, found {violation.found}"
        )


def _row(name: str, outcome: str, credits: str) -> str:  # noqa: A002 - the API's own word
    shown = name if len(name) <= _WIDTH else f"{name[: _WIDTH - 1]}…"
    return f"{shown:<{_WIDTH}} {outcome:<7} {credits:>7}"


def _fenced(lines: Sequence[str]) -> list[str]:
    """Lines as they are, whatever a server wrote into them."""
    text = "\n".join(lines)
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
    return [fence, *lines, fence]
