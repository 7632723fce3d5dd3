"""A relation with nothing to look at says so, and the stub is found out by what is promised."""

from __future__ import annotations

from typing import Any

import pytest

from keyapi.conformance import scope
from keyapi.conformance.applicable import made_up, never_checked
from keyapi.conformance.cases import documented_arguments
from keyapi.conformance.judge import MEANING
from keyapi.conformance.relations import RELATIONS
from keyapi.conformance.scope import FACETS, absent, nothing
from keyapi.conformance.tally import Count, absences, grouped, table, unlooked
from keyapi.specification import Specification
from support import controls
from support.pages import page, query, rows
from support.specs import effective
from support.stub import Stub

EXAMPLE = Specification.of_package("keyapi_example")
STUB = Stub(EXAMPLE, two_rows=True)
NO_EXAMPLES = {"responses": dict.fromkeys(("400", "401", "402")), "security": None}
BARE = Specification(effective(page("/v1/tiktok/shop/bare", operation=NO_EXAMPLES)))


def test_every_relation_says_what_it_looks_at() -> None:
    assert {facet.relation for facet in FACETS} == set(RELATIONS)


@pytest.fixture(autouse=True)
def _has_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reasons are those of the operation, not of the machine."""
    monkeypatch.setattr(scope, "has_redis", lambda: True)


@pytest.mark.parametrize("facet", FACETS, ids=lambda facet: f"{facet.relation}, {facet.reason}")
def test_what_a_relation_looks_at_is_in_the_example(facet: Any) -> None:
    assert any(facet.has(EXAMPLE, operation) for operation in EXAMPLE)


def test_what_an_operation_does_not_promise_is_not_looked_at() -> None:
    (operation,) = BARE

    assert {relation: absent(relation, BARE, operation) for relation in RELATIONS} == {
        "spec - page": ["no example"],
        "client -> spec": ["no parameters", "not paged"],
        "server -> spec": ["no parameters", "no key needed"],
        "spec -> client": [],
        "recording": ["no example", "no example of success"],
        "meaning": [
            *("no rows", "not paged", "no sort", "no filters", "no echoes", "no JSON text"),
        ],
        "walks": ["not paged"],
        "credits": ["not paged"],
    }


def test_a_machine_without_a_redis_server_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "has_redis", lambda: False)
    (operation,) = BARE

    assert absent("credits", BARE, operation) == ["not paged", "no redis-server is installed"]


def test_a_relation_has_nothing_to_look_at_where_every_facet_is_missing() -> None:
    (operation,) = BARE

    reasons = {relation: nothing(relation, BARE, operation) for relation in RELATIONS}

    assert {relation: reason for relation, reason in reasons.items() if reason} == {
        "spec - page": "no example",
        "recording": "no example, no example of success",
        "walks": "not paged",
    }


def test_a_schema_that_contains_itself_is_searched_for_json_text_all_the_same() -> None:
    tree = {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}}}
    text = page(
        "/v1/tiktok/shop/tree",
        data_schema={"$ref": "#/components/schemas/Tree"},
        extra={"components": {"schemas": {"Tree": tree}}},
    )
    specification = Specification(effective(text))
    (operation,) = specification

    assert "no JSON text" in absent("meaning", specification, operation)


def test_what_was_counted_needs_no_reason_and_what_was_not_is_forgotten() -> None:
    counts = {
        ("spec - page", "shop_bare"): Count(1, 1, 0),
        ("meaning", "shop_bare"): Count(0, 0, 0),
    }

    assert unlooked(BARE, counts) == {
        ("client -> spec", "shop_bare"): "",
        ("server -> spec", "shop_bare"): "",
        ("spec -> client", "shop_bare"): "",
        ("recording", "shop_bare"): "no example, no example of success",
        ("meaning", "shop_bare"): "",
        ("walks", "shop_bare"): "not paged",
        ("credits", "shop_bare"): "",
    }


def test_the_table_has_a_dash_and_the_reason_in_80_columns() -> None:
    lines = list(table({("meaning", "an_operation"): Count(3, 2, 0)}, {("recording", "b"): "none"}))

    assert lines[1].split() == ["recording", "b", "–", "none"]
    assert lines[2].split() == ["meaning", "an_operation", "3", "2", "0"]
    assert max(map(len, lines)) == 80


def test_what_is_partly_missing_is_grouped_by_reason() -> None:
    partly = absences(EXAMPLE, {("meaning", "shop_note"): "no rows"})

    lines = dict(line.removeprefix("– ").split(": ") for line in grouped(partly))

    assert lines["client -> spec, no parameters"] == "shop_categories, shop_note"
    assert "shop_note" not in lines["meaning, no rows"]
    assert lines["recording, no example of success"] == "shop_note"


# --- The negative control ---------------------------------------------------------------------


@pytest.mark.parametrize("fact", controls.CONTROLS)
def test_every_fact_by_which_the_stub_is_found_out_is_in_the_example(fact: str) -> None:
    control = controls.CONTROLS[fact]

    broken = [
        operation.name
        for operation in EXAMPLE
        for case in controls.asked(operation, STUB)
        if control.broken(operation, case, STUB)
    ]

    assert set(broken) >= {one.name for one in EXAMPLE if control.applies(one, STUB)}
    assert broken


def test_every_rule_of_meaning_finds_the_stub_out_or_says_why_it_cannot() -> None:
    rules = {control.rule for control in controls.CONTROLS.values()}

    assert MEANING - rules == set(controls.UNREACHED)


@pytest.mark.parametrize(
    ("kind", "as_text", "first"), [("string", True, ""), ("integer", False, 0)]
)
def test_a_cursor_as_text_is_known_as_one_that_cases_make_up(
    kind: str, as_text: bool, first: int | str
) -> None:
    feed = {
        "type": "object",
        "properties": {"max_cursor": {"type": kind}, "videos": rows(video_id="string")},
    }
    text = page(
        "/v1/tiktok/video/feed",
        parameters=[query("offset", "Cursor", kind, required=True)],
        data_schema=feed,
    )
    (operation,) = Specification(effective(text))

    assert ("positive_data_acceptance" in never_checked(operation)) is as_text
    assert made_up(operation, "offset", "a text")
    assert not made_up(operation, "offset", first)
    assert documented_arguments(operation)["offset"] == first
