"""Check that a tag can be released, and write what its release says.

    python scripts/release.py TAG --notes FILE

The tag, the version in pyproject.toml and the newest section of CHANGELOG.md must agree. Exit code
2: they do not; nothing was written.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.cli import parser, run
from pipeline.commands.release import release_notes


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, check, and write."""
    options = parser(__doc__)
    options.add_argument("tag", metavar="TAG", help="the tag, such as v1.2.3")
    options.add_argument("--notes", type=Path, metavar="FILE", help="where the notes go")
    arguments = options.parse_args(argv)

    def command() -> int:
        notes = release_notes(arguments.root, arguments.tag)
        if arguments.notes is not None:
            arguments.notes.write_text(notes, "utf-8")
        print(f"{arguments.tag} can be released: version and changelog agree")
        return 0

    return run(command, arguments.root)


if __name__ == "__main__":
    sys.exit(main())
