"""What is wrong with a recording, and where JSON values differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from keyapi._json import pointer
from keyapi._text import displayed
from keyapi.recording.model import Recording

REQUEST = "/log/entries/0/request"
RESPONSE = "/log/entries/0/response"
BODY = f"{RESPONSE}/content/text"
OR_SPECIFICATION = (
    "Where the recording is right, the specification is wrong: correct it in the overlay."
)


class RecordingFinding(NamedTuple):
    """Something that is wrong with a recording.

    Attributes:
        file: The file, and the entry in it.
        operation: Name of the operation.
        pointer: JSON pointer into the file; behind a second `#`, one into the answer.
        expected: What the specification or the client says.
        found: What the recording says.
        remedy: The command that records it again.
    """

    file: str
    operation: str
    pointer: str
    expected: str
    found: str
    remedy: str

    def __str__(self) -> str:
        found = f"expected {displayed(self.expected)}, found {displayed(self.found)}"
        where = f"{self.file}: {displayed(self.operation)}: {displayed(self.pointer)}"
        return f"{where}: {found}. {displayed(self.remedy)}. {OR_SPECIFICATION}"


class Findings:
    """Collects what is wrong with one recording."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.found: list[RecordingFinding] = []

    def add(self, place: str, expected: str, found: str) -> None:
        recording = self.recording
        operation = recording.called.operation if recording.called else "no operation"
        path = Path(recording.source.partition(", entry ")[0])
        command = remedy(path, recording, operation)
        source = recording.source or "a recording"
        self.found.append(RecordingFinding(source, operation, place, expected, found, command))


def remedy(path: Path, recording: Recording | None = None, operation: str = "") -> str:
    origin = recording.origin if recording else None
    how = {"documented": " --documented", "sandbox": " --base-url URL-OF-A-SANDBOX"}
    options = f" --outcome {path.stem}{how.get(origin or '', '')}"
    return f"Record it again: python scripts/record.py {operation or path.parent.name}{options}"


def decoded(content: bytes) -> Any:
    """What a body holds; its text where it is not JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode("utf-8", "replace")


def differences(one: Any, other: Any, at: str = "") -> Iterator[tuple[str, str, str]]:
    """Where two JSON values differ: pointer, and what stands there in either."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in {**one, **other}:
            inner = at + pointer(name, root="")
            if name not in one or name not in other:
                yield inner, _short(one, name), _short(other, name)
            else:
                yield from differences(one[name], other[name], inner)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, at + pointer(index, root=""))
    elif type(one) is not type(other) or one != other:
        yield at, _short([one], 0), _short([other], 0)


def _short(holder: Any, key: Any) -> str:
    if isinstance(holder, dict) and key not in holder:
        return "nothing"
    text = json.dumps(holder[key], ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
