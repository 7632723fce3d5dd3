"""What a walk is: what was asked for, what went over the wire, and what the client gave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from keyapi.conformance.drivers import wire
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.walking.trouble import Trouble
from keyapi.specification import Argument, OperationSpec, value_at

Row = Mapping[str, Any]
_NO_CURSORS = frozenset({"0", "-1", "no_more", "null", "none", "end"})
_TRUE, _FALSE = frozenset({"true", "1", "yes", "y"}), frozenset({"false", "0", "no", "n", ""})


@dataclass(frozen=True, kw_only=True)
class WalkPlan:
    """A walk to make.

    Attributes:
        name: What it is about.
        arguments: Values by name in the request, without the position.
        mode: "rows" and "pages" iterate; "single" asks for page after page by `page.next`.
        asynchronous: Whether the async client makes it.
        start: Where it starts; None for the first page.
        limit: Rows to yield at most, or None.
        max_pages: Pages to fetch at most, or None.
        chosen: Values of the filters and lists of ids that the walk narrows the rows by, by the
            property of the row.
        column: The property that it sorts by, where the order is promised; else empty.
        downwards: Whether the largest comes first.
        broken_off: After how many rows the loop over them is left, or None.
        trouble: What goes wrong on the way, or None.
        about: "walk"; "past the end" for a page behind the last; "other rows" where the rows are
            not those of the documented call.
    """

    name: str
    arguments: Mapping[str, Any]
    mode: str = "rows"
    asynchronous: bool = False
    start: Any = None
    limit: int | None = None
    max_pages: int | None = None
    chosen: Mapping[str, Any] = field(default_factory=dict)
    column: str = ""
    downwards: bool = False
    broken_off: int | None = None
    trouble: Trouble | None = None
    about: str = "walk"

    @property
    def most_rows(self) -> int | None:
        """How many rows are taken at most; None for all. Of pages, the last one is whole."""
        return self.limit if self.broken_off is None else self.broken_off

    def __str__(self) -> str:
        names = ("start", "limit", "max_pages", "broken_off")
        options = {name: getattr(self, name) for name in names}
        parts = [self.name, "async" if self.asynchronous else "sync", self.mode]
        parts += [f"{name}={value}" for name, value in options.items() if value is not None]
        return ", ".join(parts)


class Step(NamedTuple):
    """One request of a walk, and its answer.

    Attributes:
        method: HTTP method.
        path: URL path, encoded.
        query: The query string, encoded.
        body: The body.
        answer: The answer; None where the connection broke.
        planted: Whether the answer is not the server's own.
    """

    method: str
    path: str
    query: str
    body: bytes
    answer: ServerAnswer | None
    planted: bool

    @property
    def asked(self) -> tuple[str, str, str, bytes]:
        """What was asked for: what two like requests have in common."""
        return self.method, self.path, self.query, self.body


class PageFacts(NamedTuple):
    """What a page object of the client says of itself; see `keyapi.Page`."""

    rows: int
    number: int | None
    size: int | None
    has_more: bool
    next: Any
    request_id: str | None


class Progress(NamedTuple):
    """Where the client says that a walk stands; see `keyapi.PageIterator`."""

    pages_fetched: int
    rows_yielded: int
    next_page: Any
    skip: int


class Seen:
    """An answer, read by this suite's own rules.

    Args:
        operation: The operation.
        step: The request and its answer.
    """

    def __init__(self, operation: OperationSpec, step: Step) -> None:
        self.operation = operation
        self.step = step

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """The body, decoded; empty where it is not an object."""
        return {} if self.step.answer is None else self.step.answer.envelope

    @cached_property
    def good(self) -> bool:
        """Whether it is a success: by its status, and by its code, where it has one."""
        answer = self.step.answer
        if answer is None or answer.status != self.operation.success_status:
            return False
        return bool(self.body) and self.body.get("code", 0) in (0, None)

    @cached_property
    def rows(self) -> list[Row]:
        """The rows."""
        rows = value_at(self.body, self.operation.items or ("",))
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    @cached_property
    def flag(self) -> bool | None:
        """What the flag says of more pages; None without a flag that says so."""
        paging = self.operation.paging
        value = value_at(self.body, paging.more) if paging and paging.more else None
        if paging is not None and paging.more and paging.says == "next":
            return bool(value) and str(value) not in ("0", "-1")
        if paging is None or value is None or isinstance(value, (dict, list)):
            return None
        text = str(value).strip().lower()
        if not isinstance(value, (int, float)) and text not in _TRUE | _FALSE:
            return None
        is_on = bool(value) if isinstance(value, (int, float)) else text in _TRUE
        return is_on != (paging.says == "last")

    @cached_property
    def cursor(self) -> Any:
        """The next cursor that it names; None for none."""
        paging = self.operation.paging
        cursor = value_at(self.body, paging.next) if paging and paging.next else None
        return None if cursor in ("", []) else cursor

    def follows(self, size: int | None, position: Any) -> bool:
        """Whether another page must be asked for after it.

        Args:
            size: The page size that was asked for; None where the server fixes it.
            position: The position of this page.
        """
        paging = self.operation.paging
        if paging is None:
            return False
        if paging.kind == "cursor":
            named = bool(self.cursor) and str(self.cursor).lower() not in _NO_CURSORS
            more = bool(self.rows) and named if self.flag is None else self.flag
        else:
            full = bool(self.rows) and (size is None or len(self.rows) >= size)
            last = self.operation.arguments[paging.position].schema.get("maximum")
            more = full if self.flag is None else self.flag
            more = more and (last is None or int(position) < last)
        return more

    def next_position(self, position: Any) -> Any:
        """Where the page after it starts; None where a cursor is needed, and none is named."""
        paging = self.operation.paging
        if paging is None or paging.kind == "cursor":
            return self.cursor
        return int(position) + 1


@dataclass
class Walk:
    """A walk that was made.

    Attributes:
        operation: The operation.
        plan: What was asked for.
        steps: What went over the wire, in order.
        rows: The rows that the client handed out, in order, as decoded.
        pages: What its page objects say; empty where it handed out rows.
        progress: Where its iterator says that it stands in the end; None without an iterator.
        error: What it raised, or None.
        runaway: Whether it was stopped, because it did not end.
    """

    operation: OperationSpec
    plan: WalkPlan
    steps: list[Step] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    pages: list[PageFacts] = field(default_factory=list)
    progress: Progress | None = None
    error: Exception | None = None
    runaway: bool = False

    @cached_property
    def seen(self) -> list[Seen]:
        """The answers, read."""
        return [Seen(self.operation, step) for step in self.steps]

    @cached_property
    def own(self) -> list[Seen]:
        """The successes that are the server's own."""
        return [one for one in self.seen if one.good and not one.step.planted]

    @cached_property
    def served(self) -> list[Row]:
        """The rows of the server's own answers, in order."""
        return [row for one in self.own for row in one.rows]

    @cached_property
    def keys(self) -> list[str]:
        """The same, as texts that are equal where rows are."""
        return [key_of(row) for row in self.served]

    @cached_property
    def complete(self) -> bool:
        """Whether it went from the first row to the last that the server says there is."""
        plan = self.plan
        cut = any(part is not None for part in (plan.start, plan.trouble, plan.broken_off))
        whole = plan.about == "walk" and not cut
        if not whole or self.error is not None or not self.own or len(self.own) < len(self.seen):
            return False
        return not self.seen[-1].follows(self.size, self.positions[-2])

    @property
    def size(self) -> int | None:
        """The page size that is sent: the largest where the plan names none."""
        paging = self.operation.paging
        if paging is None or not paging.size:
            return None
        size = self.plan.arguments.get(paging.size, paging.largest)
        return None if size is None else int(size)

    @cached_property
    def positions(self) -> list[Any]:
        """The position that each request must have: the next one after a good answer."""
        paging = self.operation.paging
        start = self.plan.start
        position = start if start is not None or paging is None else paging.start
        found = []
        for one in self.seen:
            found.append(position)
            if one.good:
                position = one.next_position(position)
        return [*found, position]

    @cached_property
    def asked_otherwise(self) -> tuple[int, Any, Any] | None:
        """The first request that is not what the walk must ask for: its number, both parts.

        Of such a walk, nothing can be said of the server.
        """
        operation, paging = self.operation, self.operation.paging
        if paging is None:
            return None
        arguments = dict(self.plan.arguments)
        if paging.size and self.size is not None:
            arguments[paging.size] = as_argument(operation.arguments[paging.size], self.size)
        argument = operation.arguments[paging.position]
        for number, (step, at) in enumerate(zip(self.steps, self.positions, strict=False), 1):
            placed = {} if at is None else {paging.position: as_argument(argument, at)}
            asked = wire(operation, {**arguments, **placed})
            expected = _said(asked.method, asked.path, asked.query, asked.body)
            both = zip(expected, _said(*step.asked), strict=True)
            for part, found in both:
                if part != found:
                    return number, part, found
        return None


def _said(method: str, path: str, query: str, body: bytes) -> tuple[Any, ...]:
    """What a request says, in whatever order."""
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return method, path, pairs, json.loads(body) if body else None


def key_of(row: Row) -> str:
    """A text that is equal where rows are."""
    return json.dumps(row, sort_keys=True)


def as_argument(argument: Argument, value: Any) -> Any:
    """A position as the argument that takes it has it."""
    kind = argument.schema.get("type")
    if kind == "array":
        return value if isinstance(value, list) else [value]
    if kind == "integer" and str(value).lstrip("-").isdigit():
        return int(value)
    return str(value) if kind == "string" else value


def matches(row: Row, prop: str, value: Any) -> bool:
    """Whether a row's property has the value that an argument asks for, or one of a list."""
    wanted = value if isinstance(value, list) else [value]
    return _plain(row.get(prop)) in {_plain(each) for each in wanted}


def _plain(value: Any) -> str:
    """A value as text; a boolean is what 1 and 0 are, too."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return {"true": "1", "false": "0"}.get(text, text)
