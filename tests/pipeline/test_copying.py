"""What a checkout holds besides the project is not copied, or is refused by its name."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.cli import ROOT
from pipeline.commands.copying import FOLDERS, copy_checkout
from pipeline.errors import PipelineError
from support.pages import EXAMPLE

SPARSE = 1 << 40


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(SPARSE)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(path))  # a socket's name is short


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (os.mkfifo, "it is neither a file, a folder nor a link. Remove it."),
        (_socket, "it is neither a file, a folder nor a link. Remove it."),
        (_sparse, "it has 1,099,511,627,776 bytes, more than 50,000,000. Move it out"),
    ],
    ids=["pipe", "socket", "sparse file"],
)
def test_what_cannot_be_copied_is_named_unless_the_project_does_not_need_it(
    tmp_path: Path, make: Callable[[Path], None], problem: str
) -> None:
    root = tmp_path / "root"
    (root / "docs").mkdir(parents=True)
    (root / "data").mkdir()
    for place in ("thing", "data/thing"):
        make(root / place)
    copy_checkout(root, tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["docs"]

    make(root / "docs/thing")
    with pytest.raises(PipelineError) as caught:
        copy_checkout(root, tmp_path / "other")
    assert str(caught.value).startswith(f"docs/thing: {problem}")


def test_links_and_permissions_are_copied(tmp_path: Path) -> None:
    """Also of a checkout that cannot be written, whose copy can."""
    root, copy = tmp_path / "root", tmp_path / "copy"
    (root / "docs").mkdir(parents=True)
    (root / "docs/round").symlink_to("..")
    (root / "docs/broken").symlink_to("nowhere")
    (root / "docs/program").write_text("text")
    (root / "docs/program").chmod(0o555)
    (root / "docs").chmod(0o555)
    try:
        copy_checkout(root, copy)
    finally:
        (root / "docs").chmod(0o755)
    found = (copy / "docs").iterdir()
    links = {path.name: os.readlink(path) for path in found if path.is_symlink()}
    assert links == {"round": "..", "broken": "nowhere"}
    assert (copy / "docs/program").stat().st_mode & 0o777 == 0o755
    assert (copy / "docs").stat().st_mode & 0o200


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(PipelineError, match=r"cannot be written: No space left .*TMPDIR"):
        copy_checkout(EXAMPLE, tmp_path / "copy")


def test_every_folder_of_the_project_is_copied() -> None:
    """A new one has to be named in `copying`."""
    listed = ("git", "-C", str(ROOT), "ls-tree", "-d", "--name-only", "HEAD")
    found = subprocess.run(listed, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("not a checkout of git")
    assert set(found.stdout.split()) == FOLDERS
