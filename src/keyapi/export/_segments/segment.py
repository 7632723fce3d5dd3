"""One file of a shard's log: pages and what became of ids, as they were committed together."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from keyapi._errors import ConfigurationError
from keyapi.export._errors import ExportError
from keyapi.export._records import FetchedPage, Settled, State

FORMAT = 1
"""Version of a segment's form; one of another version is refused."""
_MAGIC = b"keyapi-segment"
_LEVEL = 1  # of zlib


@dataclass(frozen=True)
class Segment:
    """One file of a log.

    A segment with neither pages nor settled ids is a claim: whoever wrote it has read all before
    it, and all after it until the next claim is of the same owner.

    Attributes:
        owner: Who wrote it.
        token: The number of that owner's claim: the greater one is the later one.
        pages: Pages in the order in which they arrived.
        settled: What else became of ids, after the pages.
        sealed: Whether it is the last one.
    """

    owner: str
    token: int
    pages: Sequence[FetchedPage] = ()
    settled: Sequence[Settled] = field(default=())
    sealed: bool = False

    def to_bytes(self) -> bytes:
        """Write it: a line with format and checksum, then the rest, compressed."""
        document = {
            "owner": self.owner,
            "token": self.token,
            "sealed": self.sealed,
            "pages": [
                [*page._replace(body=b"")[:6], page.next, page.state, page.error, len(page.body)]
                for page in self.pages
            ],
            "settled": self.settled,
        }
        head = json.dumps(document, separators=(",", ":")).encode()
        bodies = b"".join(page.body for page in self.pages)
        packed = zlib.compress(head + b"\n" + bodies, _LEVEL)
        digest = sha256(packed).hexdigest().encode()
        return b"%s %d %s\n%s" % (_MAGIC, FORMAT, digest, packed)

    @classmethod
    def of_bytes(cls, name: str, data: bytes) -> Segment:
        """Read it.

        Args:
            name: Its name, for messages.
            data: What `to_bytes` gave.

        Raises:
            ConfigurationError: It is of another version.
            ExportError: It is damaged.
        """
        head, _, packed = data.partition(b"\n")
        magic, _, rest = head.partition(b" ")
        version, _, digest = rest.partition(b" ")
        if magic != _MAGIC or not version.isdigit():
            raise _damaged(name, "it is not a segment")
        if int(version) != FORMAT:
            raise ConfigurationError(
                f"The segment {name} has format {int(version)}, and this version of keyapi reads "
                f"format {FORMAT}: use the same version on all machines"
            )
        if sha256(packed).hexdigest().encode() != digest:
            raise _damaged(name, "its checksum differs")
        line, _, bodies = zlib.decompress(packed).partition(b"\n")
        document = json.loads(line)
        pages, start = [], 0
        for *facts, next_, state, error, size in document["pages"]:
            body = bodies[start : start + size]
            start += size
            pages.append(FetchedPage._make([*facts, body, next_, State(state), error]))
        settled = [Settled(n, State(state), error) for n, state, error in document["settled"]]
        return cls(document["owner"], document["token"], pages, settled, document["sealed"])


def _damaged(name: str, reason: str) -> ExportError:
    return ExportError(
        f"The segment {name} is damaged: {reason}. Restore it from a backup; or remove it and all "
        "after it in its folder, to pay for their pages again"
    )
