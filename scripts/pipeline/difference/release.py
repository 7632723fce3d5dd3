"""What a change asks of the next release: the version step, and a draft of its changelog entry."""

from __future__ import annotations

import re
import textwrap
import tomllib
from pathlib import Path

from pipeline.difference.model import Difference, Level, Step
from pipeline.difference.python_view import PythonView
from pipeline.document.files import read_file

WIDTH = 100
"""Where lines of CHANGELOG.md end."""
# Nothing that users of the client would look for in a changelog.
_UNSAID = frozenset({"x-info-changed", "x-example-changed", "x-order-changed"})
_WORDS = "x-description-changed"
_VERSION = re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}")
_LONGEST = 1_000_000  # bytes of a pyproject.toml


def step_of(found: list[Difference], view: PythonView | None) -> Step:
    """The step from one version of the client to the next, by Semantic Versioning from 1.0 on.

    Args:
        found: The differences between the specifications.
        view: The Python view, or None where there is none.

    Returns:
        Major for what breaks callers, minor for what adds to what they have, patch for the rest.
    """
    steps = [difference.step for difference in found]
    if view is not None:
        steps += [Step.MAJOR] * bool(view.breaking) + [Step.MINOR] * bool(view.added)
        steps += [Step.PATCH] * bool(view.changed)
    return max(steps, default=Step.NONE)


def release_step(version: str | None, asked: Step) -> Step:
    """The step that a release takes for what a change asks.

    Before 1.0, where Semantic Versioning promises nothing, this project promises that a breaking
    change is a minor step and everything else a patch, as Cargo and Poetry read such versions.

    Args:
        version: The last version, `MAJOR.MINOR.PATCH`, or None where it is not known.
        asked: What the change asks for.
    """
    if version is None or not version.startswith("0."):
        return asked
    return Step.MINOR if asked is Step.MAJOR else min(asked, Step.PATCH)


def next_version(version: str, step: Step) -> str:
    """The version that a step leads to.

    Args:
        version: The last one, `MAJOR.MINOR.PATCH`.
        step: The step; see `release_step`.
    """
    major, minor, patch = map(int, version.split("."))
    return {
        Step.MAJOR: f"{major + 1}.0.0",
        Step.MINOR: f"{major}.{minor + 1}.0",
        Step.PATCH: f"{major}.{minor}.{patch + 1}",
        Step.NONE: version,
    }[step]


def version_of(root: Path) -> str | None:
    """Read the version in a project's pyproject.toml, or None where there is none."""
    try:
        content = read_file(root / "pyproject.toml", _LONGEST)
        version = tomllib.loads(content.decode())["project"]["version"]
    except (OSError, LookupError, TypeError, ValueError, RecursionError):
        return None
    return str(version) if _VERSION.fullmatch(str(version)) else None


def changelog(found: list[Difference], view: PythonView | None, width: int = WIDTH) -> str:
    """Draft the changelog entry: what users notice, what breaks them first.

    Args:
        found: The differences between the specifications.
        view: The Python view, or None where there is none.
        width: Where lines end, in characters.

    Returns:
        Markdown list items in the style of CHANGELOG.md; empty where users notice nothing.
    """
    entries = [
        ("**Breaking:** " if difference.step is Step.MAJOR else "") + difference.meaning
        for difference in sorted(found, key=lambda difference: -difference.step)
        if difference.id not in (*_UNSAID, _WORDS)
    ]
    if view is not None and not any(d.step is Step.MAJOR for d in found):
        entries += [f"**Breaking:** `{line}`." for line in view.breaking]
    if any(difference.id == _WORDS for difference in found):
        entries.append("Docstrings follow what the pages say now.")
    return "".join(f"{_item(entry, width)}\n" for entry in dict.fromkeys(entries))


def counts(found: list[Difference]) -> str:
    """How many differences there are of each level: `2 ERR, 1 WARN, 0 INFO`."""
    numbers = [(level, sum(d.level is level for d in found)) for level in reversed(Level)]
    return ", ".join(f"{number} {level.name}" for level, number in numbers)


def _item(text: str, width: int) -> str:
    # No line ends within code: what comes from outside would begin the next, and be Markdown there.
    whole = re.sub(r"`[^`]*`", lambda code: code[0].replace(" ", "\0"), text)
    wrapped = textwrap.fill(
        whole,
        width,
        initial_indent="- ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped.replace("\0", " ")
