"""What must hold of a server's walks with one another.

What is promised, and what is not: the same request gives the same rows; a list has the same rows,
each once and each with the same figures, however it is sorted and cut into pages; rows that tie
stand in the same order whatever the page size. It is not promised how ties stand in the two
directions of a sort, or in different sorts, nor where rows without a value to sort by stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keyapi.conformance.walking.rules import Broken, Made, rule
from keyapi.conformance.walking.walk import Row, Walk, matches


@rule("repeatable", blame="server", scope="walks")
def the_same_request_gives_the_same_rows(made: Made) -> Iterator[Broken]:
    """The same request gives the same rows, in the same order."""
    first: dict[Any, tuple[Walk, list[Row]]] = {}
    for walk in made.fair:
        for one in walk.own:
            before = first.setdefault(one.step.asked, (walk, one.rows))
            if before[1] != one.rows:
                where, expected, found = _difference(before[1], one.rows)
                yield Broken(walk, f"as in {before[0].plan}: {expected}", found, where)
                return


def _difference(first: Sequence[Any], second: Sequence[Any]) -> tuple[str, Any, Any]:
    for number, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return f"/row/{number}", one, other
    return "/walk", f"{len(first)} rows", f"{len(second)} rows"


@rule("same-rows", blame="server", scope="walks")
def all_walks_have_the_same_rows(made: Made) -> Iterator[Broken]:
    """However a list is sorted, cut into pages, and begun, it has the same rows."""
    whole: dict[str, tuple[Walk, Counter[str]]] = {}
    for walk in made.complete:
        rows = Counter(set(walk.keys))  # a row that comes twice is found by another rule
        first, expected = whole.setdefault(_narrowed(walk), (walk, rows))
        yield from _missing(walk, f"as in {first.plan}", expected, rows)
    for walk in made.fair:
        if not walk.complete and walk.plan.about == "walk" and _narrowed(walk) in whole:
            first, expected = whole[_narrowed(walk)]
            rows = Counter(set(walk.keys))
            yield from _missing(walk, f"as in {first.plan}", expected & rows, rows)


def _missing(walk: Walk, why: str, expected: Counter[str], found: Counter[str]) -> Iterator[Broken]:
    if lost := list((expected - found).elements()):
        yield Broken(walk, f"{expected.total()} rows, {why}", f"{len(lost)} lost: {lost[0]}")
    elif added := list((found - expected).elements()):
        yield Broken(walk, f"{expected.total()} rows, {why}", f"{len(added)} more: {added[0]}")


def _narrowed(walk: Walk) -> str:
    """What a walk has in common with those of the same rows: all but how they are served."""
    return str(sorted(_narrowing(walk).items(), key=str))


def _narrowing(walk: Walk) -> dict[str, Any]:
    paging, sort = walk.operation.paging, walk.operation.sort
    apart = {*(paging.roles if paging else ()), *(sort or ())}
    return {name: value for name, value in walk.plan.arguments.items() if name not in apart}


@rule("filtered-rows", blame="server", scope="walks")
def a_filtered_list_has_all_rows_that_match(made: Made) -> Iterator[Broken]:
    """A filtered list has those rows of the whole list that match, and no others that do."""
    whole = next((walk for walk in made.complete if not walk.plan.chosen), None)
    for walk in made.complete if whole is not None else ():
        if whole is not None and walk.plan.chosen:
            expected = _of_those_that_match(whole, walk.plan.chosen)
            found = _of_those_that_match(walk, walk.plan.chosen)
            yield from _missing(walk, f"those of {whole.plan} that match", expected, found)


def _of_those_that_match(walk: Walk, chosen: Mapping[str, Any]) -> Counter[str]:
    rows = zip(walk.keys, walk.served, strict=True)
    return Counter(
        {key for key, row in rows if all(matches(row, *pair) for pair in chosen.items())}
    )


@rule("tie-order", blame="server", scope="walks")
def ties_stand_alike_whatever_the_page_size(made: Made) -> Iterator[Broken]:
    """Rows that tie, and those of an unsorted list, stand in one order whatever the page size."""
    first: dict[str, Walk] = {}
    sizes: set[tuple[str, int | None]] = set()
    for walk in made.complete:
        key = _narrowed_and_sorted(walk)
        if (key, walk.size) in sizes or (_sorting(walk) and not walk.plan.column):
            continue
        sizes.add((key, walk.size))
        other = first.setdefault(key, walk)
        common = {*other.keys} & {*walk.keys}
        expected, found = _tied(other, common), _tied(walk, common)
        for value, rows in expected.items():
            if rows != found.get(value, rows):
                where, one, another = _difference(rows, found[value])
                yield Broken(walk, f"as in {other.plan}: {one}", another, where)
                break
    for walk in made.fair:
        whole = first.get(_narrowed_and_sorted(walk))
        if whole is not None and not walk.complete and not _sorting(walk):
            yield from _left_out(walk, whole)


def _narrowed_and_sorted(walk: Walk) -> str:
    return f"{_narrowed(walk)} {_sorting(walk)}"


def _sorting(walk: Walk) -> list[Any]:
    """The values that a walk sorts by; empty where it does not sort."""
    values = [walk.plan.arguments.get(name) for name in walk.operation.sort or () if name]
    return [value for value in values if value is not None]


def _left_out(walk: Walk, whole: Walk) -> Iterator[Broken]:
    """Of a walk that sees a part of a list, the rows that it leaves out in between."""
    seen = {*walk.keys}
    places = [number for number, key in enumerate(whole.keys) if key in seen]
    if walk.plan.trouble is not None or walk.plan.about != "walk" or not places:
        return
    first = 0 if walk.plan.start is None else places[0]
    lost = [key for key in whole.keys[first : places[-1]] if key not in seen]
    if lost:
        expected = f"rows {first} to {places[-1]} of {whole.plan}"
        yield Broken(walk, expected, f"{len(lost)} lost: {lost[0]}")


def _tied(walk: Walk, common: set[str]) -> dict[Any, list[str]]:
    """The rows of each value that a walk sorts by, in order; all of them where it does not sort."""
    tied: dict[Any, list[str]] = {}
    for key, row in zip(walk.keys, walk.served, strict=True):
        if key in common:
            tied.setdefault(str(row.get(walk.plan.column)), []).append(key)
    return {value: list(dict.fromkeys(rows)) for value, rows in tied.items()}


@rule("key", blame="server", scope="walks")
def a_bad_key_is_refused_each_time(made: Made) -> Iterator[Broken]:
    """A bad key is refused, also where a good one got the same page, and the second time."""
    walk = made.refused
    for number, one in enumerate(walk.seen[1:] if walk else (), 2):
        answer = one.step.answer
        if walk and answer is not None and answer.status < 400:
            yield Broken(walk, 401, answer.status, pointer=f"/request/{number}")
            return


@rule("charged", blame="server", scope="walks")
def good_pages_are_charged(made: Made) -> Iterator[Broken]:
    """What was charged is what the good answers of all walks cost."""
    refused = [made.refused] if made.refused else []
    answers = [one for walk in (*made.walks, *refused) for one in walk.seen]
    good = sum(1 for one in answers if one.good or one.step.planted)
    expected = made.operation.credits * good
    if made.charged is not None and made.charged != expected and made.walks:
        yield Broken(made.walks[0], f"{expected} credits", f"{made.charged} credits")
