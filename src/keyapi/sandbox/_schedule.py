"""When which fault is served."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NamedTuple

from keyapi._errors import ConfigurationError
from keyapi.sandbox._exchange import Reply
from keyapi.sandbox.faults import FAULTS, Exchange, Fault

_TEXT = re.compile(r"(?P<name>[a-z0-9-]+)(?P<pointer>/[^@]*)?(?:@(?P<when>[0-9,-]+))?")
_SPAN = re.compile(r"([0-9]+)(-([0-9]*))?")


class Scheduled(NamedTuple):
    """A fault, and the requests it is served to.

    Attributes:
        text: How it was written.
        fault: The fault.
        pointer: The place; empty for the first where it can be.
        spans: First and last of the requests, counted from 1; all of them where there is no span.
    """

    text: str
    fault: Fault
    pointer: str
    spans: tuple[tuple[int, float], ...]

    def due(self, number: int) -> bool:
        """Whether a request, by its number, gets it."""
        return not self.spans or any(first <= number <= last for first, last in self.spans)

    def spoil(self, exchange: Exchange) -> Reply | None:
        """The answer with the fault, or None where it has no such place."""
        for mutant in self.fault.places(exchange):
            if self.pointer in ("", mutant.pointer):
                return mutant.reply
        return None


def scheduled(text: str) -> Scheduled:
    """Read a fault: `NAME`, `NAME@3`, `NAME@2,5-7`, `NAME@4-`, `NAME/data/0/user_id@2`.

    Args:
        text: Name, JSON pointer to the place where it shall be, and which requests get it.

    Raises:
        ConfigurationError: There is no such fault, or the text cannot be read.
    """
    found = _TEXT.fullmatch(text)
    name = found["name"] if found else text
    if found is None or name not in FAULTS:
        near = get_close_matches(name, FAULTS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "keyapi sandbox --list-faults lists them"
        raise ConfigurationError(f"There is no fault {name!r}; {hint}")
    spans = tuple(_span(part, text) for part in (found["when"] or "").split(",") if found["when"])
    return Scheduled(text, FAULTS[name], found["pointer"] or "", spans)


def _span(part: str, text: str) -> tuple[int, float]:
    found = _SPAN.fullmatch(part)
    if not found:
        raise ConfigurationError(f"{text!r} says no requests; write NAME@3, NAME@2,5-7 or NAME@4-")
    first = int(found[1])
    if found[2] is None:
        return first, first
    return first, int(found[3]) if found[3] else float("inf")
