"""What an answer means: one pure function from (status, headers, body) to data or a typed error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from keyapi._errors import KeyAPIError, RateLimited
from keyapi._sending.retries import MISSHAPEN, UNREADABLE, rule

# Quota exhaustion is reported under HTTP 402, 403 and 500, as a body code, or in words alone.
_QUOTA = re.compile(r"(?<![a-z])quotas?(?![a-z])|usage[ _]limit[ _]exceeded", re.IGNORECASE)
# How much of an answer without a message is read for such words, in bytes.
_WORDS = 500
_UNREAD = object()  # stands for a body that is no JSON


class Success:
    """A successful answer, `{code: 0, message, data, requestId}`.

    Attributes:
        body: The whole answer, decoded.
        request_id: Its `requestId`, or None.
    """

    __slots__ = ("body", "request_id")

    def __init__(self, body: dict[str, Any], request_id: str | None) -> None:
        self.body = body
        self.request_id = request_id

    def find(self, path: tuple[str, ...]) -> Any:
        """Give what stands at a path from the top of the answer, or None."""
        value: Any = self.body
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value


class Failure(NamedTuple):
    """An answer that is no success.

    Attributes:
        signal: What decides about sending the request again; see `keyapi._sending.retries`.
        error: What it is raised as.
    """

    signal: int | str
    error: KeyAPIError


def parse_response(status: int, headers: Mapping[str, str], content: bytes) -> Success | Failure:
    """Tell what an answer means.

    Args:
        status: HTTP status.
        headers: Headers, found whatever the case of their names.
        content: Body as received.

    Returns:
        The envelope of a success, which is HTTP 2xx and `code` 0; or the refusal that anything
        else is. A `code` is judged as an HTTP status is, since errors also arrive under HTTP 200.
    """
    try:
        body = _DECODER.decode(content.decode().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return _refusal(status, headers, content, _UNREAD)
    if isinstance(body, dict) and 200 <= status < 300:
        code = body.get("code")
        if code == 0 and type(code) is int:
            return Success(body, _text(body.get("requestId")))
    return _refusal(status, headers, content, body)


def _refusal(status: int, headers: Mapping[str, str], content: bytes, body: Any) -> Failure:
    envelope = body if isinstance(body, dict) else {}
    given, message = envelope.get("code"), _text(envelope.get("message"))
    code = given if isinstance(given, int) and not isinstance(given, bool) else None
    failed, first = not 200 <= status < 300, content.lstrip()[:1]
    # Rows of a success that was cut short may speak of quotas, and so may any HTML.
    silent = first == b"<" or (not failed and first in (b"{", b"["))
    words = message or ("" if silent else _beginning(content))
    signal: int | str
    if failed:
        signal = 402 if code == 402 and status != 429 else status
        problem = message or (words if body is _UNREAD else None) or _reason(status)
    elif body is _UNREAD:
        what = "empty" if not first else "HTML" if first == b"<" else "no complete JSON"
        signal, problem = UNREADABLE, f"The answer is {what}"
    elif not isinstance(body, dict):
        signal, problem = MISSHAPEN, f"The answer is a JSON {_json_type(body)}, not an envelope"
    elif code is None:
        signal, problem = MISSHAPEN, f"The envelope's code is {given!r}, not an integer"
    else:
        signal, problem = code, message or _reason(status)
    if signal != 429 and _QUOTA.search(words):
        signal, problem = 402, words
    error = rule(signal).raised(
        problem, status=status, code=code, request_id=_text(envelope.get("requestId"))
    )
    if isinstance(error, RateLimited):
        error.retry_after = retry_after(headers)
    return Failure(signal, error)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """How long an answer's `Retry-After` asks to wait (RFC 9110, 10.2.3).

    Args:
        headers: Headers of the answer.

    Returns:
        Seconds; None where there is none that can be read. A date counts from the answer's own
        `Date`, so that neither clock needs to be right.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    from email.utils import parsedate_to_datetime

    try:
        until, now = parsedate_to_datetime(text), parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None


def _beginning(content: bytes) -> str:
    """The words an answer begins with; none is cut, lest the half of a key be shown."""
    words = content[:_WORDS].decode("utf-8", "replace").strip()
    return words if len(content) <= _WORDS else words.rpartition(" ")[0]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _reason(status: int) -> str:
    return f"The server answered HTTP {status} without a message"


def _json_type(value: object) -> str:
    names = {list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


# Python's own decoder takes NaN and Infinity, which are no JSON.
_DECODER = json.JSONDecoder(parse_constant=_no_constant)
