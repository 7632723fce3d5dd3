"""Rows as Arrow: schemas of every shape, tables that lose nothing, and what reads them."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable
from typing import Any

import duckdb
import pandas
import polars
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.conftest import EXAMPLE, Mode, Server, Sync, product, refusal
from keyapi import ConfigurationError, KeyAPIError, Page, PageIterator
from keyapi._columns import Columns, Struct
from keyapi._operation import Operation
from keyapi.arrow import RowSchema, of_model, table
from keyapi.sandbox import Sandbox
from keyapi.specification import Specification
from keyapi_example import Category, InfluencerProduct, TikTok
from support.row_shapes import (
    SPECS,
    alike,
    received,
    rows,
    specification,
    without_nulls,
)

SPEC = Specification.of_package("keyapi_example")
PRODUCTS = RowSchema.of(SPEC.operations["influencer_products_analytics"])
TYPES = {
    "category_id": pa.string(),
    "covers": pa.list_(pa.struct([("url", pa.string()), ("index", pa.int64())])),
    "total_sale_cnt": pa.int64(),
    "total_sale_gmv_amt": pa.float64(),
    "_extra": pa.string(),
}
GENERATED = settings(
    max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


# --- Schemas ----------------------------------------------------------------------------------


def columns(**properties: Any) -> dict[str, str]:
    """The columns of rows with such properties."""
    return Columns.of(specification({"type": "object", "properties": properties})).listed()


TEXT, OBJECT = {"type": "string"}, {"type": "object", "properties": {"a b": {"type": "integer"}}}
LINK = {"properties": {"a b": TEXT, "c": TEXT}}


def marked(**facts: Any) -> dict[str, Any]:
    """Text that holds JSON."""
    covers = {"json": True, "accessor": "covers", "decoded": {"type": "array", "items": OBJECT}}
    return {**TEXT, "x-keyapi": {**covers, **facts}}


SHAPES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"x": OBJECT}, {"x": 'struct<"a b": int64>'}),
    (
        {"x": {"type": "array", "items": {"items": OBJECT}}},
        {"x": 'list<list<struct<"a b": int64>>>'},
    ),
    ({"x": {"type": "object", "additionalProperties": TEXT}}, {"x": "map<string, string>"}),
    ({"x": {"type": "object", "additionalProperties": True}}, {"x": "json"}),
    ({"x": {"type": "object", "additionalProperties": {}}}, {"x": "json"}),
    ({"x": {"enum": [1, 2]}, "y": {"enum": [1, "a"]}}, {"x": "int64", "y": "json"}),
    ({"x": {"type": ["string", "null"]}}, {"x": "string"}),
    ({"x": {"type": ["string", "integer"]}}, {"x": "json"}),
    ({"x": {"oneOf": [TEXT, {"enum": ["a"]}]}}, {"x": "string"}),
    ({"x": {"anyOf": [OBJECT, LINK]}}, {"x": 'struct<"a b": json, c: string>'}),
    ({"x": {"anyOf": [OBJECT, TEXT]}}, {"x": "json"}),
    ({"x": {"$ref": "#/components/schemas/Tree"}}, {"x": "struct<text: string, replies: json>"}),
    ({"x": marked()}, {"x": "string", "covers": 'list<struct<"a b": int64>> from x'}),
    # A name that is taken gives way, as an accessor's does.
    (
        {"x": marked(), "covers": TEXT, "_extra": TEXT},
        {"x": "string", "covers_": 'list<struct<"a b": int64>> from x', "covers": "string"}
        | {"_extra": "string", "_extra_": "json"},
    ),
    # The text itself has all that is known of these.
    ({"x": marked(decoded=None)}, {"x": "string"}),
    ({"x": marked(decoded=TEXT)}, {"x": "string"}),
]


@pytest.mark.parametrize(("properties", "expected"), SHAPES)
def test_a_schema_has_a_column_for_each_property(
    properties: dict[str, Any], expected: dict[str, str]
) -> None:
    assert columns(**properties) == {"_extra": "json"} | expected


def table_of(schema: RowSchema, bodies: list[bytes]) -> tuple[pa.Table, list[int]]:
    """The rows of some responses, and how many each has."""
    found = [schema.rows(body) for body in bodies]
    return schema.table([row for each in found for row in each]), [len(each) for each in found]


def test_data_that_are_not_rows_are_one_row_or_one_column() -> None:
    detail = RowSchema.of(SPEC.operations["shop_detail"])
    assert detail.schema.names == ["shop_id", "stats", "stats_decoded", "_extra"]
    (row,) = detail.table([{"shop_id": "1", "stats": '{"plays": 2}'}]).to_pylist()
    assert row["stats_decoded"] == {"plays": 2}
    body = b'{"code":0,"data":{"shop_id":"7"}}'
    found, counts = table_of(detail, [body, b'{"code":0,"data":null}'])
    assert (found["shop_id"].to_pylist(), counts) == (["7"], [1, 0])
    note = RowSchema.of(SPEC.operations["shop_note"])
    assert note.table([{"a": [1]}]).to_pylist() == [{"value": '{"a":[1]}', "_extra": None}]
    assert table_of(note, [b'{"code":0,"data":"x"}', b'{"code":0,"data":null}'])[1] == [1, 1]
    free = RowSchema.of(specification({"type": "object"}))
    assert free.table([{"a": 1}]).to_pylist() == [{"_extra": '{"a":1}'}]
    assert table_of(free, [b'{"data":[{"a":1}]}'])[1] == [1]
    assert repr(free) == "<RowSchema _extra>"


# --- Tables -----------------------------------------------------------------------------------


@given(st.data())
@GENERATED
def test_nothing_received_is_lost(data: st.DataObject) -> None:
    schema = RowSchema.of(data.draw(SPECS))
    sent = data.draw(rows(schema.columns, fits=False))
    found = schema.table(sent)
    found.validate(full=True)
    assert (found.schema, len(found)) == (schema.schema, len(sent))
    row = Struct(schema.columns.fields)
    back = [without_nulls(each, row) for each in received(found.to_pylist(), schema.columns)]
    assert alike(back, [without_nulls(each, row) for each in sent])


LINE = {"cover_url": '[{"url":"b","index":2},\n{"url":"a","index":1}]'}
ODD_ROWS = [
    '{"new":null}',
    f'{{"total_sale_cnt":{2**70},"total_sale_gmv_amt":{2**70}}}',
    f'{{"total_sale_gmv_amt":{2**53 + 1}}}',
    '{"total_sale_gmv_amt":1e400,"total_sale_cnt":1e400,"é":[{"a":[-1e400,1]}]}',
    '{"total_sale_cnt":1.0,"total_sale_gmv_amt":1}',
    '{"total_sale_cnt":true,"total_sale_gmv_amt":false}',
    '{"total_sale_cnt":1,"total_sale_cnt":2}',
    r'{"product_name":"\ud800","\udc00":1}',
    '{"user_id":6813855719982466054}',
    "null",
    f'{{"new":{"[" * 250 + "]" * 250}}}',
]


@pytest.mark.parametrize("odd", ODD_ROWS, ids=lambda text: text[:40])
def test_an_odd_row_among_plain_ones_is_kept(odd: str) -> None:
    plain = json.dumps(EXAMPLE["data"][0])
    texts = [f"[{plain},{odd}]", "[]", "null", f"[{plain},{{}}]"]
    found, counts = table_of(PRODUCTS, [f'{{"data":{text}}}'.encode() for text in texts])
    assert counts == [2, 0, 0, 2]
    fields = Struct(PRODUCTS.columns.fields)
    sent = [without_nulls(row, fields) for text in texts for row in json.loads(text) or ()]
    assert alike(received(found.to_pylist(), PRODUCTS.columns), sent)


# What Arrow's reader refuses, reads otherwise, or crashes at; and what it may read.
ODD_TEXTS = [
    "https://x/1, https://x/2",
    '[{"index":1}]',
    '[{"url":"a","index":"2"},{"url":"b","index":1}]',
    '[{"url":"a"},{"url":"b","index":1}]',
    '[{"url":"a","index":2,"new":[1]},{"url":"b","index":2},{"url":"c","index":1}]',
    '[{"url":"a","index":2}, null]',
    '[{"url":"a","index":2}],"w":[1]',
    '[{"url":"a","index":2}],[]',
    '[{"url":"a","index":2}]]} {"v":[[]',
    '[{"url":"a","index":9007199254740993},{"url":"b","index":9007199254740992}]',
    '[{"url":"a","index":1,"index":2}]',
    '{"url":"a","index":2}',
    "[" * 20000,
    r'[{"url":"\ud800","index":1}]',
    '[{"url":"\ud800","index":1}]',
    [{"url": "a", "index": 2}],
    "",
    "null",
    "[]",
    None,
]


@pytest.mark.parametrize("odd", ODD_TEXTS, ids=lambda text: str(text)[:40])
def test_many_texts_are_decoded_as_one_is(odd: Any) -> None:
    lines = [LINE, {"cover_url": odd}, {}, *[LINE] * 40]
    one_by_one = [row for line in lines for row in PRODUCTS.table([line]).to_pylist()]
    assert PRODUCTS.table(lines).to_pylist() == one_by_one
    assert one_by_one[0]["covers"] == [{"url": "a", "index": 1}, {"url": "b", "index": 2}]


NUMBER = {"type": "object", "properties": {"n": {"type": "number"}, "l": {"items": TEXT}}}


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"decoded": NUMBER}, '{"n":1.5,"l":["a"]}'),
        ({"decoded": NUMBER}, f'{{"n":{2**60 + 1},"l":[null]}}'),
        ({"decoded": NUMBER, "text": "url"}, '{"n":1}'),
        ({"decoded": {"items": NUMBER}, "order": "n"}, '[{"n":2},{"n":1}]'),
        ({"decoded": {"items": NUMBER}}, '[{"n":2,"l":[]},{"n":1}]'),
    ],
)
def test_texts_of_any_type_are_decoded_as_one_is(facts: dict[str, Any], text: str) -> None:
    schema = RowSchema.of(specification({"properties": {"x": marked(**facts)}}))
    many = schema.table([{"x": text}] * 40)
    assert many.to_pylist() == schema.table([{"x": text}]).to_pylist() * 40
    assert many["covers"].null_count == 0


def test_a_place_that_does_not_fit_is_named() -> None:
    nested = {"type": "object", "properties": {"age": {"type": "integer"}}}
    listed = {"type": "array", "items": nested}
    mapped = {"type": "object", "additionalProperties": {"type": "integer"}}
    schema = RowSchema.of(
        specification({"type": "object", "properties": {"a": nested, "l": listed, "m": mapped}})
    )
    row = {"a": {"age": "12k", "b/c": 1}, "l": [{"age": 1}, 2], "m": {"x": 1, "y": []}, "/n": 3}
    (found,) = schema.table([row]).to_pylist()
    assert found["a"] == {"age": None}
    assert found["l"] == [{"age": 1}, None]
    assert found["m"] == [("x", 1), ("y", None)]
    assert json.loads(found["_extra"]) == {
        "/a/age": "12k",
        "/a/b~1c": 1,
        "/l/1": 2,
        "/m/y": [],
        "/~1n": 3,
    }


WHOLE = [
    ({"type": "integer"}, 2**63),
    ({"type": "number"}, 10**400),
    ({"type": "boolean"}, 1),
    ({"type": "string"}, "\ud800"),
    ({"type": "array", "items": TEXT}, {}),
    (OBJECT, []),
    ({"additionalProperties": TEXT, "type": "object"}, []),
]


@pytest.mark.parametrize(("kind", "value"), WHOLE)
def test_a_value_of_another_type_is_kept_whole(kind: dict[str, Any], value: Any) -> None:
    schema = RowSchema.of(specification({"properties": {"x": kind}}))
    (found,) = schema.table([{"x": value}]).to_pylist()
    assert (found["x"], json.loads(found["_extra"])) == (None, {"x": value})


def test_a_name_that_is_not_text_is_kept() -> None:
    mapped = {"type": "object", "additionalProperties": TEXT}
    schema = RowSchema.of(specification({"properties": {"x": mapped}}))
    (found,) = schema.table([{"x": {"\ud800": "a", "é": None}}]).to_pylist()
    assert (found["x"], json.loads(found["_extra"])) == ([("é", None)], {"/x/\ud800": "a"})


def test_text_is_decoded_at_any_depth() -> None:
    inner = {"properties": {"x": marked()}}
    schema = RowSchema.of(specification({"properties": {"a": {"items": inner}}}))
    (found,) = schema.table([{"a": [{"x": '{"a b":1}', "z": 1, "y": 2}, {}]}]).to_pylist()
    assert found["a"] == [{"x": '{"a b":1}', "covers": [{"a b": 1}]}, {"x": None, "covers": None}]
    assert found["_extra"] == '{"/a/0/z":1,"/a/0/y":2}'


def test_a_row_that_is_not_one_is_refused() -> None:
    with pytest.raises(TypeError, match="row 1 is str, not a mapping or None"):
        PRODUCTS.table([{}, "text"])


def test_every_operation_of_the_example_gives_a_table() -> None:
    with Sandbox(TikTok).client() as client:
        found = client.feed.list()
        assert polars.DataFrame(found).height == len(found)
        many = table(client.shop.categories())
        assert many.equals(table(iter(client.shop.categories()), model=Category))
        assert many.schema == of_model(Category).schema


# --- Pages and walks --------------------------------------------------------------------------


@pytest.fixture
def page(server: Server) -> Page[InfluencerProduct]:
    """Three rows: one as documented, one with a value that does not fit, one with a new field."""
    server.rows = [product(1), {**product(2), "total_sale_cnt": "12k"}, {**product(3), "new": 1}]
    found: Page[InfluencerProduct] = Sync(server).page()
    return found


def walked(use: Callable[[Any], Any], mode: Mode, **arguments: Any) -> Any:
    """What is made of a walk over pages of 10."""
    return mode.call(
        lambda client: use(client.influencer.iter_products_analytics(user_id="1", **arguments))
    )


def test_a_page_is_a_table_with_the_columns_of_its_model(page: Page[InfluencerProduct]) -> None:
    frame, found = polars.DataFrame(page), pa.table(page)
    assert found.equals(page.to_arrow())
    assert found.schema == PRODUCTS.schema == pa.schema(page)
    assert {name: found.schema.field(name).type for name in TYPES} == TYPES
    assert frame.schema == page.to_polars().schema
    assert frame.columns == found.schema.names
    assert frame["_extra"].to_list() == [None, '{"total_sale_cnt":"12k"}', '{"new":1}']
    assert list(pandas.DataFrame.from_arrow(page)) == found.schema.names
    types = page.to_pandas().dtypes
    assert (types["total_sale_cnt"], types["total_sale_gmv_amt"]) == ("Int64", "float64")
    query = "select count(*), count(total_sale_cnt), min(covers[1].index) from page"
    assert duckdb.sql(query).fetchall() == [(3, 2, 0)]


def test_a_pickled_page_is_a_table(page: Page[InfluencerProduct]) -> None:
    assert pickle.loads(pickle.dumps(page)).to_arrow().equals(page.to_arrow())


def test_pandas_says_what_to_call(page: Page[InfluencerProduct], server: Server) -> None:
    with pytest.raises(TypeError, match=r"a page is not an array; .* to_pandas\(\)"):
        pandas.DataFrame(page)
    with pytest.raises(TypeError, match="a walk over pages is not an array"):
        walked(pandas.DataFrame, Sync(server))


def test_a_walk_is_one_table(mode: Mode, server: Server) -> None:
    server.holds(25)
    ids = [row["product_id"] for row in server.rows]
    assert walked(lambda walk: walk.to_arrow(), mode)["product_id"].to_pylist() == ids
    assert walked(lambda walk: walk.to_polars(), mode, limit=13)["product_id"].to_list() == ids[:13]
    assert list(walked(lambda walk: walk.to_pandas(), mode, max_pages=1)["product_id"]) == ids[:10]


def test_a_walk_streams_the_rows_that_are_left_page_by_page(server: Server) -> None:
    server.holds(25)
    requests = []

    def use(walk: PageIterator[InfluencerProduct, int]) -> list[int]:
        next(walk)
        assert pa.schema(walk) == PRODUCTS.schema
        sizes = []
        for batch in pa.RecordBatchReader.from_stream(walk):
            sizes.append(len(batch))
            requests.append(len(server.requests))
        assert (walk.rows_yielded, walk.has_more) == (25, False)
        return sizes

    assert walked(use, Sync(server)) == [9, 10, 5]
    assert requests == [1, 2, 3]
    assert walked(polars.DataFrame, Sync(server), limit=11).height == 11
    count = walked(lambda walk: duckdb.sql("select count(*) from walk").fetchall(), Sync(server))
    assert count == [(25,)]


READERS = [pa.table, polars.DataFrame, lambda walk: duckdb.sql("select * from walk").fetchall()]


@pytest.mark.parametrize("read", [*READERS, lambda walk: walk.to_arrow()])
def test_an_error_on_the_way_is_never_taken_for_the_end(
    read: Callable[[Any], Any], server: Server
) -> None:
    server.holds(25)
    server.answers[2] = refusal(402, message="used up")
    with pytest.raises(Exception, match="used up"):
        walked(read, Sync(server))


def test_an_error_of_a_walk_says_where_it_can_be_resumed(mode: Mode, server: Server) -> None:
    server.holds(25)
    server.answers[2] = refusal(402)
    with pytest.raises(KeyAPIError) as raised:
        walked(lambda walk: walk.to_arrow(), mode)
    assert (raised.value.next_page, raised.value.rows_yielded) == (2, 10)


def test_a_list_of_models_is_a_table(page: Page[InfluencerProduct]) -> None:
    class Mine(InfluencerProduct):
        """A class of the user's own."""

    expected = page.to_arrow()
    assert table(page).equals(expected)
    assert table(page.items).equals(expected)
    assert table([Mine.from_dict(row) for row in page.to_dicts()]).equals(expected)
    assert table(page.to_dicts(), model=InfluencerProduct).equals(expected)
    assert table([None, page[0]])["_extra"].to_pylist() == ["null", None]
    with pytest.raises(TypeError, match="no model among the rows; name the model"):
        table([])
    with pytest.raises(TypeError, match="several models: Category, InfluencerProduct"):
        table([page[0], Category()])
    with pytest.raises(TypeError, match="dict is not a model of a generated package"):
        table([{}], model=dict)  # type: ignore[type-var]


# --- What is missing --------------------------------------------------------------------------


def without(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a module one that is not installed, for what has not imported it yet."""
    for name in ("keyapi._frames", "keyapi.arrow"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, module, None)


@pytest.mark.parametrize(
    ("module", "method", "message"),
    [
        ("pyarrow", "to_arrow", r"more packages: pip install 'keyapi-tiktok\[arrow\]'"),
        ("polars", "to_polars", r"to_polars\(\) needs polars: pip install polars"),
        ("pandas", "to_pandas", r"to_pandas\(\) needs pandas: pip install pandas"),
    ],
)
def test_what_is_not_installed_is_named(
    page: Page[InfluencerProduct],
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    method: str,
    message: str,
) -> None:
    without(module, monkeypatch)
    with pytest.raises(ConfigurationError, match=message):
        getattr(page, method)()


def test_a_package_without_its_specification_is_named(
    page: Page[InfluencerProduct],
) -> None:
    operation: Operation[Any] = Operation(name="one", method="GET", path="/", model=lambda: dict)
    for origin in (operation.origin, ("keyapi_example", "another")):
        page._origin = origin
        with pytest.raises(ConfigurationError, match=f"the columns of {origin[1]} are, is"):
            page.to_arrow()
