"""Each page as Markdown beside its HTML, and `llms.txt`, which lists them.

They are written from what Sphinx has resolved, so that generated pages and docstrings are in them,
and links lead from one `.md` to another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from pipeline.document.text import fenced

_SUMMARY = 160  # characters of a page's first paragraph in the list
_BULLET = "- "


def setup(app: Sphinx) -> dict[str, bool]:
    """Write each page when it is resolved, and the list at the end."""
    app.connect("doctree-resolved", _write, priority=900)
    app.connect("build-finished", _list)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _write(app: Sphinx, doctree: Any, page: str) -> None:
    if app.builder.name != "html":
        return
    path = Path(app.outdir) / f"{page}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written(doctree), "utf-8")


def _list(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.name != "html":
        return
    lines = [f"# {app.config.project}", "", f"> {_first(app, app.config.root_doc)}", ""]
    for page in sorted(app.env.titles, key=lambda page: (page.count("/"), page)):
        about = _first(app, page)
        title = app.env.titles[page].astext()
        lines.append(f"- [{title}]({page}.md){f': {about}' if about else ''}")
    (Path(app.outdir) / "llms.txt").write_text("\n".join(lines) + "\n", "utf-8")


def _first(app: Sphinx, page: str) -> str:
    """The beginning of a page's first paragraph, on one line."""
    text = (Path(app.outdir) / f"{page}.md").read_text("utf-8")
    text = re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
    found = re.search(r"^(?![#|`\-\s!<>])\S.*(?:\n(?!\n).*)*", text, re.MULTILINE)
    line = " ".join(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", found[0]).split()) if found else ""
    return line if len(line) <= _SUMMARY else f"{line[: _SUMMARY - 1]}…"


def written(doctree: Any) -> str:
    """Write a resolved page as Markdown."""
    text = "\n\n".join(part for part in _blocks(doctree, 0) if part.strip())
    return text + "\n"


def _blocks(parent: Any, level: int) -> Iterator[str]:
    """The blocks below a node; text between them is a block of its own."""
    for node in parent.children:
        yield from _block(node, level)


def _block(node: Any, level: int) -> Iterator[str]:
    return _BLOCKS.get(type(node).__name__, _other)(node, level)


def _other(node: Any, level: int) -> Iterator[str]:
    if not hasattr(node, "children") or not node.children:
        return
    if any(type(child).__name__ in _INLINE_NAMES for child in node.children):
        yield _inline(node)
    else:
        yield from _blocks(node, level)


def _section(node: Any, level: int) -> Iterator[str]:
    for child in node.children:
        if type(child).__name__ == "title":
            yield f"{'#' * min(level + 1, 6)} {_inline(child)}"
        else:
            yield from _block(child, level + 1)


def _code(node: Any, level: int) -> Iterator[str]:
    language = node.get("language", "")
    yield fenced(node.astext(), "" if language in ("default", "none") else language, "```")


def _items(node: Any, level: int) -> Iterator[str]:
    numbered = type(node).__name__ == "enumerated_list"
    items = []
    for number, item in enumerate(node.children, start=1):
        mark = f"{number}. " if numbered else _BULLET
        body = "\n\n".join(_blocks(item, level))
        items.append(mark + body.replace("\n", f"\n{' ' * len(mark)}"))
    yield "\n".join(items)


def _described(node: Any, level: int) -> Iterator[str]:
    """An object of the reference: its signature in bold, then what is said of it."""
    for child in node.children:
        if type(child).__name__ == "desc_signature":
            yield f"**`{' '.join(child.astext().replace('[source]', '').split())}`**"
        else:
            yield from _blocks(child, level)


def _fields(node: Any, level: int) -> Iterator[str]:
    for field in node.children:
        name, body = field.children
        yield f"*{_inline(name)}*"
        yield from _blocks(body, level)


def _definitions(node: Any, level: int) -> Iterator[str]:
    for item in node.children:
        for child in item.children:
            if type(child).__name__ == "term":
                yield f"**{_inline(child)}**"
            else:
                yield from _blocks(child, level)


def _table(node: Any, level: int) -> Iterator[str]:
    rows = [
        [" ".join(_inline_blocks(entry)).replace("|", "\\|") for entry in row.children]
        for row in node.findall(lambda each: type(each).__name__ == "row")
    ]
    if rows:
        lines = [f"| {' | '.join(row)} |" for row in rows]
        yield "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


def _inline_blocks(node: Any) -> Iterator[str]:
    for child in node.children:
        yield _inline(child)


def _picture(node: Any, level: int) -> Iterator[str]:
    yield f"![{node.get('alt', '')}]({node['uri']})"


def _raw(node: Any, level: int) -> Iterator[str]:
    text = node.astext()
    if title := re.search(r"<title>(.*?)</title>", text):
        yield f"(Picture: {title[1]}.)"
    elif "<table" in text:  # which is Markdown as it stands
        yield re.sub(r"<style>.*?</style>\s*|\n\s*\n", "", text, flags=re.DOTALL)


def _nothing(node: Any, level: int) -> Iterator[str]:
    return iter(())


def _paragraph(node: Any, level: int) -> Iterator[str]:
    yield _inline(node)


def _inline(node: Any) -> str:
    kind = type(node).__name__
    if kind == "Text":
        return str(node.astext())
    if kind == "literal":
        return f"`{node.astext()}`"
    if kind == "image":
        return f"![{node.get('alt', '')}]({node['uri']})"
    text = "".join(map(_inline, node.children))
    if kind == "reference":
        return f"[{text}]({_address(node)})" if text else ""
    mark = {"strong": "**", "emphasis": "*"}.get(kind, "")
    return f"{mark}{text}{mark}"


def _address(node: Any) -> str:
    """Where a link leads: a page of the site is named by its Markdown."""
    address = node.get("refuri") or f"#{node.get('refid', '')}"
    if node.get("internal") and not address.startswith("#"):
        address = re.sub(r"\.html(?=#|$)", ".md", address)
    return str(address)


_INLINE_NAMES = frozenset({"Text", "literal", "reference", "strong", "emphasis", "inline"})
_BLOCKS: dict[str, Callable[[Any, int], Iterator[str]]] = {
    "bullet_list": _items,
    "comment": _nothing,
    "definition_list": _definitions,
    "desc": _described,
    "enumerated_list": _items,
    "field_list": _fields,
    "image": _picture,
    "index": _nothing,
    "literal_block": _code,
    "paragraph": _paragraph,
    "raw": _raw,
    "section": _section,
    "table": _table,
    "target": _nothing,
    "toctree": _nothing,
}
