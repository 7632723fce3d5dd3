"""Put files in place atomically, even when the process is killed half-way.

A change is staged completely in `.transaction/`, then its journal is moved into place: from that
moment on it will happen. Whoever finds a journal finishes the change; whoever finds a staging
folder without one drops it. So the tree is, after the next command starts, exactly the old one or
exactly the new one.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path, PurePosixPath

from pipeline.errors import PipelineError

FOLDER = ".transaction"
_JOURNAL = "journal.json"


def replace(root: Path, files: dict[str, bytes | None], folders: tuple[str, ...] = ()) -> None:
    """Put files in place, and remove what else is in the folders given.

    Args:
        root: The project's top folder.
        files: New content by path below the root; None removes the file.
        folders: Folders below the root that will hold only what `files` puts there.

    Raises:
        PipelineError: A file operation failed before anything was changed, or would fail: a path
            leads outside, or through a link, or another kind of file is in its place.
        OSError: One failed while the change was being put in place; the next command finishes it.
    """
    recover(root)
    for name in (*files, *folders):
        _require_inside(root, name, folder=name in folders)
    staging = root / FOLDER
    try:
        new = staging / "new"
        steps: list[tuple[str, str | None]] = []
        for folder in folders:
            (new / folder).mkdir(parents=True, exist_ok=True)
            steps.append((folder, folder))
        for name, content in files.items():
            if content is not None:
                path = new / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            if not any(Path(name).is_relative_to(folder) for folder in folders):
                steps.append((name, name if content is not None else None))
        draft = staging / f"{_JOURNAL}.new"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(steps, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(staging / _JOURNAL)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)  # it takes up a disk that may be full
        raise PipelineError(
            f"the change could not be staged: {error}",
            where=FOLDER,
            remedy="Nothing was changed; free some space or fix permissions, then run it again.",
        ) from error
    _finish(root)


def _require_inside(root: Path, name: str, *, folder: bool) -> None:
    """Refuse a place outside the root, or one that another kind of file is in the way of.

    Once the journal is in place nothing may stand in the way, so this is checked before.
    """
    parts = PurePosixPath(name).parts
    target = root.joinpath(*parts)
    above = [root.joinpath(*parts[:end]) for end in range(1, len(parts))]
    problem = ""
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts or "\0" in name:
        problem = "it is outside the project"
    elif any(path.is_symlink() or (path.exists() and not path.is_dir()) for path in above):
        problem = "a parent is not a folder, or is a link to one"
    elif folder and (target.is_symlink() or (target.exists() and not target.is_dir())):
        problem = "it is not a folder"
    elif not folder and target.is_dir() and not target.is_symlink():
        problem = "it is a folder"
    if problem:
        raise PipelineError(
            problem, where=name, remedy="Move what is there out of the way; nothing was changed."
        )


def recover(root: Path) -> None:
    """Finish or drop what an interrupted command left; call it before reading the tree."""
    staging = root / FOLDER
    if (staging / _JOURNAL).exists():
        _finish(root)
    elif staging.exists():
        shutil.rmtree(staging)


def _finish(root: Path) -> None:
    """Carry the journal out; every step may have been carried out already, or half."""
    staging = root / FOLDER
    for name, staged in json.loads((staging / _JOURNAL).read_text(encoding="utf-8")):
        target = root / name
        source = staging / "new" / staged if staged is not None else None
        if source is not None and not source.exists():
            continue  # moved before
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)  # os.replace cannot replace a folder that holds anything
        elif source is None:
            target.unlink(missing_ok=True)
        if source is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
    # The journal goes last but one: without it, what is left of the staging is dropped.
    (staging / _JOURNAL).unlink()
    shutil.rmtree(staging)
