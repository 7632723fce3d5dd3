"""What mutants are compared with: one specification and everything made from it, made once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from keyapi._client import SyncClient
from keyapi.conformance.bodies import answers
from keyapi.conformance.capture import documented, method_of
from keyapi.conformance.cases import Case, cases, is_promised
from keyapi.conformance.drivers import Caller, Serve, Served, sandbox_server
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.mutation.outcomes import Detections
from keyapi.conformance.outcomes import Outcomes
from keyapi.conformance.relations import (
    Finding,
    budget_shared_through_redis,
    bytes_as_received,
    client_to_spec,
    contract_as_documented,
    credits_counted,
    files_as_documented,
    low_level_as_documented,
    names_as_documented,
    network_as_documented,
    options_as_documented,
    pages_as_documented,
    recorded_as_documented,
    refusals_as_documented,
    sandbox_as_documented,
    server_to_spec,
    shared_as_documented,
    spec_to_client,
    texts_as_given,
    walks,
)
from keyapi.conformance.walking.servers import sandbox_walks, walked_sandbox
from keyapi.contract import Contract
from keyapi.recording.har import written
from keyapi.recording.model import Recording
from keyapi.specification import OperationSpec, Specification

Judgement = set[tuple[str, str]] | str
"""Pointer and rule of each violation; or what judging raised."""

_A_PAGE = "a page"  # that documented recordings name; nobody reads it


class ServedCase(NamedTuple):
    """A case, and what the server answered."""

    case: Case
    served: Served


class Baseline:
    """A specification, and the drivers that keep to it.

    Args:
        document: The effective specification.
        client: The sync client class made from it; a subclass that makes its own leaves it out.

    Attributes:
        document: The effective specification.
        specification: The same, as typed objects.
        contract: What it promises.
    """

    def __init__(self, document: Mapping[str, Any], client: type[SyncClient] | None = None) -> None:
        self.document = document
        self.specification = Specification(document)
        self.contract = Contract(document)
        self._client = client
        self._caller: Caller | None = None
        self._recordings: dict[str, list[Recording]] = {}
        self._answers: dict[str, list[ServerAnswer]] = {}
        self._served: dict[str, list[ServedCase]] = {}
        self._judgements: dict[tuple[str, int, bytes], Judgement] = {}

    @property
    def client(self) -> type[SyncClient]:
        """The sync client class."""
        if self._client is None:
            self._client = self.make_client()
        return self._client

    def make_client(self) -> type[SyncClient]:
        """Make the client; for subclasses that have a generator.

        Raises:
            NotImplementedError: No client was given, and none can be made.
        """
        raise NotImplementedError("give the baseline its client")

    @property
    def caller(self) -> Caller:
        """Calls the client."""
        if self._caller is None:
            self._caller = Caller(self.client)
        return self._caller

    def answers(self, operation: OperationSpec) -> list[ServerAnswer]:
        """Good and bad answers of an operation."""
        if operation.name not in self._answers:
            self._answers[operation.name] = list(answers(self.specification, operation))
        return self._answers[operation.name]

    def served(self, operation: OperationSpec) -> list[ServedCase]:
        """What a correct server answers to every case."""
        if operation.name not in self._served:
            serve = sandbox_server(client=self.client, spec=self.document)
            self._served[operation.name] = [
                ServedCase(case, serve(operation, case))
                for case in cases(operation)
                if is_promised(operation, case)
            ]
        return self._served[operation.name]

    def judgement(self, operation: OperationSpec, answer: ServerAnswer) -> Judgement:
        """What the contract says of an answer to the documented call."""
        key = operation.name, answer.status, answer.content
        if key not in self._judgements:
            self._judgements[key] = judgement(self.contract, operation, answer)
        return self._judgements[key]

    def recordings(self, operation: OperationSpec) -> list[Recording]:
        """The documented recordings of an operation."""
        if operation.name not in self._recordings:
            self._recordings[operation.name] = recordings(
                self.client, self.specification, operation
            )
        return self._recordings[operation.name]

    def looks(self, operation: OperationSpec) -> Iterator[tuple[str, Iterator[Finding]]]:
        """All relations that need nothing but a client and a sandbox: titles, and what they find.

        Those that take least time come first: whoever needs to know only whether there is a
        finding stops at the first.
        """
        serve = sandbox_server(client=self.client, spec=self.document)
        base_url = self.client.default_base_url
        sample = self.answers(operation)[::10]
        specification, caller = self.specification, self.caller
        yield "client -> spec", client_to_spec(operation, caller, base_url)
        yield "client -> spec", names_as_documented(specification, operation, caller)
        low_level = low_level_as_documented(specification, operation, caller, base_url)
        yield "client -> spec", low_level
        yield "client -> spec", texts_as_given(operation, caller, base_url)
        yield "client -> spec", options_as_documented(operation, caller)
        yield "client -> spec", pages_as_documented(operation, caller)
        yield "spec -> client", spec_to_client(self.contract, operation, caller, sample)
        yield "spec -> client", contract_as_documented(specification, operation, caller)
        yield "spec -> client", refusals_as_documented(operation, caller)
        yield "spec -> client", bytes_as_received(operation, caller)
        yield "credits", credits_counted(operation, caller)
        yield "server -> spec", server_to_spec(self.contract, operation, serve)
        sandbox = sandbox_as_documented(specification, operation, self.client)
        yield "server -> spec", sandbox
        yield "recording", recorded_as_documented(operation, caller)
        yield "recording", files_as_documented(operation, caller)
        yield "walks", shared_as_documented(operation, caller)
        server = sandbox_walks(walked_sandbox(client=self.client, spec=self.document))
        yield "walks", walks(self.contract, operation, self.caller, server)
        yield "client -> spec", network_as_documented(operation, caller)
        yield "credits", budget_shared_through_redis(operation, caller)

    def problems(self, operation: OperationSpec) -> list[str]:
        """What relations find wrong without a fault; such an operation cannot score mutants."""
        detections = Detections()
        for _, findings in self.looks(operation):
            detections.look(findings)
        return list(detections.found.values())


def judgement(contract: Contract, operation: OperationSpec, answer: ServerAnswer) -> Judgement:
    """Where and how an answer breaks a contract; or what judging it raises."""
    try:
        violations = contract.violations(
            operation.name,
            answer.status,
            answer.content,
            headers=answer.headers,
            arguments=next(iter(cases(operation))).arguments,
        )
    except Exception as error:  # whatever an unreadable specification leads to
        return f"{type(error).__name__}: {error}"
    return {(violation.pointer, violation.rule) for violation in violations}


def recordings(
    client: type[SyncClient], specification: Specification, operation: OperationSpec
) -> list[Recording]:
    """Write the documented recordings of an operation, with a client that keeps the baseline.

    Args:
        client: The sync client class.
        specification: The specification that documents the outcomes.
        operation: The operation; the specification's own of that name is recorded.
    """
    method = method_of(client, operation.name)
    outcomes = Outcomes(specification, method).documented()
    specified = specification.operations[operation.name]
    attempts = documented(client, specified, method, outcomes, _A_PAGE)
    return [attempt.recording for attempt in attempts if attempt.recording is not None]


def as_files(made: list[Recording]) -> list[bytes]:
    """The bytes that recordings are written as."""
    return [written([recording]) for recording in made]


def keeping(serve: Serve, kept: list[ServedCase]) -> Serve:
    """A server that keeps what it is asked and answers.

    Args:
        serve: The server.
        kept: Where each case and answer is added.
    """

    def serving(operation: OperationSpec, case: Case) -> Served:
        served = serve(operation, case)
        kept.append(ServedCase(case, served))
        return served

    return serving
