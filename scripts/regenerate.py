"""Regenerate the client from the vendored specification.

    python scripts/regenerate.py          replace generated/ atomically
    python scripts/regenerate.py --check  write nothing; exit 1 with a diff when
                                          generated/ is out of date

Corrects openapi/tiktok.openapi.yaml with openapi/tiktok.overlay.yaml, shapes
it, and has openapi-python-client write the package, which must import and pass
mypy --strict before it replaces the old one. Exit code 2: the input cannot be
used, and nothing was written.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from conformance.page_words.listing import carry
from pipeline.cli import parser, run
from pipeline.commands.regenerate import regenerate


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and regenerate."""
    options = parser(__doc__)
    options.add_argument("--check", action="store_true", help="write nothing; compare")
    arguments = options.parse_args(argv)
    return run(
        lambda: regenerate(arguments.root, check=arguments.check, carry=carry), arguments.root
    )


if __name__ == "__main__":
    sys.exit(main())
