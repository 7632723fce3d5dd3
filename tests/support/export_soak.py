"""Exports, loads and workers killed 40 times, then run, crashed and failed in any order."""

from __future__ import annotations

import sys
import time
from random import SystemRandom

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from keyapi.export._shards import placing
from support.exporting import SETTINGS, ExportMachine, scratch
from support.killing import Killer
from support.sharding import Kills

KILLS = 40
_AT_ONCE = 50
"""Examples between two looks at the clock."""


def main() -> None:
    """Kill first, then run the machine until the time is up; the first failure ends it."""
    end = time.monotonic() + (float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
    seed = SystemRandom().randrange(10**6)
    print(f"{KILLS} kills, seed {seed}", flush=True)
    with scratch() as folder:
        killer = Killer(folder / "out", KILLS, seed, loads=True)
        killer.run()
    landed = ", ".join(f"{count} in {moment!r}" for moment, count in killer.landed.items())
    print(f"{KILLS} kills landed: {landed}; {killer.again} pages were paid again", flush=True)
    placing._LEASE = 1.0
    with scratch() as folder:
        kills = Kills(folder / "out", KILLS, seed)
        kills.run()
    print(f"{KILLS} workers were killed; {kills.again} pages were paid again", flush=True)
    at_random = settings(SETTINGS, max_examples=_AT_ONCE, stateful_step_count=15, derandomize=False)
    examples = 0
    while time.monotonic() < end:
        run_state_machine_as_test(ExportMachine, settings=at_random)
        examples += _AT_ONCE
    print(f"{examples} sequences of runs, crashes and faults added up")


if __name__ == "__main__":
    main()
