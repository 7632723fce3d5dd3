"""Answers: schemas repaired, completed from examples, promised, described, decoded."""

import json

import pytest
from shaping import PATH, data, operation, schemas, shaped, written_out

from pipeline.shape.examples import inferred
from support.pages import envelope, page, paged, rows

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def of(schema, example=None):
    return data(shaped(page(PATH, data_schema=schema, example=example)))


def properties(schema, example=None):
    """The properties of an object that is the data; of which only types are looked at."""
    found = of({"type": "object", "properties": schema}, example)["properties"]
    return {
        name: {key: value for key, value in child.items() if key != "required"}
        for name, child in found.items()
    }


@pytest.mark.parametrize(
    ("published", "repaired"),
    [
        ({"type": "null"}, {}),
        ({"type": ["null"]}, {}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string"]}, TEXT),
        ({"type": ["string", "integer"]}, {}),
        ({"type": ["string", "integer", "null"]}, {}),
        ({"type": "int64"}, {}),
        ({"nullable": True}, {}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
        (
            {"anyOf": [{}, {"type": "integer"}, {"type": ["string"]}, {"type": "null"}]},
            {"anyOf": [{}, {"type": "integer", "nullable": True}, {"type": "string"}]},
        ),
        ({"oneOf": [{"type": "null"}, {"type": "integer"}]}, {"type": "integer", "nullable": True}),
        ({"anyOf": [{"type": "null"}]}, {}),
        ({"items": {"type": "string"}}, {"type": "array", "items": TEXT}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": "object", "required": []}, {"type": "object"}),
        ({"type": "string", "required": True}, TEXT),
        ({"type": "string", "format": "date-time"}, TEXT),
        ({"type": "string", "format": "uuid"}, TEXT),
        ({"type": "integer", "format": "int64"}, {"type": "integer", "format": "int64"}),
        ({"type": "string", "const": "a"}, {"type": "string", "enum": ["a"]}),
        ({"type": "string", "examples": ["a", "b"]}, {"type": "string", "example": "a"}),
        ({"type": "string", "examples": []}, TEXT),
    ],
)
def test_what_openapi_3_0_does_not_allow_is_repaired(published, repaired):
    assert properties({"a": published}) == {"a": repaired}
    assert of({"type": "array", "items": published}) == {"type": "array", "items": repaired}


def test_an_object_without_type_is_one():
    assert of({"properties": {"a": TEXT}}) == {"type": "object", "properties": {"a": TEXT}}


EXAMPLE = {
    "text": "a",
    "whole": 1,
    "decimal": 1.5,
    "yes": True,
    "nothing": None,
    "list": ["a"],
    "empty": [],
    "inner": {"a": 1},
    "rows": [{"a": 1, "b": "x"}, {"a": 1.5, "c": "y"}],
}
FOUND = {
    "text": TEXT,
    "whole": WHOLE,
    "decimal": {"type": "number"},
    "yes": {"type": "boolean"},
    "nothing": {},
    "list": {"type": "array", "items": TEXT},
    "empty": {"type": "array", "items": {}},
    "inner": {"type": "object", "properties": {"a": WHOLE}},
    "rows": {
        "type": "array",
        "items": {"type": "object", "properties": {"a": {"type": "number"}, "b": TEXT, "c": TEXT}},
    },
}


@pytest.mark.parametrize(
    "schema", [{}, {"type": "object"}, {"type": "object", "properties": {}}, {"title": "The data."}]
)
def test_an_empty_schema_is_told_from_its_example(schema):
    found = of(schema, EXAMPLE)
    for name in EXAMPLE:
        child = found["properties"][name]
        child.pop("required", None)
        child.get("items", {}).pop("required", None)
        assert child == FOUND[name], name
    assert found["required"] == list(EXAMPLE)
    assert inferred([EXAMPLE]) == {"type": "object", "properties": FOUND}


def test_a_whole_answer_may_be_published_as_an_example_alone():
    schema = {"type": "object", "properties": {}, "example": envelope({}, [{"a": "1"}])["example"]}
    content = {"application/json": {"schema": schema}}
    block = page(PATH, operation={"responses": {"200": None}})
    assert "'200'" not in block
    result = shaped(
        page(PATH, extra={"paths": {PATH: {"get": {"responses": {"200": {"content": content}}}}}})
    )
    assert data(result)["items"]["properties"] == {"a": TEXT}


@pytest.mark.parametrize(
    ("schema", "example", "completed"),
    [
        ({"a": TEXT}, {"a": "x", "b": 1}, {"a": TEXT, "b": WHOLE}),
        ({"a": WHOLE}, {"a": 1.5}, {"a": {"type": "number"}}),
        ({"a": WHOLE}, {"a": 1}, {"a": WHOLE}),
        ({"a": {"type": "number"}}, {"a": 1}, {"a": {"type": "number"}}),
        ({"a": TEXT}, {"a": None}, {"a": {"type": "string", "nullable": True}}),
        (
            {"a": {"type": "array", "items": {}}},
            {"a": ["x"]},
            {"a": {"type": "array", "items": TEXT}},
        ),
        (
            {"a": {"type": "array", "items": WHOLE}},
            {"a": [1, 1.5]},
            {"a": {"type": "array", "items": {"type": "number"}}},
        ),
        ({"a": {}}, {"a": None}, {"a": {}}),
        ({"a": TEXT, "b": TEXT}, {"b": "x"}, {"a": TEXT, "b": TEXT}),
    ],
)
def test_a_schema_is_completed_and_widened_by_its_example(schema, example, completed):
    assert properties(schema, example) == completed


@pytest.mark.parametrize(
    ("published", "example"),
    [
        (TEXT, 1),
        (WHOLE, "1"),
        (WHOLE, True),
        ({"type": "boolean"}, 1),
        (rows(a="string"), {"a": 1}),
        ({"type": "object"}, "a"),
    ],
)
def test_an_example_that_contradicts_its_schema_wins_and_is_noted(published, example):
    schema = {"type": "object", "properties": {"a": published}}
    result = shaped(page(PATH, data_schema=schema, example={"a": example}))
    assert data(result)["properties"]["a"] == {}
    (note,) = result.notes
    assert "any value is accepted there" in note
    assert "/responses/200" in note


@pytest.mark.parametrize(
    "values",
    [
        [None, "x"],
        ["x", None],
        ["x", 1, 2],
        [1, "x", 1],
        [None, {"b": 1}],
        [[], None],
        [[1], ["x"], [2]],
        [{"b": 1}, "x", {"b": 1}],
        [True, 1, 1],
    ],
)
@pytest.mark.parametrize("items", [None, {}, {"type": "object", "properties": {"a": {}}}])
def test_rows_that_differ_all_fit(values, items):
    """The check is in `shaped`: every example fits its schema."""
    schema = {} if items is None else {"type": "array", "items": items}
    of(schema, [{"a": value} for value in values])


@pytest.mark.parametrize("value", [{"b": "x"}, None])
def test_an_object_that_may_be_null_fits(value):
    inner = {"type": "object", "properties": {"b": TEXT}}
    of(rows(), [{"a": value}])
    of({"type": "object", "properties": {"a": {**inner, "nullable": True}}}, {"a": value})
    of({"type": "object", "properties": {"a": inner}}, {"a": value})


def test_success_promises_what_its_example_shows():
    schema = rows(a="string", b="string", c="string")
    schema["items"]["required"] = ["c"]
    result = shaped(
        page(PATH, data_schema=schema, example=[{"a": "1", "b": "1", "c": ""}, {"a": "2", "c": ""}])
    )
    assert data(result)["items"]["required"] == ["a", "c"]
    answer = schemas(result)["VideoDetailResponse"]
    assert answer["required"] == ["code", "message", "data", "requestId"]
    assert answer["properties"]["code"] == {"type": "integer", "minimum": 0, "maximum": 0}


def test_success_promises_code_data_and_rows_without_an_example_too():
    bare = {"responses": {"200": {"content": {"application/json": {"schema": {"required": None}}}}}}
    listed = {"type": "object", "properties": {"list": rows(a="string"), "b": TEXT}}
    result = shaped(page(PATH, parameters=paged(), data_schema=listed, operation=bare))
    answer = schemas(result)["VideoDetailResponse"]
    assert answer["required"] == ["code", "data"]
    assert answer["properties"]["code"] == {"type": "integer", "minimum": 0, "maximum": 0}
    assert data(result)["required"] == ["list"]


def test_counts_are_not_below_0():
    found = properties(
        {
            "sale_cnt": WHOLE,
            "likeCount": WHOLE,
            "count": {**WHOLE, "minimum": 1},
            "account": WHOLE,
            "sale_amt": WHOLE,
            "view_cnt": TEXT,
        }
    )
    bounded = {"sale_cnt": 0, "likeCount": 0, "count": 1}
    assert {name: one["minimum"] for name, one in found.items() if "minimum" in one} == bounded


@pytest.mark.parametrize("example", [None, [], {}])
def test_without_rows_in_the_example_nothing_of_a_row_is_promised(example):
    schema = {"type": "object", "properties": {"list": rows(a="string")}}
    found = of(schema, None if example is None else {"list": []})
    assert "required" not in found["properties"]["list"]["items"]


def test_error_answers_do_not_promise_more_than_they_publish():
    error = schemas(shaped(page(PATH)))["ErrorEnvelope"]
    assert error["properties"].keys() == {"code", "data", "message"}
    assert "required" not in error
    assert "maximum" not in error["properties"]["code"]


def test_examples_move_to_where_tools_read_them():
    result = shaped(page(PATH, data_schema=rows(a="string"), example=[{"a": "1"}]))
    media = operation(result)["responses"]["200"]["content"]["application/json"]
    assert media["example"]["data"] == [{"a": "1"}]
    assert "example" not in schemas(result)["VideoDetailResponse"]


def test_named_examples_give_one():
    content = {
        "application/json": {
            "schema": envelope(rows(a="string")),
            "examples": {
                "1": {"summary": "Success", "value": envelope({}, [{"a": "1"}])["example"]},
                "2": {"value": envelope({}, [])["example"]},
            },
        }
    }
    extra = {"paths": {PATH: {"get": {"responses": {"200": {"content": content}}}}}}
    media = operation(shaped(page(PATH, extra=extra)))["responses"]["200"]["content"]
    assert media["application/json"]["example"]["data"] == [{"a": "1"}]
    assert "examples" not in media["application/json"]


@pytest.mark.parametrize(
    ("published", "description"),
    [
        ({"title": "Product cover"}, "Product cover."),
        ({"title": "Its views, in total!"}, "Its views, in total!"),
        ({"title": "商品封面"}, "商品封面."),
        ({"title": "Product cover", "description": "As JSON"}, "Product cover. As JSON."),
        ({"title": "Same words", "description": "Same words"}, "Same words."),
        ({"title": ""}, ""),
    ],
)
def test_titles_that_are_sentences_become_descriptions(published, description):
    schema = {"type": "object", "properties": {"a": {"type": "string", **published}}}
    result = shaped(page(PATH, data_schema=schema))
    child = schemas(result)["VideoDetailData"]["properties"]["a"]
    assert "title" not in child
    assert child.get("description", "") == description


COVERS = '[{"url": "u1", "index": 1}, {"url": "u0", "index": 0}]'
COVER = {"type": "object", "properties": {"url": TEXT, "index": WHOLE}}


@pytest.mark.parametrize(
    ("name", "value", "facts"),
    [
        (
            "cover_url",
            COVERS,
            {
                "accessor": "covers",
                "decoded": {"type": "array", "items": COVER},
                "order": "index",
                "text": "url",
            },
        ),
        (
            "avatar",
            '{"uri": "u"}',
            {
                "accessor": "avatar_decoded",
                "decoded": {"type": "object", "properties": {"uri": TEXT}},
                "text": "uri",
            },
        ),
        (
            "avatar_json",
            ' {"a": 1} ',
            {"accessor": "avatar", "decoded": {"type": "object", "properties": {"a": WHOLE}}},
        ),
        ("tag_list", '["a", "b"]', {"accessor": "tags"}),
        ("tags_json", "[]", {"accessor": "tags"}),
        ("extra_info", "{}", {"accessor": "extra"}),
        ("text", "[not JSON", None),
        ("text", "", None),
        ("text", "12", None),
        ("text", '"a"', None),
        ("text", "null", None),
    ],
)
def test_json_in_text_is_marked(name, value, facts):
    found = of(rows(**{name: "string"}), [{name: value}])["items"]["properties"][name]
    assert found == ({**TEXT, "x-keyapi": {"json": True, **facts}} if facts else TEXT)


@pytest.mark.parametrize(
    ("values", "marked"),
    [
        ([COVERS, "[]"], True),
        ([COVERS, None], True),
        ([COVERS, "https://x.test"], False),
        ([COVERS, ""], False),
    ],
)
def test_text_is_marked_as_json_only_where_every_example_is(values, marked):
    found = of(rows(cover="string"), [{"cover": value} for value in values])
    assert ("x-keyapi" in found["items"]["properties"]["cover"]) == marked


def test_text_that_its_schema_does_not_know_is_marked_too():
    found = of({}, {"a": [{"cover_url": COVERS}], "b": {"cover_url": COVERS}})["properties"]
    for row in (found["a"]["items"], found["b"]):
        assert row["properties"]["cover_url"]["x-keyapi"]["accessor"] == "covers"


def test_what_is_decoded_is_a_named_class_shared_by_all():
    result = shaped(
        page(PATH, data_schema={}, example={"a": {"cover_url": COVERS}, "b": {"cover_url": COVERS}})
    )
    assert schemas(result)["Cover"] == COVER
    assert written_out(result, schemas(result)["Cover"]) == COVER


@pytest.mark.parametrize(
    ("names", "accessors"),
    [
        (["cover_url"], ["covers"]),
        (["cover_url", "covers"], ["cover_url_decoded", "covers_decoded"]),
    ],
)
def test_accessors_hide_no_property(names, accessors):
    found = of(rows(**dict.fromkeys(names, "string")), [dict.fromkeys(names, COVERS)])
    rows_found = found["items"]["properties"]
    assert [rows_found[name]["x-keyapi"]["accessor"] for name in names] == accessors


def test_json_of_examples_in_errors_is_left_alone():
    example = {"code": 400, "data": None, "message": json.dumps([{"a": 1}])}
    media = {"schema": {"type": "object", "example": example}}
    answer = {"description": "Bad", "content": {"application/json": media}}
    result = shaped(page(PATH, operation={"responses": {"400": answer}}))
    assert schemas(result)["ErrorEnvelope"]["properties"]["message"] == TEXT
