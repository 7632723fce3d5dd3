"""Record what operations answer into a project's `tests/recordings`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from keyapi import ConfigurationError
from keyapi._clients import find
from keyapi.conformance.capture import Server, documented, method_of
from keyapi.conformance.outcomes import Outcome, Outcomes
from keyapi.conformance.writing import put
from keyapi.specification import Specification
from pipeline.difference.revisions import MAX_BYTES, MAX_DEPTH
from pipeline.document.files import read_file
from pipeline.document.structure import require_structure
from pipeline.document.values import json_value
from pipeline.errors import PipelineError
from pipeline.project import GENERATED, LOCK, Project
from pipeline.transaction import replace
from pipeline.vendor.merge import operations_in_order

_REMEDY = "Run python scripts/regenerate.py."


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
    spec = _specification(root, client._package)
    pages = {} if server else operations_in_order(Project(root).lock())
    complete = True
    for name in _chosen(request.operations or list(spec.operations), spec.operations, "operation"):
        operation, method = spec.operations[name], method_of(client, name)
        outcomes = _outcomes(request, Outcomes(spec, method))
        if server is not None:
            attempts = server.attempts(operation, method, outcomes)
        else:
            label = f"{operation.method} {operation.path}"
            if label not in pages:
                problem = f"no page documents {label}"
                raise PipelineError(problem, where=LOCK, remedy="Run python scripts/vendor.py.")
            page = pages[label]["page"]
            attempts = documented(client, operation, method, outcomes, page)
        secrets = [server.token] if server else []
        complete &= put(root, name, attempts, secrets, write)
    if server is not None:
        print(f"credits spent: {server.spent}")
    return 0 if complete else 1


def _specification(root: Path, package: str) -> Specification:
    """The effective specification of a generated package, which somebody may have edited."""
    where = f"{GENERATED}/{package}/openapi.json"
    try:
        document = json_value(read_file(root / where, MAX_BYTES), MAX_DEPTH)
        require_structure(document, where, _REMEDY)
        spec = Specification(document)
        for operation in spec:
            operation.schema(operation.success)
    except OSError as error:
        problem = f"cannot read the file: {error.strerror}"
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        problem = f"cannot be used ({type(error).__name__}: {error})"
    else:
        return spec
    raise PipelineError(problem, where=where, remedy=_REMEDY)


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


def write(root: Path, files: Mapping[str, bytes]) -> None:
    """Write recordings into a project; after a crash, the next command finishes or drops them.

    Args:
        root: The project's top folder.
        files: Contents by path below it.

    Raises:
        PipelineError: A file cannot be written.
    """
    replace(root, dict(files))
