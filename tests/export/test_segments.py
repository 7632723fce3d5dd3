"""Segments, their logs and where they lie: whole, in order, and each by one writer alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore

from keyapi import ConfigurationError
from keyapi.export import ExportError, State
from keyapi.export._records import Claim, FetchedPage, Settled
from keyapi.export._segments.log import LogReader, ShardLog, ShardLost
from keyapi.export._segments.segment import Segment
from keyapi.export._segments.store import FolderStore, ObjectStore, Store, store
from keyapi.export._segments.taking import Taking
from support.loopback import until

IDS = [(Claim(n, str(n)), State.TODO) for n in range(1, 6)]


def page(n: int, number: int = 1, state: State = State.TODO) -> FetchedPage:
    body = b'{"data": ["\xff\n"]}'
    return FetchedPage(n, number, 1, 1, "r", 7, body, number + 1, state)


@pytest.fixture(params=["folder", "bucket"])
def lies(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A place of each kind."""
    if request.param == "folder":
        assert isinstance(store(str(tmp_path)), FolderStore)
        yield store(tmp_path.as_uri())
    else:
        bucket = ObjectStore("memory:///")
        bucket._store = MemoryStore()
        yield bucket


def test_of_several_who_put_a_file_one_does(lies: Store) -> None:
    wrote: list[int] = []

    def put(number: int) -> None:
        if lies.put("a/b", b"%d" % number * 1000):
            wrote.append(number)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = wrote
    assert lies.get("a/b") == b"%d" % winner * 1000
    assert lies.get("a/c") is None
    lies.put("ab", b"")
    lies.remove("a")
    lies.remove("a")
    assert lies.get("a/b") is None
    assert lies.get("ab") == b""


def test_a_place_that_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder, bucket = FolderStore(tmp_path / "file"), ObjectStore("http://127.0.0.1:1/nowhere")
    calls: list[tuple[str, Callable[[], Any]]] = [
        ("write .*file", lambda: folder.put("a", b"")),
        ("read .*file/a", lambda: folder.get("a")),
    ]
    bucket = ObjectStore((tmp_path / "file").as_uri())
    calls += [
        ("write .*file/a", lambda: bucket.put("a", b"")),
        ("read .*file/a", lambda: bucket.get("a")),
        ("write .*file/a", lambda: bucket.remove("a")),
    ]
    for problem, call in calls:
        with pytest.raises(ExportError, match=f"Cannot {problem}"):
            call()
    with pytest.raises(ConfigurationError, match="Cannot use nowhere://x"):
        store("nowhere://x")


def test_a_segment_is_read_as_it_was_written() -> None:
    pages = [page(1), page(2, 3, State.DONE)._replace(next=None, body=b"", error="x")]
    segment = Segment("me", 4, pages, [Settled(3, State.FAILED, "why")], sealed=True)
    assert Segment.of_bytes("s", segment.to_bytes()) == segment


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda data: data[:-1], "its checksum differs"),
        (lambda data: data[:-5] + b"12345", "its checksum differs"),
        (lambda data: b"", "it is not a segment"),
        (lambda data: data.replace(b" 1 ", b" 2 ", 1), "has format 2, and this version"),
    ],
)
def test_a_damaged_segment_is_refused(change: Callable[[bytes], bytes], problem: str) -> None:
    data = Segment("me", 1, [page(1)]).to_bytes()
    with pytest.raises((ExportError, ConfigurationError), match=problem) as refused:
        Segment.of_bytes("place/1.seg", change(data))
    assert "place/1.seg" in str(refused.value)


def test_who_does_not_know_all_before_it_cannot_write(lies: Store) -> None:
    first, second = LogReader(lies, "s"), LogReader(lies, "s")
    taken: list[Segment] = []
    first.claim("a", taken.append)
    assert first.append(Segment("a", 1, [page(1)]))
    late = Segment("a", 1, [page(2)])
    second.claim("b", taken.append)
    assert [segment.owner for segment in taken] == ["a", "a"]
    assert not first.append(late)
    assert second.append(Segment("b", 3, [page(2)]))
    assert [s.token for s in LogReader(lies, "s")] == [1, 1, 3, 3]


def test_a_claim_that_comes_second_reads_on(lies: Store) -> None:
    class Overtaken(LogReader):
        def append(self, segment: Segment) -> bool:
            if self.number == 0:
                LogReader(lies, "s").claim("b", lambda segment: None)
            return super().append(segment)

    log = Overtaken(lies, "s")
    log.claim("a", lambda segment: None)
    assert [s.owner for s in LogReader(lies, "s")] == ["b", "a"]
    assert (log.number, log.token) == (2, 2)


def test_pages_of_a_lost_claim_are_left_out(lies: Store) -> None:
    """Nobody can write them; were they there, they would not be read."""
    for number, segment in enumerate(
        [Segment("a", 1), Segment("b", 2), Segment("a", 1, [page(1)])]
    ):
        lies.put(f"s/{number + 1:010}.seg", segment.to_bytes())
    assert [segment.pages for segment in LogReader(lies, "s")] == [[], [], ()]


def test_an_answer_that_was_lost_is_not_taken_for_another_writer(lies: Store) -> None:
    segment = Segment("a", 1)
    lies.put("s/0000000001.seg", segment.to_bytes())
    assert LogReader(lies, "s").append(segment)


def test_a_sealed_log_is_written_by_nobody(lies: Store) -> None:
    log = LogReader(lies, "s")
    log.claim("a", lambda segment: None, sealed=True)
    again = LogReader(lies, "s")
    again.claim("b", lambda segment: None, sealed=True)
    assert again.number == 1
    with pytest.raises(ShardLost, match="is closed"):
        LogReader(lies, "s").claim("c", lambda segment: None)


def written(lies: Store, flush_pages: int, seconds: float = 60.0) -> tuple[ShardLog, list[Any]]:
    failures: list[Any] = []
    log = ShardLog(
        LogReader(lies, "s"),
        IDS,
        owner="me",
        flush_pages=flush_pages,
        flush_seconds=seconds,
        failed=failures.append,
    )
    log.begin()
    return log, failures


def test_a_commit_waits_where_too_many_pages_are_in_memory_alone(tmp_path: Path) -> None:
    """At most `flush_pages` pages that are committed would be lost by a crash."""
    gate = threading.Event()

    class Slow(FolderStore):
        def put(self, name: str, data: bytes) -> bool:
            if not name.endswith("0000000001.seg"):
                assert gate.wait(10)
            return super().put(name, data)

    log, _ = written(Slow(tmp_path), 4)
    futures = [log.commit([page(n % 5 + 1, n // 5 + 1)]) for n in range(10)]
    assert [future.done() for future in futures] == [True] * 4 + [False] * 6
    gate.set()
    for future in futures:
        future.result(10)
    log.settle(2, State.FAILED, "why").result(10)
    log.end()
    again, _ = written(FolderStore(tmp_path), 4)
    assert again.claims(State.TODO, 1, 2) == [Claim(3, "3", 2, 2, "3"), Claim(4, "4", 2, 2, "3")]
    assert again.states()[State.FAILED] == 1
    again.end()


def test_with_no_page_in_memory_alone_each_commit_waits_for_the_disk(tmp_path: Path) -> None:
    lies = FolderStore(tmp_path)
    log, _ = written(lies, 0)
    for number in range(1, 4):
        log.commit([page(1, number)]).result(10)
        assert sum(len(s.pages) for s in LogReader(lies, "s")) == number
    log.end()


def test_what_is_old_enough_is_written(tmp_path: Path) -> None:
    lies = FolderStore(tmp_path)
    log, _ = written(lies, 100, seconds=0.05)
    log.commit([page(1)]).result(10)
    assert until(lambda: sum(len(s.pages) for s in LogReader(lies, "s")) == 1)
    log.end()


def test_a_lost_log_fails_all_that_waits_and_all_that_comes(tmp_path: Path) -> None:
    lies = FolderStore(tmp_path)
    log, failures = written(lies, 0)
    LogReader(lies, "s").claim("other", lambda segment: None)
    future = log.commit([page(1)])
    with pytest.raises(ShardLost, match="taken the shard over"):
        future.result(10)
    assert until(lambda: bool(failures))
    with pytest.raises(ShardLost):
        log.commit([page(2)]).result(10)
    with pytest.raises(ShardLost):
        log.end()
    assert not any(segment.pages for segment in LogReader(lies, "s"))


def test_files_of_a_folder_are_whole_whenever_they_are_seen(tmp_path: Path) -> None:
    folder = FolderStore(tmp_path)
    assert folder.put("a", b"1" * 100)
    assert [path.name for path in tmp_path.iterdir()] == ["a"], "nothing else is left"
    assert not folder.put("a", b"2")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_run_that_was_given_up_takes_nothing_over(tmp_path: Path) -> None:
    journal: Any = None  # as it may be closed
    taking = Taking(journal, lambda *moved: None, lambda rows: None)
    taking.abandon()
    with pytest.raises(ExportError, match="given up"):
        taking.take("s", LogReader(FolderStore(tmp_path), "s"), Segment("a", 1))
