"""What a successful response brings: a page, an object, a list, or undescribed data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import httpx

from keyapi._errors import InvalidResponse, KeyAPIError
from keyapi._json import pointer, value_at
from keyapi._operation import says_more
from keyapi._pages import P, Page

if TYPE_CHECKING:
    from keyapi._operation import Operation, PagedOperation
    from keyapi._sending.call import Call
    from keyapi._sending.response import Success

T = TypeVar("T")


class Answer(NamedTuple):
    """A successful response to a call. The call itself keeps none: that would be a cycle.

    Attributes:
        call: The call.
        success: The response, parsed.
        response: The response as received.
    """

    call: Call
    success: Success
    response: httpx.Response

    def page(self, operation: PagedOperation[T, P], arguments: dict[str, Any]) -> Page[T, P]:
        """Give one page of a paged operation.

        Raises:
            InvalidResponse: The rows are not a list of objects, or the next cursor is not one.
        """
        rows = self._rows(operation)
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
            from_cache=self.call.from_cache,
            response=self.response,
        )

    def one(self, operation: Operation[T]) -> T:
        """Give the data of an operation whose data is one object.

        Raises:
            InvalidResponse: They are not.
        """
        data = self.data()
        if not isinstance(data, dict):
            raise self._invalid(f"/data is {type(data).__name__}, not an object")
        return operation.view(data)

    def many(self, operation: Operation[T]) -> list[T]:
        """Give the rows of an operation whose data is a list.

        Raises:
            InvalidResponse: They are not a list of objects.
        """
        return [operation.view(row) for row in self._rows(operation)]

    def data(self) -> Any:
        """Give the data, as decoded."""
        return self.success.body.get("data")

    def _rows(self, operation: Operation[Any]) -> list[dict[str, Any]]:
        rows = value_at(self.success.body, operation.items)
        where = pointer(*operation.items, root="")
        if rows is None and self._ends_with_null(operation):
            return []
        if not isinstance(rows, list):
            raise self._invalid(f"{where} is {type(rows).__name__}, not a list of rows")
        for number, row in enumerate(rows):
            if not isinstance(row, dict):
                raise self._invalid(f"{where}/{number} is {type(row).__name__}, not a row")
        return rows

    def _ends_with_null(self, operation: Operation[Any]) -> bool:
        """Whether a list that is null is an empty one: a flag says if more pages follow."""
        paging = getattr(operation, "paging", None)
        holder = value_at(self.success.body, operation.items[:-1])
        return (
            paging is not None
            and isinstance(holder, dict)
            and operation.items[-1] in holder
            and says_more(self.success.body, paging.more) is not None
        )

    def _invalid(self, problem: str) -> KeyAPIError:
        return self._locate(InvalidResponse(problem))

    def _locate(self, error: KeyAPIError) -> KeyAPIError:
        error.status = self.response.status_code
        error.code = 0
        error.request_id = self.success.request_id
        return self.call.locate(error, self.response.request)
