"""Mutants of a server: every fault that shows only over a walk, planted by a proxy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from keyapi.conformance.cases import Case, cases
from keyapi.conformance.drivers import Serve, Served, wire
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.mutation.baselines import Baseline
from keyapi.conformance.mutation.outcomes import Detections, MutantOutcome
from keyapi.conformance.mutation.planter import Part, Planter
from keyapi.conformance.mutation.server_faults import (
    SERVER_FAULTS,
    Proxy,
    ServerFault,
    Spoiler,
)
from keyapi.conformance.relations import server_to_spec, walks
from keyapi.conformance.walking.rules import Made
from keyapi.conformance.walking.servers import walked_sandbox
from keyapi.specification import OperationSpec

_RIGHT = Spoiler("", lambda passing: None)


class ServerPlanter(Planter):
    """Plants faults in the answers of a sandbox, over whole walks.

    Args:
        faults: The faults, by name.
    """

    place = "server"
    sample = 12

    def __init__(self, faults: Mapping[str, ServerFault] = SERVER_FAULTS) -> None:
        self.operators = self._faults = faults
        self._traffic: dict[str, list[object]] = {}

    def parts(self, baseline: Baseline, operators: Sequence[str]) -> Iterator[Part]:
        """Cut the work into parts: one for each point where an operation can have a fault."""
        for operation in baseline.specification:
            for name in operators:
                for number, _ in enumerate(self._faults[name].spoilers(operation)):
                    yield Part(operation.name, number, (name,))

    def operations(self, baseline: Baseline, operator: str) -> set[str | None] | None:
        """The operations that have a point for a fault."""
        fault = self._faults[operator]
        return {one.name for one in baseline.specification if any(fault.spoilers(one))}

    def outcomes(self, baseline: Baseline, part: Part) -> Iterator[MutantOutcome]:
        """Plant and judge one part of the work."""
        operation = baseline.specification.operations[part.operation]
        for name in part.operators:
            spoilers = list(self._faults[name].spoilers(operation))
            for spoiler in spoilers[part.number : part.number + 1]:
                yield self._outcome(baseline, operation, name, spoiler)

    def _outcome(
        self, baseline: Baseline, operation: OperationSpec, name: str, spoiler: Spoiler
    ) -> MutantOutcome:
        detections = Detections()
        proxy = planted(baseline, operation, spoiler)
        one_by_one = [case for case in cases(operation) if not case.served]
        serve = case_by_case(proxy)
        detections.look_once(server_to_spec(baseline.contract, operation, serve, one_by_one))
        made = Made(operation, baseline.contract)
        server = planted(baseline, operation, spoiler).server
        detections.look_once(
            walks(baseline.contract, operation, baseline.caller, server, made=made)
        )
        return MutantOutcome(
            place=self.place,
            operator=name,
            where=f"{operation.name}, {spoiler.where}",
            driver="client",
            caught=detections.found,
            proof="" if detections.found else self._proof(baseline, operation, made),
        )

    def _proof(self, baseline: Baseline, operation: OperationSpec, made: Made) -> str:
        """Whether the same bytes came as without the fault, in all walks."""
        if operation.name not in self._traffic:
            right = Made(operation, baseline.contract)
            server = planted(baseline, operation, _RIGHT).server
            list(walks(baseline.contract, operation, baseline.caller, server, made=right))
            self._traffic[operation.name] = _traffic(right)
        return "same bytes" if _traffic(made) == self._traffic[operation.name] else ""


def planted(baseline: Baseline, operation: OperationSpec, spoiler: Spoiler) -> Proxy:
    """A new sandbox of a baseline, with a proxy before it that has a fault."""
    sandbox = walked_sandbox(client=baseline.client, spec=baseline.document)
    return Proxy(sandbox, operation, spoiler)


def case_by_case(proxy: Proxy) -> Serve:
    """A proxy to ask case by case."""

    def serve(operation: OperationSpec, case: Case) -> Served:
        before = proxy.respond(wire(operation, case.previous)).body if case.previous else None
        reply = proxy.respond(wire(operation, case.arguments, case.key))
        return Served(ServerAnswer(reply.status, reply.headers, reply.body), before, None)

    return serve


def _traffic(made: Made) -> list[object]:
    return [(walk.steps, made.charged) for walk in (*made.walks, made.refused) if walk is not None]
