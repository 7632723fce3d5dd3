"""What an answer means: one pure function from (status, body) to data or a typed error."""

from __future__ import annotations

import json
import re
from typing import Any

from keyapi._errors import (
    AuthenticationError,
    BadRequest,
    InsufficientCredits,
    InvalidResponse,
    KeyAPIError,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServerError,
)

# Quota exhaustion is reported under HTTP 402, 403 and 500, as a body code, or in words alone.
_QUOTA = re.compile(r"\bquota\b|usage limit exceeded", re.IGNORECASE)

_BY_STATUS: dict[int, type[KeyAPIError]] = {
    400: BadRequest,
    401: AuthenticationError,
    402: InsufficientCredits,
    403: PermissionDenied,
    404: NotFound,
    429: RateLimited,
}


class Envelope:
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


def open_envelope(status: int, content: bytes) -> Envelope:
    """Judge an answer by its HTTP status and its body.

    Args:
        status: HTTP status.
        content: Body as received.

    Returns:
        The envelope of a success: HTTP 2xx and `code` 0.

    Raises:
        KeyAPIError: Of the class that says what the answer means; see the subclasses. The body's
            `code` is judged as an HTTP status is, since errors also arrive under HTTP 200.
    """
    failed = not 200 <= status < 300
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        if failed:
            raise _error_class(status, "")(_reason(status), status=status) from None
        raise InvalidResponse(_not_json(content), status=status) from None
    if not isinstance(body, dict):
        kind = ServerError if status >= 500 else _BY_STATUS.get(status, InvalidResponse)
        raise kind(f"The answer is a JSON {_json_type(body)}, not an envelope", status=status)
    code, message, request_id = body.get("code"), body.get("message"), body.get("requestId")
    message = message if isinstance(message, str) and message else _reason(status)
    request_id = request_id if isinstance(request_id, str) else None
    if not isinstance(code, int) or isinstance(code, bool):
        if not failed:
            problem = f"The envelope's code is {code!r}, not an integer"
            raise InvalidResponse(problem, status=status, request_id=request_id)
        code = None
    if failed or code:
        signal = status if failed or code is None else code
        out_of_credits = code == 402 and status != 429
        kind = InsufficientCredits if out_of_credits else _error_class(signal, message)
        raise kind(message, status=status, code=code, request_id=request_id)
    return Envelope(body, request_id)


def _error_class(signal: int, message: str) -> type[KeyAPIError]:
    if signal != 429 and _QUOTA.search(message):
        return InsufficientCredits
    return _BY_STATUS.get(signal) or (ServerError if 500 <= signal < 600 else KeyAPIError)


def _reason(status: int) -> str:
    return f"The server answered HTTP {status} without a message"


def _not_json(content: bytes) -> str:
    if not content.strip():
        return "The answer is empty"
    if content.lstrip()[:1] == b"<":
        return "The answer is HTML, not JSON"
    return "The answer is no complete JSON"


def _json_type(value: object) -> str:
    names = {list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")
