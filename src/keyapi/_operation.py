"""What the runtime knows of an operation: facts only, filled in by generated code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from urllib.parse import quote

from keyapi._errors import BadRequest
from keyapi._models import plain

if TYPE_CHECKING:
    from keyapi._envelope import Envelope

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class PageNumbers:
    """Paging by number: `parameter` counts up from 1 until a page comes back short.

    Attributes:
        parameter: Wire name of the page-number parameter.
        size: Wire name of the page-size parameter, or None where the server fixes the size.
        last: The highest page number the operation allows, or None where it names none.
    """

    parameter: str
    size: str | None = None
    last: int | None = None

    def number(self, params: Mapping[str, Any]) -> int | None:
        """The number of the page that was asked for."""
        number: int = params[self.parameter]
        return number

    def following(self, params: Mapping[str, Any], rows: int, envelope: Envelope) -> int | None:
        """The page number to ask for next, or None where a page of so many rows is the last."""
        number: int = params[self.parameter]
        size: int | None = params.get(self.size) if self.size else None
        short = rows == 0 or (size is not None and rows < size)
        over = self.last is not None and number >= self.last
        return None if short or over else number + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """Paging by cursor: each answer names where the next one starts.

    Attributes:
        parameter: Wire name of the parameter that takes the cursor.
        next: Path, from the top of the answer, to the next cursor.
        size: Wire name of the page-size parameter, if there is one.
    """

    parameter: str
    next: tuple[str, ...]
    size: str | None = None

    def number(self, params: Mapping[str, Any]) -> int | None:
        """Pages by cursor have no number."""
        return None

    def following(
        self, params: Mapping[str, Any], rows: int, envelope: Envelope
    ) -> int | str | None:
        """The cursor that the answer names, or None at the end."""
        return (envelope.find(self.next) or None) if rows else None


@dataclass(frozen=True, kw_only=True)
class Operation(Generic[T]):
    """One operation of the API.

    Attributes:
        name: The `operationId` of the effective specification.
        method: HTTP method.
        path: URL path; path parameters stand in it as `{name}`.
        credits: What one request costs, in credits.
        model: Gives the class of a row (or of the whole data), imported when first needed;
            `dict` where the data has no class of its own.
        items: Path, from the top of the answer, to the list of rows.
        path_parameters: Wire names that go into the path.
        body: Arguments that go into the JSON body, with their property's name; the other
            arguments go into the query.
        comma_joined: Wire names whose lists are sent as one comma-joined value.
    """

    name: str
    method: str
    path: str
    credits: int = 1
    model: Callable[[], type[T]]
    items: tuple[str, ...] = ("data",)
    path_parameters: frozenset[str] = field(default_factory=frozenset)
    body: Mapping[str, str] = field(default_factory=dict)
    comma_joined: frozenset[str] = field(default_factory=frozenset)

    def view(self, row: dict[str, Any]) -> T:
        """Give a received object as this operation's class."""
        model: Any = self.model()
        view: Any = row if model is dict else model.from_dict(row)
        return cast(T, view)

    def encode(
        self, params: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any] | None]:
        """Split arguments into URL path, query and JSON body; None means "not sent".

        Args:
            params: Arguments by wire name.

        Returns:
            Path, query, and body (None for an operation without one).

        Raises:
            BadRequest: A path parameter would lead to another path.
        """
        path = self.path
        query: dict[str, Any] = {}
        body: dict[str, Any] = {}
        for name, given in params.items():
            if given is None:
                continue
            value = plain(given)
            if name in self.body:
                body[self.body[name]] = value
            elif name in self.path_parameters:
                if value in ("", ".", ".."):  # it would lead to another operation
                    raise BadRequest(f"The path parameter {name} is {value!r}", operation=self.name)
                path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
            elif name in self.comma_joined and isinstance(value, list):
                query[name] = ",".join(map(str, value))
            else:
                query[name] = value
        return path, query, body if self.body else None


@dataclass(frozen=True, kw_only=True)
class PagedOperation(Operation[T]):
    """An operation that answers page by page.

    Attributes:
        paging: How to ask for the next page.
    """

    paging: PageNumbers | Cursor
