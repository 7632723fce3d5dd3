"""The sandbox's data: the rows of each subject that can be requested."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any

from keyapi._facts import descending
from keyapi.sandbox._values import Chance, row, value
from keyapi.specification import OperationSpec, Specification, value_at

Rows = list[dict[str, Any]]

_SUCCESS = {"code": 0, "message": "success"}
_MOST = 400  # rows of a subject
_DOCUMENTED_LEAST = 41  # of the documented one, so that it has pages
_MOST_OF_AN_ID = 15
_MOST_IDS = 1000  # that are looked up for one request; of the others there are no rows
_GROUPS = 8  # different values of a property that rows are filtered by
_SUBJECTS_KEPT = 256
_VIEWS_KEPT = 512
_ID = re.compile(r"[0-9]{12}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_LIMITS = frozenset({"enum", "format", "pattern", "maxLength", "x-keyapi"})


class SubjectRows:
    """The rows of a subject, each made when it is first asked for: a page shows ten of hundreds.

    Args:
        count: Number of rows.
        make: Makes the row of a number from 0; the same row each time.
    """

    def __init__(self, count: int, make: Callable[[int], dict[str, Any]]) -> None:
        self._count = count
        self._make = lru_cache(None)(make)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self._make, range(self._count))

    def __getitem__(self, part: slice) -> Rows:
        return [self._make(number) for number in range(self._count)[part]]


class Catalogue:
    """Rows generated for a specification.

    The *subject* of a request is its required arguments without lists of ids, and those for paging
    and sorting. Each subject has a stable number of rows, from none to several hundred; the
    documented example is the first row of its subject.

    Args:
        spec: The specification.
        seed: A different seed gives different data.
        rows: Number of rows of every subject; None for what the seed gives.
    """

    def __init__(self, spec: Specification, seed: int, rows: int | None = None) -> None:
        self._spec = spec
        self._seed = seed
        self._rows = rows
        self._subject_rows = lru_cache(_SUBJECTS_KEPT)(self._make_rows)
        self._subject_envelope = lru_cache(_SUBJECTS_KEPT)(self._make_envelope)
        self._view = lru_cache(_VIEWS_KEPT)(self._make_view)

    def rows(self, operation: OperationSpec, arguments: Mapping[str, Any]) -> Rows | SubjectRows:
        """Return all rows of a request, filtered and sorted; callers must not modify them.

        Args:
            operation: The operation.
            arguments: Validated values, by name in the request.
        """
        filters = tuple(
            (prop, _hashable(arguments[name]))
            for name, prop in operation.filters.items()
            if arguments.get(name) is not None
        )
        ids = tuple(
            (prop, tuple(dict.fromkeys(map(str, arguments[name])))[:_MOST_IDS])
            for name, prop in operation.ids.items()
            if arguments.get(name)
        )
        subject = _subject(operation, arguments)
        return self._view(operation.name, subject, ids, filters, *_sort(operation, arguments))

    def envelope(self, operation: OperationSpec, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return a new success answer; its list of rows, if it has one, is empty."""
        return deepcopy(self._subject_envelope(operation.name, _subject(operation, arguments)))

    def _make_envelope(self, name: str, subject: tuple[Any, ...]) -> dict[str, Any]:
        operation = self._spec.operations[name]
        example = operation.example(operation.success)
        if operation.items is None and example and subject == _documented(operation, example):
            return dict(example)
        schema = self._spec.resolved(operation.schema(operation.success) or {})
        chance = Chance(self._seed, name, subject, "envelope")
        data = {"data": None} if "data" in schema.get("properties", {"data": {}}) else {}
        answer = {"code": 0, **data, **row(self._spec, schema, example, chance)}
        answer.update((key, fixed) for key, fixed in _SUCCESS.items() if key in answer)
        holder = value_at(answer, (operation.items or ("data", ""))[:-1])
        if isinstance(holder, dict):
            if operation.items is not None:
                holder[operation.items[-1]] = []
            else:
                echoed = dict(zip(_subject_names(operation), subject, strict=True))
                holder.update(_echoes(operation, echoed))
        return answer

    def _make_rows(self, name: str, subject: tuple[Any, ...]) -> SubjectRows:
        operation = self._spec.operations[name]
        example = operation.example(operation.success)
        shown = _shown_rows(operation)
        first = shown[0] if shown else None
        count = self._count(name, subject)
        documented: Rows = []
        if first is not None and subject == _documented(operation, example):
            documented = [dict(example_row) for example_row in shown]
            least = count + _DOCUMENTED_LEAST if self._rows is None else count
            count = max(least, len(documented))
        groups = {
            prop: [
                value(self._spec, operation.properties()[prop], prop, _of(first, prop), group)
                for group in (Chance(self._seed, name, prop, n) for n in range(_GROUPS))
            ]
            for prop in operation.filters.values()
        }
        echoed = dict(zip(_subject_names(operation), subject, strict=True))

        def make(number: int) -> dict[str, Any]:
            if number < len(documented):
                return documented[number]
            each = Chance(self._seed, name, subject, number)
            made = row(self._spec, operation.row or {}, first, each)
            for prop, values in groups.items():
                shared = [*values, first[prop]] if first and prop in first else values
                made[prop] = each.one_of(shared)
            return {**made, **_echoes(operation, echoed)}

        rows = SubjectRows(count, make)
        sample = rows[len(documented) : len(documented) + 1]
        identified = not sample or _is_identified(operation, sample[0])
        return rows if identified else _distinct(operation, rows)

    def _count(self, name: str, subject: tuple[Any, ...]) -> int:
        """Number of rows of a subject: only a few have many."""
        if self._rows is not None:
            return self._rows
        return int(_MOST * Chance(self._seed, name, subject).share() ** 2)

    def _make_view(
        self,
        name: str,
        subject: tuple[Any, ...],
        ids: tuple[tuple[str, tuple[str, ...]], ...],
        filters: tuple[tuple[str, Any], ...],
        column: str | None,
        descending: bool,
    ) -> Rows | SubjectRows:
        rows: Rows | SubjectRows = self._subject_rows(name, subject)
        for number, (prop, wanted) in enumerate(ids):
            if number == 0:
                rows = list(self._rows_of(self._spec.operations[name], subject, prop, wanted))
            else:
                rows = [each for each in rows if str(each.get(prop)) in wanted]
        for prop, wanted in filters:
            rows = [each for each in rows if each.get(prop) == wanted]
        if column is not None:  # stable: ties keep their order in either direction
            rows = sorted(rows, key=lambda each: _rank(each.get(column)), reverse=descending)
        return rows

    def _rows_of(
        self, operation: OperationSpec, subject: tuple[Any, ...], prop: str, ids: tuple[str, ...]
    ) -> Iterator[dict[str, Any]]:
        """The rows of some ids: one of each, as details have it, or several where there are pages.

        A documented id has its documented row; and where the operation lists rows without ids, too,
        an id has the rows that it has there.
        """
        documented = {str(row.get(prop)): row for row in _shown_rows(operation)}
        first = next(iter(documented.values()), None)
        listed: dict[str, Rows] = {}
        is_listed = not any(
            operation.arguments[name].required
            for name, compared in operation.ids.items()
            if compared == prop
        )
        for row_of_list in self._subject_rows(operation.name, subject) if is_listed else ():
            listed.setdefault(str(row_of_list.get(prop)), []).append(row_of_list)
        is_number = operation.properties()[prop].get("type") != "string"
        echoed = dict(zip(_subject_names(operation), subject, strict=True))
        for each in ids:
            if is_number and not _NUMBER.fullmatch(each):
                continue  # there is nothing of this id
            if each in listed:
                yield from listed[each]
                continue
            chance = Chance(self._seed, operation.name, prop, each)
            count = 1 if operation.paging is None else chance.whole(1, _MOST_OF_AN_ID)
            for number in range(count):
                if number == 0 and each in documented:
                    shown_row, asked = documented[each], _echoes(operation, echoed)
                    other = {k: v for k, v in asked.items() if str(shown_row.get(k)) != str(v)}
                    yield {**shown_row, **other}
                    continue
                made = row(self._spec, operation.row or {}, first, chance)
                own = {prop: int(each) if is_number else each}
                yield {**made, **_echoes(operation, echoed), **own}


def _shown_rows(operation: OperationSpec) -> Rows:
    """The documented rows; a row may be null, and tells nothing."""
    shown = value_at(operation.example(operation.success), operation.items or ())
    return [row for row in shown if isinstance(row, dict)] if isinstance(shown, list) else []


def _echoes(operation: OperationSpec, subject: Mapping[str, Any]) -> dict[str, Any]:
    """What rows repeat of a subject; a body that was left out names none."""
    return {echo: subject[echo] for echo in operation.echoes if subject[echo] is not None}


def _is_identified(operation: OperationSpec, made: Mapping[str, Any]) -> bool:
    """Whether a row has a text that no other row will have: an id, or a URL with one."""
    texts = [text for name, text in made.items() if name not in operation.echoes]
    return any(isinstance(text, str) and _ID.search(text) is not None for text in texts)


def _distinct(operation: OperationSpec, rows: SubjectRows) -> SubjectRows:
    """Rows without an id, each once: the first free text of a row gets its number."""
    taken = {*operation.echoes, *operation.filters.values(), *_subject_names(operation)}
    free = [
        name
        for name, schema in operation.properties().items()
        if name not in taken and schema.get("type") == "string" and not _LIMITS & schema.keys()
    ][:1]
    numbered = (
        {**made, **{name: f"{made[name]} {number}" for name in free if number and name in made}}
        for number, made in enumerate(rows)
    )
    once = list({json.dumps(made, sort_keys=True): made for made in numbered}.values())
    return SubjectRows(len(once), once.__getitem__)


def _rank(value: Any) -> tuple[bool, Any]:
    return value is not None, value


def _of(example: Mapping[str, Any] | None, prop: str) -> Any:
    return (example or {}).get(prop)


def _subject_names(operation: OperationSpec) -> list[str]:
    paging, sort = operation.paging, operation.sort
    apart = {*(paging[1:3] if paging else ()), *(sort or ()), *operation.ids}
    return [
        name
        for name, argument in operation.arguments.items()
        if argument.required and name not in apart
    ]


def _subject(operation: OperationSpec, arguments: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(_hashable(arguments.get(name)) for name in _subject_names(operation))


def _documented(operation: OperationSpec, example: Any) -> tuple[Any, ...] | None:
    """The subject of the documented example; None if its rows do not tell."""
    shown = value_at(example, operation.items or ("data",))
    first = shown[0] if isinstance(shown, list) and shown else shown
    names = _subject_names(operation)
    if not isinstance(first, dict) or not all(name in first for name in names):
        return None
    return tuple(first[name] for name in names)


def _sort(operation: OperationSpec, arguments: Mapping[str, Any]) -> tuple[str | None, bool]:
    """The column to sort by, and whether the largest comes first (undocumented default: yes)."""
    sort = operation.sort
    chosen = None if sort is None else arguments.get(sort.field)
    if sort is None or chosen is None:
        return None, False
    names = {value: name for name, value in operation.arguments[sort.field].members.items()}
    direction = arguments.get(sort.direction) if sort.direction else None
    if sort.direction is None or direction is None:
        return names[chosen], True
    words = {value: name for name, value in operation.arguments[sort.direction].members.items()}
    downwards = descending(words[direction])
    return (None, False) if downwards is None else (names[chosen], downwards)


def _hashable(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
