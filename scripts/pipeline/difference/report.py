"""Show what changed: for terminals, as Markdown, as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.difference.model import MISSING, Difference, Level, Step
from pipeline.difference.python_view import PythonView
from pipeline.difference.release import (
    WIDTH,
    changelog,
    counts,
    next_version,
    release_step,
    step_of,
)
from pipeline.difference.words import SHOWN, shown
from pipeline.document.text import excerpts, plain

OASDIFF = "1.31.0"
"""The version of oasdiff whose ids and levels are followed."""
NO_VIEW = "Only specifications were given; the generated packages were not compared."

_NAMED = 3
"""How many operations are named; of more, only the number is given."""
_COLOURS = {Level.ERR: "bold red", Level.WARN: "yellow", Level.INFO: "green"}


@dataclass(frozen=True)
class Report:
    """Everything there is to show.

    Attributes:
        old: What the old side is called.
        new: What the new side is called.
        differences: Between the specifications.
        view: Between the packages, or None where they were not compared.
        version: The client's last version, or None where it is not known.
    """

    old: str
    new: str
    differences: list[Difference]
    view: PythonView | None
    version: str | None

    @property
    def asked(self) -> Step:
        """What the change asks of a version from 1.0 on."""
        return step_of(self.differences, self.view)

    @property
    def step(self) -> Step:
        """The step to the client's next version."""
        return release_step(self.version, self.asked)

    @property
    def advice(self) -> str:
        """The version step, in words."""
        if self.asked is Step.NONE:
            return "Nothing changed; no release is needed."
        kinds = {
            Step.MAJOR: "It breaks callers",
            Step.MINOR: "It adds to what callers have",
            Step.PATCH: "Callers notice little",
        }
        text = kinds[self.asked]
        worst = max((difference.level for difference in self.differences), default=Level.INFO)
        if worst > Level.INFO and self.asked is Step.MINOR:
            text += f", and they should check what is marked {worst.name}"
        elif worst > Level.INFO and self.asked is Step.PATCH:
            text = f"No call breaks, but callers should check what is marked {worst.name}"
        text += f": a {self.step.name.lower()} step"
        if self.version is not None:
            text += f", from {self.version} to {next_version(self.version, self.step)}"
            if self.version.startswith("0."):
                text += " (before 1.0 a breaking change is a minor step, all else a patch)"
        return f"{text}."


def as_text(report: Report, console: Console | None = None) -> None:
    """Print a report on a terminal, or without colour into a file or pipe."""
    out = console or Console(highlight=False, emoji=False)
    out.print(Text(f"{report.old} → {report.new}: {counts(report.differences)}"))
    if report.differences:
        table = Table(expand=True, show_lines=True)
        table.add_column("Level", no_wrap=True)
        table.add_column("Difference", overflow="fold", ratio=1)
        for difference in report.differences:
            level = Text(difference.level.name, _COLOURS[difference.level])
            table.add_row(level, _cell(difference))
        out.print(table)
    out.print(Text("\nPython view (griffe)", "bold"))
    for line in _view_lines(report.view):
        out.print(Text(line))
    out.print(Text("\nNext version", "bold"))
    out.print(Text(report.advice))
    if entry := changelog(report.differences, report.view, min(out.width, WIDTH)):
        out.print(Text("\nDraft for CHANGELOG.md", "bold"))
        out.print(Text(entry.rstrip()))


def as_markdown(report: Report) -> str:
    """Write a report as Markdown; whatever comes from outside stands in code."""
    lines = [
        f"### What changed: {counts(report.differences)}",
        "",
        f"From {shown(report.old)} to {shown(report.new)}; ids and levels as in oasdiff {OASDIFF}.",
    ]
    for level in reversed(Level):
        found = [difference for difference in report.differences if difference.level is level]
        if found:
            lines += ["", f"#### {level.name}", ""]
        for difference in found:
            where = _where(difference, shown)
            lines.append(f"- {difference.meaning}  ")
            lines.append(f"  `{difference.id}`{f' · {where}' if where else ''}  ")
            lines.append(f"  `{plain(difference.pointer, 1000)}`: {_change(difference)}")
    lines += ["", "#### Python view", ""]
    lines += [
        f"- `{plain(line.removeprefix('- '))}`" if line.startswith("- ") else line
        for line in _view_lines(report.view)
    ]
    lines += ["", "#### Next version", "", report.advice]
    if entry := changelog(report.differences, report.view):
        lines += ["", "#### Draft for CHANGELOG.md", "", entry.rstrip()]
    return "\n".join(lines) + "\n"


def as_json(report: Report) -> str:
    """Write a report as JSON; a value that a side does not have is left out."""
    version = report.version
    document = {
        "oasdiff": OASDIFF,
        "old": report.old,
        "new": report.new,
        "differences": [_record(difference) for difference in report.differences],
        "python": None
        if report.view is None
        else {
            "breaking": report.view.breaking,
            "added": report.view.added,
            "changed": report.view.changed,
        },
        "breaking": report.asked is Step.MAJOR,
        "step": report.step.name.lower(),
        "version": {"last": version, "next": version and next_version(version, report.step)},
        "changelog": changelog(report.differences, report.view),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Report], str]] = {"markdown": as_markdown, "json": as_json}
"""The formats that are written rather than printed."""


def _cell(difference: Difference) -> Text:
    cell = Text(difference.meaning)
    cell.append(f"\n{difference.id}", "bold")
    cell.append(f"  {_where(difference, plain)}".rstrip())
    cell.append(f"\n{plain(difference.pointer, 1000)}", "dim")
    cell.append(f"\n{_change(difference)}")
    return cell


def _where(difference: Difference, show: Callable[[str], str]) -> str:
    """The operations it concerns, or how many they are."""
    names = difference.operations
    return f"{len(names)} operations" if len(names) > _NAMED else ", ".join(map(show, names))


def _change(difference: Difference) -> str:
    """The value before and after; long ones where they differ."""
    before, after = difference.before, difference.after
    if isinstance(before, str) and isinstance(after, str):
        before, after = excerpts(before, after, SHOWN)
    return f"{_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    return "–" if value is MISSING else shown(value)


def _view_lines(view: PythonView | None) -> list[str]:
    if view is None:
        return [NO_VIEW]
    lines = [f"- {line}" for line in (*view.breaking, *view.changed)]
    lines += [f"- {name}: new" for name in view.added]
    return lines or ["Nothing that callers can name was removed, changed or added."]


def _record(difference: Difference) -> dict[str, Any]:
    record = {
        "id": difference.id,
        "level": difference.level.name,
        "operation": difference.operation,
        "operations": difference.operations,
        "pointer": difference.pointer,
        "before": difference.before,
        "after": difference.after,
        "meaning": difference.meaning,
        "step": difference.step.name.lower(),
    }
    return {key: value for key, value in record.items() if value is not MISSING}
