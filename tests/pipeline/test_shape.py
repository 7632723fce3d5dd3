"""The effective specification as a whole: a full page, stability, and what is refused."""

import copy
from pathlib import Path

import pytest
import yaml
from shaping import (
    PATH,
    argument,
    check,
    data,
    facts,
    operation,
    operations,
    schemas,
    shaped,
    unchecked,
)

from pipeline.document.yaml import load_yaml
from pipeline.errors import PipelineError
from pipeline.project import Project
from pipeline.shape import shape
from support.pages import (
    EXAMPLE,
    LISTING_PAGE,
    OVERLAY,
    REAL_PAGE,
    ROOT,
    document,
    markdown,
    page,
    paged,
    query,
    rows,
)

LISTING = LISTING_PAGE.read_text("utf-8")
SORT_FIELDS = [
    *["total_sale_cnt", "total_sale_gmv_amt", "spu_avg_price"],
    *["total_video_sale_cnt", "total_video_sale_gmv_amt"],
]
LISTED = page(
    "/v1/tiktok/shop/list",
    parameters=[*paged(), query("sort_type", "0=asc 1=desc", "integer")],
    data_schema=rows(cover_url="string"),
    example=[{"cover_url": '[{"url": "u", "index": 1}]'}],
)


def corrected(page_file: Path, root: Path):
    """Shape a page with a project's corrections."""
    overlay = load_yaml((root / OVERLAY).read_text("utf-8"), OVERLAY)
    return shaped(page_file.read_text("utf-8"), corrections=overlay["actions"])


# What is said here by hand of the example's page is also what KeyAPI published.
@pytest.fixture(
    scope="module",
    params=[
        pytest.param((LISTING_PAGE, EXAMPLE), id="example"),
        pytest.param((REAL_PAGE, ROOT), id="published", marks=pytest.mark.published),
    ],
)
def full(request):
    return corrected(*request.param)


def test_a_full_page_is_understood_completely(full):
    assert full.notes == ()
    assert facts(full) == {
        "credits": 1,
        "items": "/data",
        "paging": {"kind": "page", "page": "page_num", "size": "page_size", "max": 10},
        "sort": {"field": "influencer_product_sort_field", "direction": "sort_type"},
        "filters": {"category_id": "category_id"},
        "echoes": ["user_id"],
        "identity": "product_id",
    }


def test_a_full_page_is_named_as_keyapis_own_tools_name_it(full):
    assert operation(full)["operationId"] == "influencer_products_analytics"
    assert operation(full)["tags"] == ["influencer"]
    assert full.spec["tags"] == [{"name": "influencer"}]
    assert set(schemas(full)) == {
        *["InfluencerProductsAnalyticsResponse", "InfluencerProduct", "Cover", "ErrorEnvelope"],
        *["InfluencerProductSortField", "SortType"],
    }


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("user_id", {"type": "string", "minLength": 1}),
        ("category_id", {"type": "string", "minLength": 1}),
        (
            "influencer_product_sort_field",
            {"type": "integer", "enum": [1, 2, 3, 4, 5], "x-enum-varnames": SORT_FIELDS},
        ),
        ("sort_type", {"type": "integer", "enum": [0, 1], "x-enum-varnames": ["asc", "desc"]}),
        ("page_num", {"type": "integer", "minimum": 1, "maximum": 100_000}),
        ("page_size", {"type": "integer", "minimum": 1, "maximum": 10}),
    ],
)
def test_a_full_pages_parameters_are_constrained(full, name, schema):
    assert argument(full, name) == schema


def test_a_full_pages_row_is_promised_and_its_cover_decodable(full):
    row = data(full)["items"]
    assert row["required"] == list(row["properties"])
    assert row["properties"]["cover_url"]["x-keyapi"] == {
        "json": True,
        "accessor": "covers",
        "decoded": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"url": {"type": "string"}, "index": {"type": "integer"}},
            },
        },
        "order": "index",
        "text": "url",
    }
    amounts = {name: child for name, child in row["properties"].items() if name.endswith("_amt")}
    assert {child["type"] for child in amounts.values()} == {"number"}


def test_every_error_answer_is_the_same_envelope(full):
    answers = operation(full)["responses"]
    assert list(answers) == ["200", "400", "401", "402", "403", "429", "500"]
    errors = [answers[status]["content"]["application/json"] for status in list(answers)[1:]]
    assert {media["schema"]["$ref"] for media in errors} == {"#/components/schemas/ErrorEnvelope"}
    handle = {"code": 400, "data": None, "message": "Missing required parameter: handle"}
    assert errors[0]["example"] == handle


@pytest.mark.parametrize("root", [EXAMPLE, ROOT])
def test_what_is_committed_is_valid(root):
    project = Project(root)
    check(project.effective(project.vendored()).spec)


@pytest.mark.parametrize(
    "text",
    [
        LISTING,
        LISTED,
        LISTED.replace("shop/list", "influencer/products/list"),
        page("/v1/tiktok/influencer/products/analytics", method="post", body={"type": "object"}),
        page("/v1/tiktok/video/products", data_schema={}, example=[{"cover": {"url": "u"}}]),
    ],
)
def test_a_page_added_later_changes_nothing_that_was_there(text):
    first = LISTED if text == LISTING else LISTING
    alone, together = shaped(first), shaped(first, text)
    for name, node in operations(alone.spec).items():
        assert operations(together.spec)[name] == node
    for name, schema in schemas(alone).items():
        assert schemas(together)[name] == schema


def test_the_same_pages_give_the_same_document():
    assert corrected(LISTING_PAGE, EXAMPLE) == corrected(LISTING_PAGE, EXAMPLE)


def test_an_operation_the_lock_does_not_know_is_an_error():
    with pytest.raises(PipelineError, match=r"GET /v1/.* not in the lock"):
        shape(document(PATH), {"pages": {}})


def test_an_operation_an_overlay_removed_is_left_out():
    both = shaped(
        LISTED, page(PATH), corrections=[{"target": f"$.paths['{PATH}'].get", "remove": True}]
    )
    assert list(operations(both.spec)) == ["shop_list"]


def test_anchors_and_merge_keys_are_read_as_what_they_stand_for():
    block = f"""
openapi: 3.0.1
info: {{title: A, version: '1'}}
paths:
  {PATH}:
    get:
      parameters:
        - &id {{name: a_id, in: query, schema: &text {{type: string}}}}
        - {{<<: *id, name: b_id, schema: *text}}
      responses:
        '200':
          description: Success
          content:
            application/json:
              schema:
                properties: {{data: {{type: object, properties: {{a: *text}}}}}}
"""
    result = shaped(markdown(block))
    assert argument(result, "a_id") == argument(result, "b_id")
    assert argument(result, "a_id") == {"type": "string", "minLength": 1}
    assert data(result)["properties"] == {"a": {"type": "string"}}


@pytest.mark.parametrize(
    ("info", "title", "version"),
    [
        ({"title": "", "version": ""}, "KeyAPI", "1.0.0"),
        ({"title": None, "version": "2"}, "KeyAPI", "2"),
        ({"title": " A ", "version": "1.0.0"}, "A", "1.0.0"),
    ],
)
def test_the_document_gets_a_title_and_a_version(info, title, version):
    result = shaped(page(PATH, extra={"info": info}))
    assert (result.spec["info"]["title"], result.spec["info"]["version"]) == (title, version)
    assert result.spec["openapi"] == "3.0.3"


@pytest.mark.parametrize(
    ("published", "legal"),
    [
        ("JWT Bearer", "JWT_Bearer"),
        ("密钥", "key"),
        ("a.b-c_d", "a.b-c_d"),
        ("x-api-key", "x-api-key"),
    ],
)
def test_security_schemes_get_a_legal_name(published, legal):
    scheme = {"type": "http", "scheme": "bearer"}
    block = document(PATH, operation={"security": [{published: []}]})
    block["components"] = {"securitySchemes": {published: scheme}}
    block["security"] = [{published: []}]
    result = shaped(markdown(yaml.safe_dump(block, allow_unicode=True)))
    assert result.spec["components"]["securitySchemes"] == {legal: scheme}
    assert operation(result)["security"] == result.spec["security"] == [{legal: []}]


def test_two_security_schemes_with_one_legal_name_are_told_apart():
    bearer, other = {"type": "http", "scheme": "bearer"}, {"type": "http", "scheme": "x"}
    schemes = {"a_b": other, "a b": bearer, "a/b": other}
    components = {"components": {"securitySchemes": schemes}}
    result = shaped(page(PATH, operation={"security": [{"a b": []}]}, extra=components))
    assert operation(result)["security"] == [{"a_b_2": []}]
    assert result.spec["components"]["securitySchemes"]["a_b_2"] == bearer


def test_parameters_of_a_whole_path_become_the_operations():
    shared = [query("a", required=True), query("b")]
    item = {"summary": "A path", "x-apifox": 1, "parameters": shared}
    own = [query("b", kind="integer")]
    result = shaped(page(PATH, parameters=own, extra={"paths": {PATH: item}}))
    assert argument(result, "a") == {"type": "string", "minLength": 1}
    assert argument(result, "b") == {"type": "integer"}
    assert len(operation(result)["parameters"]) == 2


def test_publishers_extensions_are_dropped_but_not_what_only_looks_like_one():
    result = shaped(
        page(
            PATH,
            parameters=[query("a", **{"x-apifox": {"a": 1}})],
            data_schema={"type": "object", "properties": {"x-name": {"type": "string", "x-a": 1}}},
            example={"x-name": "x"},
            operation={"x-codeSamples": [{"lang": "curl"}]},
            extra={"x-more": True, "components": {"x-apifox": {"Orphan": {"type": "odd"}}}},
        )
    )
    assert data(result)["properties"] == {"x-name": {"type": "string"}}
    assert "x-codeSamples" not in operation(result)


MALFORMED = {
    "info": {"info": "text"},
    "security": {"security": {"JWT Bearer": []}},
    "components": {"components": {"schemas": {"A": "text"}}, "paths": {PATH: {"get": {"a": 1}}}},
    "path": {"paths": {PATH: {"parameters": "text"}}},
    **{
        f"operation {index}": {"paths": {PATH: {"get": node}}}
        for index, node in enumerate(
            [
                {"parameters": "text"},
                {"parameters": {"a": 1}},
                {"parameters": ["text"]},
                {"parameters": [{"in": "query"}]},
                {"parameters": [{"name": "a"}]},
                {"parameters": [{"name": "a", "in": "query", "schema": "text"}]},
                {"parameters": [{"name": "a", "in": "query", "schema": {}, "description": ["a"]}]},
                {"parameters": [{"name": "a", "in": "query", "schema": {"type": {"a": 1}}}]},
                {"parameters": [{"name": "a", "in": "query", "schema": {"enum": "text"}}]},
                {"requestBody": "text"},
                {"requestBody": {"content": ["text"]}},
                {"requestBody": {"content": {"application/json": "text"}}},
                {"requestBody": {"content": {"application/json": {"schema": "text"}}}},
                {"responses": {"200": "text"}},
                {"responses": {"200": {"content": "text"}}},
                {"responses": {"200": {"content": {"application/json": {"schema": "text"}}}}},
                {"security": "text"},
                {"security": ["text"]},
                {"x-more": 1, "responses": {"200": None}},
            ]
        )
    },
    **{
        f"schema {index}": {"data": schema}
        for index, schema in enumerate(
            [
                "text",
                {"properties": ["a"]},
                {"properties": {"a": "text"}},
                {"type": "array", "items": "text"},
                {"type": "array", "items": [{"type": "string"}]},
                {"allOf": "text"},
                {"anyOf": [1]},
                {"type": "object", "properties": {"a": {}}, "required": "a"},
                {"title": ["a"], "type": "object", "properties": {"a": {}}},
            ]
        )
    },
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_pages_never_crash(case):
    """They are errors that name the page, or still an odd document that the generator refuses."""
    extra = copy.deepcopy(MALFORMED[case])
    text = page(PATH, data_schema=extra.pop("data", {}), extra=extra)
    try:
        unchecked(text)
    except PipelineError as error:
        assert error.where == "en/tiktok/100.md"  # noqa: PT017


@pytest.mark.parametrize("status", ["2XX", "2xx", "default"])
def test_success_may_be_documented_as_a_range_or_a_default(status):
    answer = document(PATH, data_schema=rows(a="string"))["paths"][PATH]["get"]["responses"]["200"]
    responses = {"200": None, status: answer, "4xx": {"description": "Refused"}}
    result = shaped(page(PATH, operation={"responses": responses}))
    found = operation(result)["responses"]
    kept = status.upper() if status != "default" else status
    assert found.keys() >= {"200", kept, "4XX"}
    assert data(result)["items"]["properties"].keys() == {"a"}
