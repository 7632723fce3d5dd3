"""Survey pages: how far each is understood, before it is vendored.

    python scripts/survey.py PAGE ...     these pages, each given as the path or URL
                                          of an .md file, or as a folder of them
    python scripts/survey.py --index URL  the pages that an llms.txt links to;
                                          --match narrows it
    python scripts/survey.py              the pages in openapi/pages

Each page is surveyed alone, beside those already vendored, so that a refused
one does not stop the others: whether it would be vendored and generated, how
much of its data is typed, what its parameters allow, how it pages, sorts and
filters, what it costs, and what could not be understood. --call also calls its
method on the sandbox and runs the relations of the contract suite. The last
line says whether all of them would be vendored together.

Nothing is written. Exit code 1: a page is refused, or with --call the contract
does not hold. Exit code 2: an argument cannot be used.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pipeline.cli import add_index_options, parser, run
from pipeline.commands.survey import survey
from pipeline.survey.sources import Places


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and survey."""
    options = parser(__doc__)
    options.add_argument(
        "pages", nargs="*", metavar="PAGE", help="path or URL of an .md file, or a folder"
    )
    add_index_options(options)
    options.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options.add_argument(
        "--call", action="store_true", help="call each method on the sandbox, and run the relations"
    )
    arguments = options.parse_args(argv)
    if arguments.index is None and arguments.match:
        options.error("--match needs --index")
    places = Places(tuple(arguments.pages), arguments.index, tuple(arguments.match))
    return run(
        lambda: survey(arguments.root, places, json=arguments.json, called=arguments.call),
        arguments.root,
    )


if __name__ == "__main__":
    sys.exit(main())
