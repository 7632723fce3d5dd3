"""What `keyapi export` prints of a report, an estimate and a status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyapi.cli.messages import counted
from keyapi.cli.text import clean

if TYPE_CHECKING:
    from keyapi.export import Estimate, Report, Status

_WIDTH = 80  # columns of a line of `status`


def statistics(report: Report) -> list[str]:
    """A report as lines of text."""
    states = {
        "done": report.done,
        "empty": report.empty,
        "dead": report.dead,
        "failed": report.failed,
        "to do": report.todo,
    }
    listed = ", ".join(f"{number:,} {name}" for name, number in states.items() if number)
    sums = (
        f"{counted(report.pages, 'page')}, {counted(report.rows, 'row')}, "
        f"{counted(report.credits, 'credit')}, {counted(report.files, 'file')} in "
        f"{report.folder}, {report.seconds:.1f} s"
    )
    lines = [f"{counted(report.ids, 'id')}: {listed or 'none'}", sums]
    if report.listed and (report.blank or report.added != report.ids):
        entries = f"{report.listed:,} entr{'y' if report.listed == 1 else 'ies'}"
        lines.append(f"List: {entries}, {report.added:,} new, {report.blank:,} blank")
    return lines


def estimated(estimate: Estimate) -> list[str]:
    """An estimate as lines of text."""
    cost = counted(estimate.credits, "credit")
    lines = [f"{counted(estimate.ids, 'id')}; one page costs {cost}."]
    if estimate.ended:
        left = estimate.ids - estimate.ended
        known = f"The run of {estimate.resumes} has {estimate.ended:,} of them"
        lines.append(f"{known}; {left:,} {'is' if left == 1 else 'are'} left.")
    bounds = f"At least {estimate.least:,} credits, with one page an id"
    if estimate.most is not None:
        bounds += f"; at most {estimate.most:,}"
    lines.append(f"{bounds}.")
    if estimate.likely is not None:
        lines.append(
            f"Likely {estimate.likely:,}: in the run of {estimate.based_on}, an id had "
            f"{estimate.pages:.1f} pages."
        )
    spent = estimate.least if estimate.likely is None else estimate.likely
    seconds = estimate.seconds(spent)
    if seconds is None:
        lines.append("How long it takes is decided by the key's rate: give --rate to see it.")
    else:
        time = f"takes {_duration(seconds)} for {spent:,} credits"
        lines.append(f"At {estimate.rate:g} requests a second that {time}.")
        lines.append("The key's rate is the limit: more machines with the same key do not help.")
    return lines


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} seconds"


def stated(status: Status) -> list[str]:
    """A status as lines of at most 80 columns."""
    report = status.report
    going = "running" if status.running else "finished" if report.complete else "not finished"
    budget = "" if report.max_credits is None else f"of {report.max_credits:,}"
    facts = [
        ("ids", report.ids, f"{report.done:,} done, {report.empty:,} empty, {report.todo:,} to do"),
        ("", None, f"{report.dead:,} dead, {report.failed:,} failed"),
        ("pages", report.pages, ""),
        ("rows", report.rows, f"{report.published:,} in {counted(report.files, 'file')}"),
        ("credits", report.credits, budget),
    ]
    lines = [f"Run of {report.as_of}: {going}; {status.plan['operation']}", report.folder]
    for name, number, text in facts:
        shown_number = "" if number is None else f"{number:,}"
        lines.append(f"{name:8}{shown_number:>14}  {text}".rstrip())
    for problem in status.problems:
        line = clean(f"{problem.state.name.lower()} {problem.id}: {problem.error}")
        lines.append(line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…")
    more = report.dead + report.failed - len(status.problems)
    if more > 0:
        lines.append(f"and {more:,} more; --json lists all")
    return lines
