"""Tables: which columns are shown, how wide, and how what stands in them is written."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from keyapi.cli.columns import Column, Columns
from keyapi.cli.table import print_table
from keyapi.specification import Specification
from support.pages import document, rows

from .conftest import Keyapi, Server, product

SPECIFICATION = Specification.of_package("keyapi_example")
OPERATION = SPECIFICATION.operations["influencer_products_analytics"]
Drawn = Callable[..., list[str]]


@pytest.fixture
def drawn() -> Drawn:
    """Draws a table of rows and gives its lines."""

    def draw(rows: list[dict[str, Any]], *columns: Column, width: int = 80) -> list[str]:
        text = io.StringIO()
        chosen = columns or tuple(Column(name, name, "text") for name in rows[0])
        print_table(Console(file=text, width=width), chosen, rows, all_of_them=False)
        return [line.rstrip() for line in text.getvalue().splitlines()]

    return draw


def test_the_columns_that_matter_come_first() -> None:
    names = [column.name for column in Columns(SPECIFICATION, OPERATION).by_weight()]
    assert names == [
        "product_id",
        "product_name",
        "total_sale_cnt",
        "total_sale_gmv_amt",
        "spu_avg_price",
        "total_video_sale_cnt",
        "total_video_sale_gmv_amt",
        "total_live_cnt",
        "total_live_sale_cnt",
        "total_live_sale_gmv_amt",
        "total_video_cnt",
        "covers",
        "category_id",
        "user_id",
    ]


def test_what_rows_are_sorted_by_comes_before_other_numbers(
    products: Keyapi, server: Server
) -> None:
    out = products("--influencer-product-sort-field", "spu-avg-price", "--format", "table").out
    columns = Columns(SPECIFICATION, OPERATION).by_weight("spu_avg_price")
    assert [column.name for column in columns][2:4] == ["spu_avg_price", "total_sale_cnt"]
    assert out.index("price") < out.index("gmv_amt")


def operation(data: dict[str, Any], **facts: Any) -> Columns:
    node = document("/v1/tiktok/shop/list", data_schema=data)
    node["paths"]["/v1/tiktok/shop/list"]["get"]["x-keyapi"] = facts
    specification = Specification(node)
    return Columns(specification, next(iter(specification)))


def test_columns_of_other_rows_are_ordered_by_the_same_rules() -> None:
    data = rows(tags="array", region="string", live="boolean", shop_id="string", sold="integer")
    data["items"]["properties"] |= {
        "shop_title": {"type": "string"},
        "stats": {"type": "string", "x-keyapi": {"json": True}},
        "any": {},
    }
    columns = operation(data, items="/data", credits=1)

    shown = [column.name for column in columns.by_weight()]
    assert shown == ["shop_id", "shop_title", "sold", "region", "tags", "live", "any"]
    assert [column.name for column in columns.named("ALL")] == [*data["items"]["properties"]]


def test_the_object_that_data_is_has_columns_too() -> None:
    data = {"type": "object", "properties": {"name": {"type": "string"}}}
    assert list(operation(data, credits=1).all) == ["name"]


def test_what_nothing_describes_may_have_any_column() -> None:
    (column,) = operation({}, credits=1).named("what-ever")
    assert column.value({"what_ever": 1}) == 1


def test_numbers_are_grouped_and_stand_below_one_another(drawn: Drawn) -> None:
    table = drawn(
        [
            {"n": 1234567, "a": 9604137.31, "b": 2.0, "c": 0.125, "d": 3, "e": None},
            {"n": -1, "a": 0, "b": 10.0, "c": 1, "d": None, "e": True},
            {"n": 0, "a": 5.5, "b": 1e300, "c": 2, "d": "x", "e": 10**15},
        ]
    )
    assert table == [
        "        n             a       b      c  d  e",
        "1,234,567  9,604,137.31       2  0.125  3",
        "       -1          0.00      10  1.000     yes",
        "        0          5.50  1e+300  2.000  x  1,000,000,000,000,000",
    ]


def test_a_table_is_as_wide_as_there_is_room(drawn: Drawn) -> None:
    one = {"shop_id": "1" * 19, "name": "name " * 30, "total_sale_gmv_amt": 1.5, "link": "u" * 99}
    ids = Column("shop_id", "shop_id", "id")
    others = [Column(name, name, "text") for name in list(one)[1:]]

    narrow, wide = (drawn([one], ids, *others, width=width) for width in (60, 200))

    assert max(map(cell_len, narrow)) <= 60
    assert "1" * 19 in narrow[-1]
    assert "…" in narrow[-1]
    assert ("u" * 9 in narrow[-1], "u" * 59 in wide[-1]) == (False, True)


def test_headings_break_where_they_can_be_read(drawn: Drawn) -> None:
    table = drawn([{"total_video_sale_gmv_amt": 1, "名称_名称": 2, "shop_id": 3}])
    assert table[:3] == ["     total_", "video_sale_  名称_", "    gmv_amt   名称  shop_id"]


def test_one_column_is_shown_however_little_room_there_is(drawn: Drawn) -> None:
    assert drawn([{"n": 123456789, "m": 1}], width=5)[-1].startswith("123")


def test_wide_characters_count_for_what_they_take(drawn: Drawn) -> None:
    table = drawn([{"name": "短い名前の商品" * 9, "n": 7}, {"name": "x", "n": 8}], width=40)
    assert {cell_len(line) for line in table[1:]} == {40}


def test_columns_that_do_not_fit_are_counted(products: Keyapi) -> None:
    done = products("--format", "table")
    assert done.said[0] == "8 more columns not shown: use --columns all, or --format json"
    assert max(map(cell_len, done.out.splitlines())) <= 80


def test_one_column_more_is_said_in_the_singular(
    products: Keyapi, environment: pytest.MonkeyPatch
) -> None:
    columns = [Column(name, name, "text") for name in ("product_id", "product_name")]
    environment.setattr(Columns, "by_weight", lambda *_: columns)
    environment.setenv("COLUMNS", "20")
    done = products("--format", "table")
    assert done.said[0] == "1 more column not shown: use --columns all, or --format json"


def test_columns_asked_for_are_all_shown_one_below_the_other_if_need_be(
    products: Keyapi, server: Server
) -> None:
    server.holds(2)
    done = products("--format", "table", "--columns", "all")
    lines = done.out.splitlines()

    assert sum(line.startswith("product_id ") for line in lines) == 2
    assert sum("https://" in line for line in lines) >= 14
    assert done.said == ["1 page, 2 rows, 1 credit"]


def test_json_in_text_is_counted_instead_of_shown(products: Keyapi) -> None:
    out = products("--format", "table", "--columns", "product_id,covers").out
    assert out.split() == ["product_id", "covers", "1729383941730701675", "7"]


def test_a_table_without_rows_is_empty(products: Keyapi, server: Server) -> None:
    server.rows = []
    done = products("--format", "table")
    assert (done.out, done.said) == ("", ["1 page, 0 rows, 1 credit"])


def test_a_table_shows_text_as_text(products: Keyapi, server: Server) -> None:
    server.rows = [product(1, product_name="[red]\x1b[31m\u202ea[/]\n b", extra=1)]
    out = products("--format", "table", "--columns", "product_name").out
    assert out.splitlines()[1].rstrip() == "[red]\ufffd[31m\ufffda[/] b"


def test_undescribed_objects_are_shown_by_what_they_hold(
    products: Keyapi, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(Columns, "by_weight", lambda *_: [])
    out = products("--format", "table", "--page-size", "1").out
    assert "category_" in out
