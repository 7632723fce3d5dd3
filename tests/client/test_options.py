"""What a client is set up with: what is refused, what takes effect, and `with_options`."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
import re
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import httpx
import pytest

from client.conftest import EXAMPLE, KEY, PATH, USER_ID, Mode, Server, fresh, refusal, success
from client.test_sharing import Loopback
from keyapi import BadRequest, ConfigurationError, KeyAPIError
from keyapi._connection import _user_agent
from keyapi._options import OPTIONS
from keyapi._unchanged import UNCHANGED
from keyapi_example import AsyncTikTok, TikTok
from keyapi_example.api.influencer import influencer_products_analytics as low_level

PHASES = ("connect", "read", "write", "pool")
Use = Callable[[Any], Any]


def _products(client: Any) -> Any:
    return client.influencer.products_analytics(user_id=USER_ID)


def _low_level(client: Any) -> Any:
    function: Any = low_level.sync_detailed
    if isinstance(client, AsyncTikTok):
        function = low_level.asyncio_detailed
    return function(client=client, user_id=USER_ID, page_num=1, page_size=10)


def _connection(client: Any) -> Any:
    """The httpx client of either kind of client."""
    if isinstance(client, AsyncTikTok):
        return client.get_async_httpx_client()
    return client.get_httpx_client()


def _all(mode: Mode, *calls: Callable[[], Any]) -> Any:
    """Make calls one after another, whatever kind of client they are of."""
    if mode.name == "sync":
        return [call() for call in calls]

    async def main() -> list[Any]:
        return [await call() for call in calls]

    return asyncio.run(main())


def in_turn(*answers: httpx.Response | Exception) -> Callable[[httpx.Request], httpx.Response]:
    """A server that gives one answer after the other."""
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        return fresh(given)

    return answer


# --- Time-outs and retries --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timeout", "expected"),
    [
        (3, [3, 3, 3, 3]),
        (0.5, [0.5, 0.5, 0.5, 0.5]),
        (None, [None, None, None, None]),
        (httpx.Timeout(2), [2, 2, 2, 2]),
        (httpx.Timeout(None), [None, None, None, None]),
        (httpx.Timeout(5, connect=1, pool=None), [1, 5, 5, None]),
    ],
    ids=str,
)
def test_the_timeout_holds_for_each_phase(
    mode: Mode, server: Server, timeout: Any, expected: list[float | None]
) -> None:
    mode.page(options={"timeout": timeout})
    assert server.requests[0].extensions["timeout"] == dict(zip(PHASES, expected, strict=True))


@pytest.mark.parametrize("option", ["timeout", "deadline"])
@pytest.mark.parametrize("value", [0, 0.0, -1, -0.5, float("nan"), float("-inf"), True, "3", [3]])
def test_what_is_no_number_of_seconds_above_0_is_refused(
    mode: Mode, option: str, value: Any
) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{option} must be seconds above 0"):
        mode.open(**{option: value})


@pytest.mark.parametrize(
    "timeout",
    [
        float("inf"),
        httpx.Timeout(0),
        httpx.Timeout(-1),
        httpx.Timeout(float("nan")),
        httpx.Timeout(5, read=-1),
        1e12,
    ],
    ids=str,
)
def test_a_timeout_that_no_socket_takes_is_refused(mode: Mode, timeout: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"timeout must be seconds above 0"):
        mode.open(timeout=timeout)


@pytest.mark.parametrize("deadline", [None, 1, 0.001, 3600])
def test_a_deadline_is_seconds_or_none(mode: Mode, deadline: float | None) -> None:
    assert len(mode.page(options={"deadline": deadline})) == 1


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_a_call_is_sent_again_as_often_as_it_may(mode: Mode, server: Server, retries: int) -> None:
    server.always = refusal(429)
    with pytest.raises(KeyAPIError):
        mode.page(options={"max_retries": retries})
    assert len(server.requests) == 1 + retries


@pytest.mark.parametrize("retries", [-1, 1.5, 1.0, True, False, "3", None, float("nan")])
def test_what_is_no_number_of_retries_is_refused(mode: Mode, retries: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^max_retries must be a whole number"):
        mode.open(max_retries=retries)


# --- The base URL -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://arg.test", "https://arg.test"),
        ("https://arg.test/", "https://arg.test"),
        ("https://arg.test//", "https://arg.test"),
        ("https://arg.test/a/b", "https://arg.test/a/b"),
        ("https://arg.test/a/b/", "https://arg.test/a/b"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("HTTPS://ARG.test:443", "https://arg.test"),
        ("https://bücher.test", "https://xn--bcher-kva.test"),
        (httpx.URL("https://arg.test/a/"), "https://arg.test/a"),
    ],
    ids=str,
)
@pytest.mark.parametrize("use", [_products, _low_level])
def test_operations_are_found_below_the_base_url(
    mode: Mode, server: Server, base_url: Any, expected: str, use: Use
) -> None:
    mode.call(use, base_url=base_url)
    assert str(server.requests[0].url.copy_with(query=None)) == f"{expected}{PATH}"


NO_BASE_URLS: list[tuple[Any, str]] = [
    ("https://user:s3same@arg.test", "user name or password"),
    ("https://s3same@arg.test", "user name or password"),
    ("https://:s3same@arg.test/a", "user name or password"),
    ("https://arg.test?key=s3same", "query or fragment"),
    ("https://arg.test/a?s3same", "query or fragment"),
    ("https://arg.test/#s3same", "query or fragment"),
    ("http://a..b", "not a valid http or https URL"),
    ("http://.arg.test", "not a valid http or https URL"),
    (f"http://{'a' * 64}.test", "not a valid http or https URL"),
    ("http://256.256.256.256", "not a valid http or https URL"),
    ("http://[::1", "not a valid http or https URL"),
    ("http://arg.test:port", "not a valid http or https URL"),
    ("arg.test", "not a valid http or https URL"),
    ("//arg.test", "not a valid http or https URL"),
    ("ftp://arg.test", "not a valid http or https URL"),
    ("https://", "not a valid http or https URL"),
    ("https:///a", "not a valid http or https URL"),
    ("https://arg.test\n", "not a valid http or https URL"),
]


@pytest.mark.parametrize(("base_url", "problem"), NO_BASE_URLS, ids=[c[0] for c in NO_BASE_URLS])
@pytest.mark.parametrize("where", ["argument", "environment"])
def test_a_base_url_that_is_more_or_less_than_an_address_is_refused(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, base_url: str, problem: str, where: str
) -> None:
    if where == "environment":
        monkeypatch.setenv("KEYAPI_BASE_URL", base_url)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        mode.open(base_url=base_url if where == "argument" else None)
    assert "s3same" not in str(caught.value)


@pytest.mark.parametrize("base_url", [b"https://arg.test", 5, ["https://arg.test"]])
def test_a_base_url_that_is_no_text_is_refused(mode: Mode, base_url: Any) -> None:
    with pytest.raises(ConfigurationError, match="not a valid http or https URL"):
        mode.open(base_url=base_url)


@pytest.mark.parametrize(
    "base_url", ["https://arg.test/a?", "https://arg.test/a#", "https://arg.test:99999"]
)
def test_a_base_url_that_leads_elsewhere_is_refused(mode: Mode, base_url: str) -> None:
    with pytest.raises(ConfigurationError):
        mode.open(base_url=base_url)


# --- Arguments for httpx ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["auth", "base_url", "cookies", "params", "timeout", "transport"])
@pytest.mark.parametrize("value", [None, {}])
def test_what_the_client_sets_itself_is_refused_in_httpx_args(
    mode: Mode, name: str, value: Any
) -> None:
    with pytest.raises(ConfigurationError, match=f"contains '{name}', which the client sets"):
        mode.open(httpx_args={"verify": False, name: value})


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer sk_other"},
        {"authorization": "Bearer sk_other"},
        {b"AUTHORIZATION": b"Bearer sk_other"},
        [("X-A", "1"), ("Authorization", "Bearer sk_other")],
        httpx.Headers({"Authorization": "Bearer sk_other"}),
    ],
)
def test_a_second_authorization_is_refused(mode: Mode, headers: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"pass the key as token=\.\.\.") as caught:
        mode.open(httpx_args={"headers": headers})
    assert "sk_other" not in str(caught.value)


@pytest.mark.parametrize("headers", [{"X-A": None}, {"X-A": "é"}, 5, ["X-A"]])
def test_headers_that_httpx_does_not_take_are_refused_with_its_reason(
    mode: Mode, headers: Any
) -> None:
    with pytest.raises(ConfigurationError, match="httpx does not accept these headers") as caught:
        mode.open(httpx_args={"headers": headers})
    assert isinstance(caught.value.__cause__, (TypeError, ValueError, AttributeError))


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "1", "Accept-Language": "de"},
        [("X-A", "1"), ("Accept-Language", "de")],
        httpx.Headers({"X-A": "1", "Accept-Language": "de"}),
    ],
)
def test_other_headers_are_sent(mode: Mode, server: Server, headers: Any) -> None:
    mode.page(options={"httpx_args": {"headers": headers}})
    sent = server.requests[0].headers
    assert (sent["X-A"], sent["Accept-Language"]) == ("1", "de")
    assert sent["Authorization"] == f"Bearer {KEY}"
    assert "httpx" in sent["User-Agent"]


@pytest.mark.parametrize("name", ["User-Agent", "user-agent"])
def test_the_user_agent_of_the_application_stands_first(
    mode: Mode, server: Server, name: str
) -> None:
    mode.page(options={"httpx_args": {"headers": {name: "shop-radar/2.1"}}})
    agents = server.requests[0].headers.get_list("User-Agent")
    assert len(agents) == 1
    assert re.fullmatch(r"shop-radar/2\.1 keyapi-tiktok/\d\S* python-httpx/\d\S*", agents[0])


REFUSED_BY_HTTPX: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "an unknown argument": ({"retries": 3}, TypeError, "retries"),
    "a proxy without scheme": ({"proxy": "nonsense"}, ValueError, "nonsense"),
    "a proxy of another kind": ({"proxy": "ftp://proxy.test"}, ValueError, "ftp"),
    "mounts that match nothing": ({"mounts": {"all": None}}, ValueError, "all://"),
    "http2 without h2": ({"http2": True}, ImportError, "h2"),
}


@pytest.mark.parametrize(
    ("arguments", "cause", "words"), REFUSED_BY_HTTPX.values(), ids=REFUSED_BY_HTTPX
)
def test_what_httpx_refuses_is_a_configuration_error_with_its_reason(
    mode: Mode,
    monkeypatch: pytest.MonkeyPatch,
    arguments: dict[str, Any],
    cause: type[Exception],
    words: str,
) -> None:
    monkeypatch.setitem(sys.modules, "h2", None)
    with pytest.raises(ConfigurationError, match=f"httpx does not accept.*{words}") as caught:
        mode.page(options={"httpx_args": arguments, "transport": None})
    assert isinstance(caught.value.__cause__, cause)


@pytest.mark.parametrize(
    "arguments", [{"limits": 5}, {"mounts": []}, {"proxy": 5}, {"event_hooks": 5}], ids=str
)
def test_httpx_args_of_another_type_are_a_configuration_error(
    mode: Mode, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match="httpx does not accept"):
        mode.page(options={"httpx_args": arguments, "transport": None})


def test_mounts_take_requests_and_are_asked_again(mode: Mode, server: Server) -> None:
    broken_once = in_turn(httpx.Response(503), success(EXAMPLE["data"]))
    mounts = {"all://": httpx.MockTransport(broken_once)}
    page = mode.page(options={"httpx_args": {"mounts": mounts}})
    assert (page.attempts, page.items[0].to_dict()) == (2, EXAMPLE["data"][0])
    assert server.requests == []


def test_mounts_leave_other_requests_alone(mode: Mode, server: Server) -> None:
    mounts = {"all://elsewhere.test": httpx.MockTransport(in_turn())}
    mode.page(options={"httpx_args": {"mounts": mounts}})
    assert len(server.requests) == 1


def test_a_proxy_takes_requests_and_is_asked_again(mode: Mode) -> None:
    with Loopback() as proxy:
        proxy.failures = 1
        page = mode.page(
            options={
                "base_url": "http://api.invalid",
                "transport": None,
                "httpx_args": {"proxy": proxy.url},
            }
        )
    assert page.attempts == 2
    target = f"http://api.invalid{PATH}?user_id={USER_ID}&page_num=1&page_size=10"
    assert proxy.targets == [target, target]


def test_redirects_are_followed_where_httpx_is_told_to(mode: Mode, server: Server) -> None:
    moved = httpx.Response(307, headers={"Location": "/elsewhere"})
    mode.server = in_turn(moved, success(EXAMPLE["data"]))
    assert len(mode.page(options={"httpx_args": {"follow_redirects": True}})) == 1


# --- Changed options --------------------------------------------------------------------------


def _elsewhere(server: Server) -> dict[str, dict[str, Any]]:
    """Changes that need connections of their own."""
    return {
        "token": {"token": "sk_other"},
        "base_url": {"base_url": "https://other.test"},
        "transport": {"transport": httpx.MockTransport(server)},
        "httpx_args": {"httpx_args": {"headers": {"X-A": "1"}}},
    }


SAME_PLACE: list[dict[str, Any]] = [
    {},
    {"timeout": 1.5},
    {"deadline": 5},
    {"max_retries": 0},
    {"timeout": 1.5, "deadline": 5, "max_retries": 0},
    {"token": KEY},
    {"token": f" {KEY}\n"},
    {"base_url": "https://api.keyapi.ai"},
    {"base_url": "https://api.keyapi.ai/"},
    {"httpx_args": None},
]


@pytest.mark.parametrize("order", ["first", "second"])
@pytest.mark.parametrize("changes", SAME_PLACE, ids=str)
def test_a_changed_client_shares_the_httpx_client(
    mode: Mode, changes: dict[str, Any], order: str
) -> None:
    client = mode.open()
    if order == "second":
        _connection(client)
    changed = client.with_options(**changes)
    assert type(changed) is mode.client
    assert changed is not client
    assert _connection(changed) is _connection(client)
    mode.close(changed)


def test_a_changed_client_shares_the_connection(mode: Mode) -> None:
    with Loopback() as loopback:
        client = mode.open(base_url=loopback.url, transport=None)
        changed = client.with_options(max_retries=0).with_options(timeout=5)
        calls = [lambda: _products(client), lambda: _products(changed)]
        pages = _all(mode, *calls, *calls, client.close)
        assert [len(page) for page in pages[:-1]] == [1, 1, 1, 1]
        assert loopback.connections == 1


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_closing_one_of_the_clients_that_share_closes_all(
    mode: Mode, server: Server, closed: int
) -> None:
    client = mode.open()
    family = [client, client.with_options(timeout=5), client.with_options(max_retries=0)]
    _connection(family[0])
    mode.close(family[closed])
    for member in (*family, client.with_options(deadline=5)):
        with pytest.raises(ConfigurationError, match=f"{mode.client.__name__} is closed"):
            _all(mode, lambda member=member: _products(member))
    assert server.requests == []


@pytest.mark.parametrize("changed", ["token", "base_url", "transport", "httpx_args"])
@pytest.mark.parametrize("closed_first", [0, 1])
def test_a_client_that_sends_elsewhere_is_closed_by_itself(
    mode: Mode, server: Server, changed: str, closed_first: int
) -> None:
    client = mode.open()
    other = client.with_options(**_elsewhere(server)[changed])
    both = [client, other]
    assert _connection(client) is not _connection(other)
    mode.close(both.pop(closed_first))
    assert len(_all(mode, lambda: _products(both[0]))[0]) == 1
    mode.close(both[0])


def test_a_changed_client_has_the_changed_option_and_the_others_stay(
    mode: Mode, server: Server
) -> None:
    options = {
        "base_url": "https://arg.test",
        "timeout": 2.5,
        "max_retries": 1,
        "httpx_args": {"headers": {"X-A": "1"}},
    }
    server.always = refusal(429)
    for changes in ({}, {"timeout": 9}, {"max_retries": 0}, {"token": "sk_other"}):
        expected = {"token": KEY, **options, **changes}
        server.requests.clear()
        with pytest.raises(KeyAPIError):
            mode.call(
                lambda client, changes=changes: _products(client.with_options(**changes)), **options
            )
        request = server.requests[0]
        assert request.headers["Authorization"] == f"Bearer {expected['token']}"
        assert request.headers["X-A"] == "1"
        assert str(request.url).startswith("https://arg.test/v1")
        assert request.extensions["timeout"] == dict.fromkeys(PHASES, expected["timeout"])
        assert len(server.requests) == 1 + expected["max_retries"]


def test_a_changed_deadline_holds(mode: Mode, server: Server) -> None:
    server.always = refusal(503)
    with pytest.raises(KeyAPIError):
        mode.call(lambda client: _products(client.with_options(deadline=1)))
    assert mode.clock.waits == [0.5]


def test_the_client_that_was_changed_stays_as_it_was(mode: Mode, server: Server) -> None:
    def use(client: Any) -> Any:
        client.with_options(max_retries=0, timeout=9)
        return _products(client)

    server.always = refusal(429)
    with pytest.raises(KeyAPIError):
        mode.call(use, max_retries=2, timeout=2.5)
    assert len(server.requests) == 3
    assert server.requests[0].extensions["timeout"]["read"] == 2.5


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"timeout": 0}, "timeout must be seconds above 0"),
        ({"max_retries": -1}, "max_retries must be a whole number of at least 0, got -1"),
        ({"token": "your_token_here"}, "placeholder"),
        ({"base_url": "ftp://arg.test"}, "not a valid http or https URL"),
        ({"httpx_args": {"auth": None}}, "contains 'auth'"),
    ],
)
def test_a_changed_option_is_checked(mode: Mode, changes: dict[str, Any], problem: str) -> None:
    client = mode.open()
    with pytest.raises(ConfigurationError, match=problem):
        client.with_options(**changes)


@pytest.mark.parametrize("name", ["max_retry", "retries", "rates", "transports"])
def test_an_unknown_option_is_a_type_error(mode: Mode, name: str) -> None:
    client = mode.open()
    with pytest.raises(TypeError, match=name):
        client.with_options(**{name: 1})


def test_a_changed_client_keeps_key_and_server_when_the_environment_changes(
    mode: Mode, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def use(client: Any) -> Any:
        monkeypatch.setenv("KEYAPI_TOKEN", "sk_2")
        monkeypatch.setenv("KEYAPI_BASE_URL", "https://env-2.test")
        return _products(client.with_options(max_retries=0))

    monkeypatch.setenv("KEYAPI_TOKEN", "sk_1")
    monkeypatch.setenv("KEYAPI_BASE_URL", "https://env-1.test")
    mode.call(use, token=None)
    (request,) = server.requests
    assert request.headers["Authorization"] == "Bearer sk_1"
    assert request.url.host == "env-1.test"


def test_a_key_taken_back_is_looked_up_anew(
    mode: Mode, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYAPI_TOKEN", "sk_env")
    mode.call(lambda client: _products(client.with_options(token=None)))
    assert server.requests[0].headers["Authorization"] == "Bearer sk_env"


def test_a_changed_client_keeps_what_was_set_for_low_level_functions(mode: Mode) -> None:
    client = mode.open()
    client.raise_on_unexpected_status = True
    assert client.with_options(max_retries=0).raise_on_unexpected_status is True


@pytest.mark.parametrize("retries", [0, 2])
def test_a_low_level_function_obeys_changed_options(
    mode: Mode, server: Server, retries: int
) -> None:
    server.always = refusal(429)
    answer = mode.call(
        lambda client: _low_level(client.with_options(max_retries=retries, timeout=9))
    )
    assert answer.status_code == 429
    assert len(server.requests) == 1 + retries
    assert server.requests[0].extensions["timeout"] == dict.fromkeys(PHASES, 9)


def test_a_low_level_function_obeys_a_changed_deadline(mode: Mode, server: Server) -> None:
    server.always = refusal(503)
    mode.call(lambda client: _low_level(client.with_options(deadline=1)))
    assert mode.clock.waits == [0.5]


def test_a_low_level_function_of_a_closed_client_says_so(mode: Mode) -> None:
    client = mode.open()
    mode.close(client.with_options(max_retries=0))
    with pytest.raises(ConfigurationError, match="is closed"):
        _all(mode, lambda: _low_level(client))


# --- Neither pickled nor copied ---------------------------------------------------------------


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_client_can_be_neither_pickled_nor_copied(
    mode: Mode, duplicate: Callable[[Any], Any], used: bool
) -> None:
    client = mode.open()
    if used:
        _connection(client)
    with pytest.raises(TypeError, match=f"{mode.client.__name__} can be neither") as caught:
        duplicate(client)
    assert KEY not in repr(caught.value)
    mode.close(client)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickle.dumps])
def test_a_resource_can_be_neither_pickled_nor_copied_with_its_client(
    mode: Mode, duplicate: Callable[[Any], Any]
) -> None:
    client = mode.open()
    with pytest.raises(TypeError, match="neither pickled nor copied"):
        duplicate(client.influencer)


@pytest.mark.parametrize("argument", ["page_num", "page_size"])
@pytest.mark.parametrize("given", ["2", 1.5, [1]])
def test_a_page_that_is_no_whole_number_is_refused(
    mode: Mode, server: Server, argument: str, given: Any
) -> None:
    with pytest.raises(BadRequest, match="must be a whole number"):
        mode.page(**{argument: given})
    assert server.requests == []


def test_run_from_a_checkout_the_client_names_itself_without_a_version(
    mode: Mode, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", version)
    monkeypatch.setattr("keyapi._connection._user_agent", _user_agent.__wrapped__)  # not cached
    mode.page()
    assert server.requests[0].headers["User-Agent"].startswith("keyapi-tiktok python-httpx/")


def test_an_error_of_a_hook_gets_out_as_it_is(mode: Mode) -> None:
    def hook(response: httpx.Response) -> None:
        raise RuntimeError("the user's own")

    async def async_hook(response: httpx.Response) -> None:
        hook(response)

    hooks = {"response": [hook if mode.name == "sync" else async_hook]}
    with pytest.raises(RuntimeError, match="the user's own"):
        mode.page(options={"httpx_args": {"event_hooks": hooks}})


@pytest.mark.parametrize(
    "option", [{"rate": "5/s"}, {"cache": "answers"}, {"contract": "warn"}], ids=str
)
def test_an_option_without_its_extra_says_what_to_install(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, option: dict[str, Any]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=rf"keyapi-tiktok\[{next(iter(option))}\]"):
        mode.open(**option)


# --- Declared once ----------------------------------------------------------------------------


@pytest.mark.parametrize("client", [TikTok, AsyncTikTok])
def test_the_constructor_takes_the_declared_options(client: type[Any]) -> None:
    parameters = inspect.signature(client).parameters
    assert list(parameters) == list(OPTIONS)
    for name, option in OPTIONS.items():
        assert parameters[name].default == option.default
        positional = parameters[name].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        assert positional is (name == "token")


@pytest.mark.parametrize("client", [TikTok, AsyncTikTok])
def test_with_options_takes_the_same_and_changes_none_of_them_by_default(client: type[Any]) -> None:
    _, *parameters = inspect.signature(client.with_options).parameters.values()
    assert [parameter.name for parameter in parameters] == list(OPTIONS)
    assert all(parameter.default is UNCHANGED for parameter in parameters)
    assert repr(UNCHANGED) == "UNCHANGED"


@pytest.mark.parametrize("client", [TikTok, AsyncTikTok])
@pytest.mark.parametrize("name", OPTIONS)
def test_the_docstring_describes_each_option(client: type[Any], name: str) -> None:
    option = OPTIONS[name]
    words = " ".join((client.__doc__ or "").split())
    doc = option.doc.replace("default_base_url", client.default_base_url)
    assert f" {name}: {doc}" in words
    assert (f"Needs the extra `{name}`." in words) is (option.requires is not None)


def test_the_documentation_lists_each_option() -> None:
    text = (Path(__file__).parents[2] / "docs" / "options.md").read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(OPTIONS)


def test_an_option_that_is_set_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    values: dict[str, Any] = {"rate": "5/s", "cache": "kept", "contract": "warn"}
    assert values.keys() == {name for name, option in OPTIONS.items() if option.requires}
    for name, value in values.items():
        TikTok(KEY, **{name: OPTIONS[name].default})
        with pytest.raises(ConfigurationError, match=rf"{name}=.*keyapi-tiktok\[{name}\]"):
            TikTok(KEY, **{name: value})


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"cache": {"ttl": 60}}, 'cache must be a folder, or {"path": folder, "ttl": seconds}'),
        ({"cache": {"path": "kept", "ttl": 0}}, "cache's ttl must be seconds above 0"),
        ({"contract": "ignore"}, "contract must be .* or a function, got 'ignore'"),
        ({"max_credits": 1.5}, "max_credits must be a whole number of at least 0, got 1.5"),
        ({"quota_cooldown": -1}, "quota_cooldown must be seconds, at least 0, got -1"),
        ({"rate": 5}, "rate must be text like '5/s', or a pyrate_limiter.Limiter, got 5"),
        ({"timeout": httpx.Timeout(3, read=0)}, "the read timeout must be seconds above 0"),
    ],
    ids=str,
)
def test_a_refused_option_is_named_with_what_it_must_be(
    mode: Mode, value: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{problem}"):
        mode.open(**value)
