"""Which pages an index lists, and what each page's address makes of its name.

An index is an `llms.txt` (https://llmstxt.org): Markdown links to pages in Markdown. Whatever it
says is untrusted: an address decides which file is written, and whom this machine talks to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

import httpx

from pipeline.errors import PipelineError
from pipeline.vendor.pages import checked_name

MAX_LINKS = 1_000
"""More pages than any API reference has; KeyAPI's are a few hundred."""
_MAX_TARGETS = 20_000  # different ones that an index may link to, whichever of them are wanted

# The address of a Markdown link; none holds space or brackets unless it is percent-encoded.
_LINK = re.compile(r"\]\(\s*<?([^\s<>()]+)")


@dataclass(frozen=True)
class Address:
    """Where a page is published.

    Attributes:
        url: The page's URL, normalized, without fragment.
        name: What that makes the page's name below `openapi/pages`: the URL's path.
    """

    url: str
    name: str


def page_address(text: str) -> Address:
    """Read the URL of a page.

    Raises:
        PipelineError: It may not be fetched, or its path could lead outside
            `openapi/pages`.
    """
    return _address(_url(text))


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Who answers for a URL: scheme, host and port (None: the scheme's own)."""
    return url.scheme, url.host, url.port


def listed(content: bytes, index: str, patterns: Iterable[str] = ()) -> list[Address]:
    """Give the pages that an index lists, each once, in its order.

    Args:
        content: The index.
        index: Its URL; links may be relative to it.
        patterns: Only pages whose path, without the first slash, matches one of these shell
            patterns (`*` matches slashes, too); none given: every page.

    Raises:
        PipelineError: It lists no such page, or one that may not be fetched.
    """
    base = _url(index)
    found: dict[str, Address] = {}
    for url in _links(content, base, tuple(patterns)):
        if origin(url) != origin(base):
            raise PipelineError(
                f"it links to {shown(url)}, which is on another server",
                where=index,
                remedy="Give that page's URL itself if it is wanted, or narrow --match.",
            )
        address = _address(url, index)
        found[address.url] = address
        if len(found) > MAX_LINKS:
            raise PipelineError(
                f"it lists more than {MAX_LINKS:,} pages", where=index, remedy="Narrow --match."
            )
    if not found:
        raise PipelineError(
            "it links to no page whose address ends in .md"
            + (" and matches --match" if patterns else ""),
            where=index,
            remedy="Check its address, and the pattern.",
        )
    return list(found.values())


def vanished(
    recorded: Mapping[str, Mapping[str, Any]],
    listing: Iterable[Address],
    index: str,
    patterns: Iterable[str] = (),
) -> list[str]:
    """Name the pages that were fetched from the index's server and are no longer listed.

    Args:
        recorded: The lock's entries by page name; those whose source is a file do not concern
            the index.
        listing: What the index lists now.
        index: The index's URL.
        patterns: Only pages that match one of these are compared.
    """
    base, now = origin(_url(index)), {address.url for address in listing}
    return [
        name
        for name, entry in recorded.items()
        if "://" in entry["source"]
        and entry["source"] not in now
        and origin(url := _url(entry["source"])) == base
        and _matches(url, tuple(patterns))
    ]


def _links(content: bytes, base: httpx.URL, patterns: tuple[str, ...]) -> Iterator[httpx.URL]:
    seen: set[str] = set()
    for match in _LINK.finditer(content.decode("utf-8", "replace")):
        target = match[1].partition("#")[0]
        if target in seen or not target.partition("?")[0].lower().endswith(".md"):
            continue
        seen.add(target)
        if len(seen) > _MAX_TARGETS:
            raise PipelineError(
                f"it has more than {_MAX_TARGETS:,} different links to pages",
                where=str(base),
                remedy="Give the URLs of the pages that are wanted instead.",
            )
        url = read_url(target, base)
        if url is None:
            raise PipelineError(
                f"it links to {target[:200]!r}, which is not a URL",
                where=str(base),
                remedy="Do not use this index until its publisher has corrected it.",
            )
        if _matches(url, patterns):
            yield url


def _matches(url: httpx.URL, patterns: tuple[str, ...]) -> bool:
    path = url.path.lstrip("/")
    return not patterns or any(fnmatchcase(path, pattern) for pattern in patterns)


def read_url(text: str, base: httpx.URL | None = None) -> httpx.URL | None:
    """Read a URL, which may be relative to another; None where it is invalid."""
    try:
        url = httpx.URL(text) if base is None else base.join(text)
        url.host  # noqa: B018 - decoded, and refused, only when it is read
        return url.copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError):
        return None


def _url(text: str) -> httpx.URL:
    url = read_url(text)
    if url is None:
        raise PipelineError(
            "not a URL", where=repr(text[:200]), remedy="Give a page's address, ending in .md."
        )
    return url


def shown(url: httpx.URL) -> str:
    """A URL for messages: without a user's password, in one piece, and not too long."""
    return repr(str(url.copy_with(userinfo=b""))[:200])


def _address(url: httpx.URL, index: str = "") -> Address:
    problem = ""
    if url.scheme not in ("http", "https") or not url.host:
        problem = "only http and https are fetched"
    elif url.userinfo or url.query:
        problem = "it has a user or a query, which a page's address must not have"
    elif not 0 < (url.port or 1) < 65536:
        problem = "there is no such port"
    if problem:
        raise PipelineError(
            f"the address {shown(url)} is not a page's: {problem}",
            where=index,
            remedy="Give a page's address, which ends in .md.",
        )
    path = url.raw_path.decode("ascii")
    name = checked_name(unquote(path).removeprefix("/").split("/"), index or str(url)[:200])
    return Address(str(url), name)
