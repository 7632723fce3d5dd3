"""Where the client sends the key: the overlay says it, and no page decides it.

A page names servers for itself. The key must not go to another one because a page says so, or only
comes first by name: what a page names and the overlay does not list is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from keyapi._json import pointer
from keyapi._openapi import METHODS, path_items
from pipeline.errors import PipelineError
from pipeline.vendor.pages import Server

SERVERS = "x-servers"
"""The extension of the overlay that lists base URLs: first the one that clients send requests to,
then others that pages name and that nothing is sent to."""
BASE_URL = "https://api.keyapi.ai"
"""Where an overlay lists none. Evidence: KeyAPI's base URL, as its pages and its tools have it."""


def listed(overlay: Any, where: str) -> tuple[str, ...]:
    """Give the base URLs that an overlay lists.

    Args:
        overlay: The overlay document, as JSON data.
        where: Name of its file, for errors.

    Raises:
        PipelineError: One is not the address of a server that a key may be sent to.
    """
    urls: Any = overlay.get(SERVERS, [BASE_URL])
    if not isinstance(urls, list) or not urls:
        raise _refused(urls, where, SERVERS)
    for index, url in enumerate(urls):
        if not _is_base_url(url):
            raise _refused(url, where, SERVERS, index)
    return tuple(map(_plain, urls))


def _refused(url: Any, where: str, *at: str | int) -> PipelineError:
    return PipelineError(
        f"{url!r} is not a base URL",
        where=where,
        pointer=pointer(*at),
        remedy=f"List base URLs such as {BASE_URL}, first the one that gets the key.",
    )


def require_listed(servers: Iterable[Server], overlay: Any, where: str) -> None:
    """Check that pages name no server but those that an overlay lists.

    Args:
        servers: The servers that the pages name.
        overlay: The overlay document, as JSON data.
        where: Name of its file, for errors.

    Raises:
        PipelineError: One names another; the error says which page, and what to write.
    """
    allowed = listed(overlay, where)
    for server in servers:
        if not isinstance(server.url, str) or _plain(server.url) not in allowed:
            raise PipelineError(
                f"it names the server {server.url!r}; the client sends the key to {allowed[0]}",
                where=server.page,
                pointer=server.pointer,
                remedy=f"Nothing is sent elsewhere because a page says so. List it under {SERVERS} "
                f"in {where}: first to send every request there, after the first to ignore it.",
            )


def use_listed(spec: dict[str, Any], overlay: Any, where: str) -> None:
    """Make the first server that an overlay lists the only one of a specification.

    Args:
        spec: The specification, which is changed.
        overlay: The overlay document, as JSON data.
        where: Name of its file, for errors.

    Raises:
        PipelineError: The overlay lists no base URL.
    """
    spec["servers"] = [{"url": listed(overlay, where)[0]}]
    for _, item in path_items({"paths": {}, **spec}):
        for holder in (item, *(item[key] for key in item if key in METHODS)):
            holder.pop("servers", None)


def _plain(url: str) -> str:
    return url.rstrip("/").lower()


def _is_base_url(url: Any) -> bool:
    if not isinstance(url, str) or any(character in url for character in "{}?#@ \t\r\n"):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    local = parts.scheme == "http" and host in ("localhost", "127.0.0.1")
    return bool(host) and (parts.scheme == "https" or local)
