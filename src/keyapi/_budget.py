"""What limits the credits that are spent, where a number does not do."""

from __future__ import annotations

from typing import Protocol


class Budget(Protocol):
    """A budget of credits that `max_credits` may name instead of a number.

    Each request asks it before it is sent, retries included. It may be shared: by clients, by
    processes, by hosts. Threads call it at the same time; an event loop waits for it, so it should
    answer at once. One that has to ask somebody may have `async def ready(cost)`, too, which async
    clients await before each `reserve`, so that only this request waits.
    """

    @property
    def allowed(self) -> int:
        """What may be spent in all, in credits."""
        ...

    @property
    def spent(self) -> int:
        """What has been reserved and not refunded, in credits."""
        ...

    def reserve(self, cost: int) -> bool:
        """Reserve the cost of a request that is about to be sent.

        Args:
            cost: In credits.

        Returns:
            Whether it is reserved; the request is not sent otherwise.
        """
        ...

    def refund(self, cost: int) -> None:
        """Take back the cost of a request that never left, in credits."""
        ...
