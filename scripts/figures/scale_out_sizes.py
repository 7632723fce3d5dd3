"""How large segments and questions to Redis are, by what makes them."""

from __future__ import annotations

from functools import cache
from typing import Any

from redis.connection import Connection

from keyapi.export._records import FetchedPage, State
from keyapi.export._segments.log import segment_pages
from keyapi.export._segments.segment import Segment
from keyapi.export._shards.shard import FLUSH_PAGES
from keyapi.sandbox import Sandbox
from keyapi_tiktok import TikTok

_FIRST = 6_800_000_000_000_000_000  # of the ids
_HEX = "0123456789abcdef" * 2  # as long as owners and names of runs are


@cache
def segment_bytes(pages: int) -> int:
    """The size of a segment of so many pages."""
    bodies = _bodies()
    fetched = [
        FetchedPage(
            n=n,
            page=1,
            rows=10,
            credits=1,
            request_id=f"{_HEX[:-5]}{n:05}",
            fetched_at=1_764_000_000_000_000 + n,
            body=bodies[n % len(bodies)],
            next=None,
            state=State.DONE,
            error=None,
        )
        for n in range(pages)
    ]
    return len(Segment(_HEX, 1, fetched).to_bytes())


@cache
def _bodies() -> list[bytes]:
    """Pages of ten rows as the sandbox answers them, each of another creator."""
    found = []
    with Sandbox(TikTok).client() as tiktok:
        for n in range(segment_pages(FLUSH_PAGES)):
            answer = tiktok.influencer.products_analytics(user_id=f"{_FIRST + n}").response
            assert answer is not None
            found.append(answer.content)
    return found


@cache
def question(call: str) -> int:
    """The size of one of `RedisGrants`' calls, in bytes."""
    arguments = (call, f"{_HEX}/shard-00001", _HEX, 32, 30_000, 2_592_000_000, "")
    return _packed("EVALSHA", _HEX + _HEX[:8], 1, f"keyapi:export:{_HEX}", *arguments)


@cache
def pace_question() -> int:
    """The size of a question of pyrate-limiter's bucket, in bytes."""
    item = (1_764_000_000_000, 1, f"keyapi:{_HEX[:10]}:", 1, 1_763_999_999_000, 20, 0)
    return _packed("EVALSHA", _HEX + _HEX[:8], 1, f"keyapi:pace:{_HEX}", *item)


def _packed(*command: str | int) -> int:
    connection: Any = Connection
    return len(b"".join(connection().pack_command(*command)))
