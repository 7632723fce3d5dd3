"""Which fault is served to which request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from keyapi._errors import ConfigurationError
from keyapi.sandbox._exchange import Reply
from keyapi.sandbox.faults import FAULTS, Exchange, Fault

MOST = 100
"""Faults that can be scheduled at once: each request looks at all of them."""
_LONGEST = 1000  # characters of a fault
_SHOWN = 40  # characters of a fault that a message repeats
_ARGUMENTS = re.compile(r"\?([^?=]+=.*)")
_SPAN = re.compile(r"(?P<first>[0-9]{1,9})(?P<dash>-(?P<last>[0-9]{1,9})?)?")


class Scheduled(NamedTuple):
    """A fault, and the requests it is served to.

    Attributes:
        text: How it was written.
        fault: The fault.
        pointer: JSON pointer to the mutation point; empty for the first one.
        arguments: Names and values that a request must have; empty for any request.
        spans: First and last number of the requests, counted from 1; empty for all requests.
    """

    text: str
    fault: Fault
    pointer: str
    arguments: tuple[tuple[str, str], ...]
    spans: tuple[tuple[int, float], ...]

    def concerns(self, arguments: Mapping[str, Any]) -> bool:
        """Whether a request with these arguments is one of those that are counted for the fault."""
        return all(
            name in arguments and _text(arguments[name]) == value for name, value in self.arguments
        )

    def due(self, number: int) -> bool:
        """Whether the request with this number, among those it concerns, gets the fault."""
        return not self.spans or any(first <= number <= last for first, last in self.spans)

    def spoil(self, exchange: Exchange) -> Reply | None:
        """Return the answer with the fault, or None if it has no such mutation point."""
        for mutant in self.fault.mutants(exchange):
            if self.pointer in ("", mutant.pointer):
                return mutant.reply
        return None


def scheduled(text: str) -> Scheduled:
    """Parse a fault: `NAME`, `NAME@3`, `NAME@2,5-7`, `NAME@4-`, `NAME/data/0/user_id@2`.

    `NAME?user_id=7` and `NAME?user_id=7&page_num=2@1` are served to requests with these arguments.

    Args:
        text: Name, JSON pointer to the mutation point (optional), arguments as in a query
            (optional), and after `@` the numbers of the requests that get the fault, counted from
            1 among those with the arguments (all requests without it).

    Raises:
        ConfigurationError: There is no such fault, or the part after `@` names no requests.
    """
    if len(text) > _LONGEST or not text.isprintable():
        raise ConfigurationError(
            f"The fault {text[:_SHOWN]!r} must be printable text of at most {_LONGEST} characters"
        )
    what, at, when = text.partition("@")
    asked = _ARGUMENTS.search(what)
    arguments = tuple(parse_qsl(asked[1], keep_blank_values=True)) if asked else ()
    what = what[: asked.start()] if asked else what
    name, slash, pointer = what.partition("/")
    if name not in FAULTS:
        near = get_close_matches(name[:_SHOWN].lower(), FAULTS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "keyapi sandbox --list-faults lists them"
        raise ConfigurationError(f"There is no fault {name[:_SHOWN]!r}; {hint}")
    spans = tuple(_spans(text, when)) if at else ()
    return Scheduled(text, FAULTS[name], slash + pointer, arguments, spans)


def _text(value: Any) -> str:
    """A value as a query carries it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _spans(text: str, when: str) -> Iterator[tuple[int, float]]:
    name = text.removesuffix(f"@{when}")
    for part in when.split(","):
        match = _SPAN.fullmatch(part)
        if match is None:
            problem = f"{part!r} is not a request number" if part else "a request number is missing"
            forms = f"write {name}@3, {name}@2,5-7 or {name}@4-"
            raise ConfigurationError(f"In the fault {text!r}, {problem}; {forms}")
        first = int(match["first"])
        last = first if not match["dash"] else int(match["last"]) if match["last"] else float("inf")
        if first < 1:
            raise ConfigurationError(f"In the fault {text!r}, requests are counted from 1, not 0")
        if last < first:
            raise ConfigurationError(
                f"In the fault {text!r}, {part} ends before it starts; write {name}@{last}-{first}"
            )
        yield first, last
