"""Arguments are checked before anything is sent, by both clients and by every door."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from importlib import import_module
from math import inf, nan
from typing import Any

import pytest

from client.conftest import KEY, PATH, USER_ID, Mode, Server, success
from keyapi import BadRequest, ConfigurationError
from keyapi._arguments import UNSET, Anything, Boolean, List, Member, Number, Object
from keyapi._models import Model
from keyapi._operation import Operation, PagedOperation
from keyapi._paging import Cursor
from keyapi_example import InfluencerProductSortField, SortType, TikTok

GIVEN = "; check_arguments=False sends it as given"
DIRECTIONS = "one of 'asc' (0), 'desc' (1)"


class Numpy:
    """Stands for a whole number of numpy's."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __index__(self) -> int:
        return self._number

    def __float__(self) -> float:
        return float(self._number)

    def __repr__(self) -> str:
        return f"np.int64({self._number})"


class Order(IntEnum):
    DESC = 1
    NEWEST = 0


class Words(StrEnum):
    DOWN = "desc"
    USER = USER_ID


class Text(str, Enum):  # noqa: UP042 - its text is not its value
    USER = USER_ID


def sent(server: Server, name: str) -> str | None:
    (request,) = server.requests
    found: str | None = request.url.params.get(name)
    return found


def refused(mode: Mode, server: Server, use: Callable[[Any], Any], **options: Any) -> str:
    with pytest.raises(BadRequest) as caught:
        mode.call(use, **options)
    assert server.requests == []
    assert (caught.value.method, caught.value.attempts) == ("GET", 0)
    assert caught.value.operation
    return caught.value.message


# --- Enums ------------------------------------------------------------------------------------

DESCENDING = [
    *(SortType.DESC, Order.DESC, Words.DOWN, 1, Numpy(1)),
    *("desc", "DESC", " Desc ", "1"),
]


@pytest.mark.parametrize("given", DESCENDING, ids=repr)
def test_a_member_its_name_and_its_value_are_the_same(
    mode: Mode, server: Server, given: Any
) -> None:
    mode.page(sort_type=given)
    assert sent(server, "sort_type") == "1"


@pytest.mark.parametrize("given", ["total_sale_gmv_amt", "TOTAL-SALE-GMV-AMT", "2", 2])
def test_a_name_has_underscores_or_hyphens(mode: Mode, server: Server, given: Any) -> None:
    mode.page(influencer_product_sort_field=given)
    assert sent(server, "influencer_product_sort_field") == "2"


UNLISTED = [(2, "2"), (-1, "-1"), ("newest", "newest"), ("", ""), (Numpy(7), "7")]
OF_ANOTHER_TYPE = [True, 1.0, nan, b"desc", [1], InfluencerProductSortField.TOTAL_SALE_CNT]
OF_ANOTHER_TYPE += [Order.NEWEST, object]


@pytest.mark.parametrize("given", [given for given, _ in UNLISTED], ids=repr)
def test_what_the_specification_does_not_list_is_refused_with_what_it_does(
    mode: Mode, server: Server, given: Any
) -> None:
    message = refused(mode, server, lambda c: c.influencer.products_analytics(**ids(given)))
    assert message.startswith(f"sort_type must be {DIRECTIONS}, got ")
    assert message.endswith(GIVEN)


@pytest.mark.parametrize("given", OF_ANOTHER_TYPE, ids=repr)
@pytest.mark.parametrize("check", [True, False])
def test_another_type_is_refused_however_the_client_was_made(
    mode: Mode, server: Server, given: Any, check: bool
) -> None:
    use = lambda c: c.influencer.products_analytics(**ids(given))  # noqa: E731
    message = refused(mode, server, use, check_arguments=check)
    assert message == f"sort_type must be {DIRECTIONS}, got {given!r}"


def ids(sort_type: Any) -> dict[str, Any]:
    return {"user_id": USER_ID, "sort_type": sort_type}


@pytest.mark.parametrize(("given", "on_the_wire"), UNLISTED, ids=repr)
def test_without_the_check_it_is_sent_as_given(
    mode: Mode, server: Server, given: Any, on_the_wire: str
) -> None:
    mode.page(sort_type=given, options={"check_arguments": False})
    assert sent(server, "sort_type") == on_the_wire


def test_without_the_check_names_are_read_all_the_same(mode: Mode, server: Server) -> None:
    mode.page(sort_type="desc", options={"check_arguments": False})
    assert sent(server, "sort_type") == "1"


def test_the_check_is_an_option_like_the_others(mode: Mode, server: Server) -> None:
    mode.call(
        lambda c: c.with_options(check_arguments=False).influencer.products_analytics(**ids(9))
    )
    assert sent(server, "sort_type") == "9"
    with pytest.raises(ConfigurationError, match="check_arguments must be True or False, got 1"):
        mode.open(check_arguments=1)


def test_a_long_enum_is_not_listed_whole() -> None:
    many = IntEnum("Many", {f"NUMBER_{number}": number for number in range(300)})
    with pytest.raises(
        ValueError, match=r"'number_19' \(19\) or 280 more members of Many, got"
    ) as caught:
        Member(lambda: many).read("x" * 1000)
    assert len(str(caught.value)) < 700


PLAIN = ["plain", "one-day", "ONE_DAY"]


class Odd(StrEnum):
    """The value of one member is the name of another."""

    ASC = "Desc"
    DESC = "asc"
    PLAIN = "one-day"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Desc", "Desc"),
        ("asc", "asc"),
        ("ASC", "asc"),
        ("plain", "one-day"),
        ("ONE_DAY", "one-day"),
    ],
)
def test_values_as_they_are_precede_names(given: str, expected: str) -> None:
    assert Member(lambda: Odd).read(given) == expected


class Parted(IntEnum):
    """The generator writes `7_D` for what a page calls `7d`; the last two differ by `_` alone."""

    SALES_7_D = 1
    H_5 = 2
    TOP_1_A = 3
    TOP_1A = 4


@pytest.mark.parametrize(
    ("given", "expected"),
    [("sales_7d", 1), ("Sales-7d", 1), ("sales7d", 1), ("h5", 2), ("top_1_a", 3), ("top_1a", 4)],
)
def test_names_are_read_as_the_page_writes_them(given: str, expected: int) -> None:
    assert Member(lambda: Parted).read(given) == expected


@pytest.mark.parametrize("given", ["top1a", "-1", "_1", "sales"])
def test_names_that_could_be_several_members_or_none_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match="must be one of 'sales_7_d'"):
        Member(lambda: Parted).read(given)


# --- Texts ------------------------------------------------------------------------------------

NO_TEXT = {
    "int": (int(USER_ID), f"must be text, got {USER_ID}; ids are text: pass '{USER_ID}'"),
    "float": (6.8e18, "must be text, got 6.8e+18; ids are text: read them as text"),
    "nan": (nan, "must be text, got nan; ids are text"),
    "bytes": (USER_ID.encode(), f"must be text, got b'{USER_ID}'; decode it first"),
    "bool": (True, "must be text, got True"),
    "list": ([USER_ID], f"must be text, got ['{USER_ID}']"),
    "number of an enum": (SortType.DESC, "must be text, got 1"),
    "None": (None, "must not be None; give a value"),
    "empty": ("", "is empty; give a value"),
    "blank": (" \t", "is blank: ' \\t'"),
    "ideographic space": ("\u3000", "is blank"),
    "line end": (f"{USER_ID}\n", f"contains a line break: '{USER_ID}\\n'; remove it"),
    "two lines": (f"{USER_ID}\r\n1", "contains a line break"),
}


@pytest.mark.parametrize(("given", "problem"), NO_TEXT.values(), ids=NO_TEXT.keys())
def test_what_is_no_text_is_refused_with_a_hint(
    mode: Mode, server: Server, given: Any, problem: str
) -> None:
    message = refused(mode, server, lambda c: c.influencer.products_analytics(user_id=given))
    assert message.startswith(f"user_id {problem}")


@pytest.mark.parametrize("given", [Words.USER, Text.USER, type("Str", (str,), {})(USER_ID)])
def test_texts_of_other_classes_are_sent_as_texts(mode: Mode, server: Server, given: Any) -> None:
    mode.call(lambda client: client.influencer.products_analytics(user_id=given))
    assert sent(server, "user_id") == USER_ID


@pytest.mark.parametrize("given", ["red shoes ", "a\tb", "é\xa0漢", "a\u2028b", "\x00"])
def test_other_texts_are_sent_as_they_are(mode: Mode, server: Server, given: str) -> None:
    mode.page(category_id=given)
    assert sent(server, "category_id") == given


def test_a_long_value_is_shown_in_part(mode: Mode, server: Server) -> None:
    message = refused(
        mode, server, lambda c: c.influencer.products_analytics(user_id=b"x" * 10_000)
    )
    assert len(message) < 200


def test_a_key_given_as_an_argument_is_not_repeated(mode: Mode, server: Server) -> None:
    message = refused(mode, server, lambda c: c.influencer.products_analytics(user_id=f"{KEY}\n"))
    assert KEY not in message


# --- Pages ------------------------------------------------------------------------------------

NO_COUNT = ["25", 25.0, nan, inf, True, b"1", [1], Decimal(1)]
POSITIONS = {"page_num": "products_analytics", "page_size": "products_analytics"}
POSITIONS |= dict.fromkeys(["start_page", "limit", "max_pages"], "iter_products_analytics")


@pytest.mark.parametrize("name", POSITIONS)
@pytest.mark.parametrize("given", NO_COUNT, ids=repr)
@pytest.mark.parametrize("check", [True, False])
def test_what_counts_pages_or_rows_is_a_whole_number(
    mode: Mode, server: Server, name: str, given: Any, check: bool
) -> None:
    def use(client: Any) -> Any:
        return getattr(client.influencer, POSITIONS[name])(user_id=USER_ID, **{name: given})

    message = refused(mode, server, use, check_arguments=check)
    assert message.startswith(f"{name} must be a whole number, got {given!r}")


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("limit", -1, "must be 0 or more, or None for no limit, got -1"),
        ("max_pages", -1, "must be 0 or more, or None for no limit, got -1"),
        ("start_page", 0, f"must be between 1 and 100000, got 0{GIVEN}"),
        ("start_page", 100_001, f"must be between 1 and 100000, got 100001{GIVEN}"),
        ("start_page", None, "must not be None; give a value"),
        ("page_size", 11, f"must be between 1 and 10, got 11{GIVEN}"),
        ("user_id", 7, "must be text, got 7; ids are text: pass '7'"),
    ],
)
def test_a_walk_is_checked_before_its_first_page_is_asked_for(
    mode: Mode, server: Server, name: str, given: Any, problem: str
) -> None:
    client = mode.open()
    with pytest.raises(BadRequest) as caught:
        client.influencer.iter_products_analytics(**{"user_id": USER_ID, name: given})
    mode.close(client)
    assert caught.value.message == f"{name} {problem}"
    assert caught.value.operation == "influencer_products_analytics"
    assert server.requests == []


def test_whole_numbers_of_other_classes_count(mode: Mode, server: Server) -> None:
    server.holds(7)
    arguments = {"start_page": 2, "page_size": 2, "limit": 3, "max_pages": 9}
    walked = mode.products(**{name: Numpy(number) for name, number in arguments.items()})
    assert (len(walked.rows), server.pages) == (3, [2, 3])
    page = mode.page(page_num=Numpy(2), page_size=Numpy(3))
    assert (page.page_num, type(page.page_num), page.next) == (2, int, 3)


def test_a_size_beyond_the_largest_ends_no_walk_early(mode: Mode, server: Server) -> None:
    """The server may cut it down."""
    server.holds(25)
    answer = server.__call__

    def cut(request: Any) -> Any:
        request.url = request.url.copy_merge_params({"page_size": "10"})
        return answer(request)

    walked = mode.__class__(cut).walk(
        lambda client: client.with_options(
            check_arguments=False
        ).influencer.iter_products_analytics(user_id=USER_ID, page_size=50)
    )
    assert len(walked.rows) == 25


FEED = PagedOperation(
    name="feed",
    method="GET",
    path=PATH,
    model=lambda: dict,
    paging=Cursor(parameter="cursor", next=("next",), type=str, size="count", largest=20),
    arguments={"cursor": import_module("keyapi._arguments").Text(empty=True)},
)


@pytest.mark.parametrize(
    ("given", "problem"),
    [(25.0, "must be text, got 25.0"), (7, "must be text"), (" ", "is blank"), (nan, "must be")],
)
def test_a_cursor_has_the_type_of_its_argument(
    mode: Mode, server: Server, given: Any, problem: str
) -> None:
    bounds: dict[str, None] = {"limit": None, "max_pages": None}
    message = refused(mode, server, lambda c: c._iterate(FEED, {"cursor": given}, **bounds))
    assert message.startswith(f"start_page {problem}")


@pytest.mark.parametrize("given", ["", None, "abc"])
def test_no_cursor_asks_for_the_first_page(mode: Mode, server: Server, given: Any) -> None:
    server.always = success([])
    mode.call(lambda client: client._page(FEED, {"cursor": given}))
    assert sent(server, "cursor") == given


# --- Other types ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"), [(1.5, 1.5), (2, 2), (Numpy(3), 3), (Decimal("0.5"), 0.5)]
)
def test_a_number_is_finite(given: Any, expected: float) -> None:
    found = Number().read(given)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("given", [nan, inf, -inf, True, "1", b"1", None, [1.0], Decimal("NaN")])
def test_what_is_no_finite_number_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r" must be a (finite|whole)? ?number, got "):
        Number().read(given)


def test_a_boolean_is_true_or_false() -> None:
    numpys = type("bool_", (), {"__bool__": lambda self: True})()
    assert (Boolean().read(False), Boolean().read(numpys)) == (False, True)
    for given in (0, 1, "true", None, nan):
        with pytest.raises(ValueError, match=r" must be True or False, got "):
            Boolean().read(given)


TEXTS = List(import_module("keyapi._arguments").Text())


@pytest.mark.parametrize(
    "given",
    [["1", "2"], ("1", "2"), {"1": 0, "2": 0}.keys(), iter(["1", "2"])],
    ids=lambda given: type(given).__name__,
)
def test_a_list_is_whatever_is_iterated(given: Any) -> None:
    assert TEXTS.read(given) == ["1", "2"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("1,2", r" must be a list, got '1,2'; pass \['1,2'\]"),
        (b"1", r" must be a list, got b'1'"),
        (7, r" must be a list, got 7"),
        ({"1": "2"}, r" must be a list, got"),
        ([], " is empty"),
        (["1", 2], r"\[1\] must be text, got 2; ids are text: pass '2'"),
        ([None], r"\[0\] must be text, got None"),
        (["1\n"], r"\[0\] contains a line break"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(given: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        TEXTS.read(given)


def test_items_may_be_members_or_their_names() -> None:
    fields = List(Member(lambda: SortType), empty=True)
    assert fields.read(["desc", SortType.ASC, 1]) == [1, 0, 1]
    assert fields.read([]) == []
    assert fields.read(["desc", 7], listed=False) == [1, 7]
    with pytest.raises(ValueError, match=r"\[1\] must be one of"):
        fields.read(["desc", 7])


def test_an_object_is_a_model_or_a_mapping() -> None:
    kind = Object(lambda: Model)
    for given in (Model.from_dict({"a": SortType.DESC}), {"a": SortType.DESC}):
        assert kind.read(given) == {"a": 1}
    with pytest.raises(ValueError, match=" must be of class Model, or a mapping, got 'x'"):
        kind.read("x")


def test_what_has_no_type_may_be_anything_that_can_be_sent() -> None:
    assert Anything().read([SortType.DESC, {"a": (1,)}]) == [1, {"a": [1]}]
    assert Anything(free=True).read("\n") == "\n"
    for given in (b"1", "\n", nan):
        with pytest.raises(ValueError, match=r"must be |must not be |is blank"):
            Anything().read(given)


def test_enums_within_an_object_take_what_they_take_elsewhere() -> None:
    """At any depth, of a mapping or a model; what is not an enum is as it was given."""
    order = Member(lambda: SortType)
    inner = Object(lambda: Model, {"order": order, "orders": List(order, empty=True)})
    kind = Object(lambda: Model, {"sort": inner, "sorts": List(inner, empty=True)})

    row = {"sort": {"order": "desc", "other": "desc"}, "sorts": [{"orders": iter(["ASC", 1])}, {}]}
    sent = {"sort": {"order": 1, "other": "desc"}, "sorts": [{"orders": [0, 1]}, {}]}
    for value in (row, Model.from_dict({**sent, "sorts": ({"orders": [SortType.ASC, "1"]}, {})})):
        assert kind.read(value) == sent
    assert row["sort"] == {"order": "desc", "other": "desc"}, "nobody changes what was given"
    assert kind.read({"sort": None, "new": SortType.DESC}) == {"sort": None, "new": 1}
    assert kind.read({"sort": {"order": 7}}, listed=False) == {"sort": {"order": 7}}
    for value, problem in (
        ({"sort": {"order": "up"}}, f".sort.order must be {DIRECTIONS}, got 'up'{GIVEN}"),
        ({"sorts": [{}, {"orders": [7]}]}, f".sorts[1].orders[0] must be {DIRECTIONS}, got 7"),
        ({"sort": 5}, ".sort must be of class Model, or a mapping, got 5"),
        ({"sorts": {"order": 1}}, ".sorts must be a list, got"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(problem)}"):
            kind.read(value)


# --- Bodies -----------------------------------------------------------------------------------

SEARCH = {"video_ids": ["1"], "keyword": "brush"}


def test_an_enum_in_a_body_takes_names(mode: Mode, server: Server) -> None:
    server.always = success([])
    mode.call(lambda c: c.video.search(**SEARCH, region="us", levels=iter([1]), parts=[]))
    (request,) = server.requests
    assert request.content == b'{"keyword":"brush","region":"US","levels":[1],"parts":[]}'


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"keyword": None}, "keyword must not be None; give a value"),
        ({"keyword": 7}, "keyword must be text, got 7"),
        ({"region": "DE"}, "region must be one of 'US', 'GB', got 'DE'"),
        ({"levels": [1.0]}, "levels[0] must be a whole number, got 1.0"),
        ({"filter_": 7}, "filter_ must be of class VideoSearchBodyFilter, or a mapping, got 7"),
        ({"anything": nan}, "anything must not be nan"),
        ({"anything": [nan]}, "The request cannot be sent: "),
        ({"anything": {"at": object}}, "The request cannot be sent: "),
    ],
)
def test_a_body_is_checked(
    mode: Mode, server: Server, arguments: dict[str, Any], problem: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        mode.call(lambda client: client.video.search(**{**SEARCH, **arguments}))
    assert caught.value.message.startswith(problem)
    assert server.requests == []


def test_texts_of_a_body_may_hold_anything(mode: Mode, server: Server) -> None:
    server.always = success([])
    mode.call(lambda client: client.video.search(**{**SEARCH, "keyword": "a\nb "}))
    assert server.requests[0].content == b'{"keyword":"a\\nb "}'


# --- Low-level functions ----------------------------------------------------------------------

PRODUCTS = import_module("keyapi_example.api.influencer.influencer_products_analytics")
VIDEOS = import_module("keyapi_example.api.video.video_search")


def low_level(mode: Mode, module: Any) -> Any:
    return module.sync_detailed if mode.client is TikTok else module.asyncio_detailed


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"user_id": 6.8e18}, "user_id must be text"),
        ({"user_id": None}, "user_id must not be None"),
        ({"category_id": " "}, "category_id is blank"),
        ({"sort_type": "newest"}, f"sort_type must be {DIRECTIONS}, got 'newest'"),
        ({"page_num": 0}, "page_num must be between 1 and 100000, got 0"),
        ({"page_size": "10"}, "page_size must be a whole number, got '10'"),
    ],
)
def test_a_low_level_function_checks_its_arguments(
    mode: Mode, server: Server, arguments: dict[str, Any], problem: str
) -> None:
    given = {"user_id": USER_ID, "page_num": 1, "page_size": 10, **arguments}
    message = refused(mode, server, lambda c: low_level(mode, PRODUCTS)(client=c, **given))
    assert message.startswith(problem)


@pytest.mark.parametrize(
    ("sort_type", "check", "expected"),
    [("desc", True, "1"), (SortType.ASC, True, "0"), (None, True, None), (7, False, "7")],
)
def test_a_low_level_function_takes_names_too(
    mode: Mode, server: Server, sort_type: Any, check: bool, expected: str | None
) -> None:
    given = {"user_id": USER_ID, "page_num": 1, "page_size": 10, "sort_type": sort_type}
    mode.call(lambda c: low_level(mode, PRODUCTS)(client=c, **given), check_arguments=check)
    assert sent(server, "sort_type") == expected


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"keyword": 7}, "keyword must be text, got 7"),
        ({}, "keyword must not be None"),
        ({"keyword": "x", "region": "DE"}, "region must be one of"),
        ("x", "body must be of class Model, or a mapping, got 'x'"),
    ],
)
def test_a_low_level_function_checks_its_body(
    mode: Mode, server: Server, body: Any, problem: str
) -> None:
    given = {"video_ids": ["1"], "page_num": 1, "page_size": 10, "body": body}
    with pytest.raises(BadRequest) as caught:
        mode.call(lambda client: low_level(mode, VIDEOS)(client=client, **given))
    assert caught.value.message.startswith(problem)
    assert server.requests == []


def test_a_low_level_function_sends_the_body_it_is_given(mode: Mode, server: Server) -> None:
    body = {"keyword": "x", "region": "us", "undocumented": None}
    given = {"video_ids": ["1"], "page_num": 1, "page_size": 10, "body": body}
    mode.call(lambda client: low_level(mode, VIDEOS)(client=client, **given))
    assert server.requests[0].content == b'{"keyword":"x","region":"US","undocumented":null}'


def test_an_operation_without_kinds_takes_what_can_be_sent(mode: Mode, server: Server) -> None:
    server.always = success({})
    plain = Operation(name="plain", method="GET", path="/v1/plain", model=lambda: dict)
    mode.call(lambda client: client._one(plain, {"number": 7}))
    assert sent(server, "number") == "7"
    with pytest.raises(BadRequest, match="number must be text, got b'7'"):
        mode.call(lambda client: client._one(plain, {"number": b"7"}))


def test_what_was_not_given_is_nothing() -> None:
    assert not UNSET
