"""The suite bites: each relation notices faults of its kind, and no proof excuses one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

import pytest

import keyapi_example
from conformance import spec_mutants
from conformance.clients import GeneratedBaseline, client_files, loaded, same_code
from conformance.spec_operators import OPERATORS, SpecMutant
from keyapi._client import AsyncClient, SyncClient
from keyapi._models import field
from keyapi._operation import Operation
from keyapi._paging import PageNumbers
from keyapi._sending.monitor import ContractMonitor
from keyapi.conformance.bodies import answers
from keyapi.conformance.drivers import Caller, sandbox_server
from keyapi.conformance.mutation import runner
from keyapi.conformance.mutation.answers import Observers, correct_answers, kind_of
from keyapi.conformance.mutation.baselines import Baseline, as_files
from keyapi.conformance.mutation.command import main
from keyapi.conformance.mutation.outcomes import Detections, MutantOutcome
from keyapi.conformance.mutation.runner import Mutation, score
from keyapi.conformance.mutation.table import unnoticed
from keyapi.conformance.recordings import by_specification
from keyapi.conformance.relations import (
    Finding,
    client_to_spec,
    server_to_spec,
    spec_is_sound,
    spec_to_client,
)
from keyapi.contract import Contract, Violation
from keyapi.recording.har import read
from keyapi.sandbox import FAULTS
from keyapi.sandbox.faults import Exchange, Fault, Mutant
from keyapi.specification import OperationSpec, Specification
from keyapi_example.api.influencer import InfluencerResource
from keyapi_example.models import InfluencerProduct
from support.mutation import mutation
from support.specs import EXAMPLE, LISTING, listing

RECORDING = EXAMPLE / "recordings/influencer_products_analytics/200.har"
Patch = pytest.MonkeyPatch


@cache
def baseline() -> GeneratedBaseline:
    return GeneratedBaseline(listing())


@cache
def operation() -> OperationSpec:
    return next(iter(baseline().specification))


def planting(faults: Mapping[str, Fault] = FAULTS) -> Mutation:
    return mutation(faults, document=listing)


def planted(operator: str, place: str = "") -> SpecMutant:
    return next(m for m in OPERATORS[operator](listing()) if m.pointer.endswith(place))


# --- Ten deliberate faults, and more ----------------------------------------------------------


def asked(*faults: str) -> Iterator[Finding]:
    serve = sandbox_server(spec=listing(), faults=faults)
    return server_to_spec(baseline().contract, operation(), serve)


def called(client: type[SyncClient] = keyapi_example.TikTok) -> Iterator[Finding]:
    return client_to_spec(operation(), Caller(client), "https://api.keyapi.ai")


def parsed() -> Iterator[Finding]:
    bodies = list(answers(baseline().specification, operation()))[::25]
    caller = Caller(keyapi_example.TikTok)
    return spec_to_client(baseline().contract, operation(), caller, bodies)


def rows_in_another_order(patch: Patch) -> Iterator[Finding]:
    return asked("wrong-order")


def an_error_under_200(patch: Patch) -> Iterator[Finding]:
    return asked("error-envelope")


def a_count_as_text(patch: Patch) -> Iterator[Finding]:
    return asked("integer-as-text/data/0/total_sale_cnt")


def a_client_of_another_specification(patch: Patch) -> Iterator[Finding]:
    with loaded(client_files(planted("rename parameter").spec)) as client:
        yield from called(client)


def a_method_that_forgets_its_filter(patch: Patch) -> Iterator[Finding]:
    whole = InfluencerResource.products_analytics

    def forgetful(self: Any, *, category_id: str | None = None, **arguments: Any) -> Any:
        return whole(self, **arguments)

    # Its signature is read before the method is replaced.
    caller = Caller(keyapi_example.TikTok)
    patch.setattr(InfluencerResource, "products_analytics", forgetful)
    return client_to_spec(operation(), caller, "https://api.keyapi.ai")


def an_attribute_of_another_property(patch: Patch) -> Iterator[Finding]:
    other: Any = field("product_id")
    other.__set_name__(InfluencerProduct, "product_name")
    patch.setattr(InfluencerProduct, "product_name", other)
    return parsed()


def encoding_drops_a_parameter(patch: Patch) -> Iterator[Finding]:
    whole = Operation.encode

    def lossy(self: Any, arguments: Any) -> Any:
        return whole(self, {k: v for k, v in arguments.items() if k != "sort_type"})

    patch.setattr(Operation, "encode", lossy)
    return called()


def a_full_page_is_taken_for_the_last(patch: Patch) -> Iterator[Finding]:
    whole = PageNumbers.following

    def short(self: Any, arguments: Any, rows: int, body: Any) -> int | None:
        return whole(self, arguments, rows - 1, body)

    patch.setattr(PageNumbers, "following", short)
    return called()


def credits_counted_twice(patch: Patch) -> Iterator[Finding]:
    for kind in (SyncClient, AsyncClient):
        once: Any = kind.credits_spent
        patch.setattr(kind, "credits_spent", property(lambda self, o=once: 2 * o.fget(self)))
    return called()


def a_contract_mode_that_says_nothing(patch: Patch) -> Iterator[Finding]:
    patch.setattr(ContractMonitor, "check", lambda *_: None)
    return parsed()


def an_example_that_does_not_fit(patch: Patch) -> Iterator[Finding]:
    return spec_is_sound(Specification(planted("invalidate example").spec))


def a_reference_to_nowhere(patch: Patch) -> Iterator[Finding]:
    return spec_is_sound(Specification(planted("break reference").spec))


def recorded(spec: dict[str, Any], **changes: Any) -> Iterator[Finding]:
    (recording,) = read(RECORDING)
    for finding in by_specification(replace(recording, **changes), Specification(spec)):
        violation = Violation("", finding.pointer, "", finding.expected, finding.found)
        yield Finding("recording", finding.file, violation)


def a_recording_of_another_answer(patch: Patch) -> Iterator[Finding]:
    return recorded(listing(), content=b'{"code": 0, "message": "success"}')


def a_recording_without_a_parameter_now_required(patch: Patch) -> Iterator[Finding]:
    return recorded(planted("require parameter").spec)


TOLD = {
    rows_in_another_order: ("meaning", "order"),
    an_error_under_200: ("meaning", "code"),
    a_count_as_text: ("server -> spec", "type"),
    a_client_of_another_specification: ("client -> spec", "argument"),
    a_method_that_forgets_its_filter: ("client -> spec", "async"),
    an_attribute_of_another_property: ("spec -> client", "attribute"),
    encoding_drops_a_parameter: ("client -> spec", "query"),
    a_full_page_is_taken_for_the_last: ("client -> spec", "walk"),
    credits_counted_twice: ("client -> spec", "credits"),
    a_contract_mode_that_says_nothing: ("spec -> client", "contract-mode"),
    an_example_that_does_not_fit: ("spec - page", "type"),
    a_reference_to_nowhere: ("spec - page", "openapi"),
    a_recording_of_another_answer: ("recording", ""),
    a_recording_without_a_parameter_now_required: ("recording", ""),
}


@pytest.mark.parametrize("fault", TOLD, ids=lambda fault: fault.__name__)
def test_a_relation_tells_a_deliberate_fault(
    fault: Callable[[Patch], Iterator[Finding]], monkeypatch: Patch
) -> None:
    found = {(one.relation, one.violation.rule) for one in fault(monkeypatch)}

    assert TOLD[fault] in found


@pytest.mark.slow  # the score of any fault begins with this
def test_without_a_fault_no_relation_tells_anything() -> None:
    assert baseline().problems(operation()) == []
    assert [str(one) for one in parsed()] == []
    assert list(recorded(listing())) == []
    assert list(spec_is_sound(baseline().specification)) == []


# --- The command ------------------------------------------------------------------------------


def a_new_header(exchange: Exchange) -> Iterator[Mutant]:
    headers = {**exchange.reply.headers, "x-planted": "1"}
    yield Mutant("", replace(exchange.reply, headers=headers))


def test_the_command_fails_and_names_a_fault_that_nobody_notices(
    capsys: pytest.CaptureFixture[str], monkeypatch: Patch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(runner, "_checks", lambda *_: ())  # of what is wrong without any fault
    faults = {
        "new-header": Fault("new-header", "nothing looks at it", a_new_header, True),
        "error-code": FAULTS["error-code"],
    }
    names = [part for name in faults for part in ("--operator", name)]

    status = main(partial(planting, faults), [*names, "--processes", "1"])

    shown = capsys.readouterr().out
    assert status == 1
    assert "SURVIVED  new-header" in shown
    assert "SURVIVED  error-code" not in shown
    assert "8 caught" in shown
    assert max(len(line) for line in shown.splitlines() if "SURVIVED" not in line) <= 80


@pytest.mark.slow
def test_the_command_fails_where_something_is_wrong_without_a_fault(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ContractMonitor, "check", lambda *_: None)

    status = main(planting, ["--operator", "change cost", "--processes", "1"])

    assert status == 1
    assert "WRONG WITHOUT ANY FAULT" in capsys.readouterr().out


@pytest.mark.slow
def test_two_processes_give_what_one_gives() -> None:
    one, two = (score(planting, ["change cost"], processes=count) for count in (1, 2))

    assert one.good
    assert two.outcomes == one.outcomes
    in_specification = [each for each in one.outcomes if each.place == "specification"]
    assert len(in_specification) == len(spec_mutants.DRIVERS)


def test_a_mutant_that_no_driver_notices_is_listed() -> None:
    seen = [
        MutantOutcome("specification", "an operator", "here", driver, {}, "a proof")
        for driver in spec_mutants.DRIVERS
    ]
    caught = replace(seen[0], caught={"meaning": "told"}, proof="")

    assert unnoticed(seen) == ["an operator: here"]
    assert unnoticed([caught, *seen[1:]]) == []
    assert unnoticed([replace(one, sound=False) for one in seen]) == []


# --- Proofs of equivalence --------------------------------------------------------------------

DIFFERENT = (
    ("rename parameter", "client"),
    ("change cost", "client"),
    ("change server", "client"),
    ("change cost", "server"),
    ("remove security", "server"),
    ("remove request enum value", "server"),
    ("remove response property", "server"),
    ("integer to number", "server"),
    ("invalidate example", "recordings"),
)
PLACES = {
    "integer to number": "/parameters/4/schema/type",
    "remove response property": "/total_sale_cnt",
}


@pytest.mark.parametrize(("operator", "driver"), DIFFERENT)
def test_what_the_relations_miss_is_not_proved_equivalent(
    operator: str, driver: str, monkeypatch: Patch
) -> None:
    for relation in ("client_to_spec", "server_to_spec", "spec_to_client", "check_recording"):
        monkeypatch.setattr(spec_mutants, relation, asking_only(relation))
    for relation in ("by_specification", "missing"):
        monkeypatch.setattr(spec_mutants, relation, lambda *_: [])
    for relation in ("spec_is_sound", "names_as_documented", "low_level_as_documented"):
        monkeypatch.setattr(spec_mutants, relation, lambda *_: iter(()))

    outcomes = spec_mutants.judged(baseline(), planted(operator, PLACES.get(operator, "")))

    (outcome,) = [outcome for outcome in outcomes if outcome.driver == driver]
    assert outcome.survived


def asking_only(relation: str) -> Callable[..., Iterator[Finding]]:
    """A relation that looks as it should, and finds nothing."""
    whole = getattr(spec_mutants, relation)

    def blind(*arguments: Any) -> Iterator[Finding]:
        for _ in whole(*arguments):
            pass
        return iter(())

    return blind


def test_only_what_a_specification_narrows_is_narrower() -> None:
    def narrower(operator: str, place: str) -> bool:
        return spec_mutants.only_narrower(baseline(), planted(operator, place).spec, operation())

    assert narrower("tighten bound", "/total_sale_cnt/minimum")
    assert not narrower("loosen bound", "/total_sale_cnt/minimum")
    assert not narrower("make nullable", "/total_sale_cnt/nullable")
    assert not narrower("remove path", "")


def test_contracts_that_differ_at_one_place_judge_some_answer_differently() -> None:
    def told(spec: dict[str, Any]) -> list[Finding]:
        bodies = baseline().answers(operation())
        return list(spec_mutants.other_judgements(baseline(), Contract(spec), operation(), bodies))

    assert told(listing()) == []
    for operator in ("drop from required", "make nullable", "number to integer"):
        (finding,) = told(planted(operator).spec)
        assert finding.relation == "spec -> client"


def test_code_is_the_same_but_for_docstrings_alone() -> None:
    documented = b'"""One."""\ndef f(x: int) -> int:\n    """Two."""\n    return x\n'

    def same(code: bytes) -> bool:
        return same_code({"a.py": documented}, {"a.py": code, "openapi.json": b"{}"})

    assert same(b"def f(x: int) -> int:\n    return x\n")
    assert not same(b"def f(x: float) -> int:\n    return x\n")
    assert not same(b"def f(x: int) -> int:\n    return -x\n")
    assert not same_code({"a.py": documented}, {"b.py": documented})


def test_recordings_are_the_same_only_byte_for_byte() -> None:
    (recording,) = read(RECORDING)

    assert as_files([recording]) == as_files([replace(recording)])
    assert as_files([recording]) != as_files([replace(recording, content=b"{}")])


@pytest.mark.parametrize(
    ("kind", "fault", "proof"),
    [
        ("plain", "slow", "same bytes"),
        ("plain", "dropped", ""),
        ("plain", "missing-required", ""),
        ("plain", "empty-list", ""),
        ("plain", "no-type", ""),
        ("page", "empty-list", "as a right server past the end"),
        ("page", "page-overlap", ""),
        ("401", "missing-optional", "fits by another validator, read alike"),
        ("401", "text-as-integer", ""),
        ("429", "rate-limited-wait", "as another right server"),
        ("401", "rate-limited-wait", ""),
    ],
)
def test_an_answer_is_proved_as_good_as_the_right_one_only_where_it_is(
    kind: str, fault: str, proof: str
) -> None:
    shown = {
        kind_of(operation(), answer.case): answer
        for answer in correct_answers(baseline(), operation())
    }
    observers = Observers(baseline(), operation(), shown[kind])
    mutant = next(FAULTS[fault].mutants(shown[kind].exchange))

    assert observers.proof(mutant) == proof


def test_an_answer_whose_rows_have_empty_lists_is_as_good_and_one_without_rows_is_not() -> None:
    document = listing()
    rows = next(
        schema
        for schema in document["components"]["schemas"].values()
        if "product_name" in schema.get("properties", {})
    )
    listed = {"type": "array", "items": {"type": "string"}}
    labels = {"type": "object", "properties": {"texts": listed}}
    rows["properties"].update(tags=listed, at_least_one={**listed, "minItems": 1}, labels=labels)
    media = document["paths"][LISTING]["get"]["responses"]["200"]["content"]["application/json"]
    (row,) = media["example"]["data"]
    row.update(tags=["a"], at_least_one=["b"], labels={"texts": ["c"]})
    spec = Specification(document)
    base = Baseline(document, keyapi_example.TikTok)
    shown = next(iter(correct_answers(base, spec.operations["influencer_products_analytics"])))
    observers = Observers(base, shown.exchange.operation, shown)
    proofs = {
        (mutant.pointer or "").rpartition("/")[2]: observers.proof(mutant)
        for mutant in FAULTS["empty-list"].mutants(shown.exchange)
    }

    within = "fits, and no rows are missing from it"
    assert proofs == {"data": "", "tags": within, "texts": within, "at_least_one": ""}


@pytest.mark.parametrize(
    ("kind", "fault", "noticed_by"),
    [
        ("plain", "html-502", {"server -> spec", "spec -> client", "recording"}),
        ("plain", "missing-required", {"server -> spec", "spec -> client", "recording"}),
        ("plain", "dropped", {"spec -> client"}),
        ("401", "text-as-integer", {"server -> spec", "spec -> client", "recording"}),
    ],
)
def test_each_relation_looks_at_an_answer(kind: str, fault: str, noticed_by: set[str]) -> None:
    shown = {
        kind_of(operation(), answer.case): answer
        for answer in correct_answers(baseline(), operation())
    }
    detections = Detections()
    mutant = next(FAULTS[fault].mutants(shown[kind].exchange))

    Observers(baseline(), operation(), shown[kind]).look(mutant.reply, detections)

    assert noticed_by <= set(detections.found)


def test_an_answer_that_is_as_good_is_noticed_by_nobody() -> None:
    shown = next(
        answer
        for answer in correct_answers(baseline(), operation())
        if kind_of(operation(), answer.case) == "401"
    )
    detections = Detections()
    mutant = next(FAULTS["missing-optional"].mutants(shown.exchange))

    Observers(baseline(), operation(), shown).look(mutant.reply, detections)

    assert detections.found == {}
