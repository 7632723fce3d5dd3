"""The option `contract`: what finds, tells or raises something else than documented is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keyapi import _json_text
from keyapi._sending import monitor
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import contract_as_documented
from keyapi.contract import Violation, _excerpts, _found, _response_schema, _semantics, _violation
from keyapi.specification import OperationSpec, Specification
from keyapi_example import TikTok

Patch = pytest.MonkeyPatch
SPECIFICATION = Specification.of_package("keyapi_example")
FIRST, *OTHERS = SPECIFICATION.operations
CALLER = Caller(TikTok)


@pytest.mark.parametrize("name", SPECIFICATION.operations)
def test_nothing_is_told_of_a_client_that_keeps_its_promises(name: str) -> None:
    found = contract_as_documented(SPECIFICATION, SPECIFICATION.operations[name], CALLER)
    assert [str(each) for each in found] == []


def test_nothing_is_told_of_what_the_client_does_not_have() -> None:
    lacking = Caller(TikTok)
    lacking.methods = {}
    operation = SPECIFICATION.operations["shop_list"]
    assert list(contract_as_documented(SPECIFICATION, operation, lacking)) == []


def violations_are_not_told(patch: Patch) -> None:
    patch.setattr(monitor, "_report", lambda violation, action: None)


def a_sample_is_raised(patch: Patch) -> None:
    check = monitor.ContractMonitor.check

    def of_a_sample(self: Any, operation: str, action: Any, *more: Any) -> Any:
        return check(self, operation, "warn" if action == "raise" else action, *more)

    patch.setattr(monitor.ContractMonitor, "check", of_a_sample)


def the_third_answer_is_passed_over(patch: Patch) -> None:
    check = monitor.ContractMonitor.check
    count = 0

    def but_for_the_third(*given: Any) -> Any:
        nonlocal count
        count += 1
        return check(*given) if count % 3 else None

    patch.setattr(monitor.ContractMonitor, "check", but_for_the_third)


def samples_are_never_rare(patch: Patch) -> None:
    patch.setattr(monitor, "_LONGEST_GAP", 512)


def samples_end(patch: Patch) -> None:
    patch.setattr(monitor, "_LONGEST_GAP", 1 << 20)


def ties_are_out_of_order(patch: Patch) -> None:
    patch.setattr(_semantics, "pairwise", lambda values: [*zip(values, values[:1], strict=False)])


def all_is_loud(patch: Patch) -> None:
    described = _response_schema.ResponseSchema._described

    def loud(*given: Any) -> list[Violation]:
        return [each._replace(additive=False) for each in described(*given)]

    patch.setattr(_response_schema.ResponseSchema, "_described", loud)


def one_place_of_a_kind(patch: Patch) -> None:
    patch.setattr(_found, "_PLACES", 1)


def rows_are_lost_between_parts(patch: Patch) -> None:
    patch.setattr(_excerpts, "_parts", lambda rows: iter([(0, rows[:100])]))


def deep_answers_fit(patch: Patch) -> None:
    patch.setattr(_response_schema.ResponseSchema, "_surely_fits", lambda self, body: True)


def controls_are_shown(patch: Patch) -> None:
    patch.setattr(_violation, "displayed", lambda text, longest: text[:longest])


def ranges_are_not_read(patch: Patch) -> None:
    def exactly(self: OperationSpec, status: Any) -> str | None:
        return str(status) if str(status) in self.statuses else None

    patch.setattr(OperationSpec, "documented", exactly)


def text_is_decoded_once(patch: Patch) -> None:
    patch.setattr(_json_text, "_NESTED", 1)


FAULTS: dict[Callable[[Patch], None], tuple[str, str]] = {
    violations_are_not_told: ("shop_detail", "contract=function, told"),
    a_sample_is_raised: ("influencer_products_analytics", "contract=raise, "),
    the_third_answer_is_passed_over: ("shop_list", "contract=raise, "),
    samples_are_never_rare: (FIRST, "contract, later answers"),
    samples_end: (FIRST, "contract, later answers"),
    ties_are_out_of_order: ("shop_list", "contract=raise, order"),
    all_is_loud: ("video_search", "contract="),
    one_place_of_a_kind: (FIRST, "violations, many empty rows"),
    rows_are_lost_between_parts: (FIRST, "violations, some of many"),
    deep_answers_fit: (FIRST, "violations, types"),
    controls_are_shown: (FIRST, "violations, controls"),
    ranges_are_not_read: (FIRST, "made_up_list, status 499"),
    text_is_decoded_once: (FIRST, "decoded "),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_what_breaks_a_promise_is_told(fault: Callable[[Patch], None], monkeypatch: Patch) -> None:
    fault(monkeypatch)
    name, rule = FAULTS[fault]
    found = contract_as_documented(SPECIFICATION, SPECIFICATION.operations[name], CALLER)
    assert any(each.violation.rule.startswith(rule) for each in found)
