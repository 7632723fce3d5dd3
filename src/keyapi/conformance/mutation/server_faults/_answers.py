"""Faults of answers as wholes, in the middle of a walk: status, envelope, key, charges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from keyapi.conformance.mutation.server_faults._proxy import Passing, Spoiler, server_fault
from keyapi.sandbox import Reply, SandboxRequest
from keyapi.specification import OperationSpec, Specification, value_at

_LATE = 3  # the page of the fault


def _late(operation: OperationSpec, change: Callable[[Passing], Reply | None]) -> Iterator[Spoiler]:
    def spoil(passing: Passing) -> Reply | None:
        return change(passing) if passing.good and passing.page == _LATE else None

    if operation.paging is not None:
        yield Spoiler(f"page {_LATE}", spoil)


@server_fault
def an_error_late(operation: OperationSpec) -> Iterator[Spoiler]:
    """A late page is answered with an error."""
    yield from _late(operation, lambda one: one.refused(500))


@server_fault
def not_found_at_the_end(operation: OperationSpec) -> Iterator[Spoiler]:
    """The last page is answered with 404."""

    def spoil(passing: Passing) -> Reply | None:
        return passing.refused(404) if passing.good and passing.is_last else None

    if operation.paging is not None:
        yield Spoiler("the last page", spoil)


@server_fault
def an_error_as_a_success(operation: OperationSpec) -> Iterator[Spoiler]:
    """A late page is an error under the status of success."""
    status = operation.success_status
    yield from _late(operation, lambda one: replace(one.refused(500), status=status))


@server_fault
def an_error_as_an_empty_page(operation: OperationSpec) -> Iterator[Spoiler]:
    """A server that fails on a late page answers that there are no more rows."""
    yield from _late(operation, lambda one: one.served(one.whole(), start=len(one.whole())))


@server_fault
def another_type_late(operation: OperationSpec) -> Iterator[Spoiler]:
    """A late page says that it is HTML."""
    yield from _late(operation, lambda one: one.retyped("text/html"))


@server_fault
def cut_short_late(operation: OperationSpec) -> Iterator[Spoiler]:
    """A late page is cut short."""
    yield from _late(
        operation, lambda one: replace(one.reply, body=one.reply.body[: len(one.reply.body) // 2])
    )


@server_fault
def dropped_late(operation: OperationSpec) -> Iterator[Spoiler]:
    """The connection ends in the middle of a late page."""
    yield from _late(operation, lambda one: replace(one.reply, delivery="dropped"))


@server_fault
def null_rows_late(operation: OperationSpec) -> Iterator[Spoiler]:
    """A late page has null in the place of its rows."""

    def change(passing: Passing) -> Reply:
        body: Any = passing.body
        holder = value_at(body, (operation.items or ("",))[:-1])
        holder[(operation.items or ("",))[-1]] = None
        return passing.reply.with_json(body)

    yield from _late(operation, change)


@server_fault
def request_id_stale(operation: OperationSpec) -> Iterator[Spoiler]:
    """Every answer has the same requestId."""

    def spoil(passing: Passing) -> Reply | None:
        body = passing.body if passing.good else {}
        if not isinstance(body, dict) or "requestId" not in body:
            return None
        return passing.reply.with_json({**body, "requestId": "stale"})

    if operation.paging is not None:
        yield Spoiler("all answers", spoil)


@server_fault
def totals_change(operation: OperationSpec) -> Iterator[Spoiler]:
    """A total that stands beside the rows grows from page to page."""
    path = (operation.items or ("",))[:-1]

    def spoil(passing: Passing) -> Reply | None:
        body: Any = passing.body if passing.good else {}
        holder = value_at(body, path)
        changed = False
        for name, value in list(holder.items()) if isinstance(holder, dict) else ():
            if "total" in name.lower() and isinstance(value, int):
                holder[name], changed = value + passing.page, True
        return passing.reply.with_json(body) if changed else None

    if operation.paging is not None and any("total" in name for name in _beside(operation)):
        yield Spoiler("beside the rows", spoil)


def _beside(operation: OperationSpec) -> Iterator[str]:
    """The documented names of what stands beside the list of rows."""
    resolved = Specification(operation.document).resolved
    schema = resolved(operation.schema(operation.success) or {})
    for key in (operation.items or ("",))[:-1]:
        schema = resolved(schema.get("properties", {}).get(key, {}))
    yield from schema.get("properties", ())


@server_fault
def a_bad_key_later(operation: OperationSpec) -> Iterator[Spoiler]:
    """A bad key is accepted where the same request was answered before, or the second time."""
    for where, times in (("after a good key", 1), ("the second time", 2)):

        def spoil(passing: Passing, times: int = times) -> Reply | None:
            if passing.reply.status != 401 or passing.before < times:
                return None
            request = passing.request
            key = {"authorization": f"Bearer {passing.proxy.sandbox.key}"}
            asked = SandboxRequest(request.method, request.path, request.query, key, request.body)
            return passing.proxy.sandbox.respond(asked)

        if operation.secured and operation.paging is not None:
            yield Spoiler(where, spoil)


@server_fault
def charges(operation: OperationSpec) -> Iterator[Spoiler]:
    """What is charged is not what pages cost."""
    if operation.paging is not None and operation.credits:
        for where, charge in (
            ("twice", lambda charged: 2 * charged),
            ("nothing", lambda charged: 0),
            ("one credit too many", lambda charged: charged + (charged > 1)),
        ):
            yield Spoiler(where, lambda passing: None, charge)
