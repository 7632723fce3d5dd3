"""Who may use a transport that the user made: its connections belong to one process and loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import httpx

from keyapi._errors import ConfigurationError
from keyapi._isolation import renew_in_children, running_loop

if TYPE_CHECKING:
    import asyncio


class Owner:
    """Keeps other processes and event loops from the connections of a transport that the user made.

    Args:
        transports: The user's transports.
    """

    def __init__(self, transports: Iterable[Any]) -> None:
        connected = (httpx.HTTPTransport, httpx.AsyncHTTPTransport)
        self._connected = any(isinstance(each, connected) for each in transports)
        self._is_child = False
        self._loop: asyncio.AbstractEventLoop | None = None
        renew_in_children(self)

    def renew(self) -> None:
        """Be in a forked child from now on."""
        self._is_child = True

    def check(self) -> None:
        """Refuse a request before an attempt is counted.

        Raises:
            ConfigurationError: It would be sent on a connection of the parent.
        """
        if self._is_child and self._connected:
            raise ConfigurationError(
                "Not sent: the transport was made before this process was forked, and its "
                "connections are the parent's. Make transport and client in each process, or leave "
                "transport=... out: the client then makes its own in each process"
            )

    def check_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """As `check`, for a request in an event loop.

        Raises:
            ConfigurationError: It would be sent on a connection of another process or loop.
        """
        self.check()
        if self._connected and self._loop not in (None, loop):
            raise ConfigurationError(
                "Not sent: the transport has served another event loop, and its connections are "
                "that loop's. Make transport and client in each loop, or leave transport=... out: "
                "the client's own serves every loop"
            )
        self._loop = loop

    @property
    def is_foreign(self) -> bool:
        """Whether the running loop is not the one that the transport has served."""
        return self._loop not in (None, running_loop())
