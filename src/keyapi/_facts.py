"""What was understood of a page, once, and stands in the effective specification as `x-keyapi`.

The pipeline infers these facts and writes them; everyone else reads them here. The keys of
`x-keyapi` are spelled in this module alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

EXTENSION = "x-keyapi"
"""The extension field, on operations and on strings that hold JSON."""

NAME = "name"
"""Declared by an overlay only: another name for the operation. It becomes the `operationId`."""
CREDITS, ITEMS, PAGING, SORT = "credits", "items", "paging", "sort"
FILTERS, ECHOES, IDS, IDENTITY = "filters", "echoes", "ids", "identity"
OPERATION_KEYS = (CREDITS, ITEMS, PAGING, SORT, FILTERS, ECHOES, IDS, IDENTITY)
"""The keys on an operation, in the order in which they are written."""
PAGE, CURSOR, SIZE = "page", "cursor", "size"
"""Kinds of paging, which are also the keys that name the argument; and the page size's."""
LARGEST = "max"
NEXT, MORE, SAYS, FIRST, LAST = "next", "more", "says", "first", "last"
JSON_MARK, ACCESSOR, DECODED, ORDER, TEXT = "json", "accessor", "decoded", "order", "text"

FIRST_PAGE = 1
"""Evidence (doc): "page_num starts at 1; never use 0"; a page that says otherwise has `first`."""
ASSUMED_CREDITS = 1
"""What a request costs, in credits, where its page does not say."""


class Paging(NamedTuple):
    """How an operation pages.

    Attributes:
        kind: "page" for numbers, "cursor" where each answer names the next one.
        position: Name of the argument that takes the page number or cursor.
        size: Name of the argument that takes the page size, or None.
        largest: The largest page size, in rows, or None where none is known.
        next: Path from the top of the answer to the next cursor; empty for numbers.
        more: Path to what says whether more pages follow; empty where nothing does.
        first: What asks for the first page: its number where that is not 1, or the cursor where one
            must be sent; otherwise None.
        says: What that is: a flag that "more" follow, a flag that this page is the "last", or the
            number of the "next" page, which the last one lacks.
    """

    kind: str
    position: str
    size: str | None = None
    largest: int | None = None
    next: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    first: int | str | None = None
    says: str = MORE

    @classmethod
    def from_document(cls, data: Mapping[str, Any]) -> Paging:
        """Read it as it stands in the specification."""
        return cls(
            data["kind"],
            data[data["kind"]],
            data.get(SIZE),
            data.get(LARGEST),
            keys_of(data.get(NEXT, "")),
            keys_of(data.get(MORE, "")),
            data.get(FIRST),
            data.get(SAYS, MORE),
        )

    def to_document(self) -> dict[str, Any]:
        """Write it as it stands in the specification."""
        document: dict[str, Any] = {"kind": self.kind, self.kind: self.position}
        if self.first is not None:
            document[FIRST] = self.first
        if self.next:
            document[NEXT] = _path(self.next)
        if self.more:
            document[MORE] = _path(self.more)
        if self.says != MORE:
            document[SAYS] = self.says
        if self.size:
            document[SIZE] = self.size
        if self.largest is not None:
            document[LARGEST] = self.largest
        return document

    @property
    def start(self) -> int | str | None:
        """What asks for the first page: page 1 unless `first` says otherwise; None for nothing."""
        return FIRST_PAGE if self.kind == PAGE and self.first is None else self.first

    @property
    def roles(self) -> dict[str, str]:
        """What each argument is for, by its name: "page", "cursor" or "size"."""
        return {self.position: self.kind} | ({self.size: SIZE} if self.size else {})


class Sort(NamedTuple):
    """Which arguments sort: one names the column, the other, if there is one, the direction."""

    field: str
    direction: str | None

    @classmethod
    def from_document(cls, data: Mapping[str, Any]) -> Sort:
        """Read it as it stands in the specification."""
        return cls(data["field"], data.get("direction"))

    def to_document(self) -> dict[str, Any]:
        """Write it as it stands in the specification."""
        direction = {} if self.direction is None else {"direction": self.direction}
        return {"field": self.field, **direction}


@dataclass(frozen=True)
class OperationFacts:
    """What was understood of an operation.

    Attributes:
        credits: What one request costs, in credits, or None where the page does not say.
        items: Path from the top of the answer to the list of rows, or None where it has none.
        paging: How it pages, or None.
        sort: What sorts its rows, or None.
        filters: Optional arguments that filter rows, with the property each is compared with.
        echoes: Required arguments that each row repeats.
        ids: Arguments that take a list of ids, with the property in which each row has one of them.
        identity: The property that tells the rows of an answer apart, or None where none surely
            does.
    """

    credits: int | None = None
    items: tuple[str, ...] | None = None
    paging: Paging | None = None
    sort: Sort | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    echoes: Sequence[str] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    identity: str | None = None

    @property
    def cost(self) -> int:
        """What one request costs, in credits; 1 is assumed where the page does not say."""
        return ASSUMED_CREDITS if self.credits is None else self.credits

    @classmethod
    def of(cls, operation: Mapping[str, Any]) -> OperationFacts:
        """Read the facts of an Operation Object; all empty where it has none."""
        return cls.from_document(operation.get(EXTENSION, {}))

    @classmethod
    def from_document(cls, data: Mapping[str, Any]) -> OperationFacts:
        """Read them as they stand in the specification."""
        items, paging, sort = data.get(ITEMS), data.get(PAGING), data.get(SORT)
        return cls(
            data.get(CREDITS),
            keys_of(items) if items else None,
            Paging.from_document(paging) if paging else None,
            Sort.from_document(sort) if sort else None,
            data.get(FILTERS) or {},
            data.get(ECHOES) or [],
            data.get(IDS) or {},
            data.get(IDENTITY) or None,
        )

    def to_document(self, declared: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Write them as they stand in the specification; what is empty is left out.

        Args:
            declared: Facts in that same form that win over these, such as an overlay's.
        """
        document = {
            CREDITS: self.credits,
            ITEMS: _path(self.items) if self.items else None,
            PAGING: self.paging and self.paging.to_document(),
            SORT: self.sort and self.sort.to_document(),
            FILTERS: dict(self.filters),
            ECHOES: list(self.echoes),
            IDS: dict(self.ids),
            IDENTITY: self.identity,
            **(declared or {}),
        }
        return {
            key: value for key, value in document.items() if value or (key, value) == (CREDITS, 0)
        }


@dataclass(frozen=True)
class JsonText:
    """How to decode a string that holds JSON.

    Attributes:
        accessor: Name of the attribute that gives the decoded value; empty where there is none.
        decoded: Schema of the decoded value, or None where nothing is known of it.
        order: The property that orders a decoded list, or None.
        text: The property that a bare string stands for, or None.
    """

    accessor: str = ""
    decoded: Mapping[str, Any] | None = None
    order: str | None = None
    text: str | None = None

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> JsonText | None:
        """Read what is known of a schema's string; None where it does not hold JSON."""
        data = schema.get(EXTENSION)
        # `is None` first: nearly every schema ends there, and to ask for a Mapping takes longer.
        if data is None or not isinstance(data, Mapping) or not data.get(JSON_MARK):
            return None
        return cls(data.get(ACCESSOR, ""), data.get(DECODED), data.get(ORDER), data.get(TEXT))

    def to_document(self) -> dict[str, Any]:
        """Write it as it stands in the specification; what is empty is left out."""
        facts = {
            ACCESSOR: self.accessor or None,
            DECODED: self.decoded,
            ORDER: self.order,
            TEXT: self.text,
        }
        return {JSON_MARK: True, **{k: value for k, value in facts.items() if value is not None}}


def enum_members(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of an enum by the names they go by; empty for anything else."""
    values = schema.get("enum", [])
    names = schema.get("x-enum-varnames") or map(str, values)
    return dict(zip(names, values, strict=True))


def descending(member: str) -> bool | None:
    """Whether a member of a sort's direction puts the largest first; None where it is no order."""
    return {"asc": False, "ascending": False, "desc": True, "descending": True}.get(member.lower())


def keys_of(path: str) -> tuple[str, ...]:
    """Read a path from the top of an answer, such as `/data/list`."""
    return tuple(path.split("/")[1:])


def _path(keys: Sequence[str]) -> str:
    return "".join(f"/{key}" for key in keys)
