"""What the scheduling process hands to its workers on the same machine: leases, credits, pace, key.

They talk over a socket that only this user reaches, with a secret that only they have.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from multiprocessing import AuthenticationError
from multiprocessing.connection import (
    Client,
    Connection,
    Listener,
    answer_challenge,
    deliver_challenge,
)
from typing import Any

from keyapi.export._errors import ExportError
from keyapi.export._shards.lease import Grants

_GRANTS = ("spent", "acquire", "renew", "reserve", "release")


class Desk:
    """Answers the workers of this machine, in a thread for each connection.

    Args:
        grants: What grants shards and credits.
        turn: Gives how long to wait before the next request, in seconds, or 0 where it may leave;
            is told how often that was asked for this request before. None for no pace.
        token: The key.
    """

    def __init__(
        self, grants: Grants, turn: Callable[[int], float] | None, token: str | None
    ) -> None:
        self._answers: dict[str, Callable[..., Any]] = {
            **{name: getattr(grants, name) for name in _GRANTS},
            "turn": turn or (lambda asked: 0.0),
            "token": lambda: token,
        }
        self._secret = secrets.token_bytes(32)
        self._listener = Listener()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="keyapi-desk", daemon=True)
        self._thread.start()
        self.access = DeskAccess(self._listener.address, self._secret, paced=turn is not None)

    def close(self) -> None:
        """Answer nobody any more."""
        self._closed = True
        with suppress(OSError, EOFError):
            Client(self._listener.address).close()  # whereupon the thread sees that it ends
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        while not self._closed:
            # Whoever connects and says nothing, or is stopped, keeps nobody else waiting.
            connection = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection, suppress(OSError, EOFError, AuthenticationError):
            deliver_challenge(connection, self._secret)
            answer_challenge(connection, self._secret)
            while True:
                name, arguments = connection.recv()
                if self._closed:
                    return
                try:
                    answer = True, self._answers[name](*arguments)
                except Exception as error:
                    answer = False, error
                connection.send(answer)


class DeskAccess:
    """What a worker reaches a desk by; it can be pickled.

    Args:
        address: Where it is.
        secret: What both sides know.
        paced: Whether it gives a pace.
    """

    def __init__(self, address: Any, secret: bytes, *, paced: bool) -> None:
        self._address = address
        self._secret = secret
        self._paced = paced
        self._connections = threading.local()

    def __reduce__(self) -> tuple[Any, ...]:
        return _access, (self._address, self._secret, self._paced)

    def token(self) -> str | None:
        """The key."""
        token: str | None = self.ask("token")
        return token

    @asynccontextmanager
    async def reached(self) -> AsyncIterator[tuple[Grants, Any]]:
        """What grants shards and credits, and what paces requests, or None."""
        grants: Any = _DeskGrants(self)  # whose calls take no names
        yield grants, _DeskLimiter(self) if self._paced else None

    def ask(self, name: str, *arguments: Any) -> Any:
        """Ask for something.

        Raises:
            ExportError: The scheduling process is gone.
        """
        try:
            connection = getattr(self._connections, "own", None)
            if connection is None:
                connection = self._connections.own = Client(self._address, authkey=self._secret)
            connection.send((name, arguments))
            good, answer = connection.recv()
        except (OSError, EOFError) as error:
            raise ExportError(
                "The process that schedules this export is gone; run the same command again: it "
                "resumes"
            ) from error
        if not good:
            raise answer
        return answer


def _access(address: Any, secret: bytes, paced: bool) -> DeskAccess:
    return DeskAccess(address, secret, paced=paced)


class _DeskGrants:
    """`Grants` of another process."""

    def __init__(self, access: DeskAccess) -> None:
        self.spent: Callable[[], int] = partial(access.ask, "spent")
        self.acquire: Callable[[str, str], float | None] = partial(access.ask, "acquire")
        self.renew: Callable[[str, str], float | None] = partial(access.ask, "renew")
        self.reserve: Callable[[str, str, int], int | None] = partial(access.ask, "reserve")
        self.release: Callable[[str, str, int], None] = partial(access.ask, "release")
        self.open: Callable[[int | None, int], None] = lambda allowed, spent: None


class _DeskLimiter:
    """What of a limiter an async client uses; one request asks at a time."""

    def __init__(self, access: DeskAccess) -> None:
        self._access = access
        self._asked = 0
        self._wait = 0.0
        self.bucket_factory = self

    async def try_acquire(self, name: str, *, blocking: bool) -> bool:
        """Whether the next request may leave now."""
        self._wait = await asyncio.to_thread(self._access.ask, "turn", self._asked)
        self._asked = self._asked + 1 if self._wait else 0
        return not self._wait

    def wrap_item(self, name: str, weight: int) -> None:
        """Nothing: requests have no weight."""

    def get(self, item: None) -> _DeskLimiter:
        """What knows how long to wait."""
        return self

    def waiting(self, item: None) -> float:
        """How long to wait before asking again, in milliseconds."""
        return self._wait * 1000
