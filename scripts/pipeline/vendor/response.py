"""Decide what a response to a request for a page means; no I/O happens here."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from keyapi._sending.response import retry_after
from pipeline.errors import PipelineError
from pipeline.vendor.index import origin, read_url, shown

RETRIES = 3
"""How many times a request is retried after a failure that may be temporary."""
REDIRECTS = 5
LONGEST_WAIT = 60.0
"""Seconds; a server that asks for a longer wait is not asked again."""

# Markdown, or what less careful servers send for it; not HTML, which is a page for people or an
# error. Without a type it may be anything (RFC 9110, 8.3).
_TYPES = {"text/markdown", "text/x-markdown", "text/plain", "application/octet-stream", ""}
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{1,200}"')


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
class Retry:
    """Send the request again after `wait` seconds."""

    wait: float


@dataclass(frozen=True)
class Redirect:
    """The page is at another address of the same server."""

    url: str


@dataclass(frozen=True)
class PageResponse:
    """A response as it arrived; its content is empty unless its status is 200."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""


class Body:
    """Collects a body that may be compressed, up to a number of bytes before and after.

    Args:
        encoding: The response's `Content-Encoding`.
        limit: The most bytes it may have.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        if encoding not in ("", "identity", "gzip"):
            raise Unusable(f"its encoding is {encoding[:40]!r}, which was not requested")
        self._unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        self._limit = limit
        self._arrived = 0
        self._content = bytearray()

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._arrived += len(chunk)
        if self._unpack is not None:
            try:
                # One byte beyond the limit: a bomb is detected before it is unpacked.
                chunk = self._unpack.decompress(chunk, self._limit + 1 - len(self._content))
            except zlib.error:
                raise Unusable("its compression is damaged") from None
            if self._unpack.unused_data:
                raise Unusable("something follows its compressed content")
        self._content += chunk
        if max(self._arrived, len(self._content)) > self._limit:
            raise Unusable(f"it has more than {self._limit:,} bytes")

    def content(self) -> bytes:
        """Give the content.

        Raises:
            httpx.RemoteProtocolError: The end is missing.
        """
        if self._unpack is not None and not self._unpack.eof:
            raise httpx.RemoteProtocolError("the compressed answer is cut off")
        return bytes(self._content)


class Unusable(Exception):
    """A response that a retry would not fix."""


def classify(
    response: PageResponse | httpx.HTTPError,
    url: str,
    *,
    conditional: bool,
    attempts: int,
    redirects: int,
) -> Fetched | Retry | Redirect:
    """Decide what a response, or a failure to get one, means.

    Args:
        response: The response or the failure.
        url: What was requested.
        conditional: Whether an `ETag` was sent along.
        attempts: Requests sent so far, this one included; redirects do not count.
        redirects: Redirects followed so far.

    Raises:
        PipelineError: The page is unavailable.
    """
    if isinstance(response, httpx.HTTPError):
        words = str(response).partition("\n")[0][:200] or type(response).__name__
        return _retry(url, f"no response: {words}", attempts, None)
    etag = response.headers.get("etag", "")
    if response.status == 200:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _TYPES:
            raise refusal(url, f"it is {kind[:60]!r}, not Markdown")
        return Fetched(response.content, etag if _ETAG.fullmatch(etag) else None)
    if response.status == 304 and conditional:
        return Fetched(None, etag if _ETAG.fullmatch(etag) else None)
    if response.status in (301, 302, 303, 307, 308) and "location" in response.headers:
        return Redirect(_target(url, response.headers["location"], redirects))
    if response.status == 429 or response.status >= 500:
        wait = retry_after(response.headers)
        return _retry(url, f"the server answers {response.status}", attempts, wait)
    raise refusal(url, f"the server answers {response.status}")


def _retry(url: str, problem: str, attempts: int, wait: float | None) -> Retry:
    if wait is not None and wait > LONGEST_WAIT:
        raise refusal(url, f"{problem} and asks to wait {wait:.0f} s", "Try again later.")
    if attempts > RETRIES:
        raise refusal(url, f"{problem}, {attempts} times", "Try again later.")
    backoff = 2.0 ** (attempts - 1)
    return Retry(max(backoff * (0.75 + random.random() / 2), wait or 0.0))  # noqa: S311 - no secret


def _target(url: str, location: str, redirects: int) -> str:
    """Where a redirect leads: to the same server, or from http to https on the same host."""
    old = httpx.URL(url)
    new = read_url(location, old)
    if new is None:
        raise refusal(url, f"it redirects to {location[:200]!r}, which is not a URL")
    secured = (old.scheme, old.port) == ("http", None) and (new.scheme, new.port) == ("https", None)
    if (origin(new) != origin(old) and not (secured and new.host == old.host)) or new.userinfo:
        raise refusal(
            url,
            f"it redirects to {shown(new)}, which is on another server",
            "Give that address itself if it is trusted.",
        )
    if redirects >= REDIRECTS:
        raise refusal(url, f"it redirects more than {REDIRECTS} times")
    return str(new)


def refusal(url: str, problem: str, remedy: str = "Check the address.") -> PipelineError:
    """Make the error about a page that is unavailable."""
    return PipelineError(problem, where=url, remedy=f"{remedy} Nothing was written.")
