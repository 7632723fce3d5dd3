"""What an answer means, by its status and its body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from client.conftest import EXAMPLE, REQUEST_ID
from keyapi import (
    AuthenticationError,
    BadRequest,
    InsufficientCredits,
    InvalidResponse,
    KeyAPIError,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServerError,
)
from keyapi._json import value_at
from keyapi._sending.response import Failure, Success, parse_response
from keyapi._sending.retries import MISSHAPEN, UNREADABLE

QUOTA = "apiKey quota is not enough"  # as published
UPSTREAM_QUOTA = "Usage Limit Exceeded"  # as users saw it come from the upstream provider
NESTED = b"[" * 100_000


def envelope(**fields: Any) -> bytes:
    return json.dumps({"message": "no", "data": None, "requestId": REQUEST_ID, **fields}).encode()


def inner(**fields: Any) -> bytes:
    """An envelope whose data are another."""
    return envelope(code=0, data=fields)


def opened(status: int, content: bytes) -> Success:
    """The envelope of an answer that is a success."""
    outcome = parse_response(status, {}, content)
    assert isinstance(outcome, Success)
    return outcome


def refused(status: int, content: bytes, headers: Mapping[str, str] = httpx.Headers()) -> Any:
    """The error of an answer that is none."""
    outcome = parse_response(status, headers, content)
    assert isinstance(outcome, Failure)
    return outcome.error


ERRORS: list[tuple[str, int, bytes, type[KeyAPIError]]] = [
    # the envelope's code says "error" under HTTP 200
    ("code 400 under 200", 200, envelope(code=400), BadRequest),
    ("code 401 under 200", 200, envelope(code=401), AuthenticationError),
    ("code 402 under 200", 200, envelope(code=402), InsufficientCredits),
    ("code 403 under 200", 200, envelope(code=403), PermissionDenied),
    ("code 404 under 200", 200, envelope(code=404), NotFound),
    ("code 429 under 200", 200, envelope(code=429), RateLimited),
    ("code 500 under 200", 200, envelope(code=500), ServerError),
    ("code 503 under 200", 200, envelope(code=503), ServerError),
    ("code 1 under 200", 200, envelope(code=1), KeyAPIError),
    ("code 200 under 200", 200, envelope(code=200), KeyAPIError),
    ("code -1 under 200", 200, envelope(code=-1), KeyAPIError),
    ("code 400 under 201", 201, envelope(code=400), BadRequest),
    # the HTTP status says it
    ("400", 400, envelope(code=400), BadRequest),
    ("401", 401, envelope(code=401), AuthenticationError),
    ("402", 402, envelope(code=402), InsufficientCredits),
    ("403", 403, envelope(code=403), PermissionDenied),
    ("404", 404, envelope(code=404), NotFound),
    ("429", 429, envelope(code=429), RateLimited),
    ("500", 500, envelope(code=500), ServerError),
    ("502", 502, envelope(code=502), ServerError),
    ("503", 503, envelope(code=503), ServerError),
    ("504", 504, envelope(code=504), ServerError),
    ("520", 520, envelope(code=520), ServerError),
    ("418", 418, envelope(code=418), KeyAPIError),
    ("304 without a body", 304, b"", KeyAPIError),
    ("302 with HTML", 302, b"<html>", KeyAPIError),
    ("code 0 under 500", 500, envelope(code=0), ServerError),
    ("code 0 under 404", 404, envelope(code=0), NotFound),
    ("no code under 403", 403, envelope(), PermissionDenied),
    ("text code under 404", 404, envelope(code="404"), NotFound),
    ("bool code under 400", 400, envelope(code=True), BadRequest),
    # quota exhaustion, in each of its shapes
    ("quota text under 200", 200, envelope(code=1, message=QUOTA), InsufficientCredits),
    ("quota text, code 403", 200, envelope(code=403, message=QUOTA), InsufficientCredits),
    ("quota text under 403", 403, envelope(code=403, message=QUOTA), InsufficientCredits),
    ("quota text under 500", 500, envelope(code=500, message=QUOTA), InsufficientCredits),
    ("upstream text under 200", 200, envelope(code=7, message=UPSTREAM_QUOTA), InsufficientCredits),
    (
        "upstream text under 403",
        403,
        envelope(code=403, message=UPSTREAM_QUOTA),
        InsufficientCredits,
    ),
    (
        "upstream text under 500",
        500,
        envelope(code=500, message=UPSTREAM_QUOTA),
        InsufficientCredits,
    ),
    ("quota text, no code", 500, envelope(message=QUOTA), InsufficientCredits),
    ("code 402 under 403", 403, envelope(code=402), InsufficientCredits),
    ("code 402 under 500", 500, envelope(code=402), InsufficientCredits),
    ("quota text under 429", 429, envelope(code=429, message=QUOTA), RateLimited),
    ("quota text, code 429", 200, envelope(code=429, message=QUOTA), RateLimited),
    ("quota in plain text under 500", 500, UPSTREAM_QUOTA.encode(), InsufficientCredits),
    ("quota in plain text under 403", 403, b"quota_exceeded", InsufficientCredits),
    ("quota in plain text under 200", 200, b"Usage Limit Exceeded", InsufficientCredits),
    ("quota in JSON text under 200", 200, b'"usage limit exceeded"', InsufficientCredits),
    ("quota beside no message", 500, b'{"error": "Usage Limit Exceeded"}', InsufficientCredits),
    ("quota under a code of text", 200, envelope(code="x", message=QUOTA), InsufficientCredits),
    ("quota in plain text under 429", 429, b"quota", RateLimited),
    ("quota in HTML", 502, b"<html>quota</html>", ServerError),
    ("quota in rows cut short", 200, b'{"code": 0, "data": [{"name": "quota', InvalidResponse),
    ("quota inside a word", 403, envelope(code=403, message="unquotable"), PermissionDenied),
    # no envelope under a success status
    ("HTML", 200, b"<html><body>Bad gateway</body></html>", InvalidResponse),
    ("empty", 200, b"", InvalidResponse),
    ("blank", 200, b" \n", InvalidResponse),
    ("empty 204", 204, b"", InvalidResponse),
    ("truncated", 200, json.dumps(EXAMPLE).encode()[:-20], InvalidResponse),
    ("no UTF-8", 200, b'{"code": 0, "message": "\xff"}', InvalidResponse),
    ("nested too deep", 200, NESTED, InvalidResponse),
    ("NaN", 200, b'{"code": 0, "data": NaN}', InvalidResponse),
    ("Infinity", 200, b'{"code": 0, "data": [-Infinity]}', InvalidResponse),
    ("list", 200, b"[]", InvalidResponse),
    ("text", 200, b'"success"', InvalidResponse),
    ("null", 200, b"null", InvalidResponse),
    ("number", 200, b"0", InvalidResponse),
    ("bool", 200, b"false", InvalidResponse),
    ("no code", 200, envelope(data=[]), InvalidResponse),
    ("null code", 200, envelope(code=None), InvalidResponse),
    ("bool code", 200, envelope(code=False), InvalidResponse),
    ("text code", 200, envelope(code="0"), InvalidResponse),
    ("float code", 200, envelope(code=0.0), InvalidResponse),
    ("empty 205", 205, b"", InvalidResponse),
    ("words", 200, b"unique_id is invalid", InvalidResponse),
    # an envelope that is the data of another
    ("code 400 inside", 200, inner(code=400, message="no"), BadRequest),
    ("code 404 inside, in other words", 200, inner(code=404, msg="no", data=None), NotFound),
    ("code 403 inside, quota", 200, inner(code=403, detail=QUOTA), InsufficientCredits),
    # no envelope under an error status: the status still says what it is
    ("HTML under 502", 502, b"<html>Bad gateway</html>", ServerError),
    ("HTML under 520", 520, b"<html>Web server error</html>", ServerError),
    ("HTML under 403", 403, b"<html>Forbidden</html>", PermissionDenied),
    ("empty 401", 401, b"", AuthenticationError),
    ("empty 429", 429, b"", RateLimited),
    ("truncated under 500", 500, b'{"code": 500, "mess', ServerError),
    ("nested too deep under 500", 500, NESTED, ServerError),
    ("list under 500", 500, b"[]", ServerError),
    ("text under 404", 404, b'"not found"', NotFound),
    ("null under 402", 402, b"null", InsufficientCredits),
]


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [case[1:] for case in ERRORS],
    ids=[case[0] for case in ERRORS],
)
def test_an_answer_that_is_no_success_is_a_typed_error(
    status: int, content: bytes, expected: type[KeyAPIError]
) -> None:
    error = refused(status, content)
    assert type(error) is expected
    assert error.status == status


@pytest.mark.parametrize("data", [[], [{"a": 1}], {}, {"a": None}, None, "text", 0, False])
@pytest.mark.parametrize("status", [200, 201])
def test_code_0_under_a_success_status_gives_the_data_as_it_came(status: int, data: Any) -> None:
    found = opened(status, envelope(code=0, data=data)).body["data"]
    assert found == data
    assert type(found) is type(data)


def test_a_success_carries_its_request_id() -> None:
    assert opened(200, json.dumps(EXAMPLE).encode()).request_id == REQUEST_ID


@pytest.mark.parametrize("request_id", [None, 7, {}])
def test_a_request_id_that_is_no_text_is_none(request_id: Any) -> None:
    assert opened(200, envelope(code=0, requestId=request_id)).request_id is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("data", "list"), [1]),
        (("data", "missing"), None),
        (("data", "list", "deeper"), None),
        (("missing", "deeper"), None),
    ],
)
def test_a_path_that_leads_nowhere_finds_none(path: tuple[str, ...], expected: Any) -> None:
    body = opened(200, envelope(code=0, data={"list": [1]})).body
    assert value_at(body, path) == expected


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_carries_code_message_and_request_id(status: int) -> None:
    error = refused(status, envelope(code=400, message="Missing required parameter: user_id"))
    assert error.code == 400
    assert error.message == "Missing required parameter: user_id"
    assert error.request_id == REQUEST_ID


@pytest.mark.parametrize("code", ["400", True, None, 400.0])
def test_a_code_that_is_no_integer_is_not_carried(code: Any) -> None:
    assert refused(400, envelope(code=code)).code is None


@pytest.mark.parametrize(
    "data",
    [
        {"code": 0, "message": "success", "data": []},
        {"code": 7},
        {"code": 7, "message": ""},
        {"code": "400", "message": "no"},
        {"code": True, "message": "no"},
        {"code": 7, "message": "a coupon", "price": 3},
        {"code": 7, "message": "yes", "data": [{"a": 1}]},
    ],
    ids=str,
)
def test_data_that_only_resemble_an_envelope_are_data(data: Any) -> None:
    assert opened(200, envelope(code=0, data=data)).body["data"] == data


@pytest.mark.parametrize("name", ["msg", "detail"])
@pytest.mark.parametrize("status", [200, 400])
def test_a_message_and_a_request_id_are_read_under_other_names_too(name: str, status: int) -> None:
    body = {"code": 400, name: "unique_id is invalid", "request_id": "r-1"}
    error = refused(status, json.dumps(body).encode())
    assert (error.message, error.request_id) == ("unique_id is invalid", "r-1")
    body = {"code": 0, name: "success", "data": [], "request_id": "r-2"}
    assert opened(200, json.dumps(body).encode()).request_id == "r-2"


def test_the_documented_names_go_before_others() -> None:
    body = {"code": 400, "msg": "b", "message": "a", "request_id": "r-b", "requestId": "r-a"}
    error = refused(400, json.dumps(body).encode())
    assert (error.message, error.request_id) == ("a", "r-a")


@pytest.mark.parametrize("message", [None, "", 7, ["x"]])
def test_an_error_without_a_message_names_its_status(message: Any) -> None:
    assert "HTTP 503" in refused(503, envelope(code=503, message=message)).message


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b" <!DOCTYPE html>", "HTML"),
        (b"\xef\xbb\xbf<p>quota</p>", "HTML"),
        (b'{"code": 0, "da', "truncated or invalid JSON"),
        (b"[]", "array"),
        (b'""', "string"),
        (b"null", "null"),
        (b"true", "boolean"),
        (b"1.5", "number"),
        (b'{"code": "0"}', "code is '0'"),
        (b"{}", "code is None"),
        (b"unique_id is invalid", "text, not JSON: unique_id is invalid"),
        (b'"unique_id is invalid"', 'string, not an envelope: "unique_id is invalid"'),
        (b'{"code": 0, "data": NaN}', "NaN is not valid JSON"),
        (b'{"code": 0, "message": "\xe9t\xe9", "data": []}', "not UTF-8"),
        ("\ufeff".encode(), "empty"),
    ],
)
def test_an_invalid_response_says_what_is_wrong_with_it(content: bytes, problem: str) -> None:
    assert problem in refused(200, content).message


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (200, b"", UNREADABLE),
        (204, b"", MISSHAPEN),
        (200, b'{"code": 0, "da', UNREADABLE),
        (200, '{"message": "\u00e9'.encode()[:-1], UNREADABLE),
        (200, b"<html>", UNREADABLE),
        (200, b'{"message": "\xe9t\xe9"}', MISSHAPEN),
        (200, b'{"code": 0, "data": NaN}', MISSHAPEN),
        (200, b"unique_id is invalid", MISSHAPEN),
        (200, b'"unique_id is invalid"', MISSHAPEN),
    ],
    ids=str,
)
def test_only_what_was_cut_short_is_worth_another_request(
    status: int, content: bytes, kind: str
) -> None:
    failure = parse_response(status, {}, content)
    assert isinstance(failure, Failure)
    assert failure.kind == kind


def test_an_answer_with_a_code_that_is_no_integer_still_carries_its_request_id() -> None:
    assert refused(200, envelope(code="0")).request_id == REQUEST_ID
