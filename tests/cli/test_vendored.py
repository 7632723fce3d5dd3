"""A page that is vendored becomes a command, with no code written."""

from __future__ import annotations

import json

import pytest

from keyapi import _clients
from keyapi.cli import examples, values
from keyapi.cli.commands import commands
from keyapi.specification import Specification
from keyapi_example import InfluencerProductSortField, SortType

from .conftest import USER_ID, Keyapi, Server

PATH = "/v1/tiktok/video/search"


def test_a_second_page_is_a_command(
    keyapi: Keyapi, server: Server, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("COLUMNS", "80")
    server.rows = [{"title": "A", "video_id": "7", "views": 1000}]

    done = keyapi("--help")
    assert done.code == 0
    assert "video       Operations: video-id-detail, search." in done.out

    words = " ".join(keyapi("video", "search", "--help").out.replace("│", " ").split())
    assert "One request costs 3 credits." in words
    assert "* --keyword TEXT Words. [required]" in words
    assert "--query-format NAME short (1), long (2)." in words
    assert "--live --no-live Live only." in words

    command = ["video", "search", "--video-ids", "1,2", "--video-ids", "3", "--keyword", "hat"]
    options = "--query-format LONG --no-live --min-price 1.5 --region gb --levels 1,2 --levels 3"
    objects = ["--filter", '{"sold": 1}', "--parts", '[{"a": 1}]', "--anything", "plain"]
    done = keyapi(*command, *options.split(), *objects, "--format", "table")
    assert done.code == 0, done.err
    assert done.out.split() == ["video_id", "title", "views", "7", "A", "1,000"]
    assert "1 page, 1 row, 3 credits" in done.err
    (request,) = server.requests
    assert request == (
        "POST",
        PATH,
        {
            "video_ids": "1,2,3",
            "format": "2",
            "live": "false",
            "min_price": "1.5",
            "page_num": "1",
            "page_size": "10",
        },
        {
            "keyword": "hat",
            "region": "GB",
            "filter": {"sold": 1},
            "levels": [1, 2, 3],
            "parts": [{"a": 1}],
            "anything": "plain",
        },
    )

    refused = keyapi(*command, "--filter", "{")
    assert (refused.code, "'{' is not valid JSON" in refused.err) == (2, True)


# --- Operations of every kind -----------------------------------------------------------------


def data(value: object) -> tuple[int, dict[str, object]]:
    return 200, {"code": 0, "message": "success", "data": value}


def test_every_parameter_and_property_of_a_body_can_be_given(
    keyapi: Keyapi, server: Server
) -> None:
    server.always = data([])
    options = "--video-ids 1,2 --keyword hat --query-format long --live --levels 1,2"
    assert keyapi("video", "search", *options.split(), "--parts", "[]").code == 0
    (_, _, sent, body) = server.requests[0]
    assert (sent["video_ids"], sent["format"], sent["live"]) == ("1,2", "2", "true")
    assert body == {"keyword": "hat", "levels": [1, 2], "parts": []}


def test_one_object_is_written_without_a_list(keyapi: Keyapi, server: Server) -> None:
    detail = {"shop_id": "5", "stats": '{"plays": 3}'}
    server.always = data(detail)
    command = ("shop", "detail", "--region", "us")

    assert json.loads(keyapi(*command, "--format", "json").out) == detail
    assert keyapi(*command).rows == [detail]
    assert keyapi(*command, "--format", "csv").out == 'shop_id,stats\n5,"{""plays"": 3}"\n'
    table = keyapi(*command, "--format", "table", "--columns", "shop_id,stats_decoded")
    assert table.out.split() == ["shop_id", "5", "stats_decoded", '{"plays":', "3}"]
    assert table.said == ["1 credit"]


def test_rows_without_pages_cannot_be_walked(keyapi: Keyapi, server: Server) -> None:
    server.always = data([{"shop_id": "1"}, {"shop_id": "2"}])
    command = ("shop", "many", "--shop", "7")

    done = keyapi(*command)
    assert (len(done.rows), done.said) == (2, ["2 rows, 1 credit"])
    refused = keyapi(*command, "--all")
    assert (refused.code, "Unknown option: --all." in refused.said[0]) == (2, True)


@pytest.mark.parametrize("value", ["te\x1bxt", 3, None, {"a": [1]}, [1, 2]])
def test_data_that_nothing_describes_is_given_as_it_is(
    keyapi: Keyapi, server: Server, value: object
) -> None:
    server.always = data(value)
    assert json.loads(keyapi("shop", "note").out) == value
    table = keyapi("shop", "note", "--format", "table")
    assert (table.code, "\x1b" in table.out) == (0, False)
    assert keyapi("shop", "note", "--format", "csv").code == 0


def test_a_walk_by_cursor_goes_on_at_its_cursor(keyapi: Keyapi, server: Server) -> None:
    server.always = data({"max_cursor": 40, "videos": [{"video_id": "1"}]})
    done = keyapi("feed", "list", "--max-pages", "1", "--start-page", "20")

    assert (done.rows, server.requests[0][2]) == ([{"video_id": "1"}], {"offset": "20"})
    budget = keyapi("feed", "list", "--all", "--max-credits", "2")
    assert budget.code == 3
    assert "Resume with --start-page 40 --all" in budget.said
    # Its first page has no cursor, so there is none to go on with.
    assert len(keyapi("feed", "list", "--all", "--max-credits", "1").said) == 1


def test_doctor_pays_for_the_cheapest_operation_that_has_examples(
    keyapi: Keyapi, server: Server
) -> None:
    specification = Specification.of_package("keyapi_example")
    methods = list(_clients.methods(_clients.find()))

    def documented(*names: str) -> object:
        chosen = (method for method in methods if method.operation.name in names)
        found = examples.documented(commands(chosen, specification.operations))
        return found and (found[0].spec.name, found[1])

    assert documented("shop_detail", "feed_list") == ("shop_detail", {"region": 1})
    assert documented("shop_many") == ("shop_many", {"shop": "7"})
    assert documented("video_search") is None
    everything = documented(*specification.operations)
    assert everything == ("influencer_products_analytics", {"user_id": USER_ID})


# --- How values are read ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (str, "1", "1"),
        (int | None, "12", 12),
        (float, "1.5", 1.5),
        (SortType | None, "Desc", SortType.DESC),
        (list[SortType], "0", SortType.ASC),
        (list[int], "3", 3),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (list[dict[str, int]], "[1]", [1]),
        (list[list[int]], "[[1]]", [[1]]),
        (int | str, "x", "x"),
        (int | str, "1", 1),
        (object, "null", None),
    ],
)
def test_a_value_is_read_as_its_type(annotation: object, text: str, value: object) -> None:
    read = values.reading(annotation).read
    assert read is not None
    assert read(text) == value


@pytest.mark.parametrize(
    ("annotation", "text"),
    [(int, "1.0"), (float, "nan"), (float, "x"), (SortType, "2"), (dict[str, int], "{")],
)
def test_a_value_that_is_none_of_its_type_is_refused(annotation: object, text: str) -> None:
    read = values.reading(annotation).read
    assert read is not None
    with pytest.raises(ValueError, match=json.dumps(text)[1:-1]):
        read(text)


def test_a_flag_is_read_by_the_library() -> None:
    assert values.reading(bool | None) == values.Reading(bool)


@pytest.mark.parametrize(
    ("said", "help_text"),
    [
        ("Sort order 0=asc 1=desc", "Sort order: asc (0), desc (1)."),
        ("0: asc, 1: desc", "asc (0), desc (1)."),
        ("", "asc (0), desc (1)."),
    ],
)
def test_help_says_the_members_once(said: str, help_text: str) -> None:
    assert values.legend(SortType, said) == help_text


def test_members_that_share_a_beginning_are_told_apart() -> None:
    field = InfluencerProductSortField
    assert values.member(field, "total-sale-cnt") is field.TOTAL_SALE_CNT
    assert values.member(field, "4") is field.TOTAL_VIDEO_SALE_CNT
