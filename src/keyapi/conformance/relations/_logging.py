"""Credits: what is logged of attempts, retries and answers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from keyapi.conformance.drivers import KEY
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._failures import FAILURES
from keyapi.contract import Violation

_NAME = "keyapi"


def logged(desk: Desk) -> Iterator[Violation]:
    """INFO for each retry, DEBUG for each answer and what is raised, and nowhere the key."""
    for failing in FAILURES:
        retried = failing.retries(desk.verb, 1)
        with _heard() as records:
            client = desk.open(failing.reply, desk.good, max_retries=1)
            client.call()
            client.close()
        if records is None:
            return
        levels = ["INFO", "DEBUG"] if retried else ["DEBUG"]
        yield from desk.broken(
            f"logged of {failing.name}", levels, [record.levelname for record in records]
        )
        texts = " ".join(record.getMessage() for record in records)
        yield from desk.broken(f"key in the log of {failing.name}", False, KEY in texts)


def _keep(records: list[logging.LogRecord], record: logging.LogRecord) -> bool:
    records.append(record)
    return False  # which nobody needs to handle


@contextmanager
def _heard() -> Iterator[list[logging.LogRecord] | None]:
    """What is logged meanwhile, whatever the level; None where logging is disabled."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.DEBUG)
    handler.addFilter(partial(_keep, records))
    logger = logging.getLogger(_NAME)
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
