"""How the pages of an operation follow one another: by number, or by cursor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from keyapi._arguments import Integer, Kind
from keyapi._errors import InvalidResponse
from keyapi._facts import FIRST_PAGE, LAST, MORE, NEXT
from keyapi._json import pointer, value_at

P = TypeVar("P")
_Type: TypeAlias = type[Any]  # `Cursor` has a field called `type`
P_co = TypeVar("P_co", covariant=True)

_WHOLE = re.compile(r"-?\d{1,20}")  # a cursor of any length is a text
_FLAGS = {
    "true": True,
    "1": True,
    "yes": True,
    "y": True,
    "false": False,
    "0": False,
    "no": False,
    "n": False,
    "": False,
}
_NO_CURSORS = frozenset({"", "0", "-1", "no_more", "null", "none", "end"})
"""What stands, as text or number, where no next page is named: no next page starts at the first.

Evidence: `pcursor` of a video app is `no_more` on the last page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageNumbers:
    """Paging by number: `parameter` counts up until a page is short, or says that it is the last.

    Attributes:
        parameter: Argument that takes the page number.
        size: Argument that takes the page size, or None where the server fixes the size.
        first: The number of the first page.
        last: The highest page number that the operation allows, or None where none is documented.
        largest: The largest page size that it allows, in rows, or None likewise.
        more: Path, from the top of the response, to what says whether more pages follow; empty
            where nothing does.
        says: What that is: a flag that "more" follow, a flag that this page is the "last", or the
            number of the "next" page, which the last one lacks.
    """

    parameter: str
    size: str | None = None
    first: int = FIRST_PAGE
    last: int | None = None
    largest: int | None = None
    more: tuple[str, ...] = ()
    says: str = MORE

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """What its arguments may be.

        A page size above the largest is not left to the server to refuse: it may cut it down
        instead.
        """
        return {self.parameter: Integer(self.first, self.last), **_sizes(self.size, self.largest)}

    def number(self, arguments: Mapping[str, Any]) -> int | None:
        """The number of the requested page."""
        number: int = arguments[self.parameter]
        return number

    def following(self, arguments: Mapping[str, Any], rows: int, body: object) -> int | None:
        """The next page number, or None where a page with so many rows is the last.

        A flag decides, or the next number, where the response has one; else a short page is the
        last.
        """
        number: int = arguments[self.parameter]
        size: int | None = arguments.get(self.size) if self.size else None
        if size is not None and self.largest is not None:
            size = min(size, self.largest)  # which the server may have cut it down to
        more = says_more(body, self.more, self.says)
        if more is None:
            more = rows > 0 and (size is None or rows >= size)
        over = self.last is not None and number >= self.last
        return number + 1 if more and not over else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor(Generic[P]):
    """Paging by cursor: each response names where the next page starts.

    Attributes:
        parameter: Argument that takes the cursor.
        next: Path, from the top of the response, to the next cursor.
        type: What the argument takes: `int`, `str`, or `list` for cursors of several values.
        items: What such a list holds: `str` for texts, so that numbers in it are sent as such; None
            for what the response names.
        size: Argument that takes the page size, if there is one.
        largest: The largest page size that the operation allows, in rows, or None where none is
            documented.
        more: Path, from the top of the response, to what says whether more pages follow; empty
            where nothing does.
        says: What that is: a flag that "more" follow, a flag that this page is the "last", or the
            number of the "next" page, which the last one lacks.
    """

    parameter: str
    next: tuple[str, ...]
    type: type[P]
    size: str | None = None
    largest: int | None = None
    more: tuple[str, ...] = ()
    says: str = MORE
    items: _Type | None = None

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """What its arguments may be, but for the cursor: only the server knows which exist."""
        return _sizes(self.size, self.largest)

    def number(self, arguments: Mapping[str, Any]) -> int | None:
        """Pages by cursor have no number."""
        return None

    def following(self, arguments: Mapping[str, Any], rows: int, body: object) -> P | None:
        """The next cursor, which the response's body names, or None at the end.

        A flag decides where the response has one; else a page is the last that has no rows, or no
        cursor that names a page.

        Returns:
            The cursor in the type of the argument that takes it.

        Raises:
            InvalidResponse: The cursor does not fit the argument.
            LookupError: It is missing, although the flag says that more pages follow.
        """
        cursor = value_at(body, self.next)
        more = says_more(body, self.more, self.says)
        if more is None:
            more = bool(rows) and _names_a_page(cursor)
        if not more:
            return None
        where = pointer(*self.next, root="")
        following: P = self._typed(cursor, where)
        return following

    def _typed(self, cursor: Any, where: str) -> Any:
        if cursor is None or cursor == "":
            flag = pointer(*self.more, root="")
            raise LookupError(f"{where} names no next page, although {flag} says that more follow")
        if self.type is list and isinstance(cursor, list):
            return [_typed_item(each, self.items) for each in cursor]
        return _typed(cursor, self.type, where)


def _typed(cursor: Any, wanted: _Type, where: str) -> Any:
    """A number or text in the type that an argument takes."""
    scalar = isinstance(cursor, (int, str)) and not isinstance(cursor, bool)
    if isinstance(cursor, float) and cursor.is_integer():  # as some servers write integers
        cursor, scalar = int(cursor), True
    if wanted is str and scalar:
        return str(cursor)
    if wanted is int and scalar and _WHOLE.fullmatch(str(cursor)):
        return int(str(cursor))
    kind = type(cursor).__name__
    raise InvalidResponse(f"{where} is {kind}, not a cursor of type {wanted.__name__}")


def _typed_item(value: Any, wanted: _Type | None) -> Any:
    """A value of a cursor that has several, as text where the argument takes texts."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(value) if number and wanted is str else value


def says_more(body: object, path: tuple[str, ...], says: str = MORE) -> bool | None:
    """Read what says whether more pages follow: a flag, which is a boolean, 0, 1 or a text for one.

    Args:
        body: The response, decoded.
        path: Where it stands, from the top; empty where the operation has none.
        says: What stands there; see `PageNumbers`.

    Returns:
        What it says, or None where it is missing or says neither.
    """
    flag = value_at(body, path) if path else None
    if path and says == NEXT:
        return _names_a_page(flag)
    if isinstance(flag, str):
        flag = _FLAGS.get(flag.strip().lower())
    return bool(flag) != (says == LAST) if isinstance(flag, (bool, int, float)) else None


def _names_a_page(value: object) -> bool:
    """Whether what stands where the next page is named names one."""
    return str(value or "").lower() not in _NO_CURSORS


class Paging(Protocol[P_co]):
    """How the next page is requested: `PageNumbers`, or `Cursor`."""

    @property
    def parameter(self) -> str:
        """Argument that takes the page number or cursor."""
        ...

    @property
    def size(self) -> str | None:
        """Argument that takes the page size, or None."""
        ...

    @property
    def more(self) -> tuple[str, ...]:
        """Path to what says whether more pages follow; empty where nothing does."""
        ...

    @property
    def says(self) -> str:
        """What that is: a flag for "more" or for the "last" page, or the "next" page's number."""
        ...

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """What the arguments that have bounds may be."""
        ...

    def number(self, arguments: Mapping[str, Any]) -> int | None:
        """The number of the requested page, or None where pages have none."""
        ...

    def following(self, arguments: Mapping[str, Any], rows: int, body: object) -> P_co | None:
        """What asks for the next page, or None at the end."""
        ...


def _sizes(name: str | None, largest: int | None) -> dict[str, Kind]:
    return {} if name is None else {name: Integer(1, largest)}
