"""The sandbox obeys what it serves, and the contract holds of pages that document little."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from keyapi.conformance.cases import cases, fits, is_promised
from keyapi.conformance.drivers import sandbox_server
from keyapi.conformance.drivers._requests import KEY
from keyapi.conformance.relations import server_to_spec
from keyapi.conformance.scope import absent
from keyapi.contract import Contract
from keyapi.sandbox import FAULTS, Reply, Sandbox, SandboxRequest
from keyapi.sandbox._catalogue import Catalogue
from keyapi.sandbox._texts import fitted, matching
from keyapi.sandbox._values import Chance, value
from keyapi.sandbox.faults import Exchange
from keyapi.specification import OperationSpec, Specification
from support.page_shapes import specification
from support.pages import page, query, rows

PATH = "/v1/tiktok/region/stats"
OBJECT = {"type": "object", "properties": {"views": {"type": "integer"}}}
EMPTY: dict[str, Any] = {"openapi": "3.0.1", "paths": {}}


def operation_of(**page_parts: Any) -> OperationSpec:
    """The operation of a page, in the specification that is made of it."""
    text = page(PATH, **{"parameters": [query("user_id", "Id", required=True)], **page_parts})
    document = specification({"region/stats.md": text})
    return next(one for one in Specification(document) if one.path == PATH)


def findings(operation: OperationSpec) -> list[str]:
    """What does not hold of the sandbox's answers."""
    serve = sandbox_server(spec=operation.document)
    return list(map(str, server_to_spec(Contract(operation.document), operation, serve)))


def asked(operation: OperationSpec, text: str = "", body: bytes = b"") -> Reply:
    headers = {"authorization": f"Bearer {KEY}"}
    request = SandboxRequest(operation.method, PATH, text, headers, body)
    return Sandbox(spec=operation.document, key=KEY).respond(request)


# --- What a page documents --------------------------------------------------------------------


def test_a_page_that_documents_no_refusal_is_not_held_to_one() -> None:
    responses = {"400": None, "401": None, "402": None}
    operation = operation_of(data_schema=OBJECT, operation={"responses": responses})
    assert findings(operation) == []
    left_out = {case.status for case in cases(operation) if not is_promised(operation, case)}
    assert left_out == {400, 401}
    said = absent("server -> spec", Specification(operation.document), operation)
    assert said == ["no 400 documented", "no 401 documented"]


@pytest.mark.parametrize("key", ["4XX", "default"])
def test_a_range_of_statuses_documents_each_of_them(key: str) -> None:
    error = {
        "description": "An error",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["code", "reason"],
                    "properties": {"code": {"type": "integer"}, "reason": {"type": "string"}},
                }
            }
        },
    }
    responses = {"400": None, "401": None, "402": None, key: error}
    operation = operation_of(data_schema=OBJECT, operation={"responses": responses})
    assert [operation.documented(status) for status in (200, 401, 418)] == ["200", key, key]
    assert all(is_promised(operation, case) for case in cases(operation))
    assert findings(operation) == []
    error["content"]["application/json"]["example"] = {"code": 0, "reason": "A"}  # type: ignore[index]  # nested
    assert asked(operation_of(operation={"responses": responses})).json["code"] == 400


def test_a_success_may_be_a_range() -> None:
    ok = {"content": {"application/json": {"schema": rows(views="integer")}}, "description": ""}
    ok["content"]["application/json"]["schema"] = {  # type: ignore[index]  # nested
        "type": "object",
        "properties": {"code": {"type": "integer"}, "data": rows(views="integer")},
    }
    operation = operation_of(operation={"responses": {"200": None, "2XX": ok}})
    assert operation.success_status == 200
    assert findings(operation) == []


def test_a_success_without_a_body_is_answered_without_one() -> None:
    responses = {"200": None, "204": {"description": "Done"}}
    operation = operation_of(method="delete", operation={"responses": responses})
    assert findings(operation) == []
    reply = asked(operation, "user_id=1")
    assert (reply.status, reply.body, reply.json) == (204, b"", {})
    spec = Specification(operation.document)
    for fault in FAULTS.values():
        assert list(fault.mutants(Exchange(spec, operation, {}, reply))) is not None


# --- Requests ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("required", "status"), [(False, 200), (True, 400)])
def test_a_body_may_be_left_out_where_the_page_lets_it(required: bool, status: int) -> None:
    body = {
        "type": "object",
        "required": ["keyword"],
        "properties": {"keyword": {"type": "string"}},
    }
    node = {"requestBody": {"required": required}}
    operation = operation_of(
        method="post", parameters=[], body=body, data_schema=OBJECT, operation=node
    )
    assert asked(operation).status == status
    assert asked(operation, body=b"{}").status == 400
    assert asked(operation, body=b'{"keyword": "a"}').status == 200
    assert findings(operation) == []


@pytest.mark.parametrize(
    ("schema", "text", "status"),
    [
        ({"type": "integer"}, str(2**63), 200),
        ({"type": "integer"}, "9" * 25, 200),
        ({"type": "integer"}, "9" * 400, 400),
        ({"type": "integer", "minimum": 0}, "-" + "9" * 25, 400),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, "1", 400),
        ({"type": "string", "pattern": "^[0-9]{6}$"}, "12345", 400),
        ({"type": "string", "pattern": "^[0-9]{6}$"}, "123456", 200),
    ],
)
def test_an_argument_is_taken_as_its_schema_says(schema: Any, text: str, status: int) -> None:
    parameter = {**query("user_id", "Id", required=True), "schema": schema}
    operation = operation_of(parameters=[parameter], data_schema=OBJECT)
    assert asked(operation, f"user_id={text}").status == status
    assert findings(operation) == []
    first = next(iter(cases(operation)))
    assert fits(operation, operation.arguments["user_id"], first.arguments["user_id"])


def test_a_filter_is_asked_for_what_its_argument_may_say() -> None:
    """The example shows a value that the enum does not have."""
    flag = query("sales_flag", "Sales flag: 1=on 2=off", "integer")
    operation = operation_of(
        parameters=[flag],
        data_schema=rows(product_id="string", sales_flag="integer"),
        example=[{"product_id": "1", "sales_flag": 0}],
    )
    assert "sales_flag" in operation.filters
    case = next(case for case in cases(operation) if case.name.startswith("filtered"))
    assert (case.arguments["sales_flag"], case.rows) == (1, "")
    assert findings(operation) == []


@pytest.mark.parametrize("kind", ["boolean", "integer"])
def test_rows_are_filtered_by_booleans(kind: str) -> None:
    operation = operation_of(
        parameters=[query("live", "Live: 0=no 1=yes" if kind == "integer" else "Live", kind)],
        data_schema=rows(video_id="string", live="boolean"),
        example=[{"video_id": "1", "live": True}],
    )
    assert "live" in operation.filters
    assert findings(operation) == []


@pytest.mark.parametrize("shown", [{}, {"brand": "Acme"}])
def test_rows_are_filtered_by_what_the_example_may_lack(shown: dict[str, str]) -> None:
    operation = operation_of(
        parameters=[query("brand", "Brand of the product")],
        data_schema=rows(product_id="string", brand="string"),
        example=[{"product_id": "1", **shown}],
    )
    assert "brand" in operation.filters
    assert findings(operation) == []


# --- Answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "format": "int64", "minimum": 2**62},
        {"type": "integer", "minimum": 2**64},
        {"type": "integer", "minimum": 3, "exclusiveMinimum": True, "maximum": 4},
        {"type": "number", "maximum": 0, "exclusiveMaximum": True},
        {"type": "integer", "minimum": 1, "multipleOf": 7},
        {"type": "integer", "multipleOf": 5},
        {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"},
        {"type": "string", "minLength": 30},
        {"type": "string", "maxLength": 3},
        {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 2000},
        {"type": "array", "items": {"type": "string"}, "maxItems": 0},
        {"type": "array", "items": {"type": "string"}, "minItems": 5},
        {"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 2, "uniqueItems": True},
        {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": 9},
            "minItems": 9,
            "uniqueItems": True,
        },
        {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2},
        {"type": "object", "properties": {"a": {"type": "string", "writeOnly": True}}},
        {"type": "string", "nullable": True},
    ],
)
def test_a_made_up_value_fits_its_schema(schema: dict[str, Any]) -> None:
    import jsonschema_rs

    from keyapi.contract import json_schema

    validator = jsonschema_rs.Draft4Validator(json_schema(EMPTY, schema))
    for seed in range(30):
        made = value(Specification(EMPTY), schema, "thing", None, Chance(seed))
        assert validator.is_valid(made), made


def test_a_map_has_the_keys_of_its_example_and_what_is_write_only_is_not_answered() -> None:
    spec = Specification(EMPTY)
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert value(spec, schema, "counts", {"US": 1, "GB": 2}, Chance(0)).keys() == {"US", "GB"}
    secret = {"type": "object", "properties": {"secret": {"type": "string", "writeOnly": True}}}
    assert value(spec, secret, "account", None, Chance(0)) == {}


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("uuid", r"[0-9a-f-]{36}"),
        ("email", r"[^@]+@[^@]+"),
        ("uri", r"https://.+"),
        ("hostname", r"[a-z0-9.]+"),
        ("ipv4", r"[0-9.]+"),
    ],
)
def test_a_text_has_its_format(form: str, pattern: str) -> None:
    assert re.fullmatch(pattern, fitted({"format": form}, "plain", Chance(0).digits))


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"^[0-9]{6,20}$", r"[a-f0-9]{24}", r"^(US|GB)-\d+$", r"^[^a-z]x$", r"^a?b*c+$"),
        *(r"^v\d+(?:\.\d+){2}$", r"^[^\s\d]+$", r"^a.*?z$", r"\s\S", r"\W\D\w", r"[^ab-]", r"[^a]"),
    ],
)
def test_a_text_is_made_to_match_a_pattern(pattern: str) -> None:
    for seed in range(20):
        text = matching(pattern, Chance(seed).digits)
        assert text is not None
        assert re.search(pattern, text)


@pytest.mark.parametrize("pattern", [r"(?=x)y", r"\p{L}+", r"[^\w\W]", "["])
def test_a_pattern_that_is_not_understood_leaves_the_text(pattern: str) -> None:
    assert matching(pattern, Chance(0).digits) is None
    assert fitted({"pattern": pattern}, "plain", Chance(0).digits) == "plain"


def test_a_pattern_stands_above_a_length() -> None:
    assert fitted({"pattern": "^ab$", "minLength": 5}, "ab", Chance(0).digits) == "ab"
    assert fitted({"pattern": "^abcd$", "maxLength": 2}, "abcd", Chance(0).digits) == "abcd"


@pytest.mark.parametrize(
    ("data", "example"),
    [
        (rows(data="string", language="string"), [{"data": "WEBVTT", "language": "eng-US"}]),
        (rows(live="boolean"), [{"live": True}]),
        (rows(views="integer"), None),
        (rows(user_id="string"), None),
    ],
)
def test_no_row_comes_twice_however_few_columns_there_are(data: Any, example: Any) -> None:
    operation = operation_of(data_schema=data, example=example)
    assert findings(operation) == []
    for subject in range(5):
        found = asked(operation, f"user_id={subject}").json["data"]
        texts = [json.dumps(row) for row in found]
        assert len(texts) == len({*texts}) or operation.echoes


def test_a_catalogue_of_a_given_size_has_as_many_rows_of_every_subject() -> None:
    operation = operation_of(data_schema=rows(video_id="string"))
    catalogue = Catalogue(Specification(operation.document), seed=0, rows=3)
    assert [len(catalogue.rows(operation, {"user_id": each})) for each in ("5", "6")] == [3, 3]


def test_the_parts_of_a_figure_are_no_more_than_the_whole() -> None:
    figures = dict.fromkeys(("sold_cnt", "live_sold_cnt", "video_sold_cnt"), "integer")
    operation = operation_of(data_schema=rows(video_id="string", **figures))
    (found,) = asked(operation, "user_id=5").json["data"][:1]
    assert found["live_sold_cnt"] + found["video_sold_cnt"] <= found["sold_cnt"]
