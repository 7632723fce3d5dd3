"""Plant faults in answers and in the specification, and print which of them the contract notices.

    python scripts/mutants.py [--operator NAME ...] [--processes N]

Exit code 1: a fault went unnoticed and no proof shows that it makes no difference, something is
wrong without a fault, or a column of a full run's score stayed empty; each is named.
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
