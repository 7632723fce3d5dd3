"""Rows in a notebook: a table in which nothing runs, and nothing is loaded from elsewhere.

What is expected stands here, written by hand: what a server sends, and the text of its cell.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from keyapi.conformance.relations._shared import Compared

_TAGS = {"table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
_ATTRIBUTES = {("style", "text-align: left")}
_MOST, _LONGEST = 20, 60
"""Rows of a table, and characters of a cell."""
_CELLS: dict[str, tuple[Any, str]] = {
    "text": ("plain é", "plain é"),
    "<b>&\"'</b>": ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    "entity": ("&lt;img src=x onerror=alert(1)&gt;", "&lt;img src=x onerror=alert(1)&gt;"),
    "whole": (7, "7"),
    "number": (1.5, "1.5"),
    "flag": (True, "true"),
    "nothing": (None, ""),
    "empty": ("", ""),
    "list": ([1, {"a": "é<"}], '[1, {"a": "é<"}]'),
    "longest": ("x" * _LONGEST, "x" * _LONGEST),
    "long": ("x" * 200, "x" * (_LONGEST - 1) + "…"),
    "control": ("\x1b[31m\u202ea", r"\x1b[31m\u202ea"),
    "name \x1b" + "y" * 100: (0, "0"),
}
"""Names of properties, with a value and the text that stands for it."""
_NAMES = [*[*_CELLS][:-1], r"name \x1b" + "y" * 53 + "…"]


_ROW = {name: value for name, (value, _) in _CELLS.items()}
_TEXTS = [text for _, text in _CELLS.values()]
ROWS: list[dict[str, Any]] = [*[_ROW] * (_MOST + 2), {"later": 1}]
"""Rows to show: more than a table has, the last one with a property of its own."""


def shown(value: Any, caption: str) -> Compared:
    """Compare what a notebook shows of `ROWS`, each with its number `n`.

    Args:
        value: A page of them.
        caption: What the caption has.
    """
    table = _Table(value._repr_html_())
    yield "notebook", (set(), set()), (table.tags - _TAGS, table.attributes - _ATTRIBUTES)
    yield "notebook, caption", True, caption in table.caption
    yield "notebook, names", [*_NAMES, "n"], table.rows[0] if table.rows else []
    cells = [[*_TEXTS, str(number)] for number in range(_MOST)]
    yield "notebook, rows", cells, table.rows[1:]
    yield "notebook, more rows", "… 3 more rows", table.rest


def shown_of_row(model: Any) -> Compared:
    """Compare what a notebook shows of one row: each property, and its value.

    Args:
        model: Class of the row.
    """
    table = _Table(model.from_dict(_ROW)._repr_html_())
    yield "notebook", (set(), set()), (table.tags - _TAGS, table.attributes - _ATTRIBUTES)
    yield "notebook, caption", model.__name__, table.caption
    texts = [[*pair] for pair in zip(_NAMES, _TEXTS, strict=True)]
    yield "notebook, rows", [["property", "value"], *texts], table.rows


class _Table(HTMLParser):
    """A table as a browser reads it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.rows: list[list[str]] = []
        self.caption = self.rest = ""
        self._at = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {*attrs}
        self._at = tag
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._at = ""

    def handle_data(self, data: str) -> None:
        if self._at in ("th", "td"):
            self.rows[-1][-1] += data
        elif self._at == "caption":
            self.caption += data
        elif self._at == "p":
            self.rest += data
