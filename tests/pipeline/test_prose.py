"""Constraints that pages state in prose: what is understood, and what must never be guessed."""

import pytest

from pipeline.shape.enumerations import enum_in, looks_like_enum
from pipeline.shape.prose import bounds_in, is_comma_joined

REAL_SORT = (
    "List sorting field 1=total_sale_cnt 2=total_sale_gmv_amt 3=spu_avg_price "
    "4=total_video_sale_cnt 5=total_video_sale_gmv_amt"
)
ASC_DESC = [("0", "asc"), ("1", "desc")]
LIKES_VIEWS = [("1", "likes"), ("2", "views")]


@pytest.mark.parametrize(
    ("text", "members"),
    [
        (
            REAL_SORT,
            [
                ("1", "total_sale_cnt"),
                ("2", "total_sale_gmv_amt"),
                ("3", "spu_avg_price"),
                ("4", "total_video_sale_cnt"),
                ("5", "total_video_sale_gmv_amt"),
            ],
        ),
        ("Sort order 0=asc 1=desc", ASC_DESC),
        ("Sort order: 0=asc, 1=desc", ASC_DESC),
        ("Sort order: 0 = asc; 1 = desc.", ASC_DESC),
        ("Sort order (0=asc, 1=desc)", ASC_DESC),
        ("Sort order (0=asc, 1=desc); the default is 0", ASC_DESC),
        ("0: asc, 1: desc", ASC_DESC),
        ("0:asc,1:desc", ASC_DESC),
        ("0:asc/1:desc", ASC_DESC),
        ("0=asc | 1=desc", ASC_DESC),
        ("0=asc and 1=desc", ASC_DESC),
        ("0 = asc, or 1 = desc", ASC_DESC),
        ("0 is asc, 1 is desc", ASC_DESC),
        ("0 means asc, 1 means desc", ASC_DESC),
        ("0 - asc, 1 - desc", ASC_DESC),
        ("0 – asc; 1 – desc", ASC_DESC),
        ("0 — asc; 1 — desc", ASC_DESC),
        ("0→asc, 1→desc", ASC_DESC),
        ("Order:\n0: asc\n1: desc\n", ASC_DESC),
        ("Order:\r\n0: asc\r\n1: desc", ASC_DESC),
        ("0：asc，1：desc", ASC_DESC),
        ("0＝asc；1＝desc", ASC_DESC),
        ("排序字段：1=likes、2=views", LIKES_VIEWS),
        ("排序 1：点赞数，2：播放量", [("1", "点赞数"), ("2", "播放量")]),
        ("0=asc (default), 1=desc", ASC_DESC),
        ("0：升序（默认），1：降序", [("0", "升序"), ("1", "降序")]),
        ("-1=all, 0=none, 1=some", [("-1", "all"), ("0", "none"), ("1", "some")]),
        ("10=ten 20=twenty", [("10", "ten"), ("20", "twenty")]),
        ("1: Last 7 days, 2: Last 30 days", [("1", "Last 7 days"), ("2", "Last 30 days")]),
        ("1=Last 7 days 2=Last 30 days", [("1", "Last 7 days"), ("2", "Last 30 days")]),
        ("Top 10 by field. 1=likes, 2=views. Up to 100 rows.", LIKES_VIEWS),
        ("asc=ascending desc=descending", [("asc", "ascending"), ("desc", "descending")]),
        ("asc = ascending, desc = descending", [("asc", "ascending"), ("desc", "descending")]),
        ("Period: one of: day, week, month", [("day", None), ("week", None), ("month", None)]),
        ("One of day, week or month.", [("day", None), ("week", None), ("month", None)]),
        ("Optional values: `asc`, `desc`", [("asc", None), ("desc", None)]),
        ("Optional values: `asc`,`desc`. Default: `asc`", [("asc", None), ("desc", None)]),
        ('Possible values are "asc" and "desc"', [("asc", None), ("desc", None)]),
        ("Allowed values: asc/desc", [("asc", None), ("desc", None)]),
        ("Available options: asc | desc", [("asc", None), ("desc", None)]),
        ("Enum: 7, 30, 90", [("7", None), ("30", None), ("90", None)]),
        ("可选值：asc、desc", [("asc", None), ("desc", None)]),
        ("List sorting enumeration.1=likes 2=views", LIKES_VIEWS),
        ("Sort field1=likes 2=views", LIKES_VIEWS),
        ("1. likes; 2. views", LIKES_VIEWS),
        ("Ways to sort: 1) likes 2) views", LIKES_VIEWS),
        ("Sort, likes = 1, views = 2", LIKES_VIEWS),
        ("Sort by likes = 1 or views = 2.", [("1", "Sort by likes"), ("2", "views")]),
        ("Only with type=2. Default 1. how=1: likes how=2: views", LIKES_VIEWS),
        ("It says that how=1 represents likes and how=2 represents views.", LIKES_VIEWS),
        (
            "0=Likes and shares, 1=Views or plays 2=Both",
            [("0", "Likes and shares"), ("1", "Views or plays"), ("2", "Both")],
        ),
        ("0=asc 1=desc, 1 is the default", ASC_DESC),
        ("0 = asc; 1 = desc. Descending is the default.", ASC_DESC),
        ("0=asc 1=desc by default", ASC_DESC),
        ("1=Old. 2=New.", [("1", "Old"), ("2", "New")]),
        ("Can be selected from: th-TH, en-US.", [("th-TH", None), ("en-US", None)]),
        ("Codes, currently supported only: GB, ID, US", [("GB", None), ("ID", None), ("US", None)]),
        ("Choose from the following values: day, week", [("day", None), ("week", None)]),
        ("Values: US (United States), GB (Britain)", [("US", "United States"), ("GB", "Britain")]),
        ("true / false, whether it is one", [("true", None), ("false", None)]),
        (
            "Valid values: last-7-days, last-30-days",
            [("last-7-days", None), ("last-30-days", None)],
        ),
    ],
)
def test_enums(text, members):
    assert [(member.value, member.label) for member in enum_in(text) or ()] == members


@pytest.mark.parametrize(
    "text",
    [
        *["", "Creator user ID (numeric string)", "Product primary category ID filtering"],
        *[
            "Page numbers start from 1 and go up to a maximum of 100,000.",
            "1-10",
            "1 - 10, 11 - 20",
        ],
        *["Range: 1-10, 20-30", "from 1 to 10", "0.5: half, 1.5: more", "v1: old, v2: new"],
        *[
            "Date, yyyy-MM-dd",
            "yyyy-MM-dd, e.g. 2024-01-01 or 2024-01-31",
            "2024-01-01 - 2024-12-31",
        ],
        *[
            "Time 10:30 to 11:45",
            "Price from $1 to $20",
            "price=1.5, discount=0.5",
            "USD 1 = EUR 2",
        ],
        *["1-day, 7-day", "1-day, 7-day, 30-day", "7-day or 30-day window", "GMV, T+1"],
        *["1=asc", "0=asc, 0=desc", "0=asc, 1=asc", "one of the creator's videos", "one of: day"],
        *["1=asc; see the manual for what 2=desc means", "Ratio 16:9, 4:3", "Ratio 1=2, 2=3"],
        *["Keyword, one of many.", "Optional values: see the list of regions", "Options: a, a"],
        *["All values are estimated and rounded", "The values are estimates or forecasts."],
        *["Sort options and filters", "Returns values, counts and sums", "id=1, name=x"],
        *[
            "https://x.test/?a=b&c=d",
            "min=1, max=10",
            "When type=1, mode=2",
            "Pass page=1, size=10",
        ],
        *[
            "Supported only: GB, ID, etc.",
            "One of: day, week ...",
            "km/h",
            "his / her own / words x",
        ],
        *["Notes: 1. Only for accounts of this region, please. 2. Not with other filters at all"],
        *["2. likes; 4. views", "1=Sales, all of them 2=Views", "kind=1 means a, sort=2 means b"],
    ],
)
def test_no_enums(text):
    assert enum_in(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "You may only pass one of `user_id` and `unique_id`.",
        "Pass one of user_id or unique_id",
        "The id was foo: pass user_id=foo for the next page, unique_id=bar for the last",
        "user_id = 1, unique_id = 2",
    ],
)
def test_the_names_of_parameters_are_no_values(text):
    assert enum_in(text, {"user_id"}) is None
    assert not looks_like_enum(text, {"user_id", "unique_id"})


def _values(text, **more):
    members = enum_in(text, **more)
    return members and [member.value for member in members]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Accepted: new | hot | rising", ["new", "hot", "rising"]),
        ("Must be `public` / `private` / `friends`", ["public", "private", "friends"]),
        ("Either `asc` or `desc`.", ["asc", "desc"]),
        ("'day', 'week' or 'month'", ["day", "week", "month"]),
        ('Only "hot" and "new" are supported', ["hot", "new"]),
        ("Set to true or false", ["true", "false"]),
        ("| Value | Name |\n|---|---|\n| hot | Hot |\n| `new` | New |", ["hot", "new"]),
        ("Enum: [DAY, WEEK, MONTH]", ["DAY", "WEEK", "MONTH"]),
        ("Permitted values {a|b|c}", ["a", "b", "c"]),
        ("Allowed: ['up', 'down']", ["up", "down"]),
        ("One of the following strings: up, down", ["up", "down"]),
        ('Filter as JSON, {"region": "US", "min": "3"}', None),
        ('Filter as JSON, {"1": "US", "2": "GB"}', None),
        ("Values [such as a, b]", None),
        ("Sort field (likes, views, shares)", ["likes", "views", "shares"]),
        ("Order by (created_at | plays).", ["created_at", "plays"]),
        ("The sorting criteria (likes, views or shares)", ["likes", "views", "shares"]),
        ("Sort by (optional, descending)", None),
        ("Sort field (newest first)", None),
        ("Text to look for (title, description)", None),
        ("Permitted: letters, digits and dashes", None),
        ("A name and a `surname`", None),
        ("after=foo gives what follows foo, before=bar what precedes bar", None),
    ],
)
def test_words_in_a_list(text, values):
    assert _values(text, numeric=False) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("What to list:\n- 1: daily\n- 2: weekly", ["1", "2"]),
        ("Type: 1 (video), 2 (image) or 3 (live)", ["1", "2", "3"]),
        ("| value | meaning |\n|---|---|\n| 1 | Hot |\n| 2 | New |", ["1", "2"]),
        ("类型 1-视频 2-直播", ["1", "2"]),
        ("Allowed: 7, 28, 60 (days)", ["7", "28", "60"]),
        ("0 or 1", ["0", "1"]),
        ("(1) today (2) yesterday (3) week", ["1", "2", "3"]),
        ("0 = no\\n1 = yes", ["0", "1"]),
        ('{"1": "day", "2": "week"}', ["1", "2"]),
        ("Values: [10, 20, 50]", ["10", "20", "50"]),
        ("1=asc, 2=desc. 10 rows per page", ["1", "2"]),
    ],
)
def test_numbers_in_a_list(text, values):
    assert _values(text) == values
    assert all(member.label is None for member in enum_in("Allowed: 7, 28, 60 (days)"))


@pytest.mark.parametrize(
    "text",
    [
        "1=asc, 2=desc, 3 to 9 reserved",
        "1=asc, 2=desc or 3",
        "Values from 1=worst to 5=best",
        "1=worst ... 5=best",
        "0, 1 (video), 2 (live)",
        "Use 1 for likes, 2 for views, 3 for shares",
        "1/2/3 = low/medium/high",
        "Status (1 active, 2 paused, 3 deleted)",
        "`new` for newest first, `top` for most liked",
        "en-US (English), id-ID (Indonesian)",
        "Sort by `likes` (default) or `views`",
        "Pass `hot` to get popular ones, `fresh` to get new ones",
        "Which list? likes|favorites",
        "Granularity - DAY/WEEK/MONTH",
        "Gender filter. male / female / unknown",
        "PUBLISHED, DRAFT or ARCHIVED status",
        "Accepts only day or week",
        "level: 10, 20 or 30",
        "Window (7d, 28d)",
        "① video ② live",
    ],
)
def test_values_that_are_not_all_understood_make_no_enum_and_are_told(text):
    assert enum_in(text) is None
    assert looks_like_enum(text)


def test_a_numbered_list_in_a_text_counts_no_values():
    assert enum_in("1. likes; 2. views", numeric=False) is None


@pytest.mark.parametrize(
    "text",
    ["1=likes; the default; 2=views", "1: 7 days, 2: 30 days", "0=asc, 0=desc", "0=asc 1=asc"],
)
def test_what_seems_to_be_an_enum_but_is_not_understood_can_be_told(text):
    assert enum_in(text) is None
    assert looks_like_enum(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1-10",
        "Page size, up to 10: no more",
        "yyyy-MM-dd",
        "1-day, 7-day",
        "Ratio 16:9",
        "Ratio, e.g. 16:9 or 4:3",
        "Opens 09:30, closes 18:00",
        "2024-01-01 or 2024/01/01",
        "ISO date (YYYY-MM-DD), time (hh:mm)",
        "Rows (at most 10), page (from 1)",
        "Like `foo` and `bar`",
        "Can be 'a', 'b', 'c', and so on",
        "Date and/or time in UTC/GMT",
        "A URL or ID of the video",
        "Date as YYYY/MM/DD",
        "Date as dd / mm / yyyy",
        "Name (first, last)",
        "Rows 10, 20",
        "e.g. US/GB/ID",
        "A path such as a/b/c, or https://x/A/B/C",
    ],
)
def test_ordinary_text_does_not_seem_to_be_an_enum(text):
    assert not looks_like_enum(text)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("Page numbers start from 1 and go up to a maximum of 100,000.", 1, 100_000),
        ("Rows per page, at most 10.", None, 10),
        ("The maximum number of pages is 10.", None, 10),
        ("Page size, max 20", None, 20),
        ("Page size (max: 50)", None, 50),
        ("Page size. Maximum: 1,000", None, 1000),
        ("up to 30 rows", None, 30),
        ("no more than 25", None, 25),
        ("must not exceed 50", None, 50),
        ("cannot exceed 50", None, 50),
        ("Default 10, maximum 20", None, 20),
        ("每页数量，最大 20", None, 20),
        ("最多50条", None, 50),
        ("Range 1-50", 1, 50),
        ("Range: 1 – 50", 1, 50),
        ("between 5 and 100", 5, 100),
        ("from 1 to 1,000", 1, 1000),
        ("取值范围：1~100", 1, 100),
        ("starts at 1", 1, None),
        ("Starting from 1", 1, None),
        ("at least 2", 2, None),
        ("minimum 1, maximum 10", 1, 10),
        ("从1开始", 1, None),
        ("", None, None),
        ("Page number", None, None),
        ("Default is 20", None, None),
        ("The most rows a page may have; default 20", None, None),
        ("No maximum. Default is 20.", None, None),
        ("Maximum rows per page (default 20)", None, None),
        ("Climax 5", None, None),
    ],
)
def test_bounds(text, low, high):
    assert bounds_in(text) == (low, high)


@pytest.mark.parametrize(
    "text",
    [
        *["Comma-separated video ids, at most 10", "comma separated", "A comma-delimited list"],
        *["comma joined", "Ids separated by commas", "ids, joined with commas", "Split by a comma"],
        *["Ids split by ','", "separated with (,)"],
        *[
            "separated by English commas",
            "multiple use English commas to separate",
            "separate them with commas",
            "joined using a comma",
            "多个用逗号分隔",
            "Video ids, separated by half-width commas",
        ],
    ],
)
def test_comma_joined(text):
    assert is_comma_joined(text)


@pytest.mark.parametrize(
    "text", ["", "a, b, c", "May hold commas", "Prices have a thousands comma", "separated by tabs"]
)
def test_not_comma_joined(text):
    assert not is_comma_joined(text)
