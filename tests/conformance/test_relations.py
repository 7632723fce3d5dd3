"""Each rule of a relation is told by a client or an operation with exactly that fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from keyapi import InvalidResponse, KeyAPIError, RateLimited, ServerError
from keyapi._paging import PageNumbers
from keyapi.conformance.drivers import Caller, Inexpressible, Sent
from keyapi.conformance.judge import JSON, ServerAnswer
from keyapi.conformance.relations import client_to_spec, spec_is_sound, spec_to_client
from keyapi.contract import Contract
from keyapi.specification import OperationSpec, Specification
from keyapi_example import TikTok

EXAMPLE = Specification.of_package("keyapi_example")
CONTRACT = Contract(EXAMPLE.document)
PAGED = EXAMPLE.operations["influencer_products_analytics"]
BASE_URL = TikTok.default_base_url
CALLER = Caller(TikTok)
Fault = Callable[[Sent], Sent]


class Faulty(Caller):
    """Calls the example's client, and then changes what came of the call."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(TikTok)
        self._fault = fault

    def call(self, name: str, values: Mapping[str, Any], answer: ServerAnswer, **rest: Any) -> Sent:
        return self._fault(super().call(name, values, answer, **rest))


def raising(error: Exception) -> Fault:
    def fault(sent: Sent) -> Sent:
        raise error

    return fault


def giving(result: Any) -> Fault:
    return lambda sent: replace(sent, result=result)


def success(operation: OperationSpec = PAGED) -> ServerAnswer:
    return ServerAnswer(200, JSON, json.dumps(operation.example("200")).encode())


def refused(status: int) -> ServerAnswer:
    body = {"code": status, "message": "no", "data": None, "requestId": "1"}
    return ServerAnswer(status, JSON, json.dumps(body).encode())


def without_methods() -> Caller:
    caller = Caller(TikTok)
    caller.methods = {}
    return caller


# --- Spec -> client ---------------------------------------------------------------------------


def error(kind: type[KeyAPIError], status: int) -> KeyAPIError:
    return kind("no", status=status, code=status)


@pytest.mark.parametrize(
    ("fault", "answer", "rule"),
    [
        (raising(Inexpressible("no such argument")), success(), "inexpressible"),
        (raising(AssertionError("sync and async differ")), success(), "async"),
        (raising(ZeroDivisionError()), success(), "exception"),
        (giving(TypeError("no such argument")), success(), "exception"),
        (giving(InvalidResponse("no rows")), success(), "parsed"),
        (giving([]), success(), "to_dict"),
        (giving([]), refused(429), "raised"),
        (giving(error(ServerError, 429)), refused(429), "raised"),
        (giving(error(RateLimited, 500)), refused(500), "raised"),
    ],
)
def test_a_client_that_reads_an_answer_wrongly_is_told(
    fault: Fault, answer: ServerAnswer, rule: str
) -> None:
    found = list(spec_to_client(CONTRACT, PAGED, Faulty(fault), [answer]))

    assert [finding.violation.rule for finding in found] == [rule]
    assert list(spec_to_client(CONTRACT, PAGED, Caller(TikTok), [answer])) == []


def test_a_client_without_the_method_is_told() -> None:
    for found in (
        spec_to_client(CONTRACT, PAGED, without_methods(), [success()]),
        client_to_spec(PAGED, without_methods(), BASE_URL),
    ):
        assert [finding.violation.rule for finding in found] == ["method"]


def test_a_property_without_an_attribute_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    documented = {**PAGED.properties(), "unheard_of": {"type": "string"}}
    monkeypatch.setattr(OperationSpec, "properties", lambda self: documented)

    (found,) = spec_to_client(CONTRACT, PAGED, Caller(TikTok), [success()])

    assert (found.violation.rule, found.violation.expected) == ("attribute", "unheard_of")


# --- Client -> spec ---------------------------------------------------------------------------


def test_a_method_that_cannot_say_a_good_case_is_told() -> None:
    found = list(client_to_spec(PAGED, Faulty(raising(Inexpressible("another type"))), BASE_URL))

    assert {finding.violation.rule for finding in found} == {"inexpressible"}


def test_a_client_whose_async_twin_differs_is_told_for_every_case() -> None:
    found = list(client_to_spec(PAGED, Faulty(raising(AssertionError("they differ"))), BASE_URL))

    assert {finding.violation.rule for finding in found} == {"async"}


def test_a_client_that_sends_nothing_or_twice_is_told() -> None:
    for requests in (lambda sent: [], lambda sent: sent.requests * 2):
        caller = Faulty(lambda sent, requests=requests: replace(sent, requests=requests(sent)))  # type: ignore[misc]
        assert "sent" in {
            finding.violation.rule for finding in client_to_spec(PAGED, caller, BASE_URL)
        }


def test_a_walk_that_cannot_be_made_is_told() -> None:
    class Unwalkable(Caller):
        def arguments(self, *values: Any, walk: bool = False, **rest: Any) -> dict[str, Any]:
            if walk:
                raise Inexpressible("no such argument", "user_id")
            return super().arguments(*values, **rest)

    astray = Caller(TikTok)
    astray.methods[PAGED.name, True] = astray.methods["shop_note", False]

    for caller in (Unwalkable(TikTok), astray):
        (found,) = client_to_spec(PAGED, caller, BASE_URL)
        assert found.case == "walk"


def what_was_asked_for(size: int | None, largest: int) -> int | None:
    return size


def a_row_more(size: int | None, largest: int) -> int | None:
    return size if size is None or size <= largest else largest + 1


def no_short_page(size: int | None, largest: int) -> int | None:
    return size if size is None or size <= largest else None


@pytest.mark.parametrize("fault", [what_was_asked_for, a_row_more, no_short_page])
def test_a_walk_that_takes_a_page_cut_down_for_the_last_is_told(
    fault: Callable[[int | None, int], int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = PageNumbers.following

    def following(self: PageNumbers, arguments: Mapping[str, Any], *rest: Any) -> int | None:
        size = fault(arguments.get("page_size"), self.largest or 1)
        return whole(replace(self, largest=None), {**arguments, "page_size": size}, *rest)

    monkeypatch.setattr(PageNumbers, "following", following)

    assert "walk" in {found.violation.rule for found in client_to_spec(PAGED, CALLER, BASE_URL)}


# --- Spec - page ------------------------------------------------------------------------------


def test_a_specification_that_is_not_valid_is_told_with_the_place() -> None:
    document = json.loads(json.dumps(EXAMPLE.document))
    document["paths"][PAGED.path][PAGED.method.lower()]["responses"] = []

    (found,) = spec_is_sound(Specification(document))

    assert found.violation.rule == "openapi"
    assert found.violation.pointer.startswith("/paths/")
