"""What is sent: as the page says, or the page is refused."""

import pytest
from shaping import PATH, operation, parameter, schemas, shaped

from pipeline.errors import PipelineError
from support.pages import document, page, query, rows

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
OBJECT = {"type": "object", "properties": {"a": TEXT}}
BEARER = {"type": "http", "scheme": "bearer"}
ANY = {"schema": {"type": "object"}}


def refusal(*texts):
    with pytest.raises(PipelineError) as caught:
        shaped(*texts)
    error = caught.value
    assert error.where == "en/tiktok/100.md"
    assert error.remedy
    assert "{" not in str(error).replace("{video_id}", "")
    return error


def in_path(**more):
    return {"name": "video_id", "in": "path", **more}


@pytest.mark.parametrize(
    "written",
    [
        *["application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"],
        *[
            "application/json; version=1",
            "*/*",
            "application/*",
            'application/json; charset="utf8"',
        ],
    ],
)
def test_json_is_json_whatever_its_media_type_says_besides(written):
    of_200 = document(PATH, data_schema=rows(a="string"))["paths"][PATH]["get"]["responses"]["200"]
    answer = {"description": "ok", "content": {written: of_200["content"]["application/json"]}}
    body = {"content": {written: {"schema": OBJECT}}}
    more = {"responses": {"200": answer}, "requestBody": body}
    found = operation(shaped(page(PATH, method="post", operation=more)))
    assert "application/json" in found["responses"]["200"]["content"]
    assert found["requestBody"]["content"].keys() == {"application/json"}


@pytest.mark.parametrize(
    "written", ["application/vnd.api+json", "application/problem+json; charset=utf-8", "a/b+JSON"]
)
def test_answers_in_kinds_of_json_are_json(written):
    of_200 = document(PATH, data_schema=rows(a="string"))["paths"][PATH]["get"]["responses"]["200"]
    media = of_200["content"]["application/json"]
    for content in ({written: media}, {written: {}, "application/json": media}):
        more = {"responses": {"200": {"description": "ok", "content": content}}}
        found = operation(shaped(page(PATH, operation=more)))["responses"]["200"]["content"]
        assert found["application/json"]["schema"]["$ref"]


def test_of_the_kinds_of_json_a_page_offers_the_plain_one_is_sent():
    content = {
        "application/vnd.api+json": ANY,
        "application/json; charset=utf-8": {"schema": OBJECT},
    }
    found = operation(
        shaped(page(PATH, method="post", operation={"requestBody": {"content": content}}))
    )
    assert list(found["requestBody"]["content"]) == ["application/json"]
    assert found["requestBody"]["content"]["application/json"]["schema"]["$ref"]


def test_a_schema_beside_a_parameters_name_is_its_schema():
    beside = {"type": "integer", "enum": [1, 2], "default": 2}
    result = shaped(page(PATH, parameters=[{"name": "kind", "in": "query", **beside}]))
    found = parameter(result, "kind")
    assert {**beside, **schemas(result).get("Kind", {}), **found["schema"]}["enum"] == [1, 2]
    assert found.keys().isdisjoint(beside)
    for kind in ("array", "file"):
        error = refusal(page(PATH, parameters=[{"name": "ids", "in": "query", "type": kind}]))
        assert f"'ids' has the type {kind} beside its name and no schema" in str(error)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("application/json; charset=gbk", "not UTF-8"),
        ("application/vnd.api+json", "vnd.api+json; the client sends application/json"),
        ("application/x-www-form-urlencoded", "only JSON is understood"),
        ("text/plain; charset=utf-8", "only JSON is understood"),
    ],
)
def test_bodies_of_other_media_types_are_refused(written, problem):
    body = {"requestBody": {"content": {written: ANY}}}
    error = refusal(page(PATH, method="post", operation=body))
    assert problem in error.problem
    assert "/post/requestBody" in error.pointer


@pytest.mark.parametrize(
    ("scheme", "required", "problem"),
    [
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, [{"Key": []}], "header 'X-Key'"),
        ({"type": "apiKey", "in": "query", "name": "key"}, [{"Key": []}], "query 'key'"),
        ({"type": "apiKey", "in": "header", "name": "Authorization"}, [{"Key": []}], "as it is"),
        ({"type": "http", "scheme": "basic"}, [{"Key": []}], "HTTP 'basic'"),
        ({"type": "http", "scheme": "token"}, [{"Key": []}], "HTTP 'token'"),
        ({"type": "oauth2", "flows": {}}, [{"Key": []}], "by oauth2"),
        (BEARER, [{"Key": [], "JWT Bearer": []}], "2 keys at once: Key, JWT Bearer"),
        (BEARER, [{"Other": []}], "'Other' is described nowhere"),
    ],
)
def test_a_key_that_is_sent_otherwise_than_as_bearer_is_refused(scheme, required, problem):
    components = {"components": {"securitySchemes": {"Key": scheme}}}
    error = refusal(page(PATH, operation={"security": required}, extra=components))
    assert problem in error.problem
    assert error.pointer.endswith("/get/security")


@pytest.mark.parametrize(
    ("of_operation", "of_document", "sent"),
    [
        ([{"Key": []}, {"JWT Bearer": []}], [], [{"JWT_Bearer": []}]),
        ([{}, {"JWT Bearer": []}], [], [{"JWT_Bearer": []}]),
        (None, [{"JWT Bearer": []}], [{"JWT_Bearer": []}]),
        ([], [{"JWT Bearer": []}], []),
        ([{}], [], []),
        (None, [], []),
    ],
)
def test_of_alternatives_the_bearer_key_is_sent_and_none_without_security(
    of_operation, of_document, sent
):
    key = {"type": "apiKey", "in": "header", "name": "X-Key"}
    extra = {"components": {"securitySchemes": {"Key": key}}, "security": of_document}
    result = shaped(page(PATH, operation={"security": of_operation}, extra=extra))
    assert operation(result)["security"] == sent


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"schema": TEXTS, "style": "deepObject"}, "a list of the style deepObject"),
        ({"schema": {"anyOf": [TEXT, TEXTS]}, "style": "pipeDelimited"}, "joined to one value"),
        ({"schema": OBJECT, "style": "deepObject"}, "is an object (style deepObject)"),
        ({"schema": OBJECT}, "is an object (style form)"),
        ({"schema": {"properties": {"a": TEXT}}}, "is an object"),
        ({"schema": {"anyOf": [TEXT, OBJECT]}}, "is an object"),
        ({"schema": {"type": "array", "items": OBJECT}}, "list of lists or objects"),
        ({"schema": {"type": "array", "items": TEXTS}}, "list of lists or objects"),
        ({"schema": {"anyOf": [TEXT, TEXTS]}, "explode": False}, "joined to one value"),
        ({"content": {"application/json": {"schema": OBJECT}}}, "sent as application/json"),
    ],
)
def test_parameters_that_would_be_sent_otherwise_are_refused(given, problem):
    error = refusal(page(PATH, parameters=[query("b"), {"name": "a", "in": "query", **given}]))
    assert problem in error.problem
    assert "'a'" in error.problem
    assert error.pointer.endswith("/get/parameters/1")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"schema": TEXTS}, "list in the path"),
        ({"schema": TEXT, "style": "matrix"}, "style matrix"),
        ({"schema": OBJECT}, "is an object"),
    ],
)
def test_parts_of_a_path_are_single_values(given, problem):
    path = "/v1/tiktok/video/{video_id}"
    assert problem in refusal(page(path, parameters=[in_path(required=True, **given)])).problem


@pytest.mark.parametrize(
    "given",
    [
        {"schema": TEXTS},
        {"schema": TEXTS, "style": "form", "explode": True},
        {"schema": TEXTS, "explode": False},
        {"schema": TEXT, "style": "form", "explode": False},
        {"schema": {"anyOf": [TEXT, TEXTS]}},
        {"schema": {}},
        {"schema": TEXTS, "style": "pipeDelimited"},
        {"schema": TEXTS, "style": "spaceDelimited", "explode": True},
    ],
)
def test_other_parameters_are_kept(given):
    found = {"name": "a", "in": "query", **given}
    assert parameter(shaped(page(PATH, parameters=[found])), "a")["name"] == "a"


def test_a_part_of_the_path_is_required_even_where_the_page_forgets_it():
    result = shaped(page("/v1/tiktok/video/{video_id}", parameters=[in_path(schema=TEXT)]))
    assert parameter(result, "video_id")["required"] is True


def test_a_body_that_is_all_of_several_objects_is_one_object():
    inner = {"allOf": [OBJECT, {"required": ["a"]}]}
    other = {"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["a", "b"]}
    result = shaped(page(PATH, method="post", body={"allOf": [inner, other], "description": "x"}))
    assert schemas(result)["VideoDetailBody"] == {
        "type": "object",
        "properties": {"a": TEXT, "b": {"type": "integer"}},
        "required": ["a", "b"],
        "description": "x",
    }


@pytest.mark.parametrize(
    "part",
    [
        {"type": "object", "properties": {"a": {"type": "integer"}}},
        {"type": "array", "items": {}},
        {"type": "string"},
        {"oneOf": [OBJECT]},
    ],
)
def test_a_body_of_parts_that_do_not_fit_together_is_refused(part):
    error = refusal(page(PATH, method="post", body={"allOf": [OBJECT, part]}))
    assert "do not make one plain object" in error.problem
    assert error.pointer.endswith("/post/requestBody/content/application~1json/schema")


def test_what_is_of_one_direction_only_is_left_out_of_the_other():
    both = {
        "type": "object",
        "properties": {
            "id": {**TEXT, "readOnly": True},
            "name": TEXT,
            "secret": {**TEXT, "writeOnly": True},
        },
        "required": ["id", "secret"],
    }
    nested = {"type": "object", "properties": {"inner": both}}
    result = shaped(page(PATH, method="post", body=nested, data_schema=nested))
    sent, received = schemas(result)["VideoDetailBodyInner"], schemas(result)["VideoDetailInner"]
    assert (list(sent["properties"]), sent["required"]) == (["name", "secret"], ["secret"])
    assert (list(received["properties"]), received["required"]) == (["id", "name"], ["id"])
