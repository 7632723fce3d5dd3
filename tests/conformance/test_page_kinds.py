"""The suite holds for operations that promise what the example's pages do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.clients import client_files, loaded
from keyapi._client import SyncClient
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import Caller, sandbox_server
from keyapi.conformance.relations import (
    arguments_checked,
    contract_as_documented,
    credits_counted,
    low_level_as_documented,
    names_as_documented,
    pages_as_documented,
    sandbox_as_documented,
    server_to_spec,
    shared_as_documented,
    spec_to_client,
    texts_as_given,
    walks,
)
from keyapi.conformance.relations._shared import success_answer
from keyapi.conformance.walking.servers import sandbox_walks, walked_sandbox
from keyapi.contract import Contract
from keyapi.specification import Specification
from support.page_shapes import specification
from support.pages import page, paged, query, rows

CURSOR = "Paging cursor. Use the {} of the page before; empty for the first page."
CLIP = {"clip_id": "7001", "title": "The first of them", "likes": 4, "cover": "c" * 200}
CLIPS = rows(clip_id="string", title="string", cover="string", likes="integer")


def _list(path: str, *parameters: dict[str, Any], example: dict[str, Any]) -> str:
    found = {"clips": [CLIP], **example}
    return page(path, parameters=[*parameters], data_schema={"type": "object"}, example=found)


PAGES = {
    # A cursor that is a number in the answer, and text in the request.
    "text.md": _list(
        "/v1/tiktok/clip/list",
        query("marker", CURSOR.format("next_marker")),
        query("user_id", "Whose clips", required=True),
        example={"has_more": True, "next_marker": 1700},
    ),
    # Examples that say that more follows, and not where.
    "empty.md": _list(
        "/v1/tiktok/clip/feed",
        query("cursor", CURSOR.format("cursor")),
        example={"has_more": "true", "cursor": ""},
    ),
    "null.md": _list(
        "/v1/tiktok/clip/latest",
        query("cursor", CURSOR.format("cursor"), "integer"),
        example={"pagination": {"is_end": 0, "cursor": None}},
    ),
    # A cursor whose first value the page shows, with words of its own.
    "first.md": _list(
        "/v1/tiktok/clip/first",
        {**query("offset", "The next page will use max_cursor", required=True), "example": "0"},
        example={"has_more": 1, "max_cursor": 1760, "min_cursor": 1762},
    ),
    # Members whose words the generator parts in other places than the page.
    "members.md": page(
        "/v1/tiktok/clip/top",
        method="post",
        body={
            "type": "object",
            "required": ["sort_by"],
            "properties": {
                "sort_by": {"type": "integer", "description": "1: likes_7d, 2: topGmv30d, 3: h5"},
                "tag": {
                    "oneOf": [
                        {"type": "string"},
                        {"type": "array", "items": {"type": "string"}},
                    ]
                },
            },
        },
        parameters=[
            query("span", kind="string", enum=["7d", "last90Days", "24h-top"]),
            query("kind", "1=Top10A 2=Top_10A 3=top20b", "integer"),
        ],
        data_schema=CLIPS,
        example=[CLIP],
    ),
    # Whoever asks for the documented ids gets the documented row, whatever the seed is.
    "details.md": page(
        "/v1/tiktok/clip/details",
        parameters=[query("clip_ids", "Clip ids, separated by English commas", required=True)],
        data_schema=CLIPS,
        example=[CLIP],
    ),
    # A page of one row, and no smaller one.
    "single.md": page(
        "/v1/tiktok/clip/single",
        parameters=[
            query("page_num", "Page numbers start from 1.", "integer", required=True),
            query("page_size", "At most 1.", "integer", required=True, minimum=1, maximum=1),
        ],
        data_schema=CLIPS,
        example=[CLIP],
    ),
    # A page number in the path, and the next one in the answer.
    "numbers.md": page(
        "/v1/tiktok/clip/numbers/{page}",
        parameters=[{**query("page", "Page", "integer", required=True), "in": "path"}],
        data_schema={"type": "object"},
        example={"clips": [CLIP], "is_last": False, "next_page": 2},
    ),
    "numbered.md": page(
        "/v1/tiktok/clip/numbered",
        parameters=paged(),
        data_schema={"type": "object"},
        example={"clips": [CLIP], "next_page": 2},
    ),
    # Rows that may be null, in data that may be null, too.
    "nulls.md": page(
        "/v1/tiktok/clip/nulls",
        parameters=paged(),
        data_schema={
            "type": "object",
            "nullable": True,
            "properties": {
                "list": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "nullable": True,
                        "properties": {"clip_id": {"type": "string"}},
                    },
                }
            },
        },
        example={"list": [{"clip_id": "9"}, None]},
    ),
    # A map of objects, which is all there is.
    "map.md": page(
        "/v1/tiktok/clip/map",
        data_schema={"type": "object"},
        example={"7001": {"title": "One", "likes": 1}, "7002": {"title": "Two", "likes": 2}},
    ),
    # An answer that says only that something was done.
    "done.md": page("/v1/tiktok/clip/done", data_schema={}).replace("data: {}", ""),
    # Details of a region: a documented id has its row, in the region that is asked for.
    "several.md": page(
        "/v1/tiktok/clip/several",
        parameters=[
            *paged(),
            query("clip_ids", "Clip ids, comma-separated", required=True),
            query("region", "Region code", required=True),
        ],
        data_schema=rows(clip_id="string", title="string", region="string"),
        example=[{"clip_id": "9", "title": "A title", "region": "US"}],
    ),
}
SPEC = Specification(specification(PAGES))
OPERATIONS = {operation.name: operation for operation in SPEC if operation.name.startswith("clip_")}


@pytest.fixture(scope="module")
def client() -> Iterator[type[SyncClient]]:
    with loaded(client_files(SPEC.document)) as generated:
        yield generated


def test_names_are_read_as_the_page_writes_them(client: type[SyncClient]) -> None:
    operation, caller = OPERATIONS["clip_top"], Caller(client)
    found = [
        *arguments_checked(operation, caller, "https://api.keyapi.ai"),
        *names_as_documented(SPEC, operation, caller),
    ]

    assert [str(one) for one in found] == []


def test_objects_in_lists_that_may_hold_null_have_their_class(client: type[SyncClient]) -> None:
    operation, url = OPERATIONS["clip_nulls"], "https://api.keyapi.ai"
    found = low_level_as_documented(SPEC, operation, Caller(client), url)

    assert [str(one) for one in found] == []


@pytest.mark.parametrize("name", ["clip_done", "clip_nulls", "clip_single"])
def test_what_breaks_an_answer_is_judged_beside_what_is_good(
    client: type[SyncClient], name: str
) -> None:
    """Data that no schema names, two rows of which one is null, and pages of one row."""
    found = contract_as_documented(SPEC, OPERATIONS[name], Caller(client))

    assert [str(one) for one in found] == []


@pytest.mark.parametrize("name", [*OPERATIONS])
def test_docstrings_are_those_of_what_the_page_says(client: type[SyncClient], name: str) -> None:
    found = names_as_documented(SPEC, OPERATIONS[name], Caller(client))

    assert [str(one) for one in found] == []


@pytest.mark.parametrize("tag", ["a", ["a", "b"]])
def test_a_property_takes_each_type_that_its_page_lists(
    client: type[SyncClient], tag: str | list[str]
) -> None:
    answer = success_answer(OPERATIONS["clip_top"])
    sent = Caller(client).call("clip_top", {"sort_by": 1, "tag": tag}, answer)

    assert [json.loads(request.content)["tag"] for request in sent.requests] == [tag]


@pytest.mark.parametrize("name", ["clip_feed", "clip_latest"])
def test_an_example_without_the_next_cursor_is_called_all_the_same(
    client: type[SyncClient], name: str
) -> None:
    assert [str(one) for one in credits_counted(OPERATIONS[name], Caller(client))] == []


@pytest.mark.parametrize("rows_of_a_list", [0, 31])
@pytest.mark.parametrize(
    "name", ["clip_list", "clip_single", "clip_several", "clip_numbered", "clip_numbers_page"]
)
def test_walks_hold_whatever_a_list_has(
    client: type[SyncClient], name: str, rows_of_a_list: int
) -> None:
    """`clip_list` resumes with a cursor in the type of the request."""
    contract, operation = Contract(SPEC.document), OPERATIONS[name]
    sandbox = walked_sandbox(rows_of_a_list, client=client)
    found = walks(contract, operation, Caller(client), sandbox_walks(sandbox))

    assert operation.paging is not None
    assert [str(one) for one in found] == []


@pytest.mark.parametrize("name", ["clip_numbered", "clip_numbers_page"])
def test_pages_follow_by_what_answers_say_of_the_next(client: type[SyncClient], name: str) -> None:
    operation, caller = OPERATIONS[name], Caller(client)
    found = [*pages_as_documented(operation, caller), *shared_as_documented(operation, caller)]

    assert operation.paging is not None
    assert operation.paging.says == ("last" if name == "clip_numbers_page" else "next")
    assert [str(one) for one in found] == []


def test_a_page_of_one_row_is_asked_for_no_smaller_one(client: type[SyncClient]) -> None:
    operation, caller = OPERATIONS["clip_single"], Caller(client)
    found = [
        *credits_counted(operation, caller),
        *texts_as_given(operation, caller, "https://api.keyapi.ai"),
        *pages_as_documented(operation, caller),
    ]

    assert [str(one) for one in found] == []


@pytest.mark.parametrize(
    "name", ["clip_list", "clip_single", "clip_several", "clip_nulls", "clip_done", "clip_map"]
)
def test_the_sandbox_answers_every_case(client: type[SyncClient], name: str) -> None:
    serve = sandbox_server(client=client)
    found = server_to_spec(Contract(SPEC.document), OPERATIONS[name], serve)

    assert [str(one) for one in found] == []


def test_a_map_of_objects_is_given_as_received(client: type[SyncClient]) -> None:
    contract, operation = Contract(SPEC.document), OPERATIONS["clip_map"]
    answers = [success_answer(operation)]
    found = spec_to_client(contract, operation, Caller(client), answers)

    assert [str(one) for one in found] == []


def test_an_example_that_does_not_show_what_was_asked_for_promises_no_rows() -> None:
    told = {name: next(cases(operation)).rows for name, operation in OPERATIONS.items()}

    assert told == {
        "clip_list": "",
        "clip_feed": "some",
        "clip_first": "some",
        "clip_latest": "some",
        "clip_top": "",
        "clip_details": "some",
        "clip_nulls": "some",
        "clip_map": "",
        "clip_done": "",
        "clip_single": "some",
        "clip_numbers_page": "some",
        "clip_numbered": "some",
        "clip_several": "some",
    }


@pytest.mark.parametrize(
    ("ids", "listed"),
    [
        (
            [str(number) for number in range(5000)],
            "0 or 1 or 10 or 100 or 1000 or 1001 or 1002 or 4,993 more",
        ),
        (["9", "8"], "8 or 9"),
        (["x" * 500], "x" * 61 + "…"),
        (["x" * 500, "y"], "x" * 51 + "… or 1 more"),
        (["\x1f" * 30, "y"], "\\x1f" * 12 + "\\x1… or 1 more"),
    ],
)
def test_a_violation_names_the_argument_whatever_it_asks_for(ids: list[str], listed: str) -> None:
    body = json.dumps(OPERATIONS["clip_details"].example("200")).encode()
    contract = Contract(SPEC.document)

    (found,) = contract.violations("clip_details", 200, body, arguments={"clip_ids": ids})

    assert found.expected == f"{listed}, as clip_ids asks"


@pytest.mark.parametrize("name", ["clip_details", "clip_several", "clip_top"])
def test_seeds_are_compared_by_rows_that_no_page_documents(
    client: type[SyncClient], name: str
) -> None:
    assert [str(one) for one in sandbox_as_documented(SPEC, OPERATIONS[name], client)] == []
