"""Mutants of answers: every fault, at every place of every answer that a right server gives.

Each is shown to all who look at answers: the judge of servers, the client, and the recordings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import httpx

from conformance.baselines import Baseline, Noticed, Verdict
from keyapi import KeyAPIError
from keyapi._models import Model
from keyapi.conformance.capture import method_of
from keyapi.conformance.cases import Case, cases, good
from keyapi.conformance.drivers import KEY, wire
from keyapi.conformance.judge import MEANING, Answer, judge
from keyapi.conformance.recordings import by_client, by_specification
from keyapi.contract import Violation
from keyapi.recording.model import SANDBOX, RecordedCall, Recording
from keyapi.recording.recorder import Recorder
from keyapi.sandbox import FAULTS, Reply, Sandbox
from keyapi.sandbox.faults import Exchange, Mutant
from keyapi.specification import OperationSpec


class Shown(NamedTuple):
    """A right answer, to be spoilt.

    Attributes:
        case: What was asked.
        exchange: What was asked and answered, as faults have it.
        before: Body of the page before, where the case has one.
    """

    case: Case
    exchange: Exchange
    before: bytes | None


def shown(baseline: Baseline, operation: OperationSpec) -> Iterator[Shown]:
    """Yield answers of a right server: one of each kind that faults can tell apart."""
    kinds: dict[Any, Shown] = {}
    for case in cases(operation):
        kind = kind_of(operation, case)
        # Rows that are all alike in the column they are sorted by have no wrong order.
        if kind not in kinds or (kind == "sorted" and not _sortable(kinds[kind])):
            kinds[kind] = _answered(baseline, operation, case)
    yield from kinds.values()


def kind_of(operation: OperationSpec, case: Case) -> str:
    """What tells a case apart: a second page, a sorted one, a filtered one, each refusal."""
    if case.status != int(operation.success):
        return str(case.status)
    word = case.name.split()[0]
    return "page" if case.previous else word if word in ("sorted", "filtered") else "plain"


def _sortable(one: Shown) -> bool:
    return any(FAULTS["wrong-order"].mutants(one.exchange))


def _answered(baseline: Baseline, operation: OperationSpec, case: Case) -> Shown:
    options = {"credits": {"credits": 0}, "pace": {"qps": 1}}.get(case.served, {})
    sandbox = Sandbox(spec=baseline.document, key=KEY, **options)  # type: ignore[arg-type]
    witness = _Witness()
    sandbox._service.faults = [witness]  # type: ignore[list-item]
    if case.served == "pace":
        sandbox.respond(wire(operation, case.arguments))
    before = None
    if case.previous:
        before = sandbox.respond(wire(operation, case.previous)).body
    sandbox.respond(wire(operation, case.arguments, case.key))
    exchange = witness.seen[-1]
    if not exchange.arguments:  # a refusal, which the server did not read the request for
        exchange = exchange._replace(arguments=case.arguments)
    return Shown(case, exchange, before)


class _Witness:
    """Stands among a sandbox's faults and spoils nothing, but sees what they would."""

    def __init__(self) -> None:
        self.seen: list[Exchange] = []

    def due(self, number: int) -> bool:
        return True

    def spoil(self, exchange: Exchange) -> None:
        self.seen.append(exchange)


def judged(
    baseline: Baseline, operation: OperationSpec, one: Shown, faults: Mapping[str, Any] = FAULTS
) -> Iterator[Verdict]:
    """Judge each mutant of an answer.

    Args:
        baseline: The specification, and those who keep to it.
        operation: The operation.
        one: The answer.
        faults: What is planted, by name.
    """
    eyes = Eyes(baseline, operation, one)
    for name, fault in faults.items():
        for mutant in fault.mutants(one.exchange):
            noticed = Noticed()
            eyes.look(name, mutant.reply, noticed)
            yield Verdict(
                kind="answer",
                operator=name,
                where=f"{operation.name}, {one.case.name}: {mutant.pointer or 'the answer'}",
                party="all",
                caught=noticed.found,
                proof="" if noticed.found else eyes.proof(mutant),
            )


class Eyes:
    """All who look at one answer."""

    def __init__(self, baseline: Baseline, operation: OperationSpec, one: Shown) -> None:
        self._original = baseline
        self._operation = operation
        self._one = one
        self._right = one.exchange.reply
        first = next(iter(cases(operation)))
        # Where the client itself refuses the call, it is shown the answer to a good one.
        self._arguments = one.case.arguments if good(one.case) else first.arguments
        self._read = self._by_client("", self._right, Noticed())
        self._recording = self._recorded()

    def look(self, name: str, reply: Reply, noticed: Noticed) -> None:
        """Let them all look at an answer."""
        one, operation = self._one, self._operation
        found = judge(
            self._original.contract,
            operation,
            one.case,
            _answer(reply),
            one.before,
            documented=True,
        )
        for violation in found:
            relation = "meaning" if violation.rule in MEANING else "server -> spec"
            noticed.add(relation, str(violation))
        self._by_client(name, reply, noticed)
        self._by_recording(reply, noticed)

    def _by_client(self, name: str, reply: Reply, noticed: Noticed) -> Any:
        """What the client makes of an answer."""
        told: list[Violation] = []
        operation, caller = self._operation, self._original.caller
        if reply.delivery == "dropped":
            result = self._dropped()
        else:
            answer = _answer(reply)
            sent = caller.call(operation.name, self._arguments, answer, contract=told.append)
            result = sent.result
        read = _as_read(result)
        expected = getattr(self, "_read", read)  # of the right answer, which is read first
        if isinstance(result, KeyAPIError) and read != expected:
            noticed.add("spec -> client", f"raised {type(result).__name__}: {result}")
        elif told:
            noticed.add("spec -> client", f"told {told[0]}")
        elif self._right.status >= 400 and read != expected:
            noticed.add("spec -> client", f"no {expected}, but {read}")
        return read

    def _dropped(self) -> Any:
        """What the client makes of a connection that ends in the middle of an answer."""
        caller, name = self._original.caller, self._operation.name
        method = caller.methods[name, False]
        sandbox = Sandbox(caller.client, spec=self._original.document, faults=["dropped"])
        arguments = caller.arguments(name, self._arguments)
        with sandbox.client(max_retries=0) as client:
            try:
                return method.on(client)(**arguments)
            except KeyAPIError as error:
                return error

    def _by_recording(self, reply: Reply, noticed: Noticed) -> None:
        if reply.delivery == "dropped":
            return  # nothing is recorded of it
        recording = replace(
            self._recording,
            status=reply.status,
            headers=tuple(reply.headers.items()),
            content=reply.body,
        )
        findings = by_specification(recording, self._original.specification)
        if not findings and reply != self._right:
            findings = by_client(recording, self._original.client)
        for finding in findings:
            noticed.add("recording", str(finding))

    def _recorded(self) -> Recording:
        """A recording of the right answer, as one from a sandbox."""
        operation, right, client = self._operation, self._right, self._original.client
        recorded = {one.status: one for one in self._original.recordings(operation)}
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
        """The kind of proof that an answer is as good as the right one; empty where there is none.

        Another validator than the project's own must find that it fits; and either what is read
        of it is the same, or it is what a right server answers where there are no more rows.
        """
        reply, right = mutant.reply, self._right
        as_sent = (reply.status, dict(reply.headers), reply.body)
        if reply.delivery != "dropped" and as_sent == (
            right.status,
            dict(right.headers),
            right.body,
        ):
            return "same bytes"
        if as_sent == self._of_another_right_server():
            return "as another right server"
        if reply.status != right.status or dict(reply.headers) != dict(right.headers):
            return ""
        if not self._fits(reply):
            return ""
        if self._by_client("", reply, Noticed()) == self._read:
            return "fits by another validator, read alike"
        return "as a right server past the end" if reply.json == self._past_the_end() else ""

    def _fits(self, reply: Reply) -> bool:
        from openapi_schema_validator import OAS30Validator

        schema = dict(self._operation.schema(str(reply.status)) or {"not": {}})
        components = self._original.document.get("components", {})
        return bool(OAS30Validator({**schema, "components": components}).is_valid(reply.json))

    def _of_another_right_server(self) -> Any:
        """What a right server answers that asks to wait; it may, or may not."""
        if self._one.case.served != "pace":
            return None
        sandbox = Sandbox(spec=self._original.document, key=KEY, qps=1, retry_after=1)
        asked = wire(self._operation, self._one.case.arguments)
        sandbox.respond(asked)
        reply = sandbox.respond(asked)
        return reply.status, dict(reply.headers), reply.body

    def _past_the_end(self) -> Any:
        """What a right server answers past the last row, with the request id of this answer."""
        if self._one.case.previous:
            for case, served in self._original.asked(self._operation):
                if case.rows == "none":
                    body = served.answer.envelope
                    return {**body, "requestId": self._right.json.get("requestId")}
        return None


def _answer(reply: Reply) -> Answer:
    return Answer(reply.status, reply.headers, reply.body)


def _as_read(result: Any) -> Any:
    """What a caller gets to see of an answer."""
    if isinstance(result, KeyAPIError):
        return type(result).__name__, result.status, result.code, result.message
    rows = list(result) if isinstance(result, list) or hasattr(result, "page_num") else [result]
    return json.dumps([row.to_dict() if isinstance(row, Model) else row for row in rows])
