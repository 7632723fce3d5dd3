"""What it means that no response arrived: pure functions of the error that httpx raised."""

from __future__ import annotations

import ssl

import httpx

from keyapi._errors import causes
from keyapi._sending.exchange import Sent
from keyapi._sending.retries import MISSHAPEN, UNREADABLE, UNTRUSTED
from keyapi._sending.size import TooLarge

# No byte of a request has left when one of these is raised.
_NO_CONNECTION = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_HEADERS_TOO_LARGE = 431


def never_left(request: httpx.Request | Sent, error: httpx.RequestError) -> bool:
    """Whether no byte of a request was sent, so that it costs nothing."""
    return isinstance(error, _NO_CONNECTION) and _is_first(request, error)


def reason(error: httpx.RequestError, otherwise: int | str) -> tuple[int | str, str]:
    """Say why no response could be read.

    Args:
        error: What httpx raised.
        otherwise: What kind of failure it is where nothing more is known.

    Returns:
        The kind of failure, as in `keyapi._sending.retries`, and a message.
    """
    if (problem := _distrust(error)) is not None:
        return UNTRUSTED, f"The server's certificate is not trusted: {problem}"
    if isinstance(error, TooLarge):
        return MISSHAPEN, str(error)
    if _has_large_headers(error):
        return MISSHAPEN, "The response has headers that are too large"
    if isinstance(error, httpx.DecodingError):
        return UNREADABLE, f"The response cannot be decompressed: {error}"
    if isinstance(error, httpx.TooManyRedirects):
        return MISSHAPEN, f"Too many redirects: {error}"
    if isinstance(error, (httpx.LocalProtocolError, httpx.UnsupportedProtocol)):
        return 400, f"The request cannot be sent: {error}"
    return otherwise, f"No response arrived: {str(error) or type(error).__name__}"


def _is_first(request: httpx.Request | Sent, error: httpx.RequestError) -> bool:
    """Whether an error is that of the request itself, not of where it was redirected to."""
    if isinstance(request, Sent):
        return True  # it is not redirected
    try:
        return error.request is request
    except RuntimeError:  # a transport of the user's own left it out
        return True


def _distrust(error: BaseException | None) -> str | None:
    """Why a certificate is not trusted; None where that is not what went wrong."""
    for each in causes(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return getattr(each, "verify_message", "") or str(each)
    return None


def _has_large_headers(error: BaseException | None) -> bool:
    """Whether h11 gave up on headers, which it says by the status that a server would send."""
    hints = (getattr(each, "error_status_hint", None) for each in causes(error))
    return _HEADERS_TOO_LARGE in hints
