"""A limit on what a block may take of the processor, however busy the machine is."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class OutOfTimeError(BaseException):
    """It took longer than it may. What catches every Exception does not catch it."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Stop the block when it has taken so long.

    Raises:
        OutOfTimeError: It has.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
