"""Explain what changed between two effective specifications, and what that means.

    python scripts/diff.py            the last commit and the working tree
    python scripts/diff.py OLD        OLD and the working tree
    python scripts/diff.py OLD NEW

OLD and NEW are each the path of an effective specification (the openapi.json of
a generated package), the folder of a checkout, or a git revision.

Each difference has an id and a level as in oasdiff 1.31.0 (ids of this project
begin with `x-`), a JSON pointer, the values before and after, and what it means
for users of the client. Where both sides have a generated package, griffe
compares those, too. Both comparisons decide the next version (before 1.0 a
breaking change is a minor step, and everything else a patch) and a draft of the
changelog entry.

Exit code 1: a difference is at least as serious as --fail-on says. Exit code 2:
an input cannot be used.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pipeline.cli import parser, run
from pipeline.commands.diff import diff
from pipeline.difference import Level
from pipeline.difference.report import FORMATS


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and compare."""
    options = parser(__doc__)
    options.add_argument("old", nargs="?", metavar="OLD", help="default: the last commit")
    options.add_argument("new", nargs="?", metavar="NEW", help="default: the working tree")
    options.add_argument(
        "--format", choices=("text", *FORMATS), default="text", help="default: text"
    )
    options.add_argument(
        "--fail-on",
        choices=[level.name for level in reversed(Level)],
        help="exit 1 if a difference is of this level or more serious",
    )
    arguments = options.parse_args(argv)
    return run(
        lambda: diff(
            arguments.root,
            arguments.old,
            arguments.new,
            form=arguments.format,
            fail_on=arguments.fail_on,
        ),
        arguments.root,
    )


if __name__ == "__main__":
    sys.exit(main())
