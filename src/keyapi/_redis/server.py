"""Scripts on a Redis server, tried again for a while where it does not answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any

from keyapi._config import check_cooldown, waits_for_ever
from keyapi._errors import ConfigurationError
from keyapi._extras import extra
from keyapi._isolation import renew_in_children

PATIENCE = 10.0
"""How long a server that does not answer is tried again, in seconds, unless told otherwise."""
LARGEST = 10**15 - 1
"""The largest number of credits; Lua counts exactly up to nine times as many."""
MOST_FIELDS = 10_000
"""How many fields a hash may have; each process or shard has one."""
ATTEMPT = 2.5
"""Seconds that connecting and each answer may take, where a URL is given."""
_PAUSES = (0.05, 0.1, 0.2, 0.5)  # seconds between attempts; the last one repeats
# What the server answers that passes: it loads its data, a script runs, or another one takes over.
_PASSING = ("LOADING", "BUSY", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN")

CLOCK = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
"""How a script tells the time, in milliseconds: by the server's clock, never by a client's."""

CHECKS = """
local damage
local function whole(field, text)
  if text and #text <= 15 and string.match(text, '^%d+$') then return tonumber(text) end
  damage = damage or field
  return 0
end
local function plain(number) return string.format('%.0f', number) end
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then return {'damaged', 'it is a ' .. kind} end
if kind == 'hash' and redis.call('HLEN', KEYS[1]) > MOST_FIELDS then
  return {'damaged', 'it has more than MOST_FIELDS fields'}
end
""".replace("MOST_FIELDS", str(MOST_FIELDS))
"""What a script begins with that reads a hash which others may have damaged."""


class RedisServer:
    """A Redis server, with one pool of connections for each process.

    Args:
        server: Its URL, such as `redis://host:6379/0`, or a `redis.Redis` with a `socket_timeout`.
        patience: For how long it is tried again where it does not answer, in seconds.
        part: What needs it, as errors call it.

    Attributes:
        url: The URL, if it was given.
        patience: As above.

    Raises:
        ModuleNotFoundError: The extra `redis` is not installed.
        ConfigurationError: It cannot be used as given.
    """

    def __init__(self, server: Any, patience: float, part: str) -> None:
        with extra("redis", part):
            import redis
        self.patience = check_cooldown("patience", patience)
        self.url = server if isinstance(server, str) else None
        self._part = part
        if self.url is not None:
            self.renew()
            renew_in_children(self)
        elif not isinstance(server, redis.Redis) or server.connection is not None:
            kind = f"{type(server).__module__}.{type(server).__qualname__}"
            raise ConfigurationError(
                f"{part} needs the URL of a Redis server, like 'redis://localhost:6379', or a "
                f"redis.Redis with a pool of connections, got {kind}"
            )
        elif waits_for_ever(server.connection_pool):
            raise ConfigurationError(
                f"The Redis of {part} has no time limit, so that one that does not answer would "
                "hold up every request for ever; make it with Redis(..., socket_timeout=5)"
            )
        else:
            self._redis = server

    def renew(self) -> None:
        """Have connections of one's own; those of a given client see to that by themselves."""
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        try:
            self._redis = Redis.from_url(
                str(self.url),
                socket_timeout=ATTEMPT,
                socket_connect_timeout=ATTEMPT,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError:  # whose message may hold a part of the password
            raise ConfigurationError(
                f"{self._part} cannot use this URL of a Redis server; it must be like "
                "redis://user:password@host:6379/0, with whatever is special in the password "
                "escaped by urllib.parse.quote"
            ) from None

    def run(self, script: str, key: str, *arguments: Any, until: float | None = None) -> list[Any]:
        """Run a script, again and again while the server does not answer.

        It may have run several times: an answer can be lost.

        Args:
            script: The script, in Lua; it may read `now`, and what `CHECKS` defines.
            key: The one key it uses.
            *arguments: Its arguments.
            until: When to give up, by `time.monotonic`; after `patience` unless told otherwise.
                There is one attempt at least.

        Returns:
            What it returns; text, where the server's answer has bytes.

        Raises:
            ConfigurationError: The server did not answer in time, or refused, or what answers is
                no Redis.
        """
        from redis.exceptions import RedisError

        began = time.monotonic()
        end = began + self.patience if until is None else until
        run = self._redis.register_script(CLOCK + CHECKS + script)
        waits = pauses()
        while True:
            try:
                with self.understood():
                    answer = run(keys=[key], args=arguments)
                    if not isinstance(answer, list):
                        raise TypeError(f"a script's answer is {type(answer).__name__}")
                    return [part.decode() if isinstance(part, bytes) else part for part in answer]
            except (RedisError, OSError) as error:
                if not passes(error):
                    raise self._refused(error) from error
                left = end - time.monotonic()
                if left <= 0:
                    raise self._gone(error, time.monotonic() - began) from error
            time.sleep(min(next(waits), left))

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Read an answer in this; one that no Redis gives to the script is an error of its own.

        Raises:
            ConfigurationError: It was such an answer.
        """
        try:
            yield
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise ConfigurationError(
                f"Not sent: what answers for the Redis of {self._part} is not Redis: "
                f"{type(error).__name__}: {error}. Check the URL"
            ) from error

    def close(self) -> None:
        """Close the connections that were made here."""
        if self.url is not None:
            self._redis.close()

    def _refused(self, error: Exception) -> ConfigurationError:
        return ConfigurationError(
            f"Not sent: the Redis of {self._part} refused: {type(error).__name__}: {error}"
        )

    def _gone(self, error: Exception, seconds: float) -> ConfigurationError:
        return ConfigurationError(
            f"Not sent: the Redis of {self._part} did not answer for {seconds:.1f} s: "
            f"{type(error).__name__}: {str(error).rstrip('.')}. Nothing is sent without it; "
            "once it is there again, the same call goes on"
        )


def damaged(part: str, key: str, problem: str) -> ConfigurationError:
    """Explain that what is kept under a key cannot be used.

    Args:
        part: Whose it is, as errors call it.
        key: The key.
        problem: What a script says of it.
    """
    return ConfigurationError(
        f"Not sent: what Redis holds under {key!r} is not {part}, or it is damaged: {problem}. Use "
        "another name, or delete the key if what was spent may be forgotten"
    )


def pauses() -> Iterator[float]:
    """How long to wait before each further attempt, in seconds."""
    return chain(_PAUSES, repeat(_PAUSES[-1]))


def passes(error: Exception) -> bool:
    """Whether a server may answer later."""
    from redis import exceptions

    if isinstance(error, exceptions.AuthenticationError | exceptions.AuthorizationError):
        return False
    lost = (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.ReadOnlyError, OSError)
    return isinstance(error, lost) or str(error).startswith(_PASSING)
