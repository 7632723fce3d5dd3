"""The project's Markdown documents: their code blocks, links and headings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
SITE = ROOT / "docs"

_FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<language>\S*)[^\n]*\n(?P<code>.*?)^(?P=fence)$", re.M | re.S
)
_NOT_RUN = re.compile(r"<!-- not run: (.+) -->\s*\Z")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6}\s+(.+)$", re.M)


@dataclass(frozen=True)
class Block:
    """A fenced block of code.

    Attributes:
        document: The file it is in.
        line: The line of its first line of code, from 1.
        language: The word behind the fence.
        code: What is in it.
        reason: Why it is not run, from the comment before it, or None.
        output: The block of text that directly follows, or None.
    """

    document: Path
    line: int
    language: str
    code: str
    reason: str | None
    output: str | None

    def __str__(self) -> str:
        return f"{relative(self.document)}:{self.line}"


def relative(document: Path) -> str:
    """A document's path from the top of the project."""
    return document.relative_to(ROOT).as_posix()


def documents() -> list[Path]:
    """Every document that is written by hand, but for pages that only include another."""
    found = [*ROOT.glob("*.md"), *(ROOT / "openapi").glob("*.md")]
    found += [ROOT / "openapi" / "templates" / "README.md"]
    made = {SITE / "operations", SITE / "notebooks"}  # when the site is built
    found += [
        page
        for page in SITE.rglob("*.md")
        if page.parent not in made and "```{include} " not in page.read_text("utf-8")
    ]
    return sorted(found)


def blocks(*languages: str) -> Iterator[Block]:
    """Yield the blocks of code in these languages."""
    for document in documents():
        text = document.read_text("utf-8")
        found = list(_FENCE.finditer(text))
        for match, following in zip_longest(found, found[1:]):
            if match["language"] not in languages:
                continue
            reason = _NOT_RUN.search(text, 0, match.start())
            output = None
            if following and following["language"] == "text":
                between = text[match.end() : following.start()]
                output = None if between.strip() else following["code"]
            yield Block(
                document=document,
                line=text.count("\n", 0, match.start("code")) + 1,
                language=match["language"],
                code=match["code"],
                reason=reason[1] if reason else None,
                output=output,
            )


def fenced(text: str, language: str) -> list[str]:
    """The code of each block in a language, in a document's text."""
    return [match["code"] for match in _FENCE.finditer(text) if match["language"] == language]


def commands(code: str) -> Iterator[list[str]]:
    """Yield the commands of a block of shell, each as its words."""
    for line in code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words:
            end = words.index("&&") if "&&" in words else len(words)
            yield words[:end]
            words = words[end + 1 :]


def prose(document: Path) -> str:
    """The text of a document without its blocks of code."""
    return _FENCE.sub("", document.read_text("utf-8"))


def links(document: Path) -> list[str]:
    """The targets of a document's links."""
    return [match["target"] for match in _LINK.finditer(prose(document))]


def anchors(document: Path) -> set[str]:
    """What a link may name behind `#`: the headings, as GitHub and the site write them."""
    titles = _HEADING.findall(prose(document))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
