"""Whatever stands where a file is expected, a command uses it or refuses it in one line."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from pipeline.commands.survey import survey
from pipeline.commands.vendor import vendor
from pipeline.document.files import read_file
from pipeline.survey.sources import Places
from pipeline.vendor.collect import Selection
from support.document_fuzzer import FILES, STRANGE, DocumentJudge, random_file
from support.page_fuzzer import judged_command

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other files that are none")
NOT_PAGES = ("folder", "pipe", "loop", "device", "sparse", "nothing", "empty", "binary", "UTF-16")


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> DocumentJudge:
    return DocumentJudge(tmp_path_factory.mktemp("files"))


@pytest.mark.parametrize(("number", "what"), [*enumerate(STRANGE)])
def test_a_file_of_the_project_may_be_anything(
    judge: DocumentJudge, number: int, what: str
) -> None:
    for name in {FILES[number % len(FILES)], FILES[(number // 3) % len(FILES)]}:
        outcome = judge(name, STRANGE[what])
        assert outcome.is_right, f"{name}: {outcome}"


def test_a_file_of_the_project_may_say_anything(judge: DocumentJudge) -> None:
    """A sample of what `nox -s fuzz` makes."""
    for seed in range(12):
        name, what, write = random_file(judge.contents, Random(seed))  # noqa: S311 - no secret
        outcome = judge(name, write)
        assert outcome.is_right, f"seed {seed}, {name}, {what}: {outcome}"


@pytest.mark.parametrize("what", NOT_PAGES)
def test_a_page_given_is_a_regular_file(judge: DocumentJudge, tmp_path: Path, what: str) -> None:
    path = tmp_path / "page.md"
    STRANGE[what](path)
    places, selection = Places(pages=(str(path),)), Selection(files=(path,))
    for command in (lambda: vendor(judge.root, selection), lambda: survey(judge.root, places)):
        outcome = judged_command(command, judge.root, 5.0)
        assert outcome.is_right, outcome


def test_no_more_is_read_than_a_file_may_have(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    assert read_file(tmp_path / "file", 3) == b"1234"
    with pytest.raises(OSError, match="its name is impossible"):
        read_file(tmp_path / "fi\0le", 3)
