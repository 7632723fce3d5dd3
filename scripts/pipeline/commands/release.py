"""Whether a tag, the version and the changelog agree, and what the release says."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

from pipeline.errors import PipelineError

_HEADING = re.compile(r"^## \[([^\]\n]+)\](?: - (\S+))?[^\n]*$", re.MULTILINE)


def release_notes(root: Path, tag: str) -> str:
    """Give the section of the changelog that a tag releases.

    Args:
        root: The project's top folder.
        tag: The tag: `v` and the version.

    Raises:
        PipelineError: Tag, version and changelog do not agree.
    """
    version = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if tag != f"v{version}":
        raise PipelineError(
            f"the tag is {tag!r}, but the version is {version}",
            where="pyproject.toml",
            remedy=f"Tag v{version}, or set the version that the tag names.",
        )
    sections = _sections((root / "CHANGELOG.md").read_text("utf-8"))
    if sections.pop("Unreleased", ("", ""))[1]:
        raise PipelineError(
            "there are entries under Unreleased",
            where="CHANGELOG.md",
            remedy=f"Move them below the heading [{version}].",
        )
    newest = next(iter(sections), "nothing")
    day, text = sections.get(version, ("", ""))
    if newest != version or not text:
        raise PipelineError(
            f"the newest section with entries must be [{version}], but is [{newest}]"
            if newest != version
            else f"[{version}] has no entries",
            where="CHANGELOG.md",
            remedy="Say there what has changed.",
        )
    try:
        date.fromisoformat(day)
    except ValueError:
        raise PipelineError(
            f"[{version}] has no date",
            where="CHANGELOG.md",
            remedy=f"Write ## [{version}] - YYYY-MM-DD.",
        ) from None
    return text + "\n"


def _sections(changelog: str) -> dict[str, tuple[str, str]]:
    """Date and entries of each section, by version, newest first."""
    _, *parts = _HEADING.split(changelog)
    versions, days, texts = parts[::3], parts[1::3], parts[2::3]
    return {
        version: (day or "", text.strip())
        for version, day, text in zip(versions, days, texts, strict=True)
    }
