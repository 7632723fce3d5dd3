"""The contract in production: what is told of an answer, and what is raised."""

from __future__ import annotations

import functools
import json
import logging
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest

from client.conftest import (
    EXAMPLE,
    OPERATION,
    PATH,
    SPEC,
    USER_ID,
    Mode,
    Server,
    pickled,
    refusal,
    success,
)
from keyapi import BadRequest, ConfigurationError, ContractViolation, InvalidResponse, RateLimited
from keyapi.contract import Contract, Violation, json_schema
from keyapi.contract._response_schema import ResponseSchema
from keyapi.contract._semantics import _listed, broken_semantics
from keyapi.specification import Specification

NAME = OPERATION["operationId"]
ROW: dict[str, Any] = EXAMPLE["data"][0]
CONTRACT = Contract(SPEC)


def rows(*changes: dict[str, Any]) -> bytes:
    """An answer whose rows are the documented one, each with some changes; None takes it away."""
    changed = [
        {key: value for key, value in {**ROW, **change}.items() if value != "away"}
        for change in changes
    ]
    return json.dumps({**EXAMPLE, "data": changed}).encode()


NULL = b"null"
CASES: dict[str, tuple[int, bytes, list[tuple[str, str, bool]]]] = {
    "as documented": (200, rows({}, {"product_id": "2"}), []),
    "a wrong type": (
        200,
        rows({}, {"product_id": 5}),
        [("/data/1/product_id", "type", False)],
    ),
    "a null": (200, rows({"product_id": None}), [("/data/0/product_id", "type", False)]),
    "nothing": (200, rows({"product_id": "away"}), [("/data/0/product_id", "required", False)]),
    "a new field": (200, rows({"a/b": 1}), [("/data/0/a~1b", "additionalProperties", True)]),
    "a list in the place of rows": (
        200,
        json.dumps({**EXAMPLE, "data": {}}).encode(),
        [("/data", "type", False)],
    ),
    "an error under 200": (200, refusal(404).content, []),
    "an error under its status": (429, refusal(429).content, []),
    "an error without a message": (
        400,
        b'{"code": 400, "data": null, "requestId": "1"}',
        [("/message", "required", False)],
    ),
    "a status that is not documented": (418, refusal(418).content, [("", "status", False)]),
    "HTML": (200, b"<html>", [("", "json", False)]),
    "NaN": (200, b'{"code": NaN}', [("", "json", False)]),
    "UTF-16": (200, rows({}).decode().encode("utf-16"), [("", "json", False)]),
    "a byte order mark": (200, b"\xef\xbb\xbf" + rows({}), []),
    "nested too deep": (200, b"[" * 100_000, [("", "json", False)]),
    "nested deeper than a validator reads": (
        200,
        rows({"product_id": "@"}).replace(b'"@"', b"[" * 300 + b"]" * 300),
        [("", "json", False)],
    ),
    "half a pair of UTF-16": (
        200,
        rows({"product_id": "\ud800", "new": "\udc00"}),
        [("/data/0/new", "additionalProperties", True)],
    ),
}


@pytest.mark.parametrize(("status", "content", "expected"), CASES.values(), ids=CASES)
def test_each_place_that_breaks_the_specification_is_found(
    status: int, content: bytes, expected: list[tuple[str, str, bool]]
) -> None:
    found = CONTRACT.violations(NAME, status, content)
    assert [(one.pointer, one.rule, one.additive) for one in found] == expected


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (rows({}).replace(b'"code": 0', b'"code": 0, "code": 0'), "duplicate-key"),
        (rows({"total_sale_cnt": 2**63}), "huge-integer"),
        (rows({"total_sale_cnt": -(2**63) - 1}), "huge-integer"),
    ],
)
def test_what_lenient_decoders_hide_is_found_in_the_bytes(content: bytes, rule: str) -> None:
    assert CONTRACT.violations(NAME, 200, content)[0].rule == rule


def test_a_violation_says_where_what_and_how() -> None:
    (found,) = CONTRACT.violations(NAME, 200, rows({"product_id": 5}))
    assert str(found) == f"{NAME} (type): /data/0/product_id: expected type string, found 5"
    (found,) = CONTRACT.violations(NAME, 200, rows({"product_id": ["x" * 200]}))
    assert len(found.found) == 80


SCHEMA = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "enum": [1, 2], "nullable": True, "example": {"$ref": "x"}},
        "part": {"$ref": "#/components/schemas/Part"},
        "not": {"allOf": [{"type": "string"}], "nullable": True},
        "both": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object"}]},
        "list": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
        "map": {"type": "object", "additionalProperties": {"type": "string", "nullable": True}},
        "any": {"type": "object", "additionalProperties": True},
        "properties": {
            "type": "object",
            "properties": {"enum": {"type": "object", "properties": {}}},
        },
    },
}
COMPONENTS = {
    "Part": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Part"}}},
    "Base": {"type": "object", "properties": {"id": {"type": "string"}}},
    "Other": {"type": "string"},
}


def judged(body: Any) -> list[tuple[str, str, bool]]:
    media = {"application/json": {"schema": SCHEMA}}
    node = {"operationId": "op", "responses": {"200": {"content": media}}}
    spec = {"paths": {"/a": {"get": node, "summary": "A"}}, "components": {"schemas": COMPONENTS}}
    contract = Contract(spec)
    found = contract.violations("op", 200, json.dumps(body).encode())
    fits = contract.checker("op", 200)
    assert fits is not None
    assert fits(body) == (not found)  # the quick look says the same
    return [(one.pointer, one.rule, one.additive) for one in found]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"size": 1, "part": {"next": {}}, "both": {"new": 1}, "list": [{}], "map": {"a": None}},
            [],
        ),
        ({"size": None}, []),
        ({"size": 3}, [("/size", "enum", True)]),
        ({"size": 1, "not": {}}, [("/not", "anyOf", False)]),
        (
            {"size": 1, "part": {"next": {"new": 1}}},
            [("/part/next/new", "additionalProperties", True)],
        ),
        ({"size": 1, "map": {"a": 1}}, [("/map/a", "type", False)]),
        ({"size": 1, "any": {"new": 1}}, []),
        ({"size": 1, "list": {}}, [("/list", "type", False)]),
        (
            {"size": 1, "properties": {"enum": {"new": 1}}},
            [("/properties/enum/new", "additionalProperties", True)],
        ),
    ],
)
def test_schemas_of_openapi_are_read_as_they_are_meant(
    body: Any, expected: list[tuple[str, str, bool]]
) -> None:
    assert judged(body) == expected


def test_half_a_pair_of_utf_16_counts_as_a_character() -> None:
    spec = {"components": {"schemas": {}}}
    code = {"type": "string", "pattern": "^.x$"}
    schema = ResponseSchema(spec, {"type": "object", "properties": {"code": code}})
    assert not list(schema.violations("op", {"code": "\ud800x"}))
    assert [each.rule for each in schema.violations("op", {"code": "\ud800y"})] == ["pattern"]


def test_a_schema_stands_alone_with_what_it_refers_to() -> None:
    alone = json_schema({"components": {"schemas": COMPONENTS}}, SCHEMA)
    assert alone["components"]["schemas"].keys() == {"Part", "Base"}
    assert "example" not in json.dumps(alone)


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (40, "abc or def or ghijklm"),
        (20, "abc or def or 1 more"),
        (17, "abc or 2 more"),
        (12, "a… or 2 more"),
    ],
)
def test_of_many_expected_texts_those_are_listed_that_there_is_room_for(
    room: int, shown: str
) -> None:
    assert _listed(["abc", "def", "ghijklm"], room) == shown


# --- Meaning ----------------------------------------------------------------------------------

ASKED = {"user_id": USER_ID, "page_num": 2, "page_size": 3}
SORTED = {**ASKED, "influencer_product_sort_field": 1, "sort_type": 1}


def sold(*counts: Any) -> bytes:
    return rows(*({"product_id": str(n), "total_sale_cnt": c} for n, c in enumerate(counts)))


@pytest.mark.parametrize(
    ("asked", "content", "expected"),
    [
        (ASKED, sold(1, 2, 3), []),
        (ASKED, sold(1, 2, 3, 4), [("/data", "page-size")]),
        ({"user_id": USER_ID}, sold(*range(11)), [("/data", "page-size")]),
        (SORTED, sold(3, 3, 1), []),
        (SORTED, sold(3, 1, 2), [("/data/2/total_sale_cnt", "order")]),
        ({**SORTED, "sort_type": 0}, sold(1, 1, 3), []),
        ({**SORTED, "sort_type": 0}, sold(3, 1, 2), [("/data/1/total_sale_cnt", "order")]),
        ({**SORTED, "sort_type": None}, sold(3, 1, 2), []),
        ({**SORTED, "sort_type": 9}, sold(3, 1, 2), []),
        (SORTED, sold("x", 3), [("/data/0/total_sale_cnt", "type")]),
        ({**ASKED, "category_id": "601450"}, sold(1), []),
        ({**ASKED, "category_id": "5"}, sold(1), [("/data/0/category_id", "filter")]),
        ({**ASKED, "category_id": ["5", "601450"]}, sold(1), []),
        ({**ASKED, "user_id": "5"}, sold(1, 2), [("/data/0/user_id", "echo")]),
        (ASKED, rows({}, {"product_id": "2"}, {}), [("/data/2", "repeated-row")]),
        (ASKED, rows({"cover_url": "[{"}), [("/data/0/cover_url", "json-text")]),
        (ASKED, rows({"cover_url": '[{"url": 5}]'}), [("/data/0/cover_url/0/url", "type")]),
        (ASKED, rows({"cover_url": ""}), []),
        (ASKED, json.dumps({**EXAMPLE, "data": [5]}).encode(), [("/data/0", "type")]),
        (
            {**ASKED, "category_id": "5"},
            json.dumps({**EXAMPLE, "data": [5, ROW]}).encode(),
            [("/data/0", "type"), ("/data/1/category_id", "filter")],
        ),
    ],
)
def test_rows_are_judged_by_what_was_asked(
    asked: dict[str, Any], content: bytes, expected: list[tuple[str, str]]
) -> None:
    found = CONTRACT.violations(NAME, 200, content, arguments=asked)
    assert [(one.pointer, one.rule) for one in found] == expected


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"text": "hello"}, []),
        ({}, []),
        ({"paid": 1}, []),
        ({"id": "1"}, ["repeated-row"]),
        ({"videoId": "1"}, ["repeated-row"]),
        ({"product_id": "1"}, ["repeated-row"]),
        ({"text": "hello", "start": 1}, ["repeated-row"]),
    ],
)
def test_equal_rows_of_one_column_that_is_no_id_are_not_one_row_twice(
    row: dict[str, Any], found: list[str]
) -> None:
    operation, page = Specification(SPEC).operations[NAME], {"data": [row, {"x": 1, "y": 2}, row]}

    def broken(**before: Any) -> list[str]:
        return [each.rule for each in broken_semantics(operation, page, {}, before or None)]

    assert broken() == found
    assert broken(data=[row]) == [*found, *(["overlap"] if found else [])]


@pytest.mark.parametrize(
    ("before", "found"),
    [
        (sold(9, 8), []),
        (sold(0, 2), [("/data/1", "overlap")]),
        (b"<html>", []),
        (b'{"data": 5}', []),
    ],
)
def test_a_page_does_not_repeat_the_page_before(before: bytes, found: list[Any]) -> None:
    violations = CONTRACT.violations(NAME, 200, sold(1, 2), before=before)
    assert [(one.pointer, one.rule) for one in violations] == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("application/json", []),
        ("Application/JSON; charset=utf-8", []),
        ("application/vnd.api+json", []),
        ("application/json+xml", [("", "content-type")]),
        ("text/html", [("", "content-type")]),
        (None, [("", "content-type")]),
    ],
)
def test_the_content_type_is_judged(given: str | None, found: list[Any]) -> None:
    headers = {} if given is None else {"content-type": given}
    violations = CONTRACT.violations(NAME, 200, rows({}), headers=headers)
    assert [(one.pointer, one.rule) for one in violations] == found


@pytest.mark.parametrize("key", ["4XX", "default"])
def test_a_range_and_a_default_document_statuses_too(key: str) -> None:
    spec = deepcopy(SPEC)
    responses = next(
        node["responses"]
        for item in spec["paths"].values()
        for node in item.values()
        if node["operationId"] == NAME
    )
    error = responses.pop("400")
    undocumented = Contract(spec)
    assert [one.rule for one in undocumented.violations(NAME, 400, refusal(400).content)] == [
        "status"
    ]
    responses[key] = error
    contract = Contract(spec)
    assert contract.violations(NAME, 400, refusal(400).content) == []
    broken = b'{"code": 400, "data": null, "requestId": "1"}'
    assert [one.rule for one in contract.violations(NAME, 400, broken)] == ["required"]


def test_json_of_unknown_content_need_only_be_json() -> None:
    spec = deepcopy(SPEC)
    cover = spec["components"]["schemas"]["InfluencerProduct"]["properties"]["cover_url"]
    del cover["x-keyapi"]["decoded"]
    for text, rules in (('{"any": 1}', []), ("{", ["json-text"])):
        found = Contract(spec).violations(NAME, 200, rows({"cover_url": text}))
        assert [one.rule for one in found] == rules


def test_a_property_without_a_name_is_judged_as_others() -> None:
    spec = deepcopy(SPEC)
    nested = {"type": "object", "properties": {"": {"type": "string"}}}
    properties = spec["components"]["schemas"]["InfluencerProduct"]["properties"]
    properties.update({"": {"type": "object", "properties": {"": nested}}})
    for value, expected in (({"": {"": "a"}}, []), ({"": {"": 7}}, ["type string"])):
        found = Contract(spec).violations(NAME, 200, rows({"": value}))
        assert [one.expected for one in found] == expected


def test_arguments_are_read_from_a_request() -> None:
    url = "https://x/?user_id=1&page_num=2&page_size=x&other=1"
    request = httpx.Request("GET", url, content=b'{"sort_type": 1, "new": 2}')
    found = CONTRACT.arguments(NAME, request)
    assert found == {"user_id": "1", "page_num": 2, "page_size": "x", "sort_type": 1}
    assert CONTRACT.arguments(NAME, httpx.Request("GET", "https://x", content=b"[")) == {}


# --- Of a package -----------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name of a package that is not loaded yet, with the committed specification."""
    folder = tmp_path / "keyapi_read_once"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "openapi.json").write_text(json.dumps(SPEC), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder.name
    sys.modules.pop(folder.name, None)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The packages whose specification was read, in order."""
    packages: list[str] = []
    of_package = Specification.of_package

    def read(package: str) -> Specification:
        packages.append(package)
        time.sleep(0.01)  # other threads ask meanwhile
        return of_package(package)

    monkeypatch.setattr(Specification, "of_package", read)
    return packages


def test_the_contract_of_a_package_is_read_once_for_all_threads(
    package: str, readings: list[str]
) -> None:
    with ThreadPoolExecutor(8) as threads:
        contracts = list(threads.map(Contract.of_package, [package] * 8))
    assert {id(contract) for contract in contracts} == {id(contracts[0])}
    assert readings == [package]


def test_clients_share_the_contract_of_their_package_and_read_it_when_first_needed(
    mode: Mode, server: Server, package: str, readings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mode.client, "_package", package)
    mode.page()
    assert readings == []
    for _ in range(2):
        mode.page(options={"contract": "warn"})
    changed = {"contract": "raise", "token": "sk_other"}
    mode.call(lambda client: _products(client.with_options(**changed)))
    assert len(server.requests) == 4
    assert readings == [package]


def test_a_package_that_is_loaded_again_is_read_again(package: str, readings: list[str]) -> None:
    first = Contract.of_package(package)
    del sys.modules[package]
    assert Contract.of_package(package) is not first
    assert readings == [package] * 2


def _products(client: Any) -> Any:
    return client.influencer.products_analytics(user_id=USER_ID)


# --- In the client ----------------------------------------------------------------------------


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    records = [record for record in caplog.records if record.name == "keyapi.contract"]
    return [(record.levelname, record.getMessage().split(": ")[1]) for record in records]


def use(mode: Mode, times: int, contract: Any) -> list[Any]:
    client = mode.open(contract=contract, max_retries=0)
    mode.open = lambda **_: client  # type: ignore[method-assign]

    async def calls() -> list[Any]:
        return [await client.influencer.products_analytics(user_id=USER_ID) for _ in range(times)]

    if mode.name == "async":
        return list(mode.call(lambda _: calls()))
    return list(
        mode.call(
            lambda _: [client.influencer.products_analytics(user_id=USER_ID) for _ in range(times)]
        )
    )


def test_each_kind_of_violation_is_told_once(
    mode: Mode, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.rows = [{**ROW, "product_id": 5}, {**ROW, "product_id": 6, "new": 1}]
    pages = use(mode, 25, "warn")
    assert [len(page) for page in pages] == [2] * 25
    assert told(caplog) == [("WARNING", "/data/0/product_id"), ("INFO", "/data/1/new")]


@pytest.mark.parametrize("times", [1, 2, 3, 23])
def test_additions_are_told_of_the_first_answer_that_has_them(
    mode: Mode, server: Server, caplog: pytest.LogCaptureFixture, times: int
) -> None:
    caplog.set_level(logging.INFO)

    def answer(request: httpx.Request) -> httpx.Response:
        server.requests.append(request)
        return success([{**ROW, "new": 1} if len(server.requests) >= times else ROW])

    mode.server = answer
    use(mode, times, "warn")
    assert told(caplog) == [("INFO", "/data/0/new")]


def test_the_bytes_are_read_at_first_often_then_rarely_but_without_end(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = 0
    read: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal answered
        answered += 1
        body = rows({}).replace(b'"code"', b'"code": 0, "code"', 1)
        return httpx.Response(200, headers={"content-type": "application/json"}, content=body)

    def violations(*args: Any, **more: Any) -> list[Violation]:
        read.append(answered)
        return found(*args, **more)

    found = CONTRACT.violations
    monkeypatch.setattr(Contract, "violations", lambda _, *args, **more: violations(*args, **more))
    seen: list[Violation] = []
    mode.server = answer
    monkeypatch.setattr("keyapi._sending.monitor._LONGEST_GAP", 8)
    use(mode, 33, seen.append)
    assert read == [1, 2, 4, 8, 16, 24, 32]
    assert [one.rule for one in seen] == ["duplicate-key"]


@pytest.mark.parametrize("change", [{"product_id": 5}, {"new": 1}, {"product_id": "away"}])
def test_a_quick_look_misses_no_change_of_a_row(change: dict[str, Any]) -> None:
    fits = CONTRACT.checker(NAME, 200)
    assert fits is not None
    assert fits(json.loads(rows({}, {})))
    assert not fits(json.loads(rows({}, change)))
    assert not fits(json.loads(rows({}, {"product_id": "away", "new": 1})))


def test_a_success_under_a_status_that_is_not_documented_is_told_once(
    mode: Mode, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    json_type = {"content-type": "application/json"}
    server.always = httpx.Response(201, headers=json_type, content=rows({}))
    assert len(use(mode, 3, "warn")) == 3
    assert told(caplog) == [("WARNING", "the whole response")]


def test_a_function_is_told_too(mode: Mode, server: Server) -> None:
    found: list[Violation] = []
    server.rows = [{**ROW, "product_id": 5}]
    use(mode, 2, found.append)
    assert [one.pointer for one in found] == ["/data/0/product_id"]


def test_a_violation_is_raised_each_time_where_asked(mode: Mode, server: Server) -> None:
    server.rows = [{**ROW, "product_id": 5}]
    for _ in range(2):
        with pytest.raises(ContractViolation, match="/data/0/product_id") as caught:
            mode.page(options={"contract": "raise"})
    error = caught.value
    assert [one.pointer for one in error.violations] == ["/data/0/product_id"]
    assert (error.status, error.code, error.attempts, error.operation) == (200, 0, 1, NAME)
    assert pickled(error).violations == error.violations


@pytest.mark.parametrize("contract", ["off", "raise"])
def test_an_addition_is_never_raised(mode: Mode, server: Server, contract: str) -> None:
    server.rows = [{**ROW, "new": 1}]
    assert len(mode.page(options={"contract": contract})) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(429), RateLimited),
        (refusal(200, 400), BadRequest),
        (httpx.Response(400, json={"code": 400}), BadRequest),
        (httpx.Response(200, text="<html>"), InvalidResponse),
    ],
)
def test_an_error_is_raised_as_itself(
    mode: Mode, server: Server, answer: httpx.Response, error: type[Exception]
) -> None:
    server.always = answer
    with pytest.raises(error):
        mode.page(options={"contract": "raise", "max_retries": 0})


def test_requests_by_hand_are_not_judged(
    mode: Mode, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.rows = [{**ROW, "product_id": 5}]
    path = "/x?page_num=1&page_size=1"

    def by_hand(client: Any) -> Any:
        if mode.name == "sync":
            return client.get_httpx_client().get(path)
        return client.get_async_httpx_client().get(path)

    assert mode.call(by_hand, contract="raise").status_code == 200
    assert told(caplog) == []


@pytest.mark.parametrize("changed", [False, True])
def test_a_contract_without_its_specification_is_refused_when_the_client_is_made(
    mode: Mode, changed: bool
) -> None:
    """As in a frozen program that left the package's data out."""
    kind: Any = type("Frozen", (mode.client,), {"_package": "json"})
    make = kind("key").with_options if changed else functools.partial(kind, "key")
    with pytest.raises(ConfigurationError, match=r"json/openapi\.json.*--collect-data"):
        make(contract="warn")


def test_nothing_is_said_of_an_error_whose_page_shows_no_answer() -> None:
    spec = deepcopy(SPEC)
    responses = spec["paths"][PATH]["get"]["responses"]
    for status in [status for status in responses if status != "200"]:
        responses[status] = {"description": "refused"}
    contract = Contract(spec)
    assert contract.violations(NAME, 400, b"whatever") == []
    assert contract.violations(NAME, 200, refusal(400).content) == []


def test_an_order_that_is_neither_up_nor_down_promises_nothing() -> None:
    spec = deepcopy(SPEC)
    direction = spec["components"]["schemas"]["SortType"]
    direction["enum"].append(2)
    direction["x-enum-varnames"].append("shuffled")
    content = rows({"total_sale_cnt": 1}, {"total_sale_cnt": 3}, {"total_sale_cnt": 2})
    arguments = {"influencer_product_sort_field": 1, "sort_type": 2}
    found = Contract(spec).violations(NAME, 200, content, arguments=arguments)
    assert "order" not in {one.rule for one in found}


# --- However large a response is --------------------------------------------------------------


NEW = {f"k{number}": number for number in range(5000)}


def _found(data: Any, **top: Any) -> list[Violation]:
    return CONTRACT.violations(NAME, 200, json.dumps({**EXAMPLE, **top, "data": data}).encode())


def test_of_many_broken_rows_the_first_are_listed_and_others_counted() -> None:
    began = time.process_time()
    found = _found([{**ROW, "product_id": 5}] * 20_000)
    assert time.process_time() - began < 10
    assert [one.rule for one in found].count("type") == 10
    assert found[0].more > 900
    assert f"and {found[0].more} places more" in str(found[0])


def test_one_broken_row_is_found_wherever_it_is() -> None:
    rows_: list[Any] = [{**ROW, "product_id": f"a{number}"} for number in range(3000)]
    assert [one for one in _found(rows_) if one.rule == "type"] == []
    for place in (0, 99, 100, 1234, 2999):
        broken = [*rows_[:place], {**rows_[place], "product_id": 5}, *rows_[place + 1 :]]
        (found,) = [one for one in _found(broken) if one.rule == "type"]
        assert (found.pointer, found.more) == (f"/data/{place}/product_id", 0)


@pytest.mark.parametrize(
    ("data", "top", "expected"),
    [
        ([{}] * 5000, {}, ("/data/0/category_id", "required")),
        ([1] * 5000, {}, ("/data/0", "type")),
        ([{**ROW, "product_id": [1] * 5000}], {}, ("/data/0/product_id", "type")),
        ([ROW], {"message": [1] * 5000}, ("/message", "type")),
        ([ROW] * 500, {"message": 5}, ("/message", "type")),
        (
            [{**ROW, **{f"k{n}": n for n in range(5000)}}],
            {},
            ("/data/0/k0", "additionalProperties"),
        ),
        ({f"k{n}": n for n in range(5000)}, {}, ("/data", "type")),
    ],
)
def test_what_is_large_in_another_way_is_looked_through(
    data: Any, top: dict[str, Any], expected: tuple[str, str]
) -> None:
    found = _found(data, **top)
    assert expected in [(one.pointer, one.rule) for one in found]
    assert len(found) < 1100
    assert len([one for one in found if one.pointer == "/message"]) <= 1


def test_what_is_cut_for_looking_at_it_is_not_missing() -> None:
    wide = {**{f"k{n}": n for n in range(5000)}, **ROW}
    assert {one.rule for one in _found([wide])} == {"additionalProperties"}


def test_what_lies_beyond_what_is_looked_at_is_found_as_well() -> None:
    schema = {"type": "object", "properties": {"data": {"type": "array", "items": {}}}}
    schema["properties"]["data"]["items"] = {  # type: ignore[index]
        "type": "object",
        "properties": {"tags": {"type": "array", "items": {"type": "integer"}}},
    }
    checked = ResponseSchema({}, schema)
    body = {"data": [{"tags": [1] * 5000}, {"tags": [*[1] * 5000, "x"]}]}
    (found,) = checked.violations("op", body, rows=("data",))
    assert (found.pointer, found.rule) == ("/data/1", "json")
    (found,) = checked.violations("op", body)
    assert (found.pointer, found.rule) == ("", "json")


def test_half_a_pair_in_a_large_response_is_as_good_as_any_other_character() -> None:
    rows_ = [{**ROW, "product_id": f"a{number}\ud800"} for number in range(500)]
    assert [one.rule for one in _found(rows_) if one.rule not in ("page-size",)] == []


def test_what_the_validator_cannot_do_is_a_violation_and_loses_no_answer(
    mode: Mode, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **named: Any) -> None:
        raise ArithmeticError("not foreseen")

    monkeypatch.setattr(Contract, "violations", broken)
    seen: list[Violation] = []
    assert len(mode.page(options={"contract": seen.append})) == 1
    assert [(one.rule, one.found) for one in seen] == [("json", "ArithmeticError")]
    with pytest.raises(ContractViolation) as caught:
        mode.page(options={"contract": "raise"})
    assert caught.value.response.json()["data"] == server.rows
    assert pickled(caught.value).response is None
