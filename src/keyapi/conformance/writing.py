"""Put recordings in place, without losing one that is worth more."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from keyapi.conformance.capture import Attempt
from keyapi.recording.har import read, written
from keyapi.recording.model import RecordingError
from keyapi.recording.writing import replace_file

RECORDINGS = "tests/recordings"
"""Folder of recordings, below the top folder of a project."""
_WORTH = {"live": 3, "documented": 2, "sandbox": 1}

Write = Callable[[Path, Mapping[str, bytes]], object]
"""Writes files below a top folder: contents by path."""


def put(
    root: Path, operation: str, attempts: Iterable[Attempt], secrets: list[str], write: Write
) -> bool:
    """Put what was recorded of an operation in place, and say so line by line.

    Args:
        root: The top folder.
        operation: Name of the operation.
        attempts: What came of each outcome.
        secrets: Keys, which are taken out.
        write: Writes the files.

    Returns:
        Whether everything was recorded and written.
    """
    files: dict[str, bytes] = {}
    lines: list[str] = []
    complete = True
    for attempt in attempts:
        file = f"{RECORDINGS}/{operation}/{attempt.outcome.name}.har"
        if attempt.recording is None:
            complete = _missed("missed", f"{file}: {attempt.problem}")
            continue
        content = written([attempt.recording], secrets)
        origin = attempt.recording.origin or "sandbox"
        before = _comment_of(root / file)
        if before is not None and _WORTH[before[0]] > _WORTH[origin]:
            remedy = f"delete it to replace it with a {origin} one"
            complete = _missed("refused", f"{file} was {before[1]}: {remedy}")
            continue
        files[file] = content
        lines.append(f"recorded  {file}: {attempt.recording.comment}")
    if files:
        write(root, files)
        sys.stdout.write("\n".join(lines) + "\n")
    return complete


def write_each(root: Path, files: Mapping[str, bytes]) -> None:
    """Write each file atomically: after a crash, it is the old one or the new one.

    Raises:
        OSError: A file cannot be written.
    """
    for name, content in files.items():
        replace_file(root / name, content)


def _comment_of(path: Path) -> tuple[str, str] | None:
    """Where an existing recording comes from; None if there is none, or a damaged one."""
    try:
        recording = read(path)[0]
    except (RecordingError, IndexError):
        return None
    return (recording.origin, recording.comment) if recording.origin else None


def _missed(what: str, problem: str) -> bool:
    sys.stderr.write(f"{what:>8}  {problem}\n")
    return False
