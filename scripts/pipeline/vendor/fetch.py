"""Fetch pages politely: few at a time, never more than a page may have, and only what changed.

What an answer means is decided by `judge` and what its bytes are by `Body`, both without I/O; the
rest sends requests and waits.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from keyapi._sending.response import retry_after
from pipeline.document.yaml import MAX_BYTES
from pipeline.errors import PipelineError
from pipeline.vendor.index import origin, read_url, shown

AT_ONCE = 4
"""Requests under way at a time."""
MAX_TOTAL = 100_000_000
"""Bytes of all pages of one run together."""
RETRIES = 3
"""How often a request is sent again after a failure that may pass."""
REDIRECTS = 5
LONGEST_WAIT = 60.0
"""Seconds; a server that asks for more is left alone."""
_TIMEOUT = httpx.Timeout(20.0)
_DEADLINE = 120.0
"""Seconds for one answer, however slowly it drips."""

# Markdown, or what servers send that know no better; not HTML, which is a page for people or an
# error. Without a type it may be anything (RFC 9110, 8.3).
_TYPES = {"text/markdown", "text/x-markdown", "text/plain", "application/octet-stream", ""}
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{1,200}"')
_HEADERS = {
    "Accept": "text/markdown, text/plain;q=0.9",
    "Accept-Encoding": "gzip",
    "User-Agent": "keyapi-tiktok (scripts/vendor.py)",
}


@dataclass(frozen=True)
class Fetched:
    """What came back for a URL.

    Attributes:
        content: The page; None where it is still what the `ETag` sent along stands for.
        etag: Its `ETag`; None where the server gave none.
    """

    content: bytes | None
    etag: str | None


@dataclass(frozen=True)
class Again:
    """Send the request again after so many seconds."""

    wait: float


@dataclass(frozen=True)
class Elsewhere:
    """The page is at another address of the same server."""

    url: str


@dataclass(frozen=True)
class Answer:
    """An answer as it arrived; its content is empty unless its status is 200."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""


class Body:
    """Collects a body that may be compressed, up to a number of bytes before and after.

    Args:
        encoding: The answer's `Content-Encoding`.
        limit: How many bytes it may have.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        if encoding not in ("", "identity", "gzip"):
            raise _Unusable(f"its encoding is {encoding[:40]!r}, which was not asked for")
        self._unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        self._limit = limit
        self._arrived = 0
        self._content = bytearray()

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._arrived += len(chunk)
        if self._unpack is not None:
            try:
                # One byte more than may be: so a bomb is found out before it is unpacked.
                chunk = self._unpack.decompress(chunk, self._limit + 1 - len(self._content))
            except zlib.error:
                raise _Unusable("its compression is damaged") from None
            if self._unpack.unused_data:
                raise _Unusable("something follows its compressed content")
        self._content += chunk
        if max(self._arrived, len(self._content)) > self._limit:
            raise _Unusable(f"it has more than {self._limit:,} bytes")

    def content(self) -> bytes:
        """Give what it was.

        Raises:
            httpx.RemoteProtocolError: The end is missing.
        """
        if self._unpack is not None and not self._unpack.eof:
            raise httpx.RemoteProtocolError("the compressed answer is cut off")
        return bytes(self._content)


class _Unusable(Exception):
    """An answer that asking again would not mend."""


def judge(
    answer: Answer | httpx.HTTPError, url: str, *, conditional: bool, attempts: int, redirects: int
) -> Fetched | Again | Elsewhere:
    """Decide what an answer, or a failure to get one, means.

    Args:
        answer: The answer or the failure.
        url: What was asked for.
        conditional: Whether an `ETag` was sent along.
        attempts: Requests sent so far, this one included; redirects do not count.
        redirects: Redirects followed so far.

    Raises:
        PipelineError: There is no page to be had.
    """
    if isinstance(answer, httpx.HTTPError):
        words = str(answer).partition("\n")[0][:200] or type(answer).__name__
        return _again(url, f"there is no answer: {words}", attempts, None)
    etag = answer.headers.get("etag", "")
    if answer.status == 200:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _TYPES:
            raise _refusal(url, f"it is {kind[:60]!r}, not Markdown")
        return Fetched(answer.content, etag if _ETAG.fullmatch(etag) else None)
    if answer.status == 304 and conditional:
        return Fetched(None, etag if _ETAG.fullmatch(etag) else None)
    if answer.status in (301, 302, 303, 307, 308) and "location" in answer.headers:
        return Elsewhere(_target(url, answer.headers["location"], redirects))
    if answer.status == 429 or answer.status >= 500:
        wait = retry_after(answer.headers)
        return _again(url, f"the server answers {answer.status}", attempts, wait)
    raise _refusal(url, f"the server answers {answer.status}")


def _again(url: str, problem: str, attempts: int, wait: float | None) -> Again:
    if wait is not None and wait > LONGEST_WAIT:
        raise _refusal(url, f"{problem} and asks to wait {wait:.0f} s", "Try again later.")
    if attempts > RETRIES:
        raise _refusal(url, f"{problem}, {attempts} times", "Try again later.")
    backoff = 2.0 ** (attempts - 1)
    return Again(max(backoff * (0.75 + random.random() / 2), wait or 0.0))  # noqa: S311 - no secret


def _target(url: str, location: str, redirects: int) -> str:
    """Where a redirect leads: to the same server, or from http to https on the same host."""
    old = httpx.URL(url)
    new = read_url(location, old)
    if new is None:
        raise _refusal(url, f"it redirects to {location[:200]!r}, which is no URL")
    secured = (old.scheme, old.port) == ("http", None) and (new.scheme, new.port) == ("https", None)
    if (origin(new) != origin(old) and not (secured and new.host == old.host)) or new.userinfo:
        raise _refusal(
            url,
            f"it redirects to {shown(new)}, which is at another place",
            "Give that address itself if it is trusted.",
        )
    if redirects >= REDIRECTS:
        raise _refusal(url, f"it redirects more than {REDIRECTS} times")
    return str(new)


def _refusal(url: str, problem: str, remedy: str = "Check the address.") -> PipelineError:
    return PipelineError(problem, where=url, remedy=f"{remedy} Nothing was written.")


def fetch(urls: Iterable[str], known: Mapping[str, str] | None = None) -> dict[str, Fetched]:
    """Fetch pages, with a progress bar where someone is watching.

    Args:
        urls: Their addresses.
        known: The `ETag` of what is here already, by address.

    Returns:
        What came back, by address, in the order given.

    Raises:
        PipelineError: One of them cannot be had; the rest is then of no use.
    """
    wanted = list(dict.fromkeys(urls))
    with _progress(len(wanted)) as advance:
        return asyncio.run(_fetch(wanted, known or {}, advance))


async def _fetch(
    urls: list[str], known: Mapping[str, str], advance: Callable[[], None]
) -> dict[str, Fetched]:
    gate = asyncio.Semaphore(AT_ONCE)
    found: dict[str, Fetched] = {}
    total = 0

    async def one(client: httpx.AsyncClient, url: str) -> None:
        nonlocal total
        async with gate:
            found[url] = await _fetch_one(client, url, known.get(url))
        total += len(found[url].content or b"")
        if total > MAX_TOTAL:
            raise _refusal(url, f"with it, the pages have more than {MAX_TOTAL:,} bytes together")
        advance()

    try:
        async with (
            httpx.AsyncClient(headers=_HEADERS, timeout=_TIMEOUT) as client,
            asyncio.TaskGroup() as group,
        ):
            for url in urls:
                group.create_task(one(client, url))
    except BaseExceptionGroup as group_error:
        raise group_error.exceptions[0] from None
    return {url: found[url] for url in urls}


async def _fetch_one(client: httpx.AsyncClient, url: str, etag: str | None) -> Fetched:
    attempts, redirects, at = 1, 0, url
    while True:
        try:
            async with asyncio.timeout(_DEADLINE):
                answer: Answer | httpx.HTTPError = await _ask(client, at, etag)
        except _Unusable as error:
            raise _refusal(url, str(error)) from None
        except (httpx.InvalidURL, ValueError):  # httpx reads an answer's `Location`, lazily
            raise _refusal(url, "it redirects to what is no URL") from None
        except httpx.HTTPError as error:
            answer = error
        except TimeoutError:
            answer = httpx.ReadTimeout(f"it took more than {_DEADLINE:.0f} s")
        step = judge(
            answer, at, conditional=etag is not None, attempts=attempts, redirects=redirects
        )
        if isinstance(step, Fetched):
            return step
        if isinstance(step, Elsewhere):
            at, redirects = step.url, redirects + 1
        else:
            await asyncio.sleep(step.wait)
            attempts += 1


async def _ask(client: httpx.AsyncClient, url: str, etag: str | None) -> Answer:
    headers = {"If-None-Match": etag} if etag else {}
    async with client.stream("GET", url, headers=headers) as response:
        answer = Answer(response.status_code, response.headers)
        if response.status_code != 200:
            return answer
        body = Body(response.headers.get("content-encoding", "").strip().lower(), MAX_BYTES)
        async for chunk in response.aiter_raw():
            body.add(chunk)
        return Answer(answer.status, answer.headers, body.content())


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Fetching pages", total=total)
        yield lambda: bar.advance(task)
