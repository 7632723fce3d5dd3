"""The account of one process with a budget in Redis: credits come in lots, and go back."""

from __future__ import annotations

import asyncio
import atexit
import threading
import time
from contextlib import suppress
from uuid import uuid4

from keyapi._errors import ConfigurationError, KeyAPIError
from keyapi._isolation import Lock, OfLoop, renew_in_children
from keyapi._redis.server import RedisServer, damaged

HOLDER_SECONDS = 60.0
"""After how many seconds a process that does not report counts as gone."""
BEATS = 3
"""How often it reports in that time."""

# One hash: `id` tells it from another one under the same name; `granted` and `returned` count all
# credits that ever went out and came back. A field `h:HOLDER` says the same of one process, and
# when it counts as gone. Both sides of an exchange name totals, never steps: whatever is lost, or
# comes twice, the next exchange puts right.
_EXCHANGE = """
local holder, id, fresh, closing = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local known, given_back, seen = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local need, lot, allowed = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local patience, expires = tonumber(ARGV[11]), tonumber(ARGV[12])

local granted, returned, holders, own, gone = 0, 0, 1, nil, {}
if kind == 'none' then
  if id ~= '' then return {'lost', 'it is gone'} end
  id = fresh
else
  local all, found = redis.call('HGETALL', KEYS[1]), {}
  for i = 1, #all, 2 do
    local field, text = all[i], all[i + 1]
    found[field] = text
    if string.sub(field, 1, 2) == 'h:' then
      local out, back, last = string.match(text, '^(%d+) (%d+) (%d+)$')
      out, back, last = whole(field, out), whole(field, back), whole(field, last)
      if field == 'h:' .. holder then
        own = {out, back}
      elseif last <= now then
        gone[#gone + 1] = field
      else
        holders = holders + 1
      end
    end
  end
  granted, returned = whole('granted', found.granted), whole('returned', found.returned)
  if not found.id or returned > granted then damage = damage or 'id, granted or returned' end
  if damage then return {'damaged', 'its field ' .. damage .. ' makes no sense'} end
  if id == '' then id = found.id end
  if id ~= found.id then return {'lost', 'it is another one'} end
  if granted < seen or own and own[1] < known then return {'lost', 'it is as it was before'} end
end

local out, back = known, given_back  -- one that counts as gone can give nothing back
if own then
  out, back = own[1], math.max(own[2], given_back)
  returned = returned + back - own[2]
end
local free, grant = allowed - (granted - returned), 0
if out == known and need > 0 and need <= free then
  grant = math.max(need, math.min(lot, math.floor(free / (2 * holders))))
end
out, granted = out + grant, granted + grant

for _, field in ipairs(gone) do redis.call('HDEL', KEYS[1], field) end
redis.call('HSET', KEYS[1], 'id', id, 'granted', plain(granted), 'returned', plain(returned))
if closing then
  redis.call('HDEL', KEYS[1], 'h:' .. holder)
else
  local text = plain(out) .. ' ' .. plain(back) .. ' ' .. plain(now + patience)
  redis.call('HSET', KEYS[1], 'h:' .. holder, text)
end
if expires > 0 then
  redis.call('PEXPIRE', KEYS[1], expires)
else
  redis.call('PERSIST', KEYS[1])
end
return {'ok', id, plain(granted), plain(granted - returned), plain(out)}
"""


class Account:
    """The account of a process; a forked child has one of its own. Threads share it.

    Args:
        server: Where the budget is kept.
        name: The budget's name.
        allowed: What may be spent in all, in credits.
        lot: How many credits are taken at a time.
        expires: For how long the server remembers, in seconds; None for ever.

    Attributes:
        allowed: As above.
    """

    def __init__(
        self, server: RedisServer, name: str, allowed: int, lot: int, expires: float | None
    ) -> None:
        self.allowed = allowed
        self._server = server
        self._name = name
        self._key = f"keyapi:budget:{name}"
        self._lot = lot
        self._expires = round(1000 * (expires or 0))
        self._turn = Lock()  # of those that ask the server
        self._lock = Lock()  # of the numbers; nobody waits while holding it
        self._tasks = OfLoop(asyncio.Lock)  # of an event loop that wait for the turn
        self._closed = False
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Have nothing, as in a forked child, whose parent keeps what it has."""
        self._holder = uuid4().hex
        self._id = ""  # of the budget, once the server was asked
        self._unspent = 0
        self._leased = 0  # that ever came, in credits, and went back
        self._returned = 0
        self._granted = 0  # to all processes, when the server was last asked
        self._reserved = 0  # what all processes had then
        self._used = False  # whether anything was taken since the last beat
        self._failed: tuple[float, str] | None = None
        self._leaving = False
        self._wake = threading.Event()
        self._beating: threading.Thread | None = None

    @property
    def spent(self) -> int:
        """What was spent when the server was last asked, and by this process since, in credits.

        What other processes have taken counts, spent or not.
        """
        if not self._id and not self._closed:
            with self._turn:
                self._exchange(0)
        with self._lock:
            return self._reserved - self._unspent

    def reserve(self, cost: int) -> bool:
        """Take credits of the lot, or of another one; tell whether there were enough."""
        while not self._take(cost):
            if not self._fill(cost):
                return False
        return True

    async def ready(self, cost: int) -> None:
        """Have credits in the lot, if there are any; one task at a time asks the server."""
        if cost <= self._unspent:
            return
        async with self._tasks.get():
            if cost > self._unspent and not self._closed:
                await asyncio.to_thread(self._fill, cost)

    def refund(self, cost: int) -> None:
        """Put credits back."""
        with self._lock:
            if not self._closed:
                self._unspent = min(self._unspent + cost, self._leased - self._returned)
            if self._unspent > self._lot:
                self._wake.set()

    def leave(self) -> None:
        """Close it from its own thread, if it has one."""
        self._leaving = True
        self._wake.set()

    def close(self) -> None:
        """Give back what is left; where the server does not answer at once, it counts as spent."""
        with self._turn:
            with self._lock:
                begun, self._closed = self._beating is not None and not self._closed, True
                self._give_back(self._unspent)
            if begun:
                with suppress(KeyAPIError):
                    self._exchange(0, until=0.0, closing=True)
        atexit.unregister(self.close)
        self.leave()
        self._server.close()

    def _take(self, cost: int) -> bool:
        with self._lock:
            if self._closed:
                raise ConfigurationError(f"Not sent: the budget {self._name!r} is closed")
            if cost > self._unspent:
                return False
            self._unspent -= cost
            self._used = True
            return True

    def _fill(self, cost: int) -> bool:
        """Take a lot, so that credits are there; tell whether they are."""
        asked = time.monotonic()
        with self._turn:
            if self._failed is not None and self._failed[0] > asked:
                raise ConfigurationError(self._failed[1])  # while this one waited for its turn
            while (need := cost - self._unspent) > 0:
                leased = self._leased
                try:
                    self._exchange(need)
                except ConfigurationError as error:
                    self._failed = time.monotonic(), error.message
                    raise
                if self._leased == leased:
                    return False
            return True

    def _beat(self) -> None:
        """Report; give back what nobody has needed since the last time, and what is over a lot."""
        with self._turn:
            with self._lock:
                self._give_back(max(self._unspent - self._lot * self._used, 0))
                self._used = False
            with suppress(KeyAPIError):  # whoever needs the server finds out, too
                self._exchange(0, until=0.0)

    def _give_back(self, credit: int) -> None:
        self._unspent -= credit
        self._returned += credit
        self._reserved -= credit

    def _exchange(self, need: int, until: float | None = None, closing: bool = False) -> None:
        """Tell the server what this process has, and take what it grants; holding the turn.

        Args:
            need: How many credits are needed at least; 0 to report only.
            until: See `RedisServer.run`.
            closing: Whether it is the last time.

        Raises:
            ConfigurationError: The server does not answer, or what it holds cannot be used.
        """
        with self._server.understood():
            found, *values = self._server.run(
                _EXCHANGE,
                self._key,
                self._holder,
                self._id,
                uuid4().hex,
                int(closing),
                self._leased,
                self._returned,
                self._granted,
                need,
                self._lot,
                self.allowed,
                round(1000 * HOLDER_SECONDS),
                self._expires,
                until=until,
            )
            if found not in ("ok", "damaged", "lost"):
                raise ValueError(f"the script's answer begins with {found!r}")
            first, *numbers = values
            granted, reserved, leased = map(int, numbers) if found == "ok" else (0, 0, 0)
        if found == "damaged":
            raise damaged(f"the budget {self._name!r}", self._key, first)
        if found == "lost":
            raise ConfigurationError(
                f"Not sent: Redis has lost what the budget {self._name!r} had spent ({first}): "
                "it was emptied, or started again without its data. Make a budget of another name "
                "with what is left"
            )
        with self._lock:
            self._id = first
            self._granted, self._reserved = granted, reserved
            self._unspent += leased - self._leased
            self._leased = leased
        if self._beating is None and not closing:
            self._beating = threading.Thread(target=self._beats, name="keyapi-budget", daemon=True)
            self._beating.start()
            atexit.register(self.close)

    def _beats(self) -> None:
        while True:
            self._wake.wait(HOLDER_SECONDS / BEATS)
            self._wake.clear()
            if self._leaving:
                self.close()
                return
            self._beat()
