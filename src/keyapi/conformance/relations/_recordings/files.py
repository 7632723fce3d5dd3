"""Recording: files that are written, files that are read, and clients that are replayed to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import httpx

from keyapi.conformance.drivers import KEY, Caller
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._recordings.har_reading import errors_named, read_as_meant
from keyapi.conformance.relations._recordings.har_writing import written_and_read, written_as_har
from keyapi.conformance.relations._recordings.recorders import (
    recorded_as_unpacked,
    recorded_of_a_sandbox,
    recorded_when_asked,
)
from keyapi.conformance.relations._recordings.replayed_clients import replayed_to_clients
from keyapi.conformance.relations._recordings.replaying import guarded
from keyapi.conformance.relations._shared import good_arguments, violation
from keyapi.recording.recorder import Recorder
from keyapi.specification import OperationSpec

_FILES = (written_as_har, written_and_read, errors_named, read_as_meant)
"""What is looked at with a recording of the operation alone."""
_RECORDERS = (recorded_when_asked, recorded_of_a_sandbox, recorded_as_unpacked)
"""What is looked at with calls of the operation."""


@relation("recording", short="rec", position=5)
def files_as_documented(operation: OperationSpec, caller: Caller) -> Iterator[Finding]:
    """Recordings are HAR 1.2, written atomically, and read or refused with what is wrong.

    Args:
        operation: The operation that is recorded.
        caller: The client.
    """
    arguments = good_arguments(operation, caller)
    if arguments is None:
        return
    good = Desk(operation, caller, arguments, None).good
    recorder = Recorder(httpx.MockTransport(good.respond))
    with caller.client(KEY, transport=recorder) as client:
        caller.methods[operation.name, False].on(client)(**arguments)
    recording = replace(recorder.recordings[0], comment="")
    looks = chain(
        *(guarded(look, recording) for look in _FILES),
        *(guarded(look, operation, caller, arguments, good) for look in _RECORDERS),
        guarded(replayed_to_clients, operation, caller, arguments, recording),
    )
    for case, expected, found in looks:
        if expected != found:
            yield Finding("recording", case, violation(operation, "file", expected, found))
