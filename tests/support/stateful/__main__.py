"""Run the machines on examples of their own for a time: `python -m support.stateful [SECONDS]`."""

from __future__ import annotations

import sys
import time

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from support.stateful.machine import SETTINGS, AsyncMachine, SyncMachine

_AT_ONCE = 100
"""Examples between two looks at the clock."""


def main() -> None:
    """Run both machines by turns until the time is up; the first failure ends it."""
    end = time.monotonic() + (float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
    at_random = settings(SETTINGS, max_examples=_AT_ONCE, derandomize=False)
    examples = 0
    while time.monotonic() < end:
        for machine in (SyncMachine, AsyncMachine):
            run_state_machine_as_test(machine, settings=at_random)
            examples += _AT_ONCE
    print(f"{examples} sequences of calls came to what the model says")


if __name__ == "__main__":
    main()
