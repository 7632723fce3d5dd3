"""Compare a page with the effective specification, node by node and word by word."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from conformance.page_words._nodes import Node, operation_nodes, usual
from conformance.page_words._page import PageText, Prompt
from conformance.page_words._prose import (
    formats,
    lists_with,
    names,
    not_beside,
    numbers,
    plain,
    words,
)

NOT_UNDERSTOOD = "not understood"
"""A number, name or label of the page's prose that the specification does not have."""
DIFFERENT = "different"
"""What page and specification, or two parts of a page, say differently."""
LEFT_OUT = "left out"
"""What the page has and the specification does not."""
ADDED = "added"
"""What the specification has and the page does not."""

_ROLES = {
    "most": ("maximum", "maxItems", "maxLength"),
    "least": ("minimum", "minItems", "minLength"),
    "default": ("default",),
}
_BOUNDS = tuple(keyword for role in _ROLES.values() for keyword in role)
_PARTED = str.maketrans({"-": " ", "/": " ", "_": " ", "{": " ", "}": " "})
_CREDITS = "credits"
_ASSIGNED = re.compile(r"(?<!\w)([A-Za-z]\w*) ?==? ?$")
_NEAR = 220  # characters before a number that may name what it is the value of
_LONGEST = 80  # how much of an example is shown, in characters


_NOTHING = Node()


class Statement(NamedTuple):
    """Something that either the page or the specification says alone.

    Attributes:
        kind: `NOT_UNDERSTOOD`, `DIFFERENT`, `LEFT_OUT` or `ADDED`.
        text: What it is.
        place: Where: empty for the operation, else a parameter, a property, an answer.
    """

    kind: str
    text: str
    place: str


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
        yield from _texts(place, one or _NOTHING, other or _NOTHING)
        yield from _called(place, one or _NOTHING, other or _NOTHING)
        if one is not None and other is not None:
            yield from _keywords(place, one, other)
            yield from _facts(place, one, other)
            scope = effective if place == "" else {place: other}
            yield from _words(place, one, scope, effective, known)
            yield from _bounds(place, one, other)
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
    """Compare keywords, examples and labels; bounds that prose may state are `_bounds`'."""
    for keyword in sorted({*published.keywords, *effective.keywords}):
        one, other = (node.keywords.get(keyword, usual(keyword)) for node in (published, effective))
        if keyword in ("enum", *_BOUNDS) and keyword not in published.keywords:
            continue
        if keyword == "required" and other and not one and place.partition(".")[0].isdigit():
            yield Statement(ADDED, "required", place)
        elif not _same(one, other):
            shown = [_shown(value) for value in (one, other)]
            yield Statement(DIFFERENT, f"{keyword}: {shown[0]} in the page, {shown[1]} here", place)
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
    text = _shown(example)
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}... ({zlib.crc32(text.encode()):08x})"


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _texts(place: str, published: Node, effective: Node) -> Iterator[Statement]:
    """Compare texts: each of the page must be in the specification, and nothing be left there."""
    there = list(dict.fromkeys(plain(text) for text in effective.texts))
    told = sorted({plain(text) for text in published.texts}, key=len, reverse=True)
    for text in told:
        if text not in effective.schemas and not any(text in other for other in there):
            yield Statement(LEFT_OUT, f'"{text}"', place)
    for other in there:
        rest = other
        for text in told:
            rest = rest.replace(text, "", 1)
        if words(rest):
            yield Statement(ADDED, f'"{rest.strip(" .")}"', place)


def _facts(place: str, published: Node, effective: Node) -> Iterator[Statement]:
    """Name each fact of `x-keyapi`, which no page has; the price is `_header`'s."""
    for name, value in effective.facts.items():
        if not (place == "" and name == _CREDITS):
            yield Statement(ADDED, f"x-keyapi {name}: {_shown(value)}", place)


def _words(
    place: str,
    published: Node,
    scope: Mapping[str, Node],
    effective: Mapping[str, Node],
    known: set[str],
) -> Iterator[Statement]:
    """Account for the numbers, names, labels and lists in the texts of a node."""
    statuses = {name for name in effective if name.isdigit()}
    own = {number.text for number in numbers(place.replace("_", " ").replace(".", " "))}
    shown = " ".join(str(example) for example in published.examples)
    own |= {number.text for number in numbers(shown[:_LONGEST])}
    own |= {digits for word in words(place) if (digits := word.strip("abcdefghijklmnopqrstuvwxyz"))}
    for text in dict.fromkeys(published.texts):
        for number in numbers(text):
            stated = {keyword for node in scope.values() for keyword in _stated(node, number.text)}
            allowed = {*_ROLES.get(number.role, _BOUNDS), "enum", "paging.max"}
            of_status = number.text in statuses and "code" in words(text)
            before = text[max(number.start - _NEAR, 0) : number.start]
            elsewhere = _is_of_another(before, number.text, place, effective)
            if not (stated & allowed or number.text in own or of_status or elsewhere):
                role = {"most": "at most ", "least": "at least ", "default": "default "}
                text_of = f"{role.get(number.role, '')}{number.shown}"
                yield Statement(NOT_UNDERSTOOD, text_of, place)
        for name in (*names(text), *formats(text)):
            if name not in known and plain(name) not in known:
                yield Statement(NOT_UNDERSTOOD, name, place)
        for node in scope.values() if place else ():
            yield from _members(place, text, node)


def _is_of_another(before: str, number: str, place: str, effective: Mapping[str, Node]) -> bool:
    """Whether a number is the value of another parameter or property: `when has_more=1`."""
    match = _ASSIGNED.search(before)
    if match is None or match[1] == place.rpartition(".")[2]:
        return False
    others = [node for at, node in effective.items() if at.rpartition(".")[2] == match[1]]
    members = [node.keywords["enum"] for node in others if "enum" in node.keywords]
    return bool(others) and (not members or any(number in map(str, each) for each in members))


def _stated(node: Node, number: str) -> Iterator[str]:
    """The keywords of a node that have a number."""
    for keyword in _BOUNDS:
        if str(node.keywords.get(keyword)) == number:
            yield keyword
    if str(node.facts.get("paging.max")) == number:
        yield "paging.max"
    if number in map(str, node.keywords.get("enum", ())):
        yield "enum"


def _members(place: str, text: str, node: Node) -> Iterator[Statement]:
    """Compare members and their labels with what stands beside them in a text."""
    members = [str(member) for member in node.keywords.get("enum", ())]
    if not members:
        return
    if len(node.labels) == len(members) and any(one.text in members for one in numbers(text)):
        labels = dict(zip(members, node.labels, strict=True))
        told = {value: label for value, label in labels.items() if label != f"value_{value}"}
        for value, label in not_beside(text, told):
            yield Statement(DIFFERENT, f"{value} is {label} here, not in the page", place)
    for other in lists_with(text, members):
        if not other.isdigit():
            yield Statement(NOT_UNDERSTOOD, f"{other}, beside members of its enum", place)


def _bounds(place: str, published: Node, effective: Node) -> Iterator[Statement]:
    """Name each bound and each member of the specification that the page does not have."""
    stated = [number for text in published.texts for number in numbers(text)]
    for role, keywords in _ROLES.items():
        roles = (role,) if role == "default" else (role, "")
        numbers_of = {number.text for number in stated if number.role in roles}
        for keyword in keywords:
            value = effective.keywords.get(keyword)
            if keyword in published.keywords or value is None or str(value) in numbers_of:
                continue
            yield Statement(ADDED, f"{keyword} {_shown(value)}", place)
    if "enum" not in published.keywords:
        told = {*words(" ".join(published.texts)), *(number.text for number in stated)}
        for member in effective.keywords.get("enum", ()):
            if not words(str(member)) <= told:
                yield Statement(ADDED, f"the member {_shown(member)}", place)
