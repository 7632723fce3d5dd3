"""Copy a checkout of the project: what its commands and tests need, within bounds."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.document.files import NotRegularError, read_file
from pipeline.errors import PipelineError
from pipeline.transaction import FOLDER

FOLDERS = frozenset(
    {".ci", ".github", "docs", "generated", "openapi", "requirements", "scripts", "src", "tests"}
)
"""The project's folders; a checkout may hold others, such as what has been exported."""
_LEFT_OUT = shutil.ignore_patterns(  # what tools leave
    *(".git", ".nox", ".venv", "venv", "mutants", "build", "dist", "node_modules", FOLDER),
    *("__pycache__", "*.egg-info", ".*_cache", ".coverage*"),
)
_LARGEST = 50_000_000  # bytes of a file; those of the project have at most one million
_MOST = 500_000_000  # bytes of all
_UNCHANGED = "Nothing was changed."


def copy_checkout(root: Path, copy: Path) -> None:
    """Copy a checkout; links are copied as links, and nothing keeps its date or owner.

    Args:
        root: The checkout's top folder. Of what is in it, the project's own folders are copied, and
            all files that are not large.
        copy: The copy's top folder, which is made.

    Raises:
        PipelineError: In a folder of the project there is something that is neither file, folder
            nor link, or cannot be read, or is larger than any of a project; or the copy cannot be
            written.
    """
    left = _MOST
    copy.mkdir(parents=True)
    for path in _walk(root, copy):
        name = path.relative_to(root).as_posix()
        content, mode = _read(path, name, left)
        left -= len(content or b"")
        try:
            _write(copy / name, content, mode)
        except OSError as error:
            place = tempfile.gettempdir()
            raise PipelineError(
                f"the copy of it cannot be written: {error.strerror}",
                where=name,
                remedy=f"Free some space in {place}, or set TMPDIR. {_UNCHANGED}",
            ) from None


def _walk(root: Path, copy: Path) -> Iterator[Path]:
    """Each file, link and folder, the latter before what is in it."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            found = sorted(folder.iterdir())
        except OSError as error:
            raise _unreadable(error, folder.relative_to(root).as_posix()) from None
        ignored = _LEFT_OUT(str(folder), [path.name for path in found])
        for path in found:
            own = folder != root or path.name in FOLDERS or _is_small_file(path)
            if own and path.name not in ignored and path != copy:
                yield path
                if path.is_dir() and not path.is_symlink():
                    waiting.append(path)


def _is_small_file(path: Path) -> bool:
    return path.is_file() and path.stat().st_size <= _LARGEST


def _read(path: Path, name: str, left: int) -> tuple[bytes | str | None, int]:
    """A file's content or a link's target, None for a folder; and its permissions.

    Args:
        path: What is read.
        name: What errors call it.
        left: How many bytes it may have besides the bound for each file.
    """
    limit = min(_LARGEST, left)
    try:
        if path.is_symlink():
            return os.readlink(path), 0
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return None, 0
        content = read_file(path, limit)
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(error, name) from None
    if len(content) <= limit:
        return content, stat.S_IMODE(mode)
    large = f"it has {size:,} bytes, more than {_LARGEST:,}"
    many = f"with it, the checkout has more than {_MOST:,} bytes"
    remedy = f"Move it out of the checkout. {_UNCHANGED}"
    raise PipelineError(large if size > _LARGEST else many, where=name, remedy=remedy)


def _write(target: Path, content: bytes | str | None, mode: int) -> None:
    if content is None:
        target.mkdir()
    elif isinstance(content, str):
        target.symlink_to(content)
    else:
        target.write_bytes(content)
        target.chmod(mode | stat.S_IRUSR | stat.S_IWUSR)  # who may not change it may change a copy


def _unreadable(error: OSError, name: str) -> PipelineError:
    if isinstance(error, NotRegularError):
        problem, remedy = "it is neither a file, a folder nor a link", "Remove it."
    elif isinstance(error, FileNotFoundError):
        problem = "it was removed meanwhile"
        remedy = "Run the update again when nothing else changes the checkout."
    else:
        problem, remedy = f"it cannot be read: {error.strerror}", "Let it be read, or remove it."
    return PipelineError(problem, where=name, remedy=f"{remedy} {_UNCHANGED}")
