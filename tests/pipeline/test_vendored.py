"""Merging pages: nothing added or lost, contradictions named, and what the lock records."""

import hashlib

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
            page(PATH, extra={"components": {"schemas": {"A/B": PRODUCT}}}),
            page(OTHER, extra={"components": {"schemas": {"A/B": {}}}}),
            "#/components/schemas/A~1B",
        ),
        (
            page(PATH),
            page(OTHER, extra={"components": {"securitySchemes": {"JWT Bearer": {"scheme": "x"}}}}),
            "#/components/securitySchemes/JWT Bearer",
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
