"""Write down where the pages and the specification differ, word by word.

    python scripts/page_words.py            write openapi/not-understood.yaml
    python scripts/page_words.py --check    compare it; exit code 1 if it differs

A second reader goes through every page's prose, without the rules that make the
specification: each number, name and label must be in the specification, or in
that file. What it lists is either a fact that no schema has, such as a unit, or
a mistake of the page, of a correction or of a rule. Read what is new there
before you commit it. New pages are added by scripts/regenerate.py, and new and
changed ones by scripts/update.py.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.page_words.listing import (
    COMMAND,
    LISTING,
    differences,
    listed,
    read_listing,
    written,
)
from pipeline.cli import ROOT, parser, run
from pipeline.project import Project
from pipeline.transaction import replace


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line; write the list, or compare it."""
    options = parser(__doc__)
    options.add_argument("--check", action="store_true", help="compare, and write nothing")
    arguments = options.parse_args(argv)
    return run(lambda: _list(arguments.root, check=arguments.check), arguments.root)


def _list(root: Path, *, check: bool) -> int:
    project = Project(root)
    current = listed(project, project.effective(project.vendored()).spec)
    committed = read_listing(project) or {"pages": {}}
    different = list(differences(committed, current))
    for where, line in different:
        print(f"{where}: {line}")
    if check and different:
        there = "" if root == ROOT else f" --root {root}"
        print(f"{LISTING} differs; run {COMMAND}{there}", file=sys.stderr)
        return 1
    if not check:
        replace(root, {LISTING: written(current)})
    print(f"{LISTING} {'is up to date' if not different else 'written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
