"""Credits: what is logged of attempts, retries and answers, whatever the server's words are."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from keyapi.conformance.drivers import KEY
from keyapi.conformance.drivers._scripted import Reply
from keyapi.conformance.relations._credits.failures import FAILURES, Failing
from keyapi.conformance.relations._desk import Desk
from keyapi.conformance.relations._heard import heard
from keyapi.conformance.relations._shared import violation
from keyapi.contract import Violation

_SAID = f"of {KEY}\r\n2026-01-01 INFO forged \x1b[31m\u202e "
"""Words of a server that repeat the key, forge a line, and act on a terminal."""
_SHOWN = r"of [key]\r\n2026-01-01 INFO forged \x1b[31m\u202e"
_FILLER, _MOST = "漢", 1000
"""What makes those words long, and how many characters of a message are shown (docs/errors.md)."""


def logged(desk: Desk) -> Iterator[Violation]:
    """INFO for each retry, DEBUG for each answer and what is raised: what was sent, what came."""
    for failing in FAILURES:
        waits = failing.waits.expected(failing.retries(desk.verb, 1), 0.0) if failing.waits else []
        next_steps = [*(f"sent again in {wait:.1f} s" for wait in waits), *([] if waits else [""])]
        retried = bool(waits)
        with heard() as records:
            client = desk.open(failing.reply, desk.good, max_retries=1)
            client.call()
            client.close()
        if records is None:
            return
        levels = ["INFO", "DEBUG"] if retried else ["DEBUG"]
        case = f"logged of {failing.name}"
        yield from desk.broken(case, levels, [record.levelname for record in records])
        status = failing.reply.status
        came = f"HTTP {status}" if status else failing.raised
        words = [[came, next_steps[0]], [f"HTTP {desk.good.status}"]]
        for number, (record, expected) in enumerate(zip(records, words, strict=False), start=1):
            text = record.getMessage()
            wanted = [desk.verb, desk.operation.path.partition("{")[0], *expected]
            lacking = [word for word in (*wanted, f"attempt {number}") if word not in text]
            if lacking:
                yield violation(desk.operation, case, lacking, text)


def hostile_words(desk: Desk) -> Iterator[Violation]:
    """The words of a server are cut and escaped in records and errors, and never tell the key."""
    for failing in FAILURES:
        step = _hostile(failing)
        if step is None:
            continue
        case = f"words of {failing.name}"
        with heard() as records:
            client = desk.open(step, max_retries=1)
            errors = [client.call(), client.call()]  # the second may repeat words of the first
            client.close()
        shown = [record.getMessage() for record in records or ()]
        for text in (*shown, *map(str, errors), *map(repr, errors)):
            yield from _as_shown(desk, case, text)
        if any(KEY.encode() in pickle.dumps(error) for error in errors):
            yield violation(desk.operation, case, "no key in a pickled error", errors)
        told = [getattr(error, "message", str(error)) for error in errors]
        for text in (*shown, *told[:1]):
            if _SHOWN not in text:
                yield violation(desk.operation, case, _SHOWN, text)


def _as_shown(desk: Desk, case: str, text: str) -> Iterator[Violation]:
    """A text is one line of what can be printed, without the key and not too long."""
    faults = {
        "without the key": KEY in text,
        "printable, on one line": not text.isprintable(),
        f"less than {_MOST} characters of a message": text.count(_FILLER) >= _MOST,
    }
    for expected, is_broken in faults.items():
        if is_broken:
            yield violation(desk.operation, case, expected, ascii(text))


def _hostile(failing: Failing) -> Reply | Callable[[httpx.Request], httpx.Response] | None:
    """The failure in hostile words; None where it comes without any."""
    said, reply = _SAID + _FILLER * 5 * _MOST, failing.reply
    error = reply.error
    if error is not None:

        def fail(request: httpx.Request) -> httpx.Response:
            raise error(said, request=request)

        return fail
    if reply.content[:1].isalpha():
        return reply._replace(content=said.encode())
    try:
        body: Any = json.loads(reply.content)
    except ValueError:
        return None
    if not isinstance(body, dict) or not body.get("code"):
        return None
    content = json.dumps({**body, "message": said, "requestId": _SAID}).encode()
    return reply._replace(content=content)
