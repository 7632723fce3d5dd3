"""The relation "recording": what is wrong with a recording, by specification and client.

    check_recording(recording, specification, TikTok)

A recording is stale where the specification or the client has moved on. Each finding says where, as
a JSON pointer, what was expected and what was found, and how to record it again.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from keyapi._client import SyncClient
from keyapi.conformance.outcomes import documented_statuses
from keyapi.conformance.recordings._by_client import by_client
from keyapi.conformance.recordings._by_specification import by_specification
from keyapi.conformance.recordings._findings import RecordingFinding, differences, remedy
from keyapi.conformance.registry import relation
from keyapi.recording.har import read, written
from keyapi.recording.model import Recording, RecordingError
from keyapi.specification import Specification

__all__ = [
    "RecordingFinding",
    "by_client",
    "by_specification",
    "check_file",
    "check_recording",
    "missing",
]


@relation("recording", short="rec", position=5)
def check_recording(
    recording: Recording, specification: Specification, client: type[SyncClient]
) -> list[RecordingFinding]:
    """Find what is wrong with a recording, by the specification and by the client.

    Args:
        recording: The recording.
        specification: The specification it shall keep to.
        client: The sync client's class; the async one beside it is tried, too.
    """
    return [*by_specification(recording, specification), *by_client(recording, client)]


def check_file(path: Path) -> tuple[list[Recording], list[RecordingFinding]]:
    """Read a file of recordings; find where it is not what `record.py` writes for them.

    So it holds no key, its parts agree with one another, and nobody has edited a part of it.
    """
    content = path.read_bytes()

    def finding(place: str, expected: str, found: str) -> RecordingFinding:
        return RecordingFinding(str(path), path.parent.name, place, expected, found, remedy(path))

    try:
        recordings = read(path)
    except RecordingError as error:
        return [], [finding("/log", "HAR 1.2", str(error))]
    if not recordings:
        return [], [finding("/log/entries", "an entry", "none")]
    again = written(recordings)
    if again == content:
        return recordings, []
    try:
        found = next(differences(json.loads(again), json.loads(content)), None)
    except RecursionError:
        found = ("", "what record.py writes", "lists or objects that are nested too deep")
    place, expected, shown = found or ("", "its own form", "another")
    return recordings, [finding(place, expected, shown)]


def missing(specification: Specification, recordings: list[Recording]) -> list[str]:
    """Name the documented outcomes that have no recording, with the command to make it."""
    there = {
        (recording.called.operation, recording.status)
        for recording in recordings
        if recording.called
    }
    lacking: list[str] = []
    for operation in specification:
        documented = documented_statuses(operation)
        successes = [status for status in operation.statuses if re.fullmatch("2[0-9]{2}", status)]
        for status in dict.fromkeys((*successes, *documented)):
            if (operation.name, int(status)) not in there:
                how = " --documented" if status in documented else ""
                command = f"python scripts/record.py {operation.name}{how}"
                lacking.append(f"{operation.name} {status} has no recording: {command}")
    return lacking
