"""Turn exchanges of a live run into recordings, as `scripts/record.py` makes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from keyapi._client import SyncClient
from keyapi._clients import Method
from keyapi.conformance.capture import Attempt, as_recorded, method_of
from keyapi.conformance.cases import Case
from keyapi.conformance.live.results import KeptExchange
from keyapi.conformance.outcomes import Outcome, Outcomes
from keyapi.conformance.writing import Write, put
from keyapi.specification import OperationSpec, Specification


def keep(
    root: Path,
    client: type[SyncClient],
    specification: Specification,
    kept: Sequence[KeptExchange],
    base_url: str,
    token: str,
    write: Write,
) -> bool:
    """Write those exchanges that are outcomes which recordings are kept of.

    Args:
        root: The folder in which recordings go to tests/recordings.
        client: The client's class.
        specification: The effective specification.
        kept: The exchanges.
        base_url: The server that was asked.
        token: The key, which is taken out.
        write: Writes files, by path below `root`.

    Returns:
        Whether every one of them was written.

    Raises:
        OSError: A file cannot be written.
    """
    complete = True
    for name in dict.fromkeys(exchange.operation for exchange in kept):
        operation, method = specification.operations[name], method_of(client, name)
        attempts = []
        for outcome in Outcomes(specification, method).reachable():
            for exchange in kept:
                if exchange.operation == name and says(operation, method, outcome, exchange.case):
                    made = as_recorded(exchange.recording, client, method, outcome, base_url)
                    attempts.append(Attempt(outcome, made))
                    break
        complete &= put(root, name, attempts, [token], write)
    return complete


def says(operation: OperationSpec, method: Method, outcome: Outcome, case: Case) -> bool:
    """Whether the call of an outcome sends what a case sent."""
    if outcome.cursor or outcome.status != case.status:  # 401 is for a bad key alone
        return False
    expected = {}
    paging = operation.paging
    if paging is not None and paging.start is not None:  # what the client fills in itself
        expected[paging.position] = str(paging.start)
        if paging.size and paging.largest:
            expected[paging.size] = str(paging.largest)
    sent = {method.wire[argument]: value for argument, value in outcome.arguments.items()}
    expected |= {name: str(value) for name, value in sent.items()}
    expected = {
        name: value for name, value in expected.items() if sent.get(name, value) is not None
    }
    return expected == {name: str(value) for name, value in case.arguments.items()}
