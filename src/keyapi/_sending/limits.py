"""What may refuse a request unsent: the quota breaker and the budget."""

from __future__ import annotations

from keyapi._errors import BudgetExceeded, InsufficientCredits
from keyapi._isolation import Lock
from keyapi._sending.clock import Clock


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
        self._lock = Lock()
        self._exhausted: tuple[float, str] | None = None

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

    def charge(self, cost: int, max_credits: int | None) -> None:
        """Count the cost of a request that is about to be sent.

        Args:
            cost: What it costs, in credits.
            max_credits: What may be spent in all, in credits; None for no limit.

        Raises:
            BudgetExceeded: It would cost more than is left.
        """
        with self._lock:
            problem = self.over(cost, max_credits)
            if problem is not None:
                raise BudgetExceeded(
                    f"Not sent: {problem}", asked=cost, spent=self.spent, allowed=max_credits or 0
                )
            self.spent += cost

    def refund(self, cost: int) -> None:
        """Take back the cost of a request that never left, in credits."""
        with self._lock:
            self.spent -= cost

    def over(self, cost: int, max_credits: int | None) -> str | None:
        """Say why a request would cost more than is left; None where it would not."""
        if max_credits is None or self.spent + cost <= max_credits:
            return None
        return f"it costs {cost} credits, and {self.spent} of max_credits={max_credits} are spent"
