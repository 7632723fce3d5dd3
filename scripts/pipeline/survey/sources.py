"""Find the pages to survey: files, folders, URLs, and what an index lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import PipelineError
from pipeline.project import PAGES, read_bounded
from pipeline.vendor.collect import Selection
from pipeline.vendor.pages import operations_named

if TYPE_CHECKING:
    from pipeline.vendor.fetch import Allowance
    from pipeline.vendor.response import Fetched


@dataclass(frozen=True)
class Places:
    """Where to look for pages.

    Attributes:
        pages: Paths and URLs of `.md` files, and folders of them.
        index: Address of an `llms.txt` that lists pages.
        match: Shell patterns; only pages whose path matches one are taken from the index.
    """

    pages: tuple[str, ...] = ()
    index: str | None = None
    match: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """One page to survey.

    Attributes:
        name: What reports call it until it is read: its path or address.
        selection: What vendors it alone.
    """

    name: str
    selection: Selection


@dataclass(frozen=True)
class Found:
    """The pages of some places.

    Attributes:
        sources: The pages to survey.
        skipped: Addresses that the index lists of pages that document no operation.
    """

    sources: list[Source]
    skipped: list[str]


class Downloads:
    """Fetches each address once, and remembers what came back or went wrong."""

    def __init__(self) -> None:
        self._fetched: dict[str, Fetched] = {}
        self._problems: dict[str, PipelineError] = {}
        self._allowance: Allowance | None = None

    def __call__(
        self, urls: Iterable[str], etags: Mapping[str, str] | None = None
    ) -> dict[str, Fetched]:
        """Give the pages at some addresses; the `etags` are ignored, since nothing is kept.

        Raises:
            PipelineError: One of them is unavailable.
        """
        wanted = list(urls)
        self.prepare(wanted)
        for url in wanted:
            if url in self._problems:
                raise self._problems[url]
        return {url: self._fetched[url] for url in wanted}

    def is_guide(self, url: str) -> bool:
        """Whether a page arrived and documents no operation."""
        content = self._fetched[url].content if url in self._fetched else None
        return content is not None and not operations_named(content)

    def prepare(self, urls: Iterable[str]) -> None:
        """Fetch addresses, several at a time; one that fails does not stop the others."""
        from pipeline.vendor.fetch import Allowance, fetch  # brings httpx

        allowance = self._allowance = self._allowance or Allowance()
        there = {*self._fetched, *self._problems}
        missing = [url for url in urls if url not in there]
        try:
            self._fetched |= fetch(missing, allowance=allowance) if missing else {}
        except PipelineError:
            for url in missing:
                try:
                    self._fetched |= fetch([url], allowance=allowance)
                except PipelineError as error:
                    self._problems[url] = error


def find(root: Path, places: Places, downloads: Downloads) -> Found:
    """List the pages to survey, each once; those vendored in the project where none is named.

    Args:
        root: The project's top folder.
        places: Where to look.
        downloads: Fetches what is not on this machine.

    Raises:
        PipelineError: There is no such file, a folder has no page, an address cannot be a page's,
            or the index is unavailable.
    """
    named = places.pages or (() if places.index else (str(root / PAGES),))
    files = [file for page in named if "://" not in page for file in _files(Path(page))]
    urls = [page for page in named if "://" in page]
    found = [Source(str(file), Selection(files=(file,))) for file in dict.fromkeys(files)]
    skipped: list[str] = []
    if urls or places.index:
        given, listed = _addresses(places, urls, downloads)
        skipped = [url for url in listed if downloads.is_guide(url)]
        addresses = dict.fromkeys([*given, *(url for url in listed if url not in skipped)])
        found += [Source(url, Selection(urls=(url,))) for url in addresses]
    return Found(found, skipped)


def together(found: Iterable[Source]) -> Selection:
    """What vendors several pages at once."""
    selections = [source.selection for source in found]
    return Selection(
        files=tuple(file for selection in selections for file in selection.files),
        urls=tuple(url for selection in selections for url in selection.urls),
    )


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        try:
            read_bounded(path)
        except OSError as error:
            raise PipelineError(
                f"cannot read the file: {error.strerror}",
                where=str(path),
                remedy="Give the path or URL of a page's .md file, or a folder of them.",
            ) from None
        return [path]
    found = sorted(file for file in path.rglob("*.md") if file.is_file())
    if not found:
        raise PipelineError(
            "the folder has no .md file", where=str(path), remedy="Give a folder of pages."
        )
    return found


def _addresses(
    places: Places, urls: Iterable[str], downloads: Downloads
) -> tuple[list[str], list[str]]:
    """The addresses given, normalized, and those that the index lists; all of them fetched."""
    from pipeline.vendor.index import listed, page_address  # brings httpx

    given = [page_address(url).url for url in urls]
    found: list[str] = []
    if places.index is not None:
        content = downloads([places.index])[places.index].content or b""
        found = [address.url for address in listed(content, places.index, places.match)]
    downloads.prepare([*given, *found])
    return given, [url for url in found if url not in given]
