"""Tables, data frames and answers that are made otherwise than documented are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keyapi import KeyAPIError, _answer, _columns, _frames, _pages, _paging, _walk, fast
from keyapi.arrow import _rows, _texts, _values
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import pages_as_documented
from keyapi.conformance.relations._pages.golden import golden_answers
from keyapi.conformance.relations._tables.golden import golden_tables
from keyapi.specification import Specification
from keyapi_example import TikTok

Patch = pytest.MonkeyPatch
CALLER = Caller(TikTok)
OPERATIONS = Specification.of_package("keyapi_example").operations


def many_texts_keep_their_order(patch: Patch) -> None:
    patch.setattr(_texts, "_in_order", lambda lists, *_: lists)


def integers_are_floats_in_pandas(patch: Patch) -> None:
    patch.setattr(_frames, "pandas_frame", lambda rows: rows.to_pandas())


def rows_are_called_alike_in_polars(patch: Patch) -> None:
    patch.setattr(_frames, "polars_frame", lambda rows: _frames.pandas_frame(rows))


def arrays_are_made(patch: Patch) -> None:
    patch.setattr(_frames, "refuse_array", lambda kind: [])


def streams_end_at_an_error(patch: Patch) -> None:
    fetch = _pages.PageIterator._fetch_after

    def ended(self: Any, rows: Any) -> None:
        try:
            fetch(self, rows)
        except KeyAPIError as error:
            raise StopIteration from error

    patch.setattr(_pages.PageIterator, "_fetch_after", ended)


def numbers_are_rounded(patch: Patch) -> None:
    patch.setattr(_values, "_number", float)
    arrow, types, _ = _values._PLAIN["double"]
    patch.setitem(_values._PLAIN, "double", (arrow, types, float))


def any_command_will_do(patch: Patch) -> None:
    patch.setattr(_frames, "_missing", lambda method, package: KeyAPIError(method))


def aiohttp_speaks_http2(patch: Patch) -> None:
    patch.setattr(fast.Connections, "__init__", lambda self, **_: None)


TABLES = {
    many_texts_keep_their_order: "table column covers of many",
    integers_are_floats_in_pandas: "table pandas, types",
    rows_are_called_alike_in_polars: "table raised",
    arrays_are_made: "table pandas.DataFrame()",
    any_command_will_do: "extra to_polars without polars",
    aiohttp_speaks_http2: "extra fast with ['http2']",
    streams_end_at_an_error: "table of a walk, sync, to_arrow of an error",
    numbers_are_rounded: "table raised",
}


@pytest.mark.parametrize("fault", TABLES, ids=lambda fault: fault.__name__)
def test_tables_and_frames_that_break_a_promise_are_told(
    fault: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    fault(monkeypatch)
    operations = OPERATIONS["feed_list"], OPERATIONS["influencer_products_analytics"]

    told = [found for each in operations for found in pages_as_documented(each, CALLER)]
    rules = {found.violation.rule for found in told}

    assert TABLES[fault] in rules


def nulls_are_nothing(patch: Patch) -> None:
    made = _rows.to_json
    patch.setattr(_rows, "to_json", lambda value: made(value).replace("null", "0"))


def places_are_paths(patch: Patch) -> None:
    patch.setattr(_values, "place", lambda path: "/".join(map(str, path)))


def a_name_that_is_taken_is_given_again(patch: Patch) -> None:
    patch.setattr(_columns, "free", lambda name, taken: name)


def many_numbers_are_taken_for_exact(patch: Patch) -> None:
    patch.setattr(_texts, "_is_exact", lambda array: True)


BY_HAND = [
    nulls_are_nothing,
    places_are_paths,
    a_name_that_is_taken_is_given_again,
    many_numbers_are_taken_for_exact,
    many_texts_keep_their_order,
]


@pytest.mark.parametrize("fault", BY_HAND, ids=lambda fault: fault.__name__)
def test_tables_differ_from_those_by_hand(
    fault: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    assert all(expected == found for _, expected, found in golden_tables())
    fault(monkeypatch)

    assert not all(expected == found for _, expected, found in golden_tables())


def flags_are_taken_as_they_are(patch: Patch) -> None:
    patch.setattr(_paging, "_FLAGS", {})


def a_zero_names_a_page(patch: Patch) -> None:
    patch.setattr(_paging, "_NO_CURSORS", frozenset({""}))


def cursors_of_any_type_are_taken(patch: Patch) -> None:
    patch.setattr(_paging, "_typed", lambda cursor, *_: cursor)


def rows_are_not_looked_at(patch: Patch) -> None:
    patch.setattr(_answer.Answer, "_rows", lambda self, _: self.success.body["data"])


def empty_pages_never_end(patch: Patch) -> None:
    patch.setattr(_walk, "_EMPTY_PAGES", 11)


ANSWERS = [
    flags_are_taken_as_they_are,
    a_zero_names_a_page,
    cursors_of_any_type_are_taken,
    rows_are_not_looked_at,
    empty_pages_never_end,
]


@pytest.mark.parametrize("fault", ANSWERS, ids=lambda fault: fault.__name__)
def test_answers_differ_from_those_by_hand(
    fault: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    assert all(expected == found for _, expected, found in golden_answers(CALLER))
    fault(monkeypatch)

    assert not all(expected == found for _, expected, found in golden_answers(CALLER))
