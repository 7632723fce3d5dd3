"""Build the distribution, and verify that its sdist builds the same wheel.

    python scripts/package.py FOLDER

Leaves the sdist and the wheel in FOLDER. Exit code 1: the two wheels differ.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.cli import ROOT
from pipeline.commands.package import package


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and build."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("folder", type=Path, metavar="FOLDER", help="where the files go")
    return package(ROOT, options.parse_args(argv).folder)


if __name__ == "__main__":
    sys.exit(main())
