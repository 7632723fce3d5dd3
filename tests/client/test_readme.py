"""What README and docs say, seen on the wire of a real server, from sync and async clients."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from client.conftest import EXAMPLE, KEY, PATH, REQUEST_ID, USER_ID, Mode, product
from keyapi.testing import replay
from keyapi_tiktok import (
    AuthenticationError,
    BadRequest,
    ConfigurationError,
    InfluencerProductSortField,
    InsufficientCredits,
    InvalidResponse,
    KeyAPIError,
    NotFound,
    PaginationError,
    PermissionDenied,
    RateLimited,
    ServerError,
    SortType,
    TransportError,
)
from keyapi_tiktok.api.influencer import influencer_products_analytics as low_level
from support.documents import blocks, relative

pytestmark = pytest.mark.published

BLOCKS = list(blocks("python"))
# Clients with changed options, which a block makes without using them.
CHANGED = ("careful", "quick", "watching")


@dataclass
class Answer:
    """What the server answers; where it has None instead, it drops the connection."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


def envelope(code: int, message: str = "no", data: Any = None) -> bytes:
    return json.dumps(
        {"code": code, "message": message, "data": data, "requestId": REQUEST_ID}
    ).encode()


class Wire(ThreadingHTTPServer):
    """Serves 25 products, but for what `answers` says of a page; keeps all that arrived."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.rows = [product(number) for number in range(25)]
        self.answers: dict[int, Answer | None] = {}
        self.requests: list[tuple[str, dict[str, list[str]], dict[str, str]]] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def pages(self) -> list[int]:
        return [int(query["page_num"][0]) for _, query, _ in self.requests]

    def get_request(self) -> Any:
        self.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left is no error of the server."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Wire

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        self.server.requests.append((url.path, query, dict(self.headers)))
        number, size = (int(query[name][0]) for name in ("page_num", "page_size"))
        rows = self.server.rows[(number - 1) * size : number * size]
        good = Answer(body=json.dumps({**EXAMPLE, "data": rows}).encode())
        answer = self.server.answers.get(number, good)
        if answer is None:
            self.close_connection = True
            return
        time.sleep(answer.delay)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def user(mode: Mode, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Mode:
    """A user of the sync, then of the async client, with the key and server in the environment."""
    monkeypatch.setenv("KEYAPI_TOKEN", KEY)
    monkeypatch.setenv("KEYAPI_BASE_URL", wire.url)
    monkeypatch.setattr(mode, "open", partial(mode.open, token=None, transport=None))
    return mode


@pytest.mark.parametrize("document", sorted({block.document for block in BLOCKS}), ids=relative)
def test_the_code_runs(
    document: Path,
    wire: Wire,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A document's blocks run one after the other, as its reader would run them."""
    monkeypatch.setenv("KEYAPI_TOKEN", KEY)
    monkeypatch.setenv("KEYAPI_BASE_URL", wire.url)
    monkeypatch.chdir(tmp_path)
    saved: list[Any] = []
    names: dict[str, Any] = {
        "user_id": USER_ID,
        "save": saved.append,
        "report": lambda tiktok: saved.extend(
            tiktok.influencer.products_analytics(user_id=USER_ID)
        ),
    }
    exec("from keyapi_tiktok import *", names)  # noqa: S102 - what the quick start imports
    for block in (block for block in BLOCKS if block.document == document):
        wire.requests.clear()
        saved.clear()
        code = compile("\n" * (block.line - 1) + block.code, str(document), "exec")
        with names["TikTok"]() as names["tiktok"]:
            exec(code, names)  # noqa: S102
            changed = [names.pop(name) for name in CHANGED if name in names]
            for client in changed:
                client.influencer.products_analytics(user_id=USER_ID)
        test = names.pop("test_report", None)
        if test is not None:
            with replay() as played:
                test(played.add)
        assert wire.requests or test or names["sandbox"].ledger.charged == 1
        printed = capsys.readouterr().out
        assert printed or saved or changed
        stated = f"{block} states {block.output!r}, the code prints {printed!r}"
        assert block.output in (None, printed), stated


# --- Call -------------------------------------------------------------------------------------


def test_a_call_is_one_request_with_the_key_from_the_environment(user: Mode, wire: Wire) -> None:
    page = user.page()
    ((path, query, headers),) = wire.requests
    assert path == PATH
    assert query == {"user_id": [USER_ID], "page_num": ["1"], "page_size": ["10"]}
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert (len(page), page.has_more, page.credits) == (10, True, 1)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"sort_field": 1}, TypeError),
        ({"category_id": ""}, BadRequest),
        ({"page_size": 11}, BadRequest),
        ({"page_num": 0}, BadRequest),
    ],
)
def test_what_the_api_would_ignore_or_refuse_is_never_sent(
    user: Mode, wire: Wire, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        user.page(**arguments)
    assert wire.requests == []


def test_models_give_what_was_received(user: Mode, wire: Wire) -> None:
    page = user.page()
    assert [row.to_dict() for row in page] == wire.rows[:10]
    assert [cover.index for cover in page[0].covers] == sorted(c.index for c in page[0].covers)


# --- Pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bounds", "pages", "rows"),
    [
        ({}, [1, 2, 3], 25),
        ({"limit": 20}, [1, 2], 20),
        ({"max_pages": 1}, [1], 10),
        ({"start_page": 3}, [3], 5),
    ],
)
def test_a_walk_asks_for_the_pages_it_needs(
    user: Mode, wire: Wire, bounds: dict[str, int], pages: list[int], rows: int
) -> None:
    sort = {
        "influencer_product_sort_field": InfluencerProductSortField.TOTAL_SALE_GMV_AMT,
        "sort_type": SortType.DESC,
    }
    walked = user.products(**sort, **bounds)
    assert (wire.pages, len(walked.rows), walked.error) == (pages, rows, None)
    for _, query, _ in wire.requests:
        assert query["influencer_product_sort_field"] == ["2"]
        assert query["sort_type"] == ["1"]


def test_pages_gives_whole_pages(user: Mode) -> None:
    assert [len(page) for page in user.product_pages().rows] == [10, 10, 5]


@pytest.mark.parametrize("failure", [Answer(200, envelope(500)), Answer(502), None])
def test_an_error_in_the_middle_says_where_to_go_on(
    user: Mode, wire: Wire, failure: Answer | None
) -> None:
    wire.answers[2] = failure
    first = user.products()
    assert first.error is not None
    assert (first.error.rows_yielded, first.error.next_page, first.error.page_size) == (10, 2, 10)
    wire.answers.clear()
    rest = user.products(start_page=first.error.next_page)
    assert first.ids + rest.ids == [row["product_id"] for row in wire.rows]


# --- Errors and retries -----------------------------------------------------------------------

OUTCOMES: dict[str, tuple[Answer | None, type[KeyAPIError], list[float]]] = {
    "400": (Answer(400, envelope(400)), BadRequest, []),
    "401": (Answer(401, envelope(401)), AuthenticationError, []),
    "402": (Answer(402, envelope(402)), InsufficientCredits, []),
    "403": (Answer(403, envelope(403)), PermissionDenied, []),
    "404": (Answer(404, envelope(404)), NotFound, []),
    "code 404 under 200": (Answer(200, envelope(404)), NotFound, []),
    "quota": (Answer(500, envelope(500, "Usage Limit Exceeded")), InsufficientCredits, []),
    "429": (Answer(429, envelope(429)), RateLimited, [1, 2, 4]),
    "code 429 under 200": (Answer(200, envelope(429)), RateLimited, [1, 2, 4]),
    "429 that says when": (
        Answer(429, envelope(429), {"Retry-After": "30"}),
        RateLimited,
        [30, 30, 30],
    ),
    "429 for too long": (Answer(429, envelope(429), {"Retry-After": "3600"}), RateLimited, []),
    "500": (Answer(500, envelope(500)), ServerError, [2]),
    "502": (Answer(502, b"<html>Bad gateway</html>"), ServerError, [0.5, 1, 2]),
    "520": (Answer(520), ServerError, [0.5, 1, 2]),
    "HTML": (Answer(200, b"<html>Welcome</html>"), InvalidResponse, [0.5, 1, 2]),
    "cut short": (Answer(200, envelope(0, data=[])[:-5]), InvalidResponse, [0.5, 1, 2]),
    "null rows": (Answer(200, envelope(0)), InvalidResponse, []),
    "dropped": (None, TransportError, [0.5, 1, 2]),
}


@pytest.mark.parametrize(("answer", "error", "waits"), OUTCOMES.values(), ids=OUTCOMES)
def test_a_failure_is_raised_as_its_class_after_its_retries(
    user: Mode, wire: Wire, answer: Answer | None, error: type[KeyAPIError], waits: list[float]
) -> None:
    wire.answers[1] = answer
    with pytest.raises(KeyAPIError) as caught:
        user.page()
    found = caught.value
    assert type(found) is error
    assert user.clock.waits == waits
    assert found.attempts == len(wire.requests) == len(waits) + 1
    assert (found.operation, found.method) == ("influencer_products_analytics", "GET")
    assert found.url is not None
    assert found.url.startswith(wire.url + PATH)
    assert found.status == (answer and answer.status)
    if answer and b"requestId" in answer.body and answer.body.endswith(b"}"):
        assert found.request_id == REQUEST_ID


def test_a_server_that_repeats_pages_is_found_out(user: Mode, wire: Wire) -> None:
    wire.rows = wire.rows[:10]
    wire.answers[2] = Answer(body=json.dumps({**EXAMPLE, "data": wire.rows}).encode())
    assert isinstance(user.products().error, PaginationError)


def test_no_retries_are_made_where_none_are_allowed(user: Mode, wire: Wire) -> None:
    wire.answers[1] = Answer(503)
    with pytest.raises(ServerError):
        user.page(options={"max_retries": 0})
    assert len(wire.requests) == 1


# --- Time-outs, logging, raw response, options ------------------------------------------------


@pytest.mark.parametrize("options", [{"timeout": 0.1}, {"deadline": 0.1}])
def test_a_slow_answer_ends_in_time(user: Mode, wire: Wire, options: dict[str, float]) -> None:
    wire.answers[1] = Answer(body=envelope(0, data=[]), delay=2)
    started = time.monotonic()
    with pytest.raises(TransportError):
        user.page(options={"max_retries": 0, **options})
    assert time.monotonic() - started < 1.5


def test_the_log_tells_answers_and_retries_and_no_key(
    user: Mode, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wire.answers[2] = Answer(503, envelope(503, f"Bearer {KEY}"))
    assert user.products().error is not None
    levels = {record.levelname for record in caplog.records if record.name == "keyapi"}
    assert levels == {"DEBUG", "INFO"}
    assert all(KEY not in f"{record.getMessage()}{record.args}" for record in caplog.records)


def test_the_raw_response_is_at_hand(user: Mode) -> None:
    page = user.page()
    assert isinstance(page.response, httpx.Response)
    assert page.response.json()["requestId"] == page.request_id == REQUEST_ID


def test_low_level_functions_are_sent_by_the_same_retries(user: Mode, wire: Wire) -> None:
    wire.answers[1] = Answer(429, envelope(429))
    call = low_level.sync_detailed if user.name == "sync" else low_level.asyncio_detailed
    answer = user.call(lambda client: call(client=client, user_id=USER_ID, page_num=1, page_size=3))
    assert (answer.status_code, answer.parsed.code) == (429, 429)
    assert len(wire.requests) == 4


def test_changed_options_hold_on_the_same_connections(user: Mode, wire: Wire) -> None:
    def use(client: Any) -> Any:
        changed = client.with_options(max_retries=0)
        assert changed.influencer is not client.influencer
        return changed.influencer.products_analytics(user_id=USER_ID)

    def use_both(client: Any) -> Any:
        if user.name == "sync":
            return (use(client), client.influencer.products_analytics(user_id=USER_ID))

        async def both() -> Any:
            return (
                await use(client),
                await client.influencer.products_analytics(user_id=USER_ID),
            )

        return both()

    assert [len(page) for page in user.call(use_both)] == [10, 10]
    assert wire.connections == 1


def test_the_application_is_named_before_this_client(user: Mode, wire: Wire) -> None:
    user.page(options={"httpx_args": {"headers": {"User-Agent": "shop-radar/2.1"}}})
    agent = wire.requests[0][2]["User-Agent"]
    assert re.fullmatch(r"shop-radar/2\.1 keyapi-tiktok/\S+ python-httpx/\S+", agent)


def test_requests_go_through_a_proxy_and_are_still_sent_again(user: Mode, wire: Wire) -> None:
    wire.answers[1] = Answer(503)
    options = {"base_url": "http://api.invalid", "httpx_args": {"proxy": wire.url}}
    with pytest.raises(ServerError):
        user.page(options=options)
    assert [headers["Host"] for _, _, headers in wire.requests] == ["api.invalid"] * 4


def test_a_closed_client_says_so(user: Mode, wire: Wire) -> None:
    client = user.open()
    user.close(client)
    with pytest.raises(ConfigurationError, match="closed"):
        user.call(lambda _: client.influencer.products_analytics(user_id=USER_ID))
    assert wire.requests == []
