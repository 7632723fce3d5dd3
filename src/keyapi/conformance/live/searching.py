"""Find the last page of a list in few requests, and not be fooled by an empty page before it."""

from __future__ import annotations

from collections.abc import Callable

Ask = Callable[[int], int]
"""Asks for a page, counted from 1, and gives how many rows it has."""


def last_page(ask: Ask, size: int, bound: int, at_least: int = 1) -> int:
    """Find the last page that has rows, by doubling and bisection.

    It never asks for more pages than doubling from 1 would, which knows nothing beforehand: what it
    saves because rows are known already, it spends on pages where a hole could hide.

    Args:
        ask: Asks for a page; one that was asked for before costs nothing.
        size: Rows of a full page.
        bound: The last page that may be asked for.
        at_least: A page that must have rows, as so many rows are known.

    Returns:
        The last page; pages behind it have no rows as far as was looked.
    """
    asked = {1: ask(1)}

    def rows(number: int) -> int:
        if number not in asked:
            asked[number] = ask(number)
        return asked[number]

    full = _end(rows, size, bound, at_least)
    if full < bound:
        rows(full + 1)
    spare = _cost(full, asked[full], size, bound) - len(asked)
    for number in _suspicious(full, bound, asked):
        if spare <= 0:
            break
        spare -= 1
        full = max(full, number) if rows(number) else full
    return full


def _end(rows: Ask, size: int, bound: int, at_least: int = 1) -> int:
    """The last page with rows, as far as doubling and bisection tell."""
    full, beyond, steps = 1, bound + 1, 0
    while rows(full) >= size and beyond - full > 1:
        middle = min(full * 2, bound) if beyond > bound else (full + beyond) // 2
        if steps == 1 and beyond > bound:  # page 2 is worth a recording; then to what is known
            middle = min(max(middle, at_least), bound)
        steps += 1
        if rows(middle):
            full = middle
        else:
            beyond = middle
    return full


def _cost(last: int, rows_there: int, size: int, bound: int) -> int:
    """How many pages doubling from 1 asks for where a list ends on a page, the first among them."""
    asked = {1}

    def rows(number: int) -> int:
        asked.add(number)
        return size if number < last else rows_there if number == last else 0

    if _end(rows, size, bound) < bound:
        asked.add(last + 1)
    return len(asked)


def _suspicious(last: int, bound: int, asked: dict[int, int]) -> list[int]:
    """Pages that were not looked at: first the next behind the end, then those before it."""
    behind = [last + 2] if last + 2 <= bound else []
    return [number for number in (*behind, *range(last - 1, 1, -1)) if number not in asked]
