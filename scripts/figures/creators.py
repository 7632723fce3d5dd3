"""A server of creators with five pages of products each, in a process of its own."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from functools import partial

from figures.answering import Answering, response, serve, server
from figures.calls import USER, page

PAGES = 5
"""Pages of a creator; the last has no rows."""
ROWS = 10 * (PAGES - 1)
"""Rows of a creator."""
_QUERY = re.compile(rb"[?&](user_id|page_num)=(\d+)")


def body(user: str, number: int) -> bytes:
    """The answer to a page of a creator.

    Args:
        user: The creator's id, of 19 digits.
        number: The page, from 1.
    """
    made = page(number) if number < PAGES else re.sub(rb'("data": )\[.*\](, ")', rb"\1[]\2", page())
    return made.replace(USER.encode(), user.encode())


def creators() -> AbstractContextManager[str]:
    """Run the server while the block runs, and give its address."""
    return server("figures.creators")


class _Creators(Answering):
    def __init__(self, bodies: list[bytes]) -> None:
        self._bodies = bodies

    def answer(self, head: bytes) -> bytes:
        asked = dict(_QUERY.findall(head))
        number = int(asked[b"page_num"])
        return response(self._bodies[number].replace(USER.encode(), asked[b"user_id"]))


if __name__ == "__main__":
    serve(partial(_Creators, [b"", *(body(USER, number) for number in range(1, PAGES + 1))]))
