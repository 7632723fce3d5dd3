"""The forms in which one answer may arrive: cut, packed, and with its headers in any letters."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from itertools import product

from keyapi.conformance.drivers._loopback import answer

_END = b"\r\n\r\n"
_PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


def forms(content: bytes, status: int) -> dict[str, list[bytes]]:
    """Give the pieces of an answer in each form, by the form's name.

    Args:
        content: Its body; an answer without one has one form.
        status: Its status.
    """
    whole = answer(content, status=status)
    if not content:
        return {"as it is": [whole]}
    head = whole.partition(b"content-length")[0]
    chunked = b"".join(b"%x\r\n%s\r\n" % (1, content[n : n + 1]) for n in range(len(content)))
    packed = {f"by {name}": packed_by(name, content, status) for name in _PACKERS}
    for first, then in product(_PACKERS, repeat=2):
        twice = _PACKERS[then](_PACKERS[first](content))
        named = f"content-encoding: {first}, {then}"
        packed[f"by {first}, then {then}"] = answer(twice, named, status=status)
    bare = zlib.compress(content, wbits=-zlib.MAX_WBITS)  # which some servers call deflate
    packed["by bare deflate"] = answer(bare, "content-encoding: deflate", status=status)
    return {
        "as it is": [whole],
        "in pieces": [whole[:20], whole[20:-5], whole[-5:]],
        "in chunks": [head + b"transfer-encoding: chunked" + _END + chunked + b"0" + _END],
        **{name: [each] for name, each in packed.items()},
        "in capitals": [_in_capitals(packed["by gzip"])],
        "late": [whole],
    }


def packed_by(encoding: str, content: bytes, status: int) -> bytes:
    """Write an answer whose body is packed.

    Args:
        encoding: How: `gzip` or `deflate`.
        content: The body, unpacked.
        status: The status.
    """
    return answer(_PACKERS[encoding](content), f"content-encoding: {encoding}", status=status)


def _in_capitals(whole: bytes) -> bytes:
    """An answer that writes the names of its headers in capitals, as some proxies do."""
    head, end, body = whole.partition(_END)
    first, *lines = head.split(b"\r\n")
    named = (line.partition(b":") for line in (*lines, b"set-cookie: kept=yes"))
    return (
        b"\r\n".join([first, *(name.upper() + b":" + text for name, _, text in named)]) + end + body
    )
