"""The cases of an operation that are worth paying for, what matters most first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from keyapi.conformance.cases import Case, cases, documented_arguments, good, is_promised
from keyapi.specification import OperationSpec

LAST_PAGE = "last page"
"""The one case that is several requests: the last page has to be found."""


def plan(operation: OperationSpec) -> list[Case]:
    """Choose from the cases of an operation; none provokes 402 or 429.

    They are: the documented example, one bad parameter, a bad key, each filter, each sort field in
    each direction, far past the end, and the last page.
    """
    base = documented_arguments(operation)
    everything = [case for case in cases(operation) if is_promised(operation, case)]
    chosen = [everything[0]]
    # The first that is faulty lacks a required argument, if there is one: the fault that a server
    # must notice, as it is reported to ignore what it does not know.
    chosen += [case for case in everything if case.faulty and case.key == "good"][:1]
    chosen += [case for case in everything if case.key == "bad"]
    chosen += _filters(operation, everything, base)
    chosen += _sorts(operation, everything, base)
    paging = operation.paging
    if paging is not None and paging.kind == "page" and paging.size and paging.largest:
        chosen += [case for case in everything if case.rows == "none" and good(case)]
        chosen.append(Case(LAST_PAGE, base))
    return chosen


def _filters(
    operation: OperationSpec, everything: list[Case], base: dict[str, object]
) -> Iterator[Case]:
    for name in operation.filters:
        yield from [case for case in everything if good(case) and _changed(case, base) == {name}][
            :1
        ]


def _sorts(
    operation: OperationSpec, everything: list[Case], base: dict[str, object]
) -> Iterator[Case]:
    sort = operation.sort
    if sort is None:
        return
    both = {name for name in (sort.field, sort.direction) if name}
    for case in everything:
        changed = _changed(case, base)
        if good(case) and changed and changed <= both <= case.arguments.keys():
            yield replace(case, rows=everything[0].rows)  # sorting takes no row away


def _changed(case: Case, base: dict[str, object]) -> set[str]:
    names = {*case.arguments, *base}
    return {name for name in names if case.arguments.get(name) != base.get(name)}
