"""Plant faults in answers and in the specification, and print which of them the contract notices.

    python scripts/mutants.py [--operator NAME ...] [--processes N]

Exit code 1: a fault went unnoticed, and no machine's proof shows that it makes no difference; each
is named.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"


def main() -> int:
    """Run what stands among the tests, with its command line."""
    sys.path.insert(0, str(TESTS))
    status: int = import_module("conformance.mutants").main()
    return status


if __name__ == "__main__":
    sys.exit(main())
