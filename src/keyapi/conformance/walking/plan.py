"""Which walks are made of an operation: all that its facts let a caller ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from keyapi._facts import descending
from keyapi.conformance.cases import any_fitting, documented_arguments
from keyapi.conformance.walking.trouble import troubles
from keyapi.conformance.walking.values import allows, another, several, values
from keyapi.conformance.walking.walk import Row, Walk, WalkPlan, as_argument
from keyapi.specification import OperationSpec

_PAGE = 10  # rows of a page, where an operation allows larger ones
_SMALL = 7  # rows of a smaller one, of which no multiple ends with a page of the larger one's
_FEW = 3  # rows of a page of a filtered list, so that there are several
MOST_PAGES = 60
"""Pages that one walk fetches at most: where a list is longer, its end is not looked at."""


@dataclass
class Planner:
    """Plans the walks of an operation, the later ones by what the earlier ones showed.

    Args:
        operation: The operation; it is paged.
        made: The walks that were made; whoever makes them adds each.
    """

    operation: OperationSpec
    made: list[Walk]

    def __post_init__(self) -> None:
        assert self.operation.paging is not None
        self.paging = self.operation.paging

    def plans(self) -> Iterator[WalkPlan]:
        """Yield the walks to make; one that depends on earlier ones is planned when it is due."""
        yield from self._whole()
        yield from self._sizes()
        yield from self._sorted()
        yield from self._filtered()
        yield from self._other_arguments()
        yield from self._past_the_end()
        yield from self._bounded()
        yield from self._in_trouble()

    @property
    def base(self) -> dict[str, Any]:
        """The arguments of the documented call, without position and size."""
        found = documented_arguments(self.operation)
        base = {name: value for name, value in found.items() if name not in self.paging.roles}
        for name in self.operation.ids:
            if name in base:
                base[name] = several(self.operation, name, base[name])
        return base

    @property
    def sizes(self) -> tuple[int | None, int | None]:
        """The usual page size, and a smaller one, in rows; None where the server fixes it."""
        if not self.paging.size:
            return None, None
        usual = min(self.paging.largest or _PAGE, _PAGE)
        return usual, _SMALL if usual > _SMALL else max(1, usual - 1)

    def _plan(
        self, name: str, arguments: Mapping[str, Any], size: int | None = None, **options: Any
    ) -> WalkPlan:
        sized = self._sized(size or self.sizes[0])
        bounds = {"max_pages": MOST_PAGES, **options}
        return WalkPlan(name=name, arguments={**arguments, **sized}, **bounds)

    def _whole(self) -> Iterator[WalkPlan]:
        small = self.sizes[1]
        yield self._plan("all rows", self.base)
        yield self._plan("all rows", self.base, asynchronous=True)
        yield self._plan("all rows", self.base, small, mode="single")
        yield self._plan("all rows", self.base, small, mode="pages", asynchronous=True)

    def _sizes(self) -> Iterator[WalkPlan]:
        base, usual, largest = self.base, self.sizes[0], self.paging.largest
        plan = WalkPlan(name="no page size", arguments=base, max_pages=2)
        yield plan
        yield replace(plan, asynchronous=True)
        if usual is not None:
            plan = self._plan("pages of one row", base, 1, max_pages=3)
            yield plan
            yield replace(plan, mode="single", asynchronous=True)
            if largest and largest > usual:
                yield self._plan("the largest pages", base, largest, mode="pages")

    def _sorted(self) -> Iterator[WalkPlan]:
        sort = self.operation.sort
        if sort is None:
            return
        members = self.operation.arguments[sort.field].members
        directions = self.operation.arguments[sort.direction].members if sort.direction else {}
        for column, value in members.items():
            chosen = {**self.base, sort.field: value}
            alone = f"sorted by {column}"
            if not (sort.direction and self.operation.arguments[sort.direction].required):
                yield self._plan(alone, chosen, mode="pages", max_pages=2)
            for number, (direction, order) in enumerate(directions.items()):
                plan = self._plan(
                    f"{alone}, {direction}",
                    {**chosen, str(sort.direction): order},
                    **self._promised(column, direction),
                    asynchronous=bool(number % 2),
                )
                yield plan
                if self._has_ties(column):
                    yield replace(plan, arguments={**plan.arguments, **self._sized(self.sizes[1])})

    def _promised(self, column: str, direction: str) -> dict[str, Any]:
        """What is promised of the order: nothing of a third direction, such as a shuffled one."""
        downwards = descending(direction)
        if downwards is None:
            return {"max_pages": 2}
        return {"column": column, "downwards": downwards}

    def _sized(self, size: int | None) -> dict[str, Any]:
        """The argument that asks for a page size."""
        return {self.paging.size: size} if self.paging.size and size else {}

    def _has_ties(self, column: str) -> bool:
        values = [str(row[column]) for row in self.rows if row.get(column) is not None]
        return bool(self.sizes[1]) and len(set(values)) < len(values)

    @property
    def rows(self) -> list[Row]:
        """The rows of the first walk."""
        return self.made[0].served if self.made else []

    def _filtered(self) -> Iterator[WalkPlan]:
        """Each filter by a common value and a rare one, sorted too, and all filters together."""
        found = {
            name: values(self.operation, name, prop, self.rows)
            for name, prop in self.operation.filters.items()
        }
        for number, (name, shown) in enumerate(found.items()):
            for turn, value in enumerate(shown):
                odd = bool((number + turn) % 2)
                plan = self._chosen(f"filtered by {name}", {name: value})
                plan = replace(plan, asynchronous=odd, mode="pages" if odd else "rows")
                yield plan
                if turn == 0:
                    yield replace(plan, asynchronous=not odd, max_pages=2)
                    yield from self._filtered_and_sorted(plan)
        first = self.rows[0] if self.rows else {}
        every = {
            name: first[prop]
            for name, prop in self.operation.filters.items()
            if allows(self.operation, name, first.get(prop))
        }
        if len(every) > 1:
            yield self._chosen("all filters", every)
        for name, prop in self.operation.filters.items():
            none = another(self.operation, name, *(row.get(prop) for row in self.rows))
            if none is not None:
                yield self._chosen(f"filtered by {name} to no rows", {name: none})
                if len(every) > 1:
                    yield self._chosen(f"all filters, {name} to no rows", {**every, name: none})
        yield from self._by_ids()

    def _chosen(self, about: str, filters: Mapping[str, Any]) -> WalkPlan:
        """A walk that filters."""
        few = _FEW if self.sizes[0] else None
        props = {self.operation.filters[name]: value for name, value in filters.items()}
        return self._plan(about, {**self.base, **filters}, few, chosen=props)

    def _filtered_and_sorted(self, plan: WalkPlan) -> Iterator[WalkPlan]:
        sort = self.operation.sort
        if sort is None or sort.direction is None:
            return
        directions = self.operation.arguments[sort.direction].members
        downwards = [member for member in directions if descending(member)]
        for column, value in self.operation.arguments[sort.field].members.items():
            for direction in downwards[:1]:
                order = directions[direction]
                yield replace(
                    plan,
                    name=f"{plan.name}, sorted by {column}, {direction}",
                    arguments={**plan.arguments, sort.field: value, sort.direction: order},
                    column=column,
                    downwards=True,
                    mode="rows",
                )

    def _by_ids(self) -> Iterator[WalkPlan]:
        """Each list of ids by a part of the ids that all rows were asked for with, or have."""
        base, few = self.base, _FEW if self.sizes[0] else None
        for name, prop in self.operation.ids.items():
            shown = [str(row[prop]) for row in self.rows[:_SMALL] if prop in row]
            ids = base.get(name) or shown
            parts = [ids[:1], ids[: len(ids) // 2], ids]
            for number, part in enumerate(parts):
                if part and part != base.get(name) and part not in parts[:number]:
                    chosen = {**base, name: part}
                    yield self._plan(f"chosen by {name}", chosen, few, chosen={prop: part})

    def _other_arguments(self) -> Iterator[WalkPlan]:
        """All optional arguments at once; and other rows than the documented ones."""
        operation, base = self.operation, self.base
        sort = operation.sort
        known = {*base, *self.paging.roles}
        rows = {prop: value for row in self.rows[:1] for prop, value in row.items()}
        every = {}
        for name, argument in operation.arguments.items():
            if name in known or argument.place == "header" or name in operation.ids:
                continue
            shown = rows.get(operation.filters.get(name, ""))
            value = (
                shown if allows(self.operation, name, shown) else any_fitting(operation, argument)
            )
            if value not in (None, "", [], {}):
                every[name] = value
        if every:
            apart = {**base, **every}
            for asynchronous in (False, True):
                yield self._plan(
                    "all arguments",
                    apart,
                    _FEW if self.sizes[0] else None,
                    about="other rows",
                    max_pages=3,
                    asynchronous=asynchronous,
                )
        for name in operation.echoes:
            other = another(self.operation, name, base.get(name))
            if other is not None and not (sort and name in sort):
                chosen = {**base, name: other}
                yield self._plan(f"another {name}", chosen, about="other rows", max_pages=3)

    def _bounded(self) -> Iterator[WalkPlan]:
        """With `limit`, `max_pages` and a start, sync and async."""
        base = self.base
        shown = max((len(one.rows) for one in self.made[0].own), default=_PAGE)
        size = self.sizes[0] or max(shown, 1)  # a list may have no row
        limits = [0, 1, size - 1, size, size + 1]
        for asynchronous in (False, True):
            for limit in limits:
                yield self._plan("limit", base, limit=limit, asynchronous=asynchronous)
            yield self._plan("limit", base, limit=size + 1, mode="pages", asynchronous=asynchronous)
            for most in (0, 1, 2):
                yield self._plan("max_pages", base, max_pages=most, asynchronous=asynchronous)
            yield self._plan("both", base, limit=3, max_pages=1, asynchronous=asynchronous)
            yield self._plan(
                "both", base, limit=2 * size, max_pages=1, mode="pages", asynchronous=asynchronous
            )
            for rows in (1, size, size + 1):
                yield self._plan("left", base, broken_off=rows, asynchronous=asynchronous)
            yield from self._resumed(asynchronous)
        if self.made[0].complete:
            yield self._plan("limit beyond the end", base, limit=len(self.rows) + 1)

    def _resumed(self, asynchronous: bool) -> Iterator[WalkPlan]:
        first = self.made[0]
        for step in (1, 2):
            if len(first.own) > step:
                # A cursor may be a number in the answer, and text in the request.
                start = as_argument(
                    self.operation.arguments[self.paging.position], first.positions[step]
                )
                most = MOST_PAGES if step == 2 and not asynchronous else 2
                options = {"max_pages": most, "asynchronous": asynchronous}
                yield self._plan("resumed", self.base, start=start, **options)
                if self.paging.kind == "cursor" and self.sizes[1] and step == 1:
                    plan = self._plan("resumed", self.base, self.sizes[1], start=start, **options)
                    yield replace(plan, name="resumed in smaller pages")

    def _in_trouble(self) -> Iterator[WalkPlan]:
        if len(self.made[0].own) < 3:
            return  # there is no middle
        for trouble in troubles(self.operation):
            for asynchronous in (False, True):
                yield self._plan(
                    trouble.name,
                    self.base,
                    trouble=trouble,
                    max_pages=MOST_PAGES if trouble.raised else 4,
                    asynchronous=asynchronous,
                )

    def _past_the_end(self) -> Iterator[WalkPlan]:
        """The page behind the last one of each kind of walk that came to an end."""
        asked: set[str] = set()
        last = self.operation.arguments[self.paging.position].schema.get("maximum")
        by_number = self.paging.kind == "page"
        for walk in list(self.made):
            position = walk.positions[-1]
            key = str([walk.plan.arguments, position])
            if position is None or position in (0, "", self.paging.start):
                continue  # there is nothing behind it, or the first page
            if not walk.complete or key in asked:
                continue
            asked.add(key)
            if not by_number or last is None or int(position) <= last:
                plan = replace(walk.plan, mode="single", max_pages=1, about="past the end")
                argument = self.operation.arguments[self.paging.position]
                yield replace(plan, start=as_argument(argument, position))
