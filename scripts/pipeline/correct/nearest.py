"""What there is near a JSONPath that matches nothing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

from jsonpath_rfc9535 import JSONPathQuery
from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment

from keyapi._json import pointer

Place = tuple[str | int, ...]
"""Keys from the document's top down."""

_SHOWN = 3
_LIKENESS = 0.5
# What a segment asks for by name, and the names it only compares with: `[?@['name'] == 'x']`.
_WORD = re.compile(r"'((?:[^'\\]|\\.)*)'")
_MEMBER = re.compile(r"[@$](?:\['(?:[^'\\]|\\.)*'\])+")


def nearest(query: JSONPathQuery, document: Any) -> list[str]:
    """Give up to three JSON pointers to what a query may have meant, the likeliest first.

    As much of the query as matches is kept. Of what is below it, that with the names most alike is
    given, or what its first members are where no name is alike; the rest of the query is followed
    from there if it matches.

    Args:
        query: A query that matches nothing.
        document: The document it was asked of.
    """
    kept = len(query.segments) - 1
    while kept and not _query(query, kept, start=0).find(document):
        kept -= 1
    found = [(node.location, node.value) for node in _query(query, kept, start=0).find(document)]
    segment = query.segments[kept]
    if isinstance(segment, JSONPathRecursiveDescentSegment):
        found = [below for place, value in found for below in _below(place, value)]
    children: dict[str, Place] = {}
    for place, value in found:
        for key, child in _members(value):
            children.setdefault(_label(key, child), (*place, key))
    words = _WORD.findall(_MEMBER.sub("", str(segment)))
    alike = dict.fromkeys(
        label
        for word in words
        for label in difflib.get_close_matches(word, children, _SHOWN, _LIKENESS)
    )
    rest = _query(query, len(query.segments), start=kept + 1)
    best = [children[label] for label in alike or children][:_SHOWN]
    places = [_followed(document, place, rest) for place in best]
    return [pointer(*place) for place in places or [place for place, _ in found[:1]]]


def _query(query: JSONPathQuery, end: int, *, start: int) -> JSONPathQuery:
    return JSONPathQuery(env=query.env, segments=query.segments[start:end])


def _members(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _label(key: str | int, child: Any) -> str:
    """What one calls a member: its name in an object, and in a list the name it has itself."""
    name = child.get("name") if isinstance(key, int) and isinstance(child, dict) else None
    return name if isinstance(name, str) else str(key)


def _below(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    yield place, value
    for key, child in _members(value):
        yield from _below((*place, key), child)


def _followed(document: Any, place: Place, rest: JSONPathQuery) -> Place:
    """The place, or what the rest of the query finds from there."""
    value = document
    for key in place:
        value = value[key]
    further = rest.find(value)
    return (*place, *further[0].location) if further else place
