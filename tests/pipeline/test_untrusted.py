"""What a published document has no reason to hold is refused; what is merely odd is not."""

import pytest

from pipeline.document.hostile import refuse_hostile
from pipeline.errors import PipelineError
from pipeline.vendor.pages import read_page
from support.pages import document, markdown, merged, page, query

PATH = "/v1/tiktok/video/detail"
CODE = 'x"""\nimport os\nos.abort()\n"""'
BIDI = "\u202egpj.exe"


def block(*, schema=None, operation=None, **extra):
    return document(PATH, data_schema=schema, operation=operation, extra=extra)


def named(name):
    return {"type": "object", "properties": {name: {"type": "string"}}}


# Where a page can put a text, or a name.
TEXTS = {
    "info": lambda text: block(info={"description": text}),
    "title": lambda text: block(info={"title": text}),
    "server": lambda text: block(servers=[{"url": text}]),
    "server's text": lambda text: block(servers=[{"url": "https://x.test", "description": text}]),
    "summary": lambda text: block(operation={"summary": text}),
    "operation": lambda text: block(operation={"description": text}),
    "parameter": lambda text: block(operation={"parameters": [query("a", text)]}),
    "response": lambda text: block(operation={"responses": {"200": {"description": text}}}),
    "schema": lambda text: block(schema={"type": "string", "title": text}),
    "inner schema": lambda text: block(
        schema={"anyOf": [{"items": {"allOf": [{"description": text}]}}]}
    ),
    "additional": lambda text: block(schema={"additionalProperties": {"description": text}}),
    "component": lambda text: block(components={"schemas": {"Orphan": {"description": text}}}),
}
NAMES = {
    "property": lambda name: block(schema=named(name)),
    "row's property": lambda name: block(schema={"type": "array", "items": named(name)}),
    "operationId": lambda name: block(operation={"operationId": name}),
    "tag": lambda name: block(operation={"tags": ["TikTok", name]}),
    "parameter": lambda name: block(operation={"parameters": [query(name)]}),
    "enum": lambda name: block(operation={"parameters": [query("a", enum=["b", name])]}),
    "const": lambda name: block(operation={"parameters": [query("a", const=name)]}),
    "x-enum-varnames": lambda name: block(
        operation={"parameters": [query("a", **{"x-enum-varnames": [name]})]}
    ),
    "required": lambda name: block(schema={"type": "object", "required": [name]}),
    "document's tag": lambda name: block(tags=[{"name": name}]),
    "component": lambda name: block(components={"schemas": {name: {}}}),
    "security scheme": lambda name: block(components={"securitySchemes": {name: {}}}),
    "component's property": lambda name: block(components={"schemas": {"Orphan": named(name)}}),
}


def refusal(data) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        refuse_hostile(data, "en/some.md")
    assert caught.value.where == "en/some.md"
    assert caught.value.pointer.startswith("#/")
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    "reference",
    [
        *["http://x.test/a.yaml", "https://x.test/a#/b", "//x.test/a", "file:///etc/passwd"],
        *["other.yaml", "./other.yaml#/a", "../a.json", "/etc/passwd", "", "#", None, 1, ["#/a"]],
        *['#/components/schemas/x"""', "#/components/schemas/\u202ex"],
    ],
)
def test_references_that_leave_the_page(reference):
    error = refusal(block(schema={"type": "array", "items": {"$ref": reference}}))
    assert error.pointer.endswith("/data/items/$ref")


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        "'''",
        *(f"a{c}b" for c in "\x00\x08\x0b\x1b\x7f\x85\u2028\u2029"),
        BIDI,
        "\u2066x\u2069",
    ],
)
@pytest.mark.parametrize("place", TEXTS)
def test_texts_that_could_become_code(place, text):
    assert "could break out of a docstring" in str(refusal(TEXTS[place](text)))


@pytest.mark.parametrize(
    "name",
    [
        *["a'b", 'a"b', "a`b", "a\\b", "a;b", "a{b", "a}b", "a<b", "a>b", "a=b", "a#b"],
        *["a\nb", "a\rb", "a\tb", "a\x00b", "a\x7fb", "a\u2028b", BIDI, "a\ufeffb", "x" * 201],
    ],
)
@pytest.mark.parametrize("place", NAMES)
def test_names_that_hold_code(place, name):
    assert "name" in str(refusal(NAMES[place](name)))


@pytest.mark.parametrize("name", [None, 1, True, {"a": 1}, ["a"]])
def test_names_that_are_no_text(name):
    assert "not text" in str(refusal(block(operation={"parameters": [query(name)]})))


def test_thousands_of_parameters():
    """The generator compares each with all others: 3,000 take it half a minute."""
    refuse_hostile(block(operation={"parameters": [query("a")] * 1_000}), "page")
    error = refusal(block(operation={"parameters": [query("a")] * 1_001}))
    assert "1,001 parameters, more than 1,000" in str(error)
    assert error.pointer.endswith("/parameters")


@pytest.mark.parametrize("reference", ["http://x.test/a.yaml", "file:///etc/passwd", "#/info"])
@pytest.mark.parametrize("form", [lambda r: r, lambda r: [r], lambda r: {"a": [r]}])
def test_a_default_holds_no_reference(form, reference):
    """Validators follow references in defaults, over the network and into the file system."""
    default = form({"$ref": reference})
    assert "/default" in refusal(block(schema={"type": "object", "default": default})).pointer
    refuse_hostile(block(schema={"type": "object", "default": {"a": ["b", None]}}), "page")


@pytest.mark.parametrize(
    "data",
    [
        block(operation={"x-keyapi": {"credits": 0}}),
        block(schema={"type": "string", "x-keyapi": {"json": True}}),
        block(**{"x-keyapi": {}}),
    ],
)
def test_this_projects_own_facts_cannot_be_published(data):
    assert "x-keyapi" in refusal(data).pointer


def test_a_page_is_checked_when_it_is_read():
    with pytest.raises(PipelineError, match="docstring"):
        read_page(page(PATH, operation={"summary": CODE}).encode(), "en/some.md")


def test_text_hidden_behind_an_anchor_is_checked():
    text = f"""
openapi: 3.0.1
x-hidden: &hidden "'''"
paths: {{{PATH}: {{get: {{summary: *hidden, responses: {{}}}}}}}}
"""
    with pytest.raises(PipelineError, match="docstring"):
        read_page(markdown(text).encode(), "en/some.md")


@pytest.mark.parametrize(
    "name",
    [
        *["shop/pdp/(product_name_slug$)/(product_id)/page", "商品名称", "a-b.c d", "@type", "a:b"],
        *["example", "examples", "default", "$ref", "enum", "name", "url", "tags", "properties"],
        *["required", "x-keyapi", "x-other", "description", "title", "items", "schemas"],
        *["class", "import", "None", "self", "__class__", "", "3d", "🪙", "x" * 200],
    ],
)
def test_odd_names_are_legitimate(name):
    refuse_hostile(block(schema=named(name)), "page")
    refuse_hostile(block(schema={"type": "array", "items": named(name)}), "page")


@pytest.mark.parametrize("name", ["商品", "Page«Product»", "a.b", "JWT Bearer"])
def test_odd_component_names_are_legitimate(name):
    refuse_hostile(block(components={"schemas": {name: named("a")}}), "page")


@pytest.mark.parametrize("name", ["example", "default", "properties", "x-other"])
def test_what_is_below_an_odd_name_is_checked_all_the_same(name):
    inner = {"type": "object", "properties": {name: {"type": "string", "description": CODE}}}
    refusal(block(schema=inner))


@pytest.mark.parametrize("text", ["", "a 'quoted' \"word\"", "`code` {x}; y\\z", "行\n\t列", "“”…"])
def test_ordinary_text_is_legitimate(text):
    refuse_hostile(block(operation={"summary": text, "description": text}), "page")


@pytest.mark.parametrize(
    "value",
    [CODE, BIDI, "\x00", {"$ref": "http://x.test"}, {'a"""b': [CODE]}, {"x-keyapi": 1}, None],
)
@pytest.mark.parametrize("key", ["example", "examples", "x-codeSamples"])
def test_examples_and_publishers_extensions_may_hold_anything(key, value):
    schema = {"type": "array", key: [value]}
    refuse_hostile(merged(block(schema=schema), {"x-more": value}), "page")
