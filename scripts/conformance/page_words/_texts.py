"""Compare the texts of a page, word by word, with one place of the effective specification."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from conformance.page_words._nodes import Node
from conformance.page_words._prose import (
    formats,
    lists_with,
    names,
    not_beside,
    numbers,
    plain,
    words,
)
from conformance.page_words._statement import (
    ADDED,
    DIFFERENT,
    LEFT_OUT,
    LONGEST,
    NOT_UNDERSTOOD,
    Statement,
    shown,
)

_ROLES = {
    "most": ("maximum", "maxItems", "maxLength"),
    "least": ("minimum", "minItems", "minLength"),
    "default": ("default",),
}
BOUNDS = tuple(keyword for role in _ROLES.values() for keyword in role)
"""Keywords that prose may state."""
_ASSIGNED = re.compile(r"(?<!\w)([A-Za-z]\w*) ?==? ?$")
_NEAR = 220  # characters before a number that may name what it is the value of


def compared_texts(place: str, published: Node, effective: Node) -> Iterator[Statement]:
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


def accounted_words(
    place: str,
    published: Node,
    scope: Mapping[str, Node],
    effective: Mapping[str, Node],
    known: set[str],
) -> Iterator[Statement]:
    """Account for the numbers, names, labels and lists in the texts of a node."""
    statuses = {name for name in effective if name.isdigit()}
    own = {number.text for number in numbers(place.replace("_", " ").replace(".", " "))}
    examples = " ".join(str(example) for example in published.examples)
    own |= {number.text for number in numbers(examples[:LONGEST])}
    own |= {digits for word in words(place) if (digits := word.strip("abcdefghijklmnopqrstuvwxyz"))}
    for text in dict.fromkeys(published.texts):
        for number in numbers(text):
            stated = {keyword for node in scope.values() for keyword in _stated(node, number.text)}
            allowed = {*_ROLES.get(number.role, BOUNDS), "enum", "paging.max"}
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
    for keyword in BOUNDS:
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


def added_bounds(place: str, published: Node, effective: Node) -> Iterator[Statement]:
    """Name each bound and each member of the specification that the page does not have."""
    stated = [number for text in published.texts for number in numbers(text)]
    for role, keywords in _ROLES.items():
        roles = (role,) if role == "default" else (role, "")
        numbers_of = {number.text for number in stated if number.role in roles}
        for keyword in keywords:
            value = effective.keywords.get(keyword)
            if keyword in published.keywords or value is None or str(value) in numbers_of:
                continue
            yield Statement(ADDED, f"{keyword} {shown(value)}", place)
    if "enum" not in published.keywords:
        told = {*words(" ".join(published.texts)), *(number.text for number in stated)}
        for member in effective.keywords.get("enum", ()):
            if not words(str(member)) <= told:
                yield Statement(ADDED, f"the member {shown(member)}", place)
