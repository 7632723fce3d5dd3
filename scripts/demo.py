"""The main job, offline: from the published page to a table of products.

    python scripts/demo.py

Generates the client from openapi/pages in a temporary folder, shows that it is
identical to the committed one, then lists the documented products through it.
The HTTP layer answers with the page's own example. Exit code 1: the client
differs from the committed one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pipeline.cli import parser, run
from pipeline.commands.demo import demo


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and show the demo."""
    root = parser(__doc__).parse_args(argv).root
    return run(lambda: demo(root), root)


if __name__ == "__main__":
    sys.exit(main())
