"""What the runtime knows about an operation: facts only, filled in by generated code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import index
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote, urlencode

from keyapi._errors import BadRequest, InvalidResponse
from keyapi._json import pointer, value_at
from keyapi._models import plain

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class PageNumbers:
    """Paging by number: `parameter` counts up from 1 until a page comes back short.

    Attributes:
        parameter: Argument that takes the page number.
        size: Argument that takes the page size, or None where the server fixes the size.
        last: The highest page number that the operation allows, or None where none is documented.
        largest: The largest page size that it allows, in rows, or None likewise.
    """

    parameter: str
    size: str | None = None
    last: int | None = None
    largest: int | None = None

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Refuse a page that the operation does not have.

        A page size above the largest is not left to the server to refuse: if the server cut it down
        instead, a full page would look like a short one, and the walk would end early.

        Args:
            arguments: The arguments of the call.

        Raises:
            BadRequest: The page number or size is not a whole number, or out of bounds.
        """
        _check_count("The page number", arguments[self.parameter], self.last)
        size = arguments.get(self.size) if self.size else None
        if size is not None:
            _check_count("page_size", size, self.largest)

    def number(self, arguments: Mapping[str, Any]) -> int | None:
        """The number of the requested page."""
        number: int = arguments[self.parameter]
        return number

    def following(self, arguments: Mapping[str, Any], rows: int, body: object) -> int | None:
        """The next page number, or None where a page with so many rows is the last."""
        number: int = arguments[self.parameter]
        size: int | None = arguments.get(self.size) if self.size else None
        short = rows == 0 or (size is not None and rows < size)
        over = self.last is not None and number >= self.last
        return None if short or over else number + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """Paging by cursor: each response names where the next page starts.

    Attributes:
        parameter: Argument that takes the cursor.
        next: Path, from the top of the response, to the next cursor.
        size: Argument that takes the page size, if there is one.
        largest: The largest page size that the operation allows, in rows, or None where none is
            documented.
    """

    parameter: str
    next: tuple[str, ...]
    size: str | None = None
    largest: int | None = None

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Refuse a page size that the operation does not have.

        Any cursor passes: only the server knows which exist.

        Args:
            arguments: The arguments of the call.

        Raises:
            BadRequest: The page size is not a whole number, or out of bounds.
        """
        size = arguments.get(self.size) if self.size else None
        if size is not None:
            _check_count("page_size", size, self.largest)

    def number(self, arguments: Mapping[str, Any]) -> int | None:
        """Pages by cursor have no number."""
        return None

    def following(self, arguments: Mapping[str, Any], rows: int, body: object) -> int | str | None:
        """The next cursor, which the response's body names, or None at the end.

        Raises:
            InvalidResponse: The cursor is neither a number nor text.
        """
        following = value_at(body, self.next)
        if not rows or not following:
            return None
        if isinstance(following, bool) or not isinstance(following, (int, str)):
            found = type(following).__name__
            raise InvalidResponse(f"{pointer(*self.next, root='')} is {found}, not a cursor")
        return following


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
    comma_joined: frozenset[str] = field(default_factory=frozenset)

    def view(self, row: dict[str, Any]) -> T:
        """Turn a received object into this operation's class."""
        model: Any = self.model()
        view: Any = row if model is dict else model.from_dict(row)
        return cast(T, view)

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
            if value == "":
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
            elif name in self.comma_joined:
                query.append((wire, ",".join(map(_text, value))))
            else:
                query.extend((wire, _text(item)) for item in value)
        target = f"{path}?{urlencode(query)}" if query else path
        return target, body if self.body else None


@dataclass(frozen=True, kw_only=True)
class PagedOperation(Operation[T]):
    """An operation whose rows come page by page.

    Attributes:
        paging: How the next page is requested.
    """

    paging: PageNumbers | Cursor

    def encode(self, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
        """Write arguments as `Operation.encode` does, and refuse a page that cannot exist."""
        self.paging.check(arguments)
        return super().encode(arguments)


def _text(value: object) -> str:
    """Write a value as query strings carry it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_count(name: str, value: object, most: int | None) -> None:
    try:
        number = index(value)  # type: ignore[arg-type]  # a TypeError where it is not a number
    except TypeError:
        raise BadRequest(f"{name} must be a whole number, got {value!r}") from None
    if number < 1 or (most is not None and number > most):
        bounds = "1 or more" if most is None else f"between 1 and {most}"
        raise BadRequest(f"{name} must be {bounds}, got {number}")
