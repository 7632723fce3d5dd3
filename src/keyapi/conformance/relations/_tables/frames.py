"""Walks and lists as tables and data frames: all rows that are left, or an error.

What is expected is worded after `docs/data-frames.md`: a walk is one table, or a batch for each
page, and each reader of Arrow gets the same rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import httpx

from keyapi import KeyAPIError, Page
from keyapi._clients import async_twin
from keyapi._models import Model
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, Caller
from keyapi.conformance.relations._shared import (
    Compared,
    attempt,
    put,
    put_cursor,
    put_more,
    success_answer,
)
from keyapi.specification import OperationSpec

_REFUSAL = {"code": 500, "message": "broken", "data": None, "requestId": "1"}
_NULLABLE = {"int64": "Int64", "bool": "boolean"}
"""Types in pandas that know null, by that of the column."""


class Served:
    """Walks over pages of some rows, the last of which may be an error.

    Args:
        operation: A paged operation.
        caller: The client.
        pages: The rows of each page; None for an error.
        asynchronous: Whether to walk with the async client.
    """

    def __init__(
        self,
        operation: OperationSpec,
        caller: Caller,
        pages: Sequence[list[Any] | None],
        *,
        asynchronous: bool = False,
    ) -> None:
        self._operation, self._caller, self._pages = operation, caller, pages
        self.asked = 0
        kind: Any = async_twin(caller.client) if asynchronous else caller.client
        self._client = kind(KEY, transport=httpx.MockTransport(self._answer), max_retries=0)
        paging, values = operation.paging, dict(next(iter(cases(operation))).arguments)
        if paging is not None:
            values.pop(paging.position, None)
        if paging is not None and paging.size in values:
            rows = len(pages[0] or ())
            values[paging.size] = min(rows, paging.largest or rows)
        self._arguments = caller.arguments(operation.name, values, walk=True)

    def walk(self) -> Any:
        """Begin a walk, at the first page."""
        self.asked = 0
        method = self._caller.methods[self._operation.name, True]
        return method.on(self._client)(**self._arguments, max_pages=len(self._pages))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        number, self.asked = self.asked, self.asked + 1
        rows = self._pages[number]
        if rows is None:
            return httpx.Response(500, json=_REFUSAL)
        body = success_answer(self._operation).envelope
        put(body, self._operation.items or (), rows)
        put_more(self._operation, body, more=True)
        put_cursor(self._operation, body, 4711 + number)
        return httpx.Response(200, content=json.dumps(body))  # it may hold half a surrogate pair


def as_frames(operation: OperationSpec, caller: Caller, page: Page[Any, Any]) -> Compared:
    """Compare what a page and walks over it give to each reader of Arrow.

    Args:
        operation: A paged operation.
        caller: The client.
        page: A page with rows of every kind, whose table is as documented.
    """
    rows, whole = page.to_dicts(), page.to_arrow().to_pylist()
    first, second = rows, [{**row, "second page": True} for row in rows]
    both = Served(operation, caller, [first, second])
    walk = both.walk()
    next(walk)
    yield "of a walk, sync", whole[1:], _first(walk.to_arrow().to_pylist(), whole)
    later = Served(operation, caller, [first, second], asynchronous=True)
    yield "of a walk, async", whole[1:], _first(caller.settled(_left(later.walk())), whole)
    yield from _streamed(both, rows)
    for name, asynchronous in (("sync", False), ("async", True)):
        failing = Served(operation, caller, [first, None], asynchronous=asynchronous)
        yield from _failing(name, failing, caller, len(rows))
    yield from _read(page, both, later, caller)
    yield from _of_models(operation, caller, page)


def _first(found: list[Any], whole: list[Any]) -> list[Any]:
    """The rows of the first page, where those of the second follow; else all."""
    first, second = found[: -len(whole)], found[-len(whole) :]
    marked = all('"second page":true' in (row["_extra"] or "") for row in second)
    known = [{**row, "_extra": None} for row in whole]
    follows = marked and [{**row, "_extra": None} for row in second] == known
    return first if follows else found


def _streamed(both: Served, rows: list[Any]) -> Compared:
    """A stream has a batch for each page, which is asked for when the batch is."""
    import pyarrow as pa

    walk = both.walk()
    names = pa.schema(walk).names
    yield "of a walk, schema", (0, True), (both.asked, "_extra" in names)
    next(walk)
    reader = pa.RecordBatchReader.from_stream(walk)
    found = [(batch.num_rows, both.asked) for batch in reader]
    yield "of a walk, batches", [(len(rows) - 1, 1), (len(rows), 2)], found
    yield "of a walk, handed out", (2 * len(rows), 2), (walk.rows_yielded, walk.pages_fetched)


def _failing(name: str, failing: Served, caller: Caller, rows: int) -> Compared:
    """An error on the way is raised as itself, with where to resume; never taken for the end."""
    for method in ("to_arrow", "to_pandas", "to_polars"):
        if find_spec(method.removeprefix("to_").replace("arrow", "pyarrow")) is None:
            continue
        error = attempt(_called, failing.walk(), method, caller)
        known = getattr(error, "status", None), getattr(error, "rows_yielded", None)
        is_placed = isinstance(error, KeyAPIError) and error.next_page is not None
        yield f"of a walk, {name}, {method} of an error", (500, rows, True), (*known, is_placed)
    if name == "sync":
        import pyarrow as pa

        error = attempt(lambda: pa.RecordBatchReader.from_stream(failing.walk()).read_all())
        yield "of a stream, error", True, isinstance(error, Exception) and "broken" in str(error)


def _read(page: Page[Any, Any], both: Served, later: Served, caller: Caller) -> Compared:
    """Each reader gets the rows of the table, with null for null."""
    table = page.to_arrow()
    rows, names = table.to_pylist(), table.column_names
    pages = len(rows), 2 * len(rows)
    if find_spec("polars"):
        import polars

        frames = page.to_polars(), polars.DataFrame(page)
        for frame in frames:
            yield "polars", (names, repr(rows)), (frame.columns, repr(frame.to_dicts()))
        counts = polars.DataFrame(both.walk()).height, both.walk().to_polars().height
        yield (
            "polars of walks",
            (pages[1],) * 3,
            (*counts, caller.settled(later.walk().to_polars()).height),
        )
    if find_spec("pandas"):
        import pandas

        types = {each.name: str(each.type) for each in table.schema}
        scalars = [name for name in names if types[name] in ("string", "double", *_NULLABLE)]
        whole: Any = page.to_pandas()
        wanted = {name: _NULLABLE[types[name]] for name in names if types[name] in _NULLABLE}
        yield "pandas, types", wanted, {name: str(whole.dtypes[name]) for name in wanted}
        for name in scalars:
            found = [None if pandas.isna(value) else value for value in whole[name].tolist()]
            yield f"pandas, {name}", repr([row[name] for row in rows]), repr(found)
        yield "pandas", names, [*whole.columns]
        counts = len(both.walk().to_pandas()), len(caller.settled(later.walk().to_pandas()))
        yield "pandas of walks", (pages[1],) * 2, counts
        for value in (page, both.walk()):
            error = attempt(pandas.DataFrame, value)
            is_told = isinstance(error, TypeError) and "to_pandas()" in str(error)
            yield "pandas.DataFrame()", True, is_told


def _of_models(operation: OperationSpec, caller: Caller, page: Page[Any, Any]) -> Compared:
    """`keyapi.arrow` makes the same table of models, mappings and bodies, and refuses all else."""
    from keyapi import arrow

    whole, rows = page.to_arrow(), page.to_dicts()
    package = caller.client._package
    made = arrow.of_package(package, operation.name)
    yield "of_package()", True, made.schema.equals(whole.schema)
    body = success_answer(operation).envelope
    for given in (rows, None):
        put(body, operation.items or (), given)
        yield "rows()", repr(given or []), repr(made.rows(json.dumps(body).encode()))
    yield "table(page)", True, arrow.table(page).equals(whole)
    yield "table() of a text", TypeError, type(attempt(lambda: made.table([{}, "text"])))
    model: Any = caller.methods[operation.name, False].operation.model()
    yield "table() of nothing", TypeError, type(attempt(lambda: arrow.table([])))
    strange: Any = type("Strange", (Model,), {})
    yield "table() of a strange class", TypeError, type(attempt(lambda: arrow.table([strange()])))
    if model is dict or not made.schema.equals(attempt(lambda: arrow.of_model(model).schema)):
        return  # a class that stands for something else than rows of this kind
    own: Any = type("Mine", (model,), {"__slots__": ()})
    for case, listed in {
        "models": page.items,
        "an iterator": iter(page.items),
        "a derived class": [own.from_dict(row) for row in rows],
    }.items():
        yield f"table() of {case}", True, arrow.table(listed).equals(whole)
    yield "table() of mappings", True, arrow.table(rows, model=model).equals(whole)
    nulls = arrow.table([None, page[0]]).column("_extra").to_pylist()[0]
    yield "table() of a row that is null", "null", nulls
    mixed = attempt(lambda: arrow.table([page[0], strange()]))
    is_told = isinstance(mixed, TypeError) and model.__name__ in str(mixed)
    yield "table() of several models", True, is_told


async def _left(walk: Any) -> Any:
    """The table of what a walk of the async client has left behind its first row."""
    await anext(walk)
    return (await walk.to_arrow()).to_pylist()


def _called(walk: Any, method: str, caller: Caller) -> Any:
    return caller.settled(getattr(walk, method)())
