"""What a successful response brings: a page, an object, a list, or other data."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from keyapi._errors import InvalidResponse, KeyAPIError
from keyapi._json import pointer, value_at
from keyapi._page import P, Page
from keyapi._paging import says_more

if TYPE_CHECKING:
    import httpx

    from keyapi._operation import Operation, PagedOperation
    from keyapi._sending.call import Call
    from keyapi._sending.exchange import Received
    from keyapi._sending.response import Success

T = TypeVar("T")
Op = TypeVar("Op", bound="Operation[Any]")
R = TypeVar("R")
_ROW = frozenset([dict])


class Answer(NamedTuple):
    """A successful response to a call. The call itself keeps none: that would be a cycle.

    Attributes:
        call: The call.
        success: The response, parsed.
        response: The response as received.
    """

    call: Call
    success: Success
    response: httpx.Response | Received

    @classmethod
    def taken(
        cls,
        take: Callable[[Answer, Op], R],
        operation: Op,
        call: Call,
        success: Success,
        response: httpx.Response | Received,
    ) -> R:
        """Give what a function makes of the answer to a call of an operation."""
        return take(cls(call, success, response), operation)

    def page(self, operation: PagedOperation[T, P]) -> Page[T, P]:
        """Give one page of a paged operation.

        Raises:
            InvalidResponse: The rows are not a list of objects, or the next cursor is not one.
        """
        rows, arguments = self._rows(operation), self.call.arguments
        following, lost = None, None
        try:
            following = operation.paging.following(arguments, len(rows), self.success.body)
        except InvalidResponse as error:
            raise self._locate(error) from None
        except LookupError as error:  # the rows are there, and paid for
            lost = str(error)
        return Page(
            operation,
            arguments,
            rows,
            following,
            lost=lost,
            request_id=self.success.request_id,
            attempts=self.call.attempts,
            charged=self.call.charged,
            from_cache=self.call.from_cache,
            response=self.response,
        )

    def one(self, operation: Operation[T]) -> T:
        """Give the data of an operation whose data is one object; None where they may be null.

        Raises:
            InvalidResponse: They are not.
        """
        data = self.success.body.get("data")
        if operation.nullable and self._is_null(("data",)):
            return cast(T, None)  # as the generated method says
        if not isinstance(data, dict):
            raise self._invalid(f"/data is {type(data).__name__}, not an object")
        return operation.view(data)

    def many(self, operation: Operation[T]) -> list[T]:
        """Give the rows of an operation whose data is a list; None where they may be null.

        Raises:
            InvalidResponse: They are not a list of objects.
        """
        if operation.nullable and self._is_null(operation.items):
            return cast(list[T], None)  # as the generated method says
        return [operation.view(row) for row in self._rows(operation)]

    def data(self, operation: Operation[Any]) -> Any:
        """Give other data, as decoded, with the objects of a class in it as that class.

        Raises:
            InvalidResponse: They are not of the type that the operation documents.
        """
        data = self.success.body.get("data")
        if not operation.received or (operation.nullable and self._is_null(("data",))):
            return data
        if type(data) not in operation.received:
            wanted = " or ".join(kind.__name__ for kind in operation.received)
            raise self._invalid(f"/data is {type(data).__name__}, not {wanted}")
        return operation.view_all(data)

    def _rows(self, operation: Operation[Any]) -> list[dict[str, Any] | None]:
        rows = value_at(self.success.body, operation.items)
        if rows is None and self._ends_with_null(operation):
            return []
        if not isinstance(rows, list):
            where = pointer(*operation.items, root="")
            raise self._invalid(f"{where} is {type(rows).__name__}, not a list of rows")
        if {*map(type, rows)} <= _ROW:
            return rows
        for number, row in enumerate(rows):
            if type(row) is not dict and not (row is None and operation.null_rows):
                where = pointer(*operation.items, number, root="")
                raise self._invalid(f"{where} is {type(row).__name__}, not a row")
        return rows

    def _ends_with_null(self, operation: Operation[Any]) -> bool:
        """Whether a null list is an empty one: documented so, or a flag says if more follow."""
        paging = getattr(operation, "paging", None)
        body = self.success.body
        is_told = paging is not None and says_more(body, paging.more, paging.says) is not None
        return (operation.nullable or is_told) and self._is_null(operation.items)

    def _is_null(self, path: tuple[str, ...]) -> bool:
        """Whether null stands at a path of the response, where nothing is missing."""
        holder = value_at(self.success.body, path[:-1])
        return isinstance(holder, dict) and path[-1] in holder and holder[path[-1]] is None

    def _invalid(self, problem: str) -> KeyAPIError:
        return self._locate(InvalidResponse(problem))

    def _locate(self, error: KeyAPIError) -> KeyAPIError:
        error.status = self.response.status_code
        error.code = 0
        error.request_id = self.success.request_id
        return self.call.locate(error, self.response.request)
