"""Gather the pages to vendor: those that are here, and those given as files, URLs or an index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pipeline.errors import PipelineError
from pipeline.project import PAGES, Workspace, read_bounded
from pipeline.vendor.merge import Origin
from pipeline.vendor.pages import documents_operation, page_name, read_page, sha256


@dataclass(frozen=True)
class Request:
    """What to vendor beside the pages that are here.

    Attributes:
        files: Page files.
        urls: Addresses of pages.
        index: Address of an `llms.txt` that lists pages.
        match: Shell patterns; only pages whose path matches one are taken from the index.
        prune: Drop the pages that the index lists no more.
    """

    files: tuple[Path, ...] = ()
    urls: tuple[str, ...] = ()
    index: str | None = None
    match: tuple[str, ...] = ()
    prune: bool = False


@dataclass
class Gathered:
    """All pages that shall be vendored.

    Attributes:
        contents: Their bytes, by name.
        origins: Where those that were fetched are from, by name.
        vanished: Names of pages that the index lists no more.
        skipped: Names of pages that it lists and that document no operation.
    """

    contents: dict[str, bytes]
    origins: dict[str, Origin] = field(default_factory=dict)
    vanished: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def gather(workspace: Workspace, request: Request) -> Gathered:
    """Gather pages.

    Raises:
        PipelineError: One cannot be had or is none, or two would get the same name.
    """
    gathered = Gathered(workspace.page_contents())
    given: dict[str, str] = {}
    for path in request.files:
        name, content = _from_file(workspace, path)
        _once(name, path.name, given)
        gathered.contents[name] = content
    if request.urls or request.index:
        _fetched(workspace, request, gathered, given)
    if request.prune:
        for name in gathered.vanished:
            del gathered.contents[name]
    _require_distinct(gathered.contents)
    return gathered


def _from_file(workspace: Workspace, path: Path) -> tuple[str, bytes]:
    try:
        content = read_bounded(path)
    except OSError as error:
        raise PipelineError(
            f"it cannot be read: {error.strerror}",
            where=path.name,
            remedy="Give the path of a page's .md file.",
        ) from None
    page = read_page(content, path.name)
    name = page_name(path, workspace.root / PAGES, page)
    recorded = workspace.lock().get("pages", {}).get(name, {}).get("operation", page.operation)
    if recorded != page.operation:
        raise PipelineError(
            f"its place is {PAGES}/{name}, which is the page of {recorded}",
            where=path.name,
            remedy=f"Put it into {PAGES} under a name of its own, and vendor it from there.",
        )
    return name, content


def _fetched(
    workspace: Workspace, request: Request, gathered: Gathered, given: dict[str, str]
) -> None:
    from pipeline.vendor.fetch import fetch  # brings httpx
    from pipeline.vendor.index import listed, page_address, vanished

    recorded = workspace.lock().get("pages", {})
    addresses = list(dict.fromkeys(page_address(url) for url in request.urls))
    urls = {address.url for address in addresses}
    if request.index:
        index = fetch([request.index])[request.index].content or b""
        listing = listed(index, request.index, request.match)
        gathered.vanished = vanished(recorded, listing, request.index, request.match)
        addresses += [address for address in listing if address not in addresses]
    for address in addresses:
        _once(address.name, address.url, given)
    known = {
        address.url: entry["etag"]
        for address in addresses
        if (entry := recorded.get(address.name, {})).get("source") == address.url
        and "etag" in entry
        and entry["sha256"] == sha256(gathered.contents.get(address.name, b""))
    }
    answers = fetch([address.url for address in addresses], known)
    for address in addresses:
        name, answer = address.name, answers[address.url]
        content, etag = answer.content, answer.etag
        if content is None:
            content, etag = gathered.contents[name], known[address.url]
        asked_for = address.url in urls or name in recorded
        if not asked_for and not documents_operation(content):
            gathered.skipped.append(name)
            continue
        gathered.contents[name] = content
        gathered.origins[name] = Origin(address.url, etag)


def _once(name: str, where: str, given: dict[str, str]) -> None:
    """Take note of a name, once."""
    if name in given:
        raise PipelineError(
            f"{given[name]} is the same page",
            where=where,
            remedy="Give one of the two, or keep them below folders called pages.",
        )
    given[name] = where


def _require_distinct(names: Iterable[str]) -> None:
    """Refuse names that some file systems take for one."""
    seen: dict[str, PurePosixPath] = {}
    for name in names:
        for path in (PurePosixPath(name), *PurePosixPath(name).parents):
            other = seen.setdefault(str(path).casefold(), path)
            if other != path:
                raise PipelineError(
                    f"{path} differs from {other} in upper and lower case alone",
                    where=f"{PAGES}/{name}",
                    remedy="Keep one of the two.",
                )
