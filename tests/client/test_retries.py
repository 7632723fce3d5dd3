"""Which failures are sent again, after which waits, and within which deadline."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from client.conftest import EXAMPLE, PATH, USER_ID, Mode, Server, Sync, fresh, refusal, success
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
    TransportError,
)
from keyapi._operation import Operation
from keyapi._sending.clock import Clock
from keyapi._sending.response import retry_after
from keyapi._sending.retries import TABLE, Backoff, delay
from keyapi_example.api.influencer import influencer_products_analytics as low_level
from keyapi_example.models import ErrorEnvelope, InfluencerProductsAnalyticsResponse
from support.clocks import FakeClock


class Script:
    """Gives these answers in turn, and the last one from then on.

    The class of an exception is raised; a function makes its answer anew each time.
    """

    def __init__(self, *answers: Any) -> None:
        self.answers = answers
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        if isinstance(answer, httpx.Response):
            return fresh(answer)
        if isinstance(answer, type):
            raise answer("as the script says")
        made: httpx.Response = answer()
        return made


def limited(status: int = 429, **headers: str) -> httpx.Response:
    """An answer with code 429; underscores in the names of headers stand for hyphens."""
    answer = refusal(status, 429, "qps limit exceeded")
    answer.headers.update({name.replace("_", "-"): text for name, text in headers.items()})
    return answer


def badly_packed() -> httpx.Response:
    """An answer that is said to be gzip; a stream, so that the client is who unpacks it."""
    body = httpx.ByteStream(b"no gzip")
    return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=body)


ROWS = success(EXAMPLE["data"])
HTML = httpx.Response(200, text="<!DOCTYPE html><title>Bad gateway</title>")
CUT_SHORT = httpx.Response(200, content=json.dumps(EXAMPLE).encode()[:-20])
NOON, LATER = "Wed, 21 Oct 2015 12:00:00 GMT", "Wed, 21 Oct 2015 12:00:07 GMT"

# --- The table of the design ------------------------------------------------------------------

# The waits before three retries, the most by default: without luck, and with the most of it.
Waits = tuple[list[float], list[float]]
NEVER: Waits = ([], [])
ONCE: Waits = ([2.0], [3.0])
PACED: Waits = ([1.0, 2.0, 4.0], [1.25, 2.5, 5.0])
BACKOFF: Waits = ([0.5, 1.0, 2.0], [0.75, 1.5, 3.0])
Case = tuple[Any, type[KeyAPIError], Waits]


def alike(number: int, raised: type[KeyAPIError], waits: Waits) -> dict[str, Case]:
    """The same failure as an HTTP status and as an envelope code."""
    return {
        f"HTTP {number}": (refusal(number), raised, waits),
        f"code {number} under 200": (refusal(200, number), raised, waits),
    }


def asked(seconds: float) -> Waits:
    return [seconds] * 3, [seconds] * 3


def asked_for(name: str, waits: Waits, **headers: str) -> dict[str, Case]:
    """A 429 with such headers, as status and as code."""
    return {
        f"HTTP 429, {name}": (limited(429, **headers), RateLimited, waits),
        f"code 429 under 200, {name}": (limited(200, **headers), RateLimited, waits),
    }


UNSENT = [httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ConnectError, httpx.ProxyError]
DROPPED = [
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.CloseError,
    httpx.RemoteProtocolError,
]

CASES: dict[str, Case] = {
    **alike(400, BadRequest, NEVER),
    **alike(401, AuthenticationError, NEVER),
    **alike(403, PermissionDenied, NEVER),
    **alike(404, NotFound, NEVER),
    "HTML under 404": (httpx.Response(404, text="<html>"), NotFound, NEVER),
    # used up
    **alike(402, InsufficientCredits, NEVER),
    "code 402 under 500": (refusal(500, 402), InsufficientCredits, NEVER),
    **{
        f"{words} under {status}": (refusal(status, 1, words), InsufficientCredits, NEVER)
        for status in (200, 403, 404, 500, 502, 503)
        for words in ("apiKey quota is not enough", "Usage Limit Exceeded")
    },
    "quota words, code 503": (refusal(200, 503, "quota"), InsufficientCredits, NEVER),
    "quota words as text": (httpx.Response(503, text="no quota"), InsufficientCredits, NEVER),
    "quota words as HTML": (httpx.Response(503, text="<p>quota"), ServerError, BACKOFF),
    # too fast
    **alike(429, RateLimited, PACED),
    "HTTP 429, quota words": (refusal(429, message="quota"), RateLimited, PACED),
    "code 429, quota words": (refusal(200, 429, "quota"), RateLimited, PACED),
    "HTTP 429, empty": (httpx.Response(429), RateLimited, PACED),
    **asked_for("0 s", asked(1.0), retry_after="0"),
    **asked_for("7 s", asked(7.0), retry_after="7"),
    **asked_for("60 s", asked(60.0), retry_after="60"),
    **asked_for("61 s", NEVER, retry_after="61"),
    **asked_for("date and Date", asked(7.0), retry_after=LATER, date=NOON),
    **asked_for("past date", asked(1.0), retry_after=NOON, date=LATER),
    **asked_for("date alone", PACED, retry_after=LATER),
    **asked_for("garbage", PACED, retry_after="soon"),
    **asked_for("below 0", PACED, retry_after="-5"),
    # failed
    **alike(500, ServerError, ONCE),
    "HTML under 500": (httpx.Response(500, text="<html>"), ServerError, ONCE),
    **alike(502, ServerError, BACKOFF),
    **alike(503, ServerError, BACKOFF),
    **alike(504, ServerError, BACKOFF),
    **alike(520, ServerError, BACKOFF),
    **alike(524, ServerError, BACKOFF),
    **alike(529, ServerError, BACKOFF),
    **alike(530, ServerError, BACKOFF),
    "HTML under 502": (httpx.Response(502, text="<html>"), ServerError, BACKOFF),
    # unreadable
    "HTML": (HTML, InvalidResponse, BACKOFF),
    "cut short": (CUT_SHORT, InvalidResponse, BACKOFF),
    "empty": (httpx.Response(200), InvalidResponse, BACKOFF),
    "badly packed": (badly_packed, InvalidResponse, BACKOFF),
    # no answer
    **{failure.__name__: (failure, TransportError, BACKOFF) for failure in (*UNSENT, *DROPPED)},
    # not worth another request
    "a list": (httpx.Response(200, json=[]), InvalidResponse, NEVER),
    "code as text": (httpx.Response(200, json={"code": "0"}), InvalidResponse, NEVER),
    "no code": (httpx.Response(200, json={"data": []}), InvalidResponse, NEVER),
    **{f"code {n} under 200": (refusal(200, n), KeyAPIError, NEVER) for n in (-1, 1, 200, 600)},
    "HTTP 304": (httpx.Response(304), KeyAPIError, NEVER),
    **alike(418, KeyAPIError, NEVER),
    **alike(501, ServerError, NEVER),
    **alike(505, ServerError, NEVER),
    "LocalProtocolError": (httpx.LocalProtocolError, BadRequest, NEVER),
    "UnsupportedProtocol": (httpx.UnsupportedProtocol, BadRequest, NEVER),
    "TooManyRedirects": (httpx.TooManyRedirects, InvalidResponse, NEVER),
}


@pytest.mark.parametrize(("answer", "raised", "waits"), CASES.values(), ids=CASES)
def test_a_failure_is_sent_again_as_the_table_says(
    mode: Mode, answer: Any, raised: type[KeyAPIError], waits: Waits
) -> None:
    for luck, wanted in zip((0.0, 1.0), waits, strict=True):
        script = mode.server = Script(answer)
        mode.clock = FakeClock()
        mode.clock.luck = luck
        with pytest.raises(KeyAPIError) as caught:
            mode.page()
        assert type(caught.value) is raised
        assert mode.clock.waits == wanted
        assert len(script.requests) == caught.value.attempts == 1 + len(wanted)


def test_the_table_walked_here_has_every_failure_that_httpx_names() -> None:
    def leaves(kind: type[Exception]) -> Iterator[str]:
        for sub in kind.__subclasses__():
            if sub.__module__ == "httpx":
                yield from [*leaves(sub)] or [sub.__name__]

    assert {*leaves(httpx.RequestError)} - {"DecodingError"} <= CASES.keys()


@pytest.mark.parametrize("status", [429, 200])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "61"}, 61.0),
        ({"retry_after": LATER, "date": NOON}, 7.0),
    ],
)
def test_the_error_says_how_long_the_server_asks_to_wait(
    mode: Mode, headers: dict[str, str], seconds: float | None, status: int
) -> None:
    mode.server = Script(limited(status, **headers))
    with pytest.raises(RateLimited) as caught:
        mode.page()
    assert caught.value.retry_after == seconds


# --- Sequences --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "waits", "raised"),
    [
        ([ROWS], [], None),
        ([refusal(500), ROWS], [2.0], None),
        ([refusal(200, 429), ROWS], [1.0], None),
        ([HTML, CUT_SHORT, ROWS], [0.5, 1.0], None),
        ([httpx.ReadTimeout, httpx.ConnectError, badly_packed, ROWS], [0.5, 1.0, 2.0], None),
        ([refusal(429), refusal(502), refusal(429), ROWS], [1.0, 1.0, 4.0], None),
        ([limited(retry_after="7"), limited(), ROWS], [7.0, 2.0], None),
        ([refusal(500), refusal(502), ROWS], [2.0, 1.0], None),
        ([refusal(500), refusal(502), refusal(500), ROWS], [2.0, 1.0], ServerError),
        ([refusal(500), refusal(200, 500), ROWS], [2.0], ServerError),
        ([refusal(503), refusal(500), refusal(503), ROWS], [0.5, 3.0, 2.0], None),
        ([refusal(503), refusal(404), ROWS], [0.5], NotFound),
        ([refusal(429), refusal(403, message="quota"), ROWS], [1.0], InsufficientCredits),
        ([*[refusal(502)] * 4, ROWS], [0.5, 1.0, 2.0], ServerError),
    ],
)
def test_each_failure_in_a_row_decides_for_itself_and_waits_grow_with_every_retry(
    mode: Mode, answers: list[Any], waits: list[float], raised: type[KeyAPIError] | None
) -> None:
    mode.server = Script(*answers)
    if raised is None:
        page = mode.page()
        assert page[0].to_dict() == EXAMPLE["data"][0]
        attempts = page.attempts
        assert page.credits == attempts - answers.count(httpx.ConnectError)
    else:
        with pytest.raises(raised) as caught:
            mode.page()
        attempts = caught.value.attempts
    assert (mode.clock.waits, attempts) == (waits, 1 + len(waits))


def test_each_page_of_a_walk_has_its_own_retries(mode: Mode, server: Server) -> None:
    server.holds(15)
    failed: set[str] = set()

    def answer(request: httpx.Request) -> httpx.Response:
        page = request.url.params["page_num"]
        if page in failed:
            return server(request)
        failed.add(page)
        return refusal(500)

    mode.server = answer
    assert len(mode.products().ids) == 15
    assert mode.clock.waits == [2.0, 2.0]


@pytest.mark.parametrize("retries", [0, 1, 5, 20])
@pytest.mark.parametrize(
    ("answer", "luck", "waits"),
    [
        (refusal(429), 0.0, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, *[60.0] * 14]),
        (refusal(429), 1.0, [1.25, 2.5, 5.0, 10.0, 20.0, 40.0, *[60.0] * 14]),
        (refusal(200, 429), 0.0, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, *[60.0] * 14]),
        (limited(retry_after="7"), 1.0, [7.0] * 20),
        (refusal(502), 0.0, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, *[30.0] * 14]),
        (httpx.ReadError, 1.0, [0.75, 1.5, 3.0, 6.0, 12.0, 24.0, *[30.0] * 14]),
        (refusal(500), 0.0, [2.0]),
        (refusal(404), 0.0, []),
    ],
)
def test_max_retries_bounds_the_retries_of_a_call(
    mode: Mode, answer: Any, luck: float, waits: list[float], retries: int
) -> None:
    script = mode.server = Script(answer)
    mode.clock.luck = luck
    with pytest.raises(KeyAPIError) as caught:
        mode.page(options={"max_retries": retries})
    assert mode.clock.waits == waits[:retries]
    assert len(script.requests) == caught.value.attempts == 1 + len(waits[:retries])


# --- POST -------------------------------------------------------------------------------------


def operation(method: str) -> Operation[Any]:
    body = {"keyword": "keyword"} if method == "POST" else {}
    return Operation(name="made", method=method, path="/v1/x", model=lambda: dict, body=body)


POSTED: list[tuple[Any, list[float]]] = [
    (refusal(429), PACED[0]),
    (refusal(200, 429), PACED[0]),
    (limited(retry_after="7"), asked(7.0)[0]),
    (refusal(503), BACKOFF[0]),
    (refusal(200, 503), BACKOFF[0]),
    *((answer, BACKOFF[0]) for answer in UNSENT),
    # the server may have acted on these
    *((refusal(status), []) for status in (500, 502, 504, 520)),
    *((refusal(200, code), []) for code in (500, 502, 504, 520)),
    *((answer, []) for answer in (HTML, CUT_SHORT, badly_packed, *DROPPED)),
]


@pytest.mark.parametrize("use", ["_data", "_many"])
@pytest.mark.parametrize(("answer", "waits"), POSTED)
def test_a_post_is_sent_again_only_where_the_server_cannot_have_acted_on_it(
    mode: Mode, answer: Any, waits: list[float], use: str
) -> None:
    script = mode.server = Script(answer)
    with pytest.raises(KeyAPIError) as caught:
        mode.call(lambda client: getattr(client, use)(operation("POST"), {"keyword": "brush"}))
    assert mode.clock.waits == waits
    assert len(script.requests) == caught.value.attempts == 1 + len(waits)
    assert {(sent.method, sent.content) for sent in script.requests} == {
        ("POST", b'{"keyword":"brush"}')
    }


# --- The deadline -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "deadline", "waits", "raised"),
    [
        (refusal(502), 0.4, [], ServerError),
        (refusal(502), 3.4, [0.5, 1.0], ServerError),
        (refusal(502), 3.5, [0.5, 1.0], ServerError),  # the last wait would reach it
        (refusal(502), 3.6, [0.5, 1.0, 2.0], ServerError),
        (HTML, 1.0, [0.5], InvalidResponse),
        (httpx.ReadError, 1.0, [0.5], TransportError),
        (limited(retry_after="30"), 20, [], RateLimited),
        (limited(retry_after="30"), 40, [30.0], RateLimited),
    ],
)
def test_no_wait_is_begun_that_would_reach_the_deadline(
    mode: Mode, answer: Any, deadline: float, waits: list[float], raised: type[KeyAPIError]
) -> None:
    script = mode.server = Script(answer)
    with pytest.raises(raised) as caught:
        mode.page(options={"deadline": deadline})
    assert mode.clock.waits == waits
    assert len(script.requests) == caught.value.attempts == 1 + len(waits)


@pytest.mark.parametrize(
    ("timeout", "expected"),
    [(5.0, [5.0, 2.0, 1.5, 0.0]), (None, [10.0, 2.0, 1.5, 0.0]), (0.5, [0.5, 0.5, 0.5, 0.0])],
)
def test_time_outs_shrink_to_what_is_left_of_the_deadline_but_never_to_0(
    mode: Mode, timeout: float | None, expected: list[float]
) -> None:
    seen: list[float] = []

    def look(timeouts: Any) -> None:
        (left,) = {timeouts.get(phase) for phase in ("connect", "read", "write", "pool")}
        seen.append(left)

    def answer(request: httpx.Request) -> httpx.Response:
        look(request.extensions["timeout"])
        mode.clock.time += 8
        look(request.extensions["timeout"])
        return refusal(502)

    mode.server = answer
    with pytest.raises(ServerError):
        mode.page(options={"deadline": 10, "timeout": timeout})
    assert seen == pytest.approx(expected, abs=0.01)
    assert min(seen) > 0


def test_an_attempt_that_outlasts_the_deadline_is_a_transport_error_that_says_so(
    mode: Mode,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        mode.clock.time += 6
        raise httpx.ReadTimeout("slow")

    mode.server = answer
    with pytest.raises(TransportError, match="The deadline of 10 s passed") as caught:
        mode.page(options={"deadline": 10})
    assert (caught.value.attempts, mode.clock.waits) == (2, [0.5])


@contextlib.contextmanager
def dripping(start: bytes, drip: bytes) -> Iterator[tuple[str, threading.Event]]:
    """A server that sends the start of an answer, then a bit of it every 50 ms for 10 s.

    Gives its address, and what is set once the client has closed the connection.
    """
    gone = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.request.sendall(start)
            self.request.settimeout(0.05)
            with contextlib.suppress(ConnectionError):
                for _ in range(200):
                    try:
                        if not self.request.recv(1):
                            break
                    except TimeoutError:
                        self.request.sendall(drip)
                else:
                    return
            gone.set()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{listener.server_address[1]}", gone
        listener.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("start", "drip"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b" ", id="dripping body"),
        pytest.param(b"", b"", id="no headers"),
    ],
)
def test_a_slow_server_cannot_hold_a_call_past_its_deadline(
    mode: Mode, start: bytes, drip: bytes
) -> None:
    mode.clock = Clock()  # type: ignore[assignment]
    with dripping(start, drip) as (address, gone):
        ends: list[tuple[float, bool]] = []  # when the call did, and whether its connection did

        def use(client: Any) -> Any:
            began = time.monotonic()
            try:
                return client.influencer.products_analytics(user_id=USER_ID)
            finally:
                ends.append((time.monotonic() - began, gone.wait(5)))

        async def use_async(client: Any) -> Any:
            began = time.monotonic()
            try:
                return await client.influencer.products_analytics(user_id=USER_ID)
            finally:
                took = time.monotonic() - began
                ends.append((took, await asyncio.to_thread(gone.wait, 5)))

        with pytest.raises(TransportError, match=r"deadline of 0\.4 s passed") as caught:
            mode.call(
                use if isinstance(mode, Sync) else use_async,
                deadline=0.4,
                base_url=address,
                transport=None,
                httpx_args={"trust_env": False},
            )
    ((took, closed),) = ends
    assert 0.3 <= took < 1.2
    assert caught.value.attempts == 1
    assert closed


def test_in_real_time_a_retry_waits(mode: Mode) -> None:
    mode.clock = Clock()  # type: ignore[assignment]
    mode.server = Script(refusal(503), ROWS)
    began = time.monotonic()
    page = mode.page()
    assert 0.5 <= time.monotonic() - began < 3
    assert page.attempts == 2


# --- Many calls at once -----------------------------------------------------------------------

# What the server answers a call, what comes of it and how many requests that takes.
CALLS: dict[str, tuple[str, list[Any], type[Exception] | None, int]] = {
    "get": ("GET", [ROWS], None, 1),
    "get unknown": ("GET", [refusal(404)], NotFound, 1),
    "get too fast": ("GET", [refusal(429), ROWS], None, 2),
    "get broken": ("GET", [refusal(500)], ServerError, 2),
    "get flaky": ("GET", [refusal(502), HTML, httpx.ReadError, ROWS], None, 4),
    "get dropped": ("GET", [httpx.ReadTimeout], TransportError, 4),
    "post": ("POST", [ROWS], None, 1),
    "post too fast": ("POST", [refusal(429), refusal(503), ROWS], None, 3),
    "post broken": ("POST", [refusal(500)], ServerError, 1),
    "post dropped": ("POST", [httpx.ReadTimeout], TransportError, 1),
}


def test_calls_at_once_on_one_client_do_not_disturb_each_other(mode: Mode) -> None:
    calls = {f"{name} {number}": CALLS[name] for number in range(5) for name in CALLS}
    scripts = {user: Script(*answers) for user, (_, answers, *_) in calls.items()}
    everyone: Any  # the first requests of all calls are answered when the last one is there

    def answer(request: httpx.Request) -> httpx.Response:
        script = scripts[request.url.params["user_id"]]
        if not script.requests:
            everyone.wait(60)
        return script(request)

    async def answer_async(request: httpx.Request) -> httpx.Response:
        script = scripts[request.url.params["user_id"]]
        if not script.requests:
            await everyone.wait()
        await asyncio.sleep(0)
        return script(request)

    def each(client: Any) -> Iterator[tuple[Callable[..., Any], Operation[Any], dict[str, Any]]]:
        return ((client._data, operation(calls[user][0]), {"user_id": user}) for user in calls)

    def use(client: Any) -> list[Any]:
        with ThreadPoolExecutor(len(calls)) as pool:
            futures = [pool.submit(*call) for call in each(client)]
            return [future.exception() or future.result() for future in futures]

    async def use_async(client: Any) -> list[Any]:
        nonlocal everyone
        everyone = asyncio.Barrier(len(calls))
        running = (function(*arguments) for function, *arguments in each(client))
        return await asyncio.gather(*running, return_exceptions=True)

    everyone = threading.Barrier(len(calls))
    mode.server = answer if isinstance(mode, Sync) else answer_async  # type: ignore[assignment]
    results = dict(zip(calls, mode.call(use if isinstance(mode, Sync) else use_async), strict=True))

    for user, (method, _, raised, attempts) in calls.items():
        result = results[user]
        assert {sent.method for sent in scripts[user].requests} == {method}
        assert len(scripts[user].requests) == attempts, user
        if raised is None:
            assert result == EXAMPLE["data"], user
        else:
            assert (type(result), result.attempts) == (raised, attempts), user
            assert httpx.URL(result.url).params["user_id"] == user


# --- Below the methods ------------------------------------------------------------------------


def parsed(client: Any) -> Any:
    function: Any = low_level.sync if hasattr(client, "get_httpx_client") else low_level.asyncio
    return function(client=client, user_id=USER_ID, page_num=1, page_size=10)


def connection(client: Any) -> Any:
    if hasattr(client, "get_httpx_client"):
        return client.get_httpx_client()
    return client.get_async_httpx_client()


def by_hand(client: Any) -> Any:
    return connection(client).get(PATH)


@pytest.mark.parametrize(
    ("answers", "waits", "kind"),
    [
        ([refusal(502), HTML, ROWS], [0.5, 1.0], InfluencerProductsAnalyticsResponse),
        ([httpx.ReadError, ROWS], [0.5], InfluencerProductsAnalyticsResponse),
        ([refusal(200, 503), ROWS], [0.5], InfluencerProductsAnalyticsResponse),
        ([refusal(500)], [2.0], ErrorEnvelope),
        ([limited(retry_after="7")], [7.0, 7.0, 7.0], ErrorEnvelope),
        ([refusal(400)], [], ErrorEnvelope),
        ([refusal(502)], [0.5, 1.0, 2.0], type(None)),  # undocumented
    ],
)
def test_a_low_level_function_sends_again_by_the_same_table_and_gives_the_last_answer(
    mode: Mode, answers: list[Any], waits: list[float], kind: type
) -> None:
    script = mode.server = Script(*answers)
    assert type(mode.call(parsed)) is kind
    assert (mode.clock.waits, len(script.requests)) == (waits, 1 + len(waits))


def test_a_request_by_hand_is_sent_again_by_the_same_table(mode: Mode) -> None:
    mode.server = Script(refusal(503), httpx.ReadError, ROWS)
    assert mode.call(by_hand).json()["data"] == EXAMPLE["data"]
    assert mode.clock.waits == [0.5, 1.0]


def test_a_request_by_hand_may_be_for_something_else_than_json(mode: Mode) -> None:
    script = mode.server = Script(httpx.Response(204))
    assert mode.call(by_hand).status_code == 204
    assert len(script.requests) == 1


def test_a_request_written_by_hand_has_the_clients_timeout(mode: Mode) -> None:
    script = mode.server = Script(ROWS)
    request = httpx.Request("GET", f"https://api.keyapi.ai{PATH}")
    mode.call(lambda client: connection(client).send(request), timeout=7)
    assert script.requests[0].extensions["timeout"]["read"] == 7


def test_a_request_that_is_sent_anew_is_a_new_call(mode: Mode) -> None:
    script = mode.server = Script(ROWS, refusal(502))

    def use(client: Any) -> Any:
        return connection(client).send(by_hand_request)

    by_hand_request = mode.page().response.request
    assert mode.call(use).status_code == 502
    assert len(script.requests) == 1 + 4


def test_a_post_that_was_redirected_is_still_a_post(mode: Mode) -> None:
    moved = httpx.Response(302, headers={"Location": "/elsewhere"})
    script = mode.server = Script(moved, refusal(502))
    operation = Operation(name="search", method="POST", path="/search", model=lambda: dict)
    with pytest.raises(ServerError):
        mode.call(
            lambda client: client._data(operation, {}),
            httpx_args={"follow_redirects": True},
        )
    assert [request.method for request in script.requests] == ["POST", "GET"]


@pytest.mark.parametrize("use", [parsed, by_hand])
def test_below_the_methods_the_last_failure_is_httpxs_own(mode: Mode, use: Any) -> None:
    script = mode.server = Script(httpx.ReadTimeout)
    with pytest.raises(httpx.ReadTimeout):
        mode.call(use)
    assert (mode.clock.waits, len(script.requests)) == ([0.5, 1.0, 2.0], 4)


@pytest.mark.parametrize("retries", [0, 2])
def test_a_low_level_function_takes_the_options_of_the_client_it_is_given(
    mode: Mode, retries: int
) -> None:
    def use(client: Any) -> Any:
        connection(client)  # opened by a client with other options
        return parsed(client.with_options(max_retries=retries))

    script = mode.server = Script(refusal(429))
    assert mode.call(use).code == 429
    assert len(script.requests) == 1 + retries


def test_a_streamed_request_is_sent_once(mode: Mode) -> None:
    def use(client: Any) -> Any:
        with client.get_httpx_client().stream("GET", PATH) as response:
            return response.status_code, response.read()

    async def use_async(client: Any) -> Any:
        async with client.get_async_httpx_client().stream("GET", PATH) as response:
            return response.status_code, await response.aread()

    script = mode.server = Script(refusal(503), ROWS)
    status, content = mode.call(use if isinstance(mode, Sync) else use_async)
    assert (status, json.loads(content)["code"]) == (503, 503)
    assert (mode.clock.waits, len(script.requests)) == ([], 1)


# --- Waits by themselves ----------------------------------------------------------------------

BACKOFFS = sorted({rule.retried for rule in TABLE.values() if rule.retried}, key=repr)


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("backoff", BACKOFFS, ids=repr)
def test_a_wait_never_leaves_its_bounds_and_never_shrinks(backoff: Backoff, chance: float) -> None:
    waits = [backoff.wait(retries, chance) for retries in (*range(40), 10**6, 10**400)]
    assert backoff.first <= waits[0]
    assert waits == sorted(waits)
    assert waits[-1] == backoff.longest


@pytest.mark.parametrize("failure", [429, 500, 502, 503, "unreadable", "no answer"])
@pytest.mark.parametrize(
    ("method", "again"),
    [
        *((method, True) for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE")),
        *((method, False) for method in ("POST", "PATCH")),
    ],
)
def test_a_method_that_may_change_things_twice_is_sent_again_only_where_nothing_was_done(
    failure: int | str, method: str, again: bool
) -> None:
    wait = delay(failure, method, retries=0, of_this_failure=0, retry_after=None, chance=0.0)
    assert (wait is not None) is (again or failure in (429, 503))


@pytest.mark.parametrize(
    ("asked", "wait"),
    [(0.0, 1.0), (0.5, 1.0), (1.5, 1.5), (60.0, 60.0), (60.1, None), (float("inf"), None)],
)
def test_what_the_server_asks_for_is_kept_to_without_jitter(
    asked: float, wait: float | None
) -> None:
    assert wait == delay(429, "GET", retries=3, of_this_failure=3, retry_after=asked, chance=1.0)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "0"}, 0.0),
        ({"Retry-After": " 120 "}, 120.0),
        ({"retry-after": "9" * 5000}, float("inf")),
        *(({"retry-after": text}, None) for text in ("-1", "1.5", "1e3", "soon", "7, 8", "nan")),
        ({"retry-after": LATER, "date": NOON}, 7.0),
        ({"retry-after": NOON, "date": LATER}, 0.0),
        ({"retry-after": LATER}, None),
        ({"retry-after": LATER, "date": "today"}, None),
        ({"retry-after": LATER, "date": NOON.replace("GMT", "-0000")}, None),
        ({"retry-after": LATER.replace("2015", "99999"), "date": NOON}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_nothing_else(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(httpx.Headers(headers)) == seconds


def test_a_body_that_arrives_after_the_deadline_is_not_read_on(server: Server) -> None:
    client = Sync(server)

    def slowly() -> Iterator[bytes]:
        yield b"{"
        client.clock.time += 10
        yield b"}"

    answer = httpx.Response(200, content=slowly())
    transport = httpx.MockTransport(lambda request: answer)

    with (
        client.open(transport=transport, deadline=5, max_retries=0) as tiktok,
        pytest.raises(TransportError, match="deadline"),
    ):
        tiktok.influencer.products_analytics(user_id=USER_ID)
