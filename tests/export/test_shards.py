"""Exports whose list is worked on in slices: what must hold whoever dies, stops or comes late."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyrate_limiter import Limiter
from pyrate_limiter import Rate as PaceRate

from keyapi import AuthenticationError, BudgetExceeded, ConfigurationError, KeyAPIError
from keyapi._config import RateText
from keyapi._redis import server as servers
from keyapi.export import (
    ExportError,
    ExportStopped,
    Shard,
    ShardReport,
    export,
    export_on,
    on_dask,
    status,
    verify,
)
from keyapi.export._api import carried_out
from keyapi.export._ids import Ids
from keyapi.export._plan import Plan
from keyapi.export._run import Listener
from keyapi.export._segments.log import ShardLost
from keyapi.export._segments.store import FolderStore
from keyapi.export._settings import Settings
from keyapi.export._shards import placing
from keyapi.export._shards.coordinator import Coordinator
from keyapi.export._shards.dask import dask_submit
from keyapi.export._shards.lease import LocalGrants
from keyapi.export._shards.placing import placed
from keyapi.export._shards.redis_access import RedisAccess
from keyapi.export._shards.worker import Worker
from keyapi_example import AsyncTikTok, TikTok
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

pytestmark = pytest.mark.once  # it is Redis and Dask that workers share an export by


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
        deaths = [MemoryError("of one worker")]

        def submit(work: Any, shard: Shard) -> Future[Any]:
            return settled(deaths.pop()) if deaths else pool.submit(work, shard)

        report = spread(submit, server, out, max_credits=100, **options)
        assert time.monotonic() - began > (len(creators.pages) - 20 - 60) / 60
    assert report.complete
    assert creators.charged == report.credits == len(creators.pages)
    assert rows_of(out) == expected(creators, creators.pages)


def test_a_finished_shard_is_run_again_for_nothing_in_a_program(tmp_path: Path) -> None:
    creators = made(5)
    grants = LocalGrants(Credits())
    with CreatorsServer(creators) as server:
        shard, lies = shard_of(tmp_path, creators)
        with TikTok(KEY, base_url=server.url) as client:
            first, second = (shard.run(client, grants) for _ in range(2))
    assert (first.credits, second.credits) == (len(creators.pages), 0)
    assert (second.done, second.empty, second.todo) == (4, 1, 0)
    lies.put(shard.end, b"")
    with TikTok(KEY) as client:
        assert shard.run(client, grants).done == 0, "its run has ended: nothing is read"
    lies.put("other/shard.json", b'{"format": 2}')
    for name, problem in [("other", "has format 2"), ("missing", "There is no shard")]:
        with TikTok(KEY) as client, pytest.raises(ConfigurationError, match=problem):
            replace(shard, name=name).run(client, grants)


def test_what_ends_a_shard_early_is_given_to_the_scheduler(tmp_path: Path) -> None:
    creators = made(5)
    with CreatorsServer(creators) as server, desk(credits_=Credits(3)) as granting:
        shard, lies = shard_of(tmp_path, creators)
        assert isinstance(worker(server, granting)(shard), BudgetExceeded)
    assert len(logged(lies, shard, creators)) == 3 == creators.charged
    with pytest.raises(ExportError, match="schedules this export is gone"):
        granting.access.ask("spent")


def test_a_shard_whose_run_ends_commits_what_is_in_flight(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    creators = made(100)
    with CreatorsServer(creators, 0.05) as server, desk() as granting:
        shard, lies = shard_of(tmp_path, creators)
        running = pool.submit(worker(server, granting), shard)
        assert until(lambda: creators.charged > 0)
        lies.put(shard.end, b"")
        report = running.result(30)
    assert isinstance(report, ShardReport)
    assert report.todo > 0
    assert logged(lies, shard, creators) == set(creators.paid)
    assert report.credits == creators.charged < len(creators.pages)


@pytest.mark.parametrize("times", [1, 2])
def test_a_cancelled_shard_commits_what_is_in_flight_unless_it_is_cancelled_again(
    tmp_path: Path, times: int
) -> None:
    creators = made(100)

    async def main(shard: Shard, url: str) -> None:
        async with AsyncTikTok(KEY, base_url=url) as client:
            grants = LocalGrants(Credits())
            task = asyncio.ensure_future(shard.arun(client, grants, flush_pages=0))
            while not creators.charged:
                await asyncio.sleep(0.01)
            for _ in range(times):
                task.cancel()
                await asyncio.sleep(0.01)
            with pytest.raises(asyncio.CancelledError):
                await task

    with CreatorsServer(creators, 0.2) as server:
        shard, lies = shard_of(tmp_path, creators)
        asyncio.run(main(shard, server.url))
    assert logged(lies, shard, creators) == (set(creators.paid) if times == 1 else set())


def test_a_stranger_is_not_answered() -> None:
    with desk() as granting:
        with pytest.raises(multiprocessing.AuthenticationError):
            Client(granting._listener.address, authkey=b"guessed")
        known = pickle.loads(pickle.dumps(granting.access))
        assert known.token() == KEY
        with pytest.raises(KeyError):
            known.ask("shutdown")
        with pytest.raises(TypeError):
            known.ask("acquire")
    assert KEY not in repr(Worker(client=AsyncTikTok, options={}, access=known, settings={}))


def test_workers_of_one_machine_keep_one_pace(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    creators = made(12)
    with CreatorsServer(creators) as server:
        began = time.monotonic()
        assert spread(pool.submit, server, tmp_path / "out", rate="20/s").complete
        assert time.monotonic() - began > (len(creators.pages) - 20) / 20
    assert set(creators.paid.values()) == {1}


def settled(result: Any) -> Future[Any]:
    """A future of what a worker gives back, or of what it died of."""
    future: Future[Any] = Future()
    if isinstance(result, Exception) and not isinstance(result, KeyAPIError):
        future.set_exception(result)
    else:
        future.set_result(result)
    return future


def test_shards_over_which_workers_die_end_the_run(tmp_path: Path) -> None:
    creators = made(5)
    deaths: list[Shard] = []

    def die(work: Any, shard: Shard) -> Future[Any]:
        deaths.append(shard)
        return settled(MemoryError("long\nout of memory"))

    with (
        CreatorsServer(creators) as server,
        pytest.raises(ExportStopped, match="5 times, lastly with MemoryError: out of memory"),
    ):
        spread(die, server, tmp_path / "out")
    assert len(deaths) == 5
    with CreatorsServer(creators) as server, ThreadPoolExecutor(2) as pool:
        assert spread(pool.submit, server, tmp_path / "out").complete
    (end,) = (tmp_path / "out" / "segments").glob("*/end-*")
    assert end.name == "end-00000", "a worker that is thought dead would see it"


def test_of_errors_of_several_workers_the_first_one_counts(tmp_path: Path) -> None:
    errors = [ExportError("second"), ExportError("first")]
    with (
        CreatorsServer(made(5)) as server,
        pytest.raises(ExportStopped, match="ids are open: first"),
    ):
        spread(lambda *_: settled(errors.pop()), server, tmp_path / "out", shard_ids=3)
    assert errors == []


def test_a_budget_that_just_suffices_suffices(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    creators = made(30)
    with CreatorsServer(creators) as server:
        budget = len(creators.pages)
        report = spread(pool.submit, server, tmp_path / "out", max_credits=budget, shard_ids=5)
    assert report.complete
    assert report.credits == creators.charged == budget


def test_a_shard_that_another_worker_took_over_is_looked_after(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    creators = made(5)
    lost = [ShardLost("taken over")]

    def submit(work: Any, shard: Shard) -> Future[Any]:
        return settled(lost.pop()) if lost else pool.submit(work, shard)

    with CreatorsServer(creators) as server:
        assert spread(submit, server, tmp_path / "out").complete
    assert rows_of(tmp_path / "out") == expected(creators, creators.pages)


def test_a_bad_key_ends_the_run_of_all_workers(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    creators = made(200)
    creators.faults.update({str(n): lambda: refusal(401) for n in range(15, 201)})
    with (
        CreatorsServer(creators, 0.01) as server,
        pytest.raises(ExportStopped, match="ids are open") as stopped,
    ):
        spread(pool.submit, server, tmp_path / "out", shard_ids=20)
    assert isinstance(stopped.value.__cause__, AuthenticationError)
    assert creators.charged < len(creators.pages)
    assert stopped.value.report.pages == creators.charged


def test_a_damaged_segment_ends_the_run(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    creators = made(5)

    def damaging(work: Any, shard: Shard) -> Future[Any]:
        def damage() -> Any:
            FolderStore(Path(shard.place)).put(f"{shard.name}/0000000001.seg", b"x")
            time.sleep(0.8)
            return work(shard)

        return pool.submit(damage)

    with (
        CreatorsServer(creators) as server,
        pytest.raises(ExportError, match="is damaged: it is not a segment"),
    ):
        spread(damaging, server, tmp_path / "out")


def test_what_workers_wrote_is_committed_though_their_scheduler_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor
) -> None:
    creators = made(60)
    out = tmp_path / "out"

    class Killed(BaseException):
        pass

    def killed(self: Coordinator, grants: Any) -> None:
        if creators.charged > 30:
            raise Killed

    with CreatorsServer(creators, 0.01) as server:
        with monkeypatch.context() as patch:
            patch.setattr(Coordinator, "_ingest", killed)
            with pytest.raises(Killed):
                spread(pool.submit, server, out, flush_pages=0)
        assert until(lambda: server.in_flight == 0)
        asked = Counter(creators.asked)
        with TikTok(KEY, base_url=server.url) as client:
            walk = client.influencer.iter_products_analytics
            assert export(walk, list(creators.rows), out, as_of=DAY).complete
    assert sum(asked.values()) > 30
    again = {page for page, times in creators.paid.items() if times > 1}
    assert len(again) <= 2 * CONCURRENCY
    assert rows_of(out) == expected(creators, creators.pages)
    assert verify(out).problems == []


def test_an_export_that_is_cancelled_twice_does_not_wait(tmp_path: Path) -> None:
    creators = made(60)

    async def main(url: str) -> None:
        client = AsyncTikTok(KEY, base_url=url)
        plan = Plan.of(client.influencer.iter_products_analytics, {})
        settings = Settings(out=tmp_path / "out", as_of=DAY, concurrency=CONCURRENCY)
        with (
            ThreadPoolExecutor(2) as pool,
            placed(plan, settings, placing.Placement(), pool.submit) as working,
        ):
            work = carried_out(plan, Ids(list(creators.rows)), settings, Listener(), (), working)
            task = asyncio.ensure_future(work)
            while creators.charged < 10:
                await asyncio.sleep(0.01)
            for _ in range(2):
                task.cancel()
                await asyncio.sleep(0.05)
            with pytest.raises(asyncio.CancelledError):
                await task

    with CreatorsServer(creators, 0.3) as server:
        asyncio.run(main(server.url))
        server.delay = 0
        with TikTok(KEY, base_url=server.url) as client:
            walk = client.influencer.iter_products_analytics
            assert export(walk, list(creators.rows), tmp_path / "out", as_of=DAY).complete
    assert rows_of(tmp_path / "out") == expected(creators, creators.pages)


def test_what_workers_cannot_get_is_refused(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    with TikTok(KEY, transport=httpx.MockTransport(lambda request: httpx.Response(200))) as client:
        walk = client.influencer.iter_products_analytics
        with pytest.raises(ConfigurationError, match="transport cannot be sent to workers"):
            export_on(pool.submit, walk, ["1"], tmp_path / "out", workers=2)
    with pytest.raises(ConfigurationError, match="need the rate as text, like '18/s'"):
        placing._text(Limiter(PaceRate(1, 1000)))
    settings = Settings(out="s3://bucket/out/", journal=tmp_path)
    assert placing.Placement().place(settings) == "s3://bucket/out/segments"


@needs_redis
@pytest.mark.process
def test_workers_of_a_cluster_that_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dask
    import distributed  # which takes a second, and only this test needs it

    monkeypatch.setenv("KEYAPI_TOKEN", KEY)
    creators = made(20)
    cluster: Any = distributed.LocalCluster(
        n_workers=2,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    )
    with CreatorsServer(creators) as server, RedisProcess(tmp_path) as redis, cluster:
        address = cluster.scheduler_address
        with TikTok(KEY, base_url=server.url) as client:
            walk = client.influencer.iter_products_analytics
            with pytest.raises(ConfigurationError, match="Workers on other machines need Redis"):
                on_dask(walk, list(creators.rows), tmp_path / "out", address=address)
            report = on_dask(
                walk, list(creators.rows), tmp_path / "out", address=address, redis=redis.url
            )
        shard = Shard("place", "name", "end")
        with dask_submit(address, 2) as submit, pytest.raises(ZeroDivisionError):
            submit(lambda shard: 1 / 0, shard).result(30)  # type: ignore[arg-type, return-value]
    assert report.complete
    assert report.credits == creators.charged == len(creators.pages)
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "0.1s"}),
        pytest.raises(ConfigurationError, match="Cannot reach Dask at tcp://127"),
        dask_submit("tcp://127.0.0.1:9", 2),
    ):
        pass


@needs_redis
@pytest.mark.process
def test_a_redis_that_is_gone_paces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYAPI_TOKEN", KEY)
    monkeypatch.setattr(servers, "PATIENCE", 0.2)
    with RedisProcess(tmp_path) as redis:
        access = RedisAccess(redis.url, "run", None)

        async def unpaced() -> Any:
            async with access.reached() as (grants, limiter):
                grants.open(None, 0)
                return limiter, grants.spent()

        assert asyncio.run(unpaced()) == (None, 0)
    gone = RedisAccess(redis.url, "run", RateText(1, 1000))

    async def paced() -> None:
        async with gone.reached():
            pass

    with pytest.raises(ExportError, match="The Redis of the pace cannot be reached"):
        asyncio.run(paced())


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
        for away, back in ((redis.pause, redis.resume), (redis.kill, redis.start)):
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
