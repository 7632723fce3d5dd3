"""What is logged while something runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial


def _keep(records: list[logging.LogRecord], record: logging.LogRecord) -> bool:
    records.append(record)
    return False  # which nobody needs to handle


@contextmanager
def heard(name: str = "keyapi") -> Iterator[list[logging.LogRecord] | None]:
    """What is logged meanwhile, whatever the level; None where logging is disabled.

    Args:
        name: Name of the logger.
    """
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.DEBUG)
    handler.addFilter(partial(_keep, records))
    logger = logging.getLogger(name)
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield records if logger.isEnabledFor(logging.DEBUG) else None
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
