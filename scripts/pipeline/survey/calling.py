"""Call one operation's method on the sandbox, and run the relations of the contract suite."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from keyapi import KeyAPIError
from keyapi._client import SyncClient
from keyapi.conformance.cases import Case, cases
from keyapi.conformance.drivers import sandbox_server
from keyapi.conformance.mutation.baselines import Baseline
from keyapi.conformance.recordings import RecordingFinding, check_recording
from keyapi.conformance.relations import (
    RELATIONS,
    Finding,
    client_to_spec,
    server_to_spec,
    spec_is_sound,
    spec_to_client,
)
from keyapi.sandbox import Sandbox
from keyapi.specification import OperationSpec, value_at

PAGES = 3
"""How many pages a walk fetches at most."""
_EVERY = 10  # answer around the documented one is parsed: as many as `Baseline.problems` takes


@dataclass(frozen=True)
class Called:
    """What calling an operation came to.

    Attributes:
        sandbox: What the sandbox answers the documented call: status, and how many rows.
        raised: What the method raises with `contract="raise"`; empty where it returns.
        findings: What each relation found, by its title; empty where it holds.
    """

    sandbox: str
    raised: str
    findings: dict[str, list[str]]

    @property
    def holds(self) -> bool:
        """Whether the contract holds throughout."""
        return not self.raised and not any(self.findings.values())

    def to_document(self) -> dict[str, Any]:
        """Write it as JSON data."""
        return {
            "sandbox": self.sandbox,
            "raised": self.raised or None,
            "relations": self.findings,
            "holds": self.holds,
        }


def call(document: dict[str, Any], client: type[SyncClient]) -> Called:
    """Call the one operation of a specification, and run the relations.

    Args:
        document: An effective specification with one operation.
        client: The client made from it.
    """
    baseline = Baseline(document, client)
    (operation,) = baseline.specification
    case = next(iter(cases(operation)))
    with _unlogged():
        return Called(
            _guarded(lambda: _answered(baseline, operation, case)),
            _guarded(lambda: _raised(baseline, operation, case)),
            _findings(baseline, operation),
        )


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep quiet what clients log about the bad answers that relations give them."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


def _answered(baseline: Baseline, operation: OperationSpec, case: Case) -> str:
    answer = sandbox_server(client=baseline.client)(operation, case).answer
    data = value_at(answer.envelope, operation.items or ("data",))
    rows = f", {len(data)} rows" if isinstance(data, list) else ""
    return f"{answer.status}{rows}"


def _raised(baseline: Baseline, operation: OperationSpec, case: Case) -> str:
    """Call the method, and walk over some pages, with the contract checked."""
    caller, name = baseline.caller, operation.name
    with Sandbox(baseline.client).client(contract="raise", max_retries=0) as client:
        try:
            caller.methods[name, False].on(client)(**caller.arguments(name, case.arguments))
            if walk := caller.methods.get((name, True)):
                position = operation.paging.position if operation.paging else ""
                values = {k: value for k, value in case.arguments.items() if k != position}
                arguments = caller.arguments(name, values, walk=True)
                for _ in walk.on(client)(**arguments, max_pages=PAGES):
                    pass
        except KeyAPIError as error:
            return f"{type(error).__name__}: {error}"
    return ""


def _findings(baseline: Baseline, operation: OperationSpec) -> dict[str, list[str]]:
    """What each relation finds, by its title."""
    found: dict[str, list[str]] = {title: [] for title in RELATIONS}
    contract, caller, client = baseline.contract, baseline.caller, baseline.client
    serve = sandbox_server(client=client)
    sample = baseline.answers(operation)[::_EVERY]
    looks: dict[str, Callable[[], Iterable[Finding | RecordingFinding]]] = {
        "spec - page": lambda: spec_is_sound(baseline.specification),
        "client -> spec": lambda: client_to_spec(operation, caller, client.default_base_url),
        "server -> spec": lambda: server_to_spec(contract, operation, serve),
        "spec -> client": lambda: spec_to_client(contract, operation, caller, sample),
        "recording": lambda: _recorded(baseline, operation),
    }
    for title, look in looks.items():
        try:
            for finding in look():
                if isinstance(finding, Finding):
                    text = f"{finding.case}: {finding.violation}"
                    found[finding.relation].append(" ".join(text.split()))
                else:
                    found[title].append(" ".join(str(finding).split()))
        except Exception as error:  # whatever a page that nobody has seen leads to
            found[title].append(f"the relation fails: {type(error).__name__}: {error}")
    return found


def _recorded(baseline: Baseline, operation: OperationSpec) -> Iterator[RecordingFinding]:
    for recording in baseline.recordings(operation):
        yield from check_recording(recording, baseline.specification, baseline.client)


def _guarded(look: Callable[[], str]) -> str:
    try:
        return " ".join(look().split())
    except Exception as error:  # whatever a page that nobody has seen leads to
        return f"{type(error).__name__}: {error}"
