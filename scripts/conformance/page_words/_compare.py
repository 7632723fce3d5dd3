"""Compare a page with the effective specification, node by node and word by word."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.page_words._nodes import Node, operation_nodes, usual
from conformance.page_words._page import PageText, Prompt
from conformance.page_words._prose import plain, words
from conformance.page_words._samples import samples_differ
from conformance.page_words._statement import (
    ADDED,
    DIFFERENT,
    LEFT_OUT,
    LONGEST,
    Statement,
    shown,
)
from conformance.page_words._texts import BOUNDS, accounted_words, added_bounds, compared_texts

_PARTED = str.maketrans({"-": " ", "/": " ", "_": " ", "{": " ", "}": " "})
_CREDITS = "credits"
_NOTHING = Node()


def page_statements(page: PageText, document: Mapping[str, Any]) -> Iterator[Statement]:
    """Find what a page says and the effective specification does not, and the other way round.

    Args:
        page: The page.
        document: The effective specification.

    Yields:
        Statements, none of them twice.
    """
    yield from dict.fromkeys(_statements(page, document))


def _statements(page: PageText, document: Mapping[str, Any]) -> Iterator[Statement]:
    published = operation_nodes(page.document, page.path, page.method)
    effective = operation_nodes(document, page.path, page.method)
    if not effective:
        yield Statement(LEFT_OUT, "the operation", "")
        return
    yield from _header(page, published[""], effective[""])
    servers, here = _servers(page.document), _servers(document)
    for kind, alone in ((LEFT_OUT, servers - here), (ADDED, here - servers)):
        yield from (Statement(kind, f"the server {url}", "") for url in sorted(alone))
    if page.prompt is not None:
        yield from _copied(page, page.prompt, published)
    yield from samples_differ(page, has_key=bool(published[""].keywords["key"]))
    item = document["paths"][page.path][page.method]
    known = _names(effective, page.path, item)
    if foreign := words(item["operationId"]) - words(page.path.translate(_PARTED)):
        text = f"the operation is called {item['operationId']}: {', '.join(sorted(foreign))}"
        yield Statement(ADDED, f"{text} is not in its path", "")
    sides = ((LEFT_OUT, published, effective), (ADDED, effective, published))
    missing = [(kind, have, _alone(have, lack)) for kind, have, lack in sides]
    for place in dict.fromkeys((*published, *effective)):
        one, other = published.get(place), effective.get(place)
        yield from _children(place, missing)
        yield from compared_texts(place, one or _NOTHING, other or _NOTHING)
        yield from _called(place, one or _NOTHING, other or _NOTHING)
        if one is not None and other is not None:
            yield from _keywords(place, one, other)
            yield from _facts(place, one, other)
            scope = effective if place == "" else {place: other}
            yield from accounted_words(place, one, scope, effective, known)
            yield from added_bounds(place, one, other)
            yield from _codes(place, one)


def _servers(document: Mapping[str, Any]) -> set[str]:
    return {str(server.get("url")).rstrip("/") for server in document.get("servers") or ()}


def _called(place: str, published: Node, effective: Node) -> Iterator[Statement]:
    """Name the class of a node that its page does not name so."""
    for name in dict.fromkeys(effective.schemas):
        if name not in published.texts:
            yield Statement(ADDED, f"called {name}", place)


def _codes(place: str, published: Node) -> Iterator[Statement]:
    """Compare the code in an answer's example with its status."""
    for example in published.examples if place.isdigit() else ():
        code = example.get("code") if isinstance(example, dict) else None
        if type(code) is int and code not in (0, int(place)):
            yield Statement(DIFFERENT, f"the example's code is {code}", place)


def _header(page: PageText, published: Node, effective: Node) -> Iterator[Statement]:
    texts = [plain(text) for text in published.texts]
    for what, text in (("heading", page.heading), ("summary", page.summary)):
        if text and plain(text) not in texts:
            yield Statement(DIFFERENT, f'the {what} "{plain(text)}" is not in the block', "")
    cost = effective.facts.get(_CREDITS)
    for price in page.prices:
        if price != cost:
            yield Statement(DIFFERENT, f"{price} credits in the page, {cost} here", "")
    if cost is not None and not page.prices:
        yield Statement(ADDED, f"{cost} credits", "")


def _copied(page: PageText, prompt: Prompt, nodes: Mapping[str, Node]) -> Iterator[Statement]:
    """Compare the prompt with the block of its page."""
    servers = [server.get("url", "") for server in page.document.get("servers") or ()]
    calls = [f"{page.method.upper()} {url.rstrip('/')}{page.path}" for url in servers]
    if prompt.call and prompt.call not in calls:
        yield Statement(DIFFERENT, f'the prompt calls "{prompt.call}", the block does not', "")
    if prompt.description and plain(prompt.description) not in map(plain, nodes[""].texts):
        yield Statement(
            DIFFERENT, f'the prompt says "{plain(prompt.description)}", the block does not', ""
        )
    if prompt.has_key != nodes[""].keywords["key"]:
        what = "" if prompt.has_key else "no "
        yield Statement(DIFFERENT, f"the prompt sends {what}key, the block says otherwise", "")
    parameters = {place: node for place, node in nodes.items() if "in" in node.keywords}
    if prompt.parameters:
        for name in parameters.keys() ^ prompt.parameters.keys():
            where = "block" if name in parameters else "prompt"
            yield Statement(DIFFERENT, f"only the page's {where} has it", name)
    for name, (required, text) in prompt.parameters.items():
        node = parameters.get(name)
        if node is None:
            continue
        if required != node.keywords["required"]:
            yield Statement(
                DIFFERENT, f"the prompt says it is {'' if required else 'not '}required", name
            )
        if text and plain(text) not in map(plain, node.texts):
            yield Statement(DIFFERENT, f'the prompt says "{plain(text)}", the block does not', name)
    shown = [value for node in nodes.values() for value in node.examples]
    pairs = {pair for value in shown for pair in _pairs(value)}
    for key, value in prompt.values if pairs else ():
        if (key, json.dumps(value)) not in pairs:
            short = json.dumps(value, ensure_ascii=False)[:80]
            yield Statement(
                DIFFERENT, f"the prompt's example has {key}: {short}, the block's does not", ""
            )


def _pairs(value: Any) -> Iterator[tuple[str, str]]:
    """Each key of an example with its scalar."""
    if isinstance(value, dict):
        for key, child in value.items():
            if isinstance(child, dict | list):
                yield from _pairs(child)
            else:
                yield key, json.dumps(child)
    elif isinstance(value, list):
        for child in value:
            yield from _pairs(child)


def _names(nodes: Mapping[str, Node], path: str, item: Mapping[str, Any]) -> set[str]:
    """Every name that prose may mention: of parameters, properties, members and path."""
    found = {part for place in nodes for part in place.replace("[]", "").split(".")}
    found |= {label for node in nodes.values() for label in node.labels}
    found |= {str(member) for node in nodes.values() for member in node.keywords.get("enum", ())}
    return found | {*path.strip("/").split("/"), item["operationId"]}


def _alone(have: Mapping[str, Node], lack: Mapping[str, Node]) -> dict[str, list[str]]:
    """The nodes that one side has alone, in order, by the place they are right below."""
    alone: dict[str, list[str]] = {}
    for child in sorted(have.keys() - lack.keys()):
        alone.setdefault(_parent(child), []).append(child)
    return alone


def _children(
    place: str, missing: Sequence[tuple[str, Mapping[str, Node], Mapping[str, list[str]]]]
) -> Iterator[Statement]:
    """Name the nodes right below a place that one side has alone."""
    for kind, have, by_parent in missing:
        alone = by_parent.get(place, [])
        if place == "":
            for child in alone:
                yield Statement(kind, have[child].shown, child)
        elif alone:
            named = (
                f"{child.removeprefix(place).lstrip('.')} ({have[child].shown})" for child in alone
            )
            yield Statement(kind, ", ".join(named), place)


def _parent(place: str) -> str:
    for ending in ("[]", "{}"):
        if place.endswith(ending):
            return place.removesuffix(ending)
    return place.rpartition(".")[0]


def _keywords(place: str, published: Node, effective: Node) -> Iterator[Statement]:
    """Compare keywords, examples and labels; bounds that prose may state are `added_bounds`'."""
    for keyword in sorted({*published.keywords, *effective.keywords}):
        one, other = (node.keywords.get(keyword, usual(keyword)) for node in (published, effective))
        if keyword in ("enum", *BOUNDS) and keyword not in published.keywords:
            continue
        if keyword == "required" and other and not one and place.partition(".")[0].isdigit():
            yield Statement(ADDED, "required", place)
        elif not _same(one, other):
            text = f"{keyword}: {shown(one)} in the page, {shown(other)} here"
            yield Statement(DIFFERENT, text, place)
    if published.labels and published.labels != effective.labels:
        labels = ", ".join(published.labels)
        yield Statement(DIFFERENT, f"the page's labels are {labels}", place)
    for kind, have, lack in ((LEFT_OUT, published, effective), (ADDED, effective, published)):
        there = [*map(_loose, lack.examples)]
        for example in have.examples:
            if _loose(example) not in there:
                yield Statement(kind, f"the example {_short(example)}", place)


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _loose(example: Any) -> str:
    """An example as it is sent: a number that is text, or a list that commas join, is the same."""
    if isinstance(example, str):
        return example.replace(", ", ",")
    if isinstance(example, list) and not any(isinstance(item, dict | list) for item in example):
        return ",".join(map(str, example))
    return json.dumps(example, sort_keys=True)


def _short(example: Any) -> str:
    """An example, cut short, with a number that tells it from others."""
    text = shown(example)
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}... ({zlib.crc32(text.encode()):08x})"


def _facts(place: str, published: Node, effective: Node) -> Iterator[Statement]:
    """Name each fact of `x-keyapi`, which no page has; the price is `_header`'s."""
    for name, value in effective.facts.items():
        if not (place == "" and name == _CREDITS):
            yield Statement(ADDED, f"x-keyapi {name}: {shown(value)}", place)
