"""Open one side of a comparison: a specification file, a checkout, or a git revision."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.document.files import read_file
from pipeline.document.structure import require_structure
from pipeline.document.values import json_value
from pipeline.errors import PipelineError
from pipeline.project import GENERATED

SPEC = f"{GENERATED}/*/openapi.json"
"""The effective specification of a checkout, in the one package that it generates."""
MAX_BYTES = 50_000_000
"""More than the effective specification of all of KeyAPI's pages together."""
MAX_DEPTH = 200
"""Twice what a page may have: shaping moves a page's schemas to the top, but wraps some."""

_REMEDY = "Give the path of an effective specification, a git revision, or a checkout's folder."


@dataclass(frozen=True)
class Revision:
    """One side of a comparison.

    Attributes:
        name: What the command line calls it.
        spec: Its effective specification.
        package: The generated package's folder, or None where only the specification was given.
    """

    name: str
    spec: dict[str, Any]
    package: Path | None


@contextmanager
def open_revision(root: Path, location: str | None, default: str | None) -> Iterator[Revision]:
    """Open one side of a comparison.

    Args:
        root: The project's top folder, whose repository knows the revisions.
        location: Path of a specification, path of a checkout, or git revision; None for the
            default.
        default: A git revision, or None for the working tree.

    Raises:
        PipelineError: The location does not exist, or holds no effective specification.
    """
    revision = default if location is None else location
    if revision is None:
        yield _checkout(root, "the working tree")
    elif location is not None and Path(location).is_dir():
        yield _checkout(Path(location), location)
    elif location is not None and Path(location).exists():
        yield Revision(location, _read(Path(location), location), None)
    else:
        with TemporaryDirectory() as scratch:
            yield _commit(root, revision, Path(scratch))


def _checkout(folder: Path, name: str) -> Revision:
    path = _only(sorted(folder.glob(SPEC)), name)
    where = path.relative_to(folder) if name == "the working tree" else path
    return Revision(name, _read(path, str(where)), path.parent)


def _commit(root: Path, revision: str, scratch: Path) -> Revision:
    """A commit's own package, extracted to a folder without a checkout."""
    if not _git(
        root, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{revision}^{{commit}}"
    ):
        raise PipelineError(
            "there is no such file, folder or revision", where=revision, remedy=_REMEDY
        )
    archive = _git(root, "archive", "--format=tar", revision, GENERATED)
    if archive:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(scratch, filter="data")
    path = _only(sorted(scratch.glob(SPEC)), revision)
    where = f"{revision}:{path.relative_to(scratch).as_posix()}"
    return Revision(revision, _read(path, where), path.parent)


def _only(found: list[Path], name: str) -> Path:
    if len(found) != 1:
        problem = f"has {len(found)} such files" if found else "has no such file"
        raise PipelineError(f"{name} {problem}", where=SPEC, remedy=_REMEDY)
    return found[0]


def _git(root: Path, *arguments: str) -> bytes:
    """Output of a git command in the project's folder; empty where it fails."""
    try:
        done = subprocess.run(  # git is found where the maintainer has it
            ["git", "-C", str(root), *arguments],  # noqa: S607
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise PipelineError(
            "git is not installed", remedy="Install it, or give paths instead of revisions."
        ) from None
    return done.stdout if done.returncode == 0 else b""


def _read(path: Path, where: str) -> dict[str, Any]:
    remedy = "Give an effective specification, such as a generated package's openapi.json."
    try:
        content = read_file(path, MAX_BYTES)
    except OSError as error:
        problem = f"cannot read the file: {error.strerror}"
        raise PipelineError(problem, where=where, remedy=remedy) from None
    if len(content) > MAX_BYTES:
        raise PipelineError(f"larger than {MAX_BYTES:,} bytes", where=where, remedy=remedy)
    try:
        spec = json_value(content, MAX_DEPTH)
    except ValueError as error:
        raise PipelineError(f"not valid JSON ({error})", where=where, remedy=remedy) from None
    if not isinstance(spec, dict):
        raise PipelineError("not a JSON object", where=where, remedy=remedy)
    require_structure(spec, where, remedy)
    return spec
