"""Responses as they come: envelopes, maps, composed objects, and promises the example keeps."""

import json

import pytest
from shaping import PATH, data, facts, operation, schemas, shaped

from pipeline.errors import PipelineError
from pipeline.shape.maps import are_data
from pipeline.shape.promises import is_count
from support.pages import envelope, page, paged, query, rows

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def _answer(schema, example=None):
    """A page whose success response has a schema of its own."""
    media = {"schema": schema} if example is None else {"schema": schema, "example": example}
    block = {"description": "Success", "content": {"application/json": media}}
    return page(PATH, operation={"responses": {"200": None}}).replace(
        "responses:\n", f"responses:\n        '200': {json.dumps(block)}\n"
    )


@pytest.mark.parametrize("example", [json.dumps, lambda body: json.dumps(body, indent=4)])
def test_an_example_written_as_json_text_is_read(example):
    body = {"code": 0, "data": {"has_more": 1, "cursor": 3, "shops": [{"shop_id": "1"}]}}
    text = _answer({"type": "object", "properties": {}}, example(body))
    text = text.replace("parameters: []", f"parameters: {json.dumps([query('offset')])}")
    result = shaped(text)
    assert data(result)["properties"]["shops"]["items"]["properties"] == {"shop_id": TEXT}
    assert facts(result)["paging"] == {
        "kind": "cursor",
        "cursor": "offset",
        "next": "/data/cursor",
        "more": "/data/has_more",
    }


@pytest.mark.parametrize("text", ["", "OK", '"OK"', "12", "{not JSON", "null"])
def test_an_example_that_is_only_text_is_left_out_and_noted(text):
    result = shaped(_answer({}, text))
    assert "example" not in operation(result)["responses"]["200"]["content"]["application/json"]
    (note,) = result.notes
    assert "not a JSON object" in note


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"type": "object", "properties": {"items": rows()}}, None),
        ({"type": "array", "items": {"type": "object", "properties": {"code": WHOLE}}}, None),
        ({"type": "string"}, None),
        ({"anyOf": [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}}]}, None),
        ({"allOf": [{"properties": {"a": TEXT}}, {"properties": {"data": TEXT}}]}, None),
        ({"type": "object", "properties": {"success": TEXT, "data": TEXT}}, None),
        ({}, {"success": True, "data": {}}),
        ({}, {"items": [{"id": "1"}]}),
        ({}, [{"code": 0}]),
        ({}, '{"items": []}'),
        (envelope(TEXT), {"data": "x"}),
    ],
)
def test_a_response_without_keyapis_envelope_is_refused(schema, example):
    with pytest.raises(PipelineError, match="has no 'code'") as caught:
        shaped(_answer(schema, example))
    assert "en/tiktok/100.md" in str(caught.value)
    assert "/responses/200" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({}, None),
        ({"type": "object"}, {"code": 0, "message": "success"}),
        ({"type": "object", "properties": {"data": TEXT}}, None),
        ({"type": "object", "properties": {"code": WHOLE, "message": TEXT}}, None),
        ({"anyOf": [envelope(TEXT), {"properties": {"b": TEXT}}]}, None),
    ],
)
def test_a_response_that_may_be_keyapis_envelope_is_kept(schema, example):
    shaped(_answer(schema, example))


@pytest.mark.parametrize(
    "keys",
    [
        ["1729"],
        ["7618550044995669279", "12"],
        ["2026-01-31", "2026-02-01"],
        ["202601"],
        ["b6a5f64d-d987-43a2-82c7-baad9131b17a"],
        ["MS4wLjABAAAAUiCLfyIypDQ90ZZoWif7ed9q"],
        ["5f3c8e2b9a7d4e1f"],
        ["18-24", "25-34"],
        ["55+"],
        ["<100", ">=100"],
        ["US", "GB"],
        ["en-US", "th-TH"],
    ],
)
def test_keys_that_are_data_make_a_map(keys):
    assert are_data(keys)
    found = data(shaped(page(PATH, data_schema={}, example=dict.fromkeys(keys, 3))))
    assert found == {"type": "object", "additionalProperties": WHOLE}


@pytest.mark.parametrize(
    "keys",
    [
        [],
        ["title", "1729"],
        ["1080p", "720p"],
        ["top_3", "top_10"],
        ["id"],
        ["ID"],
        ["US"],
        ["totalSaleCount30Days", "totalVideoSaleCount"],
        ["total_sale_gmv_30d_amt_usd"],
        ["1d", "7d"],
    ],
)
def test_keys_that_are_names_make_properties(keys):
    assert not are_data(keys)


SHOPS = {"1729": {"title": "x", "price": 1}, "1730": {"title": "y", "price": 2.5}}
SHOP = {
    "type": "object",
    "properties": {"title": TEXT, "price": {"type": "number"}},
    "required": ["title", "price"],
}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": "object", "additionalProperties": {}},
        {"type": "object", "additionalProperties": True},
        {"type": "object", "additionalProperties": {"type": "object"}},
        {"type": "object", "properties": {"1729": {"type": "object"}}, "required": ["1729"]},
        {
            "type": "object",
            "properties": {
                "1729": {"type": "object", "properties": {"title": TEXT, "price": WHOLE}},
                "1730": {"type": "object", "properties": {"title": TEXT}},
            },
        },
    ],
)
def test_rows_by_id_share_one_class_and_no_id_is_promised(schema):
    result = shaped(
        page(PATH, data_schema={"type": "object", "properties": {"shops": schema}},
             example={"shops": SHOPS, "total": 2})
    )  # fmt: skip
    assert data(result)["properties"]["shops"] == {"type": "object", "additionalProperties": SHOP}
    assert not any("17" in name for name in schemas(result))
    assert schemas(result)["VideoDetailShop"] == SHOP


def test_a_map_may_stand_beside_properties_and_hold_lists_and_maps():
    schema = {
        "type": "object",
        "properties": {"total": WHOLE},
        "additionalProperties": {"type": "array", "items": {}},
    }
    found = data(shaped(page(PATH, data_schema=schema, example={"total": 1, "a": [{"b": 1}]})))
    assert found["properties"] == {"total": WHOLE}
    assert found["additionalProperties"]["items"]["properties"] == {"b": WHOLE}
    found = data(shaped(page(PATH, data_schema={}, example={"1": {"2026-01-01": {"a": 1}}})))
    inner = found["additionalProperties"]["additionalProperties"]
    assert inner == {"type": "object", "properties": {"a": WHOLE}, "required": ["a"]}


BASE = {
    "type": "object",
    "required": ["code"],
    "properties": {"code": WHOLE, "message": TEXT, "data": {}, "requestId": TEXT},
}


@pytest.mark.parametrize(
    "parts",
    [
        [BASE, {"properties": {"data": rows(shop_id="string")}}],
        [{"properties": {"data": rows(shop_id="string")}}, BASE],
        [{"allOf": [BASE, {"type": "object"}]}, {"properties": {"data": rows(shop_id="string")}}],
        [
            {**BASE, "properties": {**BASE["properties"], "data": {"type": "array"}}},
            {"properties": {"data": rows(shop_id="string")}},
        ],
    ],
)
def test_an_envelope_of_parts_is_read_as_one_object(parts):
    result = shaped(_answer({"allOf": parts}))
    assert facts(result)["items"] == "/data"
    assert data(result)["items"]["properties"] == {"shop_id": TEXT}


def test_a_row_of_parts_is_one_class():
    parts = [rows(a="string")["items"], rows(b="integer")["items"]]
    result = shaped(page(PATH, data_schema={"type": "array", "items": {"allOf": parts}}))
    assert schemas(result)["VideoDetailItem"]["properties"] == {"a": TEXT, "b": WHOLE}


def test_parts_that_contradict_one_another_stay_apart():
    parts = [rows(a="string")["items"], rows(a="integer")["items"]]
    result = shaped(page(PATH, data_schema={"allOf": parts}))
    assert len(data(result)["allOf"]) == 2


@pytest.mark.parametrize("key", ["oneOf", "anyOf"])
def test_rows_of_several_kinds_have_one_class_and_pages(key):
    kinds = [
        {"type": "object", "properties": {"kind": TEXT, "a": TEXT}, "required": ["kind", "a"]},
        {"type": "object", "properties": {"kind": TEXT, "a": WHOLE, "b": TEXT},
         "required": ["kind"]},
    ]  # fmt: skip
    schema = {"type": "array", "items": {key: kinds, "discriminator": {"propertyName": "kind"}}}
    result = shaped(page(PATH, parameters=paged(), data_schema=schema))
    assert facts(result)["paging"]["kind"] == "page"
    assert data(result)["items"] == {
        "type": "object",
        "properties": {"kind": TEXT, "a": {}, "b": TEXT},
        "required": ["kind"],
    }
    assert "its rows are of 2 kinds" in " ".join(result.notes)


@pytest.mark.parametrize(
    ("published", "value"),
    [
        ({"type": "integer", "minimum": 0}, -11),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, 0),
        ({"type": "number", "maximum": 1}, 37.5),
        ({"type": "string", "enum": ["a", "b"]}, "c"),
        ({"type": "string", "pattern": "^[0-9]+$"}, "x"),
        ({"type": "string", "minLength": 3}, ""),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 1}, ["a", "b"]),
        ({"type": "array", "items": {"type": "integer", "maximum": 3}}, [1, 5]),
        ({"type": "object", "properties": {"x": TEXT, "y": TEXT}, "required": ["x"]}, {"y": ""}),
        ({"anyOf": [{"type": "string"}, {"type": "boolean"}]}, 1),
        ({"not": {"type": "string"}}, "x"),
    ],
)
def test_what_an_example_breaks_is_not_promised(published, value):
    """The check is in `shaped`: every example fits its schema."""
    result = shaped(page(PATH, data_schema={"properties": {"a": published}}, example={"a": value}))
    (note,) = result.notes
    assert "its example breaks the published" in note
    assert "/responses/200" in note


def test_a_choice_that_an_example_fits_twice_is_no_promise_of_one():
    either = {"oneOf": [{"type": "integer"}, {"type": "number"}]}
    found = data(shaped(page(PATH, data_schema={"properties": {"a": either}}, example={"a": 1})))
    assert found["properties"]["a"] == {"anyOf": either["oneOf"]}


@pytest.mark.parametrize(
    "name", ["total_followers_1d_cnt", "fans_30d_count", "growth_cnt", "video_inc_cnt", "diffCount"]
)
def test_how_much_a_count_has_changed_may_be_below_0(name):
    assert not is_count(name)
    schema = rows(**{name: "integer"})
    for example in ([{name: -11}], [{name: 3}], None):
        row = data(shaped(page(PATH, data_schema=schema, example=example)))["items"]
        assert row["properties"][name] == WHOLE


@pytest.mark.parametrize(
    "name", ["total_sale_cnt", "likeCount", "count", "network_cnt", "top1_cnt"]
)
def test_a_count_is_one_whatever_it_counts(name):
    assert is_count(name)


@pytest.mark.parametrize("key", ["oneOf", "anyOf"])
def test_data_of_several_kinds_is_noted(key):
    kinds = [rows(a="string")["items"], rows(b="string")["items"]]
    result = shaped(page(PATH, data_schema={key: kinds}))
    assert "its data is of 2 kinds" in " ".join(result.notes)


def test_a_default_response_alone_is_that_of_success():
    result = shaped(page(PATH, data_schema=rows(a="string")).replace("'200':", "default:"))
    assert data(result)["items"]["properties"] == {"a": TEXT}
    with pytest.raises(PipelineError, match="no response of success"):
        shaped(page(PATH, operation={"responses": {"200": None}}))


def test_an_answer_that_is_not_json_is_refused():
    content = {"application/json": None, "text/csv": {"schema": TEXT}}
    with pytest.raises(PipelineError, match="its response 200 is text/csv; only JSON"):
        shaped(page(PATH, operation={"responses": {"200": {"content": content}}}))
    with pytest.raises(PipelineError, match="its method is HEAD, whose answers have no body"):
        shaped(page(PATH, method="head"))


def test_an_envelope_with_something_else_than_data_is_refused():
    schema = {"type": "object", "properties": {"code": WHOLE, "videos": rows(a="string")}}
    with pytest.raises(PipelineError, match="has 'videos' and no 'data': what it answers"):
        shaped(_answer(schema))
    with pytest.raises(PipelineError, match="has 'videos' and no 'data'"):
        shaped(_answer({}, {"code": 0, "videos": [{"a": "x"}]}))
