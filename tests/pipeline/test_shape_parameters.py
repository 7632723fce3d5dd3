"""Parameters and bodies: enums, bounds and lists out of prose, and what is refused."""

import pytest
from shaping import PATH, argument, operation, parameter, schemas, shaped

from pipeline.errors import PipelineError
from support.pages import page, paged, query

LIKES = "1=likes 2=views"


def one(parameter):
    return shaped(page(PATH, parameters=[parameter]))


@pytest.mark.parametrize(
    ("parameter", "schema"),
    [
        (
            query("sort", LIKES, "integer"),
            {"type": "integer", "enum": [1, 2], "x-enum-varnames": ["likes", "views"]},
        ),
        (
            query("sort", LIKES, "number"),
            {"type": "integer", "enum": [1, 2], "x-enum-varnames": ["likes", "views"]},
        ),
        (
            query("sort", LIKES),
            {"type": "string", "enum": ["1", "2"], "x-enum-varnames": ["likes", "views"]},
        ),
        (
            query("range", "1: Last 7 days, 2: Last 30 days", "integer"),
            {
                "type": "integer",
                "enum": [1, 2],
                "x-enum-varnames": ["Last_7_days", "Last_30_days"],
            },
        ),
        (
            query("sort", "asc=ascending desc=descending"),
            {
                "type": "string",
                "enum": ["asc", "desc"],
                "x-enum-varnames": ["ascending", "descending"],
            },
        ),
        (query("sort", "One of: day, week"), {"type": "string", "enum": ["day", "week"]}),
        (query("sort", "1：点赞，2：播放", "integer"), {"type": "integer", "enum": [1, 2]}),
        (
            query("sort", "1=likes 2=播放", "integer"),
            {"type": "integer", "enum": [1, 2], "x-enum-varnames": ["likes", "value_2"]},
        ),
        (query("sort", "-1=点赞 2=likes", "integer"), {"type": "integer", "enum": [-1, 2]}),
        (query("sort", "1=A b, 2=a B", "integer"), {"type": "integer", "enum": [1, 2]}),
        # Published as an enum: prose adds nothing.
        (query("sort", LIKES, "integer", enum=[1, 2, 3]), {"type": "integer", "enum": [1, 2, 3]}),
        # No enum at all.
        (query("sort", LIKES, "boolean"), {"type": "boolean"}),
        (query("date", "Date, yyyy-MM-dd", format="date"), {"type": "string", "minLength": 1}),
        (query("day", "Date, yyyyMMdd", "integer"), {"type": "integer"}),
        (query("when", format="date-time"), {"type": "string", "minLength": 1}),
        (query("id", format="uuid"), {"type": "string", "minLength": 1}),
        (
            query("id", pattern="^a+$", maxLength=3),
            {"type": "string", "minLength": 1, "pattern": "^a+$", "maxLength": 3},
        ),
        ({"name": "id", "in": "query"}, {"type": "string", "minLength": 1}),
        (
            {"name": "id", "in": "query", "schema": {"type": ["string", "null"]}},
            {"type": "string", "minLength": 1, "nullable": True},
        ),
    ],
)
def test_prose_becomes_constraints(parameter, schema):
    result = one(parameter)
    assert argument(result, parameter["name"]) == schema
    assert result.notes == ()


@pytest.mark.parametrize(
    ("parameter", "problem"),
    [
        (query("sort", "asc=ascending desc=descending", "integer"), "lists words"),
        (query("sort", "Choose 1=likes; the default; 2=views"), "seems to be an enum"),
    ],
)
def test_prose_that_is_not_understood_is_noted(parameter, problem):
    result = one(parameter)
    assert "enum" not in argument(result, "sort")
    (note,) = result.notes
    assert problem in note
    assert note.startswith("en/tiktok/100.md #/paths/~1v1~1tiktok~1video~1detail/get/parameters/0")


@pytest.mark.parametrize(
    ("page_parameter", "size_parameter", "bounds"),
    [
        (
            query("page_num", "Page numbers start from 1.", "integer"),
            query("page_size", "At most 10.", "integer"),
            ({"minimum": 1}, {"minimum": 1, "maximum": 10}),
        ),
        (
            query("page", "Up to 1,000", "string"),
            query("limit", "Range 5-50", "string"),
            ({"minimum": 1, "maximum": 1000}, {"minimum": 5, "maximum": 50}),
        ),
        (
            query("pageNo", "starts from 0", "string", default="1"),
            query("count", "", "integer", maximum=30),
            ({"minimum": 0, "default": 1}, {"minimum": 1, "maximum": 30}),
        ),
        (
            query("currentPage", "", "integer", minimum=1, maximum=9),
            query("pageSize", "max 20", "number", default="10"),
            ({"minimum": 1, "maximum": 9}, {"minimum": 1, "maximum": 20, "default": 10}),
        ),
    ],
)
def test_pages_are_bounded_and_numbers_whatever_their_type(page_parameter, size_parameter, bounds):
    result = shaped(page(PATH, parameters=[page_parameter, size_parameter]))
    for published, expected in zip((page_parameter, size_parameter), bounds, strict=True):
        assert argument(result, published["name"]) == {"type": "integer", **expected}


@pytest.mark.parametrize("place", ["parameter", "schema"])
def test_the_example_of_a_text_typed_page_becomes_a_number(place):
    published = query("page", **({"example": "2"} if place == "schema" else {}))
    if place == "parameter":
        published["example"] = "2"
    result = shaped(page(PATH, parameters=[published, query("limit", "max 10")]))
    assert parameter(result, "page")["example"] == 2


def test_an_unstated_page_size_is_noted():
    result = shaped(page(PATH, parameters=[paged()[0], query("page_size", kind="integer")]))
    assert any(
        "the page does not state the largest value of 'page_size'" in n for n in result.notes
    )


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("up to 5", {"maximum": 5}),
        ("Integers ranging from 0 to 5", {"minimum": 0, "maximum": 5}),
        ("Rows of the last 30 days, at least 2", {}),
        ("Range 9-2", {}),
    ],
)
@pytest.mark.parametrize("name", ["limit", "min_rating"])
def test_without_pages_a_number_has_the_bounds_that_its_prose_states(name, text, bounds):
    assert argument(one(query(name, text, "integer")), name) == {"type": "integer", **bounds}


@pytest.mark.parametrize(
    ("published", "schema"),
    [
        (
            query("video_ids", "Comma-separated ids, at most 10", required=True),
            {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 10},
        ),
        (
            query("video_ids", "多个用逗号分隔"),
            {"type": "array", "items": {"type": "string", "minLength": 1}},
        ),
        (
            query("video_ids", "Ids separated by commas. Up to 5.", example="1,2"),
            {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 5},
        ),
        (
            query("fields", "Comma-separated. Optional values: likes, views"),
            {"type": "array", "items": {"type": "string", "enum": ["likes", "views"]}},
        ),
    ],
)
def test_comma_joined_values_become_a_list(published, schema):
    result = one(published)
    found = parameter(result, published["name"])
    assert (found["style"], found["explode"]) == ("form", False)
    given = argument(result, published["name"])
    if "$ref" in given["items"]:
        given["items"] = {
            key: value
            for key, value in schemas(result)[given["items"]["$ref"].rpartition("/")[2]].items()
            if key != "description"
        }
    assert given == schema


@pytest.mark.parametrize("name", ["Authorization", "content-type", "ACCEPT"])
def test_headers_that_openapi_ignores_are_dropped(name):
    header = {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
    assert operation(one(header))["parameters"] == []


@pytest.mark.parametrize("place", ["header", "cookie", "body", None])
def test_parameters_in_other_places_are_an_error(place):
    with pytest.raises(PipelineError, match="only query and path") as caught:
        one({"name": "a", "in": place, "schema": {"type": "string"}})
    assert caught.value.pointer.endswith("/get/parameters/0")


def test_path_parameters_are_understood():
    path = "/v1/tiktok/video/{video_id}"
    found = {**query("video_id", required=True), "in": "path"}
    assert argument(shaped(page(path, parameters=[found])), "video_id") == {
        "type": "string",
        "minLength": 1,
    }


def test_a_post_may_have_a_query_and_a_json_body():
    body = {
        "type": "object",
        "title": "What to look for.",
        "properties": {
            "page": {"type": "string", "description": "starts from 1"},
            "limit": {"type": "string", "title": "max 20"},
            "sort_type": {"type": "integer", "description": LIKES},
            "filter": {"type": "object", "properties": {"a": {"type": ["integer", "null"]}}},
        },
        "required": ["page"],
    }
    result = shaped(page(PATH, method="post", parameters=[query("region")], body=body))
    assert argument(result, "region") == {"type": "string", "minLength": 1}
    properties = schemas(result)["VideoDetailBody"]["properties"]
    assert properties["page"] == {"type": "integer", "minimum": 1, "description": "starts from 1"}
    assert (properties["limit"]["type"], properties["limit"]["maximum"]) == ("integer", 20)
    assert properties["sort_type"] == {"$ref": "#/components/schemas/SortType"}
    inner = schemas(result)["VideoDetailBodyFilter"]["properties"]
    assert inner == {"a": {"type": "integer", "nullable": True}}
    assert schemas(result)["VideoDetailBody"]["required"] == ["page"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"application/xml": {"schema": {"type": "object"}}}, "only JSON is understood"),
        (
            {"application/json": {"schema": {}}, "multipart/form-data": {"schema": {}}},
            "only JSON is understood",
        ),
        ({"application/json": {"schema": {"type": "array", "items": {}}}}, "is not an object"),
        ({"application/json": {"schema": {"type": "string"}}}, "is not an object"),
    ],
)
def test_bodies_that_are_no_json_objects_are_an_error(content, problem):
    with pytest.raises(PipelineError, match=problem) as caught:
        shaped(page(PATH, method="post", operation={"requestBody": {"content": content}}))
    assert caught.value.pointer.endswith("/post/requestBody")
