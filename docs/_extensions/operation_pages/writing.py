"""The Markdown of the pages: one for each operation, and the table of them all.

What comes from a vendored page is text, whatever it holds: no markup of it is obeyed.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from operation_pages.example import Example
from operation_pages.facts import Statement, VendoredPage
from pipeline.document.text import fenced, plain

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$~:@^=&\"'%])")
_TEXT = 2000  # characters shown of one text
_VALUES = 40  # members shown of one enum
_HEADINGS = (
    *("operation", "credits", "pages", "sorts by", "filters"),
    *("corrections", "not understood", "last vendored"),
)
_KINDS = {
    "not understood": "not understood",
    "different": "contradicts the specification",
    "left out": "left out of the specification",
    "note": "could not be inferred",
}


def table(pages: Sequence[VendoredPage]) -> str:
    """Write the page with the table of all operations, and the menu of their pages."""
    ordered = sorted(pages, key=lambda page: (page.command.resource, page.command.name))
    requests = sum(page.operation.paging is not None for page in pages)
    lines = [
        "# All operations",
        "",
        "All that the client can call, made from the vendored pages when this site is built:",
        f"{len(pages)} {_plural(len(pages), 'operation')}; {requests} of them with pages to walk.",
        "",
    ]
    for resource, group in groupby(ordered, key=lambda page: page.command.resource):
        lines += [f"## {_text(resource)}", ""]
        lines += [
            f"| {' | '.join(_HEADINGS)} |",
            "|---" * len(_HEADINGS) + "|",
        ]
        lines += [_row(page) for page in group]
        lines.append("")
    lines += [
        "*Corrections* are actions of the [overlay](../openapi/README.md), for what the page says",
        "and the API does not; those of every operation are not counted. *Not understood* counts",
        "what only the page or only the specification says. The page of each operation lists both.",
        "",
        "```{toctree}",
        ":hidden:",
        "",
        *(page.document.removeprefix("operations/") for page in ordered),
        "```",
        "",
    ]
    return "\n".join(lines)


def operation_page(page: VendoredPage, example: Example, printed: str) -> str:
    """Write the page of one operation.

    Args:
        page: What is known of it.
        example: A call of it.
        printed: What the example prints.
    """
    return "\n".join(
        line
        for part in (
            _head(page),
            _example(example, printed),
            _arguments(page),
            _answer(page),
            _corrections(page),
            _statements(page.statements),
            _source(page),
        )
        for line in (*part, "")
    )


def _row(page: VendoredPage) -> str:
    operation = page.operation
    name = page.document.removeprefix("operations/")
    paging, sort = operation.paging, operation.sort
    members = len(operation.arguments[sort.field].members) if sort else 0
    cells = (
        f"[`{page.command.call.name}`]({name}.md) {operation.method}",
        str(operation.credits),
        f"{paging.kind}{f', {paging.largest} rows' if paging.largest else ''}" if paging else "–",
        (f"{members} {_plural(members, 'column')}" if members else f"`{sort.field}`")
        if sort
        else "–",
        str(len(operation.filters) or "–"),
        str(len(page.corrections) or "–"),
        str(len(page.statements) or "–"),
        page.changed or "–",
    )
    return f"| {' | '.join(cells)} |"


def _head(page: VendoredPage) -> Iterator[str]:
    node, operation = page.operation.node, page.operation
    yield f"# {_text(node.get('summary') or page.method)}"
    yield ""
    yield f"`{operation.method} {operation.path}`"
    yield ""
    if description := node.get("description"):
        yield _text(description)
        yield ""
    cost = f"{operation.credits} {_plural(operation.credits, 'credit')}"
    yield f"One request costs {cost}. `{page.method}` returns {_returns(page)}."
    if walk := page.command.walk:
        yield f"`{walk.resource}.{walk.name}` [walks its pages](../pages.md)."


def _returns(page: VendoredPage) -> str:
    annotation = str(inspect.signature(page.command.call.function).return_annotation)
    return f"`{annotation}`"


def _example(example: Example, printed: str) -> Iterator[str]:
    yield "## Example"
    yield ""
    if example.problem:
        yield f"The documented arguments cannot be said in a typed call: {_text(example.problem)}."
        return
    yield fenced(example.code, "python", "```")
    yield ""
    yield fenced(printed, "text", "```")
    if example.shell:
        yield ""
        yield "On the command line:"
        yield ""
        yield fenced(example.shell, "sh", "```")


def _arguments(page: VendoredPage) -> Iterator[str]:
    call = page.command.call
    operation = page.operation
    parameters = inspect.signature(call.function).parameters
    yield "## Arguments"
    yield ""
    if not call.wire:
        yield "None."
        return
    yield "| argument | what it is |"
    yield "|---|---|"
    for name, wire in call.wire.items():
        in_body = name in call.operation.body
        arguments = operation.body_arguments if in_body else operation.arguments
        argument = arguments[wire]
        about = page.command.description(wire)
        if in_body:
            about = argument.schema.get("description", "")
        parts = [_sentence(_text(about))] if about else []
        if argument.members:
            parts.append(f"One of {_members(argument.members)}.")
        if argument.delimiter:
            parts.append("A list, sent as one text.")
        if wire in operation.echoes:
            parts.append("Each row repeats it.")
        if wire in operation.filters:
            parts.append(f"Filters by `{operation.filters[wire]}`.")
        if wire in operation.ids:
            parts.append(f"Chooses rows by `{operation.ids[wire]}`.")
        required = ", required" if argument.required and _needed(parameters[name]) else ""
        kind = f"`{plain(str(parameters[name].annotation), 300)}`"
        yield f"| `{name}` | {_cell(' '.join([f'{kind}{required}.', *parts]))} |"


def _answer(page: VendoredPage) -> Iterator[str]:
    operation = page.operation
    yield "## What comes back"
    yield ""
    model = _model(page)
    if model:
        yield f"- Rows or data: {{py:obj}}`{model}`, with every field explained."
    if paging := operation.paging:
        bound = f", at most {paging.largest} rows each" if paging.largest else ""
        kind = "number" if paging.kind == "page" else "cursor"
        yield f"- Pages by {kind}, `{paging.position}`{bound}."
    else:
        yield "- One answer, without pages."
    if sort := operation.sort:
        direction = f", in the direction `{sort.direction}`" if sort.direction else ""
        yield f"- Sorted by what `{sort.field}` names{direction}."
    yield f"- Documented answers: {', '.join(f'`{status}`' for status in operation.statuses)}."


def _corrections(page: VendoredPage) -> Iterator[str]:
    yield "## Corrections"
    yield ""
    if not page.corrections:
        yield "None of this page alone."
    for correction in page.corrections:
        yield f"- {_text(correction.reason)}"
        if correction.evidence:
            yield f"  *Evidence:* {_text(correction.evidence)}"
    if page.shared:
        yield ""
        count = f"{page.shared} {_plural(page.shared, 'correction')}"
        yield f"{count} of every operation apply, too, for example to its error answers."


def _statements(statements: Sequence[Statement]) -> Iterator[str]:
    yield "## What was not understood"
    yield ""
    if not statements:
        yield "Nothing: whatever the page says is in the specification."
        return
    yield "| what | where | |"
    yield "|---|---|---|"
    for each in statements:
        place = _cell_code(each.place) if each.place else "–"
        yield f"| {_cell(_text(each.text))} | {place} | {_KINDS[each.kind]} |"


def _source(page: VendoredPage) -> Iterator[str]:
    yield "## Where it comes from"
    yield ""
    source = "a file" if page.source == "file" else f"`{plain(page.source, 300)}`"
    day = f", last vendored with a change on {page.changed}" if page.changed else ""
    yield f"`{plain(page.name, 300)}`, from {source}{day}; SHA-256 `{page.sha256[:16]}…`."


def _model(page: VendoredPage) -> str:
    model = getattr(page.command.call.operation, "model", None)
    found: Any = model() if callable(model) else None
    if not isinstance(found, type) or found is dict:
        return ""
    package = found.__module__.partition(".")[0]
    return f"{package}.{found.__name__}"


def _needed(parameter: inspect.Parameter) -> bool:
    return parameter.default is inspect.Parameter.empty


def _members(members: Iterable[str]) -> str:
    names = [f"`{plain(str(member))}`" for member in members]
    more = f" and {len(names) - _VALUES} more" if len(names) > _VALUES else ""
    return ", ".join(names[:_VALUES]) + more


def _text(text: str) -> str:
    """Text from a page as one paragraph in which nothing is markup."""
    line = plain(" ".join(str(text).split()), _TEXT)
    return _MARKUP.sub(r"\\\1", line)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。")) else f"{text}."


def _cell(text: str) -> str:
    """Markdown for a cell of a table, in which a bar has to be escaped."""
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def _cell_code(text: str) -> str:
    return _cell(f"`{plain(text, 300)}`")


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"
