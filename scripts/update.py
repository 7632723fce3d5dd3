"""Bring the client up to date with the published pages, atomically.

    python scripts/update.py --index URL --match PATTERN --summary FILE
    python scripts/update.py PAGE ...

Arguments that are not listed below are those of scripts/vendor.py. On a copy of
the project: vendors, regenerates, explains the change with scripts/diff.py,
records the documented answers, and runs the contract suite. Only when every
step has passed do openapi/, generated/ and tests/recordings/ take over what
changed, in one step. Whatever else of the checks of CI a page can break runs,
too: the tests of documents, of the published client and of the overlay, types,
both demos, the mutants. What a fact stated there by hand no longer agrees with
is named in the summary for a person to decide. The summary is Markdown, written
for who reviews the change; it is written after a failure, too. Exit code 2: a
step failed, or a correction no longer fits its page; nothing was changed. What
the second reader of the pages (scripts/page_words.py) does not find in the
specification is listed there, too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.cli import parser, run
from pipeline.commands.checks import CHECKS
from pipeline.commands.update import update


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and update."""
    options = parser(__doc__)
    options.add_argument("--summary", type=Path, metavar="FILE", help="where to write the summary")
    options.add_argument("--dry-run", action="store_true", help="change nothing; summarize")
    options.add_argument(
        "--skip",
        action="append",
        default=[],
        choices=CHECKS,
        metavar="CHECK",
        help=f"leave out a check, which CI makes later; can be repeated ({', '.join(CHECKS)})",
    )
    arguments, vendor_arguments = options.parse_known_args(argv)
    return run(
        lambda: update(
            arguments.root,
            vendor_arguments,
            arguments.summary,
            dry_run=arguments.dry_run,
            skipped=arguments.skip,
        ),
        arguments.root,
    )


if __name__ == "__main__":
    sys.exit(main())
