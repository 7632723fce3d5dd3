"""What goes wrong in the middle of a walk: answers that are put in the place of the server's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from keyapi import InvalidResponse, KeyAPIError, ServerError, TransportError
from keyapi.conformance.judge import ERRORS, JSON, ServerAnswer
from keyapi.specification import OperationSpec, value_at

Change = Callable[[OperationSpec, ServerAnswer], ServerAnswer | None]


class Trouble(NamedTuple):
    """What goes wrong.

    Attributes:
        name: What it is.
        at: At which request, from 1.
        change: What is answered in the place of a good answer; None breaks the connection.
        raised: The error that the walk must end with; None where it must go on.
        lasting: Whether every later request gets it, too.
        retries: How often the client may send a request again.
    """

    name: str
    at: int
    change: Change
    raised: type[KeyAPIError] | None = None
    lasting: bool = True
    retries: int = 0

    def due(self, number: int) -> bool:
        """Whether it happens at a request, by its number from 1."""
        return number == self.at or (self.lasting and number > self.at)


def troubles(operation: OperationSpec) -> list[Trouble]:
    """What may go wrong with the pages of an operation."""
    errors: dict[int | None, type[KeyAPIError]] = {**ERRORS, 500: ServerError, 503: ServerError}
    found = [
        Trouble(f"{status} on page 2", 2, _refusal(status), error)
        for status, error in errors.items()
        if status is not None
    ]
    found += [
        Trouble("no connection on page 2", 2, lambda operation, answer: None, TransportError),
        Trouble("an error under HTTP 200 on page 2", 2, _error_code, ServerError),
        Trouble("a broken body on page 2", 2, _cut, InvalidResponse),
        Trouble("an empty body on page 2", 2, _empty_body, InvalidResponse),
        Trouble("503 once on page 2", 2, _refusal(503), None, False, 1),
        Trouble("503 once on page 1", 1, _refusal(503), None, False, 1),
        Trouble("no rows on page 2", 2, _without_rows, None, False),
        Trouble("a short page 2", 2, _short, None, False),
    ]
    if operation.paging is not None and operation.paging.more:
        found.append(Trouble("page 2 says that it is the last", 2, _says_last, None, False))
    return found


def _refusal(status: int) -> Change:
    def change(operation: OperationSpec, answer: ServerAnswer) -> ServerAnswer:
        body = {"code": status, "message": f"trouble {status}", "data": None}
        return ServerAnswer(status, JSON, json.dumps(body).encode())

    return change


def _error_code(operation: OperationSpec, answer: ServerAnswer) -> ServerAnswer:
    body = {"code": 500, "message": "trouble 500", "data": None}
    return answer._replace(content=json.dumps(body).encode())


def _cut(operation: OperationSpec, answer: ServerAnswer) -> ServerAnswer:
    return answer._replace(content=answer.content[: len(answer.content) // 2])


def _empty_body(operation: OperationSpec, answer: ServerAnswer) -> ServerAnswer:
    return answer._replace(content=b"")


def _without_rows(operation: OperationSpec, answer: ServerAnswer) -> ServerAnswer:
    return _with(operation, answer, operation.items or (), lambda rows: [])


def _short(operation: OperationSpec, answer: ServerAnswer) -> ServerAnswer:
    return _with(operation, answer, operation.items or (), lambda rows: rows[:-1])


def _says_last(operation: OperationSpec, answer: ServerAnswer) -> ServerAnswer:
    paging = operation.paging
    says = int(paging is not None and paging.says == "last")
    path = paging.more if paging else ()
    if paging is not None and paging.says == "next":
        return _with(operation, answer, path, lambda number: None)
    return _with(
        operation,
        answer,
        path,
        lambda flag: str(says) if isinstance(flag, str) else type(flag)(says),
    )


def _with(
    operation: OperationSpec,
    answer: ServerAnswer,
    path: tuple[str, ...],
    change: Callable[[Any], Any],
) -> ServerAnswer:
    """The answer with one value changed."""
    body = answer.envelope
    holder = value_at(body, path[:-1]) if path[:-1] else body
    if isinstance(holder, dict) and holder.get(path[-1]) is not None:
        holder[path[-1]] = change(holder[path[-1]])
    return answer._replace(content=json.dumps(body).encode())
