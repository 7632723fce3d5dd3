"""Vendor documentation pages: copy, merge, and record where each part is from.

    python scripts/vendor.py PAGE ...     add or update these pages, each given
                                          as the path or URL of an .md file
    python scripts/vendor.py --index URL  add or update the pages that an
                                          llms.txt links to; --match narrows it
    python scripts/vendor.py              merge what is in openapi/pages again

Writes openapi/pages, openapi/tiktok.openapi.yaml and openapi/vendor.lock
atomically; run scripts/regenerate.py afterwards. Exit code 2: a page cannot be
used, and nothing was written.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.cli import add_index_options, parser, run
from pipeline.commands.vendor import vendor
from pipeline.vendor.collect import Selection


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and vendor."""
    options = parser(__doc__)
    options.add_argument("pages", nargs="*", metavar="PAGE", help="path or URL of an .md file")
    add_index_options(options)
    options.add_argument(
        "--prune", action="store_true", help="drop vendored pages that the index no longer lists"
    )
    options.add_argument(
        "--dry-run", action="store_true", help="write nothing; report what would change"
    )
    options.add_argument(
        "--overlay-later",
        action="store_true",
        help="write pages that the overlay does not fit yet, too",
    )
    arguments = options.parse_args(argv)
    if arguments.index is None and (arguments.match or arguments.prune):
        options.error("--match and --prune need --index")
    selection = Selection(
        files=tuple(Path(page) for page in arguments.pages if "://" not in page),
        urls=tuple(page for page in arguments.pages if "://" in page),
        index=arguments.index,
        match=tuple(arguments.match),
        prune=arguments.prune,
    )
    return run(
        lambda: vendor(
            arguments.root,
            selection,
            dry_run=arguments.dry_run,
            overlay_later=arguments.overlay_later,
        ),
        arguments.root,
    )


if __name__ == "__main__":
    sys.exit(main())
