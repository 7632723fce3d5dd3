"""What a forked child comes to."""

from __future__ import annotations

import os
import pickle
import signal
import warnings
from collections.abc import Callable
from typing import Any

_LONGEST = 30
"""Seconds after which a child that hangs is ended."""


def has_forks() -> bool:
    """Whether this system has them."""
    return hasattr(os, "fork")


def forked(work: Callable[[], Any]) -> Any:
    """Give what work comes to in a forked child, which ends without a word to anybody else.

    Args:
        work: What it does.

    Returns:
        What that gave; the error's name where it raised one, and None where the child was ended.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks where threads run
        child = os.fork()
    if child == 0:
        signal.alarm(_LONGEST)
        try:
            outcome = work()
        except BaseException as error:
            outcome = type(error).__name__
        with open(writing, "wb") as pipe:
            pickle.dump(outcome, pipe)
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(content) if content else None  # noqa: S301 - it is our own
