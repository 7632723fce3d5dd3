"""Enums, defaults, and keywords of other dialects than OpenAPI 3.0."""

import pytest
from shaping import PATH, argument, data, parameter, schemas, shaped

from pipeline.errors import PipelineError
from support.pages import document, page, query

TEXT = {"type": "string"}


def of(schema):
    """A parameter's schema, without what other rules add to it; and the notes."""
    result = shaped(page(PATH, parameters=[{"name": "a", "in": "query", "schema": schema}]))
    found = argument(result, "a")
    return {key: value for key, value in found.items() if key != "minLength"}, result.notes


@pytest.mark.parametrize(
    ("published", "members"),
    [
        ({"type": "string", "enum": ["a", "a", "b"]}, ["a", "b"]),
        ({"type": "string", "enum": [1, "b"]}, ["1", "b"]),
        ({"type": "integer", "enum": ["1", 2, 3.0, 1]}, [1, 2, 3]),
        ({"type": "integer", "enum": ["-1", 0]}, [-1, 0]),
        ({"type": "string", "const": "a"}, ["a"]),
        ({"enum": ["a", "b"]}, ["a", "b"]),
    ],
)
def test_members_are_of_the_enums_type_and_there_once(published, members):
    found, notes = of(published)
    assert found["enum"] == members
    assert not notes


@pytest.mark.parametrize(
    ("members", "names"),
    [
        (["txt", "TXT"], ["TXT", "TXT_2"]),
        (["a-b", "a_b", "c"], ["A_B", "A_B_2", "C"]),
        (["a b", "a.b", "A B"], ["A_B", "A_B_2", "A_B_3"]),
        (["=", "<", ">="], ["EQ", "LT", "GE"]),
        (["=", "==", "like"], ["EQ", "EQ_2", "LIKE"]),
        (["a", "b"], None),
        (["1", "2"], None),
    ],
)
def test_members_that_generators_would_call_alike_get_names(members, names):
    found, _ = of({"type": "string", "enum": members})
    assert (found["enum"], found.get("x-enum-varnames")) == (members, names)


@pytest.mark.parametrize(
    "published",
    [
        {"type": "number", "enum": [0.5, 1]},
        {"enum": ["a", 1]},
        {"type": "array", "items": TEXT, "enum": [["a"]]},
    ],
)
def test_what_generators_make_no_enum_of_takes_any_value_and_is_noted(published):
    found, notes = of(published)
    assert "enum" not in found
    assert len(notes) == 1
    assert "no enum" in notes[0]


@pytest.mark.parametrize("members", [[True], [True, False], ["true", "false"]])
def test_a_boolean_needs_no_enum(members):
    assert of({"type": "boolean", "enum": members}) == ({"type": "boolean"}, ())


@pytest.mark.parametrize(
    ("published", "problem", "index"),
    [
        ({"type": "string", "enum": ["US", False]}, "NO, OFF or FALSE", 1),
        ({"enum": [True, "OFF"]}, "YES, ON or TRUE", 0),
        ({"type": "integer", "enum": [1, "b"]}, '"b" is not of its type integer', 1),
        ({"type": "integer", "enum": [1.5]}, "1.5 is not of its type integer", 0),
        ({"type": "string", "enum": [["a"]]}, "not of its type string", 0),
    ],
)
def test_members_of_another_type_are_refused_with_the_place(published, problem, index):
    with pytest.raises(PipelineError, match=problem) as caught:
        of(published)
    assert caught.value.where == "en/tiktok/100.md"
    assert caught.value.pointer.endswith(f"/get/parameters/0/schema/enum/{index}")


@pytest.mark.parametrize(
    ("schema", "default"),
    [
        ({"type": "integer", "default": "10"}, 10),
        ({"type": "integer", "default": 10.0}, 10),
        ({"type": "number", "default": "0.5"}, 0.5),
        ({"type": "boolean", "default": "true"}, True),
        ({"type": "string", "default": 7}, "7"),
        ({"type": "string", "default": None}, None),
        ({"type": "string", "default": ""}, None),
        ({"type": "array", "items": TEXT, "default": ["a"]}, ["a"]),
    ],
)
def test_defaults_are_of_the_schemas_type(schema, default):
    found, notes = of(schema)
    assert found.get("default") == default
    assert not notes


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "default": "ten"},
        {"type": "integer", "default": 1.5},
        {"type": "boolean", "default": 2},
        {"type": "string", "enum": ["a"], "default": "b"},
        {"type": "integer", "maximum": 5, "default": 6},
        {"type": "number", "minimum": 0, "exclusiveMinimum": True, "default": 0},
        {"type": "string", "maxLength": 1, "default": "ab"},
        {"type": "array", "items": TEXT, "default": "a,b"},
        {"type": "array", "items": {"type": "integer"}, "default": ["a"]},
    ],
)
def test_a_default_that_its_schema_does_not_allow_is_left_out_and_noted(schema):
    found, notes = of(schema)
    assert "default" not in found
    assert len(notes) == 1
    assert "the default" in notes[0]
    assert "/get/parameters/0/schema" in notes[0]


def test_a_default_outside_the_bounds_of_the_prose_is_left_out():
    size = query("page_size", "At most 10.", "integer", default=50)
    result = shaped(page(PATH, parameters=[query("page_num", kind="integer"), size]))
    assert "default" not in parameter(result, "page_size")["schema"]
    assert any("the default 50" in note for note in result.notes)


@pytest.mark.parametrize(
    ("published", "read"),
    [
        ({"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}),
        ({"exclusiveMaximum": 1.5}, {"maximum": 1.5, "exclusiveMaximum": True}),
        ({"exclusiveMinimum": 0, "minimum": 2}, {"minimum": 2}),
        ({"exclusiveMinimum": 2, "minimum": 0}, {"minimum": 2, "exclusiveMinimum": True}),
        ({"exclusiveMinimum": True}, {}),
        ({"exclusiveMinimum": False, "minimum": 1}, {"minimum": 1}),
        ({"minimum": "1", "maximum": "2.5"}, {"minimum": 1, "maximum": 2.5}),
        ({"maximum": None, "nullable": "true"}, {"nullable": True}),
    ],
)
def test_bounds_of_numbers_are_read(published, read):
    found, notes = of({"type": "number", **published})
    assert found == {"type": "number", **read}
    assert not notes


@pytest.mark.parametrize(
    ("published", "read"),
    [
        ({"exclusiveMinimum": 0}, {"minimum": 1}),
        ({"exclusiveMaximum": 10}, {"maximum": 9}),
        ({"exclusiveMaximum": 9.5}, {"maximum": 9}),
        ({"minimum": 0, "exclusiveMinimum": True}, {"minimum": 1}),
    ],
)
def test_exclusive_bounds_of_integers_are_the_nearest_inclusive_ones(published, read):
    assert of({"type": "integer", **published})[0] == {"type": "integer", **read}


@pytest.mark.parametrize(
    ("published", "keyword"),
    [
        ({"if": {}, "then": {}}, "if"),
        ({"minimun": 1}, "minimun"),
        ({"minLength": "few"}, "minLength"),
        ({"pattern": "("}, "pattern"),
        ({"exclusiveMinimum": "0a"}, "exclusiveMinimum"),
        ({"discriminator": "kind"}, "discriminator"),
        ({"discriminator": {"propertyName": "a", "mapping": {"a": {}}}}, "discriminator"),
    ],
)
def test_keywords_that_openapi_3_0_does_not_have_are_left_out_and_noted(published, keyword):
    found, notes = of({"type": "string", **published})
    assert keyword not in found
    assert len(notes) == 1
    assert f"left out: {keyword}" in notes[0]


def test_keywords_that_say_nothing_of_a_value_are_left_out_without_a_note():
    silent = {"$schema": "x", "$comment": "y", "contentMediaType": "text/plain", "$defs": {"A": {}}}
    assert of({"type": "string", **silent}) == ({"type": "string"}, ())


def test_boolean_schemas_are_read():
    schema = {"type": "object", "properties": {"a": True, "b": {"anyOf": [TEXT, True]}}}
    found = data(shaped(page(PATH, data_schema=schema, extra={"openapi": "3.1.0"})))["properties"]
    assert (found["a"], found["b"]) == ({}, {"anyOf": [TEXT, {}]})
    pair = {"type": "array", "prefixItems": [TEXT, {"type": "integer"}], "items": False}
    result = shaped(page(PATH, data_schema=pair, extra={"openapi": "3.1.0"}))
    assert data(result)["items"] == {}
    assert "left out: prefixItems" in " ".join(result.notes)
    with pytest.raises(PipelineError, match="allows no value") as caught:
        shaped(page(PATH, data_schema={"type": "object", "properties": {"a": False}}))
    assert caught.value.pointer.endswith("/properties/data/properties/a")


def test_patterns_of_names_make_a_map():
    schema = {"type": "object", "patternProperties": {"^[0-9]+$": TEXT}}
    found = data(shaped(page(PATH, data_schema=schema)))
    assert found == {"type": "object", "additionalProperties": TEXT}


def test_what_openapi_3_1_adds_to_a_document_is_left_out():
    info = {"title": "A", "version": "1", "summary": "x"}
    extra = {"openapi": "3.1.0", "info": info, "webhooks": {}, "jsonSchemaDialect": "x"}
    callbacks = {"done": {"{$request.query.url}": {"post": {"responses": {}}}}}
    more = {"callbacks": callbacks}
    result = shaped(page(PATH, operation=more, extra=extra))
    assert result.spec["info"] == {"title": "A", "version": "1"}
    assert not {"webhooks", "jsonSchemaDialect"} & result.spec.keys()


def test_an_answer_without_description_gets_an_empty_one():
    answer = document(PATH)["paths"][PATH]["get"]["responses"]["200"]
    bare = {"responses": {"201": {"content": answer["content"]}}}
    shaped(page(PATH, operation=bare))
    assert schemas(shaped(page(PATH, operation=bare)))
