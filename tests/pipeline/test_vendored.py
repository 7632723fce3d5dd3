"""Merging pages: nothing added or lost, contradictions named, and what the lock records."""

import hashlib
from typing import Any

import pytest
import yaml

from pipeline.errors import PipelineError
from pipeline.project import Project
from pipeline.vendor.merge import merge, operations_in_order, require_lock
from pipeline.vendor.pages import Page, read_page
from support.pages import EXAMPLE, LISTING_NAME, LISTING_PAGE, ROOT, document, markdown, page, query

PATH = "/v1/tiktok/video/detail"
OTHER = "/v1/tiktok/video/list"
GENERATOR = "generator 1.0"
PRODUCT = {"type": "object", "properties": {"id": {"type": "string"}}}


def read(text: str, name: str = "en/a.md") -> Page:
    return read_page(text.encode(), name)


def vendored(*pages: Page, lock=None):
    return merge(pages, lock or {}, GENERATOR)


def with_schemas(path: str, schemas, name: str) -> Page:
    return read(page(path, extra={"components": {"schemas": schemas}}), name)


def test_one_page_merges_to_its_block():
    listing = read_page(LISTING_PAGE.read_bytes(), LISTING_NAME)
    text = LISTING_PAGE.read_text("utf-8")
    block = text.partition(listing.operation + "\n")[2].rpartition("````")[0]
    assert vendored(listing).spec == listing.block == yaml.safe_load(block)


@pytest.mark.parametrize(
    "extra",
    [
        {"components": None},
        {"components": {"schemas": {}, "x-apifox": [1]}},
        {"components": {"x-apifox": {"a": 1}, "x-empty": {}}},
        {"paths": {PATH: {"summary": "A path", "x-apifox": 1, "parameters": [query("a")]}}},
        {"x-apifox": {"a": 1}, "externalDocs": {"url": "https://x.test"}, "tags": None},
    ],
)
def test_nothing_is_added_or_lost(extra):
    assert vendored(read(page(PATH, extra=extra))).spec == document(PATH, extra=extra)


@pytest.mark.parametrize("components", [{}, {"schemas": {}}])
def test_empty_components_are_kept(components):
    block = {**document(PATH), "components": components}
    text = markdown(yaml.safe_dump(block))
    assert vendored(read(text)).spec == block


def test_two_pages_merge():
    first = with_schemas(PATH, {"Product": PRODUCT}, "en/a.md")
    second = with_schemas(OTHER, {"Shop": PRODUCT}, "en/b.md")
    result = vendored(second, first)
    assert result == vendored(first, second)
    assert list(result.spec["paths"]) == [PATH, OTHER]
    for one in (first, second):
        assert result.spec["paths"][one.path] == one.block["paths"][one.path]
    assert result.spec["components"]["schemas"] == {"Product": PRODUCT, "Shop": PRODUCT}


def test_two_methods_of_one_path_merge():
    get, post = read(page(PATH), "en/a.md"), read(page(PATH, method="post"), "en/b.md")
    assert set(vendored(get, post).spec["paths"][PATH]) == {"get", "post"}


def test_identical_components_are_shared():
    pages = [
        with_schemas(p, {"Product": PRODUCT}, f"en/{n}.md") for n, p in ((1, PATH), (2, OTHER))
    ]
    result = vendored(*pages)
    assert result.spec["components"]["schemas"] == {"Product": PRODUCT}
    for entry in result.lock["pages"].values():
        assert entry["components"] == ["securitySchemes/JWT Bearer", "schemas/Product"]


@pytest.mark.parametrize(
    ("first", "second", "pointer"),
    [
        (
            page(PATH),
            page(PATH, operation={"summary": "Another"}),
            "#/paths/~1v1~1tiktok~1video~1detail/get",
        ),
        (
            page(PATH, extra={"paths": {PATH: {"parameters": [query("a")]}}}),
            page(PATH, method="post", extra={"paths": {PATH: {"parameters": [query("b")]}}}),
            "#/paths/~1v1~1tiktok~1video~1detail/parameters",
        ),
    ],
)
def test_contradicting_pages_are_both_named(first, second, pointer):
    with pytest.raises(PipelineError) as caught:
        vendored(read(first, "en/a.md"), read(second, "en/b.md"))
    assert caught.value.pointer == pointer
    assert "en/a.md" in str(caught.value)
    assert "en/b.md" in str(caught.value)
    assert caught.value.remedy


# --- Components that pages do not agree on ------------------------------------------------------


def row(**properties: str) -> dict[str, Any]:
    return {"type": "object", "properties": {n: {"type": t} for n, t in properties.items()}}


def using(path: str, name: str, schemas: dict[str, Any], *uses: str) -> Page:
    """A page whose data refers to components, among the components that it has."""
    data = {"type": "object", "properties": {use: ref(use) for use in uses}}
    return read(page(path, data_schema=data, extra={"components": {"schemas": schemas}}), name)


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def data_of(spec: dict[str, Any], path: str) -> dict[str, Any]:
    answer = spec["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    found: dict[str, Any] = answer["schema"]["properties"]["data"]["properties"]
    return found


def test_two_versions_that_are_used_are_kept_under_two_names_whatever_the_pages_are_called():
    old, new = row(a="string"), row(a="integer")
    for names in (("en/a.md", "en/b.md"), ("en/b.md", "en/a.md")):
        first = using(PATH, names[0], {"Row": old}, "Row")
        lock = vendored(first).lock
        result = vendored(using(OTHER, names[1], {"Row": new}, "Row"), first, lock=lock)
        assert result.spec["components"]["schemas"] == {"Row": old, "Row_2": new}
        assert data_of(result.spec, PATH)["Row"] == ref("Row")
        assert data_of(result.spec, OTHER)["Row"] == ref("Row_2")
        assert result.lock["pages"][names[1]]["renamed"] == {"schemas/Row": "Row_2"}
        assert "renamed" not in result.lock["pages"][names[0]]
        assert "schemas/Row_2" in result.lock["pages"][names[1]]["components"]
        (note,) = result.notes
        assert note.startswith(f"{names[1]}: its schemas/Row differs")


def test_what_refers_to_another_version_is_another_version_itself():
    def schemas(kind: str) -> dict[str, Any]:
        outer = {"type": "object", "properties": {"in": ref("In")}}
        return {"Out": outer, "In": row(a=kind)}

    result = vendored(
        using(PATH, "en/a.md", schemas("string"), "Out"),
        using(OTHER, "en/b.md", schemas("integer"), "Out"),
        using("/v1/tiktok/video/third", "en/c.md", schemas("integer"), "Out"),
    )
    found = result.spec["components"]["schemas"]
    assert found.keys() == {"Out", "In", "Out_2", "In_2"}
    assert found["Out_2"]["properties"]["in"] == ref("In_2")
    assert data_of(result.spec, "/v1/tiktok/video/third")["Out"] == ref("Out_2")


def test_a_version_that_no_operation_uses_gives_way():
    result = vendored(
        using(PATH, "en/a.md", {"Row": row(a="string")}),
        using(OTHER, "en/b.md", {"Row": row(a="integer")}, "Row"),
    )
    assert result.spec["components"]["schemas"] == {"Row": row(a="integer")}
    assert result.lock["pages"]["en/a.md"]["left_out"] == ["schemas/Row"]
    (note,) = result.notes
    assert "which its operation does not use" in note


@pytest.mark.parametrize(
    "words", [{"description": "Other  words"}, {"title": "T"}, {"x-source": "1"}]
)
def test_a_difference_in_words_alone_is_noted(words: dict[str, Any]):
    result = vendored(
        using(PATH, "en/a.md", {"Row": row(a="string")}, "Row"),
        using(OTHER, "en/b.md", {"Row": {**row(a="string"), **words}}, "Row"),
    )
    assert result.spec["components"]["schemas"] == {"Row": row(a="string")}
    (note,) = result.notes
    assert note == (
        "en/b.md: schemas/Row differs in words alone from an older page's, which is taken."
    )


def test_a_property_called_description_is_no_word():
    result = vendored(
        using(PATH, "en/a.md", {"Row": row(description="string")}, "Row"),
        using(OTHER, "en/b.md", {"Row": row(description="integer")}, "Row"),
    )
    assert result.spec["components"]["schemas"].keys() == {"Row", "Row_2"}


def test_another_security_scheme_keeps_to_its_operation():
    schemes = {"JWT Bearer": {"type": "http", "scheme": "basic"}}
    result = vendored(
        read(page(PATH), "en/a.md"),
        read(page(OTHER, extra={"components": {"securitySchemes": schemes}}), "en/b.md"),
    )
    assert list(result.spec["components"]["securitySchemes"]) == ["JWT Bearer", "JWT Bearer_2"]
    assert result.spec["paths"][PATH]["get"]["security"] == [{"JWT Bearer": []}]
    assert result.spec["paths"][OTHER]["get"]["security"] == [{"JWT Bearer_2": []}]


def test_a_component_that_contains_itself_is_compared():
    tree = {"type": "object", "properties": {"below": ref("Tree")}}
    pages = [using(PATH, "en/a.md", {"Tree": tree}, "Tree")]
    pages.append(using(OTHER, "en/b.md", {"Tree": tree}, "Tree"))
    assert vendored(*pages).spec["components"]["schemas"] == {"Tree": tree}


def test_pages_that_disagree_on_what_one_operation_costs_are_both_named():
    with pytest.raises(PipelineError, match=r"en/b\.md.*en/a\.md"):
        vendored(read(page(PATH, credits=1), "en/a.md"), read(page(PATH, credits=2), "en/b.md"))


def test_no_pages_are_an_error():
    with pytest.raises(PipelineError, match="there is no page"):
        vendored()


@pytest.mark.parametrize(
    "components", ["text", ["a"], {"schemas": ["a"]}, {"schemas": "text"}, {"schemas": None}]
)
def test_malformed_components_name_the_page(components):
    text = markdown(yaml.safe_dump({**document(PATH), "components": components}))
    with pytest.raises(PipelineError) as caught:
        vendored(read(text, "en/a.md"))
    assert caught.value.where == "en/a.md"
    assert caught.value.pointer.startswith("#/components")


def test_the_lock_records_where_everything_is_from():
    text = page(PATH, method="post", credits=2, extra={"components": {"schemas": {"A": {}}}})
    assert vendored(read(text)).lock == {
        "version": 1,
        "generator": GENERATOR,
        "pages": {
            "en/a.md": {
                "added": 1,
                "source": "file",
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
                "operation": f"POST {PATH}",
                "components": ["securitySchemes/JWT Bearer", "schemas/A"],
                "credits": 2,
            }
        },
    }


def test_a_cost_the_page_does_not_state_is_recorded_as_unknown():
    lock = vendored(read(page(PATH, credits=None))).lock
    assert lock["pages"]["en/a.md"]["credits"] is None


def test_the_document_is_the_first_pages_and_differences_are_recorded():
    servers = [{"url": "https://other.test"}]
    first = read(page(PATH), "en/a.md")
    second = read(
        page(OTHER, extra={"info": {"title": ""}, "servers": servers, "tags": None, "x-a": 1}),
        "en/b.md",
    )
    result = vendored(second, first)
    assert result.spec["info"] == first.block["info"]
    assert result.spec["servers"] == first.block["servers"]
    assert "x-a" not in result.spec
    assert "differs" not in result.lock["pages"]["en/a.md"]
    assert result.lock["pages"]["en/b.md"]["differs"] == ["info", "servers", "tags", "x-a"]


def test_a_page_added_later_stays_behind_whatever_its_name():
    first = vendored(read(page(PATH), "en/m.md"))
    second = vendored(read(page(PATH), "en/m.md"), read(page(OTHER), "en/a.md"), lock=first.lock)
    third = vendored(
        *(read(page(path), name) for path, name in ((PATH, "en/m.md"), (OTHER, "en/a.md"))),
        read(page("/v1/tiktok/z"), "en/0.md"),
        lock=second.lock,
    )
    added = {name: entry["added"] for name, entry in third.lock["pages"].items()}
    assert added == {"en/0.md": 3, "en/a.md": 2, "en/m.md": 1}
    assert list(operations_in_order(third.lock)) == [
        f"GET {PATH}",
        f"GET {OTHER}",
        "GET /v1/tiktok/z",
    ]
    assert operations_in_order(third.lock)[f"GET {OTHER}"]["page"] == "en/a.md"


def test_pages_added_together_are_in_the_order_of_their_names():
    lock = vendored(read(page(PATH), "en/b.md"), read(page(OTHER), "en/a.md")).lock
    assert list(operations_in_order(lock)) == [f"GET {OTHER}", f"GET {PATH}"]


def test_the_number_of_a_dropped_page_is_not_given_again():
    before = vendored(read(page(PATH), "en/a.md"), read(page(OTHER), "en/b.md"))
    dropped = vendored(read(page(OTHER), "en/b.md"), lock=before.lock)
    after = vendored(
        read(page(OTHER), "en/b.md"), read(page("/v1/tiktok/z"), "en/c.md"), lock=dropped.lock
    )
    assert [entry["added"] for entry in after.lock["pages"].values()] == [2, 3]


@pytest.mark.parametrize(("cost", "source"), [(1, "https://docs.keyapi.ai/en/a"), (2, "file")])
def test_a_source_is_kept_as_long_as_the_page_is_the_same(cost, source):
    lock = vendored(read(page(PATH))).lock
    lock["pages"]["en/a.md"]["source"] = "https://docs.keyapi.ai/en/a"
    again = vendored(read(page(PATH, credits=cost)), lock=lock)
    assert again.lock["pages"]["en/a.md"]["source"] == source


def test_merging_again_changes_nothing():
    pages = [read(page(PATH), "en/b.md"), read(page(OTHER), "en/a.md")]
    once = vendored(*pages)
    assert vendored(*pages, lock=once.lock) == once


def test_the_merged_specification_is_independent_of_the_pages():
    one = read(page(PATH))
    vendored(one).spec["paths"][PATH]["get"]["summary"] = "changed"
    assert one.block["paths"][PATH]["get"]["summary"] == "An operation"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("added", value) for value in (None, "1", True, 0)],
        *[("source", value) for value in (None, 1, "ftp://x.test/a.md", "https://x.test/a b")],
        *[("etag", value) for value in (1, "", '"a\r\nb"', '"ü"')],
        *[("sha256", value) for value in (None, 1, "abc", "x" * 64)],
        *[("operation", value) for value in (None, "/v1/a", "GET", "get /v1/a", "GET /v1/a b")],
        *[("components", value) for value in (None, "a", {})],
        *[("credits", value) for value in ("1", 1.5, True, -1)],
    ],
)
def test_a_lock_with_a_damaged_entry_is_refused_with_the_place(key, value):
    lock = vendored(read(page(PATH)), read(page(OTHER), "en/b.md")).lock
    require_lock(lock, "vendor.lock", "Restore it.")
    lock["pages"]["en/b.md"][key] = value
    with pytest.raises(PipelineError) as caught:
        require_lock(lock, "vendor.lock", "Restore it.")
    assert caught.value.pointer == f"#/pages/en~1b.md/{key}"


@pytest.mark.parametrize("data", [None, [], {}, {"pages": []}, {"pages": {"en/a.md": None}}])
def test_what_is_no_lock_is_refused(data):
    with pytest.raises(PipelineError, match="the lock is damaged"):
        require_lock(data, "vendor.lock", "Restore it.")


def test_two_pages_with_one_number_are_refused():
    lock = vendored(read(page(PATH)), read(page(OTHER), "en/b.md")).lock
    lock["pages"]["en/b.md"]["added"] = lock["pages"]["en/a.md"]["added"]
    with pytest.raises(PipelineError, match=r"b\.md/added: the lock is damaged"):
        require_lock(lock, "vendor.lock", "Restore it.")


@pytest.mark.parametrize("root", [EXAMPLE, ROOT])
def test_what_is_committed_is_what_the_pages_give(root):
    project = Project(root)
    assert project.vendored().lock["pages"].keys() == project.page_contents().keys()
