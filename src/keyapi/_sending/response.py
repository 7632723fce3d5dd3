"""What a response means: one pure function from (status, headers, body) to data or an error."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn, TypeGuard

from keyapi._errors import KeyAPIError, RateLimited
from keyapi._json import DEEPEST, is_deeper
from keyapi._openapi import NO_CONTENT
from keyapi._sending.exchange import Received
from keyapi._sending.retries import MISSHAPEN, UNREADABLE, rule

# Quota exhaustion is reported under HTTP 402, 403 and 500, as a body code, or in words alone.
_QUOTA = re.compile(r"(?<![a-z])quotas?(?![a-z])|usage[ _]limit[ _]exceeded", re.IGNORECASE)
# How much of a response without a message is searched for such words, in bytes.
_WORDS = 500
# Under which names an envelope says why, and for which request; servers and proxies differ.
_MESSAGES = ("message", "msg", "detail")
_REQUEST_IDS = ("requestId", "request_id")
_NO_BRACKETS = bytes({*range(256)} - {*b"[]{}"})
_TOO_DEEP = f"The response is nested more than {DEEPEST} levels deep"
# An envelope has no other keys; one inside another is told by them from data of an API.
_ENVELOPE = frozenset({"code", "data", *_MESSAGES, *_REQUEST_IDS})

Decode = Callable[[bytes], Any]


class Success:
    """A successful response, `{code: 0, message, data, requestId}`.

    Attributes:
        body: The whole response, decoded.
        request_id: Its `requestId`, or None.
    """

    __slots__ = ("body", "request_id")

    def __init__(self, body: dict[str, Any], request_id: str | None) -> None:
        self.body = body
        self.request_id = request_id


class _NotJSON(NamedTuple):
    """What stands for a body that is not valid JSON.

    Attributes:
        kind: Whether it may be better when it is sent again, as in `Failure`.
        problem: What is wrong with it.
    """

    kind: str
    problem: str


class Failure(NamedTuple):
    """A response that reports an error, or cannot be read as a success.

    Attributes:
        kind: What decides whether the request is sent again; see `keyapi._sending.retries`.
        error: What it is raised as.
    """

    kind: int | str
    error: KeyAPIError


def parse_response(
    status: int,
    headers: Mapping[str, str] | Received,
    content: bytes,
    no_content: bool = False,
    decode: Decode | None = None,
) -> Success | Failure:
    """Parse a response.

    Args:
        status: HTTP status.
        headers: Headers, or what has them, looked up whatever the case of their names.
        content: Body as received.
        no_content: Whether the operation answers without content; its body is then empty.
        decode: Decodes JSON faster than `json`; where it raises ValueError, as it does for what is
            nested deeper than `DEEPEST`, `json` decides.

    Returns:
        A success where the status is 2xx and the envelope's `code` is 0; else a failure. A `code`
        is treated like an HTTP status, since errors also arrive under HTTP 200, and in an envelope
        that is the data of another one.
    """
    if no_content and not content and status in NO_CONTENT:
        return Success({}, None)
    body = _decoded(status, content, decode)
    if isinstance(body, dict) and 200 <= status < 300:
        code = body.get("code")
        if code == 0 and type(code) is int:
            inner = body.get("data")
            if not _is_refusal(inner):
                return Success(body, _first_text(body, _REQUEST_IDS))
            body = {**{name: body[name] for name in _REQUEST_IDS if name in body}, **inner}
    return _failure(status, headers, content, body)


def _decoded(status: int, content: bytes, decode: Decode | None) -> Any:
    """Decode a body; one that is not valid JSON gives `_NotJSON`.

    What was cut short on its way is worth another request; what the server means to send is not.
    """
    if decode is not None:
        try:
            return decode(content)
        except ValueError:
            pass  # `json` says what is wrong, or takes it
    first = _first(content)
    if not first:
        kind = MISSHAPEN if status in NO_CONTENT else UNREADABLE
        return _NotJSON(kind, "The response is empty")
    try:
        body = _DECODER.decode(content.decode().removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        if error.end < len(content):
            return _NotJSON(MISSHAPEN, "The response is not UTF-8")
    except _NotANumber as error:
        return _NotJSON(MISSHAPEN, f"The response is invalid JSON: {error}")
    except json.JSONDecodeError:
        if first.isalpha():  # an envelope and HTML, whole or not, begin otherwise
            return _NotJSON(MISSHAPEN, f"The response is text, not JSON: {_beginning(content)}")
    except ValueError:  # Python reads no longer integers: it would take too much time
        digits = sys.get_int_max_str_digits()
        return _NotJSON(MISSHAPEN, f"The response has an integer of more than {digits} digits")
    except RecursionError:
        return _NotJSON(MISSHAPEN, _TOO_DEEP)
    else:
        return _NotJSON(MISSHAPEN, _TOO_DEEP) if _is_deep(content, body) else body
    what = "HTML" if first == b"<" else "truncated or invalid JSON"
    return _NotJSON(UNREADABLE, f"The response is {what}")


def _first(content: bytes) -> bytes:
    """The first byte of a body that says something, behind a byte order mark and blanks."""
    return content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]


def _is_deep(content: bytes, body: Any) -> bool:
    """Whether JSON is nested deeper than `DEEPEST`.

    Most bodies are not, as their brackets alone tell, in a fortieth of the time of decoding them.
    """
    if len(content) <= DEEPEST:
        return False
    brackets = content.translate(None, _NO_BRACKETS)
    if len(brackets) > DEEPEST:
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return len(brackets) > DEEPEST and is_deeper(body, DEEPEST)


def _is_refusal(data: Any) -> TypeGuard[dict[str, Any]]:
    """Whether the data of a success is itself an envelope, and one that reports an error."""
    return (
        isinstance(data, dict)
        and data.keys() <= _ENVELOPE
        and type(data.get("code")) is int
        and data["code"] != 0
        and _first_text(data, _MESSAGES) is not None
        and not data.get("data")
    )


def _failure(
    status: int, headers: Mapping[str, str] | Received, content: bytes, body: Any
) -> Failure:
    envelope = body if isinstance(body, dict) else {}
    found, message = envelope.get("code"), _first_text(envelope, _MESSAGES)
    code = found if type(found) is int and -(2**63) <= found < 2**63 else None
    is_error, first = not 200 <= status < 300, _first(content)
    # The rows of a truncated success may mention quotas, and so may any HTML.
    no_words = first == b"<" or (not is_error and first in (b"{", b"["))
    words = message or ("" if no_words else _beginning(content))
    kind: int | str
    if is_error:
        kind = 402 if code == 402 and status != 429 else status
        problem = message or (words if isinstance(body, _NotJSON) else None) or _reason(status)
    elif isinstance(body, _NotJSON):
        kind, problem = body
    elif not isinstance(body, dict):
        shown = f": {words}" if isinstance(body, str) else ""
        problem = f"The response is a JSON {_json_type(body)}, not an envelope{shown}"
        kind = MISSHAPEN
    elif code is None:
        shown = _json_type(found) if isinstance(found, (dict, list)) else repr(found)
        shown = "a larger number" if type(found) is int else shown
        problem = f"The envelope's code is {shown}, not an integer of 64 bits"
        kind = MISSHAPEN
    else:
        kind, problem = code, message or _reason(status)
    if kind != 429 and _QUOTA.search(words):
        kind, problem = 402, words
    error = rule(kind).raised(
        problem, status=status, code=code, request_id=_first_text(envelope, _REQUEST_IDS)
    )
    if isinstance(error, RateLimited):
        error.retry_after = retry_after(headers)
    return Failure(kind, error)


def retry_after(headers: Mapping[str, str] | Received) -> float | None:
    """Tell how long a response's `Retry-After` asks to wait (RFC 9110, 10.2.3).

    Args:
        headers: Headers of the response.

    Returns:
        Seconds; None where the header is missing or unreadable. A date counts from the response's
        own `Date`, so that neither clock needs to be right.
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
    """The words a response begins with; no word is cut, so that half a key is never shown."""
    words = content[:_WORDS].decode("utf-8", "replace").strip()
    return words if len(content) <= _WORDS else words.rpartition(" ")[0]


def _first_text(envelope: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The first text that stands under one of several names."""
    for name in names:
        value = envelope.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def _reason(status: int) -> str:
    return f"The server answered HTTP {status} without a message"


def _json_type(value: object) -> str:
    names = {list: "array", dict: "object", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


class _NotANumber(ValueError):
    """NaN or an infinity, which Python's own decoder accepts."""


def _no_constant(name: str) -> NoReturn:
    raise _NotANumber(f"{name} is not valid JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
