"""Mutants of the specification: each is seen by one driver only, the others keep the baseline.

A driver's mutant is caught by one of its relations, or proved by this machine to be equivalent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from conformance.clients import GeneratedBaseline, client_files, loaded, same_code, traffic
from conformance.spec_operators import OPERATORS, Operator, SpecMutant
from keyapi.conformance.bodies import answers
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, Caller, sandbox_server, wire
from keyapi.conformance.judge import JSON, ServerAnswer
from keyapi.conformance.mutation.baselines import (
    Baseline,
    ServedCase,
    as_files,
    judgement,
    keeping,
    recordings,
)
from keyapi.conformance.mutation.outcomes import Detections, MutantOutcome
from keyapi.conformance.mutation.planter import Part, Planter
from keyapi.conformance.recordings import by_specification, check_recording, missing
from keyapi.conformance.relations import (
    Finding,
    client_to_spec,
    low_level_as_documented,
    names_as_documented,
    server_to_spec,
    spec_is_sound,
    spec_to_client,
)
from keyapi.contract import Contract, Violation
from keyapi.sandbox import Sandbox
from keyapi.specification import OperationSpec, Specification

_AT_A_TIME = 3  # mutants that make one part of the work
_FEWEST = 20  # bodies, without which that all of them fit proves little
_TEXTS = (
    *("", " ", "0", "1", "2", "3", "-1", "9", "10", "11", "99999", "100000", "100001"),
    *("1.0", "1.5", "1e0", "01", "+1", "true", "x", "1,2", "ü", "US", "1" * 40),
)
"""What an argument is tried with, where refusals are worded otherwise."""


class SpecPlanter(Planter):
    """Plants faults in a specification, for baselines that are generated.

    Args:
        operators: The operators, by name; the registered ones where they are left out.
    """

    place = "specification"
    sample = 8

    def __init__(self, operators: Mapping[str, Operator] = OPERATORS) -> None:
        self.operators: Mapping[str, Operator] = operators

    def parts(self, baseline: Baseline, operators: Sequence[str]) -> Iterator[Part]:
        """Cut the work into parts of some mutants each."""
        for name in operators:
            count = sum(1 for _ in self._mutants(baseline, name))
            for number in range(0, count, _AT_A_TIME):
                yield Part("", number, (name,))

    def operations(self, baseline: Baseline, operator: str) -> set[str | None]:
        """The operations that an operator's mutants concern; None stands for several."""
        return {mutant.operation for mutant in self._mutants(baseline, operator)}

    def outcomes(self, baseline: Baseline, part: Part) -> Iterator[MutantOutcome]:
        """Plant and judge one part of the work."""
        assert isinstance(baseline, GeneratedBaseline)
        (name,) = part.operators
        mutants = list(self._mutants(baseline, name))
        for mutant in mutants[part.number : part.number + _AT_A_TIME]:
            yield from judged(baseline, mutant)

    def _mutants(self, baseline: Baseline, operator: str) -> Iterator[SpecMutant]:
        return self.operators[operator](dict(baseline.document))


class Planted(NamedTuple):
    """A faulty specification.

    Attributes:
        spec: The specification.
        unsound: What is wrong with it by itself; empty if nothing is.
        valid: Whether it is valid OpenAPI, be its examples as they may.
    """

    spec: dict[str, Any]
    unsound: str
    valid: bool

    @classmethod
    def of(cls, spec: dict[str, Any]) -> Planted:
        """Look at a specification by itself."""
        try:
            finding = next(spec_is_sound(Specification(spec)), None)
        except Exception as error:  # from reading it at all
            return cls(spec, _raised(error), False)
        if finding is None:
            return cls(spec, "", True)
        return cls(spec, str(finding), finding.violation.rule != "openapi")


def judged(baseline: GeneratedBaseline, mutant: SpecMutant) -> Iterator[MutantOutcome]:
    """Judge a mutant, once for each driver and operation that can notice it.

    Args:
        baseline: What the other drivers keep.
        mutant: What one of them sees.
    """
    planted = Planted.of(mutant.spec)
    for operation in baseline.specification:
        if mutant.operation not in (None, operation.name):
            continue
        for driver, judge in DRIVERS.items():
            detections = Detections()
            proof = judge(baseline, planted, operation, detections)
            caught = {**detections.found}
            if planted.unsound and (caught or not proof):
                caught["spec - page"] = planted.unsound
            yield MutantOutcome(
                place="specification",
                operator=mutant.operator,
                where=f"{operation.name} {mutant.pointer}",
                driver=driver,
                caught=caught,
                proof="" if caught else proof,
                sound=not planted.unsound,
            )


# --- The client -------------------------------------------------------------------------------


def _by_client(
    baseline: GeneratedBaseline,
    planted: Planted,
    operation: OperationSpec,
    detections: Detections,
) -> str:
    try:
        files = client_files(planted.spec, valid=planted.valid)
        its = Contract(planted.spec)
        bodies = _bodies(baseline, planted.spec, operation)
        same = same_code(files, baseline.files)
    except Exception as error:  # there is no client then
        detections.add("client -> spec", f"no client: {_raised(error)}")
        return ""
    same_traffic = same
    if not same:
        try:
            with loaded(files) as client:
                caller, base_url = Caller(client), baseline.client.default_base_url
                detections.look_once(client_to_spec(operation, caller, base_url))
                specification = baseline.specification
                detections.look_once(names_as_documented(specification, operation, caller))
                detections.look_once(
                    low_level_as_documented(specification, operation, caller, base_url)
                )
                sample = baseline.sample(operation)
                detections.look_once(spec_to_client(baseline.contract, operation, caller, sample))
                if not detections.found:
                    same_traffic = traffic(caller, operation, sample) == baseline.traffic(operation)
        except Exception as error:
            detections.add("client -> spec", f"no client: {_raised(error)}")
    detections.look_once(other_judgements(baseline, its, operation, bodies))
    if detections.found or not same_traffic:
        return ""
    return f"same {'code' if same else 'traffic'}, same judgements"


def _bodies(
    baseline: GeneratedBaseline, spec: Mapping[str, Any], operation: OperationSpec
) -> list[ServerAnswer]:
    """Answers of either specification: those of the baseline may all be alike to a mutant."""
    specification = Specification(spec)
    its = _counterpart(specification, operation)
    both = [*baseline.answers(operation), *(answers(specification, its) if its else ())]
    different = dict.fromkeys((one.status, one.content) for one in both)
    return [ServerAnswer(status, JSON, content) for status, content in different]


def other_judgements(
    baseline: GeneratedBaseline,
    other: Contract,
    operation: OperationSpec,
    bodies: list[ServerAnswer],
) -> Iterator[Finding]:
    """Find where another contract judges an answer differently than the baseline's.

    It is what "spec -> client" finds, as the client judges by the contract in its package.
    """
    for number, answer in enumerate(bodies):
        expected, found = baseline.judgement(operation, answer), judgement(other, operation, answer)
        if expected != found:
            violation = Violation(operation.name, "", "contract-mode", str(expected), str(found))
            yield Finding("spec -> client", f"body {number} under {answer.status}", violation)
            return


# --- The server -------------------------------------------------------------------------------


def _by_server(
    baseline: GeneratedBaseline,
    planted: Planted,
    operation: OperationSpec,
    detections: Detections,
) -> str:
    kept: list[ServedCase] = []
    try:
        serve = keeping(sandbox_server(client=baseline.client, spec=planted.spec), kept)
        detections.look(server_to_spec(baseline.contract, operation, serve))
    except Exception as error:  # a server that crashes answers nothing
        detections.add("server -> spec", f"no answer: {_raised(error)}")
    if detections.found:
        return ""
    right = baseline.served(operation)
    if kept == right:
        return "same answers to all cases"
    if [_outside(one) for one in kept] != [_outside(one) for one in right]:
        return ""
    refused = [index for index, one in enumerate(right) if one.served.answer.status == 400]
    elsewhere = [
        index for index, pair in enumerate(zip(kept, right, strict=True)) if pair[0] != pair[1]
    ]
    if set(elsewhere) <= set(refused):
        same = _statuses(baseline, planted.spec, operation) == _statuses(
            baseline, baseline.document, operation
        )
        return "same but for the words of refusals" if same else ""
    return "only narrower" if only_narrower(baseline, planted.spec, operation) else ""


def _outside(served: ServedCase) -> tuple[Any, ...]:
    """An answer but for its body."""
    answer = served.served.answer
    return served.case, answer.status, dict(answer.headers), served.served.charged


def _statuses(
    baseline: GeneratedBaseline, spec: Mapping[str, Any], operation: OperationSpec
) -> list[int]:
    """What a server of a specification answers to each argument with each of many texts."""
    sandbox = Sandbox(baseline.client, spec=spec, key=KEY)
    base = next(iter(cases(operation))).arguments
    return [
        sandbox.respond(wire(operation, {**base, name: text})).status
        for name, argument in operation.arguments.items()
        if argument.place == "query"
        for text in _TEXTS
    ]


def only_narrower(
    baseline: GeneratedBaseline, spec: Mapping[str, Any], operation: OperationSpec
) -> bool:
    """Whether each of many bodies that a specification allows is one that the baseline allows.

    Args:
        baseline: The baseline.
        spec: The other specification.
        operation: The operation, as the baseline knows it.
    """
    specification, contract = Specification(spec), Contract(spec)
    its = _counterpart(specification, operation)
    if its is None:
        return False
    allowed = [
        answer
        for answer in answers(specification, its)
        if not contract.violations(its.name, answer.status, answer.content)
    ]
    return len(allowed) >= _FEWEST and not any(
        baseline.contract.violations(operation.name, answer.status, answer.content)
        for answer in allowed
    )


def _counterpart(specification: Specification, operation: OperationSpec) -> OperationSpec | None:
    """The operation of another specification under the same path and method."""
    place = operation.path, operation.method
    return next((one for one in specification if (one.path, one.method) == place), None)


# --- Recordings -------------------------------------------------------------------------------


def _by_recordings(
    baseline: GeneratedBaseline,
    planted: Planted,
    operation: OperationSpec,
    detections: Detections,
) -> str:
    """Recordings written from the mutant, by the baseline; and the baseline's, by the mutant.

    The second is what makes a recording stale: the specification has moved on, it has not.
    """
    try:
        specification = Specification(planted.spec)
        made = recordings(baseline.client, specification, operation)
    except Exception:  # nothing can be recorded, which `missing` says
        specification, made = baseline.specification, []
    right = baseline.recordings(operation)
    same = as_files(made) == as_files(right)
    if not same:
        for text in missing(baseline.specification, made):
            if text.startswith(f"{operation.name} "):
                detections.add("recording", text)
        for one in made:
            for finding in check_recording(one, baseline.specification, baseline.client):
                detections.add("recording", str(finding))
    for one in right:
        for finding in by_specification(one, specification):
            detections.add("recording", str(finding))
    return "same bytes" if same else ""


def _raised(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


Judge = Callable[[GeneratedBaseline, Planted, OperationSpec, Detections], str]
DRIVERS: dict[str, Judge] = {
    "client": _by_client,
    "server": _by_server,
    "recordings": _by_recordings,
}
