"""What changed sources are shown to: the relations of the contract suite, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from keyapi.conformance.mutation.baselines import Baseline
from keyapi.conformance.recordings import check_recording
from keyapi.conformance.relations import Finding
from keyapi.contract import Violation
from keyapi.recording.har import read
from keyapi.specification import OperationSpec, Specification

_ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = {
    "keyapi_tiktok": _ROOT / "tests/recordings",
    "keyapi_example": _ROOT / "tests/support/example/recordings",
}
"""The recordings of each generated package."""
_LONG = {
    "budget_shared_through_redis",
    "credits_counted",
    "files_as_documented",
    "walks",
    "bytes_as_received",
    "refusals_as_documented",
    "options_as_documented",
    "contract_as_documented",
}
"""Functions that take longest, and find the same in operations that are called alike."""

_SHOWN = 300  # how much of a finding is kept, in characters


def baselines(packages: Sequence[str]) -> list[tuple[str, Baseline]]:
    """Make the baselines of generated packages, with their names.

    Args:
        packages: Names of the packages; each has a client `TikTok`.
    """
    return [(name, Baseline(_specification(name).document, _client(name))) for name in packages]


def first_finding(
    made: Sequence[tuple[str, Baseline]], first: Sequence[str], started: Callable[[], None]
) -> dict[str, str]:
    """The first that a relation finds, by its title; empty where all holds.

    Args:
        made: The baselines, by name of the package.
        first: Titles of relations that look first.
        started: Called before each relation looks at an operation.
    """
    looked: set[str] = set()  # at one operation of two that have the same name
    for name, baseline in made:
        for operation in baseline.specification:
            if operation.name in looked:
                continue
            looked.add(operation.name)
            facts = _facts_of_a_call(operation)
            looks = chain(baseline.looks(operation), _recorded(name, baseline, operation))
            ordered = sorted(looks, key=lambda look: look[0] not in first)
            for title, findings in ordered:
                if facts in looked and getattr(findings, "__name__", "") in _LONG:
                    continue
                started()
                for finding in islice(_guarded(title, operation, findings), 1):
                    return {finding.relation: str(finding)[:_SHOWN]}
            looked.add(facts)
    return {}


def _facts_of_a_call(operation: OperationSpec) -> str:
    """What decides how a call goes; operations alike in it need not all be looked at by all."""
    kind = operation.paging.kind if operation.paging else ""
    return f"{operation.method} {operation.success} {operation.secured} {kind}"


def _guarded(
    title: str, operation: OperationSpec, findings: Iterator[Finding]
) -> Iterator[Finding]:
    """What is found; a relation that fails on what a client or server does finds that."""
    try:
        yield from findings
    except Exception as error:
        raised = f"{type(error).__name__}: {error}"
        yield Finding(title, "", Violation(operation.name, "", "raised", "no error", raised))


def _recorded(
    name: str, baseline: Baseline, operation: OperationSpec
) -> Iterator[tuple[str, Iterator[Finding]]]:
    yield "recording", _by_recordings(name, baseline, operation)


def _by_recordings(name: str, baseline: Baseline, operation: OperationSpec) -> Iterator[Finding]:
    """Replay the recordings of an operation that are kept beside the tests."""
    for path in sorted((RECORDINGS[name] / operation.name).glob("*.har")):
        for recording in read(path):
            for found in check_recording(recording, baseline.specification, baseline.client):
                broken = Violation(operation.name, found.pointer, "", found.expected, found.found)
                yield Finding("recording", path.name, broken)


def _specification(package: str) -> Specification:
    return Specification.of_package(package)


def _client(package: str) -> type:
    from importlib import import_module

    client: type = import_module(package).TikTok
    return client
