"""Turn exchanges of a live run into recordings, as `scripts/record.py` makes them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from keyapi._client import SyncClient
from keyapi._clients import Method
from keyapi.conformance.capture import Attempt, as_recorded, method_of
from keyapi.conformance.cases import Case
from keyapi.conformance.live.running import Kept
from keyapi.conformance.outcomes import Outcome, Outcomes
from keyapi.specification import OperationSpec, Specification
from pipeline.cli import run
from pipeline.commands.record import write


def keep(
    root: Path,
    client: type[SyncClient],
    specification: Specification,
    kept: Sequence[Kept],
    base_url: str,
    token: str,
) -> bool:
    """Write those exchanges that are outcomes which recordings are kept of.

    Args:
        root: The project's top folder.
        client: The client's class.
        specification: The effective specification.
        kept: The exchanges.
        base_url: The server that was asked.
        token: The key, which is taken out.

    Returns:
        Whether every one of them was written.
    """
    complete = True
    for name in dict.fromkeys(one.operation for one in kept):
        operation, method = specification.operations[name], method_of(client, name)
        attempts = []
        for outcome in Outcomes(specification, method).reachable():
            for one in kept:
                if one.operation == name and says(operation, method, outcome, one.case):
                    made = as_recorded(one.recording, client, method, outcome, base_url)
                    attempts.append(Attempt(outcome, made))
                    break
        written = run(partial(_written, root, name, attempts, token), root)
        complete &= written == 0
    return complete


def _written(root: Path, operation: str, attempts: list[Attempt], token: str) -> int:
    return 0 if write(root, operation, attempts, [token]) else 1


def says(operation: OperationSpec, method: Method, outcome: Outcome, case: Case) -> bool:
    """Whether the call of an outcome sends what a case sent."""
    if outcome.cursor or outcome.status != case.status:  # 401 is for a bad key alone
        return False
    given = {}
    paging = operation.paging
    if paging is not None and paging.kind == "page":  # what the client fills in itself
        given[paging.position] = "1"
        if paging.size and paging.largest:
            given[paging.size] = str(paging.largest)
    sent = {method.wire[argument]: value for argument, value in outcome.arguments.items()}
    given |= {name: str(value) for name, value in sent.items()}
    given = {name: value for name, value in given.items() if sent.get(name, value) is not None}
    return given == {name: str(value) for name, value in case.arguments.items()}
