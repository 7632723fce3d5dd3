"""Plant faults one at a time, and print which of them the contract suite notices.

    python scripts/mutants.py [--all | --seed N] [--place NAME ...] [--operator NAME ...]
                              [--processes N]

Faults are planted in answers, in the specification, and wherever else `tests/support/mutation.py`
says. The default is a sample; `--all` plants everything, and so do `--place` and `--operator`.

Exit code 1: too many faults of a place went unnoticed, something is wrong without a fault, or a
column of a full run's score stayed empty; each is named.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"


def main() -> int:
    """Run the mutants on the specifications that stand among the tests."""
    sys.path.insert(0, str(TESTS))
    from keyapi.conformance.mutation.command import main

    return main(import_module("support.mutation").mutation)


if __name__ == "__main__":
    sys.exit(main())
