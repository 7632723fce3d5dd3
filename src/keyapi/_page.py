"""A page of rows."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast, overload

T = TypeVar("T")
if TYPE_CHECKING:
    from collections.abc import Sequence as _Rows

    import httpx
    import pandas
    import polars
    import pyarrow
    from typing_extensions import TypeVar as TypeVarWithDefault

    from keyapi._operation import PagedOperation
    from keyapi._sending.exchange import Received

    P = TypeVarWithDefault("P", default=int | str)
else:
    P = TypeVar("P")
    # A page does all that a sequence does, and type checkers take it for one. Were it one for
    # `isinstance`, too, polars would make a column of objects of it instead of asking for Arrow.
    _Rows = Collection


class OfRows(Generic[T, P]):
    """Of rows `T`, at positions `P`, which may be left open: only Python 3.13 knows defaults."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __class_getitem__(cls, types):
            both = types if isinstance(types, tuple) and len(types) > 1 else (types, int | str)
            return super().__class_getitem__(both)


class Page(_Rows[T], OfRows[T, P]):
    """One page of rows; a sequence of its items.

    `Page[Row, int]` is a page whose `next` is a number; `Page[Row]` leaves open what it is.

    It is also a table, by the Arrow PyCapsule interface: `polars.DataFrame(page)`,
    `pyarrow.table(page)`, `pandas.DataFrame.from_arrow(page)`, and `from page` in DuckDB.

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
        "_origin",
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
        self._origin = operation.origin
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

    def to_arrow(self) -> pyarrow.Table:
        """Make a `pyarrow.Table` of the rows, with a column for each documented property.

        The columns' names are those on the wire, and their types those of the specification; see
        `keyapi.arrow.RowSchema`. What is not documented, or does not fit, is in `_extra`, as JSON.

        Raises:
            ConfigurationError: The extra `arrow` is not installed.
        """
        from keyapi._frames import table

        return table(self._origin, [self._rows])

    def to_pandas(self) -> pandas.DataFrame:
        """Make a pandas DataFrame of the rows; see `to_arrow`.

        Integers are `Int64` and truth values `boolean`, which know null.

        Raises:
            ConfigurationError: The extra `arrow`, or pandas, is not installed.
        """
        from keyapi._frames import pandas_frame

        return pandas_frame(self.to_arrow())

    def to_polars(self) -> polars.DataFrame:
        """Make a polars DataFrame of the rows; see `to_arrow`.

        Raises:
            ConfigurationError: The extra `arrow`, or polars, is not installed.
        """
        from keyapi._frames import polars_frame

        return polars_frame(self.to_arrow())

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        from keyapi._frames import row_schema

        return row_schema(self._origin).schema.__arrow_c_schema__()

    def __array__(self, *arguments: Any, **named: Any) -> NoReturn:
        from keyapi._frames import refuse_array

        refuse_array("page")

    def _repr_html_(self) -> str:
        from keyapi._display import table

        return table([row or {} for row in self._rows], repr(self))

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        return self.items[index]

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __reversed__(self) -> Iterator[T]:
        return reversed(self.items)

    def __contains__(self, value: object) -> bool:
        return value in self.items

    def index(self, value: Any, start: int = 0, stop: int = sys.maxsize) -> int:
        """Give the position of the first row that equals a value, between two positions.

        Raises:
            ValueError: There is none.
        """
        return self.items.index(value, start, stop)

    def count(self, value: Any) -> int:
        """Count the rows that equal a value."""
        return self.items.count(value)

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
