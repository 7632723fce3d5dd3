"""Names of operations, resources and classes."""

import keyword

import pytest
import yaml
from shaping import PATH, argument, data, operation, operations, parameter, schemas, shaped

from pipeline.errors import PipelineError
from pipeline.shape.identifiers import method_name, name_from_path, pascal
from support.pages import document, markdown, page, query, rows

ENUM = "0=asc 1=desc"


def named(**properties):
    return {"type": "object", "properties": {name: {"type": "string"} for name in properties}}


def references(path, component, *, name):
    """A page whose data is the published component `name`."""
    data_schema = {"$ref": f"#/components/schemas/{name}"}
    return page(path, data_schema=data_schema, extra={"components": {"schemas": {name: component}}})


@pytest.mark.parametrize(
    ("path", "resource", "name", "method"),
    [
        (
            "/v1/tiktok/influencer/products/analytics",
            "influencer",
            "influencer_products_analytics",
            "products_analytics",
        ),
        ("/v1/tiktok/influencer/detail", "influencer", "influencer_detail", "detail"),
        ("/v1/tiktok/search", "root", "search", "search"),
        ("/v1/status", "root", "status", "status"),
        ("/v1/tiktok/video/{video_id}", "video", "video_video_id", "video_id"),
        ("/v1/tiktok/live-room/topList.v2", "live_room", "live_room_top_list_v2", "top_list_v2"),
        ("/v1/tiktok/3d/7days", "v3d", "v3d_v7days", "v7days"),
        ("/v1/tiktok/class/import", "class_resource", "class_import", "import_"),
        ("/v1/tiktok/import", "root", "import", "import_"),
        ("/v1/tiktok/close/list", "close_resource", "close_list", "list"),
    ],
)
def test_an_operation_is_named_by_its_path(path, resource, name, method):
    assert name_from_path(path) == (resource, name)
    assert method_name(name, resource) == method
    for part in (resource, method):
        assert part.isidentifier()
        assert not keyword.iskeyword(part)
    inside = [{**query("video_id", required=True), "in": "path"}] if "{" in path else []
    node = operation(shaped(page(path, parameters=inside)))
    assert (node["operationId"], node["tags"]) == (name, [resource])


def test_a_missing_operation_id_and_missing_tags_do_not_matter():
    node = operation(shaped(page(PATH, operation={"operationId": None, "tags": None})))
    assert (node["operationId"], node["tags"]) == ("video_detail", ["video"])


@pytest.mark.parametrize(("first", "second"), [("get", "post"), ("post", "get")])
def test_the_second_method_of_a_path_takes_its_name_as_suffix(first, second):
    result = shaped(page(PATH, method=first), page(PATH, method=second))
    item = result.spec["paths"][PATH]
    assert item[first]["operationId"] == "video_detail"
    assert item[second]["operationId"] == f"video_detail_{second}"


def test_two_operations_with_one_name_are_an_error_that_an_overlay_can_mend():
    pages = (page("/v1/tiktok/a/b_c"), page("/v1/tiktok/a/b/c"))
    with pytest.raises(PipelineError, match="a_b_c is also that of GET /v1/tiktok/a/b_c") as caught:
        shaped(*pages)
    assert caught.value.pointer == "#/paths/~1v1~1tiktok~1a~1b~1c/get"
    correction = {
        "target": "$.paths['/v1/tiktok/a/b/c'].get",
        "update": {"x-keyapi": {"name": "a_b_c_more"}},
    }
    result = shaped(*pages, corrections=[correction])
    assert list(operations(result.spec)) == ["a_b_c", "a_b_c_more"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("influencer_product_sort_field", "InfluencerProductSortField"),
        *[("sortType", "SortType"), ("sort-type", "SortType"), ("SORT", "SORT"), ("a.b c", "ABC")],
        *[("3d", "V3d"), ("排序", ""), ("", "")],
    ],
)
def test_pascal(text, name):
    assert pascal(text) == name


def test_an_enum_is_named_by_its_parameter():
    result = shaped(page(PATH, parameters=[query("sort_type", ENUM, "integer")]))
    assert parameter(result, "sort_type")["schema"] == {"$ref": "#/components/schemas/SortType"}
    assert argument(result, "sort_type")["x-enum-varnames"] == ["asc", "desc"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Another text: 0=asc, 1=desc", {"SortType"}),
        ("0=up 1=down", {"SortType", "VideoListSortType"}),
        ("0=asc 2=desc", {"SortType", "VideoListSortType"}),
    ],
)
def test_enums_with_the_same_members_share_a_class_others_take_a_prefix(text, names):
    other = "/v1/tiktok/video/list"
    result = shaped(
        page(PATH, parameters=[query("sort_type", ENUM, "integer")]),
        page(other, parameters=[query("sort_type", text, "integer")]),
    )
    assert {name for name in schemas(result) if name.endswith("SortType")} == names


def test_an_enum_whose_name_holds_no_letters_stays_in_place():
    result = shaped(page(PATH, parameters=[query("排序", ENUM, "integer")]))
    assert parameter(result, "排序")["schema"]["enum"] == [0, 1]


def test_the_enums_of_a_body_are_named_too():
    body = {"type": "object", "properties": {"sort_type": {"type": "integer", "description": ENUM}}}
    result = shaped(page(PATH, method="post", body=body))
    assert set(schemas(result)) >= {"SortType", "VideoDetailBody"}


@pytest.mark.parametrize(
    ("data_schema", "name"),
    [
        (rows(a="string"), "VideoDetailItem"),
        (named(a=1), "VideoDetailData"),
        ({**named(a=1), "title": "Video"}, "Video"),
        ({**named(a=1), "title": "A video, its views."}, "VideoDetailData"),
        ({**named(a=1), "title": "视频"}, "VideoDetailData"),
        ({**named(a=1), "title": "VideoResource"}, "VideoDetailData"),
        # Taken by Python, the runtime, the client, or another class of this answer.
        *[
            ({**named(a=1), "title": title}, f"VideoDetail{title}")
            for title in (
                *["Exception", "Any", "Page", "NotFound", "TikTok", "AsyncTikTok", "Cursor"],
                "ErrorEnvelope",
            )
        ],
    ],
)
def test_an_object_is_named_by_its_title_or_its_path(data_schema, name):
    result = shaped(page("/v1/tiktok/error/first"), page(PATH, data_schema=data_schema))
    answer = schemas(result)["VideoDetailResponse"]["properties"]["data"]
    assert (answer.get("items") or answer) == {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize(
    ("inner", "name"),
    [
        ({"author": named(a=1)}, "VideoDetailAuthor"),
        ({"authors": {"type": "array", "items": named(a=1)}}, "VideoDetailAuthor"),
        ({"address": named(a=1)}, "VideoDetailAddress"),
        ({"shop/pdp/(slug$)/page": named(a=1)}, "VideoDetailShopPdpSlugPage"),
        ({"作者": named(a=1)}, "VideoDetailValue"),
    ],
)
def test_inner_objects_are_named_by_their_property(inner, name):
    result = shaped(page(PATH, data_schema={"type": "object", "properties": inner}))
    assert name in schemas(result)


@pytest.mark.parametrize(
    ("name", "published", "given"),
    [
        ("Product", "Product", "Product"),
        ("商品", "商品", "VideoDetailData"),
        ("商品", "%E5%95%86%E5%93%81", "VideoDetailData"),
        ("Page«A/B~C»", "Page«A~1B~0C»", "VideoDetailData"),
    ],
)
def test_a_published_component_keeps_its_name_where_it_is_usable(name, published, given):
    data_schema = {"$ref": f"#/components/schemas/{published}"}
    components = {"schemas": {name: named(a=1)}}
    result = shaped(page(PATH, data_schema=data_schema, extra={"components": components}))
    assert data(result)["properties"] == {"a": {"type": "string"}}
    assert set(schemas(result)) == {"VideoDetailResponse", given, "ErrorEnvelope"}


def test_equal_objects_share_a_class_whatever_their_words():
    author = named(a=1)
    inner = {
        "first": {**author, "title": "Author", "description": "One"},
        "second": {**author, "title": "Author", "description": "Another"},
        "third": {**named(b=1), "title": "Author"},
    }
    result = shaped(page(PATH, data_schema={"type": "object", "properties": inner}))
    properties = schemas(result)["VideoDetailData"]["properties"]
    references = [properties[name]["$ref"].rpartition("/")[2] for name in inner]
    assert references == ["Author", "Author", "VideoDetailAuthor"]


def test_names_that_differ_in_case_only_are_not_both_given():
    inner = {"a": {**named(a=1), "title": "MyItem"}, "b": {**named(b=1), "title": "Myitem"}}
    result = shaped(page(PATH, data_schema={"type": "object", "properties": inner}))
    lower = [name.lower() for name in schemas(result)]
    assert len(set(lower)) == len(lower)


def test_error_answers_of_another_form_get_another_name():
    odd = {
        "content": {"application/json": {"schema": {**named(detail=1), "example": {"detail": "x"}}}}
    }
    result = shaped(page(PATH, operation={"responses": {"402": {"description": "", **odd}}}))
    assert {"ErrorEnvelope", "VideoDetailError"} <= set(schemas(result))


def test_components_nobody_refers_to_are_left_out():
    components = {
        "schemas": {"Orphan": named(a=1), "Reached": named(b=1)},
        "x-apifox-folder": {"$ref": "#/components/schemas/Orphan"},
    }
    extra = {"components": components, "x-apifox": [{"$ref": "#/components/schemas/Reached"}]}
    result = shaped(page(PATH, extra=extra))
    assert set(schemas(result)) == {"VideoDetailResponse", "ErrorEnvelope"}


@pytest.mark.parametrize("via", ["children", "parent"])
def test_a_component_that_contains_itself_ends_somewhere_and_is_noted(via):
    reference = {"$ref": "#/components/schemas/Comment"}
    inner = {"type": "array", "items": reference} if via == "children" else reference
    comment = {"type": "object", "properties": {"text": {"type": "string"}, via: inner}}
    result = shaped(references(PATH, comment, name="Comment"))
    child = data(result)["properties"][via]
    assert child.get("items", child) == {"type": "object"}
    assert len(result.notes) == 1
    assert "#/components/schemas/Comment contains itself" in result.notes[0]
    assert "en/tiktok/100.md" in result.notes[0]


@pytest.mark.parametrize(
    "components",
    [
        {"A": {"$ref": "#/components/schemas/A"}},
        {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}},
    ],
)
def test_references_in_a_circle_end(components):
    extra = {"components": {"schemas": components}}
    result = shaped(page(PATH, data_schema={"$ref": "#/components/schemas/A"}, extra=extra))
    assert len(result.notes) == 1


@pytest.mark.timeout(60)
def test_references_that_write_out_to_very_much_are_an_error():
    components = {
        f"L{level}": {
            "type": "object",
            "properties": {
                f"p{n}": {"$ref": f"#/components/schemas/L{level - 1}"} for n in range(9)
            },
        }
        for level in range(1, 12)
    }
    components["L0"] = {"type": "string"}
    extra = {"components": {"schemas": components}}
    with pytest.raises(PipelineError, match="references expand to more than"):
        shaped(page(PATH, data_schema={"$ref": "#/components/schemas/L11"}, extra=extra))


@pytest.mark.parametrize(
    "reference", ["#/components/schemas/Nothing", "#/components/schemas/A/b/c", "#/info/title/x"]
)
def test_a_reference_that_names_nothing_is_an_error(reference):
    with pytest.raises(PipelineError) as caught:
        shaped(page(PATH, data_schema={"$ref": reference}))
    assert f"the reference {reference} points to nothing" in str(caught.value)
    assert caught.value.where == "en/tiktok/100.md"
    assert caught.value.pointer.endswith("/schema/properties/data")


def test_whole_parameters_bodies_and_answers_may_be_referred_to():
    block = document(PATH, method="post")
    node = block["paths"][PATH]["post"]
    block["components"].update(
        parameters={"Id": query("a_id", required=True)},
        responses={"Ok": node["responses"]["200"]},
        requestBodies={"Body": {"content": {"application/json": {"schema": named(b=1)}}}},
    )
    node["parameters"] = [{"$ref": "#/components/parameters/Id"}]
    node["requestBody"] = {"$ref": "#/components/requestBodies/Body"}
    node["responses"]["200"] = {"$ref": "#/components/responses/Ok"}
    info = f"yaml en/tiktok.openapi.json POST {PATH}"
    result = shaped(markdown(yaml.safe_dump(block), info=info))
    assert argument(result, "a_id") == {"type": "string", "minLength": 1}
    assert schemas(result)["VideoDetailBody"]["properties"] == {"b": {"type": "string"}}
    assert "data" in schemas(result)["VideoDetailResponse"]["properties"]


@pytest.mark.parametrize(
    "name", ["$ref", "example", "examples", "default", "properties", "items", "required", "x-name"]
)
def test_a_property_may_have_any_name(name):
    components = {"schemas": {"Inner": named(a=1)}}
    schema = {"type": "object", "properties": {name: {"$ref": "#/components/schemas/Inner"}}}
    result = shaped(page(PATH, data_schema=schema, extra={"components": components}))
    assert data(result)["properties"][name]["properties"] == {"a": {"type": "string"}}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "object", "properties": {}},
        {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Inner"}},
        {
            "type": "array",
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/Inner"}},
        },
        {"anyOf": [{"$ref": "#/components/schemas/Inner"}, {"type": "string"}]},
        {"allOf": [{"$ref": "#/components/schemas/Inner"}]},
        {"not": {"$ref": "#/components/schemas/Inner"}},
        {"type": "integer", "enum": [0, 1]},
    ],
)
def test_components_of_every_kind_can_be_used_everywhere(schema):
    extra = {"components": {"schemas": {"Used": schema, "Inner": named(a=1)}}}
    used = {"$ref": "#/components/schemas/Used"}
    body = {"type": "object", "properties": {"c": used}}
    shaped(page(PATH, data_schema=used, extra=extra))
    shaped(page(PATH, data_schema={"type": "array", "items": used}, extra=extra))
    shaped(page(PATH, method="post", body=body, extra=extra))
    if schema.get("type") in ("string", "integer"):
        shaped(page(PATH, parameters=[{"name": "a", "in": "query", "schema": used}], extra=extra))
