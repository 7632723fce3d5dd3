"""The seed of a run, apart from what uses it: Schemathesis takes seconds to import."""

from __future__ import annotations

import os

SEED = "CONTRACT_SEED"
"""Environment variable with the seed of a run, which worker processes inherit."""


def run_seed() -> int | None:
    """The seed of this run; None where it is the fixed one."""
    seed = os.environ.get(SEED)
    return None if seed is None else int(seed)
