"""The built site: complete, self-contained, and searchable without a server."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import keyapi
import keyapi.contract
import keyapi.sandbox
import keyapi.testing
import keyapi_tiktok
from docs.conftest import Built
from keyapi import Model
from keyapi.specification import Specification

SHOWN = "influencer_products_analytics"  # the operation that the notebook calls
MODELS = Path(keyapi_tiktok.__file__).parent / "models"


class _Entries(HTMLParser):
    """Reads the text below each documented object: its signature and what is said of it."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self._open: list[tuple[int, str]] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._depth += tag in ("dl", "dd", "dt")
        name = dict(attrs).get("id")
        if tag == "dt" and name:
            # An object ends where the list does that its signature begins.
            self._open.append((self._depth - 1, name))
            self.texts[name] = ""

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag in ("dl", "dd", "dt")
        while self._open and self._depth < self._open[-1][0]:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for _, name in self._open:
            self.texts[name] += data


class Described(NamedTuple):
    """An attribute of a generated model: its annotation and its docstring, as written."""

    name: str
    type: str
    text: str


def attributes(tree: ast.ClassDef) -> Iterator[Described]:
    """Yield the attributes of a model, declared by annotation or as properties."""
    following = [*tree.body[1:], None]
    for node, after in zip(tree.body, following, strict=True):
        if isinstance(node, ast.AnnAssign):
            documented = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            text = str(after.value.value) if documented else ""  # type: ignore[union-attr]
            yield Described(ast.unparse(node.target), ast.unparse(node.annotation), text)
        elif isinstance(node, ast.FunctionDef) and any(
            ast.unparse(decorator) == "property" for decorator in node.decorator_list
        ):
            annotation = ast.unparse(node.returns) if node.returns else ""
            yield Described(node.name, annotation, ast.get_docstring(node) or "")


def described() -> Iterator[Described]:
    """Yield the attributes of all models that the package exports."""
    for module in sorted(MODELS.glob("*.py")):
        for node in ast.parse(module.read_text("utf-8")).body:
            if not isinstance(node, ast.ClassDef) or node.name not in keyapi_tiktok.__all__:
                continue
            if issubclass(getattr(keyapi_tiktok, node.name), Model):
                for attribute in attributes(node):
                    yield attribute._replace(name=f"keyapi_tiktok.{node.name}.{attribute.name}")


def squeezed(text: str) -> str:
    """A text by its letters and digits: quotes, code and line ends are set differently."""
    return "".join(re.findall(r"\w", text))


@pytest.fixture(scope="module")
def entries(site: Path) -> dict[str, str]:
    """The text of each documented object, by its full name."""
    reader = _Entries()
    for page in sorted((site / "reference").glob("*.html")):
        reader.feed(page.read_text("utf-8"))
    return {name: squeezed(text) for name, text in reader.texts.items()}


def test_every_model_field_is_shown_with_its_type_and_whole_text(entries: dict[str, str]) -> None:
    fields = list(described())
    assert any(re.search(r":\s", attribute.text) for attribute in fields)  # where a colon could cut
    for attribute in fields:
        shown = entries[attribute.name]
        assert squeezed(attribute.type) in shown, attribute
        assert squeezed(attribute.text) in shown, attribute


@pytest.mark.parametrize(
    "module", [keyapi, keyapi_tiktok, keyapi.contract, keyapi.sandbox, keyapi.testing]
)
def test_every_public_name_is_in_the_reference(entries: dict[str, str], module: Any) -> None:
    # The errors that a generated package exports are described where they are defined.
    places = (module.__name__, "keyapi")
    missing = [
        name for name in module.__all__ if not any(f"{place}.{name}" in entries for place in places)
    ]
    assert missing == []


def test_attributes_of_errors_are_explained(entries: dict[str, str]) -> None:
    shown = entries["keyapi.KeyAPIError"]
    assert squeezed("the page number or cursor that failed: start the next walk there") in shown


def test_no_docstring_is_left_in_its_source_form(site: Path) -> None:
    for page in sorted(site.rglob("*.html")):
        text = page.read_text("utf-8")
        assert "object at 0x" not in text, page
        assert ">Args:" not in text, page


def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    loaded = re.compile(
        r"""<(?:script|img|iframe|source|link(?![^>]*rel="(?:next|prev|index|search)"))[^>]*"""
        r"""(?:src|href)="((?:https?:)?//[^"]*)"|url\(["']?((?:https?:)?//[^"')]*)|@import\s+["']([^"']*)"""
    )
    for file in sorted([*site.rglob("*.html"), *site.rglob("*.css")]):
        assert [match[0] for match in loaded.finditer(file.read_text("utf-8"))] == [], file


def test_search_needs_no_server(site: Path) -> None:
    page = (site / "search.html").read_text("utf-8")
    assert re.search(r'<script[^>]* src="searchindex\.js"', page)
    index = (site / "searchindex.js").read_text("utf-8")
    assert index.startswith("Search.setIndex(")
    assert '"max_credit' in index


def test_each_page_is_markdown_too_and_the_list_has_them_all(site: Path) -> None:
    made = {"genindex", "py-modindex", "search"}  # by Sphinx, of the others
    pages = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    pages = {page for page in pages - made if not page.startswith("report/")}
    listed = re.findall(r"^- \[.*?\]\((\S+)\.md\)", (site / "llms.txt").read_text("utf-8"), re.M)
    assert sorted(listed) == sorted(pages)
    for page in pages:
        path = site / f"{page}.md"
        text = re.sub(r"^(`{3,}).*?^\1", "", path.read_text("utf-8"), flags=re.M | re.S)
        assert text.startswith("# "), page
        for link in re.findall(r"(?<!`)\]\(([^)#\s]+)[^)\s]*\)", text):
            assert link.startswith("https://") or (path.parent / link).is_file(), (page, link)


def test_the_notebooks_run_and_the_site_is_built(built: Built) -> None:
    assert not built.error, built.error


def test_the_notebook_shows_what_it_asked_for(site: Path) -> None:
    text = (site / "notebooks" / "creators.md").read_text("utf-8")
    counts = re.search(r"^requests: (\d+)  credits: (\d+) of 100$", text, re.MULTILINE)
    price = Specification.of_package("keyapi_tiktok").operations[SHOWN].credits
    assert counts
    assert int(counts[2]) == int(counts[1]) * price
    assert "<th>most_sold</th>" in text
