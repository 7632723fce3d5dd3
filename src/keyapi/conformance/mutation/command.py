"""The command line of the mutants, for a script that hands in what is planted."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence

from keyapi.conformance.mutation.runner import Mutation, score
from keyapi.conformance.mutation.sample import SEED
from keyapi.conformance.mutation.table import empty_columns, show


def main(make: Callable[[], Mutation], arguments: Sequence[str] | None = None) -> int:
    """Parse a command line, plant, and print the score.

    Args:
        make: Makes what is planted; see `score`.
        arguments: The command line; the process's own if left out.

    Returns:
        0, or 1 if too many mutants of a place survived, something is wrong without a fault, or a
        column of the score stayed empty although everything was planted.
    """
    parser = argparse.ArgumentParser(
        description="Plant faults one at a time, and print which of them the contract notices.",
        epilog="Exit code 1: faults went unnoticed, and no proof shows that they make no "
        "difference: any in answers and specification, more than 1 in 20 in sources.",
    )
    mutation = make()
    for option, names in (("--operator", mutation.operators), ("--place", mutation.places)):
        parser.add_argument(
            option,
            action="append",
            default=[],
            choices=names,
            metavar="NAME",
            help="plant only this, all of it; can be repeated",
        )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--all", action="store_true", help="plant everything, not a sample")
    size.add_argument("--seed", type=int, metavar="N", help=f"another sample (default: {SEED})")
    parser.add_argument(
        "--processes", type=int, default=2, metavar="N", help="how many work (default: 2)"
    )
    options = parser.parse_args(arguments)
    before = logging.root.manager.disable
    logging.disable()  # of what clients log about planted faults
    try:
        result = score(
            make,
            options.operator,
            places=options.place,
            seed=_seed(options),
            processes=options.processes,
        )
    finally:
        logging.disable(before)
    show(result)
    return 0 if result.good and not empty_columns(result) else 1


def _seed(options: argparse.Namespace) -> int | None:
    """The seed of the sample; None where all is planted that is asked for."""
    if options.all or options.operator or (options.place and options.seed is None):
        return None
    return SEED if options.seed is None else int(options.seed)
