"""Find an effective specification, and the package made from it, where the command line says."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.document.structure import require_structure
from pipeline.errors import PipelineError
from pipeline.project import GENERATED

PACKAGE = "keyapi_tiktok"
SPEC = f"{GENERATED}/{PACKAGE}/openapi.json"
MAX_BYTES = 50_000_000
"""Larger than the effective specification of all of KeyAPI's pages would be."""
MAX_DEPTH = 200
"""Twice what a page may have: shaping puts a page's schemas under names, but wraps some."""

_REMEDY = "Give the path of an effective specification, a git revision, or a checkout's folder."


@dataclass(frozen=True)
class Source:
    """One side of a comparison.

    Attributes:
        name: What the command line calls it.
        spec: Its effective specification.
        packages: Folder that holds the generated package, or None where only the specification
            was given.
    """

    name: str
    spec: dict[str, Any]
    packages: Path | None


@contextmanager
def opened(root: Path, given: str | None, default: str | None) -> Iterator[Source]:
    """Open one side of a comparison.

    Args:
        root: The project's top folder, whose repository knows the revisions.
        given: Path of a specification, path of a checkout, or git revision; None for the default.
        default: A git revision, or None for the working tree.

    Raises:
        PipelineError: It is none of these, or not readable as an effective specification.
    """
    text = default if given is None else given
    if text is None:
        yield _checkout(root, "the working tree")
    elif given is not None and Path(given).is_dir():
        yield _checkout(Path(given), given)
    elif given is not None and Path(given).is_file():
        yield Source(given, _read(Path(given).read_bytes(), given), None)
    else:
        with TemporaryDirectory() as scratch:
            yield _revision(root, text, Path(scratch))


def _checkout(folder: Path, name: str) -> Source:
    path = folder / SPEC
    if not path.is_file():
        raise PipelineError(f"{name} has no such file", where=SPEC, remedy=_REMEDY)
    where = SPEC if name == "the working tree" else str(path)
    return Source(name, _read(path.read_bytes(), where), folder / GENERATED)


def _revision(root: Path, revision: str, scratch: Path) -> Source:
    """A commit's own package, written to a folder without checking it out."""
    if not _git(
        root, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{revision}^{{commit}}"
    ):
        raise PipelineError("no file, folder or revision", where=revision, remedy=_REMEDY)
    content = _git(root, "show", f"{revision}:./{SPEC}")
    archive = _git(root, "archive", "--format=tar", revision, f"{GENERATED}/{PACKAGE}")
    if not content or not archive:
        raise PipelineError(f"{revision} has no such file", where=SPEC, remedy=_REMEDY)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(scratch, filter="data")
    return Source(revision, _read(content, f"{revision}:{SPEC}"), scratch / GENERATED)


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


def _read(content: bytes, where: str) -> dict[str, Any]:
    remedy = "Give an effective specification, such as a generated package's openapi.json."
    if len(content) > MAX_BYTES:
        raise PipelineError(f"it is over {MAX_BYTES:,} bytes", where=where, remedy=remedy)
    try:
        spec = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise PipelineError(f"it is no JSON ({error})", where=where, remedy=remedy) from None
    if not isinstance(spec, dict):
        raise PipelineError("it is no JSON object", where=where, remedy=remedy)
    level: list[Any] = [spec]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
    if level:
        problem = f"it is nested deeper than {MAX_DEPTH} levels"
        raise PipelineError(problem, where=where, remedy=remedy)
    require_structure(spec, where, remedy)
    return spec


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()
