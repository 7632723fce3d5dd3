"""Errors carry what is needed to act on them, and never the key."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import httpx
import pytest

import keyapi
from client.conftest import (
    EXAMPLE,
    KEY,
    PATH,
    REQUEST_ID,
    USER_ID,
    Mode,
    Server,
    pickled,
    refusal,
    success,
)
from keyapi import (
    AuthenticationError,
    BadRequest,
    ConfigurationError,
    InsufficientCredits,
    InvalidResponse,
    KeyAPIError,
    NotFound,
    PaginationError,
    PermissionDenied,
    RateLimited,
    ServerError,
    TransportError,
)

CLASSES = [
    value
    for value in map(vars(keyapi).get, keyapi.__all__)
    if isinstance(value, type) and issubclass(value, KeyAPIError)
]
FACTS: dict[str, Any] = {
    "operation": "influencer_products_analytics",
    "method": "GET",
    "url": f"https://api.keyapi.ai{PATH}?user_id=1",
    "status": 200,
    "code": 500,
    "request_id": REQUEST_ID,
    "attempts": 2,
}
WALK = {"next_page": 5, "page_size": 10, "rows_yielded": 40}

# One way into each error that a call can end with.
FAILURES: dict[str, tuple[httpx.Response | Exception, type[KeyAPIError]]] = {
    "400": (refusal(400), BadRequest),
    "401": (refusal(401), AuthenticationError),
    "402": (refusal(402), InsufficientCredits),
    "403": (refusal(403), PermissionDenied),
    "404": (refusal(404), NotFound),
    "429": (refusal(429), RateLimited),
    "500": (refusal(500), ServerError),
    "code 7 under 200": (refusal(200, 7), KeyAPIError),
    "HTML": (httpx.Response(200, text="<html>"), InvalidResponse),
    "null rows": (success(None), InvalidResponse),
    "a null row": (success([None]), InvalidResponse),
    "time-out": (httpx.ReadTimeout("too slow"), TransportError),
}


@pytest.fixture(params=FAILURES)
def failure(request: pytest.FixtureRequest, server: Server) -> type[KeyAPIError]:
    """Makes the server fail in one of the ways; gives the error's class."""
    server.always, expected = FAILURES[request.param]
    return expected


@pytest.mark.parametrize("duplicate", [pickled, copy.copy])
@pytest.mark.parametrize("kind", CLASSES)
def test_a_pickled_or_copied_error_keeps_all_it_carries(
    kind: type[KeyAPIError], duplicate: Any
) -> None:
    error = kind("it failed", **FACTS)
    vars(error).update(WALK)
    same = duplicate(error)
    assert type(same) is kind
    assert vars(same).items() >= {"message": "it failed", **FACTS, **WALK}.items()
    assert vars(same) == vars(error)
    assert (same.args, str(same)) == (error.args, str(error))


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_can_be_caught_as_keyapierror(kind: type[KeyAPIError]) -> None:
    with pytest.raises(KeyAPIError):
        raise kind("it failed")


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (BadRequest, "Check the parameters"),
        (AuthenticationError, "KEYAPI_TOKEN"),
        (InsufficientCredits, "Top up"),
        (PermissionDenied, "plan"),
        (NotFound, "not collected"),
        (RateLimited, "Wait"),
        (ServerError, "Try again later"),
        (InvalidResponse, "The response was discarded"),
        (TransportError, "Check the network"),
        (PaginationError, "rows yielded so far are valid"),
    ],
)
def test_the_text_ends_with_what_to_do(kind: type[KeyAPIError], advice: str) -> None:
    assert advice in str(kind("it failed")).removeprefix("it failed. ")


@pytest.mark.parametrize(
    "shown",
    ["it failed", "HTTP 200", "code 500", f"GET {FACTS['url']}", f"request id {REQUEST_ID}"],
)
def test_the_text_says_what_failed_and_where(shown: str) -> None:
    assert shown in str(KeyAPIError("it failed", **FACTS))


def test_the_text_of_an_error_without_facts_is_its_message() -> None:
    assert str(ConfigurationError("There is no API key")) == "There is no API key"


def test_the_text_says_where_a_walk_can_resume() -> None:
    error = ServerError("it failed")
    error.next_page = 5
    assert "resume at page 5" in str(error)


def test_a_call_that_fails_raises_its_class(
    mode: Mode, server: Server, failure: type[KeyAPIError]
) -> None:
    with pytest.raises(KeyAPIError) as caught:
        mode.page()
    assert type(caught.value) is failure


def test_the_error_of_a_call_names_operation_method_url_and_status(
    mode: Mode, server: Server, failure: type[KeyAPIError]
) -> None:
    with pytest.raises(failure) as caught:
        mode.page()
    error = caught.value
    request = server.requests[-1]
    assert error.attempts == len(server.requests)
    assert (error.operation, error.method) == ("influencer_products_analytics", "GET")
    assert error.url == str(request.url)
    assert error.status == getattr(server.always, "status_code", None)


def test_the_error_of_a_call_pickles(
    mode: Mode, server: Server, failure: type[KeyAPIError]
) -> None:
    with pytest.raises(failure) as caught:
        mode.page()
    assert vars(pickled(caught.value)) == vars(caught.value)


def test_the_error_of_a_call_hides_the_key(
    mode: Mode, server: Server, failure: type[KeyAPIError]
) -> None:
    with pytest.raises(failure) as caught:
        mode.page()
    _assert_hidden(KEY, caught.value)


def test_a_key_that_the_server_repeats_is_hidden(mode: Mode, server: Server) -> None:
    server.always = refusal(401, message=f"apiKey {KEY} is invalid")
    with pytest.raises(AuthenticationError) as caught:
        mode.page()
    _assert_hidden(KEY, caught.value)


def test_a_password_in_the_base_url_is_hidden(mode: Mode, server: Server) -> None:
    server.always = refusal(500)
    with pytest.raises(KeyAPIError) as caught:
        mode.page(options={"base_url": "https://user:s3same@proxy.test"})
    _assert_hidden("s3same", caught.value)


@pytest.mark.parametrize("answer", [success(None), success([None]), refusal(200, 400)])
def test_an_error_found_in_an_answer_carries_its_request_id(
    mode: Mode, server: Server, answer: httpx.Response
) -> None:
    server.always = answer
    with pytest.raises(KeyAPIError) as caught:
        mode.page()
    assert caught.value.request_id == REQUEST_ID


def test_the_error_of_a_repeated_page_says_which_call_it_was(mode: Mode, server: Server) -> None:
    server.always = success(EXAMPLE["data"])
    error = mode.products(page_size=1).error
    assert isinstance(error, PaginationError)
    assert (error.operation, error.method) == ("influencer_products_analytics", "GET")
    assert error.url == str(server.requests[-1].url)
    assert (error.status, error.request_id) == (200, REQUEST_ID)


def test_an_error_outside_a_walk_has_nothing_to_resume(mode: Mode, server: Server) -> None:
    server.always = refusal(500)
    with pytest.raises(ServerError) as caught:
        mode.page(page_num=3)
    error = caught.value
    assert (error.next_page, error.page_size, error.rows_yielded) == (None, None, None)
    assert USER_ID in (error.url or "")


def _assert_hidden(secret: str, error: KeyAPIError) -> None:
    for shown in (str(error), repr(error), repr(vars(error))):
        assert secret not in shown
    assert secret.encode() not in pickle.dumps(error)
