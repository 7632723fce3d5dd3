"""Rows of committed pages that are columns already."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from keyapi.arrow import RowSchema
from keyapi.export._records import CommittedPage


class Block(NamedTuple):
    """Pages that follow each other in the order of commits.

    Attributes:
        pages: The pages, without their rows.
        table: The rows of all.
    """

    pages: list[CommittedPage]
    table: pa.Table

    def after(self, seq: int) -> Block:
        """What of it comes after a page."""
        read = [page for page in self.pages if page.seq <= seq]
        rows = sum(page.rows for page in read)
        return Block(self.pages[len(read) :], self.table.slice(rows)) if read else self


class Ready:
    """Makes columns of committed pages' rows where they were received.

    They are in the processor's cache then, so that it takes about half the time. What is not taken
    in time is let go; it is in the journal.

    Args:
        schema: The columns.
        at_once: How many rows become columns at a time: more than a cache holds are slower.
        most: How many rows may wait to be taken, about.
    """

    def __init__(self, schema: RowSchema, at_once: int, most: int) -> None:
        self._schema = schema
        self._at_once = at_once
        self._most = most
        self._lock = threading.Lock()
        self._received: list[CommittedPage] = []
        self._blocks: deque[Block] = deque()

    def add(self, pages: Sequence[CommittedPage], *, last: bool = False) -> int:
        """Add the pages that were committed next.

        Args:
            pages: The pages, with their rows.
            last: Whether no others are to be waited for.

        Returns:
            How many rows can be published now that could not before; an empty page counts as one.
        """
        with self._lock:
            self._received += pages
            rows = size(self._received)
            if rows < self._at_once and not last:
                return 0
            received, self._received = self._received, []
            if rows and sum(size(block.pages) for block in self._blocks) < self._most:
                try:
                    table = self._schema.table([row for page in received for row in page.received])
                except TypeError:
                    return rows  # the publisher meets them in the journal, and says so
                without = [page._replace(received=b"") for page in received]
                self._blocks.append(Block(without, table))
            return rows

    def take(self, after: int) -> tuple[Block | None, int | None]:
        """Take the pages that follow one in the order of commits.

        Args:
            after: The page that was taken last.

        Returns:
            The pages, or None where they are not here; and then the first page that is, if any.
        """
        with self._lock:
            while self._blocks and self._blocks[0].pages[0].seq <= after + 1:
                block = self._blocks.popleft().after(after)
                if block.pages:
                    return block, None
            here = self._blocks[0].pages if self._blocks else self._received
            return None, here[0].seq if here else None


def size(pages: Sequence[CommittedPage]) -> int:
    """How many rows pages have; an empty one counts as one, as it takes memory, too."""
    return sum(max(page.rows, 1) for page in pages)
