"""Spec -> client: what the option `contract` tells, logs and raises (docs/contract.md)."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from keyapi import BadRequest, ConfigurationError, ContractViolation
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, Caller, Inexpressible
from keyapi.conformance.drivers._scripted import Reply, Scripted
from keyapi.conformance.judge import JSON, ServerAnswer
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._contract.breaches import Breach, Breaches
from keyapi.conformance.relations._contract.specifications import specifications_as_written
from keyapi.conformance.relations._contract.violations import violations_as_written
from keyapi.conformance.relations._heard import heard
from keyapi.conformance.relations._shared import error_of, violation
from keyapi.contract import Violation
from keyapi.specification import OperationSpec, Specification

_SAMPLE = {1: True, 2: True, 3: False, 4: True, 5: False, 6: False, 7: False, 8: True, 9: False}
"""Whether an answer of that number is looked at for what only bytes and arguments tell."""
_LOGGER = "keyapi.contract"
_KEY_TWICE, _KIND = "a key twice", "content-type"
_LATE = {1023: _KEY_TWICE, 1024: _KEY_TWICE, **dict.fromkeys((1536, 2047, 3071, 3072), _KIND)}
"""What is wrong with later answers, of which each 1024th is looked at."""


@relation("spec -> client", short="s>c", position=4)
def contract_as_documented(
    specification: Specification, operation: OperationSpec, caller: Caller
) -> Iterator[Finding]:
    """Whatever breaks the specification is told, logged or raised, as often as is documented.

    Args:
        specification: The specification; with its first operation, all is looked at that does not
            depend on one.
        operation: The operation, as the one who judges knows it.
        caller: The client.
    """
    first = operation.name == next(iter(specification.operations))
    broken = [*specifications_as_written(), *violations_as_written()] if first else []
    broken += _frozen(caller) if first else []
    try:
        asked = next(iter(cases(operation))).arguments
        if (operation.name, False) in caller.methods:  # or "client -> spec" finds that it is not
            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner, heard(_LOGGER):
                for used in (None, runner):
                    play = _Play(operation, caller, asked, Breaches(operation, asked), used)
                    broken += [*play.raised(), *play.told(), *play.sampled(), *play.refused()]
                    broken += [*play.sampled_late()] if first and used is None else []
    except Inexpressible:
        pass  # likewise
    for found in broken:
        yield Finding("spec -> client", "contract", found)


class _Play(NamedTuple):
    """Plays answers to a client, sync or async, and looks at what it makes of them."""

    operation: OperationSpec
    caller: Caller
    asked: Mapping[str, Any]
    breaches: Breaches
    runner: asyncio.Runner | None

    def raised(self) -> Iterator[Violation]:
        """With "raise", each answer is looked at in full; additions are never raised."""
        made = list(self.breaches.all())
        good = Breach("good", {}, self.breaches.good, ())
        every = [good, good, *made]  # the third is the first one that others do not look at
        client = self._open([each.answer for each in every], "raise")
        for each, plain in zip(every, self._plain(every), strict=True):
            broken = tuple(one for one in each.violations if not one.additive)
            given = client.call(**self._arguments(each.asked))
            expected: Any = plain
            found: Any = _shown(given)
            if broken:
                facts = ("violations", "status", "code", "attempts", "operation")
                told = broken, each.answer.status, 0, 1, self.operation.name
                content, pickled = _content(given), pickle.dumps(given)
                expected = [ContractViolation, told, told, each.answer.content, None, True, False]
                copies = given, pickle.loads(pickled)  # noqa: S301 - made here
                found = [tuple(getattr(one, fact, None) for fact in facts) for one in copies]
                line = f"The response breaks the specification: {broken[0]}" in str(given)
                secret = KEY.encode() in pickled
                found = [type(given), *found, content, _content(copies[1]), line, secret]
            yield from self._differs(f"contract=raise, {each.name}", expected, found)
        yield from self._differs("contract=raise, requests", len(every), len(client.requests))
        client.close()

    def told(self) -> Iterator[Violation]:
        """With a function and with "warn", each kind once, as a warning or as information."""
        made = [each for each in self.breaches.all() if not each.sampled]
        kinds: dict[Any, Violation] = {}
        for each in made:
            for one in each.violations:
                kinds.setdefault(one.kind, one)
        first, plain = [*kinds.values()], self._plain(made)
        levels = {True: "INFO", False: "WARNING"}
        lines = [f"{levels[one.additive]} {one}" for one in first]
        for option in ("function", "warn", "off"):
            told: list[Violation] = []
            called = told.append if option == "function" else option
            client = self._open([each.answer for each in made * 2], called)
            with heard(_LOGGER) as records:
                results = [_shown(client.call(**self._arguments(each.asked))) for each in made * 2]
            client.close()
            yield from self._differs(f"contract={option}, results", plain * 2, results)
            wanted = first if option == "function" else []
            yield from self._differs(f"contract={option}, told", wanted, told)
            if records is not None:
                logged = [f"{record.levelname} {record.getMessage()}" for record in records]
                wanted_lines = lines if option != "off" else []
                yield from self._differs(f"contract={option}, logged", wanted_lines, logged)

    def sampled(self) -> Iterator[Violation]:
        """What only bytes and arguments tell is looked for in answers 1, 2, 4, 8, and so on."""
        made = [each for each in self.breaches.all() if each.sampled]
        for number, each in enumerate(made):
            turns = _SAMPLE if number == 0 else (list(_SAMPLE)[number % len(_SAMPLE)],)
            for turn in turns:
                told: list[Violation] = []
                script = [*[self.breaches.good] * (turn - 1), each.answer]
                client = self._open(script, told.append)
                usual: list[Mapping[str, Any]] = [{}] * (turn - 1)  # which get the good answer
                for asked in (*usual, each.asked):
                    client.call(**self._arguments(asked))
                client.close()
                expected = [*each.violations] if _SAMPLE[turn] else []
                yield from self._differs(f"contract, answer {turn}, {each.name}", expected, told)

    def sampled_late(self) -> Iterator[Violation]:
        """From the 1024th answer on, each 1024th is looked at."""
        made = {each.name: each for each in self.breaches.all()}
        if _KEY_TWICE not in made:
            return
        script = [self.breaches.good] * max(_LATE)
        for number, name in _LATE.items():
            script[number - 1] = made[name].answer
        told: list[tuple[int, str]] = []

        def note(one: Violation) -> None:
            told.append((len(client.requests), one.rule))

        client: Scripted = self._open(script, note)
        for _ in script:
            client.call()
        client.close()
        yield from self._differs(
            "contract, later answers", [(1024, "duplicate-key"), (3072, "content-type")], told
        )

    def refused(self) -> Iterator[Violation]:
        """An error that breaks the specification is raised as itself, and told."""
        schema = self.operation.resolved(self.operation.schema("400") or {})
        if "message" not in schema.get("required", ()):
            return
        body = {"code": 400, "data": None, "requestId": "1"}
        answer = ServerAnswer(400, JSON, json.dumps(body).encode())
        lacking = Violation(self.operation.name, "/message", "required", "a value", "nothing")
        told: list[Violation] = []
        for option in (told.append, "raise"):
            client = self._open([answer], "off")
            raised = client.call(client.client.with_options(contract=option))
            client.close()
            yield from self._differs("contract, a refusal", BadRequest, type(raised))
        yield from self._differs("contract, told of a refusal", [lacking], told)

    # --- What they share ------------------------------------------------------------------

    def _open(self, script: Sequence[ServerAnswer], contract: Any) -> Scripted:
        replies = [Reply(each.status, each.content, each.headers) for each in script]
        given = self._arguments({})
        method = self.caller.methods[self.operation.name, False]
        return Scripted(self.caller, method, given, replies, self.runner, contract=contract)

    def _arguments(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return self.caller.arguments(self.operation.name, {**self.asked, **asked})

    def _plain(self, made: Sequence[Breach]) -> list[Any]:
        """What calls give by a client that does not look."""
        client = self._open([each.answer for each in made], "off")
        results = [_shown(client.call(**self._arguments(each.asked))) for each in made]
        client.close()
        return results

    def _differs(self, rule: str, expected: Any, found: Any) -> Iterator[Violation]:
        if expected != found:
            yield violation(self.operation, rule, expected, found)


def _content(error: Any) -> Any:
    """The body of the response that an error keeps."""
    return getattr(getattr(error, "response", None), "content", None)


def _frozen(caller: Caller) -> Iterator[Violation]:
    """A client whose package has no specification says so when it is made, if it is needed."""
    kind: Any = type("Frozen", (caller.client,), {"_package": "json"})
    for option, expected in (("warn", ConfigurationError), ("off", type(None))):
        for changed in (False, True):
            make = kind(KEY).with_options if changed else partial(kind, KEY)
            found = error_of(make, contract=option)
            told = found is None or "json/openapi.json" in str(found)
            if (type(found), told) != (expected, True):
                yield Violation(
                    "", "", f"frozen, contract={option}", expected.__name__, repr(found)
                )


def _shown(result: Any) -> tuple[str, str]:
    return type(result).__name__, str(result)
