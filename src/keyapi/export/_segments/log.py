"""The log of a shard: segments numbered without holes, each written by who knows all before it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from keyapi.export._errors import ExportError
from keyapi.export._records import Claim, FetchedPage, Settled, State
from keyapi.export._segments.segment import Segment
from keyapi.export._segments.store import Store

T = TypeVar("T")


class ShardLost(ExportError):
    """Another worker has the shard now, or the run has ended; nothing more may be sent for it."""


class LogReader:
    """Reads the segments of a shard in their order.

    Args:
        store: Where they lie.
        folder: Their folder there.
        after: The number of the last one that is not read; 0 for none.

    Attributes:
        number: The number of the last one that was read.
        token: The claim that the next one must be of.
        sealed: Whether that was the last of all.
    """

    def __init__(self, store: Store, folder: str, after: int = 0, token: int = 0) -> None:
        self.number = after
        self.token = token
        self.sealed = False
        self._store = store
        self._folder = folder

    def name(self, number: int) -> str:
        """The name of a segment."""
        return f"{self._folder}/{number:010}.seg"

    def __iter__(self) -> Iterator[Segment]:
        """The segments that are there and were not read; those of an owner who lost it have none.

        Raises:
            ExportError: One of them is damaged or cannot be read.
        """
        while not self.sealed:
            name = self.name(self.number + 1)
            data = self._store.get(name)
            if data is None:
                return
            segment = Segment.of_bytes(name, data)
            self.number += 1
            self.sealed = segment.sealed
            if segment.token == self.number:
                self.token = segment.token
            yield segment if segment.token == self.token else Segment(segment.owner, segment.token)

    def append(self, segment: Segment) -> bool:
        """Write the next segment.

        Returns:
            Whether it was written; else the log has others that were not read.
        """
        name = self.name(self.number + 1)
        data = segment.to_bytes()
        # The answer to a first attempt may have been lost on the way.
        if not self._store.put(name, data) and self._store.get(name) != data:
            return False
        self.number += 1
        self.sealed = segment.sealed
        return True

    def claim(self, owner: str, take: Callable[[Segment], None], *, sealed: bool = False) -> None:
        """Read to the end, and write that the log is this owner's from there.

        Args:
            owner: The owner.
            take: Called with each segment before that.
            sealed: Whether nobody may write it any more.
        """
        while True:
            for segment in self:
                take(segment)
            if self.sealed:
                if sealed:
                    return
                raise ShardLost(f"{self._folder} is closed: its run was ended or begun again")
            token = self.number + 1
            if self.append(Segment(owner, token, sealed=sealed)):
                self.token = token
                return


class ShardLog:
    """What is known of the ids of a shard, and what is to be written of it.

    A commit counts once it is in the buffer, of which a crash loses up to `flush_pages`. Where that
    is full, commits wait until it is written.

    Args:
        reader: The log.
        ids: The ids with what was known of them when the shard was made.
        owner: Who works on the shard.
        flush_pages: How many committed pages may be in memory alone.
        flush_seconds: How long they may.
        failed: Called with what ended the writing.
    """

    def __init__(
        self,
        reader: LogReader,
        ids: list[tuple[Claim, State]],
        *,
        owner: str,
        flush_pages: int,
        flush_seconds: float,
        failed: Callable[[ExportError], None],
    ) -> None:
        self._reader = reader
        self._owner = owner
        self._flush_pages = flush_pages
        self._flush_seconds = flush_seconds
        self._failed = failed
        self._claims = {claim.n: claim for claim, _ in ids}
        self._states = {claim.n: state for claim, state in ids}
        self._pages: list[FetchedPage] = []
        self._settled: list[Settled] = []
        self._waiting: list[tuple[int, Future[Any]]] = []  # pages, and who is told
        self._unwritten = 0  # pages that are in no segment
        self._oldest = float("inf")  # when the first of the buffer came
        self._error: ExportError | None = None
        self._ends = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="keyapi-segments", daemon=True)

    def begin(self) -> None:
        """Read the log to its end, claim it, and begin to write.

        Raises:
            ShardLost: The log is closed.
            ExportError: It is damaged, or cannot be read or written.
        """
        self._reader.claim(self._owner, self._take)
        self._thread.start()

    def end(self) -> None:
        """Write what is in the buffer.

        Raises:
            ExportError: It could not be written.
        """
        with self._wake:
            self._ends = True
            self._wake.notify()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def claims(self, state: State, after: int, most: int) -> list[Claim]:
        """The next ids of a state; as of `JournalReader`."""
        with self._wake:
            found = [n for n, each in self._states.items() if each is state and n > after]
            return [self._claims[n] for n in sorted(found)[:most]]

    def commit(self, pages: Sequence[FetchedPage]) -> Future[int]:
        """Commit pages; as of `Journal`, but that they have no place yet, for which 0 is given."""
        with self._wake:
            for page in pages:
                self._apply(page)
            self._pages += pages
            self._unwritten += len(pages)
            return self._buffered(len(pages), 0, full=self._committed() > self._flush_pages)

    def settle(self, n: int, state: State, error: str | None) -> Future[None]:
        """Write what is known of an id of which no page came; as of `Journal`."""
        with self._wake:
            self._states[n] = state
            self._settled.append(Settled(n, state, error))
            return self._buffered(0, None, full=False)

    def states(self) -> dict[State, int]:
        """How many ids there are of each state."""
        with self._wake:
            found = list(self._states.values())
        return {state: found.count(state) for state in State}

    def _committed(self) -> int:
        """How many pages count as committed and are in no segment."""
        return self._unwritten - sum(count for count, _ in self._waiting)

    def _buffered(self, count: int, result: T, *, full: bool) -> Future[T]:
        future: Future[T] = Future()
        if self._error is not None:
            future.set_exception(self._error)
        elif full:
            self._waiting.append((count, future))
        else:
            future.set_result(result)
        self._oldest = min(self._oldest, time.monotonic())
        self._wake.notify()
        return future

    def _apply(self, page: FetchedPage) -> None:
        claim = self._claims[page.n]
        self._states[page.n] = page.state
        self._claims[page.n] = claim._replace(
            pages=page.page,
            rows=claim.rows + page.rows,
            next=None if page.next is None else json.dumps(page.next),
        )

    def _take(self, segment: Segment) -> None:
        for page in segment.pages:
            self._apply(page)
        for settled in segment.settled:
            self._states[settled.n] = settled.state

    def _run(self) -> None:
        try:
            while (segment := self._next()) is not None:
                if not self._reader.append(segment):
                    raise ShardLost(
                        "Another worker has taken the shard over: it holds the shard's log now"
                    )
                with self._wake:
                    self._unwritten -= len(segment.pages)
                    while self._waiting and (
                        self._committed() + self._waiting[0][0] <= self._flush_pages
                    ):
                        self._waiting.pop(0)[1].set_result(0)
        except ExportError as error:
            with self._wake:
                self._error = error
                for _, future in self._waiting:
                    future.set_exception(error)
            self._failed(error)

    def _next(self) -> Segment | None:
        """What is to be written next, as soon as it is much or old enough; None at the end."""
        with self._wake:
            while not self._ends:
                enough = len(self._pages) >= segment_pages(self._flush_pages)
                left = self._oldest + self._flush_seconds - time.monotonic()
                if enough or left <= 0:
                    break
                self._wake.wait(min(left, threading.TIMEOUT_MAX))
            if not (self._pages or self._settled):
                return None
            segment = Segment(self._owner, self._reader.token, self._pages, self._settled)
            self._pages, self._settled, self._oldest = [], [], float("inf")
            return segment


def segment_pages(flush_pages: int) -> int:
    """How many pages are written at once, where they come fast enough.

    Args:
        flush_pages: How many may be in memory alone; while one half is written, the other fills.
    """
    return max(flush_pages + 1, 2) // 2


def ids_document(ids: list[tuple[Claim, State]]) -> list[Any]:
    """Write the ids of a shard as JSON has them."""
    return [[*claim, int(state)] for claim, state in ids]


def ids_of(document: list[Any]) -> list[tuple[Claim, State]]:
    """Read what `ids_document` wrote."""
    return [(Claim._make(row[:-1]), State(row[-1])) for row in document]
