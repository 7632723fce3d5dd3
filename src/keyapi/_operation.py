"""What the runtime knows about an operation: facts only, filled in by generated code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import index
from typing import Any, Generic, Protocol, TypeVar, cast
from urllib.parse import quote, urlencode

from keyapi._errors import BadRequest, InvalidResponse
from keyapi._facts import FIRST_PAGE
from keyapi._json import pointer, value_at
from keyapi._models import plain, viewed

T = TypeVar("T")
P = TypeVar("P")
P_co = TypeVar("P_co", covariant=True)

_WHOLE = re.compile(r"-?\d{1,20}")  # a cursor of any length is a text
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class PageNumbers:
    """Paging by number: `parameter` counts up until a page is short, or says that it is the last.

    Attributes:
        parameter: Argument that takes the page number.
        size: Argument that takes the page size, or None where the server fixes the size.
        first: The number of the first page.
        last: The highest page number that the operation allows, or None where none is documented.
        largest: The largest page size that it allows, in rows, or None likewise.
        more: Path, from the top of the response, to the flag that says whether more pages follow;
            empty where there is none.
    """

    parameter: str
    size: str | None = None
    first: int = FIRST_PAGE
    last: int | None = None
    largest: int | None = None
    more: tuple[str, ...] = ()

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Refuse a page that the operation does not have.

        A page size above the largest is not left to the server to refuse: if the server cut it down
        instead, a full page would look like a short one, and the walk would end early.

        Args:
            arguments: The arguments of the call.

        Raises:
            BadRequest: The page number or size is not a whole number, or out of bounds.
        """
        _check_count("The page number", arguments[self.parameter], self.first, self.last)
        _check_size(self.size, self.largest, arguments)

    def number(self, arguments: Mapping[str, Any]) -> int | None:
        """The number of the requested page."""
        number: int = arguments[self.parameter]
        return number

    def following(self, arguments: Mapping[str, Any], rows: int, body: object) -> int | None:
        """The next page number, or None where a page with so many rows is the last.

        A flag decides where the response has one; else a short page is the last.
        """
        number: int = arguments[self.parameter]
        size: int | None = arguments.get(self.size) if self.size else None
        more = says_more(body, self.more)
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
        size: Argument that takes the page size, if there is one.
        largest: The largest page size that the operation allows, in rows, or None where none is
            documented.
        more: Path, from the top of the response, to the flag that says whether more pages follow;
            empty where there is none.
    """

    parameter: str
    next: tuple[str, ...]
    type: type[P]
    size: str | None = None
    largest: int | None = None
    more: tuple[str, ...] = ()

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Refuse a page size that the operation does not have.

        Any cursor passes: only the server knows which exist.

        Args:
            arguments: The arguments of the call.

        Raises:
            BadRequest: The page size is not a whole number, or out of bounds.
        """
        _check_size(self.size, self.largest, arguments)

    def number(self, arguments: Mapping[str, Any]) -> int | None:
        """Pages by cursor have no number."""
        return None

    def following(self, arguments: Mapping[str, Any], rows: int, body: object) -> P | None:
        """The next cursor, which the response's body names, or None at the end.

        A flag decides where the response has one; else a page without rows or cursor is the last.

        Returns:
            The cursor in the type of the argument that takes it.

        Raises:
            InvalidResponse: The cursor does not fit the argument.
            LookupError: It is missing, although the flag says that more pages follow.
        """
        cursor = value_at(body, self.next)
        more = says_more(body, self.more)
        if more is None:
            more = bool(rows and cursor)
        if not more:
            return None
        where = pointer(*self.next, root="")
        following: P = self._typed(cursor, where)
        return following

    def _typed(self, cursor: Any, where: str) -> Any:
        if cursor is None or cursor == "":
            flag = pointer(*self.more, root="")
            raise LookupError(f"{where} names no next page, although {flag} says that more follow")
        scalar = isinstance(cursor, (int, str)) and not isinstance(cursor, bool)
        if self.type is list and isinstance(cursor, list):
            return cursor
        if isinstance(cursor, float) and cursor.is_integer():  # as some servers write integers
            cursor, scalar = int(cursor), True
        if self.type is str and scalar:
            return str(cursor)
        if self.type is int and scalar and _WHOLE.fullmatch(str(cursor)):
            return int(str(cursor))
        wanted = f", not a cursor of type {self.type.__name__}"
        raise InvalidResponse(f"{where} is {type(cursor).__name__}{wanted}")


def says_more(body: object, path: tuple[str, ...]) -> bool | None:
    """Read the flag that says whether more pages follow: a boolean, 0 or 1, or one of them as text.

    Args:
        body: The response, decoded.
        path: Where the flag stands, from the top; empty where the operation has none.

    Returns:
        What it says, or None where it is missing or says neither.
    """
    flag = value_at(body, path) if path else None
    if isinstance(flag, str):
        return _FLAGS.get(flag.strip().lower())
    return bool(flag) if isinstance(flag, (bool, int, float)) else None


@dataclass(frozen=True, kw_only=True)
class Operation(Generic[T]):
    """One operation of the API.

    An argument goes into the query under its own name, unless a mapping below says otherwise.

    Attributes:
        name: The `operationId` of the effective specification.
        method: HTTP method.
        path: URL path; path parameters stand in it as `{name}`.
        credits: What one request costs, in credits.
        model: Gives the class of a row (or of the whole data), imported when first needed;
            `dict` where the data has no class of its own.
        items: Path, from the top of the response, to the list of rows.
        required: Arguments of the query and path that cannot be left out.
        query: Arguments that have another name in the query, with that name.
        path_parameters: Arguments that go into the path, with their name there.
        body: Arguments that go into the JSON body, with their property's name.
        comma_joined: Arguments whose lists are sent as one comma-joined value.
        delimiters: Arguments whose lists are sent as one value joined by something else, with that.
        empty: Arguments of the query that may be empty: a cursor that asks for the first page so.
        secured: Whether its requests carry the key.
        received: Types that the data may have as decoded, without null; empty where the operation
            has rows or one object, or may answer anything; `NoneType` where it answers nothing.
        nullable: Whether the data, or the list of rows, may be null.
        maps: How many maps lie around the objects of the data, one in another.
        null_rows: Whether a row may be null.
    """

    name: str
    method: str
    path: str
    credits: int = 1
    model: Callable[[], type[T]]
    items: tuple[str, ...] = ("data",)
    required: frozenset[str] = frozenset()
    query: Mapping[str, str] = field(default_factory=dict)
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)
    comma_joined: frozenset[str] = frozenset()
    delimiters: Mapping[str, str] = field(default_factory=dict)
    empty: frozenset[str] = frozenset()
    secured: bool = True
    received: tuple[type, ...] = ()
    nullable: bool = False
    maps: int = 0
    null_rows: bool = False

    @property
    def no_content(self) -> bool:
        """Whether it answers without content."""
        return type(None) in self.received

    def view(self, row: dict[str, Any] | None) -> T:
        """Turn a received object into this operation's class; a row that is null stays None."""
        model: Any = self.model()
        view: Any = row if row is None or model is dict else model.from_dict(row)
        return cast(T, view)

    def view_all(self, data: Any) -> Any:
        """Turn the objects in lists and maps of decoded data into this operation's class."""
        model: Any = self.model()
        return data if model is dict else viewed(data, model, self.maps)

    def encode(self, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
        """Write arguments as the URL's path and query, and as JSON body; None means "not sent".

        Args:
            arguments: Values by argument name.

        Returns:
            Path with query, and the body (None for an operation without one).

        Raises:
            BadRequest: An argument is empty text, which KeyAPI's documentation says not to send, or
                a path parameter would lead to another path.
        """
        path = self.path
        query: list[tuple[str, str]] = []
        body: dict[str, Any] = {}
        for name, argument in arguments.items():
            if argument is None:
                continue
            value = plain(argument)
            if name in self.body:
                body[self.body[name]] = value
                continue
            if value == "" and name not in self.empty:
                optional = "" if name in self.required else ", or leave it out"
                raise BadRequest(f"{name} is empty; give a value{optional}")
            if name in self.path_parameters:
                if value in (".", ".."):  # it would lead to another operation
                    raise BadRequest(f"{name} must not be {value!r}, which leads to another path")
                place = f"{{{self.path_parameters[name]}}}"
                path = path.replace(place, quote(_text(value), safe=""))
                continue
            wire = self.query.get(name, name)
            if not isinstance(value, list):
                query.append((wire, _text(value)))
            elif name in self.comma_joined or name in self.delimiters:
                query.append((wire, self.delimiters.get(name, ",").join(map(_text, value))))
            else:
                query.extend((wire, _text(item)) for item in value)
        target = f"{path}?{urlencode(query)}" if query else path
        return target, body if self.body else None


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
        """Path to the flag that says whether more pages follow; empty where there is none."""
        ...

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Refuse a page that the operation does not have."""
        ...

    def number(self, arguments: Mapping[str, Any]) -> int | None:
        """The number of the requested page, or None where pages have none."""
        ...

    def following(self, arguments: Mapping[str, Any], rows: int, body: object) -> P_co | None:
        """What asks for the next page, or None at the end."""
        ...


@dataclass(frozen=True, kw_only=True)
class PagedOperation(Operation[T], Generic[T, P]):
    """An operation whose rows come page by page.

    Attributes:
        paging: How the next page is requested.
    """

    paging: Paging[P]

    def encode(self, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
        """Write arguments as `Operation.encode` does, and refuse a page that cannot exist."""
        self.paging.check(arguments)
        return super().encode(arguments)


def _text(value: object) -> str:
    """Write a value as query strings carry it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_size(name: str | None, largest: int | None, arguments: Mapping[str, Any]) -> None:
    size = arguments.get(name) if name else None
    if size is not None:
        _check_count("page_size", size, 1, largest)


def _check_count(name: str, value: object, least: int, most: int | None) -> None:
    try:
        number = index(value)  # type: ignore[arg-type]  # a TypeError where it is not a number
    except TypeError:
        raise BadRequest(f"{name} must be a whole number, got {value!r}") from None
    if number < least or (most is not None and number > most):
        bounds = f"{least} or more" if most is None else f"between {least} and {most}"
        raise BadRequest(f"{name} must be {bounds}, got {number}")
