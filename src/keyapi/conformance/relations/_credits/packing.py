"""Credits: packed bodies are read whole, within bounds, or are refused, whatever is installed.

`br` and `zstd` are unpacked by packages that need not be there: others stand in for them, which do
the same over deflate.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

import httpx

from keyapi.conformance.relations._desk import Desk
from keyapi.contract import Violation

_PADDING = 2**20 + 7
"""Bytes by which a body is longer than what is unpacked in one step."""
_TOO_OFTEN = 6
"""How often no body may be packed."""
_WINDOW = 2**23
"""Bytes that a frame of zstd may have allocated (RFC 9659)."""


class _Brotli:
    """What stands in for Brotli 1.2."""

    error = zlib.error

    class Decompressor:
        def __init__(self) -> None:
            self._stream = zlib.decompressobj()

        def process(self, data: bytes, output_buffer_limit: int) -> bytes:
            return self._stream.decompress(self._stream.unconsumed_tail + data, output_buffer_limit)

        def can_accept_more_data(self) -> bool:
            return not self._stream.unconsumed_tail


class _Zstandard:
    """What stands in for zstandard."""

    ZstdError = zlib.error

    class ZstdDecompressor:
        def __init__(self, max_window_size: int) -> None:
            if max_window_size > _WINDOW:
                raise ValueError(f"a window of {max_window_size} bytes")

        def decompressobj(self) -> Any:
            return zlib.decompressobj()


class _Packed(NamedTuple):
    """A way of packing a body.

    Attributes:
        encoding: What the answer calls it.
        pack: Packs a body.
        modules: What stands in for packages.
    """

    encoding: str
    pack: Callable[[bytes], bytes]
    modules: dict[str, Any]


def _too_often(body: bytes) -> bytes:
    for _ in range(_TOO_OFTEN):
        body = gzip.compress(body)
    return body


_NONE: dict[str, Any] = {"brotli": None, "brotlicffi": None, "zstandard": None}
_BOUNDLESS = {**_NONE, "brotli": SimpleNamespace(Decompressor=object)}
"""A Brotli before 1.2, which unpacks everything at once."""
_READ = (
    _Packed("gzip", lambda body: gzip.compress(body) + b"x" * 9, _NONE),
    _Packed("deflate", zlib.compress, _NONE),
    _Packed("br", zlib.compress, {**_NONE, "brotli": _Brotli}),
    _Packed("br", zlib.compress, {**_NONE, "brotlicffi": _Brotli}),
    _Packed("br", bytes, _NONE),
    _Packed("zstd", zlib.compress, {**_NONE, "zstandard": _Zstandard}),
    _Packed(
        "zstd",
        lambda body: zlib.compress(body[:99]) + zlib.compress(body[99:]),
        {**_NONE, "zstandard": _Zstandard},
    ),
    _Packed("zstd", bytes, _NONE),
    _Packed("deflate, gzip", lambda body: gzip.compress(zlib.compress(body)), _NONE),
    _Packed("rot13", bytes, _NONE),
)
"""What is read: what cannot be unpacked is taken as it came."""
_REFUSED = (
    *(_Packed(name, lambda _: b"\xff" * 99, _NONE) for name in ("gzip", "deflate")),
    _Packed("br", lambda _: b"\xff" * 99, {**_NONE, "brotli": _Brotli}),
    _Packed("zstd", lambda _: b"\xff" * 99, {**_NONE, "zstandard": _Zstandard}),
    _Packed("br", bytes, _BOUNDLESS),
    _Packed(", ".join(["gzip"] * _TOO_OFTEN), _too_often, _NONE),
)
"""What is refused: no such packing, a package without a bound, or too many packings."""


class _Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in two pieces, of which the second unpacks to nearly everything."""

    def __init__(self, content: bytes) -> None:
        self._pieces = content[:10], content[10:]

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def packed(desk: Desk) -> Iterator[Violation]:
    """Each packing is undone, to the bound and no further; what cannot be is `InvalidResponse`."""
    content = desk.good.content
    if not content.endswith(b"}"):
        return
    body = content[:-1] + b" " * _PADDING + b"}"
    plain = desk.open(desk.good)
    expected = str(plain.call())
    plain.close()
    for packing in _READ:
        given = _call(desk, packing, body, max_response_bytes=len(body))
        yield from desk.broken(f"packed by {packing.encoding}", expected, str(given))
        given = _call(desk, packing, body, max_response_bytes=len(body) - 1)
        refused = type(given).__name__
        yield from desk.broken(f"too large by {packing.encoding}", "InvalidResponse", refused)
    for packing in _REFUSED:
        refused = type(_call(desk, packing, body, max_retries=0)).__name__
        yield from desk.broken(f"broken by {packing.encoding}", "InvalidResponse", refused)
    asked: list[str] = []
    for headers in ({}, {"headers": {"Accept-Encoding": "gzip"}}):
        packing = _Packed("identity", bytes, _BOUNDLESS)
        _call(desk, packing, body, asked, httpx_args=headers)
    yield from desk.broken("packings asked for", ["gzip, deflate", "gzip"], asked)


def _call(
    desk: Desk, packing: _Packed, body: bytes, asked: list[str] | None = None, **options: Any
) -> Any:
    """What a call gives whose answer is packed; notes which packings it asked for."""
    respond = partial(_answer, desk, packing, body, [] if asked is None else asked)
    with patch.dict(sys.modules, packing.modules):
        client = desk.open(respond, **options)
        given = client.call()
        client.close()
    return given


def _answer(
    desk: Desk, packing: _Packed, body: bytes, asked: list[str], request: httpx.Request
) -> httpx.Response:
    asked.append(request.headers.get("accept-encoding", ""))
    headers = {**desk.good.headers, "content-encoding": packing.encoding}
    stream = _Pieces(packing.pack(body))
    return httpx.Response(desk.good.status, headers=headers, stream=stream)
