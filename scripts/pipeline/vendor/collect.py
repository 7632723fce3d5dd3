"""Collect the pages to vendor: those already here, and those given as files, URLs or an index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pipeline.errors import PipelineError
from pipeline.project import PAGES, Project, read_bounded
from pipeline.vendor.merge import Origin
from pipeline.vendor.pages import documents_operation, page_name, read_page, sha256


@dataclass(frozen=True)
class Selection:
    """What to vendor besides the pages already here.

    Attributes:
        files: Page files.
        urls: Addresses of pages.
        index: Address of an `llms.txt` that lists pages.
        match: Shell patterns; only pages whose path matches one are taken from the index.
        prune: Drop the pages that the index no longer lists.
    """

    files: tuple[Path, ...] = ()
    urls: tuple[str, ...] = ()
    index: str | None = None
    match: tuple[str, ...] = ()
    prune: bool = False


@dataclass
class PageSet:
    """All pages to vendor.

    Attributes:
        contents: Their bytes, by name.
        origins: Where the fetched ones come from, by name.
        vanished: Names of pages that the index no longer lists.
        skipped: Names of listed pages that document no operation.
    """

    contents: dict[str, bytes]
    origins: dict[str, Origin] = field(default_factory=dict)
    vanished: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def collect(project: Project, selection: Selection) -> PageSet:
    """Collect pages.

    Args:
        project: Where pages are vendored.
        selection: What to add to the pages already there.

    Raises:
        PipelineError: A page is unavailable or is not a documentation page, or two pages would
            get the same name.
    """
    pages = PageSet(project.page_contents())
    sources: dict[str, str] = {}
    for path in selection.files:
        name, content = _read_file(project, path)
        _claim(name, path.name, sources)
        pages.contents[name] = content
    if selection.urls or selection.index:
        _add_fetched(project, selection, pages, sources)
    if selection.prune:
        for name in pages.vanished:
            del pages.contents[name]
    _require_distinct(pages.contents)
    return pages


def _read_file(project: Project, path: Path) -> tuple[str, bytes]:
    try:
        content = read_bounded(path)
    except OSError as error:
        raise PipelineError(
            f"cannot read the file: {error.strerror}",
            where=path.name,
            remedy="Give the path of a page's .md file.",
        ) from None
    page = read_page(content, path.name)
    name = page_name(path, project.root / PAGES, page)
    recorded = project.lock().get("pages", {}).get(name, {}).get("operation", page.operation)
    if recorded != page.operation:
        raise PipelineError(
            f"it belongs at {PAGES}/{name}, which is the page of {recorded}",
            where=path.name,
            remedy=f"Put it into {PAGES} under a name of its own, and vendor it from there.",
        )
    return name, content


def _add_fetched(
    project: Project, selection: Selection, pages: PageSet, sources: dict[str, str]
) -> None:
    from pipeline.vendor.fetch import fetch  # brings httpx
    from pipeline.vendor.index import listed, page_address, vanished

    recorded = project.lock().get("pages", {})
    addresses = list(dict.fromkeys(page_address(url) for url in selection.urls))
    urls = {address.url for address in addresses}
    if selection.index:
        index = fetch([selection.index])[selection.index].content or b""
        listing = listed(index, selection.index, selection.match)
        pages.vanished = vanished(recorded, listing, selection.index, selection.match)
        addresses += [address for address in listing if address not in addresses]
    for address in addresses:
        _claim(address.name, address.url, sources)
    etags = {
        address.url: entry["etag"]
        for address in addresses
        if (entry := recorded.get(address.name, {})).get("source") == address.url
        and "etag" in entry
        and entry["sha256"] == sha256(pages.contents.get(address.name, b""))
    }
    fetched = fetch([address.url for address in addresses], etags)
    for address in addresses:
        name, page = address.name, fetched[address.url]
        content, etag = page.content, page.etag
        if content is None:
            content, etag = pages.contents[name], etags[address.url]
        wanted = address.url in urls or name in recorded
        if not wanted and not documents_operation(content):
            pages.skipped.append(name)
            continue
        pages.contents[name] = content
        pages.origins[name] = Origin(address.url, etag)


def _claim(name: str, source: str, sources: dict[str, str]) -> None:
    """Note which source a page name comes from; refuse a second one."""
    if name in sources:
        raise PipelineError(
            f"{sources[name]} is the same page",
            where=source,
            remedy="Give only one of the two, or keep them in separate folders below `pages`.",
        )
    sources[name] = source


def _require_distinct(names: Iterable[str]) -> None:
    """Refuse names that some file systems cannot tell apart."""
    seen: dict[str, PurePosixPath] = {}
    for name in names:
        for path in (PurePosixPath(name), *PurePosixPath(name).parents):
            other = seen.setdefault(str(path).casefold(), path)
            if other != path:
                raise PipelineError(
                    f"{path} differs from {other} only in upper and lower case",
                    where=f"{PAGES}/{name}",
                    remedy="Keep only one of the two.",
                )
