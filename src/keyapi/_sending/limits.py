"""What may refuse a request unsent: the quota breaker and the budget."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from keyapi._errors import BudgetExceeded, InsufficientCredits, TransportError
from keyapi._isolation import renew_in_children
from keyapi._sending.clock import Clock

if TYPE_CHECKING:
    from keyapi._budget import Budget


class Limits:
    """The quota breaker and the budget of all clients that share a key; counts in credits.

    Args:
        clock: What the breaker's cooldown is measured by.

    Attributes:
        spent: What the requests charged so far cost, in credits.
    """

    def __init__(self, clock: Clock) -> None:
        self.spent = 0
        self._clock = clock
        self._lock = threading.Lock()  # one of Python's own: it is taken for each request
        self._exhausted: tuple[float, str] | None = None
        renew_in_children(self)

    def renew(self) -> None:
        """Have a free lock, whoever held it in the parent."""
        self._lock = threading.Lock()

    def exhausted(self, message: str) -> None:
        """Take note that the server has just said that credits are used up.

        Args:
            message: The server's words.
        """
        self._exhausted = (self._clock.now(), message)

    def check_quota(self, cooldown: float) -> None:
        """Refuse a request while credits are likely to be used up still.

        Args:
            cooldown: For how long after the server said so, in seconds.

        Raises:
            InsufficientCredits: The server said so less than `cooldown` ago.
        """
        if self._exhausted is None:
            return
        since, message = self._exhausted
        left = since + cooldown - self._clock.now()
        if left > 0:
            raise InsufficientCredits(
                f"Not sent: the server said {message!r} less than {cooldown:g} s ago; requests are "
                f"sent again in {left:.0f} s"
            )

    def charge(self, cost: int, max_credits: int | Budget | None) -> None:
        """Count the cost of a request that is about to be sent.

        Args:
            cost: What it costs, in credits.
            max_credits: What may be spent in all, in credits; None for no limit.

        Raises:
            BudgetExceeded: It would cost more than is left.
        """
        with self._lock:
            if not self._reserved(cost, max_credits):
                spent, allowed = self._stand(max_credits)
                problem = _problem(cost, spent, allowed)
                raise BudgetExceeded(
                    f"Not sent: {problem}", asked=cost, spent=spent, allowed=allowed
                )
            self.spent += cost

    def _reserved(self, cost: int, max_credits: int | Budget | None) -> bool:
        if max_credits is None or isinstance(max_credits, int):
            return max_credits is None or self.spent + cost <= max_credits
        return max_credits.reserve(cost)

    def refund(self, cost: int, max_credits: int | Budget | None = None) -> None:
        """Take back the cost of a request that never left, in credits."""
        with self._lock:
            self.spent -= cost
        if not (max_credits is None or isinstance(max_credits, int)):
            max_credits.refund(cost)

    def over(self, cost: int, max_credits: int | Budget | None) -> str | None:
        """Say why a request would cost more than is left; None where it would not."""
        if max_credits is None:
            return None
        spent, allowed = self._stand(max_credits)
        return None if spent + cost <= allowed else _problem(cost, spent, allowed)

    def _stand(self, max_credits: int | Budget | None) -> tuple[int, int]:
        """What is spent of a budget, and what may be, in credits."""
        if max_credits is None or isinstance(max_credits, int):
            return self.spent, max_credits or 0
        return max_credits.spent, max_credits.allowed


def _problem(cost: int, spent: int, allowed: int) -> str:
    return f"it costs {cost} credits, and {spent} of max_credits={allowed} are spent"


def readiness(
    cost: int, max_credits: int | Budget | None, remaining: Callable[[], float]
) -> Callable[[], Awaitable[None]] | None:
    """What to wait for before a request is charged, so that no other task is held up by that.

    Args:
        cost: What the request costs, in credits.
        max_credits: The budget.
        remaining: Tells how long until the deadline, in seconds; infinite where there is none.

    Returns:
        What waits until the budget is ready, and raises TransportError where the deadline comes
        first; None where the budget need not be asked.
    """
    ask = getattr(max_credits, "ready", None)
    return None if ask is None else partial(_ready, ask, cost, remaining)


async def _ready(
    ask: Callable[[int], Awaitable[None]], cost: int, remaining: Callable[[], float]
) -> None:
    import asyncio

    left = remaining()
    try:
        async with asyncio.timeout(None if left == float("inf") else left):
            await ask(cost)
    except TimeoutError:
        raise TransportError("Not sent: the deadline passes before the budget is ready") from None
