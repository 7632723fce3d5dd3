"""A tag is released only where version and changelog agree with it."""

from __future__ import annotations

from pathlib import Path

import pytest

import release
from pipeline.commands.release import release_notes
from pipeline.errors import PipelineError

CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.0] - 2026-02-03

### Added

- Something.

## [1.1.0] - 2026-01-02

- Less.
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "openapi").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n', "utf-8")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, "utf-8")
    return tmp_path


def test_the_notes_are_the_section_of_the_version(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = root / "notes.md"
    assert release.main(["v1.2.0", "--root", str(root), "--notes", str(notes)]) == 0
    assert notes.read_text("utf-8") == "### Added\n\n- Something.\n"
    assert release.main(["v1.2.0", "--root", str(root)]) == 0
    assert release.main(["1.2.0", "--root", str(root)]) == 2
    assert capsys.readouterr().err == (
        "error: pyproject.toml: the tag is '1.2.0', but the version is 1.2.0. Tag v1.2.0, or set "
        "the version that the tag names.\n"
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("Unreleased]\n", "Unreleased]\n\n- More.\n", "there are entries under Unreleased"),
        ("[1.2.0] - 2026-02-03", "[1.3.0] - 2026-02-03", r"must be \[1.2.0\], but is \[1.3.0\]"),
        ("## [1.2.0] - 2026-02-03", "", r"entries under Unreleased"),
        ("### Added\n\n- Something.\n", "", r"\[1.2.0\] has no entries"),
        (" - 2026-02-03", "", r"\[1.2.0\] has no date. Write ## \[1.2.0\] - YYYY-MM-DD"),
        (" - 2026-02-03", " - today", r"\[1.2.0\] has no date"),
        (" - 2026-02-03", " - 2026-02-30", r"\[1.2.0\] has no date"),
        (CHANGELOG, "# Changelog\n", r"must be \[1.2.0\], but is \[nothing\]"),
    ],
)
def test_a_changelog_that_does_not_agree_is_refused(
    root: Path, before: str, after: str, words: str
) -> None:
    (root / "CHANGELOG.md").write_text(CHANGELOG.replace(before, after), "utf-8")
    with pytest.raises(PipelineError) as refused:
        release_notes(root, "v1.2.0")
    refused.match("CHANGELOG.md")
    refused.match(words)
