"""What the runtime knows about an operation: facts only, filled in by generated code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote, urlencode

from keyapi._arguments import Anything, Kind
from keyapi._errors import BadRequest
from keyapi._models import viewed
from keyapi._paging import P, Paging

T = TypeVar("T")

_IN_QUERY, _IN_BODY = Anything(), Anything(free=True)
_UNQUOTED = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch


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
        arguments: What each argument may be; anything where it does not say.
        required: Arguments that cannot be left out.
        query: Arguments that have another name in the query, with that name.
        path_parameters: Arguments that go into the path, with their name there.
        body: Arguments that go into the JSON body, with their property's name.
        comma_joined: Arguments whose lists are sent as one comma-joined value.
        delimiters: Arguments whose lists are sent as one value joined by something else, with that.
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
    arguments: Mapping[str, Kind] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    query: Mapping[str, str] = field(default_factory=dict)
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)
    comma_joined: frozenset[str] = frozenset()
    delimiters: Mapping[str, str] = field(default_factory=dict)
    secured: bool = True
    received: tuple[type, ...] = ()
    nullable: bool = False
    maps: int = 0
    null_rows: bool = False

    @cached_property
    def origin(self) -> tuple[str, str]:
        """The generated package, which holds the specification, and the name in it.

        An operation is defined in the package's `api.RESOURCE`, as its `model` is.
        """
        return self.model.__module__.rpartition(".api.")[0], self.name

    @cached_property
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

    @cached_property
    def _kinds(self) -> Mapping[str, Kind]:
        """What arguments may be."""
        return self.arguments

    @cached_property
    def _needed(self) -> frozenset[str]:
        """Which arguments there must be."""
        return self.required

    def checked(
        self,
        arguments: Mapping[str, Any],
        *,
        listed: bool = True,
        names: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Check arguments, and give them as JSON and query strings carry them.

        Args:
            arguments: Values by argument name; None means "not sent".
            listed: Whether they must be there, be members and keep bounds, as the specification
                says.
            names: What a message calls arguments that the caller knows by another name.

        Returns:
            Those that are sent, and a page's position.

        Raises:
            BadRequest: One of them cannot be sent.
        """
        found: dict[str, Any] = {}
        kinds = self._kinds
        for name, value in arguments.items():
            if value is None:
                if listed and name in self._needed:
                    raise self._refused(name, " must not be None; give a value", names)
                found[name] = None
                continue
            kind = kinds.get(name) or (_IN_BODY if name in self.body else _IN_QUERY)
            try:
                found[name] = kind.read(value, listed)
            except ValueError as error:
                raise self._refused(name, str(error), names) from None
        return found

    def _refused(self, name: str, problem: str, names: Mapping[str, str] | None) -> BadRequest:
        if problem == " is empty":
            problem += "; give a value" + ("" if name in self._needed else ", or leave it out")
        return BadRequest(f"{(names or {}).get(name, name)}{problem}")

    def encode(self, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
        """Write arguments as the URL's path and query, and as JSON body; None means "not sent".

        Args:
            arguments: Values by argument name, checked.

        Returns:
            Path with query, and the body (None for an operation without one).

        Raises:
            BadRequest: A path parameter would lead to another path.
        """
        simple = self._simple
        pairs: list[str] = []
        for name, value in arguments.items():
            if value is None:
                continue
            kind = type(value)
            if name not in simple or not (kind is int or (kind is str and _UNQUOTED(value))):
                return self._encoded(arguments)
            pairs.append(f"{simple[name]}={value}")
        target = f"{self.path}?{'&'.join(pairs)}" if pairs else self.path
        return target, {} if self.body else None

    def _encoded(self, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
        """As `encode`, for whatever there is besides numbers and plain texts in a query."""
        path, in_path, in_body = self.path, self.path_parameters, self.body
        query: list[tuple[str, str]] = []
        body: dict[str, Any] = {}
        for name, value in arguments.items():
            if value is None:
                continue
            if name in in_body:
                body[in_body[name]] = value
                continue
            if name in in_path:
                path = self._with(path, name, value)
                continue
            wire = self.query.get(name, name)
            if not isinstance(value, list):
                query.append((wire, _text(value)))
            elif name in self.comma_joined or name in self.delimiters:
                query.append((wire, self.delimiters.get(name, ",").join(map(_text, value))))
            else:
                query.extend((wire, _text(item)) for item in value)
        return f"{path}?{urlencode(query)}" if query else path, body if in_body else None

    @cached_property
    def _simple(self) -> Mapping[str, str]:
        """Arguments that may be written into the query as they are, with their names there."""
        names = () if self.body else self._kinds.keys() - self.path_parameters.keys()
        in_query = {name: self.query.get(name, name) for name in names}
        return {name: wire for name, wire in in_query.items() if _UNQUOTED(wire)}

    def _with(self, path: str, name: str, value: Any) -> str:
        """The path with an argument in its place."""
        if value in (".", ".."):  # it would lead to another operation
            raise BadRequest(f"{name} must not be {value!r}, which leads to another path")
        return path.replace(f"{{{self.path_parameters[name]}}}", quote(_text(value), safe=""))


@dataclass(frozen=True, kw_only=True)
class PagedOperation(Operation[T], Generic[T, P]):
    """An operation whose rows come page by page.

    Attributes:
        paging: How the next page is requested.
    """

    paging: Paging[P]

    @cached_property
    def _kinds(self) -> Mapping[str, Kind]:
        return {**self.arguments, **self.paging.kinds}

    @cached_property
    def _needed(self) -> frozenset[str]:
        first = self.paging.parameter
        return self.required | ({first} if first in self.paging.kinds else set())


def _text(value: object) -> str:
    """Write a value as query strings carry it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
