"""The menu at the left of each page, made from titles alone.

Sphinx copies the headings and objects of all pages for each page's menu, and then drops all but
the titles. With a page for each operation, that takes longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from html import escape
from typing import Any

from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def setup(app: Sphinx) -> dict[str, bool]:
    """Give the theme a menu that is made here, before the theme asks for its own."""
    app.connect("html-page-context", _offer, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _offer(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    context["toctree"] = lambda **_: "\n".join(_menu(app, page))


def _menu(app: Sphinx, page: str) -> Iterator[str]:
    path = _path_to(app.env, page)
    for toctree in _toctrees(app.env):
        if toctree["caption"]:
            caption = escape(toctree["caption"])
            yield f'<p class="caption"><span class="caption-text">{caption}</span></p>'
        yield from _entries(app, page, path, toctree["includefiles"], 1)


@lru_cache(1)
def _toctrees(env: BuildEnvironment) -> list[addnodes.toctree]:
    return list(env.get_doctree(env.config.root_doc).findall(addnodes.toctree))


def _entries(
    app: Sphinx, page: str, path: set[str], children: list[str], level: int
) -> Iterator[str]:
    yield "<ul>"
    for child in children:
        here = " current" if child in path else ""
        address = "#" if child == page else app.builder.get_relative_uri(page, child)
        title = escape(app.env.titles[child].astext())
        yield f'<li class="toctree-l{level}{here}">'
        yield f'<a class="{here.strip()} reference internal" href="{escape(address)}">{title}</a>'
        if below := app.env.toctree_includes.get(child):
            yield from _entries(app, page, path, below, level + 1)
        yield "</li>"
    yield "</ul>"


def _path_to(env: BuildEnvironment, page: str) -> set[str]:
    """A page and those above it in the menu."""
    above = {
        child: parent for parent, children in env.toctree_includes.items() for child in children
    }
    path = {page}
    while (page := above.get(page, "")) not in {"", *path}:
        path.add(page)
    return path
