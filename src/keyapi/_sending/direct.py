"""The way past httpx's objects: which requests take it, and how they are written."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from types import FunctionType
from typing import Any

import httpx

from keyapi._sending.call import Call
from keyapi._sending.exchange import RawHeaders, Sent, Server, is_kept

_HTTPX = logging.getLogger("httpx")
_FOLDER = os.path.dirname(httpx.__file__)


class Direct:
    """Writes a client's requests: one of httpx's only where something needs it.

    Args:
        http: The client.
        arguments: What it was made with.

    Attributes:
        exchange: Sends what is not one of httpx's requests, and reads the response.
    """

    def __init__(
        self, http: httpx.Client | httpx.AsyncClient, arguments: Mapping[str, Any]
    ) -> None:
        transport = arguments["transport"]
        self._is_possible = getattr(transport, "is_direct", False) and not arguments.get("mounts")
        self.exchange: Any = getattr(transport, "exchange", None)
        self._http = http
        self._functions = _async if isinstance(http, httpx.AsyncClient) else _sync
        self._own: tuple[Any, ...] = ()  # those found to be httpx's
        self._server = Server(arguments["base_url"])
        self._raw: RawHeaders = []  # the client's when they were last written
        self._headers: RawHeaders = [self._server.header]  # as written

    def written(
        self, method: str, target: str, body: dict[str, Any] | None, call: Call
    ) -> httpx.Request | Sent:
        """Write the request of a call.

        Args:
            method: HTTP method.
            target: Path and query below the server's URL.
            body: What it carries as JSON, or None for no body.
            call: The call.
        """
        headers = self._http.headers
        if body is None and self._is_possible and is_kept(target) and self._is_plain(call):
            raw = headers.raw
            if raw != self._raw:
                named = "Host" in headers  # by the program
                self._raw, self._headers = raw, raw if named else [self._server.header, *raw]
            limit = call.settings.max_response_bytes
            return Sent(self._server, method, target, self._headers, call.timeouts, limit)
        url = self._server.url + target
        extensions = call.extensions
        return httpx.Request(method, url, headers=headers, json=body, extensions=extensions)

    def _is_plain(self, call: Call) -> bool:
        """Whether nothing asks for what only httpx does with a request or response.

        Those are what the program asks of it, its log, and tools that patch it.
        """
        http = self._http
        hooks = http.event_hooks
        functions = self._functions()
        if functions != self._own and all(map(_is_own, functions)):
            self._own = functions
        return (
            call.secured
            and call.settings.cache is None
            and not (hooks["request"] or hooks["response"] or http.follow_redirects)
            and http.auth is None
            and not _HTTPX.isEnabledFor(logging.INFO)
            and functions == self._own
        )


def _sync() -> tuple[Any, ...]:
    """What tools patch to see what is sent."""
    return httpx.Client.send, httpx.HTTPTransport.handle_request


def _async() -> tuple[Any, ...]:
    return httpx.AsyncClient.send, httpx.AsyncHTTPTransport.handle_async_request


def _is_own(function: Any) -> bool:
    """Whether a function of httpx is its own, and not what a tool has put in its place."""
    return type(function) is FunctionType and function.__code__.co_filename.startswith(_FOLDER)
