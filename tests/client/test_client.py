"""The clients: configuration, what goes out on the wire, and what comes of the answer."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import threading
from typing import Any
from unittest.mock import create_autospec

import httpx
import pytest
import respx

from client.conftest import (
    EXAMPLE,
    KEY,
    PATH,
    REQUEST_ID,
    USER_ID,
    Mode,
    Server,
    first_page,
    refusal,
    success,
)
from keyapi import (
    BadRequest,
    ConfigurationError,
    InvalidResponse,
    KeyAPIError,
    Model,
    TransportError,
)
from keyapi._models import field
from keyapi._operation import Operation, PagedOperation
from keyapi._paging import PageNumbers
from keyapi._sending import http
from keyapi._sending.http import HTTPClient
from keyapi_example import AsyncTikTok, InfluencerProductSortField, SortType, TikTok
from keyapi_example.api.influencer import influencer_products_analytics as low_level
from keyapi_example.errors import UnexpectedStatus
from keyapi_example.models import ErrorEnvelope, InfluencerProductsAnalyticsResponse


class Video(Model):
    """A small model for operations made by hand."""

    __slots__ = ()

    video_id: str | None = field("video_id", default=None)


DETAIL = Operation(
    name="video_detail",
    method="GET",
    path="/v1/video/{video_id}/detail",
    model=lambda: Video,
    path_parameters={"video_id": "video_id"},
)
BATCH = Operation(
    name="video_batch",
    method="GET",
    path="/v1/video/batch",
    model=lambda: Video,
    comma_joined=frozenset({"video_ids"}),
)
SEARCH = Operation(
    name="video_search",
    method="POST",
    path="/v1/video/search",
    model=lambda: Video,
    body={"keyword": "keyword", "sort": "sort", "body_region": "region"},
)


# --- The key ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "environment", "expected"),
    [
        ("sk_arg", {}, "sk_arg"),
        ("sk_arg", {"KEYAPI_TOKEN": "sk_1", "KEYAPI_KEY": "sk_3"}, "sk_arg"),
        (None, {"KEYAPI_TOKEN": "sk_1", "KEYAPI_API_KEY": "sk_2", "KEYAPI_KEY": "sk_3"}, "sk_1"),
        (None, {"KEYAPI_API_KEY": "sk_2", "KEYAPI_KEY": "sk_3"}, "sk_2"),
        (None, {"KEYAPI_KEY": "sk_3"}, "sk_3"),
        (None, {"KEYAPI_TOKEN": "", "KEYAPI_KEY": "sk_3"}, "sk_3"),
        (" sk_arg\n", {}, "sk_arg"),
        (None, {"KEYAPI_TOKEN": "sk_1\n"}, "sk_1"),
    ],
)
def test_the_key_is_the_argument_or_the_first_variable_that_is_set(
    mode: Mode,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    token: str | None,
    environment: dict[str, str],
    expected: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    mode.page(options={"token": token})
    assert server.requests[0].headers["Authorization"] == f"Bearer {expected}"


def test_without_a_key_no_client_is_made(mode: Mode) -> None:
    with pytest.raises(ConfigurationError, match=r"token=\.\.\. or set KEYAPI_TOKEN"):
        mode.open(token=None)


PLACEHOLDERS = [
    "",
    "  ",
    "your_token_here",
    "YOUR_API_KEY",
    "<your key>",
    "sk_live_xxxxxxxxxxxxx",
    "changeme",
    "placeholder",
    "sk_live_...",
    "sk_live_ab…yz",
    "sk_live_****************",
    "$KEYAPI_TOKEN",
    "${{ secrets.KEYAPI_TOKEN }}",
    "%KEYAPI_TOKEN%",
    "{{ token }}",
    "[key]",
]


@pytest.mark.parametrize("variable", [None, "KEYAPI_TOKEN", "KEYAPI_API_KEY", "KEYAPI_KEY"])
@pytest.mark.parametrize("key", PLACEHOLDERS)
def test_with_a_placeholder_for_a_key_no_client_is_made(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, key: str, variable: str | None
) -> None:
    if variable is not None:
        monkeypatch.setenv(variable, key)
    problem = "placeholder" if key or variable is None else "There is no API key"
    with pytest.raises(ConfigurationError, match=problem):
        mode.open(token=key if variable is None else None)


@pytest.mark.parametrize("key", ["sk_live_c4nary\nsk_2", "sk_live_c4nary\x00", "sk_live_c4naryä"])
def test_with_a_key_that_no_header_can_carry_no_client_is_made(mode: Mode, key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        mode.open(token=key)
    assert "c4nary" not in str(caught.value)


def test_the_repr_hides_the_key(mode: Mode) -> None:
    client = mode.open()
    assert repr(client) == f"<{mode.client.__name__} https://api.keyapi.ai>"
    assert KEY not in repr(client.influencer)


# --- The server -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "variable", "expected"),
    [
        (None, None, "https://api.keyapi.ai"),
        (None, "https://env.test", "https://env.test"),
        ("https://arg.test", "https://env.test", "https://arg.test"),
        ("https://arg.test/", None, "https://arg.test"),
        ("https://arg.test/proxy", None, "https://arg.test/proxy"),
        ("https://arg.test/proxy/", None, "https://arg.test/proxy"),
        (None, "", "https://api.keyapi.ai"),
    ],
)
def test_the_base_url_is_the_argument_or_the_variable_or_the_documented_one(
    mode: Mode,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    argument: str | None,
    variable: str | None,
    expected: str,
) -> None:
    if variable is not None:
        monkeypatch.setenv("KEYAPI_BASE_URL", variable)
    mode.page(options={"base_url": argument})
    assert str(server.requests[0].url.copy_with(query=None)) == f"{expected}{PATH}"


@pytest.mark.parametrize("base_url", ["http://[::1", "https://api.keyapi.ai\n.test", "http://a:b"])
def test_a_base_url_that_is_none_is_a_configuration_error(mode: Mode, base_url: str) -> None:
    with pytest.raises(ConfigurationError):
        mode.page(options={"base_url": base_url})


def test_without_a_transport_requests_go_to_the_network(mode: Mode) -> None:
    with respx.mock() as network:
        route = network.get(f"https://api.keyapi.ai{PATH}").respond(json=EXAMPLE)
        page = mode.page(options={"transport": None})
    assert route.call_count == 1
    assert [row.to_dict() for row in page] == EXAMPLE["data"]


# --- On the wire ------------------------------------------------------------------------------


def test_a_call_is_one_request_with_the_key_in_its_header(mode: Mode, server: Server) -> None:
    mode.page()
    (request,) = server.requests
    assert (request.method, request.url.path, request.content) == ("GET", PATH, b"")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in str(request.url)


def test_requests_name_this_client_as_their_user_agent(mode: Mode, server: Server) -> None:
    mode.page()
    assert server.requests[0].headers["User-Agent"].partition("/")[0] == "keyapi-tiktok"


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        pytest.param({}, "page_num=1&page_size=10", id="defaults"),
        pytest.param({"page_num": 7, "page_size": 3}, "page_num=7&page_size=3", id="paging"),
        pytest.param(
            {"category_id": None, "sort_type": None}, "page_num=1&page_size=10", id="None unsent"
        ),
        pytest.param(
            {"category_id": "601450"},
            "category_id=601450&page_num=1&page_size=10",
            id="category",
        ),
        pytest.param(
            {
                "influencer_product_sort_field": InfluencerProductSortField.TOTAL_SALE_GMV_AMT,
                "sort_type": SortType.ASC,
            },
            "influencer_product_sort_field=2&sort_type=0&page_num=1&page_size=10",
            id="enums by value",
        ),
        pytest.param({"category_id": "a&b=c"}, "category_id=a%26b%3Dc&page_num=1&page_size=10"),
    ],
)
def test_the_query_is_what_was_asked_and_nothing_more(
    mode: Mode, server: Server, arguments: dict[str, Any], query: str
) -> None:
    mode.page(**arguments)
    assert server.requests[0].url.query.decode() == f"user_id={USER_ID}&{query}"


@pytest.mark.parametrize("name", ["sort_field", "order", "category", "page"])
def test_a_misspelt_parameter_is_an_error(mode: Mode, server: Server, name: str) -> None:
    with pytest.raises(TypeError, match=name):
        mode.page(**{name: "1"})
    assert server.requests == []


@pytest.mark.parametrize(
    ("video_id", "path"),
    [
        ("7", b"/v1/video/7/detail"),
        (7, b"/v1/video/7/detail"),
        ("a/b", b"/v1/video/a%2Fb/detail"),
        ("a b?c#d", b"/v1/video/a%20b%3Fc%23d/detail"),
        ("50%2F", b"/v1/video/50%252F/detail"),
        ("é", b"/v1/video/%C3%A9/detail"),
        ("{video_id}", b"/v1/video/%7Bvideo_id%7D/detail"),
    ],
)
def test_a_path_parameter_is_quoted(mode: Mode, server: Server, video_id: Any, path: bytes) -> None:
    server.always = success({})
    mode.call(lambda client: client._one(DETAIL, {"video_id": video_id}))
    assert server.requests[0].url.raw_path == path


@pytest.mark.parametrize(
    ("argument", "advice"),
    [("user_id", "give a value"), ("category_id", "give a value, or leave it out")],
)
def test_an_empty_argument_is_refused_with_advice_that_can_be_followed(
    mode: Mode, server: Server, argument: str, advice: str
) -> None:
    arguments = {"user_id": USER_ID, argument: ""}
    with pytest.raises(BadRequest) as caught:
        mode.call(lambda client: client.influencer.products_analytics(**arguments))
    assert caught.value.message == f"{argument} is empty; {advice}"
    assert server.requests == []


@pytest.mark.parametrize("video_id", ["", ".", ".."])
def test_a_path_parameter_that_leads_elsewhere_is_refused(
    mode: Mode, server: Server, video_id: str
) -> None:
    with pytest.raises(BadRequest, match="video_id"):
        mode.call(lambda client: client._one(DETAIL, {"video_id": video_id}))
    assert server.requests == []


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({"video_ids": ["1", "2"]}, [("video_ids", "1,2")]),
        ({"video_ids": ("1", "2")}, [("video_ids", "1,2")]),
        ({"video_ids": [SortType.ASC, SortType.DESC]}, [("video_ids", "0,1")]),
        ({"video_ids": "1,2"}, [("video_ids", "1,2")]),
        ({"video_ids": None}, []),
        ({"other": ["1", "2"]}, [("other", "1"), ("other", "2")]),
        ({"flag": True}, [("flag", "true")]),
    ],
)
def test_a_list_is_joined_by_commas_where_the_operation_says_so(
    mode: Mode, server: Server, params: dict[str, Any], query: list[tuple[str, str]]
) -> None:
    server.always = success([])
    mode.call(lambda client: client._many(BATCH, params))
    assert server.requests[0].url.params.multi_items() == query


@pytest.mark.parametrize(
    ("params", "query", "body"),
    [
        ({"keyword": "brush", "page": 1}, "page=1", {"keyword": "brush"}),
        ({"sort": SortType.DESC, "keyword": None}, "", {"sort": 1}),
        ({"region": "US", "body_region": "GB"}, "region=US", {"region": "GB"}),
        ({"keyword": [Video(video_id="1")]}, "", {"keyword": [{"video_id": "1"}]}),
        ({"keyword": {"order": SortType.ASC}}, "", {"keyword": {"order": 0}}),
        ({}, "", {}),
    ],
)
def test_a_json_body_stands_beside_the_query(
    mode: Mode, server: Server, params: dict[str, Any], query: str, body: dict[str, Any]
) -> None:
    server.always = success([])
    mode.call(lambda client: client._many(SEARCH, params))
    (request,) = server.requests
    assert request.method == "POST"
    assert request.headers["Content-Type"] == "application/json"
    assert request.url.query.decode() == query
    assert json.loads(request.content) == body


@pytest.mark.parametrize(("options", "seconds"), [({}, 30.0), ({"timeout": 2.5}, 2.5)])
def test_every_phase_of_a_request_has_the_timeout(
    mode: Mode, server: Server, options: dict[str, Any], seconds: float
) -> None:
    mode.page(options=options)
    timeouts = server.requests[0].extensions["timeout"]
    assert timeouts == dict.fromkeys(("connect", "read", "write", "pool"), seconds)


# --- What comes of the answer -----------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.WriteTimeout("slow"),
        httpx.PoolTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.ReadError("dropped"),
        httpx.WriteError("dropped"),
        httpx.RemoteProtocolError("disconnected"),
        httpx.ProxyError("no way"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_no_answer_is_a_transport_error(mode: Mode, server: Server, failure: Exception) -> None:
    server.always = failure
    with pytest.raises(TransportError, match=str(failure)) as caught:
        mode.page()
    assert caught.value.__cause__ is failure


def test_a_failure_without_words_is_named_by_its_class(mode: Mode, server: Server) -> None:
    server.always = httpx.ReadTimeout("")
    with pytest.raises(TransportError, match="ReadTimeout"):
        mode.page()


def test_an_answer_that_cannot_be_unpacked_is_a_keyapi_error(mode: Mode) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        body = httpx.ByteStream(b"no gzip")  # a stream: unpacked when the client reads it
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=body)

    mode.server = answer
    with pytest.raises(KeyAPIError):
        mode.page()


@pytest.mark.parametrize("value", ["6" * 70_000, "\ud800"], ids=["too long", "half a character"])
def test_an_argument_that_no_url_can_hold_is_a_keyapi_error(mode: Mode, value: str) -> None:
    with pytest.raises(KeyAPIError, match="cannot be sent"):
        mode.page(category_id=value)


ROWS = {
    "page": lambda client: client.influencer.products_analytics(user_id=USER_ID),
    "many": lambda client: client._many(BATCH, {}),
}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "/data is NoneType"),
        ({}, "/data is dict"),
        ("[]", "/data is str"),
        (0, "/data is int"),
        ([None], "/data/0 is NoneType"),
        ([{}, "row"], "/data/1 is str"),
        ([{}, {}, []], "/data/2 is list"),
    ],
)
@pytest.mark.parametrize("kind", ROWS)
def test_rows_that_are_no_list_of_objects_are_refused(
    mode: Mode, server: Server, kind: str, data: Any, problem: str
) -> None:
    server.always = success(data)
    with pytest.raises(InvalidResponse, match=problem):
        mode.call(ROWS[kind])


def test_an_answer_without_data_is_refused(mode: Mode, server: Server) -> None:
    server.always = httpx.Response(200, json={"code": 0, "message": "success"})
    with pytest.raises(InvalidResponse, match="/data"):
        mode.page()


@pytest.mark.parametrize(
    ("data", "problem"), [(None, "NoneType"), ([], "list"), ([{}], "list"), ("{}", "str")]
)
def test_data_that_is_no_object_is_refused_where_one_belongs(
    mode: Mode, server: Server, data: Any, problem: str
) -> None:
    server.always = success(data)
    with pytest.raises(InvalidResponse, match=f"/data is {problem}, not an object") as caught:
        mode.call(lambda client: client._one(DETAIL, {"video_id": "1"}))
    assert (caught.value.operation, caught.value.request_id) == ("video_detail", REQUEST_ID)


def test_data_that_is_an_object_is_its_model(mode: Mode, server: Server) -> None:
    server.always = success({"video_id": "1"})
    found = mode.call(lambda client: client._one(DETAIL, {"video_id": "1"}))
    assert found == Video(video_id="1")


@pytest.mark.parametrize("rows", [[], [{"video_id": "1"}, {"video_id": "2"}]])
def test_a_list_that_is_not_paged_is_a_list_of_models(
    mode: Mode, server: Server, rows: list[dict[str, Any]]
) -> None:
    server.always = success(rows)
    found = mode.call(lambda client: client._many(BATCH, {}))
    assert found == [Video.from_dict(row) for row in rows]


@pytest.mark.parametrize("data", [None, [], {}, [1], {"a": None}, "text", 0, False])
def test_data_without_a_class_is_given_as_it_came(mode: Mode, server: Server, data: Any) -> None:
    server.always = success(data)
    found = mode.call(lambda client: client._data(BATCH, {}))
    assert found == data
    assert type(found) is type(data)


def test_rows_without_a_class_are_mappings(mode: Mode, server: Server) -> None:
    plain = Operation(name="plain", method="GET", path="/v1/plain", model=lambda: dict)
    paged = PagedOperation(
        name="paged",
        method="GET",
        path="/v1/paged",
        model=lambda: dict,
        paging=PageNumbers(parameter="page_num"),
    )
    server.always = success([{"a": 1}])
    assert mode.call(lambda client: client._many(plain, {})) == [{"a": 1}]
    assert list(mode.call(lambda client: client._page(paged, {"page_num": 1}))) == [{"a": 1}]


# --- Closing and sharing ----------------------------------------------------------------------


@pytest.mark.parametrize("uses", [0, 1])
def test_a_closed_client_says_so(mode: Mode, server: Server, uses: int) -> None:
    client = mode.open()
    for _ in range(uses):
        _products(client)
    mode.close(client)
    with pytest.raises(ConfigurationError, match=f"{mode.client.__name__} is closed") as raised:
        _products(client)
    assert len(server.requests) == uses
    assert raised.value.operation == "influencer_products_analytics"
    assert raised.value.attempts == 0


def test_a_context_manager_gives_the_client_and_closes_it(mode: Mode) -> None:
    kept: list[Any] = []

    def use(client: Any) -> Any:
        kept.append(client)
        return client.influencer.products_analytics(user_id=USER_ID)

    mode.call(use)
    assert type(kept[0]) is mode.client
    with pytest.raises(ConfigurationError, match="is closed"):
        _products(kept[0])


@pytest.mark.parametrize("times", [1, 2])
def test_closing_closes_the_transport(mode: Mode, server: Server, times: int) -> None:
    closed = []

    class Transport(httpx.MockTransport):
        def close(self) -> None:
            closed.append("sync")

        async def aclose(self) -> None:
            closed.append("async")

    kept: list[Any] = []

    def use(client: Any) -> Any:
        kept.append(client)
        return client.influencer.products_analytics(user_id=USER_ID)

    mode.call(use, transport=Transport(server))
    for _ in range(times - 1):
        mode.close(kept[0])
    assert closed == [mode.name]


def test_an_error_inside_the_with_block_closes_the_client_and_gets_out(
    mode: Mode, server: Server
) -> None:
    kept: list[Any] = []

    def use(client: Any) -> Any:
        kept.append(client)
        raise LookupError("the user's own")

    with pytest.raises(LookupError, match="the user's own"):
        mode.call(use)
    with pytest.raises(ConfigurationError, match="is closed"):
        _connection(kept[0])


def test_every_request_goes_through_one_connection_pool(mode: Mode) -> None:
    client = mode.open()
    assert _connection(client) is _connection(client)
    mode.close(client)


def test_threads_that_make_the_first_requests_share_one_pool(
    monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    made = []
    meeting = threading.Barrier(2)

    class Pool(HTTPClient):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            with contextlib.suppress(threading.BrokenBarrierError):
                meeting.wait(0.2)  # a second thread that gets here as well makes a second pool
            super().__init__(*arguments, **options)
            made.append(self)

    monkeypatch.setattr(http, "HTTPClient", Pool)
    with TikTok(KEY, transport=httpx.MockTransport(server)) as client:
        threads = [threading.Thread(target=client.get_httpx_client) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for pool in made:
        pool.close()
    assert len(made) == 1


def test_the_resource_is_made_once(mode: Mode) -> None:
    client = mode.open()
    assert client.influencer is client.influencer


# --- Both clients -----------------------------------------------------------------------------


def test_the_async_client_takes_the_same_arguments() -> None:
    names = [list(inspect.signature(client).parameters) for client in (TikTok, AsyncTikTok)]
    assert names[0] == names[1]


@pytest.mark.parametrize("method", ["products_analytics", "iter_products_analytics"])
def test_the_async_methods_take_the_same_arguments(method: str) -> None:
    sync, asynchronous = (
        inspect.signature(getattr(type(client.influencer), method)).parameters
        for client in (TikTok(KEY), AsyncTikTok(KEY))
    )
    assert sync == asynchronous


# --- Low-level functions ----------------------------------------------------------------------

LOW_LEVEL = {
    "sync": (low_level.sync, low_level.sync_detailed),
    "async": (low_level.asyncio, low_level.asyncio_detailed),
}
ARGUMENTS: dict[str, Any] = {"user_id": USER_ID, "page_num": 1, "page_size": 10}


def _parsed(mode: Mode, **arguments: Any) -> Any:
    function: Any = LOW_LEVEL[mode.name][0]
    return mode.call(lambda client: function(client=client, **ARGUMENTS, **arguments))


def _detailed(mode: Mode, **arguments: Any) -> Any:
    function: Any = LOW_LEVEL[mode.name][1]
    return mode.call(lambda client: function(client=client, **ARGUMENTS, **arguments))


def test_a_low_level_function_gives_the_whole_answer(mode: Mode) -> None:
    answer = _parsed(mode)
    assert isinstance(answer, InfluencerProductsAnalyticsResponse)
    assert answer.to_dict() == EXAMPLE


def test_a_detailed_low_level_function_gives_status_headers_and_content(mode: Mode) -> None:
    answer = _detailed(mode)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.content) == EXAMPLE
    assert answer.parsed.to_dict() == EXAMPLE


def test_a_low_level_function_sends_the_same_request_as_the_method(
    mode: Mode, server: Server
) -> None:
    arguments = {
        "category_id": "601450",
        "influencer_product_sort_field": InfluencerProductSortField.SPU_AVG_PRICE,
        "sort_type": SortType.ASC,
    }
    _parsed(mode, **arguments)
    mode.page(**arguments)
    low, high = server.requests
    assert (low.method, low.url, low.headers) == (high.method, high.url, high.headers)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 429, 500])
def test_a_documented_error_does_not_raise_in_a_low_level_function(
    mode: Mode, server: Server, status: int
) -> None:
    server.always = refusal(status)
    answer = _parsed(mode)
    assert isinstance(answer, ErrorEnvelope)
    assert (answer.code, answer.request_id) == (status, REQUEST_ID)


@pytest.mark.parametrize("status", [404, 520])
def test_a_low_level_function_survives_an_undocumented_status(
    mode: Mode, server: Server, status: int
) -> None:
    server.always = httpx.Response(status, text="<html>")
    assert _parsed(mode) is None
    answer = _detailed(mode)
    assert (answer.status_code, answer.content, answer.parsed) == (status, b"<html>", None)


def test_a_client_can_make_an_undocumented_status_raise(mode: Mode, server: Server) -> None:
    server.always = httpx.Response(520, text="<html>")
    function: Any = LOW_LEVEL[mode.name][0]

    def use(client: Any) -> Any:
        client.raise_on_unexpected_status = True
        return function(client=client, **ARGUMENTS)

    with pytest.raises(UnexpectedStatus, match="520"):
        mode.call(use)


def test_methods_and_low_level_functions_share_the_connection(mode: Mode, server: Server) -> None:
    made: list[Any] = []
    function: Any = LOW_LEVEL[mode.name][0]

    def use(client: Any) -> Any:
        made.append(_connection(client))
        result = function(client=client, **ARGUMENTS)
        made.append(_connection(client))
        return result

    mode.call(use)
    assert made[0] is made[1]
    assert len(server.requests) == 1


def _products(client: Any) -> Any:
    """Call a client that is not in a `with` block."""

    async def finish() -> Any:
        return await client.influencer.products_analytics(user_id=USER_ID)

    if isinstance(client, AsyncTikTok):
        return asyncio.run(finish())
    return client.influencer.products_analytics(user_id=USER_ID)


def _connection(client: Any) -> Any:
    if isinstance(client, AsyncTikTok):
        return client.get_async_httpx_client()
    return client.get_httpx_client()


# --- For programs' own classes and tests ------------------------------------------------------


def test_a_derived_class_with_its_own_constructor_keeps_what_it_set(mode: Mode) -> None:
    kind: Any = mode.client

    class Derived(kind):  # type: ignore[misc]  # either client
        def __init__(self, shop: str) -> None:
            super().__init__(KEY, max_retries=1)
            self.shop = shop

    client = Derived("corner")
    _ = client.influencer
    changed = client.with_options(max_retries=2)
    assert (type(changed), changed.shop) == (Derived, "corner")
    assert changed._settings.max_retries == 2
    assert changed.influencer._client is changed
    assert client.influencer._client is client
    assert changed._session is client._session


def test_an_autospec_has_the_operations_of_the_client(mode: Mode) -> None:
    mock = create_autospec(mode.client, instance=True)
    first_page(mode, mock)
    mock.influencer.products_analytics.assert_called_once_with(user_id=USER_ID)
    with pytest.raises(TypeError, match="user_id"):
        mock.influencer.products_analytics(user=USER_ID)
    with pytest.raises(AttributeError):
        _ = mock.influencer.product_analytics
