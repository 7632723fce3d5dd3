"""What is logged, at which level, and that the key is in no record, text or pickle."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from client.conftest import (
    EXAMPLE,
    KEY,
    PATH,
    USER_ID,
    Mode,
    Server,
    refusal,
    success,
)
from client.test_options import in_turn
from client.test_sharing import Loopback
from keyapi import AuthenticationError, KeyAPIError, PaginationError, TransportError
from keyapi_example.api.influencer import influencer_products_analytics as low_level

GOOD = success(EXAMPLE["data"])


def _echoed(status: int, **envelope: Any) -> httpx.Response:
    """An error envelope of a server that repeats the key it was given."""
    return httpx.Response(status, json={**refusal(status).json(), **envelope})


ECHOES: dict[str, httpx.Response] = {
    "message": _echoed(401, message=f"apiKey {KEY} is invalid"),
    "message, twice": _echoed(403, message=f"{KEY}:{KEY}"),
    "request id": _echoed(500, requestId=KEY),
    "message and request id under 200": _echoed(200, code=7, message=KEY, requestId=f"r-{KEY}"),
    "code": _echoed(200, code=KEY),
    "quota": _echoed(500, message=f"quota of {KEY} exceeded"),
    "plain text": httpx.Response(401, text=f"Bearer {KEY} is unknown"),
    "plain text under 200": httpx.Response(200, text=f"quota of {KEY} exceeded"),
    "HTML": httpx.Response(502, text=f"<html>{KEY}</html>"),
    "cut short": httpx.Response(200, text=f'{{"code": 0, "message": "{KEY}'),
    "null rows": _echoed(200, code=0, message=KEY, requestId=KEY),
    "429": _echoed(429, message=KEY, requestId=KEY),
}


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    """Keeps all that is logged, by httpx and httpcore as well."""
    caplog.set_level(logging.DEBUG)


@pytest.fixture
def assert_hidden(caplog: pytest.LogCaptureFixture) -> Callable[..., None]:
    """Checks that the key is neither in what a test got, nor in any record."""

    def check(*got: Any) -> None:
        for value in got:
            _assert_hidden(value)
        assert caplog.records
        for record in caplog.records:
            shown = (record.getMessage(), repr(record.args), logging.Formatter().format(record))
            assert KEY not in "".join(shown)

    return check


def _assert_hidden(value: Any) -> None:
    assert KEY not in f"{value}{value!r}"
    if isinstance(value, BaseException):
        assert KEY not in "".join(traceback.format_exception(value))
        for error in (value, value.__cause__, value.__context__):
            assert KEY not in f"{error}{error!r}{error and vars(error)}"
    if hasattr(value, "response") or isinstance(value, KeyAPIError):
        assert KEY.encode() not in pickle.dumps(value)


def _failed(mode: Mode, **options: Any) -> KeyAPIError:
    """The error of a call; it is logged as an application would."""
    with pytest.raises(KeyAPIError) as caught:
        mode.page(options=options)
    logging.getLogger("application").error("it failed", exc_info=caught.value)
    return caught.value


def _ours(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """Level and text of this package's records."""
    return [
        (found.levelno, found.getMessage()) for found in caplog.records if found.name == "keyapi"
    ]


# --- Levels -----------------------------------------------------------------------------------


def test_an_answer_is_logged_for_debugging(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    mode.page()
    url = f"https://api.keyapi.ai{PATH}?user_id={USER_ID}&page_num=1&page_size=10"
    assert _ours(caplog) == [(logging.DEBUG, f"GET {url}: HTTP 200, code 0, attempt 1")]


@pytest.mark.parametrize(
    ("failure", "facts"),
    [
        (refusal(429), ["HTTP 429", "attempt 1", "sent again in 1.0 s", "no"]),
        (refusal(200, 503), ["HTTP 200", "attempt 1", "sent again in 0.5 s", "no"]),
        (httpx.Response(200, text="<html>"), ["attempt 1", "sent again in 0.5 s", "HTML"]),
        (httpx.ReadTimeout("slow"), ["TransportError", "attempt 1", "sent again in 0.5 s", "slow"]),
    ],
)
def test_a_retry_is_information_that_tells_reason_and_wait(
    mode: Mode,
    caplog: pytest.LogCaptureFixture,
    failure: httpx.Response | Exception,
    facts: list[str],
) -> None:
    mode.server = in_turn(failure, GOOD)
    mode.page()
    (first, second) = _ours(caplog)
    assert first[0] == logging.INFO
    assert [fact for fact in facts if fact not in first[1]] == []
    assert second == (logging.DEBUG, second[1])
    assert second[1].endswith("HTTP 200, code 0, attempt 2")


@pytest.mark.parametrize("wait", ["1.0", "2.0"])
def test_the_wait_that_is_logged_is_the_wait(
    mode: Mode, caplog: pytest.LogCaptureFixture, wait: str
) -> None:
    answer = refusal(429)
    answer.headers["Retry-After"] = wait.partition(".")[0]
    mode.server = in_turn(answer, GOOD)
    mode.page()
    assert mode.clock.waits == [float(wait)]
    assert f"sent again in {wait} s" in _ours(caplog)[0][1]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
def test_an_error_that_is_raised_is_logged_for_debugging(
    mode: Mode, server: Server, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    server.always = refusal(status, message="so it is")
    _failed(mode)
    ((level, text),) = _ours(caplog)
    assert level == logging.DEBUG
    assert text.endswith(f"HTTP {status}, attempt 1, raised: so it is")


@pytest.mark.parametrize(
    "always",
    [None, refusal(401), refusal(429), refusal(503), httpx.ReadError("dropped"), success(None)],
    ids=["good", "401", "429", "503", "dropped", "null rows"],
)
def test_each_attempt_is_one_record_and_none_is_a_warning(
    mode: Mode, server: Server, caplog: pytest.LogCaptureFixture, always: Any
) -> None:
    server.always = always
    mode.products()
    records = _ours(caplog)
    assert len(records) == len(server.requests)
    assert [level for level, _ in records[:-1]] == [logging.INFO] * (len(records) - 1)
    assert records[-1][0] == logging.DEBUG
    assert {record.levelno for record in caplog.records} <= {logging.DEBUG, logging.INFO}


def test_a_low_level_function_is_logged_alike(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    call: Any = low_level.sync if mode.name == "sync" else low_level.asyncio
    mode.server = in_turn(refusal(429), GOOD)
    mode.call(lambda client: call(client=client, user_id=USER_ID, page_num=1, page_size=10))
    assert [level for level, _ in _ours(caplog)] == [logging.INFO, logging.DEBUG]


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
def test_what_is_below_the_level_is_not_logged(
    mode: Mode, caplog: pytest.LogCaptureFixture, level: int
) -> None:
    caplog.set_level(level, logger="keyapi")
    mode.server = in_turn(refusal(429), GOOD)
    mode.page()
    assert [found for found, _ in _ours(caplog)] == [logging.INFO] * (level == logging.INFO)


# --- The key ----------------------------------------------------------------------------------


def test_a_success_hides_the_key(
    mode: Mode, server: Server, assert_hidden: Callable[..., None]
) -> None:
    server.holds(25)
    clients: list[Any] = []

    def use(client: Any) -> Any:
        clients.append(client)
        return client.influencer.products_analytics(user_id=USER_ID)

    page = mode.call(use)
    sent = page.response.request
    client = clients[0]
    changed = client.with_options(max_retries=0)
    assert_hidden(page, page[0], page.response, sent, sent.headers)
    assert_hidden(client, client.influencer, changed, changed.influencer)


def test_a_walk_hides_the_key(
    mode: Mode, server: Server, assert_hidden: Callable[..., None]
) -> None:
    server.holds(25)
    server.answers[3] = ECHOES["message"]
    walked = mode.products()
    assert walked.error is not None
    assert_hidden(walked.error, *walked.rows)


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_a_key_that_the_server_repeats_is_hidden(
    mode: Mode, server: Server, assert_hidden: Callable[..., None], echo: httpx.Response
) -> None:
    server.always = echo
    assert_hidden(_failed(mode))


def test_a_key_that_the_server_repeats_is_hidden_in_a_retry(
    mode: Mode, assert_hidden: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    mode.server = in_turn(ECHOES["429"], GOOD)
    assert_hidden(mode.page())
    assert "sent again in 1.0 s: [key]" in _ours(caplog)[0][1]


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ReadTimeout, httpx.LocalProtocolError])
def test_a_transport_error_hides_the_key(
    mode: Mode, server: Server, assert_hidden: Callable[..., None], kind: type[httpx.TransportError]
) -> None:
    server.always = kind("dropped")
    assert_hidden(_failed(mode))


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("slow"), ECHOES["429"]])
def test_a_deadline_hides_the_key(
    mode: Mode, assert_hidden: Callable[..., None], failure: httpx.Response | Exception
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        mode.clock.time += 100
        return in_turn(failure)(request)

    mode.server = answer
    assert_hidden(_failed(mode, deadline=50))


def test_an_answer_that_is_refused_hides_the_key(
    mode: Mode, server: Server, assert_hidden: Callable[..., None]
) -> None:
    server.always = success([KEY])
    assert_hidden(_failed(mode))


def test_a_key_at_the_cut_of_a_long_answer_is_hidden(mode: Mode, server: Server) -> None:
    server.always = httpx.Response(401, text=f"{'x' * 495}{KEY}")
    assert KEY[:5] not in str(_failed(mode))


def test_a_key_repeated_as_the_request_id_of_a_page_is_hidden(
    mode: Mode, server: Server, assert_hidden: Callable[..., None]
) -> None:
    server.always = _echoed(200, code=0, data=EXAMPLE["data"], requestId=KEY)
    assert_hidden(mode.page())


def test_a_key_repeated_as_the_request_id_of_a_repeated_page_is_hidden(
    mode: Mode, server: Server
) -> None:
    server.always = _echoed(200, code=0, data=EXAMPLE["data"], requestId=KEY)
    error = mode.products(page_size=1).error
    assert isinstance(error, PaginationError)
    _assert_hidden(error)


# --- The key, on a real connection ------------------------------------------------------------


@pytest.fixture
def real(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A real server, and the client on it."""
    with Loopback() as loopback:
        there = partial(mode.open, base_url=loopback.url, transport=None)
        monkeypatch.setattr(mode, "open", there)
        yield loopback


def test_httpcore_logs_and_hides_the_key(
    mode: Mode, real: Loopback, assert_hidden: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    real.failures = 1
    assert_hidden(mode.page())
    names = {record.name.partition(".")[0] for record in caplog.records}
    assert {"keyapi", "httpx", "httpcore"} <= names


@pytest.mark.parametrize("echo", [ECHOES["message"], ECHOES["plain text"]], ids=["JSON", "text"])
def test_a_refusal_on_a_real_connection_hides_the_key(
    mode: Mode, real: Loopback, assert_hidden: Callable[..., None], echo: httpx.Response
) -> None:
    real.body = echo.content
    error = _failed(mode)
    assert isinstance(error, AuthenticationError)
    assert_hidden(error)


@pytest.mark.parametrize("options", [{"timeout": 0.05}, {"deadline": 0.05}], ids=str)
def test_a_late_answer_on_a_real_connection_hides_the_key(
    mode: Mode, real: Loopback, assert_hidden: Callable[..., None], options: dict[str, float]
) -> None:
    real.free.clear()
    error = _failed(mode, max_retries=0, **options)
    assert isinstance(error, TransportError)
    assert_hidden(error)


def test_a_refused_connection_hides_the_key(mode: Mode, assert_hidden: Callable[..., None]) -> None:
    with Loopback() as gone:
        pass
    error = _failed(mode, base_url=gone.url, transport=None)
    assert isinstance(error, TransportError)
    assert_hidden(error)
