"""Mutants of answers: every fault, at every mutation point of every answer of a correct server.

Each is shown to all who look at answers: the judge of servers, the client, and the recordings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import httpx
from openapi_schema_validator import OAS30Validator

from keyapi import KeyAPIError
from keyapi._models import Model
from keyapi.conformance.capture import method_of
from keyapi.conformance.cases import Case, cases, good, is_promised
from keyapi.conformance.drivers import KEY, wire
from keyapi.conformance.judge import ServerAnswer, judge, relation_of
from keyapi.conformance.mutation.baselines import Baseline
from keyapi.conformance.mutation.outcomes import Detections, MutantOutcome
from keyapi.conformance.mutation.planter import Part, Planter
from keyapi.conformance.recordings import by_client, by_specification
from keyapi.contract import Violation
from keyapi.recording.model import SANDBOX, RecordedCall, Recording
from keyapi.recording.recorder import Recorder
from keyapi.sandbox import FAULTS, Reply, Sandbox
from keyapi.sandbox.faults import Exchange, Fault, Mutant
from keyapi.specification import OperationSpec


class AnswerPlanter(Planter):
    """Plants faults in the answers of a correct server.

    Args:
        faults: The faults, by name; the sandbox's own where they are left out.
    """

    place = "answer"
    sample = 60

    def __init__(self, faults: Mapping[str, Fault] = FAULTS) -> None:
        self.operators: Mapping[str, Fault] = faults

    def parts(self, baseline: Baseline, operators: Sequence[str]) -> Iterator[Part]:
        """Cut the work into parts: one for each answer."""
        for operation in baseline.specification if operators else ():
            for number, _ in enumerate(correct_answers(baseline, operation)):
                yield Part(operation.name, number, tuple(operators))

    def outcomes(self, baseline: Baseline, part: Part) -> Iterator[MutantOutcome]:
        """Plant and judge one part of the work."""
        operation = baseline.specification.operations[part.operation]
        shown = list(correct_answers(baseline, operation))[part.number]
        chosen = {name: self.operators[name] for name in part.operators}
        yield from judged(baseline, operation, shown, chosen)


class CorrectAnswer(NamedTuple):
    """A correct answer, to be spoilt.

    Attributes:
        case: What was asked.
        exchange: What was asked and answered, as faults take it.
        before: Body of the page before, if the case has one.
    """

    case: Case
    exchange: Exchange
    before: bytes | None


def correct_answers(baseline: Baseline, operation: OperationSpec) -> Iterator[CorrectAnswer]:
    """Yield answers of a correct server: one of each kind that faults can tell apart."""
    kinds: dict[str, CorrectAnswer] = {}
    for case in filter(partial(is_promised, operation), cases(operation)):
        kind = kind_of(operation, case)
        # Rows that are all alike in the column they are sorted by have no wrong order.
        if kind not in kinds or (kind == "sorted" and not _sortable(kinds[kind])):
            kinds[kind] = _answered(baseline, operation, case)
    yield from kinds.values()


def kind_of(operation: OperationSpec, case: Case) -> str:
    """What tells a case apart: a second page, a sorted one, a filtered one, each refusal."""
    if case.status != operation.success_status:
        return str(case.status)
    word = case.name.split()[0]
    return "page" if case.previous else word if word in ("sorted", "filtered") else "plain"


def _sortable(shown: CorrectAnswer) -> bool:
    return any(FAULTS["wrong-order"].mutants(shown.exchange))


def _answered(baseline: Baseline, operation: OperationSpec, case: Case) -> CorrectAnswer:
    options: dict[str, Any] = {"credits": {"credits": 0}, "pace": {"qps": 1}}.get(case.served, {})
    sandbox = Sandbox(baseline.client, spec=baseline.document, key=KEY, **options)
    witness: Any = _Witness()
    sandbox._service.faults = [witness]
    if case.served == "pace":
        sandbox.respond(wire(operation, case.arguments))
    before = None
    if case.previous:
        before = sandbox.respond(wire(operation, case.previous)).body
    sandbox.respond(wire(operation, case.arguments, case.key))
    exchange: Exchange = witness.seen[-1]
    if not exchange.arguments:  # a refusal, for which the server did not read the request
        exchange = exchange._replace(arguments=case.arguments)
    return CorrectAnswer(case, exchange, before)


class _Witness:
    """Stands among a sandbox's faults and spoils nothing, but sees what they would."""

    arguments = ()

    def __init__(self) -> None:
        self.seen: list[Exchange] = []

    def concerns(self, arguments: Mapping[str, Any]) -> bool:
        return True

    def due(self, number: int) -> bool:
        return True

    def spoil(self, exchange: Exchange) -> None:
        self.seen.append(exchange)


def judged(
    baseline: Baseline,
    operation: OperationSpec,
    shown: CorrectAnswer,
    faults: Mapping[str, Fault] = FAULTS,
) -> Iterator[MutantOutcome]:
    """Judge each mutant of an answer.

    Args:
        baseline: The specification, and the drivers that keep to it.
        operation: The operation.
        shown: The answer.
        faults: What is planted, by name.
    """
    observers = Observers(baseline, operation, shown)
    for name, fault in faults.items():
        for mutant in fault.mutants(shown.exchange):
            detections = Detections()
            observers.look(mutant.reply, detections)
            yield MutantOutcome(
                place="answer",
                operator=name,
                where=f"{operation.name}, {shown.case.name}: {mutant.pointer or 'the answer'}",
                driver="all",
                caught=detections.found,
                proof="" if detections.found else observers.proof(mutant),
            )


class Observers:
    """All who look at one answer.

    Args:
        baseline: The specification, and the drivers that keep to it.
        operation: The operation.
        shown: The correct answer.
    """

    def __init__(self, baseline: Baseline, operation: OperationSpec, shown: CorrectAnswer) -> None:
        self._baseline = baseline
        self._operation = operation
        self._shown = shown
        self._right = shown.exchange.reply
        first = next(iter(cases(operation)))
        # Where the client itself refuses the call, it is shown the answer to a good one.
        self._arguments = shown.case.arguments if good(shown.case) else first.arguments
        self._read = _as_read(self._called(self._right)[0])
        self._recording = self._recorded()

    def look(self, reply: Reply, detections: Detections) -> None:
        """Let them all look at an answer."""
        violations = judge(
            self._baseline.contract,
            self._operation,
            self._shown.case,
            _answer(reply),
            self._shown.before,
            documented=True,
        )
        for violation in violations:
            detections.add(relation_of(violation), str(violation))
        self._by_client(reply, detections)
        self._by_recording(reply, detections)

    def _by_client(self, reply: Reply, detections: Detections) -> None:
        """Compare what the client makes of an answer with what it makes of the correct one."""
        result, reported = self._called(reply)
        read = _as_read(result)
        if isinstance(result, KeyAPIError) and read != self._read:
            detections.add("spec -> client", f"raised {type(result).__name__}: {result}")
        elif reported:
            detections.add("spec -> client", f"reported {reported[0]}")
        elif self._right.status >= 400 and read != self._read:
            detections.add("spec -> client", f"expected {self._read}, found {read}")

    def _called(self, reply: Reply) -> tuple[Any, list[Violation]]:
        """What the client gives or raises for an answer, and what its contract mode reports."""
        if reply.delivery == "dropped":
            return self._dropped(), []
        reported: list[Violation] = []
        sent = self._baseline.caller.call(
            self._operation.name, self._arguments, _answer(reply), contract=reported.append
        )
        return sent.result, reported

    def _dropped(self) -> Any:
        """What the client makes of a connection that ends in the middle of an answer."""
        caller, name = self._baseline.caller, self._operation.name
        method = caller.methods[name, False]
        sandbox = Sandbox(caller.client, spec=self._baseline.document, faults=["dropped"])
        arguments = caller.arguments(name, self._arguments)
        with sandbox.client(max_retries=0) as client:
            try:
                return method.on(client)(**arguments)
            except KeyAPIError as error:
                return error

    def _by_recording(self, reply: Reply, detections: Detections) -> None:
        if reply.delivery == "dropped":
            return  # such an answer is not recorded
        recording = replace(
            self._recording,
            status=reply.status,
            headers=tuple(reply.headers.items()),
            content=reply.body,
        )
        findings = by_specification(recording, self._baseline.specification)
        if not findings and reply != self._right:
            findings = by_client(recording, self._baseline.client)
        for finding in findings:
            detections.add("recording", str(finding))

    def _recorded(self) -> Recording:
        """A recording of the correct answer, as one from a sandbox."""
        operation, right, client = self._operation, self._right, self._baseline.client
        recorded = {
            recording.status: recording for recording in self._baseline.recordings(operation)
        }
        if right.status >= 400 and right.status in recorded:
            comment = SANDBOX.format(0)
            return replace(recorded[right.status], content=right.body, comment=comment)
        method = method_of(client, operation.name)
        python = {wire_name: name for name, wire_name in method.wire.items()}
        arguments = {python[name]: value for name, value in self._arguments.items()}
        answer = httpx.Response(right.status, headers=dict(right.headers), content=right.body)
        recorder = Recorder(httpx.MockTransport(lambda request: answer))
        base_url = client.default_base_url
        with client("any-key", base_url=base_url, max_retries=0, transport=recorder) as opened:
            method.on(opened)(**arguments)
        called = RecordedCall(operation.name, arguments)
        return replace(recorder.recordings[0], called=called, comment=SANDBOX.format(0))

    def proof(self, mutant: Mutant) -> str:
        """The kind of proof that an answer is as good as the correct one; empty if there is none.

        A validator other than the project's own must find that it fits; and it reads the same, or
        all that is missing are items of lists within rows, or it is what a correct server answers
        where there are no more rows.
        """
        reply, right = mutant.reply, self._right
        as_sent = (reply.status, dict(reply.headers), reply.body)
        if reply.delivery != "dropped" and as_sent == (
            right.status,
            dict(right.headers),
            right.body,
        ):
            return "same bytes"
        if as_sent == self._of_another_correct_server():
            return "as another right server"
        if reply.status != right.status or dict(reply.headers) != dict(right.headers):
            return ""
        if not self._fits(reply):
            return ""
        if _as_read(self._called(reply)[0]) == self._read:
            return "fits by another validator, read alike"
        emptied = list(_emptied(self._right.json, reply.json))
        if emptied and not {None, self._operation.items} & {*emptied}:
            return "fits, and no rows are missing from it"
        return "as a right server past the end" if reply.json == self._past_the_end() else ""

    def _fits(self, reply: Reply) -> bool:
        schema = dict(self._operation.schema(str(reply.status)) or {"not": {}})
        components = self._baseline.document.get("components", {})
        return bool(OAS30Validator({**schema, "components": components}).is_valid(reply.json))

    def _of_another_correct_server(self) -> Any:
        """What a correct server answers that asks the caller to wait, which it need not do."""
        if self._shown.case.served != "pace":
            return None
        baseline = self._baseline
        sandbox = Sandbox(baseline.client, spec=baseline.document, key=KEY, qps=1, retry_after=1)
        request = wire(self._operation, self._shown.case.arguments)
        sandbox.respond(request)
        reply = sandbox.respond(request)
        return reply.status, dict(reply.headers), reply.body

    def _past_the_end(self) -> Any:
        """What a correct server answers past the last row, with this answer's request id."""
        if self._shown.case.previous:
            for case, served in self._baseline.served(self._operation):
                if case.rows == "none":
                    body = served.answer.envelope
                    return {**body, "requestId": self._right.json.get("requestId")}
        return None


def _answer(reply: Reply) -> ServerAnswer:
    return ServerAnswer(reply.status, reply.headers, reply.body)


def _emptied(right: Any, found: Any, place: tuple[str, ...] = ()) -> Iterator[Any]:
    """Yield the path of each list that has lost its items; None for any other difference.

    How long a list is, is promised of the list of rows alone, and by the schema.
    """
    if isinstance(right, list) and found == []:
        yield place
    elif isinstance(right, dict) and isinstance(found, dict) and right.keys() == found.keys():
        for key, value in right.items():
            if value != found[key]:
                yield from _emptied(value, found[key], (*place, key))
    elif isinstance(right, list) and isinstance(found, list) and len(right) == len(found):
        for number, (value, other) in enumerate(zip(right, found, strict=True)):
            if value != other:
                yield from _emptied(value, other, (*place, str(number)))
    else:
        yield None


def _as_read(result: Any) -> Any:
    """What a caller gets to see of an answer."""
    if isinstance(result, KeyAPIError):
        return type(result).__name__, result.status, result.code, result.message
    rows = list(result) if isinstance(result, list) or hasattr(result, "page_num") else [result]
    return json.dumps([row.to_dict() if isinstance(row, Model) else row for row in rows])
