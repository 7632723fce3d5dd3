"""Messages on stderr: one line each, sanitised, and never with the key."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from keyapi._errors import (
    AuthenticationError,
    BadRequest,
    BudgetExceeded,
    ConfigurationError,
    InsufficientCredits,
    KeyAPIError,
    TransportError,
)
from keyapi.cli.text import clean

OK, FAILED, USAGE, BUDGET, INTERRUPTED = 0, 1, 2, 3, 130

# Remedies that differ from those of the Python client.
_REMEDIES: dict[type[KeyAPIError], str] = {
    AuthenticationError: "Check the key in KEYAPI_TOKEN or --token-file.",
    BadRequest: "See the command's --help.",
    BudgetExceeded: "Raise --max-credits.",
    TransportError: "Check the network, the server's address (--base-url) and --timeout.",
}
_KEY = re.compile(r"\b(sk_[a-z]+_)[^\s'\",;)]+")
_SHORTEST_KEY = 6  # shorter ones may be ordinary words, for example in a test
_ARGUMENT = re.compile(r"\b([a-z_]+)=\.\.\.")
_VALUE = re.compile(r'\b(as_of|on_new_day)="([^"]*)"')


class CommandError(Exception):
    """Ends a command; the text says why, and `code` is the exit code."""

    code = FAILED


class UsageError(CommandError):
    """The command line is invalid; the text says what to write instead."""

    code = USAGE


def say(text: str) -> None:
    """Write one line to stderr; keys in it are masked."""
    try:
        sys.stderr.write(f"keyapi: {masked(clean(text))}\n")
        sys.stderr.flush()
    except OSError:  # stderr is closed
        pass


def masked(text: str) -> str:
    """Mask keys in a text: those of the environment, and anything that looks like one."""
    from keyapi._connection import TOKEN_VARIABLES

    for name in TOKEN_VARIABLES:
        key = os.environ.get(name, "").strip()
        if len(key) >= _SHORTEST_KEY:
            text = text.replace(key, "[key]")
    return _KEY.sub(r"\1[key]", text)


def explain(error: KeyAPIError) -> str:
    """Explain an error in one line, and what to do about it on the command line."""
    facts = [
        f"HTTP {error.status}" if error.status is not None else None,
        f"code {error.code}" if error.code is not None else None,
        f"{error.attempts} attempts" if error.attempts > 1 else None,
        f"request id {error.request_id}" if error.request_id is not None else None,
    ]
    where = ", ".join(fact for fact in facts if fact)
    text = f"{error.message} ({where})" if where else error.message
    remedy = _REMEDIES.get(type(error), error.remedy)
    if text[-1:] not in (".", "!", "?"):
        text += "."
    whole = _ARGUMENT.sub(_option, f"{text} {remedy}".rstrip())
    return _VALUE.sub(lambda found: f"{_option(found)} {found[2]}", whole)


def exit_code(error: KeyAPIError) -> int:
    """The exit code of an error."""
    if isinstance(error, (BudgetExceeded, InsufficientCredits)):
        return BUDGET
    unsent = isinstance(error, BadRequest) and not error.attempts
    return USAGE if unsent or isinstance(error, ConfigurationError) else FAILED


def counted(number: int, what: str) -> str:
    """Format a count with its noun: `1 row`, `1,200 rows`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def version() -> str:
    """The installed version."""
    from importlib import metadata

    try:
        return metadata.version("keyapi-tiktok")
    except metadata.PackageNotFoundError:
        return "(not installed)"


@contextmanager
def logged(level: int) -> Iterator[None]:
    """Print what the client logs at a level or above: retries and contract violations."""
    logger = logging.getLogger("keyapi")
    handler, before = _Handler(level), (logger.level, logger.propagate)
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


def _option(found: re.Match[str]) -> str:
    name = found[1].replace("_", "-")
    return "--token-file" if name == "token" else f"--{name}"
