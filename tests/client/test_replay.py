"""Recordings, made and replayed: what was not recorded is not answered, and no key is kept."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from client.conftest import EXAMPLE, KEY, USER_ID, product, success
from keyapi import ConfigurationError, InvalidResponse, Page, RateLimited
from keyapi._client import SyncClient
from keyapi._operation import PagedOperation
from keyapi._paging import Cursor
from keyapi.recording.har import read, written
from keyapi.recording.model import RecordedCall, redacted
from keyapi.sandbox import Sandbox
from keyapi.testing import Recorder, Recording, RecordingError, ReplayError, record, replay
from keyapi_example import AsyncTikTok, TikTok
from support.pages import EXAMPLE as EXAMPLE_PROJECT

URL = "https://api.keyapi.ai/v1/tiktok/influencer/products/analytics"
ASKED = f"{URL}?user_id={USER_ID}&page_num=1&page_size=10"
COMMITTED = EXAMPLE_PROJECT / "recordings/influencer_products_analytics"


def recording(url: str = ASKED, **changes: Any) -> Recording:
    plain = Recording(method="GET", url=url, status=200, content=json.dumps(EXAMPLE).encode())
    return replace(plain, **changes)


def row(number: int) -> bytes:
    return success([product(number)]).content


Use = Callable[[Any], Any]


def sync(use: Use) -> Any:
    with TikTok(KEY, max_retries=0, check_arguments=False) as tiktok:
        return use(tiktok)


def in_asyncio(use: Use) -> Any:
    async def main() -> Any:
        async with AsyncTikTok(KEY, max_retries=0, check_arguments=False) as tiktok:
            return await use(tiktok)

    return asyncio.run(main())


@pytest.fixture(params=[sync, in_asyncio], ids=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Callable[..., Page[Any]]:
    """Calls the committed operation on a client that knows nothing of the replay."""

    def one(**arguments: Any) -> Any:
        given = {"user_id": USER_ID, **arguments}
        return request.param(lambda tiktok: tiktok.influencer.products_analytics(**given))

    return one


# --- Replay -----------------------------------------------------------------------------------

Call = Callable[..., Page[Any]]


def test_a_recording_answers_the_request_it_is_of(call: Call) -> None:
    with replay(recording()) as played:
        assert call()[0].to_dict() == EXAMPLE["data"][0]
    assert [str(request.url) for request in played.requests] == [ASKED]


def test_a_file_and_a_folder_are_replayed(call: Call) -> None:
    with replay(COMMITTED / "200.har"):
        assert len(call()) == 1
    with pytest.raises(ReplayError) as refused, replay(COMMITTED):
        call()
    assert str(refused.value).count(".har, entry 0") == 5


def test_the_same_request_recorded_twice_is_answered_in_that_order(call: Call) -> None:
    with replay(recording(content=row(1)), recording(content=row(2))):
        assert [call()[0].product_id[-1] for _ in range(2)] == ["1", "2"]


def test_a_recording_is_played_once(call: Call) -> None:
    problem = "each of its recordings has already been played: a recording"
    with pytest.raises(ReplayError, match=problem), replay(recording()):
        assert [call(), call()]


def test_each_recording_has_to_be_asked_for(call: Call) -> None:
    path = COMMITTED / "400.har"
    with pytest.raises(ReplayError) as left, replay(path, COMMITTED / "200.har"):
        call()
    assert str(left.value) == (
        f"Never requested: {path}, entry 0 (GET {URL}?page_num=1&page_size=10). "
        "Make the program send these requests, or remove their recordings"
    )


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"page_num": 2}, "query parameter page_num is '2', but was recorded as '1'"),
        ({"category_id": "3"}, "query parameter category_id is '3', but was not recorded"),
        ({"user_id": None}, f"query parameter user_id is missing, but was recorded as '{USER_ID}'"),
    ],
)
def test_a_request_that_was_not_recorded_is_refused_with_the_nearest(
    call: Call, asked: dict[str, Any], words: str
) -> None:
    far = recording(f"{URL}?user_id=1&page_num=7&page_size=7")
    with pytest.raises(ReplayError) as refused, replay(far, recording()):
        call(**asked)
    assert f"The closest recording is a recording (GET {ASKED}): {words}" in str(refused.value)


def test_another_place_is_refused_with_those_that_were_recorded(call: Call) -> None:
    with pytest.raises(ReplayError, match="not recorded; nothing was"), replay():
        call()
    other = recording("https://api.keyapi.ai/v1/x", method="POST")
    with pytest.raises(ReplayError, match=f"recorded was POST {other.url}$"), replay(other):
        call()


def test_a_refusal_that_the_program_swallowed_is_raised_at_the_end(call: Call) -> None:
    def program() -> None:
        call()
        with suppress(ReplayError):
            call(page_num=2)

    with (
        pytest.raises(ReplayError, match="page_num is '2', but was recorded as '1'"),
        replay(recording()),
    ):
        program()


def test_an_error_of_the_program_is_not_hidden_by_what_it_left() -> None:
    with pytest.raises(ZeroDivisionError), replay(recording()):
        _ = 1 / 0


def test_repeated_parameters_are_compared_each_in_its_order() -> None:
    with replay(recording("https://x.test/?a=1&b=3&a=2")):
        assert httpx.get("https://x.test/?a=1&a=2&b=3").status_code == 200
    for other in ("a=2&a=1&b=3", "a=1&b=3", "a=1&a=2&a=2&b=3", "a=1&a=2&b=3&c="):
        with pytest.raises(ReplayError), replay(recording("https://x.test/?a=1&b=3&a=2")):
            httpx.get(f"https://x.test/?{other}")


POSTED = {"keyword": "hat", "order_by": 1}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"keyword": "hat", "order_by": 1.0},
            "body property order_by is 1.0, but was recorded as 1",
        ),
        (
            {"keyword": "hat", "order_by": True},
            "body property order_by is true, but was recorded as 1",
        ),
        ({"keyword": "hat"}, "body property order_by is missing, but was recorded as 1"),
        (
            [POSTED],
            'body is [{"keyword": "hat", "order_by": 1}], but was recorded as a JSON object',
        ),
        (b"\xffhat", "body is b'\\xffhat', but was recorded as a JSON object"),
        (None, "body is missing, but was recorded as a JSON object"),
    ],
)
def test_a_json_body_is_compared_by_property(body: Any, words: str) -> None:
    posted = recording("https://x.test/", method="POST", body=json.dumps(POSTED).encode())
    sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    with replay(posted):
        assert httpx.post("https://x.test/", json=dict(reversed(POSTED.items()))).is_success
    with pytest.raises(ReplayError) as refused, replay(posted):
        httpx.post("https://x.test/", **({} if body is None else sent))
    assert words in str(refused.value)


def test_headers_of_the_way_are_not_replayed(call: Call) -> None:
    headers = (
        ("Content-Encoding", "gzip"),
        ("Content-Length", "5"),
        ("Transfer-Encoding", "chunked"),
        ("Retry-After", "7"),
    )
    with pytest.raises(RateLimited) as limited, replay(recording(status=429, headers=headers)):
        call()
    assert limited.value.retry_after == 7


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.har"
    for text, words in (
        ("{", "broken.har is not a HAR file"),
        ('{"log": {"entries": [{}]}}', "broken.har, entry 0: /log/entries/0/request is missing"),
        ('{"log": {"entries": []}}', "contains no recordings"),
    ):
        broken.write_text(text, "utf-8")
        with pytest.raises(RecordingError, match=words), replay(broken):
            pass
    with (
        pytest.raises(RecordingError, match="nowhere cannot be read: No such file or directory"),
        replay(tmp_path / "nowhere"),
    ):
        pass


def test_replay_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyapi.recording.replay.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"keyapi-tiktok\[testing\]"), replay():
        pass


def test_the_fixture_takes_recordings_as_the_test_goes_on(
    replay: Callable[..., None], call: Call
) -> None:
    replay(COMMITTED / "200.har")
    replay(recording(content=row(3)))
    assert call()[0].to_dict() == EXAMPLE["data"][0]
    assert call()[0].product_id[-1] == "3"


# --- An operation with a body, from a page of another shape -------------------------------------

SHOPS = PagedOperation(
    name="shop_list",
    method="POST",
    path="/v1/tiktok/shop/list",
    model=lambda: dict,
    items=("data", "shops"),
    body={"keyword": "keyword", "offset": "offset"},
    paging=Cursor(parameter="offset", next=("data", "max_cursor"), type=int),
)


@pytest.mark.parametrize("kind", [TikTok, AsyncTikTok])
def test_a_walk_of_posts_is_recorded_and_replayed(
    tmp_path: Path, kind: type[TikTok | AsyncTikTok]
) -> None:
    from support.page_shapes import zoo_specification

    sandbox = Sandbox(spec=zoo_specification())

    def walk(transport: Any = None) -> list[Any]:
        client: Any = kind(sandbox.key, base_url="https://x.test", transport=transport)
        arguments = {"region": "US", "keyword": "mug", "offset": None}
        pages = client._iterate(SHOPS, arguments, limit=25, max_pages=None)
        if isinstance(client, SyncClient):
            with client:
                return list(pages)

        async def main() -> list[Any]:
            async with client:
                return [shop async for shop in pages]

        return asyncio.run(main())

    path = tmp_path / "walk.har"
    with record(path, transport=sandbox.transport) as recorder:
        shops = walk(recorder)
    kept = read(path)
    assert [json.loads(one.body) for one in kept] == [
        {"keyword": "mug", **more} for more in ({}, {"offset": 10}, {"offset": 20})
    ]
    with replay(path):
        assert walk() == shops
    other = replace(kept[1], body=b'{"keyword":"mug","offset":11}')
    problem = "body property offset is 10, but was recorded as 11"
    with pytest.raises(ReplayError, match=problem), replay(kept[0], other):
        walk()


# --- Recording --------------------------------------------------------------------------------

BAD_COOKIE = "c4nary=crumb"


def leaky(request: httpx.Request) -> httpx.Response:
    """A server that repeats the key wherever it can, in a packed answer."""
    told = {
        **EXAMPLE,
        "message": f"key {KEY} of sk_live_0ther",
        "data": [{**product(1), "product_name": KEY.upper(), f"of {KEY}": [KEY, 7, None]}],
    }
    content = json.dumps(told).replace("c4nary of", "c4\\u006eary of").encode()
    headers = {
        "content-encoding": "gzip",
        "content-type": "application/json",
        "location": f"https://x.test/?of={KEY}",
        "set-cookie": BAD_COOKIE,
    }
    return httpx.Response(200, headers=headers, content=gzip.compress(content))


def test_no_key_is_written_wherever_it_stood(tmp_path: Path) -> None:
    path = tmp_path / "new" / "leaky.har"
    headers = {"Cookie": BAD_COOKIE, "X-Trace": f"of {KEY}", "X-API-Key": "als0-secret"}
    with record(path, transport=httpx.MockTransport(leaky)) as recorder:
        tiktok = TikTok(KEY, transport=recorder, httpx_args={"headers": headers})
        page = tiktok.influencer.products_analytics(user_id=KEY, category_id="als0-secret")
        tiktok.get_httpx_client().post(f"{URL}?key={KEY}", json={"key": KEY})
    assert page[0].product_name == KEY.upper()
    text = path.read_text("utf-8").lower()
    for secret in ("c4nary", "0ther", "als0-secret", "crumb", "c4\\u006eary", "gzip"):
        assert secret not in text
    first, second = read(path)
    assert ("authorization", "Bearer [key]") in first.request_headers
    assert ("cookie", "[key]") in first.request_headers
    assert second.body == b'{"key":"[key]"}'
    assert json.loads(first.content)["message"] == "key [key] of [key]"
    assert KEY not in repr(recorder.recordings)


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ('a/b"c d', b"a%2Fb%22c%20d a%2fb%22c+d a/b%22c%20d"),
        ('a/b"c d', b'{"is": "a\\/b\\"c d"}'),
        ("a\\b", b'{"is": "a\\\\b"}'),
        ("k-3-y", b"\xff\x00k-3-y\xfe"),
        ("k-3-y", b"<html>K-3-Y</html>"),
    ],
)
def test_a_key_is_found_however_it_is_written(key: str, body: bytes) -> None:
    leaking = recording(content=body, request_headers=(("Authorization", f"Bearer {key}"),))
    har = json.loads(written([leaking]))
    content = har["log"]["entries"][0]["response"]["content"]
    if "encoding" in content:
        assert content["text"] == "/wBba2V5Xf4="  # ff 00 "[key]" fe
    else:
        assert content["text"].replace("[key]", "") in ("  ", '{"is": ""}', "<html></html>")


def test_a_key_that_was_named_is_hidden_in_arguments_too() -> None:
    called = RecordedCall("operation", {"name": "s3cret", "other": 1}, None)
    text = written([recording(called=called)], ["s3cret", ""]).decode()
    assert "s3cret" not in text
    assert '"name": "[key]"' in text


def test_what_was_written_is_read_and_written_alike(tmp_path: Path) -> None:
    path = tmp_path / "all.har"
    several = [
        recording(content=b"\xff\x00", status=599, started="2026-02-03T04:05:06Z"),
        recording(method="POST", body=b"a=1", request_headers=(("Content-Type", "text/plain"),)),
        recording(
            called=RecordedCall("operation", {"a": None}, "a"), comment="recorded live on a day"
        ),
    ]
    path.write_bytes(written(several))
    assert read(path) == several
    assert [one.origin for one in read(path)] == [None, None, "live"]
    assert written(read(path)) == path.read_bytes()


def test_what_the_sandbox_answers_is_never_taken_for_live(tmp_path: Path, sandbox: Sandbox) -> None:
    with sandbox.serve() as url, record(tmp_path / "a.har") as recorder:
        tiktok = TikTok(sandbox.key, base_url=url, transport=recorder)
        page = tiktok.influencer.products_analytics(user_id=USER_ID)
        tiktok.close()
    (kept,) = read(tmp_path / "a.har")
    assert kept.url.startswith("http://sandbox.invalid/v1/")
    assert kept.comment == "recorded from the sandbox, seed 0"
    assert (kept.started, kept.milliseconds) == ("1970-01-01T00:00:00Z", 0)
    assert "date" not in dict(kept.headers)
    assert len(page) == 10
    recorder = Recorder(httpx.MockTransport(lambda request: success([])))
    sync_client = TikTok(KEY, transport=recorder)
    sync_client.influencer.products_analytics(user_id=USER_ID)
    assert recorder.recordings[0].origin == "live"
    assert recorder.recordings[0].comment == (
        f"recorded live on {recorder.recordings[0].started[:10]}"
    )


def test_what_a_sandbox_answered_on_any_port_replays_for_any_server(
    tmp_path: Path, call: Call
) -> None:
    files = []
    for number in range(2):
        sandbox = Sandbox()
        with sandbox.serve() as url, record(tmp_path / f"{number}.har") as recorder:
            tiktok = TikTok(sandbox.key, base_url=url, transport=recorder)
            first = tiktok.influencer.products_analytics(user_id=USER_ID)
            tiktok.close()
        files.append((tmp_path / f"{number}.har").read_bytes())
    assert files[0] == files[1], "the port is in it"
    with replay(tmp_path / "0.har"):
        assert list(call()) == list(first)
    with TikTok(sandbox.key, base_url=url) as tiktok, replay(tmp_path / "0.har"):
        assert list(tiktok.influencer.products_analytics(user_id=USER_ID)) == list(first)
    nearest = r"The closest recording is .*: query parameter page_num"
    with pytest.raises(ReplayError, match=nearest), replay(tmp_path / "0.har"):
        call(page_num=2)
    problem = "has already been played"
    with pytest.raises(ReplayError, match=problem), replay(tmp_path / "0.har"):
        assert [call(), call()]


def test_the_async_client_records_from_a_port(tmp_path: Path, sandbox_url: str) -> None:
    async def main() -> None:
        with record(tmp_path / "a.har") as recorder:
            async with AsyncTikTok(
                "sk_sandbox_0000", base_url=sandbox_url, transport=recorder
            ) as tiktok:
                await tiktok.influencer.products_analytics(user_id=USER_ID)

    asyncio.run(main())
    (kept,) = read(tmp_path / "a.har")
    assert (kept.status, kept.origin) == (200, "sandbox")


@pytest.mark.parametrize("kind", [TikTok, AsyncTikTok])
def test_an_answer_that_cannot_be_unpacked_is_not_kept(kind: Any) -> None:
    def damaged(request: httpx.Request) -> httpx.Response:
        headers = {"content-encoding": "gzip"}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"no gzip"))

    recorder = Recorder(httpx.MockTransport(damaged))
    client = kind(KEY, transport=recorder, max_retries=0)

    def call() -> None:
        answer = client.influencer.products_analytics(user_id=USER_ID)
        asyncio.run(answer)

    with pytest.raises(InvalidResponse, match="cannot be decompressed"):
        call()
    assert recorder.recordings == []


def test_a_recorder_that_was_not_used_can_be_closed() -> None:
    Recorder().close()
    asyncio.run(Recorder().aclose())


def test_nothing_is_written_where_the_program_failed_or_the_disk_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.har"
    path.write_text("before", "utf-8")
    with pytest.raises(ZeroDivisionError), record(path):
        _ = 1 / 0
    assert path.read_text("utf-8") == "before"

    def full(self: Path, target: Path) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(RecordingError, match=r"kept\.har cannot be written: the disk is full"):
        Recorder().save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["kept.har"]
    assert path.read_text("utf-8") == "before"


# --- What a key may look like, and where it may stand -----------------------------------------


@pytest.mark.parametrize("key", ["api", "1", "v1", "influencer", "page"])
def test_a_key_that_is_a_word_changes_no_host_path_or_parameter(key: str) -> None:
    url = "https://api.page.test/v1/tiktok/influencer/list?page=1&api=2&influencer=x"
    found = redacted(
        recording(url=url, request_headers=(("Authorization", f"Bearer {key}"),)), [key]
    )
    assert found.url == url
    assert found.request_headers == (("Authorization", "Bearer [key]"),)


def test_a_key_that_is_a_word_is_hidden_where_it_is_all_of_a_value() -> None:
    body = b'{"api": "api", "text": "an api", "list": ["api"]}'
    found = redacted(recording(url="https://host/?key=api&api=x", content=body), ["api"])
    assert found.url == "https://host/?key=[key]&api=x"
    assert json.loads(found.content) == {"api": "[key]", "text": "an api", "list": ["[key]"]}


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        *((name, True) for name in ("X-Auth-Token", "Apikey", "Ocp-Apim-Subscription-Key")),
        *((name, True) for name in ("X-Amz-Security-Token", "X-Session-Id", "X-Tenant")),
        *((name, False) for name in ("Accept", "User-Agent", "Content-Type", "Traceparent")),
    ],
)
def test_a_header_that_may_carry_a_secret_is_hidden(name: str, hidden: bool) -> None:
    found = redacted(recording(request_headers=((name, "value"),)), [])
    assert found.request_headers == ((name, "[key]" if hidden else "value"),)


@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
def test_a_key_is_found_in_base64(before: str) -> None:
    key = "live-4711-secret+/?"
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(f"{before}{key}: and more".encode()).decode()
        text = redacted(recording(content=f'"{encoded}"'.encode()), [key]).content.decode()
        assert "[key]" in text
        assert encoded[8:16] not in text


def test_what_a_program_names_is_hidden_too(tmp_path: Path) -> None:
    path = tmp_path / "recorded.har"
    named = success([{**product(1), "product_name": "shop-4711"}])
    server = httpx.MockTransport(lambda request: named)
    with (
        record(path, transport=server, secrets=["shop-4711"]) as recorder,
        TikTok("any-key-1", transport=recorder) as client,
    ):
        client.influencer.products_analytics(user_id=USER_ID)
    assert "shop-4711" not in path.read_text()


def test_an_answer_that_was_saved_without_its_text_is_not_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "browser.har"
    Recorder().save(path)
    har = json.loads(written([recording(content=b"{}")]))
    del har["log"]["entries"][0]["response"]["content"]["text"]
    path.write_text(json.dumps(har))
    with pytest.raises(RecordingError, match="save the file with content"):
        read(path)


def test_a_recorded_wait_takes_no_time(tmp_path: Path) -> None:
    refused = recording(
        status=429, headers=(("Retry-After", "30"),), content=b'{"code": 429, "message": "slow"}'
    )
    began = time.monotonic()
    with replay(refused, recording()), TikTok("any-key-1") as client:
        page = client.influencer.products_analytics(user_id=USER_ID)
    assert page.attempts == 2
    assert time.monotonic() - began < 1
