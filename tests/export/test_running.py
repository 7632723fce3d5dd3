"""How a run goes: sync and async clients, progress, interrupts, pace, budgets, large files."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from keyapi import BudgetExceeded, ConfigurationError
from keyapi.arrow import RowSchema
from keyapi.export import (
    ExportError,
    ExportStopped,
    Report,
    State,
    _lineage,
    aexport,
    dry_run,
    export,
    retry,
    status,
    verify,
)
from keyapi.export import _files as files
from keyapi.export._commits import Commits
from keyapi.export._engine import _fetched
from keyapi.export._journal import Journal
from keyapi.export._reader import JournalReader, connect
from keyapi.export._ready import Ready
from keyapi.export._records import CommittedPage, FetchedPage
from keyapi.specification import Specification
from keyapi_example import AsyncTikTok, TikTok
from support.creators import Creators, refusal
from support.exporting import DAY, KEY, committed, expected, exported, rows_of, set_fact

IDS = [str(n) for n in range(1, 10)]


def walk_of(creators: Creators, **options: Any) -> Any:
    """The method of a sync client that reaches the server."""
    client = TikTok(KEY, transport=creators.transport(), max_retries=0, **options)
    return client.influencer.iter_products_analytics


# --- Clients ------------------------------------------------------------------------------------


def test_a_sync_client_works_in_threads(creators: Creators, out: Path) -> None:
    threads: set[int] = set()
    answer = creators.answer

    def noted(query: dict[str, str]) -> Any:
        threads.add(threading.get_ident())
        return answer(query)

    creators.answer = noted  # type: ignore[method-assign]
    report = export(walk_of(creators), IDS, out, as_of=DAY, concurrency=4)
    assert report.complete
    assert threading.get_ident() not in threads
    assert rows_of(out) == expected(creators, creators.pages)


def test_a_sync_client_serves_where_a_loop_is_running_as_in_a_notebook(
    creators: Creators, out: Path
) -> None:
    async def cell() -> Report:
        return export(walk_of(creators), IDS, out, as_of=DAY)

    assert asyncio.run(cell()).complete

    async def failing() -> Report:
        return export(walk_of(creators), ["1.5e18"], out, as_of=DAY)

    with pytest.raises(ConfigurationError, match=r"ids\[0\]: 1\.5e18 is a fraction"):
        asyncio.run(failing())


def test_cached_answers_cost_nothing(creators: Creators, out: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"cache": tmp_path / "cache"}
    exported(creators, IDS, out, client=options)
    paid = creators.charged
    shutil.rmtree(out)
    report = exported(creators, IDS, out, client=options)
    assert (creators.charged, report.credits, report.pages) == (paid, 0, len(creators.pages))
    assert rows_of(out) == expected(creators, creators.pages)


def test_waiting_for_the_pace_counts_nothing_and_keeps_every_page(
    creators: Creators, out: Path
) -> None:
    report = exported(creators, IDS, out, client={"rate": "500/s"})
    assert report.credits == creators.charged == len(creators.pages)


# --- Progress -----------------------------------------------------------------------------------


def test_progress_is_told_and_ends_with_the_last_report(creators: Creators, out: Path) -> None:
    told: list[Report] = []
    report = exported(creators, IDS, out, progress=told.append)
    assert (told[0].todo, told[0].pages) == (9, 0)
    assert told[-1] == report


def test_a_progress_function_that_fails_ends_the_export(creators: Creators, out: Path) -> None:
    def fail(report: Report) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exported(creators, IDS, out, progress=fail)
    assert exported(creators, IDS, out).complete


def test_an_error_of_the_programs_own_ends_the_export(creators: Creators, out: Path) -> None:
    def broken() -> Any:
        raise ZeroDivisionError

    creators.faults["5"] = broken
    with pytest.raises(ZeroDivisionError):
        exported(creators, IDS, out)
    creators.faults.clear()
    assert exported(creators, IDS, out).complete
    assert set(creators.paid.values()) == {1}


# --- Interrupts ---------------------------------------------------------------------------------


def interrupted(
    creators: Creators, out: Path, when: Callable[[], bool], times: int = 1, **client: Any
) -> None:
    """Export, and cancel that once something holds."""

    async def main() -> None:
        async with AsyncTikTok(
            KEY, transport=transport(creators), max_retries=0, **client
        ) as tiktok:
            walk = tiktok.influencer.iter_products_analytics
            running = asyncio.create_task(
                aexport(walk, IDS, out, as_of=DAY, concurrency=3, on_new_day="continue")
            )
            while not when():
                await asyncio.sleep(0.001)
            for _ in range(times):
                running.cancel()
                await asyncio.sleep(0.01)
            with pytest.raises(asyncio.CancelledError):
                await running

    asyncio.run(main())


def transport(creators: Creators, delay: float = 0.05) -> httpx.MockTransport:
    """An asyncio transport that takes its time."""
    direct = creators.transport()

    async def handle(request: httpx.Request) -> httpx.Response:
        response = await direct.handle_async_request(request)
        await asyncio.sleep(delay)
        return response

    return httpx.MockTransport(handle)


def test_a_cancelled_export_commits_and_publishes_what_is_in_flight(
    creators: Creators, out: Path
) -> None:
    interrupted(creators, out, lambda: creators.charged >= 5)
    assert committed(out) == set(creators.paid)
    assert rows_of(out) == expected(creators, set(creators.paid))
    assert creators.charged < len(creators.pages)
    assert exported(creators, IDS, out).complete
    assert set(creators.paid.values()) == {1}


def test_requests_that_wait_for_the_pace_are_not_sent_any_more(
    creators: Creators, out: Path
) -> None:
    interrupted(creators, out, lambda: creators.charged >= 1, rate="1/h")
    assert creators.charged == 1
    assert status(out).report.credits == 1


def test_cancelling_again_does_not_wait(creators: Creators, out: Path) -> None:
    interrupted(creators, out, lambda: creators.charged >= 5, times=2)
    assert exported(creators, IDS, out).complete
    assert creators.charged - len(creators.pages) <= 3
    assert rows_of(out) == expected(creators, creators.pages)


# --- Budgets ------------------------------------------------------------------------------------


class Purse:
    """A budget that several exports share."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.spent = 0

    def reserve(self, cost: int) -> bool:
        if self.spent + cost > self.allowed:
            return False
        self.spent += cost
        return True

    def refund(self, cost: int) -> None:
        self.spent -= cost


def test_a_shared_budget_bounds_an_export_besides_its_own(creators: Creators, out: Path) -> None:
    purse = Purse(7)
    with pytest.raises(ExportStopped) as caught:
        exported(creators, IDS, out, client={"max_credits": purse})
    assert isinstance(caught.value.__cause__, BudgetExceeded)
    assert creators.charged == purse.spent == caught.value.report.credits == 7
    purse.allowed = 100
    report = exported(creators, IDS, out, client={"max_credits": purse})
    assert purse.spent == report.credits == creators.charged


def test_a_shared_budget_may_get_ready_first(creators: Creators, out: Path) -> None:
    asked: list[int] = []

    class Ready(Purse):
        async def ready(self, cost: int) -> None:
            asked.append(cost)

    exported(creators, ["3"], out, client={"max_credits": Ready(100)})
    assert asked == [1] * creators.charged


def test_what_never_left_is_refunded_to_both(creators: Creators, out: Path) -> None:
    purse = Purse(100)
    creators.faults["3"] = lambda: httpx.ConnectError("refused")
    creators.faults["4"] = lambda: httpx.ReadError("reset")
    report = exported(creators, ["3", "4"], out, client={"max_credits": purse})
    assert (report.failed, report.credits, purse.spent) == (2, 2, 2)
    report = exported(creators, ["3"], out.with_name("other"))
    assert report.credits == 0


# --- Pages that end oddly -----------------------------------------------------------------------


def test_a_page_that_repeats_another_makes_an_id_dead(creators: Creators, out: Path) -> None:
    creators.products = lambda creator, page, size=10: [{"user_id": creator}] * 10  # type: ignore[method-assign]
    report = exported(creators, ["3"], out)
    assert (report.dead, report.pages) == (1, 1)
    assert "repeats the rows" in str(status(out).problems[0].error)


def test_a_page_that_names_no_next_one_although_more_follow_makes_an_id_dead() -> None:
    class Page:
        next = None
        has_more = True
        _lost = "/data/cursor names no next page"
        credits = 1
        request_id = None
        _response = httpx.Response(200, content=b"{}")

        def __len__(self) -> int:
            return 2

    page: Any = Page()
    fetched = _fetched(1, 1, page, 2, None)
    assert (fetched.state, fetched.error) == (State.DEAD, "/data/cursor names no next page")


def test_an_id_that_has_no_page_to_go_on_from_stays_dead(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path / "j.sqlite", {})
    journal.add(["a", "b", "c"])
    page = FetchedPage(1, 1, 2, 1, None, 0, b"{}", None, State.DEAD, "lost")
    journal.commit([page]).result()
    journal.commit([page._replace(n=2, next="x")]).result()
    journal.settle(3, State.DEAD, "404").result()
    assert journal.put_back(State.DEAD) == 2
    assert [claim.id for claim in journal.claims(State.TODO, 0, 10)] == ["b", "c"]
    journal.close()


# --- Files --------------------------------------------------------------------------------------


def _page(seq: int, *rows: Any) -> CommittedPage:
    return CommittedPage(seq, "1", seq, len(rows), None, 0, list(rows))


@pytest.fixture(scope="module")
def columns() -> RowSchema:
    spec = Specification.of_package("keyapi_example").operations["influencer_products_analytics"]
    return RowSchema.of(spec)


def test_pages_that_were_read_from_the_journal_are_not_published_again(columns: RowSchema) -> None:
    ready = Ready(columns, 4, 8)
    assert ready.add([_page(seq, {"product_id": str(seq)}) for seq in range(2, 6)]) == 4
    block, _ = ready.take(3)
    assert block is not None
    assert [page.seq for page in block.pages] == [4, 5]
    assert block.table["product_id"].to_pylist() == ["4", "5"]
    assert ready.add([_page(6), _page(7, {})], last=True) == 2
    assert ready.take(7) == (None, None)


def test_what_is_not_in_memory_is_read_up_to_what_is(columns: RowSchema) -> None:
    ready = Ready(columns, 2, 2)
    assert ready.add([_page(1, {})]) == 0
    assert ready.take(0) == (None, 1)
    assert ready.add([_page(2, {})]) == 2
    assert ready.add([_page(3, {}), _page(4, {})]) == 2, "too many wait: these are let go"
    block, _ = ready.take(0)
    assert block is not None
    assert block.pages[-1].seq == 2
    ready.add([_page(5, {}), _page(6, {})])
    assert ready.take(2) == (None, 5)


def test_rows_that_are_none_are_left_to_the_publisher(columns: RowSchema) -> None:
    ready = Ready(columns, 1, 2)
    assert ready.add([_page(1, "text")]) == 1
    assert ready.take(0) == (None, None)


def test_a_page_whose_worker_was_cancelled_is_committed_all_the_same() -> None:
    class Slow:
        def __init__(self) -> None:
            self.pages: list[FetchedPage] = []
            self.written: Future[int] = Future()

        def commit(self, pages: Sequence[FetchedPage]) -> Future[int]:
            self.pages += pages
            return self.written

    async def main() -> None:
        ledger: Any = Slow()
        told: list[int] = []
        commits = Commits(ledger, lambda: 2, lambda rows, pages=(): told.append(rows))
        page = FetchedPage(1, 1, 2, 1, None, 0, b"{}", None, State.DONE, None)
        tasks = [asyncio.ensure_future(commits.commit(page, "1", [{}, {}])) for _ in range(2)]
        while len(ledger.pages) < 2:
            await asyncio.sleep(0)
        tasks[0].cancel()
        ledger.written.set_result(1)
        await tasks[1]
        assert sum(told) == 4

    asyncio.run(main())


def test_files_are_written_while_pages_are_fetched_in_groups(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "GROUP_ROWS", 40)
    monkeypatch.setattr(files, "FILE_GROUPS", 2)
    creators = Creators({str(n): (n % 5) * 10 for n in range(1, 41)})
    seen: list[int] = []

    def fault() -> Any:
        seen.append(len(list(out.glob("data/*/part*"))))
        return refusal(404)

    creators.faults["39"] = fault
    report = exported(creators, list(creators.rows), out)
    assert report.files > 3
    assert seen[0] > 0
    for path in out.glob("data/*/part*"):
        assert pq.ParquetFile(path).num_row_groups <= 2
    assert verify(out).problems == []
    assert rows_of(out) == expected(creators, committed(out))


def test_empty_creators_make_no_file(creators: Creators, out: Path) -> None:
    report = exported(creators, ["1"], out)
    assert (report.empty, report.files, report.published) == (1, 0, 0)
    assert verify(out).problems == []
    exported(creators, ["1", "3"], out)
    assert verify(out).problems == []


def test_what_came_of_each_id_is_a_file_too(creators: Creators, out: Path) -> None:
    creators.faults["4"] = lambda: refusal(500, "boom")
    exported(creators, ["1", "3", "404", "4"], out)
    rows = pq.ParquetFile(out / "ids" / f"_as_of={DAY}" / "ids.parquet").read().to_pylist()
    assert [(row["id"], row["state"], row["pages"], row["rows"]) for row in rows] == [
        ("1", "empty", 1, 0),
        ("3", "done", 2, 10),
        ("404", "dead", 0, 0),
        ("4", "failed", 0, 0),
    ]
    assert "not collected" in rows[2]["error"]
    (out / "ids" / f"_as_of={DAY}" / "ids.parquet").write_bytes(b"")
    assert "ids.parquet was changed" in verify(out).problems[0]


def test_columns_of_the_api_keep_their_names(creators: Creators, out: Path) -> None:
    field = _lineage._free(pa.field("_id", pa.string()), pa.schema([("_id", pa.string())]))
    assert field.name == "__id"


@pytest.mark.parametrize("function", ["write_results", "write_json"])
def test_a_full_disk_under_what_is_written_last_is_explained(
    creators: Creators, out: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    def full(*arguments: Any, **options: Any) -> Any:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        if function == "write_json":
            patch.setattr(Path, "write_text", full)
        else:
            results = files.write_results

            def at_the_end(*arguments: Any) -> Any:
                patch.setattr(files.pq, "ParquetWriter", full)
                return results(*arguments)

            patch.setattr(files, "write_results", at_the_end)
        with pytest.raises(ExportError, match="the disk is full"):
            exported(creators, IDS, out)
    assert exported(creators, IDS, out).complete
    assert verify(out).problems == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            "pages SET rows = 9, crc = checksum(seq, n, page, 9, credits) WHERE page = 2 AND seq =",
            r"says that page 2 of . has 9 rows, and its answer",
        ),
        ("pages SET rows = 9 WHERE page = 2 AND seq =", "a row of the table pages has changed"),
        (
            "bodies SET packed = x'00', crc = checksum(first, last, pages, x'00') WHERE first =",
            "is damaged: ",
        ),
        ("bodies SET packed = x'00' WHERE first =", "a row of the table bodies has changed"),
    ],
)
def test_a_body_that_is_not_what_was_committed_is_never_published(
    creators: Creators, out: Path, monkeypatch: pytest.MonkeyPatch, change: str, problem: str
) -> None:
    monkeypatch.setattr(files, "_LOTS", 0)  # all pages are read from the journal
    creators.faults["9", 3] = lambda: refusal(500)
    exported(creators, [], out)
    with sqlite3.connect(out / f"journal-{DAY}.sqlite") as journal:
        table, place = change.split()[0], change.split()[-2]
        journal.execute(
            f"CREATE TRIGGER worse AFTER INSERT ON {table} BEGIN UPDATE {change} NEW.{place}; END"
        )
    journal.close()
    with pytest.raises(ExportError, match=problem):
        exported(creators, IDS, out)
    assert not list(out.glob("data/*/part*"))


def test_an_error_of_the_publisher_ends_the_fetching(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "GROUP_ROWS", 10)
    monkeypatch.setattr("keyapi.export._run._TICK", 0.01)

    def full(*arguments: Any, **options: Any) -> Any:
        raise OSError(28, "No space left on device")

    creators = Creators({str(n): 20 for n in range(1, 200)})
    monkeypatch.setattr(files.pq, "ParquetWriter", full)

    async def main() -> None:
        async with AsyncTikTok(KEY, transport=transport(creators, 0.005)) as tiktok:
            walk = tiktok.influencer.iter_products_analytics
            await aexport(walk, list(creators.rows), out, concurrency=3)

    with pytest.raises(ExportError, match=r"part-000001\.parquet: the disk is full"):
        asyncio.run(main())
    assert creators.charged < len(creators.pages)


# --- Other kinds of ids and places --------------------------------------------------------------


def test_ids_are_passed_as_the_argument_takes_them(out: Path) -> None:
    from keyapi.export._plan import Plan

    with TikTok(KEY) as tiktok:
        walk = tiktok.video.iter_search
        plan = Plan.of(walk, {"keyword": "x"}, id_parameter="video_ids")
        assert plan.value("7") in (["7"], [7])
        plan = Plan.of(tiktok.shop.iter_list, {}, id_parameter="page_size")
        assert (plan.value("7"), plan.value("x")) == (7, "x")


def test_retry_needs_a_client_that_has_the_method(creators: Creators, out: Path) -> None:
    exported(creators, ["3"], out)
    set_fact(out, "method", "gone")
    with pytest.raises(ConfigurationError, match=r"TikTok has no influencer\.gone, which"):
        retry(TikTok(KEY), out)


def test_a_folder_that_is_a_file_is_named(creators: Creators, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    for use in (lambda: exported(creators, ["3"], path), lambda: status(path)):
        with pytest.raises(ConfigurationError, match=f"{path}: "):
            use()


def test_a_lock_that_cannot_be_written_is_named(creators: Creators, out: Path) -> None:
    (out / "export.lock").mkdir(parents=True)
    with pytest.raises((ConfigurationError, ExportError), match="Cannot write in the folder"):
        exported(creators, ["3"], out)


def test_a_journal_that_cannot_be_made_is_named(
    creators: Creators, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (out / f"journal-{DAY}.sqlite.new").mkdir(parents=True)
    with pytest.raises(ExportError, match=r"Cannot write .*journal-2024-11-27\.sqlite"):
        exported(creators, ["3"], out)


def test_a_journal_that_can_only_be_read_tells_its_status(
    creators: Creators, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(creators, IDS, out)
    monkeypatch.setattr("keyapi.export._reader.os.access", lambda path, mode: False)
    assert status(out).report.complete
    monkeypatch.setattr("keyapi.export._journal.connect", lambda path: connect(path, "ro"))
    with pytest.raises(ExportError, match=r"Cannot write .*journal.*readonly"):
        exported(creators, IDS, out)


def test_a_journal_whose_content_is_damaged_is_refused(creators: Creators, out: Path) -> None:
    exported(creators, ["3"], out)
    with sqlite3.connect(out / f"journal-{DAY}.sqlite") as journal:
        journal.execute("PRAGMA writable_schema = 1")
        change = "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'ids'"
        journal.execute(change, ("credits INTEGER NOT NULL", "credits INTEGER"))
    journal.close()
    with sqlite3.connect(out / f"journal-{DAY}.sqlite") as journal:
        journal.execute("UPDATE ids SET credits = NULL")
        journal.execute("PRAGMA writable_schema = 1")
        journal.execute(change, ("credits INTEGER", "credits INTEGER NOT NULL"))
    journal.close()
    with pytest.raises(ExportError, match=r"is damaged: NULL value in ids\.credits"):
        exported(creators, ["3"], out)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("schema", "can't decode byte"),
        ("UPDATE ids SET state = 99", "99 is not a valid State"),
        (
            "UPDATE facts SET value = '{' WHERE name = 'plan'",
            "a row of the table facts has changed",
        ),
        ("UPDATE ids SET id = CAST(x'ff' AS TEXT)", "Could not decode to UTF-8"),
    ],
)
def test_a_journal_with_other_bytes_in_it_is_damaged(
    creators: Creators, out: Path, change: str, reason: str
) -> None:
    exported(creators, ["3"], out)
    path = out / f"journal-{DAY}.sqlite"
    if change == "schema":  # SQLite's own message repeats it
        path.write_bytes(
            path.read_bytes().replace(b"CREATE TABLE ids", b"CREATE \xff\xff\xff\xff\xff ids")
        )
    else:
        with sqlite3.connect(path) as journal:
            journal.execute(change)
        journal.close()
    with pytest.raises(ExportError, match=f"{path.name} is damaged: .*{reason}"):
        exported(creators, ["3"], out)


def test_what_the_disk_refuses_is_not_damage(
    creators: Creators, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(creators, ["3"], out)
    reader = JournalReader(out / f"journal-{DAY}.sqlite")
    with (
        pytest.raises(ExportError, match=r"Cannot write .*: disk I/O error\."),
        reader._reading(),
    ):
        raise sqlite3.OperationalError("disk I/O error")
    reader.close()


def test_a_page_that_does_not_follow_the_last_one_is_not_committed(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path / "j.sqlite", {})
    journal.add(["a"])
    page = FetchedPage(1, 2, 2, 1, None, 0, b"{}", "3", State.TODO, None)
    with pytest.raises(ExportError, match="1 of 1 pages do not follow"):
        journal.commit([page]).result()
    journal.close()


def test_work_on_a_journal_that_raises_tells_whoever_waits(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path / "j.sqlite", {})
    with pytest.raises(TypeError, match="not JSON serializable"):
        journal.set_fact("name", object()).result()
    journal.set_fact("name", 1).result()
    journal.close()


def test_a_folder_that_sqlite_cannot_use_is_not_a_damaged_journal(
    creators: Creators, out: Path
) -> None:
    exported(creators, ["3"], out)
    (out / f"journal-{DAY}.sqlite-wal").mkdir()
    with pytest.raises(ExportError, match=r"Cannot write .*unable to open"):
        status(out)


def test_a_journal_that_fails_on_the_way_ends_the_export(
    creators: Creators, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keyapi.export._writer import Writer

    write = Writer._committed

    def full(self: Writer, items: Any) -> Any:
        if creators.charged >= 3:
            raise sqlite3.OperationalError("database or disk is full")
        return write(self, items)

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "_committed", full)
        with pytest.raises(ExportError, match=r"^Cannot write .*: the disk is full\.[^()]*$"):
            exported(creators, IDS, out)
    assert creators.charged <= 3 + 3
    assert exported(creators, IDS, out).complete


def test_a_run_without_any_result_makes_nothing_likely(creators: Creators, out: Path) -> None:
    exported(creators, [], out)
    assert dry_run(walk_of(creators), IDS, out).likely is None
