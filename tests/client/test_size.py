"""How large an answer may be, and what becomes of one that is larger."""

from __future__ import annotations

import gzip
import json
import struct
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from client.conftest import EXAMPLE, KEY, USER_ID, Mode, Server, success
from keyapi import ConfigurationError, InvalidResponse
from keyapi.recording.model import EPOCH, LIVE, Recording
from keyapi.recording.recorder import Recorder
from keyapi.recording.replay import replay
from keyapi_example import TikTok
from support.loopback import Loopback, until

GOOD = json.dumps(EXAMPLE).encode()
HUGE = 200_000_000  # bytes, unpacked
LIMIT = 2**20
REAL = {"transport": None, "httpx_args": {"trust_env": False}}


def spaces() -> bytes:
    """So many spaces, deflated: one part after another like it, as packing all takes a second."""
    part, packer = b" " * 10**6, zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)
    return packed * (HUGE // len(part)) + packer.flush()


def checksum(of: Callable[[bytes, int], int], start: int) -> int:
    """The checksum of so many spaces."""
    part = b" " * 10**6
    return reduce(lambda value, _: of(part, value), range(HUGE // len(part)), start)


DEFLATED = spaces()
GZIP = b"%b%b%b" % (
    gzip.compress(b"", mtime=0)[:10],
    DEFLATED,
    struct.pack("<II", checksum(zlib.crc32, 0), HUGE),
)
BOMBS = {
    "gzip": GZIP,
    "gzip, gzip": gzip.compress(GZIP),
    "GZip,identity, gzip ,gzip": gzip.compress(gzip.compress(GZIP)),
    "deflate": zlib.compress(b"")[:2] + DEFLATED + struct.pack(">I", checksum(zlib.adler32, 1)),
    "deflate, ": DEFLATED,
    "identity": b" " * (LIMIT + 1),
    "": b" " * (LIMIT + 1),
    ",".join(["gzip"] * 6): GZIP,
}


def raw(body: bytes, headers: bytes = b"", status: bytes = b"200 OK") -> bytes:
    """An answer as sent, in one chunk."""
    start = b"HTTP/1.1 %b\r\nTransfer-Encoding: chunked\r\n%b\r\n" % (status, headers)
    return start + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def refused(mode: Mode, **options: Any) -> InvalidResponse:
    """The error of a page; it was requested once, and never took more memory than a few limits."""
    tracemalloc.start()
    with pytest.raises(InvalidResponse) as caught:
        mode.page(options={"max_response_bytes": LIMIT, **options})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.attempts == 1
    assert peak < 12 * LIMIT
    return caught.value


@pytest.mark.parametrize("encoding", BOMBS)
def test_what_unpacks_to_more_is_refused_at_once_and_its_connection_closed(
    mode: Mode, loopback: Loopback, encoding: str
) -> None:
    loopback.raw = raw(BOMBS[encoding], b"Content-Encoding: %b\r\n" % encoding.encode())
    error = refused(mode, base_url=loopback.url, **REAL)
    assert "max_response_bytes=1048576" in error.message or "packed 6 times" in error.message
    assert len(loopback.targets) == 1
    assert until(lambda: loopback.open == 0)


def test_the_body_of_a_redirect_is_bounded_as_well(mode: Mode, loopback: Loopback) -> None:
    moved = b"Location: /\r\nContent-Encoding: gzip\r\n"
    loopback.raw = raw(GZIP, moved, b"302 Found")
    options = {"trust_env": False, "follow_redirects": True}
    refused(mode, base_url=loopback.url, transport=None, httpx_args=options)


def test_a_hook_that_reads_is_bounded_as_well(mode: Mode, loopback: Loopback) -> None:
    loopback.raw = raw(GZIP, b"Content-Encoding: gzip\r\n")

    def hook(response: httpx.Response) -> None:
        response.read()

    async def hook_async(response: httpx.Response) -> None:
        await response.aread()

    hooks = {"response": [hook if mode.name == "sync" else hook_async]}
    options = {"trust_env": False, "event_hooks": hooks}
    refused(mode, base_url=loopback.url, transport=None, httpx_args=options)


def test_a_transport_of_the_users_own_is_bounded(mode: Mode, loopback: Loopback) -> None:
    loopback.raw = raw(GZIP, b"Content-Encoding: gzip\r\n")
    kinds = {"sync": httpx.HTTPTransport, "async": httpx.AsyncHTTPTransport}
    refused(mode, base_url=loopback.url, transport=kinds[mode.name](trust_env=False))


@pytest.mark.parametrize("through_the_client", [True, False])
def test_a_recorder_is_bounded(mode: Mode, loopback: Loopback, through_the_client: bool) -> None:
    loopback.raw = raw(GZIP, b"Content-Encoding: gzip\r\n")
    kinds: dict[str, Any] = {"sync": httpx.HTTPTransport, "async": httpx.AsyncHTTPTransport}
    own = None if through_the_client else kinds[mode.name](trust_env=False)
    args = {"trust_env": False} if through_the_client else {}
    recorder = Recorder(own)
    refused(mode, base_url=loopback.url, transport=recorder, httpx_args=args)
    assert recorder.recordings == []


def test_a_recorder_without_a_client_takes_what_clients_take_by_default() -> None:
    answers = iter([httpx.Response(200, content=GOOD), httpx.Response(200, content=b" " * 2**26)])
    recorder = Recorder(httpx.MockTransport(lambda request: next(answers)))
    with httpx.Client(transport=recorder) as client:
        assert client.get("https://a.test").content == GOOD
        with pytest.raises(httpx.DecodingError, match="max_response_bytes"):
            client.get("https://a.test")


def test_what_was_read_before_it_arrives_here_is_refused(mode: Mode, server: Server) -> None:
    server.always = httpx.Response(200, content=b" " * (LIMIT + 1))
    with pytest.raises(InvalidResponse, match="larger than") as caught:
        mode.page(options={"max_response_bytes": LIMIT})
    assert (caught.value.attempts, len(server.requests)) == (1, 1)


def test_a_recording_is_bounded(mode: Mode) -> None:
    url = f"https://api.keyapi.ai/v1/tiktok/influencer/products/analytics?user_id={USER_ID}"
    query = "&page_num=1&page_size=10"
    recording = Recording(
        method="GET",
        url=url + query,
        request_headers=(),
        body=b"",
        status=200,
        headers=(),
        content=b" " * (LIMIT + 1),
        comment=LIVE.format("2026-01-01"),
        started=EPOCH,
        milliseconds=0,
    )
    with replay(recording), pytest.raises(InvalidResponse, match="larger than"):
        mode.page(options={"transport": None, "max_response_bytes": LIMIT})


def test_what_the_cache_holds_is_bounded(mode: Mode, server: Server, tmp_path: Path) -> None:
    options = {"cache": tmp_path, "max_response_bytes": 2**20}
    mode.page(options=options)
    assert mode.page(options=options).from_cache
    with pytest.raises(InvalidResponse, match="larger than"):
        mode.page(options={**options, "max_response_bytes": 10})
    assert len(server.requests) == 2


def test_the_default_is_32_mb(mode: Mode, server: Server) -> None:
    (row,) = EXAMPLE["data"]
    server.always = success([{**row, "product_id": "x" * (2**25 - 2000)}])
    assert len(mode.page()) == 1
    server.always = success([{**row, "product_id": "x" * 2**25}])
    with pytest.raises(InvalidResponse, match="max_response_bytes=33554432"):
        mode.page()


def test_a_changed_limit_holds(mode: Mode, server: Server) -> None:
    def use(client: Any) -> Any:
        return client.with_options(max_response_bytes=100).influencer.products_analytics(
            user_id=USER_ID
        )

    with pytest.raises(InvalidResponse, match="max_response_bytes=100"):
        mode.call(use)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, None, "32"])
def test_what_is_not_a_number_of_bytes_is_refused(mode: Mode, value: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_response_bytes must be a whole number"):
        mode.open(max_response_bytes=value)


def test_requests_of_an_auth_flow_are_bounded_by_the_clients_own_limit(loopback: Loopback) -> None:
    loopback.raw = raw(GZIP, b"Content-Encoding: gzip\r\n")

    class Auth(httpx.Auth):
        requires_response_body = True

        def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
            yield httpx.Request("GET", loopback.url)
            yield request

    options: Any = {"base_url": loopback.url, **REAL, "max_response_bytes": LIMIT, "max_retries": 0}
    with TikTok(KEY, **options) as client:
        http = client.get_httpx_client()
        with pytest.raises(httpx.DecodingError, match="larger than"):
            http.get("/", auth=Auth())


# --- Each encoding ----------------------------------------------------------------------------


class FakeBrotli:
    """A stand-in for Brotli 1.2: the same methods over deflate."""

    class error(Exception):  # noqa: N801 - as Brotli's
        pass

    class Decompressor:
        def __init__(self) -> None:
            self._stream = zlib.decompressobj()

        def process(self, data: bytes, output_buffer_limit: int) -> bytes:
            try:
                left = self._stream.unconsumed_tail
                return self._stream.decompress(left + data, output_buffer_limit)
            except zlib.error as error:
                raise FakeBrotli.error from error

        def can_accept_more_data(self) -> bool:
            return not self._stream.unconsumed_tail


class FakeZstandard:
    """A stand-in for zstandard: the same methods over deflate."""

    class ZstdError(Exception):
        pass

    class ZstdDecompressor:
        def __init__(self, max_window_size: int) -> None:
            assert max_window_size == 2**23

        def decompressobj(self) -> Any:
            return zlib.decompressobj()


def _deflated(data: bytes) -> bytes:
    return zlib.compress(data)


def _raw_deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


PACKED: dict[str, tuple[str, Callable[[bytes], bytes], Any]] = {
    "gzip": ("gzip", gzip.compress, None),
    "gzip, with something behind it": ("gzip", lambda data: gzip.compress(data) + b"x" * 9, None),
    "deflate": ("deflate", _deflated, None),
    "deflate without its header": ("deflate", _raw_deflated, None),
    "br": ("br", _deflated, {"brotli": FakeBrotli}),
    "br by the other package": ("br", _deflated, {"brotli": None, "brotlicffi": FakeBrotli}),
    "br that nothing unpacks": ("br", bytes, {"brotli": None, "brotlicffi": None}),
    "zstd": ("zstd", _deflated, {"zstandard": FakeZstandard}),
    "zstd in two frames": (
        "zstd",
        lambda data: _deflated(data[:99]) + _deflated(data[99:]),
        {"zstandard": FakeZstandard},
    ),
    "zstd that nothing unpacks": ("zstd", bytes, {"zstandard": None}),
    "gzip in deflate": ("deflate, gzip", lambda data: gzip.compress(_deflated(data)), None),
    "an encoding that nobody knows": ("rot13", bytes, None),
}


@pytest.mark.parametrize("case", PACKED)
@pytest.mark.parametrize("size", [1, 2**16, 2**20, 3 * 2**20 + 7])
def test_what_is_packed_arrives_as_it_was(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, case: str, size: int
) -> None:
    encoding, pack, modules = PACKED[case]
    for name, module in (modules or {}).items():
        monkeypatch.setitem(sys.modules, name, module)
    body = GOOD + b" " * size
    packed = pack(body)
    cut = len(packed) // 2

    async def parts_async() -> Any:
        for part in (packed[:cut], packed[cut:]):
            yield part

    def answer(request: httpx.Request) -> httpx.Response:
        parts: Any = parts_async() if mode.name == "async" else iter([packed[:cut], packed[cut:]])
        return httpx.Response(200, headers={"Content-Encoding": encoding}, content=parts)

    mode.server = answer
    page = mode.page()
    assert page.response.content == body
    assert page.to_dicts() == EXAMPLE["data"]
    with pytest.raises(InvalidResponse, match="larger than"):
        mode.page(options={"max_response_bytes": len(body) - 1})


@pytest.mark.parametrize(
    ("encoding", "modules"),
    [("gzip", {}), ("deflate", {}), ("br", {"brotli": FakeBrotli})],
)
def test_what_cannot_be_unpacked_is_an_invalid_response(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, encoding: str, modules: dict[str, Any]
) -> None:
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    mode.server = lambda request: httpx.Response(
        200, headers={"Content-Encoding": encoding}, stream=httpx.ByteStream(b"\xff" * 99)
    )
    with pytest.raises(InvalidResponse, match="cannot be decompressed"):
        mode.page(options={"max_retries": 0})


def test_zstd_that_cannot_be_unpacked_is_an_invalid_response(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = SimpleNamespace(ZstdDecompressor=FakeZstandard.ZstdDecompressor, ZstdError=zlib.error)
    monkeypatch.setitem(sys.modules, "zstandard", broken)
    mode.server = lambda request: httpx.Response(
        200, headers={"Content-Encoding": "zstd"}, stream=httpx.ByteStream(b"\xff" * 99)
    )
    with pytest.raises(InvalidResponse, match="cannot be decompressed"):
        mode.page(options={"max_retries": 0})


def test_a_brotli_without_bounds_is_neither_asked_for_nor_used(
    mode: Mode, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "brotli", SimpleNamespace(Decompressor=object))
    mode.page()
    assert server.requests[0].headers["accept-encoding"] == "gzip, deflate"
    mode.page(options={"httpx_args": {"headers": {"Accept-Encoding": "gzip"}}})
    assert server.requests[1].headers["accept-encoding"] == "gzip"
    mode.server = lambda request: httpx.Response(
        200, headers={"Content-Encoding": "br"}, stream=httpx.ByteStream(b"")
    )
    with pytest.raises(InvalidResponse, match=r"from Brotli 1\.2 on"):
        mode.page()


@pytest.mark.parametrize("package", ["brotli", "brotlicffi", "zstandard"])
def test_the_real_packages_unpack_and_are_bounded(mode: Mode, package: str) -> None:
    real = pytest.importorskip(package)
    pack = real.ZstdCompressor().compress if package == "zstandard" else real.compress
    encoding = "zstd" if package == "zstandard" else "br"
    for body in (GOOD + b" " * 3_000_000, GOOD + b" " * HUGE):
        stream = httpx.ByteStream(pack(body))
        mode.server = lambda request, stream=stream: httpx.Response(  # type: ignore[misc]
            200, headers={"Content-Encoding": encoding}, stream=stream
        )
        if len(body) < HUGE:
            assert mode.page().response.content == body
        else:
            refused(mode)


# --- Headers ----------------------------------------------------------------------------------

HEADERS = {
    "many": b"".join(b"a%d: b\r\n" % number for number in range(300)),
    "of many bytes": b"a: " + b"b" * 70_000 + b"\r\n",
    "of so many bytes that the parser gives up": b"a: " + b"b" * 300_000 + b"\r\n",
    "many small ones, beyond what the parser takes": b"a:b\r\n" * 60_000,
}


@pytest.mark.parametrize("case", HEADERS)
def test_headers_are_bounded(mode: Mode, loopback: Loopback, case: str) -> None:
    loopback.raw = raw(GOOD, HEADERS[case])
    error = refused(mode, base_url=loopback.url, **REAL)
    assert "headers" in error.message
    assert until(lambda: loopback.open == 0)


# --- JSON -------------------------------------------------------------------------------------

DEEP = b"[" * 250 + b"]" * 250
HOSTILE = {
    "levels": (b'{"code": 0, "data": [], "more": %b}' % DEEP, "250 levels deep"),
    "levels that no stack holds": (b'{"a":' * 10**5 + b"1" + b"}" * 10**5, "250 levels deep"),
    "digits": (b'{"code": 0, "data": [%b]}' % (b"9" * 5000), "an integer of more than 4300 digits"),
    "digits of the code": (b'{"code": %b}' % (b"9" * 4000), "not an integer of 64 bits"),
    "a code that is an object": (b'{"code": {"a": [1]}}', "code is object, not an integer"),
    "a code that is a text": (b'{"code": "ok"}', "code is 'ok', not an integer"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_json_that_python_would_choke_on_is_an_invalid_response(
    mode: Mode, server: Server, case: str
) -> None:
    content, problem = HOSTILE[case]
    server.always = httpx.Response(200, content=content)
    with pytest.raises(InvalidResponse, match=problem):
        mode.page()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "more",
    [
        DEEP[1:-1],  # one level less
        json.dumps([{"text": "[{" * 999}] * 2).encode(),  # brackets in texts
        json.dumps([[{"a": [1, {}, []]}]] * 999).encode(),
    ],
)
def test_json_that_is_large_but_not_deep_is_read(mode: Mode, server: Server, more: bytes) -> None:
    server.always = httpx.Response(200, content=b'{"code": 0, "data": [], "more": %b}' % more)
    assert len(mode.page()) == 0
