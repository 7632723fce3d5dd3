"""Models: typed, read-only views over the row as it was received."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

import keyapi_example.models  # noqa: F401 - `Listing` below finds its enum there
from client.conftest import EXAMPLE, pickled
from keyapi import Model
from keyapi._models import decoded, field
from keyapi_example import (
    Cover,
    InfluencerProduct,
    InfluencerProductsAnalyticsResponse,
    SortType,
)

ROW: dict[str, Any] = EXAMPLE["data"][0]


class Listing(Model):
    """A generated model has its enums and classes in its own package; so does this one."""

    __module__ = "keyapi_example.models.listing"
    __slots__ = ()

    order: SortType | int | None = field("sortOrder", default=None, enum="SortType")
    cover: Cover | None = field("cover", default=None, model="Cover")
    main: Cover | None = decoded("main_json", model="Cover", text="url")
    extra: Any = decoded("extra_json")


class MyProduct(InfluencerProduct):
    """A user's own subclass, in a user's own module."""

    @property
    def label(self) -> str:
        return f"{self.product_name} ({self.product_id})"


class MyResponse(InfluencerProductsAnalyticsResponse):
    """As `MyProduct`, of a model that names another one."""


# --- Building and reading ---------------------------------------------------------------------


def test_a_model_is_built_with_keywords() -> None:
    built = InfluencerProduct(product_id="1", total_sale_cnt=3)
    assert (built.product_id, built.total_sale_cnt) == ("1", 3)


def test_keywords_take_the_wire_name_in_the_row() -> None:
    built = InfluencerProductsAnalyticsResponse(code=0, request_id="r")
    assert built.to_dict() == {"code": 0, "requestId": "r"}


def test_keywords_take_models_and_enums() -> None:
    built = Listing(order=SortType.DESC, cover=Cover(url="u"))
    assert built.to_dict() == {"sortOrder": 1, "cover": {"url": "u"}}
    assert type(built.to_dict()["sortOrder"]) is int


def test_a_none_given_as_keyword_is_an_explicit_null() -> None:
    assert InfluencerProduct(product_id=None).to_dict() == {"product_id": None}


@pytest.mark.parametrize("keyword", ["product_nam", "requestId", "covers", "_row"])
def test_an_unknown_keyword_is_an_error_that_names_the_fields(keyword: str) -> None:
    with pytest.raises(TypeError) as caught:
        InfluencerProduct(**{keyword: "x"})
    text = str(caught.value)
    assert f"InfluencerProduct() has no field '{keyword}'" in text
    assert all(name in text for name in ROW)


def test_every_documented_property_is_an_attribute() -> None:
    read = InfluencerProduct.from_dict(ROW)
    assert {name: getattr(read, name) for name in ROW} == ROW


def test_ids_stay_text() -> None:
    read = InfluencerProduct.from_dict(ROW)
    assert (read.product_id, read.user_id) == ("1729383941730701675", "6813855719982466054")


def test_a_field_the_server_did_not_send_is_none() -> None:
    read = InfluencerProduct.from_dict({})
    assert {getattr(read, name) for name in ROW} == {None}


def test_a_wrong_type_is_given_as_it_came() -> None:
    assert InfluencerProduct.from_dict({"total_sale_cnt": "943075"}).total_sale_cnt == "943075"


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(ROW, id="the documented row"),
        pytest.param({}, id="empty"),
        pytest.param({"product_id": None, "cover_url": None}, id="explicit nulls"),
        pytest.param({"product_id": "1", "commission_rate": 0.2}, id="unknown field"),
        pytest.param({"unknown": {"deep": [1, {"er": None}]}}, id="unknown object"),
        pytest.param({"total_sale_cnt": "many"}, id="wrong type"),
    ],
)
def test_to_dict_equals_what_was_received(row: dict[str, Any]) -> None:
    received = json.dumps(row)
    read = InfluencerProduct.from_dict(json.loads(received))
    assert read.covers is not None
    assert json.dumps(read.to_dict()) == received


def test_to_dict_of_a_whole_answer_equals_what_was_received() -> None:
    assert InfluencerProductsAnalyticsResponse.from_dict(EXAMPLE).to_dict() == EXAMPLE


def test_changing_what_to_dict_gave_does_not_change_the_model() -> None:
    read = InfluencerProduct.from_dict({"tags": ["a"]})
    read.to_dict()["tags"].append("b")
    assert read.to_dict() == {"tags": ["a"]}


def test_changing_a_list_given_as_keyword_does_not_change_the_model() -> None:
    rows = [InfluencerProduct(product_id="1")]
    built = InfluencerProductsAnalyticsResponse(data=rows)
    rows.clear()
    assert built.to_dict() == {"data": [{"product_id": "1"}]}


# --- Enums and nested models ------------------------------------------------------------------


def test_a_known_enum_value_is_its_member() -> None:
    assert Listing.from_dict({"sortOrder": 1}).order is SortType.DESC


@pytest.mark.parametrize("value", [7, "newest", [1], {"a": 1}])
def test_an_unknown_enum_value_is_kept(value: Any) -> None:
    read = Listing.from_dict({"sortOrder": value})
    assert read.order == value
    assert read.to_dict() == {"sortOrder": value}


@pytest.mark.parametrize("row", [{}, {"sortOrder": None, "cover": None}])
def test_an_enum_or_object_the_server_did_not_send_is_none(row: dict[str, Any]) -> None:
    read = Listing.from_dict(row)
    assert (read.order, read.cover) == (None, None)


def test_an_object_is_a_model() -> None:
    assert Listing.from_dict({"cover": {"url": "u"}}).cover == Cover(url="u")


def test_a_list_of_objects_is_a_list_of_models() -> None:
    read = InfluencerProductsAnalyticsResponse.from_dict(EXAMPLE)
    assert read.data == [InfluencerProduct.from_dict(ROW)]


@pytest.mark.parametrize("data", ["text", 3, [None, 3]])
def test_what_is_no_object_is_given_as_it_came(data: Any) -> None:
    assert InfluencerProductsAnalyticsResponse.from_dict({"data": data}).data == data


def test_a_users_subclass_finds_the_classes_of_its_model() -> None:
    assert isinstance(MyProduct.from_dict(ROW).covers[0], Cover)
    (row,) = MyResponse.from_dict(EXAMPLE).data or []
    assert isinstance(row, InfluencerProduct)


def test_a_users_subclass_can_be_built_copied_and_pickled() -> None:
    mine = MyProduct(product_id="1", product_name="Brush")
    assert mine.label == "Brush (1)"
    for same in (copy.copy(mine), copy.deepcopy(mine), pickled(mine)):
        assert type(same) is MyProduct
        assert same == mine


# --- Comparing, copying, showing --------------------------------------------------------------


def test_models_with_equal_rows_are_equal() -> None:
    assert InfluencerProduct(product_id="1") == InfluencerProduct.from_dict({"product_id": "1"})


@pytest.mark.parametrize(
    "other",
    [
        InfluencerProduct(product_id="2"),
        InfluencerProduct(product_id="1", product_name=None),
        Cover.from_dict({"product_id": "1"}),
        {"product_id": "1"},
        None,
    ],
)
def test_models_with_other_rows_or_classes_differ(other: Any) -> None:
    assert InfluencerProduct(product_id="1") != other


def test_models_are_not_hashable() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(InfluencerProduct(product_id="1"))


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, pickled],
    ids=["copy", "deepcopy", "pickle"],
)
@pytest.mark.parametrize("row", [ROW, {}, {"product_id": None, "unknown": [1]}])
def test_a_duplicate_equals_its_model(row: dict[str, Any], duplicate: Any) -> None:
    read = InfluencerProduct.from_dict(row)
    same = duplicate(read)
    assert same is not read
    assert same == read


def test_a_deep_copy_shares_nothing() -> None:
    row = {"tags": ["a"]}
    same = copy.deepcopy(InfluencerProduct.from_dict(row))
    row["tags"].append("b")
    assert same.to_dict() == {"tags": ["a"]}


def test_replace_changes_what_it_is_told_and_keeps_the_rest() -> None:
    read = InfluencerProduct.from_dict({"product_id": "1", "product_name": "a", "unknown": None})
    changed = read.__replace__(product_name="b")
    assert changed.to_dict() == {"product_id": "1", "product_name": "b", "unknown": None}
    assert read.product_name == "a"


def test_replace_refuses_an_unknown_field() -> None:
    with pytest.raises(TypeError, match="has no field 'product_nam'"):
        InfluencerProduct().__replace__(product_nam="b")


def test_the_repr_shows_what_was_received() -> None:
    read = InfluencerProduct.from_dict({"product_name": "Brush", "product_id": None, "unknown": 1})
    assert repr(read) == "InfluencerProduct(product_id=None, product_name='Brush')"


@pytest.mark.parametrize("kind", [InfluencerProduct, MyProduct])
def test_attributes_cannot_be_set_or_deleted(kind: type[InfluencerProduct]) -> None:
    read = kind.from_dict(ROW)
    with pytest.raises(AttributeError):
        read.product_name = "other"
    with pytest.raises(AttributeError):
        del read.product_name
    assert read.product_name == ROW["product_name"]


def test_the_decoded_accessor_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        InfluencerProduct.from_dict(ROW).covers = []


def test_a_misspelt_attribute_is_an_error() -> None:
    with pytest.raises(AttributeError):
        _ = InfluencerProduct.from_dict(ROW).product_nam


# --- Covers -----------------------------------------------------------------------------------


def _urls(cover_url: Any) -> list[str | None]:
    return [cover.url for cover in InfluencerProduct.from_dict({"cover_url": cover_url}).covers]


def test_the_documented_covers_come_lowest_index_first() -> None:
    covers = InfluencerProduct.from_dict(ROW).covers
    assert [cover.index for cover in covers] == [0, 1, 2, 3, 4, 5, 6]
    assert covers[0].url is not None
    assert covers[0].url.endswith("1729383941730701675_0.jpeg")


@pytest.mark.parametrize(
    ("cover_url", "urls"),
    [
        pytest.param('[{"url": "b", "index": 1}, {"url": "a", "index": 0}]', ["a", "b"], id="json"),
        pytest.param([{"url": "b", "index": 1}, {"url": "a", "index": 0}], ["a", "b"], id="list"),
        pytest.param("https://img/1.jpeg", ["https://img/1.jpeg"], id="plain URL"),
        pytest.param('"https://img/1.jpeg"', ["https://img/1.jpeg"], id="URL as JSON"),
        pytest.param({"url": "a", "index": 0}, ["a"], id="object"),
        pytest.param('{"url": "a", "index": 0}', ["a"], id="object as JSON"),
        pytest.param(["https://b", "https://a"], ["https://b", "https://a"], id="list of URLs"),
        pytest.param('["https://b", "https://a"]', ["https://b", "https://a"], id="URLs as JSON"),
        pytest.param([{"url": "b", "index": 1}, "https://a"], ["b", "https://a"], id="mixed"),
        pytest.param(None, [], id="null"),
        pytest.param("null", [], id="null as JSON"),
        pytest.param("", [], id="empty"),
        pytest.param("  ", [], id="blank"),
        pytest.param([], [], id="empty list"),
        pytest.param("[]", [], id="empty list as JSON"),
        pytest.param([None, "", 3, {"url": "a"}], ["a"], id="odd items"),
        pytest.param(3, [], id="number"),
        pytest.param(True, [], id="bool"),
        pytest.param('[{"url": "https://img/1.jp', [], id="cut short"),
        pytest.param("{'url': 'a'}", [], id="no JSON"),
        pytest.param("[" * 100_000, [], id="nested too deep"),
        pytest.param(
            "[{index=1, url=b?x=1,2&y=3}, {index=0, url=a}]", ["a", "b?x=1,2&y=3"], id="Java"
        ),
        pytest.param("{url=a, index=null}", ["a"], id="Java, one object"),
        pytest.param({"url_list": ["a", "b"], "uri": "c"}, ["a", "b"], id="list in an object"),
        pytest.param(
            '[{"url_list": ["a"]}, {"url": "b"}]', ["a", "b"], id="list in an object as JSON"
        ),
        pytest.param('{"urls": ["a", "b"]}', ["a", "b"], id="list by another name"),
        pytest.param('"[{\\"url\\": \\"a\\"}]"', ["a"], id="encoded twice"),
        pytest.param(json.dumps(json.dumps(json.dumps(["a"]))), ["a"], id="encoded three times"),
        pytest.param(
            "https://a/1,2.jpeg,https://b", ["https://a/1,2.jpeg", "https://b"], id="commas"
        ),
        pytest.param("https://a, https://b", ["https://a", "https://b"], id="commas and blanks"),
    ],
)
def test_covers_are_read_from_every_variant(cover_url: Any, urls: list[str]) -> None:
    assert _urls(cover_url) == urls


@pytest.mark.parametrize(
    ("cover_url", "told"),
    [
        ("{'url': 'a'}", True),
        ('[{"url": "https://img/1.jp', True),
        (3, True),
        ([3], True),
        ("", False),
        ("null", False),
        (None, False),
        ("[]", False),
        ("https://a", False),
    ],
    ids=repr,
)
def test_what_is_not_understood_is_logged_once(
    cover_url: Any, told: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vars(InfluencerProduct)["covers"], "warned", False)
    read = InfluencerProduct.from_dict({"cover_url": cover_url})
    for _ in range(2):
        _ = read.covers
    warnings = [record.getMessage() for record in caplog.records]
    assert (
        warnings
        == ["InfluencerProduct.cover_url holds text that is not understood; read it as it came"]
        * told
    )


@pytest.mark.parametrize(
    ("indexes", "order"),
    [
        pytest.param([2, 0, 1], [1, 2, 0], id="not sorted"),
        pytest.param([10, 9], [1, 0], id="by number, not by letter"),
        pytest.param(["10", "9"], [1, 0], id="text"),
        pytest.param(["1", 0], [1, 0], id="text and number"),
        pytest.param([-1, 0], [0, 1], id="negative"),
        pytest.param([1, 1, 0], [2, 0, 1], id="ties as they came"),
        pytest.param([None, 1], [1, 0], id="null last"),
        pytest.param(["first", 1], [1, 0], id="garbage last"),
        pytest.param([[0], 1], [1, 0], id="list last"),
        pytest.param([None, "x", 1], [2, 0, 1], id="several without one as they came"),
        pytest.param([float("nan"), 2, 1], [2, 1, 0], id="not a number last"),
        pytest.param([10**400, 1], [1, 0], id="beyond a float"),
    ],
)
def test_covers_are_sorted_by_index(indexes: list[Any], order: list[int]) -> None:
    covers = [{"url": str(place), "index": index} for place, index in enumerate(indexes)]
    assert _urls(covers) == [str(place) for place in order]
    assert _urls(json.dumps(covers)) == [str(place) for place in order]


def test_a_cover_without_an_index_comes_last() -> None:
    assert _urls('[{"url": "b"}, {"url": "a", "index": 7}]') == ["a", "b"]


def test_the_text_itself_stays_readable() -> None:
    assert InfluencerProduct.from_dict({"cover_url": "{broken"}).cover_url == "{broken"


def test_decoding_leaves_the_row_as_it_came() -> None:
    rows = [{"url": "b", "index": 1}, {"url": "a", "index": 0}]
    read = InfluencerProduct.from_dict({"cover_url": rows})
    assert read.covers[0].url == "a"
    assert [row["url"] for row in read.to_dict()["cover_url"]] == ["b", "a"]


# --- Other decoded properties -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"url": "a"}', Cover(url="a")),
        ('[{"url": "a"}, {"url": "b"}]', Cover(url="a")),
        ("https://a", Cover(url="https://a")),
        ("", None),
        (None, None),
        ("[]", None),
    ],
)
def test_a_decoded_object_is_the_first_one_or_none(text: Any, expected: Cover | None) -> None:
    assert Listing.from_dict({"main_json": text}).main == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [('{"a": [1]}', {"a": [1]}), ("3", 3), ("plain", "plain"), ("", None), ([1], [1])],
)
def test_a_decoded_value_without_a_class_is_the_value(text: Any, expected: Any) -> None:
    assert Listing.from_dict({"extra_json": text}).extra == expected


@pytest.mark.parametrize(
    "attribute",
    [InfluencerProduct.product_id, InfluencerProduct.covers, Listing.cover, Listing.order],
)
def test_an_attribute_of_the_class_is_its_declaration(attribute: Any) -> None:
    assert type(attribute).__name__.endswith("Field")


# --- People's own tools -----------------------------------------------------------------------


def test_a_row_makes_a_dict() -> None:
    row = InfluencerProduct.from_dict({**ROW, "new": [1]})
    assert dict(row) == row.to_dict() == {**ROW, "new": [1]}


def test_pydantic_takes_and_writes_rows_as_received() -> None:
    adapter = TypeAdapter(list[InfluencerProduct])
    row = {**ROW, "new": [1], "product_name": None}
    read = adapter.validate_python([row, InfluencerProduct.from_dict(row)])
    assert [type(each) for each in read] == [InfluencerProduct] * 2
    assert adapter.dump_python(read) == [row, row]
    assert adapter.validate_json(adapter.dump_json(read)) == read
    assert set(adapter.json_schema()["items"]["properties"]) == set(ROW)
    with pytest.raises(ValidationError, match="made from a mapping, not int"):
        adapter.validate_python([3])


def test_a_notebook_shows_rows_and_runs_nothing_of_them() -> None:
    hostile = "<script>alert('\u0026')</script>" + "x" * 100
    shown = InfluencerProduct.from_dict({"product_name": hostile, hostile: None})._repr_html_()
    assert "<script" not in shown
    assert "&lt;script&gt;alert" in shown
    assert len(shown) < 800
