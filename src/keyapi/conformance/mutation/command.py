"""The command line of the mutants, for a script that hands in what is planted."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence

from keyapi.conformance.mutation.runner import Mutation, score
from keyapi.conformance.mutation.table import empty_columns, show


def main(make: Callable[[], Mutation], arguments: Sequence[str] | None = None) -> int:
    """Parse a command line, plant, and print the score.

    Args:
        make: Makes what is planted; see `score`.
        arguments: The command line; the process's own if left out.

    Returns:
        0, or 1 if a mutant survived, something is wrong without a fault, or a column of the score
        stayed empty although every operator was planted.
    """
    parser = argparse.ArgumentParser(
        description="Plant faults one at a time, and print which of them the contract notices.",
        epilog="Exit code 1: a fault went unnoticed, and no proof shows that it makes no "
        "difference; each is named.",
    )
    parser.add_argument(
        "--operator",
        action="append",
        default=[],
        choices=make().operators,
        metavar="NAME",
        help="plant only this; can be repeated",
    )
    parser.add_argument(
        "--processes", type=int, default=2, metavar="N", help="how many work (default: 2)"
    )
    options = parser.parse_args(arguments)
    before = logging.root.manager.disable
    logging.disable()  # of what clients log about planted faults
    try:
        result = score(make, options.operator, processes=options.processes)
    finally:
        logging.disable(before)
    show(result)
    return 0 if result.good and not empty_columns(result) else 1
