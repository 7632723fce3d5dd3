"""Why no client can be made of a specification: said in words, of a page and a place in it."""

import pytest
from shaping import PATH

from pipeline.errors import PipelineError
from pipeline.project import Project
from pipeline.shape import shape
from pipeline.vendor.merge import merge
from pipeline.vendor.pages import read_page
from support.pages import ROOT, page, query, rows

OTHER = page("/v1/tiktok/shop/list", data_schema=rows(a="string"))


def refusal(text):
    """What is said of a page beside another that is fine."""
    pages = [read_page(OTHER.encode(), "en/a.md"), read_page(text.encode(), "en/b.md")]
    vendored = merge(pages, {}, "generator 1.0")
    effective = shape(vendored.spec, vendored.lock).spec
    with pytest.raises(PipelineError) as caught:
        Project(ROOT).require_parsed(vendored, effective)
    error = caught.value
    assert error.where == "en/b.md"
    assert error.remedy
    assert "{" not in error.problem
    assert "\n" not in str(error)
    return error


@pytest.mark.parametrize(
    ("operation", "problem", "place"),
    [
        ({"operationID": "a"}, "get has unknown fields: operationID", ""),
        ({"requestBody": {}}, "requestBody has no content", "/requestBody"),
        ({"responses": {"2-oh": {"description": "odd"}}}, "unknown fields: 2-oh", "/responses"),
        (
            {"parameters": [{**query("a"), "foo": 1}]},
            "unknown fields: foo",
            "/parameters/0",
        ),
        ({"deprecated": "soon"}, "must be of type boolean", "/deprecated"),
        (
            {"parameters": [{"name": "a", "in": "path", "schema": {"type": "string"}}]},
            "Path parameter 'a'",
            "",
        ),
        ({"externalDocs": {"description": "x"}}, "externalDocs has no url", "/externalDocs"),
    ],
)
def test_an_operation_that_is_not_valid_is_blamed_in_words(operation, problem, place):
    error = refusal(page(PATH, operation=operation))
    assert problem in error.problem
    assert error.pointer == f"#/paths/~1v1~1tiktok~1video~1detail/get{place}"


def test_a_schema_that_is_not_valid_is_blamed_on_the_page_that_uses_it():
    inner = {"type": "object", "properties": {"b": {"type": "string", "xml": {"prefix": 1}}}}
    error = refusal(page(PATH, data_schema={"type": "object", "properties": {"a": inner}}))
    assert "prefix must be of type string, which 1 is not" in error.problem
    assert "in the schema VideoDetailA/properties/b/xml/prefix" in error.problem
    assert error.pointer == "#/paths/~1v1~1tiktok~1video~1detail/get"
