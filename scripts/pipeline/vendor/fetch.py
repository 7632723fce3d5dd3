"""Fetch pages politely: few at a time, never more than a page may have, and only what changed.

`response` decides what a response means and what its bytes are; this module sends requests and
waits.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import httpx

from pipeline.document.yaml import MAX_BYTES
from pipeline.errors import PipelineError
from pipeline.vendor.response import (
    Body,
    Fetched,
    PageResponse,
    Redirect,
    Unusable,
    classify,
    refusal,
)

AT_ONCE = 4
"""Requests under way at a time."""
MAX_TOTAL = 100_000_000
"""Bytes of all pages of one run together."""
LONGEST = 600.0
"""Seconds for all pages of one run together, waits included."""
_TIMEOUT = httpx.Timeout(20.0)
_DEADLINE = 120.0
"""Seconds for one response, however slowly it arrives."""

_FEWER = "Narrow --match, or give fewer pages."

_HEADERS = {
    "Accept": "text/markdown, text/plain;q=0.9",
    "Accept-Encoding": "gzip",
    "User-Agent": "keyapi-tiktok (scripts/vendor.py)",
}


class Allowance:
    """What the fetches of one run may take together: `MAX_TOTAL` bytes and `LONGEST` seconds."""

    def __init__(self) -> None:
        self._end = time.monotonic() + LONGEST
        self._left = MAX_TOTAL

    @property
    def seconds(self) -> float:
        """What is left of the time."""
        return max(self._end - time.monotonic(), 0.0)

    def take(self, url: str, size: int) -> None:
        """Count the bytes of a page.

        Raises:
            PipelineError: They are more than what is left.
        """
        self._left -= size
        if self._left < 0:
            problem = f"with it, all pages together are larger than {MAX_TOTAL:,} bytes"
            raise refusal(url, problem, _FEWER)

    def out_of_time(self, fetched: int, wanted: int) -> PipelineError:
        """The error for a run that takes too long."""
        problem = (
            f"{fetched:,} of {wanted:,} pages arrived within {LONGEST:g} s, which is the limit"
        )
        return PipelineError(problem, remedy=f"{_FEWER} Nothing was written.")


def fetch(
    urls: Iterable[str],
    etags: Mapping[str, str] | None = None,
    allowance: Allowance | None = None,
) -> dict[str, Fetched]:
    """Fetch pages, with a progress bar where someone is watching.

    Args:
        urls: Their addresses.
        etags: The `ETag` of each page already here, by address.
        allowance: What they may take, if other fetches share it.

    Returns:
        The responses, by address, in the order given.

    Raises:
        PipelineError: One of them is unavailable, or they take more than is allowed; the others
            are then discarded.
    """
    wanted = list(dict.fromkeys(urls))
    allowance = allowance or Allowance()
    if not allowance.seconds:
        raise allowance.out_of_time(0, len(wanted))
    with _progress(len(wanted)) as advance:
        return asyncio.run(_fetch(wanted, etags or {}, allowance, advance))


async def _fetch(
    urls: list[str], etags: Mapping[str, str], allowance: Allowance, advance: Callable[[], None]
) -> dict[str, Fetched]:
    slots = asyncio.Semaphore(AT_ONCE)
    pages: dict[str, Fetched] = {}

    async def add(client: httpx.AsyncClient, url: str) -> None:
        async with slots:
            page = await _fetch_one(client, url, etags.get(url))
        allowance.take(url, len(page.content or b""))
        pages[url] = page
        advance()

    try:
        async with (
            asyncio.timeout(allowance.seconds),
            httpx.AsyncClient(headers=_HEADERS, timeout=_TIMEOUT) as client,
            asyncio.TaskGroup() as group,
        ):
            for url in urls:
                group.create_task(add(client, url))
    except TimeoutError:
        raise allowance.out_of_time(len(pages), len(urls)) from None
    except BaseExceptionGroup as group_error:
        raise group_error.exceptions[0] from None
    return {url: pages[url] for url in urls}


async def _fetch_one(client: httpx.AsyncClient, url: str, etag: str | None) -> Fetched:
    attempts, redirects, at = 1, 0, url
    while True:
        try:
            async with asyncio.timeout(_DEADLINE):
                response: PageResponse | httpx.HTTPError = await _ask(client, at, etag)
        except Unusable as error:
            raise refusal(url, str(error)) from None
        except (httpx.InvalidURL, ValueError):  # httpx reads a response's `Location`, lazily
            raise refusal(url, "it redirects to something that is not a URL") from None
        except httpx.HTTPError as error:
            response = error
        except TimeoutError:
            response = httpx.ReadTimeout(f"it took more than {_DEADLINE:.0f} s")
        step = classify(
            response, at, conditional=etag is not None, attempts=attempts, redirects=redirects
        )
        if isinstance(step, Fetched):
            return step
        if isinstance(step, Redirect):
            at, redirects = step.url, redirects + 1
        else:
            await asyncio.sleep(step.wait)
            attempts += 1


async def _ask(client: httpx.AsyncClient, url: str, etag: str | None) -> PageResponse:
    headers = {"If-None-Match": etag} if etag else {}
    async with client.stream("GET", url, headers=headers) as response:
        arrived = PageResponse(response.status_code, response.headers)
        if response.status_code != 200:
            return arrived
        body = Body(response.headers.get("content-encoding", "").strip().lower(), MAX_BYTES)
        async for chunk in response.aiter_raw():
            body.add(chunk)
        return PageResponse(arrived.status, arrived.headers, body.content())


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
