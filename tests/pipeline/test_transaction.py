"""A change is whole or not at all, wherever it is interrupted."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import tree
from pipeline import transaction
from pipeline.errors import PipelineError
from pipeline.project import Project
from pipeline.vendor.collect import Selection
from regenerate import regenerate
from support.docs_site import Docs
from support.pages import LISTING_PAGE, page
from vendor import vendor

_CHANGES = {
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
}
_FAILED, _DONE, _KILLED = 3, 0, 137


def interrupted(command: Callable[[], object], at: int, how: str) -> int:
    """Run a command in a child process; stop it at its `at`-th change to the file system.

    Returns:
        137: killed there; 3: it got an OSError there and gave up; 0: it made fewer changes.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside pytest's threads
        child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    seen = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        writing = event == "open" and int(arguments[2]) & (os.O_WRONLY | os.O_RDWR)  # type: ignore[call-overload]
        if event not in _CHANGES and not writing:
            return
        seen += 1
        if seen == at:
            if how == "kill":
                os._exit(_KILLED)
            raise OSError(28, "No space left on device")

    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - the child ends with os._exit
    sys.addaudithook(hook)
    try:
        command()
    except (OSError, PipelineError):
        os._exit(_FAILED)
    except BaseException:
        os._exit(99)
    os._exit(_DONE)


def limited(command: Callable[[], object], size: int, how: str) -> int:
    """Run a command in a child process that can write no file beyond so many bytes.

    The system itself writes what still fits, then fails the write ("error") or kills the process.

    Returns:
        As `interrupted`.
    """

    def short_of_room() -> None:
        if how == "kill":
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        command()

    code = interrupted(short_of_room, 0, "error")
    return _KILLED if code == -signal.SIGXFSZ else code


def outcomes(root: Path, command: Callable[[], object], how: str) -> list[str]:
    """Interrupt the change that a command makes at each of its steps; tell what is found then.

    The command runs once, and makes its change in one call, before which nothing has changed: what
    is interrupted is this call alone.
    """
    old = tree(root)
    backup = root.with_name("backup")
    shutil.copytree(root, backup, symlinks=True)
    changes: list[tuple[Any, ...]] = []

    def replace(*arguments: Any) -> None:
        assert tree(root) == old
        changes.append(arguments)
        transaction.replace(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        for module in ("vendor", "regenerate"):
            patch.setattr(f"pipeline.commands.{module}.replace", replace)
        command()
    (change,) = changes
    new = tree(root)
    assert old != new
    found = []
    for at in range(1, 500):
        shutil.rmtree(root)
        shutil.copytree(backup, root, symlinks=True)
        code = interrupted(lambda: transaction.replace(*change), at, how)
        assert code in (_FAILED, _DONE, _KILLED)
        if code == _DONE and how == "kill":
            return found
        transaction.recover(root)
        now = tree(root)
        found.append("old" if now == old else "new" if now == new else f"torn at {at}")
        assert not (root / transaction.FOLDER).exists()
        if code == _DONE:
            return found
    raise AssertionError("the command makes more changes than expected")


@pytest.mark.parametrize("how", ["error", "kill"])
def test_vendor_leaves_the_old_tree_or_the_new_one_wherever_it_stops(
    project: Path, tmp_path: Path, how: str
) -> None:
    path = tmp_path / "pages/en/tiktok/shop/products-analytics.md"
    path.parent.mkdir(parents=True)
    text = LISTING_PAGE.read_text("utf-8").replace("influencer/products", "shop/products")
    path.write_text(text, "utf-8")

    found = outcomes(project, lambda: vendor(project, Selection(files=(path,))), how)

    assert set(found) == {"old", "new"}
    assert found == sorted(found, reverse=True), "once it is sure to happen, it happens"


@pytest.fixture
def docs(project: Path) -> Iterator[Docs]:
    """A site whose index was vendored; since then a page was added, one changed, one vanished."""
    with Docs({f"/en/{name}.md": page(f"/v1/tiktok/{name}/list") for name in "abc"}) as site:
        site.publish_index()
        assert vendor(project, Selection(index=site.index)) == 0
        site.pages["/en/b.md"] = page("/v1/tiktok/b/list", credits=2)
        site.pages["/en/d.md"] = page("/v1/tiktok/d/list")
        site.publish_index("/en/b.md", "/en/c.md", "/en/d.md")
        yield site


@pytest.mark.parametrize("how", ["error", "kill"])
def test_an_index_with_prune_leaves_the_old_tree_or_the_new_one_wherever_it_stops(
    project: Path, docs: Docs, how: str
) -> None:
    selection = Selection(index=docs.index, prune=True)

    found = outcomes(project, lambda: vendor(project, selection), how)

    assert set(found) == {"old", "new"}
    assert found == sorted(found, reverse=True)
    assert not (project / "openapi/pages/en/a.md").exists()


@pytest.mark.parametrize("how", ["error", "kill"])
def test_a_write_that_stops_inside_a_file_leaves_the_old_tree_or_the_new_one(
    tmp_path: Path, how: str
) -> None:
    """Every length is tried at which some file is cut, or the journal, which is longer than any."""
    files = {"k/small": b"n" * 3, "k/large": b"n" * 6, "n": b"n" * 9}

    def begun(root: Path) -> None:
        (root / "k").mkdir(parents=True)
        (root / "k/small").write_text("old")
        (root / "k/gone").write_text("old")
        (root / "g").write_text("old")

    begun(tmp_path / "old")
    old, new, codes = tree(tmp_path / "old"), files, set()
    for size in range(40):
        root = tmp_path / str(size)
        begun(root)
        code = limited(
            lambda root=root: transaction.replace(root, {**files, "g": None}, ("k",)),  # type: ignore[misc]
            size,
            how,
        )
        # Killed, it leaves what it staged; what fails takes that with it, as the disk may be full.
        assert (root / transaction.FOLDER).exists() == (code == _KILLED)
        transaction.recover(root)
        assert tree(root) == (new if code == _DONE else old), size
        codes.add(code)
    assert codes == {_FAILED if how == "error" else _KILLED, _DONE}


def test_vendor_short_of_room_inside_a_file_leaves_the_old_tree(project: Path, docs: Docs) -> None:
    before = tree(project)
    selection = Selection(index=docs.index, prune=True)
    for size in (0, 1000, 10_000):
        assert limited(lambda: vendor(project, selection), size, "error") == _FAILED
        transaction.recover(project)
        assert tree(project) == before


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../outside", "outside the project"),
        ("a/../../outside", "outside the project"),
        ("/outside", "outside the project"),
        ("a\0b", "outside the project"),
        ("", "outside the project"),
        ("link/inside", "not a folder, or is a link"),
        ("file/inside", "not a folder, or is a link"),
        ("folder", "it is a folder"),
    ],
)
def test_what_would_be_written_elsewhere_or_over_another_kind_of_file_is_refused(
    tmp_path: Path, name: str, problem: str
) -> None:
    root = tmp_path / "root"
    (root / "folder/kept").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (root / "link").symlink_to(tmp_path / "elsewhere")
    (root / "file").write_text("old")
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(PipelineError, match=problem):
        transaction.replace(root, {"good": b"new", name: b"new"})
    with pytest.raises(PipelineError):
        transaction.replace(root, {}, ("link",))

    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("how", ["error", "kill"])
def test_regenerate_leaves_the_old_tree_or_the_new_one_wherever_it_stops(
    project: Path, how: str, monkeypatch: pytest.MonkeyPatch, unverified: None
) -> None:
    wanted = ("client.py", "errors.py", "api/influencer/__init__.py")
    files = {
        name: data
        for name, data in Project(project).generated().items()
        if name.removeprefix("keyapi_tiktok/") in wanted
    }
    for path in (project / "generated").rglob("*.py"):
        if path.relative_to(project / "generated").as_posix() not in files:
            path.unlink()
    # What comes before the change works in a temporary folder alone: see the next test.
    monkeypatch.setattr(Project, "client", lambda self, spec: files)
    (project / "generated/keyapi_tiktok/client.py").write_text("# old\n")
    (project / "generated/keyapi_tiktok/api/gone.py").write_text("# old\n")

    found = outcomes(project, lambda: regenerate(project, check=False), how)

    assert set(found) == {"old", "new"}
    assert found == sorted(found, reverse=True)


def test_generating_changes_nothing_in_the_project(project: Path) -> None:
    checkout = Project(project)
    before = tree(project)
    for path in project.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o555)
    stamps = {path: path.stat().st_mtime_ns for path in project.rglob("*")}
    try:
        checkout.client(checkout.effective(checkout.vendored()).spec)
    finally:
        for path in project.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*")} == stamps
    assert tree(project) == before


def test_a_recovery_that_is_interrupted_is_finished_by_the_next_one(tmp_path: Path) -> None:
    def begun(root: Path) -> None:
        """A tree whose change is sure to happen, but has not happened yet."""
        (root / "kept").mkdir(parents=True)
        (root / "kept/old").write_text("old")
        (root / "gone").write_text("old")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(transaction, "_finish", lambda root: None)
            transaction.replace(
                root, {"kept/new": b"new", "other": b"new", "gone": None}, ("kept",)
            )

    for at in range(1, 100):
        root = tmp_path / str(at)
        begun(root)
        code = interrupted(lambda root=root: transaction.recover(root), at, "kill")  # type: ignore[misc]
        transaction.recover(root)
        assert tree(root) == {"kept/new": b"new", "other": b"new"}
        if code == _DONE:
            assert at > 5
            return
    raise AssertionError("the recovery never ends")


def test_what_cannot_be_staged_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / transaction.FOLDER).write_text("in the way")

    with pytest.raises((PipelineError, OSError)):
        transaction.replace(tmp_path, {"a": b"new"})

    assert not (tmp_path / "a").exists()


def test_a_full_disk_gets_back_what_was_staged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(PipelineError, match=r"No space left on device\. Nothing was changed"):
        transaction.replace(tmp_path, {"a": b"new"})

    assert not [*tmp_path.iterdir()]
