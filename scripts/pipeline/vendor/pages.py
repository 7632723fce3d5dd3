"""Read one published page: its specification block, and what only its header tells."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from keyapi._json import pointer
from keyapi._openapi import METHODS
from pipeline.document.hostile import refuse_hostile
from pipeline.document.structure import require_structure
from pipeline.document.yaml import MAX_BYTES, load_yaml
from pipeline.errors import PipelineError

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*(.*?)[ \t]*$")
# The specification's file is missing on some pages, and has a slash in front on others.
_INFO = re.compile(r"ya?ml\s+(?:/?(?P<file>[^\s/]\S*)\s+)?(?P<method>[A-Za-z]+)\s+(?P<path>/\S*)$")
_NO_FILE = "en/openapi.json"
_PATH = re.compile(r"/v1(?:/(?:[A-Za-z0-9_][A-Za-z0-9._~-]*|\{[A-Za-z_][A-Za-z0-9_-]*\}))+/?$")
# The header badge, each of its tags one \x00: `1 credit per request`, or in Chinese.
_TAG = re.compile(r"<[^<>]{0,2000}>")
_COST = r"(?P<{}>\d{{1,3}},\d{{3}}|\d{{1,6}})[\s\x00]{{0,9}}(?:credits?|(?:个)?积分)"
_EACH = r"(?:(?:per|each|every|/)\s{0,9}(?:request|call)|每次(?:请求|调用)?|/\s{0,9}次)"
_CREDITS = re.compile(
    rf"(?:[\x00:：]|消耗)[\s\x00]{{0,9}}{_COST.format('count')}[\s\x00/]{{0,99}}?{_EACH}"
    rf"|\x00\s{{0,9}}{_EACH}[\s\x00/:：]{{0,99}}(?:消耗)?\s{{0,9}}{_COST.format('cost')}",
    re.IGNORECASE,
)

_NAME_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_MAX_PARTS = 10


class Server(NamedTuple):
    """A server that a page names.

    Attributes:
        page: Name of the page.
        pointer: Where it stands there.
        url: What it is, as published.
    """

    page: str
    pointer: str
    url: Any


@dataclass(frozen=True)
class Page:
    """A page as published.

    Attributes:
        name: Path below `openapi/pages`, with forward slashes.
        content: The bytes as published.
        spec_file: The file that the block's info line says it is from, e.g.
            `en/tiktok.openapi.json`.
        method: HTTP method of its operation, in lower case.
        path: URL path of its operation.
        block: The OpenAPI document in it, as JSON data.
        credits: What a request costs by the page's header, or None where it does not say.
    """

    name: str
    content: bytes
    spec_file: str
    method: str
    path: str
    block: dict[str, Any]
    credits: int | None

    @property
    def sha256(self) -> str:
        """Hash of the bytes as published."""
        return sha256(self.content)

    @property
    def operation(self) -> str:
        """The operation it documents, as `GET /v1/…`."""
        return f"{self.method.upper()} {self.path}"

    @property
    def servers(self) -> Iterator[Server]:
        """The servers that it names: for everything, for its path, or for its operation."""
        item = self.block["paths"][self.path]
        above: tuple[str, ...] = ("paths", self.path)
        for at, holder in (
            ((), self.block),
            (above, item),
            ((*above, self.method), item[self.method]),
        ):
            for index, server in enumerate(holder.get("servers") or ()):
                yield Server(self.name, pointer(*at, "servers", index, "url"), server.get("url"))


def sha256(content: bytes) -> str:
    """Hash of a page's bytes, as the lock records it."""
    return hashlib.sha256(content).hexdigest()


def read_page(content: bytes, name: str) -> Page:
    """Read a page.

    Args:
        content: The page as published, Markdown in UTF-8.
        name: Path below `openapi/pages`, with forward slashes.

    Raises:
        PipelineError: The page has no specification block, or several; or the block is not an
            OpenAPI 3 document of exactly the operation its info line names; or it holds what
            no page of an API reference has a reason to hold: see `untrusted`.
    """
    if len(content) > MAX_BYTES:
        raise PipelineError(
            f"the page has {len(content):,} bytes, more than {MAX_BYTES:,}",
            where=name,
            remedy="Check that it is a documentation page.",
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PipelineError(
            f"the page is not UTF-8: {error}", where=name, remedy="Fetch the page again."
        ) from None
    blocks = list(_blocks(text))
    if len(blocks) != 1:
        raise PipelineError(
            f"the page has {len(blocks) or 'no'} fenced block{'s' if len(blocks) > 1 else ''} "
            "whose info line is `yaml SPEC-FILE METHOD PATH`; exactly one is expected",
            where=name,
            remedy="Save the page's Markdown source (its address ending in .md) unchanged.",
        )
    start, spec_file, method, path, yaml_text = blocks[0]
    if method not in METHODS or not _PATH.match(path):
        raise PipelineError(
            f"the info line names `{method.upper()} {path}`, which is not an operation below /v1/",
            where=name,
            remedy="Only KeyAPI's versioned operations can be vendored.",
        )
    block = load_yaml(yaml_text, name)
    _check_block(block, method, path, name)
    require_structure(block, name, "The page is damaged: fetch it again.")
    refuse_hostile(block, name)
    return Page(name, content, spec_file, method, path, block, _credits(text[:start]))


def _credits(header: str) -> int | None:
    """What a request costs by a page's badge, or None where it has none."""
    badge = _CREDITS.search(_TAG.sub("\x00", header))
    return int((badge["count"] or badge["cost"]).replace(",", "")) if badge else None


def page_name(path: Path, root: Path, page: Page) -> str:
    """Where a page file belongs below `openapi/pages`.

    A file that lies there has its name already. Else a path that ends like an address (below a
    folder called `pages`, with the language and platform of the page itself) gives the name; any
    other path says nothing, and the name is made as KeyAPI's addresses are: language, platform,
    resource, rest of the operation's path.

    Args:
        path: The file.
        root: The project's `openapi/pages`.
        page: Its content.

    Raises:
        PipelineError: The name could lead outside that folder.
    """
    resolved = path.resolve()
    if resolved.is_relative_to(root.resolve()):
        return checked_name(resolved.relative_to(root.resolve()).parts, path.name)
    for index in reversed(range(len(resolved.parts) - 1)):
        parts = resolved.parts[index + 1 :]
        if resolved.parts[index] == "pages" and _is_address(parts, page):
            return "/".join(parts)
    return name_from_content(page, path.name)


def name_from_content(page: Page, where: str) -> str:
    """Name a page as KeyAPI's addresses are made, from what it says itself.

    Args:
        page: The page.
        where: Where it is from, for errors.

    Raises:
        PipelineError: The name could lead outside `openapi/pages`.
    """
    home, rest = _home(page)
    folders = (*home, rest[0]) if len(rest) > 1 else home
    return checked_name((*folders, f"{'-'.join(rest[1:] or rest)}.md"), where)


def _home(page: Page) -> tuple[tuple[str, ...], list[str]]:
    """The folder of a page's language and platform, and the rest of its operation's path."""
    language = page.spec_file.split("/")[:-1]
    platform, *rest = page.path.strip("/").replace("{", "").replace("}", "").split("/")[1:]
    return ((*language, platform), rest) if rest else (tuple(language), [platform])


def _is_address(parts: Sequence[str], page: Page) -> bool:
    home, _ = _home(page)
    return _is_name(parts) and len(parts) > len(home) and tuple(parts[: len(home)]) == home


def checked_name(parts: Sequence[str], where: str) -> str:
    """Join a page's name, or refuse it.

    Args:
        parts: Folders and file name below `openapi/pages`.
        where: Where the name is from, for errors.

    Raises:
        PipelineError: It could lead outside that folder, be hidden there, or put a file where
            another page needs a folder.
    """
    if not _is_name(parts):
        raise PipelineError(
            f"{'/'.join(parts)[:200]!r} is not a valid page name",
            where=where,
            remedy="Use letters, digits, dots, dashes and underscores, and the ending .md for the "
            "file alone.",
        )
    return "/".join(parts)


def _is_name(parts: Sequence[str]) -> bool:
    fits = all(_NAME_PART.fullmatch(part) for part in parts) and len(parts) <= _MAX_PARTS
    endings = [part.endswith(".md") for part in parts]
    return fits and endings == [False] * (len(parts) - 1) + [True]


def operations_named(content: bytes) -> list[str]:
    """The operations (`GET /v1/…`) that the info lines of a page name; a guide has none."""
    blocks = _blocks(content.decode("utf-8", "replace"))
    return [f"{method.upper()} {path}" for _, _, method, path, _ in blocks]


def block_text(text: str) -> str:
    """The text of a page's first specification block; empty where there is none."""
    return next((block for *_, block in _blocks(text)), "")


def _blocks(text: str) -> Iterator[tuple[int, str, str, str, str]]:
    """Yield (offset, spec file, method, path, content) of each block with a specification."""
    fence: str | None = None
    info: re.Match[str] | None = None
    body: list[str] = []
    start = offset = 0
    for line in text.splitlines(keepends=True):
        match = _FENCE.match(line.rstrip("\r\n"))
        if fence is None:
            if match:
                fence, info, body, start = match[1], _INFO.match(match[2]), [], offset
        elif match and match[1][0] == fence[0] and len(match[1]) >= len(fence) and not match[2]:
            if info:
                named = info["file"] or _NO_FILE
                yield start, named, info["method"].lower(), info["path"], "".join(body)
            fence = None
        else:
            body.append(line)
        offset += len(line)


def _check_block(block: Any, method: str, path: str, name: str) -> None:
    problem, at = "", pointer()
    if not isinstance(block, dict):
        problem = "the block is not an OpenAPI document"
    elif not str(block.get("openapi", "")).startswith("3."):
        problem, at = "the block is not an OpenAPI 3 document", pointer("openapi")
    elif not isinstance(block.get("paths"), dict) or list(block["paths"]) != [path]:
        problem, at = f"the block does not document exactly the path {path}", pointer("paths")
    elif not isinstance(block["paths"][path], dict) or method not in block["paths"][path]:
        problem, at = f"the block does not document {method.upper()}", pointer("paths", path)
    elif others := [key for key in block["paths"][path] if key in METHODS and key != method]:
        problem = f"the block documents {others[0].upper()} besides {method.upper()}"
        at = pointer("paths", path, others[0])
    elif not isinstance(block["paths"][path][method], dict):
        problem, at = "the operation is not an object", pointer("paths", path, method)
    elif not isinstance(block["paths"][path][method].get("responses"), dict):
        problem, at = "the operation has no responses", pointer("paths", path, method)
    if problem:
        raise PipelineError(
            problem,
            where=name,
            pointer=at,
            remedy="The block must be the one its info line names; fetch the page again.",
        )
