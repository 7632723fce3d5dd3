"""How large a response may be: its headers, its body as it arrives, and its body as unpacked."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from itertools import chain
from typing import Any, cast

import httpx

from keyapi._sending.exchange import RawHeaders

MOST_HEADERS = 256
"""How many headers a response may have."""
LONGEST_HEADERS = 2**16
"""How many bytes all their names and values may have together."""
_MOST_ENCODINGS = 5  # as many as curl and urllib3 undo
_PIECE = 2**16  # bytes that are unpacked at once
_STEP = 2**20  # bytes that a piece may give at once
# What a window may take, in bytes: RFC 9659 forbids more, and the frame alone says how much is
# allocated.
_ZSTD_WINDOW = 2**23
# No 256 bytes of zstd give more than 8 MB: each block takes 4 and holds at most 128 KB.
_ZSTD_PIECE = 256


class TooLarge(httpx.DecodingError):
    """A response is larger than the client takes; it is neither read on nor requested again."""


def bound(response: httpx.Response, limit: int) -> None:
    """Have a response refused when it is too large, whoever reads it, and before it takes memory.

    Args:
        response: The response, read or not.
        limit: How many bytes its body may have, as it arrives and after each unpacking.

    Raises:
        TooLarge: Its headers are too large or too many, or its body was read and is too large.
    """
    unpacker = _unpacker(response.headers.raw, limit)
    if response.is_stream_consumed:
        if len(response.content) > limit:
            raise _over(limit)
        return
    # Where httpx keeps what decodes the body: so each way of reading it is bounded.
    response._decoder = cast(Any, unpacker)


def reader(headers: RawHeaders, limit: int) -> Callable[[bytes], bytes]:
    """Give what unpacks the body of a response, piece by piece.

    Args:
        headers: Headers of the response.
        limit: How many bytes its body may have, as it arrives and after each unpacking.

    Raises:
        TooLarge: The headers are too large or too many; what is given raises it for the body.
    """
    return _unpacker(headers, limit).decode


def _unpacker(headers: RawHeaders, limit: int) -> _Plain | _Packed:
    if len(headers) > MOST_HEADERS:
        raise TooLarge(f"The response has {len(headers)} headers, more than {MOST_HEADERS}")
    if sum(map(len, chain.from_iterable(headers))) > LONGEST_HEADERS:
        raise TooLarge(f"The response has headers of more than {LONGEST_HEADERS:,} bytes")
    given = [value for name, value in headers if name.lower() == b"content-encoding"]
    names = b",".join(given).decode("latin-1").split(",") if given else []
    return _Packed(names, limit) if names else _Plain(limit)


def encodings() -> Mapping[str, str]:
    """Headers that ask for what can be unpacked with a bound, where httpx would ask for more."""
    brotli = _brotli()
    unbounded = brotli is not None and not _has_bound(brotli)
    return {"Accept-Encoding": "gzip, deflate"} if unbounded else {}


def _over(limit: int) -> TooLarge:
    return TooLarge(
        f"The response is larger than max_response_bytes={limit}; raise it, or request less at once"
    )


class _Plain:
    """Counts the bytes of a body that is not packed."""

    __slots__ = ("_left", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = self._left = limit

    def decode(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise _over(self._limit)
        return data

    def flush(self) -> bytes:
        return b""


class _Packed:
    """Unpacks a body step by step, so that nothing beyond the limit is ever in memory.

    Args:
        encodings: As the response names them, in the order in which they were applied.
        limit: How many bytes the body may have, packed and after each unpacking.
    """

    def __init__(self, encodings: list[str], limit: int) -> None:
        names = [name.strip().lower() for name in encodings]
        if len(names) > _MOST_ENCODINGS:
            raise TooLarge(
                f"The response is packed {len(names)} times, more than {_MOST_ENCODINGS}"
            )
        self._limit = limit
        known = [_UNPACKERS[name] for name in reversed(names) if name in _UNPACKERS]
        self._unpackers = [made for make in known if (made := make()) is not None]
        self._left = [limit] * (len(self._unpackers) + 1)

    def decode(self, data: bytes) -> bytes:
        pieces: Iterable[bytes] = self._counted([data], 0)
        for stage, unpack in enumerate(self._unpackers, 1):
            pieces = self._counted(_unpacked(unpack, pieces), stage)
        return b"".join(pieces)

    def flush(self) -> bytes:
        return b""

    def _counted(self, pieces: Iterable[bytes], stage: int) -> Iterator[bytes]:
        for piece in pieces:
            self._left[stage] -= len(piece)
            if self._left[stage] < 0:
                raise _over(self._limit)
            yield piece


Unpack = Callable[[bytes], Iterator[bytes]]


def _unpacked(unpack: Unpack, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), _PIECE):
            yield from unpack(piece[start : start + _PIECE])


class _Zlib:
    """Unpacks gzip, and deflate with or without the header that belongs to it."""

    def __init__(self, bits: int, otherwise: int | None = None) -> None:
        self._stream = zlib.decompressobj(bits)
        self._otherwise = otherwise

    def __call__(self, data: bytes) -> Iterator[bytes]:
        unpacked = b""
        while data or len(unpacked) == _STEP:  # what gave so much may hold more
            if self._stream.eof:
                return  # what follows is ignored, as httpx does
            try:
                unpacked = self._stream.decompress(data, _STEP)
            except zlib.error as error:
                if self._otherwise is None:
                    raise httpx.DecodingError(str(error)) from error
                self._stream = zlib.decompressobj(self._otherwise)
                self._otherwise = None
                continue
            self._otherwise = None
            yield unpacked
            data = self._stream.unconsumed_tail


def _gzip() -> Unpack:
    return _Zlib(zlib.MAX_WBITS | 16)


def _deflate() -> Unpack:
    return _Zlib(zlib.MAX_WBITS, -zlib.MAX_WBITS)


def _br() -> Unpack | None:
    brotli = _brotli()
    if brotli is None:
        return None  # httpx gives it as it came, too
    if not _has_bound(brotli):
        raise TooLarge("The response is packed by br, which is unpacked from Brotli 1.2 on")
    stream = brotli.Decompressor()

    def unpack(data: bytes) -> Iterator[bytes]:
        try:
            yield stream.process(data, output_buffer_limit=_STEP)
            while not stream.can_accept_more_data():
                yield stream.process(b"", output_buffer_limit=_STEP)
        except brotli.error as error:
            raise httpx.DecodingError(str(error)) from error

    return unpack


def _zstd() -> Unpack | None:
    zstandard = _installed("zstandard")
    if zstandard is None:
        return None
    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    frame = unpacker.decompressobj()

    def unpack(data: bytes) -> Iterator[bytes]:
        nonlocal frame
        for start in range(0, len(data), _ZSTD_PIECE):
            part = data[start : start + _ZSTD_PIECE]
            try:
                while part:
                    if frame.eof:
                        frame = unpacker.decompressobj()
                    yield frame.decompress(part)
                    part = frame.unused_data if frame.eof else b""
            except zstandard.ZstdError as error:
                raise httpx.DecodingError(str(error)) from error

    return unpack


_UNPACKERS: dict[str, Callable[[], Unpack | None]] = {
    "gzip": _gzip,
    "deflate": _deflate,
    "br": _br,
    "zstd": _zstd,
}


def _brotli() -> Any:
    """The package that httpx unpacks br by; None where there is none."""
    return _installed("brotli") or _installed("brotlicffi")


def _has_bound(brotli: Any) -> bool:
    """Whether it unpacks by steps, as from version 1.2 on."""
    return hasattr(brotli.Decompressor, "can_accept_more_data")


def _installed(name: str) -> Any:
    return sys.modules[name] if name in sys.modules else _imported(name)


@cache
def _imported(name: str) -> Any:
    """A package, or None; what is missing stays missing: each search takes a millisecond."""
    try:
        return import_module(name)
    except ImportError:
        return None
