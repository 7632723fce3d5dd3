"""What was understood of an operation, written down as `x-keyapi`."""

import jsonschema_rs
import pytest
from shaping import PATH, facts, parameter, schemas, shaped

from keyapi.contract import json_schema
from support.pages import page, paged, query, rows

CURSOR = query("offset", "Cursor of the last answer")
SORT = query("sort_field", "1=likes 2=views", "integer")
ORDER = query("order", "0=asc 1=desc", "integer")
VIDEOS = rows(video_id="string", likes="integer", views="integer", region="string")


def listed(*parameters, corrections=None, **more):
    text = page(PATH, parameters=list(parameters), **{"data_schema": VIDEOS, **more})
    return shaped(text, corrections=corrections)


def inside(**properties):
    return {"type": "object", "properties": properties}


PAGE = {"kind": "page", "page": "page_num", "size": "page_size", "max": 10}


@pytest.mark.parametrize(
    ("parameters", "data_schema", "expected"),
    [
        ([], {}, {}),
        ([], VIDEOS, {"items": "/data"}),
        ([], inside(list=VIDEOS), {}),
        (paged(), VIDEOS, {"items": "/data", "paging": PAGE}),
        (paged(), inside(list=VIDEOS), {"items": "/data/list", "paging": PAGE}),
        (
            [query("page"), query("limit", "max 20")],
            VIDEOS,
            {
                "items": "/data",
                "paging": {"kind": "page", "page": "page", "size": "limit", "max": 20},
            },
        ),
        ([query("page")], VIDEOS, {"items": "/data", "paging": {"kind": "page", "page": "page"}}),
        (
            [CURSOR],
            inside(videos=VIDEOS, max_cursor={"type": "string"}),
            {
                "items": "/data/videos",
                "paging": {"kind": "cursor", "cursor": "offset", "next": "/data/max_cursor"},
            },
        ),
        (
            [CURSOR, query("count", "max 30", "integer")],
            inside(videos=VIDEOS, min_time={"type": "integer"}, has_more={"type": "boolean"}),
            {
                "items": "/data/videos",
                "paging": {
                    "kind": "cursor",
                    "cursor": "offset",
                    "next": "/data/min_time",
                    "more": "/data/has_more",
                    "size": "count",
                    "max": 30,
                },
            },
        ),
        (
            [*paged(), SORT, ORDER],
            VIDEOS,
            {
                "items": "/data",
                "paging": PAGE,
                "sort": {"field": "sort_field", "direction": "order"},
            },
        ),
        ([SORT], VIDEOS, {"items": "/data", "sort": {"field": "sort_field"}}),
        ([ORDER], VIDEOS, {"items": "/data"}),
        (
            [
                query("sort_field", "One of: likes, views"),
                query("dir", "Optional values: `asc`, `desc`"),
            ],
            VIDEOS,
            {"items": "/data", "sort": {"field": "sort_field", "direction": "dir"}},
        ),
        (
            [SORT, query("dir", "0=asc 1=desc 2=shuffled", "integer")],
            VIDEOS,
            {"items": "/data", "sort": {"field": "sort_field", "direction": "dir"}},
        ),
        (
            [query("video_id", required=True), query("region"), query("keyword")],
            VIDEOS,
            {"items": "/data", "filters": {"region": "region"}, "echoes": ["video_id"]},
        ),
    ],
)
def test_what_is_understood(parameters, data_schema, expected):
    result = listed(*parameters, data_schema=data_schema)
    own = {"identity": "video_id"} if "items" in expected and "echoes" not in expected else {}
    assert facts(result) == {"credits": 1, **expected, **own}
    assert [note for note in result.notes if "not stated" not in note] == []


def test_the_arguments_of_a_body_count_as_parameters_do():
    body = inside(
        page_num={"type": "integer"},
        page_size={"type": "integer", "description": "max 10"},
        sort_field={"type": "integer", "description": "1=likes 2=views"},
        region={"type": "string"},
        video_id={"type": "string"},
    )
    body["required"] = ["video_id"]
    result = shaped(page(PATH, method="post", body=body, data_schema=VIDEOS))
    assert facts(result) == {
        "credits": 1,
        "items": "/data",
        "paging": PAGE,
        "sort": {"field": "sort_field"},
        "filters": {"region": "region"},
        "echoes": ["video_id"],
    }


LANGUAGES = "one of: en-US, th-TH"


@pytest.mark.parametrize(
    ("parameter", "shown", "expected"),
    [
        (query("id", required=True), None, None),
        (query("id", required=True), ["5"], None),
        (query("id", required=True) | {"example": "5"}, ["5", "5"], "echoes"),
        (query("id", required=True) | {"example": "5"}, ["51", "52"], None),
        (query("id"), ["5"], None),
        (query("id") | {"example": "5"}, ["5"], "filters"),
        (query("video_id", required=True), None, "echoes"),
        (query("video_id", required=True), ["1"], "echoes"),
        (query("video_id", required=True), ["1", "2"], None),
        (query("video_id", required=True) | {"example": "2"}, ["1"], None),
        (query("videoId", required=True), None, "echoes"),
        (query("paid", required=True), None, None),
        (query("language", LANGUAGES, required=True), None, None),
        (query("language", LANGUAGES, required=True), ["en"], None),
        (query("language", LANGUAGES, required=True), ["en-US", None], "echoes"),
        (query("language", LANGUAGES), None, "filters"),
        (query("region", required=True), ["US"], "echoes"),
        (query("count", kind="integer", required=True), [3, 4], None),
    ],
)
def test_rows_repeat_an_argument_only_where_something_shows_it(parameter, shown, expected):
    name, kind = parameter["name"], parameter["schema"]["type"]
    example = None if shown is None else [{name: value, "title": "x"} for value in shown]
    schema = rows(**{name: kind, "title": "string"})
    schema["items"]["properties"][name]["nullable"] = True

    found = facts(listed(parameter, data_schema=schema, example=example))

    assert [fact for fact in ("echoes", "filters") if fact in found] == (
        [expected] if expected else []
    )


@pytest.mark.parametrize(
    ("words", "echoed"), [("The category asked for.", True), ("Id of the child.", False)]
)
def test_rows_repeat_an_argument_where_the_prose_says_so(words, echoed):
    schema = rows(id="string", title="string")
    schema["items"]["properties"]["id"]["description"] = words
    found = facts(listed(query("id", required=True), data_schema=schema))
    assert found.get("echoes") == (["id"] if echoed else None)


@pytest.mark.parametrize(
    ("parameters", "data_schema", "problem"),
    [
        (paged(), {}, "its data has no list of objects"),
        (paged(), inside(a=VIDEOS, b=VIDEOS), "its data has 2 lists of objects"),
        (paged(), {"type": "array", "items": {"type": "string"}}, "no list of objects"),
        ([CURSOR], inside(videos=VIDEOS), "its response names no next one"),
        ([CURSOR], VIDEOS, "its response names no next one"),
        ([query("sort_field", "1=likes 2=saves", "integer")], VIDEOS, "not all of its members are"),
    ],
)
def test_what_is_not_understood_is_noted(parameters, data_schema, problem):
    result = listed(*parameters, data_schema=data_schema)
    assert "paging" not in facts(result)
    assert "sort" not in facts(result)
    (note,) = result.notes
    assert problem in note
    assert note.startswith("en/tiktok/100.md #/paths/")


@pytest.mark.parametrize(
    ("cost", "expected"), [(1, {"credits": 1}), (2, {"credits": 2}), (0, {"credits": 0})]
)
def test_the_cost_is_the_pages(cost, expected):
    assert facts(shaped(page(PATH, credits=cost))) == expected


def test_an_unknown_cost_is_noted_and_not_written_down():
    result = shaped(page(PATH, credits=None))
    assert "credits" not in facts(result)
    (note,) = result.notes
    assert "names no cost of a request" in note


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"credits": 5}, {"credits": 5}),
        ({"credits": 0}, {"credits": 0}),
        (
            {"items": "/data/b"},
            {"items": "/data/b", "paging": PAGE, "identity": "video_id"},
        ),
        (
            {"items": "/data/b", "identity": "region"},
            {"items": "/data/b", "paging": PAGE, "identity": "region"},
        ),
        (
            {"items": "/data/a", "paging": {"kind": "page", "page": "page_num"}, "identity": None},
            {"items": "/data/a", "paging": {"kind": "page", "page": "page_num"}},
        ),
        ({"echoes": ["page_num"]}, {"echoes": ["page_num"]}),
    ],
)
def test_facts_that_an_overlay_declares_win(declared, expected):
    data_schema = inside(a=VIDEOS, b=VIDEOS)
    correction = {"target": f"$.paths['{PATH}'].get", "update": {"x-keyapi": declared}}
    result = listed(*paged(), data_schema=data_schema, credits=3, corrections=[correction])
    assert facts(result) == {"credits": 3, **expected}


def test_a_fact_can_be_declared_away():
    correction = {"target": f"$.paths['{PATH}'].get", "update": {"x-keyapi": {"paging": None}}}
    result = listed(*paged(), corrections=[correction])
    assert facts(result) == {"credits": 1, "items": "/data", "identity": "video_id"}


def test_a_cost_that_an_overlay_declares_is_not_missed():
    correction = {"target": f"$.paths['{PATH}'].get", "update": {"x-keyapi": {"credits": 2}}}
    result = shaped(page(PATH, credits=None), corrections=[correction])
    assert facts(result) == {"credits": 2}
    assert result.notes == ()


# --- How prose and answers name cursors, flags and first pages ----------------------------------


def walked_by(text, data, *, kind="string", required=False, **schema):
    """Facts of paging, and notes, of an operation whose `offset` is described so."""
    offset = query("offset", text, kind, required=required)
    offset["schema"].update(schema)
    result = listed(offset, data_schema=data)
    return facts(result).get("paging"), result.notes


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("When has_more=1, use cursor for the next pagination", "cursor"),
        ("When the returned has_more=true, use scroll_param for the next page.", "scroll_param"),
        ("The next pagination will use max_cursor", "max_cursor"),
        ("Pass the `from_here` of the previous response", "from_here"),
        ("The value of after_id returned by the last page", "after_id"),
        ("Use the value of page.mark for the next request", "mark"),
        ("Leave it out at first; then send back the mark found in the last reply.", "mark"),
        ("The mark value obtained from the previous page", "mark"),
        ("Set to mark from the response to load more", "mark"),
        ("Use the returned `mark` to request the following page", "mark"),
        ("Cursor", "endCursor"),
    ],
)
def test_the_next_cursor_is_found_by_prose_or_by_its_name(text, name):
    other = {"type": "string"}
    data = inside(log_id=other, **{name: other}, videos=VIDEOS, hasMore={"type": "boolean"})
    paging, notes = walked_by(text, data)
    assert paging == {
        "kind": "cursor",
        "cursor": "offset",
        "next": f"/data/{name}",
        "more": "/data/hasMore",
    }
    assert notes == ()


@pytest.mark.parametrize(
    ("argument", "following"),
    [
        ("after", "next_after"),
        ("after_id", "nextAfterId"),
        ("pos", "next_pos"),
        ("pageToken", "nextPageToken"),
        ("next_token", "next_token"),
        ("NextMarker", "NextMarker"),
        ("after", "after"),
        ("continuation", "continuation"),
        ("after", "endCursor"),
    ],
)
@pytest.mark.parametrize("kind", ["string", "integer", "array"])
def test_an_argument_is_a_cursor_where_the_answer_names_its_next_value(argument, kind, following):
    cursors = inside(offset={"type": "string"}, **{following: {"type": kind}})
    data = inside(cursor={"type": "string"}, paging=inside(cursors=cursors), videos=VIDEOS)
    text = "Where to go on"
    result = listed(query("offset"), query(argument, text, kind), data_schema=data)
    assert facts(result)["paging"] == {
        "kind": "cursor",
        "cursor": argument,
        "next": f"/data/paging/cursors/{following}",
    }
    assert result.notes == ()


@pytest.mark.parametrize("name", ["region", "count", "limit"])
def test_an_argument_that_the_answer_repeats_is_no_cursor(name):
    value = {"type": "string"}
    data = inside(**{name: value, f"previous_{name}": value, "videos": VIDEOS})
    result = listed(query(name, "What to list"), data_schema=data)
    assert "paging" not in facts(result)
    assert result.notes == ()


@pytest.mark.parametrize("kind", ["string", "integer"])
def test_an_argument_that_the_answer_repeats_beside_the_rows_is_no_cursor(kind):
    data = inside(after={"type": kind}, videos=VIDEOS)
    result = listed(query("after", "Only those after this date", kind), data_schema=data)
    assert "paging" not in facts(result)
    assert result.notes == ()


def test_a_list_is_no_cursor_where_the_argument_takes_a_text():
    cursor = {"type": "array", "items": {}}
    data = inside(videos=VIDEOS, search_after=cursor)
    result = listed(query("search_after", "Cursor"), data_schema=data)
    assert "paging" not in facts(result)
    (note,) = result.notes
    assert "as a list, /data/search_after, but the cursor 'search_after' takes a string" in note


def test_the_next_cursor_is_not_promised_whatever_the_example_shows():
    data = inside(videos=VIDEOS, paging=inside(cursors=inside(after={"type": "string"})))
    shown = {"videos": [{"video_id": "1"}], "paging": {"cursors": {"after": "x"}}}
    found = listed(query("after"), data_schema=data, example=shown)
    answer = found.spec["paths"][PATH]["get"]["responses"]["200"]["content"]["application/json"]
    validator = jsonschema_rs.Draft4Validator(json_schema(found.spec, dict(answer["schema"])))
    for end in ({}, {"paging": None}, {"paging": {"cursors": {"after": None}}}, {"paging": {}}):
        body = {"code": 0, "message": "", "requestId": "1", "data": {"videos": [], **end}}
        assert validator.is_valid(body), end


@pytest.mark.parametrize(
    "name",
    ["hasMore", "has_more_videos", "hasNextPage", "canLoadMore", "is_truncated", "more"],
)
def test_a_flag_is_found_by_its_name_and_the_plainest_one_first(name):
    flags = {name: {"type": "boolean"}, "has_more_hot": {"type": "boolean"}}
    paging, notes = walked_by("Cursor", inside(videos=VIDEOS, cursor={"type": "string"}, **flags))
    assert paging["more"] == f"/data/{name}"
    assert notes == ()


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        *[("is_end", {"type": "boolean"}), ("is_end", {"type": "integer"}), ("no_more", {})],
        *[("isLastPage", {"type": "boolean"}), ("finished", {"type": "integer", "example": 0})],
        *[("last", {"type": "boolean"}), ("end", {"type": "string", "example": "false"})],
        *[("reached_end", {"type": "boolean"}), ("endOfList", {"type": "boolean"})],
    ],
)
def test_a_flag_may_say_that_a_page_is_the_last(name, flag):
    data = inside(videos=VIDEOS, cursor={"type": "string"}, **{name: flag})
    paging, notes = walked_by("Cursor", data)
    assert (paging["more"], paging["says"]) == (f"/data/{name}", "last")
    assert notes == ()
    for other in ({"has_more": {"type": "boolean"}}, {"more_videos": {}, "hasMore": {}}):
        data = inside(videos=VIDEOS, cursor={"type": "string"}, **{name: flag}, **other)
        paging, _ = walked_by("Cursor", data)
        assert paging["more"].lower().replace("_", "") == "/data/hasmore"
        assert "says" not in paging


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("next_page", {"type": "integer"}), ("nextPageNo", {"example": "2"})],
        *[("next_page_number", {"type": "integer", "nullable": True})],
    ],
)
def test_the_next_number_says_whether_pages_follow_and_is_not_promised(name, value):
    data = inside(videos=VIDEOS, pages=inside(total={"type": "integer"}, **{name: value}))
    result = listed(query("page", "Page", "integer"), data_schema=data)
    paging = {"kind": "page", "page": "page", "more": f"/data/pages/{name}", "says": "next"}
    assert facts(result)["paging"] == paging
    (found,) = (
        s["properties"][name]
        for s in schemas(result).values()
        if name in str(s) and name in s.get("properties", {})
    )
    assert found["nullable"] is True
    assert result.notes == ()
    link = {"type": "string", "example": "https://api.keyapi.ai/x?page=2"}
    data = inside(videos=VIDEOS, has_more={"type": "boolean"}, **{name: value, "next": link})
    paging = facts(listed(query("page", "Page", "integer"), data_schema=data))["paging"]
    assert paging == {"kind": "page", "page": "page", "more": "/data/has_more"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("end", {"type": "integer"}), ("last", {"type": "integer", "example": 9})],
        *[("last", {"type": "string"}), ("end", {"example": "2024-01-31"})],
        *[("end_page", {"type": "integer"}), ("finished_at", {"type": "boolean"})],
    ],
)
def test_what_may_be_a_number_or_time_is_no_flag(name, value):
    data = inside(videos=VIDEOS, cursor={"type": "string"}, **{name: value})
    assert walked_by("Cursor", data) == (
        {"kind": "cursor", "cursor": "offset", "next": "/data/cursor"},
        (),
    )


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({}, "Handle of the website's page, such as nasa"),
        ({}, "Part of the app: home, profile, search"),
        ({"example": "home"}, "Page"),
        ({"enum": ["home", "search"]}, ""),
        ({"type": "boolean"}, "Whether pages count, too"),
    ],
)
def test_a_page_of_an_app_is_no_page_of_rows(schema, text):
    for others in ((), (query("limit", "At most 10", "integer"),)):
        argument = {**query("page", text), "schema": {"type": "string", **schema}}
        result = listed(argument, *others)
        if others and not schema:
            continue  # beside a size, a page is one of rows unless its values say otherwise
        assert "paging" not in facts(result)
        assert parameter(result, "page")["schema"].get("type") != "integer"


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({}, ""),
        ({}, "Page"),
        ({}, "Which page, the first is 1"),
        ({"example": "1"}, "Where to go on"),
        ({"default": "1"}, "Where to go on"),
        ({"type": "integer"}, "Where to go on"),
    ],
)
def test_a_page_number_may_be_text(schema, text):
    result = listed({**query("page", text), "schema": {"type": "string", **schema}})
    assert facts(result)["paging"] == {"kind": "page", "page": "page"}
    assert parameter(result, "page")["schema"]["type"] == "integer"


@pytest.mark.parametrize(
    ("first", "size"), [("skip", "take"), ("start", "rows"), ("from", "size"), ("$skip", "$top")]
)
def test_rows_asked_for_by_their_number_are_noted(first, size):
    result = listed(query(first, "Rows to leave out", "integer"), query(size, "Rows", "integer"))
    assert "paging" not in facts(result)
    (note,) = result.notes
    assert f"its {first!r} asks for rows by their number" in note


@pytest.mark.parametrize(
    "others", [(), (query("from", "Earliest date"), query("to", "Latest date"))]
)
def test_an_offset_of_time_is_no_cursor(others):
    result = listed(query("offset", "UTC offset in hours, -12 to 14", "integer"), *others)
    assert "paging" not in facts(result)
    assert result.notes == ()


@pytest.mark.parametrize("position", ["offset", "page"])
def test_a_walk_that_must_repeat_two_values_is_noted(position):
    text = "Send the search_id from the previous response"
    data = inside(videos=VIDEOS, next_offset={"type": "integer"}, search_id={"type": "string"})
    both = query(position, "Use the next_offset of the previous response", "integer")
    result = listed(both, query("search_id", text), data_schema=data)
    assert "paging" not in facts(result)
    (note,) = result.notes
    assert "'search_id' must repeat what the answer before says" in note


@pytest.mark.parametrize(
    "text",
    [
        "For the following rows, the id of the last row you got",
        "Id of the last video of the page before",
        "The comment_id of the last comment on the previous page",
    ],
)
def test_rows_asked_for_by_the_last_row_are_noted(text):
    result = listed(query("since_id", text))
    assert "paging" not in facts(result)
    (note,) = result.notes
    assert "its 'since_id' asks for the rows behind the last one of a page" in note


@pytest.mark.parametrize(
    "name", ["has_more", "hasNextPage", "next_cursor", "nextPageUrl", "next", "cursor"]
)
def test_an_answer_that_tells_of_rows_that_nothing_asks_for_is_noted(name):
    data = inside(videos=VIDEOS, paging=inside(**{name: {"type": "string"}}))
    result = listed(query("since"), data_schema=data)
    assert "paging" not in facts(result)
    (note,) = result.notes
    assert f"its response says with /data/paging/{name} whether more rows follow" in note


def test_cursor_and_flag_are_found_beside_the_rows_at_any_depth():
    pagination = inside(has_next={"type": "integer"}, next_token={"type": "string"})
    extra = inside(has_more={"type": "boolean"}, cursor={"type": "string"})
    paging, _ = walked_by("Cursor", inside(extra=extra, result=inside(videos=VIDEOS, p=pagination)))
    assert (paging["next"], paging["more"]) == (
        "/data/result/p/next_token",
        "/data/result/p/has_next",
    )


def test_what_prose_alone_names_is_assumed_beside_the_rows_and_noted():
    paging, notes = walked_by("When has_more=1, use mark for the next page", inside(videos=VIDEOS))
    assert (paging["next"], paging["more"]) == ("/data/mark", "/data/has_more")
    assert [note.rpartition("; ")[2] for note in notes] == [
        "/data/mark is assumed.",
        "/data/has_more is assumed.",
    ]


@pytest.mark.parametrize(
    ("kind", "text", "schema", "first"),
    [
        ("string", "Cursor", {}, ""),
        ("integer", "Cursor", {}, 0),
        ("string", "Cursor, for the first page: pass 0", {}, "0"),
        ("string", "For the first page pass 0", {}, "0"),
        ("string", "For the first time, leave it blank", {}, ""),
        ("integer", "Cursor, default 5", {}, 5),
        ("string", "Cursor", {"default": "start"}, "start"),
        ("string", "Cursor", {"example": "0"}, "0"),
        ("string", "Cursor", {"example": "MTIz"}, ""),
        ("string", "Pass * for the first page", {}, "*"),
        ("integer", "Use -1 to begin, then max_cursor", {}, -1),
        ("string", "An empty string gets the first page", {}, ""),
        ("string", "Leave empty for the first page", {}, ""),
        ("string", 'For the initial request use "start"', {}, "start"),
        ("string", "First page: `first`. Afterwards next_cursor", {}, "first"),
        ("string", "For the first request: `offset=0`", {}, "0"),
        ("string", "Cursor; the first page has 20 rows", {}, ""),
        ("string", "The `cursor` of the first page gets the second", {}, ""),
    ],
)
def test_a_cursor_that_must_be_sent_has_a_first_value(kind, text, schema, first):
    data = inside(videos=VIDEOS, cursor={"type": "string"})
    paging, _ = walked_by(text, data, kind=kind, required=True, **schema)
    assert paging["first"] == first
    assert "first" not in walked_by(text, data, kind=kind, **schema)[0]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Page numbers start from 0.", 0),
        ("Zero-based page index", 0),
        ("The first page is 0", 0),
        ("Page number, counting from 0, at most 500", 0),
        ("Zero is the first page", 0),
        ("The page to get (first = 0)", 0),
        ("Page index. 0 returns the first page.", 0),
        ("The first one is number 0", 0),
        ("Page, 0 by default", 0),
        ("Page number (default: 0)", 0),
        ("Page number (>= 0)", 0),
        ("Range: 0-500", 0),
        ("Starts from 1, cannot be 0", None),
        ("Page number, default 10", None),
        ("Page number, from 1 to 100", None),
        ("Page, at most 10", None),
        ("Page number 10", None),
    ],
)
def test_page_numbers_start_where_the_prose_says(text, first):
    result = listed(query("page", text, "integer"))
    assert facts(result)["paging"].get("first") == first
    (parameter,) = result.spec["paths"][PATH]["get"]["parameters"]
    assert parameter["schema"]["minimum"] == (1 if first is None else first)


@pytest.mark.parametrize(
    ("text", "schema", "first"),
    [
        ("Page", {"minimum": 0}, 0),
        ("Page", {"minimum": 0, "default": 1}, None),
        ("Page, starting from 1", {"minimum": 0}, None),
        ("Page", {"minimum": 1}, None),
    ],
)
def test_the_least_page_number_is_the_first_where_nothing_says_otherwise(text, schema, first):
    result = listed(query("page", text, "integer", **schema))
    assert facts(result)["paging"].get("first") == first


def test_a_first_cursor_in_words_that_are_not_understood_is_noted():
    data = inside(videos=VIDEOS, cursor={"type": "string"})
    paging, (note,) = walked_by("For the first page, the day's own", data, required=True)
    assert paging["first"] == ""
    assert "'offset' must be sent" in note
    assert "'' is assumed" in note
