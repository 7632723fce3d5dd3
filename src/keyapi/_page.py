"""A page of rows."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

T = TypeVar("T")
if TYPE_CHECKING:
    import httpx
    from typing_extensions import TypeVar as TypeVarWithDefault

    from keyapi._operation import PagedOperation
    from keyapi._sending.exchange import Received

    P = TypeVarWithDefault("P", default=int | str)
else:
    P = TypeVar("P")


class OfRows(Generic[T, P]):
    """Of rows `T`, at positions `P`, which may be left open: only Python 3.13 knows defaults."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __class_getitem__(cls, types):
            both = types if isinstance(types, tuple) and len(types) > 1 else (types, int | str)
            return super().__class_getitem__(both)


class Page(Sequence[T], OfRows[T, P]):
    """One page of rows; a sequence of its items.

    `Page[Row, int]` is a page whose `next` is a number; `Page[Row]` leaves open what it is.

    Attributes:
        page_num: Number of this page, or None where the operation pages by cursor.
        page_size: Rows requested, or None where the server fixes the size.
        has_more: Whether another page may follow: the answer says so, or, where it says nothing,
            this page is full and is not the last allowed.
        next: Number or cursor of the next page; None at the end, and where an answer says that
            more follow but names no cursor. The same operation takes it back as its page number or
            cursor, and as `start_page`.
        request_id: The envelope's `requestId`.
        attempts: How many requests were sent for it, retries included.
        from_cache: Whether it came from the cache, so that nothing was sent.
        credits: What the requests cost at most, in credits: as if each that left had been charged.
        response: The raw `httpx.Response`; its request carries the key, so a pickled page
            leaves it out.
    """

    __slots__ = (
        "_items",
        "_lost",
        "_response",
        "_rows",
        "_view",
        "attempts",
        "credits",
        "from_cache",
        "next",
        "page_num",
        "page_size",
        "request_id",
    )

    def __init__(
        self,
        operation: PagedOperation[T, P],
        arguments: dict[str, Any],
        rows: list[dict[str, Any] | None],
        following: P | None,
        *,
        lost: str | None = None,
        request_id: str | None,
        attempts: int,
        charged: int,
        from_cache: bool,
        response: httpx.Response | Received,
    ) -> None:
        paging = operation.paging
        self._view = operation.view
        self._rows = rows
        self._items: list[T] | None = None
        self.page_num = paging.number(arguments)
        self.page_size: int | None = arguments.get(paging.size) if paging.size else None
        self.next = following
        self._lost = lost
        self.request_id = request_id
        self.attempts = attempts
        self.from_cache = from_cache
        self.credits = charged
        self._response: httpx.Response | Received | None = response

    @property
    def response(self) -> httpx.Response | None:
        """The raw response."""
        from keyapi._sending.exchange import Received

        if isinstance(self._response, Received):
            self._response = self._response.response()
        return self._response

    @property
    def has_more(self) -> bool:
        """Whether another page may follow."""
        return self.next is not None or self._lost is not None

    @property
    def items(self) -> list[T]:
        """The rows of this page, as models."""
        if self._items is None:
            self._items = [self._view(row) for row in self._rows]
        return self._items

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as they were received, with unknown fields and explicit nulls.

        A row that is null, where the operation documents that one may be, stays None.
        """
        return cast(list[dict[str, Any]], deepcopy(self._rows))

    def _repr_html_(self) -> str:
        from keyapi._display import table

        return table([row or {} for row in self._rows], repr(self))

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        which = f"page_num={self.page_num}, " if self.page_num is not None else ""
        return f"<Page {which}{len(self)} items, has_more={self.has_more}>"

    def __getstate__(self) -> dict[str, Any]:
        left_out = {"_items": self.items, "_view": None, "_response": None}
        return {name: getattr(self, name) for name in self.__slots__} | left_out

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
