"""Collect the pages to vendor: those already here, and those given as files, URLs or an index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pipeline.errors import PipelineError
from pipeline.project import PAGES, Project, read_bounded
from pipeline.vendor.merge import Origin
from pipeline.vendor.pages import (
    Page,
    name_from_content,
    operations_named,
    page_name,
    read_page,
    sha256,
)

if TYPE_CHECKING:
    from pipeline.vendor.index import Address
    from pipeline.vendor.response import Fetched

Fetch = Callable[[list[str], dict[str, str]], "dict[str, Fetched]"]
"""Fetches addresses, given the `ETag`s of pages already here, as `fetch.fetch` does."""


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
        files: What the files given are called, by name.
        read: Those read already, by name.
        vanished: Names of pages that the index no longer lists.
        skipped: Names of listed pages that document no operation.
    """

    contents: dict[str, bytes]
    origins: dict[str, Origin] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    read: dict[str, Page] = field(default_factory=dict)
    vanished: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def collect(project: Project, selection: Selection, fetch: Fetch | None = None) -> PageSet:
    """Collect pages.

    A page is known by its operation: from another file or address it keeps its recorded name.

    Args:
        project: Where pages are vendored.
        selection: What to add to the pages already there.
        fetch: Fetches pages, if not `fetch.fetch`.

    Raises:
        PipelineError: A page is unavailable or is not a documentation page, or two of those given
            are the same page or would get the same name.
    """
    pages = PageSet(project.page_contents())
    recorded = project.lock().get("pages", {})
    claims = _Claims(recorded)
    for path in selection.files:
        page = _read_file(path)
        name = page_name(path, project.root / PAGES, page)
        if not path.resolve().is_relative_to((project.root / PAGES).resolve()):
            name = claims.recorded_name(page.operation) or name
        claims.add(name, page.operation, path.name)
        _require_its_own(name, page.operation, path.name, recorded)
        pages.contents[name] = page.content
        pages.files[name] = path.name
        pages.read[name] = replace(page, name=name)
    if selection.urls or selection.index:
        if fetch is None:
            from pipeline.vendor.fetch import fetch as from_network  # brings httpx

            fetch = from_network
        _add_fetched(selection, recorded, pages, claims, fetch)
    if selection.prune:
        for name in pages.vanished:
            del pages.contents[name]
    _require_distinct(pages.contents)
    return pages


class _Claims:
    """Which names and operations the pages given take, each at most once.

    Args:
        recorded: The lock's entries by page name.
    """

    def __init__(self, recorded: Mapping[str, Mapping[str, Any]]) -> None:
        self._recorded: dict[str, str] = {}
        for name, entry in recorded.items():
            self._recorded.setdefault(entry["operation"], name)
        self._names: dict[str, str] = {}
        self._operations: dict[str, str] = {}

    def recorded_name(self, operation: str) -> str | None:
        """The name under which an operation's page is vendored already."""
        return self._recorded.get(operation)

    def is_free(self, name: str) -> bool:
        """Whether no page given takes a name yet."""
        return name not in self._names

    def add(self, name: str, operation: str, source: str) -> None:
        """Note which source gives a page; refuse a second one."""
        if first := self._operations.get(operation):
            raise PipelineError(
                f"{first} is the same page: both document {operation}",
                where=source,
                remedy="Give only one of the two.",
            )
        if first := self._names.get(name):
            raise PipelineError(
                f"it belongs at {PAGES}/{name}, and so does {first}",
                where=source,
                remedy=f"Put one of the two into {PAGES} under a name of its own, and vendor it "
                "from there.",
            )
        self._names[name] = source
        if operation:
            self._operations[operation] = source


def _read_file(path: Path) -> Page:
    try:
        content = read_bounded(path)
    except OSError as error:
        raise PipelineError(
            f"cannot read the file: {error.strerror}",
            where=path.name,
            remedy="Give the path of a page's .md file.",
        ) from None
    return read_page(content, path.name)


def _require_its_own(
    name: str, operation: str, source: str, recorded: Mapping[str, Mapping[str, Any]]
) -> None:
    """Refuse the name that the page of another operation has."""
    other = recorded.get(name, {}).get("operation", operation)
    if other != operation:
        raise PipelineError(
            f"it belongs at {PAGES}/{name}, which is the page of {other}",
            where=source,
            remedy=f"Put it into {PAGES} under a name of its own, and vendor it from there.",
        )


def _add_fetched(
    selection: Selection,
    recorded: Mapping[str, Mapping[str, Any]],
    pages: PageSet,
    claims: _Claims,
    fetch: Fetch,
) -> None:
    from pipeline.vendor.index import listed, page_address, vanished  # brings httpx

    addresses = list(dict.fromkeys(page_address(url) for url in selection.urls))
    wanted = {
        *(address.url for address in addresses),
        *(entry["source"] for entry in recorded.values()),
    }
    gone: list[str] = []
    if selection.index:
        index = fetch([selection.index], {})[selection.index].content or b""
        listing = listed(index, selection.index, selection.match)
        gone = vanished(recorded, listing, selection.index, selection.match)
        addresses += [address for address in listing if address not in addresses]
    _require_one_address_each(addresses)
    unchanged = {
        entry["source"]: name
        for name, entry in recorded.items()
        if "etag" in entry and entry["sha256"] == sha256(pages.contents.get(name, b""))
    }
    etags = {
        address.url: recorded[unchanged[address.url]]["etag"]
        for address in addresses
        if address.url in unchanged
    }
    fetched = fetch([address.url for address in addresses], etags)
    arrived: list[_Arrived] = []
    for address in addresses:
        answer = fetched[address.url]
        content, etag = answer.content, answer.etag
        if content is None:
            content, etag = pages.contents[unchanged[address.url]], etags[address.url]
        operations = operations_named(content)
        operation = operations[0] if len(operations) == 1 else ""
        kept = claims.recorded_name(operation)
        if operations or address.url in wanted or address.name in recorded:
            arrived.append(_Arrived(address, content, etag, operation, kept))
        else:
            pages.skipped.append(address.name)
    # Pages that keep a name take it before those that would be named for their address.
    for page in sorted(arrived, key=lambda page: page.kept is None):
        url = page.address.url
        name = page.kept or page.address.name
        if page.kept is None and not claims.is_free(name):
            name = name_from_content(read_page(page.content, url), url)
            _require_its_own(name, page.operation, url, recorded)
        claims.add(name, page.operation, url)
        pages.contents[name] = page.content
        pages.origins[name] = Origin(url, page.etag)
    pages.vanished = [name for name in gone if name not in pages.origins]


@dataclass(frozen=True)
class _Arrived:
    """A fetched page that documents an operation, or was asked for.

    Attributes:
        address: Its address.
        content: Its bytes.
        etag: Its `ETag`, or None.
        operation: The one operation that it names; empty for none or several.
        kept: The name under which that operation's page is vendored already, or None.
    """

    address: Address
    content: bytes
    etag: str | None
    operation: str
    kept: str | None


def _require_one_address_each(addresses: Iterable[Address]) -> None:
    """Refuse two spellings of one address."""
    urls: dict[str, str] = {}
    for address in addresses:
        first = urls.setdefault(address.name, address.url)
        if first != address.url:
            raise PipelineError(
                f"{first} is the same page", where=address.url, remedy="Give only one of the two."
            )


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
