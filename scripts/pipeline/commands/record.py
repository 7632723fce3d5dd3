"""Record what operations answer into a project's `tests/recordings`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from keyapi import ConfigurationError
from keyapi._clients import find
from keyapi.conformance.capture import Attempt, Server, documented, method_of
from keyapi.conformance.outcomes import Outcome, Outcomes
from keyapi.recording.har import read, written
from keyapi.recording.model import RecordingError
from keyapi.specification import Specification
from pipeline.errors import PipelineError
from pipeline.project import GENERATED, Project
from pipeline.transaction import replace
from pipeline.vendor.merge import operations_in_order

RECORDINGS = "tests/recordings"
_WORTH = {"live": 3, "documented": 2, "sandbox": 1}


class RecordRequest(NamedTuple):
    """What to record.

    Attributes:
        operations: Names of operations; empty for all of them.
        outcomes: Names of outcomes; empty for all of them.
        base_url: The server, or None for the environment's or the live one.
        max_credits: The most to spend, in credits, or None for no limit.
        documented: Whether to write the documented examples instead of asking a server.
    """

    operations: list[str]
    outcomes: list[str]
    base_url: str | None
    max_credits: int | None
    documented: bool


def record(root: Path, request: RecordRequest) -> int:
    """Record into a project.

    Args:
        root: The project's top folder.
        request: What to record.

    Returns:
        Exit code: 0 when everything requested was recorded, else 1.

    Raises:
        PipelineError: There is no such operation or outcome, or no server to ask.
    """
    sys.path.insert(0, str(root / GENERATED))  # this project's client, not an installed one
    try:
        client = find()
        server = (
            None if request.documented else Server(client, request.base_url, request.max_credits)
        )
    except ConfigurationError as error:
        raise PipelineError(f"{error.message}", remedy="Nothing was recorded.") from None
    spec = Specification.of_package(client._package)
    pages = {} if server else operations_in_order(Project(root).lock())
    complete = True
    for name in _chosen(request.operations or list(spec.operations), spec.operations, "operation"):
        operation, method = spec.operations[name], method_of(client, name)
        outcomes = _outcomes(request, Outcomes(spec, method))
        if server is not None:
            attempts = server.attempts(operation, method, outcomes)
        else:
            page = pages[f"{operation.method} {operation.path}"]["page"]
            attempts = documented(client, operation, method, outcomes, page)
        secrets = [server.token] if server else []
        complete &= write(root, name, attempts, secrets)
    if server is not None:
        print(f"credits spent: {server.spent}")
    return 0 if complete else 1


def _outcomes(request: RecordRequest, outcomes: Outcomes) -> list[Outcome]:
    found = outcomes.documented() if request.documented else outcomes.reachable()
    named = {outcome.name: outcome for outcome in found}
    return [named[name] for name in _chosen(request.outcomes or list(named), named, "outcome")]


def _chosen(names: list[str], choices: Iterable[str], what: str) -> list[str]:
    for name in names:
        if name not in choices:
            raise PipelineError(
                f"there is no such {what}: {name}", remedy=f"Give one of: {', '.join(choices)}."
            )
    return names


def write(root: Path, operation: str, attempts: Iterable[Attempt], secrets: list[str]) -> bool:
    """Put the recordings of an operation in place.

    Args:
        root: The project's top folder.
        operation: Name of the operation.
        attempts: What was recorded, or why it was not.
        secrets: Texts that must not appear in a recording.

    Returns:
        Whether every attempt was recorded.
    """
    files: dict[str, bytes | None] = {}
    messages: list[str] = []
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
        messages.append(f"recorded  {file}: {attempt.recording.comment}")
    if files:
        replace(root, files)
        print(*messages, sep="\n")
    return complete


def _comment_of(path: Path) -> tuple[str, str] | None:
    """Where an existing recording comes from; None where there is none, or it is damaged."""
    try:
        recording = read(path)[0]
    except (RecordingError, IndexError):
        return None
    return (recording.origin, recording.comment) if recording.origin else None


def _missed(what: str, problem: str) -> bool:
    print(f"{what:>8}  {problem}", file=sys.stderr)
    return False
