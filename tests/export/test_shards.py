"""Exports whose list is worked on in slices: what must hold whoever dies, stops or comes late."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from keyapi._redis import server as servers
from keyapi.export import ExportStopped, export, status, verify
from keyapi.export._segments.log import ShardLost
from keyapi.export._shards import placing
from keyapi.export._shards.shard import ShardReport
from keyapi_example import TikTok
from support.creators import CreatorsServer, refusal
from support.exporting import DAY, KEY, expected, rows_of
from support.loopback import until
from support.redis_server import RedisProcess, needs_redis
from support.sharding import (
    CONCURRENCY,
    FLUSH,
    Credits,
    Kills,
    desk,
    logged,
    made,
    shard_of,
    spread,
    worker,
    workers,
)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


def test_the_result_equals_that_of_one_machine(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    creators = made(40)
    creators.faults["7"] = lambda: refusal(404)
    creators.faults["8", 1] = lambda: refusal(500)
    with CreatorsServer(creators) as server:
        spread_out = spread(pool.submit, server, tmp_path / "spread", max_credits=200)
        with TikTok(KEY, base_url=server.url, max_retries=0) as client:
            walk = client.influencer.iter_products_analytics
            single = export(walk, list(creators.rows), tmp_path / "single", as_of=DAY)
    facts = ("complete", "ids", "todo", "done", "empty", "dead", "failed", "pages", "rows")
    assert {f: getattr(spread_out, f) for f in facts} == {f: getattr(single, f) for f in facts}
    assert (spread_out.dead, spread_out.failed) == (1, 1)
    assert rows_of(tmp_path / "spread") == rows_of(tmp_path / "single")
    assert verify(tmp_path / "spread").problems == []
    assert [p[:2] for p in status(tmp_path / "spread").problems] == [
        p[:2] for p in status(tmp_path / "single").problems
    ]
    assert list((tmp_path / "spread" / "segments").iterdir()) == [], "all of them are committed"


def test_the_same_shard_started_twice_is_paid_once(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    creators = made(20)
    with CreatorsServer(creators, 0.01) as server, desk() as granting:
        shard, lies = shard_of(tmp_path, creators)
        run = worker(server, granting)
        reports = [each.result() for each in [pool.submit(run, shard), pool.submit(run, shard)]]
    assert sorted(report.credits for report in reports) == [0, len(creators.pages)]
    assert {report.todo for report in reports} == {0}
    assert set(creators.asked.values()) == {1}
    assert logged(lies, shard, creators) == creators.pages


@pytest.mark.process
def test_a_stopped_worker_that_comes_back_asks_for_nothing_and_publishes_nothing(
    tmp_path: Path,
) -> None:
    creators = made(60)
    credits_ = Credits()
    with (
        CreatorsServer(creators, 0.05) as server,
        desk(0.8, credits_) as granting,
        workers(2) as processes,
    ):
        shard, lies = shard_of(tmp_path, creators)
        run = worker(server, granting)
        stopped = processes.submit(run, shard)
        assert until(lambda: creators.charged > 20 and server.in_flight > 0)
        (process,) = processes.running
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        assert until(lambda: server.in_flight == 0)
        before, kept = Counter(creators.asked), logged(lies, shard, creators)
        second = processes.submit(run, shard)
        report = second.result(60)
        assert isinstance(report, ShardReport)
        assert report.todo == 0
        asked, segments = Counter(creators.asked), sorted(tmp_path.rglob("*.seg"))
        os.kill(process.pid, signal.SIGCONT)
        assert isinstance(stopped.result(60), ShardLost)
    assert creators.asked == asked, "the loser began a call"
    assert sorted(tmp_path.rglob("*.seg")) == segments, "the loser published"
    assert not {page for page in kept if asked[page] != before[page]}
    assert logged(lies, shard, creators) == creators.pages
    again = creators.charged - len(creators.pages)
    assert again <= CONCURRENCY + FLUSH
    assert creators.charged <= credits_.spent


@pytest.mark.process
def test_workers_that_are_killed_lose_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "_LEASE", 0.8)
    Kills(tmp_path / "out", 3, seed=11).run()


@needs_redis
@pytest.mark.process
def test_workers_share_budget_and_pace_by_redis(
    tmp_path: Path, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYAPI_TOKEN", KEY)
    creators = made(20)
    out = tmp_path / "out"
    with CreatorsServer(creators) as server, RedisProcess(tmp_path) as redis:
        options = {"redis": redis.url, "rate": "60/s", "segments": tmp_path / "elsewhere"}
        with pytest.raises(ExportStopped, match="max_credits=20 are spent") as stopped:
            spread(pool.submit, server, out, max_credits=20, **options)
        assert creators.charged <= stopped.value.report.credits <= 20
        began = time.monotonic()
        report = spread(pool.submit, server, out, max_credits=100, **options)
        assert time.monotonic() - began > (len(creators.pages) - 20 - 60) / 60
    assert report.complete
    assert creators.charged == report.credits == len(creators.pages)
    assert rows_of(out) == expected(creators, creators.pages)


@needs_redis
@pytest.mark.process
def test_workers_go_on_once_redis_is_back_and_end_where_it_stays_away(
    tmp_path: Path, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYAPI_TOKEN", KEY)
    monkeypatch.setattr(servers, "ATTEMPT", 0.3)
    monkeypatch.setattr(servers, "PATIENCE", 0.3)
    creators = made(40)
    out = tmp_path / "out"
    with (
        CreatorsServer(creators) as server,
        RedisProcess(tmp_path, keeps=True) as redis,
        ThreadPoolExecutor(1) as thread,
    ):
        options = {"redis": redis.url, "rate": "40/s", "max_credits": 1000}
        exporting = thread.submit(spread, pool.submit, server, out, **options)
        assert until(lambda: creators.charged > 5)
        redis.kill()
        with pytest.raises(ExportStopped, match=r"did not answer|rate limiter failed") as stopped:
            exporting.result(30)
        assert stopped.value.report.todo > 0

        redis.start()
        monkeypatch.setattr(servers, "PATIENCE", 10.0)
        exporting = thread.submit(spread, pool.submit, server, out, **options)
        for away, back in ((redis.stop, redis.go_on), (redis.kill, redis.start)):
            before = creators.charged
            assert until(lambda before=before: creators.charged > before + 5)  # type: ignore[misc]
            away()
            time.sleep(0.3)  # within which what was let pass has arrived
            arrived = creators.charged
            time.sleep(0.7)
            assert creators.charged == arrived, "nothing leaves without its pace"
            back()
        report = exporting.result(30)
    assert report.complete
    assert set(creators.paid) == creators.pages
    assert creators.charged <= report.credits <= 1000
    assert rows_of(out) == expected(creators, creators.pages)


@needs_redis
@pytest.mark.process
def test_what_redis_forgets_counts_as_spent(
    tmp_path: Path, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYAPI_TOKEN", KEY)
    monkeypatch.setattr(servers, "PATIENCE", 0.2)
    creators = made(20)
    out = tmp_path / "out"
    with (
        CreatorsServer(creators) as server,
        RedisProcess(tmp_path) as redis,
        ThreadPoolExecutor(1) as thread,
    ):
        options = {"redis": redis.url, "rate": "20/s"}
        exporting = thread.submit(spread, pool.submit, server, out, max_credits=40, **options)
        assert until(lambda: creators.charged > 5)
        redis.kill()
        with pytest.raises(ExportStopped):
            exporting.result(30)
        charged = creators.charged
        redis.start()
        with pytest.raises(ExportStopped, match="40 of max_credits=40 are spent"):
            spread(pool.submit, server, out, max_credits=40, **options)
        assert creators.charged == charged
        with pytest.raises(ExportStopped, match="45 of max_credits=45 are spent"):
            spread(pool.submit, server, out, max_credits=45, **options)
        assert creators.charged == charged + 5
