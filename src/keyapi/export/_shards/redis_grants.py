"""Leases of shards and credits by a Redis server, for workers on several machines."""

from __future__ import annotations

from functools import partial
from typing import Any

from keyapi._errors import ConfigurationError
from keyapi._redis.server import PATIENCE, RedisServer, damaged
from keyapi.export._errors import ExportError
from keyapi.export._shards.lease import SECONDS

EXPIRES = 30 * 86400.0
"""For how many seconds after its last use the server remembers a run."""

# One hash for each run: `allowed` (empty for no limit) and `spent` in credits, and for each shard
# that somebody has a field `s:SHARD` with the end of the lease, by the server's clock, and the
# owner. Each call checks the owner in the same step in which it has its effect.
_GRANT = """
local call, shard, owner = ARGV[1], 's:' .. ARGV[2], ARGV[3]
local number, valid, expires = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local allowed, spent, holder, last = ARGV[7], 0, nil, 0
if kind == 'none' then
  if call ~= 'open' then return {'lost'} end
  spent = tonumber(owner)
else
  local found = redis.call('HMGET', KEYS[1], 'allowed', 'spent', shard)
  spent = whole('spent', found[2])
  if call ~= 'open' then allowed = found[1] end
  if allowed ~= '' then whole('allowed', allowed) end
  if found[3] then
    last, holder = string.match(found[3], '^(%d+) (.*)$')
    last = whole(shard, last)
  end
  if damage then return {'damaged', 'its field ' .. damage .. ' makes no sense'} end
end

local answer = 'ok'
if call == 'open' then
  spent = math.max(spent, number)
elseif call == 'acquire' then
  if holder and holder ~= owner and now < last then return {'taken'} end
elseif call ~= 'spent' and holder ~= owner then
  return {'taken'}
elseif call == 'reserve' then
  local granted = number
  if allowed ~= '' then granted = math.max(math.min(number, tonumber(allowed) - spent), 0) end
  spent, answer = spent + granted, plain(granted)
elseif call == 'release' then
  spent = math.max(spent - number, 0)
  redis.call('HDEL', KEYS[1], shard)
end

redis.call('HSET', KEYS[1], 'allowed', allowed, 'spent', plain(spent))
if call == 'acquire' or call == 'renew' then
  redis.call('HSET', KEYS[1], shard, plain(now + valid) .. ' ' .. owner)
end
redis.call('PEXPIRE', KEYS[1], expires)
return {'ok', call == 'spent' and plain(spent) or answer}
"""


class RedisGrants:
    """`Grants` that workers on several machines share through Redis (extra `redis`).

    Args:
        url: URL of the Redis server, such as `redis://host:6379/0`.
        name: Name of the run; the key in Redis is `keyapi:export:` and the name.
        seconds: How long a lease is valid after each heartbeat.
        patience: For how many seconds Redis is tried again where it does not answer.

    Raises:
        ModuleNotFoundError: The extra `redis` is not installed.
        ConfigurationError: An argument cannot be used.
    """

    def __init__(
        self, url: str, name: str, seconds: float = SECONDS, patience: float = PATIENCE
    ) -> None:
        self._again = partial(type(self), url, name, seconds, patience)
        self._part = f"the export {name!r}"
        self._server = RedisServer(url, patience, self._part)
        self._key = f"keyapi:export:{name}"
        self._seconds = seconds

    def __reduce__(self) -> tuple[Any, ...]:
        return self._again, ()

    def open(self, allowed: int | None, spent: int, lost: int | None = None) -> None:
        """Begin or resume the run; see `Grants`.

        Args:
            allowed: What the run may spend in all, in credits; None for no limit.
            spent: What it spent before, in credits, at least.
            lost: The same at most, which counts where Redis knows nothing of the run.
        """
        most = spent if lost is None else lost
        self._call("open", "", str(most), spent, "" if allowed is None else str(allowed))

    def spent(self) -> int:
        """What was granted and not given back; see `Grants`."""
        return int(self._call("spent") or 0)

    def acquire(self, shard: str, owner: str) -> float | None:
        """Take a shard that nobody has; see `Grants`."""
        return None if self._call("acquire", shard, owner) is None else self._seconds

    def renew(self, shard: str, owner: str) -> float | None:
        """Keep a shard; see `Grants`."""
        return None if self._call("renew", shard, owner) is None else self._seconds

    def reserve(self, shard: str, owner: str, want: int) -> int | None:
        """Take credits; see `Grants`."""
        granted = self._call("reserve", shard, owner, want)
        return None if granted is None else int(granted)

    def release(self, shard: str, owner: str, unspent: int) -> None:
        """Give a shard back; see `Grants`."""
        self._call("release", shard, owner, unspent)

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def _call(
        self, call: str, shard: str = "", owner: str = "", number: int = 0, allowed: str = ""
    ) -> str | None:
        """Run the script.

        Returns:
            What it says; None where another owner has the shard.

        Raises:
            ExportError: Redis does not answer, or what it holds cannot be used.
        """
        times = (round(1000 * self._seconds), round(1000 * EXPIRES))
        try:
            answer = self._server.run(
                _GRANT, self._key, call, shard, owner, number, *times, allowed
            )
            with self._server.understood():
                found, value = answer if len(answer) > 1 else (*answer, "")
                if found not in ("ok", "taken", "damaged", "lost"):
                    raise ValueError(f"the script's answer begins with {found!r}")
                if call in ("spent", "reserve") and found == "ok":
                    int(value)
        except ConfigurationError as error:
            raise ExportError(f"{error.message}. Run the same command again: it resumes") from error
        if found == "damaged":
            raise ExportError(damaged(self._part, self._key, value).message)
        if found == "lost":
            raise ExportError(
                f"Not sent: Redis knows nothing of {self._part}: it was emptied, or started again "
                "without its data. Run the same command again: it resumes"
            )
        return None if found == "taken" else str(value)
