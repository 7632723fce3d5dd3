"""The sandbox's side of a connection: uvicorn's, with a bound on all that a peer decides."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CONNECTIONS = 512
"""Connections at once; a further one gets 503."""
HEAD = 65_536
"""Bytes of a request's first line and headers; more get 431."""
REQUEST = 8_000_000
"""Bytes of a request with all that frames its body; more get 413."""
REQUEST_SECONDS = 30.0
"""In which a request arrives, from its first byte; one that takes longer gets 408."""
ANSWER_SECONDS = 360.0
"""From a request's last byte until its answer was taken; then the connection is cut."""


class BoundedProtocol(HttpToolsProtocol):
    """Serves one connection, within the bounds above.

    uvicorn bounds how long a connection is idle between requests, and what it reads ahead of the
    application; it waits for a request and for a reader for as long as they please, and keeps
    headers of any size.
    """

    _timer: asyncio.TimerHandle | None = None
    _received = 0  # bytes of the request that is arriving
    _head = 0  # bytes of its first line and headers
    _arriving = False
    _in_head = False

    def connection_made(self, transport: Any) -> None:
        """Serve a connection, or refuse it."""
        super().connection_made(transport)
        self._end_within(REQUEST_SECONDS)
        if len(self.connections) > CONNECTIONS:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that the connection has ended."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what arrived, if it is not too much."""
        super().data_received(data)
        if self._timer is None:  # what arrived has ended the wait for the next request
            self._end_within(REQUEST_SECONDS)
        if self._arriving and not self.transport.is_closing():
            self._received += len(data)
            if self._in_head and self._received > HEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            elif self._received > REQUEST:
                self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Take note of a request's first byte."""
        super().on_message_begin()
        self._received, self._head, self._arriving, self._in_head = 0, 0, True, True
        self._end_within(REQUEST_SECONDS)

    def on_url(self, url: bytes) -> None:
        """Take a part of a request's first line, if it is not too long."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, if it is not one too many."""
        super().on_header(name, value)
        self._count(len(name) + len(value))

    def _count(self, more: int) -> None:
        # One read may hold more headers than are allowed, and their end.
        self._head += more
        if self._head > HEAD:
            raise ValueError("too large")  # which ends the reading, and asks for an answer

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read, or is too large to be."""
        if self._head > HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        else:
            super().send_400_response(msg)

    def on_headers_complete(self) -> None:
        """Take note of the end of a request's headers."""
        super().on_headers_complete()
        self._in_head = False

    def on_message_complete(self) -> None:
        """Take note of a request's last byte."""
        super().on_message_complete()
        self._arriving = False
        self._end_within(REQUEST_SECONDS if self._is_answered() else ANSWER_SECONDS)

    def on_response_complete(self) -> None:
        """Take note of the end of an answer; uvicorn bounds the wait for the next request."""
        super().on_response_complete()
        if not self._arriving:
            self._stop()
            if not self._is_answered():  # requests that were sent ahead are waiting
                self._end_within(ANSWER_SECONDS)

    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _end_within(self, seconds: float) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, self._late)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, status: HTTPStatus) -> None:
        """End the connection, with a status where no answer is on its way."""
        if self._is_answered() and not self.transport.is_closing():
            text = f"{status.phrase}\n".encode()
            self.transport.write(
                b"HTTP/1.1 %d %s\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n"
                b"connection: close\r\n\r\n%s" % (status, status.phrase.encode(), len(text), text)
            )
            self.transport.close()
        else:
            self.transport.abort()
