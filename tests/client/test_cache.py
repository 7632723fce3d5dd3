"""The cache: what was paid for once is not requested again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from hishel import SqliteStorage

from client.conftest import (
    KEY,
    Mode,
    Server,
    first_page,
    product,
    refusal,
    success,
)
from keyapi import ConfigurationError, KeyAPIError
from keyapi._answer import Answer
from keyapi._paging import PageNumbers
from keyapi_example import AsyncTikTok
from keyapi_example.api.influencer import influencer_products_analytics as products


def test_an_answer_is_asked_for_once(mode: Mode, server: Server, tmp_path: Path) -> None:
    for cached in (False, True):
        client = mode.open(cache=tmp_path / "answers")
        page = first_page(mode, client)
        assert (page.from_cache, page.attempts, page.credits) == (cached, not cached, not cached)
        assert client.credits_spent == (not cached)
        assert page[0].to_dict() == server.rows[0]
        assert page.response.json()["data"] == server.rows
        mode.close(client)
    assert len(server.requests) == 1


def test_a_client_finds_its_own_answers(mode: Mode, server: Server, tmp_path: Path) -> None:
    client = mode.open(cache=tmp_path)
    assert [first_page(mode, client).from_cache for _ in range(3)] == [False, True, True]
    mode.close(client)


@pytest.mark.parametrize("other", [{"user_id": "2"}, {"user_id": "1", "page_size": 3}])
def test_another_question_is_asked(
    mode: Mode, server: Server, tmp_path: Path, other: dict[str, Any]
) -> None:
    for arguments in ({"user_id": "1"}, other):
        mode.call(
            lambda client, found=arguments: client.influencer.products_analytics(**found),
            cache=tmp_path,
        )
    assert len(server.requests) == 2


BAD_ROW = {**product(1), "product_id": 5}


def _hook(mode: Mode) -> Any:
    def refuse(response: httpx.Response) -> None:
        raise KeyAPIError("refused by a hook")

    async def refuse_async(response: httpx.Response) -> None:
        refuse(response)

    return {"event_hooks": {"response": [refuse if mode.name == "sync" else refuse_async]}}


def first_of(pages: Any) -> Any:
    """The first of some pages, sync or async."""
    return anext(pages) if hasattr(pages, "__anext__") else next(pages)


def _refuse(violation: object) -> None:
    raise KeyAPIError("refused by a function")


REFUSED: dict[str, tuple[httpx.Response, dict[str, Any]]] = {
    "not found": (refusal(404), {}),
    "a code that is an error": (refusal(200, 7), {}),
    "null instead of rows": (success(None), {}),
    "a row that is none": (success([product(1), 5]), {}),
    "a broken contract": (success([BAD_ROW]), {"contract": "raise"}),
    "a broken contract, for a function": (success([BAD_ROW]), {"contract": _refuse}),
    "a hook that refuses it": (success([product(1)]), {"httpx_args": _hook}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_accepted_is_not_kept(
    mode: Mode, server: Server, tmp_path: Path, case: str
) -> None:
    server.always, options = REFUSED[case]
    given = {name: each(mode) if each is _hook else each for name, each in options.items()}
    for _ in range(2):
        with pytest.raises(KeyAPIError):
            mode.page(options={"cache": tmp_path, **given})
    assert len(server.requests) == 2


def test_what_another_client_kept_is_requested_again_where_it_is_not_accepted(
    mode: Mode, server: Server, tmp_path: Path
) -> None:
    server.always = success([BAD_ROW])
    assert not mode.page(options={"cache": tmp_path}).from_cache
    assert mode.page(options={"cache": tmp_path}).from_cache
    server.always = success([product(1)])
    page = mode.page(options={"cache": tmp_path, "contract": "raise"})
    assert (page.from_cache, page.attempts, len(server.requests)) == (False, 1, 2)
    assert mode.page(options={"cache": tmp_path, "contract": "raise"}).from_cache


def test_a_page_that_a_walk_fetched_is_kept_for_a_call_of_that_page(
    mode: Mode, server: Server, tmp_path: Path
) -> None:
    server.always = success([])
    with_cache = {"cache": tmp_path}
    page = mode.call(
        lambda client: client.video.search(video_ids=["1"], keyword="a", page_num=2), **with_cache
    )
    assert not page.from_cache
    for use in (
        lambda client: client.video.search(video_ids=["1"], keyword="a", page_num=2),
        lambda client: first_of(
            client.video.iter_search(video_ids=["1"], keyword="a", start_page=2).pages()
        ),
    ):
        assert mode.call(use, **with_cache).from_cache
    assert len(server.requests) == 1


def test_rows_that_a_kept_answer_lacks_are_requested_again(
    mode: Mode, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:  # as an older version of the client
        patch.setattr(Answer, "page", lambda answer, operation: None)
        server.always = success(None)
        mode.page(options={"cache": tmp_path})
    server.always = None
    page = mode.page(options={"cache": tmp_path})
    assert (page.from_cache, len(page), len(server.requests)) == (False, 1, 2)


def test_a_page_that_names_no_next_one_is_not_kept(
    mode: Mode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*args: Any) -> None:
        raise LookupError("/data/cursor names no next page")

    monkeypatch.setattr(PageNumbers, "following", lost)
    for _ in range(2):
        assert not mode.page(options={"cache": tmp_path}).from_cache


def test_what_a_low_level_function_cannot_read_is_neither_kept_nor_left(
    mode: Mode, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def use(client: Any) -> Any:
        call = products.sync if mode.name == "sync" else products.asyncio
        return call(client=client, user_id="1", page_num=1, page_size=10)

    def broken(*args: Any, **named: Any) -> None:
        raise TypeError("not this")

    def refused() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(products, "_parse_response", broken)
            with pytest.raises(TypeError, match="not this"):
                mode.call(use, cache=tmp_path)

    def read() -> int:
        assert len(mode.call(use, cache=tmp_path).data) == 1
        return len(server.requests)

    refused()
    refused()
    assert (len(server.requests), read(), read()) == (2, 3, 3)
    refused()  # what was kept
    assert (len(server.requests), read(), read()) == (3, 4, 4)
    with monkeypatch.context() as patch:  # a broken cache costs one more request, and no error
        patch.setattr(SqliteStorage, "remove_entry", broken)
        refused()
    assert read() == 4


def test_the_key_is_not_kept(mode: Mode, server: Server, tmp_path: Path) -> None:
    mode.page(options={"cache": tmp_path})
    server.rows = [{**server.rows[0], "product_name": KEY}]
    mode.page(options={"cache": tmp_path}, page_size=3)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY.encode() not in kept
    assert server.rows[0]["product_id"].encode() in kept


def test_an_old_answer_is_asked_for_anew(
    mode: Mode, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    started = time.time()
    for seconds, sent in ((0, 1), (3599, 1), (3601, 2)):
        monkeypatch.setattr(time, "time", lambda later=seconds: started + later)
        mode.page(options={"cache": {"path": str(tmp_path), "ttl": 3600}})
        assert len(server.requests) == sent


def test_clients_of_one_folder_may_differ_in_how_long_an_answer_counts(
    mode: Mode, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    started = time.time()
    for seconds, ttl, sent in ((0, 3600, 1), (60, 61, 1), (60, 59, 2), (118, 59, 2), (3500, 99, 3)):
        monkeypatch.setattr(time, "time", lambda later=seconds: started + later)
        mode.page(options={"cache": {"path": tmp_path, "ttl": ttl}})
        assert len(server.requests) == sent


def test_an_answer_from_the_future_is_asked_for_anew_and_never_given_later(
    mode: Mode, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = time.time()
    for seconds, sent in ((90, 1), (0, 2), (60, 2), (95, 3), (60, 3)):
        monkeypatch.setattr(time, "time", lambda later=seconds: started + later)
        mode.page(options={"cache": {"path": tmp_path, "ttl": 80}})
        assert len(server.requests) == sent


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_nothing_can_be_kept_in_is_refused_when_the_client_is_made(
    mode: Mode, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ConfigurationError, match="cache folder cannot be written") as caught:
        mode.open(cache=tmp_path / place)
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("broken", ["streams", "chunks", "closed", "disk"])
def test_an_answer_that_was_paid_for_is_not_lost_to_a_fault_of_the_cache(
    mode: Mode,
    server: Server,
    tmp_path: Path,
    broken: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import sqlite3

    mode.page(options={"cache": tmp_path})
    client = mode.open(cache=tmp_path)
    if broken == "closed":
        client._session.cache(client._settings.cache).close()
    elif broken == "disk":
        tables = (
            "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
        with sqlite3.connect(next(tmp_path.glob("*.db"))) as database:
            database.execute(tables)
            database.execute("DELETE FROM entries")
        database.close()
    else:
        sql = {"streams": "DROP TABLE streams", "chunks": "DELETE FROM streams"}[broken]
        with sqlite3.connect(next(tmp_path.glob("*.db"))) as database:
            database.execute(sql)
        database.close()
    page = first_page(mode, client)
    mode.close(client)
    assert page[0].to_dict() == server.rows[0]
    assert (page.from_cache, len(server.requests)) == (False, 2)
    assert {record.name.partition(".")[0] for record in caplog.records} & {"keyapi", "hishel"}


@pytest.mark.parametrize("damage", ["file", "body", "meaning"])
def test_a_damaged_entry_is_asked_for_anew(
    mode: Mode, server: Server, tmp_path: Path, damage: str
) -> None:
    import hashlib
    import sqlite3

    mode.page(options={"cache": tmp_path})
    (file,) = tmp_path.glob("*.db")
    if damage == "file":
        file.write_bytes(b"no database" * 1000)
    else:
        body = b'{"code": 7}'
        with sqlite3.connect(file) as database:
            database.execute(
                "UPDATE streams SET chunk_data = ? WHERE length(chunk_data) > 9", [body]
            )
            if damage == "meaning":
                (data,) = database.execute("SELECT data FROM entries").fetchone()
                start = data.index(b"x-keyapi-sha256")
                digest = hashlib.sha256(body).hexdigest().encode()
                at = next(
                    i
                    for i in range(start + 15, len(data))
                    if data[i : i + 64].isalnum() and len(data[i : i + 64]) == 64
                )
                data = data[:at] + digest + data[at + 64 :]
                database.execute("UPDATE entries SET data = ?", [data])
        database.close()
    page = mode.page(options={"cache": tmp_path})
    assert (page.from_cache, len(server.requests)) == (False, 2)


@pytest.mark.parametrize(
    "cache", ["", 5, {}, {"path": "a", "ttl": 0}, {"path": "a", "age": 1}, {"ttl": 5}]
)
def test_a_cache_that_is_none_is_refused(mode: Mode, cache: Any) -> None:
    with pytest.raises(ConfigurationError, match="cache"):
        mode.open(cache=cache)


def test_requests_by_hand_are_not_kept(mode: Mode, server: Server, tmp_path: Path) -> None:
    def use(client: Any) -> Any:
        if isinstance(client, AsyncTikTok):
            return client.get_async_httpx_client().get("/x?page_num=1&page_size=1")
        return client.get_httpx_client().get("/x?page_num=1&page_size=1")

    for _ in range(2):
        mode.call(use, cache=tmp_path)
    assert len(server.requests) == 2
